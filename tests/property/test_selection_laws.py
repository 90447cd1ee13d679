"""Laws of the selection, over made-up memories with fences, lists, copies, pins and several scopes."""

from __future__ import annotations

import random

import hypothesis.strategies as st
from hypothesis import example, given, settings

from memory_budget.base import front_matter
from memory_budget.index.records import path_of
from memory_budget.select import confidence, packing, plan, query, ranking, recipe
from memory_budget.text import cut, markdown
from tests.support.cases import cases
from tests.support.memory_view import MemoryView
from tests.support.selecting import select

WORDS = "warehouse model refresh cost extract join retry schema token merge deploy cache dbt_run when monday".split()
SCOPES = ("global", "agent_recent", "agent_patterns")
WEIGHTS = {"global": 0.2, "agent_recent": 0.3, "agent_patterns": 0.5}

BUDGETS = st.one_of(st.integers(-5, 60), st.integers(60, 600), st.just(10**9))
PROMPTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=6).map(" ".join)


def body_of(rng: random.Random, blocks: int) -> str:
    """Markdown of that many blocks. Words come from a short list, so that blocks match, repeat and nearly repeat."""
    return "\n\n".join(_block(rng) for _ in range(blocks))


def _words(rng: random.Random) -> str:
    return " ".join(rng.choices(WORDS, k=rng.randint(1, 12)))


def _block(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.1:
        return f"{rng.choice(WORDS).capitalize()}: {_words(rng)}"
    if kind < 0.4:
        return _words(rng)
    lines = [_words(rng) for _ in range(rng.randint(1, 6))]
    if kind < 0.6:
        return "```\n" + "\n\n".join(lines) + "\n```"
    if kind < 0.8:
        return "- " + "\n- ".join(lines)
    return "#" * rng.randint(1, 4) + " " + lines[0]


def memory_of(seed: int, files: int, blocks: int) -> dict[str, str]:
    """Up to that many files of up to that many blocks; one in six is pinned, one in six is a copy of the one before.

    Made of a seed, not of hypothesis's own choices, which would take twenty times as long as what is tested; a
    failure still shrinks to few files of few blocks.
    """
    rng = random.Random(seed)
    memory: dict[str, str] = {}
    text = ""
    for number in range(files):
        if not text or rng.random() > 1 / 6:
            pin = "---\nalways: true\n---\n" if rng.random() < 1 / 6 else ""
            text = pin + body_of(rng, rng.randint(0, blocks))
        memory[f"{rng.choice(SCOPES)}/{number}.md"] = text
    return memory


#: As it ships, and as it treats a memory too large to be looked at whole.
RECIPES = st.sampled_from([recipe.RECIPE, recipe.Recipe(whole=0, pages=2, best=12, seeds=6)])
SEEDS = st.integers(0, 2**48)
BODIES = st.builds(lambda seed, blocks: body_of(random.Random(seed), blocks), SEEDS, st.integers(0, 30))
MEMORIES = st.builds(memory_of, SEEDS, st.integers(0, 6), st.integers(0, 14))


def count(text: str) -> int:
    return len(text.split()) + text.count("\n")


def view(memory: dict[str, str]) -> MemoryView:
    return MemoryView(memory, count, scopes=lambda path: path.split("/")[0])


def printed(seen: MemoryView, found: packing.Selection) -> str:
    """The files of a selection as a renderer prints them."""
    parts = []
    for entry in found.files:
        parts.append(f"<memory-file {entry.file.path}>\n")
        shown: set[int] = set()
        last = 0
        for position, chunk in enumerate(entry.chunks):
            if position and chunk.id != last + 1:
                parts.append("[...]\n\n")
            last = chunk.id
            for heading in path_of(chunk.heading, seen.headings()):
                if heading.id not in shown:
                    shown.add(heading.id)
                    parts.append(heading.text + "\n\n")
            parts.append(seen.said[chunk.id] + "\n\n")
    return "".join(parts)


def ids(found: packing.Selection) -> list[int]:
    return [chunk.id for file in found.files for chunk in file.chunks]


@settings(max_examples=cases(1_000))
@given(MEMORIES, PROMPTS, RECIPES)
def test_leaves_part_the_memory_and_come_best_first(
    memory: dict[str, str], prompt: str, changes: recipe.Recipe
) -> None:
    seen = view(memory)
    found = ranking.rank(seen, query.Query(prompt), changes)
    ranked = [chunk.id for leaf in found.leaves for chunk in leaf.chunks]
    assert len(ranked) == len(set(ranked))
    worths = [leaf.worth for leaf in found.leaves]
    assert worths == sorted(worths, reverse=True)
    assert all(worth > 0 for worth in worths)
    for leaf in found.leaves:
        assert len({chunk.file for chunk in leaf.chunks}) == 1
        assert leaf.tokens == sum(chunk.tokens for chunk in leaf.chunks)
    assert 0 <= found.evidence.held <= found.evidence.asked
    assert 0 <= found.evidence.coverage <= 1.0000001


@settings(max_examples=cases(1_000))
@given(MEMORIES, PROMPTS, st.floats(0.1, 5), st.floats(0.1, 5))
def test_more_generosity_never_wants_less(
    memory: dict[str, str], prompt: str, less: float, more: float
) -> None:
    seen = view(memory)
    less, more = sorted((less, more))
    small, large = (packing.Survey(seen, prompt, generosity=generosity) for generosity in (less, more))
    assert small.demand_tokens(0) <= large.demand_tokens(0)


@settings(max_examples=cases(1_000))
@given(MEMORIES, PROMPTS, BUDGETS, st.booleans())
def test_what_is_not_sure_sends_no_text_and_what_cannot_be_read_is_not_named(
    memory: dict[str, str], prompt: str, budget: int, can_read: bool
) -> None:
    seen = view(memory)
    survey = packing.Survey(seen, prompt)
    found = packing.pack(survey, budget, weights=WEIGHTS, outline=can_read)
    if survey.confidence < 1.0:
        pinned = {chunk.id for chunk in seen.pinned()}
        assert set(ids(found)) <= pinned
    if survey.confidence < confidence.UNSURE or not can_read:
        assert not found.left_out
    assert found.tokens <= max(budget, 0)


@settings(max_examples=cases(1_000))
@given(MEMORIES, PROMPTS, BUDGETS, st.integers(0, 40), st.booleans(), RECIPES)
def test_never_over_budget_and_no_chunk_twice(
    memory: dict[str, str], prompt: str, budget: int, frame: int, fill: bool, changes: recipe.Recipe
) -> None:
    seen = view(memory)
    found = select(seen, prompt, budget, weights=WEIGHTS, frame_tokens=frame, fill=fill, recipe=changes)
    assert found.tokens <= max(budget, 0)
    chosen = ids(found)
    assert len(chosen) == len(set(chosen))
    texts = [" ".join(seen.said[number].split()) for number in chosen]
    assert len(texts) == len(set(texts))
    cost = sum(file.tokens for file in found.files)
    left_out = found.tokens - cost - frame if found.tokens else 0
    assert left_out >= 0
    assert bool(left_out) == bool(found.left_out)
    gaps = sum(
        b.id != a.id + 1 for file in found.files for a, b in zip(file.chunks, file.chunks[1:], strict=False)
    )
    assert count(printed(seen, found)) + gaps * (plan.GAP_TOKENS - count("[...]\n\n")) == cost


@settings(max_examples=cases(1_000))
@given(MEMORIES, PROMPTS, BUDGETS, st.randoms(use_true_random=False))
def test_order_of_files_does_not_matter(
    memory: dict[str, str], prompt: str, budget: int, shuffler: random.Random
) -> None:
    items = list(memory.items())
    shuffler.shuffle(items)
    results = []
    for texts in (memory, dict(items), memory):
        seen = view(texts)
        results.append(printed(seen, select(seen, prompt, budget, weights=WEIGHTS)))
    assert results[0] == results[1] == results[2]


@settings(max_examples=cases(1_000))
@given(MEMORIES, PROMPTS, st.integers(0, 300), st.integers(0, 300))
def test_more_budget_never_loses_a_pinned_chunk(
    memory: dict[str, str], prompt: str, budget: int, more: int
) -> None:
    seen = view(memory)
    pinned = {chunk.id for chunk in seen.pinned()}
    small = select(seen, prompt, budget, weights=WEIGHTS)
    large = select(seen, prompt, budget + more, weights=WEIGHTS)
    assert pinned & set(ids(small)) <= pinned & set(ids(large))


@settings(max_examples=cases(1_000))
@given(BODIES)
def test_fences_are_never_cut_and_nothing_is_lost(body: str) -> None:
    found = markdown.split_chunks(body)
    for chunk in found:
        assert chunk.text.count("```") % 2 == 0
        assert chunk.text.strip("\n") == chunk.text != ""
    lines = {line.strip() for chunk in found for line in chunk.text.split("\n")}
    lines.update(heading for chunk in found for heading in chunk.headings)
    assert {line.strip() for line in body.split("\n")} - {""} <= lines


#: A fence's marks, and lines that mean something outside of it, or would end another one.
MARKS = ("```", "~~~", "````", "~~~~~")
INSIDE = (
    "",
    "",
    "# no heading",
    "- no item",
    "1. none",
    "---",
    "| a | b |",
    "``",
    "`x`",
    "For example:",
    "> quoted",
    "    deep",
)


def fenced_of(seed: int, blocks: int) -> tuple[str, list[str]]:
    """A text with fences between, right under and inside of other things, and the whole of each fence."""
    rng = random.Random(seed)
    parts: list[str] = []
    fences: list[str] = []
    for number in range(blocks):
        mark = rng.choice(MARKS)
        others = [line for line in ("```", "~~~", "```sh") if line[:3] != mark[:3] or len(mark) > 3]
        inside = rng.choices([*INSIDE, *others, _words(rng)], k=rng.choice((0, 2, 5, 9, 400)))
        lines = [f"F{number} {_words(rng)}", *inside, f"F{number} end"]
        where = rng.random()
        indent = rng.choice(("", "  ")) if where > 0.6 else ""
        fence = "\n".join(
            (indent + line).rstrip() for line in (mark + rng.choice(("", "python")), *lines, mark)
        )
        fences.append(fence)
        long = rng.choice((1, 3, 60))
        if where < 0.3:
            before = _words(rng) + "\n\n"
        elif where < 0.6:
            before = "\n".join(_words(rng) for _ in range(long)) + rng.choice(("\n", ":\n", ":\n\n"))
        else:
            before = "".join(f"- {_words(rng)}\n" for _ in range(long)) + rng.choice(("", "\n"))
        after = "".join(f"\n- {_words(rng)}" for _ in range(rng.choice((0, 2, 40)))) if where > 0.6 else ""
        parts.append(before + fence + after)
    return "\n\n".join(parts), fences


@settings(max_examples=cases(1_000))
@given(SEEDS, st.integers(1, 6), BUDGETS)
@example(6291760, 1, 1_000_000_000)  # the same with a line above that leads in
@example(55215, 2, 1_000_000_000)  # a fence a little over the limit, in a block that is cut
def test_a_fence_is_sent_whole_or_not_at_all(seed: int, blocks: int, budget: int) -> None:
    body, made = fenced_of(seed, blocks)
    found = markdown.split_chunks(body)
    fences = [fence for fence in made if not cut.too_long(fence)]  # those are cut into fences
    for fence in fences:
        assert sum(fence in chunk.text for chunk in found) == 1
    seen = view({"global/a.md": body})
    text = printed(seen, select(seen, "warehouse model cost", budget, weights=WEIGHTS, fill=True))
    for number, fence in enumerate(made):
        if fence in fences:
            assert (f"F{number} " in text) == (fence in text)


@settings(max_examples=cases(1_000))
@given(st.text(max_size=400))
def test_any_text_can_be_cut(text: str) -> None:
    for chunk in markdown.split_chunks(text) + markdown.split_chunks(text * 60):
        assert cut.size_of(chunk.text) <= 2 * cut.LIMIT
        assert chunk.text
        assert chunk.text[0] not in "\r\n"
        assert chunk.text[-1] not in "\r\n"
    front_matter.read_front_matter(text)
