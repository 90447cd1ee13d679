"""`memory-budget index [--rebuild]`: bring the index of a project's memory up to date."""

from __future__ import annotations

import argparse

from memory_budget.base.errors import BudgetError
from memory_budget.base.figures import counted
from memory_budget.cli import output
from memory_budget.cli.projects import project_with_memory, unread_memory
from memory_budget.index import update

WAIT_SECONDS = 600.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rebuild", action="store_true", help="make the index anew from the memory files")


def run(args: argparse.Namespace) -> int:
    """Exit 1 when a memory file could not be used as it is."""
    project = project_with_memory(args.project)
    report = update.update_index(
        project, rebuild=args.rebuild, wait=WAIT_SECONDS, progress=output.progress("indexing")
    )
    if report is None:
        raise BudgetError("another process has been building the index for ten minutes")
    unread = unread_memory(project, report.scan)
    if args.json:
        output.print_json(
            {
                "index": project.index,
                "files": report.files,
                "parsed": report.parsed,
                "removed": report.removed,
                "tokens_parsed": report.tokens,
                "seconds": round(report.seconds, 3),
                "rebuilt": report.rebuilt,
                "problems": [{"path": path, "problem": problem} for path, problem in report.problems],
                "remarks": [{"path": path, "remark": remark} for path, remark in report.remarks],
                "unread": unread,
            }
        )
    else:
        print(
            f"{counted(report.files, 'memory file')} indexed; {report.parsed} read anew ({report.tokens:,} tokens), "
            f"{report.removed} gone, in {report.seconds:.2f} s"
        )
        for path, problem in report.problems:
            output.line(f"{path}: {problem}", "  ")
        for path, remark in report.remarks:
            output.line(f"{path}: {remark}", "  ")
        for line in unread:
            output.line(f"{line}", "  ")
    return 1 if report.problems or (unread and not report.files) else 0
