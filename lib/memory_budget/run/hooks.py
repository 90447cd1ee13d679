"""The hooks after an agent's start: they note what the client says and leave the work to a detached process."""

from __future__ import annotations

from memory_budget.base import fastjson, layout, spawn
from memory_budget.base.files import safe_name, write_atomic
from memory_budget.base.hook import message, text_field
from memory_budget.run import claims, messages, pending, state
from memory_budget.select import block

TYPE_CHECKING = False
if TYPE_CHECKING:
    from memory_budget.base.hook import Answer, Payload
    from memory_budget.base.project import Project


def post_tool_use(project: Project, payload: Payload) -> Answer:
    """After the Agent tool answered: for a background agent at its launch, which tells its id."""
    tool_input = payload.get("tool_input")
    response = payload.get("tool_response")
    if not isinstance(tool_input, dict) or not isinstance(response, dict):
        return None
    agent = response.get("agentId")
    tool_use = text_field(payload, "tool_use_id")
    if not isinstance(agent, str) or not agent or not tool_use:
        return None
    if response.get("status") != "completed":  # one that has ended needs no word: its own process tells
        claims.bind(project, tool_use, agent)
        _look_for_block(project, payload, agent, text_field(tool_input, "prompt"))
    return messages.tell(project, payload, tool_use, [])


def _look_for_block(project: Project, payload: Payload, agent: str, prompt: str) -> None:
    """Where the prompt that an agent got is not the one with its memory, have a detached process find out why."""
    session = text_field(payload, "session_id")
    tool_use = text_field(payload, "tool_use_id")
    allocation = pending.find_pending(project, pending.pending_key(session, tool_use))
    if allocation is None or allocation.channel != "prompt" or not allocation.gives:
        return
    if block.opening(allocation.allocation_id) in prompt:
        return
    state.mark_lost(project, session, agent)
    from memory_budget.run import lost_prompts

    caller = lost_prompts.calling_transcript(
        text_field(payload, "transcript_path"), text_field(payload, "agent_id")
    )
    path = project.writable(layout.ENDED, f"lost-{safe_name(tool_use)}.json")
    write_atomic(path, fastjson.encode([session, tool_use, caller, prompt]))
    spawn.start(project, "lost", "--ended", path)


def not_started(project: Project, payload: Payload) -> Answer:
    """The Agent tool was refused or failed: what was planned for it is dropped. The run of an agent that did start, and was
    broken off, is recorded at its end or by the next session."""
    tool_input = payload.get("tool_input")
    if isinstance(tool_input, dict):
        agent_type = tool_input.get("subagent_type") or "general-purpose"
        if isinstance(agent_type, str):
            session, tool_use = text_field(payload, "session_id"), text_field(payload, "tool_use_id")
            claims.cancel(project, session, agent_type, tool_use)
            if not claims.has_started(project, tool_use, text_field(payload, "transcript_path")):
                pending.drop(project, pending.pending_key(session, tool_use))
    return None


def subagent_stop(project: Project, payload: Payload) -> Answer:
    """An agent ended: its record is written by a detached process, which can wait for its transcript."""
    agent = text_field(payload, "agent_id")
    if not agent or payload.get("agent_type") == "fork":
        return None
    path = f"{project.ensure_cache(layout.ENDED)}/{safe_name(agent)}.json"
    ended = {
        key: payload.get(key)
        for key in ("session_id", "agent_id", "agent_type", "agent_transcript_path", "transcript_path")
    }
    write_atomic(path, fastjson.encode(ended))
    spawn.start(project, "finish", "--ended", path)
    return None


def stop(project: Project, payload: Payload) -> Answer:
    """A turn ended: what was left for the person is told."""
    return messages.tell(project, payload, "", [])


def session_end(project: Project, payload: Payload) -> Answer:
    """The session is over: what it left open is closed by a detached process."""
    spawn.start(project, "close", "--session", text_field(payload, "session_id"))
    return None


def session_start(project: Project, payload: Payload) -> Answer:
    """A session starts: the index is brought up to date, and what an earlier client left open is closed."""
    from memory_budget.base import detached
    from memory_budget.run import libraries, unread

    failure = detached.take_failure(project)
    spawn.start(project, "session")
    session = text_field(payload, "session_id")
    lines = [*libraries.offer(project, session), *unread.unread_lines(project, session)]
    return message([*([failure] if failure else []), *lines])
