"""Memory that an agent reads itself while it runs: what a tool's result shows of it, and what that weighs.

The hook behind this lives for milliseconds, so tokens are taken from the index: exact for a whole file as it was
indexed, the same share of its tokens for a part of it, four bytes a token where the index does not know the file.
"""

from __future__ import annotations

import os

from memory_budget.base.payload import text_field
from memory_budget.run import bumps, messages, meter
from memory_budget.run import state as run_state

TYPE_CHECKING = False
if TYPE_CHECKING:
    from memory_budget.base.payload import Answer, Payload
    from memory_budget.base.project import Project
    from memory_budget.index.sources import Sources

BYTES_PER_TOKEN = 4
#: What stands in the path of every memory file that the hook is spawned for.
MARKS = (".claude/memory", ".claude/agent-memory")
#: Programs whose output is what stands in the files they are called with.
_READERS = frozenset(
    "awk bat batcat cat cut egrep fgrep gawk grep head jq less more nl perl pr rg ripgrep sed sort strings tac tail uniq".split()
)
_FINDERS = frozenset("fd fdfind find ls".split())


def post_read(project: Project, payload: Payload) -> Answer:
    """After an agent read a memory file: its load grows, and the person hears of a threshold it reached."""
    session = text_field(payload, "session_id")
    agent = text_field(payload, "agent_id") or run_state.MAIN
    allocation = run_state.find(project, session, agent, text_field(payload, "transcript_path"))
    if allocation is None:
        return None
    found = amounts(project, payload)
    if not found:
        return None
    scopes: dict[str, int] = {}
    for scope, tokens in found:
        if scope:
            scopes[scope] = scopes.get(scope, 0) + tokens
    key = text_field(payload, "tool_use_id")
    state, alerts = run_state.add_read(
        project, session, agent, allocation, scopes, sum(tokens for _, tokens in found), key
    )
    if state.grown:
        bumps.remember_bump(project, allocation.task_key, state.tier)
    line = meter.to_tell(alerts, allocation.alert_level)
    return messages.tell(project, payload, key, [line]) if line else None


def amounts(project: Project, payload: Payload) -> list[tuple[str, int]]:
    """Scope ("" for memory that belongs to none) and tokens of what a tool's result shows of memory."""
    response = payload.get("tool_response")
    given = payload.get("tool_input")
    if not isinstance(response, dict) or not isinstance(given, dict):
        return []
    if payload.get("tool_name") == "Bash":
        command, output = given.get("command"), response.get("stdout")
        if not isinstance(command, str) or not isinstance(output, str):
            return []
        return from_command(project, command, output, text_field(payload, "cwd") or project.root)
    file = response.get("file")
    if not isinstance(file, dict) or not isinstance(file.get("content"), str) or not file["content"]:
        return []  # the client says so when an agent reads again what did not change
    path = given.get("file_path")
    if not isinstance(path, str):
        return []
    return _of_file(project, path, len(file["content"].encode("utf-8", "replace")))


def _of_file(project: Project, path: str, size: int) -> list[tuple[str, int]]:
    shown = _shown(project, path)
    if not shown.lower().endswith(".md"):
        return []
    row = _indexed(project, shown)
    if row is None:
        return [(_scope(project, shown), _estimate(size))]
    scope, tokens, whole = row
    # The client gives the text without the end of its last line, or with its lines' ends made alike.
    return [(scope, tokens if size >= whole - 2 else _share(tokens, size, whole))]


def _share(tokens: int, size: int, whole: int) -> int:
    return max(1, -(-tokens * size // max(1, whole)))


def _estimate(size: int) -> int:
    return -(-size // BYTES_PER_TOKEN)


def _shown(project: Project, path: str) -> str:
    """A path as the index has it: from the project's root, or from `~`; "" for one outside both."""
    plain = os.path.normpath(path)
    for root, prefix in ((project.root, ""), (project.home, "~/")):
        if root and plain.startswith(root + "/"):
            shown = prefix + plain[len(root) + 1 :]
            return shown if shown.startswith((*MARKS, "~/.claude/agent-memory/")) else ""
    return ""


def _indexed(project: Project, shown: str) -> tuple[str, int, int] | None:
    """Scope, tokens and size in bytes of a file as it was indexed; None where it is unknown or has changed since."""
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
        status = os.stat(_place(project, shown))
    except (DatabaseError, IndexUnusable, OSError):
        return None
    return row[:3] if (status.st_size, status.st_mtime_ns) == row[2:] else None


def _place(project: Project, shown: str) -> str:
    return project.home + shown[1:] if shown.startswith("~/") else f"{project.root}/{shown}"


def _scope(project: Project, shown: str) -> str:
    place = _sources(project).place(shown)
    return place.scope if place is not None else ""


def _sources(project: Project) -> Sources:
    from memory_budget.index.sources import sources_of
    from memory_budget.settings import profiles

    return sources_of(project, profiles.load_profiles(project.root, project.home).profiles)


def from_command(project: Project, command: str, output: str, cwd: str) -> list[tuple[str, int]]:
    """What a shell command's output shows of memory: of a command that reads memory files, all of it.

    A line that starts with such a file's path (as grep writes them) goes to that file's scope, the others to the scope of
    the first file or folder named.
    """
    if not output.strip():
        return []
    named = read_by(command)
    if not named:
        return []
    sources = _sources(project)
    first = ""
    for path in named:
        first = _scope_of_any(sources, _relative(project, path, cwd))
        if first:
            break
    sizes: dict[str, int] = {}
    for line in output.split("\n"):
        scope = first
        if ".md:" in line:
            place = sources.place(_relative(project, line[: line.index(".md:") + 3], cwd))
            scope = place.scope if place is not None else first
        sizes[scope] = sizes.get(scope, 0) + len(line.encode("utf-8", "replace")) + 1
    return [(scope, _estimate(size)) for scope, size in sizes.items()]


def _relative(project: Project, path: str, cwd: str) -> str:
    if path.startswith("~/") and project.home:
        path = project.home + path[1:]
    return _shown(project, path if path.startswith("/") else f"{cwd}/{path}")


def _scope_of_any(sources: Sources, shown: str) -> str:
    """The scope of a file, or of what a folder or a pattern of the shell stands for."""
    if not shown:
        return ""
    for candidate in (shown, shown.replace("*", "x"), shown + "/x.md", shown.replace("*", "x") + "/x.md"):
        place = sources.place(candidate)
        if place is not None:
            return place.scope
    return ""


def read_by(command: str) -> list[str]:
    """Memory paths whose content a shell command prints; none for one that only names, writes or counts them."""
    found: list[str] = []
    inside: list[str] = []  # after `cd` into memory every reader reads memory
    listed: list[str] = []  # memory files that a pipe's beginning names, for xargs
    for piece, piped in _pieces(command):
        words = _words(piece)
        while words and (
            "=" in words[0].split("/")[0] or words[0] in ("sudo", "time", "command", "env", "(", "{")
        ):
            words.pop(0)
        if not words:
            continue
        program = words[0].rsplit("/", 1)[-1]
        paths = [word for word in words[1:] if any(mark in word for mark in MARKS)]
        reads = not _READERS.isdisjoint(word.rsplit("/", 1)[-1] for word in words)
        if program == "cd":
            inside = paths
        elif program in _FINDERS:
            listed = paths or inside
            if "-exec" in words and reads:
                found.extend(listed)
        elif program == "xargs":
            found.extend(listed if piped and reads else ())
        elif program in _READERS and (paths or not piped):
            found.extend(paths or inside)
        if not piped and program not in _FINDERS:
            listed = []
    return found


def _pieces(command: str) -> list[tuple[str, bool]]:
    """The simple commands of a command line, and whether each reads from a pipe. Quotes are respected, nothing else is."""
    pieces: list[tuple[str, bool]] = []
    quote = ""
    start = 0
    piped = False
    at = 0
    while at < len(command):
        sign = command[at]
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign == "\\":
            at += 1
        elif sign in ";|&\n":
            pieces.append((command[start:at], piped))
            piped = sign == "|" and command[at + 1 : at + 2] != "|"
            while command[at + 1 : at + 2] in ("|", "&", ";") and at + 1 < len(command):
                at += 1
            start = at + 1
        at += 1
    pieces.append((command[start:], piped))
    return pieces


def _words(piece: str) -> list[str]:
    """The words of a simple command, without quotes; what is redirected into a file is left out."""
    words: list[str] = []
    word = ""
    quote = ""
    skip = False
    for sign in piece + " ":
        if quote:
            if sign == quote:
                quote = ""
            else:
                word += sign
        elif sign in "'\"":
            quote = sign
        elif sign in " \t":
            if word:
                if word[0] == ">" or word[:2] in ("1>", "2>", "&>"):
                    skip = word.rstrip(">")[-1:] in ("", "1", "2", "&")
                elif skip:
                    skip = False
                else:
                    words.append(word.lstrip("<"))
            word = ""
        else:
            word += sign
    return words
