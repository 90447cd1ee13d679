"""Memory that is there and that nobody gets is named: at the session's start, at an agent's start, and by every verb."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from memory_budget.base.project import Project, find_project
from memory_budget.cli.main import main
from memory_budget.index import update
from memory_budget.index.overlooked import overlooked
from memory_budget.index.sources import sources_of
from memory_budget.settings import profiles
from memory_budget.start import allocate
from memory_budget.upkeep import survey
from tests.support import hooks
from tests.support.projects import make_project

NOTE = "# Deploys\n\nDeploys go through the canary ring of the ledger exporter.\n"
TASK = "How do deploys go through the canary ring of the ledger exporter?"


def lines(root: Path, home: Path) -> list[str]:
    project = find_project(str(root), str(home))
    return overlooked(
        project, sources_of(project, profiles.load_profiles(project.root, project.home).profiles)
    )


def block(root: Path, home: Path) -> str:
    project = find_project(str(root), str(home))
    update.update_index(project)
    found = allocate.allocate(project, allocate.Task("worker", TASK), cap=1000)
    assert isinstance(found, allocate.Allocation)
    return allocate.render(found)


@pytest.mark.parametrize(
    ("files", "part"),
    [
        ({".serena/memories/a.md": NOTE}, ".serena/memories looks like memory and is not read"),
        ({"MEMORY.md": NOTE}, "MEMORY.md looks like memory"),
        ({".claude/notes/deep/a.md": NOTE}, '".claude/notes/**/*.md"'),
        ({".claude/memory/archive/a.md": NOTE}, ".claude/memory: all Markdown there was put aside"),
        ({".claude/memory/CLAUDE.md": NOTE}, "were put aside"),
        ({".claude/memory/a.md": "x" * 4_000_001}, "larger than 4 MB"),
    ],
)
def test_what_looks_like_memory_and_is_not_read(
    files: dict[str, str], part: str, tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = make_project(tmp_path / "p", files)
    assert any(part in line for line in lines(root, home)), lines(root, home)
    for verb in ("status", "doctor", "index", "health", "preview --agent a --prompt b"):
        main([*verb.split(), "--project", str(root)])
        said = capsys.readouterr()
        shown = " ".join((said.out + said.err).split())
        assert part.split(":")[0][:30] in shown or part in shown, verb


def test_a_folder_without_markdown_is_no_memory_that_is_missed(tmp_path: Path, home: Path) -> None:
    root = make_project(tmp_path / "p", {".claude/memory/a.txt": NOTE})
    assert lines(root, home) == []
    assert started(root, home, "SessionStart", "s") == ""


def test_where_memory_is_read_nothing_is_said(tmp_path: Path, home: Path) -> None:
    root = make_project(tmp_path / "p", {".claude/memory/a.md": NOTE, "MEMORY.md": NOTE})
    assert lines(root, home) == []
    assert lines(make_project(tmp_path / "bare", {"README.md": "x", "src/a.py": "x"}), home) == []


def started(root: Path, home: Path, event: str, session: str) -> str:
    payload: dict[str, Any] = {"hook_event_name": event, "session_id": session, "cwd": str(root)}
    if event == "PreToolUse":
        given = {"subagent_type": "worker", "prompt": TASK, "description": "d"}
        payload.update(tool_name="Agent", tool_use_id="toolu_1", tool_input=given)
    name = "session_start" if event == "SessionStart" else "pre_tool_use"
    return hooks.run(name, payload, root, home).message


@pytest.mark.parametrize("files", [{"MEMORY.md": NOTE}, {".claude/memory/archive/a.md": NOTE}])
def test_the_person_gets_one_line_a_session(files: dict[str, str], tmp_path: Path, home: Path) -> None:
    root = make_project(tmp_path / "p", files)
    assert "memory-budget: " in started(root, home, "PreToolUse", "one")
    assert "not read" not in started(root, home, "PreToolUse", "one")
    again = started(root, home, "SessionStart", "two")
    assert "MEMORY.md looks like memory" in again or "was put aside" in again
    assert "memory-budget: MEMORY" not in started(root, home, "PreToolUse", "two")


def test_a_link_that_leads_out_is_read_where_the_profiles_allow_it(tmp_path: Path, home: Path) -> None:
    outside = make_project(tmp_path / "shared", {"team/deploys.md": NOTE})
    root = make_project(tmp_path / "p", {".claude/memory/other.md": "# Other\n\nNothing of it.\n"})
    (root / ".claude/memory/team").symlink_to(outside / "team")
    assert "canary ring" not in block(root, home)
    assert any(f'put "{outside}/team" into "allow_outside"' in line for line in lines(root, home))
    assert "leads out of the project" in started(root, home, "SessionStart", "s")
    profile = {"allow_outside": [str(outside / "team")]}
    make_project(root, {".claude/memory/budget-profiles.json": json.dumps(profile)})
    assert "canary ring" in block(root, home)
    assert lines(root, home) == []


def test_a_linked_claude_folder_is_read_where_allowed_and_never_written(tmp_path: Path, home: Path) -> None:
    outside = make_project(tmp_path / "dotfiles", {"memory/deploys.md": NOTE})
    root = tmp_path / "p"
    root.mkdir()
    (root / ".claude").symlink_to(outside)
    assert any("leads out of the project" in line for line in lines(root, home))
    make_project(home, {".claude/memory/budget-profiles.json": json.dumps({"allow_outside": [str(outside)]})})
    assert "canary ring" in block(root, home)
    assert [path.name for path in outside.iterdir()] == ["memory"]


def test_front_matter_and_globs_are_named_with_file_and_place(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    note = "---\nname: a\nconfidence: very\nexpires: 03/04/2020\nalways: perhaps\n---\n\n" + NOTE
    root = make_project(tmp_path / "p", {".claude/memory/a.md": note})
    main(["health", "--project", str(root), "--json"])
    problems = {
        (one["kind"], one["path"].rsplit("/", 1)[1])
        for one in json.loads(capsys.readouterr().out)["problems"]
    }
    assert {("front matter", "a.md:3"), ("front matter", "a.md:4"), ("front matter", "a.md:5")} <= problems
    glob = ".claude/memory/" + "{a,b}" * 12 + "/*.md"
    make_project(root, {".claude/memory/budget-profiles.json": json.dumps({"sources": {"global": [glob]}})})
    main(["profiles", "check", "--project", str(root)])
    said = " ".join(capsys.readouterr().out.split())
    assert "/sources/global/0" in said
    assert "at most 256" in said
    main(["health", "--project", str(root), "--json"])
    named = [one for one in json.loads(capsys.readouterr().out)["problems"] if one["kind"] == "profiles"]
    assert [(one["path"], "at most 256" in one["detail"]) for one in named] == [
        (".claude/memory/budget-profiles.json:1", True)
    ]


def test_dead_links_are_named(tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (
        "# A\n\n[b](b.md), [c](gone.md#x), `[d](gone2.md)`, [e](https://x/y.md)\n\n```\n[f](gone3.md)\n```\n"
    )
    root = make_project(tmp_path / "p", {".claude/memory/a.md": text, ".claude/memory/b.md": NOTE})
    main(["health", "--project", str(root), "--json"])
    found = [one for one in json.loads(capsys.readouterr().out)["problems"] if one["kind"] == "dead link"]
    assert [(one["path"].rsplit("/", 1)[1], "gone.md#x" in one["detail"]) for one in found] == [
        ("a.md:3", True)
    ]


@pytest.mark.parametrize("column", ["text", "headings", "numbers", "prints", "outline"])
def test_flipped_bytes_never_reach_an_agent(column: str, tmp_path: Path, home: Path) -> None:
    root = make_project(
        tmp_path / "p", {".claude/memory/a.md": NOTE, ".claude/memory/b.md": "# B\n\nOther.\n"}
    )
    project = Project(str(root), str(home))
    update.update_index(project)
    db = sqlite3.connect(project.index)
    with db:
        table = "texts" if column == "text" else "pages"
        for first, value in db.execute(f"SELECT first, {column} FROM {table}").fetchall():
            data = bytearray(value.encode() if isinstance(value, str) else value)
            data[len(data) // 2] ^= 0x15
            changed: object = bytes(data).decode("latin-1") if isinstance(value, str) else bytes(data)
            db.execute(f"UPDATE {table} SET {column}=? WHERE first=?", (changed, first))
    db.close()
    found = allocate.allocate(project, allocate.Task("worker", TASK), cap=1000)
    assert isinstance(found, allocate.Allocation)
    assert found.damaged
    assert "Deploys go through the canary ring of the ledger exporter." in allocate.render(found)


def test_an_edited_note_is_what_it_says_before_it_is_indexed_again(tmp_path: Path, home: Path) -> None:
    root = make_project(
        tmp_path / "p", {".claude/memory/a.md": NOTE, ".claude/memory/b.md": "# B\n\nOther.\n"}
    )
    project = Project(str(root), str(home))
    update.update_index(project)
    db = sqlite3.connect(project.index)
    with db:
        db.execute("INSERT INTO file_uses VALUES('.claude/memory/a.md', 4, 738000, '[]')")
    db.close()
    token = "ghp_" + "a1B2c3D4e5F6" * 3
    text = f"---\ndate: 2024-05-03\nconfidence: 90%\nalways: true\n---\n\n{NOTE}\nToken {token} here.\n<!-- hidden -->\n"
    (root / ".claude/memory/a.md").write_text(text)
    found = allocate.allocate(project, allocate.Task("worker", TASK), cap=1000)
    assert isinstance(found, allocate.Allocation)
    assert found.stale
    (file,) = [one.file for one in found.selection.files if one.file.path.endswith("a.md")]
    assert (file.uses, file.confidence, file.always, file.date) == (4, 0.9, True, 739009)
    shown = allocate.render(found)
    assert "canary ring" in shown
    assert token not in shown
    assert "hidden" not in shown


def auto_folder(home: Path, root: Path) -> Path:
    slug = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in str(root))
    return home / ".claude/projects" / slug / "memory"


def test_notes_that_the_clients_index_names_are_known_to_be_told(tmp_path: Path, home: Path) -> None:
    root = make_project(tmp_path / "p", {".claude/memory/other.md": "# Other\n\nNothing.\n"})
    notes = {
        "MEMORY.md": "- [Deploys](deploys.md) — canary\n",
        "deploys.md": NOTE,
        "quiet.md": "# Quiet\n\nSilence.\n",
    }
    make_project(auto_folder(home, root), notes)
    project = find_project(str(root), str(home))
    update.update_index(project)
    db = sqlite3.connect(project.index)
    told = dict(db.execute("SELECT path, told FROM files").fetchall())
    db.close()
    assert {path.rsplit("/", 1)[1]: bool(value) for path, value in told.items()} == {
        "other.md": False,
        "deploys.md": True,
        "quiet.md": False,
    }
    (auto_folder(home, root) / "MEMORY.md").write_text("- [Quiet](quiet.md)\n")
    update.update_index(project)
    db = sqlite3.connect(project.index)
    assert db.execute("SELECT path FROM files WHERE told").fetchall()[0][0].endswith("quiet.md")
    db.close()


def test_jobs_make_nothing_of_the_clients_own_memory(tmp_path: Path, home: Path) -> None:
    """The project's copy of a private note is no duplicate, and an agent's own one may still be promoted."""
    own = ".claude/memory/specialists/worker/recent/deploys.md"
    text = "---\nconfidence: 0.95\n---\n\n" + NOTE
    root = make_project(tmp_path / "p", {own: text, ".claude/memory/patterns/shared.md": text})
    make_project(auto_folder(home, root), {"deploys.md": text, "recent/queue.md": text})
    work = survey.begin_survey(find_project(str(root), str(home)), 1_700_000_000.0)
    assert sum(note.private for note in work.notes) == 2
    assert not any(note.movable for note in work.notes if note.private)
    for file_set in survey.survey_duplicates(work).sets:
        assert not file_set.keep.private
        assert not any(note.private for note in file_set.removable)
    for proposal in survey.find_promotions(work):
        assert not any("~" in path for step in proposal.steps for path in (step.source, step.target))
