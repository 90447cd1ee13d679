"""Export of the usage log to an OpenTelemetry collector, where the profiles name one (`otlp.endpoint`).

Every record goes out once, as a log record with all its fields; counters (runs, tokens, exceedances) go out as cumulative
sums. How far each file of the log has been read is written to disk after every answer of the collector, so an export that
broke off goes on from there. A file is identified by its first line, so rotation and compression do not matter.

The state, `state/otlp.json`:

    {"version": 1, "endpoint": "http://localhost:4318", "since": 1795000000.0,
     "files": {"<digest of the file's first line>": <bytes sent>},
     "sums": {"[\"dbt-expert\",\"specialist-narrow\",\"medium\",\"claude-sonnet-4-6\"]": [<one sum per otlp.COUNTERS>]},
     "unsent_sums": false}

Records that a collector refuses in its answer are counted and named, and do not go out again: the protocol forbids it.
A figure beyond `lines.MOST` is sent in its record as it is and adds nothing to the sums. Demand of the older meaning
(`lines.is_older`) is not sent: a collector would add it to the demand of today's records. Such a record still is a run, with
tokens that were sent and a budget, so it counts in these; what it adds nothing to is demand and runs over budget.

A process killed between the collector's answer and the write of the state sends that batch again, with the same
`log.record.uid`s, by which OpenTelemetry's conventions let a backend drop it; the sums, being cumulative, do not count it
twice. In every other case a record is sent once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from memory_budget.base import layout
from memory_budget.base.errors import BudgetError
from memory_budget.base.files import read_bytes, short_hash, write_atomic
from memory_budget.base.optional import orjson
from memory_budget.base.project import Project
from memory_budget.index.in_force import profiles_in_force
from memory_budget.log import lines, otlp, usage

STATE_VERSION = 1
#: Records per request, about half a megabyte; fewer where they are long, so that no collector finds one too large.
BATCH = 500
BATCH_BYTES = 1_000_000


class Exported(NamedTuple):
    """What an export did: records sent, bad lines skipped, where to, and a line for each refusal of the collector."""

    records: int
    skipped: int
    endpoint: str
    refused: list[str]


class _LogLine(NamedTuple):
    """One line of a log file: its record ({} for a bad line), the record's uid, its length in bytes, the file it is in (by
    digest), and where in the file it ends."""

    record: dict[str, Any]
    uid: str
    size: int
    file: str
    end: int


def export(project: Project, *, now: float | None = None) -> Exported | None:
    """Send what has not been sent yet. None where no collector is configured, or another process is exporting.

    `now`: seconds since the epoch. Raises BudgetError when the collector cannot be reached or refuses a request, or when
    a file cannot be read; what was sent before that is not sent again.
    """
    settings = profiles_in_force(project).profiles.section("otlp")
    endpoint = str(settings["endpoint"]).rstrip("/")
    paths = usage.files(project)
    if not endpoint or not paths:
        return None
    from memory_budget.base.optional import Timeout, own_lock

    sender = otlp.Sender(endpoint, otlp.headers(settings["headers"]), project)
    try:
        with own_lock(project.writable(layout.EXPORT_LOCK)):
            exporting = _Export(project, endpoint, sender, time.time() if now is None else now)
            for path in paths:
                for line in _unsent_lines(path, exporting.state["files"], current=path == project.log):
                    exporting.add(line)
            exporting.finish()
            return Exported(exporting.sent, exporting.skipped, endpoint, sender.refused)
    except Timeout:
        return None


class _Export:
    """One export: collects lines into batches, sends each, and writes down how far it got."""

    def __init__(self, project: Project, endpoint: str, sender: otlp.Sender, now: float) -> None:
        self.project = project
        self.sender = sender
        self.now = now
        self.state = _read_state(project, endpoint, now)
        self.sent = 0
        self.skipped = 0
        self._batch: list[_LogLine] = []
        self._size = 0
        self._ends: dict[str, int] = {}

    def add(self, line: _LogLine) -> None:
        self._ends[line.file] = line.end
        if not line.record:
            self.skipped += 1
            return
        self._batch.append(line)
        self._size += line.size
        if len(self._batch) >= BATCH or self._size >= BATCH_BYTES:
            self._flush()

    def finish(self) -> None:
        """Send the rest of the records, then the sums if they have changed."""
        self._flush()
        if self.state["unsent_sums"]:
            self.sender.send_sums(self.state["sums"], float(self.state["since"]), self.now)
            self.state["unsent_sums"] = False
            _write_state(self.project, self.state)

    def _flush(self) -> None:
        if self._batch:
            self.sender.send_records([otlp.LogEntry(line.record, line.uid) for line in self._batch], self.now)
            for line in self._batch:
                otlp.add_to_sums(self.state["sums"], line.record)
        # Bad lines count as read too, but only once the records before them are sent.
        files = self.state["files"]
        if self._batch or any(files.get(file) != end for file, end in self._ends.items()):
            files.update(self._ends)
            self.state["unsent_sums"] = self.state["unsent_sums"] or bool(self._batch)
            _write_state(self.project, self.state)
        self.sent += len(self._batch)
        self._batch.clear()
        self._size = 0
        self._ends.clear()


def _unsent_lines(path: str, sent: Mapping[str, int], *, current: bool) -> Iterator[_LogLine]:
    """Whole lines of a file that have not been sent. `sent`: bytes sent by file.

    In the `current` log a last line without an end is still being written and waits; in a rotated file it is a bad line.
    """
    try:
        with usage.open_file(path) as file:
            first = file.readline()
            if not first.endswith(b"\n"):
                return
            name = short_hash(first, 12)
            offset = sent.get(name, 0)
            file.seek(offset)
            for line in file:
                if current and not line.endswith(b"\n"):
                    return
                start, offset = offset, offset + len(line)
                if line.strip():
                    yield _LogLine(
                        _record_to_send(line),
                        short_hash(f"{name}:{start}", 16),
                        len(line),
                        name,
                        offset,
                    )
    except lines.BROKEN as error:
        raise BudgetError(f"{path}: {getattr(error, 'strerror', None) or error}") from error


def _record_to_send(line: bytes) -> dict[str, Any]:
    """The record of a line, without demand of the older meaning and what follows from it; {} for a bad line."""
    record = lines.record(line)
    if not isinstance(record, dict):
        return {}
    if lines.is_older(record):
        for field in ("demand_tokens", "exceeded_budget"):
            record.pop(field, None)
    return record


# -- the state


def _read_state(project: Project, endpoint: str, now: float) -> dict[str, Any]:
    """The state on disk; an empty one where there is none, or where it is about another endpoint. Raises BudgetError."""
    path = project.at(layout.EXPORT_STATE)
    try:
        state = orjson.loads(read_bytes(path))
        if not isinstance(state, dict):
            raise ValueError("not an object")
        if state["version"] == STATE_VERSION and state["endpoint"] == endpoint:
            _check_state(state)
            return state
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError) as error:
        # Going on with an empty state would send everything again.
        raise BudgetError(f"{path}: unreadable ({error}); remove it to send the whole log again") from error
    return {
        "version": STATE_VERSION,
        "endpoint": endpoint,
        "since": now,
        "files": {},
        "sums": {},
        "unsent_sums": False,
    }


def _check_state(state: dict[str, Any]) -> None:
    """Raise ValueError or KeyError where a state has not the form that this version writes."""
    files, sums = state["files"], state["sums"]
    if not isinstance(files, dict) or not all(lines.is_count(end) for end in files.values()):
        raise ValueError("files: not bytes by file")
    if not isinstance(sums, dict) or not all(otlp.is_sum(key, row) for key, row in sums.items()):
        raise ValueError("sums: not counters by their attributes")
    if not lines.is_figure(state["since"]) or not isinstance(state["unsent_sums"], bool):
        raise ValueError("since or unsent_sums: of another type")


def _write_state(project: Project, state: dict[str, Any]) -> None:
    """Replace the state; it is on disk before this returns. Raises BudgetError."""
    path = project.writable(layout.EXPORT_STATE)
    try:
        write_atomic(path, orjson.dumps(state), flush=True)
    except OSError as error:
        raise BudgetError(f"{path}: {error.strerror}") from error
