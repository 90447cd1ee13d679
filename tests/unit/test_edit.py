"""Changes of a profiles file by a command, and the files beside it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from memory_budget.base.errors import BudgetError
from memory_budget.base.project import Project
from memory_budget.log import usage
from memory_budget.settings import edit
from memory_budget.upkeep import background
from tests.support.git import git
from tests.support.usage_logs import record


@pytest.fixture
def project(tmp_path: Path, home: Path) -> Project:
    (tmp_path / "p/.claude/memory/patterns").mkdir(parents=True)
    return Project(str(tmp_path / "p"), str(home))


def test_a_schema_that_a_file_names_is_put_beside_it(project: Project) -> None:
    path = Path(project.memory, "budget-profiles.json")
    path.write_text('{"$schema": "./budget-profiles.schema.json"}')
    background.main(["session", "--project", project.root])
    assert json.loads(path.with_name("budget-profiles.schema.json").read_text())["type"] == "object"


@pytest.mark.parametrize("text", ["{}", '{"$schema": "https://elsewhere/x.json"}', "{broken"])
def test_no_schema_where_none_is_asked_for(project: Project, text: str) -> None:
    Path(project.memory, "budget-profiles.json").write_text(text)
    assert edit.write_schema(str(Path(project.memory, "budget-profiles.json"))) is False
    assert [path.name for path in Path(project.memory).iterdir() if path.is_file()] == [
        "budget-profiles.json"
    ]


def test_a_change_that_could_not_be_used_is_refused(project: Project) -> None:
    path = Path(project.memory, "budget-profiles.json")
    with pytest.raises(BudgetError, match="/agent_assignments/x"):
        edit.change(str(path), {("agent_assignments", "x"): "no-such-profile"})
    assert not path.exists()


def test_the_log_is_no_matter_for_git_unless_the_person_says_so(project: Project) -> None:
    git(project.root, "init", "-q")

    def untracked() -> str:
        return git(project.root, "status", "--porcelain", "--untracked-files=all")

    usage.append(project, record())
    assert untracked() == "?? .claude/cache/.gitignore"
    ignore = Path(project.root, ".claude/cache/.gitignore")
    ignore.write_text("# mine\n")
    usage.append(project, record())
    assert "budget-usage.jsonl" in untracked()
    Path(project.log).unlink()
    usage.append(project, record())
    assert ignore.read_text() == "# mine\n"
