"""Plans of one agent type are published one after the other where nothing else will say which agent takes which.

    starts/<session>/<agent type>/n-<tool use>          a start is about to take its place in the line
    starts/<session>/<agent type>/w-<when>-<tool use>   its place: it waits until the plans before its own are taken

The client starts agents in the order in which their PreToolUse hooks end, and an agent takes the oldest plan that nobody took.
So a hook ends when the plan before its own is taken: then there is one to take. What is not taken in time (the call was refused,
or a person or the client's own check still looks at it) holds nobody up for longer than a moment, and a start waits for three
seconds at most; those that had to wait so long end at a small distance, in their order.

A start that stalls anywhere is still waited for, and one that was killed is not: each holds the system's lock on its `w-` file.
"""

from __future__ import annotations

import os
import time

from memory_budget.base import layout
from memory_budget.base.files import listing, open_own, remove, safe_name, touch

#: A plan has this many seconds to be taken; its call may have been refused.
TAKE_SECONDS = 0.5
#: A start waits for so long at most, in seconds, and after that for its turn among those that waited as long. With less
#: than a second some of sixteen agents on a busy machine got a sibling's memory (docs/figures.md).
MOST_SECONDS = 3.0
APART_SECONDS = 0.04
#: One that takes its place for longer was killed, and so was one that waits for longer where the file system has no locks.
_KILLED_SECONDS = 5.0


class Turn:
    """A start's turn to publish a plan: `with Turn(plans, tool_use):` waits for it, and lets the next one publish at its end.

    `plans`: the folder of the session's plans of this agent type. Raises OSError.
    """

    __slots__ = ("_entry", "_handle", "_mark", "_name", "_plans")

    def __init__(self, plans: str, tool_use: str) -> None:
        self._plans = plans
        name = safe_name(tool_use)
        self._entry = f"{plans}/n-{name}"
        self._handle = -1
        touch(self._entry)
        try:
            # Only now: whoever does not see the file `n-` that was just made took an earlier time than this one.
            self._name = f"w-{time.time_ns():020}-{name}"
            self._mark = f"{plans}/{self._name}"
            self._handle = _locked(self._mark)
        finally:
            remove(self._entry)

    def __enter__(self) -> None:
        until = time.monotonic() + MOST_SECONDS
        while time.monotonic() < until:
            # In this order, each with a look of its own: whoever has his place by the first look is seen in the second, and
            # whoever has gone by the second is seen in the third, for a mark goes when its plan is there.
            if not self._coming() and not self._before() and not self._untaken():
                return
            time.sleep(0.01)
        until += APART_SECONDS * len(self._before())
        while time.monotonic() < until and self._before():
            time.sleep(0.005)

    def __exit__(self, *_: object) -> None:
        remove(self._mark)
        os.close(self._handle)

    def _coming(self) -> bool:
        """Whether a start takes its place at this moment; it may be one before this one's."""
        return any(
            name.startswith("n-") and self._age(name) < _KILLED_SECONDS for name in listing(self._plans)
        )

    def _before(self) -> list[str]:
        """The marks of starts that came before this one and wait."""
        return [
            name
            for name in listing(self._plans)
            if name.startswith("w-") and name < self._name and self._waits(name)
        ]

    def _untaken(self) -> bool:
        """Whether there is a plan that its own agent may still take."""
        return any(
            name.startswith("c-")
            and not os.path.exists(f"{self._plans}/{name}/{layout.CLAIMED}")
            and self._age(name) < TAKE_SECONDS
            for name in listing(self._plans)
        )

    def _waits(self, name: str) -> bool:
        """Whether the process of a mark still runs: the system gives its lock back when it ends, however it ends."""
        import fcntl

        try:
            handle = os.open(f"{self._plans}/{name}", os.O_RDWR)
        except OSError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:  # no locks here
            return self._age(name) < _KILLED_SECONDS
        finally:
            os.close(handle)
        return False

    def _age(self, name: str) -> float:
        """Seconds since a mark or plan was made; a long time for one that is gone, or of a time to come (the clock was set back)."""
        try:
            age = time.time() - os.stat(f"{self._plans}/{name}").st_mtime
        except OSError:
            return 1e9
        return age if age > -1.0 else 1e9


def _locked(path: str) -> int:
    """Make an empty file and lock it, where the file system can. Returns its descriptor. Raises OSError."""
    import fcntl

    handle = open_own(path, os.O_RDWR)
    for _ in range(100):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:  # another start looks whether it is locked
            time.sleep(0.001)
        except OSError:
            break
    return handle
