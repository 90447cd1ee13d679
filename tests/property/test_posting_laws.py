"""A new index is the same whichever of the two ways its posting lists and its terms are made."""

from __future__ import annotations

import tempfile
from array import array
from typing import Any
from unittest.mock import patch

from hypothesis import example, given, settings
from hypothesis import strategies as st

from memory_budget.index import bulk_lists, postings, schema, vocabulary
from memory_budget.index.bulk_lists import BulkLists
from memory_budget.index.posting_lists import PostingLists
from memory_budget.index.vocabulary import Vocabulary
from memory_budget.text import words as text_words
from tests.support.cases import cases

WORDS = st.lists(
    st.sampled_from(["as", "rows", "merge.", "merge", "raw_key", "rawKey", "don't", "(schlüssel)", "日本"]),
    max_size=12,
).map(" ".join)
FILES = st.lists(
    st.tuples(
        st.integers(1, 3),  # its group
        st.lists(
            st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=6), max_size=3
        ),  # chunks, piece by piece
        WORDS,  # its path
        st.booleans(),  # whether it is the last of its group
    ),
    max_size=12,
)


def written(lists: PostingLists | BulkLists, db: Any, files: list[Any]) -> list[Any]:
    """What the lists of these files are."""
    chunk = 1
    closed = set()
    for number, (group, pieces, path, last) in enumerate(files, 1):
        if group in closed:
            continue
        length = 0
        for piece in pieces:
            texts, names = zip(*piece, strict=True)
            words: Any = lists.words
            found, lengths, _ = zip(*words.analyse(texts), strict=True)
            lists.add_chunks(group, chunk, found, list(map(words.of, names)))
            length += sum(lengths)
            chunk += len(piece)
            lists.relieve()
        lists.add_file(group, number, length, path, "")
        chunk += 3
        if last:
            lists.complete(group)
            closed.add(group)
    lists.finish()
    rows = db.execute("SELECT * FROM postings ORDER BY grp, term").fetchall()
    db.close()
    return list(rows)


@settings(max_examples=cases(200))
@given(
    FILES,
    st.integers(0, 60),
    st.integers(1, 40),
    st.integers(1, 4),
    st.integers(0, 3),
    st.sampled_from([0, 4, 150_000]),
)
def test_both_ways_make_the_same_lists(
    files: list[Any], held: int, part: int, unsorted: int, more: int, known: int
) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        patch.object(postings, "UNSORTED", unsorted),
        patch.object(postings, "HEAD", unsorted + more),
        patch.object(bulk_lists, "HELD", held),
        patch.object(bulk_lists, "PART", part),
        patch.object(bulk_lists, "KNOWN", known),
    ):
        one, two = schema.empty(), schema.empty()
        expected = written(PostingLists(one), one, files)
        lists = BulkLists(two, folder)
        assert written(lists, two, files) == expected
        assert lists._held == 0


@settings(max_examples=cases(200))
@given(
    st.lists(st.one_of(WORDS, st.text(max_size=200), WORDS.map(lambda text: f"{text} " * 80)), max_size=8),
    st.sampled_from([0, 3, 120_000]),
)
@example(["rows", "merge rows keys " * 15_000, "", "keys rows " * 128], 120_000)
def test_numbers_stand_for_the_same_terms(texts: list[str], limit: int) -> None:
    with patch.object(vocabulary, "_CACHE_LIMIT", limit):
        words = Vocabulary()
        for _ in range(2):
            for text, (numbers, length, fingerprint) in zip(texts, words.analyse(texts), strict=True):
                expected = text_words.terms(text)
                assert [words.terms[number] for number in array("I", numbers)] == expected
                assert (length, fingerprint) == (len(expected), text_words.simhash(expected))
                assert words.of(text) == numbers
