"""Changes to memory files that can be taken back: moves, links rewritten, and files written new. Nothing is ever deleted.

A change is planned as a whole, and the plan is on disk (`journal/<id>.json` in the cache, flushed) before the first
file is touched. What has been done of a plan is read off the files themselves, never off a note about them, so a
process killed anywhere leaves a state from which `undo_change` (and `recover_changes`, at the next run) leads back.

Every file a plan moves must be as it was when the plan was made (its content's hash), else nothing is done. A file
that changes while it is moved keeps its change: moves keep the file itself, and the plan is taken back with a message.
Files that git tracks are moved with `git mv`; nothing is committed.
"""

from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from memory_budget.base import layout
from memory_budget.base.errors import BudgetError
from memory_budget.base.files import listing, read_bytes, remove, write_atomic
from memory_budget.base.memory_folders import MEMORY
from memory_budget.base.optional import orjson
from memory_budget.base.project import Project
from memory_budget.upkeep.journal_steps import (
    NotApplied,
    Step,
    content_hash,
    create,
    edit,
    edit_back,
    flush_quietly,
    move,
    move_back,
    no_break,
    real_path,
    tracked_by_git,
    unwrite,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

APPLYING, APPLIED, UNDOING, UNDONE, PARTLY = "applying", "applied", "undoing", "undone", "partly undone"


class Entry(NamedTuple):
    """A change as the journal has it. `batch`: changes made by one command; `folders`: made for it, in their order."""

    id: str
    batch: str
    time: float
    kind: str
    title: str
    steps: list[Step]
    folders: list[str]
    state: str
    problems: list[str]


def apply_change(
    project: Project,
    kind: str,
    title: str,
    steps: Sequence[Step],
    *,
    now: float,
    batch: str = "",
    unchanged: Mapping[str, str] | None = None,
    at: Callable[[str], None] = no_break,
) -> Entry:
    """Make a change, all of it or nothing. The caller holds the apply lock.

    `unchanged`: hashes of other files that must be as they were (the one kept of several copies). `at` is called after
    every place where the state on disk has changed. Raises NotApplied; then everything is where it was.
    """
    for path, expected in (unchanged or {}).items():
        _check_content(project, path, expected)
    moved = {step.target for step in steps if step.moves}
    for step in steps:
        # A file that is moved as well is still at its old place; its move is checked.
        if not (step.edits and step.target in moved):
            _check_step(project, step)
    entry = Entry(
        _new_id(project, now), batch, now, kind, title, list(steps), _missing_folders(project, steps), APPLYING, []
    )  # fmt: skip
    _write_entry(project, entry)
    at("planned")
    tracked = tracked_by_git(project, [step.source for step in steps if step.moves])
    try:
        for folder in entry.folders:
            os.makedirs(real_path(project, folder), exist_ok=True)
        at("folders")
        for number, step in enumerate(steps):
            if step.edits:
                edit(project, step.target, step.hash, step.text, f"{entry.id}.{number}", at)
                at(f"edited {number}")
            elif step.moves:
                move(project, step, f"{entry.id}.{number}", at, use_git=step.source in tracked)
                at(f"moved {number}")
                if content_hash(real_path(project, step.target)) != step.hash:
                    raise NotApplied(f"{step.source}: changed while it was moved")
            else:
                create(project, step, f"{entry.id}.{number}", at)
                at(f"written {number}")
        entry = entry._replace(state=APPLIED)
        _write_entry(project, entry)
    except BaseException as error:
        _take_back(project, entry)
        if isinstance(error, NotApplied) or not isinstance(error, OSError):
            raise
        raise NotApplied(f"{error.filename or title}: {error.strerror or error}") from error
    at("applied")
    return entry


def undo_change(project: Project, entry: Entry, *, at: Callable[[str], None] = no_break) -> Entry:
    """Take a change back. The caller holds the apply lock.

    Files that somebody changed since are left alone and named in `problems` (state "partly undone": it can be tried again).
    """
    if entry.state == UNDONE:
        raise BudgetError(f"{entry.id} has been taken back already")
    return _take_back(project, entry, at)


def recover_changes(project: Project) -> list[Entry]:
    """Take back changes that were broken off, and finish what was being taken back. Returns them.

    The caller holds the apply lock, so no entry is at work, and what is half written in the journal's folder is nobody's.
    """
    recovered = [
        _take_back(project, entry) for entry in journal_entries(project) if entry.state in (APPLYING, UNDOING)
    ]
    for name in listing(project.at(layout.JOURNAL)):
        if name.endswith((".draft", ".tmp")):
            remove(project.at(layout.JOURNAL, name))
    return recovered


def journal_entries(project: Project) -> list[Entry]:
    """The journal's entries, oldest first. An entry that cannot be read is left out."""
    entries = []
    for name in listing(project.at(layout.JOURNAL)):
        if name.endswith(".json"):
            try:
                entries.append(_parse_entry(read_bytes(project.at(layout.JOURNAL, name))))
            except (OSError, ValueError, KeyError, TypeError):
                continue
    return sorted(entries, key=lambda entry: (entry.time, entry.id))


# -- the plan


def _new_id(project: Project, now: float) -> str:
    stamp = datetime.fromtimestamp(now).strftime("%Y%m%d-%H%M%S")
    number = 1
    while os.path.exists(project.at(layout.JOURNAL, f"{stamp}-{number:04}.json")):
        number += 1
    return f"{stamp}-{number:04}"  # ids sort in the order the changes were made


def _write_entry(project: Project, entry: Entry) -> None:
    """Put an entry on disk, for good before this returns."""
    folder = project.ensure_cache(layout.JOURNAL)
    value = entry._asdict()
    value["steps"] = [step._asdict() for step in entry.steps]
    path = f"{folder}/{entry.id}.json"
    write_atomic(path, orjson.dumps(value, option=orjson.OPT_INDENT_2), flush=True)
    flush_quietly(folder)


def _parse_entry(data: bytes) -> Entry:
    value = orjson.loads(data)
    value["steps"] = [Step(**step) for step in value["steps"]]
    return Entry(**value)


def _missing_folders(project: Project, steps: Sequence[Step]) -> list[str]:
    """Folders that the steps need and that are not there, outer ones first."""
    folders: dict[str, None] = {}
    for step in steps:
        parent = step.target.rpartition("/")[0]
        missing = []
        while parent and not os.path.isdir(real_path(project, parent)):
            missing.append(parent)
            parent = parent.rpartition("/")[0]
        for folder in reversed(missing):
            folders.setdefault(folder)
    return list(folders)


def _check_step(project: Project, step: Step) -> None:
    for path in (step.source, step.target):
        if path:
            _check_place(project, path)
    if step.source:
        _check_content(project, step.source, step.hash)
    if not step.edits and os.path.lexists(real_path(project, step.target)):
        raise NotApplied(f"{step.target}: exists already")


def _check_place(project: Project, path: str) -> None:
    """Raise NotApplied unless a path is below `.claude/memory`, by its names and with its links followed."""
    names = path.split("/")
    if not path.startswith(MEMORY + "/") or ".." in names or "" in names or "\0" in path:
        raise NotApplied(f"{path}: not a path below {MEMORY}")
    base = os.path.realpath(project.memory)
    parent = os.path.realpath(os.path.dirname(real_path(project, path)))
    if parent != base and not parent.startswith(base + "/"):
        raise NotApplied(f"{path}: leads out of {MEMORY}")


def _check_content(project: Project, path: str, expected: str) -> None:
    real = real_path(project, path)
    try:
        if os.path.islink(real) or not os.path.isfile(real):
            raise NotApplied(f"{path}: {'gone' if not os.path.lexists(real) else 'not a plain file'}")
        actual = content_hash(real)
    except OSError as error:
        raise NotApplied(f"{path}: {error.strerror}") from error
    if actual != expected:
        raise NotApplied(f"{path}: changed since it was looked at")


# -- the steps


def _take_back(project: Project, entry: Entry, at: Callable[[str], None] = no_break) -> Entry:
    _write_entry(project, entry._replace(state=UNDOING))
    at("undoing")
    tracked = tracked_by_git(project, [step.target for step in entry.steps if step.moves])
    problems = []
    for number in reversed(range(len(entry.steps))):
        step = entry.steps[number]
        try:
            name = f"{entry.id}.{number}"
            if step.edits:
                problem = edit_back(project, step, name)
            elif step.moves:
                problem = move_back(project, step, name, use_git=step.target in tracked)
            else:
                problem = unwrite(project, step, name)
        except OSError as error:
            problem = f"{step.target}: {error.strerror or error}"
        if problem:
            problems.append(problem)
        at(f"back {number}")
    for folder in reversed(entry.folders):
        try:
            os.rmdir(real_path(project, folder))  # only where it is empty
        except OSError:
            pass
    entry = entry._replace(state=PARTLY if problems else UNDONE, problems=problems)
    _write_entry(project, entry)
    at("undone")
    return entry
