"""What a memory file says of itself besides its text: date, confidence, tags, pins, expiry.

They come from its front matter, from the side file `<name>.metadata.json` where one exists, from its name and from the head of
its text. All of it is optional and may be malformed: a value that cannot be used becomes a problem of the file.

    ---
    date: 2024-05-03
    confidence: 0.9         or a word: high
    tags: [billing, vat]
    always: true
    expires: 2025-01-31
    ---
"""

from __future__ import annotations

from memory_budget.base import fastjson
from memory_budget.base.files import read_bytes
from memory_budget.index.sources import SIDE_SUFFIX
from memory_budget.text.calendar_dates import find_date

TYPE_CHECKING = False
if TYPE_CHECKING:
    from memory_budget.base.front_matter import FrontMatter

__all__ = ["Facts", "find_date", "read_facts", "side_path"]

_DATE_KEYS = ("updated", "last_updated", "modified", "date", "created", "metadata.date", "metadata.updated")
_EXPIRY_KEYS = ("expires", "expiry", "expires_on", "valid_until", "metadata.expires")
_NEVER = frozenset(("", "never", "none", "null", "no", "false", "~", "-"))
#: Characters of a text in which a date is looked for, and bytes of a side file that are read.
_HEAD = 400
_SIDE_LIMIT = 200_000
_TRUE, _FALSE = frozenset(("true", "yes", "on", "1")), frozenset(("", "false", "no", "off", "0", "null", "~"))
#: Confidence in words, as shares.
_SURE = {"very high": 0.95, "high": 0.9, "medium": 0.6, "moderate": 0.6, "low": 0.3, "very low": 0.1}


class Facts:
    """`date` and `expires`: ordinal days, 0 unknown or never; `confidence`: 0 to 1, -1 unknown; `always`: the file is sent with
    every task; `tags`: joined by spaces; `problems`: (line from 1, which value could not be used and why)."""

    __slots__ = ("always", "confidence", "date", "expires", "problems", "tags")

    def __init__(self) -> None:
        self.date = self.expires = 0
        self.confidence = -1.0
        self.always = False
        self.tags = ""
        self.problems: list[tuple[int, str]] = []


def read_facts(path: str, matter: FrontMatter, body: str, side: dict[str, object]) -> Facts:
    """The facts of one file; `body` is its text after the front matter, `side` what its side file says."""
    facts = Facts()
    for key in _DATE_KEYS:
        value = matter.get(key)
        day = find_date(value) if value else 0
        if value and not day and any(map(str.isdigit, value)):
            _report_unusable(
                facts, matter, key, value, "no date that can be read in one way only (as 2024-05-03)"
            )
        facts.date = facts.date or day
    facts.date = facts.date or find_date(path.rsplit("/", 1)[-1]) or find_date(body[:_HEAD])
    for key in _EXPIRY_KEYS:
        value = matter.get(key)
        facts.expires = facts.expires or find_date(value)
        if value.lower() not in _NEVER and not find_date(value):
            _report_unusable(
                facts,
                matter,
                key,
                value,
                "no date that can be read in one way only (as 2024-05-03); the note stays",
            )
    _read_confidence(facts, matter, side)
    always = matter.get("always").lower()
    facts.always = always in _TRUE
    if not facts.always and always not in _FALSE:
        _report_unusable(facts, matter, "always", always, "neither true nor false")
    tags = matter.get("tags") or matter.get("metadata.tags")
    side_tags = side.get("tags")
    if not tags and isinstance(side_tags, list):
        tags = " ".join(str(tag) for tag in side_tags)
    facts.tags = " ".join(tags.replace(",", " ").split())[:500]
    return facts


def _read_confidence(facts: Facts, matter: FrontMatter, side: dict[str, object]) -> None:
    key = "confidence" if matter.get("confidence") else "metadata.confidence"
    value = matter.get(key)
    facts.confidence = _share(value) if value else -1.0
    if value and facts.confidence < 0:
        _report_unusable(
            facts,
            matter,
            key,
            value,
            "no confidence (a number from 0 to 1, a share as 90%, or low, medium, high)",
        )
    if facts.confidence < 0:
        facts.confidence = _share(side.get("confidence"))


def _report_unusable(facts: Facts, matter: FrontMatter, key: str, value: str, reason: str) -> None:
    quoted = value if len(value) <= 40 else value[:37] + "..."
    facts.problems.append((matter.line(key), f"{key}: {quoted} is {reason}"))


def _share(value: object) -> float:
    """A share from 0 to 1 as people write it: `0.95`, `0,95`, `90%`, `high`; -1 for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return -1.0
    scale = 1.0
    if isinstance(value, str):
        value = value.strip().lower()
        if value in _SURE:
            return _SURE[value]
        if value.endswith("%"):
            value, scale = value[:-1].strip(), 100.0
        value = value.replace(",", ".")
    try:
        number = float(value) / scale
    except ValueError:
        return -1.0
    return number if 0.0 <= number <= 1.0 else -1.0


def side_path(path: str) -> str:
    """The side file of a memory file: `notes.md` has `notes.metadata.json`."""
    return path[:-3] + SIDE_SUFFIX


def side_file(real: str) -> dict[str, object]:
    """The content of a memory file's side file; {} where there is none that can be read."""
    try:
        content = fastjson.loads(read_bytes(side_path(real), _SIDE_LIMIT))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
