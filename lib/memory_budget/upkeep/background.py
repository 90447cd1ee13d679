"""Runs one task in a detached process, after a hook has answered: `memory-budget background TASK --project DIR`.

index    bring the index up to date, keep checked profiles and the agent files in it
finish   record the run of an agent that ended
lost     find out which rewrite of the prompt removed an agent's memory
close    record the runs whose end will not be reported any more
jobs     run the jobs that are due
session  on a session's start: close, index, jobs
"""

from __future__ import annotations

import argparse
import os

from memory_budget.base import fastjson, hook_log
from memory_budget.base.files import read_bytes, remove
from memory_budget.base.project import Project, find_project
from memory_budget.index import schema, update
from memory_budget.run import calibration, finish, leftovers, lost_prompts
from memory_budget.settings import edit, profiles, token_ratio

TASKS = ("index", "finish", "lost", "close", "jobs", "session")


def main(argv: list[str]) -> int:
    """Do one task. `argv`: after `background`. `base.detached` logs what it raises, since this process has no terminal."""
    parser = argparse.ArgumentParser(prog="memory-budget background")
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("--project", required=True)
    parser.add_argument("--ended", help="file about the agent (finish, lost)")
    parser.add_argument("--session", default="", help="session that is over")
    args = parser.parse_args(argv)
    project = find_project(args.project)
    if not project.has_memory():
        return 0
    project.ensure_cache()
    if args.task == "finish":
        _finish(project, args.ended)
    elif args.task == "lost":
        _lost(project, args.ended)
    elif args.task == "close":
        finish.close(project, args.session)
        _calibrate(project)
    elif args.task == "index":
        update.update_index(project)
    elif args.task == "jobs":
        _jobs(project)
    else:
        leftovers.make_private(project)
        leftovers.remove_drafts(project)
        finish.close(project)
        _calibrate(project)
        update.update_index(project, thorough=True)
        _write_schema(project)
        _jobs(project)
    return 0


def _write_schema(project: Project) -> None:
    """Put the schema beside a profiles file that names it, so that editors can explain the file."""
    try:
        edit.write_schema(f"{project.root}/{profiles.FILE}")
    except OSError as error:
        hook_log.log(project, f"the schema of the profiles file cannot be written: {error}")


def _finish(project: Project, path: str) -> None:
    """Record the run of the agent in the file at `path`, and remove the file once the record is written.

    After a failure the next session records the run.
    """
    try:
        ended = fastjson.loads(read_bytes(path))
    except (OSError, ValueError):
        return
    if isinstance(ended, dict):
        finish.finish(project, ended)
    remove(path)
    if calibration.many_new(project):
        _calibrate(project)


def _lost(project: Project, path: str) -> None:
    """Explain why an agent did not get its memory. The file at `path`: JSON list of session, tool use, caller and prompt."""
    try:
        session, tool_use, caller, prompt = map(str, fastjson.loads(read_bytes(path)))  # type: ignore[call-overload]
    except (OSError, ValueError, TypeError):
        return
    remove(path)
    lost_prompts.explain_call(project, session, tool_use, caller, prompt)


def _calibrate(project: Project) -> None:
    """Learn the model's token ratio from the runs that ended, and store it in the index for the start hook."""
    if not calibration.update(project) or not os.path.exists(project.index):
        return
    with update.writing(project, 0.0) as db:
        if db is not None:  # else the process that makes the index stores the ratio
            schema.write_value(db, schema.RATIO, token_ratio.read_ratios(project))


def _jobs(project: Project) -> None:
    """Run the jobs that are due; without their libraries, log how to install them."""
    from memory_budget.upkeep import jobs, schedule

    try:
        schedule.run_due(project, jobs.run_job)
    except ImportError as error:  # the jobs stay due until the libraries are installed
        hook_log.log(project, f"the jobs wait for the plugin's libraries: {error}; run: memory-budget setup")
