"""The tier that what an agent read itself pushed a task to, remembered for the next start of the same agent and task.

bumps/<agent and task>    the name of the tier
"""

from __future__ import annotations

import os
import time

from memory_budget.base import layout
from memory_budget.base.files import read_bytes, safe_name, short_hash, write_atomic
from memory_budget.base.project import Project

#: How long a bump is remembered since it was last needed, in seconds.
BUMP_SECONDS = 30 * 86400.0


def task_key(agent: str, description: str, prompt: str) -> str:
    """Names an agent's task: its description as people repeat it, or the prompt where there is none."""
    return short_hash(f"{agent.lower()}\0{' '.join((description or prompt).lower().split())}")


def remember_bump(project: Project, key: str, tier: str) -> None:
    """The next start of this agent and task begins at `tier`. Raises OSError."""
    write_atomic(f"{project.ensure_cache(layout.BUMPS)}/{safe_name(key)}", tier.encode("ascii", "replace"))


def remembered_bump(project: Project, key: str) -> str:
    """The tier that this agent and task were pushed to lately, "" for none."""
    path = project.at(layout.BUMPS, safe_name(key))
    try:
        if time.time() - os.stat(path).st_mtime > BUMP_SECONDS:
            return ""
        return read_bytes(path, 40).decode("ascii", "replace").strip()
    except OSError:
        return ""
