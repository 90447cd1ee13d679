"""Without an index an agent gets what its task needs all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from memory_budget.base.project import Project
from memory_budget.start import allocate
from tests.support.projects import TEAM, facts_in, make_project, team_files


@pytest.mark.parametrize("name", sorted(TEAM))
def test_the_note_that_a_task_is_about_is_found(name: str, tmp_path: Path, home: Path) -> None:
    project = Project(str(make_project(tmp_path / "project", team_files())), str(home))
    for topic in TEAM[name]:
        allocation = allocate.allocate(project, allocate.Task(name, f"Write up the {topic}.", session="s"))
        assert isinstance(allocation, allocate.Allocation)
        assert allocation.estimated
        assert topic in facts_in(allocate.render(allocation), name)
