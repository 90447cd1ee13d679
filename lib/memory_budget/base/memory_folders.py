"""The folders that are read as memory without a setting. To have another layout read, add a line here.

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

#: Folders that often hold notes: named where a project has no memory yet.
LIKELY = ("memory-bank", "docs/memory", "docs", "notes")

#: The profiles file, where sources are named.
PROFILES = MEMORY + "/budget-profiles.json"
#: Places that are named in one line.
_MOST_PATHS = 3

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


def has_any(root: str) -> bool:
    """Whether a folder holds any of the layouts: a stat call for each."""
    return any(os.path.isdir(f"{root}/{folder}") for folder in LAYOUTS)


def look_alikes(root: str) -> list[str]:
    """What in a folder looks like memory and lies in none of the layouts: files, and folders that hold Markdown."""
    names = []
    for name in LOOK_ALIKES:
        path = f"{root}/{name}"
        if name.lower().endswith(".md"):
            if os.path.isfile(path):
                names.append(name)
        elif os.path.isdir(path) and _holds_markdown(path):
            names.append(name)
    return names


def _holds_markdown(folder: str) -> bool:
    """Whether Markdown lies in a folder or right below it."""
    try:
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)[:500]
        names = [entry.name for entry in listed]
        for entry in listed[:50]:
            if entry.is_dir(follow_symlinks=False):
                names += os.listdir(entry.path)[:200]
    except OSError:
        return False
    return any(name.lower().endswith(".md") for name in names)


def unread_places(root: str) -> list[str]:
    """A line that names what looks like memory and is not read; [] where there is nothing of the kind."""
    names = look_alikes(root)
    if not names:
        return []
    first = names[0]
    glob = first if first.lower().endswith(".md") else f"{first}/**/*.md"
    return [
        f"{', '.join(names[:_MOST_PATHS])} looks like memory and is not read: move it to {MEMORY}, or put "
        f'"{glob}" under "sources", "global" in {PROFILES}'
    ]
