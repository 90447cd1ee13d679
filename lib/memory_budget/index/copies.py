"""A cache of parsed notes, for further copies of the same file in one update of the index."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from memory_budget.index.parse import ParsedNote

#: Bytes of text of all notes in the cache (about 10 MB of memory), and of the largest one.
_COPIES_SIZE = 1_000_000
COPY_SIZE = 40_000


class Copies:
    """Parsed notes by content; only those are kept for which another file of the same size is still to be read.

    Copies are common in memories: agents' folders often hold the same notes.
    """

    def __init__(self) -> None:
        self._expected: Counter[int] = Counter()
        self._notes: dict[tuple[bytes, str], tuple[int, ParsedNote]] = {}
        self._size = 0

    def expect(self, sizes: Iterable[int]) -> None:
        """Announce files that will be read, by their sizes in bytes."""
        self._expected.update(sizes)

    def has_more(self, size: int) -> bool:
        """Whether more files of this size will come after the announced one that is being read; call it once a file."""
        self._expected[size] -= 1
        return self._expected[size] > 0

    def get(self, key: tuple[bytes, str]) -> ParsedNote | None:
        """The parsed note of a key (hash of the file, title), None where it is not in the cache."""
        entry = self._notes.get(key)
        return None if entry is None else entry[1]

    def keep(self, key: tuple[bytes, str], size: int, parsed: ParsedNote) -> None:
        """Put a parsed note of `size` bytes into the cache; the oldest ones go where there is no room."""
        self._notes[key] = (size, parsed)
        self._size += size
        while self._size > _COPIES_SIZE:
            self._size -= self._notes.pop(next(iter(self._notes)))[0]
