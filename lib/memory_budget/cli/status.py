"""`memory-budget status`: the memory there is, the state of the index, and what agents were given lately."""

from __future__ import annotations

import argparse
import os
import time
from collections import deque
from datetime import datetime
from typing import Any

from memory_budget.base import layout
from memory_budget.base.files import listing
from memory_budget.base.project import Project, find_project
from memory_budget.cli import output
from memory_budget.cli.projects import unread_memory
from memory_budget.cli.status_text import print_state
from memory_budget.index.in_force import profiles_in_force
from memory_budget.index.overview import memory_facts
from memory_budget.index.reader import DatabaseError, IndexReader, IndexUnusable
from memory_budget.log import lines, usage
from memory_budget.settings import agents, profiles, suggest, token_ratio
from memory_budget.upkeep import proposals, schedule

LAST = 10


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--last", type=int, default=LAST, metavar="N", help=f"runs to show (default {LAST})")


def run(args: argparse.Namespace) -> int:
    project = find_project(args.project)
    state = gather(project, max(0, args.last))
    if args.json:
        output.print_json(state)
    else:
        print_state(state)
    return 0


def gather(project: Project, last: int) -> dict[str, Any]:
    """Everything `status` shows, as JSON."""
    loaded = profiles_in_force(project)
    return {
        "project": project.root,
        "has_memory": project.has_memory(),
        "memory": memory_facts(project, loaded.profiles) if project.has_memory() else None,
        "unread": unread_memory(project),
        "profiles": {
            "file": profiles.short_path(loaded.source_path, project.root, project.home) or "shipped defaults",
            "problem": loaded.problem_line or None,
            "enabled": loaded.profiles.enabled,
            "enforcement": loaded.profiles.section("enforcement"),
            "delivery": loaded.profiles.section("delivery"),
        },
        "calibration": _calibration(project, loaded.profiles),
        "index": _index_state(project),
        "jobs": _job_state(project),
        "suggestions": _suggestions(project, loaded.profiles),
        "proposals": len(proposals.load_proposals(project)),
        "running": len(list(listing(project.at(layout.PENDING)))),
        **_log_state(project, last),
    }


def _job_state(project: Project) -> dict[str, Any] | None:
    """Last and next runs; None while the library is missing that reads when they are due."""
    try:
        return schedule.overview(project, time.time())
    except ImportError:
        return None


def _suggestions(project: Project, settings: profiles.Profiles) -> list[dict[str, Any]]:
    """The profile that is suggested for each agent without an assignment."""
    agent_files = agents.scan_agent_files(project.root, project.home)
    return [entry._asdict() for entry in suggest.agent_suggestions(project.home, settings, agent_files)]


def _calibration(project: Project, settings: profiles.Profiles) -> list[dict[str, Any]]:
    """Tokens per tiktoken token of every model that ran or is set in the profiles: the ratio in use, and where it comes from."""
    state = token_ratio.read_ratios(project)
    learned = state.get("models", {})
    models = []
    for model in sorted({*learned, *settings.section("calibration")["ratio"]}):
        in_use, source = token_ratio.ratio_in_use(settings, state, model)
        entry = {"model": model, "in_use": in_use, "source": source, "learned": learned.get(model)}
        models.append(entry)
    return models


def _index_state(project: Project) -> dict[str, Any]:
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
            "scopes": _scope_totals(groups),
        }
    except (DatabaseError, ValueError) as error:
        return {"usable": False, "problem": str(error)}
    finally:
        reader.close()


def _scope_totals(groups: list[Any]) -> dict[str, dict[str, int]]:
    totals: dict[str, dict[str, int]] = {}
    for group in groups:
        scope = totals.setdefault(group.scope, {"files": 0, "tokens": 0})
        scope["files"] += group.files
        scope["tokens"] += group.tokens
    return totals


def _log_state(project: Project, last: int) -> dict[str, Any]:
    records: deque[dict[str, Any]] = deque(maxlen=last)
    count = bad_lines = exceeded = undelivered = 0
    for entry in usage.read_all(project):
        if isinstance(entry, usage.BadLine):
            bad_lines += 1
            continue
        count += 1
        exceeded += entry.get("exceeded_budget") is True and not lines.is_older(entry)
        undelivered += entry.get("delivered") is False
        records.append(entry)
    return {
        "log": {"runs": count, "exceeded": exceeded, "not_delivered": undelivered, "bad_lines": bad_lines},
        "last": list(records),
    }
