"""Plans of one agent type are published one after the other where nothing else will say which agent takes which.

    starts/<session>/<agent type>/w-<when>-<tool use>   a start waits until the plans before its own are taken

The client starts agents in the order in which their PreToolUse hooks end, and an agent takes the oldest plan that nobody took.
So a hook ends when the plan before its own is taken: then there is one to take. What is not taken in time (the call was refused,
or a person or the client's own check still looks at it) holds nobody up for longer than a moment, and a start waits for three
seconds at most; those that had to wait so long end at a small distance, in their order.
"""

from __future__ import annotations

import os
import time

from memory_budget.base import layout
from memory_budget.base.files import listing, remove, safe_name, touch

#: A plan has this many seconds to be taken; its call may have been refused.
TAKE_SECONDS = 0.5
#: A start waits for so long at most, in seconds, and after that for its turn among those that waited as long. With less
#: than a second some of sixteen agents on a busy machine got a sibling's memory (docs/figures.md).
MOST_SECONDS = 3.0
APART_SECONDS = 0.04
#: One that seems to wait for longer was killed.
_KILLED_SECONDS = 5.0


class Turn:
    """A start's turn to publish a plan: `with Turn(plans, tool_use):` waits for it, and lets the next one publish at its end.

    `plans`: the folder of the session's plans of this agent type. Raises OSError.
    """

    __slots__ = ("_mark", "_name", "_plans")

    def __init__(self, plans: str, tool_use: str) -> None:
        self._plans = plans
        self._name = f"w-{time.time_ns():020}-{safe_name(tool_use)}"
        self._mark = f"{plans}/{self._name}"

    def __enter__(self) -> None:
        touch(self._mark)
        until = time.monotonic() + MOST_SECONDS
        while time.monotonic() < until:
            # In this order, each with a look of its own: a mark goes when its plan is there, so whoever has gone by the
            # first look is seen in the second.
            if not self._before() and not self._untaken():
                return
            time.sleep(0.01)
        until += APART_SECONDS * len(self._before())
        while time.monotonic() < until and self._before():
            time.sleep(0.005)

    def __exit__(self, *_: object) -> None:
        remove(self._mark)

    def _before(self) -> list[str]:
        """The marks of starts that came before this one and wait."""
        return [
            name
            for name in listing(self._plans)
            if name.startswith("w-") and name < self._name and self._age(name) < _KILLED_SECONDS
        ]

    def _untaken(self) -> bool:
        """Whether there is a plan that its own agent may still take."""
        return any(
            name.startswith("c-")
            and not os.path.exists(f"{self._plans}/{name}/{layout.CLAIMED}")
            and self._age(name) < TAKE_SECONDS
            for name in listing(self._plans)
        )

    def _age(self, name: str) -> float:
        """Seconds since a mark or plan was made; a long time for one that is gone, or of a time to come (the clock was set back)."""
        try:
            age = time.time() - os.stat(f"{self._plans}/{name}").st_mtime
        except OSError:
            return 1e9
        return age if age > -1.0 else 1e9
