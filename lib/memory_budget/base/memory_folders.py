"""The places where memory lies that need no setting. To have another layout read, add a line here.

A place is a folder below a project, with a name for it that `status` shows. Which of its files go to which agent is said by
`index.sources`; the client's own auto memory, which lies outside the project, is found by `base.auto_memory`.
"""

from __future__ import annotations

import os

MEMORY = ".claude/memory"
NATIVE_PROJECT = ".claude/agent-memory"
NATIVE_LOCAL = ".claude/agent-memory-local"

#: Folder below the project -> what people call this layout.
LAYOUTS = {
    MEMORY: "project memory",
    NATIVE_PROJECT: "agent memory, shared",
    NATIVE_LOCAL: "agent memory, private",
    "memory-bank": "memory bank",
    "docs/memory": "memory in docs",
}

#: Folders and files that look like memory and are in none of these places: named when an agent gets nothing.
LOOK_ALIKES = (
    ".memory-bank",
    ".claude/memory-bank",
    ".claude/memories",
    ".claude/notes",
    ".claude/knowledge",
    ".claude/MEMORY.md",
    ".claude/memory.md",
    "memory_bank",
    "memory",
    "memories",
    "MEMORY.md",
    "docs/memory-bank",
    ".serena/memories",
    ".cursor/memory-bank",
    ".github/memory",
)


def folders_in(root: str) -> list[str]:
    """The layouts that a folder holds, as they are written in `LAYOUTS`: a stat call for each."""
    return [folder for folder in LAYOUTS if os.path.isdir(f"{root}/{folder}")]


def has_any(root: str) -> bool:
    """Whether a folder holds any of them."""
    return any(os.path.isdir(f"{root}/{folder}") for folder in LAYOUTS)
