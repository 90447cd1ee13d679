"""Where a user's project keeps memory, and where this plugin keeps its own files in it.

Nothing here creates anything: the cache folder is made by the first room that has something to keep,
through `ensure_cache`, and only in a project that has memory.
"""

from __future__ import annotations

import os

from memory_budget.base import layout
from memory_budget.base.files import write_atomic

MEMORY = ".claude/memory"
NATIVE_PROJECT = ".claude/agent-memory"
NATIVE_LOCAL = ".claude/agent-memory-local"
CACHE = ".claude/cache/memory-budget"
USAGE_LOG = ".claude/cache/budget-usage.jsonl"


class Project:
    """One project folder: absolute paths of what this plugin reads and keeps there."""

    __slots__ = ("cache", "home", "index", "log", "memory", "root")

    def __init__(self, root: str, home: str | None = None) -> None:
        self.root = os.path.abspath(root)
        self.home = home if home is not None else user_home()
        self.memory = self.root + "/" + MEMORY
        self.cache = self.root + "/" + CACHE
        self.index = f"{self.cache}/{layout.INDEX}"
        self.log = self.root + "/" + USAGE_LOG

    def has_memory(self) -> bool:
        """Whether the project keeps memory: one to three stat calls. What the user keeps for an agent in all projects
        (`~/.claude/agent-memory`) joins in there, and makes no files anywhere else."""
        return (
            os.path.isdir(self.memory)
            or os.path.isdir(self.root + "/" + NATIVE_PROJECT)
            or os.path.isdir(self.root + "/" + NATIVE_LOCAL)
        )

    def at(self, *parts: str) -> str:
        """A path below the cache folder: a place of `layout` and the names below it. Nothing is made."""
        return "/".join((self.cache, *parts))

    def writable(self, *parts: str) -> str:
        """The same, in a folder that is made where it is missing. Raises OSError."""
        path = self.at(*parts)
        self.ensure_cache(*path[len(self.cache) + 1 :].split("/")[:-1])
        return path

    def ensure_cache(self, *parts: str) -> str:
        """Make (when missing) and return a folder below the cache folder, which ignores itself for git."""
        folder = self.at(*parts)
        if not os.path.isdir(folder):
            fresh = not os.path.isdir(self.cache)
            os.makedirs(folder, exist_ok=True)
            if fresh:
                write_atomic(self.cache + "/.gitignore", b"*\n")
        return folder


def user_home() -> str:
    """The user's home folder, or "" where there is none to be had."""
    home = os.environ.get("HOME") or os.environ.get("USERPROFILE") or ""
    return home.rstrip("/") if len(home) > 1 else home


def project_of(payload: dict[str, object]) -> Project | None:
    """The project a hook call belongs to, or None when it has no memory.

    `CLAUDE_PROJECT_DIR` stays the session's project even in a worktree; `cwd` follows the agent.
    """
    root = os.environ.get("CLAUDE_PROJECT_DIR") or payload.get("cwd")
    if not isinstance(root, str) or not root or "\0" in root:
        return None
    project = Project(root)
    return project if project.has_memory() else None
