"""The BudgetMonitor: what an agent has loaded against what it was allotted, over its run.

Pure state and rules. An agent's loads are what it was sent, what the client loads of its own memory, and every memory
file it reads itself afterwards. Hooks of several processes feed it by replaying the same lines in the same order, so each
comes to the same state, and each alert belongs to exactly one line.
"""

from __future__ import annotations

from memory_budget.base.figures import full_percent, thousands

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from memory_budget.run.pending import Pending

LEVELS = ("info", "warning", "critical")
NATIVE_SCOPE = "agent_patterns"


class Alert:
    """A threshold reached: its level, the load as a share of the budget that holds, when (seconds since the epoch), and the
    line for a person. `quiet`: a line for the record alone, that the budget was raised within its maximum."""

    __slots__ = ("at", "level", "message", "quiet", "share")

    def __init__(self, level: str, share: float, message: str, at: float, *, quiet: bool = False) -> None:
        self.level = level
        self.share = share
        self.message = message
        self.at = at
        self.quiet = quiet


class Monitor:
    """One agent's run. Tokens are tiktoken's.

    `budget`, `tier`, `bumped_from`: as they stand now; `ladder`: the tiers that have more to give, with their budgets;
    `demand`: what the task needs as far as is known; `loads`: by scope; `sent`: what arrived and what the client loads
    itself; `on_demand`: what the agent read itself, and `opened` the part of it from files that its block only named, by
    mark; `exceeded`: whether more was needed, or read, than allotted; `grown`: whether reads raised the budget; `alerts`:
    each level once.
    """

    __slots__ = (
        "_named", "_seen", "_thresholds", "agent", "alerts", "budget", "bumped_from", "demand", "exceeded", "grown", "ladder",
        "loads", "on_demand", "opened", "sent", "soft", "tier",
    )  # fmt: skip

    def __init__(self, pending: Pending, arrived: tuple[int, Mapping[str, int]] | None = None) -> None:
        """A run that starts, from what its start kept. `arrived`: tokens of the block as they got to the agent, and those of
        files by scope; by default those that found a place in its channel."""
        self.agent = pending.agent
        self.budget = pending.budget_allocated
        self.tier = pending.complexity
        self.bumped_from = pending.bumped_from
        self.soft = pending.enforcement != "hard"
        self.ladder: list[Sequence[Any]] = list(pending.ladder)
        self.demand = pending.demand_tokens
        native = pending.native_tokens
        self.loads = dict(pending.placed_scopes() if arrived is None else arrived[1])
        self.sent = native + (max(0, pending.placed_tokens - native) if arrived is None else arrived[0])
        if native:
            self.loads[NATIVE_SCOPE] = self.loads.get(NATIVE_SCOPE, 0) + native
        self.on_demand = 0
        self.opened: dict[str, int] = {}
        self.exceeded = self.demand > pending.budget_base
        self.grown = False
        self.alerts: list[Alert] = []
        self._thresholds = pending.thresholds
        self._named = frozenset(pending.outline)
        self._seen: set[str] = set()
        self._start(pending.started)

    @property
    def loaded(self) -> int:
        """All tokens of memory in the agent's context."""
        return self.sent + self.on_demand

    @property
    def share(self) -> float:
        """The load as a share of the budget; 0 where nothing was allotted."""
        return self.loaded / self.budget if self.budget > 0 else 0.0

    def _start(self, at: float) -> None:
        if self.bumped_from:
            self._note_raise(self.bumped_from, at)
        self._reach(self.share, self.line(), at)
        if self.demand > self.budget > 0:  # something needed was trimmed
            share = self.demand / self.budget
            line = (
                f"{self.agent}: the task needs {thousands(self.demand)} tokens of memory, {full_percent(share)} % of the most "
                f"it may have ({thousands(self.budget)}, tier {self.tier})"
            )
            self._reach(max(self.share, share), line, at)

    def read(
        self,
        scopes: Mapping[str, int],
        tokens: int,
        at: float,
        key: str = "",
        files: Mapping[str, int] | None = None,
    ) -> list[Alert]:
        """The agent read `tokens` of memory itself, of which `scopes` says whose. Returns the alerts this sets off.

        `key`: names the read; a second report of it is passed over. `files`: tokens by mark, of files that its block named.
        """
        if key:
            if key in self._seen:
                return []
            self._seen.add(key)
        before = len(self.alerts)
        self.on_demand += tokens
        for scope, part in scopes.items():
            self.loads[scope] = self.loads.get(scope, 0) + part
        for mark, part in (files or {}).items():
            if mark in self._named:
                self.opened[mark] = self.opened.get(mark, 0) + part
        self.demand = max(self.demand, self.loaded)
        if self.loaded > self.budget > 0:
            self.exceeded = True
            was = self.tier
            if self.soft and self._grow():
                self._note_raise(was, at)
        self._reach(self.share, self.line(), at)
        return self.alerts[before:]

    def _grow(self) -> bool:
        """Raise the budget step by step until the load fits, or there is no more to give."""
        was = self.tier
        while self.loaded > self.budget and self.ladder:
            self.bumped_from = self.bumped_from or self.tier
            self.tier, self.budget = self.ladder.pop(0)
        self.grown = self.grown or self.tier != was
        return self.tier != was

    def _note_raise(self, was: str, at: float) -> None:
        line = (
            f"{self.agent}: {thousands(self.demand)} tokens of memory needed, tier raised from {was} to {self.tier} "
            f"({thousands(self.budget)})"
        )
        self.alerts.append(Alert("info", self.share, line, at, quiet=True))

    def _reach(self, share: float, line: str, at: float) -> None:
        reached = {alert.level for alert in self.alerts if not alert.quiet}
        for level in LEVELS:
            if level not in reached and share >= self._thresholds.get(level, 1e9):
                self.alerts.append(Alert(level, share, line, at))

    def line(self) -> str:
        """Where the agent stands, for a person."""
        return (
            f"{self.agent}: {thousands(self.loaded)} of {thousands(self.budget)} tokens of memory "
            f"({full_percent(self.share)} %), tier {self.tier}"
        )


def to_tell(alerts: Sequence[Alert], level: str) -> str:
    """The line a person sees of these alerts: the highest one's, "" where none reaches `level` (or that is "off")."""
    loud = [alert for alert in alerts if not alert.quiet]
    if level not in LEVELS or not loud:
        return ""
    top = loud[-1]
    return top.message if LEVELS.index(top.level) >= LEVELS.index(level) else ""
