"""Adds to the index how often files and chunks were given to agents or read by them, from the runs since the last count.

The runs (`log.sent`) are renamed to a file of their own, counted in one transaction that also stores that file's name, and
removed. A count that broke off is either repeated from the start or, where its name is stored, not repeated.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from memory_budget.base.errors import BudgetError
from memory_budget.base.optional import orjson
from memory_budget.index import schema, update
from memory_budget.log import sent as log_sent
from memory_budget.upkeep.memory_files import ordinal_day, parse_agents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from sqlite3 import Connection

    from memory_budget.base.project import Project

#: The key in the index's `meta` of the last file that was counted.
_COUNTED = "counted"
#: Seconds to wait for a process that makes the index.
WAIT_SECONDS = 600.0
#: Agents remembered per file or chunk at most.
_MOST_AGENTS = 50


class CountedUses(NamedTuple):
    """What was counted: number of runs, of files and of chunks used, and the ordinal days of the runs."""

    runs: int
    files: int
    chunks: int
    days: list[int]


class _Tally:
    """Uses of one file or chunk since the last count. A run is one use, however often it read the file."""

    __slots__ = ("agents", "last", "uses")

    def __init__(self) -> None:
        self.uses = 0
        self.last = 0
        self.agents: set[str] = set()


def count_uses(project: Project, now: float, at: Callable[[str], None] = lambda place: None) -> CountedUses:
    """Count the runs into the index. `now`: seconds since the epoch; `at` is called after each step, for tests.

    Raises BudgetError where the index cannot be used, or is being made for ten minutes; DatabaseError, OSError.
    """
    runs = files = chunks = 0
    days: set[int] = set()
    while True:
        part = log_sent.set_sent_aside(project)
        if not part:
            return CountedUses(runs, files, chunks, sorted(days))
        at("set aside")
        sent = log_sent.parse_sent(part)
        today = ordinal_day(now)
        part_days = {min(ordinal_day(run.time), today) for run in sent}
        by_file, by_chunk = _tallies(sent, today)
        with update.writing(project, WAIT_SECONDS) as db:
            if db is None:
                raise BudgetError("the index cannot be used now; the runs are counted next time")
            db.execute("BEGIN IMMEDIATE")
            name = os.path.basename(part)
            row = db.execute("SELECT value FROM meta WHERE key=?", (_COUNTED,)).fetchone()
            if row is None or row[0] != name:
                _add_tallies(db, "file_uses", "path", by_file)
                _add_tallies(db, "uses", "hash", by_chunk)
                db.execute("INSERT OR REPLACE INTO meta VALUES(?,?)", (_COUNTED, name))
            db.execute("COMMIT")
        at("counted")
        os.unlink(part)
        at("dropped")
        runs += len(sent)
        files += len(by_file)
        chunks += len(by_chunk)
        days |= part_days


def _tallies(sent: Iterable[log_sent.Sent], today: int) -> tuple[dict[object, _Tally], dict[object, _Tally]]:
    by_file: dict[object, _Tally] = {}
    by_chunk: dict[object, _Tally] = {}
    for run in sent:
        day = min(ordinal_day(run.time), today)
        for table, keys in ((by_file, {*run.files, *run.read}), (by_chunk, set(run.chunks))):
            for key in keys:
                tally = table.get(key)
                if tally is None:
                    tally = table[key] = _Tally()
                tally.uses += 1
                tally.last = max(tally.last, day)
                tally.agents.add(run.agent)
    return by_file, by_chunk


def _add_tallies(db: Connection, table: str, key: str, tallies: dict[object, _Tally]) -> None:
    """Add tallies by the value of column `key` to a table of uses."""
    for value, tally in tallies.items():
        row = db.execute(f"SELECT uses, last_used, agents FROM {table} WHERE {key}=?", (value,)).fetchone()
        whole = row is not None and isinstance(row[0], int) and isinstance(row[1], int)
        uses, last, agents = row if whole else (0, 0, "[]")  # a damaged row counts anew
        names = sorted(parse_agents(agents) | tally.agents)[:_MOST_AGENTS]
        db.execute(
            f"INSERT OR REPLACE INTO {table} VALUES(?,?,?,?)",
            (value, uses + tally.uses, max(last, tally.last), orjson.dumps(names).decode()),
        )


def rename_uses(project: Project, moved: Iterable[tuple[str, str]]) -> None:
    """Move the counts of files that moved. `moved`: (old path, new path).

    Without an index that can be used nothing is done: the files have moved, whatever becomes of their counts.
    """
    if not os.path.exists(project.index):
        return
    try:
        with update.writing(project, WAIT_SECONDS) as db:
            if db is None:
                return
            db.execute("BEGIN IMMEDIATE")
            for old, new in moved:
                db.execute("UPDATE OR REPLACE file_uses SET path=? WHERE path=?", (new, old))
            db.execute("COMMIT")
    except (schema.DatabaseError, ValueError):
        return
