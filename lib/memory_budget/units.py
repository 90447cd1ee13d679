"""What the index serves and the selection ranks: chunks, files and heading lines."""

from __future__ import annotations


class Chunk:
    """One unit of memory as the index knows it.

    `tokens`: exact cost of its text and the blank line after it. `terms`: length in index terms. `headings`: ids
    of the heading lines above it, outermost first, one id per place in a file. `lead`: the lower-cased name
    it leads with, or "". `hash`: of its white-space-folded text. `simhash`: of its terms. `line`: from 1.
    """

    __slots__ = (
        "file",
        "hash",
        "headings",
        "id",
        "kind",
        "lead",
        "line",
        "scope",
        "section",
        "section_tokens",
        "simhash",
        "terms",
        "tokens",
    )

    def __init__(
        self,
        id: int,
        file: int,
        scope: str,
        tokens: int,
        terms: int,
        headings: tuple[int, ...],
        kind: str,
        lead: str,
        hash: int,
        simhash: int,
        line: int,
        section: int = 0,
        section_tokens: int = 0,
    ) -> None:
        self.id = id
        self.file = file
        self.scope = scope
        self.section = section
        self.section_tokens = section_tokens or tokens
        self.tokens = tokens
        self.terms = terms
        self.headings = headings
        self.kind = kind
        self.lead = lead
        self.hash = hash
        self.simhash = simhash
        self.line = line


class File:
    """One memory file as the index knows it.

    `path`: from the project's root. `tokens`: of the whole file. `frame_tokens`: of its opening and closing line in
    the block. `date`: ordinal day known from what the file says, 0 unknown. `mtime_day`: of the file's
    time, weak evidence. `confidence`: 0 to 1, -1 unknown. `always`: pinned. `terms`: length in index terms.
    """

    __slots__ = (
        "always",
        "confidence",
        "date",
        "frame_tokens",
        "group",
        "id",
        "last_used",
        "mtime_day",
        "path",
        "scope",
        "terms",
        "tokens",
        "uses",
    )

    def __init__(
        self,
        id: int,
        path: str,
        scope: str,
        group: int,
        tokens: int,
        frame_tokens: int,
        date: int = 0,
        mtime_day: int = 0,
        uses: int = 0,
        last_used: int = 0,
        confidence: float = -1.0,
        always: bool = False,
        terms: int = 0,
    ) -> None:
        self.id = id
        self.path = path
        self.scope = scope
        self.group = group
        self.tokens = tokens
        self.frame_tokens = frame_tokens
        self.date = date
        self.mtime_day = mtime_day
        self.uses = uses
        self.last_used = last_used
        self.confidence = confidence
        self.always = always
        self.terms = terms


class Heading:
    """A heading line; `tokens` with the blank line after it."""

    __slots__ = ("id", "text", "tokens")

    def __init__(self, id: int, text: str, tokens: int) -> None:
        self.id = id
        self.text = text
        self.tokens = tokens


def signed(number: int) -> int:
    """The 64 bits of a fingerprint as SQLite keeps them."""
    return number - ((number >> 63) << 64)
