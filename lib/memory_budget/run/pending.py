"""What lives from an agent's start to its usage record: one allocation, as one typed and versioned file.

    pending/<key>.json            written at the start
    pending/<key>.recording.json  the same while its record is being written: after a crash, the log is asked if it holds it
    recorded/<allocation>.json    the record is written; kept for a while for an agent that was handed another's parts

The key is the tool use that started the agent (`pending_key`), `agent-<id>` for an agent that came without one, and
`main-<session>` for `claude --agent`. Standard library only: the start hook writes it.

Example, shortened: {"version": 2, "allocation_id": "8d4f0a1b2c3d", "agent": "dbt-expert", "budget_allocated": 20000,
"planned_tokens": 8851, "placed_tokens": 8851, "channel": "context", ...}
"""

from __future__ import annotations

import os

from memory_budget.base import fastjson, layout
from memory_budget.base.files import read_bytes, safe_name, short_hash, write_atomic
from memory_budget.base.project import Project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VERSION = 2
#: No agent of this version is told of tokens, seconds or bytes beyond this.
_MOST = 1e15
RECORDING = ".recording.json"


class Unreadable(ValueError):
    """A file is no allocation that this version understands; the text says what is wrong with it."""


class Pending:
    """One allocation until its record is written. Tokens are tiktoken's.

    agent: the name; agent_key: the name in the profiles, "" where it has none there; description: of the task, as it is
    recorded; client: the client's process, and when it started; channel: "prompt" or "context"; planned_tokens: of the
    block, with those of native memory that the client loads itself (native_tokens); placed_tokens: the same without what
    found no place in the context channel; ladder: the tiers that reads can still push the budget to; thresholds: shares
    of the budget by level of alert; estimated: made without an index; files: tokens of each file sent, by path;
    file_scopes: their scopes; chunks: hashes of the chunks sent, by file; outline: marks (`mark_of`) of the files that the
    block names and does not hold whole.
    """

    __slots__ = (
        "agent", "agent_id", "agent_key", "alert_level", "allocation_id", "budget_allocated", "budget_base", "bumped_from",
        "channel", "chunks", "client", "complexity", "confidence", "demand_tokens", "description", "enforcement",
        "estimated", "file_scopes", "files", "hook_ms", "ladder", "model", "native_tokens", "outline",
        "placed_tokens", "planned_tokens", "profile", "scope_breakdown", "scoped_tokens", "session_id", "started", "task_key", "thresholds",
        "tool_use_id", "transcript_path",
    )  # fmt: skip

    agent: str
    agent_id: str
    agent_key: str
    alert_level: str
    allocation_id: str
    budget_allocated: int
    budget_base: int
    bumped_from: str
    channel: str
    chunks: list[list[int]]
    client: list[int]
    complexity: str
    confidence: float
    demand_tokens: int
    description: str
    enforcement: str
    estimated: bool
    file_scopes: dict[str, str]
    files: dict[str, int]
    hook_ms: float
    ladder: list[list[Any]]
    model: str
    native_tokens: int
    outline: list[str]
    placed_tokens: int
    planned_tokens: int
    profile: str
    scope_breakdown: dict[str, int]
    scoped_tokens: int
    session_id: str
    started: float
    task_key: str
    thresholds: dict[str, float]
    tool_use_id: str
    transcript_path: str

    def __init__(self, **fields: Any) -> None:
        """An allocation with these fields, the others empty. Raises Unreadable for a field of another type."""
        for name, kind in _KINDS.items():
            value = fields.get(name)
            if value is None:
                value = kind()
            elif not _is(value, kind):
                raise Unreadable(f"{name} is {type(value).__name__}, expected {kind.__name__}")
            setattr(self, name, value)

    @property
    def gives(self) -> bool:
        """Whether there is a block for the agent."""
        return self.planned_tokens > self.native_tokens

    @property
    def near_alert(self) -> bool:
        """Whether its start can set off an alert at all: what it loads or needs reaches the lowest threshold (see `meter`)."""
        most = max(self.placed_tokens, self.native_tokens, self.demand_tokens)
        return most / max(self.budget_allocated, 1) >= min(self.thresholds.values(), default=0.0)

    def placed_scopes(self) -> dict[str, int]:
        """Tokens by scope of what found a place in its channel: the same share of each where not all of the block did."""
        planned = self.planned_tokens - self.native_tokens
        placed = max(0, self.placed_tokens - self.native_tokens)
        if placed >= planned:
            return dict(self.scope_breakdown)
        return {scope: tokens * placed // planned for scope, tokens in self.scope_breakdown.items()}

    def to_json(self) -> dict[str, Any]:
        """The allocation as it is kept on disk. `tokens_loaded` is for version 1, which may still run in another session."""
        fields = {name: getattr(self, name) for name in _KINDS}
        return {"version": VERSION, **fields, "tokens_loaded": self.placed_tokens}


_KINDS: dict[str, type] = {
    "agent": str, "agent_id": str, "agent_key": str, "alert_level": str, "allocation_id": str, "budget_allocated": int,
    "budget_base": int, "bumped_from": str, "channel": str, "chunks": list, "client": list, "complexity": str,
    "confidence": float, "demand_tokens": int, "description": str, "enforcement": str, "estimated": bool,
    "file_scopes": dict, "files": dict, "hook_ms": float, "ladder": list, "model": str, "native_tokens": int,
    "outline": list, "placed_tokens": int, "planned_tokens": int, "profile": str, "scope_breakdown": dict, "scoped_tokens": int,
    "session_id": str, "started": float, "task_key": str, "thresholds": dict, "tool_use_id": str, "transcript_path": str,
}  # fmt: skip
#: Without these an allocation says nothing of anybody.
_NEEDED = ("allocation_id", "agent", "started", "budget_allocated")
#: What the values of a dict must be.
_VALUES: dict[str, type] = {
    "file_scopes": str, "files": int, "scope_breakdown": int, "thresholds": float,
}  # fmt: skip


def _is(value: object, kind: type) -> bool:
    if kind in (int, float):
        return (
            isinstance(value, int if kind is int else (int, float))
            and not isinstance(value, bool)
            and abs(value) < _MOST
        )
    return isinstance(value, kind)


def parse_pending(value: object) -> Pending:
    """An allocation as this version or an earlier one kept it; of a later one, the fields known here.

    Raises Unreadable.
    """
    if not isinstance(value, dict):
        raise Unreadable(f"{type(value).__name__}, expected an object")
    for name in _NEEDED:
        if value.get(name) in (None, ""):
            raise Unreadable(f"no {name}")
    fields = dict(value)
    if "version" not in value:  # version 1: one figure for what was planned and what was sent
        fields.setdefault("planned_tokens", value.get("tokens_loaded"))
        fields.setdefault("placed_tokens", value.get("tokens_loaded"))
    pending = Pending(**{name: fields[name] for name in _KINDS if name in fields})
    for name, kind in _VALUES.items():
        for key, number in getattr(pending, name).items():
            if not isinstance(key, str) or not _is(number, kind):
                raise Unreadable(f"{name} holds {key!r}: {number!r}"[:200])
    if not all(_is_step(step) for step in pending.ladder):
        raise Unreadable("ladder holds no tiers with budgets")
    if not all(isinstance(mark, str) for mark in pending.outline):
        raise Unreadable("outline holds no marks of files")
    return pending


def _is_step(step: object) -> bool:
    return isinstance(step, list) and len(step) == 2 and isinstance(step[0], str) and _is(step[1], int)


def mark_of(path: str) -> str:
    """The mark of a memory file by its path as shown: enough to tell the files of one block apart, and no name."""
    return short_hash(path, 4)


def pending_key(session: str, tool_use: str) -> str:
    """The key of an allocation by the tool use that started its agent. The session is in it, for tool uses are counted by
    the service of the model, which does not promise that two sessions never get the same."""
    return f"{session}-{tool_use}"


def pending_agent_key(agent: str) -> str:
    """The key of the allocation of an agent that came without a tool use."""
    return f"agent-{agent}"


def main_key(session: str) -> str:
    """The key of the allocation of the main thread of `claude --agent NAME`."""
    return f"main-{session}"


def pending_path(project: Project, key: str) -> str:
    """The file of an allocation whose record is not written yet."""
    return project.at(layout.PENDING, safe_name(key) + ".json")


def keep(project: Project, key: str, pending: Pending) -> None:
    """Keep an allocation until its agent ends. Raises OSError."""
    project.ensure_cache(layout.PENDING)
    write_atomic(pending_path(project, key), fastjson.encode(pending.to_json()))


def read_pending(path: str) -> Pending | None:
    """A kept allocation; None when it is gone. Raises Unreadable."""
    try:
        data = read_bytes(path)
    except OSError:
        return None
    try:
        return parse_pending(fastjson.loads(data))
    except ValueError as error:
        raise Unreadable(str(error) or type(error).__name__) from error


def find_pending(project: Project, key: str) -> Pending | None:
    """The kept allocation of this key, also while its record is being written; None where none can be read."""
    path = pending_path(project, key)
    for candidate in (path, path.removesuffix(".json") + RECORDING):
        try:
            pending = read_pending(candidate)
        except Unreadable:
            return None
        if pending is not None:
            return pending
    return None


def drop(project: Project, key: str) -> None:
    """Forget an allocation whose agent never started, or left no trace of itself."""
    path = pending_path(project, key)
    for candidate in (path, path.removesuffix(".json") + RECORDING):
        try:
            os.unlink(candidate)
        except OSError:
            pass


def recorded_path(project: Project, allocation: str) -> str:
    """Where an allocation lies for a while when its record is written."""
    return project.at(layout.RECORDED, safe_name(allocation) + ".json")
