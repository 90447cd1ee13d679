"""`memory-budget undo [ID]`: take changes to memory or to budgets back: the last command's, or one by its id."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from memory_budget.base.errors import BudgetError
from memory_budget.base.project import Project, find_project
from memory_budget.cli import output
from memory_budget.index import update
from memory_budget.reports import tuning_apply
from memory_budget.upkeep import journal, proposals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memory_budget.reports.tuning_apply import Applied
    from memory_budget.upkeep.journal import Entry

#: The kind shown for changes of the profiles file.
BUDGETS = "budgets"


class _Made(NamedTuple):
    """A change of either kind. `batch`: made by one command; `time` in seconds since the epoch."""

    id: str
    batch: str
    time: float
    kind: str
    title: str
    state: str
    source: Entry | Applied


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "id", nargs="?", help="a change, or all changes of one command (default: the last command's)"
    )
    parser.add_argument("--list", action="store_true", help="show the changes that were made")


def run(args: argparse.Namespace) -> int:
    """Exit 1 when something stood in the way of taking a change back."""
    project = find_project(args.project)
    made = _made(project)
    if args.list:
        _list(args, made)
        return 0
    results = _undo(project, _chosen(made, args.id))
    if args.json:
        output.print_json(results)
    else:
        for one in results:
            output.line(f"{one['state']}: {one['title']} ({one['id']})")
            for problem in one["problems"]:
                print(f"  {problem}")
    return 1 if any(one["problems"] for one in results) else 0


def _made(project: Project) -> list[_Made]:
    """All changes to memory and to budgets, oldest first."""
    memory = [
        _Made(entry.id, entry.batch, entry.time, entry.kind, entry.title, entry.state, entry)
        for entry in journal.entries(project)
    ]
    budgets = [
        _Made(
            entry.id,
            "",
            datetime.fromisoformat(entry.time).timestamp(),
            BUDGETS,
            "; ".join(str(change["title"]) for change in entry.changes),
            entry.state,
            entry,
        )
        for entry in tuning_apply.history(project)
    ]
    return sorted([*memory, *budgets], key=lambda one: one.time)


def _chosen(made: Sequence[_Made], wanted: str | None) -> list[_Made]:
    standing = [one for one in made if one.state not in (journal.UNDONE, tuning_apply.UNDONE)]
    if wanted is None:
        if not standing:
            raise BudgetError("there is no change to take back")
        last = standing[-1]
        return [one for one in standing if one is last or (last.batch and one.batch == last.batch)]
    found = [one for one in standing if wanted in (one.id, one.batch)]
    found = found or [one for one in standing if one.id.startswith(wanted)]
    if not found:
        known = any(wanted in (one.id, one.batch) for one in made)
        raise BudgetError(f"{wanted}: {'taken back already' if known else 'no change of that id'}")
    return found


def _undo(project: Project, chosen: Sequence[_Made]) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = []
    memory = [one.source for one in chosen if isinstance(one.source, journal.Entry)]
    if memory:
        results += [
            {"id": entry.id, "title": entry.title, "state": entry.state, "problems": entry.problems}
            for entry in proposals.undo_entries(project, memory)
        ]
        update.update_index(project, wait=60.0)
    for one in reversed(chosen):
        if isinstance(one.source, tuning_apply.Applied):
            problems = []
            state = tuning_apply.UNDONE
            try:
                tuning_apply.undo_profile_change(project, one.id)
            except BudgetError as error:
                state, problems = one.state, [str(error)]
            results.append({"id": one.id, "title": one.title, "state": state, "problems": problems})
    return results


def _list(args: argparse.Namespace, made: Sequence[_Made]) -> None:
    if args.json:
        output.print_json([_as_json(one) for one in made])
        return
    rows = [
        [one.id, datetime.fromtimestamp(one.time).isoformat(" ", "minutes"), one.kind, one.state, one.title]
        for one in made
    ]
    if not rows:
        print("no change was made yet")
        return
    output.table("", ["id", "when", "kind", "state", "what"], rows)


def _as_json(one: _Made) -> dict[str, Any]:
    if isinstance(one.source, journal.Entry):
        return one.source._asdict() | {"steps": [step._asdict() for step in one.source.steps]}
    value = one._asdict()
    del value["source"]
    return value | {"path": one.source.path, "changes": one.source.changes}
