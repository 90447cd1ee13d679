from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from memory_budget import tuning, tuning_apply
from memory_budget.cli import main
from memory_budget.errors import BudgetError
from memory_budget.project import Project
from tests.support.environment import ROOT
from tests.support.usage_logs import needing, record, write_log

NOW = datetime(2026, 11, 21, 12, 0)
AGENT = "specialists/dbt-expert"
FILE = '{\n\t"version" : "1.0.0",\n\t"agent_assignments": {"dbt-expert":   "specialist-narrow"},\n\t"note": [1,2]\n}\n'


def make_project(
    root: Path, needs: list[int], *, days: float = 40, text: str | None = FILE, **changes: Any
) -> Project:
    project = Project(str(root), home=str(root / "nobody"))
    Path(project.memory).mkdir(parents=True)
    if text is not None:
        (Path(project.memory) / "budget-profiles.json").write_bytes(text.encode())
    records = [
        needing(
            need, timestamp=(NOW - timedelta(days=days * (1 - number / len(needs)))).isoformat(), **changes
        )
        for number, need in enumerate(needs)
    ]
    write_log(Path(project.log), records)
    return project


def spread(median: int, count: int = 200, sigma: float = 0.2) -> list[int]:
    rng = random.Random(median)
    return [int(median * rng.lognormvariate(0, sigma)) for _ in range(count)]


def advice(project: Project, **options: Any) -> dict[str, Any]:
    found = tuning.recommend(project, now=NOW, **options)
    assert len(found["recommendations"]) == 1
    entry: dict[str, Any] = found["recommendations"][0]
    return entry


def profiles_file(project: Project) -> Path:
    return Path(project.memory) / "budget-profiles.json"


def test_an_agent_that_needs_more_gets_the_smallest_profile_that_is_enough(tmp_path: Path) -> None:
    entry = advice(make_project(tmp_path, spread(30_000, sigma=0.15)))
    assert entry["recommended_action"] == "upgrade"
    assert (entry["current_profile"], entry["recommended_profile"]) == (
        "specialist-narrow",
        "role-coordinator",
    )
    assert entry["confidence"] > 0.99
    assert entry["details"]["exceedance_before"] > 0.9
    assert entry["details"]["exceedance_after"] <= 0.05
    assert entry["details"]["rules"]["upgrade"] is True


def test_an_agent_that_needs_less_gets_less(tmp_path: Path) -> None:
    text = '{"agent_assignments": {"dbt-expert": "role-architect"}}'
    entry = advice(make_project(tmp_path, spread(9_000), text=text))
    assert entry["recommended_action"] == "downgrade"
    assert entry["recommended_profile"] == "specialist-narrow"
    assert entry["details"]["budget_after"] == 20_000


def test_an_agent_with_the_right_profile_keeps_it(tmp_path: Path) -> None:
    found = tuning.recommend(make_project(tmp_path, spread(12_000)), now=NOW)
    assert found["recommendations"][0]["recommended_action"] == "maintain"
    assert found["changes"] == found["weights"] == []


@pytest.mark.parametrize(("runs", "entries"), [(9, 0), (10, 1)])
def test_nothing_is_said_of_few_runs(tmp_path: Path, runs: int, entries: int) -> None:
    project = make_project(tmp_path, [30_000] * runs)
    assert len(tuning.recommend(project, now=NOW)["recommendations"]) == entries


def test_few_runs_near_the_limit_leave_doubt(tmp_path: Path) -> None:
    needs = [15_000] * 13 + [22_000]
    found = tuning.recommend(make_project(tmp_path, needs), now=NOW)
    assert found["changes"] == []


def test_tasks_classed_too_low_are_named(tmp_path: Path) -> None:
    project = make_project(tmp_path, spread(12_000, 300))
    with open(project.log, "a", encoding="utf-8") as log:
        for number in range(14):
            stamp = (NOW - timedelta(days=2.8 * number)).isoformat()
            task = "List everything about everything" if number == 3 else "List the tables"
            entry = record(
                timestamp=stamp, task=task, complexity="medium", bumped_from="simple", budget_base=10_000,
                demand_tokens=17_000 + 100 * (number == 3), tokens_loaded=17_000, exceeded_budget=True,
            )  # fmt: skip
            log.write(json.dumps(entry) + "\n")
    entry = advice(project)
    assert entry["recommended_action"] == "correct_tiers"
    (tier,) = entry["tiers"]
    assert (tier["tier"], tier["needed"], tier["too_low"]) == ("simple", "medium", 1.0)
    assert [example["task"] for example in tier["examples"]] == [
        "List everything about everything",
        "List the tables",
    ]


def test_weights_are_left_alone_while_all_that_is_needed_is_sent(tmp_path: Path) -> None:
    project = make_project(tmp_path, spread(12_000), text=None)
    found = tuning.recommend(project, now=NOW)
    assert found["recommendations"][0]["details"]["rules"]["weights_apart"] != {}
    assert found["weights"] == []


def test_weights_follow_need_where_budgets_are_short(tmp_path: Path) -> None:
    project = make_project(tmp_path, spread(150_000, 150, 0.3) + spread(20_000, 50, 0.1))
    (weights,) = tuning.recommend(project, now=NOW)["weights"]
    assert weights["profile"] == "role-architect"
    assert weights["recommended_weights"] == {"global": 0.2, "agent_recent": 0.2, "agent_patterns": 0.6}
    assert weights["misplaced_after"] < weights["misplaced_before"]


def test_weights_are_written_where_the_profile_stands(tmp_path: Path) -> None:
    text = '{"profiles": {"role-architect": {"base_budget": 75000, "max_budget": 150000, "scope_weights": {"global": 1}}}}'
    project = make_project(tmp_path, spread(150_000, 150, 0.3) + spread(20_000, 50, 0.1), text=text)
    changes = [
        change for change in tuning.recommend(project, now=NOW)["changes"] if change["kind"] == "weights"
    ]
    tuning_apply.apply(project, changes, now=NOW)
    written = json.loads(profiles_file(project).read_text())["profiles"]["role-architect"]["scope_weights"]
    assert written == {"global": 0.2, "agent_recent": 0.2, "agent_patterns": 0.6}
    tuning_apply.undo(project)
    assert profiles_file(project).read_text() == text


def test_recommendations_fit_their_schema(tmp_path: Path) -> None:
    project = make_project(tmp_path, spread(150_000, 150, 0.3) + spread(20_000, 50, 0.1))
    schema = json.loads((ROOT / "schemas/recommendations.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    found = tuning.recommend(project, now=NOW)
    jsonschema.validate(found, schema)
    assert tuning.read(project) == found


def test_a_budget_set_by_hand_is_left_to_the_person(tmp_path: Path) -> None:
    text = '{"agents": {"dbt-expert": {"base_budget": 15000}}}'
    entry = advice(make_project(tmp_path, spread(90_000), text=text))
    assert entry["recommended_action"] == "maintain"
    assert "by hand" in entry["reason"]


@pytest.mark.parametrize(
    ("text", "known", "budget"),
    [
        (FILE, 1.25, 16_000),
        (FILE, None, 20_000),
        (FILE.replace('"note"', '"calibration": {"ratio": {"claude-sonnet": 2.0}}, "note"'), 1.25, 10_000),
        (FILE.replace('"note"', '"calibration": {"auto": false}, "note"'), 1.25, 20_000),
    ],
)
def test_budgets_are_replayed_as_the_model_counts(
    tmp_path: Path, text: str, known: float | None, budget: int
) -> None:
    project = make_project(tmp_path, [9_000] * 40, text=text)
    if known is not None:
        entry = {"ratio": known, "error": 0.01, "runs": 20, "agents": 2}
        Path(project.ensure_cache("state"), "calibration.json").write_text(
            json.dumps({"models": {"claude-sonnet-4-6": entry}, "last": "", "last_by_agent": {}})
        )
    assert advice(project)["details"]["budget_before"] == budget


def test_a_broken_profiles_file_is_no_ground_for_advice(tmp_path: Path) -> None:
    with pytest.raises(BudgetError, match="put the profiles file right"):
        tuning.recommend(make_project(tmp_path, spread(30_000), text="{"), now=NOW)


# -- the 30-day rule


@pytest.mark.parametrize(("days", "justified"), [(29, False), (31, True)])
def test_hard_needs_thirty_days(tmp_path: Path, days: int, justified: bool) -> None:
    project = make_project(tmp_path, spread(9_000, 300), days=days)
    enforcement = tuning.recommend(project, now=NOW)["enforcement"]
    assert enforcement["hard_justified"] is justified
    assert ("stays soft" in enforcement["reason"]) is not justified


def test_hard_is_not_justified_by_exceedance(tmp_path: Path) -> None:
    enforcement = tuning.recommend(make_project(tmp_path, spread(19_000, 300)), now=NOW)["enforcement"]
    assert not enforcement["hard_justified"]


# -- applying


def test_applying_changes_one_value_and_undo_brings_back_every_byte(tmp_path: Path) -> None:
    project = make_project(tmp_path, spread(30_000, sigma=0.15))
    found = tuning.recommend(project, now=NOW)
    done = tuning_apply.apply(project, found["changes"], now=NOW)
    assert profiles_file(project).read_text() == FILE.replace("specialist-narrow", "role-coordinator")
    assert done.before == FILE
    tuning_apply.undo(project, now=NOW)
    assert profiles_file(project).read_bytes() == FILE.encode()
    with pytest.raises(BudgetError, match="no change of budgets"):
        tuning_apply.undo(project)


def test_windows_line_ends_and_a_byte_order_mark_stay(tmp_path: Path) -> None:
    text = "\ufeff" + FILE.replace("\n", "\r\n")
    project = make_project(tmp_path, spread(30_000, sigma=0.15), text=text)
    tuning_apply.apply(project, tuning.recommend(project, now=NOW)["changes"], now=NOW)
    assert (
        profiles_file(project).read_bytes() == text.replace("specialist-narrow", "role-coordinator").encode()
    )


def test_undo_keeps_what_a_person_wrote_since(tmp_path: Path) -> None:
    project = make_project(tmp_path, spread(30_000, sigma=0.15))
    tuning_apply.apply(project, tuning.recommend(project, now=NOW)["changes"], now=NOW)
    edited = profiles_file(project).read_text().replace("[1,2]", "[1,2,3]")
    profiles_file(project).write_text(edited)
    tuning_apply.undo(project)
    assert profiles_file(project).read_text() == FILE.replace("[1,2]", "[1,2,3]")


def test_undo_leaves_a_value_that_a_person_changed_again(tmp_path: Path) -> None:
    project = make_project(tmp_path, spread(30_000, sigma=0.15))
    tuning_apply.apply(project, tuning.recommend(project, now=NOW)["changes"], now=NOW)
    profiles_file(project).write_text(
        profiles_file(project).read_text().replace("role-coordinator", "role-architect")
    )
    tuning_apply.undo(project)
    assert "role-architect" in profiles_file(project).read_text()


def test_a_project_without_a_file_gets_one_and_undo_takes_it_away(tmp_path: Path) -> None:
    project = make_project(tmp_path, spread(30_000, sigma=0.15), text=None)
    tuning_apply.apply(project, tuning.recommend(project, now=NOW)["changes"], now=NOW)
    assert json.loads(profiles_file(project).read_text())["agent_assignments"] == {AGENT: "role-coordinator"}
    tuning_apply.undo(project)
    assert not profiles_file(project).exists()


def test_the_users_own_file_is_copied_not_changed(tmp_path: Path) -> None:
    project = make_project(tmp_path, spread(30_000, sigma=0.15), text=None)
    own = Path(project.home) / ".claude/memory/budget-profiles.json"
    own.parent.mkdir(parents=True)
    own.write_text(FILE)
    tuning_apply.apply(project, tuning.recommend(project, now=NOW)["changes"], now=NOW)
    assert own.read_text() == FILE
    assert profiles_file(project).read_text() == FILE.replace("specialist-narrow", "role-coordinator")


def test_advice_that_is_out_of_date_is_not_applied(tmp_path: Path) -> None:
    project = make_project(tmp_path, spread(30_000, sigma=0.15))
    changes = tuning.recommend(project, now=NOW)["changes"]
    profiles_file(project).write_text(FILE.replace("specialist-narrow", "role-architect"))
    with pytest.raises(BudgetError, match="any more"):
        tuning_apply.apply(project, changes, now=NOW)
    assert "role-architect" in profiles_file(project).read_text()


def test_an_override_is_edited_where_it_stands(tmp_path: Path) -> None:
    text = '{"agents": {"dbt-expert": {"profile": "specialist-narrow"}}}'
    project = make_project(tmp_path, spread(30_000, sigma=0.15), text=text)
    tuning_apply.apply(project, tuning.recommend(project, now=NOW)["changes"], now=NOW)
    assert profiles_file(project).read_text() == text.replace("specialist-narrow", "role-coordinator")


# -- by itself

AUTO = FILE.replace('"note"', '"tuning": {"auto": true},\n\t"note"')


def test_nothing_is_applied_unless_asked_for(tmp_path: Path) -> None:
    project = make_project(tmp_path, spread(30_000, sigma=0.15))
    assert tuning.apply_automatically(project, now=NOW) == []
    assert profiles_file(project).read_text() == FILE


def test_what_is_sure_is_applied_once_a_quarter(tmp_path: Path) -> None:
    project = make_project(tmp_path, spread(30_000, sigma=0.15), text=AUTO)
    (line,) = tuning.apply_automatically(project, now=NOW)
    assert line.startswith(f"{AGENT}: specialist-narrow -> role-coordinator")
    write_log(
        Path(project.log),
        [
            needing(8_000, timestamp=(NOW + timedelta(days=day)).isoformat(), agent=AGENT)
            for day in range(1, 90)
        ],
    )
    assert tuning.apply_automatically(project, now=NOW + timedelta(days=89)) == []
    held = tuning.recommend(project, now=NOW + timedelta(days=89))["changes"][0]["held"]
    assert "changed 89 days ago" in held
    (line,) = tuning.apply_automatically(project, now=NOW + timedelta(days=90))
    assert "role-coordinator -> specialist-narrow" in line


def test_nothing_is_applied_before_thirty_days_of_data(tmp_path: Path) -> None:
    project = make_project(tmp_path, spread(30_000, sigma=0.15), text=AUTO, days=20)
    assert tuning.apply_automatically(project, now=NOW) == []
    assert tuning.recommend(project, now=NOW)["changes"][0]["held"] == "20 of 30 days of data so far"


# -- the command


def test_tune_shows_a_diff_and_applies_it(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = make_project(tmp_path / "p", spread(30_000, sigma=0.15), days=20)
    log = Path(project.log)
    shift = datetime.now() - NOW
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    for line in lines:
        line["timestamp"] = (datetime.fromisoformat(line["timestamp"]) + shift).isoformat()
    write_log(log, lines)
    assert main(["tune", "--project", project.root]) == 0
    shown = capsys.readouterr().out
    assert '-\t"agent_assignments": {"dbt-expert":   "specialist-narrow"},' in shown
    assert profiles_file(project).read_text() == FILE
    assert main(["tune", "--apply", "--project", project.root]) == 0
    assert "role-coordinator" in profiles_file(project).read_text()
    assert main(["tune", "--undo", "--project", project.root]) == 0
    assert profiles_file(project).read_text() == FILE
    capsys.readouterr()
    assert main(["tune", "--json", "--project", project.root]) == 0
    assert json.loads(capsys.readouterr().out)["applied"] is None
