"""Laws of what the jobs compute."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from hypothesis import example, given, settings
from hypothesis import strategies as st

from memory_budget.text import secrets
from memory_budget.text.tokens import UpperBound
from memory_budget.upkeep import archival, condense, near_chunks, schedule
from tests.support.cases import cases

_count = UpperBound().count

_LINES = st.sampled_from(
    [
        "# Title",
        "## Part",
        "We decided to keep `a/b.py` because 12 % failed.",
        "Plain words go on. And on! Then more?",
        "- item one",
        "  - nested `run the thing --now`",
        "1. numbered",
        "| a | b |",
        "|---|---|",
        "| 1 | x |",
        "```sh",
        "```",
        "~~~",
        "make build VERSION=3",
        "**Status**: done",
        "",
        "    indented",
        "---",
        "\u4e00\u4e8c\u4e09\u3002\u56db\u4e94",
        "line\r",
    ]
) | st.text(max_size=30)
_TEXTS = st.lists(_LINES, max_size=40).map("\n".join)


@given(_TEXTS, st.floats(0.01, 1.0))
@example(
    "一二三。四五\nWe decided to keep `a/b.py` because 12 % failed.\nPlain words go on. And on! Then more?",
    0.5,
)
@settings(max_examples=cases(150))
def test_a_summary_keeps_to_its_share_and_invents_nothing(text: str, ratio: float) -> None:
    summary = condense.condense_note(text, ratio, _count)
    assert summary.tokens_after <= ratio * summary.tokens_before or summary.tokens_after == 0
    invented = {word for word in summary.text.split() if word not in text}
    # Its own marks: fences, the signs of headings, the dashes of front matter, and the line of paths at the end.
    assert all(not word.strip("`~#-") or word in ("Also", "named:") or word[0] == "`" for word in invented)
    assert all(0 <= kept <= every for kept, every in summary.coverage.values())


_SECRETS = st.sampled_from(
    [
        "AKIAIOSFODNN7QRSTUVW",
        "ghp_" + "aB3dE5fG7hJ9" * 3,
        "-----BEGIN EC PRIVATE KEY-----",
        "Api-Key => 9f8e7d6c5b4a39281706f5",
        "PASSWORD=tR9x!kQ2mZ7pWq",
        "https://u:hunter2horse@host/x",
        "sk_live_" + "aB3dE5fG7hJ9kL1mN3",
        "token",
        "\u0130\u0130 secret: aB3dE5fG7hJ9kL1mN3",
    ]
)


@given(st.lists(_SECRETS | st.text(max_size=20), max_size=12))
def test_looking_for_words_first_misses_no_secret(parts: list[str]) -> None:
    text = "\n".join(part.replace("\n", " ") for part in parts)
    plain = {
        number
        for number, line in enumerate(text.split("\n"), 1)
        if any(secrets._secrets_in_line(line, 0, len(line)))
    }
    found = list(secrets.find_secrets(text))
    assert plain <= {finding.line for finding in found}
    masked, _ = secrets.mask_secrets(text)
    assert masked.count("\n") == text.count("\n")


@given(st.text(max_size=60), st.text(max_size=60))
def test_alikeness_is_even_and_whole_for_the_same(first: str, second: str) -> None:
    one, two = near_chunks.word_pairs(first), near_chunks.word_pairs(second)
    assert near_chunks.alikeness(one, two) == near_chunks.alikeness(two, one)
    assert 0 <= near_chunks.alikeness(one, two) <= 1
    assert near_chunks.alikeness(one, one) == (1 if one else 0)


@given(st.text(max_size=200))
def test_links_are_read_from_any_text(text: str) -> None:
    assert all(target.lower().endswith(".md") for target in archival.link_targets(text))


_TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)).map(
    lambda moment: moment.replace(tzinfo=timezone.utc).timestamp()
)
_SETTINGS = {"daily": "0 5 * * *", "weekly": "0 6 * * 0", "monthly": "0 7 1 * *"}


@given(_TIMES, st.floats(0, 400))
def test_what_has_just_run_is_not_due_and_comes_again_in_time(last: float, days: float) -> None:
    state = schedule.ScheduleState(dict.fromkeys(schedule.KINDS, last), {}, None, 0)
    assert schedule.due_jobs(_SETTINGS, state, last).due is None
    plan = schedule.due_jobs(_SETTINGS, state, last + days * 86400)
    assert last < plan.following["daily"] <= last + timedelta(days=1, hours=2).total_seconds()
    assert (plan.due is not None) == (min(plan.following.values()) <= last + days * 86400)
    if days > 32:
        assert plan.due == "monthly"
