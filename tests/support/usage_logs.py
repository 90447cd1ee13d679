"""Usage logs as tests and benchmarks need them: single records, and a team's month."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

TIERS = ("simple", "medium", "complex", "multi-system")
FACTORS = (0.5, 1.0, 1.5, 2.0)
BUDGETS = {
    "specialist-narrow": (20_000, 50_000),
    "specialist-broad": (35_000, 75_000),
    "role-coordinator": (50_000, 100_000),
    "role-architect": (75_000, 150_000),
}
#: Agent, its profile, tokens a medium task needs, spread of that, runs a day, scope shares, all memory in scope.
TEAM = (
    ("specialists/dbt-expert", "specialist-narrow", 13_500, 0.35, 9, (0.25, 0.2, 0.55), 79_000),
    ("specialists/snowflake-expert", "specialist-narrow", 21_000, 0.4, 7, (0.15, 0.3, 0.55), 96_000),
    ("specialists/tableau-expert", "specialist-narrow", 9_000, 0.3, 4, (0.3, 0.1, 0.6), 61_000),
    ("specialists/aws-expert", "specialist-broad", 8_500, 0.3, 5, (0.35, 0.2, 0.45), 74_000),
    ("specialists/data-quality-specialist", "specialist-broad", 20_000, 0.35, 3, (0.3, 0.25, 0.45), 83_000),
    ("roles/analytics-engineer-role", "role-coordinator", 27_000, 0.35, 6, (0.3, 0.25, 0.45), 118_000),
    ("roles/data-engineer-role", "role-coordinator", 36_000, 0.3, 4, (0.25, 0.3, 0.45), 142_000),
    ("roles/data-architect-role", "role-architect", 33_000, 0.4, 2, (0.4, 0.15, 0.45), 156_000),
)
_TASKS = (
    "Review the model's dependencies", "Find out why the nightly run is slow", "List the tables of the finance mart",
    "Add a test for late rows", "Compare warehouse sizes for the load window", "Trace an order from source to dashboard",
    "Design the retention of raw events", "Fix the failing refresh", "Explain the metric's definition",
)  # fmt: skip


def record(**changes: Any) -> dict[str, Any]:
    """One whole record as the plugin writes it, with `changes`."""
    made: dict[str, Any] = {
        "timestamp": "2026-11-20T10:00:00.000000",
        "agent": "specialists/dbt-expert",
        "task": "Review the model's dependencies",
        "complexity": "medium",
        "budget_allocated": 20_000,
        "tokens_loaded": 10_000,
        "usage_pct": 50.0,
        "exceeded_budget": False,
        "scope_breakdown": {"global": 2_000, "agent_recent": 3_000, "agent_patterns": 5_000},
        "warnings_count": 0,
        "warnings": [],
        "duration_seconds": 60.0,
        "success": True,
        "error": None,
        "schema_version": 3,
        "profile": "specialist-narrow",
        "enforcement": "soft",
        "budget_base": 20_000,
        "bumped_from": None,
        "demand_tokens": 10_000,
        "scoped_tokens": 80_000,
        "on_demand_tokens": 0,
        "outline_files": 0,
        "outline_reads": 0,
        "outline_tokens": 0,
        "planned_tokens": 10_000,
        "delivered": True,
        "channel": "prompt",
        "confidence": 1.2,
        "estimated": False,
        "allocation_id": "0123456789ab",
        "session_id": "ead0a2d5-306d-4101-8363-33927d71f38e",
        "tool_use_id": "toolu_01",
        "agent_id": "a2027632165b31e11",
        "model": "claude-sonnet-4-6",
        "api_usage": {
            "requests": 3,
            "input": 120,
            "cache_creation": 31_000,
            "cache_read": 62_000,
            "output": 1_800,
            "first_request_input": 31_040,
        },
        "hook_ms": 20.0,
    }
    made.update(changes)
    return made


def needing(tokens: int, **changes: Any) -> dict[str, Any]:
    """A medium run of a narrow specialist whose task needed so many tokens, under soft enforcement."""
    loaded = min(tokens, 40_000)
    return record(
        demand_tokens=tokens,
        tokens_loaded=loaded,
        exceeded_budget=tokens > 20_000,
        scope_breakdown={
            "global": loaded // 5,
            "agent_recent": loaded // 5,
            "agent_patterns": loaded - 2 * (loaded // 5),
        },
        **changes,
    )


def older(entry: dict[str, Any]) -> dict[str, Any]:
    """The record as version 0.1 would have written it: schema_version 1, without what came later."""
    later = (
        "outline_files",
        "outline_reads",
        "outline_tokens",
        "planned_tokens",
        "channel",
        "confidence",
        "estimated",
    )
    return {key: value for key, value in entry.items() if key not in later} | {"schema_version": 1}


def several(number: int, entry: dict[str, Any]) -> list[dict[str, Any]]:
    """As many records like `entry`, each of a run of its own."""
    return [entry | {"allocation_id": f"{run:012x}"} for run in range(number)]


def write_log(path: Path, records: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(entry) + "\n" for entry in records), encoding="utf-8")
    return path


def team_records(days: int, end: datetime, seed: int = 7) -> Iterator[dict[str, Any]]:
    """A data team's log over `days` up to `end`, oldest first: fewer runs at weekends, needs that differ by agent."""
    rng = random.Random(seed)
    number = 0
    for day in range(days, 0, -1):
        date = end - timedelta(days=day)
        busy = 0.25 if date.weekday() >= 5 else 1.0
        moments = sorted(
            (rng.uniform(7.5, 19.0), agent) for agent in TEAM for _ in range(_around(agent[4] * busy, rng))
        )
        for hour, agent in moments:
            number += 1
            at = date.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(hours=hour)
            yield _run(agent, at, 1 - day / days, number, rng)


def _around(mean: float, rng: random.Random) -> int:
    return max(0, round(rng.gauss(mean, math.sqrt(mean))))


def _run(
    agent: tuple[Any, ...], at: datetime, progress: float, number: int, rng: random.Random
) -> dict[str, Any]:
    name, profile, typical, spread, _, shares, scoped = agent
    tier = rng.choices(range(4), (3, 5, 3, 1))[0]
    need = int(typical * FACTORS[tier] ** 0.7 * math.exp(rng.gauss(0, spread) + 0.1 * progress))
    base, most = BUDGETS[profile]
    budgets = [int(min(base * factor, most)) for factor in FACTORS]
    final = next((at_tier for at_tier in range(tier, 4) if budgets[at_tier] >= need), 3)
    scoped = int(scoped * (0.85 + 0.15 * progress))
    need = min(need, int(scoped * 0.9))
    sent = min(need, budgets[final])
    reads = int(rng.uniform(300, 2_500)) if rng.random() < 0.06 else 0
    delivered = rng.random() > 0.01
    loaded = sent + reads if delivered else reads
    outline = 4 if number % 3 == 0 and delivered else 0
    requests = rng.randint(2, 14)
    wrote = loaded + rng.randint(9_000, 26_000)
    parts = [int(loaded * share) for share in shares]
    parts[2] = loaded - parts[0] - parts[1]
    return record(
        timestamp=at.isoformat(timespec="microseconds"),
        agent=name,
        task=rng.choice(_TASKS),
        complexity=TIERS[final],
        budget_allocated=budgets[final],
        tokens_loaded=loaded,
        usage_pct=round(100 * loaded / budgets[final], 2),
        exceeded_budget=need > budgets[tier] or loaded > budgets[final],
        scope_breakdown=dict(zip(("global", "agent_recent", "agent_patterns"), parts, strict=True)),
        duration_seconds=round(rng.lognormvariate(4.2, 0.7), 2),
        success=rng.random() > 0.02,
        profile=profile,
        budget_base=budgets[tier],
        bumped_from=TIERS[tier] if final != tier else None,
        demand_tokens=need,
        scoped_tokens=scoped,
        on_demand_tokens=reads,
        outline_files=outline,
        outline_reads=int(outline > 0 and reads > 0),
        outline_tokens=reads if outline else 0,
        delivered=delivered,
        allocation_id=f"{number:012x}",
        tool_use_id=f"toolu_{number:024d}",
        agent_id=f"a{number:016x}",
        model=rng.choice(("claude-sonnet-4-6", "claude-sonnet-4-6", "claude-opus-4-6", "claude-haiku-4-5")),
        api_usage={
            "requests": requests,
            "input": rng.randint(20, 400),
            "cache_creation": wrote + requests * 900,
            "cache_read": wrote * (requests - 1),
            "output": rng.randint(400, 9_000),
            "first_request_input": wrote,
        },
        hook_ms=round(rng.lognormvariate(3.1, 0.25), 2),
    )
