"""What is due, and running it once: daily, weekly and monthly jobs without a cron of the system.

A session's start asks `run_due`; an agent's start looks at one file's times (`start.hooks`), whose time of change is
set to the next moment that something is due. Times are wall-clock times of the place the computer is in now. A week
contains a day and a month a week, so of several jobs that are due the largest runs, once, however long ago it was due.

A job counts as done when it has ended. One that was killed is tried again at a later start: after ten minutes, then
twice that each time, at most a day.

A clock set back leaves a last run in the future: it is taken as being now. Where the clocks go forward over a due time
the job is due at the next moment that exists; where they go back over one it runs at the first of the two.
"""

from __future__ import annotations

import os
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from memory_budget.base import layout
from memory_budget.base.files import read_bytes, write_atomic
from memory_budget.base.optional import orjson
from memory_budget.base.project import Project
from memory_budget.settings import profiles

if TYPE_CHECKING:
    from collections.abc import Callable

#: Smallest first: each contains those before it.
KINDS = ("daily", "weekly", "monthly")

RETRY_SECONDS = 600.0
LONGEST_RETRY = 86400.0


class State(NamedTuple):
    """What is remembered between runs; times in seconds since the epoch.

    `last`: by kind, when the last run that ended was started (or when this project was first seen); `results`: by kind,
    what came of it (or of the job that contained it); `running`: the run at work, or the one that was killed;
    `attempts`: runs killed in a row.
    """

    last: dict[str, float]
    results: dict[str, dict[str, Any]]
    running: dict[str, Any] | None
    attempts: int


def read_state(project: Project) -> State:
    """The state on disk; an empty one where there is none that can be read."""
    try:
        value = orjson.loads(read_bytes(project.at(layout.SCHEDULE)))
        return State(
            {kind: float(value["last"][kind]) for kind in KINDS if kind in value["last"]},
            dict(value["results"]),
            value["running"] if isinstance(value["running"], dict) else None,
            int(value["attempts"]),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return State({}, {}, None, 0)


def write_state(project: Project, state: State) -> None:
    write_atomic(project.writable(layout.SCHEDULE), orjson.dumps(state._asdict(), option=orjson.OPT_INDENT_2))


def next_after(expression: str, last: float) -> float | None:
    """The first moment after `last` that a cron expression names in local time; None for one that never comes.

    Raises ValueError for what is no cron expression.
    """
    from cronsim import CronSim, CronSimError

    try:
        # Wall-clock times without a zone: the C library knows the local zone and its changes.
        for wall in CronSim(expression, datetime.fromtimestamp(last)):
            moment = wall.timestamp()
            if moment > last:  # not so in the hour that comes twice
                return moment
    except CronSimError as error:
        raise ValueError(f"{expression!r} is no cron expression: {error}") from error
    return None


class Plan(NamedTuple):
    """`due`: the job to run now, or None; `following`: by kind, when it is due next (or was due);
    `problems`: expressions that cannot be used."""

    due: str | None
    following: dict[str, float]
    problems: list[str]


def plan(settings: dict[str, Any], state: State, now: float) -> Plan:
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
    return Plan(due, following, problems)


def retry_at(state: State) -> float:
    """When a run that was killed may be tried again; 0 where none was."""
    if state.running is None:
        return 0.0
    wait: float = min(RETRY_SECONDS * 2 ** min(state.attempts, 20), LONGEST_RETRY)
    return float(state.running["started"]) + wait


def run_due(
    project: Project,
    run: Callable[[Project, str, float], dict[str, Any]],
    clock: Callable[[], float] = time.time,
) -> str | None:
    """Run what is due, if nothing else runs; note when something is due next. Returns the kind that ran."""
    settings = _settings(project)
    if not settings["enabled"] or not profiles.load(project.root, project.home).profiles.enabled:
        _forget_next_due(project)
        return None
    lock = take_lock(project)
    if lock is None:
        return None
    try:
        now = clock()
        state = anchored(read_state(project), now)
        write_state(project, state)
        own = plan(settings, state, now)
        again = retry_at(state)
        if own.due is not None and not now < again <= now + LONGEST_RETRY:
            run_locked(project, own.due, run, clock)
            return own.due
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
    """Run a job and remember it. The caller holds the lock."""
    now = clock()
    state = anchored(read_state(project), now)
    attempts = state.attempts + 1 if state.running is not None else 0
    state = state._replace(running={"kind": kind, "started": now, "process": os.getpid()}, attempts=attempts)
    write_state(project, state)
    mark(project, retry_at(state))  # so that starts in the meantime do not set off another one
    result = run(project, kind, now)
    ended = clock()
    last, results = dict(state.last), dict(state.results)
    for contained in KINDS[: KINDS.index(kind) + 1] if kind in KINDS else (kind,):
        if contained in KINDS:
            last[contained] = now
        results[contained] = {
            "started": now,
            "seconds": round(max(0.0, ended - now), 3),
            "job": kind,
            **result,
        }
    write_state(project, State(last, results, None, 0))
    note_next_due(project, _settings(project), ended)
    return result


def anchored(state: State, now: float) -> State:
    """A project seen for the first time owes nothing; times from a clock that was ahead are taken as now."""
    running = state.running
    if running is not None and float(running.get("started", 0)) > now:
        running = {**running, "started": now}
    return state._replace(last={kind: min(state.last.get(kind, now), now) for kind in KINDS}, running=running)


def take_lock(project: Project) -> Any:
    """The lock that keeps two runs apart, or None when it is taken."""
    from memory_budget.base.optional import FileLock, Timeout

    lock = FileLock(project.writable(layout.JOBS_LOCK), timeout=0)
    try:
        lock.acquire()
    except Timeout:
        return None
    return lock


def note_next_due(project: Project, settings: dict[str, Any], now: float) -> None:
    """Set the file's time that an agent's start looks at."""
    state = read_state(project)
    moments = plan(settings, state, now).following.values()
    if not settings["enabled"] or not moments:
        _forget_next_due(project)
        return
    mark(project, max(min(moments), retry_at(state)))


def mark(project: Project, moment: float) -> None:
    path = project.writable(layout.NEXT_DUE)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o644))
    os.utime(path, (moment, moment))


def _forget_next_due(project: Project) -> None:
    try:
        os.unlink(project.at(layout.NEXT_DUE))
    except OSError:
        pass


def _settings(project: Project) -> dict[str, Any]:
    section = profiles.load(project.root, project.home).profiles.section("schedule")
    assert isinstance(section, dict)
    return section


def overview(project: Project, now: float) -> dict[str, Any]:
    """Last and next runs, for `status`; times as local ISO texts."""
    settings = _settings(project)
    state = read_state(project)
    own = plan(settings, anchored(state, now), now)
    jobs = {}
    for kind in KINDS:
        result = state.results.get(kind)
        moment = own.following.get(kind)
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
        "problems": own.problems,
        "jobs": jobs,
        "running": {"kind": running["kind"], "since": _iso(running["started"])} if running else None,
    }


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment).isoformat(timespec="seconds")
