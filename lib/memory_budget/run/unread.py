"""Tells the person, once a session, that memory is there which no agent gets, and why."""

from __future__ import annotations

import os

from memory_budget.base import layout
from memory_budget.base.files import safe_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from memory_budget.base.project import Project


def unread_lines(project: Project, session: str) -> list[str]:
    """The lines for a session that has not been told yet; [] where all memory is read."""
    from memory_budget.index.in_force import profiles_in_force
    from memory_budget.index.overlooked import overlooked
    from memory_budget.index.sources import sources_of

    lines = overlooked(project, sources_of(project, profiles_in_force(project).profiles))
    return lines if lines and _is_first(project, session) else []


def _is_first(project: Project, session: str) -> bool:
    """True the first time in a session. Where no mark can be made, the line is told again rather than never."""
    try:
        path = project.writable(layout.STARTS, safe_name(session), layout.UNREAD)
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return False
    except OSError:
        pass
    return True
