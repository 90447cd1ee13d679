"""Counts without surprises: exact where they say so, never too low where they do not, and never slow."""

from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from memory_budget.text import tokens
from tests.support.blocks import count

#: White space of every kind: what Python and the encoding's pattern call so is not the same.
SPACES = " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u1680\u2000\u2009\u200b\u2028\u2029\u202f\u205f\u3000\ufeff"
PIECES = [
    " ", "  ", "    ", "\n", "\n\n", "\r\n", "\r", "\t", "the", "The", "don't", "I'LL", "x's", "ſ's", "1234567",
    "0.5", "```", "---", "| a | b |", "- item", "#", "## Heading", "https://example.org/a?b=c", "snake_case_name",
    "camelCaseName", "日本語", "ไทย", "العربية", "é", "e\u0301", "😀", "👩‍👩‍👧", "\ufeff", "\u200b", "<|endoftext|>",
    "!!!", "...", "\"", "'", "''", "aaaaaaaa", "=====", "\\", "€", "½", "Ⅷ", "٣", "\x00", "\x7f",
]  # fmt: skip
markdownish = st.lists(
    st.sampled_from(PIECES) | st.sampled_from(list(SPACES)) | st.text(max_size=6), max_size=40
).map("".join)
texts = st.text(max_size=200) | markdownish | st.text(alphabet=SPACES + "ab1.'", max_size=60)

COUNTER = tokens.Counter()


@given(texts)
@example("a\n \n b\n")
@example("x \n\n  y")
@example("  \x85word\n")
@example("\n\u3000\nx")
@example("a!\n\n  - b")
def test_the_exact_counter_agrees_with_the_tokenizer(text: str) -> None:
    assert COUNTER.count(text) == count(text)


@given(texts)
def test_a_count_does_not_depend_on_what_was_counted_before(text: str) -> None:
    assert tokens.Counter().count(text) == COUNTER.count(text)
    COUNTER.count(f"{text}\n\n{text}")
    assert COUNTER.paragraph(text) == COUNTER.count(text + "\n\n") == count(text + "\n\n")


@given(texts)
@example("    " * 5)
@example("\n" * 30)
@example(" the the  the   the    the")
@example("theThe,the.THE")
def test_the_upper_bound_is_never_too_low(text: str) -> None:
    assert tokens.upper_bound(text) >= count(text)


@given(
    st.lists(
        texts.filter(lambda text: text != "" and text[0] not in "\r\n" and text.strip() != ""), max_size=6
    )
)
def test_units_that_end_with_a_blank_line_add_up(units: list[str]) -> None:
    """What the whole accounting rests on: chunks printed with a blank line between cost the sum of their costs."""
    ended = [unit.rstrip("\r\n") + "\n\n" for unit in units]
    ended = [unit for unit in ended if unit.strip() and not unit[0].isspace()]
    assert sum(map(COUNTER.count, ended)) == count("".join(ended))


@given(st.text(alphabet="abcXYZ019_-+/= 日😀é", min_size=1, max_size=12), st.integers(600, 2500))
def test_a_long_run_never_counts_less_than_it_costs(unit: str, times: int) -> None:
    """Past 4,000 characters a run is cut: that may count more, and must not count less."""
    text = (unit.replace(" ", "") or "x") * times
    assert COUNTER.count(text) >= count(text)


@given(st.text(alphabet="abcXYZ019_-+/=é日", min_size=2, max_size=12), st.integers(600, 2500))
def test_a_long_run_with_places_to_cut_is_exact(unit: str, times: int) -> None:
    text = ("q=" + unit) * times
    assert COUNTER.count(text) == count(text)


@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "ab ",
        " ",
        "\n",
        "\r\n",
        " \n",
        "\t",
        "日",
        "😀",
        "<",
        "```\n",
        "x\x85",
        "\u3000 ",
        "1",
        "'",
        "- a\n",
    ],
)
def test_time_grows_with_the_length_and_no_faster(unit: str) -> None:
    def seconds(size: int) -> float:
        text = unit * (size // len(unit))
        best = 9.0
        for _ in range(2):
            began = time.process_time()
            tokens.Counter().count(text)
            tokens.upper_bound(text)
            best = min(best, time.process_time() - began)
        return best

    small = seconds(20_000)
    assert seconds(160_000) < 20 * max(small, 0.01)
