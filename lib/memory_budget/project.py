"""Where things lie in a user's project, and the small file habits every room shares.

Nothing here creates anything: the cache folder is made by the first room that has something to keep,
through `ensure_cache`, and only in a project that has memory.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MEMORY = ".claude/memory"
NATIVE_PROJECT = ".claude/agent-memory"
NATIVE_LOCAL = ".claude/agent-memory-local"
CACHE = ".claude/cache/memory-budget"
USAGE_LOG = ".claude/cache/budget-usage.jsonl"

#: Characters that may stand in a file name made from a name that came from outside.
_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


class Project:
    """One project folder: absolute paths of what this plugin reads and keeps there."""

    __slots__ = ("cache", "home", "index", "log", "memory", "root")

    def __init__(self, root: str, home: str | None = None) -> None:
        self.root = os.path.abspath(root)
        self.home = home if home is not None else user_home()
        self.memory = self.root + "/" + MEMORY
        self.cache = self.root + "/" + CACHE
        self.index = self.cache + "/index.sqlite"
        self.log = self.root + "/" + USAGE_LOG

    def has_memory(self) -> bool:
        """Whether the project keeps memory: one to three stat calls. What the user keeps for an agent in all projects
        (`~/.claude/agent-memory`) joins in there, and makes no files anywhere else."""
        return (
            os.path.isdir(self.memory)
            or os.path.isdir(self.root + "/" + NATIVE_PROJECT)
            or os.path.isdir(self.root + "/" + NATIVE_LOCAL)
        )

    def ensure_cache(self, *parts: str) -> str:
        """Make (when missing) and return a folder below the cache folder, which ignores itself for git."""
        folder = "/".join((self.cache, *parts))
        if not os.path.isdir(folder):
            fresh = not os.path.isdir(self.cache)
            _make_folder(folder)
            if fresh:
                write_atomic(self.cache + "/.gitignore", b"*\n")
        return folder


def _make_folder(path: str) -> None:
    """Make a folder and those above it where they are missing. (`os.makedirs` would be all that a start wants of `os` and
    its C half does not have.) Raises OSError."""
    try:
        os.mkdir(path)
    except FileNotFoundError:
        _make_folder(path.rpartition("/")[0])
        _make_folder(path)
    except FileExistsError:  # another process was first
        if not os.path.isdir(path):
            raise


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


def safe_name(text: str, limit: int = 80) -> str:
    """A file name that stands for `text`: the same text gives the same name, no text leaves its folder."""
    if 0 < len(text) <= limit and _SAFE.issuperset(text):
        return text
    kept = "".join(c if c in _SAFE else "_" for c in text[: limit - 17])
    return kept + "-" + digest(text)


def digest(text: str | bytes, size: int = 8) -> str:
    """Hexadecimal BLAKE2b of `text`, `size` bytes of it."""
    from _blake2 import blake2b

    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return blake2b(data, digest_size=size).hexdigest()


def write_atomic(path: str, data: bytes) -> None:
    """Write a whole file so that a reader sees the old one or the new one, never a part.

    Raises OSError; the half-written neighbour is removed.
    """
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(handle, view) :]
        finally:
            os.close(handle)
        os.replace(temporary, path)
    except OSError:
        try:
            os.unlink(temporary)
        except OSError:
            pass
        raise


def read_bytes(path: str, limit: int = -1) -> bytes:
    """The content of a file, at most `limit` bytes of it. Raises OSError.

    `os.read` in a loop: the `io` stack would cost a start hook more than the read.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        size = os.fstat(handle).st_size
        wanted = size + 1 if limit < 0 else min(limit, size + 1)
        parts = []
        while wanted > 0:
            part = os.read(handle, wanted)
            if not part:
                break
            parts.append(part)
            wanted -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)
    finally:
        os.close(handle)


def flush_folder(folder: str) -> None:
    """Have the names in a folder on disk, where the file system can. Raises OSError when the folder cannot be opened."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:
        pass  # not every file system can
    finally:
        os.close(handle)


def listing(folder: str) -> Iterator[str]:
    """Names in a folder in sorted order; nothing for a folder that cannot be read."""
    try:
        names = os.listdir(folder)
    except OSError:
        return iter(())
    return iter(sorted(names))
