"""Lets one installer at a time do what two would spoil."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from memory_budget.base.errors import BudgetError
from memory_budget.base.optional import FileLock, Timeout
from memory_budget.installer.host import Host


@contextlib.contextmanager
def in_turn(
    host: Host, path: str, seconds: float, step: str, waiting: str, given_up: BudgetError
) -> Iterator[None]:
    """Hold the lock at `path`. While another holds it, `waiting` stands at `step`; `given_up` is raised after `seconds`."""
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        host.busy(step, waiting)
        try:
            lock.acquire(timeout=seconds)
        except Timeout as error:
            raise given_up from error
    try:
        yield
    finally:
        lock.release()
