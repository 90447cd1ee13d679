"""A project with agents' memory, and agents' whole lives in it, step by step and without a client."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from memory_budget.base import spawn
from memory_budget.base.project import Project
from memory_budget.index import update
from memory_budget.log import usage
from tests.support import hooks
from tests.support.environment import ROOT
from tests.support.projects import OTHER_NOTES, make_project
from tests.torture import child

FILES = {
    ".claude/memory/specialists/dbt-expert/patterns/models.md": (
        "# Incremental models\n\nIncremental models merge on the key; write up the incremental models as dbt builds them.\n"
    ),
    ".claude/agents/dbt-expert.md": "---\nname: dbt-expert\ndescription: dbt\n---\nYou do dbt.\n",
    **OTHER_NOTES,
}
SESSION = "5e55-10n"


class Done(NamedTuple):
    """How a child ended: whether it was killed, its answer, and how many steps it took (0 where it was killed)."""

    killed: bool
    answer: dict[str, Any]
    steps: int
    errors: str


class Scene:
    """One project and its client's files, in a folder of its own."""

    def __init__(self, folder: Path, *, made: bool = False) -> None:
        """`made`: the project is there already."""
        self.root = folder / "project" if made else make_project(folder / "project", FILES)
        self.home = folder / "home"
        self.home.mkdir(exist_ok=True)
        self.session = folder / f"{SESSION}.jsonl"
        self.session.touch()
        self.project = Project(str(self.root), str(self.home))
        if not made:
            update.update_index(self.project)

    def act(self, act: str, payload: dict[str, Any] | None = None, fault: str = "none", at: int = 0) -> Done:
        """Do one thing (see `child`): with a fault in a process of its own, which it may end."""
        if fault == "none":
            with patch.object(spawn, "start", lambda *_: None):
                return Done(False, json.loads(child.perform(act, self.project, payload or {})), 0, "")
        command = [
            sys.executable,
            "-m",
            "tests.torture.child",
            act,
            fault,
            str(at),
            str(self.root),
            str(self.home),
        ]
        command += [json.dumps(payload)] if payload is not None else []
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": f"{ROOT}/lib", "TMPDIR": str(self.home)}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, timeout=60)
        killed = done.returncode < 0
        words = done.stderr.decode("utf-8", "replace").split()
        steps = int(words[-1]) if not killed and words and words[-1].isdigit() else 0
        answer = json.loads(done.stdout) if done.stdout and not killed else {}
        return Done(killed, answer, steps, done.stderr.decode("utf-8", "replace"))

    def call(self, number: int, *, context: bool) -> dict[str, Any]:
        """The payload of the call that starts agent `number`."""
        return hooks.agent_call(
            "dbt-expert",
            tool_use=f"toolu_{number}",
            permission_mode="auto" if context else "default",
            transcript_path=str(self.session),
        )

    def start_payload(self, number: int) -> dict[str, Any]:
        return hooks.start_payload("dbt-expert", f"a{number}", transcript_path=str(self.session))

    def transcript(self, number: int, given: list[str]) -> dict[str, Any]:
        """Write what the client writes of agent `number`, and return the payload of its end."""
        folder = self.session.parent / SESSION / "subagents"
        folder.mkdir(parents=True, exist_ok=True)
        usage = {"input_tokens": 10, "output_tokens": 5}
        message = {"id": "m", "model": "claude-x", "stop_reason": "end_turn", "usage": usage, "content": []}
        lines: list[dict[str, Any]] = [
            {"type": "user", "timestamp": "2026-01-02T03:04:05Z", "message": {"content": given[0]}}
        ]
        for text in given[1:]:
            lines.append(
                {"type": "attachment", "attachment": {"type": "hook_additional_context", "content": [text]}}
            )
        lines.append({"type": "assistant", "timestamp": "2026-01-02T03:04:06Z", "message": message})
        path = folder / f"agent-a{number}.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        meta = {"toolUseId": f"toolu_{number}", "agentType": "dbt-expert"}
        path.with_suffix(".meta.json").write_text(json.dumps(meta))
        return {**self.start_payload(number), "agent_transcript_path": str(path)}

    def live(self, number: int, *, context: bool) -> dict[str, Any]:
        """Start agent `number` and have it run. Returns the payload of its end."""
        said = self.act("pre", self.call(number, context=context)).answer
        prompt = "Write up the incremental models."
        given = [prompt]
        if context:
            part = self.act("start:1", self.start_payload(number)).answer
            given.append(part["hookSpecificOutput"]["additionalContext"])
        else:
            given = [said["hookSpecificOutput"]["updatedInput"]["prompt"]]
        return self.transcript(number, given)

    def lose_client(self) -> None:
        """Have every open allocation be one of a client that is gone, as a later session finds it."""
        for path in Path(self.project.cache, "pending").glob("*.json"):
            kept = json.loads(path.read_text())
            path.write_text(json.dumps({**kept, "client": [2**22 + 1, 1]}))

    def records(self) -> list[dict[str, Any]]:
        """The usage log, in order; every line must be a record."""
        entries = list(usage.read_all(self.project))
        assert not [entry for entry in entries if isinstance(entry, usage.BadLine)], entries
        return [entry for entry in entries if not isinstance(entry, usage.BadLine)]
