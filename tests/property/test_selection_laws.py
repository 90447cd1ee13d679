"""Laws of the selection, over made-up memories with fences, lists, copies, pins and several scopes."""

from __future__ import annotations

import random

import hypothesis.strategies as st
from hypothesis import given, settings

from memory_budget import chunks, selection
from tests.support.memory_view import MemoryView

WORDS = "warehouse model refresh cost extract join retry schema token merge deploy cache dbt_run".split()
SCOPES = ("global", "agent_recent", "agent_patterns")
WEIGHTS = {"global": 0.2, "agent_recent": 0.3, "agent_patterns": 0.5}

words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join)
fences = st.lists(words, min_size=1, max_size=6).map(lambda lines: "```\n" + "\n\n".join(lines) + "\n```")
lists = st.lists(words, min_size=1, max_size=5).map(lambda lines: "- " + "\n- ".join(lines))
headings = st.tuples(st.integers(1, 4), words).map(lambda pair: "#" * pair[0] + " " + pair[1])
bodies = st.lists(st.one_of(words, fences, lists, headings), max_size=14).map("\n\n".join)
files = st.builds(
    lambda body, always: ("---\nalways: true\n---\n" if always else "") + body,
    bodies,
    st.booleans().filter(bool) | st.just(False),
)
memories = st.dictionaries(
    st.tuples(st.sampled_from(SCOPES), st.integers(0, 5)).map(lambda pair: f"{pair[0]}/{pair[1]}.md"),
    files,
    max_size=6,
)
budgets = st.one_of(st.integers(-5, 60), st.integers(60, 600), st.just(10**9))


def count(text: str) -> int:
    return len(text.split()) + text.count("\n")


def view(memory: dict[str, str]) -> MemoryView:
    return MemoryView(memory, count, scopes=lambda path: path.split("/")[0])


def printed(seen: MemoryView, found: selection.Selection) -> str:
    """The files of a selection as a renderer prints them."""
    parts = []
    for entry in found.files:
        parts.append(f"<memory-file {entry.file.path}>\n")
        shown: set[int] = set()
        last = 0
        for position, number in enumerate(entry.chunks):
            if position and number != last + 1:
                parts.append("[...]\n\n")
            last = number
            for heading in seen.chunks([number])[number].headings:
                if heading not in shown:
                    shown.add(heading)
                    parts.append(seen.heading([heading])[heading].text + "\n\n")
            parts.append(seen.texts[number] + "\n\n")
    return "".join(parts)


def ids(found: selection.Selection) -> list[int]:
    return [number for file in found.files for number in file.chunks]


@settings(max_examples=120, deadline=None)
@given(memories, words, budgets, st.integers(0, 40), st.booleans())
def test_never_over_budget_and_no_chunk_twice(
    memory: dict[str, str], prompt: str, budget: int, frame: int, fill: bool
) -> None:
    seen = view(memory)
    found = selection.select(seen, prompt, budget, weights=WEIGHTS, frame_tokens=frame, fill=fill)
    assert found.tokens <= max(budget, 0)
    chosen = ids(found)
    assert len(chosen) == len(set(chosen))
    texts = [" ".join(seen.texts[number].split()) for number in chosen]
    assert len(texts) == len(set(texts))
    cost = sum(file.tokens for file in found.files)
    left_out = found.tokens - cost - frame if found.files else 0
    assert left_out >= 0
    assert bool(left_out) == bool(found.left_out)
    gaps = sum(b != a + 1 for file in found.files for a, b in zip(file.chunks, file.chunks[1:], strict=False))
    assert count(printed(seen, found)) + gaps * (selection.GAP_TOKENS - count("[...]\n\n")) == cost


@settings(max_examples=60, deadline=None)
@given(memories, words, budgets, st.randoms(use_true_random=False))
def test_order_of_files_does_not_matter(
    memory: dict[str, str], prompt: str, budget: int, shuffler: random.Random
) -> None:
    items = list(memory.items())
    shuffler.shuffle(items)
    results = []
    for texts in (memory, dict(items), memory):
        seen = view(texts)
        results.append(printed(seen, selection.select(seen, prompt, budget, weights=WEIGHTS)))
    assert results[0] == results[1] == results[2]


@settings(max_examples=120, deadline=None)
@given(memories, words, st.integers(0, 300), st.integers(0, 300))
def test_more_budget_never_loses_a_pinned_chunk(
    memory: dict[str, str], prompt: str, budget: int, more: int
) -> None:
    seen = view(memory)
    pinned = set(seen.pinned())
    small = selection.select(seen, prompt, budget, weights=WEIGHTS)
    large = selection.select(seen, prompt, budget + more, weights=WEIGHTS)
    assert pinned & set(ids(small)) <= pinned & set(ids(large))


@settings(max_examples=120, deadline=None)
@given(bodies)
def test_fences_are_never_cut_and_nothing_is_lost(body: str) -> None:
    found = chunks.split(body)
    for chunk in found:
        assert chunk.text.count("```") % 2 == 0
        assert chunk.text.strip("\n") == chunk.text != ""
    lines = {line.strip() for chunk in found for line in chunk.text.split("\n")}
    lines.update(heading for chunk in found for heading in chunk.headings)
    assert {line.strip() for line in body.split("\n")} - {""} <= lines


@settings(max_examples=120, deadline=None)
@given(st.text(max_size=400))
def test_any_text_can_be_cut(text: str) -> None:
    for chunk in chunks.split(text):
        assert chunk.text
        assert chunk.text[0] not in "\r\n"
        assert chunk.text[-1] not in "\r\n"
    chunks.front_matter(text)
