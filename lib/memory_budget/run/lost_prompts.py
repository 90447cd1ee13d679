"""Whether an agent's block got through, and whose doing it was when it did not.

Of several plugins that rewrite an agent's prompt, the one that answers last wins and the others are not told. What the
agent was given shows that it happened; the transcript of its caller keeps every hook's answer with its command.
"""

from __future__ import annotations

import os
import time

from memory_budget.base import fastjson, layout, notices
from memory_budget.base.files import listing, read_bytes, safe_name, write_atomic
from memory_budget.run import notes, pending

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from memory_budget.base.project import Project
    from memory_budget.run.pending import Pending

#: How much of a transcript's end is searched, in bytes: a call's hooks stand close to its end.
SEARCHED = 16_000_000
OWN_NAME = "memory-budget"
#: The client may keep a command as the plugin wrote it, with its root as a variable, which names no plugin.
OWN_LAUNCHERS = ("$CLAUDE_PLUGIN_ROOT/bin/memory-budget", "${CLAUDE_PLUGIN_ROOT}/bin/memory-budget")
#: Paths in a command that are looked at.
_PATHS = 50
#: After this many seconds the client has written what it will write about a call, on a busy machine, too.
PATIENCE = 10.0


class Rewriter:
    """A hook that rewrote a prompt: the plugin it belongs to (its command, where that cannot be told)."""

    __slots__ = ("command", "plugin")

    def __init__(self, plugin: str, command: str) -> None:
        self.plugin = plugin
        self.command = command

    @property
    def named(self) -> str:
        return f"the plugin {self.plugin}" if self.plugin else f"another hook ({self.command})"


def rewriter_of(transcript: str, tool_use: str, prompt: str) -> Rewriter | None:
    """Who else rewrote the prompt of a call of the Agent tool: the one whose prompt the agent got, or the last.

    `transcript`: of the session, or of the agent that made the call. None where nothing tells.
    """
    rewriter: Rewriter | None = None
    mark = fastjson.dumps(tool_use).encode()
    for line in _tail(transcript).split(b"\n"):
        if mark not in line or b"hook_success" not in line or b"updatedInput" not in line:
            continue
        try:
            entry: Any = fastjson.loads(line)
            attachment = entry["attachment"]
            if attachment["toolUseID"] != tool_use:
                continue
            answer: Any = fastjson.loads(attachment["stdout"])
            new_prompt = answer["hookSpecificOutput"]["updatedInput"]["prompt"]
            command = attachment["command"]
        except (ValueError, KeyError, TypeError):
            continue
        plugin = plugin_of(command)
        if plugin == OWN_NAME or any(launcher in command for launcher in OWN_LAUNCHERS):
            continue
        rewriter = Rewriter(plugin, command)
        if new_prompt == prompt:
            break
    return rewriter


def _tail(path: str) -> bytes:
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return b""
    try:
        size = os.fstat(handle).st_size
        return os.pread(handle, SEARCHED, max(0, size - SEARCHED))
    finally:
        os.close(handle)


def plugin_of(command: str) -> str:
    """The name of the plugin that a hook's command lies in, by the manifest above its files; "" where there is none."""
    # The script stands after the interpreter that runs it, which may lie in another plugin's environment.
    # Where a path ends need not be known: blanks may be part of it, and what follows is no folder.
    text = " " + command.replace('"', "").replace("'", "").replace("\\", "")
    starts = [at + 1 for at in range(len(text) - 1) if text[at].isspace() and text[at + 1] == "/"]
    for start in reversed(starts[:_PATHS]):
        folder = os.path.dirname(text[start:])
        while len(folder) > 1:
            try:
                manifest = fastjson.loads(read_bytes(folder + "/.claude-plugin/plugin.json", 100_000))
            except (OSError, ValueError):
                folder = os.path.dirname(folder)
                continue
            name = manifest.get("name") if isinstance(manifest, dict) else None
            if isinstance(name, str):
                return name
            break
    return ""


def calling_transcript(session_transcript: str, parent: str) -> str:
    """The transcript of the caller of the Agent tool: the session's, or that of the agent `parent`."""
    if not parent or safe_name(parent) != parent:
        return session_transcript
    return f"{session_transcript.removesuffix('.jsonl')}/subagents/agent-{parent}.jsonl"


class Lost:
    """An agent whose prompt arrived without its block. `caller`: the transcript of the caller of the Agent tool; `prompt`:
    what the agent got."""

    __slots__ = ("agent", "caller", "prompt", "session", "started", "tool_use")

    def __init__(self, allocation: Pending, caller: str, prompt: str) -> None:
        self.agent = allocation.agent
        self.session = allocation.session_id
        self.tool_use = allocation.tool_use_id
        self.started = allocation.started
        self.caller = caller
        self.prompt = prompt


def explain(project: Project, lost: Lost) -> str:
    """The line for the person that says whose rewrite won, "" where the session was told already. Keeps who it was, for
    `doctor`. Waits for the client to write what the hooks of the call answered. For detached processes. Raises OSError."""
    until = time.monotonic() + PATIENCE
    rewriter = rewriter_of(lost.caller, lost.tool_use, lost.prompt)
    while rewriter is None and time.monotonic() < until:
        time.sleep(0.05)
        rewriter = rewriter_of(lost.caller, lost.tool_use, lost.prompt)
    if rewriter is not None:
        entry = {"plugin": rewriter.plugin, "command": rewriter.command, "at": lost.started}
        path = project.writable(layout.REWRITERS, safe_name(rewriter.plugin or rewriter.command) + ".json")
        write_atomic(path, fastjson.encode(entry))
    if not notices.once(project, f"delivery-{lost.session}"):
        return ""
    rewriter_name = rewriter.named if rewriter is not None else "another plugin"
    return (
        f"{lost.agent} started without its memory: {rewriter_name} rewrote its prompt after this plugin did. "
        'Set "delivery": "context" in .claude/memory/budget-profiles.json, or disable one of the two'
    )


def explain_call(project: Project, session: str, tool_use: str, caller: str, prompt: str) -> None:
    """Find out about an agent that was launched without its block, and leave the line for the person. Raises OSError."""
    allocation = pending.find_pending(project, pending.pending_key(session, tool_use))
    if allocation is not None:
        line = explain(project, Lost(allocation, caller, prompt))
        if line:
            notes.leave_note(project, session, "delivery", line)


def known_rewriters(project: Project) -> list[dict[str, Any]]:
    """Whose rewrites have won here: {"plugin", "command", "at"}, the latest first."""
    rewriters = []
    for name in listing(project.at(layout.REWRITERS)):
        try:
            entry = fastjson.loads(read_bytes(project.at(layout.REWRITERS, name)))
        except (OSError, ValueError):
            continue
        if isinstance(entry, dict) and isinstance(entry.get("at"), (int, float)):
            rewriters.append(entry)
    return sorted(rewriters, key=lambda entry: -float(entry["at"]))
