"""The detached tasks: what the module says of them is what there is."""

from __future__ import annotations

import os
from pathlib import Path

from memory_budget.base.project import Project
from memory_budget.upkeep import background
from tests.support.projects import make_project


def test_what_killed_processes_were_writing_goes_after_two_days(tmp_path: Path, home: Path) -> None:
    project = Project(str(make_project(tmp_path / "p", {".claude/memory/a.md": "# A\n"})), str(home))
    outside = tmp_path / "outside"
    outside.mkdir()
    for folder in ("state", "running/s"):
        project.ensure_cache(folder)
    cache = Path(project.cache)
    (cache / "link").symlink_to(outside)
    old = [cache / name for name in ("tuned.json.123.tmp", "state/seen.json.9.tmp", "running/s/a.5.tmp")]
    kept = [cache / "state/sizes.json.8.tmp", cache / "state/mine.tmp", outside / "x.json.7.tmp"]
    for path in (*old, *kept):
        path.write_text("{")
    for path in (*old, *kept[1:]):
        os.utime(path, (1, 1))
    background.main(["session", "--project", project.root])
    assert [path for path in old if path.exists()] == []
    assert [path for path in kept if not path.exists()] == []


def test_the_module_names_every_task_and_no_other() -> None:
    listed = [line.split()[0] for line in str(background.__doc__).split("\n\n")[1].splitlines()]
    assert sorted(listed) == sorted(background.TASKS)
