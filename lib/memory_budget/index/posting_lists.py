"""The posting lists of one update of the index: what new files add to them, and what dropped files take away.

What is added is held in memory, by group and term. In an index that was empty a group is written as soon as its last file is
there, once and in the order of its terms; of a group too large for memory parts are put aside in a temporary table.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import _count_elements, defaultdict  # type: ignore[attr-defined]
from itertools import count
from typing import TYPE_CHECKING

from memory_budget.index import known_terms, labels, postings
from memory_budget.text.words import terms

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from sqlite3 import Connection

    Lists = dict[str, list[int]]
    _Row = tuple[int, str, int, int, bytearray, bytearray, bytearray, bytearray]

#: Postings held in memory before they are put aside (about 50 MB).
HELD = 3_000_000
#: Lists written at once.
_BATCH = 2_000
_STORED = "SELECT chunks, more_chunks, files, more_files FROM postings WHERE grp=? AND term=?"


class _Entries(dict[int, int]):
    """The postings of one chunk or file by count: one object for all terms that occur as often."""

    __slots__ = ("_length", "_number")

    def __init__(self, number: int, length: int) -> None:
        self._number = number
        self._length = length

    def __missing__(self, count: int) -> int:
        self[count] = posting = postings.entry(self._number, count, self._length)
        return posting


class PostingLists:
    """The posting lists of one update. Make it before the first file is dropped or added, and call `finish` after the last."""

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._was_empty = db.execute("SELECT 1 FROM postings LIMIT 1").fetchone() is None
        self._chunks: dict[int, Lists] = {}
        self._files: dict[int, Lists] = {}
        self._counts: dict[str, int] = {}  # of the file whose chunks are being added
        self._held = 0
        self._aside: set[int] = set()
        self._dropped: dict[int, set[str]] = defaultdict(set)
        self._ranges: list[tuple[int, int]] = []
        self._starts: list[int] = []
        self._dropped_files: set[int] = set()

    def add_chunks(
        self,
        group: int,
        first: int,
        text_terms: Sequence[Sequence[str]],
        heading_terms: Sequence[Sequence[str]],
    ) -> None:
        """Chunks numbered from `first` with the terms of their texts, repeats kept, and of the headings above them."""
        by_term = self._chunks.get(group)
        if by_term is None:
            by_term = self._chunks[group] = defaultdict(list)
        file_counts = self._counts
        for number, chunk_terms, chunk_names in zip(count(first), text_terms, heading_terms, strict=False):
            counts: dict[str, int] = {}
            _count_elements(counts, chunk_terms)
            _count_elements(file_counts, chunk_terms)
            if chunk_names:
                _count_elements(counts, chunk_names)
                _count_elements(file_counts, chunk_names)
            entries = _Entries(number, len(chunk_terms))
            for term, times in counts.items():
                by_term[term].append(entries[times])
            self._held += len(counts)

    def add_file(self, group: int, number: int, length: int, path: str, label: str) -> None:
        """The file of the chunks added last: its terms are theirs and those of its path and of its label (see `labels`)."""
        by_term = self._files.get(group)
        if by_term is None:
            by_term = self._files[group] = defaultdict(list)
        counts, self._counts = self._counts, {}
        _count_elements(counts, terms(path))
        entries = _Entries(number, length)
        labelled = labels.label_terms(label)
        for term in labelled:
            times = min(counts.pop(term, 0) + 1, labels.LABELLED - 1)
            by_term[term].append(entries[times | labels.LABELLED])
        for term, times in counts.items():
            by_term[term].append(entries[min(times, labels.LABELLED - 1)])
        self._held += len(counts) + len(labelled)

    def relieve(self) -> None:
        """Put aside what is held when that is much. To be called every megabyte of text or so."""
        if self._held > HELD:
            self._put_aside(self._chunks.keys() | self._files.keys())

    def drop(self, group: int, words: Iterable[str], file: int, first: int, last: int) -> None:
        """Take a file and its chunks, `first` to `last`, out of the lists of these words."""
        self._dropped[group].update(words)
        self._dropped_files.add(file)
        self._ranges.append((first, last))

    def complete(self, group: int) -> None:
        """No more files of this group will come."""
        if self._was_empty and group in self._files and group not in self._aside:
            self._write(group)

    def finish(self) -> None:
        """Write what is not written yet."""
        self._ranges.sort()
        self._starts = [first for first, _ in self._ranges]
        if self._aside:
            self._put_aside(self._aside & self._files.keys())
            self._merge()
        for group in sorted(self._files.keys() | self._dropped.keys()):
            self._write(group)

    def _write(self, group: int) -> None:
        files = self._files.pop(group, {})
        chunks = self._chunks.pop(group, {})
        words = sorted(files.keys() | self._dropped.pop(group, set()))
        self._held -= sum(map(len, files.values())) + sum(map(len, chunks.values()))
        self._store(group, ((term, chunks.get(term, []), files.get(term, [])) for term in words))

    def _store(self, group: int, lists: Iterator[tuple[str, list[int], list[int]]]) -> None:
        """Write lists: what the index holds of them without the dropped files, and what is new."""
        rows: list[_Row] = []
        pack = postings.pack_postings
        added, removed = bytearray(), bytearray()
        for term, chunks, files in lists:
            known = not self._was_empty and self._join(group, term, chunks, files)
            if known != bool(files):
                digests = removed if known else added
                digests += known_terms.digest(term)
            if files:
                head, more = pack(chunks, ranked=True)
                file_head, more_files = pack(files, ranked=False)  # they are read whole
                rows.append((group, term, len(chunks), len(files), head, file_head, more, more_files))
                if len(rows) == _BATCH:
                    self._insert(rows)
                    rows = []
            else:
                self._db.execute("DELETE FROM postings WHERE grp=? AND term=?", (group, term))
        self._insert(rows)
        known_terms.update_known(self._db, group, bytes(added), bytes(removed))

    def _insert(self, rows: list[_Row]) -> None:
        self._db.executemany("INSERT OR REPLACE INTO postings VALUES(?,?,?,?,?,?,?,?)", rows)

    def _join(self, group: int, term: str, chunks: list[int], files: list[int]) -> bool:
        """Add to new lists what the index holds of them, without the dropped files. Returns whether it held any."""
        row = self._db.execute(_STORED, (group, term)).fetchone()
        if row is not None:
            stored = [*postings.unpack_postings(row[0]), *postings.unpack_postings(row[1])]
            chunks.extend(postings.without_dropped(stored, self._is_dropped_chunk))
            stored = [*postings.unpack_postings(row[2]), *postings.unpack_postings(row[3])]
            files.extend(postings.without_dropped(stored, self._dropped_files.__contains__))
        return row is not None

    def _is_dropped_chunk(self, number: int) -> bool:
        """Whether a chunk belonged to a file that was dropped: its number lies in one of the sorted ranges."""
        at = bisect_right(self._starts, number) - 1
        return at >= 0 and number <= self._ranges[at][1]

    def _put_aside(self, groups: Iterable[int]) -> None:
        """Move what is held of these groups to a temporary table."""
        if not self._aside:
            self._db.execute("CREATE TEMP TABLE aside(grp INTEGER, term TEXT, kind INTEGER, list BLOB)")
        for group in groups:
            self._aside.add(group)
            for kind, lists in ((0, self._chunks.pop(group, {})), (1, self._files.pop(group, {}))):
                self._db.executemany(
                    "INSERT INTO aside VALUES(?,?,?,?)",
                    ((group, term, kind, bytearray(array("Q", numbers))) for term, numbers in lists.items()),
                )
                self._held -= sum(map(len, lists.values()))

    def _merge(self) -> None:
        """Write the lists whose parts were put aside."""
        self._db.execute("CREATE INDEX temp.aside_key ON aside(grp, term)")
        for group in sorted(self._aside):
            words = self._dropped.pop(group, set())
            self._store(group, self._parts(group, words))
            self._store(group, ((term, [], []) for term in sorted(words)))
        self._db.execute("DROP TABLE temp.aside")
        self._aside.clear()

    def _parts(self, group: int, words: set[str]) -> Iterator[tuple[str, list[int], list[int]]]:
        """The lists put aside of a group, by term; the terms are taken out of `words`."""
        lists: tuple[list[int], list[int]] = ([], [])
        last = None
        for term, kind, blob in self._db.execute(
            "SELECT term, kind, list FROM aside WHERE grp=? ORDER BY term", (group,)
        ):
            if term != last:
                if last is not None:
                    yield last, *lists
                last, lists = term, ([], [])
                words.discard(term)
            part = array("Q")
            part.frombytes(blob)
            lists[kind].extend(part)
        if last is not None:
            yield last, *lists
