"""`memory-budget tune`: what the usage log says about budgets, as a diff of the profiles file; `--apply` writes it."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from memory_budget import tuning, tuning_apply
from memory_budget.cli import output
from memory_budget.project import Project


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Replay what agents needed against every profile and show what to change, with the evidence, as a diff of "
        ".claude/memory/budget-profiles.json. Nothing is written without --apply; --undo takes the last change back."
    )
    parser.add_argument(
        "--days", type=int, metavar="N", help="days of the log to replay (default: tuning.history_days)"
    )
    parser.add_argument("--log", nargs="+", metavar="FILE", help="logs to learn from: files or globs")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--apply", action="store_true", help="write the changes into the profiles file")
    action.add_argument("--undo", action="store_true", help="take the last change back")
    parser.add_argument("--agent", metavar="NAME", action="append", help="only this agent (may be repeated)")


def run(args: argparse.Namespace) -> int:
    project = Project(args.project)
    if args.undo:
        return _undo(project, as_json=args.json)
    if args.days is not None and args.days < 1:
        print("memory-budget: --days takes a number from 1", file=sys.stderr)
        return 2
    logs = None
    if args.log:
        from memory_budget import analytics_store

        logs = analytics_store.expand(args.log)
    found = tuning.recommend(project, args.days, logs=logs)
    changes = [change for change in found["changes"] if _wanted(change, args.agent)]
    edit = tuning_apply.plan(project, changes) if changes else None
    done = tuning_apply.apply(project, changes) if changes and args.apply else None
    if args.json:
        output.print_json(
            {
                **found,
                "diff": edit.diff(project) if edit else "",
                "applied": {"id": done.id, "path": done.path} if done else None,
            }
        )
        return 0
    _print(found, args.agent)
    if edit is not None:
        print(
            edit.diff(project)
            if done is None
            else f"Written to {edit.path}. Take it back: memory-budget tune --undo"
        )
        if done is None:
            print("Nothing was written. Apply this: memory-budget tune --apply")
    return 0


def _wanted(change: dict[str, Any], names: list[str] | None) -> bool:
    if not names:
        return True
    agent = str(change.get("agent", ""))
    return any(name in (agent, agent.rsplit("/", 1)[-1]) for name in names)


def _undo(project: Project, *, as_json: bool) -> int:
    entry = tuning_apply.undo(project)
    if as_json:
        output.print_json({"undone": entry.id, "path": entry.path, "changes": entry.changes})
    else:
        print(f"Taken back in {entry.path}:")
        for change in entry.changes:
            print(f"  {change['title']}")
    return 0


def _print(found: dict[str, Any], names: list[str] | None) -> None:
    print(f"{output.tokens(found['records'])} runs, {found['days_of_data']:g} days of data")
    entries = [entry for entry in found["recommendations"] if _wanted(entry, names)]
    if not entries:
        least = found["parameters"]["minimum_samples_for_recommendation"]
        print(f"No agent has {least} runs yet: nothing to recommend.")
    else:
        print_recommendations(entries)
    for entry in found["weights"]:
        now = ", ".join(f"{scope} {share:g}" for scope, share in entry["current_weights"].items())
        then = ", ".join(f"{scope} {share:g}" for scope, share in entry["recommended_weights"].items())
        print(f"weights of {entry['profile']}: {now} -> {then} (confidence {entry['confidence']:.0%})")
    for change in found["changes"]:
        if change["held"] and _wanted(change, names):
            print(f"not applied automatically: {change['title'].split(' (')[0]}: {change['held']}")
    print(f"enforcement {found['enforcement']['current']}: {found['enforcement']['reason']}\n")


def print_recommendations(entries: list[dict[str, Any]]) -> None:
    output.table(
        "",
        ["agent", "advice", "profile", "runs", "over budget", "budget", "confidence"],
        [
            [
                entry["agent"],
                entry["recommended_action"].replace("_", " "),
                arrow(entry["current_profile"], entry["recommended_profile"]),
                entry["details"]["records"],
                arrow(*(output.percent(entry["details"][f"exceedance_{at}"]) for at in ("before", "after"))),
                arrow(*(output.tokens(entry["details"][f"budget_{at}"]) for at in ("before", "after"))),
                f"{entry['confidence']:.0%}",
            ]
            for entry in entries
        ],
        right=(3, 4, 5, 6),
    )
    for entry in entries:
        for tier in entry["tiers"]:
            print(
                f"{entry['agent']}: {tier['too_low']:.0%} of {tier['records']} tasks classed {tier['tier']} needed "
                f"{tier['needed']}"
                + (f", such as: {tier['examples'][0]['task']}" if tier["examples"] else "")
            )


def arrow(before: str, after: str) -> str:
    return before if before == after else f"{before} -> {after}"
