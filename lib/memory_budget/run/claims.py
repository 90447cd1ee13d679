"""What a starting agent's hooks leave for each other on disk.

    starts/<session>/<agent type>/p-<tool use>    planned, the prompt carries it (or nothing was to be given)
    starts/<session>/<agent type>/c-<tool use>/   planned, waits to be claimed by the agent's own start
    starts/<session>/<agent type>/b-<agent>       this agent is known to be one that was planned
    starts/<session>/<agent type>/a-<agent>/      claimed by this agent: its parts
    starts/<session>/workflow                     a workflow script runs: agents may start without a plan
    pending/<key>.json                            one allocation until its record is written

PreToolUse comes before the agent starts and knows no agent; SubagentStart knows the agent and no tool use. Directories are
claimed by renaming, which one of several processes wins, so no lock is taken. An agent start without any plan is one that
never passed the Agent tool; while a plan of its type is still unclaimed nobody can tell, and silence is right: memory may be
missing once, and never comes twice.
"""

from __future__ import annotations

import os
import time

from memory_budget.base import fastjson, layout
from memory_budget.base.files import listing, read_bytes, safe_name, write_atomic
from memory_budget.base.project import Project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: How long an agent's start waits to learn which of several plans is its own.
BIND_SECONDS = 0.5


def folder(project: Project, session: str, agent_type: str) -> str:
    """Where the marks of one session and agent type lie. Nothing is made.

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


def ensure(project: Project, session: str, agent_type: str) -> str:
    where = folder(project, session, agent_type)
    return project.ensure_cache(layout.STARTS, *where.rsplit("/", 2)[1:])


def mark(path: str) -> None:
    """Make an empty file. Raises OSError."""
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o644))


def forget(path: str) -> None:
    """Remove a mark if it is there."""
    try:
        os.unlink(path)
    except OSError:
        pass


def plan_in_prompt(project: Project, session: str, agent_type: str, tool_use: str, prompt_id: str) -> None:
    """The prompt of this tool use carries what there is to give."""
    write_atomic(ensure(project, session, agent_type) + "/p-" + safe_name(tool_use), prompt_id.encode())


def plan_in_context(project: Project, session: str, agent_type: str, tool_use: str, parts: list[str]) -> None:
    """Leave parts for the agent's own start to claim."""
    where = ensure(project, session, agent_type)
    _publish(where, parts, f"{where}/c-{safe_name(tool_use)}")


def _publish(where: str, parts: list[str], target: str) -> bool:
    """Write parts into a folder that appears under its name at once; False when the name is taken."""
    temporary = f"{where}/t-{os.getpid()}-{os.path.basename(target)}"
    os.mkdir(temporary)
    for number, part in enumerate(parts, 1):
        write_atomic(f"{temporary}/{number}", part.encode("utf-8", "replace"))
    mark(temporary + "/0")  # a folder that is not empty cannot be renamed over
    try:
        os.rename(temporary, target)
    except OSError:
        for name in os.listdir(temporary):
            forget(f"{temporary}/{name}")
        os.rmdir(temporary)
        return False
    return True


def bind(project: Project, session: str, agent_type: str, tool_use: str, agent: str) -> None:
    """The tool use became this agent: what was planned for it is this agent's, and no longer open.

    Comes before, during or after the agent's own start. A mark is made before another goes: a reader sees one or both.
    """
    where = folder(project, session, agent_type)
    if not os.path.isdir(where):
        return
    own = f"{where}/a-{safe_name(agent)}"
    try:
        os.rename(f"{where}/c-{safe_name(tool_use)}", own)
    except OSError:
        # Planned for the prompt; or the agent's own start was first; or another agent's start took the plan when the
        # wait was over, and then this agent takes one that is left.
        planned = f"{where}/p-{safe_name(tool_use)}"
        if os.path.exists(planned):
            mark(f"{where}/b-{safe_name(agent)}")
            forget(planned)


def cancel(project: Project, session: str, agent_type: str, tool_use: str) -> None:
    """The tool use came to nothing (denied, or an unknown agent)."""
    where = folder(project, session, agent_type)
    name = safe_name(tool_use)
    forget(f"{where}/p-{name}")
    remove_folder(f"{where}/c-{name}")
    forget(pending_path(project, pending_key(session, tool_use)))


def remove_folder(path: str) -> None:
    for name in listing(path):
        forget(f"{path}/{name}")
    try:
        os.rmdir(path)
    except OSError:
        pass


class Start:
    """What the marks say about an agent that starts now: `known` (its prompt carries what there is, or nobody can tell),
    or the number of the `claimed` folder's parts, or neither: it came without a plan."""

    __slots__ = ("claimed", "known")

    def __init__(self, known: bool, claimed: str) -> None:
        self.known = known
        self.claimed = claimed


def look(
    project: Project, session: str, agent_type: str, agent: str, prompt_id: str, transcripts: str
) -> Start:
    """Find or claim the plan of a starting agent. `transcripts`: the session's transcript path, to tell open plans from
    those whose agent is known there."""
    where = folder(project, session, agent_type)
    own = f"{where}/a-{safe_name(agent)}"
    bound = f"{where}/b-{safe_name(agent)}"
    until = time.monotonic() + BIND_SECONDS
    while True:
        settled = _settled(own, bound)
        if settled is not None:
            return settled
        names = list(listing(where))
        waiting = [name for name in names if name.startswith("c-")]
        in_prompt = _open_in_prompt(where, names, prompt_id, transcripts)
        settled = _settled(own, bound)
        if settled is not None:
            return settled  # bound while we looked: what is open now is not this agent's
        # Several agents of one type start side by side: `bind` says which plan is this one's. The client tells it at
        # the same moment, for agents in the background.
        if not waiting or len(waiting) + len(in_prompt) < 2 or time.monotonic() > until:
            break
        time.sleep(0.01)
    if in_prompt:
        return Start(True, "")  # this may be one of them
    for name in sorted(waiting, key=lambda name: _age(f"{where}/{name}")):
        try:
            os.rename(f"{where}/{name}", own)
        except OSError:
            if os.path.isdir(own):
                return Start(False, own)
            continue  # another agent was first
        return Start(False, own)
    return _settled(own, bound) or Start(False, "")


def _settled(own: str, bound: str) -> Start | None:
    """What is known of an agent that was bound, or claimed its plan; None while it is not."""
    if os.path.isdir(own):
        return Start(False, own)
    return Start(True, "") if os.path.exists(bound) else None


def _age(path: str) -> float:
    """Puts the newest first: an older plan may be that of a call which was refused."""
    try:
        return -os.stat(path).st_mtime
    except OSError:
        return 0.0


def _open_in_prompt(where: str, names: list[str], prompt_id: str, transcript: str) -> list[str]:
    """Plans of this turn that a prompt carries and whose agent is not known yet."""
    found = [name for name in names if name.startswith("p-")]
    taken = _taken(transcript) if found else set()
    return [name for name in found if name[2:] not in taken and _same_turn(f"{where}/{name}", prompt_id)]


def _same_turn(path: str, prompt_id: str) -> bool:
    try:
        return read_bytes(path, 200).decode("utf-8", "replace") == prompt_id
    except OSError:
        return False  # bound this moment: the other mark says whose it was


def _taken(transcript: str) -> set[str]:
    """Tool uses whose agent has a file beside the session's transcript."""
    base = transcript[: -len(".jsonl")] + "/subagents" if transcript.endswith(".jsonl") else ""
    taken = set()
    for name in listing(base) if base else ():
        if name.endswith(".meta.json"):
            try:
                meta = fastjson.loads(read_bytes(f"{base}/{name}", 20_000))
            except (OSError, ValueError):
                continue
            if isinstance(meta, dict) and isinstance(meta.get("toolUseId"), str):
                taken.add(safe_name(meta["toolUseId"]))
    return taken


def claim(project: Project, session: str, agent_type: str, agent: str, parts: list[str]) -> str:
    """Publish the parts of an agent that came without a plan; all handlers of its start read the one that was first."""
    where = ensure(project, session, agent_type)
    own = f"{where}/a-{safe_name(agent)}"
    _publish(where, parts, own)
    return own


def part(claimed: str, number: int) -> str:
    """One part of a claimed plan, "" where there is no such part."""
    try:
        return read_bytes(f"{claimed}/{number}").decode("utf-8")
    except OSError:
        return ""


def workflow_path(project: Project, session: str) -> str:
    return project.at(layout.STARTS, safe_name(session), layout.WORKFLOW)


def pending_key(session: str, tool_use: str) -> str:
    """The key of an allocation by the tool use that started its agent. The session is in it, for tool uses are counted by
    whoever serves the model, and nobody says that two sessions are never given the same."""
    return f"{session}-{tool_use}"


def pending_path(project: Project, key: str) -> str:
    return project.at(layout.PENDING, f"{safe_name(key)}.json")


def keep_pending(project: Project, key: str, allocation: dict[str, Any]) -> None:
    """Keep an allocation until its agent ends. Raises OSError."""
    project.ensure_cache(layout.PENDING)
    write_atomic(pending_path(project, key), fastjson.encode(allocation))


def read_pending(path: str) -> dict[str, Any] | None:
    """A kept allocation, None when it is gone or not readable."""
    try:
        content = fastjson.loads(read_bytes(path))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
