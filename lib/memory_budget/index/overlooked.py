"""Why an agent starts without memory although something that looks like memory is there, and what to do about it.

One line each, the same for the person in a session, for `status`, `index`, `health`, `preview` and the installer:

    .claude/memory leads out of the project (to /srv/notes) and is not read: put "/srv/notes" into "allow_outside" in ...
"""

from __future__ import annotations

import os

from memory_budget.base.memory_folders import LAYOUTS, PROFILES, unread_places
from memory_budget.index.scan import scan
from memory_budget.index.sources import locate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from memory_budget.base.project import Project
    from memory_budget.index.scan import Scan
    from memory_budget.index.sources import Sources

#: Lines for one project, and paths named in one line.
_MOST_LINES, _MOST_PATHS = 4, 3


def overlooked(project: Project, sources: Sources, found: Scan | None = None) -> list[str]:
    """The lines for a project; [] where everything that looks like memory is read."""
    seen = scan(project, sources) if found is None else found
    lines = [_leads_out(project, path) for path in seen.outside[:_MOST_PATHS]]
    if len(seen.outside) > _MOST_PATHS:
        lines.append(f"{len(seen.outside) - _MOST_PATHS} more links lead out of the project and are not read")
    if not seen.files:
        lines += _nothing_read(project, seen)
    return lines[:_MOST_LINES]


def _leads_out(project: Project, path: str) -> str:
    target = os.path.realpath(locate(project, path))
    folder = target if os.path.isdir(target) else os.path.dirname(target)
    return (
        f'{path} leads out of the project (to {target}) and is not read: put "{folder}" into "allow_outside" in {PROFILES} '
        f"or ~/{PROFILES} to have it read"
    )


def _nothing_read(project: Project, seen: Scan) -> list[str]:
    """Why no file at all is read."""
    lines = []
    for path, reason in seen.unreadable[:_MOST_PATHS]:
        lines.append(f"{path} is not read: {reason}")
    if seen.unscoped:
        folders = ", ".join(sorted(seen.unscoped)[:_MOST_PATHS])
        lines.append(
            f'{folders}: {sum(seen.unscoped.values())} Markdown files that no source covers: name them under "sources" in '
            f"{PROFILES}"
        )
    if seen.aside:
        lines.append(
            f"{seen.aside} Markdown files were put aside (dot files, conflict copies, the client's own) and are not read"
        )
    lines += unread_places(project.root)
    if not lines and any(os.path.isdir(f"{project.root}/{folder}") for folder in LAYOUTS):
        names = ", ".join(folder for folder in LAYOUTS if os.path.isdir(f"{project.root}/{folder}"))
        lines.append(
            f"{names}: there is no Markdown to read (files that end with .md, outside folders like archive)"
        )
    return lines
