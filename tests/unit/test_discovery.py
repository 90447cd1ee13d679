"""Where a session stands, and which memory that finds."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from memory_budget.base import auto_memory
from memory_budget.base.project import CACHE, Project, find_project, project_of
from tests.support.git import git
from tests.support.projects import make_project

NOTE = {".claude/memory/patterns/a.md": "# A\n\nSome words.\n"}


@pytest.fixture
def repository(tmp_path: Path, home: Path) -> Path:
    assert home
    root = make_project(tmp_path / "repo", {"pkg/web/x.ts": "x"})
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "x")
    return root


def root_of(start: Path) -> str:
    return find_project(str(start)).root


def test_the_nearest_folder_with_memory_up_to_the_git_root(repository: Path) -> None:
    make_project(repository.parent, {".claude/memory/a.md": "not of this repository"})
    assert root_of(repository / "pkg/web") == str(repository)
    assert not find_project(str(repository / "pkg/web")).has_memory()
    make_project(repository, NOTE)
    assert root_of(repository / "pkg/web") == str(repository)
    make_project(repository / "pkg", {"memory-bank/a.md": "x"})
    assert root_of(repository / "pkg/web") == str(repository / "pkg")
    assert root_of(repository) == str(repository)


def test_a_worktree_takes_the_main_checkouts_memory_when_it_has_none(repository: Path) -> None:
    make_project(repository, NOTE)
    (repository / ".git/info/exclude").write_text(".claude\n")
    tree = repository.parent / "tree"
    git(repository, "worktree", "add", "-q", str(tree))
    assert root_of(tree) == root_of(tree / "pkg/web") == str(repository)
    make_project(tree, NOTE)
    assert root_of(tree / "pkg/web") == str(tree)


def test_a_submodule_is_no_worktree(repository: Path) -> None:
    make_project(repository, NOTE)
    inner = repository / "vendor/lib"
    inner.mkdir(parents=True)
    (inner / ".git").write_text("gitdir: ../../.git/modules/lib\n")
    (repository / ".git/modules/lib").mkdir(parents=True)
    assert root_of(inner) == str(inner)


def test_the_users_own_claude_folder_is_no_projects_memory(tmp_path: Path, home: Path) -> None:
    make_project(home, {".claude/agent-memory/x/a.md": "the user's"})
    start = home / "src/app"
    start.mkdir(parents=True)
    assert not find_project(str(start)).has_memory()
    stranger = make_project(
        tmp_path / "other", {".claude/agent-memory/x/a.md": "x", ".claude/projects/x/a": "x"}
    )
    (stranger / "app").mkdir()
    assert not find_project(str(stranger / "app")).has_memory()


def auto(home: Path, root: Path, **notes: str) -> Path:
    folder = home / ".claude/projects" / auto_memory.slug(str(root)) / "memory"
    make_project(folder, {"MEMORY.md": "index\n", **{f"{name}.md": text for name, text in notes.items()}})
    return folder


def test_auto_memory_is_found_as_the_client_finds_it(
    repository: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = auto(home, repository, topic="A note.\n")
    assert find_project(str(repository / "pkg/web")).auto == str(folder)
    assert find_project(str(repository)).auto_shown == f"~/.claude/projects/{folder.parent.name}/memory"
    tree = repository.parent / "tree"
    git(repository, "worktree", "add", "-q", str(tree))
    assert find_project(str(tree)).auto == str(folder)
    settings = home / ".claude/settings.json"
    settings.write_text(json.dumps({"autoMemoryDirectory": "~/notes"}))
    assert Project(str(repository)).auto == str(home / "notes")
    settings.write_bytes(b"\xef\xbb\xbf" + json.dumps({"autoMemoryEnabled": False}).encode())
    assert Project(str(repository)).auto == ""
    settings.write_text("{")
    assert Project(str(repository)).auto == str(folder)
    monkeypatch.setenv("CLAUDE_CODE_DISABLE_AUTO_MEMORY", "1")
    assert Project(str(repository)).auto == ""
    monkeypatch.delenv("CLAUDE_CODE_DISABLE_AUTO_MEMORY")
    monkeypatch.setenv("CLAUDE_COWORK_MEMORY_PATH_OVERRIDE", str(home / "elsewhere"))
    assert Project(str(repository)).auto == str(home / "elsewhere")


def test_a_repository_cannot_say_which_folder_is_its_auto_memory(repository: Path, home: Path) -> None:
    make_project(
        repository, {".claude/settings.json": json.dumps({"autoMemoryDirectory": str(home / "private")})}
    )
    assert Project(str(repository)).auto.startswith(str(home / ".claude/projects"))
    make_project(
        repository, {".claude/settings.local.json": json.dumps({"autoMemoryDirectory": str(home / "mine")})}
    )
    assert Project(str(repository)).auto == str(home / "mine")


def test_a_long_path_is_cut_as_the_client_cuts_it(tmp_path: Path, home: Path) -> None:
    root = tmp_path.joinpath(*["a-long-folder-name"] * 12)
    root.mkdir(parents=True)
    folder = home / ".claude/projects" / (auto_memory.slug(str(root))[:200] + "-1x2y") / "memory"
    folder.mkdir(parents=True)
    assert Project(str(root)).auto == str(folder)


def test_our_files_lie_outside_a_project_that_has_only_auto_memory(repository: Path, home: Path) -> None:
    auto(home, repository, topic="A note.\n")
    project = find_project(str(repository / "pkg"))
    assert project.has_memory()
    assert project.cache.startswith(str(home / ".claude/plugins/data"))
    assert os.path.dirname(project.log) == os.path.dirname(project.cache)
    (repository / ".claude").mkdir()
    assert find_project(str(repository / "pkg")).cache == f"{repository}/{CACHE}"


def test_an_index_alone_is_no_memory(repository: Path, home: Path) -> None:
    auto(home, repository)
    assert not find_project(str(repository)).has_memory()


@pytest.mark.parametrize("link", [".claude", ".claude/cache", CACHE])
def test_nothing_is_written_through_a_link_that_leads_out(link: str, tmp_path: Path, home: Path) -> None:
    outside = make_project(tmp_path / "outside", {"memory/patterns/a.md": "x", "keep.txt": "x"})
    root = make_project(tmp_path / "p", {"memory-bank/a.md": "x"})
    (root / link).parent.mkdir(parents=True, exist_ok=True)
    (root / link).symlink_to(outside)
    project = Project(str(root))
    project.ensure_cache("state")
    assert project.cache.startswith(str(home))
    assert sorted(path.name for path in outside.iterdir()) == ["keep.txt", "memory"]


def test_hooks_leave_word_where_the_cache_is(
    repository: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = repository / "pkg/web"
    monkeypatch.setenv("CLAUDE_PROJECT_DIR", str(start))
    monkeypatch.setenv("CLAUDE_PLUGIN_DATA", str(home / "data"))
    word = home / "data/projects" / (auto_memory.slug(str(start)) + ".at")
    assert project_of({}) is None
    assert word.read_text() == f"{start}\n\n"
    make_project(repository, NOTE)
    assert project_of({}) is not None
    assert word.read_text() == f"{start}\n{repository}/{CACHE}\n"
