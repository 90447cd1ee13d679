"""Terms as numbers, and fingerprints of many chunks at once, by numpy: what building a large index looks words up in.

Of a word a large build needs no more than the numbers of its terms. One table of them instead of three is what fits in a
processor's cache, and waiting for memory is what looking words up costs.
"""

from __future__ import annotations

import os
from array import array
from typing import TYPE_CHECKING

# Or a thread for each core is started when numpy is loaded, for linear algebra, of which there is none here.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from memory_budget.text import words

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Bytes of a number.
SIZE = 4
#: Distinct words remembered, at most about 18 MB.
_CACHE_LIMIT = 120_000


class _Words(dict[bytes, bytes]):
    """Word bytes -> the numbers of its terms, filled on demand. `hashes`: `terms.digest` of each term, one after the other.

    It knows no `Vocabulary`: builds run without garbage collection, and a cycle would keep every vocabulary to the end.
    """

    __slots__ = ("_ids", "hashes", "terms")

    def __init__(self) -> None:
        self.terms: list[str] = []
        self.hashes = bytearray()
        self._ids: dict[str, int] = {}

    def __missing__(self, word: bytes) -> bytes:
        found = self[word] = self._numbered(words.word_terms(word))
        return found

    def _numbered(self, found: Sequence[str]) -> bytes:
        numbers = array("I")
        for term in found:
            number = self._ids.get(term)
            if number is None:
                number = self._ids[term] = len(self.terms)
                self.terms.append(term)
                self.hashes += words.digest(term)
            numbers.append(number)
        return numbers.tobytes()


class Vocabulary:
    """Numbers for terms, from 0 in the order they are met. `terms` are those terms."""

    def __init__(self) -> None:
        self._words = _Words()
        self.terms = self._words.terms

    def of(self, text: str) -> bytes:
        """The numbers of `terms.terms`."""
        if len(self._words) > _CACHE_LIMIT:
            self._words.clear()
        return b"".join(map(self._words.__getitem__, words.runs(text)))

    def analyse(self, texts: Sequence[str]) -> list[tuple[bytes, int, int]]:
        """Of each text the numbers of its terms, how many they are, and `terms.simhash`."""
        found = list(map(self.of, texts))
        sizes = [len(numbers) // SIZE for numbers in found]
        return list(zip(found, sizes, self._fingerprints(found), strict=True))

    def _fingerprints(self, found: Sequence[bytes]) -> list[int]:
        """`terms.simhash` of texts by the numbers of their terms."""
        counted = [numbers[: SIZE * words.MOST_COUNTED] for numbers in found if numbers]
        if not counted:
            return [0] * len(found)
        hashes = np.frombuffer(self._words.hashes, np.uint64)
        numbers = np.frombuffer(b"".join(counted), np.uint32)
        # A byte for every bit, eight to a number; so many terms are added that none of these lanes can overflow.
        lanes = np.unpackbits(hashes.take(numbers).view(np.uint8)).view(np.uint64).reshape(-1, 8)
        starts: list[int] = []
        firsts: list[int] = []
        end = 0
        for one in counted:
            firsts.append(len(starts))
            start, end = end, end + len(one) // SIZE
            starts.extend(range(start, end, words.FULL_LANE))
        totals = np.add.reduceat(lanes, starts).view(np.uint8)
        if len(starts) > len(counted):
            totals = np.add.reduceat(totals, firsts, dtype=np.uint16)
        sizes = np.array([len(one) // SIZE for one in counted], np.uint16)
        bits = np.packbits(totals > (sizes // 2)[:, None], axis=1)
        prints = iter(bits.view(">u8")[:, 0].tolist())
        return [next(prints) if numbers else 0 for numbers in found]
