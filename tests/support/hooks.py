"""The plugin's hooks as the client runs them: their own process, a payload on standard input, an answer or nothing."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from memory_budget.base.installation import base_interpreter
from tests.support.environment import ROOT

INTERPRETER = base_interpreter()


class Said(NamedTuple):
    """What one hook call left: its exit code and its streams."""

    code: int
    out: str
    err: str

    @property
    def answer(self) -> dict[str, Any]:
        """The answer, {} for silence. Anything but one JSON object, exit code 0 and an empty stderr is an error."""
        assert self.code == 0, self
        assert self.err == "", self
        if not self.out:
            return {}
        answer = json.loads(self.out)
        assert isinstance(answer, dict)
        assert set(answer) <= {"systemMessage", "hookSpecificOutput"}
        specific = answer.get("hookSpecificOutput", {})
        assert "permissionDecision" not in specific
        return answer

    @property
    def prompt(self) -> str | None:
        """The prompt as the hook rewrote it, None where it left it alone."""
        given = self.answer.get("hookSpecificOutput", {}).get("updatedInput")
        return None if given is None else str(given["prompt"])

    @property
    def context(self) -> str:
        return str(self.answer.get("hookSpecificOutput", {}).get("additionalContext", ""))

    @property
    def message(self) -> str:
        return str(self.answer.get("systemMessage", ""))


def environ(project: Path, home: Path, **more: str) -> dict[str, str]:
    return {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "CLAUDE_PROJECT_DIR": str(project),
        "CLAUDE_PLUGIN_DATA": str(home / "plugin-data"),
        "MEMORY_BUDGET_LIBRARIES": "never",  # no test downloads anything
        **more,
    }


def run(
    event: str,
    payload: dict[str, Any] | bytes,
    project: Path,
    home: Path,
    *arguments: str,
    timeout: float = 60,
    program: tuple[str, ...] = (),
    **more: str,
) -> Said:
    """One hook call. `program`: what to start instead of the interpreter and the script."""
    argv = [*(program or (INTERPRETER, "-I", "-S", str(ROOT / "hooks" / f"{event}.py"))), *arguments]
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    done = subprocess.run(
        argv,
        input=data,
        capture_output=True,
        env=environ(project, home, **more),
        timeout=timeout,
        cwd=project,
    )
    return Said(
        done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
    )


def launcher(event: str) -> tuple[str, ...]:
    """The hook through `bin/memory-budget`, as hooks.json has it."""
    return (str(ROOT / "bin" / "memory-budget"), "hook", event)


def agent_call(
    agent: str | None,
    prompt: str = "Write up the incremental models.",
    tool_use: str = "toolu_1",
    **more: Any,
) -> dict[str, Any]:
    """The payload of PreToolUse for the Agent tool; `more` replaces fields."""
    given: dict[str, Any] = {"description": "a task", "prompt": prompt}
    if agent is not None:
        given["subagent_type"] = agent
    return {
        "session_id": "5e55-10n",
        "transcript_path": "/nowhere/5e55-10n.jsonl",
        "cwd": "/nowhere",
        "prompt_id": "turn-1",
        "permission_mode": "default",
        "hook_event_name": "PreToolUse",
        "tool_name": "Agent",
        "tool_use_id": tool_use,
        "tool_input": given,
        **more,
    }


def pre(project: Path, home: Path, agent: str | None = "dbt-expert", *arguments: Any, **more: Any) -> Said:
    """PreToolUse for one agent."""
    return run("pre_tool_use", agent_call(agent, *arguments, **more), project, home)


def start_payload(agent_type: str, agent: str, **more: Any) -> dict[str, Any]:
    return {
        "session_id": "5e55-10n",
        "transcript_path": "/nowhere/5e55-10n.jsonl",
        "cwd": "/nowhere",
        "prompt_id": "turn-1",
        "agent_id": agent,
        "agent_type": agent_type,
        "hook_event_name": "SubagentStart",
        **more,
    }
