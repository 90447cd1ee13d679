"""What sessions that are over left in the cache, and files nobody can read."""

from __future__ import annotations

import os
import shutil
import time

from memory_budget.base import layout
from memory_budget.base.files import listing, safe_name
from memory_budget.base.hook_log import log
from memory_budget.base.project import Project

#: Allocations whose client is gone are closed; those nobody can tell about, after this long. So are marks of any kind.
FORGOTTEN_SECONDS = 2 * 86400.0
#: Folders with one folder for each session, and those with files of any session.
_BY_SESSION = (layout.STARTS, layout.NOTES, layout.RUNNING)
_FILES = (layout.ENDED, layout.BLOCKS, layout.BOUND, layout.RECORDED)


def tidy(project: Project, session: str) -> None:
    """Remove the marks of a session that is over, and any not touched for two days."""
    for place in _BY_SESSION:
        for name in listing(project.at(place)):
            path = project.at(place, name)
            over = session != "" and name == safe_name(session)
            try:
                if _old(path) or (over and place != layout.RUNNING):
                    shutil.rmtree(path, ignore_errors=True)
                elif over:
                    os.rmdir(path)  # only when empty: what agents read is wanted until their records stand
            except OSError:
                continue
    for place in _FILES:
        for name in listing(project.at(place)):
            path = project.at(place, name)
            try:
                if _old(path):
                    os.unlink(path)
            except OSError:
                continue


def _old(path: str) -> bool:
    return time.time() - os.stat(path).st_mtime > FORGOTTEN_SECONDS


def set_aside(project: Project, path: str, problem: str) -> None:
    """Keep a file that is no allocation for a person to look at, out of the way."""
    name = os.path.basename(path)
    try:
        target = project.writable(layout.DAMAGED, name)
        os.replace(path, target)
        log(project, f"{name}: no allocation ({problem}), moved to {target}")
    except OSError:
        pass
