"""What agents were given over the last days, from the usage log."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from memory_budget.log import usage

if TYPE_CHECKING:
    from memory_budget.base.project import Project


class AgentUse(NamedTuple):
    """One agent's runs: how many, over budget, not delivered; mean tokens given."""

    agent: str
    runs: int
    exceeded: int
    undelivered: int
    tokens: int


def gather(project: Project, now: float, days: int = 7) -> list[AgentUse]:
    """The agents that ran in the last `days`, most runs first. No log is no runs."""
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for entry in usage.read_all(project):
        if not isinstance(entry, usage.BadLine) and now - days * 86400 <= _time(entry) <= now:
            rows[entry["agent"]].append(entry)
    found = [
        AgentUse(
            agent,
            len(runs),
            sum(run.get("exceeded_budget") is True for run in runs),
            sum(run.get("delivered") is False for run in runs),
            sum(_number(run.get("tokens_loaded")) for run in runs) // len(runs),
        )
        for agent, runs in rows.items()
    ]
    return sorted(found, key=lambda use: (-use.runs, use.agent))


def _number(value: object) -> int:
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 0


def _time(record: dict[str, Any]) -> float:
    try:
        return datetime.fromisoformat(str(record["timestamp"]).replace("Z", "+00:00")).timestamp()
    except (KeyError, ValueError, OverflowError):
        return 0.0
