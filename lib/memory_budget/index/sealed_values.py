"""Values that the index keeps for starts besides memory (profiles, agents, token ratios): JSON under a key, with its digest.

A start uses such a value without checking it again, so one that was not written whole by this program must not be read.
A value with its digest before it: `9f86d081884c7d65 {"models":{}}`.
"""

from __future__ import annotations

from memory_budget.base import fastjson
from memory_budget.base.files import short_hash

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sqlite3 import Connection

PROFILES = "profiles"
AGENTS = "agents"
RATIO = "calibration"


class ValueDamaged(ValueError):
    """A value does not fit its digest."""


def write_value(db: Connection, key: str, value: object) -> None:
    """Write a value of plain JSON under a key, in the caller's transaction."""
    text = fastjson.dumps(value)
    db.execute("INSERT OR REPLACE INTO meta VALUES(?,?)", (key, f"{short_hash(text)} {text}"))


def read_value(db: Connection, key: str) -> object:
    """The value kept under a key, None where there is none. Raises ValueDamaged, or DatabaseError where the index itself is damaged."""
    row = db.execute("SELECT value FROM meta WHERE key=?", (key,)).fetchone()
    if row is None:
        return None
    if not isinstance(row[0], str):
        raise ValueDamaged(f"{key}: {type(row[0]).__name__}, expected text")
    seal, _, text = row[0].partition(" ")
    if seal != short_hash(text):
        raise ValueDamaged(f"{key}: not as it was written")
    return fastjson.loads(text)
