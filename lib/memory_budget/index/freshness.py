"""Whether the memory files an agent may get are as the index knows them: one stat call each, on the hot path."""

from __future__ import annotations

import os

from memory_budget.sources import fence, locate, within

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from memory_budget.index.reader import Group, IndexReader
    from memory_budget.project import Project
    from memory_budget.sources import Found, Sources

#: Files whose time of change is looked at while an agent waits, last changed first.
STAT_LIMIT = 600


class Changes:
    """What differs on disk: `found` new or changed files in view, `masked` ids of files gone or changed, and whether
    the index needs an update (`stale`)."""

    __slots__ = ("found", "masked", "stale")

    def __init__(self) -> None:
        self.found: list[Found] = []
        self.masked: set[int] = set()
        self.stale = False


def changes(
    project: Project, reader: IndexReader, groups: Sequence[Group], sources: Callable[[], Sources]
) -> Changes:
    """Compare the files an agent may get with what the index knows: one stat call a folder and file.

    Folders tell what came and went; files are looked at one by one up to `STAT_LIMIT`, the last changed first.
    """
    result = Changes()
    marks = ",".join("?" * len(groups))
    ids = [group.id for group in groups]
    folders: list[str] = []
    for path, mtime_ns in reader.db.execute(
        f"SELECT path, mtime_ns FROM folders WHERE grp=0 OR grp IN ({marks})", ids
    ):
        try:
            same = os.stat(locate(project, path)).st_mtime_ns == mtime_ns
        except OSError:
            same = False
        if not same:
            folders.append(path)
    missing: set[str] = set()
    for number, path, size, mtime_ns in reader.db.execute(
        f"SELECT id, path, size, mtime_ns FROM files WHERE grp IN ({marks}) ORDER BY mtime_ns DESC LIMIT {STAT_LIMIT}",
        ids,
    ):
        try:
            status = os.stat(locate(project, path))
        except OSError:
            result.masked.add(number)
            missing.add(path)
            continue
        if status.st_size != size or status.st_mtime_ns != mtime_ns:
            result.masked.add(number)
            missing.add(path)
    result.stale = bool(folders or missing)
    if result.stale:
        _look_again(project, reader, groups, sources(), folders, missing, result)
    return result


def _look_again(
    project: Project,
    reader: IndexReader,
    groups: Sequence[Group],
    sources: Sources,
    folders: Iterable[str],
    paths: set[str],
    result: Changes,
) -> None:
    """Find the changed files and those that are new in changed folders, as far as this agent may have them."""
    from memory_budget.sources import Found, Scan, _walk

    owners = {(group.scope, group.owner, group.category, group.native) for group in groups}
    known = {path for (path,) in reader.db.execute("SELECT path FROM folders")}
    candidates = dict.fromkeys(paths)
    for folder in folders:
        try:
            with os.scandir(locate(project, folder)) as entries:
                listed = [(entry.name, entry.is_dir()) for entry in entries]
        except OSError:
            continue
        for name, is_folder in sorted(listed):
            path = folder + "/" + name
            if is_folder:
                if path not in known:
                    below = Scan()
                    _walk(project, sources, path, fence(project, path), below, set())
                    candidates.update(dict.fromkeys(found.path for found in below.files))
            elif name.lower().endswith(".md"):
                candidates.setdefault(path)
    for path in sorted(candidates):
        place = sources.place(path)
        if place is None or (place.scope != "global" and place.key not in owners):
            continue
        row = reader.db.execute("SELECT id, size, mtime_ns FROM files WHERE path=?", (path,)).fetchone()
        try:
            real = os.path.realpath(locate(project, path))
            status = os.stat(real)
        except OSError:
            continue
        if not within(real, fence(project, path)):
            continue
        if (
            row is not None
            and (row[1], row[2]) == (status.st_size, status.st_mtime_ns)
            and row[0] not in result.masked
        ):
            continue
        if row is not None:
            result.masked.add(row[0])
        result.found.append(Found(path, real, place, status.st_size, status.st_mtime_ns))
