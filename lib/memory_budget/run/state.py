"""What is known of the agents that run now, on disk, for hooks that live for milliseconds.

    running/<session>/<agent>.reads   what an agent read itself: one JSON line per read, appended
    running/<session>/<agent>.lost    another plugin's prompt won: what was meant for it never arrived

An agent's allocation is `pending`. No lock is taken: a read is one append, so all processes see all reads in one order.
A line of `.reads`: ["toolu_01", 1795893038.5, 120, {"global": 120}, {"1f0c7a3e": 120}]: the read's name, when, tokens, tokens by
scope, and by mark (`pending.mark_of`) those of files that the agent's block named; the last is left out where there are none.
"""

from __future__ import annotations

import os
import time

from memory_budget.base import fastjson, layout
from memory_budget.base.files import open_own, read_bytes, safe_name, write_atomic
from memory_budget.base.project import Project
from memory_budget.run import claims, pending
from memory_budget.run.meter import Monitor
from memory_budget.run.pending import Pending

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from memory_budget.run.meter import Alert

#: The agent of `claude --agent NAME`: the session's main thread.
MAIN = "main"


def reads_folder(project: Project, session: str) -> str:
    """Where what the agents of a session read is noted. Nothing is made."""
    return project.at(layout.RUNNING, safe_name(session))


def find_running(project: Project, session: str, agent: str, transcript: str) -> Pending | None:
    """The allocation of an agent that runs; None for agents that were allotted nothing, and once they have ended.

    `agent`: the client's id, or MAIN. `transcript`: the session's; the client keeps a file for each agent below its
    folder that names the tool use which started it, and the allocation is kept under that name.
    """
    if agent == MAIN:
        return pending.find_pending(project, pending.main_key(session))
    allocation = pending.find_pending(project, pending.pending_agent_key(agent))
    if allocation is None:
        tool_use = claims.bound_to(project, agent) or _tool_use(transcript, agent)
        if tool_use:
            allocation = pending.find_pending(project, pending.pending_key(session, tool_use))
    return allocation


def _tool_use(transcript: str, agent: str) -> str:
    """The tool use that started an agent, by the client's file beside its transcript; "" while there is none."""
    if not transcript.endswith(".jsonl") or safe_name(agent) != agent:
        return ""
    path = f"{transcript[: -len('.jsonl')]}/subagents/agent-{agent}.meta.json"
    try:
        meta = fastjson.loads(read_bytes(path, 20_000))
    except (OSError, ValueError):
        return ""
    tool_use = meta.get("toolUseId") if isinstance(meta, dict) else None
    return tool_use if isinstance(tool_use, str) else ""


def add_read(
    project: Project,
    session: str,
    agent: str,
    allocation: Pending,
    scopes: Mapping[str, int],
    tokens: int,
    key: str,
    files: Mapping[str, int] | None = None,
) -> tuple[Monitor, list[Alert]]:
    """Note that an agent read memory itself. Returns where it stands now and the alerts that this read set off (none where
    another process noted the same read before).

    `files`: tokens by mark, of files that the agent's block named. Raises OSError.
    """
    now = time.time()
    line = fastjson.encode([key, now, tokens, scopes, *([dict(files)] if files else [])]) + b"\n"
    path = project.writable(layout.RUNNING, safe_name(session), safe_name(agent) + ".reads")
    handle = open_own(path, os.O_WRONLY | os.O_APPEND)
    try:
        os.write(handle, line)
    finally:
        os.close(handle)
    monitor = start_of(project, session, agent, allocation)
    alerts: list[Alert] = []
    for read in own_reads(project, session, agent):
        set_off = monitor.read(*read)
        if read[2:4] == (now, key):
            alerts.extend(set_off)
    return monitor, alerts


def own_reads(
    project: Project, session: str, agent: str
) -> list[tuple[dict[str, int], int, float, str, dict[str, int]]]:
    """What an agent read itself, in order: scopes, tokens, when, the name of the read, and files that were named to it."""
    try:
        lines = read_bytes(f"{reads_folder(project, session)}/{safe_name(agent)}.reads").split(b"\n")
    except OSError:
        return []
    noted = []
    for line in lines:
        try:
            value: Any = fastjson.loads(line)
            key, at, tokens, scopes, *more = value
            sizes = {str(scope): int(size) for scope, size in scopes.items()}
            named_files = {str(mark): int(size) for mark, size in more[0].items()} if more else {}
            noted.append((sizes, int(tokens), float(at), str(key), named_files))
        except (ValueError, TypeError, AttributeError, OverflowError):
            continue  # the empty end, or a line that a full disk cut off
    return noted


def start_of(project: Project, session: str, agent: str, allocation: Pending) -> Monitor:
    """Where an agent stood when it started, as far as that is known while it runs."""
    return Monitor(allocation, (0, {}) if _lost(project, session, agent) else None)


def replay_reads(
    project: Project,
    session: str,
    agent: str,
    allocation: Pending,
    arrived: tuple[int, Mapping[str, int]] | None = None,
) -> Monitor:
    """Where an agent stands: its start and all it read since. `arrived`: tokens as its transcript shows them, and by scope."""
    monitor = (
        start_of(project, session, agent, allocation) if arrived is None else Monitor(allocation, arrived)
    )
    for read in own_reads(project, session, agent):
        monitor.read(*read)
    return monitor


def mark_lost(project: Project, session: str, agent: str) -> None:
    """The agent started without what was meant for it. Raises OSError."""
    write_atomic(project.writable(layout.RUNNING, safe_name(session), safe_name(agent) + ".lost"), b"")


def _lost(project: Project, session: str, agent: str) -> bool:
    return os.path.exists(f"{reads_folder(project, session)}/{safe_name(agent)}.lost")


def forget_reads(project: Project, session: str, agent: str) -> None:
    """Its record is written: nothing is kept of an agent's run any more."""
    for suffix in (".reads", ".lost"):
        try:
            os.unlink(f"{reads_folder(project, session)}/{safe_name(agent)}{suffix}")
        except OSError:
            pass
