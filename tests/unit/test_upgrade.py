"""What an earlier or a later version left in a project loads, or is made anew. A small part of `python3 -m tests.torture upgrade`,
with files as version 0.1 wrote them."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from memory_budget.base import layout
from memory_budget.cli.main import main
from memory_budget.index import schema, update
from memory_budget.run import pending
from memory_budget.settings import profiles, token_ratio
from memory_budget.upkeep import memory_files, schedule
from tests.support import hooks
from tests.support.environment import ROOT
from tests.support.usage_logs import record
from tests.torture import upgrade
from tests.torture.scene import Scene

NOTE = ".claude/memory/specialists/dbt-expert/patterns/models.md"
PENDING_0_1: dict[str, Any] = {
    "allocation_id": "19c2ef252833", "session_id": "5e55-10n", "agent": "dbt-expert", "agent_key": "dbt-expert",
    "description": "a task", "model": "", "profile": "specialist-broad", "complexity": "medium",
    "complexity_source": "detected", "enforcement": "soft", "budget_base": 35000, "budget_allocated": 35000,
    "bumped_from": "", "demand_tokens": 90, "scoped_tokens": 18378, "tokens_loaded": 162, "native_tokens": 0,
    "scope_breakdown": {"agent_patterns": 38}, "ladder": [["complex", 52500], ["multi-system", 70000]],
    "thresholds": {"info": 0.75, "warning": 0.9, "critical": 1.0}, "alert_level": "warning",
    "task_key": "853f0808cf76bd12", "channel": "prompt", "estimated": False, "files": {NOTE: 38},
    "chunks": [[-5947676859432047833]], "tool_use_id": "toolu_1", "agent_id": "", "hook_ms": 13.3,
}  # fmt: skip
RECORD_0_1: dict[str, Any] = {
    "timestamp": "2026-11-20T22:41:07.271437", "agent": "dbt-expert", "task": "a task", "complexity": "medium",
    "budget_allocated": 35000, "tokens_loaded": 162, "usage_pct": 0.46, "exceeded_budget": False,
    "scope_breakdown": {"agent_patterns": 38}, "warnings_count": 0, "warnings": [], "duration_seconds": 1.0,
    "success": True, "error": None, "schema_version": 1, "profile": "specialist-broad", "enforcement": "soft",
    "budget_base": 35000, "bumped_from": None, "demand_tokens": 90, "scoped_tokens": 18378, "on_demand_tokens": 0,
    "delivered": True, "allocation_id": "ef753db22b2b", "session_id": "s1", "tool_use_id": "toolu_0", "agent_id": "a0",
    "model": "claude-x", "hook_ms": 16.42,
    "api_usage": {
        "requests": 1, "input": 10, "cache_creation": 0, "cache_read": 0, "output": 5, "first_request_input": 10,
    },
}  # fmt: skip
DAY = 739_948
STATE_0_1: dict[str, Any] = {
    layout.SCHEDULE: {
        "last": {"daily": 1_795_905_667.5, "weekly": 1_795_905_667.5, "monthly": 1_795_905_667.5},
        "results": {
            "daily": {
                "started": 1_795_905_667.5, "seconds": 0.896, "job": "weekly", "problems": [], "applied": 0,
                "proposals": {"promotion": 0}, "runs_counted": 1, "report": "/r.html", "log": "/l.log",
            }
        },
        "running": None, "attempts": 0,
    },
    layout.SEEN: {"first": {NOTE: DAY}, "active": [DAY]},
    layout.SIZES: [[DAY, 18378, 154]],
    layout.HEALTH: {"level": "healthy", "tokens": 18378, "files": 51, "agents": {"dbt-expert": 18224}, "problems": []},
    layout.RATIO: {
        "models": {"claude-x": {"ratio": 1.2, "error": 0.01, "runs": 40, "agents": 3}},
        "last": "claude-x", "last_by_agent": {"dbt-expert": "claude-x"},
    },
    layout.RECOMMENDATIONS: {"schema_version": 1, "generated": "2026-11-28T22:41:08", "days": 90, "changes": []},
}  # fmt: skip


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def later_of(value: Any) -> Any:
    """The same as a version to come may write it: with members nobody knows yet."""
    if isinstance(value, dict):
        return {**{key: later_of(one) for key, one in value.items()}, "version": 99, "to_come": {"x": [1]}}
    return value


def put(scene: Scene, state: dict[str, Any]) -> None:
    for place, value in state.items():
        Path(scene.project.writable(place)).write_text(json.dumps(value))


def started(scene: Scene, number: int) -> str:
    answer = scene.act("pre", scene.call(number, context=False)).answer
    return str(answer["hookSpecificOutput"]["updatedInput"]["prompt"])


@pytest.mark.parametrize("version", [11_005, schema.VERSION - 1000, schema.VERSION + 1000, 2**31 - 1])
def test_an_index_of_another_version_is_made_anew_with_what_it_counted(scene: Scene, version: int) -> None:
    with closing(sqlite3.connect(scene.project.index)) as index, index:
        index.execute("INSERT INTO file_uses VALUES(?, 3, 9, '[]')", (NOTE,))
        index.execute("DROP TABLE pages")
        index.execute("CREATE TABLE chunks(id INTEGER PRIMARY KEY, text TEXT)")
        index.execute(f"PRAGMA user_version={version}")
    assert "merge on the key" in started(scene, 1)
    report = update.update_index(scene.project)
    assert report is not None
    assert report.rebuilt
    with closing(sqlite3.connect(scene.project.index)) as index:
        assert index.execute("SELECT uses FROM file_uses").fetchall() == [(3,)]
    assert "merge on the key" in started(scene, 2)


@pytest.mark.parametrize("more", [{}, {"version": 99, "to_come": {"x": [1]}}])
def test_an_open_allocation_is_recorded(scene: Scene, more: dict[str, Any]) -> None:
    allotted = {**PENDING_0_1, "started": time.time(), "transcript_path": str(scene.session)}
    # A later version keeps what this one has, too.
    allotted |= {**more, "planned_tokens": 162, "placed_tokens": 162} if more else {}
    allotted["client"] = [os.getpid(), 0]
    key = pending.pending_key("5e55-10n", "toolu_1")
    Path(scene.project.ensure_cache(layout.PENDING), f"{key}.json").write_text(json.dumps(allotted))
    given = '<project-memory id="19c2ef252833">\nx\n</project-memory>\n\nWrite up.'
    scene.act("finish", scene.transcript(1, [given]))
    (written,) = scene.records()
    assert (written["allocation_id"], written["agent_id"], written["delivered"]) == (
        "19c2ef252833",
        "a1",
        True,
    )


@pytest.mark.parametrize("change", [dict, later_of])
def test_every_verb_reads_the_state(scene: Scene, change: Any, capsys: pytest.CaptureFixture[str]) -> None:
    put(
        scene,
        {place: change(value) if isinstance(value, dict) else value for place, value in STATE_0_1.items()},
    )
    lines = [change(RECORD_0_1), record(), *scene.records()]
    Path(scene.project.log).write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert schedule.read_schedule(scene.project).last["daily"] == 1_795_905_667.5
    assert memory_files.read_seen(scene.project).first[NOTE] == DAY
    assert token_ratio.read_ratios(scene.project)["last"] == "claude-x"
    for verb in (
        ["status"],
        ["health"],
        ["report"],
        ["doctor"],
        ["run", "daily"],
        ["tune"],
        ["maintain"],
        ["undo"],
    ):
        code = main([*verb, "--project", str(scene.root)])
        said = capsys.readouterr()
        assert code in (0, 1), verb
        assert "Traceback" not in said.err, verb
    assert "merge on the key" in started(scene, 1)
    assert len(scene.records()) == 2


def test_the_profiles_file_of_0_1_says_what_it_said(tmp_path: Path, home: Path) -> None:
    path = tmp_path / "p/.claude/memory/budget-profiles.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(upgrade.PROFILES))
    loaded = profiles.load_profiles(str(tmp_path / "p"), str(home))
    assert loaded.problem is None
    assert loaded.profiles.default_profile == "specialist-narrow"
    assert "mine" in loaded.profiles.names()


def test_two_of_them_take_turns() -> None:
    said = upgrade.in_turn(upgrade.Version("another folder", ROOT), 1)
    assert said.startswith("3 agents")


def test_what_the_history_does_not_hold_is_skipped_with_the_reason() -> None:
    (line,) = upgrade.run(1, ("no-such-commit",))
    assert line.startswith("skipped: no-such-commit: not in this history")


def test_a_start_of_a_project_that_only_has_what_0_1_left(tmp_path: Path, home: Path) -> None:
    scene = Scene(tmp_path)
    os.unlink(scene.project.index)
    put(scene, STATE_0_1)
    assert "merge on the key" in str(hooks.pre(scene.root, home).prompt)
