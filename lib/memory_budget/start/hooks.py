"""The hooks at an agent's start: PreToolUse plans and, where it may, puts the block into the prompt; SubagentStart and
SessionStart hand out what has to go through the context channel.

The agent's memory comes first: where the cache cannot be written (a read-only project, a full disk), it goes into the prompt,
and only what would be remembered of it is lost.
"""

from __future__ import annotations

import os
import time

from memory_budget.base import fastjson, layout, processes
from memory_budget.base.files import read_bytes, safe_name, short_hash, write_atomic
from memory_budget.base.hook import Unwritable, text_field
from memory_budget.run import claims, pending
from memory_budget.run.messages import tell

# What only some starts need is imported where it is needed; a part of a plan is handed out without `allocate`.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from memory_budget.base.hook import Answer, Payload
    from memory_budget.base.project import Project
    from memory_budget.run.pending import Pending
    from memory_budget.start.allocate import Allocation, Nothing

GENERAL = "general-purpose"
FORK = "fork"
_AGENT_TOOLS = ("Agent", "Task")
_SCRIPT_LIMIT = 20_000
_DAMAGED = "the index of memory is damaged and is being made anew; until then agents get what can be read in a moment"


class _Call:
    """A call of the Agent tool, for an agent that may get memory."""

    __slots__ = ("agent_type", "background", "given", "prompt", "prompt_id", "session", "tool_use")

    def __init__(self, payload: Payload, tool_input: dict[str, Any], agent_type: str, prompt: str) -> None:
        self.agent_type = agent_type
        self.background = tool_input.get("run_in_background") is True
        self.given = tool_input
        self.prompt = prompt
        self.prompt_id = text_field(payload, "prompt_id")
        self.session = text_field(payload, "session_id")
        self.tool_use = text_field(payload, "tool_use_id")


def _call_of(payload: Payload) -> _Call | None:
    """The call that a hook is asked about, None for one that gets no memory."""
    tool_input = payload.get("tool_input")
    if not isinstance(tool_input, dict) or text_field(payload, "tool_name") not in _AGENT_TOOLS:
        return None
    prompt = tool_input.get("prompt")
    agent_type = tool_input.get("subagent_type") or GENERAL
    if not isinstance(prompt, str) or not isinstance(agent_type, str) or agent_type == FORK:
        return None
    call = _Call(payload, tool_input, agent_type, prompt)
    return call if call.tool_use else None


def pre_tool_use(project: Project, payload: Payload) -> Answer:
    """Before an agent is started: its memory, before its prompt or for its start to take."""
    began = time.perf_counter()
    if text_field(payload, "tool_name") == "Workflow":
        _remember_workflow(project, payload)
        return None
    call = _call_of(payload)
    if call is None:
        return None
    from memory_budget.start import allocate

    task = allocate.Task(
        call.agent_type,
        call.prompt,
        text_field(call.given, "description"),
        model=text_field(call.given, "model"),
        session=call.session,
        identifier=f"{call.session}\0{call.tool_use}",
    )
    allocation = allocate.allocate(project, task, auto_mode=payload.get("permission_mode") == "auto")
    lines = _problem_lines(project, call.session, allocation)
    if isinstance(allocation, allocate.Nothing):
        with Unwritable(project, call.session, lines):
            claims.plan_in_prompt(project, call.session, call.agent_type, call.tool_use, call.prompt_id)
        return tell(project, payload, call.tool_use, lines)
    if not allocation.view.file_count:
        from memory_budget.run import unread

        lines += unread.unread_lines(project, call.session)
    block = _deliver(project, payload, call, allocation, lines, began)
    answer = tell(project, payload, call.tool_use, lines) or {}
    if block:
        answer["hookSpecificOutput"] = {
            "hookEventName": "PreToolUse",
            "updatedInput": {**call.given, "prompt": _before(block, call.prompt)},
        }
    return answer


def _problem_lines(project: Project, session: str, allocation: Allocation | Nothing) -> list[str]:
    """What is wrong with the settings or the index and was not told in this session."""
    damaged = getattr(allocation, "damaged", False)
    if not allocation.problems and not damaged:
        return []
    from memory_budget.base import notices

    lines = [
        line for line in allocation.problems if notices.once(project, f"problem-{session}-{short_hash(line)}")
    ]
    if damaged and notices.once(project, f"damaged-{session}"):
        lines.append(_DAMAGED)
    return lines


def _deliver(
    project: Project, payload: Payload, call: _Call, allocation: Allocation, lines: list[str], began: float
) -> bytes:
    """Leave an allocation for the agent's start to take, or return the block for its prompt. Adds `lines` for the person."""
    from memory_budget.start import allocate, describe, project_state

    with Unwritable(project, call.session, lines) as cache:
        project_state.refresh(project, allocation)
        key = pending.pending_key(call.session, call.tool_use)
        block_in_parts = describe.block_parts(project, allocation) if allocation.in_context else None
        described = describe.describe(allocation, block_in_parts)
        described.tool_use_id = call.tool_use
        lines += _keep(project, payload, key, described, began)
        if (
            block_in_parts is None or not block_in_parts.texts
        ):  # its start finds out with one look that there is nothing for it
            claims.plan_in_prompt(project, call.session, call.agent_type, call.tool_use, call.prompt_id)
        else:
            claims.plan_in_context(
                project,
                call.session,
                call.agent_type,
                call.tool_use,
                _answers(block_in_parts.texts, "SubagentStart"),
                in_turn=not call.background and not os.environ.get(claims.MOD),
            )
    if allocation.in_context and cache.written:
        return b""
    return allocate.render_utf8(allocation)


def _before(block: bytes, prompt: str) -> bytes | str:
    try:
        return block + prompt.encode()
    except UnicodeEncodeError:  # half a character: the caller cut the prompt inside one
        return block.decode() + prompt


def subagent_start(project: Project, payload: Payload, number: int) -> Answer | bytes:
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
    if start.silent:
        return None
    if start.plan:
        return claims.answer(start.plan, number) or None
    script = _workflow_script(project, session, prompt_id)
    if _ran_before(transcript, agent) or (number > 1 and not script):
        return None  # without a task there is little to say, and the first handler says it
    if script:
        from memory_budget.start.workflow import task_in

        script = task_in(script, agent_type)
    unplanned = _Unplanned(agent_type, agent, pending.pending_agent_key(agent), script, "SubagentStart")
    return _plan_unplanned(project, payload, unplanned, number, began)


def _ran_before(transcript: str, agent: str) -> bool:
    """Whether an agent that starts has run before, and has its memory: at a first start it has no transcript yet."""
    return os.path.exists(f"{transcript.removesuffix('.jsonl')}/subagents/agent-{agent}.jsonl")


def main_thread_start(project: Project, payload: Payload, number: int) -> Answer | bytes:
    """When a session of `claude --agent NAME` starts: the same for its main thread. A resumed session has it already."""
    began = time.perf_counter()
    agent_type = text_field(payload, "agent_type")
    session = text_field(payload, "session_id")
    source = text_field(payload, "source")
    if not agent_type or source == "resume":
        return None
    agent = f"main-{source}-{_compactions(payload)}"
    plan = f"{claims.plans_folder(project, session, agent_type)}/a-{agent}"
    if os.path.isdir(plan):
        return claims.answer(plan, number) or None
    unplanned = _Unplanned(agent_type, agent, pending.main_key(session), "", "SessionStart")
    return _plan_unplanned(project, payload, unplanned, number, began)


def _compactions(payload: Payload) -> str:
    """Tells one compaction of a session from the next: the size of its transcript, rounded."""
    if payload.get("source") != "compact":
        return ""
    try:
        return str(os.stat(text_field(payload, "transcript_path")).st_size // 1000)
    except OSError:
        return "0"


class _Unplanned:
    """An agent that came without the Agent tool. `agent`: its id, or that of the main thread; `key`: its allocation's."""

    __slots__ = ("agent", "agent_type", "event", "key", "prompt")

    def __init__(self, agent_type: str, agent: str, key: str, prompt: str, event: str) -> None:
        self.agent_type = agent_type
        self.agent = agent
        self.key = key
        self.prompt = prompt
        self.event = event


def _plan_unplanned(
    project: Project, payload: Payload, unplanned: _Unplanned, number: int, began: float
) -> bytes | None:
    """Plan for an agent that nobody planned for. Its handlers plan alike side by side, and the first one's plan counts."""
    from memory_budget.start import allocate, describe, project_state

    session = text_field(payload, "session_id")
    agent_type, agent = unplanned.agent_type, unplanned.agent
    task = allocate.Task(agent_type, unplanned.prompt, session=session, identifier=f"{session}\0{agent}")
    allocation = allocate.allocate(project, task, promptless=True)
    answers: list[bytes] = []
    lines: list[str] = []
    with Unwritable(project, session, lines):
        if not isinstance(allocation, allocate.Nothing):
            lines += _problem_lines(project, session, allocation)
            project_state.refresh(project, allocation)
            block_in_parts = describe.block_parts(project, allocation)
            answers = _answers(block_in_parts.texts, unplanned.event)
            if not os.path.exists(pending.pending_path(project, unplanned.key)):
                described = describe.describe(allocation, block_in_parts)
                described.agent_id = agent
                lines += _keep(project, payload, unplanned.key, described, began)
        plan = claims.publish_unplanned(project, session, agent_type, agent, answers)
        if lines:
            from memory_budget.run import notes
        for line in lines:
            notes.leave_note(project, session, unplanned.key, line)  # a message from here is shown to nobody
        return claims.answer(plan, number) or None
    return answers[number - 1] if number <= len(answers) else None


def _answers(texts: list[str], event: str) -> list[bytes]:
    """What the handlers of an event answer, part by part."""
    return [
        fastjson.encode({"hookSpecificOutput": {"hookEventName": event, "additionalContext": text}})
        for text in texts
    ]


def _keep(project: Project, payload: Payload, key: str, described: Pending, began: float) -> list[str]:
    """Keep the allocation until its agent ends. Returns what to tell the person of it. Raises OSError."""
    described.transcript_path = text_field(payload, "transcript_path")
    described.client = processes.client_process()
    described.hook_ms = round((time.perf_counter() - began) * 1000, 2)
    pending.keep(project, key, described)
    if not described.near_alert:
        return []
    from memory_budget.run import meter

    line = meter.to_tell(meter.Monitor(described).alerts, described.alert_level)
    return [line] if line else []


def _remember_workflow(project: Project, payload: Payload) -> None:
    """A workflow's agents start without the Agent tool; the script is all that tells what they are for."""
    tool_input = payload.get("tool_input")
    script = text_field(tool_input, "script") if isinstance(tool_input, dict) else ""
    session = text_field(payload, "session_id")
    project.ensure_cache(layout.STARTS, safe_name(session))
    content = f"{text_field(payload, 'prompt_id')}\n{script[:_SCRIPT_LIMIT]}"
    write_atomic(claims.workflow_path(project, session), content.encode("utf-8", "replace"))


def _workflow_script(project: Project, session: str, prompt_id: str) -> str:
    """The script of this turn's workflow, "" where there is none."""
    try:
        content = read_bytes(claims.workflow_path(project, session)).decode("utf-8", "replace")
    except OSError:
        return ""
    turn, _, script = content.partition("\n")
    return script if turn == prompt_id else ""
