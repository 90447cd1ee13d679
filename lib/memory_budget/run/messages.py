"""What a hook's answer tells the person: its own lines, and the notes left since the last one."""

from __future__ import annotations

import os

from memory_budget.base import layout
from memory_budget.base.files import listing, read_bytes, safe_name
from memory_budget.base.hook import message, text_field
from memory_budget.base.project import Project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from memory_budget.base.hook import Answer, Payload


def take_notes(project: Project, session: str) -> list[str]:
    """The lines left for the person. Each is given out once."""
    folder = project.at(layout.NOTES, safe_name(session))
    lines = []
    for name in listing(folder):
        if name.endswith(".tmp"):
            continue
        path = f"{folder}/{name}"
        try:
            text = read_bytes(path).decode("utf-8", "replace")
            os.unlink(path)
        except OSError:
            continue  # another hook tells it
        if text:
            lines.append(text)
    try:
        os.rmdir(folder)  # nobody looks for notes where there is no folder
    except OSError:
        pass
    return lines


def tell(project: Project, payload: Payload, name: str, lines: Sequence[str]) -> Answer:
    """The answer that shows lines to the person, and the notes left so far. The client shows no message of a hook that
    runs inside an agent: there the lines become notes. `name`: unlike any other's."""
    session = text_field(payload, "session_id")
    if payload.get("agent_id"):
        from memory_budget.run.notes import leave_note

        for number, line in enumerate(lines):
            try:
                leave_note(project, session, f"{name}-{number}", line)
            except OSError:
                break  # a cache that cannot be written is told of by the main thread's hooks
        return None
    return message([*take_notes(project, session), *lines])
