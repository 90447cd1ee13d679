"""One agent start, end to end: who is it, how hard is the task, what may it get, what does it get.

    allocate   choose and trim, from the index, the profiles and the task
    render     the block the agent reads

Read only and without a tokenizer, a schema validator or a lock; the hooks and `preview` share it.
"""

from __future__ import annotations

import os
import time

from memory_budget.base.errors import BudgetError
from memory_budget.index.freshness import find_changes
from memory_budget.index.reader import ordinal
from memory_budget.index.schema import OperationalError
from memory_budget.index.view import MemoryView
from memory_budget.run import bumps
from memory_budget.select import block, complexity
from memory_budget.select.packing import Survey, pack
from memory_budget.settings import agents as agent_files
from memory_budget.settings import names
from memory_budget.start.allocation import Allocation as Allocation
from memory_budget.start.allocation import BudgetedSelection, JudgedTier, OpenedMemory, Request, TierBudgets
from memory_budget.start.allocation import Nothing as Nothing
from memory_budget.start.allocation import Task as Task
from memory_budget.start.project_state import ProjectState, open_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from memory_budget.base.project import Project
    from memory_budget.index.sources import Sources
    from memory_budget.select.packing import Selection
    from memory_budget.settings.agents import AgentIdentity
    from memory_budget.settings.profiles import AgentSettings, Profiles

COMPLEXITY_VARIABLE = "MEMORY_BUDGET_COMPLEXITY"
#: How much of a tier's multiplier of the budget holds for how much is worth sending.
TIER_POWER = 0.5


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
    opened = state or open_state(project)
    profiles = opened.profiles
    problems = [opened.result.problem_line] if opened.result.problem else []
    wanted = os.environ.get(COMPLEXITY_VARIABLE, "")
    if wanted.strip() and complexity.parse_tier(wanted) is None:
        problems.append(
            f'{COMPLEXITY_VARIABLE}: "{wanted[:40]}" is no tier and was ignored ({", ".join(names.TIERS)})'
        )
    identity = agent_files.resolve(task.agent_type, profiles, opened.agents)
    if profile is not None and profile not in profiles.names():
        raise BudgetError(f"there is no profile {profile!r}: {', '.join(profiles.names())}")
    settings = profiles.settings(profile or identity.profile_name, "" if profile else identity.override_key)
    if cap is None and (not profiles.enabled or settings.profile.gives_nothing):
        return Nothing(identity, settings.profile.name, problems)
    in_context = promptless or settings.delivery == "context" or (settings.delivery == "auto" and auto_mode)
    request = Request(
        task,
        identity,
        settings,
        opened.result,
        TierBudgets(profiles, settings.profile, task.model, _ratio(opened, task.model, identity.name)),
        in_context=in_context,
        cap=cap,
        bump=bumps.remembered_bump(project, bump_key(identity, task)) if tier is None else "",
        explain=explain,
        problems=problems,
    )
    judged = _judge(task, settings, tier)
    if opened.reader is not None:
        try:
            return _plan(project, opened, request, judged)
        except Exception as error:
            # Some page of the index is not what it was: this agent does without it, and it is made anew. What a damaged page
            # sets off is no one kind of error: text that is no UTF-8, a number where there was text, a place past the end.
            _log_unread(project, error)
            opened.reader = None
            return _plan(project, opened, request, judged, damaged=not isinstance(error, OperationalError))
    return _plan(project, opened, request, judged, damaged=opened.unreadable)


def _plan(
    project: Project, opened: ProjectState, request: Request, judged: JudgedTier, *, damaged: bool = False
) -> Allocation:
    memory = _open_memory(project, opened, request.identity)
    choice = _choose(request, judged.tier, memory.view, opened.profiles)
    pieces = _pieces(choice.selection, memory.view)
    if not pieces and not choice.selection.left_out and opened.reader is not None:
        memory.view.check_absent()  # nothing is said only where that is sure
    return Allocation(request, judged, memory, choice, pieces, damaged=damaged)


def _log_unread(project: Project, error: Exception) -> None:
    from memory_budget.base import hook_log

    try:
        hook_log.log(project, f"the index could not be read: {type(error).__name__}: {error}")
    except OSError:
        pass  # a full disk costs no agent its memory


def _ratio(opened: ProjectState, model: str, agent: str) -> float:
    """Tokens of the model to one of tiktoken's, 1 where nothing is known of it."""
    if not opened.calibration and not opened.profiles.section("calibration")["ratio"]:
        return 1.0
    from memory_budget.settings import token_ratio

    return token_ratio.ratio(opened.profiles, opened.calibration, model, agent)


def _judge(task: Task, settings: AgentSettings, fixed_tier: str | None) -> JudgedTier:
    """The tier: a person's word in the call (`fixed_tier`), the prompt, the environment or the profiles, else what the text says."""
    estimate = complexity.classify(task.prompt, task.description)
    from_environment = complexity.parse_tier(os.environ.get(COMPLEXITY_VARIABLE, ""))
    if fixed_tier:
        return JudgedTier(fixed_tier, "given", estimate)
    if estimate.source == "override-prompt":
        return JudgedTier(estimate.tier, "prompt", estimate)
    if from_environment:
        return JudgedTier(from_environment, "environment", estimate)
    if settings.complexity:
        return JudgedTier(settings.complexity, "profiles", estimate)
    return JudgedTier(estimate.tier, estimate.source, estimate)


def _open_memory(project: Project, opened: ProjectState, identity: AgentIdentity) -> OpenedMemory:
    """Open the agent's view of memory, with what changed since the index was made laid over it."""
    native = identity.file.memory if identity.file is not None else ""
    today = ordinal(time.time_ns())

    def sources() -> Sources:
        from memory_budget.index.sources import sources_of

        return sources_of(project, opened.profiles)

    if opened.reader is None:
        from memory_budget.index.no_index import makeshift_view

        view = makeshift_view(project, sources(), identity.folder_names, native, today)
        return OpenedMemory(view, stale=True, estimated=True)
    groups = opened.reader.groups_for(identity.folder_names)
    view = MemoryView(opened.reader, groups, native, today)
    changes = find_changes(project, opened.reader, groups, sources, identity.folder_names)
    if changes.stale:
        from memory_budget.index.overlay import Overlay

        view.lay_over(Overlay(view, changes, native))
    view.count_native()
    return OpenedMemory(view, stale=changes.stale or opened.damaged, estimated=False)


def bump_key(identity: AgentIdentity, task: Task) -> str:
    """The name under which a bump of this agent and task is remembered."""
    return bumps.task_key(identity.name, task.description, task.prompt)


def _choose(request: Request, tier: str, view: MemoryView, profiles: Profiles) -> BudgetedSelection:
    """Select under the budget of the tier; where more is needed and enforcement is soft, under the next tier's."""
    budgets, cap, task, profile = request.budgets, request.cap, request.task, request.settings.profile
    base = budget = cap if cap is not None else budgets.budget(tier)
    if request.can_bump and request.bump in names.TIERS:
        while names.TIERS.index(tier) < names.TIERS.index(request.bump):
            step = budgets.above(tier, budget)
            if step is None:
                break
            tier, budget = step
    frame = request.frame_tokens(budget)
    native = view.native_tokens
    name = request.identity.name
    survey = Survey(
        view,
        complexity.without_override(task.prompt),
        description=task.description,
        agent="" if name == agent_files.GENERAL else name.rpartition(":")[2],
        now_day=view.today,
        room=budget - native - frame if cap is not None else 0,
        explain=request.explain,
        generosity=profile.generosity * profiles.multiplier(tier) ** TIER_POWER,
    )
    while request.can_bump and survey.demand_tokens(frame) + native > budget:
        step = budgets.above(tier, budget)
        if step is None:
            break
        tier, budget = step
        frame = request.frame_tokens(budget)
    selection = pack(
        survey,
        max(0, budget - native),
        weights=profile.weights,
        frame_tokens=frame,
        fill=cap is not None,
        outline=_can_read(request.identity),
    )
    ladder = budgets.ladder(tier, budget) if request.can_bump else []
    return BudgetedSelection(selection, tier, budget, base, ladder)


def _can_read(identity: AgentIdentity) -> bool:
    """Whether the agent has the tool to read what is only named: its file lists no tools (then it has all), or that one."""
    tools = identity.file.tools if identity.file is not None else ()
    return not tools or "*" in tools or "Read" in tools


def _pieces(selection: Selection, view: MemoryView) -> list[block.Piece]:
    """The chosen files as they are printed."""
    files = selection.files
    texts = view.texts([chunk for file in files for chunk in file.chunks])
    pieces = []
    for file in files:
        before = (file.file.first or file.chunks[0].id) - 1
        entries: list[tuple[bool, Sequence[str], bytes]] = []
        for chunk, lines in zip(file.chunks, file.lines, strict=True):
            number = chunk[0]
            above = [line.text for line in lines] if lines else ()
            entries.append((number != before + 1, above, texts[number]))
            before = number
        pieces.append(block.Piece(file.file.path, entries))
    return pieces


def render(allocation: Allocation) -> str:
    """The block, "" when nothing was chosen."""
    return render_utf8(allocation).decode()


def render_utf8(allocation: Allocation) -> bytes:
    """The same in UTF-8, as the client gets it."""
    return block.block_utf8(allocation.id, allocation.pieces, allocation.selection.left_out)
