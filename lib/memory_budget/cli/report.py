"""`memory-budget report`: how budgets were used, what was needed, what it cost and saved."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from memory_budget import analytics_store, report
from memory_budget.cli import output
from memory_budget.cli.tune import print_recommendations
from memory_budget.errors import BudgetError
from memory_budget.project import Project, write_atomic

DAYS = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Report on the usage log: budgets, demand, exceedance, context reduction, delivery, hook time and money, by agent, "
        "profile, tier and model, with recommendations. --html writes one page that needs no network."
    )
    parser.add_argument(
        "--days", type=int, metavar="N", help=f"days to report (default: {DAYS}; all with --log)"
    )
    parser.add_argument("--all", action="store_true", help="the whole log, however old")
    parser.add_argument("--html", metavar="FILE", help="write the report as an HTML page")
    parser.add_argument(
        "--log",
        nargs="+",
        metavar="FILE",
        help="other logs than the project's: files or globs, plain, .gz or .zst",
    )


def run(args: argparse.Namespace) -> int:
    project = Project(args.project)
    if args.days is not None and args.days < 1:
        print("memory-budget: --days takes a number from 1", file=sys.stderr)
        return 2
    logs = analytics_store.expand(args.log) if args.log else None
    days = args.days if args.days is not None else (None if args.all or logs else DAYS)
    found = report.gather(project, days, logs=logs)
    if args.html:
        _write(args.html, report.render(found))
    if args.json:
        output.print_json(found)
    elif args.html:
        print(f"{os.path.abspath(args.html)}: {output.tokens(found['analysis']['overall']['runs'])} runs")
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
        _print_groups("Agents", "agent", analysis["agents"])
        _print_groups("Profiles", "profile", analysis["profiles"])
        _print_groups("Tiers, as detected", "tier", analysis["tiers"])
        _print_models(analysis["models"])
    if found["advice"] and found["advice"]["recommendations"]:
        print_recommendations(found["advice"]["recommendations"])
        print(
            f"enforcement {found['advice']['enforcement']['current']}: {found['advice']['enforcement']['reason']}"
        )
    if found["proposals"]["count"]:
        print(f"{found['proposals']['count']} proposals for memory files wait: memory-budget maintain")
    bad = analysis["bad_lines"]
    if bad["count"]:
        print(f"{bad['count']} unreadable lines skipped:")
        for line in bad["named"]:
            print(f"  {line}")


def _print_overall(analysis: dict[str, Any]) -> None:
    overall = analysis["overall"]
    reduction = f"reduction {_percent(overall['reduction'])}, " if overall["reduction"] is not None else ""
    print(
        f"{output.tokens(overall['runs'])} runs, {output.tokens(overall['tokens_sent'])} tokens of memory sent, "
        f"{reduction}over budget {_percent(overall['exceedance'])}, budget use "
        f"{overall['use_mean'] or 0:.0f} % (median {overall['use_median'] or 0:.0f}, 95 %: {overall['use_p95'] or 0:.0f})"
    )
    shares = ", ".join(f"{scope['name']} {_percent(scope['share'])}" for scope in analysis["scopes"])
    line = f"scopes: {shares}"
    if overall["hook_ms_median"] is not None:
        line += f"; start hook {overall['hook_ms_median']:.0f} ms (95 %: {overall['hook_ms_p95']:.0f})"
    print(line)
    if overall["spent"] is not None:
        prices = analysis["prices"]
        print(
            f"spent {overall['spent']:,.2f} {prices['currency']}, saved {overall['saved']:,.2f} "
            f"(prices of {prices['as_of'] or 'the profiles'}, {output.tokens(overall['priced'])} runs with a price)"
        )
    if overall["not_delivered"]:
        print(f"{overall['not_delivered']} runs did not get their memory: memory-budget doctor")


def _print_groups(title: str, first: str, rows: list[dict[str, Any]]) -> None:
    output.table(
        title,
        [
            first,
            "runs",
            "sent",
            "demand",
            "95 %",
            "budget",
            "use",
            "95 %",
            "over",
            "reduction",
            "reads",
            "saved",
        ],
        [
            [
                row["name"],
                output.tokens(row["runs"]),
                _tokens(row["tokens_sent_mean"]),
                _tokens(row["demand_median"]),
                _tokens(row["demand_p95"]),
                _tokens(row["budget_mean"]),
                _rounded(row["use_mean"]),
                _rounded(row["use_p95"]),
                _percent(row["exceedance"]),
                _percent(row["reduction"]),
                row["on_demand_runs"],
                "" if row["saved"] is None else f"{row['saved']:,.2f}",
            ]
            for row in rows
        ],
        right=tuple(range(1, 12)),
    )


def _print_models(rows: list[dict[str, Any]]) -> None:
    kinds = ("requests", "input", "cache_creation", "cache_read", "output")
    output.table(
        "Models",
        ["model", "runs", "requests", "input", "cache written", "cache read", "output", "spent"],
        [
            [
                row["name"],
                output.tokens(row["runs"]),
                *(output.tokens(row["api"][kind]) if row["api"] else "" for kind in kinds),
                "" if row["spent"] is None else f"{row['spent']:,.2f}",
            ]
            for row in rows
        ],
        right=tuple(range(1, 8)),
    )


def _percent(share: float | None) -> str:
    return "" if share is None else output.percent(share)


def _tokens(number: float | None) -> str:
    return "" if number is None else output.tokens(round(number))


def _rounded(number: float | None) -> str:
    return "" if number is None else f"{number:.0f} %"
