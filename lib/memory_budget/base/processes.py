"""Which process is the client, and whether it still runs."""

from __future__ import annotations

import os


def client_process() -> list[int]:
    """The client's process id, and when it started in clock ticks since boot (0 where the system does not say)."""
    named = os.environ.get("CLAUDE_PID", "")
    process = int(named) if named.isdecimal() else os.getppid()
    return [process, started_at(process)]


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
