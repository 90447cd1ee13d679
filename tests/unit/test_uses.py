from __future__ import annotations

import json
import os
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from memory_budget.base import layout
from memory_budget.base.errors import BudgetError
from memory_budget.base.optional import own_lock
from memory_budget.base.project import Project
from memory_budget.index import schema, update
from memory_budget.index.reader import IndexReader
from memory_budget.log import sent
from memory_budget.upkeep import memory_files, uses
from tests.support.children import child
from tests.support.memory_files import MEMORY, NOW, TODAY, memory, sent_line, used

A, B = "patterns/a.md", "specialists/dbt/patterns/b.md"


@pytest.fixture
def project(tmp_path: Path, home: Path) -> Project:
    own = memory(tmp_path / "p", {A: "# A\n\nText of a.\n", B: "# B\n\nText of b.\n"}, home)
    update.update_index(own)
    return own


def counted(project: Project, path: str) -> tuple[int, int, frozenset[str]]:
    (note,) = [
        note
        for note in memory_files.load_memory_files(project, memory_files.Seen({}, []))
        if note.path == f"{MEMORY}/{path}"
    ]
    return note.uses, note.last_used, note.agents


def test_a_run_is_one_use_of_every_file_it_was_given_or_read(project: Project) -> None:
    used(project, [A, B], "dbt", 2, NOW - 86400)
    with open(project.cache + "/sent.jsonl", "ab") as log:
        log.write(sent_line([A], "tableau", NOW, read=[A]))
    result = uses.count_uses(project, NOW)
    assert (result.runs, result.files, result.days) == (3, 2, [TODAY - 1, TODAY])
    assert counted(project, A) == (3, TODAY, frozenset({"dbt", "tableau"}))
    assert counted(project, B) == (2, TODAY - 1, frozenset({"dbt"}))
    assert uses.count_uses(project, NOW).runs == 0
    used(project, [A], "dbt", 1, NOW)
    uses.count_uses(project, NOW)
    assert counted(project, A) == (4, TODAY, frozenset({"dbt", "tableau"}))


def test_the_selection_sees_the_counts(project: Project) -> None:
    used(project, [A], "dbt", 4, NOW)
    uses.count_uses(project, NOW)
    from memory_budget.index.view import MemoryView

    reader = IndexReader(project.index)
    view = MemoryView(reader, reader.groups_for(["dbt"]))
    by_path = {file.path: file for file in view.files({chunk.file for chunk in view.chunks()}).values()}
    assert (by_path[f"{MEMORY}/{A}"].uses, by_path[f"{MEMORY}/{A}"].last_used) == (4, TODAY)
    reader.close()


@pytest.mark.parametrize("place", ["set aside", "counted", "dropped"])
def test_a_count_that_is_broken_off_is_neither_lost_nor_made_twice(project: Project, place: str) -> None:
    used(project, [A], "dbt", 3, NOW)

    def die(now: str) -> None:
        if now == place:
            os._exit(9)

    assert child(lambda: uses.count_uses(project, NOW, at=die)) == 9
    used(project, [A], "dbt", 1, NOW)
    uses.count_uses(project, NOW + 60)
    assert counted(project, A)[0] == 4


def test_lines_that_are_none_are_passed_over(project: Project) -> None:
    project.ensure_cache()
    with open(project.cache + "/sent.jsonl", "wb") as log:
        log.write(b'[]\nnull\n{"time": 1}\n\xff\n' + sent_line([A], "dbt", NOW) + b'{"time": 17')
    assert uses.count_uses(project, NOW).runs == 1
    assert counted(project, A)[0] == 1


def test_a_clock_that_was_ahead_gives_no_use_in_the_future(project: Project) -> None:
    used(project, [A], "dbt", 1, NOW + 400 * 86400)
    uses.count_uses(project, NOW)
    assert counted(project, A)[1] == TODAY


def test_counts_follow_a_file_and_live_through_a_new_index(project: Project) -> None:
    used(project, [A], "dbt", 3, NOW)
    uses.count_uses(project, NOW)
    os.makedirs(project.memory + "/recent")
    os.rename(f"{project.memory}/{A}", f"{project.memory}/recent/a.md")
    uses.rename_uses(project, [(f"{MEMORY}/{A}", f"{MEMORY}/recent/a.md")])
    update.update_index(project, rebuild=True)
    assert counted(project, "recent/a.md")[0] == 3


def test_side_files_count_with_what_they_know(project: Project) -> None:
    Path(project.memory, "patterns/a.metadata.json").write_text(
        json.dumps({"use_count": 5, "last_used": "2026-06-01T10:00:00", "confidence": 0.9})
    )
    used(project, [A], "dbt", 1, NOW - 40 * 86400)
    uses.count_uses(project, NOW)
    assert counted(project, A)[:2] == (6, datetime(2026, 6, 1).toordinal())


def test_chunks_are_counted_by_what_they_say(project: Project) -> None:
    for _ in range(2):
        sent.remember(project, "dbt", [f"{MEMORY}/{A}"], [11, -12, 13], "", NOW)
    sent.remember(project, "dbt", [], [], "", NOW)
    uses.count_uses(project, NOW)
    db = schema.open_writer(project.index)
    assert db.execute("SELECT hash, uses, agents FROM uses ORDER BY hash").fetchall() == [
        (-12, 2, '["dbt"]'),
        (11, 2, '["dbt"]'),
        (13, 2, '["dbt"]'),
    ]
    db.close()


def read_call(path: str, tool: str = "Read") -> dict[str, Any]:
    block = {"type": "tool_use", "name": tool, "input": {"file_path": path}}
    return {"type": "assistant", "message": {"content": [{"type": "text", "text": "Read"}, block]}}


def test_what_an_agent_read_itself_is_found_in_its_transcript(project: Project, tmp_path: Path) -> None:
    transcript = tmp_path / "agent.jsonl"
    calls = [
        read_call(f"{project.memory}/{A}"),
        read_call(f"{project.memory}/{A}"),
        read_call(f"{MEMORY}/{B}"),
        read_call(f"{project.root}/src/main.md"),
        read_call(f"{project.memory}/../../etc/notes.md"),
        read_call(f"{project.memory}/{B}", tool="Write"),
        read_call(f"{project.home}/.claude/agent-memory/dbt/MEMORY.md"),
        read_call("bad\0.md"),
    ]
    transcript.write_bytes(b"".join(json.dumps(call).encode() + b"\n" for call in calls) + b'{"Read"')
    assert sent.opened_files(project, str(transcript)) == [
        f"{MEMORY}/{A}",
        f"{MEMORY}/{B}",
        "~/.claude/agent-memory/dbt/MEMORY.md",
    ]
    assert sent.opened_files(project, str(tmp_path / "none")) == []


def test_counts_wait_for_an_index_that_is_being_made(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    used(project, [A], "dbt", 2, NOW)
    monkeypatch.setattr(uses, "WAIT_SECONDS", 0.0)
    with own_lock(project.writable(layout.INDEX_LOCK)):
        with pytest.raises(BudgetError, match="counted next time"):
            uses.count_uses(project, NOW)
        with update.writing(project, 0.0) as db:
            assert db is None
        assert Path(project.at(layout.INDEX_AGAIN)).exists()  # whoever makes it looks again
    assert uses.count_uses(project, NOW).runs == 2
    assert counted(project, A)[0] == 2


def test_what_is_counted_beside_rebuilds_is_not_lost(project: Project) -> None:
    def rebuild() -> None:
        for _ in range(8):
            update.update_index(project, rebuild=True, wait=60.0)

    maker = threading.Thread(target=rebuild)
    maker.start()
    for _ in range(8):
        used(project, [A], "dbt", 1, NOW)
        uses.count_uses(project, NOW)
    maker.join()
    assert counted(project, A)[0] == 8
