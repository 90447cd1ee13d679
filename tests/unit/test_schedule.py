from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from memory_budget.base import layout
from memory_budget.base.project import Project
from memory_budget.start import allocate, project_state
from memory_budget.upkeep import jobs, schedule
from memory_budget.upkeep.schedule import ScheduleState
from tests.support.children import child
from tests.support.memory_files import memory
from tests.support.usage_logs import record, write_log

DEFAULT: dict[str, Any] = {
    "enabled": True,
    "daily": "0 5 * * *",
    "weekly": "0 6 * * 0",
    "monthly": "0 7 1 * *",
}


@pytest.fixture(autouse=True)
def _berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    local("Europe/Berlin", monkeypatch)
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture
def project(tmp_path: Path, home: Path) -> Project:
    return memory(tmp_path / "p", {"patterns/a.md": "# A\n\nText.\n"}, home)


def local(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", zone)
    time.tzset()


def at(text: str, zone: str = "Europe/Berlin", fold: int = 0) -> float:
    """Seconds since the epoch of a wall-clock time."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


def ran(*, daily: str, weekly: str | None = None, monthly: str | None = None) -> ScheduleState:
    return ScheduleState(
        {"daily": at(daily), "weekly": at(weekly or daily), "monthly": at(monthly or daily)}, {}, None, 0
    )


def due(state: ScheduleState, now: float, settings: dict[str, Any] = DEFAULT) -> str | None:
    return schedule.due_jobs(settings, state, now).due


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-06-16 04:59:59", None),
        ("2026-06-16 05:00:00", "daily"),  # a Tuesday
        ("2026-06-20 23:00:00", "daily"),
        ("2026-06-21 05:59:59", "daily"),
        ("2026-06-21 06:00:00", "weekly"),  # Sunday
        ("2026-07-01 06:59:59", "weekly"),
        ("2026-07-01 07:00:00", "monthly"),
        ("2027-03-01 00:00:00", "monthly"),  # once, however long it was due
    ],
)
def test_each_job_is_due_from_its_time_on(now: str, expected: str | None) -> None:
    assert due(ran(daily="2026-06-15 12:00"), at(now)) == expected


def test_a_project_seen_for_the_first_time_owes_nothing() -> None:
    assert due(ScheduleState({}, {}, None, 0), at("2026-07-01 12:00")) is None


def test_the_file_of_profiles_sets_the_times() -> None:
    own = {**DEFAULT, "daily": "*/30 9-17 * * 1-5"}
    assert due(ran(daily="2026-06-15 12:01"), at("2026-06-15 12:29"), own) is None
    assert due(ran(daily="2026-06-15 12:01"), at("2026-06-15 12:30"), own) == "daily"


def test_an_expression_nobody_can_read_is_named_and_the_others_hold() -> None:
    plan = schedule.due_jobs(
        {**DEFAULT, "weekly": "0 6 * * someday"}, ran(daily="2026-06-15 12:00"), at("2026-06-22 12:00")
    )
    assert plan.due == "daily"
    assert "schedule.weekly" in plan.problems[0]


def test_a_time_that_never_comes_is_never_due() -> None:
    plan = schedule.due_jobs(
        {**DEFAULT, "daily": "0 5 31 2 *"}, ran(daily="2020-01-01 12:00"), at("2026-06-22 12:00")
    )
    assert "daily" not in plan.following


def test_the_hour_that_is_left_out_in_spring() -> None:
    own = {**DEFAULT, "daily": "30 2 * * *"}  # 02:30 does not exist on 29 March 2026 in Berlin
    state = ran(daily="2026-03-28 12:00")
    moment = schedule.due_jobs(own, state, at("2026-03-28 12:00")).following["daily"]
    assert moment == at("2026-03-29 03:30")
    assert due(state, moment - 1, own) is None
    assert due(state, moment, own) == "daily"


def test_the_hour_that_comes_twice_in_autumn() -> None:
    own = {**DEFAULT, "daily": "30 2 * * *"}  # 02:30 comes twice on 25 October 2026 in Berlin
    before = ran(daily="2026-10-24 12:00")
    assert schedule.due_jobs(own, before, at("2026-10-24 12:00")).following["daily"] == at(
        "2026-10-25 02:30", fold=0
    )
    first = at("2026-10-25 02:30:05", fold=0)
    for last in (first, at("2026-10-25 02:10", fold=1), at("2026-10-25 02:31", fold=1)):
        state = ScheduleState(dict.fromkeys(schedule.KINDS, last), {}, None, 0)
        assert due(state, at("2026-10-25 02:45", fold=1), own) is None
        assert due(state, at("2026-10-26 02:30"), own) is not None


def test_travel_moves_the_due_time_with_the_clock_on_the_wall(monkeypatch: pytest.MonkeyPatch) -> None:
    state = ran(daily="2026-06-16 05:00:10")
    local("America/New_York", monkeypatch)
    zone = "America/New_York"
    assert due(state, at("2026-06-16 04:59", zone)) is None
    assert due(state, at("2026-06-16 05:00", zone)) == "daily"
    local("Asia/Tokyo", monkeypatch)
    assert due(state, at("2026-06-17 04:59", "Asia/Tokyo")) is None
    assert due(state, at("2026-06-17 05:00", "Asia/Tokyo")) == "daily"


def test_a_clock_set_back_neither_repeats_nor_stops_the_jobs() -> None:
    ahead = ran(daily="2031-01-01 12:00")
    now = at("2026-06-15 12:00")
    assert due(ahead, now) is None
    anchored = schedule.anchored(ahead, now)
    assert due(anchored, at("2026-06-16 05:00")) == "daily"


class Runs:
    """Stands for the jobs, and notes what was run."""

    def __init__(self) -> None:
        self.kinds: list[str] = []

    def __call__(self, project: Project, kind: str, now: float) -> dict[str, Any]:
        self.kinds.append(kind)
        return {"problems": []}


def test_what_is_due_runs_once_and_is_noted(project: Project) -> None:
    runs = Runs()
    schedule.write_schedule(project, ran(daily="2026-06-15 12:00"))
    now = at("2026-06-25 09:00")
    assert schedule.run_due(project, runs, lambda: now) == "weekly"
    assert schedule.run_due(project, runs, lambda: now + 60) is None
    assert runs.kinds == ["weekly"]
    overview = schedule.overview(project, now)["jobs"]
    assert overview["weekly"]["last"] == overview["daily"]["last"] == "2026-06-25T09:00:00"
    assert overview["monthly"]["last"] is None
    assert overview["daily"]["next"] == "2026-06-26T05:00:00"
    assert overview["monthly"]["next"] == "2026-07-01T07:00:00"
    assert os.stat(f"{project.cache}/{layout.NEXT_DUE}").st_mtime == at("2026-06-26 05:00")


def test_two_sessions_never_run_side_by_side(project: Project) -> None:
    schedule.write_schedule(project, ran(daily="2026-06-15 12:00"))
    inner = Runs()

    def outer(project: Project, kind: str, now: float) -> dict[str, Any]:
        assert child(lambda: schedule.run_due(project, inner, lambda: now) is not None) == 0
        return {"problems": []}

    assert schedule.run_due(project, outer, lambda: at("2026-06-16 09:00")) == "daily"


def test_a_run_that_was_killed_is_tried_again_ever_later(project: Project) -> None:
    schedule.write_schedule(project, ran(daily="2026-06-15 12:00"))
    now = at("2026-06-16 09:00")
    for wait in (600, 1200, 2400):
        broken_off(project, now)
        runs = Runs()
        assert schedule.run_due(project, runs, lambda now=now: now + 5) is None  # type: ignore[misc]
        assert schedule.read_schedule(project).running is not None
        assert os.stat(f"{project.cache}/{layout.NEXT_DUE}").st_mtime == now + wait
        now += wait
    runs = Runs()
    assert schedule.run_due(project, runs, lambda: now) == "daily"
    assert runs.kinds == ["daily"]
    assert schedule.read_schedule(project).running is None
    assert schedule.read_schedule(project).attempts == 0


def broken_off(project: Project, now: float) -> None:
    """A run whose process dies in the middle."""

    def die(project: Project, kind: str, now: float) -> dict[str, Any]:
        os._exit(9)

    assert child(lambda: schedule.run_due(project, die, lambda: now)) == 9


def test_switched_off_nothing_runs(project: Project) -> None:
    schedule.write_schedule(project, ran(daily="2026-06-15 12:00"))
    Path(project.memory, "budget-profiles.json").write_text('{"schedule": {"enabled": false}}')
    runs = Runs()
    assert schedule.run_due(project, runs, lambda: at("2026-06-25 09:00")) is None
    assert runs.kinds == []
    assert not os.path.exists(f"{project.cache}/{layout.NEXT_DUE}")


def test_a_damaged_state_is_a_new_start(project: Project) -> None:
    Path(project.ensure_cache("state"), "schedule.json").write_text('{"last": {"daily"')
    runs = Runs()
    assert schedule.run_due(project, runs, lambda: at("2026-06-25 09:00")) is None
    assert schedule.run_due(project, runs, lambda: at("2026-06-26 05:00")) == "daily"


SOUND = {"last": {"daily": 1781500000.0}, "results": {}, "running": None, "attempts": 0}


@pytest.mark.parametrize(
    "damage",
    [
        {"last": []}, {"last": {"daily": 1e300}}, {"last": {"daily": "yesterday"}}, {"last": {"daily": -1e300}},
        {"results": []}, {"results": {"daily": {}}}, {"results": {"daily": 5}},
        {"results": {"daily": {"started": 1e300, "seconds": 1}}},
        {"results": {"daily": {"started": 1781500000, "seconds": 1, "problems": 5}}},
        {"running": {}}, {"running": {"kind": "daily"}}, {"running": {"kind": "daily", "started": "now"}},
        {"running": {"kind": "daily", "started": 1e300}}, {"running": {"started": 1781500000.0}},
        {"attempts": -5000}, {"attempts": 1e300}, {"attempts": None},
    ],
)  # fmt: skip
def test_members_of_the_state_that_cannot_be_stop_nothing(project: Project, damage: dict[str, Any]) -> None:
    Path(project.writable(layout.SCHEDULE)).write_text(json.dumps(SOUND | damage))
    now = at("2026-06-25 09:00")
    assert schedule.overview(project, now)["enabled"]
    runs = Runs()
    for moment in (now, now + 86400, now + 2 * 86400):
        schedule.run_due(project, runs, lambda moment=moment: moment)  # type: ignore[misc]
    assert runs.kinds
    assert schedule.read_schedule(project).running is None
    assert schedule.overview(project, now + 2 * 86400)["jobs"]["daily"]["last"] is not None


def test_a_result_that_cannot_be_kept_ends_its_run_all_the_same(project: Project) -> None:
    schedule.write_schedule(project, ran(daily="2026-06-15 12:00"))
    now = at("2026-06-16 09:00")

    def run(project: Project, kind: str, now: float) -> dict[str, Any]:
        return {"problems": ["one"], "usage": [{"tokens": 10**30}], "applied": 2}

    assert schedule.run_due(project, run, lambda: now) == "daily"
    state = schedule.read_schedule(project)
    assert state.running is None
    assert state.results["daily"]["applied"] == 2
    first, second = state.results["daily"]["problems"]
    assert first == "one"
    assert second.startswith("usage: cannot be kept")


@pytest.mark.parametrize(
    "figure", [10**30, 1e300, 2**63, 2**64 + 1, -(2**70), -5, "many", None, [], {}, True]
)
def test_a_record_with_an_absurd_figure_ends_no_weekly_job(project: Project, figure: object) -> None:
    now = at("2026-06-16 09:00")
    stamp = datetime.fromtimestamp(now - 3600).isoformat()
    numbers = ("tokens_loaded", "budget_allocated", "demand_tokens", "duration_seconds", "hook_ms")
    strange = record(timestamp=stamp, **dict.fromkeys(numbers, figure))
    write_log(Path(project.log), [record(timestamp=stamp), strange, record(timestamp=stamp, agent="b")])
    result = schedule.run_locked(project, "weekly", jobs.run_job, lambda: now)
    assert result["problems"] == []
    assert schedule.read_schedule(project).running is None
    assert [(use["agent"], use["runs"], use["tokens"]) for use in result["usage"]] == [
        ("b", 1, 10_000),
        ("specialists/dbt-expert", 1, 10_000),
    ]


def test_an_agents_start_looks_at_one_file(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not project_state._jobs_due(project)
    schedule.mark_next_due(project, time.time() + 3600)
    assert not project_state._jobs_due(project)
    schedule.mark_next_due(project, time.time() - 1)
    assert project_state._jobs_due(project)
    schedule.mark_next_due(project, time.time() + 3600)
    set_back = time.time() - 86400
    monkeypatch.setattr(time, "time", lambda: set_back)
    assert project_state._jobs_due(project)


def test_an_agents_start_sets_off_a_job_that_is_due(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    monkeypatch.setattr(
        "memory_budget.base.spawn.start_once", lambda project, task, seconds: started.append(task)
    )
    allocation = allocate.allocate(project, allocate.Task("dbt-expert", "Review the models."))
    assert isinstance(allocation, allocate.Allocation)
    project_state.refresh(project, allocation)
    assert "jobs" not in started
    schedule.mark_next_due(project, time.time() - 1)
    project_state.refresh(project, allocation)
    assert started[-1] == "jobs"
