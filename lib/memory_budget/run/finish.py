"""One agent's end, end to end: find what it was allotted, measure what it used, record it, once.

Runs detached, after the client has gone on. The join is exact: the file beside an agent's transcript names the tool use
that started it, and the allocation was kept under that name. It does not matter which event came first. The record is in the
log before the allocation is gone; a process killed in between leaves an allocation that is recorded by the next one, which
asks the log first (`usage.append_once`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from memory_budget.base import fastjson, layout
from memory_budget.base.files import listing, read_bytes, remove
from memory_budget.base.hook_log import log
from memory_budget.base.processes import started_at
from memory_budget.base.project import Project
from memory_budget.index import update
from memory_budget.index.parse import TokenCounter
from memory_budget.log import sent, usage
from memory_budget.run import (
    arrived,
    bumps,
    calibration,
    claims,
    leftovers,
    lost_prompts,
    notes,
    pending,
    record,
    transcripts,
)
from memory_budget.run import state as run_state
from memory_budget.run.arrived import Part
from memory_budget.run.pending import Pending

#: How long the last line of a transcript is waited for. It is written 25 to 80 ms after the agent's stop event.
#: A busy machine takes seconds.
WAIT_SECONDS = 10.0
_FIRST_STEP = 0.04
_LAST_STEP = 0.5
#: A file that says who ended is left to the process that was started with it for so long.
_PATIENCE = 60.0


class _Run:
    """A run that is recorded now: its agent ("" for a main thread), transcript, and what the file beside that says."""

    __slots__ = ("agent", "ended", "error", "model", "path", "shows_context", "transcript")

    def __init__(
        self,
        agent: str,
        path: str,
        transcript: transcripts.Transcript,
        *,
        model: str = "",
        ended: bool = True,
        error: str | None = None,
        shows_context: bool = True,
    ) -> None:
        self.agent = agent
        self.path = path
        self.transcript = transcript
        self.model = model
        self.ended = ended
        self.error = error
        self.shows_context = shows_context


def finish(project: Project, ended: dict[str, Any]) -> bool:
    """Record the run of an agent that stopped. False when nothing was allotted to it, or another process recorded it. True also
    when its record stood in the log already and its allocation was still there, as a process that was killed leaves it.

    `ended`: session_id, agent_id, agent_type, agent_transcript_path and transcript_path as the client said them.
    """
    agent = str(ended.get("agent_id") or "")
    session = str(ended.get("session_id") or "")
    path = str(ended.get("agent_transcript_path") or "")
    transcript = _wait(path)
    meta = transcripts.read_meta(path)
    tool_use = (meta.tool_use if meta else "") or claims.bound_to(project, agent)
    keys = [pending.pending_key(session, tool_use)] if tool_use else []
    if not tool_use and meta:
        keys = _keys_without_id(project, session, meta, transcript)
    for key in [*keys, pending.pending_agent_key(agent)]:
        allotted = pending.find_pending(project, key)
        if allotted is None:
            continue
        parts = arrived.parts_in(transcript.given)
        if allotted.channel == "prompt" and allotted.gives and transcript.given and not parts:
            _tell_lost(project, allotted, meta.parent if meta else "", transcript.given[0])
        shows_context = meta is None or meta.shows_context
        run = _Run(agent, path, transcript, model=meta.model if meta else "", shows_context=shows_context)
        if not _record(project, allotted, key, run):
            return False
        if transcript.usage is not None and transcript.given and transcript.model:
            calibration.note(
                project, allotted.agent, transcript.model, transcript.usage.first_request_input, path
            )
        claims.forget_start(project, session, str(ended.get("agent_type") or ""), agent, tool_use)
        return True
    return False


def _keys_without_id(
    project: Project, session: str, meta: transcripts.Meta, transcript: transcripts.Transcript
) -> list[str]:
    """The keys of allocations that may be those of an agent whose client does not note the tool use that started it (2.1.87
    does not): the one whose block it got, or else those for the same task."""
    keys = []
    for key in _kept_keys(project):
        allotted = pending.find_pending(project, key)
        if allotted is not None and allotted.session_id == session and _fits(allotted, meta, transcript):
            keys.append(key)
    return keys


def _kept_keys(project: Project) -> list[str]:
    """The keys of all allocations whose record is not written yet, also of those that are being recorded."""
    names = [name for name in listing(project.at(layout.PENDING)) if name.endswith(".json")]
    return sorted({name.removesuffix(pending.RECORDING).removesuffix(".json") for name in names})


def _fits(allotted: Pending, meta: transcripts.Meta, transcript: transcripts.Transcript) -> bool:
    """Whether an agent was given this allocation's block; where there was none, or none can be seen, whether it was started for
    the same task."""
    parts = arrived.parts_in(transcript.given)
    shown = allotted.channel == "prompt" or meta.shows_context
    if parts or (allotted.gives and transcript.given and shown):
        return any(part.allocation == allotted.allocation_id for part in parts)
    return (allotted.agent, allotted.description) == (meta.agent_type, meta.description)


def _wait(path: str) -> transcripts.Transcript:
    """The transcript once its last answer is there, or as it stands when the waiting is over."""
    until = time.monotonic() + WAIT_SECONDS
    step = _FIRST_STEP
    transcript = transcripts.read_transcript(path)
    while not transcript.complete and transcript.error is None and time.monotonic() < until:
        time.sleep(step)
        step = min(step * 1.5, _LAST_STEP)
        transcript = transcripts.read_transcript(path)
    return transcript


def _tell_lost(project: Project, allotted: Pending, parent: str, prompt: str) -> None:
    """Leave word that another plugin's rewrite won, if nobody was told so far."""
    caller = lost_prompts.calling_transcript(allotted.transcript_path, parent)
    line = lost_prompts.explain(project, lost_prompts.Lost(allotted, caller, prompt))
    if line:
        notes.leave_note(project, allotted.session_id, "delivery", line)


def _record(project: Project, allotted: Pending, key: str, run: _Run) -> bool:
    """Write the record of one run and forget its allocation. False where another process did."""
    given, parts = _given(project, allotted, arrived.parts_in(run.transcript.given))
    seen = bool(run.transcript.given) and (given.channel == "prompt" or bool(parts) or run.shows_context)
    result = arrived.measure(given, parts, seen=seen, count=_counter())
    agent = run.agent or run_state.MAIN
    state = run_state.replay_reads(project, allotted.session_id, agent, given, (result.tokens, result.scopes))
    entry = record.make(
        allotted,
        given,
        state,
        result,
        run.transcript,
        agent=run.agent,
        model=run.model,
        ended=run.ended,
        error=run.error,
    )
    source = pending.pending_path(project, key)
    recording = source.removesuffix(".json") + pending.RECORDING
    written = usage.append_once(project, entry, source, recording)
    if written is None:
        return False
    if written:
        if state.grown:
            bumps.remember_bump(project, given.task_key, state.tier)
        of_files = dict(zip(given.files, given.chunks, strict=False))
        chunks = [number for path in result.files for number in of_files.get(path, ())]
        sent.remember(project, allotted.agent, list(result.files), chunks, run.path, time.time())
    _put_away(project, allotted, recording)
    run_state.forget_reads(project, allotted.session_id, agent)
    return True


def _given(project: Project, allotted: Pending, parts: list[Part]) -> tuple[Pending, list[Part]]:
    """The allocation whose parts an agent got, and those parts. Where several agents of one type started at once and nothing
    told them apart, it may be another's: then the id in the transcript says whose."""
    own_parts = [part for part in parts if part.allocation == allotted.allocation_id]
    if own_parts or allotted.channel != "context":
        return allotted, own_parts
    for part in parts:
        other = _of_session(project, allotted.session_id, part.allocation)
        if other is not None:
            return other, [other_part for other_part in parts if other_part.allocation == part.allocation]
    return allotted, []


def _of_session(project: Project, session: str, allocation: str) -> Pending | None:
    """The allocation of this id, recorded already or not, if it is one of this session."""
    # In the order in which an allocation goes from one name to the next, so that none is missed on its way.
    for key in _kept_keys(project):
        of_session = pending.find_pending(project, key)
        if (
            of_session is not None
            and of_session.allocation_id == allocation
            and of_session.session_id == session
        ):
            return of_session
    try:
        of_session = pending.read_pending(pending.recorded_path(project, allocation))
    except pending.Unreadable:
        return None
    return of_session if of_session is not None and of_session.session_id == session else None


def _counter() -> Callable[[str], int]:
    """Counts tokens of what arrived: exactly, or from above where tiktoken is not installed. Made when it is needed."""
    counters: list[TokenCounter] = []

    def count(text: str) -> int:
        if not counters:
            counters.append(update.counter())
        return counters[0].count(text)

    return count


def _put_away(project: Project, allotted: Pending, recording: str) -> None:
    """Forget an allocation; one of the context channel stays for a while, for an agent that was handed its parts."""
    try:
        if allotted.channel == "context":
            project.ensure_cache(layout.RECORDED)
            os.replace(recording, pending.recorded_path(project, allotted.allocation_id))
        else:
            os.unlink(recording)
    except OSError as error:
        log(project, f"{recording}: recorded, but still there ({error}); the next session removes it")


def close(project: Project, session: str = "") -> int:
    """Close what will not end any more: allocations of `session` (it is over), and of clients that are gone.

    An agent that did end, unseen, has a transcript that says so and gets a whole record. Where one cannot be closed the others
    are, and the next session tries again. Returns how many were closed.
    """
    closed = _finish_left(project)
    for name in listing(project.at(layout.PENDING)):
        if name.endswith(".json"):  # else it is being written this moment
            closed += _attempt(project, project.at(layout.PENDING, name), _close_one, session)
    leftovers.tidy(project, session)
    return closed


def _attempt(
    project: Project, path: str, work: Callable[[Project, str, str], bool], session: str = ""
) -> bool:
    """Do one of several pieces of work. Where it fails the log says so, and the others are done."""
    try:
        return work(project, path, session)
    except Exception as error:
        try:
            log(project, f"{path}: not recorded yet ({type(error).__name__}: {error})")
        except OSError:
            pass  # what is full or read-only now is tried again by the next session
        return False


def _finish_left(project: Project) -> int:
    """Record the agents whose process of their own was killed, or could not write."""
    return sum(
        _attempt(project, project.at(layout.ENDED, name), _finish_one)
        for name in listing(project.at(layout.ENDED))
        if name.endswith(".json")
    )


def _finish_one(project: Project, path: str, _: str) -> bool:
    try:
        if time.time() - os.stat(path).st_mtime < _PATIENCE:
            return False
        ended = fastjson.loads(read_bytes(path))
    except (OSError, ValueError):
        return False
    recorded = isinstance(ended, dict) and finish(project, ended)
    remove(path)
    return recorded


def _close_one(project: Project, path: str, session: str) -> bool:
    name = os.path.basename(path)
    try:
        allotted = pending.read_pending(path)
    except pending.Unreadable as error:
        leftovers.keep_damaged(project, path, str(error))
        return False
    if allotted is None:
        return False
    main = name.startswith("main-")
    begun = name.endswith(pending.RECORDING)
    over = main and session != "" and allotted.session_id == session
    if not (begun or over or _client_gone(allotted)):
        return False
    key = name.removesuffix(pending.RECORDING).removesuffix(".json")
    return _close(project, key, allotted, main=main, begun=begun)


def _close(project: Project, key: str, allotted: Pending, *, main: bool, begun: bool) -> bool:
    transcript_path = allotted.transcript_path
    agent = "" if main else allotted.agent_id
    if not main:
        by_tool_use = transcripts.agent_transcripts(transcript_path) if transcript_path else {}
        transcript_path = by_tool_use.get(
            allotted.tool_use_id or pending.pending_agent_key(agent), ""
        ) or _unnamed_transcript(by_tool_use, allotted)
        if not transcript_path:
            # It never started: refused by another plugin, which no event tells. One that was being recorded did start, and
            # its end is still on disk if nobody recorded it.
            if not begun or not any(listing(project.at(layout.ENDED))):
                pending.drop(project, key)
            return False
        agent = agent or os.path.basename(transcript_path).removeprefix("agent-").removesuffix(".jsonl")
    transcript = transcripts.read_transcript(transcript_path)
    ended = main or transcript.complete
    error = None if ended else "never ended: the client that ran it is gone"
    meta = transcripts.read_meta(transcript_path)
    shows_context = meta is None or meta.shows_context
    run = _Run(agent, transcript_path, transcript, ended=ended, error=error, shows_context=shows_context)
    return _record(project, allotted, key, run)


def _unnamed_transcript(by_tool_use: dict[str, str], allotted: Pending) -> str:
    """The transcript of an allocation among those that do not name the tool use that started their agent; "" for none."""
    for key, path in by_tool_use.items():
        meta = transcripts.read_meta(path) if key.startswith("agent-") else None
        if meta and not meta.tool_use and _fits(allotted, meta, transcripts.read_transcript(path)):
            return path
    return ""


def _client_gone(allotted: Pending) -> bool:
    if time.time() - allotted.started > leftovers.FORGOTTEN_SECONDS:
        return True
    if len(allotted.client) != 2 or not all(isinstance(part, int) for part in allotted.client):
        return False
    process, ticks = allotted.client
    if ticks:
        return started_at(process) != ticks
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return True
    except OSError:
        return False
    return False
