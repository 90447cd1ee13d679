from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from memory_budget.base import layout
from memory_budget.base.errors import BudgetError
from memory_budget.base.project import Project
from memory_budget.upkeep import journal, journal_steps, note_links
from memory_budget.upkeep.journal_steps import NotApplied, Step
from tests.support.children import child
from tests.support.git import git
from tests.support.memory_files import MEMORY, NOW, memory, snapshot
from tests.support.projects import make_project

FILES = {
    "recent/week.md": "# Week\n\nWe chose batching.\n",
    "recent/week.metadata.json": '{"token_count": 7}',
    "specialists/dbt/patterns/a.md": "# A\r\n\r\nbytes \u00e9\n",
    "patterns/kept.md": "# Kept\n",
}


@pytest.fixture
def project(tmp_path: Path, home: Path) -> Project:
    return memory(tmp_path / "p", FILES, home)


def move(project: Project, source: str, target: str) -> Step:
    return Step(
        f"{MEMORY}/{source}", f"{MEMORY}/{target}", journal_steps.content_hash(f"{project.memory}/{source}")
    )


def write(target: str, text: str) -> Step:
    return Step("", f"{MEMORY}/{target}", journal_steps.text_hash(text), text)


def steps(project: Project) -> list[Step]:
    """Two moves into folders that do not exist, a side file, and a file written new."""
    return [
        move(project, "recent/week.md", "archive/recent/week.md"),
        move(project, "recent/week.metadata.json", "archive/recent/week.metadata.json"),
        move(project, "specialists/dbt/patterns/a.md", "archive/specialists/dbt/patterns/a.md"),
        write("intermediate/week.md", "We chose batching.\n"),
    ]


def apply(
    project: Project, own: list[Step] | None = None, at: Callable[[str], None] | None = None
) -> journal.Entry:
    return journal.apply_change(
        project, "archival", "test", own or steps(project), now=NOW, at=at or (lambda place: None)
    )


def places(project: Project, act: Callable[[Callable[[str], None]], object]) -> list[str]:
    found: list[str] = []
    act(found.append)
    return found


def test_a_change_is_made_and_taken_back_byte_for_byte(project: Project) -> None:
    before = snapshot(project)
    entry = apply(project)
    after = snapshot(project)
    assert after["archive/specialists/dbt/patterns/a.md"] == before["specialists/dbt/patterns/a.md"]
    assert after["intermediate/week.md"] == b"We chose batching.\n"
    assert "recent/week.md" not in after
    assert entry.state == journal.APPLIED
    assert journal.undo_change(project, entry).state == journal.UNDONE
    assert snapshot(project) == before


def test_the_plan_is_on_disk_before_the_first_file_moves(project: Project) -> None:
    before = snapshot(project)
    seen: list[tuple[str, dict[str, bytes]]] = []

    def look(place: str) -> None:
        if place == "planned":
            (entry,) = journal.journal_entries(project)
            assert entry.steps == own
            seen.append((entry.state, snapshot(project)))

    own = steps(project)
    apply(project, own, look)
    assert seen == [(journal.APPLYING, before)]


def test_a_failure_at_any_step_leaves_everything_where_it_was(
    project: Project, tmp_path: Path, home: Path
) -> None:
    other = memory(tmp_path / "dry", FILES, home)
    everywhere = places(other, lambda at: apply(other, at=at))
    before = snapshot(project)
    for place in everywhere[:-1]:

        def fail(now: str, place: str = place) -> None:
            if now == place:
                raise OSError(28, "No space left on device")

        with pytest.raises((NotApplied, OSError)):
            apply(project, at=fail)
        if place == "planned":
            journal.recover_changes(project)
        assert snapshot(project) == before, place


def half_written(project: Project) -> list[str]:
    """What lies in the journal's folder besides entries and texts that were taken back."""
    return [name for name in os.listdir(project.at(layout.JOURNAL)) if not name.endswith((".json", ".text"))]


@pytest.mark.parametrize("in_git", [False, True])
def test_killed_at_any_step_nothing_is_lost_and_undo_works(tmp_path: Path, home: Path, in_git: bool) -> None:
    dry = memory(tmp_path / "dry", FILES, home)
    if in_git:
        git(dry.root, "init", "-q")
        git(dry.root, "add", "-A")
    everywhere = places(dry, lambda at: apply(dry, at=at))
    assert len(everywhere) > 6
    for number, place in enumerate(everywhere[1::3] if in_git else everywhere):
        project = memory(tmp_path / str(number), FILES, home)
        if in_git:
            git(project.root, "init", "-q")
            git(project.root, "add", "-A")
        before = snapshot(project)
        killed(lambda at, project=project: apply(project, at=at), place)  # type: ignore[misc]
        contents = set(snapshot(project).values())
        assert contents >= set(before.values()), place
        recovered = journal.recover_changes(project)
        assert half_written(project) == [], place
        if place == "applied":
            assert recovered == []
            journal.undo_change(project, journal.journal_entries(project)[-1])
        assert snapshot(project) == before, place
        assert journal.recover_changes(project) == []
        entry = apply(project)
        journal.undo_change(project, entry)
        assert snapshot(project) == before, place


def test_killed_while_taking_back_it_is_finished_later(tmp_path: Path, home: Path) -> None:
    dry = memory(tmp_path / "dry", FILES, home)
    done = apply(dry)
    for number, place in enumerate(places(dry, lambda at: journal.undo_change(dry, done, at=at))):
        project = memory(tmp_path / str(number), FILES, home)
        before = snapshot(project)
        entry = apply(project)
        killed(lambda at, project=project, entry=entry: journal.undo_change(project, entry, at=at), place)  # type: ignore[misc]
        journal.recover_changes(project)
        assert snapshot(project) == before, place


def test_killed_between_the_two_names_of_a_file(project: Project) -> None:
    before = snapshot(project)
    entry = apply(project)
    moved = entry.steps[0]
    try:
        os.link(f"{project.root}/{moved.target}", f"{project.root}/{moved.source}")
    except OSError as error:
        pytest.skip(f"the file system has no second names: {error}")
    assert journal.undo_change(project, entry).problems == []
    assert snapshot(project) == before


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (lambda base: (base / "recent/week.md").write_text("edited"), "changed"),
        (lambda base: (base / "recent/week.md").unlink(), "gone"),
        (lambda base: ((base / "archive/recent").mkdir(parents=True), (base / "archive/recent/week.md").write_text("x")),
         "exists already"),
        (lambda base: (base / "patterns/kept.md").write_text("edited"), "changed"),
    ],
)  # fmt: skip
def test_a_change_whose_files_are_not_as_they_were_is_not_made(
    project: Project, spoil: Callable[[Path], object], word: str
) -> None:
    own = steps(project)
    kept = {f"{MEMORY}/patterns/kept.md": journal_steps.content_hash(project.memory + "/patterns/kept.md")}
    spoil(Path(project.memory))
    before = snapshot(project)
    with pytest.raises(NotApplied, match=word):
        journal.apply_change(project, "archival", "test", own, now=NOW, unchanged=kept)
    assert snapshot(project) == before


def test_an_edit_while_a_file_is_moved_is_kept_and_the_change_taken_back(project: Project) -> None:
    def edit(place: str) -> None:
        if place == "moved 0":
            with open(f"{project.memory}/archive/recent/week.md", "a", encoding="utf-8") as file:
                file.write("an editor had it open\n")

    with pytest.raises(NotApplied, match="changed while"):
        apply(project, at=edit)
    assert (Path(project.memory) / "recent/week.md").read_text().endswith("an editor had it open\n")
    assert not (Path(project.memory) / "archive").exists()


@pytest.mark.parametrize(
    "path", ["../out.md", f"{MEMORY}/../x.md", f"{MEMORY}//x.md", "/etc/x.md", ".claude/agents/x.md"]
)
def test_no_path_leaves_the_memory_folder(project: Project, path: str) -> None:
    with pytest.raises(NotApplied):
        apply(project, [Step(f"{MEMORY}/patterns/kept.md", path, "")])
    with pytest.raises(NotApplied):
        apply(project, [Step(path, f"{MEMORY}/archive/x.md", "")])


def test_a_linked_folder_that_leads_out_is_refused(project: Project, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (Path(project.memory) / "archive").symlink_to(tmp_path / "out")
    with pytest.raises(NotApplied, match="leads out"):
        apply(project)
    assert list((tmp_path / "out").iterdir()) == []


def test_what_somebody_did_since_is_left_alone(project: Project) -> None:
    entry = apply(project)
    base = Path(project.memory)
    (base / "recent/week.md").write_text("a new week")
    (base / "intermediate/week.md").write_text("a better summary")
    done = journal.undo_change(project, entry)
    assert done.state == journal.PARTLY
    assert len(done.problems) == 2
    assert (base / "recent/week.md").read_text() == "a new week"
    assert (base / "archive/recent/week.md").read_bytes() == FILES["recent/week.md"].encode()
    assert (base / "intermediate/week.md").read_text() == "a better summary"
    (base / "recent/week.md").rename(base / "recent/new.md")
    (base / "intermediate/week.md").unlink()
    assert journal.undo_change(project, done).problems == []
    assert (base / "recent/week.md").read_bytes() == FILES["recent/week.md"].encode()


def test_a_change_is_taken_back_once(project: Project) -> None:
    entry = journal.undo_change(project, apply(project))
    with pytest.raises(BudgetError, match="already"):
        journal.undo_change(project, entry)


def test_git_follows_and_nothing_is_committed(project: Project) -> None:
    git(project.root, "init", "-q")
    git(project.root, "add", f"{MEMORY}/recent", f"{MEMORY}/patterns")
    git(project.root, "commit", "-qm", "first")
    head = git(project.root, "rev-parse", "HEAD")
    entry = apply(project)
    listed = git(project.root, "status", "--porcelain")
    assert f"R  {MEMORY}/recent/week.md -> {MEMORY}/archive/recent/week.md" in listed
    assert git(project.root, "rev-parse", "HEAD") == head
    journal.undo_change(project, entry)
    assert git(project.root, "status", "--porcelain", "--untracked-files=no") == ""


def test_git_keeps_what_is_not_staged_and_a_locked_index_does_no_harm(project: Project) -> None:
    git(project.root, "init", "-q")
    git(project.root, "add", "-A")
    (Path(project.memory) / "recent/week.md").write_text("changed, not staged\n")
    before = snapshot(project)
    entry = apply(project)
    assert "RM" in git(project.root, "status", "--porcelain") or "AM" in git(
        project.root, "status", "--porcelain"
    )
    journal.undo_change(project, entry)
    assert snapshot(project) == before
    (Path(project.root) / ".git/index.lock").touch()
    entry = apply(project)
    assert entry.state == journal.APPLIED
    assert journal.undo_change(project, entry).problems == []
    assert snapshot(project) == before


def test_a_damaged_entry_is_passed_over(project: Project) -> None:
    entry = apply(project)
    (Path(project.cache) / "journal/20200101-000000-0001.json").write_text('{"id": 1')
    (Path(project.cache) / "journal/20200101-000000-0002.json").write_text("[]")
    assert [own.id for own in journal.journal_entries(project)] == [entry.id]


def killed(act: Callable[[Callable[[str], None]], object], place: str) -> None:
    """Run `act` in a process that dies at a place, with no chance to tidy up."""

    def die(now: str) -> None:
        if now == place:
            os.kill(os.getpid(), signal.SIGKILL)

    assert child(lambda: act(die)) == -signal.SIGKILL, place


LINKED = {
    ".claude/memory/recent/queue.md": "# Queue\n\n![d](img/queue.png) and [the broker](./broker.md#setup), "
    "[out](https://x.y/a.md).\n",
    ".claude/memory/recent/broker.md": "# Broker\n\nSee [queue](queue.md) and `[code](queue.md)`.\n",
    ".claude/memory/recent/img/queue.png": "png",
    ".claude/memory/patterns/index.md": "# Notes\n\n- [Queue](../recent/queue.md)\n- [gone](../recent/gone.md)\n\n"
    "[q]: ../recent/queue.md\n",
    "memory-bank/a.md": "See [queue](../.claude/memory/recent/queue.md).\n",
}


def linked_project(tmp_path: Path, home: Path) -> Project:
    return Project(str(make_project(tmp_path / "linked", LINKED)), str(home))


def move_queue(project: Project, **options: Any) -> tuple[journal.Entry, list[str]]:
    source, target = ".claude/memory/recent/queue.md", ".claude/memory/patterns/queue.md"
    moves = [Step(source, target, journal_steps.content_hash(f"{project.root}/{source}"))]
    links, left = note_links.relink(project, moves, [name for name in LINKED if name.endswith(".md")])
    return journal.apply_change(project, "promotion", "queue", [*moves, *links], now=NOW, **options), left


def test_links_are_kept_in_the_same_step_and_undo_restores_them(tmp_path: Path, home: Path) -> None:
    project = linked_project(tmp_path, home)
    root = Path(project.root)
    entry, left = move_queue(project)
    moved = (root / ".claude/memory/patterns/queue.md").read_text()
    assert "![d](../recent/img/queue.png)" in moved
    assert "[the broker](../recent/broker.md#setup), [out](https://x.y/a.md)" in moved
    assert (root / ".claude/memory/recent/broker.md").read_text() == (
        "# Broker\n\nSee [queue](../patterns/queue.md) and `[code](queue.md)`.\n"
    )
    index = (root / ".claude/memory/patterns/index.md").read_text()
    assert "[Queue](queue.md)" in index
    assert "[gone](../recent/gone.md)" in index
    assert "[q]: queue.md" in index
    assert left == ["memory-bank/a.md: 1 link to moved notes"]
    assert journal.undo_change(project, entry).problems == []
    for name, text in LINKED.items():
        assert (root / name).read_text() == text, name


def test_a_note_that_is_saved_while_its_links_are_rewritten_keeps_the_save(
    tmp_path: Path, home: Path
) -> None:
    project = linked_project(tmp_path, home)
    broker = Path(project.root, ".claude/memory/recent/broker.md")

    def save(place: str) -> None:
        if place == "aside" and not broker.exists():
            broker.write_text("saved meanwhile\n")

    with pytest.raises(NotApplied):
        move_queue(project, at=save)
    assert broker.read_text() == "saved meanwhile\n"
    assert (
        Path(project.root, ".claude/memory/recent/queue.md").read_text()
        == LINKED[".claude/memory/recent/queue.md"]
    )


def test_a_save_during_a_move_is_not_lost(tmp_path: Path, home: Path) -> None:
    project = linked_project(tmp_path, home)
    queue = Path(project.root, ".claude/memory/recent/queue.md")
    fresh = queue.with_name("fresh")

    def save(place: str) -> None:
        if place == "aside" and not queue.exists():  # as editors save: a new file takes the old one's name
            fresh.write_text("saved meanwhile\n")
            os.replace(fresh, queue)

    move_queue(project, at=save)
    assert queue.read_text() == "saved meanwhile\n"
    assert "![d]" in Path(project.root, ".claude/memory/patterns/queue.md").read_text()


def test_killed_anywhere_links_come_back(tmp_path: Path, home: Path) -> None:
    dry = linked_project(tmp_path / "dry", home)
    everywhere = places(dry, lambda at: move_queue(dry, at=at)[0])
    for number, place in enumerate(dict.fromkeys(everywhere)):
        project = linked_project(tmp_path / str(number), home)
        before = snapshot(project)
        killed(lambda at, project=project: move_queue(project, at=at), place)  # type: ignore[misc]
        journal.recover_changes(project)
        if place == "applied":
            journal.undo_change(project, journal.journal_entries(project)[-1])
        assert snapshot(project) == before, place
