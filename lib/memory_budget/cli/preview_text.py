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
    estimate = allocation.tier_estimate
    if allocation.tier_source == "detected" and estimate.reasons:
        output.wrapped(f"difficulty {estimate.tier}: {'; '.join(estimate.reasons)}", "  ")
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
        output.wrapped(_scope_sentence(allocation), "  ")
    output.wrapped(facts.because(allocation), "  ")
    if explain:
        output.wrapped(_confidence_sentence(selection.evidence), "  ")
    _print_chunks(allocation, limit, explain)
    if selection.left_out:
        print("\nnamed in the block as left out:")
        width = output.width()
        rows: list[Row] = [
            (
                [f"{entry.tokens:,}", _file_line(entry.path, entry.line, max(24, width // 3))],
                [entry.heading.lstrip("# ") or "(the file)"],
            )
            for entry in selection.left_out
        ]
        _print_table(["tokens", "file:line", "heading"], rows, width, right=(0,))


def _confidence_sentence(evidence: Evidence) -> str:
    """The confidence that memory is about the task, with the figures it rests on."""
    factor = evidence.short * evidence.routine
    doubt = (
        f"; and {factor:.2f} of that counts, for the task is short or everyday work" if factor < 0.995 else ""
    )
    return (
        f"confidence {evidence.confidence:.2f} (1 sends text, {confidence.UNSURE:g} an outline): of {evidence.wanted:.1f} that the "
        f"task's words tell, the best section holds {evidence.mass:.1f}, the best file {evidence.file:.1f}, the best sections "
        f"{evidence.others:.1f} on average (together {figures.percent(evidence.coverage)}), all of memory "
        f"{figures.percent(evidence.familiar)}; it takes "
        f"{confidence.WEIGHT:g}, {figures.percent(confidence.COVERAGE)} and {figures.percent(evidence.familiar_enough)}, "
        f"times {evidence.chance * evidence.stake:.2f} for the size of "
        f"the memory{doubt}"
    )


def _scope_sentence(allocation: allocate.Allocation) -> str:
    """Which share of memory is left out, and tokens sent by scope. A small memory is sent whole: then its tokens and the frame's."""
    share = facts.reduction(allocation)
    scopes = ", ".join(f"{scope} {tokens:,}" for scope, tokens in allocation.selection.scope_tokens.items())
    if share > 0:
        return f"{figures.percent(share)} of memory left out; sent are {scopes}"
    if any(not facts.is_sent(verdict) for verdict in allocation.selection.verdicts):
        return f"a small memory, {allocation.scoped_tokens:,} tokens in all: with the block's frame it saves none; sent are {scopes}"
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
            [f"= {_file_line(twin['path'], twin['line'], room)}"]
            if twin
            else facts.chunk_headings(allocation, verdict)
        )
        task_words = words.get(verdict.leaf.chunks[0].id, []) if verdict.leaf is not None else []
        if not explain:
            cells.append(_file_line(verdict.file.path, verdict.chunk.line, room))
            if task_words and facts.is_sent(verdict) and width >= _WIDE:
                names = [
                    *names[:-1],
                    f"{names[-1] if names else ''} (for: {_shorten_words(task_words)})".lstrip(),
                ]
        else:
            parts = facts.score_parts(verdict.leaf)
            cells += [
                f"{parts['text']:.1f}",
                figures.percent(parts["coverage"]),
                *(f"{parts[name]:.1f}" for name in ("file", "label", "heading")),
                f"{parts['factor']:.2f}",
            ]
            names = [
                _file_line(verdict.file.path, verdict.chunk.line, room),
                " ".join([*names[-1:], _shorten_words(task_words)]),
            ]
        rows.append((cells, names))
    columns = (
        ["best", "found", "file", "label", "head", "x", "where"] if explain else ["file:line", "heading"]
    )
    print()
    _print_table(
        ["sent", "relevance", "tokens", *columns], rows, width, right=range(1, 9) if explain else (1, 2)
    )
    if len(shown) < len(verdicts):
        print(f"and {len(verdicts) - len(shown)} more, sent or left out (--all)")
    print()
    _print_legend(shown, explain, width)


def _print_legend(verdicts: Iterable[Verdict], explain: bool, width: int) -> None:
    """What the columns of the table of chunks mean, and the words in its first column."""
    if explain:
        output.wrapped(
            "relevance: 100 is the best. best, found: weight of the task's words in the best passage of the section, and the "
            "share of them in all of it; file, label, head: their weight in its file, in what the file says it is about, in the "
            "heading; x: names, dates, confidence; for: the task's words in it.",
            "  ",
        )
    elif width < _WIDE:
        output.wrapped("for which words each was sent: --explain, or a terminal of 110 columns", "  ")
    reasons = {verdict.reason for verdict in verdicts}
    explained = [_VERDICTS[reason] for reason in _VERDICTS if reason in reasons]
    legend = [f"{word}: {meaning}" for word, meaning in explained if meaning]
    if legend:
        output.wrapped("; ".join(legend) + ".", "  ")


def _file_line(path: str, line: int, room: int) -> str:
    """`patterns/models.md:12`, without the outer folders that are too long for `room` columns."""
    names = _below_memory(path).split("/")
    while len(names) > 1 and len("/".join(names)) + len(str(line)) + 1 > room:
        names = names[1:]
    name = figures.printable("/".join(names))
    name_room = max(8, room - len(str(line)) - 1)
    while figures.cells(name) > name_room:
        name = name.rstrip("…")[:-1] + "…"
    return f"{name}:{line}"


def _shorten_words(words: Sequence[str]) -> str:
    """As many of the words as `_FOR` columns hold."""
    text = figures.printable(" ".join(words))
    return text if len(text) <= _FOR else text[: _FOR - 1] + "…"


def _most_telling(verdicts: Iterable[Verdict], limit: int | None) -> list[Verdict]:
    """The chunks sent, best first, then those left out; with a limit the best of both."""
    order = sorted(verdicts, key=lambda verdict: (-verdict.worth, verdict.file.path, verdict.chunk.line))
    sent = [verdict for verdict in order if facts.is_sent(verdict)]
    left_out = [verdict for verdict in order if not facts.is_sent(verdict)]
    if limit is not None:
        sent = sent[: max(limit - len(left_out), limit * 2 // 3)]
        left_out = left_out[: limit - len(sent)]
    return sent + left_out


def summary(allocation: allocate.Allocation | allocate.Nothing) -> str:
    """Difficulty and profile; on a second line the tokens sent, and those the task asks for where that makes a difference."""
    if isinstance(allocation, allocate.Nothing):
        return f"gets no memory (profile {allocation.profile})"
    bumped = f"raised from {allocation.bumped_from}" if allocation.bumped_from else ""
    source = ", ".join(
        word for word in (_SOURCES.get(allocation.tier_source, allocation.tier_source), bumped) if word
    )
    native = (
        f", {allocation.native_tokens:,} of them loaded by the client" if allocation.native_tokens else ""
    )
    asked = allocation.selection.demand_tokens + allocation.native_tokens
    more = ""
    if allocation.exceeded:
        more = f"; the task asks for {asked:,}, more than it may have"
    elif allocation.tokens == 0 and asked:
        more = f"; {asked:,} are about the task"
    assigned = "" if allocation.identity.assignment_key else " (no assignment)"
    return (
        f"difficulty {allocation.tier}{f' ({source})' if source else ''}, profile {allocation.settings.profile.name}{assigned}\n"
        f"  sends {allocation.tokens:,} tokens (budget {allocation.budget:,}){native}{more}"
    )


def _below_memory(path: str) -> str:
    return path.removeprefix(".claude/memory/")


def _print_table(columns: Sequence[str], rows: Sequence[Row], width: int, right: Iterable[int]) -> None:
    """Rows of one line each. The names of a row take the room that is left; where it is short, the innermost stay."""
    cells = [list(columns[:-1]), *(row[0] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    figures = set(right)
    room = max(8, width - sum(widths) - len(widths))
    lasts = [columns[-1], *(_innermost_names(row[1], room) for row in rows)]
    for line, last in zip(cells, lasts, strict=True):
        shown = [
            cell.rjust(size) if number in figures else cell.ljust(size)
            for number, (cell, size) in enumerate(zip(line, widths, strict=True))
        ]
        print(" ".join([*shown, last]).rstrip())


def _innermost_names(names: Sequence[str], room: int) -> str:
    """As much of `a > b > c` as there is room for, from its end."""
    text = figures.printable(" > ".join(names))
    while figures.cells(text) > room and len(names) > 1:
        names = names[1:]
        text = figures.printable("… > " + " > ".join(names))
    if figures.cells(text) <= room:
        return text
    end = text.removeprefix("… > ")
    while figures.cells(end) >= room:
        end = end[1:]
    return "…" + end


def print_comparison(
    first: allocate.Allocation | allocate.Nothing,
    second: allocate.Allocation | allocate.Nothing,
    limit: int | None,
) -> None:
    """What a second prompt or profile adds (+) and takes away (-)."""
    comparison = facts.compare(first, second)
    added, removed, common = comparison["added"], comparison["removed"], comparison["common"]
    for name, side in (("first:  ", first), ("second: ", second)):
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
        rows.append((cells, [_below_memory(path)]))
    _print_table(["first", "second", "file"], rows, width, right=range(2))
    print()
    rows = []
    for sign, entry in shown:
        where = _file_line(entry["path"], entry["line"], max(24, width // 3))
        rows.append(([sign, str(entry["tokens"]), where], entry["heading"].split(" > ")))
    _print_table(["", "tokens", "file:line", "heading"], rows, width, right=(1,))
    if len(shown) < len(changed):
        print(f"and {len(changed) - len(shown)} more (--all)")
