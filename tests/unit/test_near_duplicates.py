"""What counts as said twice: the same words with the same facts."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from memory_budget.index.records import Chunk, make_chunks
from memory_budget.select import near_duplicates
from memory_budget.text import folding, words
from tests.support.memory_view import MemoryView
from tests.support.selecting import select

NOTE = (
    "The nightly load of the billing warehouse was moved by the data team because the vendor delivers its export "
    "late, so that everybody who waits for the report of the day before reads complete figures; whoever changes the "
    "schedule again tells the finance people first, keeps the old job paused for a while, writes down why it was "
    "changed, and looks at the alerts of the following morning together with the person on call before closing it"
)


def made(*texts: str) -> tuple[list[Chunk], dict[int, str]]:
    said = dict(enumerate(texts, 1))
    rows = []
    for number, text in said.items():
        own = words.terms(text)
        prints = folding.folded_hash(text), words.simhash(own)
        rows.append((number, 1, number, 1, 1, "", 1, len(own), 0, *prints, 1, 0, 0))
    return make_chunks(rows), said


def found(*texts: str) -> dict[int, int]:
    own, said = made(*texts)
    asked: list[Collection[Chunk]] = []

    def read(wanted: Collection[Chunk]) -> dict[int, bytes]:
        asked.append(wanted)
        return {chunk.id: said[chunk.id].encode() for chunk in wanted}

    suspects = near_duplicates.alike(own)
    twin_of = near_duplicates.find_near_duplicates([chunk for chunk in own if chunk.id in suspects], read)
    assert len(asked) <= 1
    return twin_of


def test_the_same_text_but_for_white_space() -> None:
    assert found("one two", "three four", "one  two\n") == {3: 1}


def test_the_same_text_set_apart_by_rules() -> None:
    assert found("one two", "one two\n\n---", "***\n\none two") == {2: 1, 3: 1}
    assert found("one two", "one two\n\n--- a/file") == {}


def test_nearly_the_same_text() -> None:
    assert found(f"{NOTE}.", f"{NOTE}, please.") == {2: 1}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("moved to 5:00 by", "moved to 6:30 by"),
        ("asked Joanna, and", "asked Nate, and"),
        ("from v1.2 to v1.3", "from v1.3 to v1.2"),
    ],
)
def test_other_facts_in_the_same_words_are_another_memory(before: str, after: str) -> None:
    first, second = f"{NOTE}. Then {before} {NOTE}.", f"{NOTE}. Then {after} {NOTE}."
    own, _ = made(first, second)
    assert (own[0].simhash ^ own[1].simhash).bit_count() <= near_duplicates.NEAR_BITS
    assert found(first, second) == {}


def test_the_place_in_a_list_is_no_fact() -> None:
    assert near_duplicates.literal_facts("2. Ask first\n3) Then go") == near_duplicates.literal_facts(
        "7. Ask first\n8) Then go"
    )


def test_words_that_open_a_sentence_are_no_names() -> None:
    assert near_duplicates.literal_facts("Ask Nate. Then go: Monday, 5:00 (v2)") == ["Nate", "5:00", "v2"]


def test_a_copy_of_a_near_copy_repeats_the_first() -> None:
    assert found(f"{NOTE}.", f"{NOTE}, please.", f"{NOTE},  please.") == {2: 1, 3: 1}


def test_both_appointments_are_sent() -> None:
    texts = {f"{day}.md": f"{NOTE}. The call is on {day}. {NOTE}." for day in ("Monday", "Friday")}
    view = MemoryView(texts, lambda text: len(text) // 4)
    sent = select(view, "when is the call about the billing warehouse", 10_000, weights={"global": 1})
    assert len(sent.files) == 2
