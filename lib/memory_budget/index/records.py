"""Chunks, files and heading lines, as the index serves them and the selection ranks them."""

from __future__ import annotations

from _operator import itemgetter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import NamedTuple

    class Chunk(NamedTuple):
        """One unit of memory as the index knows it.

        `section`: the number of its section, one more than that of the section before it in the file where the two belong
        together, else `markdown.SECTION_STEP` more.
        `leaf`: id of the first chunk of its leaf, or `leaves.TURN`. `tokens`: exact cost of its text and the blank line after it.
        `lead`: the lower-cased name it leads with, or "". `line`: from 1. `terms`: length in index terms. `heading`: id
        of the heading line right above it, 0 for none. `hash`: of its white-space-folded text. `simhash`: of its
        terms. `page`, `begin` and `end`: where the index keeps its text.
        """

        id: int
        file: int
        section: int
        leaf: int
        tokens: int
        lead: str
        line: int
        terms: int
        heading: int
        hash: int
        simhash: int
        page: int
        begin: int
        end: int

    #: The fields of a chunk as a plain tuple. A start looks at thousands and makes chunks of a few hundred.
    Row = tuple[int, int, int, int, int, str, int, int, int, int, int, int, int, int]

    class Heading(NamedTuple):
        """A heading line; `parent`: id of the heading line it stands under, 0 for none. `tokens` with the blank line
        after it."""

        id: int
        parent: int
        tokens: int
        text: str

else:
    # Named tuples without what makes them from a text: a start makes thousands of them, straight from packed columns, and the
    # getters of `namedtuple` take a tenth of the time of properties.
    from collections import _tuplegetter

    class Chunk(tuple):
        __slots__ = ()
        (
            id,
            file,
            section,
            leaf,
            tokens,
            lead,
            line,
            terms,
            heading,
            hash,
            simhash,
            page,
            begin,
            end,
        ) = (_tuplegetter(at, None) for at in range(14))

    class Heading(tuple):
        __slots__ = ()
        id, parent, tokens, text = (_tuplegetter(at, None) for at in range(4))


#: Fields of a chunk, for `map`: many times as fast as asking each chunk by name.
id_of, file_of, section_of, leaf_of, tokens_of = map(itemgetter, range(5))
terms_of, heading_of, hash_of, simhash_of = map(itemgetter, range(7, 11))


def make_chunks(rows: Iterable[Row]) -> list[Chunk]:
    """Chunks from their fields, in the order of the class."""
    return list(map(Chunk, rows))  # type: ignore[arg-type]


def make_headings(rows: Iterable[tuple[int, int, int, str]]) -> list[Heading]:
    """Heading lines from their fields."""
    return list(map(Heading, rows))  # type: ignore[arg-type]


def path_of(heading: int, headings: Mapping[int, Heading]) -> list[Heading]:
    """A heading line and those it stands under, outermost first; [] for none."""
    path = []
    while heading:
        line = headings[heading]
        path.append(line)
        heading = line.parent
    path.reverse()
    return path


class File:
    """One memory file as the index knows it.

    `path`: from the project's root. `tokens`: of the whole file. `frame_tokens`: of its opening and closing line in
    the block. `date`: ordinal day known from what the file says, 0 unknown. `confidence`: 0 to 1, -1 unknown.
    `always`: pinned. `terms`: length in index terms.
    `first`: id of its first chunk, 0 unknown. `told`: whether the client's own index names it to every agent.
    """

    __slots__ = (
        "always",
        "confidence",
        "date",
        "frame_tokens",
        "id",
        "last_used",
        "path",
        "scope",
        "terms",
        "tokens",
        "uses",
        "first",
        "told",
    )

    def __init__(
        self,
        id: int,
        path: str,
        scope: str,
        tokens: int,
        frame_tokens: int,
        date: int = 0,
        uses: int = 0,
        last_used: int = 0,
        confidence: float = -1.0,
        always: bool = False,
        terms: int = 0,
    ) -> None:
        self.id = id
        self.path = path
        self.scope = scope
        self.tokens = tokens
        self.frame_tokens = frame_tokens
        self.date = date
        self.uses = uses
        self.last_used = last_used
        self.confidence = confidence
        self.always = always
        self.terms = terms
        self.first = 0
        self.told = False


def signed(number: int) -> int:
    """The 64 bits of a fingerprint as SQLite keeps them."""
    return number - ((number >> 63) << 64)
