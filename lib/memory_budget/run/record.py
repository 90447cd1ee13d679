"""The usage record of one run (schemas/usage-record.schema.json), from what its start kept and what its transcript tells."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from memory_budget.run.arrived import Arrived
from memory_budget.run.meter import Alert, Monitor
from memory_budget.run.pending import Pending
from memory_budget.run.transcripts import Transcript

#: Version 2: tokens_loaded is what arrived, planned_tokens what was planned; delivered may be "partly"; usage_pct of a warning
#: is in per cent; demand is what is confidently about the task. Version 3: whether the outline was used.
SCHEMA_VERSION = 3


def make(
    allotted: Pending,
    received: Pending,
    state: Monitor,
    arrived: Arrived,
    transcript: Transcript,
    *,
    agent: str,
    model: str,
    ended: bool,
    error: str | None = None,
) -> dict[str, Any]:
    """One record. `allotted`: what was allotted to this very run; `received`: the allocation whose parts it got, nearly always the
    same; `ended`: whether the agent came to its end."""
    problem = error or transcript.error
    return {
        "timestamp": datetime.now().isoformat(),
        "agent": allotted.agent_key or allotted.agent,
        "task": allotted.description,
        "complexity": state.tier,
        "budget_allocated": state.budget,
        "tokens_loaded": state.loaded,
        "usage_pct": round(100 * state.share, 2),
        "exceeded_budget": state.exceeded,
        "scope_breakdown": state.loads,
        "warnings_count": len(state.alerts),
        "warnings": [_warning(alert) for alert in state.alerts],
        "duration_seconds": _seconds(transcript) if ended else None,
        "success": ended and problem is None,
        "error": problem,
        "schema_version": SCHEMA_VERSION,
        "profile": received.profile,
        "enforcement": received.enforcement,
        "budget_base": received.budget_base,
        "bumped_from": state.bumped_from or None,
        "demand_tokens": state.demand,
        "scoped_tokens": received.scoped_tokens,
        "on_demand_tokens": state.on_demand,
        "outline_files": len(received.outline) if arrived.outline else 0,
        "outline_reads": len(state.opened) if arrived.outline else 0,
        "outline_tokens": sum(state.opened.values()) if arrived.outline else 0,
        "planned_tokens": received.planned_tokens,
        "delivered": arrived.delivered,
        "channel": allotted.channel or None,
        "confidence": received.confidence,
        "estimated": received.estimated,
        "allocation_id": received.allocation_id,
        "session_id": allotted.session_id or None,
        "tool_use_id": allotted.tool_use_id or None,
        "agent_id": agent or None,
        "model": transcript.model or model or allotted.model or None,
        "api_usage": _usage(transcript),
        "hook_ms": allotted.hook_ms,
    }


def _warning(alert: Alert) -> dict[str, Any]:
    return {
        "timestamp": datetime.fromtimestamp(alert.at).isoformat(),
        "threshold": alert.level,
        "usage_pct": round(100 * alert.share, 2),
        "message": alert.message,
    }


def _seconds(transcript: Transcript) -> float | None:
    return round(transcript.seconds, 3) if transcript.seconds is not None else None


def _usage(transcript: Transcript) -> Mapping[str, int] | None:
    return transcript.usage._asdict() if transcript.usage else None
