"""What an agent's start has done behind its back: the index brought up to date, jobs that are due."""

from __future__ import annotations

import os
import time

from memory_budget.base import layout
from memory_budget.base.files import touch

TYPE_CHECKING = False
if TYPE_CHECKING:
    from memory_budget.base.project import Project
    from memory_budget.start.allocate import Allocation


def refresh(project: Project, allocation: Allocation) -> None:
    """Have the index brought up to date behind the agent's back where something changed, and jobs done that are due."""
    if allocation.stale or (allocation.loaded.changed and _has_index(project)):
        if allocation.damaged:
            _mark_damaged(project)
        _in_background(project, "index", 5.0)
    if _jobs_due(project):
        _in_background(project, "jobs", 60.0)


def _mark_damaged(project: Project) -> None:
    """Have the index made anew. Raises OSError."""
    touch(project.writable(layout.INDEX_DAMAGED))


def _in_background(project: Project, task: str, seconds: float) -> None:
    from memory_budget.base import spawn

    try:
        spawn.start_once(project, task, seconds)
    except OSError as error:
        from memory_budget.base import hook_log

        hook_log.log(project, f"no {task} task could be started: {error}")


def _jobs_due(project: Project) -> bool:
    """One stat call: the file's time of change is the next moment that a job is due (see `schedule`). A file marked
    later than now was marked before the clock was set back: then the jobs' process looks again."""
    try:
        status = os.stat(project.at(layout.NEXT_DUE))
    except OSError:
        return False
    now = time.time()
    return status.st_mtime <= now or status.st_ctime > now + 60


def _has_index(project: Project) -> bool:
    return os.path.exists(project.index)
