"""Parsed notes kept for copies of them that are still to come."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from memory_budget.index.parse import ParsedNote

#: Parsed files kept for copies of them, and the largest file kept, in bytes of text: about 10 MB of memory at most.
_COPIES_SIZE = 1_000_000
COPY_SIZE = 40_000


class Copies:
    """Parsed notes kept for files of the same size that are still to come: copies are common in memories."""

    def __init__(self) -> None:
        self._to_come: Counter[int] = Counter()
        self._notes: dict[tuple[bytes, str], tuple[int, ParsedNote]] = {}
        self._size = 0

    def expect(self, sizes: Iterable[int]) -> None:
        self._to_come.update(sizes)

    def more(self, size: int) -> bool:
        """Whether more files of this size will come after this one, which was expected."""
        self._to_come[size] -= 1
        return self._to_come[size] > 0

    def get(self, key: tuple[bytes, str]) -> ParsedNote | None:
        found = self._notes.get(key)
        return None if found is None else found[1]

    def keep(self, key: tuple[bytes, str], size: int, parsed: ParsedNote) -> None:
        self._notes[key] = (size, parsed)
        self._size += size
        while self._size > _COPIES_SIZE:
            self._size -= self._notes.pop(next(iter(self._notes)))[0]
