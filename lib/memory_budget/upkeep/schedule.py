"""Runs the daily, weekly and monthly jobs when they are due, each once, without the system's cron.

A session's start calls `run_due`; an agent's start looks at the file `next-due` (`start.hooks`), whose modification time
is the next moment that something is due. The schedule is in cron expressions over local time, as in "0 5 * * *" (daily at
5:00). A weekly job contains a daily one and a monthly job a weekly one, so of several that are due the largest runs, once,
however long ago it was due.

The state, `state/schedule.json`; times in seconds since the epoch:

    {"last": {"daily": 1795000000.0, "weekly": 1794600000.0, "monthly": 1793500000.0},
     "results": {"daily": {"job": "weekly", "started": 1795000000.0, "seconds": 3.1, "problems": [], ...}},
     "running": null, "attempts": 0}

A job that failed or was killed is tried again at a later start: after ten minutes, then after twice as long each time, at
most a day. A last run in the future (the clock was set back) is taken as now. Where the clocks go forward over a due time,
the job is due at the next moment that exists; where they go back, at the first of the two.
"""

from __future__ import annotations

import os
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from memory_budget.base import layout
from memory_budget.base.files import read_bytes, touch, write_atomic
from memory_budget.base.optional import orjson, taken_lock
from memory_budget.base.project import Project
from memory_budget.index.in_force import profiles_in_force

if TYPE_CHECKING:
    from collections.abc import Callable

#: Smallest first: each contains those before it.
KINDS = ("daily", "weekly", "monthly")

#: Seconds until a job that was broken off is tried again: the first time, and at most.
RETRY_SECONDS = 600.0
LONGEST_RETRY = 86400.0
#: A time after this (the year 2100, in seconds since the epoch) is no time of a run.
_LATEST = 4_102_444_800


class ScheduleState(NamedTuple):
    """The state between runs; times in seconds since the epoch.

    `last`: by kind, when the last run that ended was started (or when this project was first seen); `results`: by kind,
    the result of it (or of the job that contained it); `running`: {"kind", "started", "process"} of the run that is going
    on or was broken off; `attempts`: runs broken off in a row before it.
    """

    last: dict[str, float]
    results: dict[str, dict[str, Any]]
    running: dict[str, Any] | None
    attempts: int


def read_schedule(project: Project) -> ScheduleState:
    """The state on disk; an empty one where there is none that can be read. Members that cannot be right are left out."""
    try:
        value = orjson.loads(read_bytes(project.at(layout.SCHEDULE)))
        last, results, running = value["last"], value["results"], value["running"]
        return ScheduleState(
            {kind: float(last[kind]) for kind in KINDS if _is_time(last.get(kind))},
            {kind: result for kind, result in results.items() if _is_result(result)},
            running if _is_running(running) else None,
            min(max(0, int(value["attempts"])), 1000),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return ScheduleState({}, {}, None, 0)


def _is_time(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value <= _LATEST


def _is_result(value: object) -> bool:
    if not isinstance(value, dict) or not isinstance(value.get("problems", []), list):
        return False
    return _is_time(value.get("started")) and _is_time(value.get("seconds"))


def _is_running(value: object) -> bool:
    return isinstance(value, dict) and isinstance(value.get("kind"), str) and _is_time(value.get("started"))


def write_schedule(project: Project, state: ScheduleState) -> None:
    """Replace the state. Raises OSError."""
    write_atomic(project.writable(layout.SCHEDULE), orjson.dumps(state._asdict(), option=orjson.OPT_INDENT_2))


def next_after(expression: str, last: float) -> float | None:
    """The first moment after `last` that a cron expression names in local time; None for one that never comes.

    Times in seconds since the epoch. Raises ValueError for a text that is no cron expression.
    """
    from cronsim import CronSim, CronSimError

    try:
        # Wall-clock times without a zone: the C library knows the local zone and its changes.
        for wall in CronSim(expression, datetime.fromtimestamp(last)):
            moment = wall.timestamp()
            if moment > last:  # it may not be, in the hour that comes twice
                return moment
    except CronSimError as error:
        raise ValueError(f"{expression!r} is no cron expression: {error}") from error
    return None


class DueJobs(NamedTuple):
    """`due`: the job to run now, or None; `following`: by kind, when it is due next (or was due), in seconds since the
    epoch; `problems`: expressions that cannot be used, a line each."""

    due: str | None
    following: dict[str, float]
    problems: list[str]


def due_jobs(settings: dict[str, Any], state: ScheduleState, now: float) -> DueJobs:
    """What is due at `now` by the `schedule` section of the profiles. Pure but for the local time zone."""
    following: dict[str, float] = {}
    problems = []
    due = None
    for kind in KINDS:
        last = min(state.last.get(kind, now), now)
        try:
            moment = next_after(str(settings[kind]), last)
        except ValueError as error:
            problems.append(f"schedule.{kind}: {error}")
            continue
        if moment is not None:
            following[kind] = moment
            if moment <= now:
                due = kind
    return DueJobs(due, following, problems)


def retry_at(state: ScheduleState) -> float:
    """When a run that was broken off may be tried again, in seconds since the epoch; 0 where none was."""
    if state.running is None:
        return 0.0
    wait: float = min(RETRY_SECONDS * 2 ** min(state.attempts, 20), LONGEST_RETRY)
    return float(state.running["started"]) + wait


def run_due(
    project: Project,
    run: Callable[[Project, str, float], dict[str, Any]],
    clock: Callable[[], float] = time.time,
) -> str | None:
    """Run the job that is due, unless one is running; note when the next one is due. Returns the kind that ran.

    Raises what `run` raises.
    """
    settings = _schedule_settings(project)
    if not settings["enabled"] or not profiles_in_force(project).profiles.enabled:
        _forget_next_due(project)
        return None
    lock = take_lock(project)
    if lock is None:
        return None
    try:
        now = clock()
        state = anchored(read_schedule(project), now)
        write_schedule(project, state)
        due = due_jobs(settings, state, now).due
        retry = retry_at(state)
        if due is not None and not now < retry <= now + LONGEST_RETRY:
            run_locked(project, due, run, clock)
            return due
        note_next_due(project, settings, clock())
        return None
    finally:
        lock.release()


def run_locked(
    project: Project,
    kind: str,
    run: Callable[[Project, str, float], dict[str, Any]],
    clock: Callable[[], float],
) -> dict[str, Any]:
    """Run a job and write its result to the state. The caller holds the jobs' lock. Returns the result.

    Raises what `run` raises; then the job counts as broken off.
    """
    now = clock()
    state = anchored(read_schedule(project), now)
    attempts = state.attempts + 1 if state.running is not None else 0
    state = state._replace(running={"kind": kind, "started": now, "process": os.getpid()}, attempts=attempts)
    write_schedule(project, state)
    mark_next_due(project, retry_at(state))  # starts in the meantime set off no other one
    result = _storable(run(project, kind, now))
    ended = clock()
    last, results = dict(state.last), dict(state.results)
    for contained in KINDS[: KINDS.index(kind) + 1] if kind in KINDS else (kind,):
        if contained in KINDS:
            last[contained] = now
        seconds = round(max(0.0, ended - now), 3)
        results[contained] = {"started": now, "seconds": seconds, "job": kind, **result}
    write_schedule(project, ScheduleState(last, results, None, 0))
    note_next_due(project, _schedule_settings(project), ended)
    return result


def _storable(result: dict[str, Any]) -> dict[str, Any]:
    """A result as the state can hold it: members that have no JSON form become a problem that names them."""
    problems = list(result.get("problems", ()))
    stored: dict[str, Any] = {}
    for name, value in result.items():
        try:
            orjson.dumps(value)
        except TypeError as error:  # a number past 64 bits, for instance
            problems.append(f"{name}: cannot be kept with the job's result: {error}")
        else:
            stored[name] = value
    return {**stored, "problems": problems}


def anchored(state: ScheduleState, now: float) -> ScheduleState:
    """The state with times that are missing or in the future set to `now`: a new project has nothing due yet."""
    running = state.running
    if running is not None and float(running["started"]) > now:
        running = {**running, "started": now}
    return state._replace(last={kind: min(state.last.get(kind, now), now) for kind in KINDS}, running=running)


def take_lock(project: Project) -> Any:
    """The lock that keeps two runs of jobs apart; None while another process holds it. Raises OSError."""
    return taken_lock(project.writable(layout.JOBS_LOCK))


def note_next_due(project: Project, settings: dict[str, Any], now: float) -> None:
    """Set `next-due` to the next moment that something is due, or remove it where nothing is. `now` as in `due_jobs`."""
    state = read_schedule(project)
    moments = due_jobs(settings, state, now).following.values()
    if not settings["enabled"] or not moments:
        _forget_next_due(project)
        return
    mark_next_due(project, max(min(moments), retry_at(state)))


def mark_next_due(project: Project, moment: float) -> None:
    """Set the modification time of `next-due`, in seconds since the epoch. Raises OSError."""
    path = project.writable(layout.NEXT_DUE)
    touch(path)
    os.utime(path, (moment, moment))


def _forget_next_due(project: Project) -> None:
    try:
        os.unlink(project.at(layout.NEXT_DUE))
    except OSError:
        pass


def _schedule_settings(project: Project) -> dict[str, Any]:
    section: dict[str, Any] = profiles_in_force(project).profiles.section("schedule")
    return section


def overview(project: Project, now: float) -> dict[str, Any]:
    """Last and next runs, for `status`; times as local ISO texts, as in "2026-06-25T09:00:00"."""
    settings = _schedule_settings(project)
    state = read_schedule(project)
    plan = due_jobs(settings, anchored(state, now), now)
    jobs = {}
    for kind in KINDS:
        result = state.results.get(kind)
        moment = plan.following.get(kind)
        jobs[kind] = {
            "schedule": settings[kind],
            "last": _iso(result["started"]) if result else None,
            "seconds": result["seconds"] if result else None,
            "problems": result.get("problems", []) if result else [],
            "next": _iso(moment) if moment is not None and settings["enabled"] else None,
            "due": moment is not None and moment <= now and settings["enabled"],
        }
    running = state.running
    return {
        "enabled": settings["enabled"],
        "problems": plan.problems,
        "jobs": jobs,
        "running": {"kind": running["kind"], "since": _iso(running["started"])} if running else None,
    }


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment).isoformat(timespec="seconds")
