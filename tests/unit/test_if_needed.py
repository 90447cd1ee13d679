"""`hooks/if_needed` starts Python only where there may be something to say, under the shells people have."""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from memory_budget.base.project import Project
from memory_budget.index import update
from memory_budget.run import claims, notes
from tests.support import hooks
from tests.support.environment import ROOT
from tests.support.projects import make_project

SHELLS = [shell for shell in ("dash", "bash", "busybox") if shutil.which(shell)]
MEMORY = {".claude/memory/patterns/a.md": "# A\n\nSome words.\n"}


class Plugin:
    """A copy of the script beside a launcher that says it was started, and with what."""

    def __init__(self, folder: Path, shell: str) -> None:
        self.shell = (shell, "sh") if shell == "busybox" else (shell,)
        self.home = folder / "home"
        self.project = make_project(folder / "project", MEMORY)
        root = folder / "plugin"
        for name in ("bin", "hooks"):
            (root / name).mkdir(parents=True)
        self.script = shutil.copy(ROOT / "hooks/if_needed", root / "hooks/if_needed")
        launcher = root / "bin/memory-budget"
        launcher.write_text('#!/bin/sh\nprintf "%s " "$@"\ncat\nexit 2\n')
        launcher.chmod(0o755)

    def run(self, event: str, payload: dict[str, Any] | bytes, *arguments: str, **more: Any) -> str:
        data = (
            payload
            if isinstance(payload, bytes)
            else json.dumps(payload, separators=(",", ":")).encode() + b"\n"
        )
        program = (*self.shell, str(self.script), event)
        said = hooks.run("", data, self.project, self.home, *arguments, program=program, **more)
        assert said.code == 0
        assert said.err == ""
        return said.out

    def planned(self) -> Project:
        return Project(str(self.project), str(self.home))

    def leave_word(self, cache: str) -> None:
        """Say where the cache of the project lies, as Python does."""
        name = (
            "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in str(self.project)) + ".at"
        )
        make_project(self.home / "plugin-data/projects", {name: f"{self.project}\n{cache}\n"})


@pytest.fixture(params=SHELLS)
def plugin(request: pytest.FixtureRequest, tmp_path: Path) -> Plugin:
    return Plugin(tmp_path, request.param)


def payload(agent: str = "a1", agent_type: str = "dbt-expert", **more: Any) -> dict[str, Any]:
    return hooks.start_payload(agent_type, agent, **more)


def plan(plugin: Plugin, tool_use: str = "t1", answers: int = 1) -> Path:
    claims.plan_in_context(
        plugin.planned(),
        "5e55-10n",
        "dbt-expert",
        tool_use,
        [f"{tool_use} {n}".encode() for n in range(1, answers + 1)],
    )
    (where,) = Path(claims.plans_folder(plugin.planned(), "5e55-10n", "dbt-expert")).glob(f"c-*-{tool_use}")
    return where


def test_an_agent_that_was_planned_for_the_prompt_costs_a_shell(plugin: Plugin) -> None:
    claims.plan_in_prompt(plugin.planned(), "5e55-10n", "dbt-expert", "t1", "turn-1")
    assert plugin.run("subagent_start", payload(), "1") == ""
    claims.bind(plugin.planned(), "t1", "a1")
    assert plugin.run("subagent_start", payload(), "1") == ""
    assert plugin.run("subagent_start", payload(), "4") == ""


def test_the_only_plan_is_taken_and_handed_out_without_python(plugin: Plugin) -> None:
    where = plan(plugin, answers=2)
    assert [plugin.run("subagent_start", payload(), str(part)) for part in (2, 1, 3)] == ["t1 2", "t1 1", ""]
    assert (where / "claimed").read_text() == "a1\n"
    assert plugin.run("subagent_start", payload("a2"), "1").startswith(
        "hook subagent_start 1 "
    )  # came without one


def test_of_several_plans_python_looks_which(plugin: Plugin) -> None:
    plan(plugin, "t1")
    plan(plugin, "t2")
    assert plugin.run("subagent_start", payload(), "1").startswith("hook subagent_start 1 ")


def test_whose_plan_it_is_is_said(plugin: Plugin) -> None:
    plan(plugin, "t1", 2)
    plan(plugin, "t2", 2)
    claims.bind(plugin.planned(), "t2", "a1")
    assert [plugin.run("subagent_start", payload(), part) for part in "12"] == ["t2 1", "t2 2"]
    assert plugin.run("subagent_start", payload("a2"), "1") == "t1 1"  # the only one left


SLEEP = """#!/bin/sh
printf . >>'{bound}.slept'
read -r dots <'{bound}.slept' || [ ${{#dots}} -lt 3 ] || printf 't1\n' >'{bound}'
"""


def test_the_mods_word_is_waited_for(plugin: Plugin) -> None:
    plan(plugin, "t1")
    bound = Path(claims.bound_path(plugin.planned(), "a1"))
    bound.parent.mkdir()
    # The word comes while the script sleeps for the third time; a shell with a `sleep` of its own gets it a moment later.
    sleep = make_project(plugin.home, {"bin/sleep": SLEEP.format(bound=bound)}) / "bin/sleep"
    sleep.chmod(0o755)
    later = threading.Timer(0.3, claims.bind, (plugin.planned(), "t1", "a1"))
    if plugin.shell[0] == "busybox":
        later.start()
    path = f"{sleep.parent}:{os.environ['PATH']}"
    assert plugin.run("subagent_start", payload(), "1", MEMORY_BUDGET_MOD="1", PATH=path) == "t1 1"
    if plugin.shell[0] == "busybox":
        later.join()
    else:
        assert Path(f"{bound}.slept").read_text() == "." * 3


def test_python_and_shell_take_plans_alike(plugin: Plugin) -> None:
    plan(plugin, "t1")
    found = claims.look(plugin.planned(), "5e55-10n", "dbt-expert", "a7", "turn-1", "")
    assert claims.answer(found.plan, 1) == b"t1 1"
    assert plugin.run("subagent_start", payload("a7"), "1") == "t1 1"
    plan(plugin, "t2")
    assert plugin.run("subagent_start", payload("a8"), "1") == "t2 1"
    assert (
        claims.answer(claims.look(plugin.planned(), "5e55-10n", "dbt-expert", "a8", "turn-1", "").plan, 1)
        == b"t2 1"
    )


SPACED = [(",", ":"), (", ", ": "), (" ,  ", "\t: \t")]


@pytest.mark.parametrize("separators", SPACED)
@pytest.mark.parametrize("order", [1, -1])
def test_keys_in_any_order_and_any_spacing(separators: tuple[str, str], order: int, plugin: Plugin) -> None:
    plan(plugin)
    given = dict(list(payload(note='a "quoted" \\ text, "agent_id": "a9"').items())[::order])
    data = json.dumps(given, separators=separators).encode()
    assert plugin.run("subagent_start", data, "1") == "t1 1"


@pytest.mark.parametrize(
    "more",
    [
        {"agent_type": "Plugin:agent"},
        {"session_id": "../x"},
        {"agent_id": "a/b"},
        {"agent_id": ""},
        {"session_id": 5},
        {"agent_id": "x" * 81},
        {"nested": {"agent_id": "other"}},
    ],
)
def test_in_doubt_python_is_asked(more: dict[str, Any], plugin: Plugin) -> None:
    plan(plugin)
    given = payload(**more)
    text = plugin.run("subagent_start", given, "1")
    assert json.loads(text.removeprefix("hook subagent_start 1 ")) == given


@pytest.mark.parametrize("size", [3_000, 98_302, 98_303, 98_304, 98_305, 200_000])
def test_what_python_is_asked_is_handed_on_whole(size: int, plugin: Plugin) -> None:
    given = payload(
        note="a \\ b %s \u2028 'q'", agent_type="Plugin:agent", filling="日" * (size // 3) + "x" * (size % 3)
    )
    data = json.dumps(given, separators=(",", ":"), ensure_ascii=False).encode()
    text = plugin.run("subagent_start", data, "1", LANG="C.UTF-8")
    assert json.loads(text.removeprefix("hook subagent_start 1 ")) == given


#: Reads as BusyBox's `head` does: 4,096 bytes at a time, and what it does not print is gone.
HEAD_OF_BLOCKS = f"""#!{sys.executable}
import os, sys
left = int(sys.argv[2])
while left > 0:
    block = b""
    while len(block) < 4096 and (more := os.read(0, 4096 - len(block))):
        block += more
    if not block:
        break
    sys.stdout.buffer.write(block[:left])
    left -= len(block)
"""


@pytest.mark.parametrize("event", ["subagent_start", "post_read"])
def test_a_head_that_reads_in_blocks_loses_nothing(event: str, plugin: Plugin, tmp_path: Path) -> None:
    head = tmp_path / "bin/head"
    head.parent.mkdir()
    head.write_text(HEAD_OF_BLOCKS)
    head.chmod(0o755)
    make_project(
        Path(plugin.planned().cache), {"pending/t1.json": "{}", "state/memory-folders": "/memory/\n"}
    )
    given = payload(agent_type="Plugin:agent", filling="".join(f"{number} " for number in range(40_000)))
    text = plugin.run(event, given, "1", PATH=f"{head.parent}:{os.environ['PATH']}")
    assert json.loads(text.removeprefix(f"hook {event} 1 ")) == given


@pytest.mark.parametrize("field", ["session_id", "agent_id", "agent_type", "filling", "many"])
def test_the_time_is_linear_in_what_is_read(field: str, plugin: Plugin) -> None:
    """Shells search in a text again and again where one asks for what stands behind a word."""
    plan(plugin)
    spent = []
    for size in (95_000, 5_000_000):
        filling: Any = [{"a": "b"}] * (size // 9) if field == "many" else "x" * size
        data = json.dumps({**payload(), field: filling}).encode()
        before = os.times()
        plugin.run("subagent_start", data, "1")
        after = os.times()
        spent.append(
            after.children_user + after.children_system - before.children_user - before.children_system
        )
    assert spent[0] < 0.5
    assert spent[1] < 1.5


def test_a_workflow_may_start_agents_nobody_planned_for(plugin: Plugin) -> None:
    project = plugin.planned()
    claims.plan_in_prompt(project, "5e55-10n", "dbt-expert", "t1", "turn-1")
    Path(claims.workflow_path(project, "5e55-10n")).write_text("turn-1\n")
    assert plugin.run("subagent_start", payload(), "1") != ""
    claims.publish_unplanned(project, "5e55-10n", "dbt-expert", "a1", [b"one", b"two"])
    assert plugin.run("subagent_start", payload(), "2") == "two"
    assert plugin.run("subagent_start", payload(), "3") == ""


def test_a_fork_has_what_its_parent_has(plugin: Plugin) -> None:
    assert plugin.run("subagent_start", payload(agent_type="fork"), "1") == ""


def test_a_session_without_an_agent_costs_a_shell(plugin: Plugin) -> None:
    assert plugin.run("session_start", {"session_id": "s", "source": "startup"}, "1") == ""
    assert plugin.run("session_start", {"session_id": "s", "agent_type": "x"}, "1") != ""


def test_a_turns_end_costs_a_shell_while_nothing_is_left_to_tell(plugin: Plugin) -> None:
    given = {"session_id": "5e55-10n", "last_assistant_message": "x" * 100_000}
    assert plugin.run("stop", given) == ""
    notes.leave_note(plugin.planned(), "5e55-10n", "n", "a line")
    assert plugin.run("stop", given).startswith("hook stop ")


def test_a_project_without_memory_costs_a_shell(plugin: Plugin) -> None:
    shutil.rmtree(plugin.project / ".claude")
    assert plugin.run("subagent_start", payload(), "1") != ""  # nobody looked yet
    plugin.leave_word("")
    for event in ("session_start", "subagent_start"):
        assert plugin.run(event, payload(), "1") == ""
    (plugin.project / ".claude/agent-memory").mkdir(parents=True)
    assert plugin.run("subagent_start", payload(), "1") != ""


def test_memory_that_lies_elsewhere_is_found_by_the_word_left(plugin: Plugin) -> None:
    shutil.rmtree(plugin.project / ".claude")
    cache = plugin.home / "elsewhere"
    plugin.leave_word(str(cache))
    (cache / "starts/5e55-10n/dbt-expert/p-toolu_1").mkdir(parents=True)
    assert plugin.run("subagent_start", payload(session_id="5e55-10n"), "1") == ""
    (cache / "starts/5e55-10n/dbt-expert/c-toolu_2").mkdir(parents=True)
    assert plugin.run("subagent_start", payload(session_id="5e55-10n"), "1") != ""


@pytest.mark.parametrize("data", [b"", b"\n", b"{", b"\0\0", b"\xff\n", b'{"agent_type":"'])
def test_no_payload_is_a_failure(data: bytes, plugin: Plugin) -> None:
    plugin.run("subagent_start", data, "1")
    plugin.run("session_start", data, "1")


def test_text_in_a_field_is_no_field(plugin: Plugin) -> None:
    plan(plugin)
    given = {"note": '"agent_type":"fork"', **payload()}
    assert plugin.run("subagent_start", given, "1") == "t1 1"


@pytest.mark.parametrize("agents", [2, 8])
def test_handlers_of_several_agents_at_once(agents: int, plugin: Plugin) -> None:
    """Each agent's two handlers, all at once: every plan goes to one agent, whole."""
    for number in range(agents):
        plan(plugin, f"t{number}", 2)
        claims.bind(plugin.planned(), f"t{number}", f"a{number}")
    calls = [(f"a{number}", part) for number in range(agents) for part in "12"]
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda call: plugin.run("subagent_start", payload(call[0]), call[1]), calls))
    assert said == [f"t{number} {part}" for number in range(agents) for part in "12"]


# -- what agents read


def read_of(path: str, **more: Any) -> dict[str, Any]:
    """A PostToolUse event of the tool Read, with its fields in the client's order."""
    return {
        "session_id": "5e55-10n",
        "transcript_path": "/home/user/.claude/projects/-home-user-project/5e55-10n.jsonl",
        "cwd": "/home/user/project",
        "agent_id": "a1",
        "agent_type": "dbt-expert",
        "hook_event_name": "PostToolUse",
        "tool_name": "Read",
        "tool_input": {"file_path": path, **more},
        "tool_response": {
            "type": "text",
            "file": {"filePath": path, "content": '"file_path":"/x/memory-bank/a.md"'},
        },
        "tool_use_id": "toolu_1",
    }


def allotted(plugin: Plugin) -> None:
    make_project(Path(plugin.planned().cache), {"pending/5e55-10n-toolu_0.json": "{}"})


def test_reads_cost_a_shell_where_nothing_was_allotted(plugin: Plugin) -> None:
    assert plugin.run("post_read", read_of(f"{plugin.project}/.claude/memory/patterns/a.md")) == ""


def test_reads_go_to_python_where_memory_lies(plugin: Plugin) -> None:
    allotted(plugin)
    ordinary = read_of(f"{plugin.project}/README.md")
    assert plugin.run("post_read", ordinary).startswith(
        "hook post_read "
    )  # nobody said yet where memory lies
    auto = plugin.home / ".claude/projects/x/memory"
    worktree = plugin.home / "worktree"
    make_project(worktree, {".git": "gitdir: /project/.git/worktrees/worktree\n"})
    make_project(plugin.project, {".git/HEAD": "ref: refs/heads/main\n"})
    update.update_index(Project(str(plugin.project), str(plugin.home)))
    folders = Path(plugin.planned().at("state/memory-folders"))
    folders.write_text(folders.read_text() + f"{auto}/\n")
    for path in (
        f"{plugin.project}/.claude/memory/patterns/a.md",
        f"{plugin.project}/.claude/agent-memory/dbt-expert/notes.md",
        f"{plugin.project}/memory-bank/deep/er/b.md",
        f"{plugin.project}/docs/memory/c \u00fc.md",
        f"{auto}/topic.md",
        f"{plugin.home}/.claude/agent-memory/x/y.md",
        f"{plugin.project}/src/../memory-bank/b.md",
        f"{worktree}/.claude/memory/patterns/a.md",
        f'{plugin.project}/docs/memory/a "quoted" name.md',
    ):
        said = plugin.run("post_read", read_of(path, offset=1))
        assert said.startswith("hook post_read "), path
        assert json.loads(said.removeprefix("hook post_read ")) == read_of(path, offset=1)
    for path in (
        f"{plugin.project}/README.md",
        f"{plugin.project}/docs/memory.md",
        f"{plugin.project}/memory-banks/b.md",
        f"{plugin.project}/src/memory-bank/b.md",
        f"{worktree}/README.md",
        "/elsewhere/.claude/memory/a.md",
    ):
        assert plugin.run("post_read", read_of(path)) == "", path


def test_a_large_read_reaches_python_whole(plugin: Plugin) -> None:
    allotted(plugin)
    update.update_index(Project(str(plugin.project), str(plugin.home)))
    event = read_of(f"{plugin.project}/memory-bank/b.md")
    event["tool_response"]["file"]["content"] = "words \u00fc " * 50_000
    said = plugin.run("post_read", json.dumps(event, separators=(",", ":"), ensure_ascii=False).encode())
    assert json.loads(said.removeprefix("hook post_read ")) == event


@pytest.mark.parametrize("cut", [b'{"tool_input":{"file_path":"/a', b"", b"[]", b'{"file_path": "/a.md"}'])
def test_a_read_that_cannot_be_told_is_pythons(cut: bytes, plugin: Plugin) -> None:
    allotted(plugin)
    update.update_index(Project(str(plugin.project), str(plugin.home)))
    assert plugin.run("post_read", cut).startswith("hook post_read ")
