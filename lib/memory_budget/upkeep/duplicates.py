"""Duplicates: the same thing said in several places, as whole files and chunk by chunk, across scopes and agents.

Files with the same bytes make a set. Chunks are the same when their text is the same but for white space, or when at
least `lifecycle.duplicates.similarity` (0.9) of their word pairs agree (`near_chunks`). Two files are near duplicates when
that share of the tokens of each is in the other. `tests/bench/duplicates_speed.py` measures how long 20,000 files take.
"""

from __future__ import annotations

import time
from collections import defaultdict
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, NamedTuple

from memory_budget.index import pages, schema
from memory_budget.index.records import Chunk
from memory_budget.upkeep import proposals
from memory_budget.upkeep.near_chunks import CROWD, ChunkClasses, near_classes
from memory_budget.upkeep.proposals import DUPLICATES, Proposal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from memory_budget.base.project import Project
    from memory_budget.upkeep.memory_files import MemoryFile


#: Sets of chunks that a report lists; all are counted.
_MOST_SETS = 50


class FileSet(NamedTuple):
    """Files with the same bytes: `keep` stays, the `copies` say nothing new. `tokens`: of the copies together; `removable`:
    copies whose readers all get `keep` as well."""

    keep: MemoryFile
    copies: list[MemoryFile]
    tokens: int
    removable: list[MemoryFile]


class NearFiles(NamedTuple):
    """Two files that say nearly the same. `similarity`: the share of the tokens of each that is in the other, the smaller
    one, 0 to 1."""

    keep: MemoryFile
    other: MemoryFile
    similarity: float
    removable: bool


class Passage(NamedTuple):
    """Where a chunk is: the file's path and its first line, counted from 1."""

    path: str
    line: int


class ChunkSet(NamedTuple):
    """Chunks that say the same, or nearly (`exact` false). `tokens`: of all but the largest one."""

    places: list[Passage]
    tokens: int
    exact: bool


class DuplicateReport(NamedTuple):
    """The result of a search. `files` and `tokens`: of all memory; `tokens_files`: tokens of copies of whole files;
    `tokens_chunks`: tokens of everything said again, whole files included; `chunks`: the largest sets of chunks;
    `chunk_sets`: how many there are; `seconds`: how long the search took."""

    files: int
    tokens: int
    sets: list[FileSet]
    near: list[NearFiles]
    chunks: list[ChunkSet]
    chunk_sets: int
    tokens_files: int
    tokens_chunks: int
    seconds: float


def find_duplicates(
    project: Project,
    notes: Sequence[MemoryFile],
    similarity: float,
    progress: Callable[[int, int], None] | None,
) -> DuplicateReport:
    """Search the index. `similarity`: 0 to 1.

    Raises IndexUnusable, DatabaseError.
    """
    started = time.perf_counter()
    by_path = {note.path: note for note in notes}
    db = schema.open_reader(project.index)
    try:
        files: dict[int, MemoryFile] = {
            row[0]: by_path[row[1]] for row in db.execute("SELECT id, path FROM files") if row[1] in by_path
        }
        chunks = [chunk for chunk in pages.all_chunks(db) if chunk.file in files]
        by_hash: dict[int, list[Chunk]] = defaultdict(list)
        for chunk in chunks:
            by_hash[chunk.hash].append(chunk)
        classes = near_classes(db, [same[0] for same in by_hash.values()], similarity, progress)
    finally:
        db.close()
    sets = exact_sets(notes)
    chunk_sets, tokens_chunks = _chunk_sets(by_hash, classes, files)
    return DuplicateReport(
        files=len(notes),
        tokens=sum(note.tokens for note in notes),
        sets=sets,
        near=_near_files(chunks, classes, files, similarity),
        chunks=chunk_sets[:_MOST_SETS],
        chunk_sets=len(chunk_sets),
        tokens_files=sum(file_set.tokens for file_set in sets),
        tokens_chunks=tokens_chunks,
        seconds=time.perf_counter() - started,
    )


# -- whole files


def exact_sets(notes: Sequence[MemoryFile]) -> list[FileSet]:
    """Files with the same bytes, the set with most tokens in copies first. Empty files do not count. Pure."""
    by_content: dict[str, list[MemoryFile]] = defaultdict(list)
    for note in notes:
        if note.tokens:
            by_content[note.hash].append(note)
    sets = []
    for copies_of_one in by_content.values():
        if len(copies_of_one) > 1:
            ordered = sorted(copies_of_one, key=_copy_rank)
            keep, copies = ordered[0], ordered[1:]
            tokens = sum(copy.tokens for copy in copies)
            removable = [copy for copy in copies if _is_removable(copy, keep)]
            sets.append(FileSet(keep, copies, tokens, removable))
    return sorted(sets, key=lambda file_set: (-file_set.tokens, file_set.keep.path))


def _copy_rank(note: MemoryFile) -> tuple[object, ...]:
    """Sort key of copies; the first stays: shared by all, not movable, pinned, meant to last, used most."""
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


def _is_removable(note: MemoryFile, keep: MemoryFile) -> bool:
    """Whether a copy may go: every agent that gets it gets `keep` too, and it is not pinned."""
    if not note.movable or keep.private or (note.always and not keep.always):
        return False
    same_owner = note.owner.lower() == keep.owner.lower() and note.category.lower() == keep.category.lower()
    native_of_same = bool(keep.native) and note.owner.lower() == keep.owner.lower()
    return keep.scope == "global" or (note.scope != "global" and (same_owner or native_of_same))


# -- chunks


def _chunk_sets(
    by_hash: dict[int, list[Chunk]], classes: ChunkClasses, files: dict[int, MemoryFile]
) -> tuple[list[ChunkSet], int]:
    """Sets of chunks that say the same, most tokens first, and the tokens of all sets."""
    grouped: dict[int, list[int]] = defaultdict(list)
    for number in by_hash:
        grouped[classes.of(number)].append(number)
    rows = []
    total = 0
    for numbers in grouped.values():
        members = [chunk for number in numbers for chunk in by_hash[number]]
        if len(members) < 2:
            continue
        tokens = sum(chunk.tokens for chunk in members) - max(chunk.tokens for chunk in members)
        total += tokens
        rows.append((tokens, members, len(numbers) == 1))
    rows.sort(key=lambda row: (-row[0], row[1][0].id))
    sets = [
        ChunkSet([Passage(files[chunk.file].path, chunk.line) for chunk in members], tokens, exact)
        for tokens, members, exact in rows
    ]
    return sets, total


# -- near duplicates of files


def _near_files(
    chunks: Sequence[Chunk], classes: ChunkClasses, files: dict[int, MemoryFile], similarity: float
) -> list[NearFiles]:
    """Pairs of files, not byte copies, that share nearly everything. Of byte copies only the first is compared."""
    first_copy: dict[str, int] = {}
    for number, note in sorted(files.items(), key=lambda item: _copy_rank(item[1])):
        first_copy.setdefault(note.hash, number)
    distinct = set(first_copy.values())
    tokens_by_class: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    files_of_class: dict[int, set[int]] = defaultdict(set)
    for chunk in chunks:
        if chunk.file in distinct:
            number = classes.of(chunk.hash)
            tokens_by_class[chunk.file][number] += chunk.tokens
            files_of_class[number].add(chunk.file)
    candidates: set[tuple[int, int]] = set()
    for sharing_files in files_of_class.values():
        if len(sharing_files) > 1:
            ordered = sorted(sharing_files)
            candidates.update(combinations(ordered, 2) if len(ordered) <= CROWD else pairwise(ordered))
    pairs = []
    for first, second in candidates:
        first_tokens, second_tokens = tokens_by_class[first], tokens_by_class[second]
        share = min(_shared_share(first_tokens, second_tokens), _shared_share(second_tokens, first_tokens))
        if share >= similarity:
            keep, other = sorted((files[first], files[second]), key=_near_rank)
            pairs.append(NearFiles(keep, other, share, _is_removable(other, keep)))
    return sorted(pairs, key=lambda near: (-near.similarity, near.keep.path, near.other.path))


def _near_rank(note: MemoryFile) -> tuple[object, ...]:
    """As `_copy_rank`, but the newer of two versions goes before the one that is meant to last."""
    return (
        note.private,
        note.scope != "global",
        note.movable,
        not note.always,
        -note.date,
        *_copy_rank(note)[4:],
    )


def _shared_share(tokens_by_class: dict[int, int], other: dict[int, int]) -> float:
    """The share of tokens in classes that `other` has too; both map classes to tokens."""
    total = sum(tokens_by_class.values())
    return (
        sum(tokens for number, tokens in tokens_by_class.items() if number in other) / total if total else 0.0
    )


# -- proposals


def propose_duplicates(project: Project, report: DuplicateReport, now: float) -> list[Proposal]:
    """One proposal per set of copies and per near duplicate; what may not be removed is only reported."""
    suggested = []
    used: set[str] = set()
    for file_set in report.sets:
        if not file_set.removable:
            continue
        steps = []
        for copy in file_set.removable:
            used.add(copy.path)
            target = proposals.free_path(project, proposals.archive_path(copy.path))
            steps += proposals.move_steps(project, copy.path, target, copy.hash)
        tokens = sum(copy.tokens for copy in file_set.removable)
        count = len(file_set.removable)
        title = f"{f'{count} copies' if count > 1 else 'a copy'} of {file_set.keep.path}"
        suggested.append(
            proposals.make_proposal(
                DUPLICATES, title, "the same bytes, and every agent that gets a copy gets the one that stays", steps,
                now=now, tokens=tokens, unchanged={file_set.keep.path: file_set.keep.hash},
            )
        )  # fmt: skip
    for near in report.near:
        if near.removable and not used & {near.keep.path, near.other.path}:
            used.add(near.other.path)
            used.add(near.keep.path)  # no other proposal may move what this one relies on
            target = proposals.free_path(project, proposals.archive_path(near.other.path))
            suggested.append(
                proposals.make_proposal(
                    DUPLICATES, f"nearly the same as {near.keep.path}: {near.other.path}",
                    f"{100 * near.similarity:.0f} % in common; the rest is in the comparison",
                    proposals.move_steps(project, near.other.path, target, near.other.hash),
                    now=now, tokens=near.other.tokens, unchanged={near.keep.path: near.keep.hash},
                    compare=[(near.keep.path, near.other.path)], exact=False,
                )
            )  # fmt: skip
    return suggested
