"""Every verb with names and texts that would command a terminal: nothing of them reaches it, on a pipe, on a terminal, or as JSON."""

from __future__ import annotations

import errno
import json
import os
import pty
import re
import subprocess
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

from memory_budget.base import hook_log, layout
from memory_budget.cli.main import VERBS
from tests.support import hooks
from tests.support.environment import ROOT
from tests.support.usage_logs import record, write_log
from tests.torture.scene import Scene

#: What clears, colours, renames, asks or turns round a terminal, and what only looks like a line's end.
COMMANDS = (
    "\x1b[2J", "\x1b[31;4;5m", "\x1b]0;title\x07", "\x1b[6n", "\x1bP1$r\x1b\\", "\x1b(0", "\x9b2J", "\x9d0;t\x9c", "\x90q\x9c",
    "\x07", "\x08\x08", "\x0b", "\x0c", "\x0e", "\x7f", "\u202e", "\u2066", "\u200f", "\u2028", "\u0085", "\x00",
)  # fmt: skip
#: What tables and progress bars may send a terminal: colours, the cursor's lines, and its being shown.
_OWN = re.compile(r"\x1b\[(?:[0-9;]*m|\?25[lh]|[0-9]*[AGKJ])")
ALL: dict[str, tuple[tuple[str, ...], ...]] = {
    "preview": (
        ("--agent", "dbt-expert", "--prompt", "Write up models {}", "--all"),
        ("--agent", "x{}", "--prompt", "models"),
    ),
    "complexity": (("Redesign {} the whole billing service",),),
    "status": ((),),
    "run": (("daily",), ("weekly",)),
    "maintain": ((), ("--full",)),
    "health": (("--all",),),
    "duplicates": (("--all",),),
    "undo": (("--list",), ("no{}such",)),
    "report": ((), ("--by", "scope"), ("--html", "page.html")),
    "tune": ((),),
    "index": ((), ("--rebuild",)),
    "profiles": (("check",), ("suggest",)),
    "sources": ((), ("add", "no{}such")),
    "doctor": ((),),
}


def hostile_project(folder: Path, text: str) -> Scene:
    """A project that holds this text in every place whose content a verb may show."""
    scene = Scene(folder)
    name = text.replace("\x00", "").replace("/", "")
    base = scene.root / ".claude"
    for place in ("patterns", "specialists/dbt-expert/patterns", f"specialists/a{name}/recent"):
        for number in range(2):  # copies, so that something is proposed
            path = base / "memory" / place / f"models{name}{number}.md"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(
                f"---\ntitle: models {text}\nconfidence: {text}\n---\n# Models {text}\n\nWrite {text} up models.\n\n[x](no{text}.md)\n"
            )
    (base / f"memory/patterns/bad{name}.md").write_bytes(b"# Models\n\n\xff\xfe" + text.encode())
    (base / f"agents/a{name}.md").write_text(
        f"---\nname: a{name}\ndescription: Leads {text} teams\n---\nDo {text}.\n"
    )
    profiles = {
        "agent_assignments": {f"a{text}": f"no{text}"},
        f"odd{text}": 1,
        "sources": {"global": [f"docs{name}/*.md"]},
    }
    (base / "memory/budget-profiles.json").write_text(json.dumps(profiles))
    days = [datetime.now() - timedelta(days=day) for day in range(12)]
    records = [
        record(
            timestamp=day.isoformat(),
            agent=f"a{text}",
            task=f"t {text}",
            error=f"e {text}",
            model=f"m{text}",
            profile=f"p{text}",
        )
        for day in days
    ]
    write_log(Path(scene.project.log), records)
    with open(scene.project.log, "a", encoding="utf-8") as log:
        log.write(f"no record {text}\n")
    hook_log.log(scene.project, f"Traceback\nValueError: odd {text}")
    rewriter = {"plugin": f"p{text}", "command": f"/x{text}.sh", "at": 1.0}
    Path(scene.project.writable(layout.REWRITERS, "x.json")).write_text(json.dumps(rewriter))
    state = {
        "last": {},
        "results": {"daily": {"started": 1.0, "seconds": 1.0, "problems": [f"odd {text}"]}},
        "attempts": 0,
        "running": None,
    }
    Path(scene.project.writable(layout.SCHEDULE)).write_text(json.dumps(state))
    return scene


def on_terminal(command: list[str], environment: dict[str, str], folder: Path) -> str:
    """What a program sends a terminal."""
    master, slave = pty.openpty()
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, cwd=folder, env=environment)
    os.close(slave)
    parts = []
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            part = os.read(master, 65536)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            break
        if not part:
            break
        parts.append(part)
    os.close(master)
    process.wait(timeout=30)
    return b"".join(parts).decode("utf-8", "replace").replace("\r\n", "\n")


def strange(shown: str) -> set[str]:
    """Signs in what was shown that a terminal would act upon."""
    return {sign for sign in shown if not (sign.isprintable() or sign in "\n\t")}


def call(scene: Scene, verb: str, words: tuple[str, ...], how: str) -> str:
    """One call of a verb, its output on a pipe, as JSON, or on a terminal. Returns what it shows."""
    program = [sys.executable, "-I", str(ROOT / "lib/memory_budget/__main__.py"), verb, *words]
    program += ["--project", str(scene.root), *(["--json"] if how == "JSON" else [])]
    environment = hooks.environ(scene.root, scene.home, TERM="xterm-256color", COLUMNS="100", LINES="40")
    if how == "terminal":
        return _OWN.sub("", on_terminal(program, environment, scene.root)).replace("\r", "\n")
    done = subprocess.run(
        program, cwd=scene.root, env=environment, capture_output=True, stdin=subprocess.DEVNULL, timeout=120
    )
    return (done.stdout + done.stderr).decode("utf-8", "surrogateescape")


def verbs(texts: tuple[str, ...], hows: tuple[str, ...], names: tuple[str, ...] = tuple(ALL)) -> int:
    """Every verb in a project full of each text. Returns the number of calls."""
    assert {verb.name for verb in VERBS} - {"setup"} == set(ALL)
    calls = 0
    for text in texts:
        with tempfile.TemporaryDirectory() as folder:
            scene = hostile_project(Path(folder), text)
            for verb in names:
                for words in ALL[verb]:
                    given = tuple(word.replace("{}", text.replace("\x00", "")) for word in words)
                    for how in hows:
                        shown = call(scene, verb, given, how)
                        calls += 1
                        assert "Traceback" not in shown, (
                            f"{verb} {words} ({how}) with {text!r}: {shown[-500:]}"
                        )
                        found = strange(shown)
                        assert not found, (
                            f"{verb} {words} ({how}) with {text!r}: {sorted(found)!r} in {shown[:300]!r}"
                        )
    return calls


def run(size: int) -> list[str]:
    """Every verb with all texts at once, in each way; and with `size` texts by themselves."""
    hows = ("pipe", "JSON", "terminal")
    calls = verbs(("".join(COMMANDS),), hows)
    calls += verbs(COMMANDS[:size], ("pipe",))
    return [
        f"{calls} calls of {len(ALL)} verbs with names and texts that command a terminal: 0 reached it, 0 tracebacks"
    ]
