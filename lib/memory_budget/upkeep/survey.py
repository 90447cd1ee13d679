"""What every job starts from: an index that is up to date, the notes in it, and the rules of the profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from memory_budget.base.errors import BudgetError
from memory_budget.index import update
from memory_budget.settings import profiles
from memory_budget.upkeep import archival, duplicates, health, memory_files, promotion, summaries
from memory_budget.upkeep.memory_files import Note, Seen
from memory_budget.upkeep.note_links import dead_links

if TYPE_CHECKING:
    from collections.abc import Callable

    from memory_budget.base.project import Project
    from memory_budget.index.build import Report as IndexReport
    from memory_budget.upkeep.proposals import Proposal

    Progress = Callable[[int, int], None] | None

INDEX_WAIT = 600.0


class Work(NamedTuple):
    """`now` in seconds since the epoch, `today` the local ordinal day of it; `update` what bringing the index up to date met."""

    project: Project
    now: float
    today: int
    lifecycle: dict[str, Any]
    thresholds: health.Thresholds
    notes: list[Note]
    seen: Seen
    update: IndexReport

    def read(self, note: Note) -> str:
        return memory_files.read_text(self.project, note.path)


def begin(project: Project, now: float, progress: Progress = None) -> Work:
    """Bring the index up to date and read it.

    Raises BudgetError when another process keeps it for ten minutes, or the cache folder cannot be written.
    """
    try:
        index = update.update_index(project, wait=INDEX_WAIT, progress=progress)
    except OSError as error:
        raise BudgetError(f"{error.filename or project.cache}: {error.strerror or error}") from error
    if index is None:
        raise BudgetError("another process has been building the index for ten minutes")
    settings = profiles.load(project.root, project.home).profiles
    section = settings.section("health")
    seen = memory_files.read_seen(project)
    return Work(
        project=project,
        now=now,
        today=memory_files.ordinal_day(now),
        lifecycle=settings.section("lifecycle"),
        thresholds=health.Thresholds(*(int(section[name]) for name in health.Thresholds._fields)),
        notes=memory_files.load(project, seen),
        seen=seen,
        update=index,
    )


def look_again(work: Work, active: list[int]) -> Work:
    """Remember which files are there, and since when; `active`: ordinal days of runs just counted."""
    seen = memory_files.remember_seen(work.seen, (note.path for note in work.notes), work.today, active)
    memory_files.write_seen(work.project, seen)
    return work._replace(seen=seen, notes=memory_files.load(work.project, seen))


def find_promotions(work: Work) -> list[Proposal]:
    rules = work.lifecycle["promotion"]
    own = promotion.Rules(int(rules["uses"]), float(rules["confidence"]), int(rules["agents"]))
    return promotion.propose(work.project, promotion.find(work.notes, own), work.now)


def find_duplicates(work: Work, progress: Progress = None) -> duplicates.DuplicateReport:
    return duplicates.find_duplicates(
        work.project, work.notes, float(work.lifecycle["duplicates"]["similarity"]), progress
    )


def find_summaries(work: Work) -> list[Proposal]:
    rules = summaries.SummaryRules(
        int(work.lifecycle["summary"]["days"]), float(work.lifecycle["summary"]["ratio"])
    )
    candidates = summaries.find_summary_candidates(work.notes, rules, work.today)
    return summaries.propose_summaries(work.project, candidates, rules, update.counter(), work.now)


def find_archival(work: Work) -> list[Proposal]:
    rules = work.lifecycle["archival"]
    own = archival.Rules(
        int(rules["days"]),
        int(rules["uses"]),
        float(rules["confidence"]),
        int(work.lifecycle["promotion"]["uses"]),
    )
    candidates = archival.find(
        work.notes, own, work.today, work.seen.active, _patient(work), archival.changed_day(work.project)
    )
    return archival.propose(work.project, candidates, work.now)


def _patient(work: Work) -> Callable[[Note], str]:
    """Reads a note's text; one that cannot be read links to nothing."""

    def read(note: Note) -> str:
        try:
            return work.read(note)
        except OSError:
            return ""

    return read


def examine(work: Work, progress: Progress = None) -> health.Report:
    return health.examine(
        work.notes,
        work.thresholds,
        work.today,
        sizes=health.read_sizes(work.project),
        active=work.seen.active,
        scan=work.update.scan,
        problems=work.update.problems,
        links=lambda note: dead_links(work.project, note),
        progress=progress,
    )


def unasked(work: Work, found: list[Proposal]) -> list[Proposal]:
    """Those of the proposals that the profiles let a job apply by itself."""
    allowed = work.lifecycle["apply"]
    return [proposal for proposal in found if proposal.exact and allowed.get(proposal.kind) is True]
