"""The records of one agent's start: what is asked for it, what was found out on the way, and what it gets.

`allocate` makes them in the order in which they stand here, each at once and whole.
"""

from __future__ import annotations

from memory_budget.base.files import short_hash
from memory_budget.select import block
from memory_budget.settings import names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from memory_budget.index.view import MemoryView
    from memory_budget.select.complexity import TierEstimate
    from memory_budget.select.packing import Selection
    from memory_budget.settings.agents import AgentIdentity
    from memory_budget.settings.profiles import AgentSettings, LoadResult, Profile, Profiles


class Task:
    """What an agent is started with. The allocation's id is made of `identifier`: the session with the tool use, or with
    the agent's id."""

    __slots__ = ("agent_type", "description", "identifier", "model", "prompt", "session")

    def __init__(
        self,
        agent_type: object,
        prompt: str,
        description: str = "",
        *,
        model: str = "",
        session: str = "",
        identifier: str = "",
    ) -> None:
        self.agent_type = agent_type
        self.prompt = prompt
        self.description = description
        self.model = model
        self.session = session
        self.identifier = identifier


class JudgedTier:
    """How hard a task is (`tier`), who says so (`source`), and what its text says (`estimate`)."""

    __slots__ = ("estimate", "source", "tier")

    def __init__(self, tier: str, source: str, estimate: TierEstimate) -> None:
        self.tier = tier
        self.source = source
        self.estimate = estimate


class OpenedMemory:
    """An agent's view of memory. `stale`: the index needs an update; `estimated`: the index was missing, so part of memory was
    read and its tokens bounded."""

    __slots__ = ("estimated", "stale", "view")

    def __init__(self, view: MemoryView, *, stale: bool, estimated: bool) -> None:
        self.view = view
        self.stale = stale
        self.estimated = estimated


class TierBudgets:
    """The budgets of one agent by tier, in tiktoken's tokens."""

    __slots__ = ("_model", "_profile", "_profiles", "ratio")

    def __init__(self, profiles: Profiles, profile: Profile, model: str, ratio: float) -> None:
        """`ratio`: tokens of the model to one of tiktoken's."""
        self._profiles = profiles
        self._profile = profile
        self._model = model
        self.ratio = ratio

    def budget(self, tier: str) -> int:
        return self._profiles.budget(self._profile, tier, self._model, self.ratio)

    def above(self, tier: str, budget: int) -> tuple[str, int] | None:
        """The next tier that has more to give, with its budget; None where the maximum is reached."""
        upper = names.next_tier(tier)
        while upper is not None:
            more = self.budget(upper)
            if more > budget:
                return upper, more
            upper = names.next_tier(upper)
        return None

    def ladder(self, tier: str, budget: int) -> list[tuple[str, int]]:
        """All tiers above that have more to give."""
        steps = []
        step = self.above(tier, budget)
        while step is not None:
            steps.append(step)
            step = self.above(*step)
        return steps


class Request:
    """What is asked for one agent: its task, what holds for it, and how its block gets to it.

    `in_context`: the context channel carries the block, in parts; else the prompt does. `cap`: an exact budget in tokens, None
    for the tier's; `bump`: the tier that an earlier run of this agent and task was pushed to by what it read, "" for none;
    `explain`: keep a verdict on every chunk; `problems`: lines for the person (a broken profiles file).
    """

    __slots__ = (
        "budgets",
        "bump",
        "cap",
        "explain",
        "identity",
        "in_context",
        "loaded",
        "problems",
        "settings",
        "task",
    )

    def __init__(
        self,
        task: Task,
        identity: AgentIdentity,
        settings: AgentSettings,
        loaded: LoadResult,
        budgets: TierBudgets,
        *,
        in_context: bool,
        cap: int | None,
        bump: str,
        explain: bool,
        problems: list[str],
    ) -> None:
        self.task = task
        self.identity = identity
        self.settings = settings
        self.loaded = loaded
        self.budgets = budgets
        self.in_context = in_context
        self.cap = cap
        self.bump = bump
        self.explain = explain
        self.problems = problems

    @property
    def can_bump(self) -> bool:
        """Whether the tier may rise where the task needs more than its budget."""
        return self.cap is None and self.settings.enforcement != "hard"

    def frame_tokens(self, budget: int) -> int:
        """Tokens of everything but files, gaps and the outline in a block of so many tokens: at most this many."""
        if not self.in_context:
            return block.FRAME_TOKENS
        from memory_budget.select import parts

        return parts.frame_tokens(budget)


class BudgetedSelection:
    """What is sent, under which budget.

    `budget_base`: the budget before any rise, `budget` and `tier` after it; `ladder`: the tiers that what the agent reads itself
    can still push it to, with their budgets.
    """

    __slots__ = ("budget", "budget_base", "ladder", "selection", "tier")

    def __init__(
        self, selection: Selection, tier: str, budget: int, budget_base: int, ladder: list[tuple[str, int]]
    ) -> None:
        self.selection = selection
        self.tier = tier
        self.budget = budget
        self.budget_base = budget_base
        self.ladder = ladder


class Allocation:
    """What one agent gets, and why. Tokens are tiktoken's; `budget` is what was finally allotted.

    `bumped_from`: the tier before it rose, "" where it did not;
    `pieces`: the chosen files as they are printed; `damaged`: the index could not be read and has to be made anew. For the
    rest see `Request`, `JudgedTier`, `OpenedMemory` and `BudgetedSelection`.
    """

    __slots__ = (
        "budget", "budget_base", "bumped_from", "damaged", "enforcement", "estimated", "id", "identity", "in_context", "ladder",
        "loaded", "native_tokens", "pieces", "problems", "ratio", "scoped_tokens", "selection", "settings", "stale", "task",
        "tier", "tier_estimate", "tier_source", "view",
    )  # fmt: skip

    def __init__(
        self,
        request: Request,
        judged: JudgedTier,
        memory: OpenedMemory,
        choice: BudgetedSelection,
        pieces: list[block.Piece],
        *,
        damaged: bool,
    ) -> None:
        self.task = request.task
        self.identity = request.identity
        self.settings = request.settings
        self.enforcement = request.settings.enforcement
        self.loaded = request.loaded
        self.problems = request.problems
        self.in_context = request.in_context
        self.ratio = request.budgets.ratio
        self.id = short_hash(self.task.identifier or f"{self.task.agent_type}\0{self.task.prompt}", 6)
        self.tier = choice.tier
        self.tier_source = judged.source
        self.tier_estimate = judged.estimate
        self.bumped_from = judged.tier if choice.tier != judged.tier else ""
        self.view = memory.view
        self.native_tokens = memory.view.native_tokens
        self.scoped_tokens = memory.view.scoped_tokens
        self.stale = memory.stale
        self.estimated = memory.estimated
        self.damaged = damaged
        self.budget = choice.budget
        self.budget_base = choice.budget_base
        self.ladder = choice.ladder
        self.selection = choice.selection
        self.pieces = pieces

    @property
    def tokens(self) -> int:
        """Tokens of the block, with those of its native memory that the client loads itself."""
        return self.selection.tokens + self.native_tokens

    @property
    def exceeded(self) -> bool:
        """Whether the task needs more memory than it was allotted."""
        return self.selection.demand_tokens + self.native_tokens > self.budget


class Nothing:
    """An agent that gets no memory on purpose: its profile gives nothing, or memory is switched off."""

    __slots__ = ("identity", "problems", "profile")

    def __init__(self, identity: AgentIdentity, profile: str, problems: Sequence[str]) -> None:
        self.identity = identity
        self.profile = profile
        self.problems = list(problems)
