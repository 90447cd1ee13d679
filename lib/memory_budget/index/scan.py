"""Walks the source folders: which memory files there are, and what was met that could not be used."""

from __future__ import annotations

import os

from memory_budget.index.put_aside import is_aside_file, is_aside_folder
from memory_budget.index.reader import MISSING
from memory_budget.index.sources import AUTO, SIDE_SUFFIX, SourceFile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from memory_budget.base.project import Project
    from memory_budget.index.sources import Sources

#: Folders inside one another that are still walked.
DEEPEST = 100
#: Entries looked at below one source folder: a glob may match a whole disk.
MOST_ENTRIES = 200_000
#: Bytes of the largest file that is memory.
LARGEST = 4_000_000
BAD_NAME = "its name is not UTF-8"
TOO_DEEP = f"more than {DEEPEST} folders inside one another"
TOO_MANY = f"more than {MOST_ENTRIES:,} files below one source: the rest is not read"
TOO_LARGE = "larger than 4 MB: it is not read; cut it into notes"


class Scan:
    """The result of a walk over the sources.

    `files` in path order; `folders`: time of change (ns) of every folder walked, by shown path; `outside`: paths left
    out because they lead out of their root; `unreadable`: paths that could not be used, with the reason, `denied` those of them
    that this user may not read;
    `unscoped`: folders of memory whose Markdown belongs to no scope, with the number of files; `aside`: Markdown files passed
    by because they were put aside.
    """

    __slots__ = (
        "aside",
        "denied",
        "entries",
        "files",
        "folders",
        "outside",
        "owners",
        "unreadable",
        "unscoped",
    )

    def __init__(self) -> None:
        self.owners: set[str] | None = None
        self.files: list[SourceFile] = []
        self.folders: dict[str, int] = {}
        self.outside: list[str] = []
        self.unreadable: list[tuple[str, str]] = []
        self.denied: list[str] = []
        self.unscoped: dict[str, int] = {}
        self.aside = 0
        self.entries = 0

    def refuse(self, path: str, error: OSError) -> None:
        """Note that a path could not be used."""
        self.unreadable.append((path, error.strerror or str(error)))
        if isinstance(error, PermissionError):
            self.denied.append(path)


def scan_sources(project: Project, sources: Sources, owners: Sequence[str] | None = None) -> Scan:
    """Walk every source folder. Links are followed while they stay inside their root, or lead to a folder that the profiles
    allow.

    With `owners` (folder names, as in `owners_of`) the folders of other agents are passed by.
    """
    result = Scan()
    result.owners = None if owners is None else {name.rpartition("/")[2].lower() for name in owners}
    seen: set[str] = set()
    roots = [root for root in sources.roots if not root.startswith(".claude/memory/")]
    if ".claude/memory" not in roots and not any(".claude/memory".startswith(root + "/") for root in roots):
        roots.append(".claude/memory")
    for root in sorted(roots):
        if root.startswith("~/") and not project.home:
            continue
        result.entries = 0
        _Walk(project, sources, fence(project, root, sources), result, seen).folder(root)
        if root not in result.folders and not os.path.lexists(project.locate_file(root)):
            result.folders[root] = MISSING  # noticed when somebody makes it
    result.files.sort(key=lambda file: file.path)
    return result


def scan_folder(project: Project, sources: Sources, shown: str) -> Scan:
    """What lies in one folder below a source folder."""
    result = Scan()
    _Walk(project, sources, fence(project, shown, sources), result, set()).folder(shown)
    return result


class Fence:
    """The real folders that nothing found under a source folder may leave."""

    __slots__ = ("_bases",)

    def __init__(self, bases: Sequence[str]) -> None:
        self._bases = bases

    def holds(self, real: str) -> bool:
        """Whether a real path is inside."""
        return any(real == base or real.startswith(base.rstrip("/") + "/") for base in self._bases)


def fence(project: Project, shown: str, sources: Sources) -> Fence:
    """The fence around what is found at or below a shown path."""
    if sources.auto and (shown == sources.auto or shown.startswith(sources.auto + "/")):
        base = project.auto
    else:
        base = project.home + "/.claude" if shown.startswith("~/") else project.root
    return Fence((os.path.realpath(base), *sources.allowed))


class _Walk:
    """A walk below one source folder."""

    def __init__(self, project: Project, sources: Sources, base: Fence, result: Scan, seen: set[str]) -> None:
        self.project = project
        self.sources = sources
        self.base = base
        self.result = result
        self.seen = seen

    def folder(self, shown: str) -> None:
        result = self.result
        if shown.count("/") > DEEPEST:
            result.unreadable.append((shown, TOO_DEEP))
            return
        folder = self.project.locate_file(shown)
        real = os.path.realpath(folder)
        if real in self.seen:
            return
        self.seen.add(real)
        if not self.base.holds(real):
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
            result.refuse(shown, error)
            return
        result.folders[shown] = mtime
        result.entries += len(entries)
        if result.entries > MOST_ENTRIES:
            result.unreadable.append((shown, TOO_MANY))
            return
        names = {entry.name for entry in entries}
        for entry in entries:
            self._entry(shown, entry, names)

    def _entry(self, shown: str, entry: os.DirEntry[str], names: set[str]) -> None:
        result = self.result
        path = below(shown, entry.name)
        if not is_utf8_name(entry.name):
            result.unreadable.append((path, BAD_NAME))
            return
        try:
            if entry.is_dir():
                if is_aside_folder(entry.name) or _passed_by(self.sources, path, result.owners):
                    return
                self.folder(path)
            elif entry.name.lower().endswith(".md"):
                self._file(shown, path, entry, names)
        except OSError as error:
            result.refuse(path, error)

    def _file(self, shown: str, path: str, entry: os.DirEntry[str], names: set[str]) -> None:
        result = self.result
        place = self.sources.place(path)
        if place is None:
            if is_aside_file(entry.name):
                result.aside += 1
            elif path.startswith(".claude/memory/"):
                result.unscoped[shown] = result.unscoped.get(shown, 0) + 1
            return
        target = entry.path
        if entry.is_symlink():
            target = os.path.realpath(entry.path)
            if not self.base.holds(target):
                result.outside.append(path)
                return
        status = os.stat(target)
        if not is_regular(status.st_mode):
            return
        if status.st_size > LARGEST:
            result.unreadable.append((path, TOO_LARGE))
            return
        side = entry.name[:-3] + SIDE_SUFFIX in names and place.native != AUTO
        side_ns = _time_of(target[:-3] + SIDE_SUFFIX) if side else 0
        result.files.append(SourceFile(path, target, place, status.st_size, status.st_mtime_ns, side_ns))


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


def is_utf8_name(name: str) -> bool:
    """Whether a file's name can be kept and shown: names on disk are bytes."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def below(folder: str, name: str) -> str:
    """The shown path of an entry of a folder; the project itself is ""."""
    return f"{folder}/{name}" if folder else name
