"""One run, one record: in whichever order the client tells of it, and when it tells nothing any more."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from memory_budget.base.project import Project
from memory_budget.index import update
from memory_budget.log import usage
from memory_budget.run import claims, lost_prompts, pending
from memory_budget.run import finish as run_finish
from memory_budget.run import hooks as later
from tests.support import hooks
from tests.support.blocks import assert_valid_records
from tests.support.projects import OTHER_NOTES, make_project, usage_records

FILES = {
    ".claude/memory/patterns/models.md": (
        "# Incremental models\n\nIncremental models merge on the surrogate key; "
        "write up the incremental models as dbt builds them.\n"
    ),
    **OTHER_NOTES,
    ".claude/agents/dbt-expert.md": "---\nname: dbt-expert\ndescription: dbt\n---\nYou do dbt.\n",
}


class Run:
    """A project with one agent that was planned for, and the client's files about it."""

    def __init__(self, folder: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = make_project(folder / "project", FILES)
        self.home = home
        self.project = Project(str(self.folder), str(home))
        self.session = folder / "session.jsonl"
        self.transcript = folder / "session/subagents/agent-a1.jsonl"
        update.update_index(self.project)
        monkeypatch.setattr(run_finish, "WAIT_SECONDS", 0.2)
        monkeypatch.setattr(lost_prompts, "PATIENCE", 0.1)

    def start(self, tool_use: str = "toolu_1", **more: Any) -> str:
        """What the agent's prompt was made."""
        said = hooks.pre(self.folder, self.home, tool_use=tool_use, transcript_path=str(self.session), **more)
        return str(said.prompt)

    def write(
        self,
        prompt: str,
        *,
        ended: bool = True,
        tool_use: str = "toolu_1",
        name: str = "a1",
        context: Sequence[str] = (),
    ) -> None:
        message: dict[str, Any] = {
            "id": "m1",
            "model": "claude-x",
            "stop_reason": "end_turn" if ended else "tool_use",
            "usage": {"input_tokens": 10, "output_tokens": 5},
            "content": [],
        }
        lines = [
            {"type": "user", "timestamp": "2026-01-02T03:04:05Z", "message": {"content": prompt}},
            *(
                {"type": "attachment", "attachment": {"type": "hook_additional_context", "content": [t]}}
                for t in context
            ),
            {"type": "assistant", "timestamp": "2026-01-02T03:04:06Z", "message": message},
        ]
        path = self.transcript.with_name(f"agent-{name}.jsonl")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        meta = {"toolUseId": tool_use, "agentType": "dbt-expert"}
        path.with_name(f"agent-{name}.meta.json").write_text(json.dumps(meta))

    @property
    def ended(self) -> dict[str, Any]:
        return {
            "session_id": "5e55-10n",
            "agent_id": "a1",
            "agent_type": "dbt-expert",
            "agent_transcript_path": str(self.transcript),
            "transcript_path": str(self.session),
        }

    def finish(self) -> bool:
        return run_finish.finish(self.project, self.ended)

    def only_record(self) -> dict[str, Any]:
        (record,) = usage_records(self.folder)
        assert_valid_records([record])
        return record


@pytest.fixture
def run(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    return Run(tmp_path, home, monkeypatch)


def test_a_run_is_recorded(run: Run) -> None:
    run.write(run.start())
    assert run.finish()
    record = run.only_record()
    assert (record["agent_id"], record["tool_use_id"], record["success"]) == ("a1", "toolu_1", True)
    assert record["delivered"] is True
    assert record["api_usage"]["requests"] == 1
    assert record["duration_seconds"] == 1.0
    assert record["tokens_loaded"] > 0
    assert list(Path(run.project.cache, "pending").iterdir()) == []


def test_an_end_that_is_told_twice_is_recorded_once(run: Run) -> None:
    run.write(run.start())
    threads = [threading.Thread(target=run.finish) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not run.finish()
    run.only_record()


@pytest.mark.parametrize("first", ["stop", "launch"])
def test_the_order_of_the_events_makes_no_difference(first: str, run: Run) -> None:
    run.write(run.start())

    def launch() -> None:
        claims.bind(run.project, "toolu_1", "a1")

    for step in [run.finish, launch] if first == "stop" else [launch, run.finish]:
        step()
    assert run.only_record()["success"] is True


def test_a_prompt_that_another_plugin_rewrote_was_not_delivered(run: Run) -> None:
    run.start()
    run.write("something else")
    run.finish()
    record = run.only_record()
    assert record["delivered"] is False
    assert record["tokens_loaded"] == 0
    assert record["scope_breakdown"] == {}


def test_a_task_with_half_an_emoji_is_recorded(run: Run) -> None:
    given = {"subagent_type": "dbt-expert", "prompt": "incremental models", "description": "\ud83d half"}
    run.write(run.start(tool_input=given))
    run.finish()
    assert "half" in run.only_record()["task"]


def test_an_agent_nobody_planned_for_leaves_no_record(run: Run) -> None:
    run.write("x", tool_use="toolu_other")
    assert not run.finish()
    assert usage_records(run.folder) == []


def test_a_log_that_cannot_be_written_keeps_the_run_for_later(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.write(run.start())

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(usage, "_append", refuse)
        with pytest.raises(OSError, match="No space"):
            run.finish()
    assert run.finish()
    run.only_record()


def gone() -> list[int]:
    process = subprocess.Popen(["true"])
    process.wait()
    return [process.pid, 1]


def lose_client(run: Run, tool_use: str = "toolu_1") -> None:
    key = pending.pending_key("5e55-10n", tool_use)
    kept = pending.find_pending(run.project, key)
    assert kept is not None
    kept.client = gone()
    pending.keep(run.project, key, kept)


def test_a_run_that_never_ended_is_closed_by_a_later_session(run: Run) -> None:
    run.write(run.start(), ended=False)
    assert run_finish.close(run.project) == 0 or os.getppid() <= 1  # its client runs
    lose_client(run)
    assert run_finish.close(run.project) == 1
    assert run_finish.close(run.project) == 0
    record = run.only_record()
    assert record["success"] is False
    assert "never ended" in record["error"]
    assert record["duration_seconds"] is None


def test_a_run_whose_end_nobody_told_is_recorded_as_it_was(run: Run) -> None:
    run.write(run.start())
    lose_client(run)
    run_finish.close(run.project)
    assert run.only_record()["success"] is True


def test_a_run_that_never_began_leaves_no_record(run: Run) -> None:
    run.start()
    lose_client(run)
    assert run_finish.close(run.project) == 0
    assert usage_records(run.folder) == []
    assert list(Path(run.project.cache, "pending").iterdir()) == []


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"{}", b'{"client": [1, 2]}', b"\xff", b'{"client":["a"],"started":"x"}']
)
def test_a_damaged_allocation_stops_nobody(data: bytes, run: Run) -> None:
    Path(run.project.ensure_cache("pending"), "a.json").write_bytes(data)
    run.write(run.start())
    lose_client(run)
    run_finish.close(run.project)
    assert run.only_record()["success"] is True


def test_an_allocation_that_is_being_written_is_left_alone(run: Run) -> None:
    path = Path(run.project.ensure_cache("pending"), "toolu_9.json.123.tmp")
    path.write_bytes(b'{"half')
    run_finish.close(run.project)
    assert path.exists()


def test_a_start_without_an_index_is_said_to_be_one_and_gives_no_more(run: Run) -> None:
    Path(run.project.index).unlink()
    run.write(run.start())
    run.finish()
    first = run.only_record()
    assert first["estimated"] is True
    Path(run.project.log).unlink()
    update.update_index(run.project)
    run.write(run.start())
    run.finish()
    second = run.only_record()
    assert second["estimated"] is False
    assert 0 < first["tokens_loaded"] <= second["tokens_loaded"]


def test_an_agent_that_was_handed_anothers_parts_is_recorded_with_them(run: Run) -> None:
    """Where nothing told two agents of one type apart: each record is joined by the id in its agent's transcript."""
    own: dict[str, pending.Pending] = {}
    for number, topic in enumerate(("incremental models", "calendar of the team"), 1):
        given = {"subagent_type": "dbt-expert", "prompt": f"Write up the {topic}.", "description": topic}
        run.start(f"toolu_{number}", tool_input=given, permission_mode="auto")
        kept = pending.find_pending(run.project, pending.pending_key("5e55-10n", f"toolu_{number}"))
        assert kept is not None
        own[f"toolu_{number}"] = kept
    for number, other in ((1, "toolu_2"), (2, "toolu_1")):
        (plan,) = Path(claims.plans_folder(run.project, "5e55-10n", "dbt-expert")).glob(f"c-*-{other}")
        (plan / "claimed").write_text(f"a{number}\n")
        text = json.loads((plan / "1").read_text())["hookSpecificOutput"]["additionalContext"]
        run.write("Write it up.", tool_use=f"toolu_{number}", name=f"a{number}", context=[text])
        run.transcript = run.transcript.with_name(f"agent-a{number}.jsonl")
        assert run_finish.finish(run.project, {**run.ended, "agent_id": f"a{number}"})
    first, second = usage_records(run.folder)
    assert_valid_records([first, second])
    assert (first["task"], first["tool_use_id"]) == ("incremental models", "toolu_1")
    assert first["allocation_id"] == own["toolu_2"].allocation_id
    assert second["allocation_id"] == own["toolu_1"].allocation_id
    assert [record["delivered"] for record in (first, second)] == [True, True]
    assert first["planned_tokens"] == own["toolu_2"].planned_tokens


def test_an_agent_that_got_no_part_of_what_was_planned_is_recorded_so(run: Run) -> None:
    run.start(permission_mode="auto")
    run.write("Write up the incremental models.")
    run.finish()
    record = run.only_record()
    assert (record["delivered"], record["tokens_loaded"], record["channel"]) == (False, 0, "context")
    assert record["planned_tokens"] > 0


@pytest.mark.parametrize("killed", [False, True])
def test_a_client_whose_transcripts_show_no_context_and_no_tool_use(
    run: Run, killed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As 2.1.87 writes them: the run is recorded, and nobody knows what arrived."""
    run.start(permission_mode="auto")
    kept = pending.find_pending(run.project, pending.pending_key("5e55-10n", "toolu_1"))
    assert kept is not None
    run.write("Write up the incremental models.")
    beside = run.transcript.with_name("agent-a1.meta.json")
    beside.write_text(json.dumps({"agentType": kept.agent, "description": kept.description}))
    if killed:
        monkeypatch.setattr(run_finish, "_client_gone", lambda _: True)
        run_finish.close(run.project)
    else:
        assert run.finish()
    record = run.only_record()
    assert (record["delivered"], record["channel"], record["success"]) == (None, "context", True)
    assert record["planned_tokens"] > 0


def test_a_recorder_that_was_killed_leaves_nothing_to_record_twice_where_no_tool_use_shows(run: Run) -> None:
    """The record stands, its allocation is still there under the name it has while that is written."""
    run.start(permission_mode="auto")
    path = Path(pending.pending_path(run.project, pending.pending_key("5e55-10n", "toolu_1")))
    kept = pending.read_pending(str(path))
    assert kept is not None
    run.write("Write up the incremental models.")
    beside = run.transcript.with_name("agent-a1.meta.json")
    beside.write_text(json.dumps({"agentType": kept.agent, "description": kept.description}))
    allocation = path.read_bytes()
    assert run.finish()
    path.with_suffix(".recording.json").write_bytes(allocation)
    run.finish()
    run.only_record()
    assert list(path.parent.iterdir()) == []


def test_a_workflows_agent_that_shows_no_parts_takes_nobodys_plan(run: Run) -> None:
    """Its transcript names no tool use either, but would show what it got."""
    run.start(permission_mode="auto")
    kept = pending.find_pending(run.project, pending.pending_key("5e55-10n", "toolu_1"))
    assert kept is not None
    run.transcript = run.folder.parent / "session/subagents/workflows/wf_1/agent-a1.jsonl"
    run.write("Write up the incremental models.")
    beside = run.transcript.with_name("agent-a1.meta.json")
    beside.write_text(json.dumps({"agentType": kept.agent, "description": kept.description}))
    assert not run.finish()
    assert usage_records(run.folder) == []


def test_a_part_that_was_cut_off_counts_for_what_is_there(run: Run) -> None:
    run.start(permission_mode="auto")
    (plan,) = Path(claims.plans_folder(run.project, "5e55-10n", "dbt-expert")).glob("c-*")
    text = json.loads((plan / "1").read_text())["hookSpecificOutput"]["additionalContext"]
    run.write("Write up the incremental models.", context=[text[: len(text) // 2]])
    run.finish()
    record = run.only_record()
    assert record["delivered"] == "partly"
    assert 0 < record["tokens_loaded"] < record["planned_tokens"]


@pytest.mark.parametrize(
    "content", [None, "", '{"type": "user"', '{"type": "user", "message": 5}\n[]\n\xff\n']
)
def test_a_transcript_that_is_missing_or_torn_makes_one_record_and_no_claim(
    run: Run, content: str | None
) -> None:
    run.start(permission_mode="auto")
    run.write("x")
    if content is None:
        run.transcript.unlink()
    else:
        run.transcript.write_text(content, encoding="latin-1")
    assert run.finish()
    assert not run.finish()
    record = run.only_record()
    assert (record["delivered"], record["tokens_loaded"]) == (None, 0)


def test_a_huge_transcript_is_read_for_what_it_tells(run: Run) -> None:
    run.write(run.start())
    with run.transcript.open("a") as file:
        for number in range(2_000):
            line = {
                "type": "user",
                "message": {"content": [{"type": "tool_result", "content": "x" * 20_000}]},
            }
            file.write(json.dumps(line) + "\n" if number % 2 else '{"torn\n')
        file.write(run.transcript.read_text().splitlines()[1] + "\n")
    began = time.thread_time()
    assert run.finish()
    assert time.thread_time() - began < 5
    assert run.only_record()["delivered"] is True


def test_an_allocation_of_the_version_before_is_recorded(run: Run) -> None:
    """One figure stood there for what was planned and what was sent, and no version."""
    prompt = run.start()
    path = Path(pending.pending_path(run.project, pending.pending_key("5e55-10n", "toolu_1")))
    kept = json.loads(path.read_text())
    for name in ("version", "placed_tokens", "file_scopes", "confidence"):
        del kept[name]
    kept["tokens_loaded"] = kept.pop("planned_tokens")
    path.write_text(json.dumps(kept))
    run.write(prompt)
    run.finish()
    record = run.only_record()
    assert record["delivered"] is True
    assert record["tokens_loaded"] == record["planned_tokens"] == kept["tokens_loaded"]


def test_an_allocation_of_a_later_version_is_recorded_as_far_as_it_is_known(run: Run) -> None:
    prompt = run.start()
    path = Path(pending.pending_path(run.project, pending.pending_key("5e55-10n", "toolu_1")))
    path.write_text(json.dumps({**json.loads(path.read_text()), "version": 9, "mood": {"sunny": 1}}))
    run.write(prompt)
    run.finish()
    assert run.only_record()["delivered"] is True


def test_what_an_ended_agents_process_left_is_recorded_by_the_next_session(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.write(run.start())
    path = Path(run.project.writable("ended", "a1.json"))
    path.write_text(json.dumps(run.ended))
    assert run_finish.close(run.project) == 0  # its own process may be at it
    monkeypatch.setattr(run_finish, "_PATIENCE", -1.0)
    assert run_finish.close(run.project) == 1
    assert not path.exists()
    assert run.only_record()["success"] is True


def test_an_allocation_that_was_being_recorded_when_all_else_was_deleted_goes(run: Run) -> None:
    run.start()
    path = Path(pending.pending_path(run.project, pending.pending_key("5e55-10n", "toolu_1")))
    path.rename(path.with_suffix(".recording.json"))
    assert run_finish.close(run.project) == 0
    assert list(path.parent.iterdir()) == []
    assert usage_records(run.folder) == []


def test_a_run_that_was_broken_off_is_recorded_though_its_call_failed(run: Run) -> None:
    run.write(run.start(), ended=False)
    call = hooks.agent_call("dbt-expert", transcript_path=str(run.session))
    assert later.not_started(run.project, call) is None
    assert run.finish()
    assert run.only_record()["tool_use_id"] == "toolu_1"


def test_a_run_that_its_mod_knows_of_outlives_a_failed_call(run: Run) -> None:
    run.start()
    claims.bind(run.project, "toolu_1", "a1")
    later.not_started(run.project, hooks.agent_call("dbt-expert", transcript_path=str(run.session)))
    assert pending.find_pending(run.project, pending.pending_key("5e55-10n", "toolu_1")) is not None


def test_one_that_cannot_be_closed_keeps_no_other_from_it(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (1, 2):
        run.write(run.start(f"toolu_{number}"), tool_use=f"toolu_{number}", name=f"a{number}")
        path = Path(run.project.writable("ended", f"a{number}.json"))
        transcript = run.transcript.with_name(f"agent-a{number}.jsonl")
        path.write_text(
            json.dumps({**run.ended, "agent_id": f"a{number}", "agent_transcript_path": str(transcript)})
        )
    monkeypatch.setattr(run_finish, "_PATIENCE", -1.0)
    real = usage.append_once

    def busy(project: Project, record: dict[str, Any], *paths: str) -> bool | None:
        if record["agent_id"] == "a1":
            raise TimeoutError("usage.lock")
        return real(project, record, *paths)

    monkeypatch.setattr(usage, "append_once", busy)
    assert run_finish.close(run.project) == 1
    assert (
        "a1.json: not recorded yet (TimeoutError: usage.lock)"
        in Path(run.project.at("logs/hooks.log")).read_text()
    )
    monkeypatch.setattr(usage, "append_once", real)
    assert run_finish.close(run.project) == 1
    assert [record["agent_id"] for record in usage_records(run.folder)] == ["a2", "a1"]


def test_an_allocation_that_was_being_recorded_waits_for_whoever_is_at_it(run: Run) -> None:
    run.start()
    path = Path(pending.pending_path(run.project, pending.pending_key("5e55-10n", "toolu_1")))
    path.rename(path.with_suffix(".recording.json"))
    Path(run.project.writable("ended", "a1.json")).write_text(json.dumps(run.ended))
    assert run_finish.close(run.project) == 0
    assert path.with_suffix(".recording.json").exists()


def test_an_allocation_on_its_way_from_name_to_name_is_found(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agent that was handed another's parts looks for that allocation while its record is being written."""
    run.start(permission_mode="auto")
    source = pending.pending_path(run.project, pending.pending_key("5e55-10n", "toolu_1"))
    allotted = pending.read_pending(source)
    assert allotted is not None
    real = pending.read_pending
    steps = iter([
        (source, source.removesuffix(".json") + pending.RECORDING),
        (source.removesuffix(".json") + pending.RECORDING, pending.recorded_path(run.project, allotted.allocation_id)),
    ])  # fmt: skip
    run.project.writable("recorded", "x")

    def moving(path: str) -> pending.Pending | None:
        for old, new in steps:  # one step on before each look
            os.rename(old, new)
            break
        return real(path)

    monkeypatch.setattr(pending, "read_pending", moving)
    found = run_finish._of_session(run.project, "5e55-10n", allotted.allocation_id)
    assert found is not None


# -- the outline, from the agent's start over its reads to the record

LONG_NOTES = {
    f".claude/memory/patterns/incremental-{name}.md": f"# Incremental models: {name}\n\n"
    + "\n\n".join(
        f"## {name} rule {number}\n\nIncremental models of the {name} mart merge on key {number}; a full refresh of incremental "
        f"models is due where column {number} of {name} changes, and {name} asks its owner."
        for number in range(14)
    )
    + "\n"
    for name in ("orders", "invoices", "returns", "stock", "payroll", "visits")
}


def outlined(run: Run) -> list[str]:
    """The files named in the outline of the block that the agent's start gives."""
    (path,) = Path(run.project.cache, "pending").glob("*.json")
    marks = json.loads(path.read_text())["outline"]
    assert not any("incremental" in mark for mark in marks)
    known = {pending.mark_of(name): name for name in [*LONG_NOTES, *FILES]}
    return [known[mark] for mark in marks]


def reads(run: Run, path: str, tool_use: str) -> None:
    content = (run.folder / path).read_text()
    event = {
        "session_id": "5e55-10n",
        "transcript_path": str(run.session),
        "cwd": str(run.folder),
        "agent_id": "a1",
        "agent_type": "dbt-expert",
        "hook_event_name": "PostToolUse",
        "tool_name": "Read",
        "tool_input": {"file_path": str(run.folder / path)},
        "tool_response": {"type": "text", "file": {"filePath": path, "content": content}},
        "tool_use_id": tool_use,
    }
    assert hooks.run("post_read", event, run.folder, run.home).answer == {}


def give_little(run: Run) -> None:
    """Notes of which only a part fits into what the agent gets."""
    make_project(run.folder, LONG_NOTES)
    update.update_index(run.project)
    limits = {"base_budget": 600, "max_budget": 600}
    profiles = {"agents": {"dbt-expert": limits}, "enforcement": "hard"}
    make_project(run.folder, {".claude/memory/budget-profiles.json": json.dumps(profiles)})


def test_the_outlines_use_stands_in_the_record(run: Run) -> None:
    give_little(run)
    prompt = run.start()
    assert "<memory-left-out>" in prompt
    run.write(prompt)
    named = outlined(run)
    assert len(named) >= 2
    unnamed = next(iter(set(OTHER_NOTES) - set(named)))
    reads(run, named[0], "toolu_r1")
    reads(run, named[0], "toolu_r1")  # told twice
    reads(run, named[0], "toolu_r2")  # and read twice
    reads(run, unnamed, "toolu_r3")
    reads(run, named[1], "toolu_r4")
    run.finish()
    record = run.only_record()
    assert record["schema_version"] == 3
    assert record["outline_files"] == len(named)
    assert record["outline_reads"] == 2
    assert 0 < record["outline_tokens"] < record["on_demand_tokens"]


def test_an_outline_that_did_not_arrive_counts_as_none(run: Run) -> None:
    give_little(run)
    run.start()
    named = outlined(run)
    assert named
    run.write("another plugin's prompt")
    reads(run, named[0], "toolu_r1")
    run.finish()
    record = run.only_record()
    assert record["delivered"] is False
    assert (record["outline_files"], record["outline_reads"], record["outline_tokens"]) == (0, 0, 0)
    assert record["on_demand_tokens"] > 0
