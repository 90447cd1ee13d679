"""A `View` over a folder of Markdown, or over texts, in plain memory: for tests and benchmarks."""

from __future__ import annotations

import os
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from memory_budget import chunks, terms
from memory_budget.rendering import file_line
from memory_budget.units import Chunk, File, Heading

_IDS_BETWEEN_FILES = 3


class MemoryView:
    """An index of a few files. `texts` maps a path to its text, `scopes` a path to its scope (global)."""

    def __init__(
        self,
        texts: Mapping[str, str],
        count: Callable[[str], int],
        scopes: Callable[[str], str] = lambda path: "global",
        dates: Callable[[str, str], int] = lambda path, text: 0,
        thesaurus: Mapping[str, list[tuple[str, float]]] | None = None,
    ) -> None:
        self.texts: dict[int, str] = {}
        self._chunks: dict[int, Chunk] = {}
        self._files: dict[int, File] = {}
        self._headings: dict[int, Heading] = {}
        self._thesaurus = thesaurus or {}
        self._dates: dict[int, int] = {}
        postings: dict[str, dict[str, list[tuple[int, int]]]] = {}
        file_postings: dict[str, dict[str, list[tuple[int, int]]]] = {}
        next_id = 1
        next_section = 1
        chunk_terms = file_terms = 0
        for number, (path, text) in enumerate(sorted(texts.items()), 1):
            matter, start = chunks.front_matter(text)
            scope = scopes(path)
            heading_ids: dict[int, int] = {}
            bag: Counter[str] = Counter()
            raws = chunks.split(text[start:], 1 + text.count("\n", 0, start))
            section_tokens: Counter[int] = Counter()
            for raw in raws:
                section_tokens[raw.section] += count(raw.text + "\n\n")
            for raw in raws:
                for line, heading in zip(raw.heading_lines, raw.headings, strict=True):
                    if line not in heading_ids:
                        heading_ids[line] = len(self._headings) + 1
                        self._headings[heading_ids[line]] = Heading(
                            heading_ids[line], heading, count(heading + "\n\n")
                        )
                own = terms.terms(raw.text)
                found = Counter(own)
                found.update(chunks.heading_terms(raw.headings))
                length = len(own)
                self._chunks[next_id] = Chunk(
                    next_id,
                    number,
                    scope,
                    count(raw.text + "\n\n"),
                    length,
                    tuple(heading_ids[line] for line in raw.heading_lines),
                    raw.kind,
                    raw.lead,
                    chunks.folded_hash(raw.text),
                    terms.simhash(own),
                    raw.line,
                    next_section + raw.section,
                    section_tokens[raw.section],
                )
                self.texts[next_id] = raw.text
                for term, times in found.items():
                    lists = postings.setdefault(term, {})
                    lists.setdefault(scope, []).append((next_id, times << 16 | min(length, 65535)))
                bag.update(found)
                chunk_terms += length
                next_id += 1
            next_id += _IDS_BETWEEN_FILES
            next_section += len(section_tokens) + _IDS_BETWEEN_FILES
            bag.update(terms.terms(path))
            size = bag.total()
            for term, times in bag.items():
                payload = min(times, 65535) << 16 | min(size, 65535)
                file_postings.setdefault(term, {}).setdefault(scope, []).append((number, payload))
            file_terms += size
            frame = count(file_line(path))
            always = matter.get("always", "").lower() in ("true", "yes")
            self._files[number] = File(
                number, path, scope, 0, count(text), frame, dates(path, text), always=always, terms=size
            )
        self._postings = {term: _packed(lists) for term, lists in postings.items()}
        self._file_postings = {term: _packed(lists) for term, lists in file_postings.items()}
        self.chunk_count = len(self._chunks)
        self.file_count = len(self._files)
        self.mean_chunk_terms = chunk_terms / max(1, self.chunk_count)
        self.mean_file_terms = file_terms / max(1, self.file_count)
        self.scoped_tokens = sum(file.tokens for file in self._files.values())

    @classmethod
    def from_folder(cls, folder: str, count: Callable[[str], int], **options: object) -> MemoryView:
        texts = {}
        for root, _, names in os.walk(folder):
            for name in names:
                if name.endswith(".md"):
                    path = os.path.join(root, name)
                    with open(path, encoding="utf-8") as file:
                        texts[os.path.relpath(path, folder)] = file.read()
        return cls(texts, count, **options)  # type: ignore[arg-type]

    def load(self, terms: Iterable[str]) -> None:
        """Everything is in memory."""

    def counts(self, term: str) -> list[int]:
        return [
            sum(len(ids) for ids, _ in lists.get(term, [])) for lists in (self._postings, self._file_postings)
        ]

    def postings(self, term: str) -> list[tuple[memoryview, memoryview]]:
        return self._postings.get(term, [])

    def file_postings(self, term: str) -> list[tuple[memoryview, memoryview]]:
        return self._file_postings.get(term, [])

    def sketches(
        self, *, ids: list[int] | None = None, files: list[int] | None = None
    ) -> list[tuple[int, int, int, int, int, str, int]]:
        return [
            (chunk.id, chunk.file, chunk.section, chunk.section_tokens, chunk.tokens, chunk.lead, chunk.line)
            for chunk in self.chunks(self._chunks if ids is None else ids).values()
            if files is None or chunk.file in files
        ]

    def chunks(self, ids: Iterable[int]) -> dict[int, Chunk]:
        return {id: self._chunks[id] for id in ids if id in self._chunks}

    def files(self, ids: Iterable[int]) -> dict[int, File]:
        return {id: self._files[id] for id in ids if id in self._files}

    def heading(self, ids: Iterable[int]) -> dict[int, Heading]:
        return {id: self._headings[id] for id in ids if id in self._headings}

    def latest(self, limit: int) -> list[int]:
        order = sorted(self._files.values(), key=lambda file: (-file.date, -file.uses, file.path))
        rank = {file.id: i for i, file in enumerate(order)}
        return sorted(self._chunks, key=lambda id: (rank[self._chunks[id].file], id))[:limit]

    def pinned(self) -> list[int]:
        return [id for id, chunk in self._chunks.items() if self._files[chunk.file].always]

    def synonyms(self, term: str) -> list[tuple[str, float]]:
        return self._thesaurus.get(term, [])


def _packed(lists: dict[str, list[tuple[int, int]]]) -> list[tuple[memoryview, memoryview]]:
    packed = []
    for entries in lists.values():
        entries.sort(key=lambda entry: -(entry[1] >> 16) / (1 + (entry[1] & 0xFFFF)))
        ids, payloads = zip(*entries, strict=True)
        packed.append((memoryview(array("I", ids)), memoryview(array("I", payloads))))
    return packed
