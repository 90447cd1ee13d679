"""`memory-budget profiles check|suggest`: whether the profiles file can be used, and a profile for each agent without one."""

from __future__ import annotations

import argparse
import sys

from memory_budget.base.errors import BudgetError
from memory_budget.base.figures import counted
from memory_budget.base.project import Project, find_project, user_home
from memory_budget.cli import output
from memory_budget.settings import agents, check, edit, profiles, suggest


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "check: every problem of .claude/memory/budget-profiles.json (else that of your home folder) with its place. Errors keep "
        "the file from being used (the last good version goes on working); warnings do not. Exit 1 with an error. "
        "suggest: a profile for each agent without an assignment, from its description, tools and memory, with the reason; "
        "--apply writes them."
    )
    parser.add_argument("action", choices=["check", "suggest"], metavar="check|suggest", help="what to do")
    parser.add_argument(
        "--apply", action="store_true", help="suggest: write the suggestions into the profiles file"
    )
    parser.add_argument(
        "--agent", action="append", metavar="NAME", help="suggest: only this agent (may be repeated)"
    )


def run(args: argparse.Namespace) -> int:
    """0 done, or the file is fine (or there is none); 1 it has errors."""
    project = find_project(args.project)
    return _suggest(project, args) if args.action == "suggest" else _check_file(project.root, args)


def _check_file(project: str, args: argparse.Namespace) -> int:
    try:
        report = check.check_project(project, user_home())
    except BudgetError as error:
        print(f"memory-budget profiles: {error}", file=sys.stderr)
        return 1
    if args.json:
        output.print_json(
            {
                "ok": not report.errors,
                "file": report.path or None,
                "findings": [problem._asdict() for problem in report.problems],
            }
        )
    else:
        for line in _result_lines(report):
            output.line(line)  # one line a problem: editors and terminals make a link of its beginning
    return 1 if report.errors else 0


def _result_lines(report: check.ProfilesCheck) -> list[str]:
    lines = [problem.sentence(report.shown) for problem in report.problems]
    warnings = len(report.problems) - len(report.errors)
    if report.errors:
        errors_text, warnings_text = counted(len(report.errors), "error"), counted(warnings, "warning")
        return [*lines, f"{errors_text}, {warnings_text}: the file is not used"]
    document = (
        profiles.compile_profiles(profiles.read_profiles_file(report.path))
        if report.path
        else profiles.defaults()
    )
    warned = ", " + counted(warnings, "warning") if warnings else ""
    return [
        *lines,
        f"{report.shown}: fine{warned}; {counted(len(document.names()), 'profile')}, "
        f"{counted(len(document.assignments), 'agent')} assigned, others get {document.default_profile}",
    ]


def _suggest(project: Project, args: argparse.Namespace) -> int:
    loaded = profiles.load_profiles(project.root, project.home).profiles
    agent_files = agents.scan_agent_files(project.root, project.home)
    suggestions = [
        entry
        for entry in suggest.agent_suggestions(project.home, loaded, agent_files)
        if not args.agent or {entry.key, entry.key.rpartition("/")[2]} & set(args.agent)
    ]
    path = edit.target(project.root, project.home)
    applied = bool(args.apply and suggestions)
    if applied:
        edit.change(path, {("agent_assignments", entry.key): entry.profile for entry in suggestions})
    if args.json:
        entries = [entry._asdict() for entry in suggestions]
        output.print_json({"suggestions": entries, "file": path, "applied": applied})
        return 0
    if not suggestions:
        print("Every agent has an assignment.")
        return 0
    output.print_table(
        "",
        ["agent", "suggested", "budget", "because"],
        [
            [entry.key, entry.profile, _budget_range(loaded.profile(entry.profile)), entry.reason]
            for entry in suggestions
        ],
        right=(2,),
    )
    shown = profiles.short_path(path, project.root, project.home)
    if applied:
        output.line(f"Written to {shown}. Edit it there to change one.")
    else:
        output.line(f"Nothing was written; until then they get {loaded.default_profile}.")
        print("Apply: memory-budget profiles suggest --apply")
    return 0


def _budget_range(profile: profiles.Profile) -> str:
    """Base and most tokens of a profile: `20K-50K`."""
    return f"{profile.base_budget // 1000}K-{profile.max_budget // 1000}K"
