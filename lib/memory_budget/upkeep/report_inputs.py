"""What a report shows of memory itself: its size by day, and the pending proposals of the jobs."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from memory_budget.base.project import Project
from memory_budget.upkeep import health, proposals

#: Proposals listed in the page at most; all are counted.
PROPOSALS_SHOWN = 20


def report_inputs(project: Project, now: datetime) -> dict[str, Any]:
    """The report's members about memory:

    {"memory": [{"day": "2026-11-20", "tokens": 79000}],
     "proposals": {"count": 1, "tokens": 300, "shown": [{"kind": "archival", "title": ..., "reason": ..., "tokens": 300}]}}
    """
    return {"memory": _sizes_by_day(project, now), "proposals": _proposals(project)}


def _sizes_by_day(project: Project, now: datetime) -> list[dict[str, Any]]:
    """Tokens of memory on days when the daily job ran, of the last 400 days."""
    today = now.toordinal()
    return [
        {"day": date.fromordinal(size.day).isoformat(), "tokens": size.tokens}
        for size in health.read_sizes(project)
        if today - 400 < size.day <= today
    ]


def _proposals(project: Project) -> dict[str, Any]:
    """The pending proposals: number, tokens they save, and the first ones."""
    pending = proposals.load_proposals(project)
    return {
        "count": len(pending),
        "tokens": sum(proposal.tokens for proposal in pending),
        "shown": [
            {
                "kind": proposal.kind,
                "title": proposal.title,
                "reason": proposal.reason,
                "tokens": proposal.tokens,
            }
            for proposal in pending[:PROPOSALS_SHOWN]
        ],
    }
