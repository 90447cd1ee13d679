"""Health of a project's memory: its size against the thresholds, how it grows, and files that need a person.

All of memory counts: what every agent shares and what each has of its own. A threshold's date is where the straight line
through the sizes of the last 90 days meets it (least squares; at least three days that span a week).
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from memory_budget.base import layout
from memory_budget.base.files import read_bytes, write_atomic
from memory_budget.base.optional import orjson
from memory_budget.base.project import Project
from memory_budget.index.note import BINARY, MARKDOWN, MATTER, NOT_UTF8, SECRET, from_stored
from memory_budget.index.scan import TOO_LARGE
from memory_budget.upkeep.archival import ACTIVE_DAYS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from memory_budget.index.scan import Scan
    from memory_budget.upkeep.memory_files import MemoryFile

_HISTORY_DAYS = 90
_HISTORY_KEPT = 1000
_LEAST_SPAN = 7
_LEAST_POINTS = 3
#: Days after which a file that no agent got is named, with runs on at least `ACTIVE_DAYS` of them.
UNUSED_DAYS = 30
_NEVER = 36_500

LEVELS = ("healthy", "warning", "critical", "over the limit")


#: Kinds of problems, the most pressing first.
KINDS = (
    SECRET, "profiles", "unreadable", "too large", BINARY, NOT_UTF8, "outside", MATTER, MARKDOWN, "dead link", "oversized", "expired",
    "never used",
)  # fmt: skip
_OUTSIDE = "a link that leads out of the project; it is not read (allow_outside in the profiles)"
#: Dead links of one file that are named.
_MOST_LINKS = 5


class Thresholds(NamedTuple):
    """Tokens at which memory as a whole needs looking at, and at which one file does (`large_file`)."""

    warning: int
    critical: int
    limit: int
    large_file: int


class Size(NamedTuple):
    """Memory on one ordinal day."""

    day: int
    tokens: int
    shared: int


class Growth(NamedTuple):
    """`per_day`: tokens by which memory grows (negative where it shrinks); None where nothing can be said yet.
    `meets`: by threshold, the ordinal day it is met, for those still ahead and within a hundred years."""

    per_day: float | None
    meets: dict[str, int]


class HealthProblem(NamedTuple):
    """`kind`: one of `KINDS`; `path`: of a file, with the line where there is one (`a.md:12`)."""

    kind: str
    path: str
    detail: str


class HealthReport(NamedTuple):
    """`tokens`: all of memory; `distinct`: each content once; `shared`: what every agent gets; `agents`: tokens of each
    agent's own; `largest`: the most that one agent can be offered (shared and its own), with its name; levels by the
    thresholds."""

    tokens: int
    distinct: int
    files: int
    shared: int
    agents: dict[str, int]
    largest: tuple[str, int]
    level: str
    shared_level: str
    largest_level: str
    growth: Growth
    problems: list[HealthProblem]
    thresholds: Thresholds


def level(tokens: int, thresholds: Thresholds) -> str:
    """The level of a size, one of `LEVELS`: each threshold that is reached is one level up."""
    reached = (thresholds.warning, thresholds.critical, thresholds.limit)
    return LEVELS[sum(tokens >= threshold for threshold in reached)]


def examine_memory(
    notes: Sequence[MemoryFile],
    thresholds: Thresholds,
    today: int,
    *,
    sizes: Sequence[Size],
    active: Sequence[int],
    scan: Scan | None,
    problems: Iterable[tuple[str, str]],
    profiles: Iterable[tuple[str, str]] = (),
    links: Callable[[MemoryFile], list[tuple[int, str]]] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> HealthReport:
    """The health of all notes. `problems`: those of the index's update (path, what is wrong); `profiles`: those of the profiles
    file; `links` gives the links of a note that lead nowhere (line, target)."""
    shared = sum(note.tokens for note in notes if note.scope == "global")
    agents: dict[str, int] = defaultdict(int)
    for note in notes:
        if note.scope != "global":
            agents[note.owner] += note.tokens
    distinct = {note.hash: note.tokens for note in notes}
    tokens = sum(note.tokens for note in notes)
    name = max(sorted(agents), key=agents.__getitem__) if agents else ""
    largest = shared + agents.get(name, 0)
    return HealthReport(
        tokens=tokens,
        distinct=sum(distinct.values()),
        files=len(notes),
        shared=shared,
        agents=dict(sorted(agents.items(), key=lambda item: (-item[1], item[0]))),
        largest=(name, largest),
        level=level(tokens, thresholds),
        shared_level=level(shared, thresholds),
        largest_level=level(largest, thresholds),
        growth=growth([*sizes, Size(today, tokens, shared)], thresholds, today, tokens),
        problems=_problems(notes, thresholds, today, active, scan, problems, profiles, links, progress),
        thresholds=thresholds,
    )


def growth(sizes: Sequence[Size], thresholds: Thresholds, today: int, tokens: int) -> Growth:
    """How memory grows, from the sizes of the last 90 days (the last one of each day counts)."""
    by_day = {size.day: size.tokens for size in sizes if today - _HISTORY_DAYS <= size.day <= today}
    if len(by_day) < _LEAST_POINTS or max(by_day) - min(by_day) < _LEAST_SPAN:
        return Growth(None, {})
    middle = sum(by_day) / len(by_day)
    mean = sum(by_day.values()) / len(by_day)
    slope = sum((day - middle) * (size - mean) for day, size in by_day.items()) / sum(
        (day - middle) ** 2 for day in by_day
    )
    meets = {}
    if slope > 0:
        for name in ("warning", "critical", "limit"):
            missing = getattr(thresholds, name) - tokens
            days = missing / slope
            if missing > 0 and days <= _NEVER:
                meets[name] = today + max(1, round(days))
    return Growth(slope, meets)


def _problems(
    notes: Sequence[MemoryFile],
    thresholds: Thresholds,
    today: int,
    active: Sequence[int],
    scan: Scan | None,
    problems: Iterable[tuple[str, str]],
    profiles: Iterable[tuple[str, str]],
    links: Callable[[MemoryFile], list[tuple[int, str]]] | None,
    progress: Callable[[int, int], None] | None,
) -> list[HealthProblem]:
    # The index knows more of these than the update said.
    indexed = {note.path for note in notes if note.problem}
    places = [(_unread_kind(reason), path, reason) for path, reason in problems if path not in indexed]
    places += [("profiles", place, detail) for place, detail in profiles]
    if scan is not None:
        places += [(_unread_kind(reason), path, reason) for path, reason in scan.unreadable]
        places += [("outside", path, _OUTSIDE) for path in scan.outside]
    for number, note in enumerate(notes):
        if progress:
            progress(number, len(notes))
        places += _note_problems(note, thresholds, today, active)
        if links is not None:
            places += _link_problems(note, links)
    if progress:
        progress(len(notes), len(notes))
    problems_by_place: dict[tuple[str, str], HealthProblem] = {}
    for kind, path, detail in places:
        path = path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")  # a name that is not UTF-8
        problems_by_place.setdefault((kind, path), HealthProblem(kind, path, detail))
    return sorted(problems_by_place.values(), key=lambda problem: (KINDS.index(problem.kind), problem.path))


def _note_problems(
    note: MemoryFile, thresholds: Thresholds, today: int, active: Sequence[int]
) -> Iterator[tuple[str, str, str]]:
    """The problems of one file that the index and the jobs know: (kind, place, detail)."""
    for problem in from_stored(note.problem):
        yield problem.kind, f"{note.path}:{problem.line}" if problem.line else note.path, problem.text
    if note.tokens >= thresholds.large_file:
        yield "oversized", note.path, f"{note.tokens:,} tokens in one file"
    if 0 < note.expires < today:
        yield "expired", note.path, f"expired on {date.fromordinal(note.expires).isoformat()}; it is not sent"
    elif is_never_used(note, today, active):
        yield (
            "never used",
            note.path,
            f"given to nobody since {date.fromordinal(note.first_seen).isoformat()}",
        )


def _link_problems(
    note: MemoryFile, links: Callable[[MemoryFile], list[tuple[int, str]]]
) -> Iterator[tuple[str, str, str]]:
    """The links of one file that lead nowhere."""
    try:
        dead = links(note)
    except OSError as error:
        yield "unreadable", note.path, error.strerror or str(error)
        return
    for line, target in dead[:_MOST_LINKS]:
        yield "dead link", f"{note.path}:{line}", f"links to {target}, which is not there"


def _unread_kind(reason: str) -> str:
    return "too large" if reason == TOO_LARGE else "unreadable"


def is_never_used(note: MemoryFile, today: int, active: Sequence[int]) -> bool:
    """Whether no agent got a file although it has been there for `UNUSED_DAYS`, with runs on at least `ACTIVE_DAYS` of them."""
    return (
        note.uses == 0
        and not note.always
        and note.first_seen > 0
        and today - note.first_seen > UNUSED_DAYS
        and sum(day > note.first_seen for day in active) >= ACTIVE_DAYS
    )


def read_sizes(project: Project) -> list[Size]:
    try:
        return [Size(*map(int, row)) for row in orjson.loads(read_bytes(project.at(layout.SIZES)))]
    except (OSError, ValueError, TypeError):
        return []


def remember_size(project: Project, size: Size) -> None:
    """Keep today's size; days a wrong clock put into the future are dropped."""
    history = [earlier for earlier in read_sizes(project) if earlier.day < size.day][-_HISTORY_KEPT:]
    write_atomic(project.writable(layout.SIZES), orjson.dumps([list(row) for row in (*history, size)]))


def health_json(report: HealthReport) -> dict[str, Any]:
    trend = report.growth
    return {
        "level": report.level,
        "tokens": report.tokens,
        "distinct_tokens": report.distinct,
        "files": report.files,
        "shared": {"tokens": report.shared, "level": report.shared_level},
        "agents": report.agents,
        "largest": {"agent": report.largest[0], "tokens": report.largest[1], "level": report.largest_level},
        "thresholds": report.thresholds._asdict(),
        "growth": {
            "tokens_per_day": None if trend.per_day is None else round(trend.per_day, 1),
            "meets": {name: date.fromordinal(day).isoformat() for name, day in trend.meets.items()},
        },
        "problems": [problem._asdict() for problem in report.problems],
    }
