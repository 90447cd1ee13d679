"""`memory-budget setup [--all]`: install the Python libraries into the plugin's data folder, and catch up on what waited for them.

With `--background` it was started by a session (`run.libraries`): nothing is printed, and the result is left as a note for the
person.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from typing import TextIO

from memory_budget.base import installation, spawn, terminal
from memory_budget.base.project import Project, find_project
from memory_budget.installer import libraries
from memory_budget.installer.host import Host
from memory_budget.run import libraries as offer
from memory_budget.run.notes import leave_note, note_path

#: The name of the note about it in a session.
NOTE = "libraries"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Install the Python libraries into the plugin's data folder, every hash checked: the core "
        f"({libraries.CORE.megabytes} MB: {libraries.CORE.purpose}), with --all also the set for reports "
        f"({libraries.REPORTS.megabytes} MB: {libraries.REPORTS.purpose}). Nothing else on the machine is changed."
    )
    parser.add_argument("--all", action="store_true", help="the libraries for reports and tuning as well")
    parser.add_argument("--background", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--session", default="", help=argparse.SUPPRESS)


def run(args: argparse.Namespace) -> int:
    """Exit 1 when the libraries could not be installed."""
    project = find_project(args.project)
    sets = (libraries.CORE, libraries.REPORTS) if args.all else (libraries.CORE,)
    if args.background:
        return _install_in_background(project, args.session, sets)
    complete = _install(terminal.original(sys.stdout), sets)
    if complete and project.has_memory():
        spawn.start(project, "session")
    return 0 if complete else 1


def _install(out: TextIO, sets: tuple[libraries.LibrarySet, ...]) -> bool:
    host = Host(out=out)
    host.data = installation.data_folder()
    os.makedirs(host.data, exist_ok=True)
    return libraries.install_libraries(host, sets)


def _install_in_background(project: Project, session: str, sets: tuple[libraries.LibrarySet, ...]) -> int:
    """Install, and leave the result as a note of one line for this session, else for the next one."""
    try:
        with tempfile.TemporaryFile("w+", encoding="utf-8") as output:
            complete = _install(output, sets)
            output.seek(0)
            said = output.read()
    except Exception as error:  # the person is told whatever happens; the traceback goes to the log
        _leave_failure(project, session, str(error))
        raise
    print(said, file=sys.stderr, end="")  # into setup.log
    if not complete:
        reason = said.strip().split("\n")[0].partition("not installed: ")[2]
        _leave_failure(project, session, reason or "see setup.log")
        return 1
    size = sum(library_set.megabytes for library_set in sets)
    line = f"its libraries are set up ({size} MB); records, index and jobs catch up now"
    _leave_result(project, session, "done", line)
    spawn.start(project, "session")
    return 0


def _leave_failure(project: Project, session: str, reason: str) -> None:
    offer.write_state(installation.data_folder(), "failed")  # first, for the note may fail as well
    line = f"its libraries could not be set up ({reason}); run: memory-budget setup"
    _leave_result(project, session, "failed", line)


def _leave_result(project: Project, session: str, state: str, line: str) -> None:
    note = note_path(project, session, NOTE)
    offer.write_state(installation.data_folder(), state, line, note)
    leave_note(project, session, NOTE, line)
