"""What a line of a usage log is: a record, or what keeps it from being one.

The same for all that read logs of any origin: the report, the tuner and the export. One line that cannot be right must not
spoil what the others say, so a name must be there, a time must lie in `YEARS`, and tokens must be from 0 to `MOST`.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from memory_budget.base.optional import orjson
from memory_budget.log import usage
from memory_budget.log.usage import BadLine

#: What a figure can be: from 0 to this. More could not be added up.
MOST = 1_000_000_000_000
#: When a run can have ended: the years from the first to before the second.
YEARS = (2000, 2100)
#: What reading a file may end with: a disk's error, a cut-off or damaged archive.
BROKEN = (OSError, EOFError, ValueError, zlib.error)


def problem(line: bytes) -> str | None:
    """What keeps a line from being a record: None for nothing, "" for a blank line."""
    found = record(line)
    return found if isinstance(found, str) else None


def record(line: bytes) -> dict[str, Any] | str:
    """The record that a line holds, or what keeps it from being one ("" for a blank line)."""
    if not line.strip():
        return ""
    try:
        value = orjson.loads(line)
    except ValueError:
        if not line.endswith(b"\n"):
            return "cut off: the line has no end"
        return f"not JSON: {line[:60].decode('utf-8', 'replace').strip()!r}"
    if not isinstance(value, dict):
        return f"not a usage record but {type(value).__name__}"
    if not isinstance(value.get("agent"), str) or not value["agent"]:
        return "not a usage record: no agent"
    try:
        year = datetime.fromisoformat(str(value.get("timestamp"))[:19]).year
    except ValueError:
        return "not a usage record: no time"
    if not YEARS[0] <= year < YEARS[1]:
        return f"not a usage record: a time in the year {year}"
    for key in ("budget_allocated", "tokens_loaded"):
        number = value.get(key)
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            return f"not a usage record: no {key}"
        if not is_figure(number):
            return f"not a usage record: {key} is {number:g}"
    return value


def is_figure(value: object) -> bool:
    """Whether a record's value can be a number of tokens, seconds or requests."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= MOST


def name_broken(path: str, count: int, most: int) -> list[BadLine] | None:
    """The first `most` of `count` bad lines by a look at how lines end; None where that does not find all of them."""
    named: list[BadLine] = []
    found = 0
    try:
        for number, line in lines(path):
            if not line.endswith(b"}\n") and (reason := problem(line)):
                found += 1
                if found <= most:
                    named.append(BadLine(path, number, reason))
    except BROKEN:
        return None
    return named if found == count else None


def name_at(path: str, places: Sequence[int]) -> Iterator[BadLine]:
    """The lines at `places`, counted from 0 without blank ones, and what is wrong with each; line 0 for where it breaks off."""
    wanted = set(places)
    place = -1
    try:
        for number, line in lines(path):
            if not line.strip():
                continue
            place += 1
            if place in wanted:
                yield BadLine(path, number, problem(line) or "not a usage record: a field has another type")
                wanted.discard(place)
                if not wanted:
                    return
    except BROKEN as error:
        yield no_further(path, error)


def no_further(path: str, error: Exception) -> BadLine:
    """What stands for the rest of a file that broke off with one of `BROKEN`."""
    return BadLine(path, 0, f"cannot be read further: {getattr(error, 'strerror', None) or error}")


def lines(path: str) -> Iterator[tuple[int, bytes]]:
    """Numbered lines of a plain, gzip or zstd file."""
    with usage.open_file(path) as file:
        yield from enumerate(file, 1)


def read_through(path: str) -> None:
    """Raise one of `BROKEN` where a compressed file cannot be read to its end."""
    with usage.open_file(path) as file:
        while file.read(1 << 20):
            pass
