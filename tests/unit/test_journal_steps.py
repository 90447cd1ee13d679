"""Steps that were broken off while they were taken back, and what a step that fails leaves."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from memory_budget.base import layout
from memory_budget.base.files import listing
from memory_budget.base.project import Project
from memory_budget.upkeep import journal, journal_steps
from memory_budget.upkeep.journal_steps import NotApplied, Step
from tests.support.memory_files import MEMORY, NOW, memory, snapshot

FILES = {"recent/week.md": "# Week\n\nWe chose batching.\n", "patterns/kept.md": "# Kept\n"}


@pytest.fixture
def project(tmp_path: Path, home: Path) -> Project:
    return memory(tmp_path / "p", FILES, home)


def all_files(project: Project) -> set[str]:
    """Every file below the memory folder, those that are never read as memory too."""
    found = {os.path.join(folder, name) for folder, _, names in os.walk(project.memory) for name in names}
    return {os.path.relpath(path, project.memory) for path in found}


def changed(project: Project, step: Step) -> journal.Entry:
    return journal.apply_change(project, "archival", "test", [step], now=NOW)


def move_step(project: Project) -> Step:
    source = f"{project.memory}/recent/week.md"
    return Step(f"{MEMORY}/recent/week.md", f"{MEMORY}/archive/week.md", journal_steps.content_hash(source))


def edit_step(project: Project) -> Step:
    path, text = f"{MEMORY}/patterns/kept.md", FILES["patterns/kept.md"]
    return Step(path, path, journal_steps.text_hash(text), "# Changed\n", text)


def test_an_undo_of_a_move_that_was_killed_is_finished(project: Project) -> None:
    before = snapshot(project)
    entry = changed(project, move_step(project))
    os.rename(f"{project.memory}/archive/week.md", f"{project.memory}/archive/.memory-budget-{entry.id}.0")
    assert journal.undo_change(project, entry).state == journal.UNDONE
    assert snapshot(project) == before
    assert all_files(project) == set(FILES)


def test_an_undo_of_an_edit_that_was_killed_leaves_nothing_aside(project: Project) -> None:
    before = snapshot(project)
    entry = changed(project, edit_step(project))
    kept = f"{project.memory}/patterns/kept.md"
    os.rename(kept, f"{project.memory}/patterns/.memory-budget-{entry.id}.0")
    Path(kept).write_text(FILES["patterns/kept.md"])
    assert journal.undo_change(project, entry).state == journal.UNDONE
    assert snapshot(project) == before
    assert all_files(project) == set(FILES)


def test_a_step_that_fails_leaves_no_draft(project: Project) -> None:
    step = edit_step(project)
    with pytest.raises(NotApplied, match="changed since"):
        journal_steps.edit(project, step.target, "another", step.text, "1")
    with pytest.raises(FileExistsError):
        journal_steps.create(project, Step("", step.target, "", "# New\n"), "2", journal_steps.no_break)
    assert list(listing(project.at(layout.JOURNAL))) == []
    assert all_files(project) == set(FILES)
