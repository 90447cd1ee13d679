"""What a person should be told once: a mark per notice in the project's cache."""

from __future__ import annotations

import os

from memory_budget.base import layout
from memory_budget.base.files import safe_name
from memory_budget.base.project import Project


def once(project: Project, key: str) -> bool:
    """True the first time this key is asked for in this project: for what a person should be told once."""
    try:
        project.ensure_cache(layout.NOTICES)
        os.close(os.open(notice_path(project, key), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
    except OSError:
        return False
    return True


def notice_path(project: Project, key: str) -> str:
    """The file that is there once `once` was asked for this key."""
    return project.at(layout.NOTICES, safe_name(key))
