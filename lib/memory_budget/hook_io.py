"""What every hook does around its work: read one JSON value, answer with one or with nothing, always exit 0.

Whatever goes wrong inside, the agent starts with its own prompt, the person gets one line, and the log says why.
A hook that exits 2 would block the agent; nothing here can.
"""

from __future__ import annotations

import gc
import os
import sys
import time

from memory_budget import fastjson
from memory_budget.project import Project, project_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Payload = dict[str, Any]
    Answer = dict[str, Any] | None

LOG_LIMIT = 1_000_000


def run(handler: Callable[[Project, Payload], Answer], *, quiet: bool = False) -> None:
    """Do one hook call. Ends the process: whatever a handler leaves open needs no closing.

    `quiet`: a failure is logged, and the person is not told.
    """
    gc.disable()  # the process ends before collecting anything would pay
    project: Project | None = None
    answer: Answer = None
    try:
        value = fastjson.loads(_read_all(0))
        if isinstance(value, dict):
            project = project_of(value)
            if project is not None:
                answer = handler(project, value)
    except Exception as error:
        line = failure(project, error)
        answer = None if quiet else {"systemMessage": line}
    if answer:
        try:
            write_all(1, fastjson.encode(answer))
        except (OSError, ValueError):
            pass
    sys.stderr = None  # nothing is left that could print
    os._exit(0)


def failure(project: Project | None, error: BaseException) -> str:
    """Log a failure and give the line for the person."""
    reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    reason = " ".join(reason.split())[:300]
    where = ""
    if project is not None:
        import traceback

        try:
            log(project, "".join(traceback.format_exception(error)))
            where = "; see .claude/cache/memory-budget/logs/hooks.log"
        except OSError:
            pass
    return f"memory-budget: this agent goes on without its memory ({reason}){where}"


def log(project: Project, text: str) -> None:
    """Add to the hooks' log, which starts anew past a megabyte (one older copy is kept). Raises OSError."""
    path = project.ensure_cache("logs") + "/hooks.log"
    try:
        if os.stat(path).st_size > LOG_LIMIT:
            os.replace(path, path + ".1")
    except OSError:
        pass
    stamp = time.strftime("%Y-%m-%d %H:%M:%S")
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(handle, f"{stamp} [{os.getpid()}] {text.rstrip()}\n".encode("utf-8", "replace"))
    finally:
        os.close(handle)


def message(lines: list[str]) -> Answer:
    """An answer that shows lines to the person and nothing to any agent; None where there are none."""
    return {"systemMessage": "memory-budget: " + " / ".join(lines)} if lines else None


def once(project: Project, key: str) -> bool:
    """True the first time this key is asked for in this project: for what a person should be told once."""
    try:
        project.ensure_cache("notices")
        os.close(os.open(notice_path(project, key), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
    except OSError:
        return False
    return True


def notice_path(project: Project, key: str) -> str:
    """The file that is there once `once` was asked for this key."""
    from memory_budget.project import safe_name

    return f"{project.cache}/notices/{safe_name(key)}"


def _read_all(handle: int) -> bytes:
    parts: list[bytes] = []
    while True:
        part = os.read(handle, 1 << 16)
        if not part:
            return b"".join(parts)
        parts.append(part)


def write_all(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def text(payload: Payload, key: str) -> str:
    """A field that should be text; "" when it is missing or something else."""
    value = payload.get(key)
    return value if isinstance(value, str) else ""
