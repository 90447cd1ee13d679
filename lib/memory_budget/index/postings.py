"""Posting lists as they are stored: which chunks of a group hold a term, how often, and how long they are.

A list is stored as its best `HEAD` entries and the rest: a start hook reads the head alone, which bounds its work whatever the
size of the memory; a longer list stands best first, a shorter one by number. A blob is n chunk numbers (u32, this machine's byte
order), then n words of `tf << 16 | length`, both in terms and both cut at 65,535.
"""

from __future__ import annotations

import sys
from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HEAD = 1024
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


def pack(postings: list[int]) -> tuple[bytes, bytes]:
    """The blobs of a list, head and rest. The argument is sorted in place."""
    if len(postings) > 1:
        postings.sort()
        if len(postings) > HEAD:
            postings.sort(key=impact, reverse=True)
            return _blob(postings[:HEAD]), _blob(postings[HEAD:])
    return _blob(postings), b""


def _blob(postings: list[int]) -> bytes:
    words = memoryview(array("Q", postings)).cast("B").cast("I")
    return words[_NUMBER::2].tobytes() + words[_PAYLOAD::2].tobytes()


def unpack(blob: bytes) -> list[int]:
    """The list of a blob."""
    numbers = array("I")
    numbers.frombytes(blob)
    half = len(numbers) // 2
    return [numbers[i] << 32 | numbers[half + i] for i in range(half)]


def without(postings: Iterable[int], dropped: Callable[[int], bool]) -> list[int]:
    """The postings whose number is not dropped."""
    return [posting for posting in postings if not dropped(posting >> 32)]
