"""Rotation of the usage log: a large log gets a name of its own and is compressed, an old one is put away.

    budget-usage.jsonl                             the log that is written
    budget-usage-<first day>-<last day>.jsonl.gz   rotated; readers take it with the log
    memory-budget/old-logs/                        rotated longer ago than the profiles say: kept, no longer read

Nothing is deleted. Records change their file by one rename under the lock that writers take, and writers open the log by
its name each time, so none writes to a rotated one. The compressed copy gets its name when it is whole and on disk; while the
plain file is still beside it, readers pass that over (`usage_log.files`). So a process killed anywhere loses no record
and shows none twice; the next rotation finishes what was begun.
"""

from __future__ import annotations

import gzip
import os
import re
import shutil
import zlib
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from memory_budget.base import layout
from memory_budget.base.errors import BudgetError
from memory_budget.base.files import flush_folder, listing
from memory_budget.base.optional import FileLock
from memory_budget.base.project import Project
from memory_budget.log import usage

if TYPE_CHECKING:
    from collections.abc import Callable

#: A rotated log as it is named here; what others have named is left alone.
_ROTATED = re.compile(r"budget-usage-\d{4}-\d\d-\d\d-(\d{4}-\d\d-\d\d)(?:_\d+)?\.jsonl(?:\.gz)?")


class Rotated(NamedTuple):
    """Paths: of the log that was rotated ("" for none), and of those put away."""

    path: str
    put_away: list[str]


def _nothing(place: str) -> None:
    """Stands where tests break off."""


def rotate(
    project: Project, settings: dict[str, Any], now: float, at: Callable[[str], None] = _nothing
) -> Rotated:
    """Do what the `log` section of the profiles asks for. One process at a time: the caller holds the jobs' lock.

    `at` is called after every place where the state on disk has changed. Raises OSError, BudgetError, and TimeoutError
    when the log is held by another process for 30 s.
    """
    folder = os.path.dirname(project.log)
    fresh = _set_aside(project, int(settings["max_bytes"]), now)
    at("renamed")
    for name in listing(folder):
        if _ROTATED.fullmatch(name) and name.endswith(".jsonl"):
            _compress(f"{folder}/{name}", at)
    put_away = _put_away(project, folder, int(settings["keep_days"]), now, at)
    return Rotated(fresh + ".gz" if fresh else "", put_away)


def _set_aside(project: Project, most: int, now: float) -> str:
    """Rename the log if it has more than `most` bytes. Returns its new path, or ""."""
    try:
        size = os.path.getsize(project.log)
    except FileNotFoundError:
        return ""
    if size <= most:
        return ""
    days = _days(project.log)  # outside the lock: a large log takes a while to read
    with FileLock(project.at(layout.USAGE_LOCK), timeout=usage.LOCK_SECONDS):
        if not days or os.path.getsize(project.log) != size:
            days.append(datetime.fromtimestamp(now).date().isoformat())
        stem = f"{project.log.removesuffix('.jsonl')}-{min(days)}-{max(days)}"
        target = _free([os.path.dirname(stem), project.at(layout.OLD_LOGS)], os.path.basename(stem), ".jsonl")
        os.rename(project.log, target)
    return target


def _days(path: str) -> list[str]:
    """The first and the last day of a log's records, as ISO dates; nothing where no record tells."""
    first = last = ""
    for record in usage.read(path):
        if not isinstance(record, usage.BadLine):
            day = str(record.get("timestamp"))[:10]
            try:
                date.fromisoformat(day)
            except ValueError:
                continue
            first, last = min(first or day, day), max(last, day)
    return [first, last] if first else []


def _free(folders: list[str], stem: str, ending: str) -> str:
    """A path in the first folder whose name is free, compressed or not, in all of them."""
    name, number = stem, 1
    while any(os.path.lexists(f"{folder}/{name}.jsonl{end}") for folder in folders for end in ("", ".gz")):
        number += 1
        name = f"{stem}_{number:02}"
    return f"{folders[0]}/{name}{ending}"


def _compress(path: str, at: Callable[[str], None]) -> None:
    """Put a compressed copy in a file's place; one that is there already was left by a process that was killed."""
    packed = path + ".gz"
    if not os.path.exists(packed):
        temporary = packed + ".tmp"
        with open(path, "rb") as source, open(temporary, "wb") as target:
            with gzip.GzipFile("", "wb", fileobj=target, mtime=0) as pack:
                shutil.copyfileobj(source, pack, 1 << 20)
                at("half compressed")
            target.flush()
            os.fsync(target.fileno())
        at("compressed")
        os.replace(temporary, packed)
        flush_folder(os.path.dirname(packed))
        at("named")
    if not _same(path, packed):
        raise BudgetError(f"{path} and {packed} are not the same; move one of them away")
    os.unlink(path)
    at("done")


def _same(path: str, packed: str) -> bool:
    try:
        with open(path, "rb") as plain, gzip.open(packed, "rb") as unpacked:
            while True:
                block = plain.read(1 << 20)
                if block != unpacked.read(len(block) or 1):
                    return False
                if not block:
                    return True
    except (EOFError, gzip.BadGzipFile, zlib.error):
        return False


def _put_away(
    project: Project, folder: str, keep_days: int, now: float, at: Callable[[str], None]
) -> list[str]:
    """Move rotated logs whose last day is more than `keep_days` ago out of the readers' sight."""
    oldest = (datetime.fromtimestamp(now).date() - timedelta(days=keep_days)).isoformat()
    moved = []
    for name in listing(folder):
        match = _ROTATED.fullmatch(name)
        if match and match[1] < oldest:
            stem, dot, ending = name.partition(".")
            target = _free([project.ensure_cache(layout.OLD_LOGS)], stem, dot + ending)
            os.rename(f"{folder}/{name}", target)
            moved.append(target)
            at("put away")
    return moved
