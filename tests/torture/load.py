"""Many agents of several sessions at once, with edits of memory, rebuilds of the index and jobs beside them.

Each agent is real hooks in processes of their own, from its start to the detached process that writes its record; only the
client is played. In the end there is one record for each run, with the allocation that this agent was handed.
"""

from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from memory_budget.log import usage
from tests.support import hooks
from tests.support.environment import ROOT
from tests.torture.scene import Scene

AGENTS = 32
#: No rebuild of an index this small may take longer, in seconds.
LONGEST_REBUILD = 60.0
_ID = re.compile(r'<project-memory id="([0-9a-f]+)"')


class Load:
    """The run of one load: what was started, how long starts took, and what went wrong."""

    def __init__(self, scene: Scene, seconds: float) -> None:
        self.scene = scene
        self.until = time.monotonic() + seconds
        self.lock = threading.Lock()
        self.handed: dict[str, str] = {}
        self.starts: list[float] = []
        #: Seconds that a planning hook had no use for a processor: it waited for a disk, a lock, another process.
        self.waits: list[float] = []
        self.problems: list[str] = []
        self.edits = self.rebuilds = self.jobs = 0
        self.numbers = iter(range(10**9))

    @property
    def goes_on(self) -> bool:
        return time.monotonic() < self.until

    def agent(self, session: str, seed: int) -> None:
        """One agent after the other until time is up."""
        rng = random.Random(seed)
        time.sleep(rng.uniform(0.0, 10.0))
        while self.goes_on:
            with self.lock:
                number = next(self.numbers)
            try:
                self.life(session, number, context=rng.random() < 0.5, runs=rng.uniform(4.0, 20.0))
            except Exception as error:
                self.problems.append(f"agent {number}: {type(error).__name__}: {error}")
            time.sleep(rng.uniform(1.0, 8.0))

    def life(self, session: str, number: int, *, context: bool, runs: float) -> None:
        """One agent from its start to its end."""
        scene, root, home = self.scene, self.scene.root, self.scene.home
        call = {**scene.call(number, context=context), "session_id": session}
        # The client's mod says who is who, and that it does (2.1.287 and newer).
        began = time.perf_counter()
        said, processor = measured("pre_tool_use", call, root, home, MEMORY_BUDGET_MOD="1")
        started = time.perf_counter() - began
        waited = started - processor
        given = [str(said.prompt or call["tool_input"]["prompt"])]
        payload = {**scene.start_payload(number), "session_id": session}
        if context:
            bound = Path(scene.project.cache, "bound", f"a{number}")
            bound.parent.mkdir(exist_ok=True)
            bound.write_text(f"toolu_{number}\n")
            program = ("/bin/sh", str(ROOT / "hooks/if_needed"), "subagent_start")
            began = time.perf_counter()
            part = hooks.run("", payload, root, home, "1", program=program, MEMORY_BUDGET_MOD="1")
            started += time.perf_counter() - began
            given.append(part.context)
        found = _ID.search("\n".join(given))
        with self.lock:
            self.starts.append(started)
            self.waits.append(waited)
            self.handed[f"a{number}"] = found[1] if found else ""
        if not found:
            self.problems.append(f"agent {number} was handed nothing: {said.message or given}")
        time.sleep(runs)
        ended = {**scene.transcript(number, given), "session_id": session}
        hooks.run("subagent_stop", ended, root, home)

    def edit(self) -> None:
        """A person who keeps writing notes."""
        rng = random.Random(1)
        while self.goes_on:
            path = self.scene.root / f".claude/memory/patterns/note-{rng.randrange(40)}.md"
            if rng.random() < 0.2:
                path.unlink(missing_ok=True)
            else:
                path.write_text(
                    f"# Note\n\nNote {rng.random()} on the parking of laptops.\n" * rng.randrange(1, 40)
                )
            self.edits += 1
            time.sleep(rng.uniform(0.05, 0.5))

    def command(self, *words: str) -> None:
        """The command line, again and again."""
        program = [sys.executable, "-I", str(ROOT / "lib/memory_budget/__main__.py"), *words]
        while self.goes_on:
            try:
                done = subprocess.run(
                    [*program, "--project", str(self.scene.root)],
                    env=hooks.environ(self.scene.root, self.scene.home),
                    capture_output=True,
                    text=True,
                    timeout=LONGEST_REBUILD,
                )
            except subprocess.TimeoutExpired:
                self.problems.append(f"{' '.join(words)} did not end within {LONGEST_REBUILD:.0f} s")
                continue
            if done.returncode not in (0, 1) or "Traceback" in done.stderr:
                self.problems.append(f"{' '.join(words)}: {done.stderr[-300:]}")
            if words[0] == "index":
                self.rebuilds += 1
            else:
                self.jobs += 1
            time.sleep(3.0)

    def go(self) -> list[str]:
        """Start everything, wait for all records, and check them."""
        sessions = [f"session-{number % 4}" for number in range(AGENTS)]
        threads = [
            threading.Thread(target=self.agent, args=(session, seed)) for seed, session in enumerate(sessions)
        ]
        threads += [
            threading.Thread(target=self.edit),
            threading.Thread(target=self.command, args=("index", "--rebuild")),
            threading.Thread(target=self.command, args=("run", "daily")),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        end = time.monotonic() + 60
        while time.monotonic() < end and len(self.scene.records()) < len(self.handed):
            time.sleep(0.5)
        return self.verdict()

    def verdict(self) -> list[str]:
        """The counts. Raises AssertionError where something does not hold."""
        entries = list(usage.read_all(self.scene.project))
        torn = [entry for entry in entries if isinstance(entry, usage.BadLine)]
        records = [entry for entry in entries if not isinstance(entry, usage.BadLine)]
        seen = [str(record["agent_id"]) for record in records]
        doubled = len(seen) - len(set(seen))
        lost = len(set(self.handed) - set(seen))
        wrong = [one for one in records if self.handed.get(str(one["agent_id"])) != one["allocation_id"]]
        untrue = [one for one in records if one["delivered"] is not True]
        ordered = sorted(self.starts) or [0.0]
        middle, late, slowest = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100], ordered[-1]
        counts = (
            f"{len(self.handed)} agents, {AGENTS} at a time, {self.edits} edits, {self.rebuilds} rebuilds, {self.jobs} jobs: "
            f"{lost} records lost, {doubled} doubled, {len(torn)} torn, {len(wrong)} wrong joins, "
            f"{len(untrue)} not delivered"
        )
        log = Path(self.scene.project.cache, "logs/hooks.log")
        said = log.read_text()[-3000:] if log.exists() else ""
        assert not self.problems, f"{counts}; {self.problems[:5]}; {said}"
        assert not any((lost, torn, wrong, untrue, doubled)), counts
        return [
            counts,
            f"a start took {middle * 1000:.0f} ms in the middle, {late * 1000:.0f} ms for 99 of 100, {slowest * 1000:.0f} ms at the most; "
            f"without a use for the processor {sorted(self.waits)[len(self.waits) // 2] * 1000:.0f} ms and {max(self.waits) * 1000:.0f} ms",
        ]


def measured(
    event: str, payload: dict[str, Any], root: Path, home: Path, **more: str
) -> tuple[hooks.Said, float]:
    """A hook call, and the seconds in which its process ran or waited for a processor (0 where the system does not say)."""
    process = subprocess.Popen(
        [hooks.INTERPRETER, "-I", "-S", str(ROOT / "hooks" / f"{event}.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=root,
        env=hooks.environ(root, home, **more),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    with process.stdin:
        process.stdin.write(json.dumps(payload).encode())
    with process.stdout, process.stderr:
        out, errors = process.stdout.read(), process.stderr.read()
    seconds = 0.0
    if hasattr(os, "waitid"):
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        try:
            ran, queued, _ = Path(f"/proc/{process.pid}/schedstat").read_text().split()
            seconds = (int(ran) + int(queued)) / 1e9
        except (OSError, ValueError):
            pass
    code = process.wait()
    return hooks.Said(code, out.decode("utf-8", "replace"), errors.decode("utf-8", "replace")), seconds


def run(minutes: float) -> list[str]:
    """A load of so many minutes."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        scene = Scene(Path(folder))
        data = scene.home / "plugin-data"
        data.mkdir()
        base = getattr(sys, "_base_executable", sys.executable)
        (data / "interpreter").write_text(f"{base}\n{sys.executable}\n")
        os.environ.setdefault("MEMORY_BUDGET_DATA", str(data))
        return Load(scene, minutes * 60).go()
