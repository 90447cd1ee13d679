"""Which files belong to which scope of which agent.

A scope's globs say where its files lie: `**` any folders, `*` and `?` inside one name, `{a,b}` alternatives, and
`<agent>` the folder that belongs to one agent. Globs are relative to the project, or start with `~/`.

An agent's name is never joined to a path: files are found first, by the globs, and carry the folder name that stood
for `<agent>`; an agent then gets the groups whose folder names equal its own. So no name reaches another place. A file
whose real path leaves its root (the project, or the home folder's `.claude`) belongs to no scope.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from memory_budget.base.project import Project

SCOPES = ("global", "agent_recent", "agent_patterns")

#: The table of the documentation; a profiles file may set its own per scope.
DEFAULT_SOURCES: dict[str, tuple[str, ...]] = {
    "global": (".claude/memory/{patterns,recent,intermediate}/**/*.md",),
    "agent_recent": (".claude/memory/{specialists,roles,agents}/<agent>/{recent,intermediate}/**/*.md",),
    "agent_patterns": (
        ".claude/memory/{specialists,roles,agents}/<agent>/patterns/**/*.md",
        ".claude/agent-memory/<agent>/**/*.md",
        ".claude/agent-memory-local/<agent>/**/*.md",
        "~/.claude/agent-memory/<agent>/**/*.md",
    ),
}

#: Native agent memory by the folder that holds it: the `memory:` value of the agent's front matter.
NATIVE = {
    ".claude/agent-memory": "project",
    ".claude/agent-memory-local": "local",
    "~/.claude/agent-memory": "user",
}

#: Of an agent's native memory the client loads this file itself, up to whichever of two limits comes first.
NATIVE_FILE = "MEMORY.md"
NATIVE_LINES = 200
NATIVE_CHARACTERS = 25_000

SIDE_SUFFIX = ".metadata.json"
ARCHIVE = "archive"
#: Stands for the time of change of a source folder that is not there.
MISSING = -1
#: Folders inside one another that are still walked.
DEEPEST = 100


class Place:
    """Where a file belongs.

    `scope`; `owner`: the folder name that stood for `<agent>`, "" in global; `category`: the name of the folder
    above the owner (`specialists`, `roles`, ...); `native`: "user", "project" or "local" for native agent memory, else "".
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


class Found:
    """One memory file on disk: shown path, real location, size in bytes, time of change in ns; `side_ns`: that of its
    side file (`<name>.metadata.json`), 0 where there is none."""

    __slots__ = ("mtime_ns", "path", "place", "real", "side_ns", "size")

    def __init__(
        self, path: str, real: str, place: Place, size: int, mtime_ns: int, side_ns: int = 0
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
    """The compiled globs of all scopes."""

    __slots__ = ("_patterns", "roots")

    def __init__(self, globs: Mapping[str, Sequence[str]] | None = None) -> None:
        table = dict(DEFAULT_SOURCES)
        for scope, own in (globs or {}).items():
            if scope in table:
                table[scope] = tuple(own)
        self._patterns: list[tuple[str, list[str]]] = []
        roots: dict[str, None] = {}
        for scope, scope_globs in table.items():
            for glob in scope_globs:
                for plain in expand_braces(glob):
                    segments = [part for part in plain.split("/") if part not in ("", ".")]
                    if not segments or ".." in segments:
                        continue
                    self._patterns.append((scope, segments))
                    roots.setdefault(_fixed_prefix(segments))
        #: Folders that hold everything the globs can match, as written in the globs, none inside another.
        self.roots: tuple[str, ...] = tuple(
            root
            for root in roots
            if not any(root != other and root.startswith(other + "/") for other in roots)
        )

    def place(self, path: str) -> Place | None:
        """The place of a file by its path as shown (project-relative, or starting with `~/`)."""
        names = path.split("/")
        if ARCHIVE in names[:-1] or not names[-1].lower().endswith(".md"):
            return None
        for scope, segments in self._patterns:
            owner: list[int] = []
            if _matches(segments, names, owner):
                if not owner:
                    return Place(scope, "", "", "")
                at = owner[-1]
                above = "/".join(names[:at])
                native = NATIVE.get(above, "")
                return Place(scope, names[at], "" if native else names[at - 1] if at else "", native)
        return None

    def is_agent_folder(self, path: str) -> bool:
        """Whether a folder, by its path as shown, belongs to one agent as a whole: it stands where `<agent>` does."""
        names = path.split("/")
        reaching = [segments for _, segments in self._patterns if _reaches(segments, names)]
        return bool(reaching) and all(
            len(segments) > len(names)
            and segments[len(names) - 1] == "<agent>"
            and "**" not in segments[: len(names)]
            for segments in reaching
        )


def _reaches(segments: Sequence[str], names: Sequence[str]) -> bool:
    """Whether a glob can match a file somewhere below a folder."""
    for segment, name in zip(segments, names, strict=False):
        if segment == "**":
            return True
        if segment != "<agent>" and not name_matches(segment, name):
            return False
    return len(segments) > len(names)


def expand_braces(glob: str) -> list[str]:
    """`a{b,c}d` -> `abd`, `acd`; nested braces too; an unclosed brace stands for itself."""
    depth = 0
    start = -1
    for at, sign in enumerate(glob):
        if sign == "{":
            if depth == 0:
                start = at
                parts = []
                last = at + 1
            depth += 1
        elif depth and sign == "," and depth == 1:
            parts.append(glob[last:at])
            last = at + 1
        elif depth and sign == "}":
            depth -= 1
            if depth == 0:
                parts.append(glob[last:at])
                rest = expand_braces(glob[at + 1 :])
                return [
                    glob[:start] + middle + tail
                    for part in parts
                    for middle in expand_braces(part)
                    for tail in rest
                ]
    return [glob]


def _fixed_prefix(segments: Sequence[str]) -> str:
    """The leading folders of a glob that hold no pattern."""
    fixed = []
    for segment in segments[:-1]:
        if segment == "<agent>" or "*" in segment or "?" in segment:
            break
        fixed.append(segment)
    return "/".join(fixed)


def _matches(segments: Sequence[str], names: Sequence[str], owner: list[int]) -> bool:
    """Whether a glob's segments fit a path's names; `owner` gets the place of the name that stands for `<agent>`.

    After a `**` only the last choice is ever taken back, so the time is bounded by the product of the lengths.
    """
    s = n = 0
    retry = (-1, 0, 0)  # the last `**`, the name it has taken up to, and the owners found before it
    while n < len(names):
        segment = segments[s] if s < len(segments) else ""
        if segment == "**":
            s += 1
            if s == len(segments):
                return True
            retry = (s, n, len(owner))
        elif segment == "<agent>" and n + 1 < len(names):
            owner.append(n)
            s += 1
            n += 1
        elif segment not in ("", "<agent>") and name_matches(segment, names[n]):
            s += 1
            n += 1
        elif retry[0] >= 0:
            retry = (retry[0], retry[1] + 1, retry[2])
            s, n = retry[:2]
            del owner[retry[2] :]
        else:
            return False
    return s == len(segments)


def loaded_lines(text: str) -> int:
    """How many lines of a MEMORY.md the client loads: 200, or as many whole ones as 25,000 characters hold."""
    if len(text) > NATIVE_CHARACTERS:
        text = text[: max(text.rfind("\n", 0, NATIVE_CHARACTERS) + 1, 1)]
    lines = text.count("\n") + (text != "" and not text.endswith("\n"))
    return min(NATIVE_LINES, lines)


def name_matches(pattern: str, name: str) -> bool:
    """`*` and `?` inside one name, in linear time: after a `*` only the last choice is ever taken back."""
    if (
        "*" not in pattern and "?" not in pattern
    ):  # nearly every folder, and a scan looks at each of every file
        return pattern == name
    p = n = 0
    star = -1
    mark = 0
    while n < len(name):
        if p < len(pattern) and pattern[p] == "*":
            star, mark = p, n
            p += 1
        elif p < len(pattern) and (pattern[p] == "?" or pattern[p] == name[n]):
            p += 1
            n += 1
        elif star >= 0:
            mark += 1
            p, n = star + 1, mark
        else:
            return False
    while p < len(pattern) and pattern[p] == "*":
        p += 1
    return p == len(pattern)


def locate(project: Project, path: str) -> str:
    """The location on disk of a path as shown."""
    if path.startswith("~/"):
        return project.home + path[1:]
    return project.root + "/" + path


class Scan:
    """What a walk over the sources found.

    `files` in path order; `folders`: time of change (ns) of every folder walked, by shown path; `outside`: paths left
    out because they lead out of their root; `unreadable`: folders that could not be listed, with the reason;
    `unscoped`: folders under `.claude/memory` whose Markdown belongs to no scope, with the number of files.
    """

    __slots__ = ("files", "folders", "outside", "owners", "unreadable", "unscoped")

    def __init__(self) -> None:
        self.owners: set[str] | None = None
        self.files: list[Found] = []
        self.folders: dict[str, int] = {}
        self.outside: list[str] = []
        self.unreadable: list[tuple[str, str]] = []
        self.unscoped: dict[str, int] = {}


def scan(project: Project, sources: Sources, owners: Sequence[str] | None = None) -> Scan:
    """Walk every source folder. Links are followed only while they stay inside their root.

    With `owners` (folder names, as in `owners_of`) the folders of other agents are passed by.
    """
    result = Scan()
    result.owners = None if owners is None else {name.rpartition("/")[2].lower() for name in owners}
    seen: set[str] = set()
    roots = list(sources.roots)
    if not any(root == ".claude/memory" or root.startswith(".claude/memory/") for root in roots):
        roots.append(".claude/memory")
    else:
        roots = [root for root in roots if not root.startswith(".claude/memory/")]
        if ".claude/memory" not in roots:
            roots.append(".claude/memory")
    for root in sorted(roots):
        if root.startswith("~/") and not project.home:
            continue
        _walk(project, sources, root, fence(project, root), result, seen)
        if root not in result.folders and not os.path.lexists(locate(project, root)):
            result.folders[root] = MISSING  # noticed when somebody makes it
    result.files.sort(key=lambda found: found.path)
    return result


def fence(project: Project, root: str) -> str:
    """The real folder that nothing found under `root` may leave."""
    base = project.home + "/.claude" if root.startswith("~/") else project.root
    return os.path.realpath(base)


def within(real: str, base: str) -> bool:
    """Whether a real path is `base` or below it."""
    return real == base or real.startswith(base.rstrip("/") + "/")


def _walk(project: Project, sources: Sources, shown: str, base: str, result: Scan, seen: set[str]) -> None:
    if shown.count("/") > DEEPEST:
        result.unreadable.append((shown, f"more than {DEEPEST} folders inside one another"))
        return
    folder = locate(project, shown)
    real = os.path.realpath(folder)
    if real in seen:
        return
    seen.add(real)
    if not within(real, base):
        if os.path.isdir(real):
            result.outside.append(shown)
        return
    try:
        mtime = os.stat(folder).st_mtime_ns
        with os.scandir(folder) as listing:
            entries = sorted(listing, key=lambda entry: entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        result.unreadable.append((shown, error.strerror or str(error)))
        return
    result.folders[shown] = mtime
    names = {entry.name for entry in entries}
    for entry in entries:
        path = below(shown, entry.name)
        if not is_text(entry.name):
            result.unreadable.append((path, "its name is not UTF-8"))
            continue
        try:
            if entry.is_dir():
                if (
                    entry.name != ARCHIVE
                    and entry.name != ".git"
                    and not _passed_by(sources, path, result.owners)
                ):
                    _walk(project, sources, path, base, result, seen)
                continue
            if not entry.name.lower().endswith(".md"):
                continue
            place = sources.place(path)
            if place is None:
                if path.startswith(".claude/memory/"):
                    result.unscoped[shown] = result.unscoped.get(shown, 0) + 1
                continue
            target = entry.path
            if entry.is_symlink():
                target = os.path.realpath(entry.path)
                if not within(target, base):
                    result.outside.append(path)
                    continue
            status = os.stat(target)
            if is_regular(status.st_mode):
                side_ns = _time_of(target[:-3] + SIDE_SUFFIX) if entry.name[:-3] + SIDE_SUFFIX in names else 0
                result.files.append(Found(path, target, place, status.st_size, status.st_mtime_ns, side_ns))
        except OSError as error:
            result.unreadable.append((path, error.strerror or str(error)))


def _passed_by(sources: Sources, path: str, owners: set[str] | None) -> bool:
    return (
        owners is not None and path.rpartition("/")[2].lower() not in owners and sources.is_agent_folder(path)
    )


def _time_of(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


def is_regular(mode: int) -> bool:
    """Whether a mode is a regular file's: opening a pipe would wait for somebody to write."""
    return mode & 0o170000 == 0o100000


def is_text(name: str) -> bool:
    """Whether a file's name can be kept and shown: names on disk are bytes."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def below(folder: str, name: str) -> str:
    """The shown path of an entry of a folder; the project itself is ""."""
    return f"{folder}/{name}" if folder else name


def owners_of(groups: Iterable[tuple[int, str, str, str, str]], names: Sequence[str]) -> list[int]:
    """The groups an agent gets: all that is global, and those owned by one of its folder names.

    `groups` yields (id, scope, owner, category, native); a name is `owner` (in any category), or `category/owner`.
    Case does not matter, and a name that no folder has finds nothing.
    """
    wanted = {name.lower() for name in names}
    chosen = []
    for group, scope, owner, category, _native in groups:
        low = owner.lower()
        if scope == "global" or low in wanted or f"{category.lower()}/{low}" in wanted:
            chosen.append(group)
    return chosen
