"""`memory-budget doctor`: look for what is wrong, and say how to put it right. Needs nothing but Python.

The checks lie in `doctor_install` (libraries, interpreter, client, failures) and `doctor_memory` (profiles, memory, agents, index,
log). Each yields findings; one that breaks is a finding itself.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

from memory_budget.base.project import Project, find_project
from memory_budget.cli import doctor_install, doctor_memory, output
from memory_budget.cli.findings import Finding

_LEVELS = {"ok": "ok", "note": "note", "problem": "PROBLEM"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing besides what every verb takes."""


def run(args: argparse.Namespace) -> int:
    """Exit 1 when there is a problem."""
    findings = list(run_checks(find_project(args.project)))
    if args.json:
        output.print_json([finding._asdict() for finding in findings])
    else:
        for finding in findings:
            output.wrapped(f"{finding.about}: {finding.text}", f"{_LEVELS[finding.level]:8} ")
            if finding.remedy:
                output.wrapped(finding.remedy, " " * 9)
    return 1 if any(finding.level == "problem" for finding in findings) else 0


def run_checks(project: Project) -> Iterator[Finding]:
    """Every check, in the order in which things have to work."""
    checks: list[Callable[[Project], Iterator[Finding]]] = [*doctor_install.CHECKS]
    if project.has_memory():
        checks += doctor_memory.CHECKS
    else:
        checks.append(doctor_memory.no_memory)
    for check in checks:
        try:
            yield from check(project)
        except Exception as error:  # the other checks are wanted all the more
            about = getattr(check, "__name__", "check").replace("_", " ").strip()
            yield Finding(
                "problem",
                about,
                f"cannot be looked at ({type(error).__name__}: {error})",
                "please report this line",
            )
