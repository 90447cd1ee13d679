"""How a preview is printed: the sentences above, the files and chunks of an allocation, and what two of them differ in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from memory_budget.base import figures
from memory_budget.cli import output
from memory_budget.cli import preview_facts as facts
from memory_budget.select import confidence
from memory_budget.select.confidence import Evidence
from memory_budget.select.packing import Verdict
from memory_budget.start import allocate

#: A line of a table: its cells, and the names that end it.
Row = tuple[list[str], Sequence[str]]


#: Columns of a terminal from which the words that a section was sent for stand beside its heading.
_WIDE = 110
#: Columns for the task's words that a section was sent for.
_FOR = 24

_SOURCES = {
    "detected": "",
    "unsure": "no clear sign in the task",
    "prompt": "set in the prompt",
    "environment": f"set by {allocate.COMPLEXITY_VARIABLE}",
    "profiles": "set in the profiles",
    "given": "given",
}
#: What became of a chunk: in the table, and explained below it.
_VERDICTS = {
    "kept": ("yes", ""),
    "pinned": ("always", "its front matter says `always: true`"),
    "floor": ("below the threshold", "not relevant enough for what is sent already"),
    "budget": ("no room", "relevant, but the budget is full"),
    "duplicate": ("said elsewhere", "the same is said where `=` points"),
    "no match": ("no match", "nothing in it is about the task"),
}


def print_allocation(allocation: allocate.Allocation, limit: int | None, explain: bool = False) -> None:
    """The sentences and the table; with `explain` also what the relevance is made of."""
    selection = allocation.selection
    first, *more = summary(allocation).splitlines()
    output.wrapped(f"{allocation.identity.name}: {first}")
    for line in more:
        output.wrapped(line.strip(), "  ")
    if allocation.verdict and allocation.tier_source == "detected" and allocation.verdict.reasons:
        output.wrapped(f"difficulty {allocation.verdict.tier}: {'; '.join(allocation.verdict.reasons)}", "  ")
    if allocation.bumped_from:
        needs = selection.demand_tokens + allocation.native_tokens > allocation.budget_base
        output.wrapped(
            f"{allocation.bumped_from} tasks get {allocation.budget_base:,}; raised, because "
            + ("this one asks for more of memory" if needs else "an earlier run of it read more"),
            "  ",
        )
    if not selection.verdicts:
        nothing = "there is no memory for this agent"
        output.wrapped(facts.because(allocation) if allocation.scoped_tokens else nothing, "  ")
        return
    if selection.scope_tokens:
        output.wrapped(_left_out(allocation), "  ")
    output.wrapped(facts.because(allocation), "  ")
    if explain:
        output.wrapped(_figures(selection.evidence), "  ")
    _print_chunks(allocation, limit, explain)
    if selection.left_out:
        print("\nnamed in the block as left out:")
        for entry in selection.left_out:
            where = _short(entry.file.path) + (f" > {entry.heading.lstrip('# ')}" if entry.heading else "")
            output.line(f"{where} ({entry.tokens:,} tokens, line {entry.line})", "  ")


def _figures(evidence: Evidence) -> str:
    """How sure it is that memory is about the task, in figures."""
    return (
        f"confidence {evidence.confidence:.2f} (1 sends text, {confidence.UNSURE:g} an outline): the best section holds "
        f"{evidence.mass:.1f} of {evidence.wanted:.1f} that the task's words tell ({evidence.coverage:.0%}); it takes "
        f"{confidence.MASS:g} and {confidence.COVERAGE:.0%}, times {evidence.chance:.2f} for the size of the memory"
    )


def _left_out(allocation: allocate.Allocation) -> str:
    """How much of memory that is, and from which scopes. A small memory is sent whole, with its frame."""
    share = facts.reduction(allocation)
    scopes = ", ".join(f"{scope} {tokens:,}" for scope, tokens in allocation.selection.scope_tokens.items())
    if share > 0:
        return f"{figures.percent(share)} of memory left out; sent are {scopes}"
    frame = allocation.tokens - allocation.scoped_tokens
    return f"all {allocation.scoped_tokens:,} tokens (and {frame:,} of frame): {scopes}"


def _print_chunks(allocation: allocate.Allocation, limit: int | None, explain: bool) -> None:
    """The chunks, best first: those sent, then those left out."""
    verdicts = allocation.selection.verdicts
    best = max([verdict.worth for verdict in verdicts])
    shown = _most_telling(verdicts, limit)
    words = facts.sent_for(allocation)
    width = output.width()
    room = max(24, width // 3)
    rows: list[Row] = []
    for verdict in shown:
        twin = facts.same_as(allocation, verdict)
        cells = [
            _VERDICTS.get(verdict.reason, (verdict.reason, ""))[0],
            f"{100 * verdict.worth / best:.0f}" if best else "",
            str(verdict.chunk.tokens),
        ]
        names = (
            [f"= {_place(twin['path'], twin['line'], room)}"] if twin else facts.headings(allocation, verdict)
        )
        named = words.get(verdict.leaf.chunks[0].id, []) if verdict.leaf is not None else []
        if not explain:
            cells.append(_place(verdict.file.path, verdict.chunk.line, room))
            if named and facts.is_sent(verdict) and width >= _WIDE:
                names = [*names[:-1], f"{names[-1] if names else ''} (for: {_words(named)})".lstrip()]
        else:
            parts = facts.score_parts(verdict.leaf)
            cells += [
                f"{parts['best chunk']:.1f}",
                f"{parts['coverage']:.0%}",
                *(f"{parts[name]:.1f}" for name in ("file", "label")),
                f"{parts['factor']:.2f}",
            ]
            names = [
                _place(verdict.file.path, verdict.chunk.line, room),
                " ".join([*names[-1:], _words(named)]),
            ]
        rows.append((cells, names))
    columns = ["best", "found", "file", "label", "x", "where"] if explain else ["file:line", "heading"]
    print()
    _table(["sent", "relevance", "tokens", *columns], rows, width, right=range(1, 8) if explain else (1, 2))
    if len(shown) < len(verdicts):
        print(f"and {len(verdicts) - len(shown)} more, sent or left out (--all)")
    print()
    if explain:
        output.wrapped(
            "relevance: 100 is the best. best, found: weight of the task's words in the best passage of the section, and the "
            "share of them in all of it; file, label: their weight in its file, and in what the file says it is about; x: "
            "names, dates, confidence; for: the task's words in it.",
            "  ",
        )
    elif width < _WIDE:
        output.wrapped("for which words each was sent: --explain, or a terminal of 110 columns", "  ")
    met = [_VERDICTS[reason] for reason in _VERDICTS if any(verdict.reason == reason for verdict in shown)]
    legend = [f"{word}: {meaning}" for word, meaning in met if meaning]
    if legend:
        output.wrapped("; ".join(legend) + ".", "  ")


def _place(path: str, line: int, room: int) -> str:
    """`patterns/models.md:12`, without the folders that find no room."""
    names = _short(path).split("/")
    while len(names) > 1 and len("/".join(names)) + len(str(line)) + 1 > room:
        names = names[1:]
    name = figures.printable("/".join(names))
    most = max(8, room - len(str(line)) - 1)
    while figures.cells(name) > most:
        name = name.rstrip("…")[:-1] + "…"
    return f"{name}:{line}"


def _words(words: Sequence[str]) -> str:
    """The first of some words, in little room."""
    text = figures.printable(" ".join(words))
    return text if len(text) <= _FOR else text[: _FOR - 1] + "…"


def _most_telling(verdicts: Iterable[Verdict], limit: int | None) -> list[Verdict]:
    """The chunks sent, best first, then those left out; with a limit the best of both."""
    order = sorted(verdicts, key=lambda verdict: (-verdict.worth, verdict.file.path, verdict.chunk.line))
    kept = [verdict for verdict in order if facts.is_sent(verdict)]
    rest = [verdict for verdict in order if not facts.is_sent(verdict)]
    if limit is not None:
        kept = kept[: max(limit - len(rest), limit * 2 // 3)]
        rest = rest[: limit - len(kept)]
    return kept + rest


def summary(found: allocate.Allocation | allocate.Nothing) -> str:
    """Difficulty and profile; on a second line the tokens sent, and those the task asks for where that makes a difference."""
    if isinstance(found, allocate.Nothing):
        return f"gets no memory (profile {found.profile})"
    bumped = f"raised from {found.bumped_from}" if found.bumped_from else ""
    source = ", ".join(word for word in (_SOURCES.get(found.tier_source, found.tier_source), bumped) if word)
    native = f", {found.native_tokens:,} of them loaded by the client" if found.native_tokens else ""
    asked = found.selection.demand_tokens + found.native_tokens
    more = ""
    if found.exceeded:
        more = f"; the task asks for {asked:,}, more than it may have"
    elif found.tokens == 0 and asked:
        more = f"; {asked:,} are about the task"
    assigned = "" if found.identity.assignment_key else " (no assignment)"
    return (
        f"difficulty {found.tier}{f' ({source})' if source else ''}, profile {found.settings.profile.name}{assigned}\n"
        f"  sends {found.tokens:,} tokens (budget {found.budget:,}){native}{more}"
    )


def _short(path: str) -> str:
    return path.removeprefix(".claude/memory/")


def _table(columns: Sequence[str], rows: Sequence[Row], width: int, right: Iterable[int]) -> None:
    """Rows of one line each. The names of a row take the room that is left; where it is short, the innermost stay."""
    cells = [list(columns[:-1]), *(row[0] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    figures = set(right)
    room = max(8, width - sum(widths) - len(widths))
    lasts = [columns[-1], *(_innermost(row[1], room) for row in rows)]
    for line, last in zip(cells, lasts, strict=True):
        shown = [
            cell.rjust(size) if number in figures else cell.ljust(size)
            for number, (cell, size) in enumerate(zip(line, widths, strict=True))
        ]
        print(" ".join([*shown, last]).rstrip())


def _innermost(names: Sequence[str], room: int) -> str:
    """As much of `a > b > c` as there is room for, from its end."""
    text = figures.printable(" > ".join(names))
    while figures.cells(text) > room and len(names) > 1:
        names = names[1:]
        text = figures.printable("… > " + " > ".join(names))
    if figures.cells(text) <= room:
        return text
    kept = text.removeprefix("… > ")
    while figures.cells(kept) >= room:
        kept = kept[1:]
    return "…" + kept


def print_comparison(
    one: allocate.Allocation | allocate.Nothing,
    other: allocate.Allocation | allocate.Nothing,
    limit: int | None,
) -> None:
    """What a second prompt or profile adds (+) and takes away (-)."""
    found = facts.compare(one, other)
    added, removed, common = found["added"], found["removed"], found["common"]
    for name, side in (("first:  ", one), ("second: ", other)):
        output.wrapped(summary(side).replace("\n ", ";"), name)
    output.wrapped(
        f"{common} chunks in both, {len(added)} only with the second (+), {len(removed)} only with the first (-)"
    )
    changed = [("-", entry) for entry in removed] + [("+", entry) for entry in added]
    changed.sort(key=lambda pair: (pair[1]["path"], pair[1]["line"]))
    shown = changed if limit is None else changed[:limit]
    if not shown:
        return
    width = output.width()
    paths = sorted({entry["path"] for _, entry in changed})
    print()
    rows: list[Row] = []
    for path in paths:
        cells = []
        for sign, side in (("-", removed), ("+", added)):
            tokens = [entry["tokens"] for entry in side if entry["path"] == path]
            cells.append(f"{sign}{sum(tokens):,}" if tokens else "")
        rows.append((cells, [_short(path)]))
    _table(["first", "second", "file"], rows, width, right=range(2))
    print()
    rows = []
    for sign, entry in shown:
        where = _place(entry["path"], entry["line"], max(24, width // 3))
        rows.append(([sign, str(entry["tokens"]), where], entry["heading"].split(" > ")))
    _table(["", "tokens", "file:line", "heading"], rows, width, right=(1,))
    if len(shown) < len(changed):
        print(f"and {len(changed) - len(shown)} more (--all)")
