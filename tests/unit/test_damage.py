"""A damaged index, in every way: a small part of `python3 -m tests.torture damage`."""

from __future__ import annotations

import os
import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from memory_budget.base import layout
from memory_budget.index import build, parse, schema, update
from memory_budget.index.note import Note
from memory_budget.index.sources import SourceFile
from tests.torture import damage


@pytest.mark.parametrize("kind", damage.KINDS)
def test_a_damaged_index_costs_no_memory_and_is_made_anew(kind: str) -> None:
    found = damage.starts((kind,), 6, seed=7)
    assert found["damaged"] == 6
    assert found["starts"] >= 6


LOOKED_UP = ("postings", "files_grp", "pages_grp", "pages", "texts", "groups")


@pytest.mark.parametrize("table", LOOKED_UP)
def test_what_raises_no_error_is_missed_all_the_same(table: str, tmp_path: Path) -> None:
    """Each page of a table or index, its second half and the whole of it zeros or those of another page: whatever a start finds
    in them, the agent has its memory, or the index is made anew and the person reads why."""
    hurt = damage.Damage(tmp_path)
    with closing(sqlite3.connect(hurt.scene.project.index)) as index:
        (root,) = index.execute("SELECT rootpage FROM sqlite_master WHERE name=?", (table,)).fetchone()
    size = schema.PAGE_SIZE
    other = hurt.whole[7 * size : 8 * size]
    for damaged_page in (hurt.whole[(root - 1) * size : root * size - size // 2] + bytes(size // 2), other):
        content = bytearray(hurt.whole)
        content[(root - 1) * size : root * size] = damaged_page
        hurt.put(random.Random(1), "bytes")
        Path(hurt.scene.project.index).write_bytes(bytes(content))
        prompt, _ = hurt.start()
        hurt.check(table, prompt)


def test_a_damaged_index_is_told_once_a_session(tmp_path: Path) -> None:
    hurt = damage.Damage(tmp_path)
    hurt.put(random.Random(1), "noise")
    told = [
        hurt.scene.act("pre", {**hurt.scene.call(number, context=False), "session_id": session}).answer
        for number, session in enumerate(("s1", "s1", "s2"))
    ]
    lines = [answer.get("systemMessage", "") for answer in told]
    assert "damaged and is being made anew" in lines[0]
    assert lines[1] == ""
    assert lines[2] == lines[0]


def test_files_that_cannot_be_read_are_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was indexed before, and one of an agent that has no other."""
    scene = damage.Damage(tmp_path).scene
    folder = scene.root / ".claude/memory/specialists"
    new, old = folder / "another/patterns/note.md", folder / "dbt-expert/patterns/area-1.md"
    new.parent.mkdir(parents=True)
    new.write_text("# Note\n\nIncremental models.\n")
    os.utime(old, (1, 1))
    real = parse.load_note

    def refuse(file: SourceFile, description: str = "") -> tuple[bytes, Note]:
        if file.path.endswith((new.name, old.name)):
            raise PermissionError(13, "Permission denied", file.path)
        return real(file, description)

    monkeypatch.setattr(build, "load_note", refuse)
    report = update.update_index(scene.project)
    assert report is not None
    assert len(report.problems) == 2
    assert scene.act("pre", scene.call(1, context=False)).answer["hookSpecificOutput"]
    assert not Path(scene.project.at(layout.INDEX_DAMAGED)).exists()


def test_a_prompt_that_needs_nothing_is_no_damage(tmp_path: Path) -> None:
    hurt = damage.Damage(tmp_path)
    call = hurt.scene.call(1, context=False)
    call["tool_input"]["prompt"] = "Say hello in Finnish to the merge."
    hurt.scene.act("pre", call)
    assert not Path(hurt.scene.project.at(layout.INDEX_DAMAGED)).exists()


def test_an_index_that_lost_entries_without_an_error_is_made_anew(tmp_path: Path) -> None:
    hurt = damage.Damage(tmp_path)
    with closing(sqlite3.connect(hurt.scene.project.index)) as index:
        (page,) = index.execute("SELECT rootpage FROM sqlite_master WHERE name='postings'").fetchone()
    content = bytearray(hurt.whole)
    content[page * 8192 - 4096 : page * 8192] = bytes(4096)  # half of the page that leads to all others
    hurt.put(random.Random(1), "bytes")
    Path(hurt.scene.project.index).write_bytes(bytes(content))
    prompt, asked = hurt.start()
    hurt.check("zeros", prompt)
    assert asked
    report = update.update_index(hurt.scene.project)
    assert report is not None
    assert report.rebuilt
    prompt, asked = hurt.start()
    hurt.check("made anew", prompt)
    assert not asked
