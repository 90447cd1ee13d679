"""Makes a new index beside the old one and puts it in its place in one step, so that every reader finds a whole one.

What cannot be made again from the memory files (how often what was used) is carried over. The old index stands until the new
one takes its name, so a process that is killed anywhere loses nothing.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from memory_budget.base.files import listing
from memory_budget.index import schema

if TYPE_CHECKING:
    from collections.abc import Callable
    from sqlite3 import Connection
    from typing import TypeVar

    from memory_budget.base.project import Project

    Made = TypeVar("Made")
    _Tables = dict[str, list[tuple[object, ...]]]

#: Tables that cannot be made again from the memory files, with what their columns hold.
_KEPT = {"uses": (int, int, int, str), "file_uses": (str, int, int, str)}


def rebuild(
    project: Project, fill: Callable[[Connection], Made], at: Callable[[str], None] = lambda _: None
) -> Made:
    """Make a new index with what `fill` puts into it, and give what that returns. The caller holds the index lock.

    `at` is called wherever the state on disk has changed. Raises OSError.
    """
    tables = free_unfinished(project)
    fresh = _unused_path(project)
    try:
        connection = schema.open_writer(fresh)
        try:
            # A half-built index is thrown away anyway: no log of what is to be written, no waiting for the disk.
            connection.execute("PRAGMA synchronous=OFF")
            connection.execute("PRAGMA journal_mode=MEMORY")
            _restore_tables(connection, tables)
            report = fill(connection)
            connection.execute("PRAGMA journal_mode=WAL")
        finally:
            connection.close()
        at("filled")
        # The old index's side files must be gone before a new index takes its name, or they would be applied to it.
        for side in schema.SIDES:
            _remove(project.index + side)
            at("side" + side)
        os.replace(fresh, project.index)
        at("replaced")
        # Not before: until now they may be the only ones that hold what is carried over.
        remove_unfinished(project)
    finally:
        _remove_with_sides(fresh)
    return report


def _unused_path(project: Project) -> str:
    """A name for a new index. A process that was killed may have had this one's id, and what it left is still needed."""
    number = 0
    while True:
        path = f"{project.index}.{os.getpid()}-{number}.new"
        if not any(os.path.lexists(path + end) for end in ("", *schema.SIDES)):
            return path
        number += 1


def _remove(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass


def _remove_with_sides(path: str) -> None:
    for end in ("", *schema.SIDES):
        _remove(path + end)


def _unfinished(project: Project) -> list[str]:
    """Indexes left unfinished by processes that were killed: no other process builds while the caller holds the lock."""
    ends = tuple(".new" + end for end in ("", *schema.SIDES))
    return [
        name for name in listing(project.cache) if name.startswith("index.sqlite.") and name.endswith(ends)
    ]


def remove_unfinished(project: Project) -> None:
    for name in _unfinished(project):
        _remove(project.at(name))


def free_unfinished(project: Project) -> _Tables:
    """Give back the room on disk that unfinished indexes hold, whether or not a new one can be made: where rebuilds are killed,
    or the disk is full, they would pile up. One is left only while it holds counts that stand nowhere else, and of those that
    there is room to write elsewhere no more than these. The caller holds the index lock.

    Returns the tables in `_KEPT` of the index and of all that was unfinished. Raises OSError.
    """
    tables = _kept_tables(project.index)
    needed = []
    for name in _unfinished(project):
        if not name.endswith(".new"):
            continue
        merged = _larger(tables, _kept_tables(project.at(name)))
        if _same_rows(merged, tables):
            _remove_with_sides(project.at(name))
        else:
            needed.append(name)
            tables = merged
    if needed and _write_counts(project, tables):
        for name in needed:
            _remove_with_sides(project.at(name))
    return tables


def _write_counts(project: Project, tables: _Tables) -> bool:
    """Keep the tables alone in an unfinished index of their own; False where there is no room for it."""
    path = _unused_path(project)
    try:
        connection = schema.open_writer(path)
        try:
            connection.execute("BEGIN")
            _restore_tables(connection, tables)
            connection.execute("COMMIT")
        finally:
            connection.close()
    except (schema.IndexUnusable, schema.DatabaseError, OSError):
        _remove_with_sides(path)
        return False
    return True


def _same_rows(first: _Tables, second: _Tables) -> bool:
    return all(set(first.get(table, ())) == set(second.get(table, ())) for table in _KEPT)


def _left_behind(project: Project) -> _Tables:
    """The tables in `_KEPT` of all unfinished indexes."""
    tables: _Tables = {}
    for name in _unfinished(project):
        if name.endswith(".new"):
            tables = _larger(tables, _kept_tables(project.at(name)))
    return tables


def _larger(first: _Tables, second: _Tables) -> _Tables:
    """The rows of both, of those about the same the one that counts more: a builder that was killed while somebody read the old
    index may have left it without what it had carried over itself."""
    merged = {table: {row[0]: row for row in rows} for table, rows in first.items()}
    for table, rows in second.items():
        rows_by_key = merged.setdefault(table, {})
        for row in rows:
            row_so_far = rows_by_key.get(row[0])
            if row_so_far is None or _counts_more(row, row_so_far):
                rows_by_key[row[0]] = row
    return {table: list(rows.values()) for table, rows in merged.items()}


def _counts_more(row: tuple[object, ...], other: tuple[object, ...]) -> bool:
    """Whether a row has the same columns as another and the larger count; False where either has no count."""
    if len(row) != len(other) or len(row) < 2:
        return False
    count, other_count = row[1], other[1]
    return isinstance(count, int) and isinstance(other_count, int) and count > other_count


def take_over_unfinished(project: Project) -> None:
    """Put back into the index what builders that were killed had carried over, and remove their files. The caller holds the
    index lock. Raises OSError and DatabaseError."""
    left = _left_behind(project)
    if left:
        connection = schema.open_writer(project.index)
        try:
            connection.execute("BEGIN IMMEDIATE")
            tables = _larger({table: _rows(connection, table) for table in _KEPT}, left)
            for table in _KEPT:
                connection.execute(f"DELETE FROM {table}")
            _restore_tables(connection, tables)
            connection.execute("COMMIT")
        finally:
            connection.close()
    remove_unfinished(project)


def _kept_tables(path: str) -> _Tables:
    """Rows worth carrying over from an index that is being replaced; nothing when it cannot be read. What stands in its log
    is put into the file itself: the log is removed before the new index comes."""
    tables: _Tables = {}
    if not os.path.exists(path):
        return tables
    try:
        connection = schema.connect(path)
        try:
            for table in _KEPT:
                tables[table] = _rows(connection, table)
            _, pages, moved = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if moved < pages:  # somebody reads an older state: starts do so for milliseconds
                connection.execute("PRAGMA busy_timeout=250")
                connection.execute("PRAGMA wal_checkpoint(FULL)")
        finally:
            connection.close()
    except (schema.DatabaseError, ValueError):  # what SQLite says of damage may quote it, which is no UTF-8
        pass
    return {table: rows for table, rows in tables.items() if rows}


def _rows(connection: Connection, table: str) -> list[tuple[object, ...]]:
    """The rows of a table, as far as they can be read."""
    rows: list[tuple[object, ...]] = []
    try:
        rows.extend(connection.execute(f"SELECT * FROM {table}"))
    except (schema.DatabaseError, ValueError):
        pass
    kinds = _KEPT[table]
    return [row for row in rows if len(row) != len(kinds) or all(map(isinstance, row, kinds))]


def _restore_tables(connection: Connection, tables: _Tables) -> None:
    """Raises OperationalError where the disk is full."""
    for table, rows in tables.items():
        for row in rows:
            if len(row) != len(_KEPT[table]):
                break  # another version's columns
            try:
                connection.execute(f"INSERT INTO {table} VALUES({','.join('?' * len(row))})", row)
            except schema.IntegrityError:
                continue  # a damaged row, or one that is there twice
            except (ValueError, OverflowError):
                continue
