"""`memory-budget undo [ID]`: take changes to memory back, byte for byte: the last command's, or one by its id."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import TYPE_CHECKING

from memory_budget import background, journal
from memory_budget.cli import output
from memory_budget.errors import BudgetError
from memory_budget.jobs import proposals
from memory_budget.project import Project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memory_budget.journal import Entry


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "id", nargs="?", help="a change, or all changes of one command (default: the last command's)"
    )
    parser.add_argument("--list", action="store_true", help="show the changes that were made")


def run(args: argparse.Namespace) -> int:
    """Exit 1 when something stood in the way of taking a change back."""
    project = Project(args.project)
    made = journal.entries(project)
    if args.list:
        _list(args, made)
        return 0
    chosen = _chosen(made, args.id)
    results = proposals.undo(project, chosen)
    background.update_index(project, wait=60.0)
    if args.json:
        output.print_json(
            [
                {"id": one.id, "title": one.title, "state": one.state, "problems": one.problems}
                for one in results
            ]
        )
    else:
        for one in results:
            print(f"{one.state}: {one.title} ({one.id})")
            for problem in one.problems:
                print(f"  {problem}")
    return 1 if any(one.problems for one in results) else 0


def _chosen(made: Sequence[Entry], wanted: str | None) -> list[Entry]:
    standing = [entry for entry in made if entry.state != journal.UNDONE]
    if wanted is None:
        if not standing:
            raise BudgetError("there is no change to take back")
        last = standing[-1]
        return [entry for entry in standing if entry is last or (last.batch and entry.batch == last.batch)]
    found = [entry for entry in standing if wanted in (entry.id, entry.batch)]
    found = found or [entry for entry in standing if entry.id.startswith(wanted)]
    if not found:
        known = any(wanted in (entry.id, entry.batch) for entry in made)
        raise BudgetError(f"{wanted}: {'taken back already' if known else 'no change of that id'}")
    return found


def _list(args: argparse.Namespace, made: Sequence[Entry]) -> None:
    if args.json:
        output.print_json(
            [entry._asdict() | {"steps": [step._asdict() for step in entry.steps]} for entry in made]
        )
        return
    rows = [
        [
            entry.id,
            datetime.fromtimestamp(entry.time).isoformat(" ", "minutes"),
            entry.kind,
            entry.state,
            entry.title,
        ]
        for entry in made
    ]
    if not rows:
        print("no change was made yet")
        return
    output.table("", ["id", "when", "kind", "state", "what"], rows)
