"""Has installers wait for each other where two at once would do harm."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from memory_budget.base.errors import BudgetError
from memory_budget.base.optional import FileLock, Timeout
from memory_budget.installer.host import Host


@contextlib.contextmanager
def wait_for_turn(
    host: Host, path: str, seconds: float, step: str, waiting: str, given_up: BudgetError
) -> Iterator[None]:
    """Hold the lock at `path`. While another process holds it, the line `step waiting` is shown; after `seconds` of that,
    `given_up` is raised."""
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
