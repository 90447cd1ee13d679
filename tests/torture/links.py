"""Links in the places where the plugin writes, as a cloned repository can bring them: nothing is written, emptied, moved or
removed where they lead, agents get their memory and runs their record."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path
from typing import NamedTuple

from tests.torture import lived
from tests.torture.scene import Scene

#: What a link leads to: a file of somebody's, a folder with old files in it, nothing yet, itself.
TARGETS = ("file", "folder", "nothing", "itself")


class Outside:
    """What lies outside the project and must stay as it is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kept = folder / "folder"
        for path in (
            folder / "file",
            kept / "old.json",
            kept / "old.md",
            kept / "2020-01-01T000000-daily.log",
        ):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"What {path.name} holds.\n")
            path.chmod(0o640)
            os.utime(path, (1e9, 1e9))
        os.utime(kept, (1e9, 1e9))
        self.before = self.state()

    def state(self) -> dict[str, tuple[int, int, str]]:
        """Mode, time of change and content of everything there."""
        found = {}
        for path in sorted(self.folder.rglob("*")):
            status = path.lstat()
            content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
            found[str(path.relative_to(self.folder))] = (status.st_mode, status.st_mtime_ns, content)
        return found

    def check(self, said: str) -> None:
        assert self.state() == self.before, f"{said}: changed what lies outside the project"


class Places(NamedTuple):
    """What the plugin leaves in a project's cache, relative to `.claude`."""

    files: list[str]
    folders: list[str]


def places() -> Places:
    """Every file and folder that there can be."""
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(Path(folder))
        lived.prepare(scene)
        for act in lived.ALL:
            act(scene)
        base = scene.root / ".claude"
        found = {str(path.relative_to(base)): path.is_dir() for path in (base / "cache").rglob("*")}
    # Below `starts` lie names that nobody can know beforehand: a session's.
    files = {name for name, is_folder in found.items() if not is_folder and "/starts/" not in name}
    files |= {f"cache/memory-budget/index.sqlite{end}" for end in ("-wal", "-shm", "-journal")}
    folders = sorted(name for name, is_folder in found.items() if is_folder)
    return Places(sorted({*files, "cache/budget-usage.jsonl"}), ["cache", *folders])


def replace(scene: Scene, places: list[str], outside: Outside, target: str) -> None:
    """Put links into these places."""
    for place in sorted(places, key=len):
        path = scene.root / ".claude" / place
        if path.parent.is_symlink() or any(above.is_symlink() for above in path.parents):
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(path if target == "itself" else outside.folder / target)


def lives(links: list[str], target: str) -> None:
    """Everything that can happen in a project with links in these places."""
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(Path(folder, "in"))
        outside = Outside(Path(folder, "out"))
        lived.prepare(scene)
        replace(scene, links, outside, target)
        again = Scene(Path(folder, "in"), made=True)  # where the plugin's files lie is looked at anew
        said = f"{', '.join(links[:3])}{' ...' if len(links) > 3 else ''} linked to {target}"
        for act in lived.ALL:
            act(again)
            outside.check(f"{said}: {act.__name__}")
            if act is lived.hooks_write:
                assert len(again.records()) == 2, f"{said}: {len(again.records())} records of 2 runs"


def inner(folders: list[str]) -> list[str]:
    """The folders of the cache, without the cache itself."""
    return [place for place in folders if place.count("/") > 1]


def run(size: int) -> list[str]:
    """Each place by itself, up to `size` of them, and all at once, for each kind of target."""
    found = places()
    every = [*found.files, *found.folders]
    chosen = every[:: max(1, -(-len(every) // size))]
    cases = [([place], target) for place in chosen for target in TARGETS]
    cases += [(links, target) for links in (found.files, inner(found.folders)) for target in TARGETS]
    for links, target in cases:
        lives(links, target)
    return [
        f"{len(cases)} lives of a project with links in {len(chosen)} of {len(every)} places: 0 wrote, moved or removed anything "
        "outside, 0 agents without memory, 0 records lost"
    ]
