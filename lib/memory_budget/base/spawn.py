"""Starts work that goes on after the hook has answered: in a session of its own, with none of the client's pipes.

The standard error of such a process is added to the hooks' log.
"""

from __future__ import annotations

import os
import sys
import time

from memory_budget.base import layout
from memory_budget.base.files import read_bytes, touch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from memory_budget.base.project import Project

MAIN = __file__.removesuffix("base/spawn.py") + "__main__.py"
#: With which the launcher runs it, too: nothing of the user's environment, and names of files are UTF-8 in any locale.
OPTIONS = ("-I", "-X", "utf8")


def data_folders() -> list[str]:
    """The plugin's data folders, the one in use first.

    A plugin started with `claude --plugin-dir` has a folder of its own beside the installed plugin's.
    """
    names = ("MEMORY_BUDGET_DATA", "CLAUDE_PLUGIN_DATA")
    folders = [folder for folder in (os.environ.get(name) or "" for name in names) if folder]
    for folder in tuple(folders):
        parent = os.path.dirname(folder)
        try:
            beside = sorted(name for name in os.listdir(parent) if name.startswith("memory-budget-"))
        except OSError:
            continue
        folders += [parent + "/" + name for name in beside]
    return list(dict.fromkeys(folders))


def named_interpreters(folder: str) -> tuple[str, str]:
    """The base interpreter and the one with the libraries, as the file `interpreter` of a data folder names them in two lines;
    "" for none."""
    try:
        lines = read_bytes(folder + "/interpreter").decode("utf-8", "replace").split("\n")
    except OSError:
        return "", ""
    base, libraries = (*lines, "", "")[:2]
    return base, libraries


def interpreters(folder: str) -> tuple[str, str]:
    """The same, "" for one that cannot be run."""
    base, libraries = (name if _can_run(name) else "" for name in named_interpreters(folder))
    return base, libraries


def _can_run(program: str) -> bool:
    return "\0" not in program and os.path.isfile(program) and os.access(program, os.X_OK)


def with_libraries() -> str:
    """The interpreter with the libraries, "" where no data folder names one that can be run."""
    all_interpreters = map(interpreters, data_folders())
    return next((libraries for _, libraries in all_interpreters if libraries), "")


def programs() -> list[str]:
    """Programs to run background work with, best first: with the libraries where they are installed."""
    all_interpreters = [interpreters(folder) for folder in data_folders()]
    best = (
        [libraries for _, libraries in all_interpreters]
        + [base for base, _ in all_interpreters]
        + [sys.executable]
    )
    return list(dict.fromkeys(program for program in best if program))


def start(project: Project, task: str, *arguments: str) -> None:
    """Run `memory-budget background TASK` for a project, detached. Raises OSError."""
    try:
        errors = project.writable(layout.HOOKS_LOG)
        if os.path.islink(errors):
            os.unlink(errors)
    except OSError:  # a full or read-only disk does not keep the task from running
        errors = os.devnull
    launch(["background", task, "--project", project.root, *arguments], errors)


def launch(arguments: Sequence[str], errors: str) -> None:
    """Run the command line with `arguments`, detached; its standard error is added to the file `errors`. Raises OSError."""
    null = os.devnull
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, null, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, null, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, errors, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
    ]
    failure: OSError | None = None
    for program in programs():
        argv = [program, *OPTIONS, MAIN, *arguments]
        try:
            try:
                os.posix_spawn(program, argv, os.environ, file_actions=actions, setsid=True)
            except NotImplementedError:  # a C library without it: the child stays in our group
                os.posix_spawn(program, argv, os.environ, file_actions=actions, setpgroup=0)
        except OSError as error:  # a program for another architecture, or one whose own interpreter is gone
            failure = failure or error
        else:
            return
    if failure is not None:
        raise failure


def start_once(project: Project, task: str, seconds: float) -> bool:
    """As `start`, but not where the task was started in the last `seconds`: sixteen agents need one index update.

    Returns whether it was started. Raises OSError.
    """
    path = project.writable(layout.STARTED, f"{task}.started")
    try:
        if 0 <= time.time() - os.stat(path).st_mtime < seconds:
            return False
    except OSError:
        pass
    touch(path)
    os.utime(path)
    start(project, task)
    return True
