"""The BudgetMonitor: what an agent has loaded against what it was allotted, over its run.

Pure state and rules. An agent's loads are what it was sent, what the client loads of its own memory, and every memory
file it reads itself afterwards. Hooks of several processes feed it by replaying the same lines in the same order, so each
comes to the same state, and each alert belongs to exactly one line.
"""

from __future__ import annotations

from memory_budget.base.figures import percent, thousands

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

LEVELS = ("info", "warning", "critical")
OFF = "off"
NATIVE_SCOPE = "agent_patterns"


class Alert:
    """A threshold reached: its level, the load as a share of the budget, when (seconds since the epoch), and the line for
    the person."""

    __slots__ = ("at", "level", "message", "share")

    def __init__(self, level: str, share: float, message: str, at: float) -> None:
        self.level = level
        self.share = share
        self.message = message
        self.at = at


class Monitor:
    """One agent's run. Tokens are tiktoken's.

    `budget`, `tier`, `bumped_from`: as they stand now; `base`: the budget of the tier detected at first; `ladder`: the
    tiers that have more to give, with their budgets; `demand`: what the task needs as far as is known; `loads`: by scope;
    `sent`: what was sent and what the client loads itself; `on_demand`: what the agent read itself; `exceeded`: whether
    more was needed, or read, than allotted; `grown`: whether reads raised the budget; `alerts`: each level once.
    """

    __slots__ = (
        "_seen", "_thresholds", "agent", "alerts", "base", "budget", "bumped_from", "demand", "exceeded", "grown", "ladder",
        "loads", "on_demand", "sent", "soft", "tier",
    )  # fmt: skip

    def __init__(self, kept: Mapping[str, Any], *, delivered: bool = True) -> None:
        """A run that starts, from what its start remembered (`start.allocate.describe`). `delivered`: whether it got what was
        sent; False takes that out of its loads."""
        self.agent: str = kept["agent"]
        self.budget: int = kept["budget_allocated"]
        self.base: int = kept["budget_base"]
        self.tier: str = kept["complexity"]
        self.bumped_from: str = kept["bumped_from"]
        self.soft: bool = kept["enforcement"] != "hard"
        self.ladder: list[Sequence[Any]] = list(kept["ladder"])
        self.demand: int = kept["demand_tokens"]
        native: int = kept["native_tokens"]
        self.loads: dict[str, int] = dict(kept["scope_breakdown"]) if delivered else {}
        if native:
            self.loads[NATIVE_SCOPE] = self.loads.get(NATIVE_SCOPE, 0) + native
        self.sent: int = kept["tokens_loaded"] if delivered else native
        self.on_demand = 0
        self.exceeded = self.demand > self.base
        self.grown = False
        self.alerts: list[Alert] = []
        self._thresholds: Mapping[str, float] = kept["thresholds"]
        self._seen: set[str] = set()
        self._start(kept["started"])

    @property
    def loaded(self) -> int:
        """All tokens of memory in the agent's context."""
        return self.sent + self.on_demand

    @property
    def share(self) -> float:
        return self.loaded / self.budget if self.budget > 0 else 0.0

    def _start(self, at: float) -> None:
        line = self.line()
        if self.exceeded:
            if not self.bumped_from:
                line += f", {thousands(self.demand)} needed"
            elif self.demand > self.budget:
                line += f", bumped from {self.bumped_from}, {thousands(self.demand)} needed"
            else:
                line += f", bumped from {self.bumped_from}"
        self._reach(self.share, line, at)
        if self.exceeded and self.base > 0:
            self._reach(max(self.share, self.demand / self.base), line, at)

    def read(self, scopes: Mapping[str, int], tokens: int, at: float, key: str = "") -> list[Alert]:
        """The agent read `tokens` of memory itself, of which `scopes` says whose. Returns the alerts this sets off.

        `key`: names the read; a second report of it is passed over.
        """
        if key:
            if key in self._seen:
                return []
            self._seen.add(key)
        before = len(self.alerts)
        self.on_demand += tokens
        for scope, part in scopes.items():
            self.loads[scope] = self.loads.get(scope, 0) + part
        self.demand = max(self.demand, self.loaded)
        line, share = self.line(), self.share
        if self.loaded > self.budget > 0:
            self.exceeded = True
            if self.soft and self._grow():
                line += f", bumped to {self.tier} ({thousands(self.budget)})"
        self._reach(share, line, at)
        return self.alerts[before:]

    def _grow(self) -> bool:
        """Raise the budget step by step until the load fits, or there is no more to give."""
        was = self.tier
        while self.loaded > self.budget and self.ladder:
            self.bumped_from = self.bumped_from or self.tier
            self.tier, self.budget = self.ladder.pop(0)
        self.grown = self.grown or self.tier != was
        return self.tier != was

    def _reach(self, share: float, line: str, at: float) -> None:
        told = {alert.level for alert in self.alerts}
        for level in LEVELS:
            if level not in told and share >= self._thresholds.get(level, 1e9):
                self.alerts.append(Alert(level, share, line, at))

    def line(self) -> str:
        """Where the agent stands, for a person."""
        return (
            f"{self.agent}: {thousands(self.loaded)} of {thousands(self.budget)} tokens of memory "
            f"({percent(self.share)} %), tier {self.tier}"
        )


def to_tell(alerts: Sequence[Alert], level: str) -> str:
    """The line a person sees of these alerts: the highest one's, "" where none reaches `level` (or that is "off")."""
    if level not in LEVELS or not alerts:
        return ""
    top = alerts[-1]
    return top.message if LEVELS.index(top.level) >= LEVELS.index(level) else ""
