"""One memory file as the index keeps it: chunks with their terms and exact token counts.

A file is read in pieces of about a megabyte, cut between blocks and never inside a fence, so that one enormous file
costs no more memory than a large one.
"""

from __future__ import annotations

import codecs
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple, Protocol

from memory_budget import chunks, rendering, terms
from memory_budget.index.facts import Facts, facts
from memory_budget.sources import Found
from memory_budget.units import signed

if TYPE_CHECKING:
    from collections.abc import Iterator

    #: Of a chunk: its text as it is shown, tokens, hash, fingerprint, terms.
    _Analysed = tuple[str, int, int, int, list[str]]

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


class ParsedChunk(NamedTuple):
    """`heading` is the position of the line right above it among the file's headings, -1 for none; `section` counts
    from the piece's first; `terms` are those of its text, `names` those of the headings above, in order, repeats kept."""

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
    matter, body_at = chunks.front_matter(head)
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

    def __init__(self, counter: TokenCounter) -> None:
        self._counter = counter
        self._chunks: dict[str, _Analysed] = {}
        self._headings: dict[str, tuple[str, int, list[str]]] = {}

    def pieces(self, texts: Iterator[str]) -> Iterator[ParsedPiece]:
        """Parse a file piece by piece; heading numbers go on across pieces."""
        line = 1
        seen: dict[tuple[int, str], int] = {}
        first = True
        for text in texts:
            body_at = 0
            if first:
                _, body_at = chunks.front_matter(text)
                first = False
            # The whole text first: its lines are counted then, and found again when its chunks are.
            tokens = self._counter.count(text)
            fresh: list[tuple[int, int, str]] = []
            parsed: list[ParsedChunk] = []
            start = line + text.count("\n", 0, body_at)
            above: tuple[int, ...] | None = None
            heading = -1
            names: list[str] = []
            for raw in chunks.split(text[body_at:] if body_at else text, start):
                if raw.heading_lines is not above:
                    above = raw.heading_lines
                    names = []
                    for own in chunks.naming(raw.headings):
                        names += self._heading(own)[2]
                    heading = -1
                    for key in zip(above, raw.headings, strict=True):
                        number = seen.get(key)
                        if number is None:
                            number = seen[key] = len(seen)
                            shown, cost, _ = self._heading(key[1])
                            fresh.append((heading, cost, shown))
                        heading = number
                parsed.append(self._chunk(raw, heading, names))
            yield ParsedPiece(parsed, fresh, tokens)
            line += text.count("\n")

    def _heading(self, line: str) -> tuple[str, int, list[str]]:
        """A heading line as it is shown, what it costs with the blank line after it, and its terms."""
        known = self._headings.get(line)
        if known is None:
            if len(self._headings) > _KNOWN_HEADINGS:
                self._headings.clear()
            shown = rendering.neutral(line)
            known = self._headings[line] = (shown, self._counter.count(shown + "\n\n"), terms.terms(line))
        return known

    def _chunk(self, raw: chunks.RawChunk, heading: int, names: list[str]) -> ParsedChunk:
        """One chunk with its terms, fingerprints and tokens; `names` are the terms of the headings above it."""
        known = self._chunks.get(raw.text)
        if known is None:
            if len(self._chunks) > _KNOWN_CHUNKS:
                self._chunks.clear()
            known = self._analyse(raw.text)
            if len(raw.text) <= _KNOWN_LENGTH:
                self._chunks[raw.text] = known
        text, tokens, hash_, simhash, found = known
        return ParsedChunk(
            text, tokens, heading, raw.lead, hash_, simhash, raw.line, raw.section, found, names
        )

    def _analyse(self, text: str) -> _Analysed:
        if "<" in text or not text.isascii():
            text = rendering.neutral(text)
        found = terms.terms(text)
        hash_ = signed(chunks.folded_hash(text))
        return text, self._counter.count(text + "\n\n"), hash_, terms.simhash(found), found


def frame_tokens(path: str, counter: TokenCounter) -> int:
    """What the line above a file's chunks costs."""
    return counter.count(rendering.file_line(path))
