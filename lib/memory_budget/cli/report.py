"""`memory-budget report`: how budgets were used, what was needed, what it cost and saved."""

from __future__ import annotations

import argparse
import os
from datetime import datetime
from typing import Any

from memory_budget.base.errors import BudgetError
from memory_budget.base.files import write_atomic
from memory_budget.base.project import find_project
from memory_budget.cli import output
from memory_budget.cli.tune import print_recommendations, short_names
from memory_budget.reports import report, store
from memory_budget.upkeep.report_inputs import report_inputs

DAYS = 30
#: Groups of the analysis, their titles and the name of their first column.
GROUPS = (
    ("agents", "Agents", "agent"),
    ("profiles", "Profiles", "profile"),
    ("tiers", "Tiers, as detected", "tier"),
    ("models", "Models", "model"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Report on the usage log: budgets, demand, exceedance, context reduction, delivery, hook time and money, by agent, "
        "profile, tier and model, with recommendations. --html writes one page that needs no network."
    )
    parser.add_argument(
        "--days", type=output.days, metavar="N", help=f"days to report (default: {DAYS}; all with --log)"
    )
    parser.add_argument("--all", action="store_true", help="the whole log, however old")
    parser.add_argument("--html", metavar="FILE", help="write the report as an HTML page")
    parser.add_argument(
        "--log",
        nargs="+",
        action="extend",
        metavar="FILE",
        help="other logs than the project's: files or globs, plain, .gz or .zst",
    )


def run(args: argparse.Namespace) -> int:
    project = find_project(args.project)
    logs = store.expand(args.log) if args.log else None
    days = args.days if args.days is not None else (None if args.all or logs else DAYS)
    found = report.gather(project, days, report_inputs(project, datetime.now()), logs=logs)
    if args.html:
        _write(args.html, report.render(found))
    if args.json:
        output.print_json(found)
    elif args.html:
        print(f"{os.path.abspath(args.html)}: {output.runs(found['analysis']['overall']['runs'])}")
    else:
        _print(found)
    return 0


def _write(path: str, page: str) -> None:
    try:
        write_atomic(path, page.encode("utf-8"))
    except OSError as error:
        raise BudgetError(f"{path}: {error.strerror}") from error


def _print(found: dict[str, Any]) -> None:
    analysis = found["analysis"]
    overall = analysis["overall"]
    span = f"{analysis['first'][:10]} to {analysis['last'][:10]}" if analysis["first"] else "no runs"
    print(f"{found['project']}: {span}")
    if found["problem"]:
        print(f"PROBLEM {found['problem']}")
    if overall["runs"]:
        _print_overall(analysis)
        _print_scopes(analysis["scopes"])
        for key, title, first in GROUPS:
            _print_budgets(title, first, analysis[key])
        for key, title, first in GROUPS:
            _print_costs(f"{title}: what the API counted", first, analysis[key])
    if found["advice"] and found["advice"]["recommendations"]:
        print_recommendations(found["advice"]["recommendations"])
        print(
            f"enforcement {found['advice']['enforcement']['current']}: {found['advice']['enforcement']['reason']}"
        )
    if found["proposals"]["count"]:
        print(f"{found['proposals']['count']} proposals for memory files wait: memory-budget maintain")
    bad = analysis["bad_lines"]
    if bad["count"]:
        print(f"{bad['count']} unreadable line{'s' if bad['count'] > 1 else ''} skipped:")
        for line in bad["named"]:
            output.line(line, "  ")


def _print_overall(analysis: dict[str, Any]) -> None:
    overall = analysis["overall"]
    reduction = f"reduction {_percent(overall['reduction'])}, " if overall["reduction"] is not None else ""
    print(
        f"{output.runs(overall['runs'])}, {output.tokens(overall['tokens_sent'])} tokens of memory sent, "
        f"{reduction}over budget {_percent(overall['exceedance'])}, budget use "
        f"{overall['use_mean'] or 0:.0f} % (median {overall['use_median'] or 0:.0f}, 95 %: {overall['use_p95'] or 0:.0f})"
    )
    if overall["hook_ms_median"] is not None:
        print(f"start hook {overall['hook_ms_median']:.0f} ms (95 %: {overall['hook_ms_p95']:.0f})")
    if overall["spent"] is not None:
        prices = analysis["prices"]
        print(
            f"spent {overall['spent']:,.2f} {prices['currency']}, saved {overall['saved']:,.2f} "
            f"(prices of {prices['as_of'] or 'the profiles'}, {output.runs(overall['priced'])} with a price)"
        )
    if overall["not_delivered"]:
        print(f"{output.runs(overall['not_delivered'])} did not get their memory: memory-budget doctor")


def _print_scopes(rows: list[dict[str, Any]]) -> None:
    output.table(
        "Scopes",
        ["scope", "runs", "tokens", "share", "of budgets", "per run", "median", "95 %"],
        [
            [
                row["name"],
                output.tokens(row["runs"]),
                _tokens(row["tokens"]),
                _percent(row["share"]),
                _percent(row["of_budget"]),
                *(_tokens(row[f"tokens_{figure}"]) for figure in ("mean", "median", "p95")),
            ]
            for row in rows
        ],
        right=tuple(range(1, 8)),
    )


def _print_budgets(title: str, first: str, rows: list[dict[str, Any]]) -> None:
    columns = "runs sent demand 95_% budget use median 95_% over reduction reads missed".split()
    output.table(
        title,
        [first, *(column.replace("_", " ") for column in columns)],
        [
            [
                name,
                output.tokens(row["runs"]),
                *(
                    _tokens(row[key])
                    for key in ("tokens_sent_mean", "demand_median", "demand_p95", "budget_mean")
                ),
                *(_rounded(row[f"use_{figure}"]) for figure in ("mean", "median", "p95")),
                _percent(row["exceedance"]),
                _percent(row["reduction"]),
                row["on_demand_runs"],
                row["not_delivered"],
            ]
            for name, row in zip(short_names([row["name"] for row in rows]), rows, strict=True)
        ],
        right=tuple(range(1, 13)),
    )


def _print_costs(title: str, first: str, rows: list[dict[str, Any]]) -> None:
    """Nothing where no run was metered and none timed."""
    if all(row["api"] is None and row["hook_ms_median"] is None for row in rows):
        return
    kinds = ("requests", "input", "cache_creation", "cache_read", "output")
    output.table(
        title,
        [
            first,
            "requests",
            "input",
            "cache written",
            "cache read",
            "output",
            "spent",
            "saved",
            "hook ms",
            "95 %",
        ],
        [
            [
                name,
                *(_tokens(row["api"][kind]) if row["api"] else "" for kind in kinds),
                *("" if row[key] is None else f"{row[key]:,.2f}" for key in ("spent", "saved")),
                *(_tokens(row[f"hook_ms_{figure}"]) for figure in ("median", "p95")),
            ]
            for name, row in zip(short_names([row["name"] for row in rows]), rows, strict=True)
        ],
        right=tuple(range(1, 10)),
    )


def _percent(share: float | None) -> str:
    return "" if share is None else output.percent(share)


def _tokens(number: float | None) -> str:
    return "" if number is None else report.thousands(number)


def _rounded(number: float | None) -> str:
    return "" if number is None else f"{number:.0f} %"
