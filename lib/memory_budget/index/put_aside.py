"""Names of files and folders below a source folder that are no memory: archives, copies of editors, what tools installed."""

from __future__ import annotations

#: Folders, in any case.
_FOLDERS = frozenset(
    (
        "archive archives archived _archive _archives _archived trash _trash node_modules __pycache__ site-packages bower_components"
    ).split()
)
#: Files that the client loads itself, and that are its own.
_CLIENTS = frozenset(("claude.md", "claude.local.md", "agents.md", "gemini.md"))
#: What stands in the names of copies that a synchronisation made of two edits.
_CONFLICTS = (".sync-conflict-", "conflicted copy", "(case conflict", "conflict copy", "(conflict ")
#: How files end that editors and tools leave beside the real one.
_LEAVINGS = (".bak.md", ".orig.md", ".rej.md", ".tmp.md", ".swp.md", "~.md")


def is_aside_folder(name: str) -> bool:
    """Whether a folder of this name is not read: `.trash`, `Archive`, `node_modules`."""
    return name[:1] == "." or name.lower() in _FOLDERS


def is_aside_file(name: str) -> bool:
    """Whether a Markdown file of this name is not read: `.draft.md`, `queue.sync-conflict-20240101.md`, `CLAUDE.md`."""
    lowered = name.lower()
    return (
        lowered[:1] in (".", "#")
        or lowered[:2] == "~$"
        or lowered in _CLIENTS
        or lowered.endswith(_LEAVINGS)
        or ("conflict" in lowered and any(mark in lowered for mark in _CONFLICTS))
    )
