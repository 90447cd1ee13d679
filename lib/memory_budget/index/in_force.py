"""The profiles in force: those of the file, or, while that is broken, the last good version of it, which the index keeps."""

from __future__ import annotations

from memory_budget.settings import profiles

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from memory_budget.base.project import Project


def profiles_in_force(project: Project) -> profiles.LoadResult:
    """What a project's agents get by, whatever state the file is in.

    A broken edit switches nothing on that the person had switched off: downloads, jobs, `enabled`.
    """
    loaded = profiles.load_profiles(project.root, project.home)
    if not loaded.problem:
        return loaded
    from memory_budget.index import schema
    from memory_budget.index.reader import DatabaseError, IndexReader, IndexUnusable

    try:
        reader = IndexReader(project.index)
        try:
            kept: Any = schema.read_value(reader.db, schema.PROFILES)
            cached = (kept[0], kept[1])
        finally:
            reader.close()
    except (IndexUnusable, DatabaseError, ValueError, TypeError, IndexError):
        return loaded  # there is no index, or it is damaged, or nothing is kept in it
    return profiles.load_profiles(project.root, project.home, cached)
