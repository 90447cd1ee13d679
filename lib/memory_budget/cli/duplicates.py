"""`memory-budget duplicates`: files with copies, files nearly the same, and passages that are in memory more than once."""

from __future__ import annotations

import argparse
import time
from typing import Any

from memory_budget.base.figures import counted, percent
from memory_budget.cli import output
from memory_budget.cli.projects import project_with_memory
from memory_budget.upkeep import duplicates, survey

SHOWN = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--all", action="store_true", help=f"list everything instead of the first {SHOWN} of each"
    )


def run(args: argparse.Namespace) -> int:
    """Exit 1 when there are copies of whole files."""
    project = project_with_memory(args.project)
    surveyed = survey.begin_survey(project, time.time(), output.progress("indexing"))
    report = survey.survey_duplicates(surveyed, output.progress("comparing"))
    if args.json:
        output.print_json(duplicates_json(report))
    else:
        _print_duplicates(report, None if args.all else SHOWN)
    return 1 if report.sets else 0


def duplicates_json(report: duplicates.DuplicateReport) -> dict[str, Any]:
    """The report as `--json` prints it."""
    return {
        "files": report.files,
        "tokens": report.tokens,
        "exact_sets": len(report.sets),
        "exact_copies": sum(len(file_set.copies) for file_set in report.sets),
        "tokens_in_copies": report.tokens_files,
        "tokens_said_again": report.tokens_chunks,
        "sets": [
            {
                "keep": file_set.keep.path,
                "copies": [copy.path for copy in file_set.copies],
                "removable": [copy.path for copy in file_set.removable],
                "tokens": file_set.tokens,
            }
            for file_set in report.sets
        ],
        "near": [
            {
                "keep": near.keep.path,
                "other": near.other.path,
                "similarity": round(near.similarity, 4),
                "removable": near.removable,
                "tokens": near.other.tokens,
            }
            for near in report.near
        ],
        "chunk_sets": report.chunk_sets,
        "chunks": [
            {
                "tokens": chunk_set.tokens,
                "exact": chunk_set.exact,
                "places": [f"{place.path}:{place.line}" for place in chunk_set.places],
            }
            for chunk_set in report.chunks
        ],
        "seconds": round(report.seconds, 3),
    }


def _print_duplicates(report: duplicates.DuplicateReport, limit: int | None) -> None:
    copies = sum(len(file_set.copies) for file_set in report.sets)
    share = report.tokens_files / report.tokens if report.tokens else 0.0
    output.wrapped(
        f"{counted(len(report.sets), 'set')} of files with the same content: {copies} copies, "
        f"{report.tokens_files:,} tokens ({percent(share, 1)} of memory)"
    )
    output.wrapped(
        f"{report.chunk_sets} passages said more than once, {report.tokens_chunks:,} tokens beyond the first; "
        f"{len(report.near)} pairs of files nearly the same"
    )
    if report.sets:
        rows = [
            [file_set.keep.path, len(file_set.copies), f"{file_set.tokens:,}", len(file_set.removable)]
            for file_set in report.sets[:limit]
        ]
        output.print_table(
            "", ["the one to keep", "copies", "tokens", "can go"], rows, right=(1, 2, 3), paths=(0,)
        )
    if report.near:
        rows = [
            [
                near.keep.path,
                near.other.path,
                percent(near.similarity, 1),
                f"{near.other.tokens:,}",
            ]
            for near in report.near[:limit]
        ]
        output.print_table(
            "", ["file", "nearly the same", "in common", "tokens"], rows, right=(2, 3), paths=(0, 1)
        )
    passages = [passage for passage in report.chunks if not _is_within_copies(passage, report)][:limit]
    if passages:
        rows = [
            [
                f"{passage.tokens:,}",
                "same" if passage.exact else "nearly",
                len(passage.places),
                _first_places(passage),
            ]
            for passage in passages
        ]
        output.print_table(
            "passages outside of whole copies", ["tokens", "", "places", "first places"], rows, right=(0, 2)
        )
    if report.sets or report.near:
        output.wrapped(
            "memory-budget run weekly makes suggestions of these, memory-budget maintain applies them"
        )


def _is_within_copies(chunk_set: duplicates.ChunkSet, report: duplicates.DuplicateReport) -> bool:
    """Whether a passage is repeated only because the whole file it is in has copies."""
    kept_paths = {copy.path: file_set.keep.path for file_set in report.sets for copy in file_set.copies}
    return len({kept_paths.get(place.path, place.path) for place in chunk_set.places}) < 2


def _first_places(chunk_set: duplicates.ChunkSet) -> str:
    return "  ".join(f"{place.path}:{place.line}" for place in chunk_set.places[:3])
