"""Finds chunks that say nearly the same, without comparing every chunk with every other.

Two chunks whose fingerprints (64-bit simhash, in the index) differ in at most 10 bits are candidates; they are alike where
the share of word pairs they have in common is at least `similarity`. To find candidates, fingerprints are cut into 7
blocks; each of the 21 pairs of blocks is a key, and fingerprints that agree in a key are compared. That finds all
that differ in up to 5 bits and most of the rest. Of passages of a real memory with 1 to 4 % of their words changed it
finds 91 % (12 to 30 terms), 97 % (30 to 60) and 99 % (longer ones).

Simhash: Charikar, "Similarity estimation techniques from rounding algorithms" (2002); keys of block pairs as in Manku,
Jain and Das Sarma, "Detecting near-duplicates for web crawling" (2007).
"""

from __future__ import annotations

from collections import defaultdict
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

from memory_budget.index import pages
from memory_budget.index.records import Chunk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from sqlite3 import Connection

#: Fingerprints that differ in more bits are not compared.
NEAR_BITS = 10
#: A chunk of fewer index terms says too little for its fingerprint to tell it apart.
LEAST_TERMS = 12
#: Bits of each block; together 64.
_BLOCKS = (10, 9, 9, 9, 9, 9, 9)
#: In a bucket of more chunks only neighbours in the order of fingerprints are compared.
CROWD = 30
_MOST_PAIRS = 300_000
_ALL = (1 << 64) - 1


class ChunkClasses:
    """Classes of chunk hashes that say the same thing (a union-find)."""

    def __init__(self) -> None:
        self._above: dict[int, int] = {}

    def of(self, number: int) -> int:
        """The hash that represents the class of a hash: the smallest in it."""
        root = number
        while (above := self._above.get(root, root)) != root:
            root = above
        while (above := self._above.get(number, number)) != root:
            self._above[number] = root
            number = above
        return root

    def join(self, first: int, second: int) -> None:
        first, second = self.of(first), self.of(second)
        if first != second:
            self._above[max(first, second)] = min(first, second)


def near_classes(
    db: Connection,
    chunks: Sequence[Chunk],
    similarity: float,
    progress: Callable[[int, int], None] | None,
) -> ChunkClasses:
    """Classes of chunks that are alike. `chunks`: one for each hash; `similarity`: 0 to 1.

    Raises DatabaseError.
    """
    pairs = list(_near_pairs([chunk for chunk in chunks if chunk.terms >= LEAST_TERMS], progress))
    classes = ChunkClasses()
    for first, second in _alike_pairs(db, pairs, similarity):
        classes.join(first.hash, second.hash)
    return classes


def _block_pair_masks() -> list[int]:
    """A bit mask for every pair of blocks."""
    spans = []
    start = 0
    for width in _BLOCKS:
        spans.append(((1 << width) - 1) << start)
        start += width
    return [first | second for first, second in combinations(spans, 2)]


def _near_pairs(
    chunks: Sequence[Chunk], progress: Callable[[int, int], None] | None
) -> Iterator[tuple[Chunk, Chunk]]:
    """Pairs of chunks whose fingerprints differ in few bits, each once."""
    seen: set[tuple[int, int]] = set()
    masks = _block_pair_masks()
    for number, mask in enumerate(masks):
        if progress:
            progress(number, len(masks))
        buckets: dict[int, list[Chunk]] = defaultdict(list)
        for chunk in chunks:
            buckets[chunk.simhash & mask].append(chunk)
        for bucket in buckets.values():
            for first, second in _bucket_pairs(bucket) if len(bucket) > 1 else ():
                if ((first.simhash ^ second.simhash) & _ALL).bit_count() <= NEAR_BITS:
                    key = (first.id, second.id)
                    if key not in seen and len(seen) < _MOST_PAIRS:
                        seen.add(key)
                        yield first, second
    if progress:
        progress(len(masks), len(masks))


def _bucket_pairs(bucket: list[Chunk]) -> Iterable[tuple[Chunk, Chunk]]:
    """Pairs in a bucket to compare: all, or in a crowded one each chunk with the 8 after it."""
    if len(bucket) <= CROWD:
        return combinations(bucket, 2)
    ordered = sorted(bucket, key=lambda chunk: (chunk.simhash, chunk.id))
    pairs = []
    for at, chunk in enumerate(ordered):
        for other in ordered[at + 1 : at + 9]:
            pairs.append((chunk, other) if chunk.id < other.id else (other, chunk))
    return pairs


def _alike_pairs(
    db: Connection, pairs: Sequence[tuple[Chunk, Chunk]], similarity: float
) -> list[tuple[Chunk, Chunk]]:
    """The pairs whose texts are alike, by their word pairs."""
    grams: dict[int, dict[tuple[str, str], int]] = {}
    by_page: dict[int, dict[int, Chunk]] = defaultdict(dict)
    for pair in pairs:
        for chunk in pair:
            by_page[chunk.page][chunk.id] = chunk
    for page_chunks in by_page.values():
        for number, text in pages.chunk_texts(db, page_chunks.values()).items():
            grams[number] = word_pairs(text.decode())
    return [
        (first, second)
        for first, second in pairs
        if alikeness(grams.get(first.id, {}), grams.get(second.id, {})) >= similarity
    ]


def word_pairs(text: str) -> dict[tuple[str, str], int]:
    """How often each pair of adjacent words occurs, in lower case."""
    words = text.lower().split()
    counts: dict[tuple[str, str], int] = {}
    for pair in pairwise(words):
        counts[pair] = counts.get(pair, 0) + 1
    return counts


def alikeness(first: dict[tuple[str, str], int], second: dict[tuple[str, str], int]) -> float:
    """The share of word pairs two texts have in common, 0 to 1: Dice's coefficient, 2 |A and B| / (|A| + |B|)."""
    total = sum(first.values()) + sum(second.values())
    if not total:
        return 0.0
    if len(first) > len(second):
        first, second = second, first
    return 2 * sum(min(count, second.get(pair, 0)) for pair, count in first.items()) / total
