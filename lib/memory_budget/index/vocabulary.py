"""Terms as numbers, and fingerprints of many chunks at once, by numpy: what building a large index looks words up in.

Of a word a large build needs no more than the numbers of its terms. One table of them instead of three is what fits in a
processor's cache, and waiting for memory is what looking words up costs.
"""

from __future__ import annotations

import os
from array import array
from itertools import accumulate
from typing import TYPE_CHECKING

# Or a thread for each core is started when numpy is loaded, for linear algebra, of which there is none here.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

from memory_budget import terms

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Bytes of a number.
SIZE = 4
#: Distinct words remembered, at most about 18 MB.
_CACHE_LIMIT = 120_000


class _Words(dict[bytes, bytes]):
    """Word bytes -> the numbers of its terms, filled on demand. `hashes`: `terms.digest` of each term, one after the other."""

    __slots__ = ("_ids", "hashes", "terms")

    def __init__(self) -> None:
        self.terms: list[str] = []
        self.hashes = bytearray()
        self._ids: dict[str, int] = {}

    def __missing__(self, word: bytes) -> bytes:
        bare = terms.bare(word)
        found = self[bare] if bare != word else self._numbered(terms.word_terms(word))
        self[word] = found
        return found

    def _numbered(self, found: Sequence[str]) -> bytes:
        numbers = array("I")
        for term in found:
            number = self._ids.get(term)
            if number is None:
                number = self._ids[term] = len(self.terms)
                self.terms.append(term)
                self.hashes += terms.digest(term)
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
        return b"".join(map(self._words.__getitem__, terms.runs(text)))

    def analyse(self, texts: Sequence[str]) -> list[tuple[bytes, int, int]]:
        """Of each text the numbers of its terms, how many they are, and `terms.simhash`."""
        found = list(map(self.of, texts))
        sizes = [len(numbers) // SIZE for numbers in found]
        prints = [0] * len(texts)
        short = [at for at, size in enumerate(sizes) if 0 < size <= terms.FULL_LANE]
        if short:
            numbers = np.frombuffer(b"".join([found[at] for at in short]), np.uint32)
            counts = [sizes[at] for at in short]
            hashes = np.frombuffer(self._words.hashes, np.uint64).take(numbers)
            # A byte for every bit, eight to a number: none of these lanes can overflow.
            lanes = np.unpackbits(hashes.view(np.uint8)).view(np.uint64).reshape(-1, 8)
            starts = list(accumulate(counts[:-1], initial=0))
            totals = np.add.reduceat(lanes, starts).view(np.uint8)
            halves = (np.array(counts, np.uint32) // 2).astype(np.uint8)
            bits = np.packbits(totals > halves[:, None], axis=1)
            for at, made in zip(short, bits.view(">u8")[:, 0].tolist(), strict=True):
                prints[at] = made
        for at, size in enumerate(sizes):
            if size > terms.FULL_LANE:
                prints[at] = terms.simhash([self.terms[number] for number in array("I", found[at])])
        return list(zip(found, sizes, prints, strict=True))
