"""`memory-budget undo` over both kinds of change: to memory, and to budgets."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from memory_budget.base.project import Project
from memory_budget.cli import main as cli
from memory_budget.reports import tuning_apply
from memory_budget.settings import agents, profiles
from memory_budget.upkeep import journal, journal_steps
from tests.support.memory_files import MEMORY, NOW, memory, snapshot

PROFILES = '{"version":  "1.0.0"}\n'


@pytest.fixture
def project(tmp_path: Path, home: Path) -> Project:
    return memory(tmp_path / "p", {"patterns/a.md": "# A\n", "budget-profiles.json": PROFILES}, home)


def command(project: Project, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code = cli.main(["undo", "--project", project.root, "--json", *arguments])
    return code, json.loads(capsys.readouterr().out)


def move(project: Project, minutes: int) -> journal.Entry:
    source = f"{MEMORY}/patterns/a.md"
    step = journal_steps.Step(
        source, f"{MEMORY}/archive/a.md", journal_steps.content_hash(f"{project.root}/{source}")
    )
    return journal.apply_change(project, "archival", "Archive a", [step], now=NOW + 60 * minutes)


def retune(project: Project, minutes: int) -> tuning_apply.Applied:
    settings = profiles.load_profiles(project.root, project.home).profiles
    known = agents.scan_agent_files(project.root, project.home)
    old = agents.resolve("dbt-expert", settings, known).profile_name
    new = next(name for name in settings.names() if name != old)
    change = {"kind": "profile", "agent": "dbt-expert", "from": old, "to": new, "title": f"dbt-expert: {new}"}
    now = datetime.fromtimestamp(NOW) + timedelta(minutes=minutes)
    return tuning_apply.apply_changes(project, [change], now=now)


@pytest.mark.parametrize("budgets_first", [True, False])
def test_the_newest_change_of_either_kind_goes_first(
    project: Project, capsys: pytest.CaptureFixture[str], budgets_first: bool
) -> None:
    before = snapshot(project)
    moved = move(project, 1 if budgets_first else 0)
    tuned = retune(project, 0 if budgets_first else 1)
    in_order = [tuned.id, moved.id] if budgets_first else [moved.id, tuned.id]
    _, listed = command(project, capsys, "--list")
    assert [one["id"] for one in listed] == in_order
    assert sorted(one["kind"] for one in listed) == ["archival", "budgets"]
    for wanted in reversed(in_order):
        code, (one,) = command(project, capsys)
        assert (code, one["id"], one["state"], one["problems"]) == (0, wanted, "undone", [])
    assert snapshot(project) == before
    assert cli.main(["undo", "--project", project.root]) == 1
    assert "no change to take back" in capsys.readouterr().err


def test_a_change_of_budgets_by_its_id(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    tuned = retune(project, 0)
    move(project, 1)
    code, (one,) = command(project, capsys, tuned.id)
    assert (code, one["id"], one["title"]) == (0, tuned.id, tuned.changes[0]["title"])
    assert Path(project.memory, "budget-profiles.json").read_text() == PROFILES
    assert Path(project.memory, "archive/a.md").exists()
    assert cli.main(["undo", "--project", project.root, tuned.id]) == 1
    assert "taken back already" in capsys.readouterr().err


def test_what_stands_in_the_way_is_said(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    retune(project, 0)
    Path(project.memory, "budget-profiles.json").write_bytes(b"\xff")
    code, (one,) = command(project, capsys)
    assert (code, one["state"]) == (1, "applied")
    assert "not UTF-8" in one["problems"][0]
