"""What every hook does around its work: read one JSON value, answer with one or with nothing, always exit 0.

Whatever goes wrong inside, the agent starts with its own prompt, the person gets one line, and the log says why.
A hook that exits 2 would block the agent; nothing here can.
"""

from __future__ import annotations

import gc
import os
import sys

from memory_budget.base import fastjson
from memory_budget.base.files import write_all
from memory_budget.base.memory_folders import unread_places
from memory_budget.base.project import Project, project_of, told_first, user_home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Any

    #: What the client passes to a hook, and the hook's answer: JSON objects both.
    Payload = dict[str, Any]
    Answer = dict[str, Any] | None


#: What a failure means where memory was to be delivered.
WITHOUT = "this agent goes on without its memory"


def text_field(payload: Payload, key: str) -> str:
    """A field of text; "" where it is missing or of another type."""
    value = payload.get(key)
    return value if isinstance(value, str) else ""


def message(lines: list[str]) -> Answer:
    """An answer that shows lines to the person and nothing to an agent; None without lines."""
    return {"systemMessage": "memory-budget: " + " / ".join(lines)} if lines else None


def run_hook(
    handler: Callable[[Project, Payload], Answer | bytes], means: str = WITHOUT, *, quiet: bool = False
) -> None:
    """Do one hook call. Ends the process: whatever a handler leaves open needs no closing.

    `means`: what a failure means for the person; `quiet`: it is logged, and the person is not told.
    """
    gc.disable()  # the process ends before collecting anything would pay
    project: Project | None = None
    value: object = None
    answer: Answer | bytes = None  # as an object, or as the JSON that is printed
    try:
        value = fastjson.loads(_read_all(0))
        if isinstance(value, dict):
            project = project_of(value)
            if project is not None:
                answer = handler(project, value)
            else:
                answer = _unread(value)
    except Exception as error:
        line = failure(project, error, means, value)
        answer = {"systemMessage": line} if line and not quiet else None
    if answer:
        try:
            write_all(1, answer if isinstance(answer, bytes) else fastjson.encode(answer))
        except (OSError, ValueError):
            pass
    sys.stderr = None  # nothing is left that could print
    os._exit(0)


def _unread(payload: Payload) -> Answer:
    """One line a session where a project without memory holds something that looks like it."""
    if payload.get("hook_event_name") not in ("SessionStart", "PreToolUse"):
        return None
    root = os.environ.get("CLAUDE_PROJECT_DIR") or payload.get("cwd")
    lines = unread_places(root) if isinstance(root, str) and root.startswith("/") and "\0" not in root else []
    session = payload.get("session_id")
    if not lines or not told_first(str(root), session if isinstance(session, str) else "", user_home()):
        return None
    return message(lines)


def failure(
    project: Project | None, error: BaseException, means: str = WITHOUT, payload: object = None
) -> str:
    """Log a failure and give the line for the person; "" where the cause is a cache that cannot be written, and this
    session was told."""
    if project is not None and isinstance(error, OSError):
        from memory_budget.base import notices

        if error.errno in notices.UNWRITABLE and isinstance(payload, dict):
            line = notices.unwritable(project, text_field(payload, "session_id"), error)
            return f"memory-budget: {line}" if line else ""
    reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    reason = " ".join(reason.split())[:300]
    where = ""
    if project is not None:
        import traceback

        from memory_budget.base.hook_log import log

        try:
            log(project, "".join(traceback.format_exception(error)))
            where = "; see .claude/cache/memory-budget/logs/hooks.log"
        except OSError:
            pass
    return f"memory-budget: {means} ({reason}){where}"


def _read_all(handle: int) -> bytes:
    parts: list[bytes] = []
    while True:
        part = os.read(handle, 1 << 16)
        if not part:
            return b"".join(parts)
        parts.append(part)


class Unwritable:
    """A context for bookkeeping that a disk may refuse: it is full, read-only or failing, or a file is where a folder should be.

    Then the rest of the block is skipped, `written` is False, and `lines` gets one line for the person. Errors that no disk
    gives are raised.
    """

    __slots__ = ("lines", "project", "session", "written")

    def __init__(self, project: Project, session: str, lines: list[str]) -> None:
        self.project = project
        self.session = session
        self.lines = lines
        self.written = True

    def __enter__(self) -> Unwritable:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if not isinstance(error, OSError):
            return False
        from memory_budget.base import notices

        self.written = False
        if error.errno not in notices.UNWRITABLE:
            from memory_budget.base import hook_log

            try:
                hook_log.log(self.project, f"bookkeeping failed: {type(error).__name__}: {error}")
            except OSError:
                pass  # the line below says it
        line = notices.unwritable(self.project, self.session, error)
        if line:
            self.lines.append(line)
        return True
