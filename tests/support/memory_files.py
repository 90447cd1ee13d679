"""A project's memory files as a test sees them: written, read back whole, and as the jobs know them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import orjson

from memory_budget.base.project import Project
from memory_budget.upkeep import memory_files
from memory_budget.upkeep.memory_files import MemoryFile
from tests.support.projects import make_project

MEMORY = ".claude/memory"
#: The day most tests take for today.
TODAY = date(2026, 6, 15).toordinal()
NOW = datetime(2026, 6, 15, 12, 0).timestamp()


def memory(root: Path, files: Mapping[str, str], home: Path) -> Project:
    """A project whose memory holds `files` (paths below `.claude/memory`)."""
    make_project(root, {f"{MEMORY}/{name}": text for name, text in files.items()})
    return Project(str(root), str(home))


def snapshot(project: Project) -> dict[str, bytes]:
    """Every file below `.claude/memory` with its bytes; folders are named with a slash at the end."""
    base = Path(project.memory)
    return {
        path.relative_to(base).as_posix() + ("/" if path.is_dir() else ""): b""
        if path.is_dir()
        else path.read_bytes()
        for path in base.rglob("*")
    }


def note(path: str, **known: Any) -> MemoryFile:
    """A note as the jobs see it, by its path below `.claude/memory`; what is not given is unremarkable."""
    names = path.split("/")
    owned = names[0] in ("specialists", "roles", "agents")
    fields: dict[str, Any] = {
        "path": f"{MEMORY}/{path}",
        "scope": ("agent_patterns" if names[2] == "patterns" else "agent_recent") if owned else "global",
        "owner": names[1] if owned else "",
        "category": names[0] if owned else "",
        "native": "",
        "tokens": 100,
        "hash": path,
        "date": 0,
        "confidence": -1.0,
        "always": False,
        "expires": 0,
        "uses": 0,
        "last_used": 0,
        "agents": frozenset(),
        "first_seen": TODAY,
        "movable": True,
    }
    return MemoryFile(**{**fields, **known})


def sent_line(files: Iterable[str], agent: str, moment: float, read: Iterable[str] = ()) -> bytes:
    """A line of the log of what runs were given; paths below `.claude/memory`."""
    return (
        orjson.dumps(
            {
                "time": moment,
                "agent": agent,
                "files": [f"{MEMORY}/{path}" for path in files],
                "chunks": [],
                "read": [f"{MEMORY}/{path}" for path in read],
            }
        )
        + b"\n"
    )


def used(
    project: Project, files: Iterable[str], agent: str, times: int = 1, moment: float | None = None
) -> None:
    """Let runs of an agent have been given files."""
    project.ensure_cache()
    with open(project.cache + "/sent.jsonl", "ab") as log:
        for _ in range(times):
            log.write(sent_line(files, agent, time.time() if moment is None else moment))


def seen_since(project: Project, first: int, active: Iterable[int] = ()) -> None:
    """Let the jobs have known every file since a day, and agents have run on some days."""
    paths = [f"{MEMORY}/{name}" for name in snapshot(project) if name.endswith(".md")]
    memory_files.write_seen(project, memory_files.Seen(dict.fromkeys(paths, first), list(active)))
