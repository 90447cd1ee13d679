"""Parses a memory file into what the index keeps of it: chunks with their terms and token counts."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple, Protocol

from memory_budget.index.facts import side_file
from memory_budget.index.note import Note, read_note
from memory_budget.index.records import signed
from memory_budget.index.stems import Stems
from memory_budget.text import escape, folding, markdown, shown_paths, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memory_budget.index.sources import SourceFile

    #: Of a chunk: its text as it is shown, tokens, hash, fingerprint and terms.
    _Analysed = tuple[str, int, int, int, list[str]]

#: Chunks remembered, and the longest one in characters (about 5 MB); heading lines remembered.
_KNOWN_CHUNKS = 4_000
_KNOWN_LENGTH = 2_000
_KNOWN_HEADINGS = 8_000


class TokenCounter(Protocol):
    """Counts tokens of a text: `tokens.Counter` exactly, `tokens.UpperBound` from above."""

    exact: bool

    def count(self, text: str) -> int: ...

    def paragraph(self, text: str) -> int: ...


class ParsedChunk(NamedTuple):
    """`heading` is the position of the line right above it among the file's headings, -1 for none; `section` counts
    from the file's first; `terms` are those of its text, `names` those of the headings above, in order, repeats kept."""

    text: str
    tokens: int
    heading: int
    lead: str
    hash: int
    simhash: int
    line: int
    section: int
    terms: list[str]
    names: list[str]


class ParsedNote(NamedTuple):
    """A file's chunks in order, with its headings: (position of the one it stands under or -1, tokens, text). `stems`:
    (stem, term) of its words in other languages than English."""

    chunks: list[ParsedChunk]
    headings: list[tuple[int, int, str]]
    tokens: int
    stems: list[tuple[str, str]]


def load_note(source: SourceFile, description: str = "") -> tuple[bytes, Note]:
    """The hash of a file and the note in it; `description`: what an index of notes says of it. Raises OSError."""
    with open(source.real, "rb") as file:
        data = file.read()
    side = side_file(source.real) if source.side_ns else {}
    return blake2b(data, digest_size=16).digest(), read_note(source.path, data, side, description)


class Parser:
    """Parses notes. Memories repeat themselves, so the analysis of chunks and heading lines met lately is kept and used again."""

    def __init__(self, counter: TokenCounter) -> None:
        self._counter = counter
        self._stems = Stems()
        self._chunks: dict[str, _Analysed] = {}
        self._headings: dict[str, tuple[str, int]] = {}
        self._names: dict[tuple[str, ...], list[str]] = {}

    def parse(self, note: Note) -> ParsedNote:
        """The chunks of a note."""
        # The whole text first: the counter remembers lines, so the chunks are then counted from memory.
        file_tokens = self._counter.count(note.head + note.body)
        numbers: dict[tuple[int, str], int] = {}
        headings: list[tuple[int, int, str]] = []
        parsed: list[ParsedChunk] = []
        current_lines: tuple[int, ...] | None = None
        heading = -1
        names: list[str] = []
        raw_chunks = note.chunks()
        analysed = self._analysed([raw.text for raw in raw_chunks])
        for raw in raw_chunks:
            if raw.heading_lines is not current_lines:
                current_lines = raw.heading_lines
                names = self._named(markdown.naming_headings(raw.headings))
                heading = -1
                for key in zip(current_lines, raw.headings, strict=True):
                    number = numbers.get(key)
                    if number is None:
                        number = numbers[key] = len(numbers)
                        text, tokens = self._heading(key[1])
                        headings.append((heading, tokens, text))
                    heading = number
            text, tokens, hash_, simhash, terms = analysed[raw.text]
            parsed.append(
                ParsedChunk(
                    text, tokens, heading, raw.lead, hash_, simhash, raw.line, raw.section, terms, names
                )
            )
        stems = list(self._stems.of(note.label + "\n" + note.body))
        return ParsedNote(parsed, headings, file_tokens, stems)

    def _heading(self, line: str) -> tuple[str, int]:
        """A heading line as it is shown, and what it costs with the blank line after it."""
        cached = self._headings.get(line)
        if cached is None:
            if len(self._headings) > _KNOWN_HEADINGS:
                self._headings.clear()
            shown = escape.neutral(line)
            cached = self._headings[line] = shown, self._counter.paragraph(shown)
        return cached

    def _named(self, headings: tuple[str, ...]) -> list[str]:
        """The terms of heading lines."""
        cached = self._names.get(headings)
        if cached is None:
            if len(self._names) > _KNOWN_HEADINGS:
                self._names.clear()
            cached = self._names[headings] = words.terms("\n".join(headings))
        return cached

    def _analysed(self, texts: Sequence[str]) -> dict[str, _Analysed]:
        """Chunks with their terms, fingerprints and tokens."""
        if len(self._chunks) > _KNOWN_CHUNKS:
            self._chunks.clear()
        cache = self._chunks
        analysed: dict[str, _Analysed] = {}
        for text in texts:
            entry = cache.get(text) or analysed.get(text)
            if entry is None:
                shown = escape.neutral(text)
                terms = words.terms(shown)
                hash_ = signed(folding.folded_hash(shown))
                entry = shown, self._counter.paragraph(shown), hash_, words.simhash(terms), terms
                if len(text) <= _KNOWN_LENGTH:
                    cache[text] = entry
            analysed[text] = entry
        return analysed


def file_frame_tokens(path: str, counter: TokenCounter) -> int:
    """What the line above a file's chunks costs."""
    return counter.count(shown_paths.file_line(path))
