"""Recommends scope weights for profiles whose agents are short of memory, from where they needed it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from memory_budget.reports import tuning_replay
from memory_budget.settings.names import SCOPES
from memory_budget.settings.profiles import Profiles


def weights(
    settings: Profiles, entries: Sequence[dict[str, Any]], deviation: float, limit: float
) -> list[dict[str, Any]]:
    """Recommended weights, as `recommendations.json` has them, for profiles whose agents are short of memory in more than
    `limit` of their runs, and whose weights differ from the observed shares by more than `deviation`.

    Weights matter only where not everything needed is sent. Compared are the weights of all profiles and the observed
    shares, rounded; best are those that put the least share of tokens in another scope than where it was needed. The
    confidence is the share of short runs, of agents with this profile, that are better off.
    """
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for entry in entries:
        details = entry["details"]
        if (
            details["scope_shares"]
            and details["short_share"] > limit
            and details["records"] * details["short_share"] >= 5
        ):
            groups[entry["recommended_profile"]].append(entry)
    recommended = []
    for name, members in sorted(groups.items()):
        short_runs = {
            entry["agent"]: entry["details"]["records"] * entry["details"]["short_share"] for entry in members
        }
        total = sum(short_runs.values())
        used_shares = {
            scope: sum(
                entry["details"]["scope_shares"][scope] * short_runs[entry["agent"]] for entry in members
            )
            / total
            for scope in SCOPES
        }
        now = settings.profile(name).weights
        if max(abs(used_shares[scope] - now[scope]) for scope in SCOPES) <= deviation:
            continue
        options = [settings.profile(other).weights for other in settings.names()] + [_rounded(used_shares)]
        best = min(options, key=lambda option: tuning_replay.misplaced(option, used_shares))
        better = sum(
            short_runs[entry["agent"]]
            for entry in members
            if tuning_replay.misplaced(best, entry["details"]["scope_shares"])
            < tuning_replay.misplaced(now, entry["details"]["scope_shares"])
        )
        recommended.append(
            {
                "profile": name,
                "current_weights": {scope: round(now[scope], 4) for scope in SCOPES},
                "recommended_weights": {scope: round(best[scope], 4) for scope in SCOPES},
                "misplaced_before": round(tuning_replay.misplaced(now, used_shares), 4),
                "misplaced_after": round(tuning_replay.misplaced(best, used_shares), 4),
                "agents": sorted(short_runs),
                "short_runs": round(total),
                "confidence": round(better / total, 4),
            }
        )
    return recommended


def _rounded(shares: dict[str, float]) -> dict[str, float]:
    """Shares in steps of 0.05 that add up to 1, none below 0.05: a scope never used so far must still have a chance."""
    steps = {scope: max(1, round(shares[scope] * 20)) for scope in SCOPES}
    largest = max(SCOPES, key=lambda scope: steps[scope])
    steps[largest] += 20 - sum(steps.values())
    return {scope: steps[scope] / 20 for scope in SCOPES}
