"""A block in parts: each fits the client's limit and reads by itself, and nothing is lost or told twice."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_budget.select import block, parts
from memory_budget.select.block import OutlineEntry, Piece
from tests.support.blocks import count, only_block


def piece(path: str, *texts: tuple[list[str], str]) -> Piece:
    return Piece(path, [(False, headings, text.encode()) for headings, text in texts])


def test_parts_keep_to_their_limit_and_lose_nothing() -> None:
    pieces = [
        Piece(
            f".claude/memory/patterns/{n}.md",
            [(bool(m), [f"## H{n}.{m}"], f"chunk-{n}-{m} ".encode() * 20) for m in range(8)],
        )
        for n in range(9)
    ]
    made = parts.in_parts("id", pieces, [], limit=2_000, count=4)
    assert [only_block(text).label for text in made.texts] == [f'part="{n} of 4"' for n in (1, 2, 3, 4)]
    assert all(len(text) <= 2_000 for text in made.texts)
    printed = "".join(made.texts) + "".join(
        chunk[2].decode() for piece in made.rest for chunk in piece.chunks
    )
    for n in range(9):
        for m in range(8):
            assert printed.count(f"chunk-{n}-{m} " * 20) == 1


def test_one_part_is_used_where_one_is_enough() -> None:
    made = parts.in_parts(
        "id", [Piece("a.md", [(False, [], b"short")])], [OutlineEntry("b.md", "", 5, 1)], count=4
    )
    assert len(made.texts) == 1
    assert not made.rest
    assert only_block(made.texts[0]).label == ""
    assert "b.md (5, line 1)" in made.texts[0]


def test_an_outline_alone_is_a_block_and_one_part() -> None:
    outline = [OutlineEntry("a.md", "", 3, 1)]
    made = parts.in_parts("id", [], outline)
    assert made.texts == [block.block("id", [], outline)]
    assert made.texts[0]
    assert parts.in_parts("id", [], []).texts == []


def test_a_chunk_too_long_for_any_part_is_left_for_the_file() -> None:
    made = parts.in_parts(
        "id", [piece("a.md", (["# A"], "x" * 3_000), ([], "short"))], [], limit=2_000, count=4
    )
    assert len(made.texts) == 1
    assert "short" in made.texts[0]
    assert "# A\n" in made.texts[0]  # the heading it stands under
    assert [chunk[2] for piece in made.rest for chunk in piece.chunks] == [b"x" * 3_000]


def test_what_finds_no_place_is_named_at_the_end_of_the_last_part() -> None:
    pieces = [piece(f"{n}.md", ([], f"{n}" * 800)) for n in range(9)]
    made = parts.in_parts("id", pieces, [], limit=2_000, count=2, pointer="The rest: /x/y.md\n")
    assert made.texts[-1].endswith("\nThe rest: /x/y.md\n")
    assert all(parts.units(text) <= 2_000 for text in made.texts)
    assert [piece.path for piece in made.rest] == [f"{n}.md" for n in range(4, 9)]
    only_long = [piece("a.md", ([], "x" * 3_000))]
    assert parts.in_parts("id", only_long, [], limit=2_000, pointer="See /x\n").texts[0].endswith("See /x\n")


def test_a_file_that_goes_on_in_another_part_has_its_line_and_its_headings_there() -> None:
    given = piece(
        "notes/a.md",
        (["# Team", "## Rules"], "one " * 200),
        ([], "two " * 200),
        (["## Other"], "three " * 150),
    )
    made = parts.in_parts("id", [given], [], limit=1_400, count=4)
    assert len(made.texts) == 3
    for text, headings in zip(
        made.texts, (["# Team", "## Rules"], ["# Team", "## Rules"], ["# Team", "## Other"]), strict=True
    ):
        assert re.findall("^#.*", text, re.MULTILINE) == headings
        assert "<memory-file ./notes/a.md>\n" in text
    assert "[...]" in made.texts[1]


@pytest.mark.parametrize(("sign", "size"), [("x", 1), ("\u00e9", 1), ("\u6f22", 1), ("\U0001f600", 2)])
def test_the_client_counts_utf_16_units(sign: str, size: int) -> None:
    assert parts.units(sign * 10) == 10 * size
    made = parts.in_parts("id", [piece("a.md", *[([], sign * 900) for _ in range(40)])], [])
    assert len(made.texts) > 1
    assert all(len(text.encode("utf-16-le")) // 2 <= parts.LIMIT for text in made.texts)


def test_all_handlers_together_carry_more_than_20_000_tokens() -> None:
    words = "Incremental models merge on the surrogate key; a full refresh runs on Sundays, and never for finance. "
    pieces = [
        piece(f"notes/{n}.md", *[([f"## Part {m}"], words * (3 + (n + m) % 9)) for m in range(6)])
        for n in range(60)
    ]
    made = parts.in_parts("0a1b2c3d4e5f", pieces, [])
    assert len(made.texts) == parts.PARTS
    assert sum(map(count, made.texts)) > 20_000


texts = st.text(st.characters(codec="utf-8", exclude_characters="<\r"), min_size=1, max_size=300)
headings = st.lists(st.sampled_from(["# A", "## B", "### Long heading of a section", "## C"]), max_size=2)
chunks = st.lists(st.tuples(st.booleans(), headings, texts), min_size=1, max_size=6)
pieces = st.lists(chunks, max_size=6)


@given(pieces, st.integers(600, 2_000), st.integers(1, 5))
def test_no_part_is_too_long_and_every_chunk_stands_once(
    found: list[list[tuple[bool, list[str], str]]], limit: int, most: int
) -> None:
    given_pieces = [
        Piece(
            f"dir/file-{at}.md",
            [(gap, above, f"{at}.{n}:{text}:{at}.{n}".encode()) for n, (gap, above, text) in enumerate(one)],
        )
        for at, one in enumerate(found)
    ]
    made = parts.in_parts(
        "0a1b2c3d4e5f", given_pieces, [], limit=limit, count=most, pointer="The rest: /a/file.md\n"
    )
    assert len(made.texts) <= max(1, most)
    assert all(parts.units(text) <= limit for text in made.texts)
    whole = "".join(made.texts)
    over = b"".join(chunk[2] for one in made.rest for chunk in one.chunks).decode()
    for one in given_pieces:
        for chunk in one.chunks:
            text = chunk[2].decode()
            assert whole.count(text) + over.count(text) >= 1
            mark = text[: text.index(":") + 1]
            if not any(mark in other for at in found for _, _, other in at):
                assert (mark in whole) != (mark in over)


@given(pieces, st.integers(1, 40))
def test_the_frames_of_parts_are_bounded(
    found: list[list[tuple[bool, list[str], str]]], thousand: int
) -> None:
    """What stands in parts and not in the block as it was counted is no more than was reckoned with."""
    budget = thousand * 1_000
    given_pieces = [
        Piece(f"dir/file-{at}.md", [(gap, above, text.encode()) for gap, above, text in one])
        for at, one in enumerate(found)
    ]
    made = parts.in_parts("0a1b2c3d4e5f", given_pieces, [], limit=900, count=parts.parts_for(budget))
    assert made.frame_tokens <= parts.frame_tokens(budget)
