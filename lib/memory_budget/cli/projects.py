"""Finds the project that a verb works on, which of its memory is not read, and what a glob stands for in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from memory_budget.base import memory_folders
from memory_budget.base.errors import BudgetError
from memory_budget.base.project import Project, find_project
from memory_budget.index.in_force import profiles_in_force
from memory_budget.index.overlooked import overlooked
from memory_budget.index.scan import scan_sources
from memory_budget.index.sources import Sources, sources_of
from memory_budget.settings.names import SCOPES

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
    return overlooked(project, sources_of(project, profiles_in_force(project).profiles), scan)


def files_of_glob(project: Project, scope: str, glob: str) -> int:
    """How many files a glob of a scope stands for."""
    nothing: dict[str, list[str]] = {name: [] for name in SCOPES}
    return len(scan_sources(project, Sources({**nothing, scope: [glob]})).files)
