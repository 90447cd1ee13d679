"""Which process is the client, whether it still runs, and how work in the background lets agents go first."""

from __future__ import annotations

import os
import time


def client_process() -> list[int]:
    """The client's process id, and when it started in clock ticks since boot (0 where the system does not say)."""
    process_id = os.environ.get("CLAUDE_PID", "")
    process = int(process_id) if process_id.isdecimal() else os.getppid()
    return [process, started_at(process)]


#: Linux tells how it shares the processor between sessions here: each gets the same, whatever runs in it.
_SESSION_SHARE = "/proc/self/autogroup"
#: Steps of niceness: a tenth of what a process that waits for nobody gets.
BEHIND = 10


def let_others_go_first() -> None:
    """Give a detached process a low priority, and its session one where the system shares the processor by session: such a
    process has a session of its own, and its priority counts only among its own. Any other process stays as it is: its
    session is a person's, or the client's."""
    if not hasattr(os, "getsid") or os.getsid(0) != os.getpid():
        return
    os.nice(BEHIND)
    for _ in range(5):
        try:
            handle = os.open(_SESSION_SHARE, os.O_WRONLY)
        except OSError:
            return
        try:
            os.write(handle, str(BEHIND).encode())
            return
        except BlockingIOError:  # the kernel takes ten of these a second
            time.sleep(0.12)
        except OSError:
            return
        finally:
            os.close(handle)


def started_at(process: int) -> int:
    """When a process started, in clock ticks since boot; 0 where the system does not say.

    From field 22 of Linux's /proc/PID/stat; the program's name, field 2, may contain blanks and brackets.
    """
    try:
        handle = os.open(f"/proc/{process}/stat", os.O_RDONLY)
    except OSError:
        return 0
    try:
        return int(os.read(handle, 2000).rpartition(b")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return 0
    finally:
        os.close(handle)
