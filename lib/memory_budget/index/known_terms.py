"""The terms of each group once more, as a list of digests: whether a term that was not found is not there, or was lost.

SQLite finds no error in a page of posting lists that was overwritten with zeros, or with another page of the same index: it
finds no such terms there. A start that comes to nothing looks here, too, before it says nothing.

A list is n digests of 64 bits, ascending, in this machine's byte order.
"""

from __future__ import annotations

import sys
from _blake2 import blake2b
from array import array
from bisect import bisect_left

from memory_budget.index.schema import IndexDamaged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from sqlite3 import Connection

#: Digests sorted at once: a list of Python's integers takes five times the room of the digests.
_SORTED_AT_ONCE = 50_000


def digest(term: str) -> bytes:
    """The digest of a term."""
    return blake2b(term.encode(), digest_size=8).digest()


def update_known(db: Connection, group: int, added: bytes, removed: bytes) -> None:
    """Bring the list of a group up to date with digests of terms, in the caller's transaction."""
    if not added and not removed:
        return
    row = db.execute("SELECT digests FROM known_terms WHERE grp=?", (group,)).fetchone()
    known = array("Q", row[0] if row is not None else b"")
    if removed:
        gone = set(memoryview(removed).cast("Q"))
        known = array("Q", (number for number in known if number not in gone))
    known.frombytes(added)
    if known:
        db.execute("INSERT OR REPLACE INTO known_terms VALUES(?,?)", (group, _ascending(known)))
    else:
        db.execute("DELETE FROM known_terms WHERE grp=?", (group,))


def _ascending(numbers: array[int]) -> bytes:
    """Numbers in order, in parts whose numbers begin alike."""
    bits = max(0, (len(numbers) // _SORTED_AT_ONCE).bit_length())
    if not bits:
        return array("Q", sorted(numbers)).tobytes()
    parts = [array("Q") for _ in range(1 << bits)]
    shift = 64 - bits
    for number in numbers:
        parts[number >> shift].append(number)
    return b"".join([array("Q", sorted(part)).tobytes() for part in parts])


def check_absent(db: Connection, groups: Iterable[int], terms: Iterable[str]) -> None:
    """Raises IndexDamaged where one of these groups had a term and finds it no longer."""
    keys = [(int.from_bytes(digest(term), sys.byteorder), term) for term in terms]
    for group in groups:
        row = db.execute("SELECT digests FROM known_terms WHERE grp=?", (group,)).fetchone()
        known = memoryview(row[0] if row is not None else b"").cast("Q")
        for number, term in keys:
            at = bisect_left(known, number)
            if at < len(known) and known[at] == number and not _is_there(db, group, term):
                raise IndexDamaged(f"the index has lost the posting list of {term!r} in group {group}")


def _is_there(db: Connection, group: int, term: str) -> bool:
    found = db.execute("SELECT 1 FROM postings WHERE grp=? AND term=?", (group, term)).fetchone()
    return found is not None
