"""What a report shows of memory itself: its size by day, and what the jobs propose to do with its files."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from memory_budget.base.project import Project
from memory_budget.upkeep import health, proposals

#: Proposals listed in the page; all are counted.
PROPOSALS_SHOWN = 20


def report_inputs(project: Project, now: datetime) -> dict[str, Any]:
    """{"memory": [{"day", "tokens"}], "proposals": {"count", "tokens", "shown"}}."""
    return {"memory": _sizes(project, now), "proposals": _proposals(project)}


def _sizes(project: Project, now: datetime) -> list[dict[str, Any]]:
    """Tokens of memory by day, as the daily job saw them."""
    today = now.toordinal()
    return [
        {"day": date.fromordinal(size.day).isoformat(), "tokens": size.tokens}
        for size in health.read_sizes(project)
        if today - 400 < size.day <= today
    ]


def _proposals(project: Project) -> dict[str, Any]:
    """What the jobs propose to do with memory files."""
    waiting = proposals.load(project)
    return {
        "count": len(waiting),
        "tokens": sum(proposal.tokens for proposal in waiting),
        "shown": [
            {
                "kind": proposal.kind,
                "title": proposal.title,
                "reason": proposal.reason,
                "tokens": proposal.tokens,
            }
            for proposal in waiting[:PROPOSALS_SHOWN]
        ],
    }
