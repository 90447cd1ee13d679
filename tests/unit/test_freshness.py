"""An agent that starts right after an edit gets the edited text, whatever the index still says."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from memory_budget.base.project import Project
from memory_budget.index import parse, update
from memory_budget.index.note import Note
from memory_budget.index.sources import SourceFile
from memory_budget.select.packing import Verdict
from memory_budget.start import allocate
from tests.support import hooks
from tests.support.projects import make_project

MODELS = ".claude/memory/specialists/dbt-expert/patterns/models.md"
FILES = {
    ".claude/memory/patterns/git.md": "# Git\n\nRebase before a merge.\n",
    ".claude/memory/patterns/style.md": "# Style\n\nLines of eighty signs.\n",
    MODELS: "# Incremental models\n\nIncremental models merge on the surrogate key.\n",
    ".claude/memory/specialists/other/patterns/secret.md": "# Incremental models\n\nOnly for the other.\n",
}


class Memory:
    """A project whose index is up to date, and what an agent would get of it now."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        self.project = Project(str(folder), str(home))
        self.update()

    def update(self) -> None:
        assert update.update_index(self.project, wait=10) is not None

    def write(self, path: str, text: str) -> None:
        make_project(self.folder, {path: text})
        later = (self.folder / path).stat().st_mtime_ns + 10_000_000
        os.utime(self.folder / path, ns=(later, later))

    def allocation(self, prompt: str, agent: str = "dbt-expert") -> allocate.Allocation:
        found = allocate.allocate(self.project, allocate.Task(agent, prompt))
        assert isinstance(found, allocate.Allocation)
        return found

    def block(self, prompt: str, agent: str = "dbt-expert") -> str:
        return allocate.render(self.allocation(prompt, agent))


@pytest.fixture
def memory(tmp_path: Path, home: Path) -> Memory:
    return Memory(make_project(tmp_path / "project", FILES), home)


def test_nothing_changed_is_nothing_stale(memory: Memory) -> None:
    allocation = memory.allocation("incremental models")
    assert not allocation.stale
    assert not allocation.estimated
    assert "surrogate key" in allocate.render(allocation)


def test_an_edit_counts_at_once(memory: Memory) -> None:
    memory.write(MODELS, "# Incremental models\n\nIncremental models append from now on.\n")
    allocation = memory.allocation("incremental models")
    assert allocation.stale
    block = allocate.render(allocation)
    assert "append from now on" in block
    assert "surrogate key" not in block


def test_a_new_file_counts_at_once(memory: Memory) -> None:
    memory.write(
        ".claude/memory/specialists/dbt-expert/recent/new/deep.md", "Incremental models are slow today.\n"
    )
    assert "slow today" in memory.block("incremental models")


def test_a_folder_that_is_made_later_counts_at_once(memory: Memory) -> None:
    """The client makes an agent's native memory in the middle of a session."""
    memory.write(".claude/agent-memory/dbt-expert/notes.md", "Incremental models broke on Friday.\n")
    assert "broke on Friday" in memory.block("incremental models")


def test_a_deleted_file_is_gone_at_once(memory: Memory) -> None:
    (memory.folder / MODELS).unlink()
    assert "surrogate key" not in memory.block("incremental models")


def test_a_deleted_folder_is_gone_at_once_however_large(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    from memory_budget.index import freshness

    monkeypatch.setattr(freshness, "STAT_LIMIT", 1)
    for path in (memory.folder / MODELS).parent.iterdir():
        path.unlink()
    assert "surrogate key" not in memory.block("incremental models")
    (memory.folder / MODELS).parent.rmdir()
    assert "surrogate key" not in memory.block("incremental models")


def test_a_renamed_file_is_named_as_it_is_called_now(memory: Memory) -> None:
    (memory.folder / MODELS).rename((memory.folder / MODELS).with_name("renamed.md"))
    block = memory.block("incremental models")
    assert "patterns/renamed.md>" in block
    assert "models.md>" not in block


def test_what_is_another_agents_stays_so_after_an_edit(memory: Memory) -> None:
    memory.write(
        ".claude/memory/specialists/other/patterns/secret.md", "Incremental models: still only the other's.\n"
    )
    memory.write(
        ".claude/memory/specialists/other/patterns/more.md", "Incremental models: still only the other's.\n"
    )
    assert "other's" not in memory.block("incremental models")
    assert "other's" in memory.block("incremental models", "other")


def test_a_file_that_was_put_away_is_not_sent(memory: Memory) -> None:
    archive = (memory.folder / MODELS).parent / "archive"
    archive.mkdir()
    (memory.folder / MODELS).rename(archive / "models.md")
    assert "surrogate key" not in memory.block("incremental models")


def test_a_file_that_leads_out_of_the_project_is_not_sent(memory: Memory, tmp_path: Path) -> None:
    make_project(tmp_path, {"outside.md": "Incremental models of somebody else.\n"})
    (memory.folder / MODELS).unlink()
    (memory.folder / MODELS).symlink_to(tmp_path / "outside.md")
    assert "somebody else" not in memory.block("incremental models")


def test_an_expired_note_is_not_sent_even_before_it_is_indexed(memory: Memory) -> None:
    memory.write(
        MODELS, "---\nexpires: 2020-01-01\n---\n# Incremental models\n\nIncremental models of old.\n"
    )
    assert "of old" not in memory.block("incremental models")
    memory.update()
    assert "of old" not in memory.block("incremental models")


def test_nothing_is_marked_as_left_out_that_was_not(memory: Memory) -> None:
    memory.write(MODELS, "# A\n\nincremental one\n\n## B\n\nincremental two\n\n## C\n\nincremental three\n")
    fresh = memory.block("incremental one two three")
    assert "\n[...]\n" not in fresh
    memory.update()
    assert memory.block("incremental one two three") == fresh


@pytest.mark.parametrize("indexed", [True, False])
def test_a_pipe_among_the_notes_holds_nobody_up(indexed: bool, tmp_path: Path, home: Path) -> None:
    folder = make_project(tmp_path / "project", FILES)
    if indexed:
        update.update_index(Project(str(folder), str(home)))
    os.mkfifo((folder / MODELS).parent / "pipe.md")
    os.mkfifo((folder / MODELS).parent / "MEMORY.metadata.json")
    said = hooks.run("pre_tool_use", hooks.agent_call("dbt-expert"), folder, home)
    assert "surrogate key" in str(said.prompt)
    assert update.update_index(Project(str(folder), str(home)), wait=10) is not None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\n\n\n",
        b"\xef\xbb\xbf",
        b"---\ntitle: only this\n---\n",
        b"---\nno end",
        b"\xff\xfe\x00i\x00n\x00c",
        b"\x89PNG\r\n\x1a\n\0\0incremental models",
        b"incremental models \xff\xfe caf\xe9\n",
        b"\xef\xbb\xbf# Incremental models\r\n\r\nincremental models\r\n",
        b"incremental models\rincremental\r",
        b"```\nincremental models",
        b"incremental models\0",
        b"# " + b"incremental " * 5_000,
        b"#" * 100_000,
        b"- " * 50_000,
        b"incremental models\n\n" * 3_000,
    ],
)
def test_a_file_of_any_kind_stops_nothing(data: bytes, memory: Memory) -> None:
    from tests.support.blocks import count

    path = memory.folder / MODELS
    for _ in range(2):  # as a file that changed, then as an indexed one
        path.write_bytes(data)
        allocation = memory.allocation("incremental models")
        block = allocate.render(allocation)
        assert count(block) <= allocation.selection.tokens <= allocation.budget
        memory.update()
        data += b"\n"


def test_a_file_that_cannot_be_read_is_named(memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    from memory_budget.index import build

    def refuse(*_: object) -> object:
        raise PermissionError(13, "Permission denied")

    memory.write(MODELS, "other text\n")
    monkeypatch.setattr(build, "load_note", refuse)
    report = update.update_index(memory.project, wait=10)
    assert report is not None
    assert report.problems == [(MODELS, "Permission denied")]
    assert "surrogate key" not in memory.block("incremental models")


@pytest.mark.parametrize(
    "what", ["a note", "a folder", "a folder of folders", "nothing of a folder but its names"]
)
def test_what_may_be_read_again_is_sent_at_once(
    what: str, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change of its mode changes no time that a start looks at. (The tests may run as root, who may read anything.)"""
    path = memory.folder / MODELS
    denied = {
        "a note": path,
        "a folder": path.parent,
        "a folder of folders": path.parent.parent,
        "nothing of a folder but its names": path,
    }[what]
    how = "stat" if "names" in what else "scandir"
    with monkeypatch.context() as patch:

        def refusing(real: Callable[..., Any]) -> Callable[..., Any]:
            def call(at: Any, *arguments: Any, **named: Any) -> Any:
                if os.fspath(at) == str(denied):
                    raise PermissionError(13, "Permission denied", at)
                return real(at, *arguments, **named)

            return call

        if what == "a note":
            from memory_budget.index import build

            patch.setattr(build, "load_note", refusing_note)
        else:
            patch.setattr(os, how, refusing(getattr(os, how)))
        patch.setattr(os, "open", refusing(os.open))
        report = update.update_index(memory.project, rebuild=True, wait=10)
        assert report is not None
        assert [problem for _, problem in report.problems] == ["Permission denied"]
        still = memory.allocation("incremental models")
        assert not still.stale
        assert "surrogate key" not in allocate.render(still)
    again = memory.allocation("incremental models")
    assert again.stale
    assert "surrogate key" in allocate.render(again)
    memory.update()
    now = memory.allocation("incremental models")
    assert not now.stale
    assert "surrogate key" in allocate.render(now)


def refusing_note(file: SourceFile, description: str = "") -> tuple[bytes, Note]:
    if file.path == MODELS:
        raise PermissionError(13, "Permission denied", file.path)
    return parse.load_note(file, description)


NATIVE = "---\nname: dbt-expert\ndescription: d\n{}---\nYou.\n"


@pytest.mark.parametrize("indexed", [True, False])
@pytest.mark.parametrize(
    ("line", "loads", "sent"),
    [
        ("memory: project\n", True, False),
        ("memory: user\n", False, True),
        ("", False, True),
        ("memory: local\n", False, True),
    ],
)
def test_native_memory_that_the_client_loads_is_not_sent_twice(
    line: str, loads: bool, sent: bool, indexed: bool, tmp_path: Path, home: Path
) -> None:
    lines = [f"incremental models line {n}\n" for n in range(1, 301)]
    folder = make_project(
        tmp_path / "project",
        {
            ".claude/agents/dbt-expert.md": NATIVE.format(line),
            ".claude/agent-memory/dbt-expert/MEMORY.md": "\n".join(lines),
            ".claude/agent-memory/dbt-expert/other.md": "incremental models in another file\n",
            ".claude/agent-memory/dbt-expert/topics/MEMORY.md": "incremental models further down\n",
        },
    )
    project = Project(str(folder), str(home))
    if indexed:
        update.update_index(project)
    allocation = allocate.allocate(
        project, allocate.Task("dbt-expert", "incremental models line"), cap=60_000
    )
    assert isinstance(allocation, allocate.Allocation)
    block = allocate.render(allocation)
    assert ("incremental models line 1\n" in block) is sent
    assert ("incremental models line 100\n" in block) is sent
    assert "incremental models line 101\n" in block
    assert "incremental models line 300\n" in block
    assert "in another file" in block
    assert "further down" in block
    if indexed:
        assert (allocation.native_tokens > 0) is loads


def test_native_memory_of_long_lines_is_loaded_up_to_its_size(tmp_path: Path, home: Path) -> None:
    lines = [f"incremental models line {n} " + "x" * 960 + "\n" for n in range(1, 61)]
    folder = make_project(
        tmp_path / "project",
        {
            ".claude/agents/dbt-expert.md": NATIVE.format("memory: project\n"),
            ".claude/agent-memory/dbt-expert/MEMORY.md": "\n".join(lines),
        },
    )
    project = Project(str(folder), str(home))
    update.update_index(project)
    allocation = allocate.allocate(
        project, allocate.Task("dbt-expert", "incremental models line"), cap=100_000
    )
    assert isinstance(allocation, allocate.Allocation)
    block = allocate.render(allocation)
    assert "line 5 " not in block
    assert "line 20 " not in block
    assert "line 27 " in block
    assert "line 60 " in block


def test_a_side_file_that_changes_is_read_again(memory: Memory) -> None:
    side = (memory.folder / MODELS).with_name("models.metadata.json")
    side.write_text('{"confidence": 0.25}')
    memory.update()
    files = {entry.file.path: entry.file for entry in _verdicts(memory)}
    assert files[MODELS].confidence == 0.25


def _verdicts(memory: Memory) -> list[Verdict]:
    allocation = allocate.allocate(
        memory.project, allocate.Task("dbt-expert", "incremental models"), explain=True
    )
    assert isinstance(allocation, allocate.Allocation)
    return list(allocation.selection.verdicts)
