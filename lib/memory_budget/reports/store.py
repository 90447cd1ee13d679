"""Usage logs as one table: current, rotated and compressed files, of this project or of a whole fleet.

DuckDB reads them: a million records in a few seconds; what does not fit in `MEMORY_LIMIT` is on disk in a folder that is
removed afterwards. A line that is no record (`log.lines`) is left out, counted and named. Logs of other writers with the
same field names are read as well; fields that they do not have are null.

The view `runs` has one row per record, columns as in `columns.COLUMNS`. Times are wall-clock times of the machine that wrote.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from memory_budget.base.files import short_hash
from memory_budget.base.project import Project
from memory_budget.log import lines, usage
from memory_budget.log.usage import BadLine
from memory_budget.reports import columns

if TYPE_CHECKING:
    import duckdb

#: Memory that DuckDB may use; the process needs about 130 MB besides.
MEMORY_LIMIT = "160MB"
#: Bad lines named per file; all are counted.
NAMED_PER_FILE = 20


class LogFile(NamedTuple):
    """A file that was read: number of its records, repeated ones included, and of its bad lines."""

    path: str
    records: int
    bad: int


class Store:
    """The records of some logs, each once. Close it, or use `opened`.

    `files` that were read; `bad`: bad lines that are named, of `bad_count`; `repeated`: records left out because the same one
    is there already.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: str) -> None:
        self._db = connection
        self._folder = folder
        self.files: list[LogFile] = []
        self.bad: list[BadLine] = []
        self.bad_count = 0
        self.repeated = 0
        self._bounds: tuple[datetime | None, datetime | None] = (None, None)

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of a query."""
        return self._db.execute(sql, list(parameters)).fetchall()

    def each(self, sql: str, parameters: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of a query, fetched in portions: for results too large for memory."""
        cursor = self._db.execute(sql, list(parameters))
        while rows := cursor.fetchmany(10_000):
            yield from rows

    def dicts(self, sql: str) -> list[dict[str, Any]]:
        """All rows of a query, by column name."""
        cursor = self._db.execute(sql)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def tasks(self, agents: Sequence[str]) -> Iterator[tuple[str, str, str, float]]:
        """(agent, first tier, task, tokens needed) of the runs of `agents` in the view, per file the largest need first.

        Reads the files again: tasks are long texts, seldom needed, and would not fit in memory with the rest.
        """
        since, until = self._bounds
        ended, first_tier = columns.COLUMNS["ended"][1], columns.COLUMNS["first_tier"][1]
        demand = columns.COLUMNS["demand"][1]
        need = f"greatest({demand}, {columns.COLUMNS['loaded'][1]})"
        for file in self.files:
            if file.records:
                try:
                    yield from self.each(
                        f"SELECT agent, {first_tier}, task, {need} AS need "
                        f"FROM {columns.read_json()} "
                        f"WHERE agent IN (SELECT unnest(?)) AND need IS NOT NULL AND {demand} IS NOT NULL AND {ended} >= ? AND {ended} < ? "
                        "ORDER BY need DESC, task LIMIT 2000",
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
        """Read log files, or a project's log; that one again from the start if it was rotated meanwhile."""
        while True:
            before = usage.standing(logs) if isinstance(logs, Project) else None
            self._db.execute(f"CREATE OR REPLACE TABLE records ({columns.declared()})")
            for path in usage.files(logs) if isinstance(logs, Project) else logs:
                self.add(path)
            if not isinstance(logs, Project) or usage.standing(logs) == before:
                self.repeated = self._drop_repeated()
                return
            self.files, self.bad, self.bad_count = [], [], 0

    def add(self, path: str) -> None:
        """Read one log file. Where it cannot be read any further a bad line 0 says so."""
        try:
            if path.endswith(".gz"):
                lines.read_through(path)  # DuckDB verifies no checksum, and before 2.0 no end either
            inserted, bad_lines = self._insert(self._plain_name(path))
        except (self._error(), *lines.BROKEN):
            self._add_carefully(path)
            return
        if bad_lines:
            named_lines = lines.name_broken(path, bad_lines, NAMED_PER_FILE)
            self.bad += named_lines if named_lines is not None else lines.name_at(path, self._places(path))
        self.bad_count += bad_lines
        self.files.append(LogFile(path, inserted, bad_lines))

    def _insert(self, path: str) -> tuple[int, int]:
        """Add the records of a file, in no order (the file's would take twice the time). Returns numbers of good and bad."""
        inserted = self.rows(
            f"INSERT INTO records SELECT {columns.selected()} FROM {columns.read_json()}", [path]
        )[0][0]
        bad = self.rows(f"DELETE FROM records WHERE NOT ({columns.IS_RECORD})")[0][0]
        return inserted - bad, bad

    def _drop_repeated(self) -> int:
        """Leave one of the records that are the same. Returns how many others there were."""
        if not self.rows("SELECT count(*) > count(DISTINCT identity) FROM records")[0][0]:
            return 0
        first = "SELECT min(rowid) FROM records GROUP BY identity"
        return int(self.rows(f"DELETE FROM records WHERE rowid NOT IN ({first})")[0][0])

    def _places(self, path: str) -> list[int]:
        """Places of the first bad lines, counted from 0 without blank lines: by a second reading, in order."""
        self._db.execute("SET preserve_insertion_order = true")
        try:
            rows = self.rows(
                f"SELECT place FROM (SELECT {columns.selected()}, row_number() OVER () - 1 AS place FROM {columns.read_json()}) "
                f"WHERE NOT ({columns.IS_RECORD}) LIMIT {NAMED_PER_FILE}",
                [self._plain_name(path)],
            )
        finally:
            self._db.execute("SET preserve_insertion_order = false")
        return [int(row[0]) for row in rows]

    def _plain_name(self, path: str) -> str:
        """A path that DuckDB does not take for a pattern: where it has one's characters, that of a link to it."""
        if not any(sign in path for sign in "*?[]{}"):
            return path
        link = f"{self._folder}/{short_hash(path)}-{os.path.basename(path).translate(str.maketrans('*?[]{}', '______'))}"
        if not os.path.lexists(link):
            os.symlink(os.path.abspath(path), link)
        return link

    def _add_carefully(self, path: str) -> None:
        """Read what can be read of a file that DuckDB refuses: cut-off compression, a line of many megabytes."""
        copy = f"{self._folder}/{len(self.files)}.jsonl"
        good = bad = 0
        try:
            with open(copy, "wb") as target:
                for number, line in lines.lines(path):
                    problem = lines.problem(line)
                    if problem is None:
                        target.write(line.rstrip(b"\n") + b"\n")
                        good += 1
                    elif problem:
                        bad += 1
                        if bad <= NAMED_PER_FILE:
                            self.bad.append(BadLine(path, number, problem))
        except lines.BROKEN as error:
            bad += 1
            self.bad.append(lines.no_further(path, error))
        self._insert(copy)
        os.unlink(copy)
        self.bad_count += bad
        self.files.append(LogFile(path, good, bad))

    def _error(self) -> type[Exception]:
        """DuckDB's exception, imported only with it."""
        import duckdb

        return duckdb.Error

    def show(
        self, since: datetime | None, until: datetime | None = None, *, without_older: bool = False
    ) -> None:
        """Make the views `shown`, the records that ended in [since, until), and `runs`, which is the same or what of it is not
        `older`: those whose demand means what it does now."""
        self._bounds = (since, until)
        bounds = ["true"]
        if since is not None:
            bounds.append(f"ended >= TIMESTAMP '{since:%Y-%m-%d %H:%M:%S}'")
        if until is not None:
            bounds.append(f"ended < TIMESTAMP '{until:%Y-%m-%d %H:%M:%S}'")
        self._db.execute(
            f"CREATE OR REPLACE VIEW shown AS SELECT * FROM records WHERE {' AND '.join(bounds)}"
        )
        chosen = "WHERE NOT older" if without_older else ""
        self._db.execute(f"CREATE OR REPLACE VIEW runs AS SELECT * FROM shown {chosen}")

    def left_out(self) -> dict[str, Any]:
        """How many of the records shown are older than demand as it is now, and so no evidence of it, and why (`columns`)."""
        return columns.left_out(int(self.rows("SELECT count(*) FILTER (WHERE older) FROM shown")[0][0]))

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Run a statement."""
        self._db.execute(sql, list(parameters))

    def close(self) -> None:
        self._db.close()
        shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def opened(
    logs: Sequence[str] | Project, *, days: int | None = None, now: datetime | None = None
) -> Iterator[Store]:
    """A store of log files, or of a project's log with its rotated parts. With `days`, its view shows only the records of the
    last so many days up to `now`.

    Raises ImportError where DuckDB is not installed: the command line offers to install it.
    """
    import duckdb

    folder = tempfile.mkdtemp(prefix="memory-budget-")
    connection = duckdb.connect(
        config={
            "memory_limit": MEMORY_LIMIT,
            "threads": min(4, os.cpu_count() or 1),
            "temp_directory": folder,
            "preserve_insertion_order": "false",
            # DuckDB downloads no extension; all that is needed is built in.
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
