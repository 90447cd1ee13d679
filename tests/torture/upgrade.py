"""Two versions of the plugin in one project, one after the other and at the same time: every agent of each has its memory and one
record, no line of the log is torn, and neither fails over what the other left.

The other version is taken from the history (`--old REV`), or from a folder that holds one (`--old DIR`).
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from memory_budget.log import usage
from tests.support import hooks
from tests.support.environment import ROOT
from tests.torture.damage import more_notes
from tests.torture.scene import Scene

#: What came before: 0.1, and the first state of 0.2.0.
EARLIER = ("cb0bf13", "0582c02")
_ID = re.compile(r'<project-memory id="([0-9a-f]+)"')
_FAILURE = re.compile(
    r"^(?!.*made by another version)(?:\w+\.)*\w*(?:Error|Exception|Timeout)\b.*", re.MULTILINE
)
#: A profiles file as 0.1 described it.
PROFILES = {
    "version": "1.0.0",
    "default_profile": "specialist-narrow",
    "agent_assignments": {"dbt-expert": "specialist-broad"},
    "profiles": {"mine": {"base_budget": 20_000, "max_budget": 50_000}},
}


class Missing(Exception):
    """The history does not hold the version asked for; the text says which."""


class Version(NamedTuple):
    """A plugin's folder, and what to call it."""

    name: str
    root: Path

    def hook(
        self, scene: Scene, event: str, payload: dict[str, Any], *arguments: str, **more: str
    ) -> hooks.Said:
        """One hook call of this version."""
        program: tuple[str, ...] = (hooks.INTERPRETER, "-I", "-S", str(self.root / f"hooks/{event}.py"))
        if event == "subagent_start":
            program = ("/bin/sh", str(self.root / "hooks/if_needed"), event)
        return hooks.run("", payload, scene.root, scene.home, *arguments, program=program, timeout=60, **more)

    def command(self, scene: Scene, *words: str) -> subprocess.CompletedProcess[str]:
        """One call of this version's command line."""
        program = [sys.executable, "-I", str(self.root / "lib/memory_budget/__main__.py"), *words]
        environment = hooks.environ(scene.root, scene.home)
        return subprocess.run(
            [*program, "--project", str(scene.root)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )

    def parts(self) -> int:
        """How many handlers its SubagentStart has."""
        listed = json.loads((self.root / "hooks/hooks.json").read_text())["hooks"]["SubagentStart"]
        return sum(len(entry["hooks"]) for entry in listed)


THIS = Version("this version", ROOT)


@contextlib.contextmanager
def version(old: str) -> Iterator[Version]:
    """The version that `old` names: a folder, or a commit of this repository's history. Raises Missing."""
    if os.path.isdir(old):
        yield Version(old, Path(old).absolute())
        return
    with tempfile.TemporaryDirectory() as folder:
        try:
            archive = subprocess.run(
                ["git", "-c", "safe.directory=*", "-C", str(ROOT), "archive", old], capture_output=True
            )
        except FileNotFoundError:
            raise Missing(f"{old}: not in this history (there is no git)") from None
        if archive.returncode:
            raise Missing(f"{old}: not in this history ({archive.stderr.decode().strip().splitlines()[-1:]})")
        subprocess.run(["tar", "x", "-C", folder], input=archive.stdout, check=True)
        yield Version(old, Path(folder))


class Both:
    """A project that two versions use."""

    def __init__(self, folder: Path) -> None:
        self.scene = Scene(folder)
        more_notes(self.scene)
        (self.scene.root / ".claude/memory/budget-profiles.json").write_text(json.dumps(PROFILES))
        data = self.scene.home / "plugin-data"
        data.mkdir()
        base = getattr(sys, "_base_executable", sys.executable)
        (data / "interpreter").write_text(f"{base}\n{sys.executable}\n")
        self.handed: dict[str, str] = {}
        self.problems: list[str] = []
        self.lock = threading.Lock()
        self.numbers = iter(range(1, 10**9))
        self.commands = 0

    def start(self, who: Version, session: str, *, context: bool) -> tuple[int, list[str]]:
        """Start an agent, in a session that has one agent at a time. Returns its number and what it was given."""
        with self.lock:
            number = next(self.numbers)
        scene = self.scene
        call = {**scene.call(number, context=context), "session_id": session}
        said = who.hook(scene, "pre_tool_use", call)
        given = [str(said.prompt or call["tool_input"]["prompt"])]
        if context:
            payload = {**scene.start_payload(number), "session_id": session}
            parts = [
                who.hook(scene, "subagent_start", payload, str(part)).context
                for part in range(1, who.parts() + 1)
            ]
            given += [part for part in parts if part]
        found = _ID.search("\n".join(given))
        with self.lock:
            self.handed[f"a{number}"] = found[1] if found else ""
            if not found:
                self.problems.append(f"{who.name}, agent {number}: no memory ({said.message})")
        return number, given

    def end(self, who: Version, session: str, number: int, given: list[str]) -> None:
        ended = {**self.scene.transcript(number, given), "session_id": session}
        who.hook(self.scene, "subagent_stop", ended)

    def run(self, who: Version, *words: str) -> None:
        done = who.command(self.scene, *words)
        with self.lock:
            self.commands += 1
            if done.returncode not in (0, 1) or "Traceback" in done.stderr:
                self.problems.append(f"{who.name}, {' '.join(words)}: {done.stderr[-300:]}")

    def settle(self, count: int, seconds: float = 60.0) -> None:
        """Wait until the log holds so many records."""
        until = time.monotonic() + seconds
        while time.monotonic() < until and len(self.records()) < count:
            time.sleep(0.2)

    def records(self) -> list[dict[str, Any]]:
        return [entry for entry in usage.read_all(self.scene.project) if not isinstance(entry, usage.BadLine)]

    def check(self, said: str) -> str:
        """One true record for every agent, and nothing failed. Returns the counts."""
        entries = list(usage.read_all(self.scene.project))
        torn = [entry for entry in entries if isinstance(entry, usage.BadLine)]
        records = self.records()
        agents = [record["agent_id"] for record in records]
        lost = set(self.handed) - set(agents)
        wrong = [
            record["agent_id"]
            for record in records
            if self.handed.get(record["agent_id"]) != record["allocation_id"]
        ]
        log = Path(self.scene.project.cache, "logs/hooks.log")
        failures = _FAILURE.findall(log.read_text()) if log.exists() else []
        counts = (
            f"{len(self.handed)} agents, {self.commands} jobs and rebuilds: {len(lost)} records lost, "
            f"{len(agents) - len(set(agents))} doubled, {len(torn)} torn, {len(wrong)} wrong, {len(failures)} failures logged"
        )
        assert not self.problems, f"{said}: {self.problems[:3]}; {counts}"
        assert not any((lost, torn, wrong, failures)), (
            f"{said}: {counts}; {sorted(lost)[:3]} {wrong[:3]} {failures[:3]}"
        )
        assert len(agents) == len(set(agents)), f"{said}: {counts}"
        return counts


def in_turn(old: Version, rounds: int) -> str:
    """The versions take turns: an agent started by one and still running is ended by the other, after its jobs."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        both = Both(Path(folder))
        for turn in range(rounds):
            who, other = (old, THIS) if turn % 2 == 0 else (THIS, old)
            # A session each: where two plans of a turn are open and nobody says whose they are, silence is right.
            prompt, channel, still = (f"turn-{turn}-{kind}" for kind in ("prompt", "context", "open"))
            both.run(who, "index")
            whole = [
                (prompt, both.start(who, prompt, context=False)),
                (channel, both.start(who, channel, context=True)),
            ]
            number, given = both.start(who, still, context=turn % 4 < 2)
            for session, (ended, parts) in whole:
                both.end(who, session, ended, parts)
            both.settle(len(both.handed) - 1)
            both.run(who, "run", "weekly")
            both.run(other, "index")
            both.run(other, "run", "daily")
            both.end(other, still, number, given)
            both.settle(len(both.handed))
            both.run(other, "report")
        return both.check(f"in turn with {old.name}")


def at_once(old: Version, seconds: float) -> str:
    """The versions at the same time: four sessions of each with an agent after the other, rebuilds and jobs of both."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        both = Both(Path(folder))
        until = time.monotonic() + seconds

        def session(who: Version, name: str, context: bool) -> None:
            while time.monotonic() < until:
                number, given = both.start(who, name, context=context)
                time.sleep(0.5)
                both.end(who, name, number, given)

        def commands(who: Version, *words: str) -> None:
            while time.monotonic() < until:
                both.run(who, *words)
                time.sleep(1.0)

        threads = [
            threading.Thread(target=session, args=(who, f"{who.name}-{number}", number % 2 == 0))
            for who in (old, THIS)
            for number in range(4)
        ]
        threads += [
            threading.Thread(target=commands, args=(who, *words))
            for who in (old, THIS)
            for words in (("index", "--rebuild"), ("run", "daily"))
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        both.settle(len(both.handed))
        return both.check(f"at once with {old.name}")


def run(size: int, olds: tuple[str, ...] = EARLIER) -> list[str]:
    """Six turns and `size` seconds at once with each version."""
    lines = []
    for old in olds:
        try:
            with version(old) as other:
                lines.append(f"in turn with {old}: {in_turn(other, 6)}")
                lines.append(f"at once with {old}: {at_once(other, size)}")
        except Missing as missing:
            lines.append(f"skipped: {missing}")
    return lines
