"""Posting lists as they are stored: which chunks or files of a group hold a term, how often, and how long they are.

A list is stored as its best `HEAD` entries and the rest: a start hook reads the head alone, which bounds its work whatever the
size of the memory. The head of a list of more than `UNSORTED` chunks is ordered best first, so that a start can read even less
of it; everything else is ordered by number.

A blob is n numbers (u32, this machine's byte order), then n words of `tf << 16 | length`: how often the term occurs and how many
terms the chunk or file has, both cut at 65,535. Chunks 7 and 9 hold a term, 7 twice in 40 terms, 9 once in 12:

    7, 9, 2 << 16 | 40, 1 << 16 | 12
"""

from __future__ import annotations

import sys
from array import array
from collections import _count_elements  # type: ignore[attr-defined]
from struct import Struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HEAD = 1024
UNSORTED = 64
_PAYLOAD_BITS = 0xFFFFFFFF
_SINGLE = Struct("=II").pack
_NOTHING = bytearray()
# Which 32 bits of a posting come first in memory.
_PAYLOAD, _NUMBER = (0, 1) if sys.byteorder == "little" else (1, 0)
_REFERENCE_LENGTH = 100.0


def entry(number: int, frequency: int, length: int) -> int:
    """One posting as a sortable integer."""
    return number << 32 | min(frequency, 65535) << 16 | min(length, 65535)


def impact(posting: int) -> float:
    """How good a posting is whatever the prompt: BM25's term part (k1 1.5, b 0.75) at a mean length of 100 terms."""
    frequency = posting >> 16 & 0xFFFF
    return frequency / (frequency + 1.5 * (0.25 + 0.75 * (posting & 0xFFFF) / _REFERENCE_LENGTH))


def pack_postings(postings: list[int], ranked: bool) -> tuple[bytearray, bytearray]:
    """The blobs of a list, head and rest; `ranked`: the head best first. The argument is sorted in place.

    Byte arrays, for the driver binds them as they are; for `bytes` it looks for an adapter each time, which takes longer
    than the whole insertion.
    """
    if len(postings) == 1:
        return bytearray(_SINGLE(postings[0] >> 32, postings[0] & _PAYLOAD_BITS)), _NOTHING
    if not postings:
        return _NOTHING, _NOTHING
    postings.sort()
    if len(postings) > HEAD:
        head, rest = _split_best(postings)
        if ranked:
            head.sort(key=_impact_of, reverse=True)
        return _blob(head), _blob(rest)
    if ranked and len(postings) > UNSORTED:
        postings.sort(key=_impact_of, reverse=True)
    return _blob(postings), _NOTHING


class _Impacts(dict[int, float]):
    """The impact of a posting by its payload, worked out once each: a memory has few different payloads."""

    def __missing__(self, payload: int) -> float:
        self[payload] = value = impact(payload)
        return value


_IMPACTS = _Impacts()


def _impact_of(posting: int) -> float:
    return _IMPACTS[posting & _PAYLOAD_BITS]


def _split_best(postings: list[int]) -> tuple[list[int], list[int]]:
    """The best `HEAD` of sorted postings and the others; of equals the first.

    A long list has few different payloads, so those are ranked and not the postings.
    """
    payloads = [posting & _PAYLOAD_BITS for posting in postings]
    counts: dict[float, int] = {}
    impacts = list(map(_IMPACTS.__getitem__, payloads))
    _count_elements(counts, impacts)
    room = HEAD
    threshold = 0.0
    for threshold in sorted(counts, reverse=True):
        if counts[threshold] >= room:
            break
        room -= counts[threshold]
    head = []
    rest = []
    for posting, value in zip(postings, impacts, strict=True):
        if value > threshold:
            head.append(posting)
        elif value == threshold and room:
            head.append(posting)
            room -= 1
        else:
            rest.append(posting)
    return head, rest


def _blob(postings: list[int]) -> bytearray:
    words = array("I")
    words.frombytes(array("Q", postings).tobytes())
    return bytearray(words[_NUMBER::2] + words[_PAYLOAD::2])


def unpack_postings(blob: bytes | bytearray) -> list[int]:
    """The list of a blob."""
    numbers = array("I")
    numbers.frombytes(blob)
    half = len(numbers) // 2
    return [numbers[i] << 32 | numbers[half + i] for i in range(half)]


def without_dropped(postings: Iterable[int], dropped: Callable[[int], bool]) -> list[int]:
    """The postings whose number is not dropped."""
    return [posting for posting in postings if not dropped(posting >> 32)]
