"""Export of the usage log to an OpenTelemetry collector (OTLP over HTTP, protobuf), where the profiles name one.

Every record goes out once, as a log record with all its fields; counters (runs, tokens, exceedances) go out as cumulative
sums. How far each log has been read is noted, flushed to disk, after every answer of the collector, so that an export
that was broken off goes on where it was. A file is known by its first line, so rotation and compression do not matter.

A collector that refuses some records of a request has answered: they are counted and named, and do not go out again.
Figures that cannot be (`log_lines.MOST`) are in the records as they stand, and add nothing to the sums.

Between the collector's answer and our note there is a moment in which a process can be killed. The batch is then sent
again, with the same `log.record.uid`s, by which OpenTelemetry's conventions let a backend drop it; the sums, being
cumulative, do not count it twice. In every other case a record is on the wire once.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import socket
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import memory_budget
from memory_budget.base import layout
from memory_budget.base.errors import BudgetError
from memory_budget.base.files import digest, read_bytes
from memory_budget.base.optional import orjson
from memory_budget.base.project import Project
from memory_budget.log import lines, usage
from memory_budget.settings import profiles

STATE_VERSION = 1
#: Records per request, about half a megabyte; fewer where they are long, so that no collector finds one too large.
BATCH = 500
BATCH_BYTES = 1_000_000
TIMEOUT_SECONDS = 15.0
#: Waits before another try when the collector says that it is busy.
WAITS = (1.0, 4.0)
_BUSY = (429, 502, 503, 504)
#: Counters by their name, what they count, their unit, and how much one record adds.
COUNTERS: tuple[tuple[str, str, str, Callable[[Mapping[str, Any]], float]], ...] = (
    ("memory_budget.runs", "Runs of agents", "{run}", lambda record: 1),
    ("memory_budget.exceeded", "Runs over budget", "{run}", lambda record: bool(record.get("exceeded_budget"))),
    ("memory_budget.text.tokens.sent", "Tokens of memory loaded", "{token}", lambda record: _number(record, "tokens_loaded")),
    ("memory_budget.text.tokens.demand", "Tokens of memory needed", "{token}", lambda record: _number(record, "demand_tokens")),
    ("memory_budget.text.tokens.budget", "Tokens allotted", "{token}", lambda record: _number(record, "budget_allocated")),
    ("memory_budget.text.tokens.scoped", "Tokens of memory in scope", "{token}", lambda record: _number(record, "scoped_tokens")),
)  # fmt: skip
#: Attributes of the counters: few values each, so that no backend drowns.
_COUNTER_KEYS = ("agent", "profile", "complexity", "model")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class Exported(NamedTuple):
    """What an export did: records sent, lines passed over because they are no records, where to, and what the collector
    refused of it, a line each."""

    records: int
    skipped: int
    endpoint: str
    refused: list[str]


class _Line(NamedTuple):
    """A record, its id, its length, and where its file has been read to once it is sent."""

    record: dict[str, Any]
    uid: str
    size: int
    file: str
    offset: int


def export(project: Project, *, now: float | None = None) -> Exported | None:
    """Send what has not been sent yet. None where no collector is configured, or another process is at it.

    Raises BudgetError when the collector cannot be reached or refuses a request; what it took before is not sent again.
    """
    settings = profiles.load(project.root, project.home).profiles.section("otlp")
    endpoint = str(settings["endpoint"]).rstrip("/")
    paths = usage.files(project)
    if not endpoint or not paths:
        return None
    from memory_budget.base.optional import FileLock, Timeout

    headers = _headers(settings["headers"])
    try:
        with FileLock(project.writable(layout.EXPORT_LOCK), timeout=0):
            return _export(project, paths, endpoint, headers, time.time() if now is None else now)
    except Timeout:
        return None


def _export(
    project: Project, paths: list[str], endpoint: str, headers: dict[str, str], now: float
) -> Exported:
    state = _read_state(project, endpoint, now)
    sender = _Sender(endpoint, headers, project)
    sent = skipped = 0
    batch: list[_Line] = []
    size = 0
    marks: dict[str, int] = {}

    def flush() -> None:
        nonlocal sent, size
        if batch:
            sender.logs(batch, now)
            for line in batch:
                _count(state["sums"], line.record)
        # Lines that are no records move the mark, too, but only past what was sent before them.
        if batch or any(state["files"].get(file) != offset for file, offset in marks.items()):
            state["files"].update(marks)
            state["unsent_sums"] = state["unsent_sums"] or bool(batch)
            _write_state(project, state)
        sent += len(batch)
        batch.clear()
        size = 0
        marks.clear()

    for path in paths:
        for item in _lines(path, state["files"], current=path == project.log):
            marks[item.file] = item.offset
            if item.record:
                batch.append(item)
                size += item.size
                if len(batch) >= BATCH or size >= BATCH_BYTES:
                    flush()
            else:
                skipped += 1
    flush()
    if state["unsent_sums"]:
        sender.sums(state["sums"], float(state["since"]), now)
        state["unsent_sums"] = False
        _write_state(project, state)
    return Exported(sent, skipped, endpoint, sender.refused)


# -- the log, from where it was read to


def _lines(path: str, known: Mapping[str, int], *, current: bool) -> Iterator[_Line]:
    """Whole lines of a file that have not been sent. A line without an end is still being written, if the file is the
    `current` one; in a rotated file it is a bad line. Bad lines come with an empty record.
    """
    try:
        with usage.open_file(path) as file:
            first = file.readline()
            if not first.endswith(b"\n"):
                return
            name = digest(first, 12)
            offset = int(known.get(name, 0))
            file.seek(offset)
            for line in file:
                whole = line.endswith(b"\n")
                if not whole and current:
                    return
                at, offset = offset, offset + len(line)
                if line.strip():
                    found = lines.record(line)
                    record = found if isinstance(found, dict) else {}
                    yield _Line(record, digest(f"{name}:{at}", 16), len(line), name, offset)
    except lines.BROKEN as error:
        raise BudgetError(f"{path}: {getattr(error, 'strerror', None) or error}") from error


def _moment(text: str) -> float:
    """Seconds since the epoch of a record's time; local time where it names no zone that can be read."""
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()
    except ValueError:
        return datetime.fromisoformat(text[:19]).timestamp()


def _number(record: Mapping[str, Any], key: str) -> float:
    value = record.get(key)
    return float(value) if lines.is_figure(value) else 0  # type: ignore[arg-type]


def _count(sums: dict[str, list[float]], record: Mapping[str, Any]) -> None:
    key = orjson.dumps([str(record.get(name) or "") for name in _COUNTER_KEYS]).decode()
    row = sums.setdefault(key, [0] * len(COUNTERS))
    for number, (_, _, _, amount) in enumerate(COUNTERS):
        row[number] += amount(record)


# -- what is remembered


def _read_state(project: Project, endpoint: str, now: float) -> dict[str, Any]:
    """`files`: bytes sent by file; `sums`: counters by their attributes since `since`. Another endpoint starts anew."""
    try:
        state = orjson.loads(read_bytes(project.at(layout.EXPORT_STATE)))
        if isinstance(state, dict) and state["version"] == STATE_VERSION and state["endpoint"] == endpoint:
            return state
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError) as error:
        # Going on with an empty state would send everything again.
        raise BudgetError(
            f"{project.at(layout.EXPORT_STATE)}: unreadable ({error}); remove it to send the whole log again"
        ) from error
    return {
        "version": STATE_VERSION,
        "endpoint": endpoint,
        "since": now,
        "files": {},
        "sums": {},
        "unsent_sums": False,
    }


def _write_state(project: Project, state: dict[str, Any]) -> None:
    """Replace the state for good: it is on disk before this returns."""
    path = project.writable(layout.EXPORT_STATE)
    temporary = f"{path}.tmp"
    try:
        with open(temporary, "wb") as file:
            file.write(orjson.dumps(state))
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise BudgetError(f"{path}: {error.strerror}") from error


# -- the wire


def _headers(table: Mapping[str, str]) -> dict[str, str]:
    """Headers with `${NAME}` taken from the environment. Raises BudgetError for a variable that is not set."""

    def value(match: re.Match[str]) -> str:
        found = os.environ.get(match[1])
        if found is None:
            raise BudgetError(f"otlp.headers: the environment has no {match[1]}")
        return found

    return {name: _VARIABLE.sub(value, text) for name, text in table.items()}


class _Sender:
    """Builds OTLP requests and posts them."""

    def __init__(self, endpoint: str, headers: dict[str, str], project: Project) -> None:
        self.endpoint = re.sub(r"/v1/(logs|metrics)$", "", endpoint)
        self.headers = headers
        self.refused: list[str] = []
        self.resource = {
            "service.name": "memory-budget",
            "service.version": memory_budget.__version__,
            "host.name": socket.gethostname(),
            "memory_budget.base.project": os.path.basename(project.root),
        }

    def logs(self, batch: list[_Line], now: float) -> None:
        from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
            ExportLogsServiceRequest,
            ExportLogsServiceResponse,
        )
        from opentelemetry.proto.logs.v1 import logs_pb2

        request = ExportLogsServiceRequest()
        group = request.resource_logs.add()
        _set_attributes(group.resource.attributes, self.resource)
        scope = group.scope_logs.add()
        scope.scope.name = "memory_budget.usage"
        for line in batch:
            record = line.record
            entry = scope.log_records.add()
            entry.time_unix_nano = int(_moment(record["timestamp"]) * 1e9)
            entry.observed_time_unix_nano = int(now * 1e9)
            failed = record.get("success") is False
            entry.severity_number = (
                logs_pb2.SEVERITY_NUMBER_WARN
                if failed or record.get("exceeded_budget")
                else logs_pb2.SEVERITY_NUMBER_INFO
            )
            entry.event_name = "memory_budget.usage"
            entry.body.string_value = str(record.get("task") or "")
            attributes = {"log.record.uid": line.uid}
            attributes.update(_flat(record, "memory_budget"))
            _set_attributes(entry.attributes, attributes)
        answer = self._post("/v1/logs", request, ExportLogsServiceResponse())
        self._note(answer.partial_success.rejected_log_records, f"{len(batch)} records", answer)

    def sums(self, sums: Mapping[str, list[float]], since: float, now: float) -> None:
        from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
            ExportMetricsServiceRequest,
            ExportMetricsServiceResponse,
        )
        from opentelemetry.proto.metrics.v1 import metrics_pb2

        request = ExportMetricsServiceRequest()
        group = request.resource_metrics.add()
        _set_attributes(group.resource.attributes, self.resource)
        scope = group.scope_metrics.add()
        scope.scope.name = "memory_budget.usage"
        for number, (name, description, unit, _) in enumerate(COUNTERS):
            metric = scope.metrics.add(name=name, description=description, unit=unit)
            metric.sum.aggregation_temporality = metrics_pb2.AGGREGATION_TEMPORALITY_CUMULATIVE
            metric.sum.is_monotonic = True
            for key, row in sums.items():
                point = metric.sum.data_points.add(
                    start_time_unix_nano=int(since * 1e9),
                    time_unix_nano=int(now * 1e9),
                    as_int=min(round(row[number]), (1 << 63) - 1),
                )
                values = dict(zip(_COUNTER_KEYS, orjson.loads(key), strict=True))
                _set_attributes(
                    point.attributes,
                    {f"memory_budget.{part}": value for part, value in values.items() if value},
                )
        answer = self._post("/v1/metrics", request, ExportMetricsServiceResponse())
        self._note(answer.partial_success.rejected_data_points, "the sums' points", answer)

    def _note(self, count: int, of: str, answer: Any) -> None:
        """Keep what the answer says was refused: the protocol forbids to send it again."""
        if count:
            reason = answer.partial_success.error_message or "no reason given"
            self.refused.append(f"{self.endpoint} refused {count} of {of}: {reason}")

    def _post(self, path: str, message: Any, answer: Any) -> Any:
        """Post a message; returns `answer`, filled with the collector's. Raises BudgetError."""
        from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

        try:
            answer.ParseFromString(self._exchange(self.endpoint + path, message.SerializeToString()))
        except DecodeError as error:
            raise BudgetError(
                f"{self.endpoint}{path} did not answer as an OpenTelemetry collector does; is the address right?"
            ) from error
        return answer

    def _exchange(self, url: str, body: bytes) -> bytes:
        headers = {"Content-Type": "application/x-protobuf", "User-Agent": "memory-budget", **self.headers}
        for wait in (*WAITS, None):
            try:
                request = urllib.request.Request(url, data=body, headers=headers, method="POST")
                with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
                    found: bytes = answer.read()
                    return found
            except urllib.error.HTTPError as error:
                with contextlib.closing(error):
                    if wait is None or error.code not in _BUSY:
                        raise BudgetError(f"{url} answered {error.code} {error.reason}") from error
            except (OSError, http.client.HTTPException, ValueError) as error:
                # Not tried again at once: whether the records have arrived is not known.
                reason = getattr(error, "reason", None) or error
                raise BudgetError(f"{url} cannot be reached: {reason}") from error
            time.sleep(wait)
        raise AssertionError("the last try returns or raises")


def _flat(value: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Nested objects as dotted names; lists as they are counted elsewhere in the record, left out."""
    found: dict[str, Any] = {}
    for key, item in value.items():
        name = f"{prefix}.{key}"
        if isinstance(item, dict):
            found.update(_flat(item, name))
        elif item is not None and not isinstance(item, list):
            found[name] = item
    return found


def _set_attributes(target: Any, values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        entry = target.add(key=key)
        if isinstance(value, bool):
            entry.value.bool_value = value
        elif isinstance(value, int) and -(1 << 63) <= value < 1 << 63:
            entry.value.int_value = value
        elif isinstance(value, (int, float)):
            entry.value.double_value = float(value)
        else:
            entry.value.string_value = str(value)
