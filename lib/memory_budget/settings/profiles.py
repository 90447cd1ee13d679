"""Profiles: how much memory each agent may get, and every other setting a person can edit.

A project's `.claude/memory/budget-profiles.json` (else the user's, else none) is laid key by key over the
shipped defaults. What comes out is a plain JSON document that passed every check; `Profiles` reads it, and
the caller keeps it (`LoadResult.state`) so that the next hook parses nothing while the file stays as it is,
and goes on with the last good version while the file is broken.
"""

from __future__ import annotations

import os

from memory_budget.base import fastjson
from memory_budget.base.errors import BudgetError
from memory_budget.settings.document import AgentSettings as AgentSettings
from memory_budget.settings.document import Profile as Profile
from memory_budget.settings.document import Profiles as Profiles

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    Signature = tuple[str, int, int]

#: Path of the file below a project or the user's home folder.
FILE = ".claude/memory/budget-profiles.json"
DEFAULTS_FILE = (
    __file__.replace("\\", "/").removesuffix("lib/memory_budget/settings/profiles.py")
    + "schemas/default-profiles.json"
)

#: Goes up when a kept state changes its meaning: an older state is not used, and the file is read again.
STATE_VERSION = 1

#: A profiles file is a few kilobytes; anything beyond this is something else.
MOST_BYTES = 1_000_000

NO_FILE: Signature = ("", 0, 0)


class LoadResult:
    """Profiles to work with, whatever state the file is in.

    `signature` and `state` are to be kept for the next `load_profiles`; `problem`: one line on what is wrong with the
    file, or None; `changed`: whether anything was read just now (so a problem is told once); `source_path`:
    the file these settings should come from, "" for the shipped defaults.
    """

    __slots__ = ("changed", "problem", "profiles", "signature", "source_path", "state")

    def __init__(
        self,
        profiles: Profiles,
        signature: Signature,
        problem: str | None,
        changed: bool,
        state: dict[str, Any],
    ) -> None:
        self.profiles = profiles
        self.signature = signature
        self.problem = problem
        self.changed = changed
        self.state = state
        self.source_path = signature[0]

    @property
    def problem_line(self) -> str:
        """What is wrong with the file and what holds until it is put right, a line for a person; "" where nothing is."""
        if not self.problem:
            return ""
        shipped = self.profiles.document == defaults().document
        in_force = "the shipped defaults hold" if shipped else "the last good version holds"
        return f"{self.problem}; until that is put right, {in_force}"


def load_profiles(
    project: str, home: str, cached: tuple[Sequence[Any], Mapping[str, Any]] | None = None
) -> LoadResult:
    """The profiles of a project. `cached` is (signature, state) of an earlier result.

    Nothing is parsed while the file's path, time and size stay as they were. A broken file leaves the cached
    version (else the shipped defaults) at work and is named in `problem`.
    """
    path, signature = find_profiles_file(project, home)
    last_good: Profiles | None = None
    if cached is not None:
        cached_signature, state = cached
        try:
            last_good = from_state(state)
        except ValueError:
            pass
        else:
            if tuple(cached_signature) == signature and state.get("defaults") == _defaults_mark():
                return LoadResult(last_good, signature, state.get("problem"), False, dict(state))
    problem = None
    if not path:
        profiles = defaults()
    else:
        try:
            profiles = compile_profiles(read_profiles_file(path))
        except BudgetError as error:
            mark = "" if str(error).startswith(":") else ": "
            problem = f"{short_path(path, project, home)}{mark}{error}"
            profiles = last_good or defaults()
    return LoadResult(profiles, signature, problem, True, to_state(profiles, problem))


def find_profiles_file(project: str, home: str) -> tuple[str, Signature]:
    """The profiles file that counts here, and its signature (path, mtime in ns, size in bytes); "" where
    there is none.
    """
    for folder in (project, home):
        if folder:
            path = folder + "/" + FILE
            try:
                status = os.stat(path)
            except (FileNotFoundError, NotADirectoryError):
                if os.path.islink(path):
                    return path, (path, 0, 0)  # it leads nowhere: reading it says so
                continue
            except (OSError, ValueError):
                return path, (path, 0, 0)  # it is there and cannot be looked at: reading it says why
            return path, (path, status.st_mtime_ns, status.st_size)
    return "", NO_FILE


class ProfilesFileError(BudgetError):
    """A profiles file that cannot be used; the message goes on after the file's name (`:3:7: ...`)."""


def read_profiles_file(path: str) -> Text:
    """The text of a profiles file. Raises ProfilesFileError."""
    try:
        # A pipe or a device would hold up every agent, so only regular files are opened.
        if os.stat(path).st_mode & 0o170000 != 0o100000:
            raise ProfilesFileError(": expected a regular file, found something else")
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0))
        try:
            data = b""
            while len(data) <= MOST_BYTES:
                block = os.read(descriptor, MOST_BYTES + 1)
                if not block:
                    break
                data += block
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        raise ProfilesFileError(f": cannot be read ({getattr(error, 'strerror', None) or error})") from error
    if len(data) > MOST_BYTES:
        raise ProfilesFileError(f": expected at most {MOST_BYTES} bytes, found more")
    try:
        return Text(fastjson.decode_utf8(data))
    except fastjson.JSONError as error:
        raise ProfilesFileError(f":{error.line}:{error.column}: {error.message}") from error


class Text(str):
    """The text of a profiles file, still to be parsed."""

    __slots__ = ()


def compile_profiles(raw: object, *, base: Profiles | None = None) -> Profiles:
    """Profiles from a parsed document, or from the text of a file, over `base` (the shipped defaults).

    Raises ProfileError for a document; ProfilesFileError, with line and column, for a `Text`.
    """
    from memory_budget.settings.shape import ProfileError
    from memory_budget.settings.validate import compile_document

    base_document = (base or defaults()).document
    if not isinstance(raw, Text):
        return Profiles(compile_document(raw, base_document))
    try:
        return Profiles(compile_document(fastjson.loads(raw), base_document))
    except fastjson.JSONError as error:
        raise ProfilesFileError(
            f":{error.line}:{error.column}: not JSON: {mistake(raw, error)}, found {text_at(raw, error.line, error.column)}"
        ) from error
    except ProfileError as error:
        line, _column = fastjson.locate_pointer(raw, error.pointer)
        raise ProfilesFileError(f":{line}: {error}") from error


def mistake(text: str, error: fastjson.JSONError) -> str:
    """What is wrong with a text that is no JSON, in words for a person."""
    from memory_budget.settings.json_edit import json_mistake

    return json_mistake(text, error.line, error.column, error.message)


def text_at(text: str, line: int, column: int) -> str:
    """The next few characters from a line and column (from 1) of a text, quoted, for a message."""
    lines = text.split("\n")
    rest = lines[line - 1][column - 1 :].strip()
    if rest:
        from memory_budget.base.figures import replace_unprintable

        return f'"{replace_unprintable(rest[:20], "?")}"'
    return "the end of the line" if line < len(lines) else "the end of the file"


def short_path(path: str, project: str, home: str) -> str:
    """A path as people know it: from the project's folder, or from `~`."""
    for folder, prefix in ((project, ""), (home, "~/")):
        if folder and path.startswith(folder.rstrip("/") + "/"):
            return prefix + path[len(folder.rstrip("/")) + 1 :]
    return path


_shipped: Profiles | None = None


def defaults() -> Profiles:
    """The shipped defaults. Raises BudgetError where the plugin's own file is damaged."""
    global _shipped
    if _shipped is None:
        try:
            document = fastjson.loads(read_profiles_file(DEFAULTS_FILE))
        except (BudgetError, ValueError) as error:
            raise BudgetError(f"{DEFAULTS_FILE}{error}; install the plugin again") from error
        if not isinstance(document, dict):
            raise BudgetError(f"{DEFAULTS_FILE}: no JSON object; install the plugin again")
        _shipped = Profiles(document)
    return _shipped


def to_state(profiles: Profiles, problem: str | None = None) -> dict[str, Any]:
    """What to keep of profiles between two processes: plain JSON."""
    return {
        "version": STATE_VERSION,
        "defaults": _defaults_mark(),
        "problem": problem,
        "document": profiles.document,
    }


def from_state(state: Mapping[str, Any]) -> Profiles:
    """Profiles as kept by `to_state`. Raises ValueError where another version of this program kept them."""
    document = state.get("document") if isinstance(state, dict) else None
    if not isinstance(document, dict) or state.get("version") != STATE_VERSION:
        raise ValueError("profiles kept by another version")
    return Profiles(document)


def _defaults_mark() -> list[int]:
    """Time of change (ns) and size of the shipped defaults, so that an update of the plugin reaches cached profiles."""
    try:
        status = os.stat(DEFAULTS_FILE)
    except OSError:
        return [0, 0]
    return [status.st_mtime_ns, status.st_size]
