"""Notices that a person gets once: an empty file per notice in the project's cache."""

from __future__ import annotations

import errno
import os

from memory_budget.base import layout
from memory_budget.base.files import safe_name, short_hash
from memory_budget.base.project import Project

#: Error numbers of a file system that cannot be written.
UNWRITABLE = frozenset({errno.EROFS, errno.ENOSPC, errno.EACCES, errno.EPERM, errno.EDQUOT})


def once(project: Project, key: str) -> bool:
    """True the first time that this is called with this key in this project.

    Where the cache cannot be written, the system's folder for temporary files has the mark.
    """
    try:
        return _first(project.writable(layout.NOTICES, safe_name(key)))
    except OSError:
        pass
    try:
        base = os.environ.get("TMPDIR") or "/tmp"
        folder = f"{base}/memory-budget-{os.getuid()}"
        os.makedirs(folder, 0o700, exist_ok=True)
        return _first(f"{folder}/{short_hash(project.root + chr(0) + key)}")
    except OSError:
        return True


def _first(path: str) -> bool:
    """Make an empty file; False where it exists. Raises OSError."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return False
    return True


def unwritable(project: Project, session: str, error: OSError) -> str:
    """The line that says that the cache cannot be written, "" where this session had it already."""
    if not once(project, f"unwritable-{session}"):
        return ""
    reason = os.strerror(error.errno) if error.errno else str(error)
    return (
        f"{project.cache} cannot be written ({reason}): agents get their memory, but runs are not recorded and the index "
        "is not kept up to date"
    )
