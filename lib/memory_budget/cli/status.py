"""`memory-budget status`: what memory there is, how the index stands, and what agents were given lately."""

from __future__ import annotations

import argparse
import os
import time
from collections import deque
from datetime import datetime
from typing import Any

from memory_budget.base import layout
from memory_budget.base.figures import counted, percent, thousands
from memory_budget.base.files import listing
from memory_budget.base.project import Project, find_project
from memory_budget.cli import output
from memory_budget.cli.channel import channel_words
from memory_budget.cli.projects import unread_memory
from memory_budget.index.overview import memory_facts
from memory_budget.index.reader import DatabaseError, IndexReader, IndexUnusable
from memory_budget.log import usage
from memory_budget.settings import agents, profiles, suggest, token_ratio
from memory_budget.upkeep import proposals, schedule

LAST = 10
#: Folders of agents that are listed.
_FOLDERS = 20


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--last", type=int, default=LAST, metavar="N", help=f"runs to show (default {LAST})")


def run(args: argparse.Namespace) -> int:
    project = find_project(args.project)
    state = gather(project, max(0, args.last))
    if args.json:
        output.print_json(state)
    else:
        _print(state)
    return 0


def gather(project: Project, last: int) -> dict[str, Any]:
    """Everything `status` shows, as JSON."""
    loaded = profiles.load_profiles(project.root, project.home)
    return {
        "project": project.root,
        "has_memory": project.has_memory(),
        "memory": memory_facts(project, loaded.profiles) if project.has_memory() else None,
        "unread": unread_memory(project),
        "profiles": {
            "file": profiles.short_path(loaded.source_path, project.root, project.home) or "shipped defaults",
            "problem": loaded.problem,
            "enabled": loaded.profiles.enabled,
            "enforcement": loaded.profiles.section("enforcement"),
            "delivery": loaded.profiles.section("delivery"),
        },
        "calibration": _calibration(project, loaded.profiles),
        "index": _index(project),
        "jobs": _jobs(project),
        "suggestions": _suggestions(project, loaded.profiles),
        "proposals": len(proposals.load_proposals(project)),
        "running": len(list(listing(project.at(layout.PENDING)))),
        **_log(project, last),
    }


def _jobs(project: Project) -> dict[str, Any] | None:
    """Last and next runs; None while the library is missing that reads when they are due."""
    try:
        return schedule.overview(project, time.time())
    except ImportError:
        return None


def _suggestions(project: Project, settings: profiles.Profiles) -> list[dict[str, Any]]:
    """The profile that each agent nobody assigned should have."""
    known = agents.scan_agent_files(project.root, project.home)
    return [
        entry._asdict() for entry in suggest.agent_suggestions(project.root, project.home, settings, known)
    ]


def _calibration(project: Project, settings: profiles.Profiles) -> list[dict[str, Any]]:
    """What is known of how models count: the ratio in use of every model seen or set by hand, and where it comes from."""
    section = settings.section("calibration")
    learned = token_ratio.read_ratios(project).get("models", {})
    found = []
    for model in sorted({*learned, *section["ratio"]}):
        entry = learned.get(model)
        by_hand = settings.calibration_ratio(model)
        own = token_ratio.Ratio(**entry) if entry else None
        in_use = 1.0
        if by_hand is not None:
            source, in_use = "set in the profiles", by_hand
        elif own is not None and not section["auto"]:
            source = "not used (calibration.auto is off)"
        elif own is not None and own.is_precise(section["max_error"]):
            source, in_use = "learned", own.ratio
        else:
            source = "not used yet (not known well enough)"
        found.append({"model": model, "in_use": in_use, "source": source, "learned": entry})
    return found


def _index(project: Project) -> dict[str, Any]:
    try:
        reader = IndexReader(project.index)
    except IndexUnusable as error:
        return {"usable": False, "problem": str(error)}
    try:
        groups = reader.groups()
        updated = reader.meta("updated")
        return {
            "usable": True,
            "problem": None,
            "files": sum(group.files for group in groups),
            "chunks": sum(group.chunks for group in groups),
            "tokens": sum(group.tokens for group in groups),
            "agents": len({(group.category, group.owner) for group in groups if group.owner}),
            "exact": bool(reader.meta("exact")),
            "bytes": os.path.getsize(project.index),
            "updated": datetime.fromtimestamp(float(updated)).isoformat(timespec="seconds")
            if updated
            else None,
            "scopes": _scopes(groups),
        }
    except DatabaseError as error:
        return {"usable": False, "problem": str(error)}
    finally:
        reader.close()


def _scopes(groups: list[Any]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for group in groups:
        scope = found.setdefault(group.scope, {"files": 0, "tokens": 0})
        scope["files"] += group.files
        scope["tokens"] += group.tokens
    return found


def _log(project: Project, last: int) -> dict[str, Any]:
    records: deque[dict[str, Any]] = deque(maxlen=last)
    count = bad = exceeded = undelivered = 0
    for entry in usage.read_all(project):
        if isinstance(entry, usage.BadLine):
            bad += 1
            continue
        count += 1
        exceeded += entry.get("exceeded_budget") is True
        undelivered += entry.get("delivered") is False
        records.append(entry)
    return {
        "log": {"runs": count, "exceeded": exceeded, "not_delivered": undelivered, "bad_lines": bad},
        "last": list(records),
    }


def _print(state: dict[str, Any]) -> None:
    output.line(state["project"])
    if not state["has_memory"]:
        print("  no agent memory found here. To start: put notes into .claude/memory/*.md")
        print("  or add a folder that is there: memory-budget sources add docs")
        _print_unread(state)
        return
    settings = state["profiles"]
    _say(f"profiles: {settings['file']}; limits are {settings['enforcement']}")
    _say(channel_words(settings["delivery"], state["last"]))
    if not settings["enabled"]:
        print("  switched off: no agent is given memory (enabled: false)")
    if settings["problem"]:
        _say(f"PROBLEM   {settings['problem']}")
    _print_memory(state["memory"])
    _print_unread(state)
    _print_index(state["index"])
    for entry in state["calibration"]:
        learned = entry["learned"]
        basis = (
            f" ({learned['ratio']:.3f} ± {learned['error']:.3f} from {counted(learned['runs'], 'run')})"
            if learned
            else ""
        )
        _say(f"{entry['model']}: {entry['in_use']:.3f} tokens per tiktoken token, {entry['source']}{basis}")
    _print_runs(state)
    if state["jobs"] is None:
        print("  jobs: wait for the libraries (memory-budget setup)")
    else:
        _print_jobs(state["jobs"])
    if state["proposals"]:
        print(f"  {counted(state['proposals'], 'suggestion')} for memory files: memory-budget maintain")
    if state["suggestions"]:
        number = counted(len(state["suggestions"]), "agent")
        print(f"  {number} without an assignment: memory-budget profiles suggest")
    if state["last"]:
        columns = ["ended", "agent", "difficulty", "sent", "budget", "share of\nmemory"]
        roomy = output.width() >= 110
        output.table(
            "",
            [*columns, "task"] if roomy else columns,
            [_row(record, roomy) for record in state["last"]],
            right=(3, 4, 5),
        )


def _print_unread(state: dict[str, Any]) -> None:
    for line in state["unread"]:
        _say(f"NOT READ  {line}")


def _print_memory(facts: dict[str, Any]) -> None:
    """Where memory was found, and which agents read which folder."""
    for row in facts["layouts"]:
        _say(f"{row['layout']}: {row['files']} files in {row['folder']}")
    for row in facts["folders"][:_FOLDERS]:
        readers = ", ".join(row["agents"][:4]) or "no agent known here (an agent of this name would)"
        _say(f"  {row['folder']}: {row['files']} files, read by {readers}")
    if len(facts["folders"]) > _FOLDERS:
        _say(f"  {len(facts['folders']) - _FOLDERS} more folders of agents (--json)")
    if facts["files_kept_in"]:
        _say(f"the plugin's own files: {facts['files_kept_in']}")


def _print_index(index: dict[str, Any]) -> None:
    if not index["usable"]:
        _say(f"index: {index['problem']}")
        return
    _say(
        f"index: {counted(index['files'], 'file')}, {index['tokens']:,} tokens, "
        f"{counted(index['agents'], 'agent')} with memory of their own; updated {_minute(index['updated'] or 'never')}"
    )
    if not index["exact"]:
        print("    token counts are upper estimates until the libraries are there (memory-budget setup)")
    for scope, part in index["scopes"].items():
        print(f"    {scope}: {counted(part['files'], 'file')}, {part['tokens']:,} tokens")


def _print_runs(state: dict[str, Any]) -> None:
    log = state["log"]
    got = log["runs"] - log["not_delivered"]
    words = (
        [f"{counted(log['runs'], 'agent run')}: {got} got memory"] if log["runs"] else ["no agent runs yet"]
    )
    words += [f"{log['exceeded']} needed more than the budget"] if log["exceeded"] else []
    words += (
        [f"{log['not_delivered']} did not get theirs (memory-budget doctor)"] if log["not_delivered"] else []
    )
    words += [counted(log["bad_lines"], "unreadable line")] if log["bad_lines"] else []
    words += [f"{state['running']} running now"] if state["running"] else []
    _say(", ".join(words))


def _print_jobs(state: dict[str, Any]) -> None:
    for problem in state["problems"]:
        _say(f"PROBLEM   {problem}")
    if not state["enabled"]:
        print("  jobs: switched off (schedule.enabled: false)")
    for kind, job in state["jobs"].items():
        last = f"last {_minute(job['last'])}, {job['seconds']:.1f} s" if job["last"] else "has not run yet"
        if job["problems"]:
            last += f", {counted(len(job['problems']), 'problem')}"
        following = (
            "due now" if job["due"] else f"next {_minute(job['next'])}" if job["next"] else "not planned"
        )
        print(f"  {kind} job: {last}; {following}")
    if state["running"]:
        print(
            f"  {state['running']['kind']} job running, or broken off, since {_minute(state['running']['since'])}"
        )


def _minute(stamp: str) -> str:
    return stamp[:16].replace("T", " ")


def _row(record: dict[str, Any], roomy: bool) -> list[object]:
    scoped = record.get("scoped_tokens") or 0
    loaded = record.get("tokens_loaded") or 0
    stamp = str(record.get("timestamp", ""))[:16].replace("T", " ")
    row = [
        stamp if roomy else stamp[5:],
        record["agent"].rsplit("/", 1)[-1],
        record.get("complexity", ""),
        thousands(loaded),
        thousands(record.get("budget_allocated") or 0),
        percent(min(loaded / scoped, 1)) if scoped else "",
    ]
    return [*row, str(record.get("task", ""))[:60]] if roomy else row


def _say(text: str) -> None:
    output.wrapped(text, "  ")
