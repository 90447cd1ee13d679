from __future__ import annotations

import json
import math
import random
import re
from datetime import datetime, timedelta
from pathlib import Path
from statistics import NormalDist
from typing import Any

import jsonschema
import pytest

from memory_budget.base import layout
from memory_budget.base.errors import BudgetError
from memory_budget.base.project import Project
from memory_budget.cli import output
from memory_budget.cli.main import main
from memory_budget.reports import tuning, tuning_apply, tuning_evidence, tuning_replay
from memory_budget.reports.tuning_evidence import Need
from memory_budget.reports.tuning_replay import CandidateProfile
from memory_budget.settings.names import TIERS
from tests.support.environment import ROOT
from tests.support.usage_logs import needing, older, record, write_log

NOW = datetime(2026, 11, 21, 12, 0)
BUDGETS = dict.fromkeys(TIERS, 20_000.0)
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


@pytest.mark.parametrize("little", [0, 40, 2_000])
@pytest.mark.parametrize("share", [0.1, 0.3, 0.6])
def test_runs_that_need_next_to_nothing_are_no_reason_for_more(
    tmp_path: Path, little: int, share: float
) -> None:
    rng = random.Random(1)
    needs = [little if rng.random() < share else need for need in spread(15_000, 300, 0.1)]
    entry = advice(make_project(tmp_path, needs))
    assert (entry["recommended_action"], entry["current_profile"]) == ("maintain", "specialist-narrow")
    assert entry["details"]["exceedance_before"] < 0.02


@pytest.mark.parametrize(("runs", "entries"), [(9, 0), (10, 1)])
def test_nothing_is_said_of_few_runs(tmp_path: Path, runs: int, entries: int) -> None:
    project = make_project(tmp_path, [30_000] * runs)
    assert len(tuning.recommend(project, now=NOW)["recommendations"]) == entries


def test_old_runs_follow_a_level_that_rose() -> None:
    """Steady needs stay where they are; where needs rose lastingly, the past is judged nearer to the present."""
    rng = random.Random(4)
    tens = [(age, rng.gauss(9.0, 0.2)) for age in range(80) for _ in range(6)]
    steady = tuning_evidence.weigh([Need(age, "medium", math.exp(size)) for age, size in tens], BUDGETS)
    rose = tuning_evidence.weigh(
        [Need(age, "medium", math.exp(size + (0.5 if age < 21 else 0.0))) for age, size in tens],
        BUDGETS,
    )
    apart = [abs(now - size) for (_, size), now in zip(tens, steady.sizes, strict=True)]
    assert max(apart) < 0.1
    early = [now - size for (age, size), now in zip(tens, rose.sizes, strict=True) if age >= 21]
    assert 0.2 < sum(early) / len(early) < 0.3


@pytest.mark.parametrize(
    ("current", "runs", "least", "most"),
    [
        ("specialist-narrow", 5_000, 0.9, 1.0),
        ("specialist-narrow", 14, 0.2, 0.6),
        ("role-architect", 14, 0.7, 1.0),
    ],
)
def test_a_profile_is_left_for_one_that_is_clearly_likelier_to_be_right(
    current: str, runs: int, least: float, most: float
) -> None:
    """Six in a hundred runs over the budget of the smaller profile: many runs prove it too small, a few do not; but a few
    prove that much more is too much."""
    known = [
        CandidateProfile(name, dict.fromkeys(TIERS, size), size)
        for name, size in (
            ("specialist-narrow", 20_000.0),
            ("specialist-broad", 35_000.0),
            ("role-architect", 75_000.0),
        )
    ]
    rng = random.Random(2)
    scale = 20_000 / math.exp(1.555 * 0.2)  # a normal distribution has 6 % above 1.555 spreads
    quantiles = [NormalDist().inv_cdf((place + 0.5) / runs) for place in range(runs)]
    rng.shuffle(quantiles)
    needs = [Need(1.0, "medium", scale * math.exp(0.2 * at)) for at in quantiles]
    choice = tuning_replay.choose(tuning_evidence.weigh(needs, BUDGETS), current, known, 0.05)
    assert least <= choice.confidence <= most
    assert choice.after.profile == "specialist-broad"


def test_a_narrow_terminal_cuts_no_figure() -> None:
    columns = ["agent", *(f"figure {number}" for number in range(12))]
    parts = output._fitting_columns(columns, [["x" * 25, *range(10**8, 10**8 + 12)]], range(1, 13), 80)
    assert len(parts) > 1
    assert sorted(number for part in parts for number in part[1:]) == list(range(1, 13))
    assert all(28 + 12 * (len(part) - 1) <= 80 for part in parts)


def test_a_long_name_is_folded_and_keeps_no_figure_away() -> None:
    columns = ["agent", *(f"figure {number}" for number in range(12))]
    rows = [["x" * 400, *range(10**5, 10**5 + 12)]]
    parts = output._fitting_columns(columns, rows, range(1, 13), 140)
    assert len(parts) == 2
    assert sorted(number for part in parts for number in part[1:]) == list(range(1, 13))


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
    tuning_apply.apply_changes(project, changes, now=NOW)
    written = json.loads(profiles_file(project).read_text())["profiles"]["role-architect"]["scope_weights"]
    assert written == {"global": 0.2, "agent_recent": 0.2, "agent_patterns": 0.6}
    tuning_apply.undo_profile_change(project)
    assert profiles_file(project).read_text() == text


def test_recommendations_fit_their_schema(tmp_path: Path) -> None:
    project = make_project(tmp_path, spread(150_000, 150, 0.3) + spread(20_000, 50, 0.1))
    schema = json.loads((ROOT / "schemas/recommendations.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    found = tuning.recommend(project, now=NOW)
    jsonschema.validate(found, schema)
    assert json.loads(Path(project.at(layout.RECOMMENDATIONS)).read_bytes()) == found


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


@pytest.mark.parametrize("days", [20, 40])
@pytest.mark.parametrize("current", ["soft", "hard", "auto"])
def test_what_is_said_of_enforcement_fits_the_one_there_is(tmp_path: Path, current: str, days: int) -> None:
    text = json.dumps({"enforcement": current})
    project = make_project(tmp_path, spread(9_000, 300), days=days, text=text)
    reason = tuning.recommend(project, now=NOW)["enforcement"]["reason"]
    assert ("enforcement stays soft" in reason) is (days == 20 and current != "hard")
    assert ("hard limits trim" in reason) is (days == 40 and current == "hard")


def test_hard_is_not_justified_by_exceedance(tmp_path: Path) -> None:
    enforcement = tuning.recommend(make_project(tmp_path, spread(19_000, 300)), now=NOW)["enforcement"]
    assert not enforcement["hard_justified"]


# -- applying


def test_applying_changes_one_value_and_undo_brings_back_every_byte(tmp_path: Path) -> None:
    project = make_project(tmp_path, spread(30_000, sigma=0.15))
    found = tuning.recommend(project, now=NOW)
    done = tuning_apply.apply_changes(project, found["changes"], now=NOW)
    assert profiles_file(project).read_text() == FILE.replace("specialist-narrow", "role-coordinator")
    assert done.before == FILE
    tuning_apply.undo_profile_change(project, now=NOW)
    assert profiles_file(project).read_bytes() == FILE.encode()
    with pytest.raises(BudgetError, match="no change of budgets"):
        tuning_apply.undo_profile_change(project)


def test_windows_line_ends_and_a_byte_order_mark_stay(tmp_path: Path) -> None:
    text = "\ufeff" + FILE.replace("\n", "\r\n")
    project = make_project(tmp_path, spread(30_000, sigma=0.15), text=text)
    tuning_apply.apply_changes(project, tuning.recommend(project, now=NOW)["changes"], now=NOW)
    assert (
        profiles_file(project).read_bytes() == text.replace("specialist-narrow", "role-coordinator").encode()
    )


def test_undo_keeps_what_a_person_wrote_since(tmp_path: Path) -> None:
    project = make_project(tmp_path, spread(30_000, sigma=0.15))
    tuning_apply.apply_changes(project, tuning.recommend(project, now=NOW)["changes"], now=NOW)
    edited = profiles_file(project).read_text().replace("[1,2]", "[1,2,3]")
    profiles_file(project).write_text(edited)
    tuning_apply.undo_profile_change(project)
    assert profiles_file(project).read_text() == FILE.replace("[1,2]", "[1,2,3]")


def test_undo_leaves_a_value_that_a_person_changed_again(tmp_path: Path) -> None:
    project = make_project(tmp_path, spread(30_000, sigma=0.15))
    tuning_apply.apply_changes(project, tuning.recommend(project, now=NOW)["changes"], now=NOW)
    profiles_file(project).write_text(
        profiles_file(project).read_text().replace("role-coordinator", "role-architect")
    )
    tuning_apply.undo_profile_change(project)
    assert "role-architect" in profiles_file(project).read_text()


def test_a_project_without_a_file_gets_one_and_undo_takes_it_away(tmp_path: Path) -> None:
    project = make_project(tmp_path, spread(30_000, sigma=0.15), text=None)
    tuning_apply.apply_changes(project, tuning.recommend(project, now=NOW)["changes"], now=NOW)
    assert json.loads(profiles_file(project).read_text())["agent_assignments"] == {AGENT: "role-coordinator"}
    tuning_apply.undo_profile_change(project)
    assert not profiles_file(project).exists()


def test_the_users_own_file_is_copied_not_changed(tmp_path: Path) -> None:
    project = make_project(tmp_path, spread(30_000, sigma=0.15), text=None)
    own = Path(project.home) / ".claude/memory/budget-profiles.json"
    own.parent.mkdir(parents=True)
    own.write_text(FILE)
    tuning_apply.apply_changes(project, tuning.recommend(project, now=NOW)["changes"], now=NOW)
    assert own.read_text() == FILE
    assert profiles_file(project).read_text() == FILE.replace("specialist-narrow", "role-coordinator")


def test_advice_that_is_out_of_date_is_not_applied(tmp_path: Path) -> None:
    project = make_project(tmp_path, spread(30_000, sigma=0.15))
    changes = tuning.recommend(project, now=NOW)["changes"]
    profiles_file(project).write_text(FILE.replace("specialist-narrow", "role-architect"))
    with pytest.raises(BudgetError, match="any more"):
        tuning_apply.apply_changes(project, changes, now=NOW)
    assert "role-architect" in profiles_file(project).read_text()


def test_an_override_is_edited_where_it_stands(tmp_path: Path) -> None:
    text = '{"agents": {"dbt-expert": {"profile": "specialist-narrow"}}}'
    project = make_project(tmp_path, spread(30_000, sigma=0.15), text=text)
    tuning_apply.apply_changes(project, tuning.recommend(project, now=NOW)["changes"], now=NOW)
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


def test_an_agent_of_several_names_is_one_agent(tmp_path: Path) -> None:
    """Whatever the profiles called it over time, and whichever machine's log is read: one verdict, one change a quarter."""
    text = AUTO.replace('"dbt-expert"', '"specialists/dbt-expert"')
    project = make_project(tmp_path, spread(30_000, sigma=0.15), text=text, agent="dbt-expert")
    names = ("specialists/dbt-expert", "team:dbt-expert", "dbt-expert")
    with open(project.log, "a", encoding="utf-8") as log:
        for number, need in enumerate(spread(30_000, sigma=0.15)):
            stamp = (NOW - timedelta(days=number / 10)).isoformat()
            log.write(json.dumps(needing(need, timestamp=stamp, agent=names[number % 3])) + "\n")
    entry = advice(project)
    assert (entry["agent"], entry["details"]["records"]) == ("dbt-expert", 400)
    (line,) = tuning.apply_automatically(project, now=NOW)
    assert line.startswith("dbt-expert: specialist-narrow -> role-coordinator")
    later = NOW + timedelta(days=60)
    stamps = [(NOW + timedelta(days=day)).isoformat() for day in range(1, 60)]
    write_log(Path(project.log), [needing(8_000, timestamp=stamp, agent=names[0]) for stamp in stamps])
    (change,) = tuning.recommend(project, now=later)["changes"]
    assert change["agent"] == names[0]
    assert change["held"] == "changed 60 days ago; at most 1 change in 90 days"


def test_weights_are_changed_once_a_quarter(tmp_path: Path) -> None:
    project = make_project(tmp_path, spread(150_000, 150, 0.3) + spread(20_000, 50, 0.1), text=AUTO)
    lines = tuning.apply_automatically(project, now=NOW)
    assert any(line.startswith("role-architect: weights") for line in lines)
    swapped = json.loads(profiles_file(project).read_text())
    swapped["profiles"]["role-architect"]["scope_weights"] = {
        "global": 1,
        "agent_recent": 0,
        "agent_patterns": 0,
    }
    profiles_file(project).write_text(json.dumps(swapped))
    held = [change["held"] for change in tuning.recommend(project, now=NOW + timedelta(days=5))["changes"]]
    assert held == ["changed 5 days ago; at most 1 change in 90 days"]


def test_no_changes_a_quarter_means_none(tmp_path: Path) -> None:
    text = AUTO.replace('"auto": true', '"auto": true, "max_changes_per_quarter": 0')
    project = make_project(tmp_path, spread(30_000, sigma=0.15), text=text)
    assert tuning.apply_automatically(project, now=NOW) == []
    assert tuning.recommend(project, now=NOW)["changes"][0]["held"] == "at most 0 changes in 90 days"


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


@pytest.mark.parametrize(
    "damage",
    [
        {"time": "yesterday"}, {"time": 5}, {"time": "2026-11-21T12:00:00+01:00"}, {"changes": 5}, {"changes": [{}]},
        {"changes": [{"kind": "profile", "agent": ["a"]}]}, {"members": [{}]}, {"members": None}, {"path": None},
        {"id": 7}, {"state": []}, {"more": 1},
    ],
)  # fmt: skip
def test_a_damaged_record_of_a_change_stops_neither_advice_nor_undo(
    tmp_path: Path, damage: dict[str, Any]
) -> None:
    project = make_project(tmp_path, spread(30_000, sigma=0.15))
    advice = tuning.recommend(project, now=NOW)
    done = tuning_apply.apply_changes(project, advice["changes"], now=NOW)
    record = Path(project.at(layout.TUNING, f"{done.id}.json"))
    whole = json.loads(record.read_text())
    record.with_name("0.json").write_text(json.dumps(whole | damage))
    assert tuning.recommend(project, now=NOW)["records"] == advice["records"]
    assert tuning_apply.history(project) == [done]
    assert tuning_apply.undo_profile_change(project).id == done.id
    assert profiles_file(project).read_text() == FILE


def test_tune_says_why_there_is_nothing(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*arguments: str) -> str:
        assert main(["tune", "--project", str(tmp_path), *arguments]) == 0
        return capsys.readouterr().out

    def log_of(name: str, needs: list[int], days_ago: int = 1) -> str:
        stamp = (datetime.now() - timedelta(days=days_ago)).isoformat()
        return str(
            write_log(
                tmp_path / name,
                [needing(need, timestamp=stamp, allocation_id=str(run)) for run, need in enumerate(needs)],
            )
        )

    (tmp_path / ".claude/memory").mkdir(parents=True)
    (tmp_path / ".claude/memory/budget-profiles.json").write_text(FILE)
    assert "No agent runs yet" in said()
    old = log_of("old.jsonl", [9_000] * 20, 500)
    assert "No runs in the last 90 days (--days looks farther back)" in said("--log", old)
    assert "dbt-expert" in said("--log", old, "--days", "900")
    few = log_of("few.jsonl", [9_000] * 9)
    assert "9 runs, 1 days of data\nNo agent that gets memory has 10 runs yet." in said("--log", few)
    enough = log_of("enough.jsonl", [9_000] * 60)
    assert "nobody: not among the agents" in said("--log", enough, "--agent", "nobody")
    assert "Nothing to change." in said("--log", enough, "--apply")
    unsure = said("--log", log_of("unsure.jsonl", [15_000] * 18 + [24_000] * 2))
    assert re.search(
        r"^specialists/dbt-expert is left as it is: \d\d % sure, 70 % are asked for$", unsure, re.M
    )
    kept = [path for path in (tmp_path / ".claude").rglob("*") if path.is_file()]
    assert [path.name for path in kept] == ["budget-profiles.json"]
    assert kept[0].read_text() == FILE


def test_tune_for_one_agent(tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stamp = (datetime.now() - timedelta(days=1)).isoformat()
    needs = spread(30_000, sigma=0.15)
    log = write_log(
        tmp_path / "log.jsonl",
        [
            needing(need, timestamp=stamp, agent=name)
            for need in needs
            for name in ("dbt-expert", "aws-expert")
        ],
    )
    assert (
        main(["tune", "--json", "--project", str(tmp_path), "--log", str(log), "--agent", "dbt-expert"]) == 0
    )
    found = json.loads(capsys.readouterr().out)
    assert [entry["agent"] for entry in found["recommendations"]] == ["dbt-expert"]
    assert [change["agent"] for change in found["changes"]] == ["dbt-expert"]


# -- records whose demand meant something else


def with_older(project: Project, needs: list[int], *, days: float = 60) -> None:
    """Put as many runs of the version before in front of a project's log, the first of them `days` ago."""
    log = Path(project.log)
    stamps = [NOW - timedelta(days=days * (1 - number / len(needs) / 2)) for number in range(len(needs))]
    entries = [older(needing(need, timestamp=at.isoformat())) for need, at in zip(needs, stamps, strict=True)]
    log.write_bytes(write_log(log.with_name("older.jsonl"), entries).read_bytes() + log.read_bytes())
    log.with_name("older.jsonl").unlink()


def test_demands_of_the_version_before_decide_nothing(tmp_path: Path) -> None:
    """Their demand, several times what it is now, would ask for a larger profile."""
    alone = make_project(tmp_path / "alone", spread(9_000))
    mixed = make_project(tmp_path / "mixed", spread(9_000))
    with_older(mixed, spread(60_000, 400))
    expected, found = (tuning.recommend(project, now=NOW) for project in (alone, mixed))
    assert found["left_out"]["records"] == 400
    assert "schema_version" in found["left_out"]["reason"]
    assert expected["left_out"] == {"records": 0, "reason": ""}
    for key in ("records", "days_of_data", "recommendations", "weights", "enforcement", "changes"):
        assert found[key] == expected[key], key
    schema = json.loads((ROOT / "schemas/recommendations.schema.json").read_text())
    jsonschema.validate(found, schema)


@pytest.mark.parametrize(("days", "justified"), [(25, False), (40, True)])
def test_hard_needs_thirty_days_of_the_present_version(tmp_path: Path, days: int, justified: bool) -> None:
    project = make_project(tmp_path, spread(9_000), days=days)
    with_older(project, spread(9_000), days=85)
    found = tuning.recommend(project, now=NOW)
    assert found["days_of_data"] == days
    assert found["enforcement"]["hard_justified"] is justified
    assert found["enforcement"]["records"] <= 200


def test_exceedance_of_the_version_before_keeps_nobody_from_hard_limits(tmp_path: Path) -> None:
    project = make_project(tmp_path, spread(9_000), days=40)
    with_older(project, spread(60_000, 400), days=45)
    assert tuning.recommend(project, now=NOW)["enforcement"]["hard_justified"]


def test_tune_says_what_it_left_out(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuning, "datetime", type("Now", (datetime,), {"now": classmethod(lambda cls: NOW)}))
    project = make_project(tmp_path, spread(9_000), text=FILE)
    with_older(project, spread(60_000, 30))
    assert main(["tune", "--project", str(tmp_path)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert (
        "200 runs, 40 days of data 30 older records left out of what tasks needed: schema_version below 2"
        in said
    )
    Path(project.log).unlink()
    write_log(Path(project.log), [older(needing(9_000, timestamp=(NOW - timedelta(days=3)).isoformat()))])
    assert main(["tune", "--project", str(tmp_path)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "1 older record left out" in said
    assert "No run that says what its task needed yet." in said
