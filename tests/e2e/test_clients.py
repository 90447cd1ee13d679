"""Every client that is supported: agents start whatever happens, get their memory, and their runs are recorded.

By default the oldest and the newest; `python3 -m tests e2e --all-clients` runs all that the README names.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import program
from tests.support import client_install
from tests.support.blocks import only_block
from tests.support.client import Client
from tests.support.environment import ROOT
from tests.support.fake_api import AgentScript, Script, agent
from tests.support.projects import facts_in, usage_records, wait_until

TASK = "TASK-01 Review the incremental models and say what their test coverage misses."
SCRIPT = Script(main=[[agent(TASK, "dbt-expert")]], agents={"TASK-01": AgentScript()})
UNWANTED = shutil.ignore_patterns(".cache", ".git", "__pycache__", "cache")


@pytest.fixture(params=client_install.versions())
def old_or_new(request: pytest.FixtureRequest, pytestconfig: pytest.Config, home: Path) -> Client:
    return Client(program(pytestconfig, str(request.param)), home)


def copy_of_the_plugin(folder: Path) -> Path:
    return Path(shutil.copytree(ROOT, folder, symlinks=True, ignore=UNWANTED))


def records(project: Path) -> list[dict[str, Any]]:
    """The usage records once there is one."""
    wait_until(lambda: usage_records(project) != [])
    return usage_records(project)


def test_an_agent_gets_its_memory_and_is_recorded(old_or_new: Client, team: Path) -> None:
    session = old_or_new.run(team, SCRIPT, "--permission-mode", "default")
    block = only_block(session.first_request("TASK-01").prompt)
    assert "incremental models" in facts_in(block.text, "dbt-expert")
    (record,) = records(team)
    assert record["delivered"] is True
    assert record["success"] is True


def no_files(plugin: Path) -> None:
    shutil.rmtree(plugin / "lib")
    for script in (plugin / "hooks").glob("*.py"):
        script.unlink()


def no_launchers(plugin: Path) -> None:
    (plugin / "bin/memory-budget").unlink()
    (plugin / "hooks/if_needed").unlink()


def another_machines_program(plugin: Path) -> None:
    for path in (plugin / "bin/memory-budget", plugin / "hooks/if_needed"):
        path.write_bytes(b"\x7fELF\x02\x01\x01" + b"\x00" * 9 + b"\x02\x00\xb7\x00" + b"\x00" * 44)


def every_hook_ends_with_2(plugin: Path) -> None:
    for path in (plugin / "bin/memory-budget", plugin / "hooks/if_needed"):
        path.write_text("#!/bin/sh\nexit 2\n")


def broken_library(plugin: Path) -> None:
    for path in (plugin / "lib/memory_budget").rglob("*.py"):
        path.write_text("def broken(:\n")


@pytest.mark.parametrize(
    "damage", [no_files, no_launchers, another_machines_program, every_hook_ends_with_2, broken_library]
)
def test_no_damage_keeps_an_agent_from_starting(
    old_or_new: Client, team: Path, tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    plugin = copy_of_the_plugin(tmp_path / "the plugin")
    damage(plugin)
    session = Client(old_or_new.program, old_or_new.home, plugin).run(team, SCRIPT)
    assert session.first_request("TASK-01").prompt.endswith(TASK)


def test_a_folder_with_signs_that_a_shell_reads(old_or_new: Client, team: Path, tmp_path: Path) -> None:
    plugin = copy_of_the_plugin(tmp_path / 'we\'ird "$HOME" `x` dir')
    client = Client(old_or_new.program, old_or_new.home, plugin)
    session = client.run(team, SCRIPT, "--permission-mode", "default")
    only_block(session.first_request("TASK-01").prompt)


def test_with_nothing_but_a_python(old_or_new: Client, team: Path) -> None:
    """No data folder, no libraries, no network: blocks within their budget, and the run is recorded."""
    client = old_or_new
    client.prepare_home()
    shutil.rmtree(client.home / ".claude")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Client, "prepare_home", lambda self: None)
        session = client.run(team, SCRIPT, "--permission-mode", "default")
    only_block(session.first_request("TASK-01").prompt)
    (record,) = records(team)
    assert record["tokens_loaded"] <= record["budget_allocated"]
