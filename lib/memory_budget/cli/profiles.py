"""`memory-budget profiles check`: whether the profiles file can be used, and what is wrong with it."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

from memory_budget.base.errors import BudgetError
from memory_budget.base.project import user_home
from memory_budget.settings import check, profiles

if TYPE_CHECKING:
    import argparse

HELP = "check the profiles file: every problem with its place, what was expected and what stands there"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes (common options only where they have not been declared yet)."""
    parser.description = (
        "Check .claude/memory/budget-profiles.json of the project, else that of your home folder. "
        "Errors keep the file from being used (the last good version goes on working); warnings do not. "
        "Exit 0 without errors, 1 with one."
    )
    parser.add_argument(
        "action", choices=["check"], metavar="check", help="what to do; there is only this so far"
    )
    if "--project" not in parser._option_string_actions:
        parser.add_argument(
            "--project", default=".", metavar="DIR", help="the project (default: this folder)"
        )
    if "--json" not in parser._option_string_actions:
        parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """0 the file is fine (or there is none), 1 it has errors."""
    project = os.path.abspath(args.project or ".")
    try:
        report = check.check_project(project, user_home())
    except BudgetError as error:
        print(f"memory-budget profiles: {error}", file=sys.stderr)
        return 1
    print(_as_json(report) if args.json else "\n".join(_lines(report)))
    return 1 if report.errors else 0


def _lines(report: check.Report) -> list[str]:
    lines = [finding.sentence(report.shown) for finding in report.findings]
    warnings = len(report.findings) - len(report.errors)
    if report.errors:
        lines.append(
            f"{_count(len(report.errors), 'error')}, {_count(warnings, 'warning')}: the file is not used"
        )
        return lines
    document = _settings(report)
    lines.append(
        f"{report.shown}: fine{', ' + _count(warnings, 'warning') if warnings else ''}; "
        f"{len(document.names())} profiles, {len(document.assignments)} agents assigned, "
        f"others get {document.default_profile}"
    )
    return lines


def _settings(report: check.Report) -> profiles.Profiles:
    return profiles.compile(profiles.read(report.path)) if report.path else profiles.defaults()


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _as_json(report: check.Report) -> str:
    return json.dumps(
        {
            "ok": not report.errors,
            "file": report.path or None,
            "findings": [finding._asdict() for finding in report.findings],
        },
        ensure_ascii=False,
        indent=2,
    )
