"""Usage logs as one table: current, rotated and compressed files, of this project or of a whole fleet.

DuckDB reads them: a million records in a few seconds, with what does not fit in `MEMORY_LIMIT` on disk in a
folder that is removed afterwards. A line that is no record is left out, counted and named. Logs of other writers with the
same field names are read as well; what they do not have is null.

The view `runs` has one row per record, columns as in `COLUMNS`. Times are wall-clock times of the machine that wrote.
"""

from __future__ import annotations

import glob
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from memory_budget import usage_log
from memory_budget.errors import BudgetError
from memory_budget.project import Project, digest
from memory_budget.usage_log import BadLine

if TYPE_CHECKING:
    import duckdb

#: What DuckDB may keep in memory; the process needs about 130 MB besides.
MEMORY_LIMIT = "160MB"
#: Bad lines named per file; all are counted.
NAMED_PER_FILE = 20

#: Columns of `runs`: SQL type, and the expression over a record's fields.
COLUMNS = {
    "ended": ("TIMESTAMP", "try_cast(substr(timestamp, 1, 19) AS TIMESTAMP)"),
    "agent": ("VARCHAR", "agent"),
    "first_tier": ("VARCHAR", "coalesce(bumped_from, complexity)"),
    "profile": ("VARCHAR", "profile"),
    "model": ("VARCHAR", "model"),
    "budget": ("FLOAT", "budget_allocated"),
    "loaded": ("FLOAT", "tokens_loaded"),
    "demand": ("FLOAT", "coalesce(demand_tokens, tokens_loaded)"),
    "scoped": ("FLOAT", "scoped_tokens"),
    "on_demand": ("FLOAT", "on_demand_tokens"),
    "exceeded": ("BOOLEAN", "exceeded_budget"),
    "delivered": ("BOOLEAN", "delivered"),
    "success": ("BOOLEAN", "success"),
    "seconds": ("FLOAT", "duration_seconds"),
    "in_global": ("FLOAT", 'scope_breakdown."global"'),
    "in_agent_recent": ("FLOAT", "scope_breakdown.agent_recent"),
    "in_agent_patterns": ("FLOAT", "scope_breakdown.agent_patterns"),
    "requests": ("FLOAT", "api_usage.requests"),
    "api_input": ("FLOAT", "api_usage.input"),
    "api_cache_write": ("FLOAT", "api_usage.cache_creation"),
    "api_cache_read": ("FLOAT", "api_usage.cache_read"),
    "api_output": ("FLOAT", "api_usage.output"),
    "hook_ms": ("FLOAT", "hook_ms"),
}

#: Fields read from a record, with their types. A field of another type reads as null.
_FIELDS = {
    "timestamp": "VARCHAR",
    "agent": "VARCHAR",
    "complexity": "VARCHAR",
    "bumped_from": "VARCHAR",
    "profile": "VARCHAR",
    "model": "VARCHAR",
    "budget_allocated": "DOUBLE",
    "tokens_loaded": "DOUBLE",
    "demand_tokens": "DOUBLE",
    "scoped_tokens": "DOUBLE",
    "on_demand_tokens": "DOUBLE",
    "exceeded_budget": "BOOLEAN",
    "delivered": "BOOLEAN",
    "success": "BOOLEAN",
    "duration_seconds": "DOUBLE",
    "scope_breakdown": 'STRUCT("global" DOUBLE, agent_recent DOUBLE, agent_patterns DOUBLE)',
    "api_usage": "STRUCT(requests DOUBLE, input DOUBLE, cache_creation DOUBLE, cache_read DOUBLE, output DOUBLE)",
    "hook_ms": "DOUBLE",
}
_GOOD = (
    "coalesce(agent IS NOT NULL AND ended IS NOT NULL AND budget >= 0 AND loaded >= 0 AND isfinite(budget) "
    "AND isfinite(loaded), false)"
)


class LogFile(NamedTuple):
    """One file read: `records` in it, and lines that are none."""

    path: str
    records: int
    bad: int


class Store:
    """The records of some logs. `bad`: the named bad lines; `bad_count`: all of them. Close it, or use `opened`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: str) -> None:
        self._db = connection
        self._folder = folder
        self.files: list[LogFile] = []
        self.bad: list[BadLine] = []
        self.bad_count = 0
        self._bounds: tuple[datetime | None, datetime | None] = (None, None)

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        return self._db.execute(sql, list(parameters)).fetchall()

    def each(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """Rows in portions, for results that should not be in memory at once."""
        cursor = self._db.execute(sql, list(parameters))
        while rows := cursor.fetchmany(10_000):
            yield from rows

    def dicts(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
        cursor = self._db.execute(sql, list(parameters))
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def tasks(self, agents: Sequence[str]) -> Iterator[tuple[str, str, str, float]]:
        """Agent, first tier, task and tokens needed of these agents' runs in the view, largest need first.

        Read from the files again: tasks are long texts, seldom wanted, and would not fit in memory with the rest.
        """
        since, until = self._bounds
        fields = ", ".join(f"\"{name}\": '{kind}'" for name, kind in (*_FIELDS.items(), ("task", "VARCHAR")))
        ended, first_tier = COLUMNS["ended"][1], COLUMNS["first_tier"][1]
        for file in self.files:
            if file.records:
                try:
                    yield from self.each(
                        f"SELECT agent, {first_tier}, task, greatest(coalesce(demand_tokens, 0), tokens_loaded) AS need "
                        f"FROM read_json(?, format='newline_delimited', ignore_errors=true, columns={{{fields}}}) "
                        f"WHERE agent IN (SELECT unnest(?)) AND tokens_loaded >= 0 AND {ended} >= ? AND {ended} < ? "
                        "ORDER BY need DESC LIMIT 2000",
                        [
                            self._plain_name(file.path),
                            list(agents),
                            since or datetime.min,
                            until or datetime.max,
                        ],
                    )
                except self._error():
                    continue  # examples are a convenience; a damaged file was named when it was read

    @property
    def records(self) -> int:
        return sum(file.records for file in self.files)

    # -- filling it

    def fill(self, logs: Sequence[str] | Project) -> None:
        """Read all of these files, or of a project's log; that one again from the start if it was rotated meanwhile."""
        while True:
            before = usage_log.standing(logs) if isinstance(logs, Project) else None
            columns = ", ".join(f"{name} {kind}" for name, (kind, _) in COLUMNS.items())
            self._db.execute(f"CREATE OR REPLACE TABLE records ({columns})")
            for path in usage_log.files(logs) if isinstance(logs, Project) else logs:
                self.add(path)
            if not isinstance(logs, Project) or usage_log.standing(logs) == before:
                return
            self.files, self.bad, self.bad_count = [], [], 0

    def add(self, path: str) -> None:
        """Read one log file. What cannot be read at all is named as a bad line 0."""
        before = self._rowid()
        try:
            if path.endswith(".gz") and self._overlooks_cut_offs():
                _read_through(path)
            self._insert(self._plain_name(path))
        except (self._error(), OSError, EOFError):
            self._db.execute("DELETE FROM records WHERE rowid >= ?", [before])
            self._add_carefully(path)
            return
        places = [
            int(row[0])
            for row in self.rows(
                f"SELECT rowid - ? FROM records WHERE rowid >= ? AND NOT ({_GOOD})", [before, before]
            )
        ]
        after = self._rowid()
        if places:
            self.bad += list(_name_lines(path, sorted(places)[:NAMED_PER_FILE]))
        self.bad_count += len(places)
        self.files.append(LogFile(path, after - before - len(places), len(places)))

    def _insert(self, path: str) -> None:
        fields = ", ".join(f"\"{name}\": '{kind}'" for name, kind in _FIELDS.items())
        chosen = ", ".join(f"CAST({expression} AS {kind})" for kind, expression in COLUMNS.values())
        self._db.execute(
            f"INSERT INTO records SELECT {chosen} FROM read_json(?, format='newline_delimited', "
            f"ignore_errors=true, columns={{{fields}}})",
            [path],
        )

    def _plain_name(self, path: str) -> str:
        """A name that DuckDB cannot take for a pattern."""
        if not any(sign in path for sign in "*?[]{}"):
            return path
        link = f"{self._folder}/{digest(path)}-{os.path.basename(path).translate(str.maketrans('*?[]{}', '______'))}"
        if not os.path.lexists(link):
            os.symlink(os.path.abspath(path), link)
        return link

    def _add_carefully(self, path: str) -> None:
        """Read a file DuckDB gave up on (cut-off compression, one line of many megabytes): what can be had of it."""
        copy = f"{self._folder}/{len(self.files)}.jsonl"
        good = bad = 0
        try:
            with open(copy, "wb") as target:
                for number, line in _lines(path):
                    problem = _problem(line)
                    if problem is None:
                        target.write(line.rstrip(b"\n") + b"\n")
                        good += 1
                    elif problem:
                        bad += 1
                        if bad <= NAMED_PER_FILE:
                            self.bad.append(BadLine(path, number, problem))
        except (OSError, EOFError, ValueError) as error:
            bad += 1
            self.bad.append(
                BadLine(path, 0, f"cannot be read further: {getattr(error, 'strerror', None) or error}")
            )
        self._insert(copy)
        os.unlink(copy)
        self.bad_count += bad
        self.files.append(LogFile(path, good, bad))

    def _rowid(self) -> int:
        """The row that comes next: rows keep the order of the lines they were read from."""
        return int(self.rows("SELECT coalesce(max(rowid) + 1, 0) FROM records")[0][0])

    def _error(self) -> type[Exception]:
        import duckdb

        return duckdb.Error

    def _overlooks_cut_offs(self) -> bool:
        """DuckDB before 2.0 (all there is for Python 3.10) takes the end of a cut-off archive for its proper end."""
        import duckdb

        return int(duckdb.__version__.split(".")[0]) < 2

    def show(self, since: datetime | None, until: datetime | None = None) -> None:
        """Make the view `runs`: the records that ended in [since, until)."""
        self._bounds = (since, until)
        bounds = [_GOOD]
        if since is not None:
            bounds.append(f"ended >= TIMESTAMP '{since:%Y-%m-%d %H:%M:%S}'")
        if until is not None:
            bounds.append(f"ended < TIMESTAMP '{until:%Y-%m-%d %H:%M:%S}'")
        self._db.execute(f"CREATE OR REPLACE VIEW runs AS SELECT * FROM records WHERE {' AND '.join(bounds)}")

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> None:
        self._db.execute(sql, list(parameters))

    def close(self) -> None:
        self._db.close()
        shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def opened(
    logs: Sequence[str] | Project, *, days: int | None = None, now: datetime | None = None
) -> Iterator[Store]:
    """The records of log files, or of a project's log with its rotated parts; with `days`, the view shows those of the
    last so many days up to `now`.

    Raises BudgetError where DuckDB is not installed.
    """
    try:
        import duckdb
    except ImportError as error:
        raise BudgetError(
            "reports need the package duckdb, which is not installed; run: python3 install.py"
        ) from error
    folder = tempfile.mkdtemp(prefix="memory-budget-")
    connection = duckdb.connect(
        config={
            "memory_limit": MEMORY_LIMIT,
            "threads": min(4, os.cpu_count() or 1),
            "temp_directory": folder,
            # Nothing is ever fetched: what is needed is built in.
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
    )
    connection.execute("SET enable_progress_bar = false")  # it would draw on standard output
    store = Store(connection, folder)
    try:
        store.fill(logs)
        since = (now or datetime.now()) - timedelta(days=days) if days is not None else None
        store.show(since)
        yield store
    finally:
        store.close()


def expand(patterns: Sequence[str]) -> list[str]:
    """Files named by paths and globs, each once. Raises BudgetError for one that names none."""
    found: dict[str, str] = {}
    for pattern in patterns:
        expanded = os.path.expanduser(pattern)
        names = [expanded] if os.path.isfile(expanded) else sorted(glob.glob(expanded, recursive=True))
        names = [name for name in names if os.path.isfile(name)]
        if not names:
            raise BudgetError(f"{pattern}: no such file")
        for name in names:
            found.setdefault(os.path.realpath(name), name)
    return list(found.values())


# -- naming bad lines


def _name_lines(path: str, places: Sequence[int]) -> Iterator[BadLine]:
    """The lines at `places`, counted from 0 without blank ones, and what is wrong with each."""
    wanted = set(places)
    place = -1
    try:
        for number, line in _lines(path):
            if not line.strip():
                continue
            place += 1
            if place in wanted:
                yield BadLine(path, number, _problem(line) or "not a usage record: a field has another type")
                wanted.discard(place)
                if not wanted:
                    return
    except (OSError, EOFError, ValueError):
        return


def _lines(path: str) -> Iterator[tuple[int, bytes]]:
    """Numbered lines of a plain, gzip or zstd file."""
    with usage_log.open_file(path) as file:
        yield from enumerate(file, 1)


def _read_through(path: str) -> None:
    """Raise EOFError or OSError where a compressed file cannot be read to its end."""
    with usage_log.open_file(path) as file:
        while file.read(1 << 20):
            pass


def _problem(line: bytes) -> str | None:
    """What keeps a line from being a record: None for nothing, "" for a blank line."""
    if not line.strip():
        return ""
    try:
        value = orjson.loads(line)
    except ValueError:
        if not line.endswith(b"\n"):
            return "cut off: the line has no end"
        return f"not JSON: {line[:60].decode('utf-8', 'replace').strip()!r}"
    if not isinstance(value, dict):
        return f"not a usage record but {type(value).__name__}"
    if not isinstance(value.get("agent"), str):
        return "not a usage record: no agent"
    try:
        datetime.fromisoformat(str(value.get("timestamp"))[:19])
    except ValueError:
        return "not a usage record: no time"
    for key in ("budget_allocated", "tokens_loaded"):
        if isinstance(value.get(key), bool) or not isinstance(value.get(key), (int, float)) or value[key] < 0:
            return f"not a usage record: no {key}"
    return None
