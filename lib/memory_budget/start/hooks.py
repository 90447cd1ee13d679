"""The hooks at an agent's start: PreToolUse plans and, where it may, puts the block into the prompt; SubagentStart and
SessionStart hand out what has to go through the context channel.
"""

from __future__ import annotations

import os
import time

from memory_budget.base import hook_log, layout, notices, processes

# `allocate` and what it needs are imported where something is planned: a part of a plan is handed out without them.
from memory_budget.base.payload import text_field
from memory_budget.run import claims, meter, notes
from memory_budget.run.messages import tell

TYPE_CHECKING = False
if TYPE_CHECKING:
    from memory_budget.base.payload import Answer, Payload
    from memory_budget.base.project import Project
    from memory_budget.start import allocate

#: The client cuts a value of additionalContext at 10,000 characters; four handlers make 39,600.
PART_LIMIT = 9_900
PARTS = 4

GENERAL = "general-purpose"
FORK = "fork"
_AGENT_TOOLS = ("Agent", "Task")
_SCRIPT_LIMIT = 20_000


def pre_tool_use(project: Project, payload: Payload) -> Answer:
    """Before an agent is started: its memory, before its prompt."""
    began = time.perf_counter()
    tool = text_field(payload, "tool_name")
    given = payload.get("tool_input")
    if not isinstance(given, dict):
        return None
    session = text_field(payload, "session_id")
    prompt_id = text_field(payload, "prompt_id")
    tool_use = text_field(payload, "tool_use_id")
    if tool == "Workflow":
        _remember_workflow(project, session, prompt_id, given)
        return None
    prompt = given.get("prompt")
    if tool not in _AGENT_TOOLS or not isinstance(prompt, str) or not tool_use:
        return None
    agent_type = given.get("subagent_type") or GENERAL
    if not isinstance(agent_type, str) or agent_type == FORK:
        return None
    from memory_budget.start import allocate

    description = given.get("description")
    task = allocate.Task(
        agent_type,
        prompt,
        description if isinstance(description, str) else "",
        model=given["model"] if isinstance(given.get("model"), str) else "",
        session=session,
        identifier=f"{session}\0{tool_use}",
    )
    allocation = allocate.allocate(project, task, auto_mode=payload.get("permission_mode") == "auto")
    messages = _tell(project, allocation.problems)
    if isinstance(allocation, allocate.Nothing):
        claims.plan_in_prompt(project, session, agent_type, tool_use, prompt_id)
        return tell(project, payload, tool_use, messages)
    if not allocation.view.file_count:
        from memory_budget.run import unread

        messages += unread.unread_lines(project, session)
    _refresh(project, allocation)
    if allocation.in_context:
        parts = _parts(project, allocation)
        claims.plan_in_context(project, session, agent_type, tool_use, parts)
        block = b""
    else:
        block = allocate.render_utf8(allocation)
        claims.plan_in_prompt(project, session, agent_type, tool_use, prompt_id)
    channel = "context" if allocation.in_context else "prompt"
    messages += _keep(
        project, payload, allocation, claims.pending_key(session, tool_use), channel, began, tool_use=tool_use
    )
    answer = tell(project, payload, tool_use, messages) or {}
    if block:
        answer["hookSpecificOutput"] = {
            "hookEventName": "PreToolUse",
            "updatedInput": {**given, "prompt": _before(block, prompt)},
        }
    return answer


def _before(block: bytes, prompt: str) -> bytes | str:
    try:
        return block + prompt.encode()
    except UnicodeEncodeError:  # half a character, from whoever cut the prompt
        return block.decode() + prompt


def subagent_start(project: Project, payload: Payload, number: int) -> Answer:
    """When an agent starts: part `number` of what goes through the context channel, if anything does."""
    began = time.perf_counter()
    session = text_field(payload, "session_id")
    agent = text_field(payload, "agent_id")
    agent_type = text_field(payload, "agent_type") or GENERAL
    if not agent or agent_type == FORK:
        return None
    prompt_id = text_field(payload, "prompt_id")
    transcript = text_field(payload, "transcript_path")
    start = claims.look(project, session, agent_type, agent, prompt_id, transcript)
    if start.known:
        return None
    claimed = start.claimed
    if not claimed:
        script = _workflow_script(project, session, prompt_id)
        claimed = _claim(project, payload, script, agent_type, agent, f"agent-{agent}", began)
    return _part(claimed, number, "SubagentStart")


def session_start(project: Project, payload: Payload, number: int) -> Answer:
    """When a session of `claude --agent NAME` starts: the same for its main thread. A resumed session has it already."""
    began = time.perf_counter()
    agent_type = text_field(payload, "agent_type")
    session = text_field(payload, "session_id")
    source = text_field(payload, "source")
    if not agent_type or source == "resume":
        return None
    key = f"main-{source}-{_compactions(payload)}"
    where = f"{claims.folder(project, session, agent_type)}/a-{key}"
    if not os.path.isdir(where):
        where = _claim(project, payload, "", agent_type, key, f"main-{session}", began)
    return _part(where, number, "SessionStart")


def _compactions(payload: Payload) -> str:
    """Tells one compaction of a session from the next: the size of its transcript, rounded."""
    if payload.get("source") != "compact":
        return ""
    try:
        return str(os.stat(text_field(payload, "transcript_path")).st_size // 1000)
    except OSError:
        return "0"


def _claim(
    project: Project,
    payload: Payload,
    prompt: str,
    agent_type: str,
    agent: str,
    pending: str,
    began: float,
) -> str:
    """Plan for an agent that nobody planned for. Its handlers run side by side and plan alike; the first one's counts."""
    from memory_budget.start import allocate

    session = text_field(payload, "session_id")
    task = allocate.Task(agent_type, prompt, session=session, identifier=f"{session}\0{agent}")
    allocation = allocate.allocate(project, task, promptless=True)
    if isinstance(allocation, allocate.Nothing):
        return claims.claim(project, session, agent_type, agent, [])
    _refresh(project, allocation)
    claimed = claims.claim(project, session, agent_type, agent, _parts(project, allocation))
    if not os.path.exists(claims.pending_path(project, pending)):
        for line in _keep(project, payload, allocation, pending, "context", began, agent=agent):
            notes.leave_note(project, session, pending, line)  # a message from here is shown to nobody
    return claimed


def _part(claimed: str, number: int, event: str) -> Answer:
    text = claims.part(claimed, number)
    if not text:
        return None
    return {"hookSpecificOutput": {"hookEventName": event, "additionalContext": text}}


def _parts(project: Project, allocation: allocate.Allocation) -> list[str]:
    """The block in parts for the context channel, best file first; what finds no place lies in a file they name."""
    from memory_budget.select import block
    from memory_budget.start import allocate

    order = {file.file.path: -file.score for file in allocation.selection.files}
    pieces = sorted(allocate.pieces(allocation), key=lambda piece: (order[piece.path], piece.path))
    left_out = allocate.left_out(allocation)
    pointer = f"The rest of these notes: {project.at(layout.BLOCKS, allocation.id)}.md\n"
    parts, rest = block.in_parts(allocation.id, pieces, left_out, PART_LIMIT - len(pointer), PARTS)
    if rest:
        from memory_budget.base.files import write_atomic

        path = f"{project.ensure_cache(layout.BLOCKS)}/{allocation.id}.md"
        write_atomic(path, block.block_utf8(allocation.id, rest))
        parts = parts or [block.empty(allocation.id)]
        parts[-1] = parts[-1].rstrip("\n") + "\n" + pointer
    return parts


def _keep(
    project: Project,
    payload: Payload,
    allocation: allocate.Allocation,
    key: str,
    channel: str,
    began: float,
    *,
    tool_use: str = "",
    agent: str = "",
) -> list[str]:
    """Remember the allocation until its agent ends. Returns what to tell the person of it."""
    from memory_budget.start import allocate

    kept = allocate.describe(allocation, channel)
    kept["tool_use_id"] = tool_use
    kept["agent_id"] = agent
    kept["transcript_path"] = text_field(payload, "transcript_path")
    kept["client"] = processes.client_process()
    if allocation.loaded is not None and allocation.loaded.profiles.section("log")["task"] == "prompt":
        kept["description"] = allocation.task.prompt
    kept["hook_ms"] = round((time.perf_counter() - began) * 1000, 2)
    claims.keep_pending(project, key, kept)
    line = meter.to_tell(meter.Monitor(kept).alerts, kept["alert_level"])
    return [line] if line else []


def _refresh(project: Project, allocation: allocate.Allocation) -> None:
    """Have the index brought up to date behind the agent's back where something changed, and jobs done that are due."""
    if allocation.stale or (
        allocation.loaded is not None and allocation.loaded.changed and _has_index(project)
    ):
        if allocation.damaged:
            claims.mark(project.writable(layout.INDEX_DAMAGED))
        _in_background(project, "index", 5.0)
    if _jobs_due(project):
        _in_background(project, "jobs", 60.0)


def _in_background(project: Project, task: str, seconds: float) -> None:
    from memory_budget.base import spawn

    try:
        spawn.start_once(project, task, seconds)
    except OSError as error:
        hook_log.log(project, f"no {task} task could be started: {error}")


def _jobs_due(project: Project) -> bool:
    """One stat call: the file's time of change is the next moment that a job is due (see `schedule`). A file marked
    later than now was marked before the clock was set back: then the jobs' process looks again."""
    try:
        status = os.stat(project.at(layout.NEXT_DUE))
    except OSError:
        return False
    now = time.time()
    return status.st_mtime <= now or status.st_ctime > now + 60


def _has_index(project: Project) -> bool:
    return os.path.exists(project.index)


def _tell(project: Project, problems: list[str]) -> list[str]:
    """The problems a person has not been told yet."""
    from memory_budget.base.files import digest

    return [problem for problem in problems if notices.once(project, "problem-" + digest(problem))]


def _remember_workflow(project: Project, session: str, prompt_id: str, given: Payload) -> None:
    """A workflow's agents start without the Agent tool; the script is all that tells what they are for."""
    from memory_budget.base.files import safe_name, write_atomic

    project.ensure_cache(layout.STARTS, safe_name(session))
    script = given.get("script")
    text = script[:_SCRIPT_LIMIT] if isinstance(script, str) else ""
    write_atomic(claims.workflow_path(project, session), f"{prompt_id}\n{text}".encode("utf-8", "replace"))


def _workflow_script(project: Project, session: str, prompt_id: str) -> str:
    from memory_budget.base.files import read_bytes

    try:
        kept = read_bytes(claims.workflow_path(project, session)).decode("utf-8", "replace")
    except OSError:
        return ""
    turn, _, script = kept.partition("\n")
    return script if turn == prompt_id else ""
