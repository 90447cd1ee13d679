"""Hooks never stand in an agent's way, whatever they are given and whatever they find."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from memory_budget.base import hook_log, notices
from memory_budget.base.project import Project
from memory_budget.index import update
from tests.support import hooks
from tests.support.environment import ROOT
from tests.support.projects import make_project, wait_until

FILES = {
    ".claude/memory/patterns/git.md": "# Git\n\nRebase before a merge.\n",
    ".claude/memory/specialists/dbt-expert/patterns/models.md": (
        "# Incremental models\n\nIncremental models merge on the surrogate key.\n\n## Full refresh\n\n"
        "A full refresh of incremental models runs on Sundays.\n"
    ),
    ".claude/agents/dbt-expert.md": "---\nname: dbt-expert\ndescription: dbt\n---\nYou do dbt.\n",
}
EVENTS = sorted(path.stem for path in (ROOT / "hooks").glob("*.py"))
PARTS = {"subagent_start": ("1",)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project", FILES)


@pytest.fixture
def indexed(folder: Path, home: Path) -> Path:
    update.update_index(Project(str(folder), str(home)))
    return folder


def log_of(folder: Path) -> str:
    path = folder / ".claude/cache/memory-budget/logs/hooks.log"
    return path.read_text() if path.exists() else ""


def everything_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_an_agent_gets_its_memory(indexed: Path, home: Path) -> None:
    said = hooks.pre(indexed, home)
    assert said.prompt is not None
    assert "Sundays" in said.prompt
    assert said.prompt.endswith("</project-memory>\n\nWrite up the incremental models.")
    assert not said.message


def test_the_whole_input_comes_back_with_nothing_but_the_prompt_changed(indexed: Path, home: Path) -> None:
    given = {
        "prompt": "Write up the incremental models.",
        "subagent_type": "dbt-expert",
        "model": "opus",
        "isolation": "worktree",
    }
    answer = hooks.pre(indexed, home, tool_input=given).answer
    updated = answer["hookSpecificOutput"]["updatedInput"]
    assert {**updated, "prompt": given["prompt"]} == given
    assert list(answer["hookSpecificOutput"]) == ["hookEventName", "updatedInput"]


def test_the_launcher_gives_the_same_answer(indexed: Path, home: Path) -> None:
    payload = hooks.agent_call("dbt-expert")
    direct = hooks.run("pre_tool_use", payload, indexed, home)
    assert hooks.run("", payload, indexed, home, program=hooks.launcher("pre_tool_use")) == direct


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize(
    "payload", [b"", b"{", b"[]", b"{}", b'{"agent_id":7,"agent_type":[],"session_id":{}}']
)
def test_no_payload_makes_a_hook_fail(event: str, payload: bytes, folder: Path, home: Path) -> None:
    assert hooks.run(event, payload, folder, home, *PARTS.get(event, ())).answer is not None


@pytest.mark.parametrize("event", ["pre_tool_use", "subagent_start"])
@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b"{}",
        b"[" * 100_000,
        b'{"tool_name": 5, "tool_input": [], "tool_response": 1, "session_id": {}, "agent_id": 7, "agent_type": []}',
        b'{"tool_name":"Agent","tool_use_id":"t","tool_input":{"prompt":"p","subagent_type":{"a":1},"description":[]}}',
        b'{"tool_name":"Agent","tool_use_id":"\\u0000","session_id":"\\ud800","tool_input":{"prompt":"\\ud83d \\u0000"}}',
        b'{"agent_id":"../../../x","agent_type":"../..","session_id":"/etc/passwd","source":"startup"}',
        b'{"cwd":"\\u0000","session_id":"s"}',
    ],
)
def test_no_payload_makes_the_start_of_an_agent_fail(
    event: str, payload: bytes, folder: Path, home: Path
) -> None:
    said = hooks.run(event, payload, folder, home, *PARTS.get(event, ()))
    assert said.answer is not None  # exit 0, silent or one JSON object
    outside = [name for name in everything_below(folder.parent) if not name.startswith(("project", "home"))]
    assert outside == []


@pytest.mark.parametrize("event", EVENTS)
def test_a_project_without_memory_is_left_as_it_is(event: str, tmp_path: Path, home: Path) -> None:
    bare = make_project(tmp_path / "bare", {"README.md": "x", ".claude/settings.json": "{}"})
    before = everything_below(bare)
    payload = {
        **hooks.agent_call("dbt-expert"),
        "agent_id": "a1",
        "agent_type": "dbt-expert",
        "source": "startup",
    }
    assert hooks.run(event, payload, bare, home, *PARTS.get(event, ())).answer == {}
    assert everything_below(bare) == before


@pytest.mark.parametrize("agent", ["Explore", "Plan", "fork"])
def test_agents_that_are_to_get_nothing_get_nothing(agent: str, indexed: Path, home: Path) -> None:
    assert hooks.pre(indexed, home, agent).answer == {}
    started = hooks.run("subagent_start", hooks.start_payload(agent, "a1"), indexed, home, "1")
    assert started.answer == {}


@pytest.mark.parametrize(
    "name",
    [
        "../../etc",
        "a/../../b",
        "/",
        "..",
        "",
        "x" * 10_000,
        "a\nb",
        "dbt-expert\0",
        "*",
        "<agent>",
        "~",
        "日本",
        "\ud800",
    ],
)
def test_a_hostile_agent_name_gets_what_is_everybodys(name: str, indexed: Path, home: Path) -> None:
    said = hooks.pre(indexed, home, name, "Rebase before a merge of incremental models.")
    assert said.prompt is None or "Sundays" not in said.prompt
    outside = [path for path in everything_below(indexed.parent) if not path.startswith(("project", "home"))]
    assert outside == []


def corrupt(path: Path, how: str) -> None:
    data = path.read_bytes()
    if how == "empty":
        data = b""
    elif how == "truncated":
        data = data[: len(data) // 2]
    elif how == "cut in its header":
        data = data[:50]
    elif how == "garbage":
        data = bytes(random.Random(1).randbytes(20_000))
    elif how == "text":
        data = b"this is no database\n" * 100
    elif how == "holes":
        data = data[:8192] + bytes(len(data) - 8192)
    elif how == "noise":
        rng = random.Random(2)
        data = data[:100] + bytes(rng.randbytes(len(data) - 100))
    path.write_bytes(data)


@pytest.mark.parametrize(
    "how", ["empty", "truncated", "cut in its header", "garbage", "text", "holes", "noise"]
)
def test_a_damaged_index_costs_an_agent_nothing_and_is_replaced(how: str, indexed: Path, home: Path) -> None:
    index = indexed / ".claude/cache/memory-budget/index.sqlite"
    corrupt(index, how)
    said = hooks.pre(indexed, home)
    assert said.prompt is not None
    assert "Sundays" in said.prompt
    update.update_index(Project(str(indexed), str(home)), wait=60)
    with sqlite3.connect(index) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT count(*) FROM files").fetchone() == (2,)


def test_single_bytes_of_damage_never_stop_an_agent(indexed: Path, home: Path) -> None:
    index = indexed / ".claude/cache/memory-budget/index.sqlite"
    whole = index.read_bytes()
    rng = random.Random(3)
    for _ in range(25):
        data = bytearray(whole)
        for _ in range(40):
            data[rng.randrange(100, len(data))] = rng.randrange(256)
        index.write_bytes(bytes(data))
        (indexed / ".claude/cache/memory-budget/state/index.started").touch()  # no background process
        said = hooks.pre(indexed, home)
        assert said.prompt is not None or said.message


def test_an_index_of_another_version_is_not_used_and_is_replaced(indexed: Path, home: Path) -> None:
    index = indexed / ".claude/cache/memory-budget/index.sqlite"
    with sqlite3.connect(index) as db:
        db.execute("PRAGMA user_version=1")
        db.execute("DROP TABLE pages")
    db.close()
    assert "Sundays" in str(hooks.pre(indexed, home).prompt)
    report = update.update_index(Project(str(indexed), str(home)), wait=60)
    assert report is None or report.files == 2
    with sqlite3.connect(index) as db:
        assert db.execute("SELECT count(*) FROM pages").fetchone()[0] > 0
    db.close()


def test_a_writer_at_work_holds_nobody_up(indexed: Path, home: Path) -> None:
    writer = sqlite3.connect(indexed / ".claude/cache/memory-budget/index.sqlite", isolation_level=None)
    try:
        writer.execute("BEGIN EXCLUSIVE")
        writer.execute("DELETE FROM pages")
        waited = []
        for number in range(3):  # the least: a wait for the writer would be in each
            began = time.monotonic()
            said = hooks.pre(indexed, home, tool_use=f"t{number}")
            waited.append(time.monotonic() - began)
            assert "Sundays" in str(said.prompt)
        assert min(waited) < 5
    finally:
        writer.close()


BUILD = """
import sys
from memory_budget.index import update
from memory_budget.base.project import Project
update.update_index(Project(sys.argv[1], sys.argv[2]), rebuild=True, wait=60)
"""


def builder(folder: Path, home: Path) -> subprocess.Popen[bytes]:
    paths = {"PYTHONPATH": str(ROOT / "lib"), "HOME": str(home), "PATH": os.environ["PATH"]}
    return subprocess.Popen([sys.executable, "-c", BUILD, str(folder), str(home)], env=paths)


def test_two_builders_and_an_agent_at_once(folder: Path, home: Path) -> None:
    builders = [builder(folder, home) for _ in range(2)]
    for number in range(6):
        assert "Sundays" in str(hooks.pre(folder, home, tool_use=f"t{number}").prompt)
    assert [process.wait(120) for process in builders] == [0, 0]


def test_a_builder_that_is_killed_leaves_an_index_or_none(folder: Path, home: Path) -> None:
    for number in range(60):
        (folder / f".claude/memory/patterns/n{number}.md").write_text(
            f"# Note {number}\n\n" + "Some words here. " * 300
        )
    cache = folder / ".claude/cache/memory-budget"
    for number, delay in enumerate((0.0, 0.05, 0.1, 0.2)):
        process = builder(folder, home)
        wait_until(lambda: cache.exists() and bool(list(cache.glob("index.sqlite*"))))
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert "Sundays" in str(hooks.pre(folder, home, tool_use=f"t{number}").prompt)
    report = update.update_index(Project(str(folder), str(home)), wait=60)
    assert report is not None
    assert report.files == 62
    assert list(cache.glob("*.new*")) == []


@pytest.mark.parametrize("what", ["cache is a file", "cache leads nowhere", "index is a folder"])
def test_a_cache_that_cannot_be_written_stops_no_agent(what: str, folder: Path, home: Path) -> None:
    cache = folder / ".claude/cache"
    if what == "cache is a file":
        cache.write_text("")
    elif what == "cache leads nowhere":
        cache.symlink_to(folder / "missing" / "folder")
    else:
        (cache / "memory-budget/index.sqlite").mkdir(parents=True)
    said = hooks.pre(folder, home)
    assert said.prompt is not None or "memory-budget: this agent goes on without its memory" in said.message
    assert "\n" not in said.message
    assert hooks.run("subagent_start", hooks.start_payload("dbt-expert", "a1"), folder, home, "1").code == 0
    for event in ("subagent_stop", "session_end", "session_start", "post_tool_use"):
        assert hooks.run(event, hooks.start_payload("dbt-expert", "a1"), folder, home).answer is not None


FULL_DISK = """
import resource, runpy, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_a_full_disk_stops_no_agent(indexed: Path, home: Path) -> None:
    program = (hooks.INTERPRETER, "-c", FULL_DISK, str(ROOT / "hooks/pre_tool_use.py"))
    said = hooks.run("", hooks.agent_call("dbt-expert"), indexed, home, program=program)
    assert said.code == 0
    assert said.prompt is not None or "goes on without its memory" in said.message


def test_a_failure_is_one_line_for_the_person_and_a_log_entry(folder: Path, home: Path) -> None:
    cache = folder / ".claude/cache/memory-budget"
    cache.mkdir(parents=True)
    (cache / "starts").write_text("in the way")
    said = hooks.pre(folder, home)
    assert said.prompt is not None or said.message.startswith("memory-budget: ")
    if said.prompt is None:
        assert said.message.count("\n") == 0
        assert "hooks.log" in said.message
        assert "Traceback" in log_of(folder)


def test_the_log_stays_small(folder: Path) -> None:

    project = Project(str(folder))
    for _ in range(5):
        hook_log.log(project, "x" * 400_000)
    logs = folder / ".claude/cache/memory-budget/logs"
    assert sum(path.stat().st_size for path in logs.iterdir()) < 3_000_000


def test_a_person_is_told_once(folder: Path) -> None:

    project = Project(str(folder))
    assert [notices.once(project, "a/../b"), notices.once(project, "a/../b"), notices.once(project, "c")] == [
        True,
        False,
        True,
    ]


def test_a_broken_profiles_file_is_told_once_a_session_and_the_last_good_one_works_on(
    indexed: Path, home: Path
) -> None:
    profiles = indexed / ".claude/memory/budget-profiles.json"
    profiles.write_text('{"agents": {"dbt-expert": {"delivery": "context"}}}')
    update.update_index(Project(str(indexed), str(home)))
    assert hooks.pre(indexed, home, tool_use="t0").prompt is None  # the file is at work
    profiles.write_text('{"agents": {"dbt-expert": {"delivery": "pigeon"}}}')
    first = hooks.pre(indexed, home, tool_use="t1")
    assert "budget-profiles.json" in first.message
    assert "pigeon" in first.message
    assert first.prompt is None  # the last good version is
    for number in range(3):
        wait_until(lambda: False, 0.3)
        again = hooks.pre(indexed, home, tool_use=f"t{number + 2}")
        assert again.message == ""
        assert again.prompt is None
    assert "until that is put right, the last good version holds" in first.message
    later = hooks.pre(indexed, home, tool_use="t9", session_id="another")
    assert later.message == first.message


def test_what_a_closed_pipe_reads_is_no_failure(indexed: Path, home: Path) -> None:
    process = subprocess.Popen(
        [hooks.INTERPRETER, "-I", "-S", str(ROOT / "hooks/pre_tool_use.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=hooks.environ(indexed, home),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stdin.write(json.dumps(hooks.agent_call("dbt-expert")).encode())
    process.stdin.close()
    assert process.wait(60) == 0
    assert process.stderr.read() == b""
    process.stderr.close()
