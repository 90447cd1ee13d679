"""The BudgetMonitor: what an agent has loaded against what it was allotted, over its run.

Pure state and rules; hooks feed it and tell the person what it says. An agent's loads are what was injected, what the
client loads of its own memory, and every memory file it reads itself afterwards.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

LEVELS = ("info", "warning", "critical")


class Alert:
    """A threshold reached: its level, the load as a share of the budget, and the line for the person."""

    __slots__ = ("level", "message", "share")

    def __init__(self, level: str, share: float, message: str) -> None:
        self.level = level
        self.share = share
        self.message = message


def alerts(agent: str, tokens: int, budget: int, tier: str, thresholds: Mapping[str, float]) -> list[Alert]:
    """Every threshold that a load reaches, lowest first."""
    if budget <= 0:
        return []
    share = tokens / budget
    message = f"{agent}: {thousands(tokens)} of {thousands(budget)} tokens of memory ({share:.0%}), tier {tier}"
    return [Alert(level, share, message) for level in LEVELS if share >= thresholds.get(level, 2.0)]


def thousands(tokens: int) -> str:
    """18,234 as 18.2K, 20,000 as 20K, 950 as 950."""
    if tokens < 1000:
        return str(tokens)
    return f"{tokens / 1000:.1f}".removesuffix(".0") + "K"
