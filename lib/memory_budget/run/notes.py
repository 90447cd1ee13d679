"""Lines left for the person until a hook comes by whose message is shown.

notes/<session>/<name>    one line
"""

from __future__ import annotations

from memory_budget.base import layout
from memory_budget.base.files import safe_name, write_atomic
from memory_budget.base.project import Project


def leave_note(project: Project, session: str, name: str, text: str) -> None:
    """Have a line told by the next hook of this session whose message a person sees. Raises OSError."""
    data = text.encode("utf-8", "replace")
    path = note_path(project, session, name)
    for attempt in range(10):
        project.ensure_cache(layout.NOTES, safe_name(session))
        try:
            write_atomic(path, data)
            return
        except FileNotFoundError:  # the hook that told the last note removed the folder this moment
            if attempt == 9:
                raise


def note_path(project: Project, session: str, name: str) -> str:
    """The file that holds a note until it is told."""
    return project.at(layout.NOTES, safe_name(session), safe_name(name))
