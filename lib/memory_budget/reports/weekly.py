"""What agents were given over the last days, from the usage log, without any library."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from memory_budget.log import lines, usage

if TYPE_CHECKING:
    from memory_budget.base.project import Project


class AgentUse(NamedTuple):
    """One agent's runs: how many, how many over budget and not delivered, and mean tokens given (rounded down)."""

    agent: str
    runs: int
    exceeded: int
    undelivered: int
    tokens: int


def weekly_use(project: Project, now: float) -> list[AgentUse]:
    """The agents that ran in the seven days before `now` (seconds since the epoch), most runs first.

    Lines that are no records (`lines.record_problem`) do not count.
    """
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for entry in usage.read_all(project):
        if isinstance(entry, usage.BadLine) or lines.record_problem(entry):
            continue
        if now - 7 * 86400 <= lines.moment(entry["timestamp"]) <= now:
            rows[entry["agent"]].append(entry)
    uses = [
        AgentUse(
            agent,
            len(runs),
            sum(run.get("exceeded_budget") is True and not lines.is_older(run) for run in runs),
            sum(run.get("delivered") is False for run in runs),
            sum(int(run["tokens_loaded"]) for run in runs) // len(runs),
        )
        for agent, runs in rows.items()
    ]
    return sorted(uses, key=lambda use: (-use.runs, use.agent))
