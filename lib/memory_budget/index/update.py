"""Brings the index up to date under a lock, and keeps in it what a start would else have to read: profiles and agents."""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Any

from memory_budget.base import layout
from memory_budget.base.files import read_bytes, remove, touch, write_atomic
from memory_budget.base.project import Project
from memory_budget.index import build, schema
from memory_budget.index import rebuild as rebuild_files
from memory_budget.index.pages import first_damage
from memory_budget.index.parse import TokenCounter
from memory_budget.index.sources import Sources, sources_of
from memory_budget.settings import agents, profiles, token_ratio

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from sqlite3 import Connection

#: Bytes of an index that is checked with each update, in about 150 ms; larger ones when a session starts.
LARGEST_CHECKED = 100_000_000


def counter() -> TokenCounter:
    """The exact token counter, or the upper bound where tiktoken is not installed."""
    from memory_budget.text import tokens

    try:
        return tokens.Counter()
    except ImportError:
        return tokens.UpperBound()


def update_index(
    project: Project,
    *,
    rebuild: bool = False,
    wait: float = 0.0,
    progress: Callable[[int, int], None] | None = None,
    thorough: bool = False,
) -> build.BuildReport | None:
    """Bring the index up to date. None when another process is at it and did not end within `wait` seconds.

    An index that is not whole is made anew; `thorough`: one of any size is looked at.
    Two processes never build at once: one that comes while another builds leaves a mark, and the other updates once more.
    """
    report: build.BuildReport | None = None
    again = project.at(layout.INDEX_AGAIN)
    for attempt in range(3):
        lock = _lock(project, 0.0 if attempt else wait)
        if lock is None:
            break
        try:
            remove(again)
            report = _update(project, progress, rebuild=rebuild, thorough=thorough)
        finally:
            lock.release()
        if not os.path.exists(again):  # after the release: who comes from here on takes the lock himself
            break
    return report


def _update(
    project: Project, progress: Callable[[int, int], None] | None, *, rebuild: bool, thorough: bool
) -> build.BuildReport:
    """The same once. The caller holds the lock."""
    damaged = project.at(layout.INDEX_DAMAGED)  # an agent's start found it so
    settings = profiles.load_profiles(project.root, project.home, _cached_profiles(project))
    sources = sources_of(project, settings.profiles)
    anew = rebuild or os.path.exists(damaged) or not _is_whole(project, thorough)
    report = build.update_from_files(project, sources, counter(), rebuild=anew, progress=progress)
    rebuild_files.take_over_unfinished(project)
    if anew and os.path.exists(damaged):
        os.unlink(damaged)
    _store_start_values(project, settings)
    _write_folder_names(project, sources)
    return report


def _is_whole(project: Project, thorough: bool) -> bool:
    """Whether the index is as SQLite keeps one; True where there is none. A page that lost its entries raises no error when it
    is read: it only holds nothing, and agents that need what it held would get nothing without a word."""
    try:
        size = os.stat(project.index).st_size
    except OSError:
        return True
    if size > LARGEST_CHECKED and not thorough:
        return True
    try:
        db = schema.connect(project.index)
        try:
            if db.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
                return False
            return not any(first_damage(db))
        finally:
            db.close()
    except (schema.DatabaseError, ValueError, TypeError):
        return False


@contextlib.contextmanager
def writing(project: Project, wait: float) -> Iterator[Connection | None]:
    """The index, open to be written, while nobody makes it anew: what is written into an old index beside a new one is lost,
    and what SQLite has not put into the file yet would be taken for a part of the new one.

    None where there is no index that can be used, or where another process is at it for longer than `wait` seconds; that one
    is asked to look again. Raises OSError and DatabaseError.
    """
    lock = _lock(project, wait)
    if lock is None:
        yield None
        return
    try:
        try:
            db = schema.open_writer(project.index) if os.path.exists(project.index) else None
        except schema.IndexUnusable:
            db = None
        try:
            yield db
        finally:
            if db is not None:
                db.close()
    finally:
        lock.release()


def _write_folder_names(project: Project, sources: Sources) -> None:
    """Have `hooks/if_needed` know which folders hold memory: absolute, with a slash at the end. Without the file it asks Python."""
    folders = [project.locate_file(root).rstrip("/") + "/\n" for root in sources.roots]
    if any("\n" in folder[:-1] for folder in folders):
        folders = ["/\n"]  # a line cannot hold that name, so Python looks at every file
    text = "".join(folders).encode("utf-8", "surrogateescape")
    try:
        if read_bytes(project.at(layout.MEMORY_FOLDERS)) == text:
            return
    except OSError:
        pass
    write_atomic(project.writable(layout.MEMORY_FOLDERS), text)


def _lock(project: Project, wait: float) -> Any:
    """The index lock, or None when another process holds it; then that one is asked to update once more."""
    from memory_budget.base.optional import Timeout, own_lock

    lock = own_lock(project.writable(layout.INDEX_LOCK), wait)
    try:
        lock.acquire()
    except Timeout:
        touch(project.writable(layout.INDEX_AGAIN))
        return None
    return lock


def _cached_profiles(project: Project) -> tuple[Any, Any] | None:
    try:
        db = schema.open_writer(project.index) if os.path.exists(project.index) else None
    except schema.IndexUnusable:
        return None
    if db is None:
        return None
    try:
        value = schema.read_value(db, schema.PROFILES)
        return (value[0], value[1]) if isinstance(value, list) else None
    except (schema.DatabaseError, ValueError, IndexError):
        return None  # damaged: the update that follows finds out, too
    finally:
        db.close()


def _store_start_values(project: Project, settings: profiles.LoadResult) -> None:
    """Keep what the start hook would else have to read: compiled profiles and the agent files."""
    agent_files = agents.scan_agent_files(project.root, project.home)
    db = schema.open_writer(project.index)
    try:
        db.execute("BEGIN IMMEDIATE")
        schema.write_value(db, schema.PROFILES, [list(settings.signature), settings.state])
        schema.write_value(db, schema.AGENTS, agent_files.to_state())
        schema.write_value(db, schema.RATIO, token_ratio.read_ratios(project))
        db.execute("INSERT OR REPLACE INTO meta VALUES('updated',?)", (time.time(),))
        db.execute("COMMIT")
    finally:
        db.close()
