"""Brings the index up to date with the memory files.

A file whose size and time of change are as recorded is not opened. One whose content is the same is not parsed again.
A new index is built beside the old place and renamed into it, so a reader sees a whole one or none. Updates are one
transaction; agents go on reading meanwhile.
"""

from __future__ import annotations

import os
import time
from array import array
from bisect import bisect_right
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from memory_budget import terms
from memory_budget.index import postings, schema
from memory_budget.index.parse import ParsedPiece, TokenCounter, frame_tokens, parse_pieces, read_content
from memory_budget.project import Project, listing
from memory_budget.sources import Found, Place, Scan, Sources, scan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from sqlite3 import Connection

#: Unused ids between two files, so that the neighbours of a chunk are in its file or nowhere.
ID_GAP = 3
#: Postings held in memory before they are put aside in a temporary table (about 50 MB).
_HELD_POSTINGS = 700_000
#: Parsed files kept for copies of them, and the largest file kept, in bytes: about 60 MB at most.
_COPIES = 300
_COPY_SIZE = 40_000
_STORED_LISTS = "SELECT chunks, more_chunks, files, more_files FROM postings WHERE grp=? AND term=?"


class Report(NamedTuple):
    """What an update did. `problems` are (path, what is wrong); `tokens` are those of the files parsed."""

    files: int
    parsed: int
    removed: int
    tokens: int
    seconds: float
    rebuilt: bool
    problems: list[tuple[str, str]]
    scan: Scan


class _Known(NamedTuple):
    id: int
    grp: int
    size: int
    mtime_ns: int
    hash: bytes
    exact: int
    first: int
    last: int
    side_ns: int


def update(
    project: Project,
    sources: Sources,
    counter: TokenCounter,
    *,
    rebuild: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Make the index what the files are. The caller holds the index lock.

    `progress` gets (files done, files to do). Raises OSError when the cache folder cannot be written.
    """
    started = time.perf_counter()
    project.ensure_cache()
    found = scan(project, sources)
    if not rebuild:
        try:
            if os.path.exists(project.index):
                connection = schema.open_writer(project.index)
                try:
                    return _Update(connection, counter, found, progress).run(started, rebuilt=False)
                finally:
                    connection.close()
        except (schema.IndexUnusable, schema.DatabaseError):
            pass  # damaged, or of another version: what follows replaces it
    return _rebuild(project, counter, found, progress, started)


def _rebuild(
    project: Project,
    counter: TokenCounter,
    found: Scan,
    progress: Callable[[int, int], None] | None,
    started: float,
) -> Report:
    kept = _kept_tables(project.index)
    fresh = f"{project.index}.{os.getpid()}.new"
    _remove_unfinished(project)
    try:
        connection = schema.open_writer(fresh)
        try:
            connection.execute("PRAGMA synchronous=OFF")  # a half-built index is thrown away anyway
            _restore_tables(connection, kept)
            report = _Update(connection, counter, found, progress).run(started, rebuilt=True)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            connection.close()
        # The old index's side files must be gone before a new index takes its name, or they would be applied to it.
        _remove(project.index)
        os.replace(fresh, project.index)
    finally:
        _remove(fresh)
    return report


def _remove(path: str) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        try:
            os.unlink(path + suffix)
        except FileNotFoundError:
            pass


def _remove_unfinished(project: Project) -> None:
    """Remove what builders left that were killed: nobody else builds while the caller holds the lock."""
    for name in listing(project.cache):
        if name.startswith("index.sqlite.") and name.endswith(
            (".new", ".new-wal", ".new-shm", ".new-journal")
        ):
            os.unlink(f"{project.cache}/{name}")


#: Tables that cannot be made again from the memory files.
_KEPT = ("uses", "file_uses")


def _kept_tables(path: str) -> dict[str, list[tuple[object, ...]]]:
    """Rows worth carrying over from an index that is being replaced; nothing when it cannot be read."""
    kept: dict[str, list[tuple[object, ...]]] = {}
    if not os.path.exists(path):
        return kept
    try:
        connection = schema.connect(path)
        try:
            for table in _KEPT:
                kept[table] = connection.execute(f"SELECT * FROM {table}").fetchall()
        finally:
            connection.close()
    except schema.DatabaseError:
        pass
    return kept


def _restore_tables(connection: Connection, kept: dict[str, list[tuple[object, ...]]]) -> None:
    for table, rows in kept.items():
        for row in rows:
            try:
                connection.execute(f"INSERT INTO {table} VALUES({','.join('?' * len(row))})", row)
            except schema.DatabaseError:
                break  # another version's columns


class _Sketch:
    """The chunks of one file as far as a score asks, column by column, so that a start reads one row a file."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.sections = array("I")
        self.section_tokens = array("I")
        self.tokens = array("I")
        self.lines = array("I")
        self.leads: list[str] = []

    def add(self, section: int, section_tokens: int, tokens: int, line: int, lead: str) -> None:
        self.sections.append(section)
        self.section_tokens.append(section_tokens)
        self.tokens.append(tokens)
        self.lines.append(line)
        self.leads.append(lead)

    def columns(self) -> tuple[bytes, str]:
        """Section, tokens of the section, own tokens, line (u32 each, a column after the other); leads, one a line, ""
        when there are none."""
        numbers = self.sections + self.section_tokens + self.tokens + self.lines
        return numbers.tobytes(), "\n".join(self.leads) if any(self.leads) else ""


class _Update:
    """One update of one index, in one transaction."""

    def __init__(
        self,
        connection: Connection,
        counter: TokenCounter,
        found: Scan,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self.db = connection
        self.counter = counter
        self.scan = found
        self.progress = progress
        self.groups: dict[tuple[str, str, str, str], int] = {}
        self.next_chunk = 1
        self.next_heading = 1
        self.next_file = 1
        self.tokens = 0
        self.problems: list[tuple[str, str]] = []
        self.held = 0
        self.spilled = False
        self.added: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        self.added_files: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        self.dropped: dict[int, set[str]] = defaultdict(set)
        self.dropped_ranges: list[tuple[int, int]] = []
        self.dropped_starts: list[int] = []
        self.fresh = False
        self.dropped_files: set[int] = set()
        self.copies: dict[bytes, list[ParsedPiece]] = {}

    def run(self, started: float, *, rebuilt: bool) -> Report:
        db = self.db
        db.execute("BEGIN IMMEDIATE")
        try:
            self._load_counters()
            self.fresh = db.execute("SELECT 1 FROM postings LIMIT 1").fetchone() is None
            known = {
                row[0]: _Known(*row[1:])
                for row in db.execute(
                    "SELECT path, id, grp, size, mtime_ns, hash, exact, first, last, side_ns FROM files"
                )
            }
            present = {found.path for found in self.scan.files}
            gone = [path for path in known if path not in present]
            for path in gone:
                self._drop(path, known[path])
            changed = [found for found in self.scan.files if self._stale(found, known.get(found.path))]
            parsed = 0
            for done, found in enumerate(changed):
                if self.progress:
                    self.progress(done, len(changed))
                parsed += self._refresh(found, known.get(found.path))
            if self.progress:
                self.progress(len(changed), len(changed))
            self._write_postings()
            self._write_folders()
            if parsed or gone or rebuilt:
                self._write_statistics()
            db.execute("INSERT OR REPLACE INTO meta VALUES('built', ?)", (int(time.time()),))
            db.execute("INSERT OR REPLACE INTO meta VALUES('exact', ?)", (int(self.counter.exact),))
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        return Report(
            files=len(self.scan.files),
            parsed=parsed,
            removed=len(gone),
            tokens=self.tokens,
            seconds=time.perf_counter() - started,
            rebuilt=rebuilt,
            problems=self.problems,
            scan=self.scan,
        )

    def _load_counters(self) -> None:
        db = self.db
        self.next_chunk = (db.execute("SELECT max(last) FROM files").fetchone()[0] or 0) + 1 + ID_GAP
        self.next_heading = (db.execute("SELECT max(id) FROM headings").fetchone()[0] or 0) + 1
        self.next_file = (db.execute("SELECT max(id) FROM files").fetchone()[0] or 0) + 1
        for row in db.execute("SELECT id, scope, owner, category, native FROM groups"):
            self.groups[row[1:]] = row[0]

    def _stale(self, found: Found, known: _Known | None) -> bool:
        if known is None:
            return True
        if (known.size, known.mtime_ns, known.side_ns) != (found.size, found.mtime_ns, found.side_ns):
            return True
        return (self.counter.exact and not known.exact) or known.grp != self._group(found.place)

    def _group(self, place: Place) -> int:
        group = self.groups.get(place.key)
        if group is None:
            cursor = self.db.execute(
                "INSERT INTO groups(scope, owner, category, native) VALUES(?,?,?,?)", place.key
            )
            group = self.groups[place.key] = int(cursor.lastrowid or 0)
        return group

    def _refresh(self, found: Found, known: _Known | None) -> bool:
        """Bring one file up to date. Returns whether it was parsed."""
        try:
            content, texts = read_content(found)
        except OSError as error:
            self.problems.append((found.path, error.strerror or str(error)))
            if known is not None:
                self._drop(found.path, known)
            return False
        if content.problem:
            self.problems.append((found.path, content.problem))
        group = self._group(found.place)
        if (
            known is not None
            and known.hash == content.hash
            and known.grp == group
            and bool(known.exact) >= self.counter.exact
        ):
            facts = content.facts
            self.db.execute(
                "UPDATE files SET size=?, mtime_ns=?, date=?, confidence=?, always=?, expires=?, tags=?, side_ns=? "
                "WHERE id=?",
                (found.size, found.mtime_ns, facts.date, facts.confidence, facts.always, facts.expires, facts.tags,
                 found.side_ns, known.id),
            )  # fmt: skip
            return False
        if known is not None:
            self._drop(found.path, known)
        file = self.next_file
        self.next_file += 1
        first = self.next_chunk
        tokens = length = 0
        file_terms: dict[str, int] = defaultdict(int)
        headings: list[int] = []
        sketch = _Sketch(first)
        for piece in self._parsed_pieces(content.hash, found.size, texts):
            tokens += piece.tokens
            length += self._insert_piece(file, group, piece, headings, file_terms, sketch)
        self.db.execute("INSERT INTO sketches VALUES(?,?,?,?,?)", (file, group, first, *sketch.columns()))
        by_file = self.added_files[group]
        for term in terms.terms(found.path):
            file_terms[term] += 1
        for term, frequency in file_terms.items():
            by_file[term].append(postings.entry(file, frequency, length))
        self.held += len(file_terms)
        facts = content.facts
        self.db.execute(
            "INSERT INTO files VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (file, group, found.path, found.size, found.mtime_ns, content.hash, tokens,
             frame_tokens(found.path, self.counter), facts.date, facts.confidence, facts.always, facts.expires,
             length, first, self.next_chunk - 1, self.counter.exact, content.problem, facts.tags,
             found.side_ns, content.loaded),
        )  # fmt: skip
        self.next_chunk += ID_GAP
        self.tokens += tokens
        if self.held > _HELD_POSTINGS:
            self._spill()
        return True

    def _parsed_pieces(self, hash_: bytes, size: int, texts: Iterator[str]) -> Iterable[ParsedPiece]:
        """A file's pieces, parsed once for all its copies. Large files pass through, piece by piece."""
        if size > _COPY_SIZE:
            return parse_pieces(texts, self.counter)
        pieces = self.copies.get(hash_)
        if pieces is None:
            pieces = list(parse_pieces(texts, self.counter))
            if len(self.copies) >= _COPIES:
                del self.copies[next(iter(self.copies))]
            self.copies[hash_] = pieces
        return pieces

    def _insert_piece(
        self,
        file: int,
        group: int,
        piece: ParsedPiece,
        headings: list[int],
        file_terms: dict[str, int],
        sketch: _Sketch,
    ) -> int:
        rows = []
        for text, tokens in piece.headings:
            rows.append((self.next_heading, text, tokens))
            headings.append(self.next_heading)
            self.next_heading += 1
        self.db.executemany("INSERT INTO headings VALUES(?,?,?)", rows)
        by_term = self.added[group]
        number = section = (
            self.next_chunk
        )  # there are no more sections than chunks, so their numbers keep gaps too
        sizes: dict[int, int] = defaultdict(int)
        for chunk in piece.chunks:
            sizes[chunk.section] += chunk.tokens
        chunk_rows = []
        text_rows = []
        length = 0
        for chunk in piece.chunks:
            own = array("I", [headings[at] for at in chunk.headings]).tobytes()
            chunk_rows.append(
                (number, file, chunk.tokens, chunk.length, own, chunk.kind, chunk.lead, chunk.hash, chunk.simhash,
                 chunk.line, section + chunk.section, sizes[chunk.section])
            )  # fmt: skip
            text_rows.append((number, chunk.text))
            sketch.add(section + chunk.section, sizes[chunk.section], chunk.tokens, chunk.line, chunk.lead)
            tail = min(chunk.length, 65535)
            base = number << 32
            for term, frequency in chunk.terms.items():
                by_term[term].append(base | frequency << 16 | tail)
                file_terms[term] += frequency
            self.held += len(chunk.terms)
            length += chunk.length
            number += 1
        self.db.executemany("INSERT INTO chunks VALUES(?,?,?,?,?,?,?,?,?,?,?,?)", chunk_rows)
        self.db.executemany("INSERT INTO texts VALUES(?,?)", text_rows)
        self.next_chunk = number
        return length

    def _drop(self, path: str, known: _Known) -> None:
        """Take a file's rows out, and note which posting lists name it."""
        db = self.db
        words = self.dropped[known.grp]
        for (text,) in db.execute(
            "SELECT text FROM texts WHERE id BETWEEN ? AND ?", (known.first, known.last)
        ):
            words.update(terms.terms(text))
        words.update(terms.terms(path))
        own: set[int] = set()
        for (blob,) in db.execute(
            "SELECT headings FROM chunks WHERE id BETWEEN ? AND ?", (known.first, known.last)
        ):
            own.update(memoryview(blob).cast("I"))
        for number in own:
            for (text,) in db.execute("SELECT text FROM headings WHERE id=?", (number,)):
                words.update(terms.terms(text))
        db.executemany("DELETE FROM headings WHERE id=?", [(number,) for number in own])
        db.execute("DELETE FROM texts WHERE id BETWEEN ? AND ?", (known.first, known.last))
        db.execute("DELETE FROM chunks WHERE id BETWEEN ? AND ?", (known.first, known.last))
        db.execute("DELETE FROM files WHERE id=?", (known.id,))
        db.execute("DELETE FROM sketches WHERE file=?", (known.id,))
        self.dropped_ranges.append((known.first, known.last))
        self.dropped_files.add(known.id)

    def _spill(self) -> None:
        """Put the held postings aside, to bound the memory of a large build."""
        if not self.spilled:
            self.db.execute("CREATE TEMP TABLE spill(grp INTEGER, term TEXT, kind INTEGER, list BLOB)")
            self.spilled = True
        for kind, held in ((0, self.added), (1, self.added_files)):
            for group, by_term in held.items():
                self.db.executemany(
                    "INSERT INTO spill VALUES(?,?,?,?)",
                    [(group, term, kind, array("Q", found).tobytes()) for term, found in by_term.items()],
                )
            held.clear()
        self.held = 0

    def _write_postings(self) -> None:
        if self.spilled:
            self._spill()
            self._merge_spilled()
            return
        touched: set[tuple[int, str]] = set()
        for added in (self.added, self.added_files):  # a word of a path need not stand in the text
            for group, by_term in added.items():
                touched.update((group, term) for term in by_term)
        for group, words in self.dropped.items():
            touched.update((group, term) for term in words)
        rows = []
        for group, term in sorted(touched):
            own = self.added.get(group, {}).get(term, [])
            own_files = self.added_files.get(group, {}).get(term, [])
            rows.append((group, term, own, own_files))
        self._store(rows)

    def _merge_spilled(self) -> None:
        self.db.execute("CREATE INDEX temp.spill_key ON spill(grp, term)")
        rows: list[tuple[int, str, list[int], list[int]]] = []
        key: tuple[int, str] | None = None
        lists: tuple[list[int], list[int]] = ([], [])
        for group, term, kind, blob in self.db.execute(
            "SELECT grp, term, kind, list FROM spill ORDER BY grp, term"
        ):
            if (group, term) != key:
                if key is not None:
                    rows.append((*key, *lists))
                key, lists = (group, term), ([], [])
                if len(rows) > 2000:
                    self._store(rows)
                    rows = []
            part = array("Q")
            part.frombytes(blob)
            lists[kind].extend(part)
        if key is not None:
            rows.append((*key, *lists))
        self._store(rows)
        for group, words in self.dropped.items():
            self._store([(group, term, [], []) for term in sorted(words)])
        self.db.execute("DROP TABLE temp.spill")

    def _store(self, rows: Iterable[tuple[int, str, list[int], list[int]]]) -> None:
        """Write posting lists: what stands there, less what was dropped, and what is new."""
        stored = []
        for group, term, chunks, files in rows:
            row = None
            if not self.fresh:
                row = self.db.execute(_STORED_LISTS, (group, term)).fetchone()
            if row is not None:
                chunks = chunks + postings.without(
                    [*postings.unpack(row[0]), *postings.unpack(row[1])], self._is_dropped_chunk
                )
                files = files + postings.without(
                    [*postings.unpack(row[2]), *postings.unpack(row[3])], self.dropped_files.__contains__
                )
            if chunks or files:
                head, more = postings.pack(chunks)
                file_head, more_files = postings.pack(files)
                stored.append((group, term, len(chunks), len(files), head, file_head, more, more_files))
            else:
                self.db.execute("DELETE FROM postings WHERE grp=? AND term=?", (group, term))
        self.db.executemany("INSERT OR REPLACE INTO postings VALUES(?,?,?,?,?,?,?,?)", stored)

    def _is_dropped_chunk(self, number: int) -> bool:
        """Whether a chunk belonged to a file that was dropped: its number lies in one of the sorted ranges."""
        if len(self.dropped_starts) != len(self.dropped_ranges):
            self.dropped_ranges.sort()
            self.dropped_starts = [first for first, _ in self.dropped_ranges]
        at = bisect_right(self.dropped_starts, number) - 1
        return at >= 0 and number <= self.dropped_ranges[at][1]

    def _write_folders(self) -> None:
        """Folders whose time of change a start hook looks at, with the group they can change (0: any agent's)."""
        beneath: dict[str, set[tuple[str, str]]] = defaultdict(set)
        groups: dict[str, int] = {}
        for found in self.scan.files:
            folder = found.path.rsplit("/", 1)[0]
            owner = (found.place.category, found.place.owner)
            while folder and (owner not in beneath[folder] or folder not in groups):
                beneath[folder].add(owner)
                groups.setdefault(folder, self._group(found.place))
                folder = folder.rpartition("/")[0]
        rows = []
        for path, mtime_ns in self.scan.folders.items():
            owners = beneath.get(path, set())
            only = next(iter(owners)) if len(owners) == 1 else ("", "")
            rows.append((path, mtime_ns, groups[path] if only[1] else 0))
        self.db.execute("DELETE FROM folders")
        self.db.executemany("INSERT INTO folders VALUES(?,?,?)", rows)

    def _write_statistics(self) -> None:
        self.db.execute("UPDATE groups SET files=0, chunks=0, tokens=0, terms=0")
        for row in self.db.execute(
            "SELECT grp, count(*), sum(last - first + 1), sum(tokens), sum(terms) FROM files GROUP BY grp"
        ).fetchall():
            self.db.execute(
                "UPDATE groups SET files=?, chunks=?, tokens=?, terms=? WHERE id=?", (*row[1:], row[0])
            )
        self.db.execute("DELETE FROM groups WHERE files=0")
        self.db.execute("DELETE FROM copies")
        self.db.execute(
            "INSERT OR IGNORE INTO copies SELECT own.grp, f.id FROM groups g JOIN files f ON f.grp = g.id "
            "JOIN files own ON own.hash = f.hash AND own.grp != f.grp WHERE g.scope = 'global'"
        )
