"""The real installer and the real client: what was installed runs in the next session, with no --plugin-dir."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from memory_budget import __version__
from tests.support.blocks import only_block
from tests.support.client import TIMEOUT, Client
from tests.support.environment import ROOT
from tests.support.fake_api import AgentScript, FakeAPI, Script, agent
from tests.support.projects import facts_in

#: What the client copies or reads, and the installer itself.
PARTS = (".claude-plugin", ".claude", "bin", "hooks", "lib", "schemas", "skills")
FILES = (
    "install.py",
    "plugin.json",
    "README.md",
    "LICENSE",
    "requirements.lock",
    "requirements-reports.lock",
)
#: Plays uv: what it installs is the environment of the tests.
UV = """#!/bin/sh
[ "$1" = venv ] || exit 0
for folder; do :; done
mkdir -p "$folder/bin"
printf '#!/bin/sh\\nexec "%s" "$@"\\n' "{python}" >"$folder/bin/python"
chmod +x "$folder/bin/python"
"""
TASK = "TASK-01 Review the incremental models and say what their test coverage misses."


class Installation:
    """A checkout in a folder with a space in its name, and the commands a person would type."""

    def __init__(self, client: Client, folder: Path, with_command: bool) -> None:
        self.client = client
        self.root = folder / "the clone"
        unwanted = shutil.ignore_patterns("__pycache__", "cache")
        for part in PARTS:
            shutil.copytree(ROOT / part, self.root / part, symlinks=True, ignore=unwanted)
        for file in FILES:
            shutil.copy(ROOT / file, self.root / file, follow_symlinks=False)
        self.environment = client.environment("http://127.0.0.1:9")
        # The package index cannot be reached: hooks must do without the libraries.
        self.environment |= {"PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_CONFIG_FILE": os.devnull}
        tools = folder / "tools"
        tools.mkdir()
        if with_command:
            (tools / "claude").symlink_to(client.program)
        system = [path for path in os.get_exec_path() if not Path(path, "claude").exists()]
        self.environment["PATH"] = os.pathsep.join([str(tools), *system])

    def install(self, *arguments: str, cwd: Path) -> str:
        done = subprocess.run(
            [sys.executable, str(self.root / "install.py"), *arguments],
            cwd=cwd,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
        )
        assert done.returncode in (0, 1), done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout

    def ask(self, *arguments: str) -> str:
        """The answer of `claude ARGUMENTS`."""
        command = [str(self.client.program), *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=TIMEOUT)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def session(self, project: Path, script: Script) -> FakeAPI:
        """A session in the project, as a person starts it: nothing on its command line names the plugin."""
        with FakeAPI(script) as api:
            done = subprocess.run(
                [str(self.client.program), "-p", "Delegate as you see fit.", "--output-format", "json"],
                cwd=project,
                env={**self.environment, "ANTHROPIC_BASE_URL": api.url},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
            )
        assert done.returncode == 0, done.stderr
        return api


@pytest.mark.parametrize("with_command", [True, False], ids=["by-claude", "by-settings"])
def test_installed_plugin_runs_and_goes(
    client: Client, tmp_path: Path, team: Path, with_command: bool
) -> None:
    client.home.joinpath(".claude").mkdir()
    settings = client.home / ".claude/settings.json"
    settings.write_text('{"model":"opus"}')
    memory_before = {path: path.read_bytes() for path in team.rglob("*") if path.is_file()}
    installation = Installation(client, tmp_path, with_command)

    said = installation.install(cwd=team)
    assert "package index cannot be reached" in said
    assert (team / ".claude/memory/budget-profiles.json").exists()

    script = Script(main=[[agent(TASK, "dbt-expert")]], agents={"TASK-01": AgentScript()})
    api = installation.session(team, script)
    block = only_block(api.first_request("TASK-01").prompt)
    assert "incremental models" in facts_in(block.text, "dbt-expert")
    known = {plugin["id"]: plugin for plugin in json.loads(installation.ask("plugin", "list", "--json"))}
    if with_command:
        assert known["memory-budget@memory-budget"]["enabled"] is True

    installation.install("--uninstall", cwd=team)
    assert settings.read_text() == '{"model":"opus"}'
    listed = {plugin["id"] for plugin in json.loads(installation.ask("plugin", "list", "--json"))}
    assert [name for name in listed if not name.endswith("@builtin")] == []
    assert not list(client.home.glob(".claude/plugins/*/memory-budget*"))
    assert {path: path.read_bytes() for path in memory_before} == memory_before
    assert not (team / ".claude/memory/budget-profiles.json").exists()
    api = installation.session(team, script)
    assert api.first_request("TASK-01").prompt == TASK


def test_installed_by_the_client_alone(client: Client, tmp_path: Path, team: Path) -> None:
    """`claude plugin install`, as people install plugins: the first session sets the libraries up by itself."""
    installation = Installation(client, tmp_path, with_command=True)
    uv = tmp_path / "tools/uv"
    uv.write_text(UV.format(python=sys.executable))
    uv.chmod(0o755)
    del installation.environment["MEMORY_BUDGET_LIBRARIES"]
    installation.ask("plugin", "marketplace", "add", str(installation.root))
    installation.ask("plugin", "install", "memory-budget@memory-budget")
    data = client.home / ".claude/plugins/data/memory-budget-memory-budget"

    script = Script(main=[[agent(TASK, "dbt-expert")]], agents={"TASK-01": AgentScript(delay=1.0)})
    api = installation.session(team, script)
    only_block(api.first_request("TASK-01").prompt)
    state = wait_for(
        lambda: json.loads((data / "setup.json").read_text()), lambda value: value["state"] == "done"
    )
    assert "are set up" in state["line"]
    assert (data / "interpreter").read_text().split("\n")[1].startswith(str(data / "venv-"))
    log = team / ".claude/cache/budget-usage.jsonl"
    (record,) = wait_for(lambda: log.read_text().splitlines(), bool)
    assert json.loads(record)["delivered"] is True

    status = subprocess.run(
        [str(installation.root / "bin/memory-budget"), "doctor", "--json", "--project", str(team)],
        env=installation.environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    found = {entry["about"]: entry for entry in json.loads(status.stdout)}
    assert found["libraries"]["level"] == "ok", found["libraries"]
    assert f"memory-budget@memory-budget {__version__} is enabled" in found["plugin"]["text"]


def wait_for(read: Callable[[], Any], wanted: Callable[[Any], bool]) -> Any:
    """What is read once it is as wanted."""
    until = time.monotonic() + 90
    while True:
        try:
            value = read()
            if wanted(value):
                return value
        except (OSError, ValueError):
            pass
        if time.monotonic() > until:
            raise AssertionError("it did not come about in 90 s")
        time.sleep(0.1)


def test_validates_without_a_warning(client: Client, tmp_path: Path) -> None:
    root = Installation(client, tmp_path, with_command=True).root
    done = subprocess.run(
        [str(client.program), "plugin", "validate", "--profile", "directory", "--json", str(root)],
        env=client.environment("http://127.0.0.1:9"),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    assert done.returncode == 0, done.stdout
    assert _findings(json.loads(done.stdout)) == []


def _findings(value: Any) -> list[Any]:
    """Everything below any `errors` or `warnings` of the client's report."""
    if isinstance(value, list):
        return [found for item in value for found in _findings(item)]
    if not isinstance(value, dict):
        return []
    own = [found for key in ("errors", "warnings") for found in value.get(key) or []]
    return own + [found for item in value.values() for found in _findings(item)]
