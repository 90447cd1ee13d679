"""Where a user's project is, where it keeps memory, and where this plugin keeps its own files.

Nothing here creates anything: the cache folder is made by the first room that has something to keep,
through `ensure_cache`, and only in a project that has memory.
"""

from __future__ import annotations

import os

from memory_budget.base import auto_memory, layout, memory_folders
from memory_budget.base.files import own_folder, read_bytes, short_hash, write_atomic
from memory_budget.base.memory_folders import MEMORY

CACHE = ".claude/cache/memory-budget"
USAGE_LOG = ".claude/cache/budget-usage.jsonl"
PLUGIN_DATA = "memory-budget-memory-budget"


class Project:
    """One project folder: absolute paths of what this plugin reads and keeps there.

    `cache` and `log` lie in the project's `.claude/cache`; in the plugin's data folder where the project's only memory is
    the client's own (and it has no `.claude`), or where `.claude` is a link that leads out of the project. A log that is such
    a link is left alone, and another one kept in `cache`.
    """

    __slots__ = ("_auto", "_looked_through", "cache", "home", "index", "log", "memory", "root")

    def __init__(self, root: str, home: str | None = None) -> None:
        self.root = os.path.abspath(root)
        self.home = home if home is not None else user_home()
        self.memory = self.root + "/" + MEMORY
        self._auto: str | None = None
        self._looked_through = False
        project_cache = (
            self.root if self._keeps_files() else _data_folder(self.home) + "/projects/" + _short(self.root)
        )
        self.cache = project_cache + "/" + (CACHE if project_cache == self.root else "memory-budget")
        self.index = f"{self.cache}/{layout.INDEX}"
        name = USAGE_LOG.rpartition("/")[2]
        self.log = project_cache + "/" + (USAGE_LOG if project_cache == self.root else name)
        if os.path.islink(self.log):
            real = os.path.realpath(self.log)
            self.log = real if self._holds(real) else f"{self.cache}/{name}"

    @property
    def auto(self) -> str:
        """The folder of the client's own memory of this project, whether or not it is there; "" where it is off."""
        if self._auto is None:
            self._auto = auto_memory.auto_memory_folder(self.root, self.home)
        return self._auto

    @property
    def auto_shown(self) -> str:
        """The same as it is shown: `~/.claude/projects/...`."""
        inside = self.home and self.auto.startswith(self.home + "/")
        return "~" + self.auto[len(self.home) :] if inside else self.auto

    @property
    def kept_inside(self) -> bool:
        """Whether this plugin's files lie in the project."""
        return self.cache.startswith(self.root + "/")

    def _keeps_files(self) -> bool:
        """Whether the project is the place for this plugin's files."""
        names = (self.root + "/.claude", self.root + "/.claude/cache", self.root + "/" + CACHE)
        if any(map(os.path.islink, names)):
            return self._holds(os.path.realpath(names[2]))
        if os.path.isdir(names[0]) or memory_folders.has_any(self.root):
            return True
        return not auto_memory.notes_in(self.auto)

    def _holds(self, real: str) -> bool:
        """Whether a real path lies in the project."""
        return real.startswith(os.path.realpath(self.root).rstrip("/") + "/")

    def has_memory(self) -> bool:
        """Whether there is memory for this project. What the user keeps for an agent in all projects
        (`~/.claude/agent-memory`) joins in there, and makes no files anywhere else."""
        return memory_folders.has_any(self.root) or auto_memory.notes_in(self.auto)

    def locate_file(self, shown: str) -> str:
        """The location on disk of a path as shown: relative to the project, below `~/`, or absolute."""
        if shown.startswith("~/"):
            return self.home + shown[1:]
        return shown if shown.startswith("/") else self.root + "/" + shown

    def at(self, *parts: str) -> str:
        """A path below the cache folder: a place of `layout` and the names below it. Nothing is made."""
        return "/".join((self.cache, *parts))

    def writable(self, *parts: str) -> str:
        """The same, in a folder that is made where it is missing. Raises OSError."""
        path = self.at(*parts)
        self.ensure_cache(*path[len(self.cache) + 1 :].split("/")[:-1])
        return path

    def ensure_cache(self, *parts: str) -> str:
        """Make (when missing) and return a folder below the cache folder, which is private to the user and ignores itself for
        git. Nothing below it is a link: one that a cloned repository brought is removed, and what it leads to stays as it is.
        Raises OSError."""
        folder = self.cache
        if not os.path.isdir(folder):
            above = os.path.dirname(folder)
            if not os.path.isdir(above):
                os.makedirs(os.path.dirname(above), exist_ok=True)
                own_folder(above)
            own_folder(folder)
            write_atomic(folder + "/.gitignore", b"*\n")
        if not self._looked_through:
            self._looked_through = True
            _remove_links(folder)
        for name in "/".join(parts).split("/") if parts else ():
            folder += "/" + name
            if not os.path.isdir(folder) or os.path.islink(folder):
                own_folder(folder)
        return folder


def _remove_links(folder: str) -> None:
    """Remove the links in a folder of this plugin, in which files are written and old ones removed. Raises OSError."""
    with os.scandir(folder) as entries:
        links = [entry.path for entry in entries if entry.is_symlink()]
    for path in links:
        os.unlink(path)


def user_home() -> str:
    """The user's home folder, "" where the environment names none."""
    home = os.environ.get("HOME") or os.environ.get("USERPROFILE") or ""
    return home.rstrip("/") if len(home) > 1 else home


def _data_folder(home: str) -> str:
    """The plugin's data folder (see `installation.data_folder`)."""
    plugin_data = os.environ.get("CLAUDE_PLUGIN_DATA") or os.environ.get("MEMORY_BUDGET_DATA")
    return plugin_data or f"{auto_memory.client_folder(home)}/plugins/data/{PLUGIN_DATA}"


def _short(root: str) -> str:
    """A folder's name for a project: its slug, and what tells it from another of the same slug."""
    return f"{auto_memory.slug(root)[-80:].strip('-')}-{short_hash(root, 4)}"


def find_project(start: str, home: str | None = None) -> Project:
    """The project that a folder belongs to: the nearest folder at or above it with memory, up to the git root; for a git
    worktree without memory of its own the main checkout; else the git root, which may have auto memory."""
    start = os.path.abspath(start)
    home = home if home is not None else user_home()
    top = auto_memory.git_root(start)
    root = _nearest(start, top, home)
    if not root and top:
        main = auto_memory.main_checkout(top)
        if main:
            root = _nearest(main + start[len(top) :], main, home)
    return Project(root or top or start, home)


def _nearest(start: str, top: str, home: str) -> str:
    """The nearest folder with memory from `start` up to `top`, or up to what belongs to somebody else; "" for none. A home
    folder is a project only for a session that runs in it: the `.claude` in it is the user's."""
    folder = start
    owner = _owner(start)
    while True:
        if folder != start and (folder == home or os.path.isdir(folder + "/.claude/projects")):
            return ""
        if memory_folders.has_any(folder):
            return folder
        above = os.path.dirname(folder)
        if folder == top or above == folder or (not top and _owner(above) != owner):
            return ""
        folder = above


def _owner(folder: str) -> int:
    try:
        return os.stat(folder).st_uid
    except OSError:
        return -1


def project_of(payload: dict[str, object]) -> Project | None:
    """The project a hook call belongs to, or None when it has no memory.

    `CLAUDE_PROJECT_DIR` stays the session's project even in a worktree; `cwd` follows the agent.
    """
    root = os.environ.get("CLAUDE_PROJECT_DIR") or payload.get("cwd")
    if not isinstance(root, str) or not root or "\0" in root:
        return None
    project = find_project(root)
    result = project if project.has_memory() else None
    if root == os.environ.get("CLAUDE_PROJECT_DIR"):
        leave_word(root, result, project.home)
    return result


def leave_word(start: str, project: Project | None, home: str) -> None:
    """Tell `hooks/if_needed` where the cache of the session's project is, where that cannot be seen in the project
    itself: `<data folder>/projects/<slug>.at` holds the session's folder and the cache ("" for no memory), a line each."""
    if project is not None and project.cache == f"{start}/{CACHE}":
        return
    path = f"{_data_folder(home)}/projects/{auto_memory.slug(start)}.at"
    word = f"{start}\n{project.cache if project is not None else ''}\n".encode("utf-8", "surrogateescape")
    _note(path, word)  # where that fails hooks look for themselves, which takes longer


def told_first(start: str, session: str, home: str) -> bool:
    """True the first time in a session that something is told about a folder without memory (noted in the data folder)."""
    path = f"{_data_folder(home)}/projects/{auto_memory.slug(start)}.told"
    return _note(path, session.encode("utf-8", "surrogatepass"))


def _note(path: str, word: bytes) -> bool:
    """Write a word into a file, where it can be written. True where the file held another one, or none."""
    try:
        if read_bytes(path, len(word) + 1) == word:
            return False
    except OSError:
        pass
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write_atomic(path, word)
    except OSError:
        pass
    return True
