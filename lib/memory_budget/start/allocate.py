"""One agent start, end to end: who is it, how hard is the task, what may it get, what does it get.

    allocate   choose and trim, from the index, the profiles and the task
    render     the block the agent reads

Read only and without a tokenizer, a schema validator or a lock; the hooks and `preview` share it.
"""

from __future__ import annotations

import os
import time

from memory_budget.base.errors import BudgetError
from memory_budget.base.files import digest
from memory_budget.index.freshness import find_changes
from memory_budget.index.reader import ordinal
from memory_budget.index.schema import OperationalError
from memory_budget.index.view import MemoryView
from memory_budget.run import bumps
from memory_budget.select import block, complexity
from memory_budget.select.packing import Survey, pack
from memory_budget.settings import agents as agent_files
from memory_budget.settings import names
from memory_budget.start.project_state import ProjectState, open_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from memory_budget.base.project import Project
    from memory_budget.index.sources import Sources
    from memory_budget.select.packing import Selection
    from memory_budget.settings.agents import AgentIdentity
    from memory_budget.settings.profiles import AgentSettings, LoadResult, Profile, Profiles

COMPLEXITY_VARIABLE = "MEMORY_BUDGET_COMPLEXITY"
#: How much of a tier's multiplier of the budget holds for how much is worth sending.
TIER_POWER = 0.5


class Task:
    """What an agent is started with. `identifier` makes the allocation id: the tool use, or what stands for it."""

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


class Allocation:
    """What one agent gets, and why. Tokens are tiktoken's; `budget` is what was finally allotted.

    `problems`: lines for the person (a broken profiles file); `stale`: the index needs an update, and `damaged`: it has to be
    made anew; `estimated`: the index was missing, so part of memory was read and its tokens bounded.
    """

    __slots__ = (
        "budget", "budget_base", "bumped_from", "damaged", "in_context", "enforcement", "estimated", "id", "identity", "loaded",
        "ladder", "native_tokens", "problems", "ratio", "scoped_tokens", "selection", "settings", "stale", "task", "tier",
        "pieces", "tier_source", "verdict", "view",
    )  # fmt: skip

    def __init__(self, task: Task, identity: AgentIdentity, settings: AgentSettings) -> None:
        self.task = task
        self.identity = identity
        self.settings = settings
        self.id = digest(task.identifier or f"{task.agent_type}\0{task.prompt}", 6)
        self.problems: list[str] = []
        self.tier = "medium"
        self.tier_source = ""
        self.verdict: complexity.TierEstimate | None = None
        self.enforcement = settings.enforcement
        #: Whether the context channel carries the block, in parts; else the prompt does.
        self.in_context = False
        self.budget_base = settings.profile.base_budget
        self.budget = 0
        self.bumped_from = ""
        self.ladder: list[tuple[str, int]] = []
        self.ratio = 1.0
        self.scoped_tokens = 0
        self.native_tokens = 0
        self.stale = False
        self.damaged = False
        self.pieces: list[block.Piece] = []
        self.estimated = False
        self.loaded: LoadResult | None = None
        self.view: MemoryView
        self.selection: Selection

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


def allocate(
    project: Project,
    task: Task,
    *,
    state: ProjectState | None = None,
    cap: int | None = None,
    tier: str | None = None,
    profile: str | None = None,
    explain: bool = False,
    auto_mode: bool = False,
    promptless: bool = False,
) -> Allocation | Nothing:
    """Choose an agent's memory for its task.

    `cap`: an exact budget in tokens, never bumped, and filled; `tier` and `profile`: a person's word instead of what is
    detected and assigned. `auto_mode`: the session is in auto permission mode; `promptless`: the agent started without the
    Agent tool, so no prompt can carry its block. Raises BudgetError for a profile that does not exist.
    """
    own = state or open_state(project)
    result = own.result
    problems = [result.problem] if result.problem else []
    identity = agent_files.resolve(task.agent_type, own.profiles, own.agents)
    if profile is not None and profile not in own.profiles.names():
        raise BudgetError(f"there is no profile {profile!r}: {', '.join(own.profiles.names())}")
    settings = own.profiles.settings(
        profile or identity.profile_name, "" if profile else identity.override_key
    )
    if cap is None and (not own.profiles.enabled or settings.profile.gives_nothing):
        return Nothing(identity, settings.profile.name, problems)
    allocation = Allocation(task, identity, settings)
    allocation.problems = problems
    allocation.loaded = result
    allocation.in_context = (
        promptless or settings.delivery == "context" or (settings.delivery == "auto" and auto_mode)
    )
    _judge(allocation, tier)
    if own.calibration or own.profiles.section("calibration")["ratio"]:
        from memory_budget.settings import token_ratio

        allocation.ratio = token_ratio.ratio(own.profiles, own.calibration, task.model, identity.name)
    bump = bumps.remembered_bump(project, task_key(allocation)) if tier is None else ""
    try:
        _plan(project, own, allocation, cap, explain, bump)
    except Exception as error:
        if own.reader is None:
            raise
        # Some page of the index is not what it was: this agent does without it, and it is made anew. What a damaged page
        # sets off is no one kind of error: text that is no UTF-8, a number where there was text, a place past the end.
        from memory_budget.base import hook_log

        try:
            hook_log.log(project, f"the index could not be read: {type(error).__name__}: {error}")
        except OSError:
            pass  # a full disk costs no agent its memory
        own.reader = None
        allocation.damaged = not isinstance(error, OperationalError)
        allocation.bumped_from = ""
        _plan(project, own, allocation, cap, explain, bump)
    return allocation


def _plan(
    project: Project, state: ProjectState, allocation: Allocation, cap: int | None, explain: bool, bump: str
) -> None:
    _look(project, state, allocation)
    _choose(state.profiles, allocation, cap, explain, bump)
    allocation.pieces = _pieces(allocation)


def _judge(allocation: Allocation, tier: str | None) -> None:
    """The tier: a person's word in the call, the prompt, the environment or the profiles, else what the text says."""
    task = allocation.task
    verdict = complexity.classify(task.prompt, task.description)
    allocation.verdict = verdict
    said = complexity.parse_tier(os.environ.get(COMPLEXITY_VARIABLE, ""))
    if tier:
        allocation.tier, allocation.tier_source = tier, "given"
    elif verdict.source == "override-prompt":
        allocation.tier, allocation.tier_source = verdict.tier, "prompt"
    elif said:
        allocation.tier, allocation.tier_source = said, "environment"
    elif allocation.settings.complexity:
        allocation.tier, allocation.tier_source = allocation.settings.complexity, "profiles"
    else:
        allocation.tier, allocation.tier_source = verdict.tier, verdict.source


def _look(project: Project, state: ProjectState, allocation: Allocation) -> None:
    """Open the agent's view of memory, with what changed since the index was made laid over it."""
    identity = allocation.identity
    native = identity.file.memory if identity.file is not None else ""
    today = ordinal(time.time_ns())
    sources = _sources(project, state.profiles)
    if state.reader is not None:
        groups = state.reader.groups_for(identity.folder_names)
        view = MemoryView(state.reader, groups, native, today)
        found = find_changes(project, state.reader, groups, sources, identity.folder_names)
        if found.stale:
            from memory_budget.index.overlay import Overlay

            view.lay_over(Overlay(view, found, native))
        view.count_native()
        allocation.stale = found.stale or state.damaged
        allocation.view = view
        allocation.native_tokens = view.native_tokens
        allocation.scoped_tokens = view.scoped_tokens
        return
    from memory_budget.index.no_index import makeshift_view

    allocation.view = makeshift_view(project, sources(), identity.folder_names, native, today)
    allocation.scoped_tokens = allocation.view.scoped_tokens
    allocation.stale = allocation.estimated = True


def _sources(project: Project, settings: Profiles) -> Any:
    def make() -> Sources:
        from memory_budget.index.sources import sources_of

        return sources_of(project, settings)

    return make


def task_key(allocation: Allocation) -> str:
    """The name under which a bump of this agent and task is remembered."""
    task = allocation.task
    return bumps.task_key(allocation.identity.name, task.description, task.prompt)


def _choose(
    settings: Profiles, allocation: Allocation, cap: int | None, explain: bool, bump: str = ""
) -> None:
    """Select under the budget of the tier; where more is needed and enforcement is soft, under the next tier's.

    `bump`: the tier that an earlier run of this agent and task was pushed to by what it read, "" for none.
    """
    profile = allocation.settings.profile
    tier = allocation.tier
    budget = (
        cap if cap is not None else settings.budget(profile, tier, allocation.task.model, allocation.ratio)
    )
    base = budget
    bumping = cap is None and allocation.enforcement != "hard"
    if bumping and bump in names.TIERS:
        while names.TIERS.index(tier) < names.TIERS.index(bump):
            raised = _raise(settings, profile, tier, budget, allocation)
            if raised is None:
                break
            allocation.bumped_from = allocation.bumped_from or allocation.tier
            tier, budget = raised
    frame = _frame_tokens(allocation, budget)
    task, native, fill = allocation.task, allocation.native_tokens, cap is not None
    survey = Survey(
        allocation.view,
        task.prompt,
        description=task.description,
        now_day=allocation.view.today,
        room=budget - native - frame if fill else 0,
        explain=explain,
        generosity=profile.generosity * settings.multiplier(tier) ** TIER_POWER,
    )
    while bumping and survey.demand_tokens(frame) + native > budget:
        raised = _raise(settings, profile, tier, budget, allocation)
        if raised is None:
            break
        allocation.bumped_from = allocation.bumped_from or allocation.tier
        tier, budget = raised
        frame = _frame_tokens(allocation, budget)
    allocation.ladder = _ladder(settings, profile, tier, budget, allocation) if bumping else []
    allocation.budget_base = base
    allocation.tier = tier
    allocation.budget = budget
    allocation.selection = pack(
        survey,
        max(0, budget - native),
        weights=profile.weights,
        frame_tokens=frame,
        fill=fill,
        outline=_can_read(allocation.identity),
    )


def _frame_tokens(allocation: Allocation, budget: int) -> int:
    """Tokens of everything but files, gaps and the outline in a block of so many tokens: at most this many."""
    if not allocation.in_context:
        return block.FRAME_TOKENS
    from memory_budget.select import parts

    return parts.frame_tokens(budget)


def _can_read(identity: AgentIdentity) -> bool:
    """Whether the agent has the tool to read what is only named: its file lists no tools (then it has all), or that one."""
    tools = identity.file.tools if identity.file is not None else ()
    return not tools or "*" in tools or "Read" in tools


def _raise(
    settings: Profiles, profile: Profile, tier: str, budget: int, allocation: Allocation
) -> tuple[str, int] | None:
    """The next tier that has more to give, with its budget; None where the maximum is reached."""
    upper = names.next_tier(tier)
    while upper is not None:
        more = settings.budget(profile, upper, allocation.task.model, allocation.ratio)
        if more > budget:
            return upper, more
        upper = names.next_tier(upper)
    return None


def _ladder(
    settings: Profiles, profile: Profile, tier: str, budget: int, allocation: Allocation
) -> list[tuple[str, int]]:
    """The tiers that what the agent reads itself can still push it to."""
    steps = []
    raised = _raise(settings, profile, tier, budget, allocation)
    while raised is not None:
        steps.append(raised)
        raised = _raise(settings, profile, *raised, allocation)
    return steps


def _pieces(allocation: Allocation) -> list[block.Piece]:
    """The chosen files as they are printed."""
    files = allocation.selection.files
    texts = allocation.view.texts([chunk for file in files for chunk in file.chunks])
    found = []
    for file in files:
        before = (file.file.first or file.chunks[0].id) - 1
        entries: list[tuple[bool, Sequence[str], bytes]] = []
        for chunk, lines in zip(file.chunks, file.lines, strict=True):
            number = chunk[0]
            above = [line.text for line in lines] if lines else ()
            entries.append((number != before + 1, above, texts[number]))
            before = number
        found.append(block.Piece(file.file.path, entries))
    return found


def left_out(allocation: Allocation) -> list[block.OutlineEntry]:
    return [
        block.OutlineEntry(entry.file.path, entry.heading, entry.tokens, entry.line)
        for entry in allocation.selection.left_out
    ]


def render(allocation: Allocation) -> str:
    """The block, "" when nothing was chosen."""
    return render_utf8(allocation).decode()


def render_utf8(allocation: Allocation) -> bytes:
    """The same in UTF-8, as the client gets it."""
    return block.block_utf8(allocation.id, allocation.pieces, left_out(allocation))
