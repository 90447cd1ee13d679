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


class _Change(NamedTuple):
    """A change of memory or of budgets. `batch`: the same for all changes that one command made; `time`: seconds since the
    epoch; `source`: its entry in the journal or in the history of tuning."""

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
    changes = _all_changes(project)
    if args.list:
        _print_changes(args, changes)
        return 0
    results = _undo_changes(project, _choose_changes(changes, args.id))
    if args.json:
        output.print_json(results)
    else:
        for result in results:
            output.line(f"{result['state']}: {result['title']} ({result['id']})")
            for problem in result["problems"]:
                print(f"  {problem}")
    return 1 if any(result["problems"] for result in results) else 0


def _all_changes(project: Project) -> list[_Change]:
    """All changes to memory and to budgets, oldest first."""
    memory = [
        _Change(entry.id, entry.batch, entry.time, entry.kind, entry.title, entry.state, entry)
        for entry in journal.journal_entries(project)
    ]
    budgets = [
        _Change(
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
    return sorted([*memory, *budgets], key=lambda change: change.time)


def _choose_changes(changes: Sequence[_Change], identifier: str | None) -> list[_Change]:
    applied = [change for change in changes if change.state not in (journal.UNDONE, tuning_apply.UNDONE)]
    if identifier is None:
        if not applied:
            raise BudgetError("there is no change to take back")
        last = applied[-1]
        return [change for change in applied if change is last or (last.batch and change.batch == last.batch)]
    matches = [change for change in applied if identifier in (change.id, change.batch)]
    matches = matches or [change for change in applied if change.id.startswith(identifier)]
    if not matches:
        is_undone = any(identifier in (change.id, change.batch) for change in changes)
        raise BudgetError(f"{identifier}: {'taken back already' if is_undone else 'no change of that id'}")
    return matches


def _undo_changes(project: Project, chosen: Sequence[_Change]) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = []
    memory = [change.source for change in chosen if isinstance(change.source, journal.Entry)]
    if memory:
        results += [
            {"id": entry.id, "title": entry.title, "state": entry.state, "problems": entry.problems}
            for entry in proposals.undo_entries(project, memory)
        ]
        update.update_index(project, wait=60.0)
    for change in reversed(chosen):
        if isinstance(change.source, tuning_apply.Applied):
            problems = []
            state = tuning_apply.UNDONE
            try:
                tuning_apply.undo_profile_change(project, change.id)
            except BudgetError as error:
                state, problems = change.state, [str(error)]
            results.append({"id": change.id, "title": change.title, "state": state, "problems": problems})
    return results


def _print_changes(args: argparse.Namespace, changes: Sequence[_Change]) -> None:
    if args.json:
        output.print_json([_change_json(change) for change in changes])
        return
    rows = [
        [
            change.id,
            datetime.fromtimestamp(change.time).isoformat(" ", "minutes"),
            change.kind,
            change.state,
            change.title,
        ]
        for change in changes
    ]
    if not rows:
        print("no change was made yet")
        return
    output.print_table("", ["id", "when", "kind", "state", "what"], rows)


def _change_json(change: _Change) -> dict[str, Any]:
    if isinstance(change.source, journal.Entry):
        return change.source._asdict() | {"steps": [step._asdict() for step in change.source.steps]}
    value = change._asdict()
    del value["source"]
    return value | {"path": change.source.path, "changes": change.source.changes}
