"""Changes to memory while everything goes wrong: killed processes, two at once, somebody editing."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from memory_budget.base.project import Project
from memory_budget.index import update
from memory_budget.upkeep import duplicates, journal, proposals, survey
from memory_budget.upkeep import jobs as job
from tests.support.children import child
from tests.support.environment import ROOT
from tests.support.memory_files import NOW, memory, snapshot

NOTES = 12


@pytest.fixture
def project(tmp_path: Path, home: Path) -> Project:
    """Many notes, each with a copy and a side file in an agent's folder."""
    files = {}
    for number in range(NOTES):
        text = f"# Note {number}\n\nWhat we know about topic {number}.\n"
        files[f"patterns/n{number}.md"] = text
        files[f"roles/qa/patterns/n{number}.md"] = text
        files[f"roles/qa/patterns/n{number}.metadata.json"] = f'{{"token_count": {number}}}'
    own = memory(tmp_path / "p", files, home)
    update.update_index(own)
    begun = survey.begin_survey(own, NOW)
    found = duplicates.propose_duplicates(own, survey.survey_duplicates(begun), NOW)
    assert len(proposals.save_proposals(own, proposals.DUPLICATES, found)) == NOTES
    return own


def maintain(project: Project) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "memory_budget", "maintain", "--all", "--project", project.root],
        env={**os.environ, "PYTHONPATH": str(ROOT / "lib")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def undo_all(project: Project) -> None:
    standing = [entry for entry in journal.journal_entries(project) if entry.state != journal.UNDONE]
    assert all(entry.problems == [] for entry in proposals.undo_entries(project, standing))


@pytest.mark.parametrize("moved", [1, 5, 9])
def test_a_command_killed_at_any_moment_loses_nothing(project: Project, moved: int) -> None:
    before = snapshot(project)
    process = maintain(project)
    archive = Path(project.memory, "archive/roles/qa/patterns")
    while process.poll() is None and (not archive.is_dir() or len(os.listdir(archive)) < moved):
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert set(snapshot(project).values()) == set(before.values())
    undo_all(project)
    assert snapshot(project) == before
    # And again, from where it was left: what was not done yet, and what was taken back by a new scan.
    proposals.apply_proposals(project, proposals.load_proposals(project), now=NOW, batch="again")
    undo_all(project)
    assert snapshot(project) == before


def test_two_commands_side_by_side_do_everything_once(project: Project) -> None:
    before = snapshot(project)
    processes = [maintain(project) for _ in range(2)]
    for process in processes:
        process.wait()
    assert proposals.load_proposals(project) == []
    applied = [entry for entry in journal.journal_entries(project) if entry.state == journal.APPLIED]
    assert len(applied) == NOTES
    assert len(os.listdir(f"{project.memory}/archive/roles/qa/patterns")) == 2 * NOTES
    undo_all(project)
    assert snapshot(project) == before


def test_a_person_who_edits_meanwhile_loses_no_edit(project: Project) -> None:
    rng = random.Random(1)
    edits: dict[str, str] = {}
    process: subprocess.Popen[bytes] | None = None
    while process is None or process.poll() is None:
        number = rng.randrange(NOTES)
        path = Path(project.memory, f"roles/qa/patterns/n{number}.md")
        edit = f"\nedit {len(edits)} of {number}\n"
        try:
            handle = os.open(path, os.O_WRONLY | os.O_APPEND)  # an editor that saves in place
        except FileNotFoundError:
            continue
        os.write(handle, edit.encode())
        os.close(handle)
        edits[edit] = path.name
        process = process or maintain(project)
        time.sleep(0.01)
    everything = b"".join(snapshot(project).values())
    assert edits
    assert all(edit.encode() in everything for edit in edits)


def test_a_job_takes_back_what_was_broken_off(project: Project) -> None:
    before = snapshot(project)
    one = proposals.load_proposals(project)[0]

    def die(place: str) -> None:
        if place == "moved 0":
            os.kill(os.getpid(), signal.SIGKILL)

    died = child(lambda: journal.apply_change(project, one.kind, one.title, one.steps, now=NOW, at=die))
    assert died == -signal.SIGKILL
    assert snapshot(project) != before
    result = job.run_job(project, "daily", NOW + 60)
    assert snapshot(project) == before
    assert result["problems"] == []
    assert "was taken back" in Path(result["log"]).read_text()


def test_an_agent_reads_whole_files_all_the_while(project: Project) -> None:
    whole = {path: content for path, content in snapshot(project).items() if path.endswith(".md")}
    process = maintain(project)
    while process.poll() is None:
        for path, content in whole.items():
            found = [
                place for place in (path, f"archive/{path}") if os.path.exists(f"{project.memory}/{place}")
            ]
            for place in found:
                try:
                    assert Path(project.memory, place).read_bytes() == content
                except FileNotFoundError:
                    continue  # moved since it was looked for
