"""Every verb of the command line on a disk that is full, or nearly, or cannot be written: it says so in a sentence, ends with 1
where something was not done, and leaves nothing half written.

A small disk of its own is mounted where that is allowed. Where it is not, a limit of the size of files does for a full one.
"""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from memory_budget.base import layout
from memory_budget.base.project import Project
from memory_budget.upkeep import journal
from tests.support import hooks
from tests.support.children import child
from tests.support.environment import ROOT
from tests.support.usage_logs import record, write_log
from tests.torture import lived
from tests.torture.scene import Scene

VERBS: tuple[tuple[str, ...], ...] = (
    ("run", "daily"),
    ("run", "weekly"),
    ("run", "monthly"),
    ("run", "report"),
    ("report",),
    ("report", "--json"),
    ("report", "--html", "report.html"),
    ("tune",),
    ("tune", "--apply"),
    ("maintain",),
    ("maintain", "--all"),
    ("undo",),
    ("index",),
    ("index", "--rebuild"),
    ("doctor",),
    ("status",),
    ("health",),
    ("duplicates",),
    ("profiles", "suggest", "--apply"),
    ("sources", "add", "docs"),
    ("preview", "--agent", "dbt-expert", "--prompt", "Write up the incremental models."),
)
#: Kilobytes that are left on the disk; None: it cannot be written at all.
ROOM: tuple[int | None, ...] = (0, 8, 64, 512, None)
_DISK_KB = 16_384


class Disk:
    """A folder on a disk that can be made full, or read only."""

    def __init__(self, folder: Path, mounted: bool) -> None:
        self.folder = folder
        self.mounted = mounted

    @contextlib.contextmanager
    def with_room(self, kilobytes: int | None) -> Iterator[Callable[[], None] | None]:
        """So much room, meanwhile. Gives what a program is to do before it starts."""
        if not self.mounted:
            limit = (kilobytes or 0) * 1024
            yield lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
            return
        filler = self.folder / "filler"
        if kilobytes is None:
            subprocess.run(["mount", "-o", "remount,ro", str(self.folder)], check=True)
        else:
            free = os.statvfs(self.folder)
            size = max(0, free.f_bavail * free.f_frsize - kilobytes * 1024)
            with open(filler, "wb") as file:
                os.posix_fallocate(file.fileno(), 0, max(1, size))
        try:
            yield None
        finally:
            if kilobytes is None:
                subprocess.run(["mount", "-o", "remount,rw", str(self.folder)], check=True)
            else:
                filler.unlink()


@contextlib.contextmanager
def small_disk(mount: bool) -> Iterator[Disk]:
    """A disk of 16 MB where one may be mounted (and `mount` asks for it), else an ordinary folder."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = ["mount", "-t", "tmpfs", "-o", f"size={_DISK_KB}k", "tmpfs", folder]
        mounted = mount and shutil.which("mount") is not None
        mounted = mounted and subprocess.run(command, capture_output=True).returncode == 0
        try:
            yield Disk(Path(folder), mounted)
        finally:
            if mounted:
                subprocess.run(["umount", "-l", folder], check=True)


class Used:
    """A project in which much happened, and a copy of it to start from again."""

    def __init__(self, disk: Disk, kept: Path) -> None:
        self.disk = disk
        self.kept = kept
        self.folder = disk.folder / "in"
        assert child(self.live) == 0  # what hooks leave open is closed with their process
        scene = Scene(self.folder, made=True)
        now = datetime.now()
        days = [now - timedelta(days=day) for day in range(40)]
        write_log(
            Path(scene.project.log),
            [record(timestamp=day.isoformat(), allocation_id=f"{day:%j}") for day in days],
        )
        (scene.root / "docs").mkdir()
        (scene.root / "docs/note.md").write_text("# Note\n\nOf the docs.\n")
        (scene.root / lived.COPY).write_text((scene.root / ".claude/memory/patterns/hiring.md").read_text())
        self.root, self.home = scene.root, scene.home
        assert not self.command(("run", "weekly"), None).stderr
        assert list(Path(scene.project.at(layout.PROPOSALS)).iterdir())
        shutil.copytree(self.folder, kept, symlinks=True)

    def live(self) -> None:
        scene = Scene(self.folder)
        lived.prepare(scene)
        for act in lived.ALL:
            act(scene)

    def again(self) -> None:
        shutil.rmtree(self.folder)
        shutil.copytree(self.kept, self.folder, symlinks=True)

    def command(
        self, words: tuple[str, ...], before: Callable[[], None] | None
    ) -> subprocess.CompletedProcess[str]:
        program = [sys.executable, "-I", str(ROOT / "lib/memory_budget/__main__.py"), *words]
        environment = hooks.environ(self.root, self.home, TMPDIR=str(self.folder))
        return subprocess.run(
            [*program, "--project", str(self.root)],
            cwd=self.root,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            preexec_fn=before,
        )

    def contents(self) -> list[bytes]:
        """What memory says, wherever it lies."""
        return sorted(path.read_bytes() for path in (self.root / ".claude/memory").rglob("*.md"))

    def check(self, said: str) -> None:
        """Nothing is half written: everything on disk can be read, and memory says what it said."""
        project = Project(str(self.root), str(self.home))
        for entry in journal.journal_entries(project):
            assert entry.state in (journal.APPLIED, journal.UNDONE, journal.APPLYING, journal.UNDOING), said
        journal.recover_changes(project)
        kept = sorted(path.read_bytes() for path in (self.kept / "project/.claude/memory").rglob("*.md"))
        assert self.contents() == kept, f"{said}: memory does not say what it said"
        for path in self.root.rglob("*.json"):
            if path.parent.name != "ended" and path.name != "x.json":
                json.loads(path.read_bytes())
        left = [str(path) for path in self.root.rglob("*.tmp")]
        assert left == [], f"{said}: {left}"
        page = self.root / "report.html"
        assert not page.exists() or page.read_text().rstrip().endswith("</html>"), f"{said}: half a page"
        with closing(sqlite3.connect(project.index)) as index:
            (whole,) = index.execute("PRAGMA integrity_check").fetchone()
        assert whole == "ok", f"{said}: the index: {whole}"


def words_of(done: subprocess.CompletedProcess[str]) -> str:
    return f"exit {done.returncode}; {done.stdout[-300:]}{done.stderr[-600:]}"


def verb(used: Used, words: tuple[str, ...], room: int | None) -> bool:
    """One verb with so much room. Returns whether something could not be done."""
    used.again()
    with used.disk.with_room(room) as before:
        done = used.command(words, before)
    said = f"{' '.join(words)} with {'a disk that cannot be written' if room is None else f'{room} KB left'}"
    assert "Traceback" not in done.stdout + done.stderr, f"{said}: {words_of(done)}"
    assert done.returncode in (0, 1), f"{said}: {words_of(done)}"
    if done.stderr:
        assert done.returncode == 1, f"{said}: {words_of(done)}"
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        assert len(lines) == 1, f"{said}: {words_of(done)}"
        assert lines[0].startswith("memory-budget: "), f"{said}: {words_of(done)}"
    used.check(said)
    if words == ("doctor",) and used.disk.mounted and (room is None or room < 100):
        assert "disk" in done.stdout, f"{said}: nothing of it; {words_of(done)}"
    return done.returncode == 1


def every_verb(
    verbs: tuple[tuple[str, ...], ...], rooms: tuple[int | None, ...], *, mount: bool = True
) -> list[str]:
    """Every verb with every room. Raises AssertionError with all that does not hold; returns the counts."""
    failures, refused, count = [], 0, 0
    with small_disk(mount) as disk, tempfile.TemporaryDirectory() as kept:
        used = Used(disk, Path(kept, "kept"))
        for words in verbs:
            for room in rooms:
                if room is None and not disk.mounted:
                    continue
                count += 1
                try:
                    refused += verb(used, words, room)
                except AssertionError as error:
                    failures.append(str(error))
        kind = "a disk of its own" if disk.mounted else "a limit of the size of files"
    assert not failures, f"{len(failures)} of {count}: " + "\n".join(failures[:40])
    return [
        f"{count} calls of {len(verbs)} verbs on {kind}, {refused} of them could not do all: 0 tracebacks, 0 other exit codes, "
        "0 files half written, 0 notes changed"
    ]


def run(size: int) -> list[str]:
    """Every verb (at most `size` of them) on a full, a nearly full and a read-only disk."""
    return every_verb(VERBS[:size], ROOM)
