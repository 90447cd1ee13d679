"""Files that changed after the index was brought up to date, parsed on the spot for one agent's start.

An agent that starts right after an edit gets the edited text. An edit leaves most chunks of a file as they were: what they
cost, their fingerprints and their places in posting lists are known from the index, by their text. The rest is parsed, and
counted by an upper bound, so that no tokenizer stands in the agent's way. The index itself is brought up to date by a
background process.
"""

from __future__ import annotations

from memory_budget.base.files import read_bytes
from memory_budget.index import contents, labels, pages
from memory_budget.index.facts import side_file
from memory_budget.index.leaves import leaf_numbers
from memory_budget.index.note import read_note
from memory_budget.index.reader import OVERLAY_BASE, IndexedFile
from memory_budget.index.records import make_chunks, make_headings, signed
from memory_budget.text import escape, folding, markdown, shown_paths, words
from memory_budget.text.tokens import upper_bound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from memory_budget.index.freshness import Changes
    from memory_budget.index.note import Note
    from memory_budget.index.records import Chunk, Heading
    from memory_budget.index.sources import SourceFile
    from memory_budget.index.view import MemoryView, Posting

    #: A chunk before its leaf is known: its id, its section, and the fields of a `Chunk` from its tokens to its simhash.
    _Row = tuple[int, int, int, str, int, int, int, int, int]

#: Bytes of changed files that are parsed while an agent waits; what is beyond waits for the index.
PARSE_LIMIT = 200_000


class Overlay:
    """Changed files as the selection sees them. `tokens`, `terms`, `chunk_count`, `file_count`: what they add to the
    memory in scope; `bytes`: of the files that were read; `texts` and `headings` by id."""

    def __init__(
        self, view: MemoryView, changes: Changes, native: str = "", limit: int = PARSE_LIMIT
    ) -> None:
        self.masked = changes.masked
        self.tokens = self.terms = 0
        self._view = view
        self._native = native
        self._chunks: dict[int, Chunk] = {}
        self.texts: dict[int, str] = {}
        self._files: dict[int, IndexedFile] = {}
        self.headings: dict[int, Heading] = {}
        self._chunk_lists: dict[str, list[int]] = {}
        self._found_postings: dict[str, tuple[list[int], Posting]] = {}
        self._counts: list[tuple[int, int, int, dict[str, int], frozenset[str]]] = []
        self._unchanged: dict[int, int] = {}
        self._next = OVERLAY_BASE
        self.bytes = 0
        self._own_hashes: set[bytes] = set()
        for file in sorted(changes.files, key=lambda file: file.place.scope == "global"):
            if self.bytes + file.size <= limit:
                self.bytes += file.size
                self._read(file)

    def _read(self, file: SourceFile) -> None:
        """Parse one changed file and take it in."""
        try:
            data = read_bytes(file.real, PARSE_LIMIT)
        except OSError:
            return
        indexed = _IndexedNote(self._view, file.path)
        note = read_note(file.path, data, side_file(file.real), indexed.description)
        if not note.body or 0 < note.facts.expires < self._view.today or self._is_copy(file, data):
            return
        if contents.is_index(file.path) and not file.place.native:
            note.body = contents.without_entries(note.body)
        number = self._next
        self._next += 1
        first = self._next
        is_loaded = self._native != "" and file.place.native == self._native
        loaded = file.loaded_lines(note.head + note.body) if is_loaded else 0
        tokens, length, counts = self._take_chunks(number, file.path, note, indexed, loaded)
        for term in words.terms(file.path):
            counts[term] = counts.get(term, 0) + 1
        labelled = frozenset(labels.label_terms(note.label))
        for term in labelled:
            counts[term] = counts.get(term, 0) + 1
        self._counts.append((number, self._next, length, counts, labelled))
        self.tokens += tokens
        self.terms += length
        uses, last_used = indexed.uses
        entry = IndexedFile(
            number, file.path, file.place.scope, tokens,
            upper_bound(shown_paths.file_line(file.path)), note.facts.date, uses, last_used,
            note.facts.confidence, note.facts.always, length,
        )  # fmt: skip
        entry.expires, entry.first, entry.last, entry.native = (
            note.facts.expires,
            first,
            self._next - 1,
            loaded,
        )
        entry.told = indexed.told
        self._files[number] = entry
        self._next += 3

    def _take_chunks(
        self, number: int, path: str, note: Note, indexed: _IndexedNote, loaded: int
    ) -> tuple[int, int, dict[str, int]]:
        """Take in a note's chunks. Returns their tokens, their length in terms, and how often each term occurs."""
        counts: dict[str, int] = {}
        first = self._next
        length = tokens = 0
        outline = _Outline(self, indexed)
        rows: list[_Row] = []
        for raw in note.chunks():
            heading = outline.place(raw)
            shown = escape.neutral(raw.text)
            stored = indexed.take(shown)
            chunk_terms: list[str] | None = None
            if stored is None:
                chunk_terms = words.terms(shown)
                cost, count = upper_bound(shown + "\n\n"), len(chunk_terms)
                prints = signed(folding.folded_hash(shown)), words.simhash(chunk_terms)
            else:
                cost, count, prints = stored.tokens, stored.terms, (stored.hash, stored.simhash)
            tokens += cost
            length += count
            chunk = self._next
            self._next += 1
            if raw.line <= loaded:
                continue
            section = markdown.SECTION_STEP * first + raw.section
            rows.append((chunk, section, cost, raw.lead, max(raw.line, 1), count, heading, *prints))
            self.texts[chunk] = shown
            if stored is not None and indexed.names(stored.heading) == outline.names(raw):
                self._unchanged[stored.id] = chunk
                continue
            if chunk_terms is None:
                chunk_terms = words.terms(shown)
            chunk_terms = chunk_terms + markdown.heading_terms(raw.headings)
            for term in chunk_terms:
                counts[term] = counts.get(term, 0) + 1
            for term in set(chunk_terms):
                self._chunk_lists.setdefault(term, []).append(chunk)
        numbers = leaf_numbers(
            path, tokens, [row[0] for row in rows], [row[1] for row in rows], [row[6] for row in rows]
        )
        for made in make_chunks(
            (row[0], number, row[1], leaf, *row[2:], 0, 0, 0) for row, leaf in zip(rows, numbers, strict=True)
        ):
            self._chunks[made.id] = made
        return tokens, length, counts

    def _is_copy(self, changed_file: SourceFile, data: bytes) -> bool:
        """Whether a global file is byte for byte the same as one of the agent's own, and so is left out, as the index does it.
        For a file of the agent's own the global copies are masked."""
        from _blake2 import blake2b

        hash_ = blake2b(data, digest_size=16).digest()
        copies = self._view.db.execute("SELECT id, grp FROM files WHERE hash=?", (hash_,)).fetchall()
        groups = self._view.group_by_id
        if changed_file.place.scope != "global":
            self._own_hashes.add(hash_)
            self.masked.update(
                [file for file, group in copies if group in groups and groups[group].scope == "global"]
            )
            return False
        return hash_ in self._own_hashes or any(
            group in groups and groups[group].scope != "global" and file not in self.masked
            for file, group in copies
        )

    @property
    def chunk_count(self) -> int:
        return len(self._chunks)

    @property
    def file_count(self) -> int:
        return len(self._files)

    def holders(self, term: str) -> list[int]:
        """The chunks that hold a term whose lists in the index are loaded."""
        return self._find(term)[0]

    def file_postings(self, term: str) -> Posting:
        """The files that hold such a term, and `tf << 16 | length in terms` of each."""
        return self._find(term)[1]

    def _find(self, term: str) -> tuple[list[int], Posting]:
        """Chunks and files that hold a term: from the index's lists those that are unchanged, and the new ones."""
        if term in self._found_postings:
            return self._found_postings[term]
        stored: list[tuple[int, int]] = []
        same = self._unchanged
        for numbers, payloads in self._view.stored_postings(term) if same else ():
            if not same.keys().isdisjoint(numbers):
                stored += [
                    (same[number], payload >> 16)
                    for number, payload in zip(numbers, payloads, strict=True)
                    if number in same
                ]
        holders = sorted([*self._chunk_lists.get(term, ()), *[chunk for chunk, _ in stored]])
        files = []
        weights = []
        for number, after, length, counts, labelled in self._counts:
            count = counts.get(term, 0) + sum([times for chunk, times in stored if number < chunk < after])
            if count:
                files.append(number)
                count = min(count, labels.LABELLED - 1) | (labels.LABELLED if term in labelled else 0)
                weights.append(count << 16 | min(length, 65535))
        result = self._found_postings[term] = holders, (files, weights)
        return result

    def chunks(self, files: Collection[int] | None = None) -> list[Chunk]:
        """The chunks of these files, or all; their files are put in view."""
        chosen = [chunk for chunk in self._chunks.values() if files is None or chunk.file in files]
        self._view.files({chunk.file for chunk in chosen})
        return chosen

    def file(self, number: int) -> IndexedFile | None:
        return self._files.get(number)

    def pinned(self) -> list[int]:
        """Files that are always sent."""
        return [number for number, file in self._files.items() if file.always]


class _Outline:
    """The heading lines of one changed file, as they are met."""

    def __init__(self, overlay: Overlay, indexed: _IndexedNote) -> None:
        self._overlay = overlay
        self._indexed = indexed
        self._ids: dict[tuple[int, str], int] = {}

    def place(self, raw: markdown.RawChunk) -> int:
        """The id of the heading line right above a chunk, 0 for none."""
        above = heading = 0
        headings = self._overlay.headings
        for key in zip(raw.heading_lines, raw.headings, strict=True):
            above, heading = heading, self._ids.get(key, 0)
            if not heading:
                heading = self._ids[key] = OVERLAY_BASE + len(headings)
                shown = escape.neutral(key[1])
                cost = self._indexed.lines.get(shown) or upper_bound(shown + "\n\n")
                headings[heading] = make_headings([(heading, above, cost, shown)])[0]
        return heading

    def names(self, raw: markdown.RawChunk) -> tuple[str, str]:
        """The two innermost heading lines of a chunk, "" where there is none."""
        shown = [escape.neutral(line) for line in raw.headings[-2:]]
        padded = ["", "", *shown]
        return padded[-2], padded[-1]


class _IndexedNote:
    """What the index holds of a file that changed: its chunks by text, and the tokens of its heading lines (`lines`)."""

    def __init__(self, view: MemoryView, path: str) -> None:
        self.lines: dict[str, int] = {}
        self._headings: dict[int, Heading] = {}
        self._chunks: dict[str, list[Chunk]] = {}
        row = view.db.execute("SELECT id, said, told FROM files WHERE path=?", (path,)).fetchone()
        self.description: str = row[1] if row is not None else ""
        self.told: bool = row is not None and bool(row[2])
        self.uses: tuple[int, int] = view.db.execute(
            "SELECT uses, last_used FROM file_uses WHERE path=?", (path,)
        ).fetchone() or (0, 0)
        if row is not None:
            row = row[:1]
            for *page, text in view.db.execute(
                f"SELECT {pages.COLUMNS}, text FROM pages JOIN texts USING(first) WHERE file=? ORDER BY first DESC",
                row,
            ):
                for chunk in reversed(pages.page_chunks(*page)):
                    self._chunks.setdefault(text[chunk.begin : chunk.end].decode(), []).append(chunk)
            for page in view.db.execute(
                f"SELECT {pages.HEADING_COLUMNS} FROM pages WHERE file=? AND heading", row
            ):
                for heading in pages.page_headings(*page):
                    self._headings[heading.id] = heading
                    self.lines[heading.text] = heading.tokens

    def take(self, text: str) -> Chunk | None:
        """The next chunk with this text in the order of the file, each given once; None where there is none."""
        equal_chunks = self._chunks.get(text)
        return equal_chunks.pop() if equal_chunks else None

    def names(self, heading: int) -> tuple[str, str]:
        """The two innermost heading lines of a chunk, which lend it their terms."""
        if not heading:
            return "", ""
        line = self._headings[heading]
        return self._headings[line.parent].text if line.parent else "", line.text
