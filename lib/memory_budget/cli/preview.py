"""`memory-budget preview`: what an agent would be given for a task, and why.

Brings the index up to date first, so that it shows what the next agent gets. `--block` prints the block byte for byte;
`--budget N` is an exact cap in tokens, never bumped, and is filled with the best of what there is.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from typing import Any

from memory_budget import background, complexity, invocation
from memory_budget.cli import output
from memory_budget.cli.projects import project_with_memory
from memory_budget.errors import BudgetError
from memory_budget.project import Project
from memory_budget.ranking import Ranked
from memory_budget.selection import Verdict

SHOWN = 40


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
        background.update_index(project, wait=60.0, progress=output.progress("indexing"))
    except OSError:
        scratch = tempfile.mkdtemp(prefix="memory-budget-")
        project.cache = scratch
        project.index = scratch + "/index.sqlite"
        background.update_index(project, wait=60.0, progress=output.progress("indexing"))
        return scratch
    return ""


def _show(args: argparse.Namespace, project: Project) -> int:
    prompt = _prompt(args)
    allocation = _allocate(args, project, prompt, args.profile)
    if isinstance(allocation, invocation.Nothing):
        if args.json:
            output.print_json({"agent": allocation.identity.name, "profile": "none", "tokens": 0})
        elif not args.block:
            print(f"{allocation.identity.name}: gets no memory (profile {allocation.identity.profile_name})")
        return 0
    if args.block:
        sys.stdout.buffer.write(invocation.render(allocation).encode("utf-8", "replace"))
        sys.stdout.buffer.flush()
        return 0
    if args.diff is not None or args.diff_profile is not None:
        other = _allocate(
            args, project, prompt if args.diff is None else args.diff, args.diff_profile or args.profile
        )
        return _diff(args, allocation, other)
    for problem in allocation.problems:
        print(f"memory-budget: {problem}", file=sys.stderr)
    if args.json:
        output.print_json(as_json(allocation))
    else:
        _print(allocation, limit=None if args.all else SHOWN)
    return 0


def _allocate(
    args: argparse.Namespace, project: Project, prompt: str, profile: str | None
) -> invocation.Allocation | invocation.Nothing:
    task = invocation.Task(args.agent, prompt, args.description)
    return invocation.allocate(
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


def as_json(allocation: invocation.Allocation) -> dict[str, Any]:
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


def _chunk(allocation: invocation.Allocation, verdict: Verdict) -> dict[str, Any]:
    ranked = verdict.ranked
    chunk = ranked.chunk
    headings = allocation.view.heading(chunk.headings)
    return {
        "path": ranked.file.path,
        "line": chunk.line,
        "heading": " > ".join(
            headings[number].text.lstrip("# ") for number in chunk.headings if number in headings
        ),
        "kind": chunk.kind,
        "scope": chunk.scope,
        "tokens": chunk.tokens,
        "kept": verdict.reason in ("kept", "pinned"),
        "reason": verdict.reason,
        "score": round(ranked.score, 3),
        "score_parts": _score_parts(ranked),
    }


def _score_parts(ranked: Ranked) -> dict[str, float]:
    """What a score is made of: the prompt's terms in the chunk itself, in its section, in its file; the share of them
    found there; and the factor for names, dates and the like."""
    return {
        "own": round(ranked.own, 2),
        "section": round(ranked.section, 2),
        "file": round(ranked.file_score, 2),
        "coverage": round(ranked.coverage, 2),
        "factor": round(ranked.factor, 2),
    }


def _reduction(allocation: invocation.Allocation) -> float:
    return 1 - allocation.tokens / allocation.scoped_tokens if allocation.scoped_tokens else 0.0


def _print(allocation: invocation.Allocation, limit: int | None) -> None:
    selection = allocation.selection
    print(
        f"{allocation.identity.name}: profile {allocation.settings.profile.name}, tier {_tier_text(allocation)}"
    )
    if allocation.verdict and allocation.verdict.reasons and allocation.tier_source == "detected":
        print("  because the task " + "; ".join(allocation.verdict.reasons))
    print(
        f"  {output.tokens(allocation.tokens)} of {output.tokens(allocation.budget)} tokens, "
        f"{output.percent(_reduction(allocation))} less than the {output.tokens(allocation.scoped_tokens)} in scope; "
        f"the task asks for {output.tokens(selection.demand_tokens + allocation.native_tokens)}"
    )
    for scope, tokens in selection.scope_tokens.items():
        print(f"  {scope}: {output.tokens(tokens)}")
    entries = [_chunk(allocation, verdict) for verdict in selection.verdicts]
    entries.sort(key=lambda entry: (not entry["kept"], -entry["score"], entry["path"], entry["line"]))
    shown = entries if limit is None else entries[:limit]
    output.table(
        "",
        ["", "score", "tokens", "scope", "where", "why"],
        [
            [
                "+" if entry["kept"] else "-",
                f"{entry['score']:.1f}",
                entry["tokens"],
                entry["scope"].removeprefix("agent_"),
                f"{entry['path'].removeprefix('.claude/memory/')}:{entry['line']} {entry['heading']}",
                _why(entry),
            ]
            for entry in shown
        ],
        right=(1, 2),
    )
    if len(shown) < len(entries):
        print(f"  and {len(entries) - len(shown)} more (--all)")


def _tier_text(allocation: invocation.Allocation) -> str:
    bumped = f", bumped from {allocation.bumped_from}" if allocation.bumped_from else ""
    return f"{allocation.tier} ({allocation.tier_source or 'detected'}{bumped})"


def _why(entry: dict[str, Any]) -> str:
    parts = " ".join(f"{name} {value:g}" for name, value in entry["score_parts"].items())
    return f"{entry['reason']}  {parts}".strip()


def _diff(
    args: argparse.Namespace,
    one: invocation.Allocation,
    other: invocation.Allocation | invocation.Nothing,
) -> int:
    """What a second prompt or profile adds (+) and takes away (-)."""
    first = {(entry["path"], entry["line"]): entry for entry in as_json(one)["chunks"] if entry["kept"]}
    second: dict[tuple[str, int], dict[str, Any]] = {}
    if isinstance(other, invocation.Allocation):
        second = {
            (entry["path"], entry["line"]): entry for entry in as_json(other)["chunks"] if entry["kept"]
        }
    added = [second[key] for key in sorted(second.keys() - first.keys())]
    removed = [first[key] for key in sorted(first.keys() - second.keys())]
    common = len(first.keys() & second.keys())
    if args.json:
        output.print_json({"added": added, "removed": removed, "common": common})
        return 0
    print(
        f"{common} chunks in both, {len(added)} only with the second (+), {len(removed)} only with the first (-)"
    )
    rows = [["-", *_diff_row(entry)] for entry in removed] + [["+", *_diff_row(entry)] for entry in added]
    output.table("", ["", "tokens", "where"], rows, right=(1,))
    return 0


def _diff_row(entry: dict[str, Any]) -> list[object]:
    return [
        entry["tokens"],
        f"{entry['path'].removeprefix('.claude/memory/')}:{entry['line']} {entry['heading']}",
    ]
