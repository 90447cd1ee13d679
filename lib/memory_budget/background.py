"""What runs detached, after a hook has answered: `memory-budget background TASK --project DIR`.

index    bring the index up to date, keep checked profiles and the agent files in it
finish   record the run of an agent that ended
close    record the runs that will not end any more
session  what a session's start sets off: close, index
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any

from memory_budget import agents, calibration, completion, fastjson, hook_io, profiles, start_code
from memory_budget.index import build, schema
from memory_budget.index.parse import TokenCounter
from memory_budget.project import Project, read_bytes
from memory_budget.sources import Sources

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("task", choices=["index", "finish", "close", "session", "jobs"])
    parser.add_argument("--ended", help="file that says which agent ended")
    parser.add_argument("--session", default="", help="session that is over")


def run(args: argparse.Namespace) -> int:
    """Do one task. Failures go to the hooks' log: nobody watches this process."""
    project = Project(args.project)
    if not project.has_memory():
        return 0
    try:
        if hasattr(os, "nice"):
            os.nice(5)  # agents come first
        if args.task == "finish":
            _finish(project, args.ended)
        elif args.task == "close":
            completion.close(project, args.session)
            _calibrate(project)
        elif args.task == "index":
            _write_start_code()
            update_index(project)
        elif args.task == "jobs":
            _jobs(project)
        else:
            _write_start_code()
            completion.close(project)
            _calibrate(project)
            update_index(project)
            _jobs(project)
    except Exception as error:
        hook_io.failure(project, error)
        return 1
    return 0


def _write_start_code() -> None:
    """Have the next agent's start find its byte code in one file: a new version came, or a source was edited."""
    try:
        start_code.write(os.path.dirname(os.path.abspath(__file__)))
    except (OSError, SyntaxError):
        pass  # a folder that cannot be written, or a source that is being edited: starts are slower


def _finish(project: Project, path: str) -> None:
    try:
        ended = fastjson.loads(read_bytes(path))
    except (OSError, ValueError):
        return
    if isinstance(ended, dict):
        completion.finish(project, ended)
    os.unlink(path)
    if calibration.many_new(project):
        _calibrate(project)


def _calibrate(project: Project) -> None:
    """Learn how the model counts from the runs that ended, and have the start hook know."""
    if not calibration.update(project) or not os.path.exists(project.index):
        return
    try:
        db = schema.open_writer(project.index)
    except schema.IndexUnusable:
        return  # the next update makes it anew, with this in it
    try:
        db.execute("INSERT OR REPLACE INTO meta VALUES('calibration',?)", (_calibration(project),))
    finally:
        db.close()


def _calibration(project: Project) -> str:
    return fastjson.dumps(calibration.read_state(project))


def _jobs(project: Project) -> None:
    try:
        from memory_budget import schedule
        from memory_budget.jobs import run
    except ImportError as error:  # without the libraries agents get their memory, and nothing else is done
        hook_io.log(project, f"the jobs need the plugin's libraries: {error}")
        return
    schedule.run_due(project, run.run)


def counter() -> TokenCounter:
    """The exact token counter, or the upper bound where tiktoken is not installed."""
    from memory_budget import tokens

    try:
        return tokens.Counter()
    except ImportError:
        return tokens.UpperBound()


def update_index(
    project: Project,
    *,
    rebuild: bool = False,
    wait: float = 0.0,
    progress: Callable[[int, int], None] | None = None,
) -> build.Report | None:
    """Bring the index up to date. None when another process is at it and did not end within `wait` seconds.

    Two processes never build at once; one that comes while another builds leaves word, and the other looks again.
    """
    lock = _lock(project, wait)
    if lock is None:
        return None
    again = project.cache + "/state/index.again"
    damaged = project.cache + "/state/index.damaged"  # an agent's start found it so
    project.ensure_cache("state")
    try:
        for _ in range(3):
            if os.path.exists(again):
                os.unlink(again)
            settings = profiles.load(project.root, project.home, _cached_profiles(project))
            own = Sources(settings.profiles.sources())
            anew = rebuild or os.path.exists(damaged)
            report = build.update(project, own, counter(), rebuild=anew, progress=progress)
            if anew and os.path.exists(damaged):
                os.unlink(damaged)
            _keep(project, settings)
            if not os.path.exists(again):
                break
        return report
    finally:
        lock.release()


def _lock(project: Project, wait: float) -> Any:
    """The index lock, or None when it is taken; then the holder is asked to look again."""
    try:
        from filelock import FileLock, Timeout
    except ImportError:
        return _NoLock()
    project.ensure_cache("state")
    lock = FileLock(project.cache + "/index.lock", timeout=wait)
    try:
        lock.acquire()
    except Timeout:
        with open(project.cache + "/state/index.again", "w", encoding="ascii"):
            pass
        return None
    return lock


class _NoLock:
    """Stands in where filelock is not installed: SQLite's own lock still keeps two updates apart."""

    def release(self) -> None:
        pass


def _cached_profiles(project: Project) -> tuple[Any, Any] | None:
    try:
        db = schema.open_writer(project.index) if os.path.exists(project.index) else None
    except schema.IndexUnusable:
        return None
    if db is None:
        return None
    try:
        row = db.execute("SELECT value FROM meta WHERE key='profiles'").fetchone()
        value = fastjson.loads(row[0]) if row else None
        return (value[0], value[1]) if isinstance(value, list) else None
    except (schema.DatabaseError, ValueError, IndexError):
        return None  # damaged: the update that follows finds out, too
    finally:
        db.close()


def _keep(project: Project, settings: profiles.LoadResult) -> None:
    """Keep what the start hook would else have to read: compiled profiles and the agent files."""
    found = agents.scan(project.root, project.home)
    db = schema.open_writer(project.index)
    try:
        db.execute("BEGIN IMMEDIATE")
        for key, value in (
            ("profiles", [list(settings.signature), settings.state]),
            ("agents", found.to_state()),
            ("updated", time.time()),
        ):
            db.execute("INSERT OR REPLACE INTO meta VALUES(?,?)", (key, fastjson.dumps(value)))
        db.execute("INSERT OR REPLACE INTO meta VALUES('calibration',?)", (_calibration(project),))
        db.execute("COMMIT")
    finally:
        db.close()


def main(argv: list[str] | None = None) -> int:
    """The detached process's own entry: `background TASK ...`, without the rest of the command line."""
    import argparse

    parser = argparse.ArgumentParser(prog="memory-budget background")
    add_arguments(parser)
    parser.add_argument("--project", required=True)
    return run(parser.parse_args(sys.argv[2:] if argv is None else argv))
