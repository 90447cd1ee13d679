"""Starts work that goes on after the hook has answered: its own session, nothing of the client's pipes."""

from __future__ import annotations

import os
import sys
import time

from memory_budget.base import layout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from memory_budget.base.project import Project

MAIN = __file__.removesuffix("base/spawn.py") + "__main__.py"


def interpreter() -> str:
    """The program to run background work with: the one with the libraries where they are installed."""
    data = os.environ.get("CLAUDE_PLUGIN_DATA") or os.environ.get("MEMORY_BUDGET_DATA") or ""
    if data:
        try:
            with open(data + "/interpreter", "rb", buffering=0) as file:
                lines = (file.read() or b"").decode("utf-8", "replace").split("\n")
        except OSError:
            lines = []
        for program in reversed(lines[:2]):
            if program and os.access(program, os.X_OK):
                return program
    return sys.executable


def start(project: Project, task: str, *arguments: str) -> None:
    """Run `memory-budget background TASK` for a project, detached. Raises OSError."""
    program = interpreter()
    argv = [program, "-I", MAIN, "background", task, "--project", project.root, *arguments]
    null = os.devnull
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, null, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, null, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, null, os.O_WRONLY, 0),
    ]
    try:
        os.posix_spawn(program, argv, os.environ, file_actions=actions, setsid=True)
    except NotImplementedError:  # a C library without it: the child stays in our group
        os.posix_spawn(program, argv, os.environ, file_actions=actions, setpgroup=0)


def start_once(project: Project, task: str, seconds: float) -> bool:
    """The same unless it was started in the last `seconds`: sixteen agents need one index update, not sixteen."""
    path = project.writable(layout.STARTED, f"{task}.started")
    try:
        if 0 <= time.time() - os.stat(path).st_mtime < seconds:
            return False
    except OSError:
        pass
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.close(handle)
    os.utime(path)
    start(project, task)
    return True
