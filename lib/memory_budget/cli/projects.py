"""The project that a verb works on."""

from __future__ import annotations

from memory_budget.base.errors import BudgetError
from memory_budget.base.project import Project, find_project


def project_with_memory(path: str) -> Project:
    """The project at `path`. Raises BudgetError when it keeps no memory."""
    project = find_project(path)
    if not project.has_memory():
        raise BudgetError(f"{project.root}: no memory here (.claude/memory or .claude/agent-memory)")
    return project
