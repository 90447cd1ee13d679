"""Writes recommended changes into the profiles file, and undoes them.

Only the members that change are edited; order, indentation and line ends of the file stay. The new text is checked before it
is written, as a whole. The project's file is edited; where only the user's file counts, the project gets a copy of it with
the change, so that no project changes another's budgets.

Each change has a record in the cache with the text before and after, `tuning/20261121-120000-3f2a9c.json`:

    {"id": "20261121-120000-3f2a9c", "time": "2026-11-21T12:00:00", "automatic": false,
     "path": ".../.claude/memory/budget-profiles.json", "existed": true, "before": <text>, "after": <text>,
     "members": [{"path": ["agent_assignments", "dbt-expert"], "before": "specialist-narrow", "after": "specialist-broad"}],
     "changes": [<as in recommendations.json>], "state": "applied", "undone": ""}
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
from memory_budget.base.files import listing, read_bytes, short_hash, write_atomic, write_shared
from memory_budget.base.optional import orjson
from memory_budget.base.project import Project
from memory_budget.settings import agents, json_edit, profiles
from memory_budget.settings.names import SCOPES
from memory_budget.settings.profiles import Profiles

APPLIED, UNDONE = "applied", "undone"
_BOM = "\ufeff"


class Edit(NamedTuple):
    """An edit of the profiles file: its path, the text before ("" where there is no file yet) and after."""

    path: str
    before: str
    after: str
    exists: bool

    def diff(self, project: Project) -> str:
        """The edit as `diff -u` shows it, with the path from the project's root."""
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
    """The record of a change. `time` and `undone`: local ISO times; `members`: the path of each edited member, and its value
    before (None where there was none) and after; `state`: `APPLIED` or `UNDONE`."""

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
    """The edit that makes `changes` (as `tuning.recommend` lists them). Raises BudgetError where it cannot be made."""
    edit, _members = _planned(project, changes)
    return edit


def apply_changes(
    project: Project,
    changes: Sequence[dict[str, Any]],
    *,
    automatic: bool = False,
    now: datetime | None = None,
) -> Applied:
    """Write `changes` to the profiles file. Raises BudgetError; then the file is as before."""
    from memory_budget.base.optional import Timeout, own_lock

    now = now or datetime.now()
    folder = project.ensure_cache(layout.TUNING)
    try:
        with own_lock(project.writable(layout.TUNING_LOCK), 10):
            edit, members = _planned(project, changes)
            stamp = now.strftime("%Y%m%d-%H%M%S")
            applied = Applied(
                f"{stamp}-{short_hash(edit.after + stamp, 3)}", now.isoformat(timespec="seconds"), automatic, edit.path,
                edit.exists, edit.before, edit.after, members, list(changes), APPLIED,
            )  # fmt: skip
            # The record is written first: after a kill in between, undo finds the file as before and has nothing to do.
            _write_record(folder, applied)
            _replace_text(edit.path, edit.before if edit.exists else None, edit.after)
    except Timeout as error:
        raise BudgetError("another process is changing the profiles file; try again") from error
    except OSError as error:
        raise BudgetError(f"{error.filename or profiles.FILE}: {error.strerror or error}") from error
    return applied


def history(project: Project) -> list[Applied]:
    """Records of all changes made here, oldest first. Files that are no records are skipped."""
    records = []
    for name in listing(project.at(layout.TUNING)):
        if name.endswith(".json"):
            try:
                record = Applied(**orjson.loads(read_bytes(project.at(layout.TUNING, name))))
                _check_record(record)
            except (OSError, ValueError, TypeError, KeyError, AttributeError):
                continue
            records.append(record)
    return sorted(records, key=lambda record: (record.time, record.id))


def _check_record(record: Applied) -> None:
    """Raise ValueError, TypeError, KeyError or AttributeError where a record has not the form that is written here."""
    texts = (record.id, record.time, record.path, record.before, record.after, record.state, record.undone)
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("a text is missing")
    if datetime.fromisoformat(record.time).tzinfo is not None:
        raise ValueError("a local time was expected")
    for change in record.changes:
        _changed_name(change)
        if not isinstance(change["title"], str):
            raise TypeError("a change without a title")
    for member in record.members:
        if (
            not all(isinstance(key, str) for key in member["path"])
            or not {"before", "after"} <= member.keys()
        ):
            raise TypeError("a member without path or values")


def _changed_name(change: dict[str, Any]) -> str:
    """The agent or profile that a change is about."""
    name = change["agent"] if change["kind"] == "profile" else change["profile"]
    if not isinstance(name, str):
        raise TypeError("a change without a name")
    return name


def undo_profile_change(project: Project, identifier: str = "", *, now: datetime | None = None) -> Applied:
    """Undo the last change, or the one with this id. Raises BudgetError where there is none, or where it cannot be undone.

    A file that is still as the change left it becomes byte for byte what it was. In one that was edited since, only the
    changed members are set back, and only those that still have the value they were given.
    """
    open_ones = [entry for entry in history(project) if entry.state == APPLIED]
    if identifier:
        open_ones = [entry for entry in open_ones if entry.id == identifier]
    if not open_ones:
        raise BudgetError(
            f"{identifier}: no such change" if identifier else "no change of budgets to take back"
        )
    entry = open_ones[-1]
    text = _read_text(entry.path) if os.path.exists(entry.path) else None
    try:
        if text == entry.after:
            if entry.existed:
                _replace_text(entry.path, text, entry.before)
            else:
                os.unlink(entry.path)  # it was made by this change; its text is in the record
        elif text is not None and text != entry.before:
            back = text
            for member in entry.members:
                back = _put_back(back, member)
            _check_profiles(back)
            if back != text:
                _replace_text(entry.path, text, back)
        entry = entry._replace(state=UNDONE, undone=(now or datetime.now()).isoformat(timespec="seconds"))
        _write_record(project.at(layout.TUNING), entry)
    except OSError as error:
        raise BudgetError(f"{error.filename or entry.path}: {error.strerror or error}") from error
    return entry


def recent_changes(project: Project, now: datetime, days: int) -> dict[tuple[str, str], list[float]]:
    """Days since each change of the last `days` that was not undone, by ("profile", agent) or ("weights", profile)."""
    ages_by_name: dict[tuple[str, str], list[float]] = {}
    for entry in history(project):
        age = (now - datetime.fromisoformat(entry.time)).total_seconds() / 86400
        if entry.state == APPLIED and age < days:
            for change in entry.changes:
                ages_by_name.setdefault((change["kind"], _changed_name(change)), []).append(max(0.0, age))
    return ages_by_name


# -- the edit


def _planned(project: Project, changes: Sequence[dict[str, Any]]) -> tuple[Edit, list[dict[str, Any]]]:
    target = f"{project.root}/{profiles.FILE}"
    source, _signature = profiles.find_profiles_file(project.root, project.home)
    before = _read_text(source) if source else ""
    exists = source != "" and os.path.exists(target)
    settings = (
        profiles.compile_profiles(profiles.Text(before.removeprefix(_BOM))) if source else profiles.defaults()
    )
    files = agents.scan_agent_files(project.root, project.home)
    text = before.removeprefix(_BOM) if source else '{\n  "version": "1.0.0"\n}\n'
    members = []
    for change in changes:
        for path, value in _members(settings, files, change):
            members.append({"path": path, "before": _value_at(text, path), "after": value})
            text = json_edit.set_member(text, path, value)
    if before.startswith(_BOM):
        text = _BOM + text
    _check_profiles(text)
    return Edit(target, before if exists else "", text, exists), members


def _members(settings: Profiles, files: agents.Agents, change: dict[str, Any]) -> list[tuple[list[str], Any]]:
    """The members of the file that a change sets, as (path, value)."""
    if change["kind"] == "weights":
        return [
            (["profiles", change["profile"], "scope_weights", scope], change["to"][scope]) for scope in SCOPES
        ]
    if change["to"] not in settings.names():
        raise BudgetError(f"there is no profile {change['to']!r} any more; run memory-budget tune again")
    identity = agents.resolve(change["agent"], settings, files)
    if identity.profile_name != change["from"]:
        raise BudgetError(
            f"{change['agent']} has the profile {identity.profile_name}, not {change['from']} any more; run memory-budget tune again"
        )
    if identity.override_key and "profile" in settings.agents[identity.override_key]:
        return [(["agents", identity.override_key, "profile"], change["to"])]
    return [(["agent_assignments", identity.assignment_key or change["agent"]], change["to"])]


def _value_at(text: str, path: Sequence[str]) -> Any:
    """The value of a member of a JSON text, None where there is none."""
    value: Any = json.loads(text)
    for key in path:
        if not isinstance(value, dict) or key not in value:
            return None
        value = value[key]
    return value


def _put_back(text: str, member: dict[str, Any]) -> str:
    """The text with a member as before its change, where it still has the value that the change gave it."""
    bom = _BOM if text.startswith(_BOM) else ""
    text = text.removeprefix(_BOM)
    json_edit.parse_object(text, profiles.FILE)
    if _value_at(text, member["path"]) == member["after"]:
        if member["before"] is None:
            text = json_edit.remove_member(text, member["path"])
        else:
            text = json_edit.set_member(text, member["path"], member["before"])
    return bom + text


def _check_profiles(text: str) -> None:
    """Raise BudgetError where a text is no profiles file that can be used."""
    try:
        profiles.compile_profiles(profiles.Text(text.removeprefix(_BOM)))
    except profiles.ProfilesFileError as error:
        raise BudgetError(
            f"the changed profiles file could not be used{error}; nothing was written"
        ) from error


def _read_text(path: str) -> str:
    """The text of a file. Raises BudgetError."""
    try:
        return read_bytes(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise BudgetError(f"{path}: not UTF-8, so it cannot be edited in place") from error
    except OSError as error:
        raise BudgetError(f"{path}: {error.strerror}") from error


def _replace_text(path: str, expected: str | None, text: str) -> None:
    """Write a file, through a link to where it leads. Raises BudgetError where its text is not `expected` any more."""
    real = os.path.realpath(path)
    present = _read_text(real) if os.path.exists(real) else None
    if present != expected:
        raise BudgetError(f"{path}: changed meanwhile; nothing was written")
    os.makedirs(os.path.dirname(real), exist_ok=True)
    write_shared(real, text.encode("utf-8"))


def _write_record(folder: str, entry: Applied) -> None:
    write_atomic(f"{folder}/{entry.id}.json", orjson.dumps(entry._asdict(), option=orjson.OPT_INDENT_2))
