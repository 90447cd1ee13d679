"""`memory-budget preview`: what an agent would be given for a task, and why.

Brings the index up to date first, so that it shows what the next agent gets. `--block` prints the block byte for byte;
`--budget N` is an exact cap in tokens, never bumped, and is filled with the best of what there is.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from memory_budget.base import figures, layout
from memory_budget.base.errors import BudgetError
from memory_budget.base.project import Project
from memory_budget.cli import output
from memory_budget.cli.projects import project_with_memory
from memory_budget.index import update
from memory_budget.index.records import path_of
from memory_budget.run import statusline
from memory_budget.select import complexity
from memory_budget.select.packing import Verdict
from memory_budget.select.ranking import RECIPE
from memory_budget.start import allocate

if TYPE_CHECKING:
    from memory_budget.select.ranking import Parts

#: Chunks listed without `--all`; at least a third of them are of those left out.
SHOWN = 42
#: A line of a table: its cells, and the names that end it.
Row = tuple[list[str], Sequence[str]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--agent", required=True, metavar="NAME", help="the agent's type, as a caller names it"
    )
    task = parser.add_mutually_exclusive_group()
    task.add_argument("--prompt", metavar="TEXT", help="the task")
    task.add_argument("--prompt-file", metavar="FILE", help="file that holds the task; - for standard input")
    parser.add_argument(
        "--description", default="", metavar="TEXT", help="the caller's few words for the task"
    )
    parser.add_argument(
        "--budget", type=_tokens, metavar="N", help="exact cap in tokens instead of the profile's"
    )
    parser.add_argument("--complexity", type=_tier, metavar="TIER", help="tier instead of the detected one")
    parser.add_argument("--profile", metavar="NAME", help="budget profile instead of the agent's")
    parser.add_argument("--block", action="store_true", help="print the block itself, byte for byte")
    parser.add_argument(
        "--all", action="store_true", help=f"list every candidate instead of the first {SHOWN}"
    )
    other = parser.add_argument_group("compare (--diff)")
    other.add_argument("--diff", metavar="PROMPT", help="show what another prompt would change")
    other.add_argument("--diff-profile", metavar="NAME", help="show what another profile would change")


def _tokens(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of tokens")
    return int(text)


def _tier(text: str) -> str:
    tier = complexity.parse_tier(text)
    if tier is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a tier: {', '.join(complexity.TIERS)}")
    return tier


def run(args: argparse.Namespace) -> int:
    if args.block and _compares(args):
        print("memory-budget: --block prints one block; --diff compares two", file=sys.stderr)
        return 2
    project = project_with_memory(args.project)
    scratch = _indexed(project)
    try:
        return _show(args, project)
    finally:
        if scratch:
            shutil.rmtree(scratch, ignore_errors=True)


def _indexed(project: Project) -> str:
    """Bring the index up to date; where the project cannot be written, in a scratch folder, which is returned."""
    try:
        update.update_index(project, wait=60.0, progress=output.progress("indexing"))
    except OSError:
        scratch = tempfile.mkdtemp(prefix="memory-budget-")
        project.cache = scratch
        project.index = project.at(layout.INDEX)
        update.update_index(project, wait=60.0, progress=output.progress("indexing"))
        return scratch
    return ""


def _show(args: argparse.Namespace, project: Project) -> int:
    prompt = _prompt(args)
    found = _allocate(args, project, prompt, args.profile)
    for problem in found.problems:
        print(f"memory-budget: {problem}", file=sys.stderr)
    if _compares(args):
        second = prompt if args.diff is None else args.diff
        return _diff(args, found, _allocate(args, project, second, args.diff_profile or args.profile))
    if isinstance(found, allocate.Nothing):
        if args.json:
            output.print_json({"agent": found.identity.name, **_figures(found)})
        else:
            line = f"{found.identity.name}: {_summary(found)}"
            print(line, file=sys.stderr if args.block else sys.stdout)
    elif args.block:
        sys.stdout.buffer.write(allocate.render_utf8(found))
        sys.stdout.buffer.flush()
    elif args.json:
        output.print_json(as_json(found))
    else:
        _print(found, limit=None if args.all else SHOWN)
    return 0


def _compares(args: argparse.Namespace) -> bool:
    return args.diff is not None or args.diff_profile is not None


def _allocate(
    args: argparse.Namespace, project: Project, prompt: str, profile: str | None
) -> allocate.Allocation | allocate.Nothing:
    task = allocate.Task(args.agent, prompt, args.description)
    return allocate.allocate(
        project,
        task,
        cap=args.budget,
        tier=args.complexity,
        profile=profile,
        explain=not args.block,
    )


def _prompt(args: argparse.Namespace) -> str:
    if args.prompt_file == "-":
        return sys.stdin.read()
    if args.prompt_file is not None:
        try:
            with open(args.prompt_file, encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError as error:
            raise BudgetError(f"{args.prompt_file}: {error.strerror}") from error
    return args.prompt or ""


def as_json(allocation: allocate.Allocation) -> dict[str, Any]:
    """Everything there is to say of an allocation."""
    selection = allocation.selection
    verdict = allocation.verdict
    return {
        "agent": allocation.identity.name,
        "assignment": allocation.identity.assignment_key,
        "folders": list(allocation.identity.folder_names),
        "profile": allocation.settings.profile.name,
        "enforcement": allocation.enforcement,
        "complexity": allocation.tier,
        "complexity_source": allocation.tier_source,
        "complexity_score": round(verdict.score, 4) if verdict else None,
        "complexity_reasons": verdict.reasons if verdict else [],
        "budget_base": allocation.budget_base,
        "budget": allocation.budget,
        "bumped_from": allocation.bumped_from or None,
        "tokens": allocation.tokens,
        "native_tokens": allocation.native_tokens,
        "demand_tokens": selection.demand_tokens + allocation.native_tokens,
        "scoped_tokens": allocation.scoped_tokens,
        "reduction": round(_reduction(allocation), 4),
        "exceeded": allocation.exceeded,
        "matched": selection.matched,
        "scope_tokens": dict(selection.scope_tokens),
        "files": [
            {
                "path": file.file.path,
                "scope": file.file.scope,
                "tokens": file.tokens,
                "chunks": len(file.chunks),
            }
            for file in selection.files
        ],
        "left_out": [
            {"path": entry.file.path, "heading": entry.heading, "tokens": entry.tokens}
            for entry in selection.left_out
        ],
        "chunks": [_chunk(allocation, verdict) for verdict in selection.verdicts],
        "problems": allocation.problems,
    }


def _chunk(allocation: allocate.Allocation, verdict: Verdict) -> dict[str, Any]:
    chunk, file = verdict.chunk, verdict.file
    return {
        "path": file.path,
        "line": chunk.line,
        "heading": " > ".join(_headings(allocation, verdict)),
        "scope": file.scope,
        "tokens": chunk.tokens,
        "kept": _kept(verdict),
        "reason": verdict.reason,
        "same_as": _same_as(allocation, verdict),
        "score": round(verdict.parts[0], 3),
        "worth": round(_worth(verdict), 6),
        "score_parts": _score_parts(verdict.parts),
    }


def _worth(verdict: Verdict) -> float:
    """What chunks are taken by: the score per token of the section."""
    return verdict.parts[0] / max(verdict.chunk.section_tokens, RECIPE.size_floor)


def _kept(verdict: Verdict) -> bool:
    return verdict.reason in ("kept", "pinned")


def _headings(allocation: allocate.Allocation, verdict: Verdict) -> list[str]:
    """The headings above a chunk, outermost first, without their marks."""
    chunk = verdict.chunk
    lines = path_of(chunk.heading, allocation.view.headings([chunk]))
    return [line.text.lstrip("# ") for line in lines]


def _same_as(allocation: allocate.Allocation, verdict: Verdict) -> dict[str, Any] | None:
    """Where a duplicate's text is said as well: the chunk that is kept in its stead, if any is."""
    for other in allocation.selection.verdicts:
        if verdict.twin and other.chunk.id == verdict.twin:
            return {"path": other.file.path, "line": other.chunk.line}
    return None


def _score_parts(parts: Parts) -> dict[str, float]:
    """What a score is made of: the prompt's terms in single chunks of the section, in the section, in the file; the share of them
    found there; and the factor for names, dates and the like."""
    names = ("passage", "section", "file", "coverage", "factor")
    return {name: round(part, 2) for name, part in zip(names, parts[1:], strict=True)}


def _reduction(allocation: allocate.Allocation) -> float:
    return 1 - allocation.tokens / allocation.scoped_tokens if allocation.scoped_tokens else 0.0


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
    "floor": f"below {RECIPE.relevance_floor:.1%} of the best",
    "budget": "relevant, but no room",
    "duplicate": "the same is said where `=` points",
    "no match": "nothing matches, and a tenth of the budget holds the newest",
}


def _print(allocation: allocate.Allocation, limit: int | None) -> None:
    selection = allocation.selection
    width = _width()
    print(f"{allocation.identity.name}: {_summary(allocation)}")
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
        f"{output.percent(_reduction(allocation))} less than the {output.tokens(allocation.scoped_tokens)} in scope"
        + "".join(f"; {scope} {output.tokens(tokens)}" for scope, tokens in selection.scope_tokens.items()),
        width,
    )
    if not selection.verdicts:
        _say("there is no memory for this agent", width)
        return
    if not selection.matched:
        _say("nothing in memory matches the task, so the newest notes are sent", width)
    _print_chunks(allocation, limit, width)
    if selection.left_out:
        print("\nnamed in the block as left out:")
        for entry in selection.left_out:
            where = figures.printable(f"{_short(entry.file.path)} > {entry.heading.lstrip('# ')}")
            print(f"  {where} ({output.tokens(entry.tokens)} tokens)")


def _print_chunks(allocation: allocate.Allocation, limit: int | None, width: int) -> None:
    """The files, by number, and the chunks, best first: those sent, then those left out."""
    verdicts = allocation.selection.verdicts
    best = max(map(_worth, verdicts))
    shown = _most_telling(verdicts, limit)
    files = _Files(entry.file.path for entry in allocation.selection.files)
    rows: list[Row] = []
    for verdict in shown:
        parts = _score_parts(verdict.parts)
        twin = _same_as(allocation, verdict)
        cells = [
            "+" if _kept(verdict) else "-",
            f"{100 * _worth(verdict) / best:.1f}" if best else "",
            *(f"{parts[name]:.1f}" for name in ("passage", "section", "file")),
            f"{parts['coverage']:.0%}",
            f"{parts['factor']:g}",
            str(verdict.chunk.tokens),
            verdict.reason,
            f"{files.number(verdict.file.path)}:{verdict.chunk.line}",
        ]
        same = [f"= {files.number(twin['path'])}:{twin['line']}"] if twin else None
        rows.append((cells, same or _headings(allocation, verdict)))
    print()
    _files_table(allocation, files, width)
    print()
    columns = ["", "score", "psg", "sect", "file", "found", "x", "tokens", "why", "where", "heading"]
    _table(columns, rows, width, right=range(1, 8))
    if len(shown) < len(verdicts):
        print(f"and {len(verdicts) - len(shown)} more, kept or left out (--all)")
    print()
    _say(
        "score: (sect + file) by psg and x, per token of the section; 100 is the best. psg, sect, file: weight of the "
        "task's words in single passages of the section, in all of it, in its file; found: share of them; x: names, dates, confidence.",
        width,
    )
    reasons = {verdict.reason for verdict in shown}
    legend = [f"{reason}: {text}" for reason, text in _REASONS.items() if reason in reasons]
    if legend:
        _say("; ".join(legend) + ".", width)


def _most_telling(verdicts: Iterable[Verdict], limit: int | None) -> list[Verdict]:
    """The chunks sent, best first, then those left out; with a limit the best of both."""
    order = sorted(verdicts, key=lambda verdict: (-_worth(verdict), verdict.file.path, verdict.chunk.line))
    kept = [verdict for verdict in order if _kept(verdict)]
    rest = [verdict for verdict in order if not _kept(verdict)]
    if limit is not None:
        kept = kept[: max(limit - len(rest), limit * 2 // 3)]
        rest = rest[: limit - len(kept)]
    return kept + rest


def _summary(found: allocate.Allocation | allocate.Nothing) -> str:
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
    while statusline.cells(text) > room and len(names) > 1:
        names = names[1:]
        text = figures.printable("… > " + " > ".join(names))
    if statusline.cells(text) <= room:
        return text
    kept = text.removeprefix("… > ")
    while statusline.cells(kept) >= room:
        kept = kept[1:]
    return "…" + kept


def _diff(
    args: argparse.Namespace,
    one: allocate.Allocation | allocate.Nothing,
    other: allocate.Allocation | allocate.Nothing,
) -> int:
    """What a second prompt or profile adds (+) and takes away (-)."""
    first, second = _sent(one), _sent(other)
    added = [second[key] for key in sorted(second.keys() - first.keys())]
    removed = [first[key] for key in sorted(first.keys() - second.keys())]
    common = len(first.keys() & second.keys())
    if args.json:
        output.print_json(
            {
                "first": _figures(one),
                "second": _figures(other),
                "added": added,
                "removed": removed,
                "common": common,
            }
        )
        return 0
    print(f"first:  {_summary(one)}\nsecond: {_summary(other)}")
    print(
        f"{common} chunks in both, {len(added)} only with the second (+), {len(removed)} only with the first (-)"
    )
    changed = [("-", entry) for entry in removed] + [("+", entry) for entry in added]
    changed.sort(key=lambda pair: (pair[1]["path"], pair[1]["line"]))
    shown = changed if args.all else changed[:SHOWN]
    if not shown:
        return 0
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
    return 0


def _sent(found: allocate.Allocation | allocate.Nothing) -> dict[tuple[str, int], dict[str, Any]]:
    """The chunks sent, by file and line."""
    if isinstance(found, allocate.Nothing):
        return {}
    return {
        (verdict.file.path, verdict.chunk.line): _chunk(found, verdict)
        for verdict in found.selection.verdicts
        if _kept(verdict)
    }


def _figures(found: allocate.Allocation | allocate.Nothing) -> dict[str, Any]:
    if isinstance(found, allocate.Nothing):
        return {"profile": found.profile, "budget": 0, "tokens": 0, "demand_tokens": 0}
    return {
        "profile": found.settings.profile.name,
        "complexity": found.tier,
        "bumped_from": found.bumped_from or None,
        "budget": found.budget,
        "tokens": found.tokens,
        "demand_tokens": found.selection.demand_tokens + found.native_tokens,
    }
