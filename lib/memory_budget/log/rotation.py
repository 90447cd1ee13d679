"""Rotation of the usage log: renames and compresses a large log, and puts old ones away.

    budget-usage.jsonl                             the log that is written
    budget-usage-<first day>-<last day>.jsonl.gz   rotated: read with the log (`usage.files`)
    memory-budget/old-logs/                        rotated more than `log.keep_days` ago: kept, but not read

Nothing is deleted. The log is renamed under the lock that writers take, and writers open it by its name each time, so
none writes to a rotated one. The compressed copy gets its name when it is whole and on disk; while the plain file is
still beside it, readers skip the plain one. So a process killed at any point loses no record and shows none twice; the
next rotation finishes what that one began.
"""

from __future__ import annotations

import gzip
import os
import shutil
import zlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from memory_budget.base import layout
from memory_budget.base.errors import BudgetError
from memory_budget.base.files import flush_folder, listing, open_fresh, remove
from memory_budget.base.optional import own_lock
from memory_budget.base.project import Project
from memory_budget.log import lines, usage

if TYPE_CHECKING:
    from collections.abc import Callable


class Rotated(NamedTuple):
    """What a rotation did: path of the log rotated now ("" for none), and paths of those put away."""

    path: str
    put_away: list[str]


def _no_break(step: str) -> None:
    """Default of `at`: tests break off there."""


def rotate(
    project: Project, settings: dict[str, Any], now: float, at: Callable[[str], None] = _no_break
) -> Rotated:
    """Do what `settings`, the profiles' `log` section, asks for. The caller holds the jobs' lock.

    `now`: seconds since the epoch; `at` is called after each step that changes the disk. Raises OSError, BudgetError, and
    TimeoutError when another process holds the log for 30 s.
    """
    folder = os.path.dirname(project.log)
    rotated = _rename_large(project, int(settings["max_bytes"]), now)
    at("renamed")
    for name in listing(folder):
        if usage.ROTATED.fullmatch(name) and name.endswith(".jsonl"):
            _compress(f"{folder}/{name}", at)
    put_away = _put_away(project, folder, int(settings["keep_days"]), now, at)
    return Rotated(rotated + ".gz" if rotated else "", put_away)


def _rename_large(project: Project, most: int, now: float) -> str:
    """Rename the log if it has more than `most` bytes. Returns its new path, or ""."""
    try:
        size = os.path.getsize(project.log)
    except FileNotFoundError:
        return ""
    if size <= most:
        return ""
    days = _first_and_last_day(project.log)  # outside the lock: a large log takes a while to read
    with own_lock(project.writable(layout.USAGE_LOCK), usage.LOCK_SECONDS):
        if not days or os.path.getsize(project.log) != size:
            days.append(datetime.fromtimestamp(now).date().isoformat())
        stem = f"{project.log.removesuffix('.jsonl')}-{min(days)}-{max(days)}"
        target = _free_path(
            [os.path.dirname(stem), project.at(layout.OLD_LOGS)], os.path.basename(stem), ".jsonl"
        )
        os.rename(project.log, target)
    return target


def _first_and_last_day(path: str) -> list[str]:
    """First and last day of a log's records as ISO dates, [] where no record has a date."""
    first = last = ""
    for record in usage.read_log(path):
        if not isinstance(record, usage.BadLine) and not lines.record_problem(record):
            day = record["timestamp"][:10]
            first, last = min(first or day, day), max(last, day)
    return [first, last] if first else []


def _free_path(folders: list[str], stem: str, ending: str) -> str:
    """A path in the first folder whose name no file has in any of them, compressed or not."""
    name, number = stem, 1
    while any(os.path.lexists(f"{folder}/{name}.jsonl{end}") for folder in folders for end in ("", ".gz")):
        number += 1
        name = f"{stem}_{number:02}"
    return f"{folders[0]}/{name}{ending}"


def _compress(path: str, at: Callable[[str], None]) -> None:
    """Replace a file by its compressed copy; a copy that is there already is of a process that was killed."""
    packed = path + ".gz"
    if not os.path.exists(packed):
        temporary = packed + ".tmp"
        try:
            with open(path, "rb") as source, os.fdopen(open_fresh(temporary), "wb") as target:
                with gzip.GzipFile("", "wb", fileobj=target, mtime=0) as pack:
                    shutil.copyfileobj(source, pack, 1 << 20)
                    at("half compressed")
                target.flush()
                os.fsync(target.fileno())
        except OSError:
            remove(temporary)  # a full disk needs the room
            raise
        at("compressed")
        os.replace(temporary, packed)
        flush_folder(os.path.dirname(packed))
        at("named")
    if not _same_content(path, packed):
        raise BudgetError(f"{path} and {packed} are not the same; move one of them away")
    os.unlink(path)
    at("done")


def _same_content(path: str, packed: str) -> bool:
    """Whether `packed` holds what `path` holds; False for a damaged archive."""
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
    """Move rotated logs whose last day is more than `keep_days` ago to where they are not read. Returns their paths."""
    oldest = (datetime.fromtimestamp(now).date() - timedelta(days=keep_days)).isoformat()
    moved = []
    for name in listing(folder):
        match = usage.ROTATED.fullmatch(name)
        if match and match[1] < oldest:
            stem, dot, ending = name.partition(".")
            target = _free_path([project.ensure_cache(layout.OLD_LOGS)], stem, dot + ending)
            os.rename(f"{folder}/{name}", target)
            moved.append(target)
            at("put away")
    return moved
