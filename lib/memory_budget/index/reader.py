"""One agent's view of the index: what the selection ranks, and the texts of what it chose.

Read only, on the hot path. Files that changed since the index was brought up to date are masked here and served by an
`overlay.Overlay` instead, whose ids lie above all others.
"""

from __future__ import annotations

from itertools import repeat

from memory_budget.index.schema import DatabaseError, IndexUnusable, OperationalError, open_reader
from memory_budget.sources import owners_of
from memory_budget.thesaurus import parse
from memory_budget.units import Chunk, File, Heading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from sqlite3 import Connection
    from typing import Any

    from memory_budget.index.overlay import Overlay

    Posting = tuple[memoryview, memoryview]
    Sketch = tuple[int, int, int, int, int, str, int]

__all__ = ["DatabaseError", "Group", "IndexReader", "IndexUnusable", "IndexedFile", "MemoryView"]

#: Ids of an overlay's chunks and files start here; the index's stay below.
OVERLAY_BASE = 0xE0000000


class IndexedFile(File):
    """A file with what only the index knows: the day it `expires` (0 never), its chunks' ids (`first` to `last`), and
    how many of its first lines the client loads for this agent itself (`native`)."""

    __slots__ = ("expires", "first", "last", "native")

    expires: int
    first: int
    last: int
    native: int


class Group:
    """The files of one scope and one owner."""

    __slots__ = ("category", "chunks", "files", "id", "native", "owner", "scope", "terms", "tokens")

    def __init__(self, row: Sequence[Any]) -> None:
        self.id: int = row[0]
        self.scope: str = row[1]
        self.owner: str = row[2]
        self.category: str = row[3]
        self.native: str = row[4]
        self.files: int = row[5]
        self.chunks: int = row[6]
        self.tokens: int = row[7]
        self.terms: int = row[8]


class IndexReader:
    """An open index. Raises IndexUnusable when there is none to open, DatabaseError when it turns out damaged."""

    __slots__ = ("db",)

    def __init__(self, path: str) -> None:
        self.db: Connection = open_reader(path)

    def close(self) -> None:
        self.db.close()

    def meta(self, key: str) -> Any:
        row = self.db.execute("SELECT value FROM meta WHERE key=?", (key,)).fetchone()
        return None if row is None else row[0]

    def groups(self) -> list[Group]:
        """Every group. A few dozen rows; thousands where there are thousands of agents."""
        return [
            Group(row)
            for row in self.db.execute(
                "SELECT id, scope, owner, category, native, files, chunks, tokens, terms FROM groups ORDER BY id"
            )
        ]

    def groups_for(self, names: Sequence[str]) -> list[Group]:
        """The groups an agent with these folder names gets (see `sources.owners_of`)."""
        owners = sorted({name.rpartition("/")[2].lower() for name in names})
        marks = ",".join("?" * len(owners))
        rows = self.db.execute(
            "SELECT id, scope, owner, category, native, files, chunks, tokens, terms FROM groups "
            f"WHERE scope='global' OR lower(owner) IN ({marks}) ORDER BY scope, category, owner, native",
            owners,
        ).fetchall()
        chosen = set(owners_of((row[:5] for row in rows), names))
        return [Group(row) for row in rows if row[0] in chosen]


class MemoryView:
    """The memory that one agent may get, as the selection sees it.

    `native`: the kind of native memory the client loads for this agent itself ("" for none); of such a MEMORY.md the
    lines it loads are not offered, and `native_tokens` says what they cost.
    """

    def __init__(
        self, reader: IndexReader, groups: Sequence[Group], native: str = "", today: int = 0
    ) -> None:
        self.db = reader.db
        self.group_by_id = {group.id: group for group in groups}
        self.native_groups = {group.id for group in groups if native and group.native == native}
        self.native_tokens = 0
        self.today = today
        self.overlay: Overlay | None = None
        self.masked: set[int] = set()
        self._marks = ",".join("?" * len(groups))
        self._groups = [group.id for group in groups]
        self.chunk_count = sum(group.chunks for group in groups)
        self.file_count = sum(group.files for group in groups)
        self._terms = sum(group.terms for group in groups)
        self._average()
        self.scoped_tokens = sum(group.tokens for group in groups)
        self._chunks: dict[int, Chunk] = {}
        self._files: dict[int, IndexedFile] = {}
        self._hide_copies()
        self._headings: dict[int, Heading] = {}
        self._lists: dict[str, tuple[list[Posting], list[Posting], list[int]]] = {}

    def _hide_copies(self) -> None:
        """Leave out global files that stand, byte for byte, in the agent's own folders, too."""
        own = [group.id for group in self.group_by_id.values() if group.scope != "global"]
        if own:
            marks = ",".join("?" * len(own))
            rows = self.db.execute(f"SELECT file FROM copies WHERE grp IN ({marks})", own)
            self.masked = {row[0] for row in rows}

    def _whole_copies(self, gone: set[int]) -> set[int]:
        """Of the global files left out as copies, those whose twin in the agent's folders still stands."""
        if not self.masked:
            return set()
        own = [group.id for group in self.group_by_id.values() if group.scope != "global"]
        marks = ",".join("?" * len(own))
        rows = self.db.execute(
            "SELECT c.file, own.id FROM copies c JOIN files f ON f.id = c.file "
            f"JOIN files own ON own.hash = f.hash AND own.grp = c.grp WHERE c.grp IN ({marks})",
            own,
        )
        return {file for file, twin in rows if twin not in gone}

    def lay_over(self, overlay: Overlay) -> None:
        """Serve changed files from `overlay`, and none of what the index has of them."""
        self.overlay = overlay
        self.masked = overlay.masked | self._whole_copies(overlay.masked)
        self.scoped_tokens += overlay.tokens
        self.chunk_count += overlay.chunk_count
        self.file_count += overlay.file_count
        self._terms += overlay.terms
        self._average()

    def _average(self) -> None:
        """Lengths that a term's weight rests on. Files that changed count twice, which weighs nothing."""
        self.mean_chunk_terms = self._terms / self.chunk_count if self.chunk_count and self._terms else 1.0
        self.mean_file_terms = self._terms / self.file_count if self.file_count and self._terms else 1.0

    def load(self, terms: Iterable[str]) -> None:
        """Fetch the posting lists of many terms at once: one query a group instead of one a term."""
        wanted = [term for term in dict.fromkeys(terms) if term not in self._lists]
        for term in wanted:
            self._lists[term] = ([], [], [0, 0])
        for start in range(0, len(wanted), 400):
            part = wanted[start : start + 400]
            marks = ",".join("?" * len(part))
            for group in self._groups:
                for term, count, file_count, chunks, files in self.db.execute(
                    "SELECT term, chunk_count, file_count, chunks, files FROM postings "
                    f"WHERE grp=? AND term IN ({marks})",
                    [group, *part],
                ):
                    lists = self._lists[term]
                    lists[0].append(_halves(chunks))
                    lists[1].append(_halves(files))
                    lists[2][0] += count
                    lists[2][1] += file_count
        if self.overlay is not None:
            for term in wanted:
                own = self.overlay.postings(term)
                if own is not None:
                    lists = self._lists[term]
                    lists[0].append(own[0])
                    lists[1].append(own[1])
                    lists[2][0] += len(own[0][0])
                    lists[2][1] += len(own[1][0])

    def postings(self, term: str) -> list[Posting]:
        """Per group: chunk ids, and `tf << 16 | length`; of a long list the best 1,024."""
        if term not in self._lists:
            self.load((term,))
        return self._lists[term][0]

    def file_postings(self, term: str) -> list[Posting]:
        """The same of whole files, with file ids."""
        if term not in self._lists:
            self.load((term,))
        return self._lists[term][1]

    def counts(self, term: str) -> list[int]:
        """How many chunks and how many files hold the term, however many of them `postings` returns."""
        if term not in self._lists:
            self.load((term,))
        return self._lists[term][2]

    def sketches(self, *, ids: list[int] | None = None, files: list[int] | None = None) -> list[Sketch]:
        """The chunks of these ids, or of these files, or all in view, as far as a score asks: id, file, section, its
        tokens, own tokens, lead, line."""
        rows: list[Sketch] = []
        if ids is not None:
            rows = self._select(
                "SELECT id, file, section, section_tokens, tokens, lead, line FROM chunks WHERE id IN",
                [number for number in ids if number < OVERLAY_BASE],
            )
            self.files({row[1] for row in rows})
        else:
            if files is None:
                for row in self.db.execute(f"{_FILE_COLUMNS} WHERE f.grp IN ({self._marks})", self._groups):
                    self._keep_file(row)
                packed = self.db.execute(
                    f"SELECT file, first, numbers, leads FROM sketches WHERE grp IN ({self._marks})",
                    self._groups,
                ).fetchall()
            else:
                packed = self._select("SELECT file, first, numbers, leads FROM sketches WHERE file IN", files)
                self.files(files)
            for file, first, numbers, leads in packed:
                if file in self._files:
                    rows.extend(_sketch_rows(file, first, numbers, leads))
        known = self._files
        found = [row for row in rows if row[1] in known and row[6] > known[row[1]].native]
        if self.overlay is not None:
            found += self.overlay.sketches(ids, files)
        return found

    def chunks(self, ids: Iterable[int]) -> dict[int, Chunk]:
        """The chunks of these ids that exist and may be offered."""
        stored = []
        known = self._chunks
        found: dict[int, Chunk] = {}
        for number in ids:
            if number in known:
                found[number] = known[number]
            elif number < OVERLAY_BASE:
                stored.append(number)
            elif self.overlay is not None:
                chunk = self.overlay.chunk(number)
                if chunk is not None:
                    found[number] = chunk
        rows = self._select(
            "SELECT id, file, tokens, terms, headings, kind, lead, hash, simhash, line, section, section_tokens "
            "FROM chunks WHERE id IN",
            stored,
        )
        files = self.files({row[1] for row in rows})
        for (
            number, file_id, tokens, terms, headings, kind, lead, hash_, simhash, line, section, section_tokens
        ) in rows:  # fmt: skip
            file = files.get(file_id)
            if file is None or line <= file.native:
                continue
            known[number] = found[number] = Chunk(
                number, file_id, file.scope, tokens, terms, tuple(memoryview(headings).cast("I")), kind, lead, hash_,
                simhash, line, section, section_tokens,
            )  # fmt: skip
        return found

    def files(self, ids: Iterable[int]) -> dict[int, IndexedFile]:
        """The files of these ids that are in view, not masked and not expired."""
        wanted = [number for number in ids if number not in self._files]
        stored = []
        for number in wanted:
            if number < OVERLAY_BASE:
                stored.append(number)
            elif self.overlay is not None:
                file = self.overlay.file(number)
                if file is not None:
                    self._files[number] = file
        for row in self._select(_FILE_COLUMNS + " WHERE f.id IN", stored):
            self._keep_file(row)
        return {number: self._files[number] for number in ids if number in self._files}

    def _keep_file(self, row: Sequence[Any]) -> None:
        (number, group, path, tokens, frame, mtime_ns, date, confidence, always, expires, terms, first, last, uses,
         used, loaded) = row  # fmt: skip
        own = self.group_by_id.get(group)
        if own is None or number in self.masked or (0 < expires < self.today):
            return
        file = IndexedFile(
            number, path, own.scope, group, tokens, frame, date, ordinal(mtime_ns), uses or 0, used or 0, confidence,
            bool(always), terms,
        )  # fmt: skip
        file.expires, file.first, file.last = expires, first, last
        file.native = loaded if group in self.native_groups else 0
        self._files[number] = file

    def heading(self, ids: Iterable[int]) -> dict[int, Heading]:
        """The heading lines of these ids."""
        stored = []
        for number in ids:
            if number not in self._headings:
                if number < OVERLAY_BASE:
                    stored.append(number)
                elif self.overlay is not None:
                    self._headings[number] = self.overlay.heading(number)
        for row in self._select("SELECT id, text, tokens FROM headings WHERE id IN", stored):
            self._headings[row[0]] = Heading(*row)
        return {number: self._headings[number] for number in ids if number in self._headings}

    def latest(self, limit: int) -> list[int]:
        """Chunk ids of the files used or dated last, newest file first, at most `limit`."""
        rows = self.db.execute(
            f"{_FILE_COLUMNS} WHERE f.grp IN ({self._marks}) "
            "ORDER BY max(f.date, coalesce(u.last_used, 0)) DESC, coalesce(u.uses, 0) DESC, f.path LIMIT 60",
            self._groups,
        ).fetchall()
        for row in rows:
            self._keep_file(row)
        found: list[int] = list(self.overlay.all_chunks())[:limit] if self.overlay is not None else []
        for row in rows:
            file = self._files.get(row[0])
            if file is not None and len(found) < limit:
                found.extend(range(file.first, min(file.last + 1, file.first + limit - len(found))))
        return found

    def pinned(self) -> list[int]:
        """Chunk ids of files with `always: true`."""
        found: list[int] = []
        for row in self.db.execute(
            f"{_FILE_COLUMNS} WHERE f.grp IN ({self._marks}) AND f.always ORDER BY f.path", self._groups
        ).fetchall():
            self._keep_file(row)
            file = self._files.get(row[0])
            if file is not None:
                found.extend(range(file.first, file.last + 1))
        if self.overlay is not None:
            found.extend(self.overlay.pinned())
        return found

    def synonyms(self, term: str) -> list[tuple[str, float]]:
        """Words of like meaning, as index terms, with their likeness from 0 to 1."""
        try:
            row = self.db.execute("SELECT others FROM thesaurus.synonyms WHERE term=?", (term,)).fetchone()
        except OperationalError:  # it could not be attached
            return []
        return [] if row is None else parse(row[0])

    def texts(self, ids: Collection[int]) -> dict[int, str]:
        """What the chunks say."""
        found: dict[int, str] = dict(
            self._select("SELECT id, text FROM texts WHERE id IN", [n for n in ids if n < OVERLAY_BASE])
        )
        if self.overlay is not None:
            for number in ids:
                if number >= OVERLAY_BASE:
                    found[number] = self.overlay.text(number)
        return found

    def count_native(self) -> int:
        """Tokens of the lines that the client loads for this agent itself; known as `native_tokens` afterwards."""
        self.native_tokens = 0
        if self.native_groups:
            marks = ",".join("?" * len(self.native_groups))
            row = self.db.execute(
                "SELECT sum(c.tokens) FROM files f JOIN chunks c ON c.id BETWEEN f.first AND f.last "
                f"WHERE f.grp IN ({marks}) AND f.loaded > 0 AND c.line <= f.loaded",
                sorted(self.native_groups),
            ).fetchone()
            self.native_tokens = row[0] or 0
        return self.native_tokens

    def _select(self, query: str, ids: Sequence[int]) -> list[tuple[Any, ...]]:
        rows: list[tuple[Any, ...]] = []
        for start in range(0, len(ids), 900):
            part = ids[start : start + 900]
            rows.extend(self.db.execute(f"{query} ({','.join('?' * len(part))})", part))
        return rows


_FILE_COLUMNS = (
    "SELECT f.id, f.grp, f.path, f.tokens, f.frame_tokens, f.mtime_ns, f.date, f.confidence, f.always, f.expires, "
    "f.terms, f.first, f.last, u.uses, u.last_used, f.loaded FROM files f LEFT JOIN file_uses u ON u.path = f.path"
)


def ordinal(time_ns: int) -> int:
    """The proleptic ordinal day (UTC) of a time since the epoch in ns: 719,163 is 1 January 1970."""
    return 719163 + time_ns // 86_400_000_000_000


def _sketch_rows(file: int, first: int, blob: bytes, leads: str) -> Iterable[Sketch]:
    """The rows that `build` packed."""
    numbers = memoryview(blob).cast("I").tolist()
    count = len(numbers) // 4
    return zip(
        range(first, first + count),
        repeat(file),
        numbers[:count],
        numbers[count : 2 * count],
        numbers[2 * count : 3 * count],
        leads.split("\n") if leads else repeat(""),
        numbers[3 * count :],
        strict=False,
    )


def _halves(blob: bytes) -> Posting:
    numbers = memoryview(blob).cast("I")
    half = len(numbers) // 2
    return numbers[:half], numbers[half:]
