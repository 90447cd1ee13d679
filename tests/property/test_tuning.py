from __future__ import annotations

import json
import math
import random
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from memory_budget.base.project import Project
from memory_budget.reports import tuning_apply, tuning_evidence, tuning_replay
from memory_budget.reports.tuning_evidence import Need
from memory_budget.reports.tuning_replay import CandidateProfile
from memory_budget.settings.names import SCOPES, TIERS
from memory_budget.settings.profiles import defaults
from tests.support.cases import cases

NAMES = ("a", "b", "c", "d")
needs_lists = st.lists(
    st.builds(
        Need,
        age=st.floats(0, 120),
        tier=st.sampled_from(TIERS),
        tokens=st.floats(0, 500_000),
        runs=st.integers(1, 50),
    ),
    min_size=1,
    max_size=40,
)
candidate_lists = st.lists(st.integers(1_000, 200_000), min_size=1, max_size=4, unique=True).map(
    lambda sizes: [
        CandidateProfile(
            name,
            {tier: size * factor for tier, factor in zip(TIERS, (0.5, 1.0, 1.5, 2.0), strict=True)},
            size * 2.0,
        )
        for name, size in zip(NAMES, sizes, strict=False)
    ]
)
shares = st.floats(0, 1)
BUDGETS = {"simple": 10_000.0, "medium": 20_000.0, "complex": 30_000.0, "multi-system": 40_000.0}


@given(needs_lists, candidate_lists)
def test_a_larger_budget_never_exceeds_more(needs: list[Need], candidates: list[CandidateProfile]) -> None:
    evidence = tuning_evidence.weigh(needs, BUDGETS)
    ordered = sorted(candidates, key=lambda candidate: candidate.top)
    outcomes = [tuning_replay.replay_profile(evidence, candidate) for candidate in ordered]
    for smaller, larger in pairwise(outcomes):
        assert larger.exceedance <= smaller.exceedance + 1e-9
        assert larger.sent >= smaller.sent - 1e-6
        assert larger.allotted > smaller.allotted
    assert all(-1e-9 <= outcome.exceedance <= 1 + 1e-9 for outcome in outcomes)


@given(
    needs_lists,
    st.lists(st.tuples(st.floats(0, 120), st.sampled_from(TIERS), st.integers(1, 900)), max_size=20),
)
def test_tasks_that_need_nothing_say_nothing_of_the_others(
    needs: list[Need], nothing: list[tuple[float, str, int]]
) -> None:
    """However many there are: neither how far the needs of the others spread, nor how these grow, nor their level by week."""
    alone = tuning_evidence.weigh(needs, BUDGETS)
    mixed = tuning_evidence.weigh(
        [Need(age, tier, 0.0, runs) for age, tier, runs in nothing] + needs, BUDGETS
    )
    assert (mixed.width, mixed.growth) == (alone.width, alone.growth)
    assert all(abs(size) < 1e-9 for size in mixed.sizes[: len(nothing)])
    assert list(mixed.sizes[len(nothing) :]) == list(alone.sizes)
    assert list(mixed.small) == [True] * len(nothing) + list(alone.small)
    assert mixed.runs == alone.runs + sum(runs for _, _, runs in nothing)


@given(
    st.floats(8.0, 11.0),
    st.floats(0.05, 0.5),
    st.floats(0.0, 0.6),
    st.floats(0.0, 0.15),
    st.sampled_from([0.0, 0.01, 0.1]),
    st.integers(0, 10_000),
)
@settings(max_examples=cases(100))
def test_what_is_replayed_is_what_was(
    level: float, spread: float, idle: float, giant: float, little: float, seed: int
) -> None:
    """Of many steady runs the replayed exceedance is the share over budget, whatever the law: also with runs that need
    nothing or next to nothing, and with a few that need five times as much."""
    rng = random.Random(seed)
    sizes = [math.exp(rng.gauss(level, spread)) for _ in range(600)]
    sizes = [
        size * (little if chance < idle else 5.0 if chance > 1 - giant else 1.0)
        for size, chance in ((size, rng.random()) for size in sizes)
    ]
    evidence = tuning_evidence.weigh(
        [Need(age=number / 10, tier="medium", tokens=size) for number, size in enumerate(sizes)],
        BUDGETS,
    )
    for factor in (0.5, 1.5, 2.5):
        budget = math.exp(level) * factor
        candidate = CandidateProfile("a", dict.fromkeys(TIERS, budget), budget)
        weights = [0.5 ** (number / 10 / tuning_evidence.HALF_LIFE) for number in range(600)]
        share = sum(weight for weight, size in zip(weights, sizes, strict=True) if size > budget) / sum(
            weights
        )
        assert abs(tuning_replay.replay_profile(evidence, candidate).exceedance - share) < 0.1


@given(needs_lists)
def test_a_smoothed_history_is_as_wide_as_the_history(needs: list[Need]) -> None:
    """Where no week differs, the kernel adds to the spread within tiers what drawing needs in takes from it; more where few
    runs tell of it."""
    needs = [need._replace(age=0.0) for need in needs]
    evidence = tuning_evidence.weigh(needs, BUDGETS)
    larger = [
        (need, size) for need, size, low in zip(needs, evidence.sizes, evidence.small, strict=True) if not low
    ]
    before = _variance([(math.log(need.tokens / BUDGETS[need.tier]), need.runs) for need, _ in larger])
    after = _variance([(size - math.log(BUDGETS[need.tier]), need.runs) for need, size in larger])
    smoothed, runs = after + evidence.width**2, sum(need.runs for need, _ in larger)
    assert smoothed >= before * (1 - 1e-6) - 1e-9
    assert smoothed <= before * (runs + 1) / max(runs - 1, 0.5) + 1e-6


def _variance(rows: list[tuple[float, int]]) -> float:
    """The variance of (value, runs)."""
    runs = max(1, sum(count for _, count in rows))
    mean = sum(value * count for value, count in rows) / runs
    return sum(count * (value - mean) ** 2 for value, count in rows) / runs


@given(st.lists(st.integers(10, 200_000), min_size=1, max_size=40))
def test_tiers_tell_of_one_spread(sizes: list[int]) -> None:
    """Needs that are the same multiple of their tiers' budgets are alike, whatever their tiers are."""
    tiers = [TIERS[number % len(TIERS)] for number in range(len(sizes))]
    mixed = [
        Need(1.0, tier, size * BUDGETS[tier] / BUDGETS["medium"])
        for tier, size in zip(tiers, sizes, strict=True)
    ]
    plain = [Need(1.0, "medium", float(size)) for size in sizes]
    candidate = CandidateProfile("a", BUDGETS, 40_000.0)
    outcomes = [
        tuning_replay.replay_profile(tuning_evidence.weigh(needs, BUDGETS), candidate).exceedance
        for needs in (mixed, plain)
    ]
    assert abs(outcomes[0] - outcomes[1]) < 1e-6


@given(needs_lists, candidate_lists, st.floats(0.01, 0.5), st.data())
def test_the_choice(
    needs: list[Need], candidates: list[CandidateProfile], limit: float, data: st.DataObject
) -> None:
    """The smallest profile within the limit; where none is, never one that exceeds more than the present one."""
    current = data.draw(st.sampled_from(candidates)).profile
    evidence = tuning_evidence.weigh(needs, BUDGETS)
    choice = tuning_replay.choose(evidence, current, candidates, limit)
    assert choice.before.profile == current
    assert 0 <= choice.confidence <= 1
    outcomes = {
        candidate.profile: tuning_replay.replay_profile(evidence, candidate) for candidate in candidates
    }
    within = [outcome for outcome in outcomes.values() if outcome.exceedance <= limit]
    if within:
        assert choice.after == min(within, key=lambda outcome: outcome.allotted)
    else:
        assert choice.after.exceedance <= choice.before.exceedance
    assert (choice.action == "keep") == (choice.after.profile == current)
    if choice.action != "keep" and choice.confidence > 0.5:  # rather right than the present one
        back = tuning_replay.choose(evidence, choice.after.profile, candidates, limit)
        assert back.action == "keep"
    assert (choice.action == "upgrade") == (choice.after.allotted > choice.before.allotted)


@given(st.floats(0.01, 0.99), shares, st.floats(0, 5_000))
def test_confidence_is_a_probability_that_grows_with_exceedance(
    limit: float, share: float, runs: float
) -> None:
    chance = tuning_replay.chance_above(limit, share, runs)
    assert -1e-9 <= chance <= 1 + 1e-9
    assert tuning_replay.chance_above(limit, min(1.0, share + 0.05), runs) >= chance - 1e-9


@given(st.floats(0.02, 0.2), st.floats(0.3, 1.0))
def test_more_runs_make_sure(limit: float, share: float) -> None:
    few, many = (tuning_replay.chance_above(limit, share, runs) for runs in (5.0, 500.0))
    assert many >= few - 1e-9
    assert many > 0.8


@given(st.lists(shares, min_size=3, max_size=3).filter(lambda values: sum(values) > 0.01))
def test_weights_that_follow_need_misplace_nothing(values: list[float]) -> None:
    total = sum(values)
    wanted = {scope: value / total for scope, value in zip(SCOPES, values, strict=True)}
    assert tuning_replay.misplaced(wanted, wanted) < 1e-9
    assert 0 <= tuning_replay.misplaced({"global": 1.0}, wanted) <= 1 + 1e-9


@settings(max_examples=cases(30))
@given(
    st.dictionaries(
        st.text("abcxyz-", min_size=1, max_size=8),
        st.sampled_from(defaults().names()[:4]),
        min_size=1,
        max_size=5,
    ),
    st.sampled_from([None, 2, "\t"]),
    st.sampled_from(["\n", "\r\n"]),
    st.data(),
)
def test_undo_brings_back_every_byte(
    assigned: dict[str, str], indent: str | int | None, newline: str, data: st.DataObject
) -> None:
    text = json.dumps(
        {"version": "1.0.0", "agent_assignments": assigned, "x": {"y": [1, None]}}, indent=indent
    )
    text = text.replace("\n", newline)
    agent = data.draw(st.sampled_from(sorted(assigned)))
    target = data.draw(st.sampled_from([name for name in defaults().names()[:4] if name != assigned[agent]]))
    with TemporaryDirectory() as folder:
        project = Project(folder, home=folder + "/nobody")
        path = Path(project.memory) / "budget-profiles.json"
        path.parent.mkdir(parents=True)
        path.write_bytes(text.encode())
        change = {
            "kind": "profile",
            "agent": agent,
            "from": assigned[agent],
            "to": target,
            "title": "",
            "confidence": 1.0,
        }
        tuning_apply.apply_changes(project, [change], now=datetime(2026, 11, 20))
        changed = json.loads(path.read_bytes())
        assert changed == {**json.loads(text), "agent_assignments": {**assigned, agent: target}}
        tuning_apply.undo_profile_change(project)
        assert path.read_bytes() == text.encode()
