"""Changes to memory files that can be taken back: moves, and files written new. Nothing is ever deleted or overwritten.

A change is planned as a whole, and the plan is on disk (`journal/<id>.json` in the cache, flushed) before the first
file is touched. What has been done of a plan is read off the files themselves, never off a note about them, so a
process killed anywhere leaves a state from which `undo` (and `recover`, at the next run) leads back.

Every file a plan moves must be as it was when the plan was made (its content's hash), else nothing is done. A file
that changes while it is moved keeps its change: moves keep the file itself, and the plan is taken back and said.
Files that git tracks are moved with `git mv`; nothing is committed.
"""

from __future__ import annotations

import os
import subprocess
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from memory_budget.base import layout
from memory_budget.base.errors import BudgetError
from memory_budget.base.files import flush_folder, listing, read_bytes
from memory_budget.base.memory_folders import MEMORY
from memory_budget.base.optional import orjson
from memory_budget.base.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence


APPLYING, APPLIED, UNDOING, UNDONE, PARTLY = "applying", "applied", "undoing", "undone", "partly undone"


class NotApplied(BudgetError):
    """A change that was not made, or was taken back at once; the message says which file stood in the way."""


class Step(NamedTuple):
    """One file. `source` "" writes `text` as a new file at `target`; else the file moves. `hash` is its content's.

    Paths are relative to the project, with "/"; both lie below `.claude/memory`.
    """

    source: str
    target: str
    hash: str
    text: str = ""


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


def _nothing(place: str) -> None:
    """Stands where tests break off."""


def apply(
    project: Project,
    kind: str,
    title: str,
    steps: Sequence[Step],
    *,
    now: float,
    batch: str = "",
    unchanged: Mapping[str, str] | None = None,
    at: Callable[[str], None] = _nothing,
) -> Entry:
    """Make a change, all of it or nothing. The caller holds the apply lock.

    `unchanged`: hashes of other files that must be as they were (the one kept of several copies). `at` is called after
    every place where the state on disk has changed. Raises NotApplied; then everything is where it was.
    """
    for path, expected in (unchanged or {}).items():
        _check_content(project, path, expected)
    for step in steps:
        _check(project, step)
    entry = Entry(
        _new_id(project, now), batch, now, kind, title, list(steps), _missing_folders(project, steps), APPLYING, []
    )  # fmt: skip
    _write(project, entry)
    at("planned")
    tracked = _tracked(project, [step.source for step in steps if step.source])
    try:
        for folder in entry.folders:
            os.makedirs(_real(project, folder), exist_ok=True)
        at("folders")
        for number, step in enumerate(steps):
            if step.source:
                _move(project, step.source, step.target, use_git=step.source in tracked)
                at(f"moved {number}")
                if content_hash(_real(project, step.target)) != step.hash:
                    raise NotApplied(f"{step.source}: changed while it was moved")
            else:
                _create(project, step, f"{entry.id}.{number}", at)
                at(f"written {number}")
        entry = entry._replace(state=APPLIED)
        _write(project, entry)
    except BaseException as error:
        _take_back(project, entry)
        if isinstance(error, NotApplied) or not isinstance(error, OSError):
            raise
        raise NotApplied(f"{error.filename or title}: {error.strerror or error}") from error
    at("applied")
    return entry


def undo(project: Project, entry: Entry, *, at: Callable[[str], None] = _nothing) -> Entry:
    """Take a change back. The caller holds the apply lock.

    What somebody did since is left alone and named in `problems` (state "partly undone": it can be tried again).
    """
    if entry.state == UNDONE:
        raise BudgetError(f"{entry.id} has been taken back already")
    return _take_back(project, entry, at)


def recover(project: Project) -> list[Entry]:
    """Take back changes that were broken off, and finish what was being taken back. Returns them.

    The caller holds the apply lock, so no entry is at work.
    """
    return [_take_back(project, entry) for entry in entries(project) if entry.state in (APPLYING, UNDOING)]


def entries(project: Project) -> list[Entry]:
    """The journal, oldest first. An entry nobody can read is passed over."""
    found = []
    for name in listing(project.at(layout.JOURNAL)):
        if name.endswith(".json"):
            try:
                found.append(_parse(read_bytes(project.at(layout.JOURNAL, name))))
            except (OSError, ValueError, KeyError, TypeError):
                continue
    return sorted(found, key=lambda entry: (entry.time, entry.id))


def content_hash(path: str) -> str:
    """Hexadecimal hash of a file's content, the same that the index keeps. Raises OSError."""
    state = blake2b(digest_size=16)
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            state.update(block)
    return state.hexdigest()


def text_hash(text: str) -> str:
    return blake2b(text.encode("utf-8"), digest_size=16).hexdigest()


# -- the plan


def _new_id(project: Project, now: float) -> str:
    stamp = datetime.fromtimestamp(now).strftime("%Y%m%d-%H%M%S")
    number = 1
    while os.path.exists(project.at(layout.JOURNAL, f"{stamp}-{number:04}.json")):
        number += 1
    return f"{stamp}-{number:04}"  # ids sort in the order the changes were made


def _write(project: Project, entry: Entry) -> None:
    """Put an entry on disk, for good before this returns."""
    folder = project.ensure_cache(layout.JOURNAL)
    value = entry._asdict()
    value["steps"] = [step._asdict() for step in entry.steps]
    path = f"{folder}/{entry.id}.json"
    temporary = f"{path}.tmp"
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        view = memoryview(orjson.dumps(value, option=orjson.OPT_INDENT_2))
        while view:
            view = view[os.write(handle, view) :]
        os.fsync(handle)
    finally:
        os.close(handle)
    os.replace(temporary, path)
    _flush_folder(folder)


def _parse(data: bytes) -> Entry:
    value = orjson.loads(data)
    value["steps"] = [Step(**step) for step in value["steps"]]
    return Entry(**value)


def _flush_folder(folder: str) -> None:
    try:
        flush_folder(folder)
    except OSError:
        pass  # it is gone, or may not be read


def _missing_folders(project: Project, steps: Sequence[Step]) -> list[str]:
    """Folders that the steps need and that are not there, outer ones first."""
    found: dict[str, None] = {}
    for step in steps:
        parent = step.target.rpartition("/")[0]
        missing = []
        while parent and not os.path.isdir(_real(project, parent)):
            missing.append(parent)
            parent = parent.rpartition("/")[0]
        for folder in reversed(missing):
            found.setdefault(folder)
    return list(found)


def _real(project: Project, path: str) -> str:
    return f"{project.root}/{path}"


def _check(project: Project, step: Step) -> None:
    for path in (step.source, step.target):
        if path:
            _check_place(project, path)
    if step.source:
        _check_content(project, step.source, step.hash)
    if os.path.lexists(_real(project, step.target)):
        raise NotApplied(f"{step.target}: exists already")


def _check_place(project: Project, path: str) -> None:
    """A path must lie below `.claude/memory`, by its names and by where its folders really are."""
    names = path.split("/")
    if not path.startswith(MEMORY + "/") or ".." in names or "" in names or "\0" in path:
        raise NotApplied(f"{path}: not a path below {MEMORY}")
    base = os.path.realpath(project.memory)
    parent = os.path.realpath(os.path.dirname(_real(project, path)))
    if parent != base and not parent.startswith(base + "/"):
        raise NotApplied(f"{path}: leads out of {MEMORY}")


def _check_content(project: Project, path: str, expected: str) -> None:
    real = _real(project, path)
    try:
        if os.path.islink(real) or not os.path.isfile(real):
            raise NotApplied(f"{path}: {'gone' if not os.path.lexists(real) else 'not a plain file'}")
        found = content_hash(real)
    except OSError as error:
        raise NotApplied(f"{path}: {error.strerror}") from error
    if found != expected:
        raise NotApplied(f"{path}: changed since it was looked at")


# -- the steps


def _move(project: Project, source: str, target: str, *, use_git: bool) -> None:
    """Move a file to a place where nothing is. Raises OSError (FileExistsError where something came meanwhile)."""
    if use_git and (_git(project, "mv", "--", source, target) is not None or not _there(project, source)):
        return  # git moves the file first, so it may have done so and failed at its index
    _rename(_real(project, source), _real(project, target))
    _flush_folder(os.path.dirname(_real(project, target)))
    _flush_folder(os.path.dirname(_real(project, source)))


def _there(project: Project, path: str) -> bool:
    return os.path.lexists(_real(project, path))


def _rename(source: str, target: str) -> None:
    """A rename that never replaces a file: a second name first, then the first one goes."""
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if os.path.lexists(target):
            raise FileExistsError(17, "exists already", target) from None
        os.rename(source, target)
        return
    os.unlink(source)


def _create(project: Project, step: Step, name: str, at: Callable[[str], None]) -> None:
    """Write a new file: whole beside its place, then under its name."""
    draft = f"{project.ensure_cache(layout.JOURNAL)}/{name}.draft"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        view = memoryview(step.text.encode("utf-8"))
        while view:
            view = view[os.write(handle, view) :]
        os.fsync(handle)
    finally:
        os.close(handle)
    at("drafted")
    _rename(draft, _real(project, step.target))
    _flush_folder(os.path.dirname(_real(project, step.target)))


def _take_back(project: Project, entry: Entry, at: Callable[[str], None] = _nothing) -> Entry:
    _write(project, entry._replace(state=UNDOING))
    at("undoing")
    tracked = _tracked(project, [step.target for step in entry.steps if step.source])
    problems = []
    for number in reversed(range(len(entry.steps))):
        step = entry.steps[number]
        try:
            problem = (
                _move_back(project, step, use_git=step.target in tracked)
                if step.source
                else _unwrite(project, step, f"{entry.id}.{number}")
            )
        except OSError as error:
            problem = f"{step.target}: {error.strerror or error}"
        if problem:
            problems.append(problem)
        at(f"back {number}")
    for folder in reversed(entry.folders):
        try:
            os.rmdir(_real(project, folder))  # only where it is empty
        except OSError:
            pass
    entry = entry._replace(state=PARTLY if problems else UNDONE, problems=problems)
    _write(project, entry)
    at("undone")
    return entry


def _move_back(project: Project, step: Step, *, use_git: bool) -> str:
    """Bring a moved file back. Returns what stands in the way, "" for nothing."""
    source, target = _real(project, step.source), _real(project, step.target)
    if not os.path.lexists(target):
        return "" if os.path.lexists(source) else f"{step.target}: gone, and so is {step.source}"
    if os.path.lexists(source):
        if os.path.samefile(source, target):
            os.unlink(target)  # broken off between its two names
            return ""
        return f"{step.source}: there is a new file at this place; the old one stays at {step.target}"
    os.makedirs(os.path.dirname(source), exist_ok=True)
    _move(project, step.target, step.source, use_git=use_git)
    return ""


def _unwrite(project: Project, step: Step, name: str) -> str:
    """Take a written file out of memory; it is kept beside the journal."""
    target = _real(project, step.target)
    if not os.path.lexists(target):
        return ""
    if os.path.islink(target) or content_hash(target) != step.hash:
        return f"{step.target}: changed since it was written, so it stays"
    os.replace(target, project.at(layout.JOURNAL, f"{name}.text"))
    return ""


# -- git


def _tracked(project: Project, paths: Iterable[str]) -> set[str]:
    """Those of the paths that git tracks; none where there is no repository, or no git."""
    wanted = list(paths)
    found: set[str] = set()
    if not os.path.exists(project.root + "/.git") and _git(project, "rev-parse", "--git-dir") is None:
        return found
    for start in range(0, len(wanted), 500):
        listed = _git(
            project, "ls-files", "-z", "--", *[f":(literal){path}" for path in wanted[start : start + 500]]
        )
        found.update(name for name in (listed or "").split("\0") if name)
    return found


def _git(project: Project, *arguments: str) -> str | None:
    """The output of a git command in the project's folder, None where it failed. Runs no hook of the repository."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment["GIT_OPTIONAL_LOCKS"] = "0"
    command = ["git", "-C", project.root, "-c", "core.fsmonitor=false", "-c", "core.hooksPath=" + os.devnull]
    try:
        done = subprocess.run(
            [*command, *arguments], env=environment, capture_output=True, stdin=subprocess.DEVNULL, timeout=60
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "surrogateescape") if done.returncode == 0 else None
