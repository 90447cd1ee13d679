"""Duplicates: the same thing said in several places, as whole files and chunk by chunk, across scopes and agents.

Files with the same bytes make a set. Chunks are the same when their text is the same but for white space, or nearly so:
fingerprints (64-bit simhash, kept in the index) that differ in at most 10 bits bring two chunks together, and the share
of word pairs they have in common decides (the profiles' `lifecycle.duplicates.similarity`, 0.9). Two files are near
duplicates when that share of the tokens of each stands in the other.

To bring fingerprints together they are cut into 7 blocks; every pair of blocks is a key, and two fingerprints that
agree in one key are compared. That finds all that differ in up to 5 bits and most of the rest, without comparing every
chunk with every other. Of passages of a real memory with 1 to 4 % of their words changed it finds 91 % (12 to 30
terms), 97 % (30 to 60) and 99 % (longer ones); `tests/bench/duplicates_speed.py` says how long 20,000 files take.
"""

from __future__ import annotations

import time
from collections import defaultdict
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from memory_budget.index import pages, schema
from memory_budget.index.records import Chunk
from memory_budget.upkeep import proposals
from memory_budget.upkeep.proposals import DUPLICATES, Proposal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from sqlite3 import Connection

    from memory_budget.base.project import Project
    from memory_budget.upkeep.memory_files import Note

NEAR_BITS = 10
#: Chunks of fewer index terms say too little to be told apart by a fingerprint.
LEAST_TERMS = 12
_BLOCKS = (10, 9, 9, 9, 9, 9, 9)
_CROWD = 30  # members of a bucket up to which every pair is looked at; beyond it, neighbours in order
_MOST_PAIRS = 300_000


class FileSet(NamedTuple):
    """Files with the same bytes. `keep` stays, `copies` say nothing new; `tokens`: what the copies cost together;
    `removable`: those of the copies whose readers all see `keep` as well."""

    keep: Note
    copies: list[Note]
    tokens: int
    removable: list[Note]


class NearFiles(NamedTuple):
    """Two files that say nearly the same; `similarity`: the smaller of the two shares in common."""

    keep: Note
    other: Note
    similarity: float
    removable: bool


class Place(NamedTuple):
    path: str
    line: int


class ChunkSet(NamedTuple):
    """Chunks that say the same, or nearly (`exact` false); `tokens`: what all but one of them cost."""

    places: list[Place]
    tokens: int
    exact: bool


class Report(NamedTuple):
    """`tokens_files`: what copies of whole files cost; `tokens_chunks`: what everything said again costs, whole files
    included; `chunks`: the costliest sets of chunks; `chunk_sets`: how many there are."""

    files: int
    tokens: int
    sets: list[FileSet]
    near: list[NearFiles]
    chunks: list[ChunkSet]
    chunk_sets: int
    tokens_files: int
    tokens_chunks: int
    seconds: float


def find(
    project: Project,
    notes: Sequence[Note],
    similarity: float,
    progress: Callable[[int, int], None] | None = None,
    shown: int = 50,
) -> Report:
    """Look through the index. Raises IndexUnusable, DatabaseError."""
    started = time.perf_counter()
    by_path = {note.path: note for note in notes}
    db = schema.open_reader(project.index)
    try:
        files: dict[int, Note] = {
            row[0]: by_path[row[1]] for row in db.execute("SELECT id, path FROM files") if row[1] in by_path
        }
        chunks = [chunk for chunk in pages.every(db) if chunk.file in files]
        by_hash: dict[int, list[Chunk]] = defaultdict(list)
        for chunk in chunks:
            by_hash[chunk.hash].append(chunk)
        firsts = [own[0] for own in by_hash.values()]
        pairs = list(_near_pairs([chunk for chunk in firsts if chunk.terms >= LEAST_TERMS], progress))
        classes = _Classes()
        near = _verified(db, pairs, similarity)
        for first, second in near:
            classes.join(first.hash, second.hash)
    finally:
        db.close()
    sets = exact_sets(notes)
    chunk_sets, tokens_chunks = _chunk_sets(by_hash, classes, files)
    return Report(
        files=len(notes),
        tokens=sum(note.tokens for note in notes),
        sets=sets,
        near=_near_files(chunks, classes, files, similarity),
        chunks=chunk_sets[:shown],
        chunk_sets=len(chunk_sets),
        tokens_files=sum(own.tokens for own in sets),
        tokens_chunks=tokens_chunks,
        seconds=time.perf_counter() - started,
    )


# -- whole files


def exact_sets(notes: Sequence[Note]) -> list[FileSet]:
    """Files with the same bytes, costliest set first. Empty files are none. Pure."""
    by_content: dict[str, list[Note]] = defaultdict(list)
    for note in notes:
        if note.tokens:
            by_content[note.hash].append(note)
    found = []
    for alike in by_content.values():
        if len(alike) > 1:
            ordered = sorted(alike, key=_rank)
            keep, copies = ordered[0], ordered[1:]
            tokens = sum(copy.tokens for copy in copies)
            removable = [copy for copy in copies if _removable(copy, keep)]
            found.append(FileSet(keep, copies, tokens, removable))
    return sorted(found, key=lambda own: (-own.tokens, own.keep.path))


def _rank(note: Note) -> tuple[object, ...]:
    """Of several copies the first stays: what all share, what is meant to last, what is pinned, what is used."""
    tiers = {"patterns": 0, "": 1, "intermediate": 2, "recent": 3}
    return (
        note.private,
        note.scope != "global",
        note.movable,
        not note.always,
        tiers[note.tier],
        -note.uses,
        note.path,
    )


def _removable(note: Note, keep: Note) -> bool:
    """Whether a copy may go: everybody who gets it gets `keep` too, and nobody pinned it."""
    if not note.movable or keep.private or (note.always and not keep.always):
        return False
    same_owner = note.owner.lower() == keep.owner.lower() and note.category.lower() == keep.category.lower()
    native_of_same = bool(keep.native) and note.owner.lower() == keep.owner.lower()
    return keep.scope == "global" or (note.scope != "global" and (same_owner or native_of_same))


# -- chunks


def _masks() -> list[int]:
    """The bits of every pair of blocks."""
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
    tables = _masks()
    for number, mask in enumerate(tables):
        if progress:
            progress(number, len(tables))
        buckets: dict[int, list[Chunk]] = defaultdict(list)
        for chunk in chunks:
            buckets[chunk.simhash & mask].append(chunk)
        for bucket in buckets.values():
            for first, second in _pairs(bucket) if len(bucket) > 1 else ():
                if ((first.simhash ^ second.simhash) & _ALL).bit_count() <= NEAR_BITS:
                    key = (first.id, second.id)
                    if key not in seen and len(seen) < _MOST_PAIRS:
                        seen.add(key)
                        yield first, second
    if progress:
        progress(len(tables), len(tables))


_ALL = (1 << 64) - 1


def _pairs(bucket: list[Chunk]) -> Iterable[tuple[Chunk, Chunk]]:
    if len(bucket) <= _CROWD:
        return combinations(bucket, 2)
    ordered = sorted(bucket, key=lambda chunk: (chunk.simhash, chunk.id))
    found = []
    for at, chunk in enumerate(ordered):
        for other in ordered[at + 1 : at + 9]:
            found.append((chunk, other) if chunk.id < other.id else (other, chunk))
    return found


def _verified(
    db: Connection, pairs: Sequence[tuple[Chunk, Chunk]], similarity: float
) -> list[tuple[Chunk, Chunk]]:
    grams: dict[int, dict[tuple[str, str], int]] = {}
    by_page: dict[int, dict[int, Chunk]] = defaultdict(dict)
    for pair in pairs:
        for chunk in pair:
            by_page[chunk.page][chunk.id] = chunk
    for wanted in by_page.values():
        for number, text in pages.texts(db, wanted.values()).items():
            grams[number] = word_pairs(text.decode())
    return [
        (first, second)
        for first, second in pairs
        if alikeness(grams.get(first.id, {}), grams.get(second.id, {})) >= similarity
    ]


def word_pairs(text: str) -> dict[tuple[str, str], int]:
    """How often each two words stand next to each other."""
    words = text.lower().split()
    counts: dict[tuple[str, str], int] = {}
    for pair in pairwise(words):
        counts[pair] = counts.get(pair, 0) + 1
    return counts


def alikeness(first: dict[tuple[str, str], int], second: dict[tuple[str, str], int]) -> float:
    """The share of word pairs two texts have in common (Dice), 0 to 1."""
    total = sum(first.values()) + sum(second.values())
    if not total:
        return 0.0
    if len(first) > len(second):
        first, second = second, first
    return 2 * sum(min(count, second.get(pair, 0)) for pair, count in first.items()) / total


class _Classes:
    """Chunk hashes that stand for the same thing (a union-find)."""

    def __init__(self) -> None:
        self._above: dict[int, int] = {}

    def of(self, number: int) -> int:
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


def _chunk_sets(
    by_hash: dict[int, list[Chunk]], classes: _Classes, files: dict[int, Note]
) -> tuple[list[ChunkSet], int]:
    """Sets of chunks that say the same, costliest first, and what they cost together."""
    grouped: dict[int, list[int]] = defaultdict(list)
    for number in by_hash:
        grouped[classes.of(number)].append(number)
    found = []
    total = 0
    for numbers in grouped.values():
        members = [chunk for number in numbers for chunk in by_hash[number]]
        if len(members) < 2:
            continue
        tokens = sum(chunk.tokens for chunk in members) - max(chunk.tokens for chunk in members)
        total += tokens
        found.append((tokens, members, len(numbers) == 1))
    found.sort(key=lambda own: (-own[0], own[1][0].id))
    sets = [
        ChunkSet([Place(files[chunk.file].path, chunk.line) for chunk in members], tokens, exact)
        for tokens, members, exact in found
    ]
    return sets, total


# -- near duplicates of files


def _near_files(
    chunks: Sequence[Chunk], classes: _Classes, files: dict[int, Note], similarity: float
) -> list[NearFiles]:
    """Pairs of files, not byte copies, that share nearly everything. One file stands for its byte copies."""
    stands_for: dict[str, int] = {}
    for number, note in sorted(files.items(), key=lambda item: _rank(item[1])):
        stands_for.setdefault(note.hash, number)
    distinct = set(stands_for.values())
    held: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    holders: dict[int, set[int]] = defaultdict(set)
    for chunk in chunks:
        if chunk.file in distinct:
            own = classes.of(chunk.hash)
            held[chunk.file][own] += chunk.tokens
            holders[own].add(chunk.file)
    candidates: set[tuple[int, int]] = set()
    for together in holders.values():
        if len(together) > 1:
            ordered = sorted(together)
            candidates.update(combinations(ordered, 2) if len(ordered) <= _CROWD else pairwise(ordered))
    found = []
    for first, second in candidates:
        share = min(_covered(held[first], held[second]), _covered(held[second], held[first]))
        if share >= similarity:
            keep, other = sorted((files[first], files[second]), key=_near_rank)
            found.append(NearFiles(keep, other, share, _removable(other, keep)))
    return sorted(found, key=lambda near: (-near.similarity, near.keep.path, near.other.path))


def _near_rank(note: Note) -> tuple[object, ...]:
    return (note.private, note.scope != "global", note.movable, not note.always, -note.date, *_rank(note)[4:])


def _covered(own: dict[int, int], other: dict[int, int]) -> float:
    total = sum(own.values())
    return sum(tokens for number, tokens in own.items() if number in other) / total if total else 0.0


# -- proposals


def propose(project: Project, report: Report, now: float) -> list[Proposal]:
    """One proposal a set of copies, and one a near duplicate; what nobody may remove is only reported."""
    found = []
    gone: set[str] = set()
    for own in report.sets:
        if not own.removable:
            continue
        steps = []
        for copy in own.removable:
            gone.add(copy.path)
            target = proposals.free_path(project, proposals.archive_path(copy.path))
            steps += proposals.move_steps(project, copy.path, target, copy.hash)
        tokens = sum(copy.tokens for copy in own.removable)
        title = (
            f"{len(own.removable)} copies of {own.keep.path}"
            if len(own.removable) > 1
            else (f"a copy of {own.keep.path}")
        )
        found.append(
            proposals.make(
                DUPLICATES, title, "the same bytes, and whoever gets a copy gets the one that is kept", steps,
                now=now, tokens=tokens, unchanged={own.keep.path: own.keep.hash},
            )
        )  # fmt: skip
    for near in report.near:
        if near.removable and not gone & {near.keep.path, near.other.path}:
            gone.add(near.other.path)
            gone.add(near.keep.path)  # what a proposal relies on is not moved by another one
            target = proposals.free_path(project, proposals.archive_path(near.other.path))
            found.append(
                proposals.make(
                    DUPLICATES, f"nearly the same as {near.keep.path}: {near.other.path}",
                    f"{100 * near.similarity:.0f} % in common; the rest is in the comparison",
                    proposals.move_steps(project, near.other.path, target, near.other.hash),
                    now=now, tokens=near.other.tokens, unchanged={near.keep.path: near.keep.hash},
                    compare=[(near.keep.path, near.other.path)], exact=False,
                )
            )  # fmt: skip
    return found


def as_json(report: Report) -> dict[str, Any]:
    """The report as one JSON value."""
    return {
        "files": report.files,
        "tokens": report.tokens,
        "exact_sets": len(report.sets),
        "exact_copies": sum(len(own.copies) for own in report.sets),
        "tokens_in_copies": report.tokens_files,
        "tokens_said_again": report.tokens_chunks,
        "sets": [
            {
                "keep": own.keep.path,
                "copies": [copy.path for copy in own.copies],
                "removable": [copy.path for copy in own.removable],
                "tokens": own.tokens,
            }
            for own in report.sets
        ],
        "near": [
            {
                "keep": near.keep.path,
                "other": near.other.path,
                "similarity": round(near.similarity, 4),
                "removable": near.removable,
                "tokens": near.other.tokens,
            }
            for near in report.near
        ],
        "chunk_sets": report.chunk_sets,
        "chunks": [
            {
                "tokens": own.tokens,
                "exact": own.exact,
                "places": [f"{place.path}:{place.line}" for place in own.places],
            }
            for own in report.chunks
        ],
        "seconds": round(report.seconds, 3),
    }
