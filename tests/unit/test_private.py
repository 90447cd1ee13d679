"""What the plugin writes is for the user alone, links are not followed, and what people own keeps its mode."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from memory_budget.base import layout
from memory_budget.base.files import write_atomic, write_shared
from memory_budget.base.project import Project
from memory_budget.run import leftovers
from memory_budget.upkeep import journal_steps
from tests.support.projects import make_project
from tests.torture import links, lived
from tests.torture.scene import Scene


@pytest.fixture
def open_umask() -> Iterator[None]:
    """Nothing is private because of the umask."""
    before = os.umask(0)
    yield
    os.umask(before)


def mode(path: Path | str) -> int:
    return stat.S_IMODE(os.lstat(path).st_mode)


@pytest.mark.usefixtures("open_umask")
def test_every_place_is_private_to_the_user(tmp_path: Path) -> None:
    scene = Scene(tmp_path)
    lived.prepare(scene)
    seen = set()
    for act in lived.ALL:
        act(scene)
        seen |= lived.places(scene.project)
        cache = Path(scene.project.cache)
        found = [Path(scene.project.log), cache, *cache.rglob("*")]
        shown = {path: oct(mode(path)) for path in found if path.exists()}
        wrong = {
            str(path): shown[path] for path in shown if shown[path] != ("0o700" if path.is_dir() else "0o600")
        }
        assert wrong == {}
    assert {path for path, *_ in layout.PLACES} - seen == set()


@pytest.mark.parametrize("target", links.TARGETS)
def test_no_link_in_the_cache_is_followed(target: str) -> None:
    found = links.places()
    links.lives(found.files, target)
    links.lives(links.inner(found.folders), target)


@pytest.mark.parametrize(
    "place", ["cache", "cache/memory-budget", "cache/memory-budget/blocks", "cache/budget-usage.jsonl"]
)
def test_no_link_above_what_is_written_is_followed(place: str) -> None:
    links.lives([place], "folder")


def test_a_log_that_is_a_link_within_the_project_is_followed(tmp_path: Path) -> None:
    root = make_project(tmp_path / "p", {".claude/memory/a.md": "# A\n", "logs/usage.jsonl": ""})
    (root / ".claude/cache").mkdir()
    (root / ".claude/cache/budget-usage.jsonl").symlink_to(root / "logs/usage.jsonl")
    assert Project(str(root)).log == str(root / "logs/usage.jsonl")


@pytest.mark.usefixtures("open_umask")
def test_what_people_own_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    write_shared(str(path), b"{}")
    assert mode(path) == 0o666  # as the umask has it
    for own in (0o600, 0o640, 0o664, 0o755):
        path.chmod(own)
        write_shared(str(path), b"{}")
        assert mode(path) == own
    write_atomic(str(path), b"{}")
    assert mode(path) == 0o600


@pytest.mark.usefixtures("open_umask")
@pytest.mark.parametrize("own", [0o600, 0o644, 0o664])
def test_a_memory_file_that_a_job_edits_keeps_its_mode(tmp_path: Path, own: int) -> None:
    note = make_project(tmp_path / "p", {".claude/memory/a.md": "# A\n"}) / ".claude/memory/a.md"
    project = Project(str(tmp_path / "p"), str(tmp_path))
    note.chmod(own)
    hash_ = journal_steps.content_hash(str(note))
    journal_steps.edit(project, ".claude/memory/a.md", hash_, "# B\n", "1")
    assert (note.read_text(), mode(note)) == ("# B\n", own)
    step = journal_steps.Step("", ".claude/memory/b.md", "", "# New\n")
    journal_steps.create(project, step, "2", journal_steps.no_break)
    assert mode(note.with_name("b.md")) == 0o666  # as the umask has it


def test_what_an_earlier_version_left_open_is_made_private(tmp_path: Path) -> None:
    project = Project(str(make_project(tmp_path / "p", {".claude/memory/a.md": "# A\n"})), str(tmp_path))
    cache = Path(project.ensure_cache())
    rotated = Path(project.log).with_name("budget-usage-2026-10-01-2026-10-31.jsonl")
    other = Path(project.log).with_name("budget-usage-copy.jsonl")
    for path in (Path(project.log), rotated, other):
        path.write_text("")
        path.chmod(0o644)
    cache.chmod(0o755)
    leftovers.make_private(project)
    assert [mode(path) for path in (cache, Path(project.log), rotated, other)] == [0o700, 0o600, 0o600, 0o644]
