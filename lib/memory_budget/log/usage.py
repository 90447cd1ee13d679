"""The usage log: one JSON object per line, one line per run of an agent.

Appended under a lock, each line in one write. A line that a crash or a full disk left without an end is closed first,
so it can never swallow the next one; readers name such lines and go on.

The log is rotated (`rotation`): `read_log` reads one file, `read_all` the log with its rotated parts.

    budget-usage.jsonl                                  the log that is written
    budget-usage-2026-11-01-2026-11-30.jsonl.gz         rotated: its first and last day, compressed
    budget-usage-2026-11-01-2026-11-30_02.jsonl         another one of these days, not compressed yet

Other files beside it, such as `budget-usage.jsonl.bak` or `budget-usage-copy.jsonl`, are no part of it.
"""

from __future__ import annotations

import gzip
import os
import re
import zlib
from collections.abc import Iterator
from typing import IO, Any, NamedTuple

from memory_budget.base import fastjson, layout
from memory_budget.base.files import listing, open_own, write_all
from memory_budget.base.optional import FileLock, orjson, own_lock
from memory_budget.base.project import Project

#: What `.claude/cache/.gitignore` says when the log is new.
_IGNORED = b"# The log holds task descriptions and session ids. To keep it in git, take the next line out.\nbudget-usage*.jsonl*\n"
LOCK_SECONDS = 30.0
#: A rotated log as `rotation` names it: budget-usage-2026-10-01-2026-10-31.jsonl.gz, with _02 for a second one of these days.
ROTATED = re.compile(r"budget-usage-\d{4}-\d\d-\d\d-(\d{4}-\d\d-\d\d)(?:_\d+)?\.jsonl(?:\.gz|\.zst)?")


class BadLine(NamedTuple):
    """A line that is no record: where it stands (from 1) and what is wrong with it."""

    path: str
    number: int
    problem: str

    def __str__(self) -> str:
        return f"{self.path}:{self.number}: {self.problem}"


def append(project: Project, record: dict[str, Any]) -> None:
    """Add one record. Raises OSError, and filelock.Timeout (a TimeoutError) when another writer holds the log for 30 s."""
    with _lock(project):
        _append(project, record)


def append_once(project: Project, record: dict[str, Any], source: str, recording: str) -> bool | None:
    """Add the record of the run that the file `source` stands for. Returns True when it is added, False when the log holds
    it already, None when the file is gone, so that another process wrote it.

    The file gets the name `recording` before the record is written and keeps it: a process that finds that name later, after a
    crash or on a full disk, asks the log first. The caller removes it. Raises as `append`.
    """
    with _lock(project):
        begun = os.path.exists(recording)
        if not begun:
            try:
                os.rename(source, recording)
            except FileNotFoundError:
                return None
        elif _holds(project, record):
            return False
        _append(project, record)
    return True


def _lock(project: Project) -> FileLock:
    return own_lock(project.writable(layout.USAGE_LOCK), LOCK_SECONDS)


def _append(project: Project, record: dict[str, Any]) -> None:
    """Add one line, whole and on disk, or leave the log as it was."""
    line = _line(record)
    if not os.path.exists(project.log):
        _ignore_for_git(project)
    handle = open_own(project.log, os.O_RDWR | os.O_APPEND)
    try:
        size = os.fstat(handle).st_size
        if not _ends_whole(handle):
            line = b"\n" + line
        try:
            write_all(handle, line)
            os.fsync(handle)
        except OSError:
            os.ftruncate(handle, size)
            raise
    finally:
        os.close(handle)


def _ignore_for_git(project: Project) -> None:
    """Keep a new log out of git, unless the person has said something else there: a file that is there stays as it is."""
    try:
        handle = os.open(
            os.path.dirname(project.log) + "/.gitignore", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644
        )
    except OSError:
        return
    try:
        os.write(handle, _IGNORED)
    finally:
        os.close(handle)


def _holds(project: Project, record: dict[str, Any]) -> bool:
    """Whether the log or one of its rotated parts has the record of this run."""
    return any(
        not isinstance(line, BadLine)
        and all(line.get(key) == record.get(key) for key in ("allocation_id", "agent_id", "session_id"))
        for line in read_all(project)
    )


def _line(record: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(record, default=str) + b"\n"
    except TypeError:  # half an emoji in the task, or a number past 64 bits
        return fastjson.dumps(record, replace_surrogates=True).encode() + b"\n"


def _ends_whole(handle: int) -> bool:
    """Whether the file is empty or its last line has its end."""
    size = os.fstat(handle).st_size
    return size == 0 or os.pread(handle, 1, size - 1) == b"\n"


def read_log(path: str) -> Iterator[dict[str, Any] | BadLine]:
    """The records of one log file in order, and the lines that are none. Raises OSError."""
    with open_file(path) as file:
        yield from _records(path, file)


def read_all(project: Project) -> Iterator[dict[str, Any] | BadLine]:
    """As `read_log`, of the log and all its rotated parts: each record once, also if the log is rotated meanwhile.

    A record that is in the log twice, byte for byte, comes once. A part that cannot be read to its end is named as a bad
    line 0.
    """
    seen: set[int] = set()
    for path, file in _open_all(project):
        if isinstance(file, Exception):
            yield BadLine(path, 0, f"cannot be read: {getattr(file, 'strerror', None) or file}")
            continue
        with file:
            try:
                yield from _records(path, file, seen)
            except (OSError, EOFError, zlib.error) as error:
                yield BadLine(path, 0, f"cannot be read further: {getattr(error, 'strerror', None) or error}")


def files(project: Project) -> list[str]:
    """The project's usage log with its rotated and compressed parts, oldest name first, the current one last. Copies and
    backups that lie beside it (`budget-usage.jsonl.bak`) are no logs.

    A plain file with its compressed copy beside it is left out: that is a rotation which is still going on.
    """
    folder, name = os.path.split(project.log)
    rotated = [entry for entry in listing(folder) if ROTATED.fullmatch(entry)]
    packed = {entry.removesuffix(".gz") for entry in rotated if entry.endswith(".gz")}
    paths = [f"{folder}/{entry}" for entry in rotated if entry not in packed]
    return [path for path in [*paths, f"{folder}/{name}"] if os.path.isfile(path)]


def standing(project: Project) -> object:
    """Which files make up the log: equal before and after a reading during which nothing was rotated."""
    try:
        current = os.stat(project.log).st_ino
    except OSError:
        current = 0
    return files(project), current


def open_file(path: str) -> IO[bytes]:
    """A log as it was before it was compressed. Raises OSError, and ValueError for zstd before Python 3.14."""
    if path.endswith(".gz"):
        return gzip.open(path, "rb")  # type: ignore[return-value]
    if path.endswith(".zst"):
        try:
            from compression import zstd  # type: ignore[import-not-found, unused-ignore]
        except ImportError as error:  # before Python 3.14
            raise ValueError("this Python cannot read zstd line by line") from error
        return zstd.open(path, "rb")  # type: ignore[no-any-return, unused-ignore]
    return open(path, "rb")


def _open_all(project: Project) -> list[tuple[str, IO[bytes] | Exception]]:
    """Every part, open (or why it is not): what is renamed or compressed from now on is read as it is now."""
    while True:
        before = standing(project)
        opened = [(path, _opened(path)) for path in files(project)]
        if standing(project) == before:
            return opened
        for _, file in opened:
            if not isinstance(file, Exception):
                file.close()


def _opened(path: str) -> IO[bytes] | Exception:
    try:
        return open_file(path)
    except (OSError, ValueError) as error:
        return error


def _records(path: str, file: IO[bytes], seen: set[int] | None = None) -> Iterator[dict[str, Any] | BadLine]:
    """The records and bad lines of an open log. With `seen`, hashes of records read before, those are left out."""
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        try:
            value = orjson.loads(line)
        except ValueError:
            if not line.endswith(b"\n"):
                yield BadLine(path, number, "cut off: the line has no end")
            else:
                yield BadLine(path, number, f"not JSON: {line[:60].decode('utf-8', 'replace').strip()!r}")
            continue
        if isinstance(value, dict) and isinstance(value.get("agent"), str):
            if seen is not None:
                mark = hash(line.strip())
                if mark in seen:
                    continue
                seen.add(mark)
            yield value
        else:
            yield BadLine(path, number, f"not a usage record but {type(value).__name__}")
