"""A profiles file that cannot be used: what is said of it, and what holds meanwhile."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from memory_budget.base.errors import BudgetError
from memory_budget.base.project import Project
from memory_budget.index import update
from memory_budget.index.in_force import profiles_in_force
from memory_budget.run import libraries
from memory_budget.settings import check, edit, profiles
from tests.support.projects import make_project


def write(folder: Path, content: str | bytes) -> None:
    path = folder / profiles.FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{\n // a note\n "enabled": true}', ":2:2: not JSON: JSON has no comments"),
        ('{\n "enabled": true /* why */\n}', ":2:18: not JSON: JSON has no comments"),
        ('{\n # a note\n "enabled": true}', ":2:2: not JSON: JSON has no comments"),
        ('{\n "enabled": true,\n}', "there is a comma after the last entry"),
        ('{"sources": {"global": ["a.md",\n ]}}', "there is a comma after the last entry"),
        ("{\n 'enabled': true}", ':2:2: not JSON: texts stand in "double quotes"'),
        ('{\n "enabled": true\n "delivery": "auto"}', ":3:2: not JSON: a comma is missing before this"),
    ],
)
def test_the_common_mistakes_in_json_are_told_in_plain_words(tmp_path: Path, content: str, said: str) -> None:
    """The same words at a start, by `profiles check` and where a verb wants to change the file."""
    write(tmp_path, content)
    problem = profiles.load_profiles(str(tmp_path), "").problem
    assert problem is not None
    assert said in problem
    words = said.rpartition(": ")[2]
    assert words in check.check_project(str(tmp_path), "").problems[0].expected
    with pytest.raises(BudgetError, match=re.escape(words)):
        edit.change(str(tmp_path / profiles.FILE), {("enabled",): False})


def test_a_link_that_leads_nowhere_is_a_problem(tmp_path: Path) -> None:
    """A person who keeps the file elsewhere hears that it is not there any more."""
    file = tmp_path / profiles.FILE
    file.parent.mkdir(parents=True)
    file.symlink_to("moved.json")
    said = f"{profiles.FILE}: cannot be read (No such file or directory)"
    assert profiles.load_profiles(str(tmp_path), "").problem == said
    (problem,) = check.check_project(str(tmp_path), "").problems
    assert "No such file or directory" in problem.sentence("x")


@pytest.mark.parametrize("content", [b'{"a": "\xff"}', b"\xff\xfe{\x00}\x00"])
def test_a_file_in_another_encoding_is_named_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    write(tmp_path, content)
    (problem,) = check.check_project(str(tmp_path), "").problems
    assert problem.sentence("x").endswith("error: expected UTF-8 text, found the byte 0xff")


def test_a_broken_edit_switches_nothing_on(tmp_path: Path, home: Path) -> None:
    """What was switched off stays so for the jobs, the export and the installer of libraries, too."""
    make_project(tmp_path, {".claude/memory/a.md": "# A\n\nText.\n"})
    project = Project(str(tmp_path), str(home))
    write(tmp_path, '{"enabled": false, "install_libraries": false, "default_profile": "none"}')
    assert profiles_in_force(project).profiles.enabled is False
    update.update_index(project)
    write(tmp_path, '{"enabled": true,}')
    loaded = profiles_in_force(project)
    assert (loaded.profiles.enabled, loaded.profiles.default_profile) == (False, "none")
    assert loaded.problem_line.endswith("the last good version holds")
    assert libraries.forbidden(project)
    update.update_index(project)  # keeps it through any number of updates
    assert profiles_in_force(project).profiles.enabled is False
    Path(project.index).unlink()
    assert profiles_in_force(project).problem_line.endswith("the shipped defaults hold")
