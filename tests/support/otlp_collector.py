"""A small OpenTelemetry collector: an HTTP server on loopback that writes down what it is sent, as JSON lines.

    python3 -m tests.support.otlp_collector FILE [--answers 200,503,...]

Prints its port. Each request is one line of FILE: path, headers, and the decoded records or sums, written (and flushed)
before the answer. `--answers` are the statuses of the first requests, 200 from then on; 0 takes the request in and hangs up
without an answer, 206 takes it in and answers, as the protocol has it, that one record or point of it was refused, and 203
answers with a page.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any


def decode_logs(body: bytes) -> list[dict[str, Any]]:
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    request = ExportLogsServiceRequest.FromString(body)
    return [
        {
            "time": entry.time_unix_nano,
            "severity": entry.severity_number,
            "body": entry.body.string_value,
            "resource": _attributes(group.resource.attributes),
            **_attributes(entry.attributes),
        }
        for group in request.resource_logs
        for scope in group.scope_logs
        for entry in scope.log_records
    ]


def decode_metrics(body: bytes) -> list[dict[str, Any]]:
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

    request = ExportMetricsServiceRequest.FromString(body)
    return [
        {
            "name": metric.name,
            "value": point.as_int,
            "start": point.start_time_unix_nano,
            "cumulative": metric.sum.aggregation_temporality == 2 and metric.sum.is_monotonic,
            **_attributes(point.attributes),
        }
        for group in request.resource_metrics
        for scope in group.scope_metrics
        for metric in scope.metrics
        for point in metric.sum.data_points
    ]


def refusal(path: str) -> bytes:
    """The answer that one record or point was refused."""
    from opentelemetry.proto.collector.logs.v1 import logs_service_pb2 as logs
    from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2 as metrics

    answer: Any = logs.ExportLogsServiceResponse()
    if path == "/v1/logs":
        answer.partial_success.rejected_log_records = 1
    else:
        answer = metrics.ExportMetricsServiceResponse()
        answer.partial_success.rejected_data_points = 1
    answer.partial_success.error_message = "too old"
    return bytes(answer.SerializeToString())


def _attributes(values: Any) -> dict[str, Any]:
    return {entry.key: getattr(entry.value, entry.value.WhichOneof("value")) for entry in values}


@contextmanager
def running(target: Path, answers: str = "") -> Iterator[str]:
    """The collector as a process of its own. Yields its address."""
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-m", "tests.support.otlp_collector", str(target), "--answers", answers]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.communicate()


def received(target: Path, path: str = "/v1/logs") -> list[dict[str, Any]]:
    """Requests to `path` that the collector has taken, in order. One that it is still writing down is not among them."""
    if not target.exists():
        return []
    whole, _, _ = target.read_text(encoding="utf-8").rpartition("\n")
    requests = [json.loads(line) for line in whole.splitlines()]
    return [request for request in requests if request["path"] == path]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("--answers", default="")
    args = parser.parse_args()
    answers = [int(code) for code in args.answers.split(",") if code]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            code = answers.pop(0) if answers else 200
            if code in (0, 200, 206):
                decoded = decode_logs(body) if self.path == "/v1/logs" else decode_metrics(body)
                line = {"path": self.path, "headers": dict(self.headers), "items": decoded}
                with args.file.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")
            if code == 0:
                self.close_connection = True
                return
            answer = {206: refusal(self.path), 203: b"<!doctype html>"}.get(code, b"")
            self.send_response(200 if code in (203, 206) else code)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
