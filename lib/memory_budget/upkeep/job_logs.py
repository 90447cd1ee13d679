"""Removes the logs of old jobs, and what killed processes left half written."""

from __future__ import annotations

import os
import re
from datetime import datetime, timedelta

from memory_budget.base import layout
from memory_budget.base.files import listing, remove
from memory_budget.base.project import Project
from memory_budget.settings import profiles

#: A file that `base.files.write_atomic` is writing: the name it is to get, and the process.
_HALF_WRITTEN = re.compile(r".+\.[0-9]+\.tmp")
#: No process takes this long to write a file.
_ABANDONED_SECONDS = 2 * 86400.0


def remove_half_written(project: Project, now: float) -> None:
    """Remove files in the cache that a process began to write two days ago or earlier. `now`: seconds since the epoch."""
    for folder, _, names in os.walk(project.cache):
        for name in filter(_HALF_WRITTEN.fullmatch, names):
            path = f"{folder}/{name}"
            try:
                if now - os.lstat(path).st_mtime > _ABANDONED_SECONDS:
                    remove(path)
            except OSError:
                continue


def remove_old_logs(project: Project, now: float) -> None:
    """Remove logs of jobs that are older than `schedule.keep_logs_days`, by the day in their name."""
    days = int(
        profiles.load_profiles(project.root, project.home).profiles.section("schedule")["keep_logs_days"]
    )
    try:
        oldest = (datetime.fromtimestamp(now) - timedelta(days=days)).strftime("%Y-%m-%dT%H%M%S")
    except OverflowError:
        return
    for name in listing(project.at(layout.JOB_LOGS)):
        if name.endswith(".log") and name[:4].isdigit() and name < oldest:
            try:
                os.unlink(project.at(layout.JOB_LOGS, name))
            except OSError:
                continue
