"""Removes the logs of old jobs."""

from __future__ import annotations

import os
from datetime import datetime, timedelta

from memory_budget.base import layout
from memory_budget.base.files import listing
from memory_budget.base.project import Project
from memory_budget.index.in_force import profiles_in_force


def remove_old_logs(project: Project, now: float) -> None:
    """Remove logs of jobs that are older than `schedule.keep_logs_days`, by the day in their name."""
    days = int(profiles_in_force(project).profiles.section("schedule")["keep_logs_days"])
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
