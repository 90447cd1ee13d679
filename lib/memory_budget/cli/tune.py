"""`memory-budget tune`: what the usage log says about budgets, as a diff of the profiles file; `--apply` writes it."""

from __future__ import annotations

import argparse
from typing import Any

from memory_budget.base.figures import certainty, counted, percent, thousands
from memory_budget.base.project import Project, find_project
from memory_budget.cli import output
from memory_budget.cli.report import print_left_out, short_names
from memory_budget.log import usage
from memory_budget.reports import tuning, tuning_apply


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Replay what agents needed against every profile and show what to change, with the evidence, as a diff of "
        ".claude/memory/budget-profiles.json. Nothing is written without --apply; --undo takes the last change back."
    )
    parser.add_argument(
        "--days",
        type=output.days,
        metavar="N",
        help="days of the log to replay (default: tuning.history_days)",
    )
    parser.add_argument(
        "--log",
        nargs="+",
        action="extend",
        metavar="FILE",
        help="logs to learn from instead of the project's: files or globs",
    )
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--apply", action="store_true", help="write the changes into the profiles file")
    action.add_argument("--undo", action="store_true", help="take the last change back")
    parser.add_argument("--agent", metavar="NAME", action="append", help="only this agent (may be repeated)")


def run(args: argparse.Namespace) -> int:
    project = find_project(args.project)
    if args.undo:
        return _undo_change(project, as_json=args.json)
    logs = None
    if args.log:
        from memory_budget.reports import summary

        logs = summary.expand(args.log)
    elif not args.json and next(usage.read_all(project), None) is None:
        print("No agent runs yet: there is nothing to tune by.")  # and no library to install for that
        return 0
    # Advice from other logs is only shown; the advice that is kept is the project's own.
    advice = tuning.recommend(project, args.days, logs=logs, write=logs is None)
    for key in ("recommendations", "changes"):
        advice[key] = [entry for entry in advice[key] if _is_about(entry, args.agent)]
    changes = advice["changes"]
    edit = tuning_apply.plan_edit(project, changes) if changes else None
    applied = tuning_apply.apply_changes(project, changes) if changes and args.apply else None
    if args.json:
        output.print_json(
            {
                **advice,
                "diff": edit.diff(project) if edit else "",
                "applied": {"id": applied.id, "path": applied.path} if applied else None,
            }
        )
        return 0
    _print_advice(advice, args.agent)
    if edit is None:
        print("Nothing to change." if advice["recommendations"] else "Nothing to recommend.")
    else:
        print(
            edit.diff(project)
            if applied is None
            else f"Written to {edit.path}. Take it back: memory-budget tune --undo"
        )
        if applied is None:
            print("Nothing was written. Apply this: memory-budget tune --apply")
    return 0


def _is_about(change: dict[str, Any], names: list[str] | None) -> bool:
    if not names:
        return True
    agent = str(change.get("agent", ""))
    return any(name in (agent, agent.rsplit("/", 1)[-1]) for name in names)


def _undo_change(project: Project, *, as_json: bool) -> int:
    entry = tuning_apply.undo_profile_change(project)
    if as_json:
        output.print_json({"undone": entry.id, "path": entry.path, "changes": entry.changes})
    else:
        print(f"Taken back in {entry.path}:")
        for change in entry.changes:
            output.wrapped(change["title"], "  ")
    return 0


def _print_advice(advice: dict[str, Any], names: list[str] | None) -> None:
    print(f"{counted(advice['records'], 'run')}, {advice['days_of_data']:g} days of data")
    print_left_out(advice["left_out"])
    if advice["recommendations"]:
        print_recommendations(advice["recommendations"])
    else:
        output.wrapped(_why_nothing(advice, names))
    threshold = advice["parameters"]["recommendation_confidence_threshold"]
    for entry in advice["recommendations"]:
        if entry["current_profile"] != entry["recommended_profile"] and entry["confidence"] < threshold:
            output.wrapped(
                f"{entry['agent']} is left as it is: {certainty(entry['confidence'])} sure, {certainty(threshold)} are asked for"
            )
    for entry in advice["weights"]:
        now = ", ".join(f"{scope} {share:g}" for scope, share in entry["current_weights"].items())
        then = ", ".join(f"{scope} {share:g}" for scope, share in entry["recommended_weights"].items())
        print(f"weights of {entry['profile']}: {now} -> {then} (confidence {certainty(entry['confidence'])})")
    for change in advice["changes"]:
        if change["held"]:
            output.wrapped(f"not applied automatically: {change['title'].split(' (')[0]}: {change['held']}")
    print(f"enforcement {advice['enforcement']['current']}: {advice['enforcement']['reason']}\n")


def _why_nothing(advice: dict[str, Any], names: list[str] | None) -> str:
    least = advice["parameters"]["minimum_samples_for_recommendation"]
    if not advice["records"]:
        if advice["left_out"]["records"]:
            return "No run that says what its task needed yet."
        return f"No runs in the last {advice['days']} days (--days looks farther back)."
    if names:
        return f"{', '.join(names)}: not among the agents that have {least} runs and get memory."
    return f"No agent that gets memory has {least} runs yet."


def print_recommendations(entries: list[dict[str, Any]]) -> None:
    output.print_table(
        "",
        ["agent", "profile", "runs", "needed\nmore", "budget", "sure"],
        [
            [
                name,
                arrow(entry["current_profile"], entry["recommended_profile"]),
                entry["details"]["records"],
                percent(entry["details"]["exceedance_before"], 1),
                arrow(*(thousands(entry["details"][f"budget_{at}"]) for at in ("before", "after"))),
                certainty(entry["confidence"]),
            ]
            for name, entry in zip(short_names([entry["agent"] for entry in entries]), entries, strict=True)
        ],
        right=(2, 3, 5),
    )
    for entry in entries:
        for tier in entry["tiers"]:
            output.wrapped(
                f"{entry['agent']}: {percent(tier['too_low'])} of {tier['records']} tasks taken for {tier['tier']} needed "
                f"{tier['needed']}"
                + (f", such as: {tier['examples'][0]['task']}" if tier["examples"] else "")
            )


def arrow(before: str, after: str) -> str:
    return before if before == after else f"{before} -> {after}"
