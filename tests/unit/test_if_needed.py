"""`hooks/if_needed` starts Python only where there may be something to say, under the shells people have."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from memory_budget.base.project import Project
from memory_budget.run import claims
from tests.support import hooks
from tests.support.environment import ROOT
from tests.support.projects import make_project

SHELLS = [shell for shell in ("dash", "bash", "busybox") if shutil.which(shell)]
MEMORY = {".claude/memory/patterns/a.md": "# A\n\nSome words.\n"}


class Plugin:
    """A copy of the script beside a launcher that says it was started, and with what."""

    def __init__(self, folder: Path, shell: str) -> None:
        self.shell = (shell, "sh") if shell == "busybox" else (shell,)
        self.home = folder / "home"
        self.project = make_project(folder / "project", MEMORY)
        root = folder / "plugin"
        for name in ("bin", "hooks"):
            (root / name).mkdir(parents=True)
        self.script = shutil.copy(ROOT / "hooks/if_needed", root / "hooks/if_needed")
        launcher = root / "bin/memory-budget"
        launcher.write_text('#!/bin/sh\nprintf "%s " "$@"\ncat\nexit 2\n')
        launcher.chmod(0o755)

    def run(self, event: str, payload: dict[str, Any] | bytes, *arguments: str) -> str:
        data = (
            payload
            if isinstance(payload, bytes)
            else json.dumps(payload, separators=(",", ":")).encode() + b"\n"
        )
        program = (*self.shell, str(self.script), event)
        said = hooks.run("", data, self.project, self.home, *arguments, program=program)
        assert said.code == 0
        assert said.err == ""
        return said.out

    def planned(self) -> Project:
        return Project(str(self.project), str(self.home))

    def leave_word(self, cache: str) -> None:
        """Say where the cache of the project lies, as Python does."""
        name = (
            "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in str(self.project)) + ".at"
        )
        make_project(self.home / "plugin-data/projects", {name: f"{self.project}\n{cache}\n"})


@pytest.fixture(params=SHELLS)
def plugin(request: pytest.FixtureRequest, tmp_path: Path) -> Plugin:
    return Plugin(tmp_path, request.param)


def payload(agent: str = "a1", agent_type: str = "dbt-expert", **more: Any) -> dict[str, Any]:
    return hooks.start_payload(agent_type, agent, **more)


def test_an_agent_that_was_planned_for_the_prompt_costs_a_shell(plugin: Plugin) -> None:
    claims.plan_in_prompt(plugin.planned(), "5e55-10n", "dbt-expert", "t1", "turn-1")
    assert plugin.run("subagent_start", payload(), "1") == ""
    claims.bind(plugin.planned(), "5e55-10n", "dbt-expert", "t1", "a1")
    assert plugin.run("subagent_start", payload(), "4") == ""


def test_a_plan_that_waits_is_handed_on_whole(plugin: Plugin) -> None:
    claims.plan_in_context(plugin.planned(), "5e55-10n", "dbt-expert", "t1", ["x"])
    given = payload(note="a \\ b %s \u2028 日本 'q'")
    text = plugin.run("subagent_start", given, "3")
    assert text.startswith("hook subagent_start 3 ")
    assert json.loads(text.removeprefix("hook subagent_start 3 ")) == given


@pytest.mark.parametrize(
    "more", [{}, {"agent_type": "Plugin:agent"}, {"session_id": "../x"}, {"agent_id": "a/b"}]
)
def test_in_doubt_python_is_asked(more: dict[str, Any], plugin: Plugin) -> None:
    assert plugin.run("subagent_start", payload(**more), "1") != ""


def test_a_workflow_may_start_agents_nobody_planned_for(plugin: Plugin) -> None:
    project = plugin.planned()
    claims.plan_in_prompt(project, "5e55-10n", "dbt-expert", "t1", "turn-1")
    Path(claims.workflow_path(project, "5e55-10n")).write_text("turn-1\n")
    assert plugin.run("subagent_start", payload(), "1") != ""


def test_a_fork_has_what_its_parent_has(plugin: Plugin) -> None:
    assert plugin.run("subagent_start", payload(agent_type="fork"), "1") == ""


def test_a_session_without_an_agent_costs_a_shell(plugin: Plugin) -> None:
    assert plugin.run("session_start", {"session_id": "s", "source": "startup"}, "1") == ""
    assert plugin.run("session_start", {"session_id": "s", "agent_type": "x"}, "1") != ""


def test_a_project_without_memory_costs_a_shell(plugin: Plugin) -> None:
    shutil.rmtree(plugin.project / ".claude")
    assert plugin.run("subagent_start", payload(), "1") != ""  # nobody looked yet
    plugin.leave_word("")
    for event in ("session_start", "subagent_start"):
        assert plugin.run(event, payload(), "1") == ""
    (plugin.project / ".claude/agent-memory").mkdir(parents=True)
    assert plugin.run("subagent_start", payload(), "1") != ""


def test_memory_that_lies_elsewhere_is_found_by_the_word_left(plugin: Plugin) -> None:
    shutil.rmtree(plugin.project / ".claude")
    cache = plugin.home / "elsewhere"
    plugin.leave_word(str(cache))
    (cache / "starts/5e55-10n/dbt-expert/p-toolu_1").mkdir(parents=True)
    assert plugin.run("subagent_start", payload(session_id="5e55-10n"), "1") == ""
    (cache / "starts/5e55-10n/dbt-expert/c-toolu_2").mkdir(parents=True)
    assert plugin.run("subagent_start", payload(session_id="5e55-10n"), "1") != ""


@pytest.mark.parametrize("data", [b"", b"\n", b"{", b"\0\0", b"\xff\n", b'{"agent_type":"'])
def test_no_payload_is_a_failure(data: bytes, plugin: Plugin) -> None:
    plugin.run("subagent_start", data, "1")
    plugin.run("session_start", data, "1")


def test_a_payload_without_a_line_end_is_read(plugin: Plugin) -> None:
    claims.plan_in_context(plugin.planned(), "5e55-10n", "dbt-expert", "t1", ["x"])
    assert plugin.run("subagent_start", json.dumps(payload()).encode(), "1") != ""


def test_text_in_a_field_is_no_field(plugin: Plugin) -> None:
    claims.plan_in_context(plugin.planned(), "5e55-10n", "dbt-expert", "t1", ["x"])
    given = {"note": '"agent_type":"fork"', **payload()}
    assert plugin.run("subagent_start", given, "1") != ""
