"""Chunks as they are stored: up to 128 neighbouring chunks of one file in a row, column by column.

A start hook looks at all chunks of many files; a row for each would cost it more than ranking them. A page holds

    numbers    section, tokens of the section, own tokens, line, length in terms, heading, end of the text: u32 columns
    prints     hash of the folded text (signed), fingerprint (unsigned): 64-bit columns
    leads      the name each chunk leads with, one a line; "" where none has one
    outline    of the heading lines that first occur in the page: id of the line above, tokens: u32 columns
    headings   those lines, numbered from `heading`
    text       the chunks' texts with a blank line between two, UTF-8
    ..._sum    checksums of these columns: what is read for an agent is checked

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

CHUNKS = 128
#: Bytes of a heading line in `outline`.
HEADING_SIZE = 8
_NUMBERS = 7
#: What stands between the texts of two chunks.
BETWEEN = b"\n\n"

#: What `page_chunks` takes, in this order, from a table named pages.
COLUMNS = "first, file, numbers, prints, leads, number_sum"


def checksum(*parts: bytes) -> int:
    """The CRC-32 of columns of a page, by which a reader knows that they are as they were written. It takes about a microsecond
    for 2,000 bytes."""
    value = 0
    for part in parts:
        value = crc32(part, value)
    return value


def _check_sum(stored: int, *parts: bytes) -> None:
    if checksum(*parts) != stored:
        raise IndexDamaged("a page of the index is not what was written")


def page_chunks(
    first: int, file: int, numbers: bytes, prints: bytes, leads: str, number_sum: int
) -> list[Chunk]:
    """The chunks of a page. Raises IndexDamaged."""
    _check_sum(number_sum, numbers, prints, leads.encode())
    values = memoryview(numbers).cast("I").tolist()
    count = len(values) // _NUMBERS
    ends = values[6 * count :]
    return make_chunks(
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


def chunk_count(size: int) -> int:
    """How many chunks a page holds whose column `numbers` has `size` bytes."""
    return size // (4 * _NUMBERS)


#: What `page_headings` takes, in this order, from a table named pages.
HEADING_COLUMNS = "heading, outline, headings, heading_sum"


def page_headings(first: int, outline: bytes, lines: str, heading_sum: int) -> list[Heading]:
    """The heading lines of a page, the first of which has the id `first`. Raises IndexDamaged."""
    _check_sum(heading_sum, outline, lines.encode())
    values = memoryview(outline).cast("I").tolist()
    half = len(values) // 2
    return make_headings(
        zip(range(first, first + half), values[:half], values[half:], lines.split("\n"), strict=False)
    )


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
        "SELECT first, numbers, prints, leads, outline, headings, text, number_sum, heading_sum, text_sum FROM pages"
    ):
        numbers, prints, leads, outline, headings, text = columns
        try:
            _check_sum(number_sum, numbers, prints, leads.encode())
            _check_sum(heading_sum, outline, headings.encode())
            _check_sum(text_sum, text)
        except (IndexDamaged, TypeError, AttributeError):
            yield f"damaged: page {first} is not what was written"
            return


def chunk_texts(db: Connection, chunks: Collection[Chunk]) -> dict[int, bytes]:
    """The texts of chunks in UTF-8, by id. Raises IndexDamaged."""
    pages = set(map(itemgetter(11), chunks))
    page_texts = {}
    for first, text, text_sum in select_rows(
        db, "SELECT first, text, text_sum FROM pages WHERE first IN", pages
    ):
        _check_sum(text_sum, text)
        page_texts[first] = text
    return {chunk[0]: page_texts[chunk[11]][chunk[12] : chunk[13]] for chunk in chunks}


def select_rows(db: Connection, query: str, ids: Collection[int] | Collection[str]) -> list[tuple[Any, ...]]:
    """All rows of a query that ends with `IN`, for any number of ids: 900 of them a query."""
    rows: list[tuple[Any, ...]] = []
    remaining: list[int | str] = list(ids)
    for start in range(0, len(remaining), 900):
        part = remaining[start : start + 900]
        rows.extend(db.execute(f"{query} ({','.join('?' * len(part))})", part))
    return rows
