"""Counts which files and chunks were given or read, by which agents, from the runs since the last count.

Lines are set aside under a name, counted in one transaction that notes the name, and dropped: a count broken off is
done again from the start or not at all.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from memory_budget.base.optional import orjson
from memory_budget.index import schema
from memory_budget.log import sent as log_sent
from memory_budget.upkeep.memory_files import ordinal_day, parse_agents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from sqlite3 import Connection

    from memory_budget.base.project import Project

_COUNTED = "counted"
_AGENTS_KEPT = 50


class Counted(NamedTuple):
    """`runs` counted, `files` and `chunks` touched, `days`: ordinal days of the runs."""

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


def count(project: Project, now: float, at: Callable[[str], None] = lambda place: None) -> Counted:
    """Take the runs over into the index. Raises IndexUnusable, DatabaseError, OSError."""
    runs = files = chunks = 0
    days: set[int] = set()
    while True:
        part = log_sent.set_aside(project)
        if not part:
            return Counted(runs, files, chunks, sorted(days))
        at("set aside")
        sent = log_sent.parse(part)
        today = ordinal_day(now)
        own_days = {min(ordinal_day(run.time), today) for run in sent}
        by_file, by_chunk = _tally(sent, today)
        db = schema.open_writer(project.index)
        try:
            db.execute("BEGIN IMMEDIATE")
            name = os.path.basename(part)
            row = db.execute("SELECT value FROM meta WHERE key=?", (_COUNTED,)).fetchone()
            if row is None or row[0] != name:
                _add(db, "file_uses", "path", by_file)
                _add(db, "uses", "hash", by_chunk)
                db.execute("INSERT OR REPLACE INTO meta VALUES(?,?)", (_COUNTED, name))
            db.execute("COMMIT")
        finally:
            db.close()
        at("counted")
        os.unlink(part)
        at("dropped")
        runs += len(sent)
        files += len(by_file)
        chunks += len(by_chunk)
        days |= own_days


def _tally(sent: Iterable[log_sent.Sent], today: int) -> tuple[dict[object, _Tally], dict[object, _Tally]]:
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


def _add(db: Connection, table: str, key: str, tallies: dict[object, _Tally]) -> None:
    for value, tally in tallies.items():
        row = db.execute(f"SELECT uses, last_used, agents FROM {table} WHERE {key}=?", (value,)).fetchone()
        uses, last, agents = row if row is not None else (0, 0, "[]")
        known = sorted(parse_agents(agents) | tally.agents)[:_AGENTS_KEPT]
        db.execute(
            f"INSERT OR REPLACE INTO {table} VALUES(?,?,?,?)",
            (value, uses + tally.uses, max(last, tally.last), orjson.dumps(known).decode()),
        )


def rename(project: Project, moved: Iterable[tuple[str, str]]) -> None:
    """Let counts follow files that moved, from their old path to their new one.

    Without an index that can be used nothing is done: a file has moved whatever becomes of its counts.
    """
    if not os.path.exists(project.index):
        return
    try:
        db = schema.open_writer(project.index)
    except schema.IndexUnusable:
        return
    try:
        db.execute("BEGIN IMMEDIATE")
        for old, new in moved:
            db.execute("UPDATE OR REPLACE file_uses SET path=? WHERE path=?", (new, old))
        db.execute("COMMIT")
    except schema.DatabaseError:
        return
    finally:
        db.close()
