"""What an agent's transcript tells, as far as it is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from memory_budget.run import transcripts


def usage(new: int = 1, written: int = 2, cached: int = 3, out: int = 4) -> dict[str, int]:
    return {
        "input_tokens": new,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": cached,
        "output_tokens": out,
    }


def user(text: Any, at: str = "2026-01-02T03:04:05.000Z") -> dict[str, Any]:
    return {"type": "user", "timestamp": at, "message": {"role": "user", "content": text}}


def said(
    number: str, stop: str | None = "end_turn", at: str = "2026-01-02T03:04:07.500Z", **more: Any
) -> dict[str, Any]:
    message: dict[str, Any] = {
        "id": number,
        "model": "claude-x",
        "stop_reason": stop,
        "usage": usage(),
        "content": [],
    }
    return {"type": "assistant", "timestamp": at, "message": {**message, **more}}


def write(folder: Path, *entries: Any, tail: bytes = b"") -> str:
    path = folder / "agent-a1.jsonl"
    path.write_bytes(b"".join(json.dumps(entry).encode() + b"\n" for entry in entries) + tail)
    return str(path)


def test_a_whole_run(tmp_path: Path) -> None:
    found = transcripts.read_transcript(
        write(tmp_path, user("the task"), said("m1", "tool_use"), user("result"), said("m2"))
    )
    assert found.given == ["the task"]
    assert found.usage == transcripts.Usage(2, 2, 4, 6, 8, 6)
    assert (found.model, found.seconds, found.error, found.complete) == ("claude-x", 2.5, None, True)


def test_lines_of_one_message_count_once(tmp_path: Path) -> None:
    found = transcripts.read_transcript(
        write(tmp_path, user("t"), said("m1", None), said("m1", None), said("m1"))
    )
    assert found.usage is not None
    assert found.usage.requests == 1
    assert found.usage.output == 4


def test_what_hooks_added_counts_as_given(tmp_path: Path) -> None:
    added = {
        "type": "attachment",
        "attachment": {"type": "hook_additional_context", "content": ["one", "two"]},
    }
    assert transcripts.read_transcript(
        write(tmp_path, user([{"type": "text", "text": "task"}]), added)
    ).given == [
        "task",
        "one\ntwo",
    ]


def test_the_line_being_written_is_passed_over(tmp_path: Path) -> None:
    found = transcripts.read_transcript(
        write(tmp_path, user("t"), said("m1", "tool_use"), tail=b'{"type":"assistant","mess')
    )
    assert not found.complete
    assert found.usage is not None


@pytest.mark.parametrize(
    "entry",
    [
        [],
        "text",
        {},
        {"type": "assistant"},
        {"type": "assistant", "message": []},
        {"type": "assistant", "message": {"id": [], "model": 5, "usage": "none", "stop_reason": None}},
        {"type": "user", "message": {"content": [1, None, {"text": 5}]}},
        {"type": "attachment", "attachment": []},
        {"type": "attachment", "attachment": {"type": "hook_additional_context", "content": {"a": 1}}},
        {"timestamp": "0001-01-01T00:00:00Z"},
        {"timestamp": "9999-12-31T23:59:59Z"},
        {"timestamp": 12},
        {"timestamp": "yesterday"},
    ],
)
def test_no_line_stops_the_reading(entry: Any, tmp_path: Path) -> None:
    found = transcripts.read_transcript(write(tmp_path, entry, user("t"), said("m1"), entry))
    assert "t" in found.given
    assert found.usage is not None


def test_an_error_of_the_api_is_the_end_of_a_run(tmp_path: Path) -> None:
    failed = {
        **said("m2", content=[{"type": "text", "text": "API Error: overloaded"}]),
        "isApiErrorMessage": True,
    }
    found = transcripts.read_transcript(write(tmp_path, user("t"), said("m1", "tool_use"), failed))
    assert (found.error, found.complete) == ("API Error: overloaded", False)
    again = transcripts.read_transcript(write(tmp_path, user("t"), failed, said("m3")))
    assert (again.error, again.complete) == (None, True)


def test_a_missing_transcript_is_an_empty_one(tmp_path: Path) -> None:
    found = transcripts.read_transcript(str(tmp_path / "none.jsonl"))
    assert found == transcripts.Transcript([], None, "", None, None, False)
    assert transcripts.read_transcript(str(tmp_path)) == found
    assert transcripts.read_meta(str(tmp_path / "none.jsonl")) is None


def test_agents_are_found_by_what_started_them(tmp_path: Path) -> None:
    below = tmp_path / "s" / "subagents"
    (below / "workflows" / "run").mkdir(parents=True)
    (below / "agent-a1.meta.json").write_text('{"toolUseId": "t1", "agentType": "x"}')
    (below / "agent-a2.meta.json").write_text("{")
    (below / "agent-a3.meta.json").write_text("[]")
    (below / "workflows/run/agent-a4.meta.json").write_text("{}")
    assert transcripts.agent_transcripts(str(tmp_path / "s.jsonl")) == {
        "t1": str(below / "agent-a1.jsonl"),
        "agent-a4": str(below / "workflows/run/agent-a4.jsonl"),
    }
