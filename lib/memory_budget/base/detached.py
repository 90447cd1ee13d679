"""Runs a detached process inside one `try`: what ends it is written to the hooks' log, and the next session says so once.

`layout.FAILED` holds one line for the person, written by the process that failed, taken by the next session's start.
"""

from __future__ import annotations

import os

from memory_budget.base import layout, processes
from memory_budget.base.files import read_bytes, write_atomic
from memory_budget.base.hook_log import log
from memory_budget.base.project import Project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def guard(arguments: Sequence[str], work: Callable[[], int]) -> int:
    """Do `work`; a failure of any kind is logged in the project that `--project` names among `arguments`."""
    processes.let_others_go_first()  # agents come first; before the work, whose imports take their time
    try:
        return work()
    except BaseException as error:
        try:
            _remember(Project(arguments[list(arguments).index("--project") + 1]), arguments[0], error)
        except (OSError, ValueError, IndexError):
            raise error from None  # standard error is a file
        return 1


def _remember(project: Project, task: str, error: BaseException) -> None:
    """Write down what failed, in a project that has memory. Raises OSError."""
    if not project.has_memory():
        return
    import traceback

    log(project, f"background {task}:\n" + "".join(traceback.format_exception(error)))
    reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
    write_atomic(
        project.writable(layout.FAILED),
        f"the background task {task} failed ({reason})".encode("utf-8", "replace"),
    )


def take_failure(project: Project) -> str | None:
    """The line for the person about the last failure; None where there was none since it was asked for."""
    path = project.at(layout.FAILED)
    taken = f"{path}.told.{os.getpid()}.tmp"
    try:
        os.rename(path, taken)  # one that comes from now on is the next session's
        text = read_bytes(taken, 2_000).decode("utf-8", "replace")
        os.unlink(taken)
    except OSError:
        return None
    return f"{text}; see .claude/cache/memory-budget/logs/hooks.log, or run: memory-budget doctor"
