"""Writes the rows that `pages` reads: chunks and heading lines, column by column."""

from __future__ import annotations

from array import array
from typing import TYPE_CHECKING, NamedTuple

from memory_budget.index.pages import BETWEEN, CHUNKS, checksum

if TYPE_CHECKING:
    from collections.abc import Sequence
    from sqlite3 import Connection


class Columns(NamedTuple):
    """Chunks column by column, see `records.Chunk`."""

    section: Sequence[int]
    leaf: Sequence[int]
    tokens: Sequence[int]
    line: Sequence[int]
    terms: Sequence[int]
    heading: Sequence[int]
    hash: Sequence[int]
    simhash: Sequence[int]
    lead: Sequence[str]
    text: Sequence[str]


class Outline(NamedTuple):
    """Heading lines column by column, see `records.Heading`; the first has the id `first`."""

    first: int
    parent: list[int]
    tokens: list[int]
    text: list[str]


def insert_pages(
    db: Connection, first: int, file: int, group: int, columns: Columns, outline: Outline
) -> None:
    """Keep the chunks of a file, the first of which has the id `first`; all heading lines go with the first page."""
    texts = [text.encode() for text in columns.text]
    for start in range(0, len(texts), CHUNKS):
        part = slice(start, start + CHUNKS)
        page_texts = texts[part]
        end = -len(BETWEEN)
        ends = [end := end + len(BETWEEN) + len(text) for text in page_texts]
        leads = columns.lead[part]
        numbers = (
            b"".join([array("I", column[part]).tobytes() for column in columns[:6]])
            + array("I", ends).tobytes()
        )
        prints = array("q", columns.hash[part]).tobytes() + array("Q", columns.simhash[part]).tobytes()
        leads_text = "\n".join(leads) if any(leads) else ""
        outline_numbers = array("I", outline.parent).tobytes() + array("I", outline.tokens).tobytes()
        heading_text = "\n".join(outline.text)
        page_text = BETWEEN.join(page_texts)
        heading = outline.first if outline.text else 0
        number_sum = checksum(numbers, prints, leads_text.encode())
        heading_sum = checksum(outline_numbers, heading_text.encode())
        db.execute(
            "INSERT INTO pages VALUES(?,?,?,?,?,?,?,?,?,?,?)",
            (
                first + start, file, group, heading, number_sum, heading_sum, numbers, prints, leads_text, outline_numbers,
                heading_text,
            ),
        )  # fmt: skip
        db.execute("INSERT INTO texts VALUES(?,?,?)", (first + start, checksum(page_text), page_text))
        outline = Outline(0, [], [], [])
