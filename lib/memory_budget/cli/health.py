"""`memory-budget health`: the size of all memory against its thresholds, its growth, and files to look at."""

from __future__ import annotations

import argparse
import time
from datetime import date

from memory_budget.base.figures import counted, percent
from memory_budget.cli import output
from memory_budget.cli.projects import project_with_memory, unread_memory
from memory_budget.upkeep import health, survey

SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--all", action="store_true", help=f"list every file to look at instead of the first {SHOWN}"
    )


def run(args: argparse.Namespace) -> int:
    """Exit 1 when a threshold is met, or a file holds a secret or cannot be read."""
    project = project_with_memory(args.project)
    surveyed = survey.begin_survey(project, time.time(), output.progress("indexing"))
    report = survey.examine_health(surveyed, output.progress("reading"))
    unread = unread_memory(project, surveyed.update.scan)
    if not report.files and not args.json:
        for line in ["no memory is read", *unread]:
            output.line(line)
        return 1
    if args.json:
        output.print_json({**health.health_json(report), "unread": unread})
    else:
        for line in unread:
            output.line(line)
        _print_health(report, None if args.all else SHOWN)
    serious = any(problem.kind in ("secret", "unreadable") for problem in report.problems)
    return 1 if serious or _worse_level(report) != health.LEVELS[0] else 0


def _worse_level(report: health.HealthReport) -> str:
    """The worse level of what one agent can be offered and of what all share."""
    return max(report.largest_level, report.shared_level, key=health.LEVELS.index)


def _print_health(report: health.HealthReport, limit: int | None) -> None:
    """First the largest memory that one agent can be offered, then all of memory together, which no agent ever gets."""
    thresholds = report.thresholds
    name, tokens_offered = report.largest
    if name:
        output.wrapped(
            f"{report.largest_level}: one agent can be offered {tokens_offered:,} tokens at most ({name}), "
            f"{percent(tokens_offered / thresholds.limit, 1)} of the limit of {thresholds.limit:,}"
        )
        print(f"  shared by all agents: {report.shared:,} tokens, {report.shared_level}")
    else:
        output.wrapped(
            f"{report.shared_level}: {report.shared:,} tokens shared by all agents, "
            f"{percent(report.shared / thresholds.limit, 1)} of the limit of {thresholds.limit:,}"
        )
    copies = f"; without copies {report.distinct:,} (memory-budget duplicates)"
    output.wrapped(
        f"all of memory: {report.tokens:,} tokens in {counted(report.files, 'file')}"
        + (copies if report.distinct < report.tokens else ""),
        "  ",
    )
    growing = report.growth
    if growing.per_day is None:
        print("  growth: not known yet (it takes three daily jobs over a week)")
    else:
        print(f"  growth: {growing.per_day:+,.0f} tokens a day")
        for name, day in growing.meets.items():
            day_met = date.fromordinal(day).isoformat()
            print(f"    {name} ({getattr(thresholds, name):,}) met about {day_met}")
    if report.agents:
        rows = [[name, f"{tokens:,}"] for name, tokens in list(report.agents.items())[:limit]]
        output.print_table("", ["agent", "tokens of its own"], rows, right=(1,))
    if report.problems:
        rows = [[problem.kind, problem.path, problem.detail] for problem in report.problems[:limit]]
        output.print_table("", ["look at", "file", "why"], rows, paths=(1,))
        more = len(report.problems) - len(rows)
        if more > 0:
            print(f"{more} more (--all)")
