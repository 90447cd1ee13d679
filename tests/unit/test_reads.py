from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from memory_budget.base.project import Project
from memory_budget.index import update
from memory_budget.run import bumps, claims, messages, pending, reads, state
from memory_budget.run.reads import amounts, from_command, read_by
from tests.support.blocks import count
from tests.support.projects import make_project
from tests.unit.test_meter import start

NOTE = (
    "# Secrets\n\n"
    + "\n".join(f"Line {number} on the handling of secrets in the vault." for number in range(40))
    + "\n"
)
FILES = {
    ".claude/memory/patterns/secrets.md": NOTE,
    ".claude/memory/specialists/dbt-expert/recent/week.md": "A calm week.\n",
    ".claude/memory/.drafts/idea.md": "Not in any scope.\n",
    ".claude/memory/budget-profiles.json": "{}\n",
    ".claude/agent-memory/dbt-expert/MEMORY.md": "Own notes.\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = Project(str(make_project(tmp_path / "project", FILES)), str(tmp_path / "home"))
    update.update_index(made)
    return made


def read(project: Project, path: str, content: str, **more: Any) -> dict[str, Any]:
    return {
        "session_id": "session",
        "transcript_path": "/nowhere/session.jsonl",
        "cwd": project.root,
        "agent_id": "a1",
        "hook_event_name": "PostToolUse",
        "tool_name": "Read",
        "tool_input": {"file_path": f"{project.root}/{path}"},
        "tool_response": {"type": "text", "file": {"content": content}},
        "tool_use_id": "toolu_1",
    } | more


def test_a_whole_file_counts_as_it_was_indexed(project: Project) -> None:
    ((scope, tokens),) = amounts(project, read(project, ".claude/memory/patterns/secrets.md", NOTE))
    assert scope == "global"
    assert tokens == pytest.approx(count(NOTE), abs=5)


def test_a_part_of_a_file_counts_by_its_share(project: Project) -> None:
    half = NOTE[: len(NOTE) // 2]
    ((_, tokens),) = amounts(project, read(project, ".claude/memory/patterns/secrets.md", half))
    assert tokens == pytest.approx(count(half), rel=0.05)


def test_a_file_that_changed_is_estimated(project: Project) -> None:
    changed = NOTE * 2
    Path(project.root, ".claude/memory/patterns/secrets.md").write_text(changed)
    ((scope, tokens),) = amounts(project, read(project, ".claude/memory/patterns/secrets.md", changed))
    assert scope == "global"
    assert tokens == pytest.approx(count(changed), rel=0.25)


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        (".claude/memory/specialists/dbt-expert/recent/week.md", "agent_recent"),
        (".claude/agent-memory/dbt-expert/MEMORY.md", "agent_patterns"),
        (".claude/memory/.drafts/idea.md", ""),
        (".claude/memory/patterns/../.drafts/idea.md", ""),
    ],
)
def test_scopes(project: Project, path: str, scope: str) -> None:
    assert [found for found, _ in amounts(project, read(project, path, "some words here"))] == [scope]


@pytest.mark.parametrize(
    "path",
    [
        ".claude/memory/budget-profiles.json",
        "../.claude/memory/patterns/x.md",
        "vendor/.claude/memory/patterns/x.md",
    ],
)
def test_what_is_not_memory_of_this_project_counts_nothing(project: Project, path: str) -> None:
    assert amounts(project, read(project, path, "some words here")) == []


@pytest.mark.parametrize(
    "broken",
    [
        {"tool_response": None},
        {"tool_response": {"type": "file_unchanged", "file": {"filePath": "x"}}},
        {"tool_response": {"file": {"content": ""}}},
        {"tool_input": {}},
        {"tool_input": {"file_path": 3}},
        {"tool_name": "Bash", "tool_input": {"command": 3}, "tool_response": {"stdout": "x"}},
    ],
)
def test_events_that_show_nothing(project: Project, broken: dict[str, Any]) -> None:
    assert amounts(project, read(project, ".claude/memory/patterns/secrets.md", NOTE) | broken) == []


M = ".claude/memory/patterns/secrets.md"


@pytest.mark.parametrize(
    ("command", "paths"),
    [
        (f"cat {M}", [M]),
        (f"head -n 20 '{M}' | grep vault", [M]),
        (f"cd /tmp && cat {M}; true", [M]),
        ("grep -rn vault .claude/memory | head", [".claude/memory"]),
        ("cd .claude/memory/patterns && cat secrets.md", [".claude/memory/patterns"]),
        ("find .claude/memory -name '*.md' | xargs cat", [".claude/memory"]),
        ("find .claude/memory -name '*.md' -exec cat {} +", [".claude/memory"]),
        (f"LC_ALL=C sed -n 1,5p < {M}", [M]),
        (f"cat {M} > /tmp/copy 2>/dev/null", [M]),
        ("ls .claude/memory | grep secrets", []),
        (f"wc -l {M}", []),
        (f"echo hello >> {M}", []),
        (f"echo 'cat {M}'", []),
        ("cat README.md", []),
        ("", []),
        ("'", []),
    ],
)
def test_commands_that_print_memory(command: str, paths: list[str]) -> None:
    assert read_by(command) == paths


def test_output_of_a_search_goes_to_the_scopes_of_its_files(project: Project) -> None:
    lines = [
        ".claude/memory/patterns/secrets.md:1:x" * 10,
        ".claude/memory/specialists/dbt-expert/recent/week.md:2:y",
    ]
    found = dict(from_command(project, "grep -rn x .claude/memory", "\n".join(lines), project.root))
    assert set(found) == {"global", "agent_recent"}
    assert from_command(project, "grep -rn x .claude/memory", " \n", project.root) == []


def kept(project: Project, key: str = "agent-a1", **own: Any) -> None:
    fields = {"allocation_id": "x", "alert_level": "warning", "task_key": "key1", **own}
    pending.keep(project, key, start(**fields))


#: What the agent of `kept` has loaded when it read NOTE.
LOADED = 10_000 + count(NOTE)


def test_the_hook_tells_and_raises_and_remembers(project: Project) -> None:
    kept(project, budget_allocated=10_100, budget_base=10_100, ladder=[["complex", LOADED - 5]])
    event = read(project, ".claude/memory/patterns/secrets.md", NOTE)
    assert (
        reads.post_read(project, event) is None
    )  # inside an agent nobody sees a message: it is left as a note
    (told,) = messages.take_notes(project, "session")
    assert "(100 %), tier complex" in told
    assert messages.take_notes(project, "session") == []
    assert bumps.remembered_bump(project, "key1") == "complex"
    assert reads.post_read(project, event | {"tool_use_id": "toolu_2"}) is None
    assert messages.take_notes(project, "session") == []


def test_the_main_thread_as_an_agent_hears_at_once(project: Project) -> None:
    kept(project, "main-session", budget_allocated=10_100, budget_base=10_100, enforcement="hard")
    event = read(project, ".claude/memory/patterns/secrets.md", NOTE)
    del event["agent_id"]
    answer = reads.post_read(project, event)
    assert answer is not None
    assert set(answer) == {"systemMessage"}


def test_reads_of_agents_that_were_allotted_nothing(project: Project) -> None:
    assert reads.post_read(project, read(project, M, NOTE)) is None
    assert not Path(project.cache, "running").exists()


def test_an_agent_is_found_by_the_tool_use_that_started_it(project: Project, tmp_path: Path) -> None:
    kept(project, pending.pending_key("session", "toolu_77"))
    kept(project, pending.pending_key("another", "toolu_77"), agent="ui-expert")
    transcript = tmp_path / "session.jsonl"
    folder = tmp_path / "session" / "subagents"
    folder.mkdir(parents=True)
    assert state.find(project, "session", "a9", str(transcript)) is None
    (folder / "agent-a9.meta.json").write_text(json.dumps({"toolUseId": "toolu_77"}))
    known = state.find(project, "session", "a9", str(transcript))
    assert known is not None
    assert known.agent == "dbt-expert"
    claims.bind(project, "toolu_77", "a9")
    assert state.find(project, "session", "a9", "") is not None  # known before the client has its file
    Path(pending.pending_path(project, pending.pending_key("session", "toolu_77"))).unlink()
    assert state.find(project, "session", "a9", str(transcript)) is None
    assert state.find(project, "session", "../../a9", str(transcript)) is None
