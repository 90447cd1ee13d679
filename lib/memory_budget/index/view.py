"""One agent's view of the index: what the selection ranks, and the texts of what it chose.

Read only, on the hot path. Files that changed since the index was brought up to date are masked here and served by an
`overlay.Overlay` instead, whose ids lie above all others.
"""

from __future__ import annotations

from memory_budget.index import pages as stored
from memory_budget.index.reader import OVERLAY_BASE, Group, IndexedFile, IndexReader
from memory_budget.index.records import Chunk, Heading, make_chunks
from memory_budget.index.schema import IndexDamaged, OperationalError
from memory_budget.text.thesaurus import parse_synonyms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from typing import Any, Protocol

    from memory_budget.index.records import Row

    Posting = tuple[list[int], list[int]]

    class ChangedFiles(Protocol):
        """Files that changed since the index was made, as `overlay` serves them."""

        masked: set[int]
        tokens: int
        terms: int
        headings: dict[int, Heading]
        texts: dict[int, str]

        @property
        def chunk_count(self) -> int: ...
        @property
        def file_count(self) -> int: ...
        def holders(self, term: str) -> list[int]: ...
        def file_postings(self, term: str) -> Posting: ...
        def chunks(self, files: Collection[int] | None = None) -> list[Chunk]: ...
        def file(self, number: int) -> IndexedFile | None: ...
        def pinned(self) -> list[int]: ...


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
        self.overlay: ChangedFiles | None = None
        self.masked: set[int] = set()
        self._marks = ",".join("?" * len(groups))
        self._groups = [group.id for group in groups]
        self.chunk_count = self._stored_chunks = sum(group.chunks for group in groups)
        self.file_count = sum(group.files for group in groups)
        self._terms = sum(group.terms for group in groups)
        self._average()
        self.scoped_tokens = sum(group.tokens for group in groups)
        self._files: dict[int, IndexedFile] = {}
        self._hide_copies()
        self._headings = stored.HeadingLines(self.db)
        self._page_texts: dict[int, bytes] = {}
        self._prompt_terms: list[str] = []
        self._lists: dict[str, tuple[list[bytes], list[Posting], list[int]]] = {}
        self._inflected: bool | None = None

    def _hide_copies(self) -> None:
        """Leave out global files that stand, byte for byte, in the agent's own folders, too."""
        agent_groups = [group.id for group in self.group_by_id.values() if group.scope != "global"]
        if agent_groups:
            marks = ",".join("?" * len(agent_groups))
            rows = self.db.execute(f"SELECT file FROM copies WHERE grp IN ({marks})", agent_groups)
            self.masked = {row[0] for row in rows}

    def _whole_copies(self, gone: set[int]) -> set[int]:
        """Of the global files left out as copies, those whose equal file in the agent's folders is not among the `gone`."""
        if not self.masked:
            return set()
        agent_groups = [group.id for group in self.group_by_id.values() if group.scope != "global"]
        marks = ",".join("?" * len(agent_groups))
        rows = self.db.execute(
            "SELECT c.file, own.id FROM copies c JOIN files f ON f.id = c.file "
            f"JOIN files own ON own.hash = f.hash AND own.grp = c.grp WHERE c.grp IN ({marks})",
            agent_groups,
        )
        return {file for file, twin in rows if twin not in gone}

    def lay_over(self, overlay: ChangedFiles) -> None:
        """Serve changed files from `overlay`, and none of what the index has of them."""
        self.overlay = overlay
        self._headings.update(overlay.headings)
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
        missing = [term for term in dict.fromkeys(terms) if term not in self._lists]
        self._prompt_terms = self._prompt_terms or missing  # those of like meaning are loaded after them
        self._fetch(missing)
        for term, forms in self._forms(missing).items():
            self._fetch([form for form in forms if form not in self._lists])
            lists = self._lists[term]
            for chunks, files, counts in map(self._lists.__getitem__, forms):
                lists[0].extend(chunks)
                lists[1].extend(files)
                lists[2][0] += counts[0]
                lists[2][1] += counts[1]
        if self.overlay is not None:
            for term in missing:
                counts = self._lists[term][2]
                counts[0] += len(self.overlay.holders(term))
                counts[1] += len(self.overlay.file_postings(term)[0])

    def _forms(self, terms: Sequence[str]) -> dict[str, set[str]]:
        """Other forms of words in other languages than English, as index terms (see `text.inflection`)."""
        if self._inflected is None:
            self._inflected = self.db.execute("SELECT 1 FROM stems LIMIT 1").fetchone() is not None
        if not self._inflected:
            return {}
        from memory_budget.text.inflection import beginnings

        starts = {term: beginnings(term) for term in terms}
        stems = dict.fromkeys(start for term_beginnings in starts.values() for start in term_beginnings)
        terms_of_stem: dict[str, set[str]] = {}
        for stem, form in stored.select_rows(self.db, "SELECT stem, term FROM stems WHERE stem IN", stems):
            terms_of_stem.setdefault(stem, set()).add(form)
        forms_of_term = {}
        for term, term_beginnings in starts.items():
            forms = next(
                (terms_of_stem[start] for start in term_beginnings if start in terms_of_stem), set()
            ) - {term}
            if forms:
                forms_of_term[term] = forms
        return forms_of_term

    def _fetch(self, terms: Sequence[str]) -> None:
        """Fetch the index's own posting lists of terms."""
        for term in terms:
            self._lists[term] = ([], [], [0, 0])
        for start in range(0, len(terms), 400):
            part = terms[start : start + 400]
            marks = ",".join("?" * len(part))
            for group in self._groups:
                for term, count, file_count, chunks, files in self.db.execute(
                    "SELECT term, chunk_count, file_count, chunks, files FROM postings "
                    f"WHERE grp=? AND term IN ({marks})",
                    [group, *part],
                ):
                    lists = self._lists[term]
                    lists[0].append(chunks)
                    lists[1].append(_halves(files))
                    lists[2][0] += count
                    lists[2][1] += file_count

    def holders(self, term: str, limit: int = 1024) -> list[list[int]]:
        """Per group: at most `limit` chunks that hold the term, and never more than 1,024: of more than 64 the best."""
        if term not in self._lists:
            self.load((term,))
        by_group = []
        for blob in self._lists[term][0]:
            numbers = memoryview(blob).cast("I")
            by_group.append(numbers[: min(limit, len(numbers) // 2)].tolist())
        if self.overlay is not None:
            by_group.append(self.overlay.holders(term))
        return by_group

    def stored_postings(self, term: str) -> list[Posting]:
        """The index's posting lists of a loaded term, with chunks that are out of view: per group, chunks as in `holders`, and
        `tf << 16 | length in terms` of each."""
        return [_halves(blob) for blob in self._lists[term][0]]

    def file_postings(self, term: str) -> list[Posting]:
        """Per group: the files that hold the term, and `tf << 16 | length in terms` of each; the highest bit is set where it
        stands in what the note says it is about (`labels.LABELLED`)."""
        if term not in self._lists:
            self.load((term,))
        by_group = self._lists[term][1]
        return by_group if self.overlay is None else [*by_group, self.overlay.file_postings(term)]

    def counts(self, term: str) -> list[int]:
        """How many chunks and how many files hold the term, however many of them `holders` returns."""
        if term not in self._lists:
            self.load((term,))
        return self._lists[term][2]

    def chunks(self, files: Collection[int] | None = None) -> list[Chunk]:
        """The chunks of these files, or all, as far as they are in view."""
        return make_chunks(self.rows(files=files))

    def rows(
        self, *, pages: Collection[int] | None = None, files: Collection[int] | None = None
    ) -> list[Row]:
        """The chunks of these pages, or of these files, or all, as far as they are in view: as plain tuples. Raises IndexDamaged
        where the index has not all of them."""
        rows: Sequence[tuple[Any, ...]]
        if pages is not None:
            indexed = [number for number in pages if number < OVERLAY_BASE]
            rows = stored.select_rows(self.db, _PAGES + " WHERE first IN", indexed)
            _expect(len(rows), len(indexed), "pages")
            self.files({row[1] for row in rows})
        elif files is not None:
            indexed = [number for number in files if number < OVERLAY_BASE]
            rows = stored.select_rows(self.db, _PAGES + " WHERE file IN", indexed)
            in_files = [file for file in self.files(files).values() if file.id < OVERLAY_BASE]
            least = sum([file.last - file.first + 1 for file in in_files])
            if sum([stored.chunk_count(len(row[2])) for row in rows]) < least:
                raise IndexDamaged("the index has not all chunks of a file")
        else:
            for row in self.db.execute(f"{_FILE_COLUMNS} WHERE f.grp IN ({self._marks})", self._groups):
                self._keep_file(row)
            rows = self.db.execute(f"{_PAGES} WHERE grp IN ({self._marks})", self._groups).fetchall()
            _expect(sum([stored.chunk_count(len(row[2])) for row in rows]), self._stored_chunks, "chunks")
        in_view: list[Row] = []
        for row in rows:
            file = self._files.get(row[1])
            if file is not None:
                self._headings.add_page(row[6:])
                page = stored.page_rows(*row[:6])
                in_view += [chunk for chunk in page if chunk[6] > file.native] if file.native else page
        if self.overlay is not None and (pages is None or OVERLAY_BASE in pages):
            in_view += self.overlay.chunks(files)
        return in_view

    def pages(self, ids: Iterable[int]) -> dict[int, tuple[int, int]]:
        """The page that each of these chunks is kept in, with how many chunks it holds; changed files are a page. Raises
        IndexDamaged where there is none."""
        pages: dict[int, tuple[int, int]] = {}
        page, last, hidden = (0, 0), 0, False
        for number in sorted(ids):
            if number >= OVERLAY_BASE and self.overlay is not None:
                pages[number] = (OVERLAY_BASE, self.overlay.chunk_count)
                continue
            if number > last:
                row = self.db.execute(_PLACE, (number,)).fetchone()
                page = (row[0], stored.chunk_count(row[1])) if row is not None else (0, 0)
                last = page[0] + page[1] - 1
                hidden = row is not None and row[2] in self.masked
                if number > last:
                    raise IndexDamaged(f"the index has no page of chunk {number}")
            if not hidden:
                pages[number] = page
        return pages

    def files(self, ids: Iterable[int]) -> dict[int, IndexedFile]:
        """The files of these ids that are in view, not masked and not expired. Raises IndexDamaged where the index has not all."""
        missing = {number for number in ids if number not in self._files}
        indexed = []
        for number in missing:
            if number < OVERLAY_BASE:
                indexed.append(number)
            elif self.overlay is not None:
                file = self.overlay.file(number)
                if file is not None:
                    self._files[number] = file
        rows = stored.select_rows(self.db, _FILE_COLUMNS + " WHERE f.id IN", indexed)
        _expect(len(rows), len(indexed), "files")
        for row in rows:
            self._keep_file(row)
        return {number: self._files[number] for number in ids if number in self._files}

    def _keep_file(self, row: Sequence[Any]) -> None:
        (number, group_id, path, tokens, frame, date, confidence, always, expires, terms, first, last, uses,
         last_used, loaded, told) = row  # fmt: skip
        group = self.group_by_id.get(group_id)
        if group is None or number in self.masked or (0 < expires < self.today):
            return
        file = IndexedFile(
            number, path, group.scope, tokens, frame, date, uses or 0, last_used or 0, confidence,
            bool(always), terms,
        )  # fmt: skip
        file.expires, file.first, file.last = expires, first, last
        file.native = loaded if group_id in self.native_groups else 0
        file.told = bool(told)
        self._files[number] = file

    def headings(self) -> Mapping[int, Heading]:
        """The heading lines above the chunks that were read, by id, and others; each is read when it is asked for."""
        return self._headings

    def latest(self, limit: int) -> list[Chunk]:
        """Chunks of the files used or dated last, newest file first, at most `limit`."""
        rows = self.db.execute(
            f"{_FILE_COLUMNS} WHERE f.grp IN ({self._marks}) "
            "ORDER BY max(f.date, coalesce(u.last_used, 0)) DESC, coalesce(u.uses, 0) DESC, f.path LIMIT 60",
            self._groups,
        ).fetchall()
        for row in rows:
            self._keep_file(row)
        chunks = self.overlay.chunks()[:limit] if self.overlay is not None else []
        return self._in_files([row[0] for row in rows], chunks, limit)

    def _in_files(self, files: Iterable[int], chunks: list[Chunk], limit: int) -> list[Chunk]:
        """Chunks found, and those of these files one after the other, up to a limit."""
        for number in files:
            if number in self._files and len(chunks) < limit:
                chunks += self.chunks(files=[number])[: limit - len(chunks)]
        return chunks

    def pinned(self) -> list[Chunk]:
        """Chunks of files with `always: true`."""
        rows = self.db.execute(
            f"{_FILE_COLUMNS} WHERE f.grp IN ({self._marks}) AND f.always ORDER BY f.path", self._groups
        ).fetchall()
        for row in rows:
            self._keep_file(row)
        files = [row[0] for row in rows]
        if self.overlay is not None:
            files += self.overlay.pinned()
        return self.chunks(files=files) if files else []

    def check_absent(self) -> None:
        """Raises IndexDamaged where a term of the prompt was not found in the index, though it was written."""
        from memory_budget.index.known_terms import check_absent

        check_absent(self.db, self._groups, self._prompt_terms)

    def telling(self, terms: Collection[str]) -> dict[str, float]:
        """How telling these terms are in general, see `text.thesaurus`; those that tell most are missing."""
        try:
            rows = stored.select_rows(
                self.db, "SELECT term, value FROM thesaurus.telling WHERE term IN", terms
            )
        except OperationalError:  # it could not be attached
            return {}
        return {term: value / 100 for term, value in rows}

    def synonyms(self, term: str) -> list[tuple[str, float]]:
        """Words of like meaning, as index terms, with their likeness from 0 to 1."""
        try:
            row = self.db.execute("SELECT others FROM thesaurus.synonyms WHERE term=?", (term,)).fetchone()
        except OperationalError:  # it could not be attached
            return []
        return [] if row is None else parse_synonyms(row[0])

    def texts(self, chunks: Collection[Chunk]) -> dict[int, bytes]:
        """What the chunks say in UTF-8, by id."""
        chunk_texts = stored.chunk_texts(
            self.db, [chunk for chunk in chunks if chunk.id < OVERLAY_BASE], self._page_texts
        )
        if self.overlay is not None:
            texts = self.overlay.texts
            changed = [chunk.id for chunk in chunks if chunk.id >= OVERLAY_BASE]
            chunk_texts.update({number: texts[number].encode() for number in changed})
        return chunk_texts

    def count_native(self) -> int:
        """Tokens of the lines that the client loads for this agent itself; known as `native_tokens` afterwards."""
        self.native_tokens = 0
        if self.native_groups:
            marks = ",".join("?" * len(self.native_groups))
            for number, loaded in self.db.execute(
                f"SELECT id, loaded FROM files WHERE grp IN ({marks}) AND loaded > 0",
                sorted(self.native_groups),
            ).fetchall():
                chunks = stored.file_chunks(self.db, number)
                self.native_tokens += sum([chunk.tokens for chunk in chunks if chunk.line <= loaded])
        return self.native_tokens


_PAGES = f"SELECT {stored.COLUMNS}, {stored.HEADING_COLUMNS} FROM pages"
_PLACE = "SELECT first, length(numbers), file FROM pages WHERE first<=? ORDER BY first DESC LIMIT 1"
_FILE_COLUMNS = (
    "SELECT f.id, f.grp, f.path, f.tokens, f.frame_tokens, f.date, f.confidence, f.always, f.expires, "
    "f.terms, f.first, f.last, u.uses, u.last_used, f.loaded, f.told FROM files f LEFT JOIN file_uses u ON u.path = f.path"
)


def _expect(found: int, written: int, what: str) -> None:
    """Raises IndexDamaged where the index has not as many rows as another part of it names: a page that was overwritten with
    zeros raises no error, it only holds nothing."""
    if found != written:
        raise IndexDamaged(f"the index has {found} of {written} {what}")


def _halves(blob: bytes) -> Posting:
    numbers = memoryview(blob).cast("I").tolist()
    half = len(numbers) // 2
    return numbers[:half], numbers[half:]
