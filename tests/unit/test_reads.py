from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from memory_budget.base.project import Project
from memory_budget.index import update
from memory_budget.run import bumps, claims, messages, pending, reads, state
from memory_budget.run.commands import read_by
from memory_budget.run.pending import mark_of
from memory_budget.run.reads import amounts, from_command
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

M = ".claude/memory/patterns/secrets.md"


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
    (seen,) = amounts(project, read(project, M, NOTE))
    assert (seen.scope, seen.path) == ("global", M)
    assert seen.tokens == pytest.approx(count(NOTE), abs=5)


def test_a_part_of_a_file_counts_by_its_share(project: Project) -> None:
    half = NOTE[: len(NOTE) // 2]
    (seen,) = amounts(project, read(project, M, half))
    assert seen.tokens == pytest.approx(count(half), rel=0.05)


def test_a_file_that_changed_is_estimated(project: Project) -> None:
    changed = NOTE * 2
    Path(project.root, ".claude/memory/patterns/secrets.md").write_text(changed)
    (seen,) = amounts(project, read(project, M, changed))
    assert seen.scope == "global"
    assert seen.tokens == pytest.approx(count(changed), rel=0.25)


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
    assert [seen.scope for seen in amounts(project, read(project, path, "some words here"))] == [scope]


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
    assert amounts(project, read(project, M, NOTE) | broken) == []


@pytest.mark.parametrize(
    ("command", "paths"),
    [
        (f"cat {M}", [M]),
        (f"head -n 20 '{M}' | grep vault", [M]),
        (f"cd /tmp && cat {M}; true", [M]),
        ("grep -rn vault .claude/memory | head", [".claude/memory"]),
        ("cd .claude/memory/patterns && cat secrets.md", [M]),
        ("cd .claude/memory/patterns && cat *", [".claude/memory/patterns"]),
        ("cat memory-bank/a.md docs/memory/b.md", ["memory-bank/a.md", "docs/memory/b.md"]),
        ("find .claude/memory -name '*.md' | xargs cat", [".claude/memory"]),
        ("find .claude/memory -name '*.md' -exec cat {} +", [".claude/memory"]),
        (f"LC_ALL=C sed -n 1,5p < {M}", [M]),
        (
            "cat '/a b/.claude/memory/x.md' /c\\ d/.claude/memory/y.md",
            ["/a b/.claude/memory/x.md", "/c d/.claude/memory/y.md"],
        ),
        ('cat ".claude/memory/a\\"b.md"', ['.claude/memory/a"b.md']),
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
    found = from_command(project, "grep -rn x .claude/memory", "\n".join(lines), project.root)
    assert [(seen.scope, seen.path) for seen in found] == [
        ("global", M),
        ("agent_recent", ".claude/memory/specialists/dbt-expert/recent/week.md"),
    ]
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
    assert state.find_running(project, "session", "a9", str(transcript)) is None
    (folder / "agent-a9.meta.json").write_text(json.dumps({"toolUseId": "toolu_77"}))
    known = state.find_running(project, "session", "a9", str(transcript))
    assert known is not None
    assert known.agent == "dbt-expert"
    claims.bind(project, "toolu_77", "a9")
    assert (
        state.find_running(project, "session", "a9", "") is not None
    )  # known before the client has its file
    Path(pending.pending_path(project, pending.pending_key("session", "toolu_77"))).unlink()
    assert state.find_running(project, "session", "a9", str(transcript)) is None
    assert state.find_running(project, "session", "../../a9", str(transcript)) is None


# -- worktrees


@pytest.mark.parametrize("below", ["", "service/"])
@pytest.mark.parametrize("reader", ["worktree", "main"])
def test_a_checkout_s_copy_counts_as_the_note_it_is(tmp_path: Path, below: str, reader: str) -> None:
    """The session runs in one checkout of the repository, and its agent works in another; `below`: the project's folder in it."""
    main, worktree = tmp_path / "main", tmp_path / "main/.claude/worktrees/agent-1"
    make_project(main / below, FILES)
    make_project(main, {".git/worktrees/agent-1/commondir": "../..\n"})
    make_project(worktree / below, FILES)
    make_project(worktree, {".git": f"gitdir: {main}/.git/worktrees/agent-1\n"})
    here, there = (main, worktree) if reader == "worktree" else (worktree, main)
    made = Project(str(here / below), str(tmp_path / "home"))
    update.update_index(made)
    copy = there / below / M
    event = read(made, M, NOTE, cwd=str(there / below), tool_input={"file_path": str(copy)})
    shell = {"tool_name": "Bash", "tool_input": {"command": f"cat {M}"}, "tool_response": {"stdout": NOTE}}
    for seen in (*amounts(made, event), *amounts(made, event | shell)):
        assert (seen.scope, seen.path) == ("global", M)
    (whole,) = amounts(made, event)
    assert whole.tokens == amounts(made, read(made, M, NOTE))[0].tokens
    copy.write_text(NOTE * 2)
    (changed,) = amounts(made, event | {"tool_response": {"file": {"content": NOTE * 2}}})
    assert changed.tokens == pytest.approx(count(NOTE * 2), rel=0.25)


def test_another_repository_is_not_a_worktree(tmp_path: Path) -> None:
    project, other = tmp_path / "project", tmp_path / "project/vendor/other"
    make_project(project, FILES | {".git/HEAD": "ref: refs/heads/main\n"})
    make_project(other, FILES | {".git/HEAD": "ref: refs/heads/main\n"})
    made = Project(str(project), str(tmp_path / "home"))
    assert amounts(made, read(made, M, NOTE, tool_input={"file_path": str(other / M)})) == []


# -- every layout


@pytest.mark.parametrize(
    ("path", "scope"),
    [
        ("memory-bank/activeContext.md", "global"),
        ("docs/memory/decisions/0001.MD", "global"),
        (".claude/agent-memory-local/dbt-expert/notes.md", "agent_patterns"),
        ("~/.claude/agent-memory/dbt-expert/notes.md", "agent_patterns"),
        ("AUTO/topic.md", "global"),
        ("AUTO/MEMORY.md", ""),
        ("handbook/rules.md", "global"),
    ],
)
@pytest.mark.parametrize("indexed", [True, False])
def test_every_layout_counts(
    tmp_path: Path, path: str, scope: str, indexed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`AUTO` is the client's own memory, here outside the home folder; `handbook` is named in the profiles."""
    root, home, auto = tmp_path / "project", tmp_path / "home", tmp_path / "auto"
    monkeypatch.setenv("CLAUDE_COWORK_MEMORY_PATH_OVERRIDE", str(auto))
    globs = [".claude/memory/**/*.md", "memory-bank/**/*.md", "docs/memory/**/*.md", "handbook/**/*.md"]
    make_project(root, {".claude/memory/budget-profiles.json": json.dumps({"sources": {"global": globs}})})
    where = {"~": home, "AUTO": auto}.get(path.partition("/")[0], root)
    place = where / (path if where == root else path.partition("/")[2])
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(NOTE)
    made = Project(str(root), str(home))
    if indexed:
        update.update_index(made)
    event = read(made, path, NOTE, tool_input={"file_path": str(place)})
    (seen,) = amounts(made, event)
    assert seen.scope == scope
    assert seen.tokens == pytest.approx(count(NOTE), rel=0.02 if indexed and scope else 0.3)
    shell = {
        "tool_name": "Bash",
        "tool_input": {"command": f"cat {shlex.quote(str(place))}"},
        "tool_response": {"stdout": NOTE},
    }
    if not path.startswith(("handbook", "AUTO")):  # of commands only places that need no setting are known
        assert [one.scope for one in amounts(made, event | shell)] == [scope]


@pytest.mark.parametrize(
    "path", ["docs/guide.md", "README.md", "~/notes/x.md", "~/.claude/projects/-other/memory/x.md"]
)
def test_ordinary_files_count_nothing(project: Project, path: str) -> None:
    place = path.replace("~", project.home) if path.startswith("~") else f"{project.root}/{path}"
    assert amounts(project, read(project, path, NOTE, tool_input={"file_path": place})) == []
    shell = {
        "tool_name": "Bash",
        "tool_input": {"command": f"cat {shlex.quote(str(place))}"},
        "tool_response": {"stdout": NOTE},
    }
    assert amounts(project, read(project, path, NOTE) | shell) == []


# -- what the block named


def test_reads_of_what_the_block_named_are_told_apart(project: Project) -> None:
    other = ".claude/memory/specialists/dbt-expert/recent/week.md"
    kept(project, outline=[mark_of(M), mark_of("memory-bank/unread.md")])
    reads.post_read(project, read(project, other, FILES[other], tool_use_id="toolu_1"))
    event = read(project, M, NOTE, tool_use_id="toolu_2")
    reads.post_read(project, event)
    reads.post_read(project, event)  # heard of twice: counted once
    lines = Path(state.reads_folder(project, "session"), "a1.reads").read_text().splitlines()
    assert [len(json.loads(line)) for line in lines] == [4, 5, 5]
    assert "secrets" not in "".join(lines)
    allocation = pending.find_pending(project, "agent-a1")
    assert allocation is not None
    now = state.replay_reads(project, "session", "a1", allocation)
    assert now.opened == {mark_of(M): json.loads(lines[1])[2]}
    assert now.on_demand == now.opened[mark_of(M)] + json.loads(lines[0])[2]


def test_a_command_that_prints_several_notes_shares_what_it_shows(project: Project) -> None:
    other = ".claude/memory/specialists/dbt-expert/recent/week.md"
    found = from_command(project, f"cat {M} {other}", NOTE, project.root)
    assert [seen.path for seen in found] == [M, other]
    assert abs(found[0].tokens - found[1].tokens) <= 1
    assert sum(seen.tokens for seen in found) == -(-len(NOTE + "\n") // 4)


def test_one_read_that_two_handlers_hear_of_is_told_once(project: Project) -> None:
    kept(project, "main-session", budget_allocated=10_100, budget_base=10_100, enforcement="hard")
    event = read(project, M, NOTE)
    del event["agent_id"]
    assert reads.post_read(project, event) is not None
    assert reads.post_read(project, event) is None
