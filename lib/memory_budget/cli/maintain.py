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
from memory_budget.base.figures import cells, counted
from memory_budget.base.memory_folders import MEMORY
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
    waiting = [
        proposal for proposal in proposals.load_proposals(project) if args.kind in (None, proposal.kind)
    ]
    limit = None if args.full else LINES
    if args.apply:
        return _apply_proposals(
            args, project, [_proposal_by_id(waiting, number) for number in dict.fromkeys(args.apply)]
        )
    if args.all:
        return _apply_proposals(args, project, waiting)
    if args.dismiss:
        for proposal in [_proposal_by_id(waiting, number) for number in dict.fromkeys(args.dismiss)]:
            proposals.dismiss_proposal(project, proposal)
            if not args.json:
                print(f"turned down: {proposal.title}")
        if args.json:
            output.print_json({"dismissed": args.dismiss})
        return 0
    if args.json:
        chosen = waiting if not args.show else [_proposal_by_id(waiting, number) for number in args.show]
        output.print_json(
            [_proposal_json(project, proposal, args.show is not None, limit) for proposal in chosen]
        )
        return 0
    if args.show is not None:
        for proposal in (
            waiting if not args.show else [_proposal_by_id(waiting, number) for number in args.show]
        ):
            print("\n".join(difference(project, proposal, limit)) + "\n")
        return 0
    if not waiting:
        print("Nothing to do; memory-budget run weekly looks again.")
        return 0
    _print_proposals(waiting, full=args.full)
    if sys.stdin.isatty() and sys.stdout.isatty():
        return _apply_proposals(args, project, _ask_for_each(project, waiting, limit))
    print(
        "\nmemory-budget maintain --show ID      every line that changes\n"
        "memory-budget maintain --apply ID     do it (--all: everything)\n"
        "memory-budget maintain --dismiss ID   do not suggest it again\n"
        "memory-budget undo                    take back what was done"
    )
    return 0


def _proposal_by_id(waiting: Sequence[Proposal], number: str) -> Proposal:
    """The proposal whose id begins with `number`. Raises BudgetError where it is none, or several."""
    matches = [proposal for proposal in waiting if proposal.id.startswith(number)]
    if len(matches) != 1:
        raise BudgetError(
            f"{number}: {'no suggestion' if not matches else 'more than one suggestion'} of that id"
        )
    return matches[0]


def _print_proposals(waiting: Sequence[Proposal], *, full: bool) -> None:
    """Each suggestion with its first changes: files that move, and files that are written."""
    ordered = sorted(
        waiting, key=lambda proposal: (proposals.KINDS.index(proposal.kind), -proposal.tokens, proposal.title)
    )
    print(
        f"{counted(len(waiting), 'suggestion')}; together they save "
        f"{sum(proposal.tokens for proposal in waiting):,} tokens"
    )
    for proposal in ordered if full else ordered[:SHOWN]:
        saving = f", {proposal.tokens:,} tokens" if proposal.tokens else ""
        print()
        output.wrapped(f"{proposal.id} {proposal.kind}: {_short(proposal.title)}{saving}")
        output.wrapped(proposal.reason, "  ")
        steps = [step for step in proposal.steps if not step.target.endswith(".metadata.json")]
        for step in steps if full else steps[:STEPS_SHOWN]:
            print(_step_line(step))
        if not full and len(steps) > STEPS_SHOWN:
            print(f"  ... {len(steps) - STEPS_SHOWN} more")
    if not full and len(ordered) > SHOWN:
        print(f"\n... {len(ordered) - SHOWN} more suggestions (--full)")


def _step_line(step: Step) -> str:
    """A change of a file in one line: `move  roles/x/patterns/a.md -> archive`, `write patterns/b.md`; in two where one is too
    narrow. A path stays whole, so that it can be copied."""
    source, target = _short(step.source), _short(step.target)
    if not source:
        return f"  write {target}"
    first, second = f"  move  {source}", "-> " + ("archive" if target == f"archive/{source}" else target)
    return f"{first} {second}" if cells(f"{first} {second}") <= output.width() else f"{first}\n     {second}"


def _short(paths: str) -> str:
    """Paths of memory from the memory folder on."""
    return paths.replace(MEMORY + "/", "")


def _ask_for_each(project: Project, waiting: Sequence[Proposal], limit: int | None) -> list[Proposal]:
    """Show each proposal and ask whether to do it. Returns those that are to be done."""
    chosen: list[Proposal] = []
    for proposal in waiting:
        print("\n".join(difference(project, proposal, limit)))
        answer = ""
        while answer not in ("y", "n", "a", "q"):
            answer = input("Do this? [y]es, [n]o, [a]ll the rest, [q]uit: ").strip().lower()[:1]
        if answer == "q":
            break
        if answer == "a":
            return chosen + list(waiting[waiting.index(proposal) :])
        if answer == "y":
            chosen.append(proposal)
    return chosen


def difference(project: Project, proposal: Proposal, limit: int | None) -> list[str]:
    """A proposal as the lines of a diff."""
    lines = [f"{proposal.kind} {proposal.id}: {proposal.title}", f"  {proposal.reason}"]
    for step in proposal.steps:
        if step.source:
            lines += [f"--- a/{step.source}", f"+++ b/{step.target}", f"rename from {step.source}",
                      f"rename to {step.target}"]  # fmt: skip
        else:
            new = [f"+{line}" for line in step.text.splitlines()]
            lines += ["--- /dev/null", f"+++ b/{step.target}", *_first_lines(new, limit)]
    for staying_path, moving_path in proposal.compare:
        try:
            old, new = (
                memory_files.read_note_text(project, path).splitlines()
                for path in (moving_path, staying_path)
            )
        except OSError as error:
            lines.append(f"  {error.filename}: {error.strerror}")
            continue
        lines.append("only in the file that goes (-), only in the file that stays (+):")
        lines += _first_lines(
            list(difflib.unified_diff(old, new, moving_path, staying_path, lineterm="", n=1)), limit
        )
    return lines


def _first_lines(lines: list[str], limit: int | None) -> list[str]:
    if limit is None or len(lines) <= limit:
        return lines
    return [*lines[:limit], f"  ... {len(lines) - limit} more lines (--full)"]


def _proposal_json(
    project: Project, proposal: Proposal, with_difference: bool, limit: int | None
) -> dict[str, Any]:
    value: dict[str, Any] = {
        "id": proposal.id,
        "kind": proposal.kind,
        "title": proposal.title,
        "reason": proposal.reason,
        "tokens": proposal.tokens,
        "steps": [{"from": step.source or None, "to": step.target} for step in proposal.steps],
    }
    if with_difference:
        value["difference"] = difference(project, proposal, limit)
    return value


def _apply_proposals(args: argparse.Namespace, project: Project, chosen: Sequence[Proposal]) -> int:
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
                "applied": [
                    {"id": outcome.proposal.id, "undo": outcome.entry.id} for outcome in done if outcome.entry
                ],
                "skipped": [{"id": outcome.proposal.id, "reason": outcome.skipped} for outcome in skipped],
                "by_hand": [line for outcome in done for line in outcome.left],
            }
        )
    else:
        for outcome in skipped:
            print(f"skipped {outcome.proposal.id} ({outcome.proposal.title}): {outcome.skipped}")
        for outcome in done:
            for line in outcome.left:
                print(f"  to be put right by hand: {line}")
        tokens = sum(outcome.proposal.tokens for outcome in done)
        print(f"{len(done)} done, {len(skipped)} skipped; {tokens:,} tokens saved")
        if done:
            print("`memory-budget undo` takes it back")
    return 1 if skipped else 0
