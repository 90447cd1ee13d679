"""Run the real client in a project, with a scratch home, against the scripted API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.environment import ROOT
from tests.support.fake_api import FakeAPI, Request, Script

#: How long one scripted session may take on a busy machine, in seconds.
TIMEOUT = 240.0


@dataclass(frozen=True)
class Session:
    """A client session that has ended. `output` is the client's own last word."""

    api: FakeAPI
    exit_code: int
    output: str
    errors: str
    home: Path
    project: Path

    @property
    def result(self) -> dict[str, Any]:
        """The client's result object (`--output-format json`)."""
        value = json.loads(self.output)
        assert isinstance(value, dict), self.output
        return value

    def first_request(self, name: str) -> Request:
        return self.api.first_request(name)


def transcripts_in(home: Path) -> list[Path]:
    """Transcripts of the agents of every session run in this home."""
    return sorted((home / ".claude" / "projects").rglob("agent-*.jsonl"))


@dataclass(frozen=True)
class Client:
    """The installed client: `run` a whole session, or `start` one and act while it runs."""

    program: Path
    home: Path
    plugin: Path = ROOT

    def run(self, project: Path, script: Script, *extra: str, **options: Any) -> Session:
        """Run a session to its end. `options` are those of `start`."""
        with self.start(project, script, *extra, **options) as (process, api):
            output, errors = process.communicate(timeout=TIMEOUT)
        session = Session(api, process.returncode, output, errors, self.home, project)
        assert session.exit_code == 0, f"the client failed: {errors}\n{output}"
        return session

    @contextmanager
    def start(
        self,
        project: Path,
        script: Script,
        *extra: str,
        prompt: str = "Delegate as you see fit.",
        plugins: Sequence[Path] = (),
        environment: Mapping[str, str] | None = None,
        output: str = "json",
    ) -> Iterator[tuple[subprocess.Popen[str], FakeAPI]]:
        """A running session and its API; the session is killed when the block is left before its end.

        extra: further arguments of the client. plugins: loaded beside this one, after it.
        """
        self.prepare_home()
        command = [str(self.program), "-p", prompt, "--output-format", output]
        command += ["--verbose"] if output == "stream-json" else []
        for plugin in (self.plugin, *plugins):
            command += ["--plugin-dir", str(plugin)]
        with FakeAPI(script) as api:
            process = subprocess.Popen(
                [*command, *extra],
                cwd=project,
                env=self.environment(api.url) | dict(environment or {}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            with process:
                try:
                    yield process, api
                finally:
                    if process.poll() is None:
                        process.kill()

    def environment(self, url: str) -> dict[str, str]:
        """The least the client needs, and nothing of the person who runs the tests."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "ANTHROPIC_BASE_URL": url,
            "ANTHROPIC_API_KEY": "not-a-key",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_TELEMETRY": "1",
            "MEMORY_BUDGET_LIBRARIES": "never",  # no test downloads anything
            "IS_SANDBOX": "1",  # else the client refuses to bypass permissions as root
        }

    def prepare_home(self) -> None:
        """Give the plugin's data folder what the installer writes: the interpreters to use."""
        data = self.home / ".claude" / "plugins" / "data" / "memory-budget-inline"
        data.mkdir(parents=True, exist_ok=True)
        base = getattr(sys, "_base_executable", sys.executable)
        (data / "interpreter").write_text(f"{base}\n{sys.executable}\n")
