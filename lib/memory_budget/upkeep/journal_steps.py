"""The steps of a change of memory files, done and taken back one by one: moves, edits, and files written new.

Each step acts only on the content that was checked: a file is first renamed to a name that is never read as memory, and checked
there (one that git tracks is moved by `git mv` at once, and checked where it arrives). What somebody saves meanwhile is a new
file at the old place, and stays.
"""

from __future__ import annotations

import os
import subprocess
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple

from memory_budget.base import layout
from memory_budget.base.errors import BudgetError
from memory_budget.base.files import flush_folder, open_fresh, remove, short_hash, write_all
from memory_budget.base.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class NotApplied(BudgetError):
    """A change that was not made, or was taken back at once; the message says which file stood in the way."""


class Step(NamedTuple):
    """One file. `source` "" writes `text` as a new file at `target`; where `source` is `target` the file's text `before`
    becomes `text`; else the file moves. `hash` is that of its content when the plan was made.

    Paths are relative to the project, with "/"; both lie below `.claude/memory`.
    """

    source: str
    target: str
    hash: str
    text: str = ""
    before: str = ""

    @property
    def edits(self) -> bool:
        """Whether it changes a file's text in its place."""
        return self.source == self.target

    @property
    def moves(self) -> bool:
        """Whether it takes a file to another place."""
        return self.source != "" and not self.edits


def content_hash(path: str) -> str:
    """Hexadecimal hash of a file's content, the same that the index keeps. Raises OSError."""
    state = blake2b(digest_size=16)
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            state.update(block)
    return state.hexdigest()


def text_hash(text: str) -> str:
    """The `content_hash` of a file with this text."""
    return short_hash(text, 16)


def no_break(place: str) -> None:
    """The default for `at`, which tests replace to break off at a place."""


def real_path(project: Project, path: str) -> str:
    return f"{project.root}/{path}"


def flush_quietly(folder: str) -> None:
    try:
        flush_folder(folder)
    except OSError:
        pass  # it is gone, or may not be read


def move(project: Project, step: Step, name: str, at: Callable[[str], None], *, use_git: bool) -> None:
    """Move a file to a place where nothing is. Raises OSError (FileExistsError where something came meanwhile)."""
    source, target = step.source, step.target
    if use_git and (_git(project, "mv", "--", source, target) is not None or not _exists(project, source)):
        return  # git moves the file first, so it may have done so and failed at its index
    _move_by_hand(project, source, target, name, step.hash, at)


def _move_by_hand(
    project: Project, source: str, target: str, name: str, expected: str, at: Callable[[str], None] = no_break
) -> None:
    """Rename a file to a temporary name, check its content, and rename it to its new place.

    A save that comes meanwhile makes a new file at the old place, which stays: only checked content moves, and nothing is lost.
    """
    aside = _aside(project, source, name)
    os.rename(real_path(project, source), aside)
    at("aside")
    if expected and content_hash(aside) != expected:
        rename_into_nothing(aside, real_path(project, source))
        raise NotApplied(f"{source}: changed while it was moved")
    rename_into_nothing(aside, real_path(project, target))
    for path in (target, source):
        flush_quietly(os.path.dirname(real_path(project, path)))


def _aside(project: Project, path: str, name: str) -> str:
    """The temporary path of a file between two places: beside its own, under a name that is never read as memory."""
    folder, _, _ = real_path(project, path).rpartition("/")
    return f"{folder}/.memory-budget-{name}"


def edit(
    project: Project, path: str, expected: str, text: str, name: str, at: Callable[[str], None] = no_break
) -> None:
    """Give a file another text, if it is still the one that was looked at; a save that comes meanwhile stays."""
    real = real_path(project, path)
    draft = _draft(project, name, text, os.stat(real).st_mode & 0o7777)
    aside = _aside(project, path, name)
    try:
        os.rename(real, aside)
        at("aside")
        try:
            if content_hash(aside) != expected:
                raise NotApplied(f"{path}: changed since it was looked at")
            rename_into_nothing(draft, real)
        except (OSError, NotApplied):
            if not os.path.lexists(real):
                rename_into_nothing(aside, real)
            raise
    finally:
        remove(draft)  # it is still there where something was raised
    os.unlink(aside)
    flush_quietly(os.path.dirname(real))


def _draft(project: Project, name: str, text: str, mode: int | None = None) -> str:
    """Write a text whole into the journal's folder, from where it is put into its place. `mode`: that of the file it is to
    replace; a new one gets what the umask says."""
    draft = f"{project.ensure_cache(layout.JOURNAL)}/{name}.draft"
    handle = open_fresh(draft, 0o666)
    try:
        if mode is not None:
            os.fchmod(handle, mode)
        write_all(handle, text.encode("utf-8"))
        os.fsync(handle)
    except OSError:
        remove(draft)
        raise
    finally:
        os.close(handle)
    return draft


def _exists(project: Project, path: str) -> bool:
    return os.path.lexists(real_path(project, path))


def rename_into_nothing(source: str, target: str) -> None:
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


def create(project: Project, step: Step, name: str, at: Callable[[str], None]) -> None:
    """Write a new file: whole in the journal's folder, then under its name."""
    draft = _draft(project, name, step.text)
    try:
        at("drafted")
        rename_into_nothing(draft, real_path(project, step.target))
    finally:
        remove(draft)  # it is still there where something was raised
    flush_quietly(os.path.dirname(real_path(project, step.target)))


def move_back(project: Project, step: Step, name: str, *, use_git: bool) -> str:
    """Move a file back. Returns why that is not possible, "" where it is done."""
    source, target = real_path(project, step.source), real_path(project, step.target)
    _restore_aside(project, step.source, name)
    _restore_aside(project, step.target, name)  # an undo was broken off, which moves the other way
    if not os.path.lexists(target):
        return "" if os.path.lexists(source) else f"{step.target}: gone, and so is {step.source}"
    if os.path.lexists(source):
        if os.path.samefile(source, target):
            os.unlink(target)  # broken off between its two names
            return ""
        return f"{step.source}: there is a new file at this place; the old one stays at {step.target}"
    os.makedirs(os.path.dirname(source), exist_ok=True)
    back = Step(step.target, step.source, "")
    move(project, back, name, no_break, use_git=use_git)
    return ""


def _restore_aside(project: Project, path: str, name: str) -> None:
    """Put a file back that was taken aside when its step was broken off, unless another file is there by now."""
    aside, real = _aside(project, path, name), real_path(project, path)
    if os.path.lexists(aside):
        if not os.path.lexists(real):
            rename_into_nothing(aside, real)
        elif os.path.samefile(aside, real):
            os.unlink(aside)


def edit_back(project: Project, step: Step, name: str) -> str:
    """Give an edited file its old text back. Returns why that is not possible, "" where it is done."""
    real = real_path(project, step.target)
    aside = _aside(project, step.target, name)
    if os.path.lexists(aside) and os.path.lexists(real):
        texts = (content_hash(aside), content_hash(real))
        changed = text_hash(step.text)
        if texts[1] == changed or texts == (changed, step.hash):
            os.unlink(aside)  # the edit, or its undo, was broken off after the other text was in its place
    _restore_aside(project, step.target, name)
    if not os.path.lexists(real):
        return ""  # its move is what failed, or it was never there
    actual = content_hash(real)
    if actual == step.hash:
        return ""
    if actual != text_hash(step.text):
        return f"{step.target}: changed since its links were rewritten, so it stays"
    try:
        edit(project, step.target, actual, step.before, name)
    except NotApplied as error:
        return str(error)
    return ""


def unwrite(project: Project, step: Step, name: str) -> str:
    """Take a written file out of memory; it is kept beside the journal."""
    target = real_path(project, step.target)
    if not os.path.lexists(target):
        return ""
    if os.path.islink(target) or content_hash(target) != step.hash:
        return f"{step.target}: changed since it was written, so it stays"
    os.replace(target, project.at(layout.JOURNAL, f"{name}.text"))
    return ""


# -- git


def tracked_by_git(project: Project, paths: Iterable[str]) -> set[str]:
    """The paths among these that git tracks; none where there is no repository, or no git."""
    all_paths = list(paths)
    tracked: set[str] = set()
    if not os.path.exists(project.root + "/.git") and _git(project, "rev-parse", "--git-dir") is None:
        return tracked
    for start in range(0, len(all_paths), 500):
        output = _git(
            project, "ls-files", "-z", "--", *[f":(literal){path}" for path in all_paths[start : start + 500]]
        )
        tracked.update(name for name in (output or "").split("\0") if name)
    return tracked


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
