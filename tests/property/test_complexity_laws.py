"""Laws of the complexity detector, for any text."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from memory_budget.select import complexity
from memory_budget.select.complexity import classify, parse_tier
from memory_budget.settings.names import TIERS
from tests.support.cases import cases

FRAGMENTS = st.sampled_from(
    [
        "list ",
        "optimize ",
        "across systems ",
        "[complexity",
        ": complex]",
        "[complexity:",
        "]",
        "```",
        "`",
        "<!--",
        "-->",
        "{code}",
        "://",
        "failure ",
        "snowflake ",
        "架构",
        "ß",
        "�",
        "\x00",
        "İ",
        "\n",
        " ",
        "?",
        "²",
        "１２",
        "ǆ",
    ]
)
TEXTS = st.one_of(st.text(max_size=300), st.lists(FRAGMENTS, max_size=60).map("".join))


@settings(max_examples=cases(1_000))
@given(TEXTS, TEXTS)
@example("", "")
@example("`" * 20_000, "`")
@example("[complexity" * 5_000, "")
def test_any_text_gets_a_verdict(prompt: str, description: str) -> None:
    verdict = classify(prompt, description)
    assert verdict.tier in TIERS
    assert 0.0 < verdict.score < 1.0
    assert verdict.source in ("override-prompt", "detected", "unsure")
    assert all(isinstance(reason, str) and reason for reason in verdict.reasons)
    if verdict.source == "unsure":
        assert verdict.tier == "medium"
    again = classify(prompt, description)
    assert (again.tier, again.score, again.source, again.reasons) == (
        verdict.tier,
        verdict.score,
        verdict.source,
        verdict.reasons,
    )


@settings(max_examples=cases(1_000))
@given(st.lists(TEXTS, min_size=2, max_size=6))
def test_a_higher_score_never_has_a_lower_tier(prompts: list[str]) -> None:
    verdicts = [classify(prompt) for prompt in prompts]
    ranked = sorted((v for v in verdicts if v.source == "detected"), key=lambda v: v.score)
    tiers = [TIERS.index(v.tier) for v in ranked]
    assert tiers == sorted(tiers)


@settings(max_examples=cases(1_000))
@given(TEXTS, st.sampled_from(TIERS), TEXTS)
def test_an_override_wins_wherever_it_stands(before: str, tier: str, after: str) -> None:
    prompt = f"[complexity: {tier}] {before}"
    assert classify(prompt).tier == tier
    if "[" not in before:
        assert classify(f"{before} [COMPLEXITY: {tier.upper()}] {after}").tier == tier


@settings(max_examples=cases(300))
@given(TEXTS, st.integers(min_value=1, max_value=200))
def test_the_middle_of_a_huge_prompt_is_not_read(text: str, times: int) -> None:
    """What bounds the work: only the head and the tail count, so the time on any longer prompt is the same."""
    text = text.replace("[", "(")
    head = text.ljust(complexity.HEAD, "a")[: complexity.HEAD]
    tail = text.rjust(complexity.TAIL, "b")[: complexity.TAIL]
    short, long = classify(head + "-" * 10 + tail), classify(head + "kernel design " * times + tail)
    assert (short.tier, short.score) == (long.tier, long.score)


@given(st.text(max_size=30))
def test_parse_tier_knows_tiers_only(text: str) -> None:
    assert parse_tier(text) in (None, *TIERS)
