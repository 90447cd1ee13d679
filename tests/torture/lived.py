"""A project in which everything happened once, so that each place of `base/layout` was written: what is true of one file that
the plugin writes (its mode, whether a link in its place is followed) can be looked at for all of them."""

from __future__ import annotations

import os
import time
from datetime import datetime
from pathlib import Path
from unittest.mock import patch

from memory_budget.base import detached, hook_log, layout, notices, spawn
from memory_budget.base.files import write_atomic
from memory_budget.base.optional import own_lock
from memory_budget.base.project import Project
from memory_budget.index import update
from memory_budget.log import export, rotation
from memory_budget.log import sent as log_sent
from memory_budget.reports import tuning, tuning_apply
from memory_budget.run import bumps, calibration, claims, finish, lost_prompts, notes, pending, reads, state
from memory_budget.run import hooks as later
from memory_budget.start import project_state
from memory_budget.upkeep import jobs, proposals, schedule
from tests.support import hooks
from tests.support.usage_logs import record, write_log
from tests.torture.scene import SESSION, Scene

NOTE = ".claude/memory/specialists/dbt-expert/patterns/models.md"
#: A copy of a note of everybody's, for the job that proposes to put copies away.
COPY = ".claude/memory/specialists/dbt-expert/patterns/garden.md"
CHANGE = {
    "kind": "weights",
    "profile": "specialist-narrow",
    "title": "specialist-narrow: other weights",
    "to": {"global": 0.3, "agent_recent": 0.3, "agent_patterns": 0.4},
}


def prepare(scene: Scene) -> None:
    """What has to be there beforehand: a copy of a note, so that something is proposed, and old runs for the tuner."""
    (scene.root / COPY).write_text((scene.root / ".claude/memory/patterns/garden.md").read_text())
    update.update_index(scene.project)


def hooks_write(scene: Scene) -> None:
    """What hooks and the processes behind them write: the lives of three agents."""
    project = scene.project
    ended = [scene.live(1, context=False), scene.live(2, context=True)]
    scene.act(
        "pre", {**hooks.agent_call(None), "tool_name": "Workflow", "tool_input": {"script": "agent('x')"}}
    )
    scene.act("pre", scene.call(3, context=True))
    with patch.object(spawn, "launch", lambda *_: None):
        for number in (1, 3):
            given = scene.call(number, context=False)
            scene.act(
                "post", {**given, "tool_response": {"agentId": f"a{number}", "status": "async_launched"}}
            )
            read = {
                **scene.start_payload(number), "tool_name": "Read", "tool_use_id": f"read-{number}",
                "tool_input": {"file_path": f"{scene.root}/{NOTE}"}, "tool_response": {"file": {"content": "x" * 4000}},
            }  # fmt: skip
            reads.post_read(project, read)
        later.subagent_stop(project, ended[0])
        spawn.start_once(project, "index", 5.0)
        project_state._mark_damaged(project)
    state.mark_lost(project, SESSION, "a3")
    notes.leave_note(project, SESSION, "a", "A line.")
    notices.once(project, "a-key")
    bumps.remember_bump(project, bumps.task_key("dbt-expert", "a task", ""), "complex")
    for payload in ended:
        scene.act("finish", payload)
    hook_log.log(project, "a line")
    detached._remember(project, "finish", OSError("no luck"))
    # A block too long for the context channel leaves its rest in a file, as `start/describe` does it.
    write_atomic(project.writable(layout.BLOCKS, "0123456789ab.md"), b"The rest.\n")
    rewritten(scene)


def rewritten(scene: Scene) -> None:
    """Another plugin's rewrite of a prompt won."""
    allotted = pending.Pending(
        allocation_id="x", agent="dbt-expert", started=1.0, budget_allocated=1, session_id=SESSION
    )
    lost = lost_prompts.Lost(allotted, str(scene.session), "its own")
    with patch.object(lost_prompts, "rewriter_of", lambda *_: lost_prompts.Rewriter("other", "/x/other.sh")):
        lost_prompts.explain(scene.project, lost)


def logs_write(scene: Scene) -> None:
    """What the log and those who learn from it write."""
    project, now = scene.project, time.time()
    days = [datetime.fromtimestamp(now - 86400 * day) for day in range(40)]
    records = [record(timestamp=day.isoformat(), allocation_id=f"{day:%j}") for day in days]
    write_log(Path(project.log), [*scene.records(), *records])
    os.chmod(project.log, 0o600)
    export._write_state(project, {"version": 1, "endpoint": "http://localhost:1", "files": {}, "sums": {}})
    with own_lock(project.writable(layout.EXPORT_LOCK)):
        pass
    log_sent.remember(project, "dbt-expert", [NOTE], [7], "", now)
    log_sent.set_sent_aside(project)
    log_sent.remember(project, "dbt-expert", [NOTE], [8], "", now)
    for number in (1, 2):
        path = scene.session.parent / SESSION / f"subagents/agent-a{number}.jsonl"
        calibration.note(project, "dbt-expert", "claude-x", 5000 * number, str(path))
    calibration.update(project)
    calibration.note(project, "dbt-expert", "claude-x", 5000, "/nowhere")
    try:
        tuning.recommend(project)
        tuning_apply.apply_changes(project, [CHANGE])
    except ModuleNotFoundError:
        pass


def jobs_write(scene: Scene) -> None:
    """What jobs write: each kind, and a change of memory that is undone."""
    project, now = scene.project, time.time()
    lock = schedule.take_lock(project)
    try:
        schedule.run_locked(project, "weekly", jobs.run_job, time.time)
    finally:
        lock.release()
    waiting = proposals.load_proposals(project)
    proposals.apply_proposals(project, waiting[:1], now=now, batch="lived")
    for proposal in proposals.load_proposals(project)[:1]:
        proposals.dismiss_proposal(project, proposal)
    rotation.rotate(project, {"max_bytes": 10, "keep_days": 3650}, now)
    rotation.rotate(project, {"max_bytes": 10, "keep_days": 0}, now + 86400 * 400)


def places(project: Project) -> set[str]:
    """The places of `base/layout` that were written."""
    return {
        path
        for path, *_ in layout.PLACES
        if os.path.lexists(project.at(path.partition("/<")[0].removesuffix("/")))
    }


def left_open(scene: Scene) -> None:
    """What is open at the end: an agent with its plan and its allocation, a file nobody can read, an index to look at again."""
    project = scene.project
    scene.live(9, context=True)
    claims.bind(project, "toolu_9", "a9")
    log_sent.remember(project, "dbt-expert", [NOTE], [8], "", time.time())
    write_atomic(project.writable(layout.PENDING, "x.json"), b"noise")
    finish.close(project)
    project_state._mark_damaged(project)
    with own_lock(project.writable(layout.INDEX_LOCK)):
        update.update_index(project)


#: In the order in which they can happen.
ALL = (hooks_write, logs_write, jobs_write, left_open)
