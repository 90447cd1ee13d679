"""A disk that is full, or cannot be written, from any step on: agents get their memory, and no record is lost or doubled."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.torture.scene import Scene

KINDS = ("full", "readonly")


def start_refused(kind: str, context: bool, steps: Iterable[int]) -> int:
    """The hook that plans, with the fault from each step on. Returns in how many cases something was refused."""
    faults = 0
    for at in steps:
        with tempfile.TemporaryDirectory() as folder:
            scene = Scene(Path(folder))
            done = scene.act("pre", scene.call(1, context=context), kind, at)
            prompt = done.answer.get("hookSpecificOutput", {}).get("updatedInput", {}).get("prompt", "")
            if "<project-memory" not in prompt:
                said = scene.act("start:1", scene.start_payload(1)).answer
                prompt = said.get("hookSpecificOutput", {}).get("additionalContext", "")
            assert "merge on the key" in prompt, f"{kind} from step {at} on: no memory; {done.errors}"
            message = done.answer.get("systemMessage", "")
            assert "without its memory" not in message, message
            if not message:
                break
            assert "cannot be written" in message, message
            faults += 1
    return faults


def record_refused(kind: str, context: bool, steps: Iterable[int]) -> int:
    """The process that records, with the fault from each step on, then a later session on a disk that has room again."""
    faults = 0
    for at in steps:
        with tempfile.TemporaryDirectory() as folder:
            scene = Scene(Path(folder))
            ended = scene.live(1, context=context)
            done = scene.act("finish", ended, kind, at)
            scene.lose_client()
            scene.act("close")
            records = scene.records()
            assert len(records) == 1, f"{kind} from step {at} of recording on: {len(records)} records"
            assert records[0]["delivered"] is True
            if done.steps and done.steps < at:
                break
            faults += 1
    return faults


def run(size: int) -> list[str]:
    """Everything, at most `size` steps of each kind."""
    counts = {
        f"{kind} disk, {what} ({'context' if context else 'prompt'} channel)": act(
            kind, context, range(1, size + 1)
        )
        for kind in KINDS
        for what, act in (("starting an agent", start_refused), ("recording a run", record_refused))
        for context in (False, True)
    }
    return [
        f"{count} faults, {what}: 0 agents without memory, 0 records lost or doubled"
        for what, count in counts.items()
    ]
