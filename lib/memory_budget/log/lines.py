"""What a line of a usage log is: a record, or the reason why it is none.

All that read logs of any origin use this: the report, the tuner and the export. A record is a JSON
object with at least a name, a time and two figures; a line like this one counts:

    {"agent": "dbt-expert", "timestamp": "2026-11-20T10:00:00.000000", "budget_allocated": 20000, "tokens_loaded": 9120}

One line that cannot be right must not spoil what the others say, so the time must lie in `YEARS` and tokens must be from
0 to `MOST`.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeGuard

from memory_budget.base.optional import orjson
from memory_budget.log import usage
from memory_budget.log.usage import BadLine

#: The largest figure of a record. Larger ones could not be added up.
MOST = 1_000_000_000_000
#: The first schema_version in which demand means what it does now (`run/record`); before, it was several times as much.
DEMAND_SINCE = 2
#: Years in which a run can have ended: from the first to before the second.
YEARS = (2000, 2100)
_DAY, _MINUTE = "[0-9]{4}-[0-9]{2}-[0-9]{2}", "[0-9]{2}:[0-9]{2}"
#: How a record's time starts: day and second (whatever follows), day and minute, or a day alone. For Python and DuckDB.
TIME = f"^(?:({_DAY}[T ]{_MINUTE}:[0-9]{{2}})|({_DAY}[T ]{_MINUTE})(?:[Z+-]|$)|({_DAY})$)"
_TIME = re.compile(TIME)
#: What reading a file may raise: a disk's error, or a damaged or cut off archive.
BROKEN = (OSError, EOFError, ValueError, zlib.error)


def problem(line: bytes) -> str | None:
    """Why a line is no record: None where it is one, "" for a blank line."""
    value = record(line)
    return value if isinstance(value, str) else None


def record(line: bytes) -> dict[str, Any] | str:
    """The record that a line holds, or why it holds none ("" for a blank line)."""
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
    return record_problem(value) or value


def record_problem(value: dict[str, Any]) -> str:
    """Why an object is no usage record, "" where it is one."""
    if not isinstance(value.get("agent"), str) or not value["agent"]:
        return "not a usage record: no agent"
    try:
        year = local_time(value.get("timestamp")).year
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
    return ""


def is_older(record: Mapping[str, Any]) -> bool:
    """Whether a record's demand, and so whether it exceeded its budget, is of the older meaning."""
    version = record.get("schema_version")
    return is_figure(version) and version < DEMAND_SINCE


def moment(timestamp: str) -> float:
    """Seconds since the epoch of a record's time; local time where it names no zone that can be read."""
    try:
        return datetime.fromisoformat(timestamp.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return local_time(timestamp).timestamp()


def local_time(timestamp: object) -> datetime:
    """Date and time as a record's time starts, without fractions and zone. Raises ValueError."""
    match = _TIME.match(timestamp) if isinstance(timestamp, str) else None
    if match is None or match.lastindex is None:
        raise ValueError(f"no time: {timestamp!r}")
    return datetime.fromisoformat(match[match.lastindex])


def is_figure(value: object) -> TypeGuard[float]:
    """Whether a value can be a record's number of tokens, seconds or requests."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= MOST


def is_count(value: object) -> bool:
    """Whether a value is a whole number from 0 on."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def name_broken(path: str, count: int, most: int) -> list[BadLine] | None:
    """The first `most` of `count` bad lines, searched among those that do not end like JSON, which is quick.

    None where the file has bad lines that this misses.
    """
    broken: list[BadLine] = []
    not_json = 0
    try:
        for number, line in lines(path):
            if not line.endswith(b"}\n") and (reason := problem(line)):
                not_json += 1
                if not_json <= most:
                    broken.append(BadLine(path, number, reason))
    except BROKEN:
        return None
    return broken if not_json == count else None


def name_at(path: str, places: Sequence[int]) -> Iterator[BadLine]:
    """The bad lines at `places`, counted from 0 without blank lines; at last line 0 where the file breaks off."""
    numbers = set(places)
    place = -1
    try:
        for number, line in lines(path):
            if not line.strip():
                continue
            place += 1
            if place in numbers:
                yield BadLine(path, number, problem(line) or "not a usage record: a field has another type")
                numbers.discard(place)
                if not numbers:
                    return
    except BROKEN as error:
        yield no_further(path, error)


def no_further(path: str, error: Exception) -> BadLine:
    """The bad line 0 in place of the rest of a file that broke off with `error`, one of `BROKEN`."""
    return BadLine(path, 0, f"cannot be read further: {getattr(error, 'strerror', None) or error}")


def lines(path: str) -> Iterator[tuple[int, bytes]]:
    """Lines of a plain, gzip or zstd file, numbered from 1. Raises one of `BROKEN`."""
    with usage.open_file(path) as file:
        yield from enumerate(file, 1)


def read_through(path: str) -> None:
    """Raise one of `BROKEN` where a compressed file cannot be read to its end."""
    with usage.open_file(path) as file:
        while file.read(1 << 20):
            pass
