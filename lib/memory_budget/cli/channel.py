"""Which way memory takes to the agents, in words."""

from __future__ import annotations

from typing import Any

from memory_budget.select import parts


def channel_words(delivery: str, last: list[dict[str, Any]]) -> str:
    """Which way memory takes to the agents, and why. `last`: the latest records."""
    context = f"as context when the agent starts, in up to {parts.PARTS} parts of {parts.LIMIT:,} characters"
    words = {
        "prompt": "memory goes before the agent's prompt (delivery: prompt)",
        "context": f"memory goes in {context} (delivery: context)",
    }.get(
        delivery,
        "memory goes before the agent's prompt; in auto permission mode, whose check reads prompts, and for agents that start "
        f"without the Agent tool it goes in {context} (delivery: auto)",
    )
    used = [record["channel"] for record in last if record.get("channel") in ("prompt", "context")]
    return words + (f"; the last run: {used[-1]}" if used else "")
