"""One memory file as the index keeps it: chunks with their terms and exact token counts.

A file is read in pieces of about a megabyte, cut between blocks and never inside a fence, so that one enormous file
costs no more memory than a large one.
"""

from __future__ import annotations

import codecs
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple, Protocol

from memory_budget.index.facts import Facts, facts
from memory_budget.index.records import signed
from memory_budget.index.sources import Found
from memory_budget.text import escape, markdown
from memory_budget.text import words as text_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    #: Terms as an `Analyser` gives them.
    Terms = list[str] | bytes
    #: Of a chunk: its text as it is shown, tokens, hash, fingerprint, terms and how many.
    _Analysed = tuple[str, int, int, int, Terms, int]

#: Chunks remembered, and the longest one in characters (about 5 MB); heading lines remembered.
_KNOWN_CHUNKS = 4_000
_KNOWN_LENGTH = 2_000
_KNOWN_HEADINGS = 8_000
PIECE = 1 << 20
_BINARY_HEAD = 8192
_LARGE_HEAD = 65536
_NOT_UTF8 = "not UTF-8: unreadable bytes are shown as U+FFFD"


class TokenCounter(Protocol):
    """`tokens.Counter` or `tokens.UpperBound`."""

    exact: bool

    def count(self, text: str) -> int: ...

    def paragraph(self, text: str) -> int: ...


class Analyser(Protocol):
    """What makes terms of texts: words, or numbers of words (`vocabulary`)."""

    def of(self, text: str) -> Terms: ...

    def analyse(self, texts: Sequence[str]) -> Sequence[tuple[Terms, int, int]]:
        """Of each text its terms, how many they are, and its fingerprint."""


class Words:
    """Terms as words."""

    def of(self, text: str) -> list[str]:
        return text_words.terms(text)

    def analyse(self, texts: Sequence[str]) -> list[tuple[list[str], int, int]]:
        found = map(text_words.terms, texts)
        return [(own, len(own), text_words.simhash(own)) for own in found]


class ParsedChunk(NamedTuple):
    """`heading` is the position of the line right above it among the file's headings, -1 for none; `section` counts
    from the piece's first; `terms` are those of its text (`length` of them), `names` those of the headings above, in
    order, repeats kept."""

    text: str
    tokens: int
    heading: int
    lead: str
    hash: int
    simhash: int
    line: int
    section: int
    text_words: Terms
    length: int
    names: Terms


class ParsedPiece(NamedTuple):
    """Some of a file's chunks, in order, with the headings that first occur here: (position of the one it stands
    under or -1, tokens, text)."""

    chunks: list[ParsedChunk]
    headings: list[tuple[int, int, str]]
    tokens: int


class Content(NamedTuple):
    """What is known of a file before its chunks: its hash, its facts, what is wrong with it ("" for nothing), and how
    many of its lines the client itself loads."""

    hash: bytes
    facts: Facts
    problem: str
    loaded: int


def read_content(found: Found) -> tuple[Content, Iterator[str]]:
    """A file's content and its text in pieces (the first holds its front matter).

    Raises OSError. A binary file has no pieces; text that is not UTF-8 is read with U+FFFD in place of what is not.
    """
    with open(found.real, "rb") as file:
        data = file.read(PIECE + 1)
    if b"\0" in data[:_BINARY_HEAD]:
        return Content(
            _hash_file(found.real), Facts(0, 0, -1.0, False, ""), "binary: holds NUL bytes", 0
        ), iter(())
    texts: Iterator[str]
    if len(data) <= PIECE:
        try:
            text, problem = data.decode("utf-8"), ""
        except UnicodeDecodeError:
            text, problem = data.decode("utf-8", "replace"), _NOT_UTF8
        text = _plain(text)
        hash_ = blake2b(data, digest_size=16).digest()
        texts = iter((text,) if text else ())
        head = text
    else:
        hash_ = _hash_file(found.real)
        problem = "" if _is_utf8(found.real) else _NOT_UTF8
        head = _plain(data[:_LARGE_HEAD].decode("utf-8", "replace"))
        texts = _pieces(found.real)
    matter, body_at = markdown.front_matter(head)
    own = facts(found.path, found.real, matter, head[body_at:])
    return Content(hash_, own, problem, found.loaded_lines(head)), texts


def _plain(text: str) -> str:
    """Text as it is chunked: line ends as LF, no NUL."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\0", "\ufffd") if "\0" in text else text


def _hash_file(path: str) -> bytes:
    state = blake2b(digest_size=16)
    with open(path, "rb") as file:
        while block := file.read(PIECE):
            state.update(block)
    return state.digest()


def _is_utf8(path: str) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with open(path, "rb") as file:
        try:
            while block := file.read(PIECE):
                decoder.decode(block)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _pieces(path: str) -> Iterator[str]:
    """The text in pieces that end between two blocks where a place for that is found."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    held = ""
    with open(path, "rb") as file:
        while True:
            block = file.read(PIECE)
            more = decoder.decode(block, final=not block)
            if held.endswith("\r"):
                held, more = held[:-1], "\r" + more
            tail = "\r" if more.endswith("\r") and block else ""  # its LF may come with the next block
            held += _plain(more[: len(more) - len(tail)]) + tail
            if not block:
                if held:
                    yield held
                return
            cut = _cut(held)
            if cut:
                yield held[:cut]
                held = held[cut:]


def _cut(text: str) -> int:
    """The end of the last whole block outside a fence; past four pieces without one, anywhere."""
    fence_lines = text.count("\n```") + text.startswith("```") + text.count("\n~~~")
    limit = len(text)
    if fence_lines % 2:
        limit = max(text.rfind("\n```"), text.rfind("\n~~~"), 0)
    cut = text.rfind("\n\n", 0, limit)
    if cut > 0:
        return cut + 2
    return len(text) if len(text) > 4 * PIECE else 0


class Parser:
    """Parses files. A memory says much more than once: chunks and heading lines it has just seen are not analysed again."""

    def __init__(self, counter: TokenCounter, words: Analyser) -> None:
        self.words = words
        self._counter = counter
        self._chunks: dict[str, _Analysed] = {}
        self._headings: dict[str, tuple[str, int]] = {}
        self._names: dict[tuple[str, ...], Terms] = {}

    def use(self, words: Analyser) -> None:
        """Have terms made by another analyser, from the next piece on."""
        self.words = words
        self._chunks.clear()
        self._names.clear()

    def pieces(self, texts: Iterator[str]) -> Iterator[ParsedPiece]:
        """Parse a file piece by piece; heading numbers go on across pieces."""
        line = 1
        seen: dict[tuple[int, str], int] = {}
        first = True
        for text in texts:
            body_at = 0
            if first:
                _, body_at = markdown.front_matter(text)
                first = False
            # The whole text first: its lines are counted then, and found again when its chunks are.
            tokens = self._counter.count(text)
            fresh: list[tuple[int, int, str]] = []
            parsed: list[ParsedChunk] = []
            start = line + text.count("\n", 0, body_at)
            above: tuple[int, ...] | None = None
            heading = -1
            names: Terms = b""
            raws = markdown.split(text[body_at:] if body_at else text, start)
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
                shown, cost, hash_, simhash, found, length = analysed[raw.text]
                parsed.append(
                    ParsedChunk(
                        shown,
                        cost,
                        heading,
                        raw.lead,
                        hash_,
                        simhash,
                        raw.line,
                        raw.section,
                        found,
                        length,
                        names,
                    )
                )
            yield ParsedPiece(parsed, fresh, tokens)
            line += text.count("\n")

    def _heading(self, line: str) -> tuple[str, int]:
        """A heading line as it is shown, and what it costs with the blank line after it."""
        known = self._headings.get(line)
        if known is None:
            if len(self._headings) > _KNOWN_HEADINGS:
                self._headings.clear()
            shown = escape.neutral(line)
            known = self._headings[line] = shown, self._counter.paragraph(shown)
        return known

    def _named(self, headings: tuple[str, ...]) -> Terms:
        """The terms of heading lines."""
        known = self._names.get(headings)
        if known is None:
            if len(self._names) > _KNOWN_HEADINGS:
                self._names.clear()
            known = self._names[headings] = self.words.of("\n".join(headings))
        return known

    def _analysed(self, texts: list[str]) -> dict[str, _Analysed]:
        """Chunks with their terms, fingerprints and tokens."""
        if len(self._chunks) > _KNOWN_CHUNKS:
            self._chunks.clear()
        known = self._chunks
        found = {text: known[text] for text in texts if text in known}
        fresh = list(dict.fromkeys([text for text in texts if text not in found]))
        shown = [escape.neutral(text) if "<" in text or not text.isascii() else text for text in fresh]
        for text, own, (words, length, simhash) in zip(fresh, shown, self.words.analyse(shown), strict=True):
            hash_ = signed(markdown.folded_hash(own))
            cost = self._counter.paragraph(own)
            made = found[text] = own, cost, hash_, simhash, words, length
            if len(text) <= _KNOWN_LENGTH:
                known[text] = made
        return found


def frame_tokens(path: str, counter: TokenCounter) -> int:
    """What the line above a file's chunks costs."""
    return counter.count(escape.file_line(path))
