"""Files that changed after the index was brought up to date, parsed on the spot for one agent's start.

An agent that starts right after an edit gets the edited text. An edit leaves most chunks of a file as they were: what they
cost, their fingerprints and their places in posting lists are known from the index, by their text. The rest is parsed, and
counted by an upper bound, so that no tokenizer stands in the agent's way. The index itself is brought up to date by a
background process.
"""

from __future__ import annotations

from memory_budget.base.files import read_bytes
from memory_budget.index import contents, labels, pages, postings
from memory_budget.index.facts import side_file
from memory_budget.index.note import read_note
from memory_budget.index.reader import OVERLAY_BASE, IndexedFile, ordinal
from memory_budget.index.records import make_chunks, make_headings, signed
from memory_budget.text import escape, folding, frame, markdown, words
from memory_budget.text.tokens import upper_bound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from memory_budget.index.freshness import Changes
    from memory_budget.index.note import Note
    from memory_budget.index.records import Chunk, Heading
    from memory_budget.index.sources import SourceFile
    from memory_budget.index.view import MemoryView, Posting

    #: A chunk before its section's size is known: the fields of a `Chunk` from its id on.
    _Row = tuple[int, int, int, str, int, int, int, int, int]

#: Bytes of changed files that are parsed while an agent waits; what is beyond waits for the index.
PARSE_LIMIT = 200_000


class Overlay:
    """Changed files as the selection sees them. `tokens`, `terms`, `chunk_count`, `file_count`: what they add to the
    memory in scope; `bytes`: of the files that were read; `texts` and `headings` by id."""

    def __init__(self, view: MemoryView, found: Changes, native: str = "", limit: int = PARSE_LIMIT) -> None:
        self.masked = found.masked
        self.tokens = self.terms = 0
        self._view = view
        self._native = native
        self._chunks: dict[int, Chunk] = {}
        self.texts: dict[int, str] = {}
        self._files: dict[int, IndexedFile] = {}
        self.headings: dict[int, Heading] = {}
        self._chunk_lists: dict[str, list[int]] = {}
        self._found: dict[str, tuple[list[int], Posting]] = {}
        self._counts: list[tuple[int, int, int, dict[str, int], frozenset[str]]] = []
        self._same: dict[int, int] = {}
        self._next = OVERLAY_BASE
        self.bytes = 0
        self._own: set[bytes] = set()
        for file in sorted(found.found, key=lambda file: file.place.scope == "global"):
            if self.bytes + file.size <= limit:
                self.bytes += file.size
                self._read(file)

    def _read(self, found: SourceFile) -> None:
        """Parse one changed file and take it in."""
        try:
            data = read_bytes(found.real, PARSE_LIMIT)
        except OSError:
            return
        known = _IndexedNote(self._view, found.path)
        note = read_note(found.path, data, side_file(found.real), known.said)
        if not note.body or 0 < note.facts.expires < self._view.today or self._is_copy(found, data):
            return
        if contents.is_index(found.path) and not found.place.native:
            note.body = contents.without_entries(note.body)
        number = self._next
        self._next += 1
        group = next(
            (g for g in self._view.group_by_id.values()
             if (g.scope, g.owner, g.category, g.native) == found.place.key), None
        )  # fmt: skip
        first = self._next
        own_native = self._native != "" and found.place.native == self._native
        loaded = found.loaded_lines(note.head + note.body) if own_native else 0
        tokens, length, counts = self._take_chunks(number, note, known, loaded)
        for term in words.terms(found.path):
            counts[term] = counts.get(term, 0) + 1
        labelled = frozenset(labels.label_terms(note.label))
        for term in labelled:
            counts[term] = counts.get(term, 0) + 1
        self._counts.append((number, self._next, length, counts, labelled))
        self.tokens += tokens
        self.terms += length
        uses, used = known.uses
        entry = IndexedFile(
            number, found.path, found.place.scope, group.id if group else 0, tokens,
            upper_bound(frame.file_line(found.path)), note.facts.date, ordinal(found.mtime_ns), uses, used,
            note.facts.confidence, note.facts.always, length,
        )  # fmt: skip
        entry.expires, entry.first, entry.last, entry.native = (
            note.facts.expires,
            first,
            self._next - 1,
            loaded,
        )
        entry.told = known.told
        self._files[number] = entry
        self._next += 3

    def _take_chunks(
        self, number: int, note: Note, known: _IndexedNote, loaded: int
    ) -> tuple[int, int, dict[str, int]]:
        """Take in a note's chunks. Returns their tokens, their length in terms, and how often each term occurs."""
        counts: dict[str, int] = {}
        first = self._next
        length = tokens = 0
        outline = _Outline(self, known)
        sizes: dict[int, int] = {}
        rows = []
        for raw in note.chunks():
            heading = outline.place(raw)
            shown = escape.neutral(raw.text)
            old = known.take(shown)
            own_terms: list[str] | None = None
            if old is None:
                own_terms = words.terms(shown)
                cost, count = upper_bound(shown + "\n\n"), len(own_terms)
                prints = signed(folding.folded_hash(shown)), words.simhash(own_terms)
            else:
                cost, count, prints = old.tokens, old.terms, (old.hash, old.simhash)
            tokens += cost
            length += count
            chunk = self._next
            self._next += 1
            if raw.line <= loaded:
                continue
            section = markdown.SECTION_STEP * first + raw.section
            sizes[section] = sizes.get(section, 0) + cost
            rows.append((chunk, section, cost, raw.lead, max(raw.line, 1), count, heading, *prints))
            self.texts[chunk] = shown
            if old is not None and known.names(old.heading) == outline.names(raw):
                self._same[old.id] = chunk
                continue
            if own_terms is None:
                own_terms = words.terms(shown)
            own_terms = own_terms + markdown.heading_terms(raw.headings)
            for term in own_terms:
                counts[term] = counts.get(term, 0) + 1
            for term in set(own_terms):
                self._chunk_lists.setdefault(term, []).append(chunk)
        self._keep_rows(number, rows, sizes)
        return tokens, length, counts

    def _keep_rows(self, number: int, rows: list[_Row], sizes: dict[int, int]) -> None:
        for made in make_chunks(
            (
                chunk,
                number,
                section,
                sizes[section],
                cost,
                lead,
                line,
                count,
                heading,
                hash_,
                simhash,
                0,
                0,
                0,
            )
            for chunk, section, cost, lead, line, count, heading, hash_, simhash in rows
        ):
            self._chunks[made.id] = made

    def _is_copy(self, found: SourceFile, data: bytes) -> bool:
        """Whether a global file says byte for byte what one of the agent's own does: then it is left out, as the index does.
        Of a file of the agent's own that comes to say the same, the global ones are left out."""
        from _blake2 import blake2b

        hash_ = blake2b(data, digest_size=16).digest()
        same = self._view.db.execute("SELECT id, grp FROM files WHERE hash=?", (hash_,)).fetchall()
        groups = self._view.group_by_id
        if found.place.scope != "global":
            self._own.add(hash_)
            self.masked.update(
                [file for file, group in same if group in groups and groups[group].scope == "global"]
            )
            return False
        return hash_ in self._own or any(
            group in groups and groups[group].scope != "global" and file not in self.masked
            for file, group in same
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
        """Both: the index's own lists, as far as they name chunks that are still there, and those of the rest."""
        if term in self._found:
            return self._found[term]
        old: list[tuple[int, int]] = []
        same = self._same
        for numbers, payloads in self._view.stored_postings(term) if same else ():
            if not same.keys().isdisjoint(numbers):
                old += [
                    (same[number], payload >> 16)
                    for number, payload in zip(numbers, payloads, strict=True)
                    if number in same
                ]
        holders = sorted([*self._chunk_lists.get(term, ()), *[chunk for chunk, _ in old]])
        files = []
        weights = []
        for number, after, length, counts, labelled in self._counts:
            count = counts.get(term, 0) + sum([own for chunk, own in old if number < chunk < after])
            if count:
                files.append(number)
                count = min(count, postings.LABELLED - 1) | (postings.LABELLED if term in labelled else 0)
                weights.append(count << 16 | min(length, 65535))
        found = self._found[term] = holders, (files, weights)
        return found

    def chunks(self, files: Collection[int] | None = None) -> list[Chunk]:
        """The chunks of these files, or all; their files are put in view."""
        found = [chunk for chunk in self._chunks.values() if files is None or chunk.file in files]
        self._view.files({chunk.file for chunk in found})
        return found

    def file(self, number: int) -> IndexedFile | None:
        return self._files.get(number)

    def pinned(self) -> list[int]:
        """Files that are always sent."""
        return [number for number, file in self._files.items() if file.always]


class _Outline:
    """The heading lines of one changed file, as they are met."""

    def __init__(self, overlay: Overlay, known: _IndexedNote) -> None:
        self._overlay = overlay
        self._known = known
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
                cost = self._known.lines.get(shown) or upper_bound(shown + "\n\n")
                headings[heading] = make_headings([(heading, above, cost, shown)])[0]
        return heading

    def names(self, raw: markdown.RawChunk) -> tuple[str, str]:
        """The two innermost heading lines of a chunk, "" where there is none."""
        shown = [escape.neutral(line) for line in raw.headings[-2:]]
        padded = ["", "", *shown]
        return padded[-2], padded[-1]


class _IndexedNote:
    """What the index knows of a file that changed: its chunks by their text, and what its heading lines cost (`lines`)."""

    def __init__(self, view: MemoryView, path: str) -> None:
        self.lines: dict[str, int] = {}
        self._headings: dict[int, Heading] = {}
        self._chunks: dict[str, list[Chunk]] = {}
        row = view.db.execute("SELECT id, said, told FROM files WHERE path=?", (path,)).fetchone()
        self.said: str = row[1] if row is not None else ""
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
        """A chunk that says this, each once, in the order of the file."""
        found = self._chunks.get(text)
        return found.pop() if found else None

    def names(self, heading: int) -> tuple[str, str]:
        """The two innermost heading lines of a chunk, which lend it their terms."""
        if not heading:
            return "", ""
        line = self._headings[heading]
        return self._headings[line.parent].text if line.parent else "", line.text
