"""Memory looks after itself: sessions set off what is due, and what agents were given counts."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

from memory_budget.base import layout
from memory_budget.base.project import Project
from memory_budget.upkeep import memory_files, schedule
from tests.support.client import Client
from tests.support.fake_api import Script, agent
from tests.support.projects import wait_for_records, wait_until

TASK = "TASK-01 Review the incremental models and their test coverage."


def results(team: Path) -> dict[str, Any]:
    path = team / ".claude/cache/memory-budget/state/schedule.json"
    return json.loads(path.read_text()) if path.exists() else {}


def logs(team: Path) -> list[str]:
    return sorted(path.name for path in (team / ".claude/cache/memory-budget/jobs").glob("*.log"))


def long_ago(team: Path, client: Client) -> Project:
    """Let the jobs of a project have run last forty days ago."""
    project = Project(str(team), str(client.home))
    last = time.time() - 40 * 86400
    schedule.write_schedule(project, schedule.ScheduleState(dict.fromkeys(schedule.KINDS, last), {}, None, 0))
    return project


def test_a_session_sets_off_a_job_that_is_due_and_the_next_one_does_not(client: Client, team: Path) -> None:
    project = long_ago(team, client)
    client.run(team, Script())
    wait_until(lambda: "monthly" in results(team).get("results", {}))
    state = results(team)
    assert state["running"] is None
    assert all(time.time() - last < 300 for last in state["last"].values())
    assert len(logs(team)) == 1
    assert logs(team)[0].endswith("-monthly.log")
    logs_before = logs(team)

    due = Path(project.cache) / layout.NEXT_DUE
    before = due.stat().st_ctime_ns
    client.run(team, Script())
    wait_until(lambda: due.stat().st_ctime_ns != before)  # the second session's background work has looked
    assert logs(team) == logs_before


def test_a_new_project_owes_nothing(client: Client, team: Path) -> None:
    client.run(team, Script())
    wait_until(lambda: set(results(team).get("last", {})) == set(schedule.KINDS))
    assert logs(team) == []


def test_what_an_agent_was_given_counts(client: Client, team: Path) -> None:
    client.run(team, Script(main=[[agent(TASK, "dbt-expert")]]))
    wait_for_records(team, 1)
    sent = team / ".claude/cache/memory-budget/sent.jsonl"
    wait_until(lambda: sent.exists() and sent.read_text().endswith("\n"))
    given = json.loads(sent.read_text())
    assert given["agent"] == "dbt-expert"
    assert given["files"]

    # What the first session does behind its back ends with the time of the next job.
    wait_until((team / ".claude/cache/memory-budget" / layout.NEXT_DUE).exists)
    project = long_ago(team, client)
    client.run(team, Script())
    wait_until(lambda: "monthly" in results(team).get("results", {}))
    counted = {
        note.path: note
        for note in memory_files.load_memory_files(project, memory_files.read_seen(project))
        if note.uses
    }
    assert sorted(counted) == sorted(given["files"])
    assert {agents for note in counted.values() for agents in note.agents} == {"dbt-expert"}
