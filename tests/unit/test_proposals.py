from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from memory_budget.base import layout
from memory_budget.base.project import Project
from memory_budget.cli import main as cli
from memory_budget.index import update
from memory_budget.upkeep import jobs as job
from memory_budget.upkeep import journal, journal_steps, memory_files, proposals, schedule, survey, uses
from tests.support.children import child
from tests.support.git import git
from tests.support.memory_files import MEMORY, NOW, TODAY, memory, snapshot, used

TEXT = "# A\n\n" + "Batch the loads before the join, and count the rows. " * 4 + "\n"
FILES = {
    "patterns/a.md": TEXT,
    "roles/qa/patterns/a.md": TEXT,
    "roles/pm/patterns/b.md": TEXT,
    "roles/pm/patterns/c.md": "# C\n\nSomething else.\n",
    "roles/pm/patterns/c.metadata.json": '{"confidence": 0.9}',
}


@pytest.fixture
def project(tmp_path: Path, home: Path) -> Project:
    return memory(tmp_path / "p", FILES, home)


def command(project: Project, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code = cli.main([arguments[0], "--project", project.root, "--json", *arguments[1:]])
    return code, json.loads(capsys.readouterr().out)


def test_the_story_of_a_proposal(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    before = snapshot(project)
    code, result = command(project, capsys, "run", "weekly")
    assert result["proposals"] == {"promotion": 1, "duplicates": 1, "summaries": 0}
    assert snapshot(project) == before  # nothing is done unasked
    _, waiting = command(project, capsys, "maintain")
    assert [one["kind"] for one in waiting] == ["promotion", "duplicates"]
    _, shown = command(project, capsys, "maintain", "--show", waiting[1]["id"])
    assert f"rename from {MEMORY}/roles/qa/patterns/a.md" in shown[0]["difference"]
    code, done = command(project, capsys, "maintain", "--apply", waiting[1]["id"])
    assert (code, len(done["applied"]), done["skipped"]) == (0, 1, [])
    assert snapshot(project)["archive/roles/qa/patterns/a.md"] == TEXT.encode()
    _, left = command(project, capsys, "maintain")
    assert [one["kind"] for one in left] == ["promotion"]
    code, taken_back = command(project, capsys, "undo")
    assert (code, taken_back[0]["state"]) == (0, "undone")
    assert snapshot(project) == before
    assert cli.main(["undo", "--project", project.root]) == 1


def test_everything_at_once_and_back(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    before = snapshot(project)
    command(project, capsys, "run", "weekly")
    _, done = command(project, capsys, "maintain", "--all")
    assert len(done["applied"]) == 2
    after = snapshot(project)
    assert after["patterns/c.md"] == FILES["roles/pm/patterns/c.md"].encode()
    assert after["patterns/c.metadata.json"] == FILES["roles/pm/patterns/c.metadata.json"].encode()
    assert set(before.values()) <= set(after.values())
    _, listed = command(project, capsys, "undo", "--list")
    assert [one["state"] for one in listed] == ["applied", "applied"]
    command(project, capsys, "undo")
    assert snapshot(project) == before


def test_a_file_changed_since_the_scan_is_skipped_and_said(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    command(project, capsys, "run", "weekly")
    Path(project.memory, "patterns/a.md").write_text("edited")  # the one to keep
    Path(project.memory, "roles/pm/patterns/c.md").write_text("edited")
    before = snapshot(project)
    code, done = command(project, capsys, "maintain", "--all")
    assert code == 1
    assert len(done["skipped"]) == 2
    assert all("changed" in one["reason"] for one in done["skipped"])
    assert snapshot(project) == before


def test_what_was_turned_down_is_not_proposed_again(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    command(project, capsys, "run", "weekly")
    _, waiting = command(project, capsys, "maintain")
    command(project, capsys, "maintain", "--dismiss", *[one["id"] for one in waiting])
    _, result = command(project, capsys, "run", "weekly")
    assert set(result["proposals"].values()) == {0}
    Path(project.memory, "roles/pm/patterns/d.md").write_text(TEXT)
    _, result = command(project, capsys, "run", "weekly")
    assert result["proposals"]["duplicates"] == 1  # another set of files is another proposal


def test_a_proposal_that_no_longer_holds_is_dropped(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    command(project, capsys, "run", "weekly")
    Path(project.memory, "patterns/a.md").write_text("edited")
    command(project, capsys, "run", "weekly")
    kinds = [one.kind for one in proposals.load_proposals(project)]
    assert kinds == ["promotion", "promotion"]  # the two agents' copies are now the only ones


@pytest.mark.parametrize(
    "damage",
    [
        {"tokens": "many"}, {"title": 5}, {"reason": None}, {"steps": [{}]}, {"steps": 5}, {"kind": "other"}, {"kind": []},
        {"created": "now"}, {"unchanged": []}, {"compare": [1]}, {"id": "0"}, {"more": 1},
        {"steps": [{"source": 1, "target": "x", "hash": "x"}]},
    ],
)  # fmt: skip
def test_a_damaged_proposal_is_none(
    project: Project, capsys: pytest.CaptureFixture[str], damage: dict[str, Any]
) -> None:
    job.run_job(project, "weekly", NOW)
    pending = proposals.load_proposals(project)
    file = Path(project.at(layout.PROPOSALS, f"{pending[0].id}.json"))
    file.write_text(json.dumps(json.loads(file.read_text()) | damage))
    assert proposals.load_proposals(project) == pending[1:]
    code, shown = command(project, capsys, "status")
    assert (code, shown["proposals"]) == (0, len(pending) - 1)
    assert job.run_job(project, "weekly", NOW)["problems"] == []
    assert proposals.load_proposals(project) == pending


@pytest.mark.parametrize("day", [10**30, -(10**30), -5, 0, 1e300, "today", None, True])
def test_a_day_that_cannot_be_is_no_day(project: Project, day: object) -> None:
    state = Path(project.writable(layout.SEEN))
    state.write_text(json.dumps({"first": {f"{MEMORY}/patterns/a.md": day, "b.md": 5}, "active": [day, 7]}))
    assert memory_files.read_seen(project) == memory_files.Seen({"b.md": 5}, [7])
    assert job.run_job(project, "daily", NOW)["problems"] == []


def test_an_id_nobody_knows(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["maintain", "--project", project.root, "--apply", "nope"]) == 1
    assert "no suggestion" in capsys.readouterr().err


def test_the_profiles_can_let_a_kind_apply_by_itself(project: Project) -> None:
    Path(project.memory, "budget-profiles.json").write_text('{"lifecycle": {"apply": {"duplicates": true}}}')
    result = job.run_job(project, "weekly", NOW)
    assert (result["applied"], result["proposals"]["promotion"]) == (1, 1)
    after = snapshot(project)
    assert "archive/roles/qa/patterns/a.md" in after
    assert "roles/pm/patterns/c.md" in after
    proposals.undo_entries(project, journal.journal_entries(project))
    assert "roles/qa/patterns/a.md" in snapshot(project)


def test_counts_follow_what_is_moved_and_come_back(project: Project) -> None:
    update.update_index(project)
    path = f"{MEMORY}/roles/pm/patterns/c.md"
    used(project, ["roles/pm/patterns/c.md"], "pm", 4, NOW)
    uses.count_uses(project, NOW)
    (one,) = survey.find_promotions(survey.begin_survey(project, NOW))
    (result,) = proposals.apply_proposals(project, [one], now=NOW, batch="b")
    update.update_index(project)
    assert counts(project)[f"{MEMORY}/patterns/c.md"] == 4
    assert result.entry is not None
    proposals.undo_entries(project, [result.entry])
    update.update_index(project)
    assert counts(project)[path] == 4


def counts(project: Project) -> dict[str, int]:
    return {
        note.path: note.uses for note in memory_files.load_memory_files(project, memory_files.Seen({}, []))
    }


def test_a_proposal_somebody_wrote_by_hand_cannot_leave_memory(project: Project, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("keep out")
    job.run_job(project, "weekly", NOW)
    one = proposals.load_proposals(project)[0]
    for bad in ("../secret.md", f"{MEMORY}/../../../secret.md"):
        step = one.steps[0]._replace(source=bad, hash=journal_steps.content_hash(str(tmp_path / "secret.md")))
        (result,) = proposals.apply_proposals(project, [one._replace(steps=[step])], now=NOW, batch="")
        assert result.entry is None
    assert (tmp_path / "secret.md").read_text() == "keep out"


def test_damaged_proposals_are_passed_over(project: Project) -> None:
    folder = project.ensure_cache("proposals")
    for name, text in (("a.json", "[]"), ("b.json", "{"), ("c.json", '{"id": "c"}'), ("d.json", "null")):
        Path(folder, name).write_text(text)
    assert proposals.load_proposals(project) == []


def test_two_kinds_never_propose_to_move_the_same_file(project: Project) -> None:
    old = "# Old\n\n" + "We decided to keep it because 12 runs failed. " * 30
    for path in ("recent/2026-01-05.md", "roles/qa/recent/2026-01-05.md"):
        Path(project.memory, path).parent.mkdir(parents=True, exist_ok=True)
        Path(project.memory, path).write_text(old)
    result = job.run_job(project, "weekly", NOW)
    assert result["proposals"] == {"promotion": 1, "duplicates": 2, "summaries": 0}
    assert all(
        one.entry
        for one in proposals.apply_proposals(project, proposals.load_proposals(project), now=NOW, batch="b")
    )
    result = job.run_job(project, "weekly", NOW + 60)
    assert result["proposals"] == {"promotion": 0, "duplicates": 0, "summaries": 1}


def test_on_a_terminal_each_proposal_is_asked_for(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    job.run_job(project, "weekly", NOW)
    answers = iter(["", "what", "n", "y"])
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: next(answers))
    assert cli.main(["maintain", "--project", project.root]) == 0
    assert "1 done, 0 skipped" in capsys.readouterr().out
    assert [one.kind for one in proposals.load_proposals(project)] == ["promotion"]


def test_lines_of_the_list_fit_and_paths_stay_whole(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "how-the-nightly-export-of-accounts-is-retried.md"
    text = "# The export\n\nThe nightly export is retried three times.\n"
    project = memory(tmp_path / "p", {f"patterns/{name}": text, f"roles/qa/patterns/{name}": text}, home)
    job.run_job(project, "weekly", NOW)
    assert cli.main(["maintain", "--project", project.root]) == 0
    shown = capsys.readouterr().out
    assert f"  move  roles/qa/patterns/{name}\n     -> archive\n" in shown
    assert max(map(len, shown.splitlines())) <= 80


# -- runs


def test_a_run_leaves_a_log_and_old_logs_go(project: Project) -> None:
    for stamp in ("2026-03-16T050000", "2026-03-18T050000"):
        Path(project.ensure_cache("jobs"), f"{stamp}-daily.log").write_text("")
    result = job.run_job(project, "daily", NOW)
    assert result["problems"] == []
    names = sorted(os.listdir(project.cache + "/jobs"))
    assert names == ["2026-03-18T050000-daily.log", os.path.basename(result["log"])]
    text = Path(result["log"]).read_text()
    assert "health: healthy" in text
    assert text.rstrip().endswith("done, 0 problems")


def test_odd_names_stop_nothing(tmp_path: Path, home: Path) -> None:
    text = "# B\n\nThe same text.\n"
    files = {'patterns/ü ["x"]*?.md': text, "roles/-q a[1]/recent/-n 2020-01-01.md": text}
    project = memory(tmp_path / "p", files, home)
    git(project.root, "init", "-q")
    git(project.root, "add", "-A")
    try:
        Path(os.fsdecode(os.fsencode(project.memory) + b"/patterns/a\xff.md")).write_text("# A\n\nText.\n")
    except OSError:
        pass  # a file system that takes no such name
    before = snapshot(project)
    result = job.run_job(project, "weekly", NOW)
    assert result["problems"] == []
    assert all(
        one.entry
        for one in proposals.apply_proposals(project, proposals.load_proposals(project), now=NOW, batch="b")
    )
    assert "archive/roles/-q a[1]/recent/-n 2020-01-01.md" in snapshot(project)
    assert all(
        entry.problems == [] for entry in proposals.undo_entries(project, journal.journal_entries(project))
    )
    assert snapshot(project) == before


def test_a_step_that_fails_is_named_and_the_others_go_on(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(own: survey.MemorySurvey) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(survey, "find_promotions", fail)
    result = job.run_job(project, "daily", NOW)
    assert result["problems"] == ["promotion: RuntimeError: broken"]
    assert "health" in result
    assert "Traceback" in Path(result["log"]).read_text()


def test_the_daily_job_remembers_first_days_sizes_and_runs(project: Project) -> None:
    update.update_index(project)
    used(project, ["patterns/a.md"], "qa", 2, NOW - 86400)
    result = job.run_job(project, "daily", NOW)
    assert result["runs_counted"] == 2
    seen = memory_files.read_seen(project)
    assert set(seen.first.values()) == {TODAY}
    assert seen.active == [TODAY - 1]
    assert json.loads(Path(project.cache, "state/sizes.json").read_text())[0][0] == TODAY
    assert json.loads(Path(project.cache, "state/health.json").read_text())["level"] == "healthy"


def test_one_run_at_a_time_and_status_shows_it(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    lock = schedule.take_lock(project)
    assert child(lambda: cli.main(["run", "daily", "--project", project.root])) == 1
    lock.release()
    command(project, capsys, "run", "daily")
    _, status = command(project, capsys, "status")
    assert status["jobs"]["jobs"]["daily"]["last"]
    assert status["jobs"]["jobs"]["weekly"]["last"] is None
    assert status["jobs"]["jobs"]["daily"]["next"] > status["jobs"]["jobs"]["daily"]["last"]


def test_health_and_duplicates_on_the_command_line(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    code, health = command(project, capsys, "health")
    assert (code, health["level"]) == (0, "healthy")
    code, found = command(project, capsys, "duplicates")
    assert (code, found["exact_sets"], found["exact_copies"]) == (1, 1, 2)
    for verb in (["health"], ["duplicates"], ["maintain"], ["status"], ["undo", "--list"]):
        cli.main([verb[0], "--project", project.root, *verb[1:]])
    assert "passages" in capsys.readouterr().out


def test_a_project_without_memory_is_left_as_it_is(tmp_path: Path, home: Path) -> None:
    (tmp_path / "empty").mkdir()
    for verb in (["run", "daily"], ["health"], ["duplicates"], ["maintain"]):
        cli.main([verb[0], "--project", str(tmp_path / "empty"), *verb[1:]])
    assert list((tmp_path / "empty").iterdir()) == []
