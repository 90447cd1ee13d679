"""One act of the plugin in a process of its own, with a fault at its n-th step on disk.

    python3 -m tests.torture.child ACT FAULT STEP PROJECT HOME [PAYLOAD]

ACT is a hook's name with its part, or `finish`, `close`. FAULT is `kill` (the process dies there), `full` and `readonly`
(from there on nothing can be written), or `none`. Prints the number of steps as the last line of stderr where it comes
to its end.
"""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

FAULTS = {"full": errno.ENOSPC, "readonly": errno.EROFS}
#: What changes something on disk; `open` where it is for writing.
WRITERS = (
    "open",
    "write",
    "mkdir",
    "rename",
    "replace",
    "unlink",
    "rmdir",
    "ftruncate",
    "fsync",
    "posix_spawn",
)
#: What a full disk still allows.
FREE = ("unlink", "rmdir", "ftruncate", "posix_spawn", "fsync")


class Fault:
    """Counts steps, and does its worst at one of them."""

    def __init__(self, kind: str, at: int) -> None:
        self.kind = kind
        self.at = at
        self.steps = 0

    def step(self, name: str) -> None:
        self.steps += 1
        if self.kind == "none" or self.steps < self.at:
            return
        if self.kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if name == "posix_spawn" or (self.kind == "full" and name in FREE):
            return
        code = FAULTS[self.kind]
        raise OSError(code, os.strerror(code))


def install(fault: Fault) -> None:
    """Have every writer of `os` pass by the fault. Standard streams stay whole."""

    def wrap(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            if name == "open":
                flags = arguments[1] if len(arguments) > 1 else named.get("flags", 0)
                if not flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
                    return original(*arguments, **named)
            if not (name == "write" and arguments[0] in (1, 2)):
                fault.step(name)
            return 0 if name == "posix_spawn" else original(*arguments, **named)

        return call

    for name in WRITERS:
        setattr(os, name, wrap(name, getattr(os, name)))


def main(argv: list[str]) -> None:
    act, kind, at, root, home, *rest = argv
    from memory_budget.base.project import Project

    fault = Fault(kind, int(at))
    install(fault)
    answer = perform(act, Project(root, home), json.loads(rest[0]) if rest else {})
    os.write(1, answer)
    sys.stderr.write(f"{fault.steps}\n")


def perform(act: str, project: Any, payload: dict[str, Any]) -> bytes:
    """Do one thing. Returns what a hook's process would print."""
    from memory_budget.base import fastjson

    answer: Any = None
    if act == "finish":
        from unittest.mock import patch

        from memory_budget.run import finish, lost_prompts

        with patch.object(finish, "WAIT_SECONDS", 0.05), patch.object(lost_prompts, "PATIENCE", 0.05):
            finish.finish(project, payload)
    elif act == "close":
        from memory_budget.run import finish

        finish.close(project)
    else:
        from memory_budget.base import hook
        from memory_budget.run import hooks as later
        from memory_budget.start import hooks as first

        name, _, part = act.partition(":")
        handlers: dict[str, Any] = {
            "pre": first.pre_tool_use,
            "start": lambda project, payload: first.subagent_start(project, payload, int(part)),
            "post": later.post_tool_use,
            "stop": later.subagent_stop,
        }
        try:
            answer = handlers[name](project, payload)
        except Exception as error:  # as every hook does it
            line = hook.failure(project, error, payload=payload)
            answer = {"systemMessage": line} if line else None
    return answer if isinstance(answer, bytes) else fastjson.encode(answer or {})


def parsed(printed: bytes) -> dict[str, Any]:
    """What a hook's process printed, as the client reads it. Raises ValueError where that is no JSON object in UTF-8."""
    answer = json.loads(printed.decode("utf-8"))
    if not isinstance(answer, dict):
        raise ValueError(f"{answer!r}: no JSON object")
    return answer


if __name__ == "__main__":
    main(sys.argv[1:])
