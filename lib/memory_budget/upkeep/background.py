"""What runs detached, after a hook has answered: `memory-budget background TASK --project DIR`.

index    bring the index up to date, keep checked profiles and the agent files in it
finish   record the run of an agent that ended
lost     find out whose rewrite kept an agent from its memory
close    record the runs that will not end any more
jobs     do the jobs that are due
session  what a session's start sets off: close, index, jobs
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from memory_budget.base import fastjson, hook_log
from memory_budget.base.files import read_bytes
from memory_budget.base.project import Project, find_project
from memory_budget.index import kept, schema, update
from memory_budget.run import calibration, finish, lost_prompts
from memory_budget.settings import token_ratio

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", choices=["index", "finish", "lost", "close", "session", "jobs"])
    parser.add_argument("--ended", help="file that says which agent ended")
    parser.add_argument("--session", default="", help="session that is over")


def run(args: argparse.Namespace) -> int:
    """Do one task. What it raises, `base.detached` writes down: nobody watches this process."""
    project = find_project(args.project)
    if not project.has_memory():
        return 0
    if hasattr(os, "nice"):
        os.nice(5)  # agents come first
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
        finish.close(project)
        _calibrate(project)
        update.update_index(project)
        _jobs(project)
    return 0


def _finish(project: Project, path: str) -> None:
    """Record a run. The file that says who ended goes when the record stands: else the next session comes to it."""
    try:
        ended = fastjson.loads(read_bytes(path))
    except (OSError, ValueError):
        return
    if isinstance(ended, dict):
        finish.finish(project, ended)
    os.unlink(path)
    if calibration.many_new(project):
        _calibrate(project)


def _lost(project: Project, path: str) -> None:
    try:
        session, tool_use, caller, prompt = map(str, fastjson.loads(read_bytes(path)))  # type: ignore[call-overload]
    except (OSError, ValueError, TypeError):
        return
    os.unlink(path)
    lost_prompts.explain_call(project, session, tool_use, caller, prompt)


def _calibrate(project: Project) -> None:
    """Learn how the model counts from the runs that ended, and have the start hook know."""
    if not calibration.update(project) or not os.path.exists(project.index):
        return
    try:
        db = schema.open_writer(project.index)
    except schema.IndexUnusable:
        return  # the next update makes it anew, with this in it
    try:
        kept.write(db, kept.RATIO, token_ratio.read_state(project))
    finally:
        db.close()


def _jobs(project: Project) -> None:
    from memory_budget.upkeep import jobs, schedule

    try:
        schedule.run_due(project, jobs.run)
    except ImportError as error:  # what is due stays due until the libraries are there
        hook_log.log(project, f"the jobs wait for the plugin's libraries: {error}; run: memory-budget setup")


def main(argv: list[str]) -> int:
    """The detached process's own entry: `background TASK ...`, without the rest of the command line."""
    import argparse

    parser = argparse.ArgumentParser(prog="memory-budget background")
    add_arguments(parser)
    parser.add_argument("--project", required=True)
    return run(parser.parse_args(argv))
