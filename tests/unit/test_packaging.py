"""Files the client reads are what it expects: one that is broken takes the whole plugin down, silently."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from memory_budget.select import parts
from tests.support.environment import ROOT

READ_BY_THE_CLIENT = (
    ".claude-plugin/plugin.json",
    ".claude-plugin/marketplace.json",
    "hooks/hooks.json",
    "hooks/newer_clients.json",
)
#: What 2.1.87, the oldest client, takes: another event in the file and it runs none of its hooks.
KNOWN_TO_THE_OLDEST = {
    "PreToolUse",
    "PostToolUse",
    "PostToolUseFailure",
    "SubagentStart",
    "SubagentStop",
    "SessionStart",
    "SessionEnd",
    "Stop",
}
#: The forms that every client runs, from any folder, and that no failure turns into the exit code 2, which blocks agents. They
#: say which process the client is, for not every client does; `$PPID` is that of the shell and not of what it starts. The
#: second one costs one shell and not three: ten of them stand at each agent's start.
COMMAND = re.compile(
    r'CLAUDE_PID=\$\{CLAUDE_PID:-\$PPID\} "\$CLAUDE_PLUGIN_ROOT/bin/memory-budget" hook ([a-z_]+)( [0-9]+)? \|\| true'
    r"|trap 'exit 0' EXIT; "
    r'f="\$CLAUDE_PLUGIN_ROOT/hooks/if_needed"; \[ -r "\$f" \] \|\| exit 0; set -- ([a-z_]+)( [0-9]+)?; \. "\$f"'
)


def events(name: str) -> dict[str, list[dict[str, Any]]]:
    hooks = json.loads((ROOT / "hooks" / name).read_text(encoding="utf-8"))["hooks"]
    assert isinstance(hooks, dict)
    return hooks


def handlers() -> list[dict[str, Any]]:
    both = [*events("hooks.json").values(), *events("newer_clients.json").values()]
    return [handler for groups in both for group in groups for handler in group["hooks"]]


@pytest.mark.parametrize("name", READ_BY_THE_CLIENT)
def test_it_is_a_json_object(name: str) -> None:
    assert isinstance(json.loads((ROOT / name).read_text(encoding="utf-8")), dict)


def test_every_handler_is_there_and_ends_soon() -> None:
    for handler in handlers():
        assert set(handler) - {"if"} == {"type", "command", "timeout"}, handler
        command = COMMAND.fullmatch(handler["command"])
        assert command, handler["command"]
        assert (ROOT / "hooks" / f"{command[1] or command[3]}.py").is_file(), handler
        assert 0 < handler["timeout"] <= 10


def test_what_handlers_run_can_be_run() -> None:
    for name in ("bin/memory-budget", "hooks/if_needed"):
        assert os.access(ROOT / name, os.X_OK), name


def test_there_is_a_handler_for_every_part_of_a_block() -> None:
    for event, count in (("SubagentStart", parts.PARTS), ("SessionStart", 4)):
        (group,) = events("hooks.json")[event]
        commands = [handler["command"] for handler in group["hooks"] if "if_needed" in handler["command"]]
        numbers = [
            match[1] for command in commands if (match := re.search(r"set -- [a-z_]+ ([0-9]+);", command))
        ]
        assert numbers == [str(number) for number in range(1, count + 1)]


def test_the_oldest_client_knows_every_event_of_the_main_file() -> None:
    assert set(events("hooks.json")) <= KNOWN_TO_THE_OLDEST
    manifest = json.loads((ROOT / ".claude-plugin/plugin.json").read_text(encoding="utf-8"))
    assert manifest["hooks"] == "./hooks/newer_clients.json"
    assert not set(events("newer_clients.json")) & KNOWN_TO_THE_OLDEST


@pytest.mark.parametrize("folder", ["plain", 'we\'ird "$HOME" `x` dir'])
def test_a_handler_never_fails_whatever_the_plugins_folder_is(tmp_path: Path, folder: str) -> None:
    root = tmp_path / folder
    root.mkdir()
    for handler in handlers():  # nothing is there: `sh` itself says so
        done = subprocess.run(
            ["/bin/sh", "-c", handler["command"]],
            env={"PATH": os.environ["PATH"], "CLAUDE_PLUGIN_ROOT": str(root)},
            input=b"{}",
            capture_output=True,
        )
        assert (done.returncode, done.stdout) == (0, b"")


def test_a_hook_knows_its_client_behind_the_shell(tmp_path: Path) -> None:
    """Clients before 2.1.200 do not name their process; an allocation whose client is gone is closed."""
    command = events("hooks.json")["PreToolUse"][0]["hooks"][0]["command"]
    root = tmp_path / "plugin"
    (root / "bin").mkdir(parents=True)
    launcher = root / "bin" / "memory-budget"
    launcher.write_text('#!/bin/sh\necho "$CLAUDE_PID"\n')
    launcher.chmod(0o755)
    for named, expected in (({}, str(os.getpid())), ({"CLAUDE_PID": "77"}, "77")):
        environment = {"PATH": os.environ["PATH"], "CLAUDE_PLUGIN_ROOT": str(root), **named}
        done = subprocess.run(["/bin/sh", "-c", command], env=environment, capture_output=True, text=True)
        assert done.stdout.strip() == expected


def test_the_manifest_at_the_root_is_a_link() -> None:
    assert os.readlink(ROOT / "plugin.json") == ".claude-plugin/plugin.json"
    assert not (ROOT / ".claude-plugin" / "plugin.json").is_symlink()


@pytest.mark.parametrize(
    "content", ["exit 2\n", "case x in (((\n'unterminated", "\x7fELF\x02\x01", "return 2\n"]
)
def test_a_damaged_script_that_is_sourced_blocks_nothing(tmp_path: Path, content: str) -> None:
    (tmp_path / "hooks").mkdir()
    (tmp_path / "hooks/if_needed").write_text(content)
    for shell in (["dash"], ["bash"], ["busybox", "sh"]):
        for handler in handlers():
            if shutil.which(shell[0]) and "if_needed" in handler["command"]:
                done = subprocess.run(
                    [*shell, "-c", handler["command"]],
                    env={"PATH": os.environ["PATH"], "CLAUDE_PLUGIN_ROOT": str(tmp_path)},
                    input=b"{}",
                    capture_output=True,
                )
                assert done.returncode == 0
