"""Writes recommended changes into the profiles file, and takes them back.

The file stays as the person wrote it but for the members that change: order, indentation, line ends, everything. It is
written as a whole, checked first, and kept as it was in the cache (`tuning/<id>.json` holds the text before and after).
The project's file is the one edited; where only the user's file counts, the project gets a copy of it with the change,
so that no project changes another's budgets.
"""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from memory_budget.base import layout
from memory_budget.base.errors import BudgetError
from memory_budget.base.files import digest, listing, read_bytes, write_atomic
from memory_budget.base.optional import orjson
from memory_budget.base.project import Project
from memory_budget.settings import agents, json_edit, profiles
from memory_budget.settings.names import SCOPES
from memory_budget.settings.profiles import Profiles

APPLIED, UNDONE = "applied", "undone"
_BOM = "\ufeff"


class Edit(NamedTuple):
    """A change of the profiles file: its path, the text before ("" where there is none yet) and after."""

    path: str
    before: str
    after: str
    exists: bool

    def diff(self, project: Project) -> str:
        """As `diff -u` shows it, with the path from the project's root."""
        name = os.path.relpath(self.path, project.root)
        lines = difflib.unified_diff(
            self.before.splitlines(keepends=True),
            self.after.splitlines(keepends=True),
            f"a/{name}" if self.exists else "/dev/null",
            f"b/{name}",
        )
        return "".join(
            line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines
        )


class Applied(NamedTuple):
    """A change that was made. `members`: path, value before (None where there was none) and after, of each edit."""

    id: str
    time: str
    automatic: bool
    path: str
    existed: bool
    before: str
    after: str
    members: list[dict[str, Any]]
    changes: list[dict[str, Any]]
    state: str
    undone: str = ""


def plan_edit(project: Project, changes: Sequence[dict[str, Any]]) -> Edit:
    """The edit that makes `changes` (as `tuning.recommend` lists them). Raises BudgetError when it cannot be made."""
    edit, _members = _planned(project, changes)
    return edit


def apply_changes(
    project: Project,
    changes: Sequence[dict[str, Any]],
    *,
    automatic: bool = False,
    now: datetime | None = None,
) -> Applied:
    """Make the changes. Raises BudgetError; then the file is as it was."""
    from memory_budget.base.optional import FileLock, Timeout

    now = now or datetime.now()
    folder = project.ensure_cache(layout.TUNING)
    try:
        with FileLock(project.at(layout.TUNING_LOCK), timeout=10):
            edit, members = _planned(project, changes)
            stamp = now.strftime("%Y%m%d-%H%M%S")
            done = Applied(
                f"{stamp}-{digest(edit.after + stamp, 3)}", now.isoformat(timespec="seconds"), automatic, edit.path,
                edit.exists, edit.before, edit.after, members, list(changes), APPLIED,
            )  # fmt: skip
            # The record goes first: killed in between, it says what was about to be written, and undo finds nothing to do.
            _write_record(folder, done)
            _replace(edit.path, edit.before if edit.exists else None, edit.after)
    except Timeout as error:
        raise BudgetError("another process is changing the profiles file; try again") from error
    except OSError as error:
        raise BudgetError(f"{error.filename or profiles.FILE}: {error.strerror or error}") from error
    return done


def history(project: Project) -> list[Applied]:
    """Every change made here, oldest first; a record nobody can read is passed over."""
    found = []
    for name in listing(project.at(layout.TUNING)):
        if name.endswith(".json"):
            try:
                found.append(Applied(**orjson.loads(read_bytes(project.at(layout.TUNING, name)))))
            except (OSError, ValueError, TypeError):
                continue
    return sorted(found, key=lambda entry: (entry.time, entry.id))


def undo_changes(project: Project, identifier: str = "", *, now: datetime | None = None) -> Applied:
    """Take a change back: the last one, or the one named. Raises BudgetError where there is none, or it cannot be.

    While the file is as the change left it, it gets back byte for byte what it was. Where somebody has edited it since,
    only the members that were changed are put back, and only those that still have the value given to them.
    """
    open_ones = [entry for entry in history(project) if entry.state == APPLIED]
    if identifier:
        open_ones = [entry for entry in open_ones if entry.id == identifier]
    if not open_ones:
        raise BudgetError(
            f"{identifier}: no such change" if identifier else "no change of budgets to take back"
        )
    entry = open_ones[-1]
    text = _read(entry.path) if os.path.exists(entry.path) else None
    try:
        if text == entry.after:
            if entry.existed:
                _replace(entry.path, text, entry.before)
            else:
                os.unlink(entry.path)  # it was made by this change, and its text is kept in the record
        elif text is not None and text != entry.before:
            back = text
            for member in entry.members:
                back = _put_back(back, member)
            _check(back)
            if back != text:
                _replace(entry.path, text, back)
        entry = entry._replace(state=UNDONE, undone=(now or datetime.now()).isoformat(timespec="seconds"))
        _write_record(project.at(layout.TUNING), entry)
    except OSError as error:
        raise BudgetError(f"{error.filename or entry.path}: {error.strerror or error}") from error
    return entry


def recent_changes(project: Project, now: datetime, days: int) -> dict[tuple[str, str], list[float]]:
    """How many days ago something was changed, for changes of the last `days` that still stand.

    By kind and name: ("profile", agent), ("weights", profile).
    """
    found: dict[tuple[str, str], list[float]] = {}
    for entry in history(project):
        age = (now - datetime.fromisoformat(entry.time)).total_seconds() / 86400
        if entry.state == APPLIED and age < days:
            for change in entry.changes:
                name = change["agent"] if change["kind"] == "profile" else change["profile"]
                found.setdefault((change["kind"], name), []).append(max(0.0, age))
    return found


# -- the edit


def _planned(project: Project, changes: Sequence[dict[str, Any]]) -> tuple[Edit, list[dict[str, Any]]]:
    target = f"{project.root}/{profiles.FILE}"
    source, _signature = profiles.find(project.root, project.home)
    before = _read(source) if source else ""
    exists = source != "" and os.path.exists(target)
    settings = profiles.compile(profiles.Text(before.removeprefix(_BOM))) if source else profiles.defaults()
    known = agents.scan(project.root, project.home)
    text = before.removeprefix(_BOM) if source else '{\n  "version": "1.0.0"\n}\n'
    members = []
    for change in changes:
        for path, value in _members(settings, known, change):
            members.append({"path": path, "before": _value_at(text, path), "after": value})
            text = json_edit.set_member(text, path, value)
    if before.startswith(_BOM):
        text = _BOM + text
    _check(text)
    return Edit(target, before if exists else "", text, exists), members


def _members(settings: Profiles, known: agents.Agents, change: dict[str, Any]) -> list[tuple[list[str], Any]]:
    """Which members of the file a change sets, and to what."""
    if change["kind"] == "weights":
        return [
            (["profiles", change["profile"], "scope_weights", scope], change["to"][scope]) for scope in SCOPES
        ]
    if change["to"] not in settings.names():
        raise BudgetError(f"there is no profile {change['to']!r} any more; run memory-budget tune again")
    identity = agents.resolve(change["agent"], settings, known)
    if identity.profile_name != change["from"]:
        raise BudgetError(
            f"{change['agent']} has the profile {identity.profile_name}, not {change['from']} any more; run memory-budget tune again"
        )
    if identity.override_key and "profile" in settings.agents[identity.override_key]:
        return [(["agents", identity.override_key, "profile"], change["to"])]
    return [(["agent_assignments", identity.assignment_key or change["agent"]], change["to"])]


def _value_at(text: str, path: Sequence[str]) -> Any:
    value: Any = json.loads(text)
    for key in path:
        if not isinstance(value, dict) or key not in value:
            return None
        value = value[key]
    return value


def _put_back(text: str, member: dict[str, Any]) -> str:
    bom = _BOM if text.startswith(_BOM) else ""
    text = text.removeprefix(_BOM)
    json_edit.parse(text, profiles.FILE)
    if _value_at(text, member["path"]) == member["after"]:
        if member["before"] is None:
            text = json_edit.remove_member(text, member["path"])
        else:
            text = json_edit.set_member(text, member["path"], member["before"])
    return bom + text


def _check(text: str) -> None:
    try:
        profiles.compile(profiles.Text(text.removeprefix(_BOM)))
    except profiles.ProfilesFileError as error:
        raise BudgetError(
            f"the changed profiles file could not be used{error}; nothing was written"
        ) from error


def _read(path: str) -> str:
    try:
        return read_bytes(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BudgetError(f"{path}: not UTF-8, so it cannot be edited in place") from error
    except OSError as error:
        raise BudgetError(f"{path}: {error.strerror}") from error


def _replace(path: str, expected: str | None, text: str) -> None:
    """Write the file, through a link to where it leads, unless it has changed since it was read."""
    real = os.path.realpath(path)
    found = _read(real) if os.path.exists(real) else None
    if found != expected:
        raise BudgetError(f"{path}: changed meanwhile; nothing was written")
    os.makedirs(os.path.dirname(real), exist_ok=True)
    mode = os.stat(real).st_mode & 0o7777 if found is not None else None
    write_atomic(real, text.encode("utf-8"))
    if mode is not None:
        os.chmod(real, mode)


def _write_record(folder: str, entry: Applied) -> None:
    write_atomic(f"{folder}/{entry.id}.json", orjson.dumps(entry._asdict(), option=orjson.OPT_INDENT_2))
