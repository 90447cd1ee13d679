from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from memory_budget.base.files import write_atomic
from memory_budget.base.project import Project
from memory_budget.run import bumps, claims, leftovers, messages, notes, state
from tests.support.environment import ROOT
from tests.unit.test_meter import start


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(str(tmp_path / "project"), str(tmp_path / "home"))


WRITER = """
import json, sys
sys.path[:0] = [sys.argv[1] + "/lib", sys.argv[1]]
from memory_budget.run import state as running
from memory_budget.base.project import Project
from tests.unit.test_meter import start
project = Project(sys.argv[2], "")
told = []
for number in range(25):
    _, alerts = running.add_read(project, "s", "a", start(), {"global": 100}, 100, f"{sys.argv[3]}-{number}")
    told += [alert.level for alert in alerts]
print(json.dumps(told))
"""


def test_processes_that_read_at_once_lose_nothing_and_tell_each_alert_once(project: Project) -> None:
    project.ensure_cache("running", "s")
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(ROOT), project.root, name], stdout=subprocess.PIPE, text=True
        )
        for name in "abcd"
    ]
    told = [level for writer in writers for level in eval(writer.communicate(timeout=60)[0])]
    monitor = state.replay_reads(project, "s", "a", start())
    assert monitor.on_demand == 4 * 25 * 100
    assert sorted(told) == sorted(alert.level for alert in monitor.alerts) == ["critical", "info", "warning"]


def test_a_line_that_was_cut_off_is_passed_over(project: Project) -> None:
    where = project.ensure_cache("running", "s")
    state.add_read(project, "s", "a", start(), {}, 10, "one")
    with open(f"{where}/a.reads", "a") as file:
        file.write('["two", 1.0, 20\n[]\n["three", "x", {}, 5]\n')
    state.add_read(project, "s", "a", start(), {}, 30, "three")
    assert state.replay_reads(project, "s", "a", start()).on_demand == 40


def test_notes_are_given_out_once_in_order(project: Project) -> None:
    assert messages.take_notes(project, "s") == []
    for name in ("b", "a"):
        notes.leave_note(project, "s", name, f"line {name}")
    notes.leave_note(project, "other", "c", "line c")
    assert messages.take_notes(project, "s") == ["line a", "line b"]
    assert messages.take_notes(project, "s") == []
    assert not os.path.exists(f"{project.cache}/notes/s")


def test_an_agents_hooks_leave_notes_for_the_main_thread(project: Project) -> None:
    assert messages.tell(project, {"session_id": "s", "agent_id": "a"}, "x", ["one", "two"]) is None
    answer = messages.tell(project, {"session_id": "s"}, "y", ["three"])
    assert answer == {"systemMessage": "memory-budget: one / two / three"}
    assert messages.tell(project, {"session_id": "s"}, "z", []) is None


def test_a_bump_is_remembered_for_the_agent_and_task(project: Project) -> None:
    key = bumps.task_key("dbt-expert", "Review  models", "one prompt")
    bumps.remember_bump(project, key, "complex")
    assert bumps.remembered_bump(project, bumps.task_key("DBT-expert", "review models", "other")) == "complex"
    assert bumps.remembered_bump(project, bumps.task_key("ui-expert", "review models", "x")) == ""
    assert bumps.remembered_bump(project, bumps.task_key("dbt-expert", "", "review tests")) == ""
    old = time.time() - bumps.BUMP_SECONDS - 60
    os.utime(f"{project.cache}/bumps/{key}", (old, old))
    assert bumps.remembered_bump(project, key) == ""


def test_what_never_arrived_is_no_load_of_a_running_agent(project: Project) -> None:
    state.mark_lost(project, "s", "a")
    monitor, _ = state.add_read(project, "s", "a", start(), {}, 100, "one")
    assert monitor.loaded == state.replay_reads(project, "s", "a", start()).loaded == 100
    assert state.replay_reads(project, "s", "a", start(), (10_000, {"global": 10_000})).loaded == 10_100
    state.forget_reads(project, "s", "a")
    assert list(Path(state.reads_folder(project, "s")).iterdir()) == []


def test_a_note_is_left_though_its_folder_goes_this_moment(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever tells the last note removes the folder."""
    takers = iter(range(3))

    def taken_meanwhile(path: str, data: bytes) -> None:
        if next(takers, None) is not None:
            messages.take_notes(project, "s")
        write_atomic(path, data)

    monkeypatch.setattr(notes, "write_atomic", taken_meanwhile)
    notes.leave_note(project, "s", "a", "line a")
    assert messages.take_notes(project, "s") == ["line a"]


def test_what_a_long_session_still_uses_stays(project: Project) -> None:
    """The folder of a session does not show what comes and goes in the folders of its agent types."""
    plans = Path(claims.ensure_folder(project, "s", "dbt-expert"))
    idle = Path(claims.ensure_folder(project, "idle", "dbt-expert"))
    claims.plan_in_context(project, "s", "dbt-expert", "t1", [b"for t1"])
    old = time.time() - leftovers.FORGOTTEN_SECONDS - 60
    for folder in (plans.parent, idle, idle.parent):
        os.utime(folder, (old, old))
    leftovers.tidy(project, "another")
    assert claims.look(project, "s", "dbt-expert", "a1", "turn", "").plan
    assert not idle.parent.exists()
