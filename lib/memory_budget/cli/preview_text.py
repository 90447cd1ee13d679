"""How a preview is printed: the sentences above, the files and chunks of an allocation, and what two of them differ in."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Sequence

from memory_budget.base import figures
from memory_budget.cli import output
from memory_budget.cli import preview_facts as facts
from memory_budget.select.packing import Verdict
from memory_budget.start import allocate

#: A line of a table: its cells, and the names that end it.
Row = tuple[list[str], Sequence[str]]


#: Columns for the task's words that a section was sent for.
_FOR = 24

_SOURCES = {
    "detected": "detected",
    "unsure": "nothing in the task tells",
    "prompt": "set in the prompt",
    "environment": f"set by {allocate.COMPLEXITY_VARIABLE}",
    "profiles": "set in the profiles",
    "given": "given",
}


_REASONS = {
    "pinned": "always sent (`always: true`)",
    "floor": "not relevant enough for what is sent already",
    "budget": "relevant, but no room",
    "duplicate": "the same is said where `=` points",
    "no match": "nothing matches, and a tenth of the budget holds the newest",
}


def print_allocation(allocation: allocate.Allocation, limit: int | None) -> None:
    selection = allocation.selection
    width = _width()
    print(f"{allocation.identity.name}: {summary(allocation)}")
    if allocation.verdict and allocation.tier_source == "detected":
        _say("because the task " + "; ".join(allocation.verdict.reasons), width)
    if allocation.bumped_from:
        needs = selection.demand_tokens + allocation.native_tokens > allocation.budget_base
        _say(
            f"{allocation.bumped_from} tasks get {output.tokens(allocation.budget_base)}; raised, because "
            + ("this one asks for more of memory" if needs else "an earlier run of it read more"),
            width,
        )
    _say(
        f"{output.percent(facts.reduction(allocation))} less than the {output.tokens(allocation.scoped_tokens)} in scope"
        + "".join(f"; {scope} {output.tokens(tokens)}" for scope, tokens in selection.scope_tokens.items()),
        width,
    )
    if not selection.verdicts:
        _say("there is no memory for this agent", width)
        return
    _say(facts.because(allocation), width)
    _print_chunks(allocation, limit, width)
    if selection.left_out:
        print("\nnamed in the block as left out:")
        for entry in selection.left_out:
            where = _short(entry.file.path) + (f" > {entry.heading.lstrip('# ')}" if entry.heading else "")
            print(f"  {figures.printable(where)} ({output.tokens(entry.tokens)} tokens, line {entry.line})")


def _print_chunks(allocation: allocate.Allocation, limit: int | None, width: int) -> None:
    """The files, by number, and the chunks, best first: those sent, then those left out."""
    verdicts = allocation.selection.verdicts
    best = max([verdict.worth for verdict in verdicts])
    shown = _most_telling(verdicts, limit)
    files = _Files(entry.file.path for entry in allocation.selection.files)
    words = facts.sent_for(allocation)
    rows: list[Row] = []
    for verdict in shown:
        parts = facts.score_parts(verdict.leaf)
        twin = facts.same_as(allocation, verdict)
        cells = [
            "+" if facts.is_sent(verdict) else "-",
            f"{100 * verdict.worth / best:.1f}" if best else "",
            f"{parts['best chunk']:.1f}",
            f"{parts['coverage']:.0%}",
            *(f"{parts[name]:.1f}" for name in ("file", "label")),
            f"{parts['factor']:g}",
            str(verdict.chunk.tokens),
            verdict.reason,
            f"{files.number(verdict.file.path)}:{verdict.chunk.line}",
            _words(words.get(verdict.leaf.chunks[0].id, [])) if verdict.leaf is not None else "",
        ]
        same = [f"= {files.number(twin['path'])}:{twin['line']}"] if twin else None
        rows.append((cells, same or facts.headings(allocation, verdict)))
    print()
    _files_table(allocation, files, width)
    print()
    columns = ["", "score", "best", "found", "file", "label", "x", "tokens", "why", "where", "for", "heading"]
    _table(columns, rows, width, right=range(1, 8))
    if len(shown) < len(verdicts):
        print(f"and {len(verdicts) - len(shown)} more, kept or left out (--all)")
    print()
    _say(
        "score: 100 is the best. best, found: weight of the task's words in the best passage of the section, and the share of "
        "them in all of it; file, label: their weight in its file, and in what the file says it is about; x: names, dates, "
        "confidence; for: the task's words in it.",
        width,
    )
    reasons = {verdict.reason for verdict in shown}
    legend = [f"{reason}: {text}" for reason, text in _REASONS.items() if reason in reasons]
    if legend:
        _say("; ".join(legend) + ".", width)


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
    """Profile and tier; on a second line the tokens sent, allotted and asked for."""
    if isinstance(found, allocate.Nothing):
        return f"gets no memory (profile {found.profile})"
    bumped = f", bumped from {found.bumped_from}" if found.bumped_from else ""
    native = (
        f", {output.tokens(found.native_tokens)} of them loaded by the client" if found.native_tokens else ""
    )
    assigned = "" if found.identity.assignment_key else " (the agent has no assignment)"
    return (
        f"profile {found.settings.profile.name}{assigned}, tier {found.tier} "
        f"({_SOURCES.get(found.tier_source, found.tier_source)}{bumped})\n"
        f"  {output.tokens(found.tokens)} of {output.tokens(found.budget)} tokens{native}; "
        f"the task asks for {output.tokens(found.selection.demand_tokens + found.native_tokens)}"
        + (", more than it may have" if found.exceeded else "")
    )


class _Files:
    """Numbers for the files that a table names, in the order they come up."""

    def __init__(self, paths: Iterable[str]) -> None:
        self.paths = {path: number for number, path in enumerate(paths, 1)}

    def number(self, path: str) -> int:
        return self.paths.setdefault(path, len(self.paths) + 1)


def _files_table(allocation: allocate.Allocation, files: _Files, width: int) -> None:
    sent = {entry.file.path: entry for entry in allocation.selection.files}
    scopes = {verdict.file.path: verdict.file.scope for verdict in allocation.selection.verdicts}
    rows: list[Row] = []
    for path, number in files.paths.items():
        entry = sent.get(path)
        figures = [output.tokens(entry.tokens), str(len(entry.chunks))] if entry else ["-", "-"]
        rows.append(([str(number), *figures, scopes.get(path, "")], [_short(path)]))
    _table(["file", "tokens", "chunks", "scope", "path"], rows, width, right=range(3))


def _short(path: str) -> str:
    return path.removeprefix(".claude/memory/")


def _width() -> int:
    """Columns to print in: those of the terminal, or of `COLUMNS`."""
    return max(72, shutil.get_terminal_size((140, 24)).columns)


def _say(text: str, width: int) -> None:
    print(textwrap.fill(text, width, initial_indent="  ", subsequent_indent="  "))


def _table(columns: Sequence[str], rows: Sequence[Row], width: int, right: Iterable[int]) -> None:
    """Rows of one line each. The names of a row take the room that is left; where it is short, the innermost stay."""
    cells = [list(columns[:-1]), *(row[0] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    figures = set(right)
    room = max(16, width - sum(widths) - len(widths))
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
    print(f"first:  {summary(one)}\nsecond: {summary(other)}")
    print(
        f"{common} chunks in both, {len(added)} only with the second (+), {len(removed)} only with the first (-)"
    )
    changed = [("-", entry) for entry in removed] + [("+", entry) for entry in added]
    changed.sort(key=lambda pair: (pair[1]["path"], pair[1]["line"]))
    shown = changed if limit is None else changed[:limit]
    if not shown:
        return
    files = _Files(sorted({entry["path"] for _, entry in changed}))
    width = _width()
    print()
    rows: list[Row] = []
    for path, number in files.paths.items():
        cells = [str(number)]
        for sign, side in (("-", removed), ("+", added)):
            tokens = [entry["tokens"] for entry in side if entry["path"] == path]
            cells.append(f"{sign}{output.tokens(sum(tokens))}" if tokens else "")
        rows.append((cells, [_short(path)]))
    _table(["file", "first", "second", "path"], rows, width, right=range(3))
    print()
    rows = []
    for sign, entry in shown:
        where = f"{files.number(entry['path'])}:{entry['line']}"
        rows.append(([sign, str(entry["tokens"]), where], entry["heading"].split(" > ")))
    _table(["", "tokens", "where", "heading"], rows, width, right=(1,))
    if len(shown) < len(changed):
        print(f"and {len(changed) - len(shown)} more (--all)")
