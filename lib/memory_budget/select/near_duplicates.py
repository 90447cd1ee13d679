"""Finds chunks that say what another one says: nothing is to be sent twice.

Two chunks are twins when their texts are the same but for white space, or nearly the same: fingerprints that differ in
at most `NEAR_BITS` bits, lengths within a tenth, and the same facts. Facts are the numbers and names of a text. Two notes
in the same words with another time, amount or person are two memories (an appointment a week, a limit that was raised),
and a fingerprint over many words does not see one of them change.
"""

from __future__ import annotations

from memory_budget.index.records import hash_of, id_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from memory_budget.index.records import Chunk, Row

#: Bits in which the fingerprints of near duplicates may differ.
NEAR_BITS = 3
#: Terms below which a chunk is too short for its fingerprint to tell near duplicates.
NEAR_TERMS = 12

_QUARTERS = (0, 16, 32, 48)
#: What may stand around a word, and what ends a sentence.
_AROUND = "*_`~\"'()[]{}<>|,;:.!?#"
_ENDS = (".", "!", "?", ":", "|")


def alike(rows: Sequence[Row]) -> set[int]:
    """The chunks that can have a twin (their ids): those that share a hash, or a quarter of their fingerprint, with another.

    Fingerprints that differ in at most three bits agree in one of their four 16-bit quarters.
    """
    suspects: set[int] = set()
    _add_equal(suspects, list(map(hash_of, rows)), list(map(id_of, rows)))
    long = [row for row in rows if row[7] >= NEAR_TERMS]
    ids = list(map(id_of, long))
    words = memoryview(b"".join([row[10].to_bytes(8, "little") for row in long])).cast("H")
    for number in range(4):
        _add_equal(suspects, words[number::4].tolist(), ids)
    return suspects


def _add_equal(suspects: set[int], keys: list[int], ids: list[int]) -> None:
    """Add the ids whose key another one has, too."""
    last = dict(zip(keys, ids, strict=True))
    if len(last) < len(ids):
        for key, number in zip(keys, ids, strict=True):
            if last[key] != number:
                suspects.add(number)
                suspects.add(last[key])


def find_near_duplicates(
    chunks: Iterable[Chunk], texts: Callable[[Collection[Chunk]], Mapping[int, bytes]]
) -> dict[int, int]:
    """Chunks that repeat one before them, with the one they repeat (their ids).

    `texts` gives what chunks say in UTF-8; it is called at most once, and only where two chunks are nearly the same.
    """
    repeats: dict[int, int] = {}
    first: dict[int, int] = {}
    quarters: dict[tuple[int, int], list[Chunk]] = {}
    close: dict[int, list[Chunk]] = {}  # near ones before a chunk, in their order
    to_compare: dict[int, Chunk] = {}
    for chunk in chunks:  # whose fields are asked for by their place, which takes a fifth of the time
        number, terms, simhash = chunk[0], chunk[7], chunk[10]
        first_equal = first.setdefault(chunk[9], number)
        if first_equal != number:
            repeats[number] = first_equal
            continue
        if terms < NEAR_TERMS:
            continue
        near_chunks: dict[int, Chunk] = {}
        for shift in _QUARTERS:
            others = quarters.setdefault((shift, simhash >> shift & 0xFFFF), [])
            for other in others:
                if (other[10] ^ simhash).bit_count() <= NEAR_BITS and abs(other[7] - terms) * 10 <= terms:
                    near_chunks[other[0]] = other
            others.append(chunk)
        if near_chunks:
            close[number] = list(near_chunks.values())
            to_compare[number] = chunk
            to_compare.update(near_chunks)
    if close:
        facts_by_id = {
            number: literal_facts(text.decode()) for number, text in texts(to_compare.values()).items()
        }
        for number, others in close.items():
            for other in others:
                if other[0] not in repeats and facts_by_id[other[0]] == facts_by_id[number]:
                    repeats[number] = other[0]
                    break
    # The one that a copy repeats may itself repeat another by its facts.
    return {number: repeats.get(twin, twin) for number, twin in repeats.items()}


def literal_facts(text: str) -> list[str]:
    """The numbers and names of a text in its order: words with a digit, and capitalised words inside a sentence.

    The number of a list item is none: the same item may be the second here and the third there.
    """
    facts = []
    for line in text.split("\n"):
        inside = False
        for at, word in enumerate(line.split()):
            bare = word.strip(_AROUND)
            if bare:
                if any(map(str.isdigit, bare)):
                    if at or not bare.isdigit():
                        facts.append(bare)
                elif inside and bare[0].isupper():
                    facts.append(bare)
                inside = True
            if word.endswith(_ENDS):
                inside = False
    return facts
