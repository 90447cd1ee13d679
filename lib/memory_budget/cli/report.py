"""`memory-budget report`: a summary and one table of how budgets were used; the rest when asked for.

The text of it needs no library. DuckDB gives the same figures faster and adds scopes, money and advice.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import re
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from memory_budget.base.errors import BudgetError
from memory_budget.base.figures import counted, percent, thousands
from memory_budget.base.files import write_all, write_shared
from memory_budget.base.project import find_project
from memory_budget.cli import output
from memory_budget.reports import summary

DAYS = 30
#: What `--by` takes: the key of the analysis, and the name of the first column.
GROUPS = {
    "agent": ("agents", "agent"),
    "profile": ("profiles", "profile"),
    "difficulty": ("tiers", "difficulty"),
    "model": ("models", "model"),
    "scope": ("scopes", "scope"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Report on the usage log: what agents were sent, what they needed, what that cost. A summary and one table; --by "
        "chooses what the table is about, --api shows tokens and money, --html writes everything as one page that needs no "
        "network."
    )
    parser.add_argument(
        "--days", type=output.days, metavar="N", help=f"days to report (default: {DAYS}; all with --log)"
    )
    parser.add_argument("--all", action="store_true", help="the whole log, however old")
    parser.add_argument(
        "--by", choices=tuple(GROUPS), default="agent", help="what the table is about (default: agent)"
    )
    parser.add_argument("--api", action="store_true", help="the table of API tokens and cost instead")
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
    days = args.days if args.days is not None else (None if args.all or args.log else DAYS)
    if not (args.html or args.json or args.api or args.by == "scope") and not _has_duckdb():
        analysis = summary.summarise(_logs(args) or project, days)
        _print_report({"project": project.root, "analysis": analysis}, args)
        return 0
    from memory_budget.reports import report
    from memory_budget.upkeep.report_inputs import report_inputs

    if args.html and args.json and _descriptor(args.html) == 1:
        raise BudgetError(f"--html {args.html} and --json both print to the standard output")
    gathered = report.gather_report(project, days, report_inputs(project, datetime.now()), logs=_logs(args))
    if args.html:
        _write_page(args.html, report.render_report(gathered))
    if args.json:
        output.print_json(gathered)
    elif args.html:
        if _descriptor(args.html) is None:
            print(f"{os.path.abspath(args.html)}: {counted(gathered['analysis']['overall']['runs'], 'run')}")
    else:
        _print_report(gathered, args)
    return 0


def _has_duckdb() -> bool:
    return importlib.util.find_spec("duckdb") is not None


def _logs(args: argparse.Namespace) -> list[str] | None:
    return summary.expand(args.log) if args.log else None


def _write_page(path: str, page: str) -> None:
    """Write the page to a path that a person named: where a link leads, straight into what is no regular file (a pipe), and
    on through an open descriptor (`/dev/stdout`), so that `>` and `>>` of the shell mean what they say."""
    data = page.encode("utf-8")
    descriptor = _descriptor(path)
    try:
        if descriptor is not None:
            sys.stdout.flush()
            write_all(descriptor, data)
        elif os.path.exists(path) and not os.path.isfile(path):
            with open(path, "wb") as file:
                file.write(data)
        else:
            write_shared(os.path.realpath(path), data)
    except BrokenPipeError:
        raise  # the reader is gone, which is no fault
    except OSError as error:
        raise BudgetError(f"{path}: {error.strerror}") from error


def _descriptor(path: str) -> int | None:
    """The open descriptor of this process that a path names: `/dev/stdout`, `/dev/fd/3`; None for any other path."""
    match = re.fullmatch(r"/dev/(stdout|stderr)|(?:/dev|/proc/self)/fd/([0-9]{1,6})", os.path.abspath(path))
    if match is None:
        return None
    return {"stdout": 1, "stderr": 2}[match[1]] if match[1] else int(match[2])


def _print_report(gathered: dict[str, Any], args: argparse.Namespace) -> None:
    analysis = gathered["analysis"]
    overall = analysis["overall"]
    span = f"{analysis['first'][:10]} to {analysis['last'][:10]}" if analysis["first"] else "no agent runs"
    output.line(f"{gathered['project']}: {span}")
    if gathered.get("problem"):
        output.line(f"PROBLEM {gathered['problem']}")
    if overall["runs"]:
        _print_overall(overall, analysis.get("prices"))
        key, column = GROUPS[args.by]
        if args.api:
            _print_costs(f"By {args.by}: API tokens and cost", column, analysis[key])
        elif args.by == "scope":
            _print_scopes(analysis["scopes"])
        else:
            _print_budgets(f"By {args.by}", column, analysis[key])
    print_left_out(analysis["left_out"])
    _print_advice(gathered)
    bad_lines = analysis["bad_lines"]
    if bad_lines["count"]:
        print(f"{counted(bad_lines['count'], 'unreadable line')} skipped:")
        for line in bad_lines["named"]:
            output.line(line, "  ")
    if analysis["repeated_records"]:
        print(f"{counted(analysis['repeated_records'], 'record')} in the log more than once, counted once")


def print_left_out(left_out: dict[str, Any]) -> None:
    """A line on records that are no evidence of what tasks need, where there are any."""
    if left_out["records"]:
        records = counted(left_out["records"], "older record")
        output.wrapped(f"{records} left out of what tasks needed: {left_out['reason']}")


def _print_advice(gathered: dict[str, Any]) -> None:
    advice = (gathered.get("advice") or {}).get("recommendations") or ()
    changes = [entry for entry in advice if entry["recommended_action"] != "maintain"]
    if changes:
        print(f"{counted(len(changes), 'suggestion')} for budgets: memory-budget tune")
    waiting = gathered.get("proposals", {}).get("count", 0)
    if waiting:
        print(f"{counted(waiting, 'suggestion')} for memory files: memory-budget maintain")


def _print_overall(overall: dict[str, Any], prices: dict[str, Any] | None) -> None:
    runs = overall["runs"]
    left_out = overall["reduction"]
    words = "" if left_out is None else f"; {percent(max(left_out, 0))} of memory left out"
    print(f"{counted(runs, 'agent run')}, {thousands(overall['tokens_sent'])} tokens of memory sent{words}")
    if overall["measured"]:
        of = counted(overall["measured"], "run")
        needed = f"{overall['exceeded']} of {of}" if overall["exceeded"] else "no run"
        print(f"{needed} needed more than the budget")
    if overall["outline_runs"]:
        share = percent(overall["outline_used"] / overall["outline_runs"])
        print(
            f"of {counted(overall['outline_runs'], 'agent')} that got an outline, {share} opened something it named"
        )
    if overall["use_median"] is not None:
        print(
            f"budgets used: median {overall['use_median']:.0f} %, 95th percentile {overall['use_p95']:.0f} %"
        )
    if overall.get("spent") is not None and prices:
        priced_note = (
            "" if overall["priced"] == runs else f", {counted(overall['priced'], 'run')} with a price"
        )
        print(
            f"spent {overall['spent']:,.2f} {prices['currency']}, saved {overall['saved']:,.2f} "
            f"(prices of {prices['as_of'] or 'the profiles'}{priced_note})"
        )
    if overall["not_delivered"]:
        print(f"{counted(overall['not_delivered'], 'run')} did not get their memory: memory-budget doctor")


def _print_scopes(rows: list[dict[str, Any]]) -> None:
    output.print_table(
        "By scope",
        ["scope", "runs", "tokens", "share", "share of\nbudgets", "per run", "median", "95th pct"],
        [
            [
                row["name"],
                f"{row['runs']:,}",
                _tokens_cell(row["tokens"]),
                _share_cell(row["share"]),
                _share_cell(row["of_budget"]),
                *(_tokens_cell(row[f"tokens_{figure}"]) for figure in ("mean", "median", "p95")),
            ]
            for row in rows
        ],
        right=tuple(range(1, 8)),
    )


def _print_budgets(title: str, first: str, rows: list[dict[str, Any]]) -> None:
    """One line a group. Optional columns without a figure are left out."""
    columns = ["runs", "sent", "budget", "used", "95th\npct", "needed\nmore", "left\nout"]
    optional = {"files read\nby itself": "on_demand_runs", "not\ndelivered": "not_delivered"}
    shown = {title: key for title, key in optional.items() if any(row[key] for row in rows)}
    output.print_table(
        title,
        [first, *columns, *shown],
        [
            [
                name,
                f"{row['runs']:,}",
                _tokens_cell(row["tokens_sent_mean"]),
                _tokens_cell(row["budget_mean"]),
                _use_cell(row["use_median"]),
                _use_cell(row["use_p95"]),
                _share_cell(row["exceedance"]),
                "" if row["reduction"] is None else _share_cell(max(row["reduction"], 0.0)),
                *(str(row[key] or "") for key in shown.values()),
            ]
            for name, row in zip(short_names([row["name"] for row in rows]), rows, strict=True)
        ],
        right=tuple(range(1, 8 + len(shown))),
    )


def _print_costs(title: str, first: str, rows: list[dict[str, Any]]) -> None:
    if all(row.get("api") is None for row in rows):
        print("No run says what the API counted.")
        return
    kinds = ("requests", "input", "cache_creation", "cache_read", "output")
    names = ["requests", "input", "cache\nwritten", "cache\nread", "output", "spent", "saved"]
    output.print_table(
        title,
        [first, *names],
        [
            [
                name,
                *(_tokens_cell(row["api"][kind]) if row["api"] else "" for kind in kinds),
                *("" if row[key] is None else f"{row[key]:,.2f}" for key in ("spent", "saved")),
            ]
            for name, row in zip(short_names([row["name"] for row in rows]), rows, strict=True)
        ],
        right=tuple(range(1, 8)),
    )


def short_names(names: Sequence[str]) -> list[str]:
    """Names without their folders, where that leaves them apart."""
    leaves = [name.rsplit("/", 1)[-1] for name in names]
    return [leaf if leaves.count(leaf) == 1 else name for leaf, name in zip(leaves, names, strict=True)]


# A cell of a table: blank where the log holds no figure.


def _share_cell(share: float | None) -> str:
    return "" if share is None else percent(share, 1)


def _tokens_cell(number: float | None) -> str:
    return "" if number is None else thousands(number)


def _use_cell(percents: float | None) -> str:
    return "" if percents is None else f"{percents:.0f} %"
