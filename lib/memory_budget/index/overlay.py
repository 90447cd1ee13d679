"""Files that changed after the index was brought up to date, parsed on the spot for one agent's start.

An agent that starts right after an edit gets the edited text. What an unchanged chunk costs is known from the index
(by its text); the rest is counted by an upper bound, so that no tokenizer stands in the agent's way. The index itself is
brought up to date by a background process.
"""

from __future__ import annotations

from memory_budget import chunks as markdown
from memory_budget import rendering, terms
from memory_budget.index.reader import OVERLAY_BASE, IndexedFile, ordinal
from memory_budget.project import read_bytes
from memory_budget.tokens import upper_bound
from memory_budget.units import Chunk, Heading, signed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from memory_budget.index.freshness import Changes
    from memory_budget.index.reader import MemoryView, Posting, Sketch
    from memory_budget.sources import Found

#: Bytes of changed files that are parsed while an agent waits; what is beyond waits for the index.
PARSE_LIMIT = 200_000


class Overlay:
    """Changed files as the selection sees them. `tokens`, `terms`, `chunk_count`, `file_count`: what they add to the
    memory in scope; `bytes`: of the files that were read."""

    def __init__(self, view: MemoryView, found: Changes, native: str = "", limit: int = PARSE_LIMIT) -> None:
        self.masked = found.masked
        self.tokens = self.terms = 0
        self._view = view
        self._native = native
        self._chunks: dict[int, Chunk] = {}
        self._texts: dict[int, str] = {}
        self._files: dict[int, IndexedFile] = {}
        self._headings: dict[int, Heading] = {}
        self._chunk_lists: dict[str, list[tuple[int, int]]] = {}
        self._file_lists: dict[str, list[tuple[int, int]]] = {}
        self._next = OVERLAY_BASE
        self.bytes = 0
        for file in found.found:
            if self.bytes + file.size <= limit:
                self.bytes += file.size
                self._read(file)

    def _read(self, found: Found) -> None:
        try:
            data = read_bytes(found.real, PARSE_LIMIT)
        except OSError:
            return
        if b"\0" in data[:8192]:
            return
        text = (
            data.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
        )
        matter, body_at = markdown.front_matter(text)
        expires = 0
        if "expires" in matter:
            from memory_budget.index.facts import find_date

            expires = find_date(matter["expires"])
            if 0 < expires < self._view.today:
                return
        number = self._next
        self._next += 1
        group = next(
            (g for g in self._view.group_by_id.values()
             if (g.scope, g.owner, g.category, g.native) == found.place.key), None
        )  # fmt: skip
        known = self._known_costs(found.path)
        counts: dict[str, int] = {}
        first = self._next
        length = tokens = 0
        headings: dict[tuple[int, str], int] = {}
        sections: dict[int, list[Chunk]] = {}
        own_native = self._native != "" and found.place.native == self._native
        loaded = found.loaded_lines(text) if own_native else 0
        for raw in markdown.split(text[body_at:], 1 + text.count("\n", 0, body_at)):
            own = []
            for key in zip(raw.heading_lines, raw.headings, strict=True):
                if key not in headings:
                    heading = headings[key] = OVERLAY_BASE + len(self._headings)
                    shown = rendering.neutral(key[1])
                    self._headings[heading] = Heading(heading, shown, upper_bound(shown + "\n\n"))
                own.append(headings[key])
            shown = rendering.neutral(raw.text)
            cost = known.get(shown)
            if cost is None:
                cost = upper_bound(shown + "\n\n")
            found_terms = terms.terms(shown)
            all_terms = found_terms + markdown.heading_terms(raw.headings)
            tokens += cost
            length += len(found_terms)
            if raw.line <= loaded:
                self._next += 1
                continue
            chunk = Chunk(
                self._next, number, found.place.scope, cost, len(found_terms), tuple(own), raw.kind, raw.lead,
                signed(markdown.folded_hash(shown)), signed(terms.simhash(found_terms)), raw.line, first + raw.section,
            )  # fmt: skip
            sections.setdefault(raw.section, []).append(chunk)
            self._chunks[self._next] = chunk
            self._texts[self._next] = shown
            own_counts: dict[str, int] = {}
            for term in all_terms:
                own_counts[term] = own_counts.get(term, 0) + 1
            for term, frequency in own_counts.items():
                self._chunk_lists.setdefault(term, []).append(
                    (self._next, min(frequency, 65535) << 16 | min(len(found_terms), 65535))
                )
                counts[term] = counts.get(term, 0) + frequency
            self._next += 1
        for section in sections.values():
            size = sum(chunk.tokens for chunk in section)
            for chunk in section:
                chunk.section_tokens = size
        for term in terms.terms(found.path):
            counts[term] = counts.get(term, 0) + 1
        for term, frequency in counts.items():
            self._file_lists.setdefault(term, []).append(
                (number, min(frequency, 65535) << 16 | min(length, 65535))
            )
        self.tokens += tokens
        self.terms += length
        entry = IndexedFile(
            number, found.path, found.place.scope, group.id if group else 0, tokens,
            upper_bound(rendering.file_line(found.path)), 0, ordinal(found.mtime_ns), 0, 0, -1.0,
            matter.get("always", "").lower() in ("true", "yes", "on", "1"), length,
        )  # fmt: skip
        entry.expires, entry.first, entry.last, entry.native = expires, first, self._next - 1, loaded
        self._files[number] = entry
        self._next += 3

    @property
    def chunk_count(self) -> int:
        return len(self._chunks)

    @property
    def file_count(self) -> int:
        return len(self._files)

    def _known_costs(self, path: str) -> dict[str, int]:
        """What the chunks cost that the index has of this file, by their text."""
        return dict(
            self._view.db.execute(
                "SELECT t.text, c.tokens FROM files f JOIN chunks c ON c.id BETWEEN f.first AND f.last "
                "JOIN texts t ON t.id = c.id WHERE f.path=?",
                (path,),
            )
        )

    def postings(self, term: str) -> tuple[Posting, Posting] | None:
        own = self._file_lists.get(term)
        if own is None:
            return None
        return _columns(self._chunk_lists.get(term, [])), _columns(own)

    def sketches(self, ids: list[int] | None, files: list[int] | None) -> list[Sketch]:
        """Chunks as far as a score asks; their files are put in view."""
        chosen = self._chunks if ids is None else [number for number in ids if number in self._chunks]
        if files is not None:
            chosen = [number for number, chunk in self._chunks.items() if chunk.file in files]
        found = []
        for number in chosen:
            chunk = self._chunks[number]
            found.append(
                (
                    number,
                    chunk.file,
                    chunk.section,
                    chunk.section_tokens,
                    chunk.tokens,
                    chunk.lead,
                    chunk.line,
                )
            )
        self._view.files({row[1] for row in found})
        return found

    def chunk(self, number: int) -> Chunk | None:
        return self._chunks.get(number)

    def file(self, number: int) -> IndexedFile | None:
        return self._files.get(number)

    def heading(self, number: int) -> Heading:
        return self._headings[number]

    def text(self, number: int) -> str:
        return self._texts[number]

    def all_chunks(self) -> Iterator[int]:
        return iter(self._chunks)

    def pinned(self) -> Iterator[int]:
        return (number for number, chunk in self._chunks.items() if self._files[chunk.file].always)


def _columns(pairs: list[tuple[int, int]]) -> Posting:
    from array import array

    return memoryview(array("I", [pair[0] for pair in pairs])), memoryview(
        array("I", [pair[1] for pair in pairs])
    )
