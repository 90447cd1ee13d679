"""What is known of the agents that run now, on disk, for hooks that live for milliseconds.

    running/<session>/<agent>.json    the start of one agent's run, as the monitor wants it
    running/<session>/<agent>.reads   what it read itself since: one JSON line per read, appended
    running/<session>/<agent>.lost    another plugin's prompt won: what was meant for it never arrived
    notes/<session>/<name>            a line for the person, until a hook comes by whose message is shown
    bumps/<agent and task>            the tier that reads of this agent pushed this task to

No lock is taken. The start is written whole and always the same, whoever is first; a read is one append, so all
processes see all reads in one order; whoever removes a note tells it.
"""

from __future__ import annotations

import os
import time

from memory_budget.base import fastjson, layout
from memory_budget.base.files import read_bytes, safe_name, write_atomic
from memory_budget.base.project import Project
from memory_budget.run import claims
from memory_budget.run.meter import Monitor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from memory_budget.run.meter import Alert

#: What the monitor needs of a kept allocation, and what the hooks need besides.
FIELDS = (
    "agent", "allocation_id", "budget_allocated", "budget_base", "complexity", "bumped_from", "enforcement", "ladder",
    "demand_tokens", "native_tokens", "scope_breakdown", "tokens_loaded", "started", "thresholds", "alert_level", "task_key",
)  # fmt: skip

#: The agent of `claude --agent NAME`: the session's main thread.
MAIN = "main"


def folder(project: Project, session: str) -> str:
    return project.at(layout.RUNNING, safe_name(session))


def find(project: Project, session: str, agent: str, transcript: str) -> dict[str, Any] | None:
    """The start of an agent's run; None for agents that were allotted nothing, and once they have ended.

    `agent`: the client's id, or MAIN. `transcript`: the session's; the client keeps a file for each agent below its
    folder that names the tool use which started it, and the allocation is kept under that name. The result is cached.
    """
    where = f"{folder(project, session)}/{safe_name(agent)}.json"
    known = _load(where)
    if known is not None:
        return known
    kept = _load(claims.pending_path(project, f"main-{session}" if agent == MAIN else f"agent-{agent}"))
    if kept is None and agent != MAIN:
        tool_use = _tool_use(transcript, agent)
        if tool_use:
            kept = _load(claims.pending_path(project, claims.pending_key(session, tool_use)))
    if kept is None:
        return None
    try:
        known = {field: kept[field] for field in FIELDS}
    except KeyError:
        return None
    project.ensure_cache(layout.RUNNING, safe_name(session))
    write_atomic(where, fastjson.encode(known))
    return known


def _tool_use(transcript: str, agent: str) -> str:
    """The tool use that started an agent, by the client's file beside its transcript; "" while there is none."""
    if not transcript.endswith(".jsonl") or safe_name(agent) != agent:
        return ""
    meta = _load(f"{transcript[: -len('.jsonl')]}/subagents/agent-{agent}.meta.json")
    found = meta.get("toolUseId") if meta is not None else None
    return found if isinstance(found, str) else ""


def _load(path: str) -> dict[str, Any] | None:
    try:
        value = fastjson.loads(read_bytes(path))
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def add_read(
    project: Project,
    session: str,
    agent: str,
    known: Mapping[str, Any],
    scopes: Mapping[str, int],
    tokens: int,
    key: str,
) -> tuple[Monitor, list[Alert]]:
    """Note that an agent read memory itself. Returns where it stands now and the alerts that this read set off.

    Raises OSError.
    """
    line = fastjson.encode([key, time.time(), tokens, scopes]) + b"\n"
    path = f"{folder(project, session)}/{safe_name(agent)}.reads"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(handle, line)
    finally:
        os.close(handle)
    monitor = Monitor(known, delivered=not _lost(project, session, agent))
    own: list[Alert] = []
    for read in reads(project, session, agent):
        alerts = monitor.read(*read)
        if read[3] == key:
            own.extend(alerts)
    return monitor, own


def reads(project: Project, session: str, agent: str) -> list[tuple[dict[str, int], int, float, str]]:
    """What an agent read itself, in order: scopes, tokens, when, and the name of the read."""
    try:
        lines = read_bytes(f"{folder(project, session)}/{safe_name(agent)}.reads").split(b"\n")
    except OSError:
        return []
    found = []
    for line in lines:
        try:
            noted: Any = fastjson.loads(line)
            key, at, tokens, scopes = noted
        except (ValueError, TypeError):
            continue  # the empty end, or a line that a full disk cut off
        found.append((scopes, tokens, at, key))
    return found


def replay(
    project: Project, session: str, agent: str, kept: Mapping[str, Any], *, delivered: bool | None = None
) -> Monitor:
    """Where an agent stands: its start and all it read since. `delivered`: whether it got what it was sent, where that is
    known better than from the hook after its launch."""
    if delivered is None:
        delivered = not _lost(project, session, agent)
    monitor = Monitor(kept, delivered=delivered)
    for read in reads(project, session, agent):
        monitor.read(*read)
    return monitor


def mark_lost(project: Project, session: str, agent: str) -> None:
    """The agent started without what was meant for it. Raises OSError."""
    write_atomic(f"{project.ensure_cache(layout.RUNNING, safe_name(session))}/{safe_name(agent)}.lost", b"")


def _lost(project: Project, session: str, agent: str) -> bool:
    return os.path.exists(f"{folder(project, session)}/{safe_name(agent)}.lost")


def forget(project: Project, session: str, agent: str) -> None:
    """Its record is written: nothing is kept of an agent's run any more."""
    for suffix in (".json", ".reads", ".lost"):
        try:
            os.unlink(f"{folder(project, session)}/{safe_name(agent)}{suffix}")
        except OSError:
            pass
