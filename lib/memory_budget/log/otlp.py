"""OTLP over HTTP with protobuf bodies: how usage records and counters look to an OpenTelemetry collector.

A record becomes a log record: body is the task, attributes are the record's fields with nested objects as dotted names
(`memory_budget.api_usage.cache_read`), and `log.record.uid` tells one record from another. Counters are cumulative sums
per agent, profile, tier and model, named as in `COUNTERS`.

The protocol: https://opentelemetry.io/docs/specs/otlp/
"""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import memory_budget
from memory_budget.base.errors import BudgetError
from memory_budget.base.optional import orjson
from memory_budget.base.project import Project
from memory_budget.log import lines

TIMEOUT_SECONDS = 15.0
#: Seconds to wait before each further try when the collector says that it is busy, and how it says so.
WAITS = (1.0, 4.0)
_BUSY = (429, 502, 503, 504)
#: Counters: name, description, unit, and how much one record adds.
COUNTERS: tuple[tuple[str, str, str, Callable[[Mapping[str, Any]], float]], ...] = (
    ("memory_budget.runs", "Runs of agents", "{run}", lambda record: 1),
    ("memory_budget.exceeded", "Runs known to need more than their budget", "{run}", lambda record: bool(record.get("exceeded_budget"))),
    ("memory_budget.tokens.sent", "Tokens of memory loaded", "{token}", lambda record: _tokens(record, "tokens_loaded")),
    ("memory_budget.tokens.demand", "Tokens of memory needed", "{token}", lambda record: _tokens(record, "demand_tokens")),
    ("memory_budget.tokens.budget", "Tokens allotted", "{token}", lambda record: _tokens(record, "budget_allocated")),
    ("memory_budget.tokens.scoped", "Tokens of memory in scope", "{token}", lambda record: _tokens(record, "scoped_tokens")),
)  # fmt: skip
#: Attributes of the counters: fields with few values, since every combination is a time series of its own.
_COUNTER_KEYS = ("agent", "profile", "complexity", "model")
#: Levels of nested objects that are sent.
DEEPEST = 8
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


class LogEntry(NamedTuple):
    """A usage record to send, and its `log.record.uid`."""

    record: dict[str, Any]
    uid: str


def headers(table: Mapping[str, str]) -> dict[str, str]:
    """HTTP headers with `${NAME}` replaced from the environment. Raises BudgetError for a variable that is not set."""

    def value(match: re.Match[str]) -> str:
        variable = os.environ.get(match[1])
        if variable is None:
            raise BudgetError(f"otlp.headers: the environment has no {match[1]}")
        return variable

    return {name: _VARIABLE.sub(value, text) for name, text in table.items()}


def _tokens(record: Mapping[str, Any], key: str) -> float:
    """A record's figure; 0 where it has none that can be added up."""
    value = record.get(key)
    return float(value) if lines.is_figure(value) else 0


def add_to_sums(sums: dict[str, list[float]], record: Mapping[str, Any]) -> None:
    """Add a record to `sums`: by the JSON list of its counter attributes, one number per counter."""
    key = orjson.dumps([str(record.get(name) or "") for name in _COUNTER_KEYS]).decode()
    row = sums.setdefault(key, [0] * len(COUNTERS))
    for number, (_, _, _, amount) in enumerate(COUNTERS):
        row[number] += amount(record)


def is_sum(key: object, row: object) -> bool:
    """Whether a member of a state's `sums` has the form that `add_to_sums` makes."""
    try:
        attributes = orjson.loads(str(key))
    except ValueError:
        return False
    return (
        isinstance(attributes, list)
        and len(attributes) == len(_COUNTER_KEYS)
        and all(isinstance(value, str) for value in attributes)
        and isinstance(row, list)
        and len(row) == len(COUNTERS)
        and all(isinstance(number, (int, float)) and number >= 0 for number in row)
    )


class Sender:
    """Builds OTLP requests and posts them. `refused`: a line for each refusal in a collector's answers."""

    def __init__(self, endpoint: str, headers: dict[str, str], project: Project) -> None:
        self.endpoint = re.sub(r"/v1/(logs|metrics)$", "", endpoint)
        self.headers = headers
        self.refused: list[str] = []
        self.resource = {
            "service.name": "memory-budget",
            "service.version": memory_budget.__version__,
            "host.name": socket.gethostname(),
            "memory_budget.project": os.path.basename(project.root),
        }

    def send_records(self, batch: Sequence[LogEntry], now: float) -> None:
        """Post a batch of records. `now`: seconds since the epoch. Raises BudgetError."""
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
            entry.time_unix_nano = int(lines.moment(record["timestamp"]) * 1e9)
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
            attributes.update(_flat_fields(record, "memory_budget"))
            _set_attributes(entry.attributes, attributes)
        answer = self._post("/v1/logs", request, ExportLogsServiceResponse())
        self._note_refusal(answer.partial_success.rejected_log_records, f"{len(batch)} records", answer)

    def send_sums(self, sums: Mapping[str, list[float]], since: float, now: float) -> None:
        """Post the sums since `since`. Both times in seconds since the epoch. Raises BudgetError."""
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
        self._note_refusal(answer.partial_success.rejected_data_points, "the sums' points", answer)

    def _note_refusal(self, count: int, of: str, answer: Any) -> None:
        """Note what the answer says was refused; the protocol forbids to send it again."""
        if count:
            reason = answer.partial_success.error_message or "no reason given"
            self.refused.append(f"{self.endpoint} refused {count} of {of}: {reason}")

    def _post(self, path: str, message: Any, answer: Any) -> Any:
        """Post a message; returns `answer`, filled with what the collector answered. Raises BudgetError."""
        from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

        try:
            answer.ParseFromString(self._exchange(self.endpoint + path, message.SerializeToString()))
        except DecodeError as error:
            raise BudgetError(
                f"{self.endpoint}{path} did not answer as an OpenTelemetry collector does; is the address right?"
            ) from error
        return answer

    def _exchange(self, url: str, body: bytes) -> bytes:
        """Post `body` and return the answer's; try again while the collector is busy. Raises BudgetError."""
        headers = {"Content-Type": "application/x-protobuf", "User-Agent": "memory-budget", **self.headers}
        for wait in (*WAITS, None):
            try:
                request = urllib.request.Request(url, data=body, headers=headers, method="POST")
                with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
                    content: bytes = answer.read()
                    return content
            except urllib.error.HTTPError as error:
                with contextlib.closing(error):
                    if wait is None or error.code not in _BUSY:
                        raise BudgetError(f"{url} answered {error.code} {error.reason}") from error
            except (OSError, http.client.HTTPException, ValueError) as error:
                # No second try: the records may have arrived.
                reason = getattr(error, "reason", None) or error
                raise BudgetError(f"{url} cannot be reached: {reason}") from error
            time.sleep(wait)
        raise AssertionError("the last try returns or raises")


def _flat_fields(value: Mapping[str, Any], prefix: str, depth: int = 0) -> dict[str, Any]:
    """Fields of nested objects under dotted names: {"api_usage": {"input": 5}} as {"memory_budget.api_usage.input": 5}.

    Left out: nulls, lists (their lengths are fields of their own), and objects nested deeper than `DEEPEST`, which no
    record of ours has.
    """
    fields: dict[str, Any] = {}
    for key, item in value.items():
        name = f"{prefix}.{key}"
        if isinstance(item, dict):
            if depth < DEEPEST:
                fields.update(_flat_fields(item, name, depth + 1))
        elif item is not None and not isinstance(item, list):
            fields[name] = item
    return fields


def _set_attributes(target: Any, values: Mapping[str, Any]) -> None:
    """Add `values` to a protobuf list of attributes, each with the type that fits it."""
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
