"""A process killed while it makes the index anew, at any moment: use counts stay, and every start has memory. A person who saves
notes while jobs move them, at any step: every save and every note stays."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

from memory_budget.base.project import Project
from memory_budget.index import build, update
from memory_budget.index import rebuild as rebuilding
from memory_budget.upkeep import journal
from memory_budget.upkeep.journal_steps import NotApplied, Step, content_hash, text_hash
from tests.support import hooks
from tests.support.children import child
from tests.support.environment import ROOT
from tests.support.projects import make_project
from tests.torture.damage import more_notes
from tests.torture.scene import Scene

PLACES = ("filled", "side-wal", "side-shm", "side-journal", "replaced")
MEMORY = ".claude/memory"
NOTES = {
    "recent/queue.md": "# Queue\n\nIt drains at night; see [the broker](broker.md).\n",
    "recent/broker.md": "# Broker\n\nBeside [the queue](queue.md).\n",
    "patterns/old.md": "# Old\n\nTwo old words.\n",
}


class Counted:
    """A project whose index holds use counts that nothing can make again."""

    def __init__(self, folder: Path) -> None:
        self.scene = Scene(folder)
        more_notes(self.scene)
        data = self.scene.home / "plugin-data"
        data.mkdir()
        (data / "interpreter").write_text("/bin/true\n")  # nothing is done behind the back
        update.update_index(self.scene.project)
        with closing(sqlite3.connect(self.scene.project.index)) as index, index:
            for number in range(40):
                index.execute(
                    "INSERT INTO file_uses VALUES(?, ?, 9, '[]')", (f"{MEMORY}/a{number}.md", number)
                )
                index.execute("INSERT INTO uses VALUES(?, ?, 9, '[]')", (number, number))
        self.counts = self.uses()
        self.number = 0

    def uses(self) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(self.scene.project.index)) as index:
            return [
                *index.execute("SELECT path, uses FROM file_uses ORDER BY path"),
                *index.execute("SELECT hash, uses FROM uses ORDER BY hash"),
            ]

    def start(self, said: str) -> None:
        """An agent's start, in a process of its own: what it leaves open is closed with it."""
        self.number += 1
        call = self.scene.call(self.number, context=False)
        prompt = str(hooks.run("pre_tool_use", call, self.scene.root, self.scene.home).prompt)
        assert "merge on" in prompt, f"{said}: no memory"

    def kill_at(self, place: str) -> None:
        """Have a rebuild die where the state on disk has just changed."""

        def die(here: str) -> None:
            if here == place:
                os.kill(os.getpid(), signal.SIGKILL)

        def dying() -> None:
            real = rebuilding.rebuild
            with patch.object(build, "make_anew", lambda project, fill: real(project, fill, die)):
                update.update_index(self.scene.project, rebuild=True)

        assert child(dying) == -signal.SIGKILL, place

    def kill_after(self, seconds: float) -> bool:
        """Have a rebuild die after so long. Returns whether it was still at it."""
        command = [sys.executable, "-I", str(ROOT / "lib/memory_budget/__main__.py"), "index", "--rebuild"]
        process = subprocess.Popen(
            [*command, "--project", str(self.scene.root)],
            env=hooks.environ(self.scene.root, self.scene.home),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        time.sleep(seconds)
        process.kill()
        return process.wait() == -signal.SIGKILL

    def check(self, said: str) -> None:
        self.start(said)
        update.update_index(self.scene.project)
        assert self.uses() == self.counts, f"{said}: use counts are not what they were"
        left = [name for name in os.listdir(self.scene.project.cache) if ".new" in name]
        assert left == [], f"{said}: {left}"


def rebuilds_killed(times: int, places: Iterable[str] = PLACES) -> int:
    """Kill rebuilds at each place and at `times` random moments. Returns how many were killed."""
    kills = 0
    with tempfile.TemporaryDirectory() as folder:
        counted = Counted(Path(folder))
        for place in places:
            counted.kill_at(place)
            counted.check(f"a rebuild killed at {place}")
            kills += 1
        rng = random.Random(1)
        for _ in range(times):
            seconds = rng.uniform(0.05, 1.2)
            while not counted.kill_after(seconds):  # it was done, for it is quick or this process was held up
                seconds /= 2
            kills += 1
            counted.check(f"a rebuild killed after {seconds:.2f} s")
    return kills


# -- saves while notes are moved


def save_in_place(path: Path, text: str) -> None:
    with open(path, "a", encoding="utf-8") as file:
        file.write(text)


def save_by_rename(path: Path, text: str) -> None:
    """As most editors save: a new file takes the old one's name."""
    fresh = path.with_name("." + path.name + ".swp")
    fresh.write_text(text)
    os.replace(fresh, path)


SAVES: dict[str, Callable[[Path, str], None]] = {"in place": save_in_place, "by a rename": save_by_rename}


def change(project: Project, at: Callable[[str], None]) -> None:
    """One change of each kind: a move, an edit of a link to what moves, and a new note."""
    hashes = {name: content_hash(f"{project.memory}/{name}") for name in NOTES}
    broker = NOTES["recent/broker.md"]
    edited = broker.replace("(queue.md)", "(../patterns/queue.md)")
    fresh = "# New\n\nOf two old ones.\n"
    steps = [
        Step(f"{MEMORY}/recent/queue.md", f"{MEMORY}/patterns/queue.md", hashes["recent/queue.md"]),
        Step(
            f"{MEMORY}/recent/broker.md",
            f"{MEMORY}/recent/broker.md",
            hashes["recent/broker.md"],
            edited,
            broker,
        ),
        Step(f"{MEMORY}/patterns/old.md", f"{MEMORY}/archive/patterns/old.md", hashes["patterns/old.md"]),
        Step("", f"{MEMORY}/patterns/new.md", text_hash(fresh), fresh),
    ]
    journal.apply_change(project, "torture", "everything", steps, now=1.8e9, at=at)


def everywhere() -> list[str]:
    """The places of such a change, in order, each once for every time it is passed."""
    passed: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        change(noted(Path(folder)), passed.append)
    return passed


def noted(folder: Path) -> Project:
    root = make_project(folder / "project", {f"{MEMORY}/{name}": text for name, text in NOTES.items()})
    return Project(str(root), str(folder))


def saved_at(step: int, name: str, how: str) -> bool:
    """Save a note at the `step`-th place of a change. Returns whether the note stood there at that moment."""
    passed, done = 0, False
    with tempfile.TemporaryDirectory() as folder:
        project = noted(Path(folder))
        path = Path(project.memory, name)
        mark = f"saved at step {step}\n"

        def save(_: str) -> None:
            nonlocal passed, done
            passed += 1
            if passed == step and (path.exists() or how == "by a rename"):
                path.parent.mkdir(parents=True, exist_ok=True)
                SAVES[how](path, mark)
                done = True

        try:
            change(project, save)
        except NotApplied:
            pass
        said = f"{name} saved {how} at step {step}"
        check_kept(project, name, how, mark if done else "", said)
        for entry in journal.journal_entries(project):
            if entry.state == journal.APPLIED:
                journal.undo_change(project, entry)
        journal.recover_changes(project)
        check_kept(project, name, how, mark if done else "", f"{said}, then taken back")
    return done


def check_kept(project: Project, saved: str, how: str, mark: str, said: str) -> None:
    """Everything that was ever in memory is somewhere on disk, and what was saved in memory itself."""
    files = [path for path in Path(project.root).rglob("*") if path.is_file() and path.suffix != ".json"]
    texts = {path: path.read_text() for path in files}
    assert not mark or any(mark in text for path, text in texts.items() if path.suffix == ".md"), (
        f"{said}: the save is lost"
    )
    for name, text in NOTES.items():
        if os.path.basename(name) == os.path.basename(saved) and how == "by a rename" and mark:
            continue  # the person's own save replaced it
        core = text.partition("(")[0]
        assert any(core in found for found in texts.values()), f"{said}: {name} is lost"


def moves_saved(steps: Iterable[int]) -> int:
    """Save every note in each way at these places. Returns how often a save met a change."""
    names = [*NOTES, "patterns/queue.md", "archive/patterns/old.md"]
    return sum(saved_at(step, name, how) for step in steps for name in names for how in SAVES)


def run(size: int) -> list[str]:
    """`size` rebuilds killed at random moments, and saves at every place of a change."""
    kills = rebuilds_killed(size)
    places = len(everywhere())
    saves = moves_saved(range(1, places + 1))
    return [
        f"{kills} rebuilds killed ({len(PLACES)} at a place, the others at random): 0 use counts lost, 0 starts without memory",
        f"{saves} saves at {places} places of a change of memory, two ways: 0 saves and 0 notes lost",
    ]
