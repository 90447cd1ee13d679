"""The usage log: one JSON object per line, one line per run of an agent.

Appended under a lock, each line in one write. A line that a crash or a full disk left without an end is closed first,
so it can never swallow the next one; readers name such lines and go on.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson
from filelock import FileLock

from memory_budget import fastjson
from memory_budget.project import Project

LOCK_SECONDS = 30.0


class BadLine(NamedTuple):
    """A line that is no record: where it stands (from 1) and what is wrong with it."""

    path: str
    number: int
    problem: str

    def __str__(self) -> str:
        return f"{self.path}:{self.number}: {self.problem}"


def append(project: Project, record: dict[str, Any]) -> None:
    """Add one record. Raises OSError, and filelock.Timeout (a TimeoutError) when another writer holds the log for 30 s."""
    project.ensure_cache()
    line = _line(record)
    with FileLock(project.cache + "/usage.lock", timeout=LOCK_SECONDS):
        handle = os.open(project.log, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            if not _ends_whole(handle):
                line = b"\n" + line
            view = memoryview(line)
            while view:
                view = view[os.write(handle, view) :]
        finally:
            os.close(handle)


def _line(record: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(record, default=str) + b"\n"
    except TypeError:  # half an emoji in the task, or a number past 64 bits
        return fastjson.dumps(record, replace_surrogates=True).encode() + b"\n"


def _ends_whole(handle: int) -> bool:
    """Whether the file is empty or its last line has its end."""
    size = os.fstat(handle).st_size
    return size == 0 or os.pread(handle, 1, size - 1) == b"\n"


def read(path: str) -> Iterator[dict[str, Any] | BadLine]:
    """The records of one log file in order, and the lines that are none. Raises OSError."""
    with open(path, "rb") as file:
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
                yield value
            else:
                yield BadLine(path, number, f"not a usage record but {type(value).__name__}")
