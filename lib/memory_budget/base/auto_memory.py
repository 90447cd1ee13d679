"""The client's own memory of a project: `~/.claude/projects/SLUG/memory/`, found as the client finds it.

SLUG is the path of the project's git root with every character that is no letter or digit a `-`; all worktrees of a
repository share one. `autoMemoryDirectory` in the policy's, the local or the user's settings names another folder (in the
project's own settings it counts for nothing), `autoMemoryEnabled: false` switches it off, and so do environment variables:

    CLAUDE_CODE_DISABLE_AUTO_MEMORY     1: off
    CLAUDE_COWORK_MEMORY_PATH_OVERRIDE  the folder itself
    CLAUDE_CODE_REMOTE_MEMORY_DIR       stands for ~/.claude
    CLAUDE_CODE_PROJECT_DIR_NAME        stands for SLUG
"""

from __future__ import annotations

import os

from memory_budget.base import fastjson
from memory_budget.base.files import read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

#: The client's index of the folder. It loads the first lines itself, so this file is never sent.
INDEX_FILE = "MEMORY.md"
#: Letters of a slug that are kept; of a longer one a hash follows that only the client can make.
_SLUG_LIMIT = 200
_SETTINGS_LIMIT = 1_000_000
_POLICIES = (
    "/etc/claude-code/managed-settings.json",
    "/Library/Application Support/ClaudeCode/managed-settings.json",
)
_ON = frozenset(("1", "true", "yes", "on"))


def client_folder(home: str, environ: Mapping[str, str] = os.environ) -> str:
    """The client's folder of settings and plugins: `~/.claude` unless `CLAUDE_CONFIG_DIR` names another."""
    return environ.get("CLAUDE_CONFIG_DIR") or home + "/.claude"


def slug(path: str) -> str:
    """A path as the client names a folder after it: `/home/a/my.app` -> `-home-a-my-app`."""
    return "".join([sign if sign.isascii() and sign.isalnum() else "-" for sign in path])


def git_root(start: str) -> str:
    """The nearest folder at or above `start` that holds `.git`; "" for none."""
    folder = start
    while folder:
        if os.path.lexists(folder + "/.git"):
            return folder
        above = os.path.dirname(folder)
        if above == folder:
            break
        folder = above
    return ""


def main_checkout(root: str) -> str:
    """The main checkout of a git worktree; "" where `root` is none, or is the main checkout itself."""
    link = root + "/.git"
    if os.path.isdir(link):
        return ""
    try:
        text = read_bytes(link, 4096).decode()
        folder = os.path.join(root, text.removeprefix("gitdir:").strip())
        common = read_bytes(folder + "/commondir", 4096).decode().strip()
    except (OSError, UnicodeDecodeError):
        return ""  # no worktree: a submodule has no such file
    git = os.path.normpath(os.path.join(folder, common))
    main, name = os.path.split(git)
    return main if name == ".git" and os.path.isdir(main) else ""


def auto_memory_folder(root: str, home: str) -> str:
    """The folder of a project's auto memory, whether or not it is there; "" where it is switched off."""
    switch = os.environ.get("CLAUDE_CODE_DISABLE_AUTO_MEMORY", "").lower()
    if switch in _ON or not home:
        return ""
    override = os.environ.get("CLAUDE_COWORK_MEMORY_PATH_OVERRIDE", "")
    if override:
        return _absolute(override, home)
    enabled, named_folder = _settings(root, home)
    if not enabled and not switch:
        return ""
    if named_folder:
        return named_folder
    base = os.environ.get("CLAUDE_CODE_REMOTE_MEMORY_DIR") or client_folder(home)
    top = git_root(root)
    top = (main_checkout(top) or top) if top else root
    name = os.environ.get("CLAUDE_CODE_PROJECT_DIR_NAME", "")
    names = [name] if name else dict.fromkeys([slug(top), slug(os.path.realpath(top))])
    paths = [f"{base}/projects/{_cut(base, folder_name)}/memory" for folder_name in names]
    return next((path for path in paths if os.path.isdir(path)), paths[0])


def _cut(base: str, name: str) -> str:
    """A slug as the client writes it: of a long one the beginning, and what the client put behind it."""
    if len(name) <= _SLUG_LIMIT:
        return name
    start = name[:_SLUG_LIMIT] + "-"
    try:
        return next(
            (entry for entry in sorted(os.listdir(base + "/projects")) if entry.startswith(start)), start
        )
    except OSError:
        return start


def _settings(root: str, home: str) -> tuple[bool, str]:
    """Whether auto memory is on, and the folder that settings name for it ("" for none)."""
    enabled: object = None
    named_folder = ""
    # This file comes with a repository, so it may not say which folder is read.
    shared = root + "/.claude/settings.json"
    for path in (
        *_POLICIES,
        root + "/.claude/settings.local.json",
        shared,
        client_folder(home) + "/settings.json",
    ):
        try:
            data = read_bytes(path, _SETTINGS_LIMIT)
        except OSError:
            continue
        if b"autoMemory" not in data:
            continue
        try:
            value = fastjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
        except ValueError:
            continue
        if not isinstance(value, dict):
            continue
        if enabled is None and isinstance(value.get("autoMemoryEnabled"), bool):
            enabled = value["autoMemoryEnabled"]
        folder = value.get("autoMemoryDirectory")
        if isinstance(folder, str) and not named_folder and path != shared:
            named_folder = _absolute(folder, home)
    return enabled is not False, named_folder


def _absolute(path: str, home: str) -> str:
    """A path of the settings; "" where it is relative."""
    if path.startswith("~/"):
        path = home + path[1:]
    return os.path.normpath(path) if path.startswith("/") and "\0" not in path else ""


def notes_in(path: str) -> bool:
    """Whether a folder holds a note besides its index."""
    try:
        names = os.listdir(path) if path else []
    except OSError:
        return False
    return any(name.lower().endswith(".md") and name != INDEX_FILE for name in names)
