"""The jobs on a real memory: name a project's folder in TEST_CORPUS. It is copied, never changed."""

from __future__ import annotations

import os
import shutil
import stat
from collections import defaultdict
from hashlib import md5
from pathlib import Path

import pytest

from memory_budget.base.project import Project
from memory_budget.index import update
from memory_budget.text import tokens
from memory_budget.upkeep import condense, journal, memory_files, proposals, summaries, survey
from memory_budget.upkeep import jobs as job
from tests.support.memory_files import NOW, snapshot

CORPUS = os.environ.get("TEST_CORPUS", "")
pytestmark = pytest.mark.skipif(not CORPUS, reason="TEST_CORPUS names no project")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    root = tmp_path_factory.mktemp("corpus")
    shutil.copytree(Path(CORPUS, ".claude/memory"), root / ".claude/memory")
    for folder, _, names in os.walk(root):
        for name in ("", *names):
            path = Path(folder, name)
            path.chmod(path.stat().st_mode | stat.S_IWUSR)
    own = Project(str(root), str(root / "home"))
    update.update_index(own)
    return own


def test_every_set_of_copies_is_found(project: Project) -> None:
    by_content: dict[bytes, int] = defaultdict(int)
    begun = survey.begin_survey(project, NOW)
    for note in begun.notes:
        by_content[md5(Path(project.root, note.path).read_bytes()).digest()] += 1
    copies = [count - 1 for count in by_content.values() if count > 1]
    report = survey.survey_duplicates(begun)
    assert (len(report.sets), sum(len(own.copies) for own in report.sets)) == (len(copies), sum(copies))
    print(len(copies), "sets,", sum(copies), "copies,", report.seconds, "s")


def test_a_fresh_clone_has_nothing_to_archive(project: Project) -> None:
    begun = survey.refresh_survey(survey.begin_survey(project, NOW), [])
    assert survey.find_archival(begun) == []


def test_everything_proposed_is_applied_and_taken_back(project: Project) -> None:
    before = snapshot(project)
    result = job.run_job(project, "monthly", NOW)
    assert [problem for problem in result["problems"] if not problem.startswith("report")] == []
    waiting = proposals.load_proposals(project)
    done = proposals.apply_proposals(project, waiting, now=NOW, batch="all")
    assert [one.skipped for one in done if one.skipped] == []
    assert {text for path, text in before.items() if path.endswith(".md")} <= set(snapshot(project).values())
    update.update_index(project)
    assert survey.survey_duplicates(survey.begin_survey(project, NOW)).sets == []
    proposals.undo_entries(project, journal.journal_entries(project))
    assert snapshot(project) == before
    update.update_index(project)


def test_summaries_are_a_quarter_and_keep_most_facts(project: Project) -> None:
    count = tokens.Counter().count
    rarity = summaries.index_rarity(project)
    kept: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    before = after = 0
    for note in {
        note.hash: note for note in memory_files.load_memory_files(project, memory_files.Seen({}, []))
    }.values():
        if note.tokens < summaries.LEAST_TOKENS:
            continue
        summary = condense.condense_note(
            memory_files.read_note_text(project, note.path), 0.25, count, rarity, source=note.path
        )
        assert summary.tokens_after <= 0.25 * summary.tokens_before
        before += summary.tokens_before
        after += summary.tokens_after
        for kind, (some, every) in summary.coverage.items():
            kept[kind][0] += some
            kept[kind][1] += every
    shares = {kind: round(some / max(1, every), 3) for kind, (some, every) in kept.items()}
    print(after / before, shares)
    assert 0.2 < after / before <= 0.25
    assert shares["decision"] > 0.7
    assert min(shares.values()) > 0.5
