"""A process killed at any of its steps: one record for every run, and no agent without its memory."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.torture.scene import Scene


def record_killed(context: bool, steps: Iterable[int]) -> int:
    """Kill the process that records a run at each of its steps; the next session closes what is open. Returns how often."""
    kills = 0
    for at in steps:
        with tempfile.TemporaryDirectory() as folder:
            scene = Scene(Path(folder))
            ended = scene.live(1, context=context)
            done = scene.act("finish", ended, "kill", at)
            scene.lose_client()
            scene.act("close")
            scene.act("close")
            records = scene.records()
            assert len(records) == 1, f"killed at step {at} of recording: {len(records)} records"
            assert records[0]["delivered"] is True, f"killed at step {at}: {records[0]['delivered']}"
            assert not list(Path(scene.project.cache, "pending").iterdir()), (
                f"killed at step {at}: an allocation stays"
            )
            if not done.killed:
                break
            kills += 1
    return kills


def start_killed(context: bool, steps: Iterable[int]) -> int:
    """Kill the hook that plans at each of its steps: the next agent gets its own memory. Returns how often."""
    kills = 0
    for at in steps:
        with tempfile.TemporaryDirectory() as folder:
            scene = Scene(Path(folder))
            done = scene.act("pre", scene.call(1, context=context), "kill", at)
            ended = scene.live(2, context=context)
            scene.act("finish", ended)
            scene.lose_client()
            scene.act("close")
            (record,) = scene.records()
            assert record["agent_id"] == "a2", f"killed at step {at} of a start: {record['agent_id']}"
            if not done.killed:
                break
            kills += 1
    return kills


def run(size: int) -> list[str]:
    """Everything, at most `size` kills of each kind."""
    counts = {
        f"{what} ({'context' if context else 'prompt'} channel)": act(context, range(1, size + 1))
        for what, act in (("recording a run", record_killed), ("starting an agent", start_killed))
        for context in (False, True)
    }
    return [
        f"{count} kills while {what}: 0 records lost, 0 doubled, 0 wrong" for what, count in counts.items()
    ]
