"""What the command line does when a verb needs a library that is not installed: set it up where that may be done, and go on."""

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
#: Set for the second try, which sets nothing up any more.
TRIED = "MEMORY_BUDGET_SETUP_TRIED"
_SIZES = {"core": installation.CORE_MEGABYTES, "reports": installation.REPORTS_MEGABYTES}


def without(error: ModuleNotFoundError, argv: Sequence[str]) -> int:
    """Set up what is missing and run the command again, or say how. Raises what is no library's absence."""
    name = (error.name or "").partition(".")[0]
    if name in ("", "memory_budget") or name in sys.stdlib_module_names:
        raise error
    which = "reports" if name in REPORTS else "core"
    command = "memory-budget setup" + (" --all" if which == "reports" else "")
    if os.environ.get(TRIED) or libraries.forbidden(Project(_project(argv))):
        print(f"memory-budget: this needs the library {name}; run: {command}", file=sys.stderr)
        return 1
    print(
        f"memory-budget: installing the {which} libraries first (once, {_SIZES[which]} MB)", file=sys.stderr
    )
    setup = [sys.executable, "-I", spawn.MAIN, "setup", *(["--all"] if which == "reports" else [])]
    sys.stdout.flush()
    if subprocess.run(setup, stdout=sys.stderr, stdin=subprocess.DEVNULL).returncode:
        return 1
    program = spawn.with_libraries() or sys.executable
    again = [program, "-I", spawn.MAIN, *argv]
    return subprocess.run(again, env={**os.environ, TRIED: "1"}).returncode


def _project(argv: Sequence[str]) -> str:
    for at, word in enumerate(argv):
        if word == "--project" and at + 1 < len(argv):
            return argv[at + 1]
        if word.startswith("--project="):
            return word.partition("=")[2]
    return "."
