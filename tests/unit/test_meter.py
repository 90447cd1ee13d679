from __future__ import annotations

from typing import Any

import pytest

from memory_budget.base.figures import full_percent, thousands
from memory_budget.run.meter import Monitor, to_tell
from memory_budget.run.pending import Pending

THRESHOLDS = {"info": 0.75, "warning": 0.9, "critical": 1.0}


def start(tokens: int = 10_000, **own: Any) -> Pending:
    """What the start of a run remembers, as far as the monitor reads it. `tokens`: of the block and native memory."""
    kept: dict[str, Any] = {
        "allocation_id": "a110c",
        "session_id": "s",
        "agent": "dbt-expert",
        "budget_allocated": 20_000,
        "budget_base": 20_000,
        "complexity": "medium",
        "bumped_from": "",
        "enforcement": "soft",
        "ladder": [["complex", 30_000], ["multi-system", 40_000]],
        "demand_tokens": 10_000,
        "native_tokens": 0,
        "scope_breakdown": {"global": 2_000, "agent_patterns": 8_000},
        "planned_tokens": tokens,
        "placed_tokens": tokens,
        "started": 100.0,
        "thresholds": THRESHOLDS,
        "alert_level": "info",
        "task_key": "task",
    }
    return Pending(**(kept | own))


def sent(tokens: int, **own: Any) -> Monitor:
    own.setdefault("demand_tokens", tokens)
    return Monitor(start(tokens, scope_breakdown={"global": tokens}, **own))


def levels(monitor: Monitor) -> list[str]:
    return [alert.level for alert in monitor.alerts if not alert.quiet]


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        (0, []),
        (14_999, []),
        (15_000, ["info"]),
        (17_999, ["info"]),
        (18_000, ["info", "warning"]),
        (19_999, ["info", "warning"]),
        (20_000, ["info", "warning", "critical"]),
    ],
)
def test_thresholds_at_the_start(tokens: int, expected: list[str]) -> None:
    assert levels(sent(tokens)) == expected


def test_the_line_for_a_person() -> None:
    assert sent(18_200).alerts[-1].message == "dbt-expert: 18.2K of 20K tokens of memory (91 %), tier medium"


def test_each_level_once_at_the_read_that_reached_it() -> None:
    monitor = sent(10_000)
    assert monitor.read({}, 4_000, 101.0) == []
    assert [alert.level for alert in monitor.read({}, 4_000, 102.0)] == ["info", "warning"]
    assert monitor.read({}, 100, 103.0) == []
    assert [(alert.level, alert.at) for alert in monitor.alerts] == [("info", 102.0), ("warning", 102.0)]
    assert monitor.alerts[-1].share == pytest.approx(0.9)


def test_loads_by_scope() -> None:
    monitor = Monitor(start(10_500, native_tokens=500))
    monitor.read({"global": 1_000}, 1_000, 101.0)
    monitor.read({"agent_recent": 200}, 300, 102.0)  # a part belongs to no scope
    assert monitor.loads == {"global": 3_000, "agent_patterns": 8_500, "agent_recent": 200}
    assert (monitor.sent, monitor.on_demand, monitor.loaded) == (10_500, 1_300, 11_800)
    assert monitor.demand == 11_800


def test_a_read_reported_twice_counts_once() -> None:
    monitor = sent(1_000)
    monitor.read({"global": 500}, 500, 101.0, "toolu_1")
    monitor.read({"global": 500}, 500, 101.5, "toolu_1")
    assert monitor.on_demand == 500


def test_a_block_that_never_arrived_is_no_load() -> None:
    monitor = Monitor(start(10_700, native_tokens=700), (0, {}))
    assert (monitor.loaded, monitor.loads) == (700, {"agent_patterns": 700})


def test_what_arrived_is_the_load_and_not_what_was_planned() -> None:
    monitor = Monitor(start(20_700, native_tokens=700), (1_350, {"global": 1_000, "agent_patterns": 300}))
    assert (monitor.loaded, monitor.loads) == (2_050, {"global": 1_000, "agent_patterns": 1_000})
    assert monitor.alerts == []


def test_while_it_runs_what_found_no_place_is_no_load() -> None:
    monitor = Monitor(
        start(20_000, placed_tokens=5_000, scope_breakdown={"global": 16_000, "agent_recent": 4_000})
    )
    assert (monitor.loaded, monitor.loads) == (5_000, {"global": 4_000, "agent_recent": 1_000})


def test_reads_raise_a_soft_budget_step_by_step() -> None:
    monitor = sent(19_000)
    (raised,) = monitor.read({"global": 2_000}, 2_000, 101.0)
    assert (monitor.tier, monitor.budget, monitor.bumped_from) == ("complex", 30_000, "medium")
    assert monitor.exceeded
    assert monitor.grown
    assert raised.quiet
    assert (
        raised.message == "dbt-expert: 21K tokens of memory needed, tier raised from medium to complex (30K)"
    )
    assert to_tell([raised], "info") == ""
    monitor.read({}, 15_000, 102.0)
    assert (monitor.tier, monitor.budget, monitor.bumped_from) == ("multi-system", 40_000, "medium")
    assert levels(monitor) == ["info", "warning"]  # 36K of the 40K that hold
    (critical,) = monitor.read({}, 15_000, 103.0)
    assert (monitor.budget, monitor.loaded) == (40_000, 51_000)
    assert critical.message == "dbt-expert: 51K of 40K tokens of memory (127 %), tier multi-system"


def test_one_large_read_goes_up_two_tiers() -> None:
    monitor = sent(19_000)
    monitor.read({}, 16_000, 101.0)
    assert (monitor.tier, monitor.bumped_from) == ("multi-system", "medium")


def test_a_hard_budget_stays() -> None:
    monitor = sent(19_000, enforcement="hard")
    (critical,) = monitor.read({}, 2_000, 101.0)
    assert (monitor.tier, monitor.budget, monitor.bumped_from) == ("medium", 20_000, "")
    assert monitor.exceeded
    assert not monitor.grown
    assert "raised" not in critical.message


def test_a_tier_raised_within_its_maximum_is_a_line_for_the_record() -> None:
    monitor = sent(
        19_000, budget_allocated=30_000, complexity="complex", bumped_from="medium", demand_tokens=28_000
    )
    (raised,) = monitor.alerts
    assert (
        raised.message == "dbt-expert: 28K tokens of memory needed, tier raised from medium to complex (30K)"
    )
    assert raised.quiet
    assert monitor.exceeded
    assert to_tell(monitor.alerts, "info") == ""


@pytest.mark.parametrize(
    "own",
    [
        {"enforcement": "hard", "demand_tokens": 34_000},
        {
            "budget_allocated": 40_000,
            "complexity": "multi-system",
            "bumped_from": "medium",
            "demand_tokens": 68_000,
        },
    ],
)
def test_needed_memory_that_was_trimmed_is_told_with_its_figures(own: dict[str, Any]) -> None:
    monitor = sent(19_500, **own)
    assert monitor.exceeded
    assert levels(monitor)[-1] == "critical"
    budget = own.get("budget_allocated", 20_000) // 1000
    assert to_tell(monitor.alerts, "critical") == (
        f"dbt-expert: the task needs {own['demand_tokens'] // 1000}K tokens of memory, 170 % of the most it may have "
        f"({budget}K, tier {own.get('complexity', 'medium')})"
    )


def test_nothing_allotted_is_no_division_by_zero() -> None:
    monitor = sent(0, budget_allocated=0, budget_base=0, ladder=[])
    monitor.read({}, 100, 101.0)
    assert (monitor.share, monitor.alerts) == (0.0, [])


@pytest.mark.parametrize(
    ("level", "told"), [("info", True), ("warning", True), ("critical", False), ("off", False), ("", False)]
)
def test_quiet_below_a_level(level: str, told: bool) -> None:
    assert bool(to_tell(sent(18_500).alerts, level)) is told


def test_only_the_highest_alert_is_told() -> None:
    assert to_tell(sent(20_000).alerts, "info").startswith("dbt-expert: 20K of 20K tokens of memory (100 %)")
    assert to_tell([], "info") == ""


@pytest.mark.parametrize(
    ("tokens", "text"),
    [(0, "0"), (999, "999"), (1_000, "1K"), (18_234, "18.2K"), (20_000, "20K"), (150_000, "150K")],
)
def test_thousands(tokens: int, text: str) -> None:
    assert thousands(tokens) == text


@pytest.mark.parametrize(
    ("share", "text"), [(0.0, 0), (0.999, 99), (1.0, 100), (0.91, 91), (1.058, 105), (0.29, 29)]
)
def test_a_hundred_per_cent_is_reached_and_not_rounded_to(share: float, text: int) -> None:
    assert full_percent(share) == text
