"""Words of like meaning, read by the index build into the index's own table; never on the hot path.

The file holds pairs of index terms with their likeness, made by `tests/bench/make_thesaurus.py`. Format, after
zlib: the number of terms (u32), the terms in sorted order, one a line, an empty line, then for each term the
number of its partners further on in the order (u16), and for each of these its position (u16) and its likeness
times 255 (u8), as three separate runs, little-endian.
"""

from __future__ import annotations

import os
import sys
import zlib
from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable

PATH = os.path.join(os.path.dirname(__file__), "data", "thesaurus.bin")


def pack(pairs: Iterable[tuple[str, str, float]]) -> bytes:
    """The file's content for pairs of terms, each pair once."""
    partners: dict[str, dict[str, float]] = {}
    names: set[str] = set()
    for one, two, likeness in pairs:
        first, second = sorted((one, two))
        partners.setdefault(first, {})[second] = likeness
        names.update((first, second))
    order = sorted(names)
    position = {name: i for i, name in enumerate(order)}
    counts, positions, levels = array("H"), array("H"), bytearray()
    for name in order:
        found = sorted((position[other], likeness) for other, likeness in partners.get(name, {}).items())
        counts.append(len(found))
        last = position[name]
        for other, likeness in found:
            positions.append(other - last)
            last = other
            levels.append(min(255, round(likeness * 255)))
    if sys.byteorder == "big":
        counts.byteswap()
        positions.byteswap()
    body = ("\n".join(order) + "\n\n").encode()
    data = len(order).to_bytes(4, "little") + body + counts.tobytes() + positions.tobytes() + bytes(levels)
    return zlib.compress(data, 9)


def load(known: Container[str] | None = None, path: str = PATH) -> dict[str, list[tuple[str, float]]]:
    """Term -> its partners with likeness 0 to 1, the best first; with `known`, only among terms in it."""
    with open(path, "rb") as file:
        data = zlib.decompress(file.read())
    size = int.from_bytes(data[:4], "little")
    end = data.index(b"\n\n", 4)
    order = data[4:end].decode().split("\n")
    counts = _numbers(data[end + 2 : end + 2 + 2 * size])
    start = end + 2 + 2 * size
    total = sum(counts)
    positions = _numbers(data[start : start + 2 * total])
    levels = data[start + 2 * total :]
    found: dict[str, list[tuple[str, float]]] = {}
    at = 0
    for here, count in enumerate(counts):
        term = order[here]
        wanted = known is None or term in known
        other = here
        for i in range(at, at + count):
            other += positions[i]
            partner = order[other]
            if wanted and (known is None or partner in known):
                likeness = levels[i] / 255.0
                found.setdefault(term, []).append((partner, likeness))
                found.setdefault(partner, []).append((term, likeness))
        at += count
    for entries in found.values():
        entries.sort(key=lambda entry: (-entry[1], entry[0]))
    return found


def _numbers(data: bytes) -> array[int]:
    numbers = array("H")
    numbers.frombytes(data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
