"""What every job starts from: an up-to-date index, the memory files in it, and the rules of the profiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from memory_budget.base.errors import BudgetError
from memory_budget.index import update
from memory_budget.index.in_force import profiles_in_force
from memory_budget.settings import check
from memory_budget.upkeep import archival, duplicates, health, memory_files, promotion, summaries
from memory_budget.upkeep.memory_files import MemoryFile, Seen
from memory_budget.upkeep.note_links import dead_links

if TYPE_CHECKING:
    from collections.abc import Callable

    from memory_budget.base.project import Project
    from memory_budget.index.build import BuildReport as IndexReport
    from memory_budget.upkeep.proposals import Proposal

    Progress = Callable[[int, int], None] | None

#: Seconds to wait for another process that updates the index.
INDEX_WAIT = 600.0


class MemorySurvey(NamedTuple):
    """What a job works on. `now`: seconds since the epoch; `today`: its local ordinal day; `lifecycle` and `thresholds`: the
    profiles' sections; `notes`: all memory files; `update`: the report of the index's update."""

    project: Project
    now: float
    today: int
    lifecycle: dict[str, Any]
    thresholds: health.Thresholds
    notes: list[MemoryFile]
    seen: Seen
    update: IndexReport

    def read(self, note: MemoryFile) -> str:
        """A file's text. Raises OSError."""
        return memory_files.read_note_text(self.project, note.path)


def begin_survey(project: Project, now: float, progress: Progress = None) -> MemorySurvey:
    """Bring the index up to date and read it. `now`: seconds since the epoch.

    Raises BudgetError when another process updates it for ten minutes, or when the cache folder cannot be written.
    """
    try:
        index = update.update_index(project, wait=INDEX_WAIT, progress=progress)
    except OSError as error:
        raise BudgetError(f"{error.filename or project.cache}: {error.strerror or error}") from error
    if index is None:
        raise BudgetError("another process has been building the index for ten minutes")
    settings = profiles_in_force(project).profiles
    section = settings.section("health")
    seen = memory_files.read_seen(project)
    return MemorySurvey(
        project=project,
        now=now,
        today=memory_files.ordinal_day(now),
        lifecycle=settings.section("lifecycle"),
        thresholds=health.Thresholds(*(int(section[name]) for name in health.Thresholds._fields)),
        notes=memory_files.load_memory_files(project, seen),
        seen=seen,
        update=index,
    )


def refresh_survey(survey: MemorySurvey, active: list[int]) -> MemorySurvey:
    """The survey after uses were counted, with the day that each file was first seen. `active`: ordinal days of runs."""
    seen = memory_files.remember_seen(survey.seen, (note.path for note in survey.notes), survey.today, active)
    memory_files.write_seen(survey.project, seen)
    return survey._replace(seen=seen, notes=memory_files.load_memory_files(survey.project, seen))


def find_promotions(survey: MemorySurvey) -> list[Proposal]:
    """Proposals to promote notes, by `lifecycle.promotion`."""
    section = survey.lifecycle["promotion"]
    rules = promotion.PromotionRules(
        int(section["uses"]), float(section["confidence"]), int(section["agents"])
    )
    candidates = promotion.find_promotion_candidates(survey.notes, rules)
    return promotion.propose_promotions(survey.project, candidates, survey.now)


def survey_duplicates(survey: MemorySurvey, progress: Progress = None) -> duplicates.DuplicateReport:
    """What is said more than once, by `lifecycle.duplicates`."""
    return duplicates.find_duplicates(
        survey.project, survey.notes, float(survey.lifecycle["duplicates"]["similarity"]), progress
    )


def find_summaries(survey: MemorySurvey) -> list[Proposal]:
    """Proposals to condense notes, by `lifecycle.summary`."""
    rules = summaries.SummaryRules(
        int(survey.lifecycle["summary"]["days"]), float(survey.lifecycle["summary"]["ratio"])
    )
    candidates = summaries.find_summary_candidates(survey.notes, rules, survey.today)
    return summaries.propose_summaries(survey.project, candidates, rules, update.counter(), survey.now)


def find_archival(survey: MemorySurvey) -> list[Proposal]:
    """Proposals to archive notes, by `lifecycle.archival`."""
    section = survey.lifecycle["archival"]
    rules = archival.ArchivalRules(
        int(section["days"]),
        int(section["uses"]),
        float(section["confidence"]),
        int(survey.lifecycle["promotion"]["uses"]),
    )
    candidates = archival.find_archival_candidates(
        survey.notes,
        rules,
        survey.today,
        survey.seen.active,
        _read_or_empty(survey),
        archival.changed_day(survey.project),
    )
    return archival.propose_archival(survey.project, candidates, survey.now)


def _read_or_empty(survey: MemorySurvey) -> Callable[[MemoryFile], str]:
    """A function that reads a note; its text is "" where it cannot be read."""

    def read(note: MemoryFile) -> str:
        try:
            return survey.read(note)
        except OSError:
            return ""

    return read


def examine_health(survey: MemorySurvey, progress: Progress = None) -> health.HealthReport:
    """The health of memory as `health` shows it, by the profiles' `health` section."""
    return health.examine_memory(
        survey.notes,
        survey.thresholds,
        survey.today,
        sizes=health.read_sizes(survey.project),
        active=survey.seen.active,
        scan=survey.update.scan,
        problems=survey.update.problems,
        profiles=[
            (place, f"{problem.level}: expected {problem.expected}, found {problem.found}")
            for place, problem in _profile_problems(survey.project)
        ],
        links=lambda note: dead_links(survey.project, note),
        progress=progress,
    )


def _profile_problems(project: Project) -> list[tuple[str, check.ProfileProblem]]:
    """What is wrong with the profiles file, each with its place: file, line and key."""
    report = check.check_project(project.root, project.home)
    return [
        (f"{report.shown}:{problem.line}" if problem.line else report.shown, problem)
        for problem in report.problems
    ]


def allowed_unasked(survey: MemorySurvey, suggested: list[Proposal]) -> list[Proposal]:
    """The proposals that the profiles (`lifecycle.apply`) let a job apply by itself."""
    allowed = survey.lifecycle["apply"]
    return [proposal for proposal in suggested if proposal.exact and allowed.get(proposal.kind) is True]
