"""`memory-budget run daily|weekly|monthly|report`: do a job now, with progress."""

from __future__ import annotations

import argparse
import sys
import time
from typing import Any

from memory_budget.base.errors import BudgetError
from memory_budget.base.figures import counted
from memory_budget.base.project import Project
from memory_budget.cli import output
from memory_budget.cli.projects import project_with_memory
from memory_budget.upkeep import jobs as job
from memory_budget.upkeep import schedule


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("kind", choices=job.KINDS, help="the job; a week contains a day, a month a week")


def run(args: argparse.Namespace) -> int:
    """Exit 1 when a step of the job failed."""
    project = project_with_memory(args.project)
    tell = None if args.json else _tell

    def run_job(project: Project, kind: str, now: float) -> dict[str, Any]:
        return job.run_job(project, kind, now, tell=tell, progress=output.progress)

    lock = schedule.take_lock(project)
    if lock is None:
        raise BudgetError("a job is running in this project; `memory-budget status` shows it")
    try:
        result = schedule.run_locked(project, args.kind, run_job, time.time)
    finally:
        lock.release()
    if args.json:
        output.print_json(result)
    else:
        waiting = sum(result["proposals"].values()) - result["applied"]
        if waiting > 0:
            print(f"{counted(waiting, 'suggestion')} for memory files: memory-budget maintain")
        print(f"log: {result['log']}")
    return 1 if result["problems"] else 0


def _tell(line: str) -> None:
    output.line(line)
    sys.stdout.flush()
