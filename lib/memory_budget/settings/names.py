"""The names of tiers and scopes, in their order."""

from __future__ import annotations

TIERS = ("simple", "medium", "complex", "multi-system")
SCOPES = ("global", "agent_recent", "agent_patterns")


def next_tier(tier: str) -> str | None:
    """The tier that an exceeded budget is bumped to, or None at the top."""
    at = TIERS.index(tier) + 1
    return TIERS[at] if at < len(TIERS) else None
