"""A cache that cannot be written costs no agent its memory, and the person hears of it once a session, with the cause."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from memory_budget.base import hook, spawn
from memory_budget.base.project import Project
from memory_budget.index import update
from memory_budget.run import hooks as later
from memory_budget.start import hooks as first
from tests.support import hooks
from tests.support.projects import make_project
from tests.torture.scene import FILES


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project with an index, whose disk is full from now on."""
    made = Project(str(make_project(tmp_path / "project", FILES)), str(tmp_path / "home"))
    update.update_index(made)

    def refuse(*_: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(Project, "ensure_cache", refuse)
    monkeypatch.setattr(spawn, "start", lambda *_: None)
    return made


def start(project: Project, number: int, **more: Any) -> Any:
    return first.pre_tool_use(project, hooks.agent_call("dbt-expert", tool_use=f"toolu_{number}", **more))


@pytest.mark.parametrize("mode", ["default", "auto"])
def test_agents_get_their_memory_and_the_person_one_message(project: Project, mode: str) -> None:
    answers = [start(project, number, permission_mode=mode) for number in range(3)]
    for answer in answers:
        assert b"merge on the key" in answer["hookSpecificOutput"]["updatedInput"]["prompt"]
    assert answers[0]["systemMessage"].endswith(
        "cannot be written (No space left on device): agents get their memory, but runs are not recorded and the index is "
        "not kept up to date"
    )
    assert [set(answer) for answer in answers[1:]] == [{"hookSpecificOutput"}] * 2
    other = start(project, 9, session_id="another", permission_mode=mode)
    assert "cannot be written" in other["systemMessage"]


def test_an_agent_inside_an_agent_gets_its_memory(project: Project) -> None:
    answer = start(project, 1, agent_id="a0")
    assert b"merge on the key" in answer["hookSpecificOutput"]["updatedInput"]["prompt"]


def test_an_agent_without_a_plan_is_answered_all_the_same(project: Project) -> None:
    for _ in range(2):
        assert not first.subagent_start(project, hooks.start_payload("dbt-expert", "a1"), 2)
        first.subagent_start(project, hooks.start_payload("dbt-expert", "a1"), 1)


def test_other_hooks_name_the_same_cause_once(project: Project) -> None:
    lines = []
    payload = {**hooks.start_payload("dbt-expert", "a1"), "agent_transcript_path": "/nowhere"}
    for _ in range(3):
        with pytest.raises(OSError, match="No space") as caught:
            later.subagent_stop(project, payload)
        lines.append(hook.failure(project, caught.value, "this agent's run is recorded later", payload))
    assert "No space left on device" in lines[0]
    assert "without its memory" not in lines[0]
    assert lines[1:] == ["", ""]


@pytest.mark.parametrize("field", ["prompt_id", "session_id", "transcript_path", "permission_mode"])
def test_half_a_character_costs_no_memory(field: str, tmp_path: Path, home: Path) -> None:
    folder = make_project(tmp_path / "project", FILES)
    update.update_index(Project(str(folder), str(home)))
    said = hooks.pre(folder, home, **{field: "x\ud800"})
    assert "merge on the key" in str(said.prompt)
    assert said.message == ""


@pytest.mark.parametrize("place", ["pending", "starts", "", "logs"])
@pytest.mark.parametrize("mode", ["default", "auto"])
def test_a_file_in_a_folders_place_costs_no_memory(place: str, mode: str, tmp_path: Path) -> None:
    made = Project(str(make_project(tmp_path / "project", FILES)), str(tmp_path / "home"))
    update.update_index(made)
    folder = Path(made.cache, place)
    if folder.exists():
        folder.rename(tmp_path / "aside")
    folder.write_text("not a folder")
    answer = start(made, 1, permission_mode=mode)
    if place != "logs":
        assert b"merge on the key" in answer["hookSpecificOutput"]["updatedInput"]["prompt"]
        assert "cannot be written" in answer["systemMessage"]
    else:
        assert "systemMessage" not in answer
