"""Chunks as they are stored: up to 128 neighbouring chunks of one file in a row, column by column.

A start hook looks at all chunks of many files; a row for each would cost it more than ranking them. A page holds

    numbers    section, leaf, tokens, line, length in terms, heading, end of the text: u32 columns
    prints     hash of the folded text (signed), fingerprint (unsigned): 64-bit columns
    leads      the name each chunk leads with, one a line; "" where none has one
    outline    of the heading lines that first occur in the page: id of the line above, tokens: u32 columns
    headings   those lines, numbered from `heading`
    ..._sum    checksums of these columns: what is read for an agent is checked

The table `texts` holds a page's `text`: the chunks' texts with a blank line between two, UTF-8. A start looks at all pages in
view and prints a few texts, so they lie apart: SQLite reads a row from its beginning, and text is nine tenths of it.

Numbers are in this machine's byte order.
"""

from __future__ import annotations

from _operator import itemgetter
from itertools import repeat
from zlib import crc32

from memory_budget.index.records import Chunk, Heading, make_chunks, make_headings
from memory_budget.index.schema import IndexDamaged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from sqlite3 import Connection
    from typing import Any

    from memory_budget.index.records import Row

CHUNKS = 128
#: Bytes of a heading line in `outline`.
HEADING_SIZE = 8
_NUMBERS = 7
#: What stands between the texts of two chunks.
BETWEEN = b"\n\n"

#: What `page_rows` takes, in this order, from a table named pages.
COLUMNS = "first, file, numbers, prints, leads, number_sum"


def checksum(*parts: bytes) -> int:
    """The CRC-32 of columns of a page, by which a reader knows that they are as they were written. It takes about a microsecond
    for 2,000 bytes (BLAKE2, which CPython has in plain C, took a start half a millisecond more)."""
    value = 0
    for part in parts:
        value = crc32(part, value)
    return value


def _check_sum(stored: int, *parts: bytes) -> None:
    if checksum(*parts) != stored:
        raise IndexDamaged("a page of the index is not what was written")


def page_rows(first: int, file: int, numbers: bytes, prints: bytes, leads: str, number_sum: int) -> list[Row]:
    """The chunks of a page, as plain tuples. Raises IndexDamaged."""
    _check_sum(number_sum, numbers, prints, leads.encode())
    values = memoryview(numbers).cast("I").tolist()
    count = len(values) // _NUMBERS
    ends = values[6 * count :]
    return list(
        zip(
            range(first, first + count),
            repeat(file),
            values[:count],
            values[count : 2 * count],
            values[2 * count : 3 * count],
            leads.split("\n") if leads else repeat(""),
            values[3 * count : 4 * count],
            values[4 * count : 5 * count],
            values[5 * count : 6 * count],
            memoryview(prints)[: 8 * count].cast("q").tolist(),
            memoryview(prints)[8 * count :].cast("Q").tolist(),
            repeat(first),
            [0, *[end + len(BETWEEN) for end in ends[:-1]]],
            ends,
            strict=False,
        )
    )


def page_chunks(*columns: Any) -> list[Chunk]:
    """The same as chunks. Raises IndexDamaged."""
    return make_chunks(page_rows(*columns))


def chunk_count(size: int) -> int:
    """How many chunks a page holds whose column `numbers` has `size` bytes."""
    return size // (4 * _NUMBERS)


#: What `page_headings` and `HeadingLines.add_page` take, in this order, from a table named pages.
HEADING_COLUMNS = "heading, outline, headings, heading_sum"


class _PageOutline:
    """The heading lines of a page. `first` and `last`: the ids of the first and the last of them."""

    __slots__ = ("_lines", "_parents", "_tokens", "first", "last")

    def __init__(self, first: int, outline: bytes, lines: str, heading_sum: int) -> None:
        """From the columns named above. Raises IndexDamaged."""
        _check_sum(heading_sum, outline, lines.encode())
        values = memoryview(outline).cast("I")
        half = len(values) // 2
        self.first = first
        self.last = first + half - 1
        self._parents = values[:half]
        self._tokens = values[half:]
        self._lines = lines.split("\n")

    def heading(self, number: int) -> Heading:
        """The line of an id from `first` to `last`."""
        at = number - self.first
        return make_headings([(number, self._parents[at], self._tokens[at], self._lines[at])])[0]


class HeadingLines(dict[int, Heading]):
    """Heading lines by id, each made when it is asked for: of all pages that a start reads it prints few.

    Asking raises IndexDamaged where the index has no such line.
    """

    __slots__ = ("_db", "_last", "_opened", "_rows")

    def __init__(self, db: Connection) -> None:
        self._db = db
        self._last = _PageOutline(0, b"", "", checksum())
        self._rows: dict[int, tuple[Any, ...]] = {}
        self._opened: dict[int, _PageOutline] = {}

    def add_page(self, row: tuple[Any, ...]) -> None:
        """The outline of a page that was read, as `HEADING_COLUMNS` has it."""
        if row[0]:
            self._rows[row[0]] = row

    def __missing__(self, number: int) -> Heading:
        outline = self._last
        if not outline.first <= number <= outline.last:
            outline = self._last = self._outline(number)
        heading = self[number] = outline.heading(number)
        return heading

    def _outline(self, number: int) -> _PageOutline:
        """The outline that holds a line, looked into once."""
        first = max([first for first in self._rows if first <= number], default=0)
        outline = self._opened.get(first)
        if outline is None and first:
            outline = self._opened[first] = _PageOutline(*self._rows[first])
        return outline if outline is not None and number <= outline.last else self._read(number)

    def _read(self, number: int) -> _PageOutline:
        """The outline of a line that stands in an earlier page of a large file."""
        row = self._db.execute(
            f"SELECT {HEADING_COLUMNS} FROM pages WHERE heading<=? ORDER BY heading DESC LIMIT 1", (number,)
        ).fetchone()
        outline = _PageOutline(*row) if row is not None else None
        if outline is None or not 0 < outline.first <= number <= outline.last:
            raise IndexDamaged(f"the index has no heading line {number}")
        self.add_page(row)
        self._opened[outline.first] = outline
        return outline


def page_headings(first: int, outline: bytes, lines: str, heading_sum: int) -> list[Heading]:
    """All heading lines of a page. Raises IndexDamaged."""
    page_outline = _PageOutline(first, outline, lines, heading_sum)
    return list(map(page_outline.heading, range(first, page_outline.last + 1)))


def file_chunks(db: Connection, file: int) -> list[Chunk]:
    """The chunks of one file, in order."""
    rows = db.execute(f"SELECT {COLUMNS} FROM pages WHERE file=? ORDER BY first", (file,))
    return [chunk for row in rows for chunk in page_chunks(*row)]


def all_chunks(db: Connection) -> Iterator[Chunk]:
    """All chunks of an index by id."""
    for row in db.execute(f"SELECT {COLUMNS} FROM pages ORDER BY first"):
        yield from page_chunks(*row)


def first_damage(db: Connection) -> Iterator[str]:
    """The first page that is not as it was written, in words; nothing where all are."""
    for first, *columns, number_sum, heading_sum, text_sum in db.execute(
        "SELECT first, numbers, prints, leads, outline, headings, text, number_sum, heading_sum, text_sum "
        "FROM pages LEFT JOIN texts USING(first)"
    ):
        numbers, prints, leads, outline, headings, text = columns
        try:
            _check_sum(number_sum, numbers, prints, leads.encode())
            _check_sum(heading_sum, outline, headings.encode())
            _check_sum(text_sum, text)
        except (IndexDamaged, TypeError, AttributeError):
            yield f"damaged: page {first} is not what was written"
            return


def chunk_texts(
    db: Connection, chunks: Collection[Chunk], page_texts: dict[int, bytes] | None = None
) -> dict[int, bytes]:
    """The texts of chunks in UTF-8, by id. `page_texts`: those of pages that were read before, to which others are added. Raises
    IndexDamaged."""
    if page_texts is None:
        page_texts = {}
    pages = set(map(itemgetter(11), chunks)).difference(page_texts)
    for first, text, text_sum in select_rows(
        db, "SELECT first, text, text_sum FROM texts WHERE first IN", pages
    ):
        _check_sum(text_sum, text)
        page_texts[first] = text
    pages.difference_update(page_texts)
    if pages:
        raise IndexDamaged(f"the index has no text of page {min(pages)}")
    return {chunk[0]: page_texts[chunk[11]][chunk[12] : chunk[13]] for chunk in chunks}


def select_rows(db: Connection, query: str, ids: Collection[int] | Collection[str]) -> list[tuple[Any, ...]]:
    """All rows of a query that ends with `IN`, for any number of ids: 900 of them a query."""
    rows: list[tuple[Any, ...]] = []
    remaining: list[int | str] = list(ids)
    for start in range(0, len(remaining), 900):
        part = remaining[start : start + 900]
        rows.extend(db.execute(f"{query} ({','.join('?' * len(part))})", part))
    return rows
