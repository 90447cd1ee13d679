"""What a memory file says of itself besides its text: date, confidence, tags, pins, expiry.

From its front matter, from the side file `<name>.metadata.json` where one exists, from its name and from the head of
its text. All of it is optional and none of it is trusted to be well formed.
"""

from __future__ import annotations

import os
import re
from datetime import date
from typing import NamedTuple

from memory_budget.base import fastjson
from memory_budget.index.sources import SIDE_SUFFIX

_ISO = re.compile(r"(?<!\d)(\d{4})[-_./](\d{1,2})[-_./](\d{1,2})(?!\d)")
_MONTH_ONLY = re.compile(r"(?<!\d)(20\d{2}|19\d{2})[-_](\d{2})(?!\d)")
_COMPACT = re.compile(r"(?<!\d)(20\d{2})(\d{2})(\d{2})(?!\d)")
_MONTHS = "january february march april may june july august september october november december".split()
_NAMES = "|".join(name[:3] + "(?:" + name[3:] + ")?" for name in _MONTHS)
_DAY_FIRST = re.compile(
    rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?({_NAMES})\.?,?\s+(\d{{4}})(?!\d)", re.I
)
_MONTH_FIRST = re.compile(rf"\b({_NAMES})\.?\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}})(?!\d)", re.I)

_YEAR = re.compile(r"\d{4}")

_DATE_KEYS = ("updated", "last_updated", "modified", "date", "created")
_HEAD = 400
_TRUE = frozenset(("true", "yes", "on", "1"))


class Facts(NamedTuple):
    """`date` and `expires`: ordinal days, 0 unknown or never; `confidence`: 0 to 1, -1 unknown; `always`: pinned;
    `tags` joined by spaces."""

    date: int
    expires: int
    confidence: float
    always: bool
    tags: str


def facts(path: str, real: str, matter: dict[str, str], body: str) -> Facts:
    """The facts of one file; `body` is its text after the front matter."""
    side = _side_file(real)
    day = 0
    for key in _DATE_KEYS:
        day = day or find_date(matter.get(key, ""))
    day = day or find_date(path.rsplit("/", 1)[-1]) or find_date(body[:_HEAD])
    confidence = _fraction(matter.get("confidence"))
    if confidence < 0:
        confidence = _fraction(side.get("confidence"))
    tags = matter.get("tags", "").strip("[]")
    side_tags = side.get("tags")
    if not tags and isinstance(side_tags, list):
        tags = " ".join(str(tag) for tag in side_tags)
    return Facts(
        date=day,
        expires=find_date(matter.get("expires", "")),
        confidence=confidence,
        always=matter.get("always", "").lower() in _TRUE,
        tags=" ".join(tags.replace(",", " ").split())[:500],
    )


def find_date(text: str) -> int:
    """The first calendar date in a text as an ordinal day; a month alone counts as its first day; 0 for none."""
    if not _YEAR.search(text):  # no date is without one, and most texts are without any
        return 0
    found: list[tuple[int, int]] = []
    for pattern, order in ((_ISO, "ymd"), (_COMPACT, "ymd"), (_DAY_FIRST, "dmy"), (_MONTH_FIRST, "mdy")):
        match = pattern.search(text)
        if match:
            part = dict(zip(order, match.groups(), strict=True))
            day = _ordinal(part["y"], part["m"], part["d"])
            if day:
                found.append((match.start(), day))
    if found:
        return min(found)[1]
    match = _MONTH_ONLY.search(text)
    return _ordinal(match[1], match[2], "1") if match else 0


def _ordinal(year: str, month: str, day: str) -> int:
    try:
        number = int(month) if month.isdigit() else 1 + [m[:3] for m in _MONTHS].index(month[:3].lower())
        return date(int(year), number, int(day)).toordinal()
    except ValueError:
        return 0


def _fraction(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return -1.0
    try:
        number = float(value)
    except ValueError:
        return -1.0
    return number if 0.0 <= number <= 1.0 else -1.0


def side_path(path: str) -> str:
    """The side file of a memory file: `notes.md` has `notes.metadata.json`."""
    return path[:-3] + SIDE_SUFFIX


def _side_file(real: str) -> dict[str, object]:
    path = side_path(real)
    if not os.path.isfile(path):
        return {}
    try:
        with open(path, "rb") as file:
            content = fastjson.loads(file.read(200_000))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
