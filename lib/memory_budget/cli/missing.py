"""Installs the libraries that a verb needs and that are missing, where that is allowed, and runs the command again."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from memory_budget.base import installation, spawn
from memory_budget.base.project import Project
from memory_budget.run import libraries

#: Modules of the set for reports; every other one belongs to the core.
REPORTS = ("duckdb", "pygal", "jinja2", "opentelemetry", "google")
#: Environment variable of the second run, which installs nothing any more.
TRIED = "MEMORY_BUDGET_SETUP_TRIED"
_SIZES = {"core": installation.CORE_MEGABYTES, "reports": installation.REPORTS_MEGABYTES}


def set_up_and_retry(error: ModuleNotFoundError, argv: Sequence[str]) -> int:
    """Install the set of libraries that the missing module belongs to and run the command again; print how, where that may not
    be done. Returns the exit code. Raises `error` where the module belongs to no library."""
    name = (error.name or "").partition(".")[0]
    if name in ("", "memory_budget") or name in sys.stdlib_module_names:
        raise error
    library_set = "reports" if name in REPORTS else "core"
    command = "memory-budget setup" + (" --all" if library_set == "reports" else "")
    if os.environ.get(TRIED) or libraries.forbidden(Project(_project_folder(argv))):
        print(f"memory-budget: this needs the library {name}; run: {command}", file=sys.stderr)
        return 1
    print(
        f"memory-budget: installing the {library_set} libraries first (once, {_SIZES[library_set]} MB)",
        file=sys.stderr,
    )
    more = ["--all"] if library_set == "reports" else []
    setup = [sys.executable, *spawn.OPTIONS, spawn.MAIN, "setup", *more]
    sys.stdout.flush()
    if subprocess.run(setup, stdout=sys.stderr, stdin=subprocess.DEVNULL).returncode:
        return 1
    program = spawn.with_libraries() or sys.executable
    again = [program, *spawn.OPTIONS, spawn.MAIN, *argv]
    return subprocess.run(again, env={**os.environ, TRIED: "1"}).returncode


def _project_folder(argv: Sequence[str]) -> str:
    for at, word in enumerate(argv):
        if word == "--project" and at + 1 < len(argv):
            return argv[at + 1]
        if word.startswith("--project="):
            return word.partition("=")[2]
    return "."
