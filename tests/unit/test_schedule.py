from __future__ import annotations

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
from memory_budget.start import allocate, hooks
from memory_budget.upkeep import schedule
from memory_budget.upkeep.schedule import State
from tests.support.children import child
from tests.support.memory_files import memory

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


def ran(*, daily: str, weekly: str | None = None, monthly: str | None = None) -> State:
    return State(
        {"daily": at(daily), "weekly": at(weekly or daily), "monthly": at(monthly or daily)}, {}, None, 0
    )


def due(state: State, now: float, settings: dict[str, Any] = DEFAULT) -> str | None:
    return schedule.plan(settings, state, now).due


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
    assert due(State({}, {}, None, 0), at("2026-07-01 12:00")) is None


def test_the_file_of_profiles_sets_the_times() -> None:
    own = {**DEFAULT, "daily": "*/30 9-17 * * 1-5"}
    assert due(ran(daily="2026-06-15 12:01"), at("2026-06-15 12:29"), own) is None
    assert due(ran(daily="2026-06-15 12:01"), at("2026-06-15 12:30"), own) == "daily"


def test_an_expression_nobody_can_read_is_named_and_the_others_hold() -> None:
    plan = schedule.plan(
        {**DEFAULT, "weekly": "0 6 * * someday"}, ran(daily="2026-06-15 12:00"), at("2026-06-22 12:00")
    )
    assert plan.due == "daily"
    assert "schedule.weekly" in plan.problems[0]


def test_a_time_that_never_comes_is_never_due() -> None:
    plan = schedule.plan(
        {**DEFAULT, "daily": "0 5 31 2 *"}, ran(daily="2020-01-01 12:00"), at("2026-06-22 12:00")
    )
    assert "daily" not in plan.following


def test_the_hour_that_is_left_out_in_spring() -> None:
    own = {**DEFAULT, "daily": "30 2 * * *"}  # 02:30 does not exist on 29 March 2026 in Berlin
    state = ran(daily="2026-03-28 12:00")
    moment = schedule.plan(own, state, at("2026-03-28 12:00")).following["daily"]
    assert moment == at("2026-03-29 03:30")
    assert due(state, moment - 1, own) is None
    assert due(state, moment, own) == "daily"


def test_the_hour_that_comes_twice_in_autumn() -> None:
    own = {**DEFAULT, "daily": "30 2 * * *"}  # 02:30 comes twice on 25 October 2026 in Berlin
    before = ran(daily="2026-10-24 12:00")
    assert schedule.plan(own, before, at("2026-10-24 12:00")).following["daily"] == at(
        "2026-10-25 02:30", fold=0
    )
    first = at("2026-10-25 02:30:05", fold=0)
    for last in (first, at("2026-10-25 02:10", fold=1), at("2026-10-25 02:31", fold=1)):
        state = State(dict.fromkeys(schedule.KINDS, last), {}, None, 0)
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
    schedule.write_state(project, ran(daily="2026-06-15 12:00"))
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
    schedule.write_state(project, ran(daily="2026-06-15 12:00"))
    inner = Runs()

    def outer(project: Project, kind: str, now: float) -> dict[str, Any]:
        assert child(lambda: schedule.run_due(project, inner, lambda: now) is not None) == 0
        return {"problems": []}

    assert schedule.run_due(project, outer, lambda: at("2026-06-16 09:00")) == "daily"


def test_a_run_that_was_killed_is_tried_again_ever_later(project: Project) -> None:
    schedule.write_state(project, ran(daily="2026-06-15 12:00"))
    now = at("2026-06-16 09:00")
    for wait in (600, 1200, 2400):
        broken_off(project, now)
        runs = Runs()
        assert schedule.run_due(project, runs, lambda now=now: now + 5) is None  # type: ignore[misc]
        assert schedule.read_state(project).running is not None
        assert os.stat(f"{project.cache}/{layout.NEXT_DUE}").st_mtime == now + wait
        now += wait
    runs = Runs()
    assert schedule.run_due(project, runs, lambda: now) == "daily"
    assert runs.kinds == ["daily"]
    assert schedule.read_state(project).running is None
    assert schedule.read_state(project).attempts == 0


def broken_off(project: Project, now: float) -> None:
    """A run whose process dies in the middle."""

    def die(project: Project, kind: str, now: float) -> dict[str, Any]:
        os._exit(9)

    assert child(lambda: schedule.run_due(project, die, lambda: now)) == 9


def test_switched_off_nothing_runs(project: Project) -> None:
    schedule.write_state(project, ran(daily="2026-06-15 12:00"))
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


def test_an_agents_start_looks_at_one_file(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not hooks._jobs_due(project)
    schedule.mark(project, time.time() + 3600)
    assert not hooks._jobs_due(project)
    schedule.mark(project, time.time() - 1)
    assert hooks._jobs_due(project)
    schedule.mark(project, time.time() + 3600)
    set_back = time.time() - 86400
    monkeypatch.setattr(time, "time", lambda: set_back)
    assert hooks._jobs_due(project)


def test_an_agents_start_sets_off_a_job_that_is_due(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    monkeypatch.setattr(
        "memory_budget.base.spawn.start_once", lambda project, task, seconds: started.append(task)
    )
    allocation = allocate.allocate(project, allocate.Task("dbt-expert", "Review the models."))
    assert isinstance(allocation, allocate.Allocation)
    hooks._refresh(project, allocation)
    assert "jobs" not in started
    schedule.mark(project, time.time() - 1)
    hooks._refresh(project, allocation)
    assert started[-1] == "jobs"
