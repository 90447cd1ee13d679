"""A `View` over a folder of Markdown, or over texts, in plain memory: for tests and benchmarks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from memory_budget.base import front_matter
from memory_budget.index import labels
from memory_budget.index.labels import LABELLED
from memory_budget.index.leaves import NOTE, leaf_numbers
from memory_budget.index.records import Chunk, File, Heading, make_chunks, make_headings
from memory_budget.text import folding, markdown, words
from memory_budget.text.shown_paths import file_line
from tests.support.word_tables import load_telling

if TYPE_CHECKING:
    from memory_budget.index.records import Row

_IDS_BETWEEN_FILES = 3
_TELLING: dict[str, float] = {}


class MemoryView:
    """An index of a few files. `texts` maps a path to its text, `scopes` a path to its scope (global)."""

    def __init__(
        self,
        texts: Mapping[str, str],
        count: Callable[[str], int],
        scopes: Callable[[str], str] = lambda path: "global",
        dates: Callable[[str, str], int] = lambda path, text: 0,
        thesaurus: Mapping[str, list[tuple[str, float]]] | None = None,
        note: int = NOTE,
    ) -> None:
        self.said: dict[int, str] = {}
        self._chunks: dict[int, Chunk] = {}
        self._files: dict[int, File] = {}
        self._headings: dict[int, Heading] = {}
        self._thesaurus = thesaurus or {}
        postings: dict[str, dict[str, list[tuple[int, int]]]] = {}
        file_postings: dict[str, dict[str, list[tuple[int, int]]]] = {}
        next_id = 1
        next_section = 1
        chunk_terms = file_terms = 0
        for number, (path, text) in enumerate(sorted(texts.items()), 1):
            matter = front_matter.read_front_matter(text)
            start = matter.body
            scope = scopes(path)
            heading_ids: dict[int, int] = {}
            bag: Counter[str] = Counter()
            raws = markdown.split_chunks(text[start:], 1 + text.count("\n", 0, start))
            rows = []
            for raw in raws:
                parent = 0
                for line, heading in zip(raw.heading_lines, raw.headings, strict=True):
                    if line not in heading_ids:
                        own_id = heading_ids[line] = len(self._headings) + 1
                        row = (own_id, parent, count(heading + "\n\n"), heading)
                        self._headings[own_id] = make_headings([row])[0]
                    parent = heading_ids[line]
                own = words.terms(raw.text)
                found = Counter(own)
                found.update(markdown.heading_terms(raw.headings))
                length = len(own)
                fields = (
                    next_id,
                    number,
                    next_section + raw.section,
                    0,
                    count(raw.text + "\n\n"),
                    raw.lead,
                    raw.line,
                    length,
                    parent,
                    folding.folded_hash(raw.text),
                    words.simhash(own),
                    number,
                    0,
                    0,
                )
                rows.append(fields)
                self.said[next_id] = raw.text
                for term, times in found.items():
                    lists = postings.setdefault(term, {})
                    lists.setdefault(scope, []).append((next_id, times << 16 | min(length, 65535)))
                bag.update(found)
                chunk_terms += length
                next_id += 1
            next_id += _IDS_BETWEEN_FILES
            sections = [raw.section for raw in raws]
            leaves = leaf_numbers(
                path, count(text), [row[0] for row in rows], sections, [row[8] for row in rows], note
            )
            for chunk in make_chunks(
                (*row[:3], leaf, *row[4:]) for row, leaf in zip(rows, leaves, strict=True)
            ):
                self._chunks[chunk.id] = chunk
            next_section += max(sections, default=0) + _IDS_BETWEEN_FILES
            bag.update(words.terms(path))
            size = bag.total()
            labelled = labels.label_terms(labels.note_label(path, matter, "", text[start:]))
            bag.update(labelled)
            for term, times in bag.items():
                times = min(times, LABELLED - 1) | (LABELLED if term in labelled else 0)
                payload = times << 16 | min(size, 65535)
                file_postings.setdefault(term, {}).setdefault(scope, []).append((number, payload))
            file_terms += size
            frame = count(file_line(path))
            always = matter.get("always").lower() in ("true", "yes")
            self._files[number] = File(
                number, path, scope, count(text), frame, dates(path, text), always=always, terms=size
            )
        self._postings = {term: _packed(lists) for term, lists in postings.items()}
        self._file_postings = {term: _packed(lists) for term, lists in file_postings.items()}
        self.chunk_count = len(self._chunks)
        self._sizes = Counter(chunk.file for chunk in self._chunks.values())
        self.file_count = len(self._files)
        self.mean_chunk_terms = chunk_terms / max(1, self.chunk_count)
        self.mean_file_terms = file_terms / max(1, self.file_count)
        self.scoped_tokens = sum(file.tokens for file in self._files.values())

    def load(self, terms: Iterable[str]) -> None:
        """Everything is in memory."""

    def counts(self, term: str) -> list[int]:
        return [
            sum(len(ids) for ids, _ in lists.get(term, [])) for lists in (self._postings, self._file_postings)
        ]

    def holders(self, term: str, limit: int) -> list[list[int]]:
        return [ids[:limit] for ids, _ in self._postings.get(term, [])]

    def file_postings(self, term: str) -> list[tuple[list[int], list[int]]]:
        return self._file_postings.get(term, [])

    def pages(self, ids: Iterable[int]) -> dict[int, tuple[int, int]]:
        files = {number: self._chunks[number].file for number in ids}
        return {number: (file, self._sizes[file]) for number, file in files.items()}

    def chunks(self) -> list[Chunk]:
        return list(self._chunks.values())

    def rows(self, *, pages: Collection[int] | None = None) -> list[Row]:
        return [chunk[:14] for chunk in self._chunks.values() if pages is None or chunk.file in pages]

    def files(self, ids: Iterable[int]) -> dict[int, File]:
        return {id: self._files[id] for id in ids if id in self._files}

    def headings(self) -> dict[int, Heading]:
        return self._headings

    def latest(self, limit: int) -> list[Chunk]:
        order = sorted(self._files.values(), key=lambda file: (-file.date, -file.uses, file.path))
        rank = {file.id: i for i, file in enumerate(order)}
        return sorted(self._chunks.values(), key=lambda chunk: (rank[chunk.file], chunk.id))[:limit]

    def pinned(self) -> list[Chunk]:
        return [chunk for chunk in self._chunks.values() if self._files[chunk.file].always]

    def texts(self, chunks: Collection[Chunk]) -> dict[int, bytes]:
        return {chunk.id: self.said[chunk.id].encode() for chunk in chunks}

    def telling(self, terms: Collection[str]) -> dict[str, float]:
        if not _TELLING:
            _TELLING.update(load_telling())
        return {term: _TELLING[term] for term in terms if term in _TELLING}

    def synonyms(self, term: str) -> list[tuple[str, float]]:
        return self._thesaurus.get(term, [])


def _packed(lists: dict[str, list[tuple[int, int]]]) -> list[tuple[list[int], list[int]]]:
    packed = []
    for entries in lists.values():
        entries.sort(key=lambda entry: -(entry[1] >> 16) / (1 + (entry[1] & 0xFFFF)))
        ids, payloads = zip(*entries, strict=True)
        packed.append((list(ids), list(payloads)))
    return packed
