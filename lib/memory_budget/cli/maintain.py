"""`memory-budget maintain`: what the jobs propose to change in memory, shown like a diff, and done where you choose.

Without options it lists what waits; on a terminal it then asks for each. Every change is a move, or a file written new,
and can be taken back with `memory-budget undo`; nothing is deleted. A proposal whose files have changed since is skipped.
"""

from __future__ import annotations

import argparse
import difflib
import sys
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from memory_budget.base.errors import BudgetError
from memory_budget.base.figures import counted
from memory_budget.base.project import Project, find_project
from memory_budget.cli import output
from memory_budget.index import update
from memory_budget.upkeep import memory_files, proposals
from memory_budget.upkeep.journal_steps import Step

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memory_budget.upkeep.proposals import Proposal, ProposalResult

LINES = 60
SHOWN = 40
STEPS_SHOWN = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--apply", nargs="+", metavar="ID", help="do these proposals")
    choice.add_argument("--all", action="store_true", help="do every proposal (of --kind, where given)")
    choice.add_argument("--dismiss", nargs="+", metavar="ID", help="turn these proposals down for good")
    choice.add_argument(
        "--show", nargs="*", metavar="ID", help="show what would change (all where no ID is given)"
    )
    parser.add_argument("--kind", choices=proposals.KINDS, help="only proposals of this kind")
    parser.add_argument(
        "--full",
        action="store_true",
        help=f"show everything instead of {SHOWN} proposals and {LINES} lines a file",
    )


def run(args: argparse.Namespace) -> int:
    """Exit 1 when a proposal that was to be done was skipped."""
    project = find_project(args.project)
    waiting = [one for one in proposals.load_proposals(project) if args.kind in (None, one.kind)]
    limit = None if args.full else LINES
    if args.apply:
        return _apply(args, project, [_named(waiting, number) for number in dict.fromkeys(args.apply)])
    if args.all:
        return _apply(args, project, waiting)
    if args.dismiss:
        for one in [_named(waiting, number) for number in dict.fromkeys(args.dismiss)]:
            proposals.dismiss_proposal(project, one)
            if not args.json:
                print(f"turned down: {one.title}")
        if args.json:
            output.print_json({"dismissed": args.dismiss})
        return 0
    if args.json:
        chosen = waiting if not args.show else [_named(waiting, number) for number in args.show]
        output.print_json([_as_json(project, one, args.show is not None, limit) for one in chosen])
        return 0
    if args.show is not None:
        for one in waiting if not args.show else [_named(waiting, number) for number in args.show]:
            print("\n".join(difference(project, one, limit)) + "\n")
        return 0
    if not waiting:
        print("Nothing to do; memory-budget run weekly looks again.")
        return 0
    _list(waiting, full=args.full)
    if sys.stdin.isatty() and sys.stdout.isatty():
        return _apply(args, project, _ask(project, waiting, limit))
    print(
        "\nmemory-budget maintain --show ID      every line that changes\n"
        "memory-budget maintain --apply ID     do it (--all: everything); memory-budget undo takes it back\n"
        "memory-budget maintain --dismiss ID   do not suggest it again"
    )
    return 0


def _named(waiting: Sequence[Proposal], number: str) -> Proposal:
    found = [one for one in waiting if one.id.startswith(number)]
    if len(found) != 1:
        raise BudgetError(
            f"{number}: {'no suggestion' if not found else 'more than one suggestion'} of that id"
        )
    return found[0]


def _list(waiting: Sequence[Proposal], *, full: bool) -> None:
    """Each suggestion with its first changes: files that move, and files that are written."""
    ordered = sorted(waiting, key=lambda one: (proposals.KINDS.index(one.kind), -one.tokens, one.title))
    print(
        f"{counted(len(waiting), 'suggestion')}; together they save "
        f"{sum(one.tokens for one in waiting):,} tokens"
    )
    for one in ordered if full else ordered[:SHOWN]:
        less = f", {one.tokens:,} tokens" if one.tokens else ""
        print(f"\n{one.id} {one.kind}: {one.title}{less}\n  {one.reason}")
        steps = [step for step in one.steps if not step.target.endswith(".metadata.json")]
        for step in steps if full else steps[:STEPS_SHOWN]:
            print(_in_words(step))
        if not full and len(steps) > STEPS_SHOWN:
            print(f"  ... {len(steps) - STEPS_SHOWN} more")
    if not full and len(ordered) > SHOWN:
        print(f"\n... {len(ordered) - SHOWN} more suggestions (--full)")


def _in_words(step: Step) -> str:
    """A change of a file in one line: "move roles/x/patterns/a.md -> archive"."""
    source, target = ((path or "").removeprefix(".claude/memory/") for path in (step.source, step.target))
    if not source:
        return f"  write {target}"
    return f"  move  {source} -> " + ("archive" if target == f"archive/{source}" else target)


def _ask(project: Project, waiting: Sequence[Proposal], limit: int | None) -> list[Proposal]:
    """Show each proposal and ask for it."""
    chosen: list[Proposal] = []
    for one in waiting:
        print("\n".join(difference(project, one, limit)))
        answer = ""
        while answer not in ("y", "n", "a", "q"):
            answer = input("Do this? [y]es, [n]o, [a]ll the rest, [q]uit: ").strip().lower()[:1]
        if answer == "q":
            break
        if answer == "a":
            return chosen + list(waiting[waiting.index(one) :])
        if answer == "y":
            chosen.append(one)
    return chosen


def difference(project: Project, one: Proposal, limit: int | None) -> list[str]:
    """A proposal as the lines of a diff."""
    lines = [f"{one.kind} {one.id}: {one.title}", f"  {one.reason}"]
    for step in one.steps:
        if step.source:
            lines += [f"--- a/{step.source}", f"+++ b/{step.target}", f"rename from {step.source}",
                      f"rename to {step.target}"]  # fmt: skip
        else:
            new = [f"+{line}" for line in step.text.splitlines()]
            lines += ["--- /dev/null", f"+++ b/{step.target}", *_cut(new, limit)]
    for kept, moved in one.compare:
        try:
            old, new = (memory_files.read_text(project, path).splitlines() for path in (moved, kept))
        except OSError as error:
            lines.append(f"  {error.filename}: {error.strerror}")
            continue
        lines.append("what would be lost (-) and what stands in the file that is kept (+):")
        lines += _cut(list(difflib.unified_diff(old, new, moved, kept, lineterm="", n=1)), limit)
    return lines


def _cut(lines: list[str], limit: int | None) -> list[str]:
    if limit is None or len(lines) <= limit:
        return lines
    return [*lines[:limit], f"  ... {len(lines) - limit} more lines (--full)"]


def _as_json(project: Project, one: Proposal, with_difference: bool, limit: int | None) -> dict[str, Any]:
    value: dict[str, Any] = {
        "id": one.id,
        "kind": one.kind,
        "title": one.title,
        "reason": one.reason,
        "tokens": one.tokens,
        "steps": [{"from": step.source or None, "to": step.target} for step in one.steps],
    }
    if with_difference:
        value["difference"] = difference(project, one, limit)
    return value


def _apply(args: argparse.Namespace, project: Project, chosen: Sequence[Proposal]) -> int:
    results: list[ProposalResult] = []
    if chosen:
        update.update_index(project, wait=60.0)  # so that the counts of what moves can follow it
        now = time.time()
        batch = datetime.fromtimestamp(now).strftime("%Y%m%d-%H%M%S") + "-maintain"
        results = proposals.apply_proposals(
            project, chosen, now=now, batch=batch, progress=output.progress("applying")
        )
        update.update_index(project, wait=60.0)
    done = [result for result in results if result.entry]
    skipped = [result for result in results if not result.entry]
    if args.json:
        output.print_json(
            {
                "applied": [{"id": one.proposal.id, "undo": one.entry.id} for one in done if one.entry],
                "skipped": [{"id": one.proposal.id, "reason": one.skipped} for one in skipped],
                "by_hand": [line for one in done for line in one.left],
            }
        )
    else:
        for one in skipped:
            print(f"skipped {one.proposal.id} ({one.proposal.title}): {one.skipped}")
        for one in done:
            for line in one.left:
                print(f"  to be put right by hand: {line}")
        tokens = sum(one.proposal.tokens for one in done)
        print(f"{len(done)} done, {len(skipped)} skipped; {tokens:,} tokens saved")
        if done:
            print("`memory-budget undo` takes it back")
    return 1 if skipped else 0
