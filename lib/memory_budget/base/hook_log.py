"""The hooks' log: why an agent went without its memory, and what failed where nobody watched."""

from __future__ import annotations

import os
import time

from memory_budget.base import layout
from memory_budget.base.files import open_own
from memory_budget.base.project import Project

LOG_LIMIT = 1_000_000


def log(project: Project, text: str) -> None:
    """Add to the hooks' log, which starts anew past a megabyte (one older copy is kept). Raises OSError."""
    path = project.writable(layout.HOOKS_LOG)
    try:
        if os.stat(path).st_size > LOG_LIMIT:
            os.replace(path, path + ".1")
    except OSError:
        pass
    stamp = time.strftime("%Y-%m-%d %H:%M:%S")
    handle = open_own(path, os.O_WRONLY | os.O_APPEND)
    try:
        os.write(handle, f"{stamp} [{os.getpid()}] {text.rstrip()}\n".encode("utf-8", "replace"))
    finally:
        os.close(handle)
