"""Compares the memory files an agent may get with what the index holds of them: one stat call each, on the hot path."""

from __future__ import annotations

import os

from memory_budget.index.reader import DENIED, MISSING, owners_of
from memory_budget.index.schema import IndexDamaged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Sequence

    from memory_budget.base.project import Project
    from memory_budget.index.reader import Group, IndexReader
    from memory_budget.index.sources import SourceFile, Sources

#: Files whose time of change is looked at while an agent waits, last changed first.
STAT_LIMIT = 250


class Changes:
    """What differs on disk: `files` that are new or changed and in view, `masked` ids of files gone or changed, and whether
    the index needs an update (`stale`)."""

    __slots__ = ("files", "masked", "stale")

    def __init__(self) -> None:
        self.files: list[SourceFile] = []
        self.masked: set[int] = set()
        self.stale = False


def find_changes(
    project: Project,
    reader: IndexReader,
    groups: Sequence[Group],
    sources: Callable[[], Sources],
    names: Sequence[str],
) -> Changes:
    """Compare the files an agent with these folder `names` may get with what the index knows: a stat call for each.

    Folders tell what came and went; files are looked at one by one up to `STAT_LIMIT`, the last changed first. Raises
    IndexDamaged where files are missing in the index.
    """
    result = Changes()
    known, folders, opened = _look_at_folders(project, reader, groups)
    missing: set[str] = set()
    latest: list[tuple[int, int, str, int]] = []
    for group in groups:  # one by one, as the table's index has them: none is sorted that is not looked at
        rows = reader.db.execute(
            "SELECT mtime_ns, id, path, size FROM files WHERE grp=? ORDER BY mtime_ns DESC LIMIT ?",
            (group.id, STAT_LIMIT),
        ).fetchall()
        if len(rows) != min(group.files, STAT_LIMIT):
            raise IndexDamaged("the index has not as many files of a group as were written")
        latest += rows
    if len(latest) > STAT_LIMIT:
        latest.sort(reverse=True)
    for mtime_ns, number, path, size in latest[:STAT_LIMIT]:
        try:
            status = os.stat(project.locate_file(path))
        except OSError:
            result.masked.add(number)
            missing.add(path)
            folder = path.rpartition("/")[0]
            if folder not in known:
                raise IndexDamaged(f"the index has a file of {folder}, which it does not know") from None
            if folder not in folders:
                folders.append(folder)  # it looks as it was, so the file's name may be what is wrong
            continue
        if status.st_size != size or status.st_mtime_ns != mtime_ns:
            result.masked.add(number)
            missing.add(path)
    result.stale = bool(folders or opened or missing)
    if result.stale:
        _find_files(project, reader, names, sources(), folders, [*missing, *opened], result)
    return result


def _look_at_folders(
    project: Project, reader: IndexReader, groups: Sequence[Group]
) -> tuple[set[str], list[str], list[str]]:
    """The folders that the index knows, those of them that changed, and what might not be read so far and may be now."""
    marks = ",".join("?" * len(groups))
    ids = [group.id for group in groups]
    folders: list[str] = []
    opened: list[str] = []
    known: set[str] = set()
    for path, mtime_ns in reader.db.execute(
        f"SELECT path, mtime_ns FROM folders WHERE grp=0 OR grp IN ({marks})", ids
    ):
        if mtime_ns == DENIED:
            if _may_be_read(project.locate_file(path)):
                opened.append(path)
            continue
        try:
            same = os.stat(project.locate_file(path)).st_mtime_ns == mtime_ns
        except OSError:
            same = mtime_ns == MISSING
        known.add(path)
        if not same:
            folders.append(path)
    return known, folders, opened


def _may_be_read(real: str) -> bool:
    """Whether a folder or file that might not be read when the index was made may be now."""
    try:
        os.close(os.open(real, os.O_RDONLY | os.O_NONBLOCK))
    except OSError:
        return False
    return True


def _find_files(
    project: Project,
    reader: IndexReader,
    names: Sequence[str],
    sources: Sources,
    folders: Iterable[str],
    paths: Iterable[str],
    result: Changes,
) -> None:
    """Add the changed files, and the new ones in changed folders, to `result`, as far as this agent may have them. Some of
    `paths` may be folders that are new as a whole."""
    from memory_budget.index.put_aside import is_aside_folder
    from memory_budget.index.scan import LARGEST, below, fence, is_regular, scan_folder
    from memory_budget.index.sources import SourceFile

    known_folders = {
        path for (path,) in reader.db.execute("SELECT path FROM folders WHERE mtime_ns != ?", (DENIED,))
    }
    candidates: dict[str, None] = {}
    for path in paths:
        is_folder = os.path.isdir(project.locate_file(path))
        below_it = [file.path for file in scan_folder(project, sources, path).files] if is_folder else [path]
        candidates.update(dict.fromkeys(below_it))
    for folder in folders:
        for name, is_folder in sorted(_entries(project, reader, folder, result).items()):
            path = below(folder, name)
            if is_folder:
                if path not in known_folders and not is_aside_folder(name):
                    walked = scan_folder(project, sources, path)
                    candidates.update(dict.fromkeys(file.path for file in walked.files))
            elif name.lower().endswith(".md"):
                candidates.setdefault(path)
    for path in sorted(candidates):
        place = sources.place(path)
        if place is None or not owners_of([(0, *place.key)], names):  # the index need not know the group yet
            continue
        row = reader.db.execute("SELECT id, size, mtime_ns FROM files WHERE path=?", (path,)).fetchone()
        try:
            real = os.path.realpath(project.locate_file(path))
            status = os.stat(real)
        except OSError:
            continue
        if not is_regular(status.st_mode) or status.st_size > LARGEST:
            continue
        if not fence(project, path, sources).holds(real):
            continue
        if (
            row is not None
            and (row[1], row[2]) == (status.st_size, status.st_mtime_ns)
            and row[0] not in result.masked
        ):
            continue
        if row is not None:
            result.masked.add(row[0])
        result.files.append(SourceFile(path, real, place, status.st_size, status.st_mtime_ns))


def _entries(project: Project, reader: IndexReader, folder: str, result: Changes) -> dict[str, bool]:
    """The names in a changed folder, and which are folders. Masks the files that it holds no longer."""
    from memory_budget.index.scan import is_utf8_name

    try:
        with os.scandir(project.locate_file(folder)) as entries:
            present = {entry.name: entry.is_dir() for entry in entries if is_utf8_name(entry.name)}
    except OSError:
        _mask_below(reader, folder, None, result)
        return {}
    _mask_below(reader, folder, present, result)
    return present


def _mask_below(reader: IndexReader, folder: str, present: Container[str] | None, result: Changes) -> None:
    """Mask the files that a changed folder holds no longer: those not `present` in it, or all where it is gone (None)."""
    start = folder + "/" if folder else ""
    for number, path in reader.db.execute(
        "SELECT id, path FROM files WHERE path >= ? AND path < ?",
        (start, start[:-1] + "0" if start else "\U0010ffff"),
    ):
        name = path[len(start) :]
        if present is None or ("/" not in name and name not in present):
            result.masked.add(number)
