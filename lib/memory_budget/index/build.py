"""Brings the index up to date with the memory files.

A file whose size and time of change are as recorded is not opened. One whose content is the same is not parsed again.
A new index is built beside the old place (`rebuild`). Updates are one transaction; agents go on reading meanwhile.
"""

from __future__ import annotations

import gc
import os
import time
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, NamedTuple

from memory_budget.base.project import Project
from memory_budget.index import contents, labels, page_rows, pages, schema
from memory_budget.index import note as notes
from memory_budget.index.copies import COPY_SIZE, Copies
from memory_budget.index.leaves import leaf_numbers
from memory_budget.index.note_descriptions import NoteDescriptions
from memory_budget.index.parse import ParsedNote, Parser, TokenCounter, file_frame_tokens, load_note
from memory_budget.index.posting_lists import PostingLists
from memory_budget.index.reader import DENIED
from memory_budget.index.rebuild import rebuild as make_anew
from memory_budget.index.scan import Scan, scan_sources
from memory_budget.index.sources import Placement, SourceFile, Sources
from memory_budget.text.markdown import SECTION_STEP
from memory_budget.text.words import terms

if TYPE_CHECKING:
    from collections.abc import Callable
    from sqlite3 import Connection

#: Unused ids between two files, so that the neighbours of a chunk are in its file or nowhere.
ID_GAP = 3


class BuildReport(NamedTuple):
    """The result of an update. `problems`: (path, what is wrong) of files that could not be read as they are; `remarks`: what
    else is wrong in the files that were read; `tokens`: of the files parsed."""

    files: int
    parsed: int
    removed: int
    tokens: int
    seconds: float
    rebuilt: bool
    problems: list[tuple[str, str]]
    remarks: list[tuple[str, str]]
    scan: Scan


class _StoredFile(NamedTuple):
    id: int
    grp: int
    size: int
    mtime_ns: int
    hash: bytes
    exact: int
    first: int
    last: int
    side_ns: int
    description: str
    told: int
    label: str


def update_from_files(
    project: Project,
    sources: Sources,
    counter: TokenCounter,
    *,
    rebuild: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> BuildReport:
    """Make the index what the files are. The caller holds the index lock.

    `progress` gets (files done, files to do). Raises OSError when the cache folder cannot be written.
    """
    started = time.perf_counter()
    project.ensure_cache()
    scan = scan_sources(project, sources)
    descriptions = NoteDescriptions(project, scan)
    if not rebuild:
        try:
            if os.path.exists(project.index):
                connection = schema.open_writer(project.index)
                try:
                    return _Update(connection, counter, scan, descriptions, progress).run(
                        started, rebuilt=False
                    )
                finally:
                    connection.close()
        except OSError:
            raise
        except Exception:
            # Damaged, or of another version: what follows replaces it. What a damaged page sets off is no one kind of error;
            # a fault of this program's is raised again below.
            pass

    def fill(connection: Connection) -> BuildReport:
        return _Update(connection, counter, scan, descriptions, progress).run(started, rebuilt=True)

    return make_anew(project, fill)


class _Update:
    """One update of one index, in one transaction."""

    def __init__(
        self,
        connection: Connection,
        counter: TokenCounter,
        scan: Scan,
        descriptions: NoteDescriptions,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self.db = connection
        self.counter = counter
        self.scan = scan
        self.descriptions = descriptions
        self.progress = progress
        self.groups: dict[tuple[str, str, str, str], int] = {}
        self.next_chunk = 1
        self.next_heading = 1
        self.next_file = 1
        self.tokens = 0
        self.touched = False
        self.problems: list[tuple[str, str]] = []
        self.remarks: list[tuple[str, str]] = []
        self.copies = Copies()
        self.parser = Parser(counter)

    def run(self, started: float, *, rebuilt: bool) -> BuildReport:
        """Bring everything up to date and write the statistics."""
        db = self.db
        db.execute("BEGIN IMMEDIATE")
        collecting = gc.isenabled()
        gc.disable()  # what is held are lists by the hundred thousand, and none of them is part of a cycle
        try:
            self._load_counters()
            self.lists = PostingLists(db)
            parsed, gone = self._refresh_all()
            self.lists.finish()
            self._write_folders()
            if self.touched or rebuilt:
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
        return BuildReport(
            files=len(self.scan.files),
            parsed=parsed,
            removed=gone,
            tokens=self.tokens,
            seconds=time.perf_counter() - started,
            rebuilt=rebuilt,
            problems=[*self.scan.unreadable, *self.problems],
            remarks=self.remarks,
            scan=self.scan,
        )

    def _refresh_all(self) -> tuple[int, int]:
        """Drop what is gone, read what changed. Returns how many files were parsed and how many are gone."""
        stored = {
            row[0]: _StoredFile(*row[1:])
            for row in self.db.execute(
                "SELECT path, id, grp, size, mtime_ns, hash, exact, first, last, side_ns, said, told, label FROM files"
            )
        }
        present = {file.path for file in self.scan.files}
        removed = [path for path in stored if path not in present]
        changed = [file for file in self.scan.files if self._stale(file, stored.get(file.path))]
        self.touched = bool(removed or changed)  # a file that cannot be read any more counts, too
        for path in removed:
            self._drop(path, stored[path])
        parsed = 0
        remaining = Counter(file.place.key for file in changed)
        self.copies.expect(file.size for file in changed)
        for done, file in enumerate(changed):
            if self.progress:
                self.progress(done, len(changed))
            parsed += self._refresh(file, stored.get(file.path))
            remaining[file.place.key] -= 1
            if not remaining[file.place.key]:
                self.lists.complete(self._group(file.place))
        if self.progress:
            self.progress(len(changed), len(changed))
        return parsed, len(removed)

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

    def _stale(self, file: SourceFile, stored: _StoredFile | None) -> bool:
        if stored is None:
            return True
        if (stored.size, stored.mtime_ns, stored.side_ns) != (file.size, file.mtime_ns, file.side_ns):
            return True
        if (stored.description, bool(stored.told)) != (
            self._description(file),
            file.path in self.descriptions.told,
        ):
            return True
        return (self.counter.exact and not stored.exact) or stored.grp != self._group(file.place)

    def _description(self, file: SourceFile) -> str:
        return self.descriptions.by_path.get(file.path, "")

    def _group(self, place: Placement) -> int:
        group = self.groups.get(place.key)
        if group is None:
            cursor = self.db.execute(
                "INSERT INTO groups(scope, owner, category, native) VALUES(?,?,?,?)", place.key
            )
            group = self.groups[place.key] = int(cursor.lastrowid or 0)
        return group

    def _refresh(self, file: SourceFile, stored: _StoredFile | None) -> bool:
        """Bring one file up to date. Returns whether it was parsed."""
        description = self._description(file)
        try:
            hash_, note = load_note(file, description)
        except OSError as error:
            self.problems.append((file.path, error.strerror or str(error)))
            if isinstance(error, PermissionError):
                self.scan.denied.append(file.path)
            if stored is not None:
                self._drop(file.path, stored)
            return False
        if (
            stored is not None
            and (stored.hash, stored.grp, stored.label) == (hash_, self._group(file.place), note.label)
            and bool(stored.exact) >= self.counter.exact
        ):
            facts = note.facts
            self.db.execute(
                "UPDATE files SET size=?, mtime_ns=?, date=?, confidence=?, always=?, expires=?, side_ns=?, said=?, "
                "told=? WHERE id=?",
                (file.size, file.mtime_ns, facts.date, facts.confidence, facts.always, facts.expires,
                 file.side_ns, description, file.path in self.descriptions.told, stored.id),
            )  # fmt: skip
            return False
        if stored is not None:
            self._drop(file.path, stored)
        if contents.is_index(file.path) and not file.place.native:
            note.body = contents.without_entries(note.body)
        self._insert(file, hash_, note, description)
        return True

    def _insert(self, file: SourceFile, hash_: bytes, note: notes.Note, description: str) -> None:
        """Keep a file that the index does not hold."""
        number = self.next_file
        self.next_file += 1
        first = self.next_chunk
        group = self._group(file.place)
        parsed = self._parsed(hash_, file.size, note)
        length = self._insert_chunks(number, group, file.path, parsed)
        self.lists.relieve()
        self.lists.add_file(group, number, length, file.path, note.label)
        facts = note.facts
        loaded = file.loaded_lines(note.head + note.body)
        self.db.execute(
            "INSERT INTO files VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (number, group, file.path, file.size, file.mtime_ns, hash_, parsed.tokens,
             file_frame_tokens(file.path, self.counter), facts.date, facts.confidence, facts.always, facts.expires,
             length, first, self.next_chunk - 1, self.counter.exact, notes.to_stored(note.problems), note.label,
             file.side_ns, loaded, description, file.path in self.descriptions.told),
        )  # fmt: skip
        self.db.executemany("INSERT OR IGNORE INTO stems VALUES(?,?)", parsed.stems)
        self.next_chunk += ID_GAP
        self.tokens += parsed.tokens
        for problem in note.problems:
            messages = self.problems if problem.kind in (notes.BINARY, notes.NOT_UTF8) else self.remarks
            messages.append((file.path, problem.sentence()))

    def _parsed(self, hash_: bytes, size: int, note: notes.Note) -> ParsedNote:
        """A note's chunks, parsed once for all its copies."""
        copies_follow = self.copies.has_more(size)
        key = (hash_, note.title)
        parsed = self.copies.get(key)
        if parsed is None:
            parsed = self.parser.parse(note)
            if copies_follow and size <= COPY_SIZE:
                self.copies.keep(key, size, parsed)
        return parsed

    def _insert_chunks(self, file: int, group: int, path: str, parsed: ParsedNote) -> int:
        """Keep a file's chunks. Returns its length in terms."""
        outline = page_rows.Outline(self.next_heading, [], [], [])
        base_heading = self.next_heading
        for parent, cost, line in parsed.headings:
            outline.parent.append(base_heading + parent if parent >= 0 else 0)
            outline.tokens.append(cost)
            outline.text.append(line)
            self.next_heading += 1
        if not parsed.chunks:
            return 0
        texts, tokens, above, leads, hashes, simhashes, lines, sections, text_terms, heading_terms = zip(
            *parsed.chunks, strict=True
        )
        lengths = [len(terms) for terms in text_terms]
        first = self.next_chunk
        base = SECTION_STEP * first  # no chunk raises the number by more, so the gaps between files are kept
        columns = page_rows.Columns(
            section=[base + section for section in sections],
            leaf=leaf_numbers(path, parsed.tokens, range(first, first + len(texts)), sections, above),
            tokens=tokens,
            line=[max(line, 1) for line in lines],
            terms=lengths,
            heading=[base_heading + at if at >= 0 else 0 for at in above],
            hash=hashes,
            simhash=simhashes,
            lead=leads,
            text=texts,
        )
        page_rows.insert_pages(self.db, first, file, group, columns, outline)
        self.lists.add_chunks(group, first, text_terms, heading_terms)
        self.next_chunk = first + len(texts)
        return sum(lengths)

    def _drop(self, path: str, stored: _StoredFile) -> None:
        """Take a file's rows out, and note which posting lists name it."""
        db = self.db
        dropped_terms = labels.label_terms(stored.label)
        for text, headings in db.execute(
            "SELECT text, headings FROM pages JOIN texts USING(first) WHERE file=?", (stored.id,)
        ):
            dropped_terms.update(terms(text.decode()))
            dropped_terms.update(terms(headings))
        dropped_terms.update(terms(path))
        db.execute("DELETE FROM files WHERE id=?", (stored.id,))
        db.execute("DELETE FROM texts WHERE first IN (SELECT first FROM pages WHERE file=?)", (stored.id,))
        db.execute("DELETE FROM pages WHERE file=?", (stored.id,))
        self.lists.drop(stored.grp, dropped_terms, stored.id, stored.first, stored.last)

    def _write_folders(self) -> None:
        """Folders whose time of change a start hook looks at, with the group they can change (0: any agent's)."""
        beneath: dict[str, set[tuple[str, str]]] = defaultdict(set)
        groups: dict[str, int] = {}
        for file in self.scan.files:
            folder = file.path.rsplit("/", 1)[0]
            owner = (file.place.category, file.place.owner)
            while folder and (owner not in beneath[folder] or folder not in groups):
                beneath[folder].add(owner)
                groups.setdefault(folder, self._group(file.place))
                folder = folder.rpartition("/")[0]
        rows = []
        for path, mtime_ns in self.scan.folders.items():
            owners = beneath.get(path, set())
            category, name = next(iter(owners)) if len(owners) == 1 else ("", "")
            # Above an agent's own folder, folders of other agents may be made, even if there is only one agent's now.
            only = name != "" and f"{category}/{name}/" in f"{path}/"
            rows.append((path, mtime_ns, groups[path] if only else 0))
        rows += [(path, DENIED, 0) for path in dict.fromkeys(self.scan.denied)]
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
        self.db.execute("INSERT OR REPLACE INTO meta SELECT 'groups', count(*) FROM groups")
        self.db.execute("DELETE FROM copies")
        self.db.execute(
            "INSERT OR IGNORE INTO copies SELECT own.grp, f.id FROM groups g JOIN files f ON f.grp = g.id "
            "JOIN files own ON own.hash = f.hash AND own.grp != f.grp WHERE g.scope = 'global'"
        )
