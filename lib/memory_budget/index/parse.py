"""One memory file as the index keeps it: chunks with their terms and exact token counts."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple, Protocol

from memory_budget.index.facts import side_file
from memory_budget.index.note import Note, read_note
from memory_budget.index.records import signed
from memory_budget.index.stems import Stems
from memory_budget.text import escape, folding, frame, markdown, words

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
    """`tokens.Counter` or `tokens.UpperBound`."""

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


def load_note(found: SourceFile, said: str = "") -> tuple[bytes, Note]:
    """A file's hash and what it says. Raises OSError."""
    with open(found.real, "rb") as file:
        data = file.read()
    side = side_file(found.real) if found.side_ns else {}
    return blake2b(data, digest_size=16).digest(), read_note(found.path, data, side, said)


class Parser:
    """Parses notes. A memory says much more than once: chunks and heading lines it has just seen are not analysed again."""

    def __init__(self, counter: TokenCounter) -> None:
        self._counter = counter
        self._stems = Stems()
        self._chunks: dict[str, _Analysed] = {}
        self._headings: dict[str, tuple[str, int]] = {}
        self._names: dict[tuple[str, ...], list[str]] = {}

    def parse(self, note: Note) -> ParsedNote:
        """The chunks of a note."""
        # The whole text first: its lines are counted then, and found again when its chunks are.
        tokens = self._counter.count(note.head + note.body)
        seen: dict[tuple[int, str], int] = {}
        fresh: list[tuple[int, int, str]] = []
        parsed: list[ParsedChunk] = []
        above: tuple[int, ...] | None = None
        heading = -1
        names: list[str] = []
        raws = note.chunks()
        analysed = self._analysed([raw.text for raw in raws])
        for raw in raws:
            if raw.heading_lines is not above:
                above = raw.heading_lines
                names = self._named(markdown.naming(raw.headings))
                heading = -1
                for key in zip(above, raw.headings, strict=True):
                    number = seen.get(key)
                    if number is None:
                        number = seen[key] = len(seen)
                        shown, cost = self._heading(key[1])
                        fresh.append((heading, cost, shown))
                    heading = number
            shown, cost, hash_, simhash, terms = analysed[raw.text]
            parsed.append(
                ParsedChunk(
                    shown, cost, heading, raw.lead, hash_, simhash, raw.line, raw.section, terms, names
                )
            )
        stems = list(self._stems.of(note.label + "\n" + note.body))
        return ParsedNote(parsed, fresh, tokens, stems)

    def _heading(self, line: str) -> tuple[str, int]:
        """A heading line as it is shown, and what it costs with the blank line after it."""
        known = self._headings.get(line)
        if known is None:
            if len(self._headings) > _KNOWN_HEADINGS:
                self._headings.clear()
            shown = escape.neutral(line)
            known = self._headings[line] = shown, self._counter.paragraph(shown)
        return known

    def _named(self, headings: tuple[str, ...]) -> list[str]:
        """The terms of heading lines."""
        known = self._names.get(headings)
        if known is None:
            if len(self._names) > _KNOWN_HEADINGS:
                self._names.clear()
            known = self._names[headings] = words.terms("\n".join(headings))
        return known

    def _analysed(self, texts: Sequence[str]) -> dict[str, _Analysed]:
        """Chunks with their terms, fingerprints and tokens."""
        if len(self._chunks) > _KNOWN_CHUNKS:
            self._chunks.clear()
        known = self._chunks
        found: dict[str, _Analysed] = {}
        for text in texts:
            made = known.get(text) or found.get(text)
            if made is None:
                shown = escape.neutral(text)
                terms = words.terms(shown)
                hash_ = signed(folding.folded_hash(shown))
                made = shown, self._counter.paragraph(shown), hash_, words.simhash(terms), terms
                if len(text) <= _KNOWN_LENGTH:
                    known[text] = made
            found[text] = made
        return found


def file_frame_tokens(path: str, counter: TokenCounter) -> int:
    """What the line above a file's chunks costs."""
    return counter.count(frame.file_line(path))
