"""The open index: its groups, and what an agent may get of them. Read only, on the hot path; `view` serves it to the selection."""

from __future__ import annotations

from memory_budget.index.records import File
from memory_budget.index.schema import DatabaseError, IndexDamaged, IndexUnusable, open_reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from sqlite3 import Connection
    from typing import Any


__all__ = ["DatabaseError", "Group", "IndexReader", "IndexUnusable", "IndexedFile"]

#: Ids of an overlay's chunks and files start here; the index's stay below.
OVERLAY_BASE = 0xE0000000
#: Stands for the time of change of a source folder that is not there.
MISSING = -1
#: The same for a folder or file that may not be read: when it may, nothing of it but that says so.
DENIED = -2


class IndexedFile(File):
    """A file with what only the index knows: the day it `expires` (0 never), its last chunk's id (`last`), and how many of
    its first lines the client loads for this agent itself (`native`)."""

    __slots__ = ("expires", "last", "native")

    expires: int
    last: int
    native: int


class Group:
    """The files of one scope and one owner."""

    __slots__ = ("category", "chunks", "files", "id", "native", "owner", "scope", "terms", "tokens")

    def __init__(self, row: Sequence[Any]) -> None:
        self.id: int = row[0]
        self.scope: str = row[1]
        self.owner: str = row[2]
        self.category: str = row[3]
        self.native: str = row[4]
        self.files: int = row[5]
        self.chunks: int = row[6]
        self.tokens: int = row[7]
        self.terms: int = row[8]


class IndexReader:
    """An open index. Raises IndexUnusable when there is none to open, DatabaseError when it turns out damaged."""

    __slots__ = ("db",)

    def __init__(self, path: str) -> None:
        self.db: Connection = open_reader(path)

    def close(self) -> None:
        self.db.close()

    def meta(self, key: str) -> Any:
        row = self.db.execute("SELECT value FROM meta WHERE key=?", (key,)).fetchone()
        return None if row is None else row[0]

    def groups(self) -> list[Group]:
        """Every group. A few dozen rows; thousands where there are thousands of agents."""
        return [
            Group(row)
            for row in self.db.execute(
                "SELECT id, scope, owner, category, native, files, chunks, tokens, terms FROM groups ORDER BY id"
            )
        ]

    def groups_for(self, names: Sequence[str]) -> list[Group]:
        """The groups an agent with these folder names gets (see `owners_of`). Raises IndexDamaged where some were lost."""
        row = self.db.execute(
            "SELECT value, (SELECT count(scope) FROM groups) FROM meta WHERE key='groups'"
        ).fetchone()
        if row is None or row[0] != row[1]:
            raise IndexDamaged("the index has not as many groups as were written")
        owners = sorted({name.rpartition("/")[2].lower() for name in names})
        marks = ",".join("?" * len(owners))
        rows = self.db.execute(
            "SELECT id, scope, owner, category, native, files, chunks, tokens, terms FROM groups "
            f"WHERE scope='global' OR lower(owner) IN ({marks}) ORDER BY scope, category, owner, native",
            owners,
        ).fetchall()
        chosen = set(owners_of((row[:5] for row in rows), names))
        return [Group(row) for row in rows if row[0] in chosen]


def ordinal(time_ns: int) -> int:
    """The proleptic ordinal day (UTC) of a time since the epoch in ns: 719,163 is 1 January 1970."""
    return 719163 + time_ns // 86_400_000_000_000


def owners_of(groups: Iterable[tuple[int, str, str, str, str]], names: Sequence[str]) -> list[int]:
    """The groups an agent gets: all that is global, and those owned by one of its folder names.

    `groups` yields (id, scope, owner, category, native); a name is `owner` (in any category), or `category/owner`.
    Case does not matter, and a name that no folder has finds nothing.
    """
    folder_names = {name.lower() for name in names}
    chosen = []
    for group, scope, owner, category, _native in groups:
        low = owner.lower()
        if scope == "global" or low in folder_names or f"{category.lower()}/{low}" in folder_names:
            chosen.append(group)
    return chosen
