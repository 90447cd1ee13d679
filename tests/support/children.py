"""Code that dies on purpose runs in a child: a copy of the test's process, so that nothing has to start anew."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable


def child(act: Callable[[], object]) -> int:
    """Run `act` in a child and wait for its end. Returns its exit code, or minus the number of the signal it died of.

    The exit code is what `act` returns where that is a number, 0 for anything else, 70 for an exception.
    """
    with warnings.catch_warnings():
        # Threads that libraries left behind are not copied; nothing here waits for one.
        warnings.simplefilter("ignore", DeprecationWarning)
        process = os.fork()
    if process == 0:
        code = 70
        try:
            result = act()
            code = result if isinstance(result, int) else 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
