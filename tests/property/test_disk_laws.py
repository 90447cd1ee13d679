"""Whatever stands in the files that hooks leave for each other, an agent starts with its own prompt, and nothing is raised.

A project is led through the start, the run and the end of three agents, which leaves one of each file. Then the content of
one of them is replaced, and every hook is called again.
"""

from __future__ import annotations

import gc
import json
import re
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory_budget.base import fastjson, layout, spawn
from memory_budget.base.project import Project
from memory_budget.index import update
from memory_budget.run import bumps, notes, reads, state
from memory_budget.run import hooks as later
from memory_budget.start import hooks as first
from tests.support import hooks
from tests.support.cases import cases
from tests.support.projects import make_project

SESSION = "5e55-10n"
NOTE = ".claude/memory/patterns/models.md"
FILES = {
    NOTE: "# Incremental models\n\nIncremental models merge on the surrogate key.\n\n## Snapshots\n\nSnapshots are checked.\n",
    ".claude/memory/specialists/dbt-expert/patterns/a.md": "# Incremental runs\n\nFull refresh of incremental models on Sundays.\n",
    ".claude/agents/dbt-expert.md": "---\nname: dbt-expert\ndescription: models\n---\nYou do the work asked for.\n",
}
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([1e308, -1, 2**70, "x" * 300]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def changed(draw: st.DrawFn, value: Any) -> Any:
    """A value with one of the values in it replaced, or taken out."""
    if isinstance(value, dict) and value and draw(st.integers(0, 9)):
        key = draw(st.sampled_from(sorted(value)))
        if draw(st.integers(0, 5)) == 0:
            return {name: one for name, one in value.items() if name != key}
        return {**value, key: draw(changed(value[key]))}
    if isinstance(value, list) and value and draw(st.integers(0, 9)):
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], draw(changed(value[place])), *value[place + 1 :]]
    return draw(JSON)


def contents(whole: bytes) -> st.SearchStrategy[bytes]:
    """What may stand in a file in the place of this: noise, a part of it, other JSON, nearly the same JSON."""
    strategies = [
        st.binary(max_size=40),
        st.integers(0, len(whole)).map(lambda size: whole[:size]),
        JSON.map(dumped),
    ]
    try:
        value = json.loads(whole)
    except ValueError:
        pass
    else:
        strategies += 3 * [changed(value).map(dumped)]
    return st.one_of(strategies)


def dumped(value: Any) -> bytes:
    return json.dumps(value).encode("utf-8", "replace")


def printed(answer: Any) -> bytes:
    """What the hook's process prints for an answer, `{}` for none."""
    return answer if answer and isinstance(answer, bytes) else fastjson.encode(answer or {})


def starts(project: Project, number: int, *, auto: bool, tool_use: str = "") -> Any:
    """PreToolUse for agent `number`; in auto mode the context channel carries its memory."""
    call = hooks.agent_call(
        "dbt-expert", tool_use=tool_use or f"toolu_{number}", permission_mode="auto" if auto else "default"
    )
    return first.pre_tool_use(project, call)


def launched(project: Project, number: int, prompt: str = "") -> Any:
    payload = {
        **hooks.agent_call("dbt-expert", prompt, f"toolu_{number}"),
        "transcript_path": transcript(project),
    }
    return later.post_tool_use(project, {**payload, "tool_response": {"agentId": f"a{number}"}})


def transcript(project: Project) -> str:
    return f"{project.home}/5e55-10n.jsonl"


def every_hook(project: Project) -> Iterator[Any]:
    """The answers of every hook of two agents' lives: 1 has its memory in the prompt, 2 and 3 through the context."""
    for number in (1, 2, 3):
        path = Path(project.home, SESSION, "subagents", f"agent-a{number}.meta.json")
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"toolUseId": f"toolu_{number}", "agentType": "dbt-expert"}))
    workflow = {
        **hooks.agent_call(None),
        "tool_name": "Workflow",
        "tool_input": {"script": "agent('models')"},
    }
    yield first.pre_tool_use(project, workflow)
    started = {"transcript_path": transcript(project)}
    yield starts(project, 1, auto=False)
    yield starts(project, 2, auto=True)
    yield first.subagent_start(project, hooks.start_payload("dbt-expert", "a2", **started), 1)
    yield launched(project, 1)
    yield launched(project, 2)
    for number in (1, 2):
        read = {
            **hooks.start_payload("dbt-expert", f"a{number}", **started), "tool_name": "Read", "tool_use_id": f"read-{number}",
            "tool_input": {"file_path": f"{project.root}/{NOTE}"}, "tool_response": {"file": {"content": FILES[NOTE]}},
        }  # fmt: skip
        yield reads.post_read(project, read)
    yield later.stop(project, hooks.start_payload("", ""))
    yield first.subagent_start(project, hooks.start_payload("dbt-expert", "a3", **started), 1)
    yield first.main_thread_start(
        project, {"session_id": "main", "agent_type": "dbt-expert", "source": "startup"}, 1
    )
    yield later.subagent_stop(project, hooks.start_payload("dbt-expert", "a2", **started))
    yield later.not_started(project, hooks.agent_call("dbt-expert", tool_use="toolu_9"))
    yield later.session_end(project, hooks.start_payload("", ""))


class Used:
    """A project in which every hook was called once, beside its home; `again` puts it back to where it was then."""

    def __init__(self, folder: Path) -> None:
        self.kept = folder / "kept"
        self.work = folder / "work"
        self.project = Project(str(make_project(self.work / "project", FILES)), str(self.work / "home"))
        update.update_index(self.project)
        for _ in every_hook(self.project):
            pass
        notes.leave_note(self.project, SESSION, "a", "A line.")
        bumps.remember_bump(self.project, bumps.task_key("dbt-expert", "a task", ""), "complex")
        state.mark_lost(self.project, SESSION, "a3")
        gc.collect()  # hooks end with their process, and leave it to that to close the index
        with closing(sqlite3.connect(self.project.index)) as index:
            index.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copytree(self.work, self.kept, ignore=shutil.ignore_patterns("*-wal", "*-shm"))

    def again(self) -> None:
        """Put the project back to where it was when every hook had been called."""
        shutil.rmtree(self.work)
        shutil.copytree(self.kept, self.work)

    def left(self) -> list[str]:
        """The files that hooks and the client left for hooks; the index is another matter."""
        return sorted(
            str(path.relative_to(self.kept))
            for path in self.kept.rglob("*")
            if path.is_file() and path.suffix not in (".md", ".sqlite", ".lock") and path.name != ".gitignore"
        )

    def check(self) -> None:
        """Call every hook: none fails, and agents get their memory and their own prompt."""
        for number in (1, 4):
            answer = starts(self.project, number, auto=False)
            assert answer is not None
            prompt = answer["hookSpecificOutput"]["updatedInput"]["prompt"]
            assert prompt.startswith(b"<project-memory ")
            assert prompt.endswith(b"</project-memory>\n\nWrite up the incremental models.")
        for answer in every_hook(self.project):
            json.loads(printed(answer))


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Used]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spawn, "start", lambda *_: None)
        yield Used(tmp_path_factory.mktemp("used"))


def test_every_kind_of_file_that_hooks_read_is_there(used: Used) -> None:
    folders = {path.split("/memory-budget/")[-1].split("/")[0] for path in used.left()}
    assert folders >= {
        layout.STARTS,
        layout.PENDING,
        layout.RUNNING,
        layout.NOTES,
        layout.BUMPS,
        layout.ENDED,
        "home",
    }
    used.check()


@settings(max_examples=cases(60))
@given(st.data())
def test_no_file_that_hooks_leave_can_cost_an_agent_its_memory(used: Used, data: st.DataObject) -> None:
    used.again()
    name = data.draw(
        st.sampled_from([name for name in used.left() if not re.search(r"/starts/.*/\d+$", name)])
    )
    path = used.work / name
    path.write_bytes(data.draw(contents(path.read_bytes())))
    used.check()


@settings(max_examples=cases(60))
@given(st.data())
def test_no_value_kept_in_the_index_can_cost_an_agent_its_memory(used: Used, data: st.DataObject) -> None:
    used.again()
    with closing(sqlite3.connect(used.project.index)) as index:
        rows = dict(index.execute("SELECT key, value FROM meta"))
        key = data.draw(st.sampled_from(sorted(rows)))
        value = data.draw(contents(str(rows[key]).encode()))
        as_text = data.draw(st.booleans())
        index.execute(
            "UPDATE meta SET value=? WHERE key=?",
            (value.decode("utf-8", "replace") if as_text else value, key),
        )
        index.commit()
    used.check()


LEARNED = {
    "models": {"claude-fable-1": {"ratio": 1.2, "error": 0.01, "runs": 40, "agents": 3}},
    "last": "claude-fable-1",
    "last_by_agent": {"dbt-expert": "claude-fable-1"},
}


@settings(max_examples=cases(30))
@given(contents(json.dumps(LEARNED).encode()))
def test_nothing_in_the_file_of_learned_ratios_can_cost_an_agent_its_memory(
    used: Used, content: bytes
) -> None:
    used.again()
    path = Path(used.project.writable(layout.RATIO))
    path.write_bytes(content)
    update.update_index(used.project)
    used.check()


@st.composite
def damaged(draw: st.DrawFn, whole: bytes) -> bytes:
    """A file with a few bytes changed, cut short, or with noise in its place."""
    kind = draw(st.sampled_from(["bytes", "bytes", "cut", "noise"]))
    if kind == "cut":
        return whole[: draw(st.integers(0, len(whole)))]
    if kind == "noise" or not whole:
        return draw(st.binary(max_size=200))
    changed = bytearray(whole)
    for _ in range(draw(st.integers(1, 8))):
        changed[draw(st.integers(0, len(whole) - 1))] = draw(st.integers(0, 255))
    return bytes(changed)


@settings(max_examples=cases(20))
@given(st.data())
def test_whatever_lies_on_disk_the_hook_answers_json_and_leaves_the_prompt_whole(
    used: Used, data: st.DataObject
) -> None:
    used.again()
    names = [
        "project/.claude/memory/budget-profiles.json",
        "project/.claude/cache/memory-budget/index.sqlite",
    ]
    path = used.work / data.draw(st.sampled_from([*names, *names, *used.left()]))
    whole = path.read_bytes() if path.exists() else b'{"profiles": {}, "agents": {}, "sources": {}}'
    path.write_bytes(data.draw(damaged(whole)))
    plugin_data = used.work / "home" / "plugin-data"
    plugin_data.mkdir(parents=True, exist_ok=True)
    (plugin_data / "interpreter").write_text("/bin/true\n")  # nothing is done behind the test's back
    said = hooks.pre(Path(used.project.root), Path(used.project.home))
    assert "\ufffd" not in (said.prompt or "")  # it was UTF-8
    assert said.prompt is None or said.prompt.endswith("Write up the incremental models.")
    assert said.message.count("\n") == 0
