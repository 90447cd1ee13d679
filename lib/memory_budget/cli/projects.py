"""Finds the project that a verb works on, and says which of its memory is not read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memory_budget.base import memory_folders
from memory_budget.base.errors import BudgetError
from memory_budget.base.project import Project, find_project
from memory_budget.index.overlooked import overlooked
from memory_budget.index.sources import sources_of
from memory_budget.settings import profiles

if TYPE_CHECKING:
    from memory_budget.index.scan import Scan


def project_with_memory(path: str) -> Project:
    """The project at `path`. Raises BudgetError when it keeps no memory."""
    project = find_project(path)
    if not project.has_memory():
        lines = memory_folders.unread_places(project.root)
        places = ", ".join(memory_folders.LAYOUTS)
        raise BudgetError("\n".join([f"{project.root}: no memory here ({places})", *lines]))
    return project


def unread_memory(project: Project, scan: Scan | None = None) -> list[str]:
    """Why memory that exists is given to no agent, a line each, as at the start of a session."""
    return overlooked(
        project, sources_of(project, profiles.load_profiles(project.root, project.home).profiles), scan
    )
