"""Why files that look like memory are not read, and what to do about it: a line each.

The same lines are shown at a session's start and by `status`, `index`, `health`, `preview` and the installer:

    .claude/memory leads out of the project (to /srv/notes) and is not read: put "/srv/notes" into "allow_outside" in ...
"""

from __future__ import annotations

import os

from memory_budget.base.memory_folders import LAYOUTS, PROFILES, unread_places
from memory_budget.index.scan import scan_sources

TYPE_CHECKING = False
if TYPE_CHECKING:
    from memory_budget.base.project import Project
    from memory_budget.index.scan import Scan
    from memory_budget.index.sources import Sources

#: Lines for one project, and paths named in one line.
_MOST_LINES, _MOST_PATHS = 4, 3
#: Entries of a folder that are looked at for Markdown in it.
_MOST_LOOKED = 5_000


def overlooked(project: Project, sources: Sources, scan: Scan | None = None) -> list[str]:
    """The lines for a project; [] where everything that looks like memory is read."""
    result = scan_sources(project, sources) if scan is None else scan
    lines = [_leads_out(project, path) for path in result.outside[:_MOST_PATHS]]
    if len(result.outside) > _MOST_PATHS:
        lines.append(
            f"{len(result.outside) - _MOST_PATHS} more links lead out of the project and are not read"
        )
    if not result.files:
        lines += _nothing_read(project, result)
    return lines[:_MOST_LINES]


def _leads_out(project: Project, path: str) -> str:
    target = os.path.realpath(project.locate_file(path))
    folder = target if os.path.isdir(target) else os.path.dirname(target)
    return (
        f'{path} leads out of the project (to {target}) and is not read: put "{folder}" into "allow_outside" in {PROFILES} '
        f"or ~/{PROFILES} to have it read"
    )


def _nothing_read(project: Project, scan: Scan) -> list[str]:
    """Why no file at all is read."""
    lines = []
    for path, reason in scan.unreadable[:_MOST_PATHS]:
        lines.append(f"{path} is not read: {reason}")
    if scan.unscoped:
        folders = ", ".join(sorted(scan.unscoped)[:_MOST_PATHS])
        lines.append(
            f'{folders}: {sum(scan.unscoped.values())} Markdown files that no source covers: name them under "sources" in '
            f"{PROFILES}"
        )
    if scan.aside:
        lines.append(
            f"{scan.aside} Markdown files were put aside (dot files, conflict copies, the client's own) and are not read"
        )
    lines += unread_places(project.root)
    if not lines:
        folders_with_markdown = [
            folder for folder in LAYOUTS if _has_markdown_below(f"{project.root}/{folder}")
        ]
        if folders_with_markdown:
            lines.append(
                f"{', '.join(folders_with_markdown)}: all Markdown there was put aside (folders like archive, dot folders) and is not read"
            )
    return lines


def _has_markdown_below(folder: str) -> bool:
    """Whether Markdown lies anywhere below a folder, as far as a short look tells."""
    looked = 0
    for _, folders, names in os.walk(folder):
        looked += len(names) + len(folders)
        if any(name.lower().endswith(".md") for name in names):
            return True
        if looked > _MOST_LOOKED:
            break
    return False
