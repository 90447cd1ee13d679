"""Runs a job step by step, with a log of its own (`jobs/2026-06-25T050003-daily.log`).

    daily    count uses, propose promotions, check memory's health, export and rotate the usage log
    weekly   daily, and propose to remove duplicates and condense old notes, the usage of seven days, a report on them
    monthly  weekly, and propose notes to archive, change budgets as far as the profiles allow, a report on 30 days
    report   only the report on 30 days

A step that fails is named in the result and in the log with its traceback; the other steps go on.
"""

from __future__ import annotations

import os
import time
import traceback
from datetime import datetime
from typing import TYPE_CHECKING, Any

from memory_budget.base import layout
from memory_budget.base.figures import counted
from memory_budget.base.files import open_own, write_atomic
from memory_budget.base.optional import orjson
from memory_budget.index.in_force import profiles_in_force
from memory_budget.index.schema import DatabaseError
from memory_budget.log import rotation
from memory_budget.reports import summary
from memory_budget.upkeep import duplicates, health, journal, proposals, survey, uses
from memory_budget.upkeep.job_logs import remove_old_logs
from memory_budget.upkeep.report_inputs import report_inputs

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from memory_budget.base.project import Project
    from memory_budget.upkeep.proposals import Proposal
    from memory_budget.upkeep.survey import MemorySurvey

KINDS = ("daily", "weekly", "monthly", "report")
#: Days that the report of a job covers.
REPORT_DAYS = {"weekly": 7, "monthly": 30, "report": 30}


def run_job(
    project: Project,
    kind: str,
    now: float,
    *,
    tell: Callable[[str], None] | None = None,
    progress: Callable[[str], Callable[[int, int], None] | None] | None = None,
) -> dict[str, Any]:
    """Do a job. `now`: seconds since the epoch; `tell` gets a line per step; `progress` takes the name of a long step and
    returns a function of (done, all), or None to show nothing.

    Returns the result: `problems` (a line each), `proposals` (number by kind), `applied` (number), `log` (path of the
    job's log), and members of the steps, such as `runs_counted` and `health`. Raises OSError where no log can be written.
    """
    stamp = datetime.fromtimestamp(now).strftime("%Y-%m-%dT%H%M%S")
    path = f"{project.ensure_cache(layout.JOB_LOGS)}/{stamp}-{kind}.log"
    handle = open_own(path, os.O_WRONLY | os.O_APPEND)
    with os.fdopen(handle, "a", encoding="utf-8", errors="replace") as log:
        job = _Job(project, kind, now, log, tell, progress)
        job.say(f"{kind} job, process {os.getpid()}")
        job.all_steps()
        job.result["log"] = path
        job.say(f"done, {counted(len(job.result['problems']), 'problem')}")
    remove_old_logs(project, now)
    return job.result


class _Job:
    """One run of a job: what it surveyed, proposed and reports."""

    def __init__(
        self,
        project: Project,
        kind: str,
        now: float,
        log: TextIO,
        tell: Callable[[str], None] | None,
        progress: Callable[[str], Callable[[int, int], None] | None] | None,
    ) -> None:
        self.project = project
        self.kind = kind
        self.now = now
        self.log = log
        self.tell = tell
        self.show = progress
        self.survey: MemorySurvey | None = None
        self.proposals: list[Proposal] = []
        self.claimed: set[str] = set()
        self.result: dict[str, Any] = {"problems": [], "proposals": {}, "applied": 0}

    def say(self, line: str) -> None:
        self.log.write(f"{time.strftime('%H:%M:%S')} {line}\n")
        self.log.flush()
        if self.tell:
            self.tell(line)

    def progress(self, label: str) -> Callable[[int, int], None] | None:
        return self.show(label) if self.show else None

    def all_steps(self) -> None:
        if self.kind != "report":
            self.step("unfinished changes", self.recover)
            self.step("index", self.index)
            if self.survey is not None:
                self.step("uses", self.count_uses)
                self.step("promotion", self.promotion)
                if self.kind in ("weekly", "monthly"):
                    self.step("duplicates", self.duplicates)
                    self.step("usage of seven days", self.usage)
                    self.step("summaries", self.summaries)
                if self.kind == "monthly":
                    self.step("archival", self.archival)
                self.step("changes the profiles allow", self.apply)
                self.step("health", self.health)
            self.step("export", self.export)
            self.step("log rotation", self.rotate)
        if self.kind == "monthly":
            self.step("tuning", self.tuning)
        if self.kind in REPORT_DAYS:
            self.step("report", self.report)

    def step(self, name: str, action: Callable[[], None]) -> None:
        """Do one step; note its failure."""
        try:
            action()
        except ModuleNotFoundError as error:
            # No fault: DuckDB and the charts are installed when somebody wants them.
            self.say(f"{name}: waits for the library {error.name} (memory-budget setup --all)")
        except (Exception, DatabaseError) as error:
            reason = f"{name}: {type(error).__name__}: {error}"
            self.result["problems"].append(reason)
            self.say(reason)
            self.log.write("".join(traceback.format_exception(error)))

    def surveyed(self) -> MemorySurvey:
        """The survey, for steps that run only after it."""
        assert self.survey is not None
        return self.survey

    def recover(self) -> None:
        lock = proposals.take_memory_lock(self.project)
        try:
            for entry in journal.recover_changes(self.project):
                self.say(f"a change that broke off was taken back: {entry.title} ({entry.id})")
                self.result["problems"] += entry.problems
        finally:
            lock.release()

    def index(self) -> None:
        self.survey = survey.begin_survey(self.project, self.now, self.progress("indexing"))
        notes = self.survey.notes
        self.say(f"index: {counted(len(notes), 'file')}, {sum(note.tokens for note in notes):,} tokens")

    def count_uses(self) -> None:
        count = uses.count_uses(self.project, self.now)
        self.survey = survey.refresh_survey(self.surveyed(), count.days)
        self.result["runs_counted"] = count.runs
        self.say(
            f"uses: {counted(count.runs, 'run')} counted, {counted(count.files, 'file')} and "
            f"{counted(count.chunks, 'chunk')} used"
        )

    def propose(self, kind: str, suggested: list[Proposal]) -> None:
        """Save a kind's proposals, without those about a file that a proposal of an earlier kind is about."""
        saved = proposals.save_proposals(
            self.project,
            kind,
            [proposal for proposal in suggested if not self.claimed & proposals.paths_of(proposal)],
        )
        self.claimed.update(*map(proposals.paths_of, saved))
        self.proposals += saved
        self.result["proposals"][kind] = len(saved)
        for proposal in saved:
            self.log.write(f"         {proposal.id} {proposal.title}: {proposal.reason}\n")
        self.say(f"{kind}: {counted(len(saved), 'proposal')}")

    def promotion(self) -> None:
        self.propose(proposals.PROMOTION, survey.find_promotions(self.surveyed()))

    def duplicates(self) -> None:
        report = survey.survey_duplicates(self.surveyed(), self.progress("comparing"))
        self.say(
            f"duplicates: {counted(len(report.sets), 'set')} of copies, "
            f"{counted(sum(len(file_set.copies) for file_set in report.sets), 'file')}, "
            f"{report.tokens_files:,} tokens; {len(report.near)} near; {report.tokens_chunks:,} tokens said again"
        )
        self.result["duplicates"] = {
            "sets": len(report.sets),
            "copies": sum(len(file_set.copies) for file_set in report.sets),
            "tokens": report.tokens_files,
            "near": len(report.near),
        }
        self.propose(proposals.DUPLICATES, duplicates.propose_duplicates(self.project, report, self.now))

    def usage(self) -> None:
        agents = summary.summarise(self.project, 7, now=datetime.fromtimestamp(self.now))["agents"]
        self.result["usage"] = [
            {
                "agent": use["name"],
                "runs": use["runs"],
                "exceeded": use["exceeded"],
                "undelivered": use["not_delivered"],
                "tokens": int(use["tokens_sent_mean"]),
            }
            for use in agents
        ]
        self.say(
            f"usage of seven days: {counted(sum(use['runs'] for use in agents), 'run')} of {counted(len(agents), 'agent')}"
        )
        for use in self.result["usage"]:
            self.log.write(
                f"         {use['agent']}: {counted(use['runs'], 'run')}, {use['tokens']:,} tokens each, {use['exceeded']} over "
                f"budget, {use['undelivered']} not delivered\n"
            )

    def summaries(self) -> None:
        self.propose(proposals.SUMMARIES, survey.find_summaries(self.surveyed()))

    def archival(self) -> None:
        self.propose(proposals.ARCHIVAL, survey.find_archival(self.surveyed()))

    def apply(self) -> None:
        chosen = survey.allowed_unasked(self.surveyed(), self.proposals)
        if not chosen:
            return
        batch = datetime.fromtimestamp(self.now).strftime("%Y%m%d-%H%M%S") + f"-{self.kind}"
        for result in proposals.apply_proposals(self.project, chosen, now=self.now, batch=batch):
            if result.entry:
                self.result["applied"] += 1
                self.say(f"applied {result.proposal.kind}: {result.proposal.title} (undo {result.entry.id})")
                for line in result.left:
                    self.say(f"to be put right by hand: {line}")
            else:
                self.say(f"skipped {result.proposal.kind}: {result.proposal.title}: {result.skipped}")
        self.index()

    def health(self) -> None:
        report = survey.examine_health(self.surveyed(), self.progress("reading"))
        health.remember_size(self.project, health.Size(self.surveyed().today, report.tokens, report.shared))
        value = health.health_json(report)
        write_atomic(
            self.project.writable(layout.HEALTH),
            orjson.dumps(value, option=orjson.OPT_INDENT_2),
        )
        self.result["health"] = {
            "level": report.level,
            "tokens": report.tokens,
            "problems": len(report.problems),
        }
        self.say(
            f"health: {report.level}, {report.tokens:,} tokens, {counted(len(report.problems), 'file')} to look at"
        )
        for problem in report.problems:
            self.log.write(f"         {problem.kind}: {problem.path}: {problem.detail}\n")

    def export(self) -> None:
        from memory_budget.log import export as log_export

        sent = log_export.export(self.project, now=self.now)
        if sent is not None:
            self.result["exported"] = sent.records
            self.say(
                f"export: {counted(sent.records, 'record')} to {sent.endpoint}, {counted(sent.skipped, 'bad line')} skipped"
            )
            for line in sent.refused:
                self.result["problems"].append(f"export: {line}")
                self.say(f"export: {line}")

    def rotate(self) -> None:
        settings = profiles_in_force(self.project).profiles.section("log")
        done = rotation.rotate(self.project, settings, self.now)
        if done.path:
            self.say(f"usage log rotated: {done.path}")
        for path in done.put_away:
            self.say(f"old usage log put away: {path}")

    def tuning(self) -> None:
        from memory_budget.reports import tuning

        changed = tuning.apply_automatically(self.project, now=datetime.fromtimestamp(self.now))
        self.result["tuned"] = changed
        for line in changed or ["no change of the budgets that the profiles allow by itself"]:
            self.say(f"tuning: {line}")

    def report(self) -> None:
        from memory_budget.reports import report

        days, now = REPORT_DAYS[self.kind], datetime.fromtimestamp(self.now)
        gathered = report.gather_report(self.project, days, report_inputs(self.project, now), now=now)
        written = report.write_report(self.project, days, gathered, now)
        self.result["report"] = written
        self.say(f"report: {written}")
