"""Which files belong to which scope of which agent.

A scope's globs say where its files lie (see `base.globs`); they are relative to the project, or start with `~/`. What an
agent's folder claims is that agent's; other Markdown in a memory folder is everybody's.

An agent's name is never joined to a path: files are found first, by the globs, and carry the folder name that stood
for `<agent>`; an agent then gets the groups whose folder names equal its own. So no name reaches another place. A file
whose real path leaves its root (the project, the home folder's `.claude`, the client's memory folder) belongs to no scope.
"""

from __future__ import annotations

import os

from memory_budget.base import auto_memory, memory_folders
from memory_budget.base.globs import expand_braces, fixed_prefix, path_matches, reaches
from memory_budget.index.put_aside import is_aside_file, is_aside_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from memory_budget.base.project import Project
    from memory_budget.settings.profiles import Profiles

#: The table of the documentation; a profiles file may set its own per scope. The first that fits a file claims it.
DEFAULT_SOURCES: dict[str, tuple[str, ...]] = {
    "agent_recent": (".claude/memory/{specialists,roles,agents}/<agent>/{recent,intermediate}/**/*.md",),
    "agent_patterns": (
        ".claude/memory/{specialists,roles,agents}/<agent>/**/*.md",
        ".claude/agent-memory/<agent>/**/*.md",
        ".claude/agent-memory-local/<agent>/**/*.md",
        "~/.claude/agent-memory/<agent>/**/*.md",
    ),
    "global": tuple(
        f"{folder}/**/*.md"
        for folder in memory_folders.LAYOUTS
        if folder not in (memory_folders.NATIVE_PROJECT, memory_folders.NATIVE_LOCAL)
    ),
}

#: Native agent memory by the folder that holds it: the `memory:` value of the agent's front matter.
NATIVE = {
    ".claude/agent-memory": "project",
    ".claude/agent-memory-local": "local",
    "~/.claude/agent-memory": "user",
}
#: The `native` of the client's own memory of a project.
AUTO = "auto"

#: Of an agent's native memory the client loads this file itself, up to whichever of two limits comes first.
NATIVE_FILE = auto_memory.INDEX_FILE
NATIVE_LINES = 200
NATIVE_CHARACTERS = 25_000

SIDE_SUFFIX = ".metadata.json"


class Placement:
    """The scope and the owner of a memory file.

    `scope`; `owner`: the folder name that stood for `<agent>`, "" in global; `category`: the name of the folder
    above the owner (`specialists`, `roles`, ...); `native`: "user", "project" or "local" for native agent memory, "auto" for
    the client's own memory of the project, else "".
    """

    __slots__ = ("category", "native", "owner", "scope")

    def __init__(self, scope: str, owner: str, category: str, native: str) -> None:
        self.scope = scope
        self.owner = owner
        self.category = category
        self.native = native

    @property
    def key(self) -> tuple[str, str, str, str]:
        return (self.scope, self.owner, self.category, self.native)


class SourceFile:
    """One memory file on disk: shown path, real location, size in bytes, time of change in ns; `side_ns`: that of its
    side file (`<name>.metadata.json`), 0 where there is none."""

    __slots__ = ("mtime_ns", "path", "place", "real", "side_ns", "size")

    def __init__(
        self, path: str, real: str, place: Placement, size: int, mtime_ns: int, side_ns: int = 0
    ) -> None:
        self.path = path
        self.real = real
        self.place = place
        self.size = size
        self.mtime_ns = mtime_ns
        self.side_ns = side_ns

    def loaded_lines(self, text: str) -> int:
        """How many lines of its text the client itself gives to an agent with this native memory."""
        above, _, name = self.path.rpartition("/")
        entry = name == NATIVE_FILE and above.rpartition("/")[0] in NATIVE  # not one in a folder further down
        return loaded_lines(text) if entry else 0


class Sources:
    """The compiled globs of all scopes; `auto`: the folder of the client's own memory as it is shown, "" for none;
    `allowed`: real folders outside the project that links may lead to."""

    __slots__ = ("_patterns", "allowed", "auto", "roots")

    def __init__(
        self,
        globs: Mapping[str, Sequence[str]] | None = None,
        auto: str = "",
        allowed: Sequence[str] = (),
    ) -> None:
        self.auto = auto
        self.allowed = tuple(allowed)
        table = dict(DEFAULT_SOURCES)
        for scope, scope_patterns in (globs or {}).items():
            if scope in table:
                table[scope] = tuple(scope_patterns)
        self._patterns: list[tuple[str, list[str]]] = []
        roots: dict[str, None] = {}
        for scope, scope_globs in table.items():
            for glob in scope_globs:
                for plain in expand_braces(glob):
                    segments = [part for part in plain.split("/") if part not in ("", ".")]
                    if not segments or ".." in segments:
                        continue
                    self._patterns.append((scope, segments))
                    roots.setdefault(fixed_prefix(segments))
        if auto:
            roots.setdefault(auto)
        #: Folders that hold everything the globs can match, as written in the globs, none inside another.
        self.roots: tuple[str, ...] = tuple(
            root
            for root in roots
            if not any(root != other and root.startswith(other + "/") for other in roots)
        )

    def place(self, path: str) -> Placement | None:
        """The place of a file by its path as shown (project-relative, or starting with `~/`); None where it is no memory."""
        names = path.split("/")
        if not names[-1].lower().endswith(".md") or is_aside_file(names[-1]):
            return None
        if self.auto and path.startswith(self.auto + "/"):
            below = path[len(self.auto) + 1 :].split("/")
            aside = any(map(is_aside_folder, below[:-1])) or below == [NATIVE_FILE]
            return None if aside else Placement("global", "", "", AUTO)
        names[-1] = names[-1][:-3] + ".md"  # globs say it in small letters
        for scope, segments in self._patterns:
            owner: list[int] = []
            if path_matches(segments, names, owner):
                prefix = fixed_prefix(segments)
                fixed = prefix.count("/") + 1 if prefix else 0
                if any(map(is_aside_folder, names[fixed:-1])):
                    continue
                if not owner:
                    return Placement(scope, "", "", "")
                return _agents_place(scope, names, owner[-1])
        return None

    def is_agent_folder(self, path: str) -> bool:
        """Whether a folder, by its path as shown, belongs to one agent as a whole: it stands where `<agent>` does."""
        names = path.split("/")
        agent_patterns = [
            segments
            for _, segments in self._patterns
            if len(segments) > len(names)
            and segments[len(names) - 1] == "<agent>"
            and "**" not in segments[: len(names)]
            and reaches(segments, names)
        ]
        if not agent_patterns:
            return False
        # What the agent's globs leave over may be everybody's, unless one of them takes all of it.
        whole = any(segments[len(names) :] == ["**", "*.md"] for segments in agent_patterns)
        return whole or not any(
            reaches(segments, names) for _, segments in self._patterns if segments not in agent_patterns
        )


def sources_of(project: Project, settings: Profiles) -> Sources:
    """The sources that a project's profiles name, with the client's own memory of it."""
    allowed = [os.path.realpath(path) for path in settings.allow_outside(project.home)]
    return Sources(settings.sources(), project.auto_shown, allowed)


def _agents_place(scope: str, names: Sequence[str], at: int) -> Placement:
    """The place of a file in an agent's folder, whose name stands at `at`. In one that is not sorted, a dated name is recent."""
    above = "/".join(names[:at])
    native = NATIVE.get(above, "")
    if scope == "agent_patterns" and not native and "patterns" not in names[at:-1]:
        from memory_budget.text.calendar_dates import find_date

        if find_date(names[-1]):
            scope = "agent_recent"
    return Placement(scope, names[at], "" if native else names[at - 1] if at else "", native)


def loaded_lines(text: str) -> int:
    """How many lines of a MEMORY.md the client loads: 200, or as many whole ones as 25,000 characters hold."""
    if len(text) > NATIVE_CHARACTERS:
        text = text[: max(text.rfind("\n", 0, NATIVE_CHARACTERS) + 1, 1)]
    lines = text.count("\n") + (text != "" and not text.endswith("\n"))
    return min(NATIVE_LINES, lines)
