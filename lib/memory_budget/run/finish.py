"""One agent's end, end to end: find what it was allotted, measure what it used, record it.

Runs detached, after the client has gone on. The join is exact: the file beside an agent's transcript names the tool use
that started it, and the allocation was kept under that name. It does not matter which event came first.
"""

from __future__ import annotations

import os
import time
from datetime import datetime
from typing import Any

from memory_budget.base import fastjson, layout
from memory_budget.base.files import listing, safe_name, write_atomic
from memory_budget.base.hook_log import log
from memory_budget.base.processes import started_at
from memory_budget.base.project import Project
from memory_budget.log import sent, usage
from memory_budget.run import bumps, calibration, claims, lost_prompts, notes, transcripts
from memory_budget.run import state as run_state
from memory_budget.select.block import opening

#: How long the last line of a transcript is waited for. It is written 25 to 80 ms after the agent's stop event.
#: A busy machine takes seconds.
WAIT_SECONDS = 10.0
_FIRST_STEP = 0.04
_LAST_STEP = 0.5
#: The client writes what other hooks answered when the call is over, for an agent in the foreground after its end.
_WAIT_FOR_HOOKS = 1.0
#: Allocations whose client is gone are closed; those nobody can tell about, after this long.
FORGOTTEN_SECONDS = 2 * 86400.0


def finish(project: Project, ended: dict[str, Any]) -> bool:
    """Record the run of an agent that stopped. False when nothing was allotted to it, or its record stands already."""
    agent = str(ended.get("agent_id") or "")
    transcript = str(ended.get("agent_transcript_path") or "")
    found = _wait(transcript)
    meta = transcripts.read_meta(transcript)
    session = str(ended.get("session_id") or "")
    key = claims.pending_key(session, meta.tool_use) if meta and meta.tool_use else ""
    kept_at = _pending_of(project, agent, key)
    if kept_at is None and meta and not meta.tool_use:
        kept_at = _pending_without_id(project, session, meta, found)
    if kept_at is None:
        return False
    kept = claims.read_pending(kept_at)
    if kept is None:
        return False
    if kept["channel"] == "prompt" and _delivered(kept, found) is False:
        _tell_lost(project, kept, meta.parent if meta else "", found.given[0])
    record = _record(project, kept, found, agent=agent, model=meta.model if meta else "", ended=True)
    if not _take(kept_at):  # only now: an allocation whose record fails is closed later
        return False
    _append(project, record, kept_at, kept)
    run_state.forget(project, kept["session_id"], agent)
    sent.remember(project, kept, record, transcript, time.time())
    if found.usage is not None and found.given and found.model:
        calibration.note(project, kept["agent"], found.model, found.usage.first_request_input, transcript)
    _tidy(project, ended, agent)
    return True


def _wait(path: str) -> transcripts.Transcript:
    """The transcript once its last answer is there, or as it stands when the waiting is over."""
    until = time.monotonic() + WAIT_SECONDS
    step = _FIRST_STEP
    found = transcripts.read(path)
    while not found.complete and found.error is None and time.monotonic() < until:
        time.sleep(step)
        step = min(step * 1.5, _LAST_STEP)
        found = transcripts.read(path)
    return found


def _pending_of(project: Project, agent: str, started_by: str) -> str | None:
    for key in (started_by, f"agent-{agent}"):
        if key:
            path = claims.pending_path(project, key)
            if os.path.exists(path):
                return path
    return None


def _pending_without_id(
    project: Project, session: str, meta: transcripts.Meta, found: transcripts.Transcript
) -> str | None:
    """The allocation of an agent whose client does not note the tool use that started it (2.1.87 does not)."""
    for name in listing(project.at(layout.PENDING)):
        path = project.at(layout.PENDING, name)
        kept = claims.read_pending(path)
        if kept and kept.get("session_id") == session and _fits(kept, meta, found):
            return path
    return None


def _fits(kept: dict[str, Any], meta: transcripts.Meta, found: transcripts.Transcript) -> bool:
    """Whether an agent was given this allocation's block; where there was none, whether it was started for the same task."""
    delivered = _delivered(kept, found)
    if delivered is None:
        return (kept.get("agent"), kept.get("description")) == (meta.agent_type, meta.description)
    return delivered


def _take(path: str) -> bool:
    """Remove a kept allocation; of two processes that would record it, one wins."""
    try:
        os.unlink(path)
    except OSError:
        return False
    return True


def _append(project: Project, record: dict[str, Any], path: str, kept: dict[str, Any]) -> None:
    """Add the record; where that fails (a full disk, a log held by another), the allocation is put back for later."""
    try:
        usage.append(project, record)
    except BaseException:
        write_atomic(path, fastjson.encode(kept))
        raise


def _tidy(project: Project, ended: dict[str, Any], agent: str) -> None:
    where = claims.folder(project, str(ended.get("session_id") or ""), str(ended.get("agent_type") or ""))
    claims.forget(f"{where}/b-{safe_name(agent)}")
    claims.remove_folder(f"{where}/a-{safe_name(agent)}")


def _delivered(kept: dict[str, Any], found: transcripts.Transcript) -> bool | None:
    """Whether the agent got its block; None where there was none, or nothing shows it."""
    if not kept["scope_breakdown"] or not found.given:
        return None
    tag = opening(kept["allocation_id"]).removesuffix(">\n")
    return any(tag in text for text in found.given)


def _tell_lost(project: Project, kept: dict[str, Any], parent: str, prompt: str) -> None:
    """Leave word that another plugin's rewrite won, if nobody was told so far. The allocation still stands now, so the
    hook that follows an agent in the foreground finds one or the other."""
    caller = lost_prompts.calling_transcript(kept["transcript_path"], parent)
    line = lost_prompts.lost(project, kept, caller, prompt, wait=_WAIT_FOR_HOOKS, patient=True)
    if line is None:
        lost_prompts.mark_lost(project, kept, caller, prompt)  # the next hook looks again
    elif line:
        notes.leave_note(project, kept["session_id"], "delivery", line)


def _record(
    project: Project,
    kept: dict[str, Any],
    found: transcripts.Transcript,
    *,
    agent: str,
    model: str,
    ended: bool,
    error: str | None = None,
) -> dict[str, Any]:
    """The usage record of one run (schemas/usage-record.schema.json)."""
    delivered = _delivered(kept, found)
    session = kept["session_id"]
    state = run_state.replay(
        project, session, agent or run_state.MAIN, kept, delivered=delivered is not False
    )
    if state.grown:
        bumps.remember_bump(project, kept["task_key"], state.tier)
    now = datetime.now()
    warnings = [
        {
            "timestamp": datetime.fromtimestamp(alert.at).isoformat(),
            "threshold": alert.level,
            "usage_pct": round(alert.share, 4),
            "message": alert.message,
        }
        for alert in state.alerts
    ]
    problem = error or found.error
    return {
        "timestamp": now.isoformat(),
        "agent": kept["agent_key"] or kept["agent"],
        "task": kept["description"],
        "complexity": state.tier,
        "budget_allocated": state.budget,
        "tokens_loaded": state.loaded,
        "usage_pct": round(100 * state.share, 2),
        "exceeded_budget": state.exceeded,
        "scope_breakdown": state.loads,
        "warnings_count": len(warnings),
        "warnings": warnings,
        "duration_seconds": round(found.seconds, 3) if ended and found.seconds is not None else None,
        "success": ended and problem is None,
        "error": problem,
        "schema_version": 1,
        "profile": kept["profile"],
        "enforcement": kept["enforcement"],
        "budget_base": kept["budget_base"],
        "bumped_from": state.bumped_from or None,
        "demand_tokens": state.demand,
        "scoped_tokens": kept["scoped_tokens"],
        "on_demand_tokens": state.on_demand,
        "delivered": delivered,
        "allocation_id": kept["allocation_id"],
        "session_id": kept["session_id"] or None,
        "tool_use_id": kept["tool_use_id"] or None,
        "agent_id": agent or None,
        "model": found.model or model or kept["model"] or None,
        "api_usage": found.usage._asdict() if found.usage else None,
        "hook_ms": kept["hook_ms"],
    }


def close(project: Project, session: str = "") -> int:
    """Close what will not end any more: allocations of `session` (it is over), and of clients that are gone.

    An agent that did end, unseen, has a transcript that says so and gets a whole record. Returns how many were closed.
    """
    closed = 0
    for name in listing(project.at(layout.PENDING)):
        if not name.endswith(".json"):
            continue  # being written this moment
        path = project.at(layout.PENDING, name)
        kept = claims.read_pending(path)
        if kept is None:
            _set_aside(project, path)
            continue
        main = name.startswith("main-")
        over = main and session != "" and kept.get("session_id") == session
        if not (over or _client_gone(kept)):
            continue
        try:
            closed += _close(project, path, kept, main=main)
        except (KeyError, TypeError, ValueError) as error:
            log(project, f"{name}: not a kept allocation ({type(error).__name__}: {error})")
            _set_aside(project, path)
    _tidy_starts(project, session)
    return closed


def _close(project: Project, path: str, kept: dict[str, Any], *, main: bool) -> bool:
    where = kept.get("transcript_path") or ""
    agent = "" if main else kept.get("agent_id") or ""
    if not main:
        known = transcripts.agent_transcripts(where) if where else {}
        where = known.get(kept.get("tool_use_id") or f"agent-{agent}", "") or _unnamed_transcript(known, kept)
        if not where:  # it never started: refused by another plugin, which no event tells
            _take(path)
            return False
        name = os.path.basename(where)
        agent = agent or name.removeprefix("agent-").removesuffix(".jsonl")
    found = transcripts.read(where)
    if not _take(path):
        return False
    ended = main or found.complete
    error = None if ended else "never ended: the client that ran it is gone"
    record = _record(project, kept, found, agent=agent, model="", ended=ended, error=error)
    _append(project, record, path, kept)
    run_state.forget(project, kept["session_id"], agent or run_state.MAIN)
    sent.remember(project, kept, record, where, time.time())
    return True


def _unnamed_transcript(known: dict[str, str], kept: dict[str, Any]) -> str:
    """The transcript of an allocation among those that do not name the tool use that started their agent; "" for none."""
    for key, path in known.items():
        meta = transcripts.read_meta(path) if key.startswith("agent-") else None
        if meta and not meta.tool_use and _fits(kept, meta, transcripts.read(path)):
            return path
    return ""


def _client_gone(kept: dict[str, Any]) -> bool:
    client = kept.get("client")
    started = kept.get("started")
    if isinstance(started, (int, float)) and time.time() - started > FORGOTTEN_SECONDS:
        return True
    if not isinstance(client, list) or len(client) != 2 or not all(isinstance(part, int) for part in client):
        return False
    process, ticks = client
    if ticks:
        return started_at(int(process)) != int(ticks)
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


def _set_aside(project: Project, path: str) -> None:
    """Keep an unreadable file for a person to look at, out of the way."""
    target = project.ensure_cache(layout.DAMAGED) + "/" + os.path.basename(path)
    try:
        os.replace(path, target)
        log(project, f"{os.path.basename(path)}: unreadable, moved to {target}")
    except OSError:
        pass


def _tidy_starts(project: Project, session: str) -> None:
    """Remove the marks of sessions that are over: this one's, and any not touched for two days."""
    import shutil

    for folder in (layout.STARTS, layout.NOTES, layout.RUNNING):
        for name in listing(project.at(folder)):
            path = project.at(folder, name)
            over = session != "" and name == safe_name(session)
            try:
                if time.time() - os.stat(path).st_mtime > FORGOTTEN_SECONDS or (
                    over and folder != layout.RUNNING
                ):
                    shutil.rmtree(path, ignore_errors=True)
                elif over:
                    os.rmdir(path)  # only when empty: what agents read is wanted until their records stand
            except OSError:
                continue
    for folder in (layout.ENDED, layout.BLOCKS):
        for name in listing(project.at(folder)):
            path = project.at(folder, name)
            try:
                if time.time() - os.stat(path).st_mtime > FORGOTTEN_SECONDS:
                    os.unlink(path)
            except OSError:
                continue
