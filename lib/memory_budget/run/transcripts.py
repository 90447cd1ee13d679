"""What an agent's own transcript tells: what it was really given, what it used, how it ended.

One JSON object per line, written by the client. Several lines may share one message (one per content block); each
message's usage counts once. Lines that are not JSON are passed over: the client may be writing.
"""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any, NamedTuple

from memory_budget.base.optional import orjson

#: Where the client keeps the transcripts of a workflow's agents.
_OF_WORKFLOWS = "/subagents/workflows/"


class Usage(NamedTuple):
    """Tokens as the API counted them, summed over an agent's requests. `first_request_input`: everything the first
    request read (new, written to the cache, and from it)."""

    requests: int
    input: int
    cache_creation: int
    cache_read: int
    output: int
    first_request_input: int


class Transcript(NamedTuple):
    """`given`: the texts an agent started with (its prompt and what hooks added); `seconds`: from its first line to its
    last; `error`: the API's error it ended with, or None; `complete`: whether it came to a final answer."""

    given: list[str]
    usage: Usage | None
    model: str
    seconds: float | None
    error: str | None
    complete: bool


class Meta(NamedTuple):
    """The file beside a transcript. `tool_use`: "" for an agent that a workflow started, and for any of 2.1.87. `parent`: the
    agent that started it, "" for the main thread. `shows_context`: whether the transcript has what hooks gave the agent; those
    of 2.1.87 have not."""

    tool_use: str
    agent_type: str
    model: str
    description: str
    parent: str
    shows_context: bool


def read_meta(transcript: str) -> Meta | None:
    """The `.meta.json` of an agent's transcript; None while there is none."""
    path = transcript.removesuffix(".jsonl") + ".meta.json"
    try:
        with open(path, "rb") as file:
            value = orjson.loads(file.read())
    except (OSError, ValueError):
        return None
    if not isinstance(value, dict):
        return None

    def text(key: str) -> str:
        member = value.get(key)
        return member if isinstance(member, str) else ""

    tool_use = text("toolUseId")
    shows_context = tool_use != "" or _OF_WORKFLOWS in path
    return Meta(
        tool_use, text("agentType"), text("model"), text("description"), text("parentAgentId"), shows_context
    )


def read_transcript(path: str) -> Transcript:
    """Read a transcript as far as it is written. A missing one is an empty one."""
    given: list[str] = []
    messages: dict[str, dict[str, int]] = {}
    model = ""
    first = last = None
    error: str | None = None
    complete = False
    try:
        file = open(path, "rb")  # noqa: SIM115
    except OSError:
        return Transcript([], None, "", None, None, False)
    with file:
        for line in file:
            try:
                entry = orjson.loads(line)
            except ValueError:
                continue
            if not isinstance(entry, dict):
                continue
            stamp = _time(entry.get("timestamp"))
            if stamp is not None:
                first, last = (stamp if first is None else first), stamp
            kind = entry.get("type")
            message = entry.get("message")
            if kind == "assistant" and isinstance(message, dict):
                if isinstance(message.get("model"), str) and not message["model"].startswith("<"):
                    model = message["model"]
                usage = message.get("usage")
                number = str(message.get("id") or len(messages))
                if entry.get("isApiErrorMessage"):
                    error, complete = _text(message.get("content"))[:300] or "API error", False
                    continue
                if isinstance(usage, dict):
                    messages[number] = _numbers(usage)
                stop = message.get("stop_reason")
                complete = stop is not None and stop != "tool_use"
                error = None
            elif kind == "user" and isinstance(message, dict) and not messages:
                given.append(_text(message.get("content")))
            elif kind == "attachment" and isinstance(entry.get("attachment"), dict):
                attachment = entry["attachment"]
                if attachment.get("type") == "hook_additional_context":
                    given.append(_text(attachment.get("content")))
    return Transcript(given, _sum(list(messages.values())), model, _seconds(first, last), error, complete)


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(
            part if isinstance(part, str) else str(part.get("text", "")) if isinstance(part, dict) else ""
            for part in content
        )
    return ""


_FIELDS = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens", "output_tokens")


def _numbers(usage: dict[str, Any]) -> dict[str, int]:
    return {field: value if isinstance(value := usage.get(field), int) else 0 for field in _FIELDS}


def _sum(messages: list[dict[str, int]]) -> Usage | None:
    if not messages:
        return None
    new, written, cached, output = (sum(message[field] for message in messages) for field in _FIELDS)
    first = sum(messages[0][field] for field in _FIELDS[:3])
    return Usage(len(messages), new, written, cached, output, first)


def _time(value: Any) -> float | None:
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value.replace("Z", "+00:00")).timestamp()
    except (ValueError, OverflowError, OSError):
        return None


def _seconds(first: float | None, last: float | None) -> float | None:
    return None if first is None or last is None else max(0.0, last - first)


def agent_transcripts(session_transcript: str) -> dict[str, str]:
    """Transcripts of a session's agents by the tool use that started them; workflow agents by `agent-<id>`."""
    base = session_transcript.removesuffix(".jsonl") + "/subagents"
    paths: dict[str, str] = {}
    for folder, _, names in os.walk(base):
        for name in names:
            if name.endswith(".meta.json"):
                path = os.path.join(folder, name.removesuffix(".meta.json") + ".jsonl")
                meta = read_meta(path)
                if meta is not None:
                    paths[meta.tool_use or name.removesuffix(".meta.json")] = path
    return paths
