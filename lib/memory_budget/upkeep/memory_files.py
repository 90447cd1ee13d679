"""Memory files as the jobs see them: each with its age, its uses and its confidence.

The state `state/seen.json` has the ordinal day on which each file was first seen, and the days on which agents ran:

    {"first": {".claude/memory/recent/a.md": 739799}, "active": [739799, 739801]}
"""

from __future__ import annotations

import os
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from memory_budget.base import layout
from memory_budget.base.files import read_bytes, write_atomic
from memory_budget.base.memory_folders import MEMORY
from memory_budget.base.optional import orjson
from memory_budget.base.project import Project
from memory_budget.index import schema
from memory_budget.index.facts import find_date, side_path
from memory_budget.index.sources import AUTO

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Bytes of a side file that are read at most.
_SIDE_LIMIT = 200_000
#: Days on which agents ran that are remembered at most.
_MOST_DAYS = 800


class MemoryFile(NamedTuple):
    """One memory file.

    Days are ordinal days. `tokens`: exact count; `hash` of the content; `date`: from its front matter, name or first lines, 0
    for none; `last_used`: 0 for never; `uses` and `agents`: counted here, plus those in its side file; `first_seen` by the
    jobs, 0 for not yet; `confidence`: 0 to 1, -1 for none; `always`: pinned; `native`: the client's own agent memory, "" for
    none; `movable`: whether jobs may move it (a plain file below `.claude/memory`); `problem`: what was wrong with reading
    it, "" for nothing.
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
    problem: str = ""

    @property
    def private(self) -> bool:
        """Whether it is the client's own memory, which nothing in the project may depend on or be made from."""
        return self.native == AUTO

    @property
    def tier(self) -> str:
        """The folder above it that says how long it is meant to last: "recent", "intermediate", "patterns", or ""."""
        for name in reversed(self.path.split("/")[:-1]):
            if name in ("recent", "intermediate", "patterns"):
                return name
        return ""


class Seen(NamedTuple):
    """`first`: by path, the ordinal day on which a file was first seen; `active`: ordinal days on which agents ran."""

    first: dict[str, int]
    active: list[int]


def read_seen(project: Project) -> Seen:
    """The state on disk; an empty one where there is none that can be read."""
    try:
        value = orjson.loads(read_bytes(project.at(layout.SEEN)))
        return Seen(
            {path: day for path, day in value["first"].items() if _is_day(day)},
            sorted({day for day in value["active"] if _is_day(day)}),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Seen({}, [])


def _is_day(value: object) -> bool:
    """Whether a value can be an ordinal day: 1 is 1 January of the year 1."""
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= date.max.toordinal()


def write_seen(project: Project, seen: Seen) -> None:
    """Replace the state. Raises OSError."""
    latest = seen._replace(active=sorted(set(seen.active))[-_MOST_DAYS:])
    write_atomic(project.writable(layout.SEEN), orjson.dumps(latest._asdict()))


def ordinal_day(moment: float) -> int:
    """The local calendar day of a time in seconds since the epoch."""
    return datetime.fromtimestamp(moment).toordinal()


def load_memory_files(project: Project, seen: Seen) -> list[MemoryFile]:
    """Every indexed file in path order. Raises IndexUnusable, DatabaseError."""
    db = schema.open_reader(project.index)
    try:
        rows = db.execute(
            "SELECT f.path, g.scope, g.owner, g.category, g.native, f.tokens, f.hash, f.date, f.confidence, f.always, "
            "f.expires, coalesce(u.uses, 0), coalesce(u.last_used, 0), coalesce(u.agents, '[]'), f.problem "
            "FROM files f JOIN groups g ON g.id = f.grp LEFT JOIN file_uses u ON u.path = f.path ORDER BY f.path"
        ).fetchall()
    finally:
        db.close()
    base = os.path.realpath(project.memory)
    return [_memory_file(project, base, row, seen) for row in rows]


def _memory_file(project: Project, base: str, row: tuple[Any, ...], seen: Seen) -> MemoryFile:
    (
        path, scope, owner, category, native, tokens, content, date, confidence, always, expires, uses, last_used,
        agents, problem,
    ) = row  # fmt: skip
    side = side_facts(project, path)
    side_uses = side.get("use_count")
    if isinstance(side_uses, int) and not isinstance(side_uses, bool) and side_uses > 0:
        uses += side_uses
    side_last_used = side.get("last_used")
    if isinstance(side_last_used, str):
        last_used = max(last_used, find_date(side_last_used))
    return MemoryFile(
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
        problem=problem,
    )


def _movable(project: Project, base: str, path: str) -> bool:
    """Whether a path is below `.claude/memory` and no folder in it is a link."""
    if not path.startswith(MEMORY + "/"):
        return False
    return os.path.realpath(f"{project.root}/{path}") == base + path[len(MEMORY) :]


def parse_agents(text: str) -> frozenset[str]:
    """Names of agents from the JSON list that the index has; none for a text that is no such list."""
    try:
        value = orjson.loads(text)
    except ValueError:
        return frozenset()
    return frozenset(str(name) for name in value) if isinstance(value, list) else frozenset()


def side_facts(project: Project, path: str) -> dict[str, Any]:
    """The side file of a memory file (`a.metadata.json` of `a.md`); {} where there is none that can be read."""
    if path.startswith("~/"):
        return {}
    try:
        value = orjson.loads(read_bytes(side_path(f"{project.root}/{path}"), _SIDE_LIMIT))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def read_note_text(project: Project, path: str) -> str:
    """A memory file's text on disk, with U+FFFD for bytes that are not UTF-8. Raises OSError."""
    return read_bytes(project.locate_file(path)).decode("utf-8", "replace")


def remember_seen(seen: Seen, paths: Iterable[str], today: int, active: Iterable[int]) -> Seen:
    """The state with `today` for files not seen before, without files that are gone, and with the days of new runs.

    Days after `today` (the clock was ahead) become today, and are removed from `active`.
    """
    return Seen(
        {path: min(seen.first.get(path, today), today) for path in paths},
        sorted({day for day in (*seen.active, *active) if day <= today}),
    )
