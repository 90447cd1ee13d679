"""Which plan belongs to which agent: what a starting agent's hooks leave for each other on disk.

    starts/<session>/<agent type>/w-<when>-<tool use>   a plan waits for its turn to be published (see `turns`, also for `n-`)
    starts/<session>/<agent type>/p-<tool use>          planned: the prompt carries it, or there is nothing to give
    starts/<session>/<agent type>/c-<when>-<tool use>/  planned for the context channel: an answer for each handler, named
                                                        1, 2 ..., and `claimed`, which names the agent that took it
    starts/<session>/<agent type>/a-<agent>/            the same for an agent that came without a plan
    starts/<session>/workflow                           a workflow script runs: agents start without a plan
    bound/<agent>                                       the tool use that started this agent

PreToolUse comes before the agent starts and knows no agent; SubagentStart knows the agent and no tool use. `bound` joins
them exactly. It is written by the plugin's mod the moment the client spawns an agent (2.1.287 and newer), and by PostToolUse
for agents in the background. Where neither comes in time, plans of one type are published one at a time (`turns`), and an agent
takes the oldest that nobody took. A plan is taken by making the file `claimed`, which one of several processes can do, so no
lock is taken. While nobody can tell whether an agent's prompt carries its memory, silence is right: memory may be missing once,
and never comes twice. `hooks/if_needed` follows the same protocol in shell.
"""

from __future__ import annotations

import os
import time

from memory_budget.base import fastjson, layout
from memory_budget.base.files import listing, read_bytes, remove, safe_name, write_atomic
from memory_budget.base.project import Project

#: Set in the hooks' environment by the mod of this plugin: it will say which tool use became which agent.
MOD = "MEMORY_BUDGET_MOD"
#: How long an agent's start waits to learn which of several plans is its own, in seconds.
BIND_SECONDS = 0.5
#: The same where the mod runs, which says it of every agent that was planned for.
MOD_SECONDS = 2.0
#: A plan that waited for longer comes last, for its call may have been refused.
REFUSED_SECONDS = 5.0
#: The file `claimed` is written in a moment; a process that took longer, in seconds, was killed. One that stalls is waited for:
#: the other handlers of its agent must learn that the plan is theirs.
CLAIM_SECONDS = 4.0


def plans_folder(project: Project, session: str, agent_type: str) -> str:
    """Where the plans of one session and agent type lie. Nothing is made.

    One folder in whatever case came first: a caller may write `DBT-Expert`, and the client says `dbt-expert`.
    """
    base = project.at(layout.STARTS, safe_name(session))
    name = safe_name(agent_type)
    if name != agent_type:
        name = safe_name(agent_type.lower())  # the digest in it must not tell cases apart
    if not os.path.isdir(f"{base}/{name}"):
        low = name.lower()
        name = next((other for other in listing(base) if other.lower() == low), name)
    return f"{base}/{name}"


def ensure_folder(project: Project, session: str, agent_type: str) -> str:
    """The same, made where it is missing. Raises OSError."""
    plans = plans_folder(project, session, agent_type)
    return project.ensure_cache(layout.STARTS, *plans.rsplit("/", 2)[1:])


def mark(path: str, content: str = "") -> None:
    """Make a file anew. Raises FileExistsError where it is there, and other OSErrors."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        if content:
            os.write(handle, content.encode("utf-8", "replace"))
    finally:
        os.close(handle)


def remove_folder(path: str) -> None:
    """Remove a plan if it is there."""
    for name in listing(path):
        remove(f"{path}/{name}")
    try:
        os.rmdir(path)
    except OSError:
        pass


# -- planning


def plan_in_prompt(project: Project, session: str, agent_type: str, tool_use: str, prompt_id: str) -> None:
    """The prompt of this tool use carries what there is to give. Raises OSError."""
    plans = ensure_folder(project, session, agent_type)
    write_atomic(f"{plans}/p-{safe_name(tool_use)}", prompt_id.encode("utf-8", "replace"))


def plan_in_context(
    project: Project,
    session: str,
    agent_type: str,
    tool_use: str,
    answers: list[bytes],
    *,
    in_turn: bool = False,
) -> None:
    """Leave an answer for each handler of the agent's own start. Raises OSError.

    `in_turn`: nothing will say which agent this tool use becomes, so other plans of this type go first.
    """
    plans = ensure_folder(project, session, agent_type)
    if not in_turn:
        _publish(plans, answers, f"{plans}/c-{time.time_ns():020}-{safe_name(tool_use)}")
        return
    from memory_budget.run.turns import Turn

    with Turn(plans, tool_use):
        _publish(plans, answers, f"{plans}/c-{time.time_ns():020}-{safe_name(tool_use)}")


def _publish(plans: str, answers: list[bytes], target: str) -> bool:
    """Write answers into a folder that appears under its name at once; False when the name is taken."""
    temporary = f"{plans}/t-{os.getpid()}-{os.path.basename(target)}"
    os.mkdir(temporary, 0o700)
    try:
        for number, answer in enumerate(answers, 1):
            write_atomic(f"{temporary}/{number}", answer)
        mark(temporary + "/0")  # a folder that is not empty cannot be renamed over
        os.rename(temporary, target)
    except OSError:
        remove_folder(temporary)
        if os.path.isdir(target):
            return False
        raise
    return True


def publish_unplanned(
    project: Project, session: str, agent_type: str, agent: str, answers: list[bytes]
) -> str:
    """Leave the answers of an agent that came without a plan. Returns their folder: of several processes, the first one's."""
    plans = ensure_folder(project, session, agent_type)
    target = f"{plans}/a-{safe_name(agent)}"
    _publish(plans, answers, target)
    return target


# -- joining


def bound_path(project: Project, agent: str) -> str:
    """The file that names the tool use which started an agent."""
    return project.at(layout.BOUND, safe_name(agent))


def bind(project: Project, tool_use: str, agent: str) -> None:
    """The tool use became this agent. Comes before, during or after the agent's own start. Raises OSError."""
    path = bound_path(project, agent)
    if not os.path.exists(path):
        project.ensure_cache(layout.BOUND)
        write_atomic(path, f"{tool_use}\n".encode("utf-8", "replace"))


def bound_to(project: Project, agent: str) -> str:
    """The tool use that started an agent, "" while nobody said."""
    try:
        text = read_bytes(bound_path(project, agent), 1000).decode("utf-8", "replace")
    except OSError:
        return ""
    return text[:-1] if text.endswith("\n") else ""  # else it is being written


def cancel(project: Project, session: str, agent_type: str, tool_use: str) -> None:
    """The tool use came to nothing (denied, or an unknown agent): its plan is dropped."""
    plans = plans_folder(project, session, agent_type)
    remove(f"{plans}/p-{safe_name(tool_use)}")
    planned = _plan_of(plans, tool_use)
    if planned:
        remove_folder(planned)


def forget_start(project: Project, session: str, agent_type: str, agent: str, tool_use: str) -> None:
    """An agent's record is written: nothing is kept of its start."""
    plans = plans_folder(project, session, agent_type)
    remove(bound_path(project, agent))
    remove_folder(f"{plans}/a-{safe_name(agent)}")
    taken_plans = [
        name for name in listing(plans) if name.startswith("c-") and _taken_by(plans, name) == agent
    ]
    for name in taken_plans:
        remove_folder(f"{plans}/{name}")
    if tool_use and (not taken_plans or taken_plans[0].endswith("-" + safe_name(tool_use))):
        cancel(
            project, session, agent_type, tool_use
        )  # else another agent still has to take what was this one's


def _plan_of(plans: str, tool_use: str) -> str:
    ending = "-" + safe_name(tool_use)
    return next(
        (f"{plans}/{name}" for name in listing(plans) if name.startswith("c-") and name.endswith(ending)), ""
    )


class Start:
    """What is said of an agent that starts now: its plan's folder in `plan`; or `silent`, for its prompt carries what there
    is, or nobody can tell; or neither: it came without a plan."""

    __slots__ = ("plan", "silent")

    def __init__(self, *, silent: bool = False, plan: str = "") -> None:
        self.silent = silent
        self.plan = plan


def look(
    project: Project, session: str, agent_type: str, agent: str, prompt_id: str, transcript: str
) -> Start:
    """Find the plan of a starting agent, or take one. `transcript`: the session's, to tell plans whose agent is known there
    from open ones. Raises OSError."""
    plans = plans_folder(project, session, agent_type)
    mod = bool(os.environ.get(MOD))
    until = time.monotonic() + (MOD_SECONDS if mod else BIND_SECONDS)
    while True:
        names = list(listing(plans))
        waiting = [name for name in names if name.startswith("c-") and not _taken_by(plans, name)]
        in_prompt = _open_in_prompt(project, plans, names, prompt_id, transcript)
        # After the look at what waits: a plan that another handler of this agent took meanwhile is told here.
        told = _told(project, plans, agent)
        if told is not None:
            return told
        enough = 1 if mod else 2
        if not waiting or len(waiting) + len(in_prompt) < enough or time.monotonic() > until:
            break
        time.sleep(0.01)
    if in_prompt:
        return Start(silent=True)  # this may be one of them
    if mod and os.path.exists(workflow_path(project, session)):
        return Start()  # a workflow's: it never passed the Agent tool, and what waits is another's
    return _take(plans, waiting, agent) or _told(project, plans, agent) or Start()


def _told(project: Project, plans: str, agent: str) -> Start | None:
    """What is known of this very agent; None while nothing is."""
    unplanned = f"{plans}/a-{safe_name(agent)}"
    if os.path.isdir(unplanned):
        return Start(plan=unplanned)
    tool_use = bound_to(project, agent)
    plan = _plan_of(plans, tool_use) if tool_use else ""
    if plan and _claim(plan, agent):
        return Start(plan=plan)
    if tool_use and os.path.exists(f"{plans}/p-{safe_name(tool_use)}"):
        return Start(silent=True)
    for name in listing(plans):
        if name.startswith("c-") and _taken_by(plans, name) == agent:
            return Start(plan=f"{plans}/{name}")
    return None


def _take(plans: str, waiting: list[str], agent: str) -> Start | None:
    """Take the oldest plan nobody took; one that has waited long comes last, for its call may have been refused."""
    now = time.time_ns()
    for name in sorted(waiting, key=lambda name: (now - _published(name) > REFUSED_SECONDS * 1e9, name)):
        if _claim(f"{plans}/{name}", agent):
            return Start(plan=f"{plans}/{name}")
    return None


def _published(name: str) -> int:
    """When a plan was published, of `c-<when>-<tool use>`, in nanoseconds."""
    when = name[2:].partition("-")[0]
    return int(when) if when.isdecimal() else 0


def _claim(plan: str, agent: str) -> bool:
    """Take a plan for an agent; True too where another handler of the same agent did."""
    try:
        mark(f"{plan}/{layout.CLAIMED}", agent + "\n")
    except FileExistsError:
        plans, _, name = plan.rpartition("/")
        return _taken_by(plans, name) == agent
    except OSError:
        return os.path.isdir(plan)  # bookkeeping fails, the plan is there: it goes out
    return True


def _taken_by(plans: str, name: str) -> str:
    """The agent that took a plan, "" while nobody did."""
    path = f"{plans}/{name}/{layout.CLAIMED}"
    while True:
        try:
            text = read_bytes(path, 1000).decode("utf-8", "replace")
            if text.endswith("\n"):
                return text[:-1]
            age = time.time() - os.stat(path).st_mtime
        except OSError:
            return ""
        if not -1.0 < age < CLAIM_SECONDS:
            return "?"
        time.sleep(0.002)  # made, and not written yet


def _open_in_prompt(
    project: Project, plans: str, names: list[str], prompt_id: str, transcript: str
) -> list[str]:
    """Plans of this turn that a prompt carries and whose agent is not known yet."""
    carried = [name for name in names if name.startswith("p-")]
    if not carried:
        return []
    known_tool_uses = _known_tool_uses(transcript)
    known_tool_uses.update(safe_name(bound_to(project, agent)) for agent in listing(project.at(layout.BOUND)))
    return [
        name
        for name in carried
        if name[2:] not in known_tool_uses and _same_turn(f"{plans}/{name}", prompt_id)
    ]


def _same_turn(path: str, prompt_id: str) -> bool:
    try:
        return read_bytes(path, 200).decode("utf-8", "replace") == prompt_id
    except OSError:
        return False  # dropped this moment


def _known_tool_uses(transcript: str) -> set[str]:
    """Tool uses whose agent has a file beside the session's transcript."""
    base = transcript[: -len(".jsonl")] + "/subagents" if transcript.endswith(".jsonl") else ""
    started = set()
    for name in listing(base) if base else ():
        if name.endswith(".meta.json"):
            try:
                meta = fastjson.loads(read_bytes(f"{base}/{name}", 20_000))
            except (OSError, ValueError):
                continue
            if isinstance(meta, dict) and isinstance(meta.get("toolUseId"), str):
                started.add(safe_name(meta["toolUseId"]))
    return started


def has_started(project: Project, tool_use: str, transcript: str) -> bool:
    """Whether a tool use became an agent, as far as the client or its mod said. `transcript`: the session's."""
    name = safe_name(tool_use)
    if name in _known_tool_uses(transcript):
        return True
    bound = (bound_to(project, agent) for agent in listing(project.at(layout.BOUND)))
    return any(safe_name(bound_agent) == name for bound_agent in bound)


def answer(plan: str, number: int) -> bytes:
    """What handler `number` answers from a plan, b"" where there is nothing for it."""
    try:
        return read_bytes(f"{plan}/{number}")
    except OSError:
        return b""


def workflow_path(project: Project, session: str) -> str:
    """The file that says a workflow of this session started agents, with its script."""
    return project.at(layout.STARTS, safe_name(session), layout.WORKFLOW)
