"""Memory that an agent reads itself while it runs: what a tool's result shows of it, and what that weighs.

The hook behind this lives for milliseconds, so tokens are taken from the index: exact for a whole file as it was
indexed, the same share of its tokens for a part of it, four bytes a token where the index does not know the file.

Heard of are the tools Read and Bash; what an agent sees of memory through Grep and Glob is not counted.
"""

from __future__ import annotations

import os

from memory_budget.base import auto_memory
from memory_budget.base.hook import text_field
from memory_budget.run import bumps, messages, meter
from memory_budget.run import state as run_state
from memory_budget.run.commands import read_by
from memory_budget.run.pending import mark_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from memory_budget.base.hook import Answer, Payload
    from memory_budget.base.project import Project
    from memory_budget.index.sources import Sources

BYTES_PER_TOKEN = 4


class MemoryRead:
    """What one tool's result shows of memory: its scope ("" for memory that belongs to none), tokens, and the file by its path
    as shown ("" where it is not known which)."""

    __slots__ = ("path", "scope", "tokens")

    def __init__(self, scope: str, tokens: int, path: str = "") -> None:
        self.scope = scope
        self.tokens = tokens
        self.path = path


def post_read(project: Project, payload: Payload) -> Answer:
    """After an agent read a memory file: its load grows, and the person hears of a threshold it reached."""
    session = text_field(payload, "session_id")
    agent = text_field(payload, "agent_id") or run_state.MAIN
    allocation = run_state.find_running(project, session, agent, text_field(payload, "transcript_path"))
    if allocation is None:
        return None
    all_reads = amounts(project, payload)
    if not all_reads:
        return None
    scopes: dict[str, int] = {}
    files: dict[str, int] = {}
    for read in all_reads:
        if read.scope:
            scopes[read.scope] = scopes.get(read.scope, 0) + read.tokens
        mark = mark_of(read.path)
        if mark in allocation.outline:
            files[mark] = files.get(mark, 0) + read.tokens
    key = text_field(payload, "tool_use_id")
    tokens = sum(read.tokens for read in all_reads)
    state, alerts = run_state.add_read(project, session, agent, allocation, scopes, tokens, key, files)
    if state.grown:
        bumps.remember_bump(project, allocation.task_key, state.tier)
    line = meter.to_tell(alerts, allocation.alert_level)
    return messages.tell(project, payload, key, [line]) if line else None


def amounts(project: Project, payload: Payload) -> list[MemoryRead]:
    """What a tool's result shows of memory."""
    response = payload.get("tool_response")
    tool_input = payload.get("tool_input")
    if not isinstance(response, dict) or not isinstance(tool_input, dict):
        return []
    if payload.get("tool_name") == "Bash":
        command, output = tool_input.get("command"), response.get("stdout")
        if not isinstance(command, str) or not isinstance(output, str):
            return []
        return from_command(project, command, output, text_field(payload, "cwd") or project.root)
    file = response.get("file")
    if not isinstance(file, dict) or not isinstance(file.get("content"), str) or not file["content"]:
        return []  # the client says so when an agent reads again what did not change
    path = tool_input.get("file_path")
    if not isinstance(path, str):
        return []
    return _of_file(project, path, len(file["content"].encode("utf-8", "replace")))


def _of_file(project: Project, path: str, size: int) -> list[MemoryRead]:
    shown = _shown(project, path)
    if not shown.lower().endswith(".md"):
        return []
    row = _indexed(project, shown, os.path.normpath(path))
    if row is None:
        sources = _sources(project)
        place = sources.place(shown)
        if place is None and not _is_below(shown, sources.roots):
            return []
        return [MemoryRead(place.scope if place is not None else "", _estimate(size), shown)]
    scope, tokens, whole = row
    # The client gives the text without the end of its last line, or with its lines' ends made alike.
    return [MemoryRead(scope, tokens if size >= whole - 2 else _share(tokens, size, whole), shown)]


def _share(tokens: int, size: int, whole: int) -> int:
    return max(1, -(-tokens * size // max(1, whole)))


def _estimate(size: int) -> int:
    return -(-size // BYTES_PER_TOKEN)


def _shown(project: Project, path: str) -> str:
    """A path as the index has it: from the project's root, from `~`, or in the client's own memory of the project wherever
    that lies; "" for one outside these. A path in another worktree of the repository stands for the project's own."""
    plain = _own_path(project, os.path.normpath(path))
    for root, prefix in (
        (project.auto, project.auto_shown + "/"),
        (project.root, ""),
        (project.home, "~/"),
    ):
        if root and plain.startswith(root + "/"):
            return prefix + plain[len(root) + 1 :]
    return ""


def _own_path(project: Project, path: str) -> str:
    """What a path in another worktree of the project's repository is called in the project; any other path as it is."""
    top = auto_memory.git_root(path)
    own_top = auto_memory.git_root(project.root)
    if not top or not own_top or top == own_top or _checkout(top) != _checkout(own_top):
        return path
    return own_top + path[len(top) :]


def _checkout(top: str) -> str:
    """The real path of the main checkout that a worktree belongs to."""
    return os.path.realpath(auto_memory.main_checkout(top) or top)


def _is_below(shown: str, roots: Sequence[str]) -> bool:
    """Whether a path, or a pattern of the shell, lies in or stands for one of these folders that hold memory."""
    return any(
        root and shown.startswith(root) and shown[len(root) : len(root) + 1] in ("", "/", "*", "?", "[")
        for root in roots
    )


def _indexed(project: Project, shown: str, path: str) -> tuple[str, int, int] | None:
    """Scope, tokens and size in bytes of a file as it was indexed; None where it is unknown, or the file that was read (`path`)
    is another text. A worktree's copy of the same size passes for the same text, since git gives it a time of its own."""
    from memory_budget.index.schema import DatabaseError, IndexUnusable, open_reader

    try:
        row = (
            open_reader(project.index)
            .execute(
                "SELECT g.scope, f.tokens, f.size, f.mtime_ns FROM files f JOIN groups g ON g.id = f.grp WHERE f.path = ?",
                (shown,),
            )
            .fetchone()
        )
        if row is None:
            return None
        status = os.stat(path)
    except (DatabaseError, IndexUnusable, OSError, ValueError):
        return None
    if path == project.locate_file(shown) and status.st_mtime_ns != row[3]:
        return None
    return row[:3] if status.st_size == row[2] else None


def _sources(project: Project) -> Sources:
    from memory_budget.index.in_force import profiles_in_force
    from memory_budget.index.sources import sources_of

    return sources_of(project, profiles_in_force(project).profiles)


def from_command(project: Project, command: str, output: str, cwd: str) -> list[MemoryRead]:
    """What a shell command's output shows of memory: of a command that reads memory files, all of it.

    A line that starts with such a file's path (as grep writes them) is that file's. The others go to the scope of the first
    file or folder named, and as equal shares to the files named: nothing tells which line is whose.
    """
    if not output.strip():
        return []
    sources = _sources(project)
    named_paths = [_relative(project, path, cwd) for path in read_by(command)]
    named_paths = [path for path in named_paths if _is_below(path, sources.roots)]
    if not named_paths:
        return []
    first = next(filter(None, (_scope_of_any(sources, path) for path in named_paths)), "")
    sizes: dict[tuple[str, str], int] = {}
    for line in output.split("\n"):
        scope, path = first, ""
        if ".md:" in line:
            shown = _relative(project, line[: line.index(".md:") + 3], cwd)
            place = sources.place(shown)
            if place is not None:
                scope, path = place.scope, shown
        size = len(line.encode("utf-8", "replace")) + 1
        sizes[scope, path] = sizes.get((scope, path), 0) + size
    command_reads = []
    files = [path for path in dict.fromkeys(named_paths) if path.lower().endswith(".md")]
    for (scope, path), size in sizes.items():
        tokens = _estimate(size)
        if path or not files:
            command_reads.append(MemoryRead(scope, tokens, path))
            continue
        for number, file in enumerate(files):  # what does not divide goes to the first ones
            command_reads.append(MemoryRead(scope, (tokens + len(files) - 1 - number) // len(files), file))
    return command_reads


def _relative(project: Project, path: str, cwd: str) -> str:
    if path.startswith("~/") and project.home:
        path = project.home + path[1:]
    return _shown(project, path if path.startswith("/") else f"{cwd}/{path}")


def _scope_of_any(sources: Sources, shown: str) -> str:
    """The scope of a file, or of what a folder or a pattern of the shell stands for."""
    for candidate in (shown, shown.replace("*", "x"), shown + "/x.md", shown.replace("*", "x") + "/x.md"):
        place = sources.place(candidate)
        if place is not None:
            return place.scope
    return ""
