"""Memory as the jobs see it: every file with what is known of its age, its use and its worth."""

from __future__ import annotations

import os
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from memory_budget.base import layout
from memory_budget.base.files import read_bytes, write_atomic
from memory_budget.base.memory_folders import MEMORY
from memory_budget.base.optional import orjson
from memory_budget.base.project import Project
from memory_budget.index import schema
from memory_budget.index.facts import find_date, side_path
from memory_budget.index.sources import AUTO, locate

if TYPE_CHECKING:
    from collections.abc import Iterable

_SIDE_LIMIT = 200_000
_ACTIVE_KEPT = 800


class Note(NamedTuple):
    """One memory file.

    `date`: ordinal day from its front matter, name or head, 0 unknown; `last_used`: ordinal day, 0 never that we know
    of; `uses` and `agents` counted here, with those its side file names; `first_seen`: the ordinal day the jobs first
    saw it, 0 not yet; `confidence` -1 unknown; `movable`: whether jobs may move it (below `.claude/memory`, a plain
    file there, not the client's own agent memory).
    """

    path: str
    scope: str
    owner: str
    category: str
    native: str
    tokens: int
    hash: str
    date: int
    confidence: float
    always: bool
    expires: int
    uses: int
    last_used: int
    agents: frozenset[str]
    first_seen: int
    movable: bool
    side: bool = False
    size: int = 0
    problem: str = ""

    @property
    def private(self) -> bool:
        """Whether it is the client's own memory, which nothing in the project may depend on or be made from."""
        return self.native == AUTO

    @property
    def tier(self) -> str:
        """The folder that says how long it is meant to last: "recent", "intermediate", "patterns", or ""."""
        for name in reversed(self.path.split("/")[:-1]):
            if name in ("recent", "intermediate", "patterns"):
                return name
        return ""


class Seen(NamedTuple):
    """What the jobs remember of files they cannot ask: `first`: by path, the ordinal day it was first seen;
    `active`: ordinal days on which agents ran here."""

    first: dict[str, int]
    active: list[int]


def read_seen(project: Project) -> Seen:
    try:
        value = orjson.loads(read_bytes(project.at(layout.SEEN)))
        return Seen(
            {str(path): int(day) for path, day in value["first"].items()},
            sorted({int(day) for day in value["active"]}),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Seen({}, [])


def write_seen(project: Project, seen: Seen) -> None:
    kept = seen._replace(active=sorted(set(seen.active))[-_ACTIVE_KEPT:])
    write_atomic(project.writable(layout.SEEN), orjson.dumps(kept._asdict()))


def ordinal_day(moment: float) -> int:
    """The local calendar day of a time in seconds since the epoch."""
    return datetime.fromtimestamp(moment).toordinal()


def load(project: Project, seen: Seen) -> list[Note]:
    """Every indexed file in path order. Raises IndexUnusable, DatabaseError."""
    db = schema.open_reader(project.index)
    try:
        rows = db.execute(
            "SELECT f.path, g.scope, g.owner, g.category, g.native, f.tokens, f.hash, f.date, f.confidence, f.always, "
            "f.expires, coalesce(u.uses, 0), coalesce(u.last_used, 0), coalesce(u.agents, '[]'), f.size, f.problem "
            "FROM files f JOIN groups g ON g.id = f.grp LEFT JOIN file_uses u ON u.path = f.path ORDER BY f.path"
        ).fetchall()
    finally:
        db.close()
    base = os.path.realpath(project.memory)
    return [_note(project, base, row, seen) for row in rows]


def _note(project: Project, base: str, row: tuple[Any, ...], seen: Seen) -> Note:
    (
        path, scope, owner, category, native, tokens, content, date, confidence, always, expires, uses, last_used,
        agents, size, problem,
    ) = row  # fmt: skip
    side = side_facts(project, path)
    counted = side.get("use_count")
    if isinstance(counted, int) and not isinstance(counted, bool) and counted > 0:
        uses += counted
    used = side.get("last_used")
    if isinstance(used, str):
        last_used = max(last_used, find_date(used))
    return Note(
        path=path,
        scope=scope,
        owner=owner,
        category=category,
        native=native,
        tokens=tokens,
        hash=bytes(content).hex(),
        date=date,
        confidence=confidence,
        always=bool(always),
        expires=expires,
        uses=uses,
        last_used=last_used,
        agents=parse_agents(agents),
        first_seen=seen.first.get(path, 0),
        movable=not native and _movable(project, base, path),
        side=bool(side),
        size=size,
        problem=problem,
    )


def _movable(project: Project, base: str, path: str) -> bool:
    """Whether a path is a plain file below `.claude/memory`, by its names and in truth."""
    if not path.startswith(MEMORY + "/"):
        return False
    return os.path.realpath(f"{project.root}/{path}") == base + path[len(MEMORY) :]


def parse_agents(text: str) -> frozenset[str]:
    try:
        value = orjson.loads(text)
    except ValueError:
        return frozenset()
    return frozenset(str(name) for name in value) if isinstance(value, list) else frozenset()


def side_facts(project: Project, path: str) -> dict[str, Any]:
    """What the side file of a memory file says; {} without one that can be read."""
    if path.startswith("~/"):
        return {}
    try:
        value = orjson.loads(read_bytes(side_path(f"{project.root}/{path}"), _SIDE_LIMIT))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def read_text(project: Project, path: str) -> str:
    """A memory file's text as it stands on disk, U+FFFD for what is not UTF-8. Raises OSError."""
    return read_bytes(locate(project, path)).decode("utf-8", "replace")


def remember_seen(seen: Seen, paths: Iterable[str], today: int, active: Iterable[int]) -> Seen:
    """First days of files not seen before; files that are gone are forgotten. A clock that was ahead is forgiven."""
    return Seen(
        {path: min(seen.first.get(path, today), today) for path in paths},
        sorted({day for day in (*seen.active, *active) if day <= today}),
    )
