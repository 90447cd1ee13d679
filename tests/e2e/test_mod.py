"""The module that runs inside the client: its own tests, and the rows as a person sees them."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from memory_budget.base.project import Project
from memory_budget.index import update
from tests.support.client import TIMEOUT, Client
from tests.support.environment import ROOT
from tests.support.fake_api import AgentScript, FakeAPI, Script, agent, tool
from tests.support.projects import make_project


def test_the_modules_own_tests(client: Client) -> None:
    client.prepare_home()
    done = subprocess.run(
        [str(client.program), "plugin", "test", str(ROOT)],
        env=client.environment("http://127.0.0.1:9"),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\b0 fail", done.stdout + done.stderr)


class Terminal:
    """A session of the client in a terminal of its own."""

    def __init__(self, socket: Path) -> None:
        self._tmux = ("tmux", "-S", str(socket), "-f", "/dev/null")

    def call(self, *arguments: str) -> str:
        return subprocess.run([*self._tmux, *arguments], capture_output=True, text=True).stdout

    def screen(self) -> str:
        return self.call("capture-pane", "-p", "-t", "client")

    def keys(self, *keys: str) -> None:
        self.call("send-keys", "-t", "client", *keys)

    def wait_for(self, pattern: str, seconds: float = 120.0) -> str:
        end = time.monotonic() + seconds
        while True:
            screen = self.screen()
            if re.search(pattern, screen) or time.monotonic() > end:
                return screen
            time.sleep(0.2)


@contextmanager
def terminal(client: Client, project: Path, url: str, folder: Path) -> Iterator[Terminal]:
    client.prepare_home()
    trusted = {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True}
    settings = {
        "hasCompletedOnboarding": True,
        "theme": "dark",
        "customApiKeyResponses": {"approved": ["not-a-key"], "rejected": []},
        "projects": {str(project): trusted},
    }
    (client.home / ".claude.json").write_text(json.dumps(settings))
    words = ["env", "-i", *(f"{name}={value}" for name, value in client.environment(url).items())]
    words += ["TERM=xterm-256color", str(client.program), "--plugin-dir", str(client.plugin)]
    words += ["--permission-mode", "default"]
    shown = Terminal(folder / "s")
    shown.call(
        "new-session", "-d", "-x", "150", "-y", "45", "-s", "client", "-c", str(project), shlex.join(words)
    )
    try:
        yield shown
    finally:
        shown.call("kill-server")


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_a_row_for_every_agent_that_has_memory(
    client: Client, team: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    update.update_index(Project(str(team), str(client.home)))
    note = make_project(team, {}) / ".claude/memory/patterns/secret-handling.md"
    calls = [
        agent(
            "TASK-01 Review the incremental models.",
            "dbt-expert",
            description="models",
            run_in_background=True,
        ),
        agent(
            "TASK-02 Look at the query pruning.",
            "snowflake-expert",
            description="pruning",
            run_in_background=True,
        ),
        agent("TASK-03 Look around.", "Explore", description="explore", run_in_background=True),
    ]
    agents = {
        "TASK-01": AgentScript(turns=[[tool("Read", file_path=str(note))]], last=600),
        "TASK-02": AgentScript(last=600),
        "TASK-03": AgentScript(last=600),
    }
    with (
        FakeAPI(Script(main=[calls], agents=agents)) as api,
        terminal(client, team, api.url, tmp_path_factory.mktemp("t")) as shown,
    ):
        first = shown.wait_for("❯")
        shown.keys("-l", "Delegate as you see fit.")
        shown.wait_for("Delegate as you see fit")
        time.sleep(0.5)
        shown.keys("Enter")
        screen = shown.wait_for(r"dbt-expert +[█░]{10} [234][\d.]*K of")
    assert "◯ dbt-expert" in screen, screen
    rows = {
        name: line
        for line in screen.splitlines()
        for name in ("dbt-expert", "snowflake-expert", "Explore")
        if f"◯ {name}" in line
    }
    assert re.search(
        r"dbt-expert +[█░]{10} [234][\d.]*K of [\d.]+K \d+ % \S+ · models", rows["dbt-expert"]
    ), screen
    assert re.search(
        r"snowflake-expert +[█░]{10} [\d.]+K? of [\d.]+K \d+ % \S+ · pruning", rows["snowflake-expert"]
    )
    assert "█" not in rows["Explore"]
    assert "░" not in rows["Explore"]
    assert "deprecated" not in first + screen
    assert "memory-budget" not in first
