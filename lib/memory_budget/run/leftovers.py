"""What sessions that are over left in the cache, and files nobody can read."""

from __future__ import annotations

import os
import re
import shutil
import stat
import time

from memory_budget.base import layout
from memory_budget.base.files import PRIVATE, PRIVATE_FOLDER, listing, safe_name
from memory_budget.base.hook_log import log
from memory_budget.base.project import Project
from memory_budget.log import usage

#: Allocations whose client is gone are closed; those nobody can tell about, after this long. So are marks of any kind.
FORGOTTEN_SECONDS = 2 * 86400.0
#: What `base.files.write_atomic` adds to the name of a file while it is written: the process.
_DRAFT = re.compile(r"\.[0-9]+\.tmp$").search
#: Folders with one folder for each session, and those with files of any session.
_BY_SESSION = (layout.STARTS, layout.NOTES, layout.RUNNING)
_FILES = (layout.ENDED, layout.BLOCKS, layout.BOUND, layout.RECORDED)


def tidy(project: Project, session: str) -> None:
    """Remove the marks of a session that is over, and any not touched for two days."""
    for place in _BY_SESSION:
        for name in listing(project.at(place)):
            path = project.at(place, name)
            over = session != "" and name == safe_name(session)
            try:
                if _unused(path) or (over and place != layout.RUNNING):
                    shutil.rmtree(path, ignore_errors=True)
                elif over:
                    os.rmdir(path)  # only when empty: what agents read is wanted until their records stand
            except OSError:
                continue
    for place in _FILES:
        for name in listing(project.at(place)):
            path = project.at(place, name)
            try:
                if _old(path):
                    os.unlink(path)
            except OSError:
                continue


def remove_drafts(project: Project) -> None:
    """Remove files of the cache that processes were writing when they were killed (see `base.files`), once they are two days old."""
    for folder, _, names in os.walk(project.cache):
        for name in filter(_DRAFT, names):
            try:
                if _old(f"{folder}/{name}"):
                    os.unlink(f"{folder}/{name}")
            except OSError:
                continue


def make_private(project: Project) -> None:
    """Take from others what earlier versions left them: the cache folder, and the log with its rotated parts."""
    for path, mode in [(project.cache, PRIVATE_FOLDER), *((path, PRIVATE) for path in usage.files(project))]:
        try:
            status = os.lstat(path)
            if status.st_mode & 0o077 and not stat.S_ISLNK(status.st_mode) and status.st_uid == os.getuid():
                os.chmod(path, mode)
        except OSError:
            continue


def _unused(folder: str) -> bool:
    """Whether a session's folder is old, and so is all that lies in it: what comes and goes in a folder below does not show in
    the folder's own time of change."""
    return _old(folder) and all(_old(f"{folder}/{name}") for name in listing(folder))


def _old(path: str) -> bool:
    return time.time() - os.stat(path).st_mtime > FORGOTTEN_SECONDS


def keep_damaged(project: Project, path: str, problem: str) -> None:
    """Keep a file that is no allocation for a person to look at, out of the way."""
    name = os.path.basename(path)
    try:
        target = project.writable(layout.DAMAGED, name)
        os.replace(path, target)
        log(project, f"{name}: no allocation ({problem}), moved to {target}")
    except OSError:
        pass
