"""Brings the index up to date with the memory files.

A file whose size and time of change are as recorded is not opened. One whose content is the same is not parsed again.
A new index is built beside the old place and renamed into it, so a reader sees a whole one or none. Updates are one
transaction; agents go on reading meanwhile.
"""

from __future__ import annotations

import gc
import os
import time
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from memory_budget.base.files import listing
from memory_budget.base.project import Project
from memory_budget.index import page_rows, pages, schema
from memory_budget.index.parse import ParsedPiece, Parser, TokenCounter, frame_tokens, read_content
from memory_budget.index.posting_lists import PostingLists
from memory_budget.index.sources import Found, Place, Scan, Sources, scan
from memory_budget.text import words as text_words
from memory_budget.text.markdown import SECTION_STEP

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from sqlite3 import Connection

    from memory_budget.index.bulk_lists import BulkLists

#: Bytes of memory files from which a new index is made by numpy: it takes a tenth of a second to load.
BULK = 1_500_000
#: Unused ids between two files, so that the neighbours of a chunk are in its file or nowhere.
ID_GAP = 3
#: Parsed files kept for copies of them, and the largest file kept, in bytes of text: about 10 MB of memory at most.
_COPIES_SIZE = 1_000_000
_COPY_SIZE = 40_000


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
                    return _Update(connection, project.cache, counter, found, progress).run(
                        started, rebuilt=False
                    )
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
            # A half-built index is thrown away anyway: no log of what is to be written, no waiting for the disk.
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute("PRAGMA journal_mode=MEMORY")
            _restore_tables(connection, kept)
            report = _Update(connection, project.cache, counter, found, progress).run(started, rebuilt=True)
            connection.execute("PRAGMA journal_mode=WAL")
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
    for name in listing(project.at()):
        if name.startswith("index.sqlite.") and name.endswith(
            (".new", ".new-wal", ".new-shm", ".new-journal")
        ):
            os.unlink(project.at(name))


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


class _Copies:
    """Parsed files kept for files of the same size that are still to come: copies are common in memories."""

    def __init__(self) -> None:
        self._to_come: Counter[int] = Counter()
        self._pieces: dict[bytes, tuple[int, list[ParsedPiece]]] = {}
        self._size = 0

    def expect(self, sizes: Iterable[int]) -> None:
        self._to_come.update(sizes)

    def more(self, size: int) -> bool:
        """Whether more files of this size will come after this one, which was expected."""
        self._to_come[size] -= 1
        return self._to_come[size] > 0

    def get(self, hash_: bytes) -> list[ParsedPiece] | None:
        found = self._pieces.get(hash_)
        return None if found is None else found[1]

    def forget(self) -> None:
        self._pieces.clear()
        self._size = 0

    def keep(self, hash_: bytes, size: int, pieces: list[ParsedPiece]) -> None:
        self._pieces[hash_] = (size, pieces)
        self._size += size
        while self._size > _COPIES_SIZE:
            self._size -= self._pieces.pop(next(iter(self._pieces)))[0]


class _Update:
    """One update of one index, in one transaction."""

    def __init__(
        self,
        connection: Connection,
        cache: str,
        counter: TokenCounter,
        found: Scan,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self.db = connection
        self.cache = cache
        self.counter = counter
        self.scan = found
        self.progress = progress
        self.groups: dict[tuple[str, str, str, str], int] = {}
        self.next_chunk = 1
        self.next_heading = 1
        self.next_file = 1
        self.tokens = 0
        self.problems: list[tuple[str, str]] = []
        self.copies = _Copies()

    def run(self, started: float, *, rebuilt: bool) -> Report:
        db = self.db
        db.execute("BEGIN IMMEDIATE")
        collecting = gc.isenabled()
        gc.disable()  # what is held are lists by the hundred thousand, and none of them is part of a cycle
        try:
            self._load_counters()
            known = {
                row[0]: _Known(*row[1:])
                for row in db.execute(
                    "SELECT path, id, grp, size, mtime_ns, hash, exact, first, last, side_ns FROM files"
                )
            }
            present = {found.path for found in self.scan.files}
            gone = [path for path in known if path not in present]
            changed = [found for found in self.scan.files if self._stale(found, known.get(found.path))]
            self.lists = self._posting_lists(bool(known), sum(found.size for found in changed))
            self.parser = Parser(self.counter, self.lists.words)
            for path in gone:
                self._drop(path, known[path])
            parsed = 0
            to_come = Counter(found.place.key for found in changed)
            self.copies.expect(found.size for found in changed)
            for done, found in enumerate(changed):
                if self.progress:
                    self.progress(done, len(changed))
                parsed += self._refresh(found, known.get(found.path))
                to_come[found.place.key] -= 1
                if not to_come[found.place.key]:
                    self.lists.complete(self._group(found.place))
            if self.progress:
                self.progress(len(changed), len(changed))
            self.lists.finish()
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
        finally:
            if collecting:
                gc.enable()
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

    def _posting_lists(self, known: bool, size: int) -> PostingLists | BulkLists:
        """Where the posting lists of changed files of this size in bytes are made, beside known files or with none."""
        if not known and size >= BULK:
            try:
                from memory_budget.index.bulk_lists import BulkLists
            except ImportError:
                pass  # no numpy: the same lists take longer
            else:
                return BulkLists(self.db, self.cache)
        return PostingLists(self.db)

    def _load_counters(self) -> None:
        db = self.db
        self.next_chunk = (db.execute("SELECT max(last) FROM files").fetchone()[0] or 0) + 1 + ID_GAP
        row = db.execute(
            "SELECT heading, length(outline) FROM pages ORDER BY heading DESC LIMIT 1"
        ).fetchone()
        self.next_heading = max(1, row[0] + row[1] // pages.HEADING_SIZE) if row else 1
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
        headings: list[int] = []
        for piece in self._parsed_pieces(content.hash, found.size, texts):
            tokens += piece.tokens
            length += self._insert_piece(file, group, piece, headings)
            self.lists.relieve()
            if self.parser.words is not self.lists.words:  # other numbers from now on
                self.parser.use(self.lists.words)
                self.copies.forget()
        self.lists.add_file(group, file, length, found.path)
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
        return True

    def _parsed_pieces(self, hash_: bytes, size: int, texts: Iterator[str]) -> Iterable[ParsedPiece]:
        """A file's pieces, parsed once for all its copies. Large files pass through, piece by piece."""
        more = self.copies.more(size)
        pieces = self.copies.get(hash_)
        if pieces is not None:
            return pieces
        if not more or size > _COPY_SIZE:
            return self.parser.pieces(texts)
        pieces = list(self.parser.pieces(texts))
        self.copies.keep(hash_, size, pieces)
        return pieces

    def _insert_piece(self, file: int, group: int, piece: ParsedPiece, headings: list[int]) -> int:
        """Keep a piece; `headings` are the ids of the file's heading lines so far. Returns its length in terms."""
        fresh = page_rows.Outline(self.next_heading, [], [], [])
        for parent, cost, line in piece.headings:
            fresh.parent.append(headings[parent] if parent >= 0 else 0)
            fresh.tokens.append(cost)
            fresh.text.append(line)
            headings.append(self.next_heading)
            self.next_heading += 1
        if not piece.chunks:
            return 0
        texts, tokens, above, leads, hashes, simhashes, lines, sections, found, lengths, names = zip(
            *piece.chunks, strict=True
        )
        sizes: dict[int, int] = defaultdict(int)
        for section, cost in zip(sections, tokens, strict=True):
            sizes[section] += cost
        first = self.next_chunk
        base = SECTION_STEP * first  # no chunk raises the number by more, so the gaps between files are kept
        columns = page_rows.Columns(
            section=[base + section for section in sections],
            section_tokens=[sizes[section] for section in sections],
            tokens=tokens,
            line=lines,
            terms=lengths,
            heading=[headings[at] if at >= 0 else 0 for at in above],
            hash=hashes,
            simhash=simhashes,
            lead=leads,
            text=texts,
        )
        self.db.executemany(
            "INSERT INTO pages VALUES(?,?,?,?,?,?,?,?,?,?)",
            page_rows.rows(first, file, group, columns, fresh),
        )
        self.lists.add_chunks(group, first, found, names)
        self.next_chunk = first + len(texts)
        return sum(lengths)

    def _drop(self, path: str, known: _Known) -> None:
        """Take a file's rows out, and note which posting lists name it."""
        db = self.db
        words: set[str] = set()
        for text, headings in db.execute("SELECT text, headings FROM pages WHERE file=?", (known.id,)):
            words.update(text_words.terms(text.decode()))
            words.update(text_words.terms(headings))
        words.update(text_words.terms(path))
        db.execute("DELETE FROM files WHERE id=?", (known.id,))
        db.execute("DELETE FROM pages WHERE file=?", (known.id,))
        assert isinstance(self.lists, PostingLists)  # the others are for an index that has no files yet
        self.lists.drop(known.grp, words, known.id, known.first, known.last)

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
            category, name = next(iter(owners)) if len(owners) == 1 else ("", "")
            # Above an agent's own folder anybody's may be made, whoever has the only one now.
            only = name != "" and f"{category}/{name}/" in f"{path}/"
            rows.append((path, mtime_ns, groups[path] if only else 0))
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
