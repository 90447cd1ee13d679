from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from memory_budget.base.errors import BudgetError
from memory_budget.settings import names, profiles
from memory_budget.settings.profiles import Profiles
from memory_budget.settings.shape import ProfileError

#: A file as the scripts before this plugin had it: nothing but their keys.
OLDER = {
    "version": "1.0.0",
    "description": "Budgets",
    "last_updated": "2025-10-14",
    "profiles": {
        "specialist-narrow": {
            "description": "One tool",
            "base_budget": 20000,
            "max_budget": 50000,
            "scope_weights": {"global": 0.2, "agent_recent": 0.3, "agent_patterns": 0.5},
            "examples": ["dbt-expert"],
        },
    },
    "agent_assignments": {"specialists/dbt-expert": "specialist-narrow", "roles/new-role": "role-architect"},
    "complexity_multipliers": {
        "simple": {"multiplier": 0.5, "description": "One question", "examples": ["List tables"]},
        "multi-system": {"multiplier": 2.0, "description": "Many systems", "examples": []},
    },
    "alert_thresholds": {"info": 0.75, "warning": 0.90, "critical": 1.0},
    "tuning_parameters": {
        "exceedance_threshold_for_upgrade": 0.2,
        "underutilization_threshold_for_downgrade": 0.5,
        "minimum_samples_for_recommendation": 10,
        "recommendation_confidence_threshold": 0.7,
    },
}


def write(folder: Path, content: object) -> Path:
    file = folder / profiles.FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        file.write_bytes(content)
    else:
        file.write_text(
            content if isinstance(content, str) else json.dumps(content, indent=1), encoding="utf-8"
        )
    return file


# -- budgets


@pytest.mark.parametrize(
    ("name", "budgets"),
    [
        ("specialist-narrow", [10_000, 20_000, 30_000, 40_000]),
        ("specialist-broad", [17_500, 35_000, 52_500, 70_000]),
        ("role-coordinator", [25_000, 50_000, 75_000, 100_000]),
        ("role-architect", [37_500, 75_000, 112_500, 150_000]),
        ("none", [0, 0, 0, 0]),
    ],
)
def test_shipped_budgets(name: str, budgets: list[int]) -> None:
    shipped = profiles.defaults()
    assert [shipped.budget(shipped.profile(name), tier) for tier in names.TIERS] == budgets


def test_the_maximum_caps_the_budget() -> None:
    own = profiles.compile_profiles({"profiles": {"specialist-narrow": {"max_budget": 25_000}}})
    narrow = own.profile("specialist-narrow")
    assert [own.budget(narrow, tier) for tier in names.TIERS] == [10_000, 20_000, 25_000, 25_000]


def test_no_budget_takes_more_than_its_share_of_the_window() -> None:
    own = profiles.compile_profiles(
        {
            "context_windows": {"small": 40_000},
            "profiles": {"wide": {"base_budget": 90_000, "max_budget": 90_000, "context_window_share": 0.25}},
        }
    )
    architect = own.profile("role-architect")
    assert own.budget(architect, "medium", "small-1") == 30_000
    assert own.budget(architect, "multi-system", "claude-sonnet-4-6") == 150_000
    assert own.budget(own.profile("wide"), "medium", "claude-sonnet-4-6") == 50_000


def test_a_ratio_turns_the_models_tokens_into_tiktokens() -> None:
    shipped = profiles.defaults()
    assert shipped.budget(shipped.profile("specialist-narrow"), "medium", ratio=1.25) == 16_000


def test_fractions_lose_no_token() -> None:
    own = profiles.compile_profiles({"complexity_multipliers": {"simple": {"multiplier": 1.1}}})
    assert own.budget(own.profile("specialist-narrow"), "simple") == 22_000


def test_tiers_go_up_step_by_step() -> None:
    assert names.next_tier("simple") == "medium"
    assert names.next_tier("complex") == "multi-system"
    assert names.next_tier("multi-system") is None


@pytest.mark.parametrize(
    ("model", "window"),
    [
        ("", 200_000),
        ("claude-opus-5-5", 200_000),
        ("claude-opus-5-5[1m]", 1_000_000),
        ("opus[1m]", 1_000_000),
        ("us.anthropic.claude-haiku-4-5-v1:0", 100_000),
        ("haiku", 100_000),
        ("claude-haiku-4-9", 90_000),
        ("default", 200_000),
    ],
)
def test_windows_by_model(model: str, window: int) -> None:
    own = profiles.compile_profiles(
        {"context_windows": {"claude-haiku": 100_000, "claude-haiku-4-9": 90_000}}
    )
    assert own.window(model) == window


def test_prices_and_ratios_by_model() -> None:
    own = profiles.compile_profiles({"calibration": {"ratio": {"claude-opus": 1.2}}})
    price = own.price("claude-sonnet-4-6")
    assert price is not None
    assert price["output"] == 15
    assert own.price("other-model") is None
    assert own.calibration_ratio("claude-opus-5-5") == 1.2
    assert own.calibration_ratio("claude-sonnet-4-6") is None


# -- one document over another


def test_an_older_file_loads_unchanged() -> None:
    own = profiles.compile_profiles(OLDER)
    assert own.assignments["roles/new-role"] == "role-architect"
    assert own.multiplier("medium") == 1
    assert own.default_profile == "specialist-broad"


def test_what_a_file_leaves_out_keeps_its_shipped_value() -> None:
    own = profiles.compile_profiles(
        {"profiles": {"specialist-narrow": {"scope_weights": {"global": 0.7}}}, "tuning": {"auto": True}}
    )
    narrow = own.profile("specialist-narrow")
    assert narrow.base_budget == 20_000
    assert narrow.weights == pytest.approx(
        {"global": 0.7 / 1.5, "agent_recent": 0.3 / 1.5, "agent_patterns": 0.5 / 1.5}
    )
    assert own.section("tuning") == {**profiles.defaults().section("tuning"), "auto": True}
    assert profiles.defaults().section("tuning")["auto"] is False


def test_lists_are_replaced_as_a_whole() -> None:
    own = profiles.compile_profiles({"sources": {"global": ["docs/**/*.md"]}})
    assert own.section("sources")["global"] == ["docs/**/*.md"]
    assert own.section("sources")["agent_recent"] == profiles.defaults().section("sources")["agent_recent"]


@pytest.mark.parametrize("key", ["dbt-expert", "Dbt-Expert", "specialists/DBT-expert"])
def test_an_assignment_replaces_the_shipped_one_however_it_is_written(key: str) -> None:
    own = profiles.compile_profiles({"agent_assignments": {key: "role-architect"}})
    assert {k: v for k, v in own.assignments.items() if "dbt" in k.lower()} == {key: "role-architect"}


def test_an_assignment_in_another_group_is_another_agent() -> None:
    below = profiles.compile_profiles({"agent_assignments": {"specialists/dbt-expert": "specialist-narrow"}})
    own = profiles.compile_profiles({"agent_assignments": {"roles/dbt-expert": "role-architect"}}, base=below)
    assert own.assignments["specialists/dbt-expert"] == "specialist-narrow"


def test_a_new_profile_without_weights_takes_those_of_the_default_profile() -> None:
    own = profiles.compile_profiles({"profiles": {"mine": {"base_budget": 1, "max_budget": 2}}})
    assert own.profile("mine").weights == own.profile("specialist-broad").weights
    assert own.profile("long-gone").name == "specialist-broad"


def test_unknown_keys_are_kept_and_ignored() -> None:
    own = profiles.compile_profiles(
        {
            "_note": 1,
            "profiles": {"specialist-narrow": {"colour": "red"}},
            "complexity_multipliers": {"huge": 9},
        }
    )
    assert own.section("_note") == 1
    assert own.document["profiles"]["specialist-narrow"]["colour"] == "red"


def test_an_agents_own_settings_go_first() -> None:
    own = profiles.compile_profiles(
        {
            "enforcement": "hard",
            "agents": {
                "a": {
                    "base_budget": 60_000,
                    "complexity": "complex",
                    "delivery": "context",
                    "sources": {"global": []},
                },
                "b": {"max_budget": 15_000, "enforcement": "auto"},
                "c": {"profile": "none"},
            },
        }
    )
    a = own.settings("specialist-narrow", "a")
    assert (a.profile.base_budget, a.profile.max_budget) == (60_000, 60_000)
    assert (a.complexity, a.enforcement, a.delivery) == ("complex", "hard", "context")
    assert a.sources["global"] == []
    assert a.sources["agent_patterns"]
    b = own.settings("specialist-narrow", "b")
    assert (b.profile.base_budget, b.profile.max_budget, b.enforcement) == (15_000, 15_000, "auto")
    assert own.settings("specialist-narrow", "c").profile.gives_nothing
    plain = own.settings("specialist-narrow")
    assert (plain.profile.base_budget, plain.complexity, plain.delivery) == (20_000, "", "auto")


# -- refusals


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        ([], ""),
        (None, ""),
        ({"profiles": []}, "/profiles"),
        ({"profiles": {"": {}}}, "/profiles"),
        ({"profiles": {"x": {}}}, "/profiles/x"),
        ({"profiles": {"x": {"base_budget": 1}}}, "/profiles/x"),
        (
            {"profiles": {"specialist-narrow": {"base_budget": "20000"}}},
            "/profiles/specialist-narrow/base_budget",
        ),
        (
            {"profiles": {"specialist-narrow": {"base_budget": True}}},
            "/profiles/specialist-narrow/base_budget",
        ),
        (
            {"profiles": {"specialist-narrow": {"base_budget": 0.5}}},
            "/profiles/specialist-narrow/base_budget",
        ),
        ({"profiles": {"specialist-narrow": {"base_budget": -1}}}, "/profiles/specialist-narrow/base_budget"),
        (
            {"profiles": {"specialist-narrow": {"base_budget": 50_001}}},
            "/profiles/specialist-narrow/max_budget",
        ),
        ({"profiles": {"a/b": {"base_budget": 2, "max_budget": 1}}}, "/profiles/a~1b/max_budget"),
        (
            {"profiles": {"specialist-narrow": {"scope_weights": dict.fromkeys(names.SCOPES, 0)}}},
            "/profiles/specialist-narrow/scope_weights",
        ),
        ({"agent_assignments": {"x": "nobody"}}, "/agent_assignments/x"),
        ({"agent_assignments": {"x": None}}, "/agent_assignments/x"),
        ({"default_profile": "nobody"}, "/default_profile"),
        ({"agents": {"x": {"profile": "nobody"}}}, "/agents/x/profile"),
        ({"agents": {"x": {"complexity": "hard"}}}, "/agents/x/complexity"),
        ({"agents": {"x": {"base_budget": 2, "max_budget": 1}}}, "/agents/x/max_budget"),
        (
            {"complexity_multipliers": {"simple": {"multiplier": 0}}},
            "/complexity_multipliers/simple/multiplier",
        ),
        ({"enforcement": "loose"}, "/enforcement"),
        ({"delivery": 1}, "/delivery"),
        ({"context_window_share": 0}, "/context_window_share"),
        ({"context_window_share": 1.01}, "/context_window_share"),
        ({"context_windows": {"default": 0}}, "/context_windows/default"),
        ({"alert_thresholds": {"info": float("nan")}}, "/alert_thresholds/info"),
        ({"alert_level": "none"}, "/alert_level"),
        ({"schedule": {"daily": "0 5 * *"}}, "/schedule/daily"),
        ({"otlp": {"endpoint": "localhost:4318"}}, "/otlp/endpoint"),
        ({"enabled": 1}, "/enabled"),
    ],
)
def test_names_the_place_that_cannot_be_used(raw: object, pointer: str) -> None:
    with pytest.raises(ProfileError) as caught:
        profiles.compile_profiles(raw)
    assert caught.value.pointer == pointer
    assert caught.value.expected
    assert caught.value.found


@pytest.mark.parametrize(
    "raw",
    [
        {"profiles": {"specialist-narrow": {"base_budget": 50_000}}},
        {"profiles": {"specialist-narrow": {"base_budget": 20000.0}}},
        {"profiles": {"specialist-narrow": {"base_budget": 0, "max_budget": 0}}},
        {"context_window_share": 1},
        {"alert_level": "off"},
        {"otlp": {"endpoint": ""}},
        {"schedule": {"daily": " 0  5 * * 1-5 "}},
    ],
)
def test_takes_what_lies_on_the_edge(raw: object) -> None:
    profiles.compile_profiles(raw)


@pytest.mark.parametrize(
    ("scope", "glob", "good"),
    [
        ("global", "docs/**/*.md", True),
        ("global", "~/.claude/notes/*.md", True),
        ("global", "", False),
        ("global", "/etc/*.md", False),
        ("global", "C:/x/*.md", False),
        ("global", "docs\\*.md", False),
        ("global", "a/../../x/*.md", False),
        ("global", "~/.ssh/*.md", False),
        ("global", "~other/*.md", False),
        ("global", "team/<agent>/*.md", False),
        ("agent_patterns", "team/<agent>/*.md", True),
        ("agent_patterns", "team/*.md", False),
        ("agent_patterns", "team/x<agent>/*.md", False),
        ("agent_recent", "<agent>/*.md", True),
        ("agent_recent", "<agent>\n/*.md", False),
    ],
)
def test_globs_stay_inside_and_know_whose_they_are(scope: str, glob: str, good: bool) -> None:
    if good:
        profiles.compile_profiles({"sources": {scope: [glob]}})
    else:
        with pytest.raises(ProfileError):
            profiles.compile_profiles({"sources": {scope: [glob]}})


# -- files


def test_the_projects_file_goes_before_the_users(tmp_path: Path, home: Path) -> None:
    project = tmp_path / "project"
    assert profiles.load_profiles(str(project), str(home)).source_path == ""
    users = write(home, {"default_profile": "none"})
    assert profiles.load_profiles(str(project), str(home)).source_path == str(users)
    own = write(project, {"default_profile": "role-architect"})
    result = profiles.load_profiles(str(project), str(home))
    assert result.source_path == str(own)
    assert result.profiles.default_profile == "role-architect"
    assert result.problem is None
    assert result.changed


def test_an_unchanged_file_is_not_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"default_profile": "none"})
    first = profiles.load_profiles(str(tmp_path), "")
    monkeypatch.setattr(profiles, "read_profiles_file", None)
    monkeypatch.setattr(profiles, "defaults", None)
    kept: tuple[Any, Any] = json.loads(json.dumps([first.signature, first.state]))
    again = profiles.load_profiles(str(tmp_path), "", kept)
    assert not again.changed
    assert again.profiles.document == first.profiles.document


def test_a_changed_file_is_read_again_and_a_removed_one_forgotten(tmp_path: Path) -> None:
    file = write(tmp_path, {"default_profile": "none"})
    first = profiles.load_profiles(str(tmp_path), "")
    write(tmp_path, {"default_profile": "role-architect"})
    second = profiles.load_profiles(str(tmp_path), "", (first.signature, first.state))
    assert second.profiles.default_profile == "role-architect"
    file.unlink()
    assert (
        profiles.load_profiles(str(tmp_path), "", (second.signature, second.state)).profiles.default_profile
        == "specialist-broad"
    )


def test_other_shipped_defaults_reach_kept_profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"default_profile": "none"})
    first = profiles.load_profiles(str(tmp_path), "")
    monkeypatch.setattr(profiles, "_defaults_mark", lambda: [1, 2])
    assert profiles.load_profiles(str(tmp_path), "", (first.signature, first.state)).changed


def test_a_state_of_another_version_is_read_again(tmp_path: Path) -> None:
    write(tmp_path, {"default_profile": "none"})
    first = profiles.load_profiles(str(tmp_path), "")
    for state in ({}, {**first.state, "version": 0}, {**first.state, "document": None}):
        again = profiles.load_profiles(str(tmp_path), "", (first.signature, state))
        assert again.changed
        assert again.profiles.default_profile == "none"


def test_a_broken_file_leaves_the_last_good_version_at_work_and_is_told_once(tmp_path: Path) -> None:
    write(tmp_path, {"default_profile": "none"})
    good = profiles.load_profiles(str(tmp_path), "")
    write(tmp_path, '{\n "default_profile": "none",\n}')
    broken = profiles.load_profiles(str(tmp_path), "", (good.signature, good.state))
    assert broken.profiles.default_profile == "none"
    assert broken.changed
    assert broken.problem is not None
    assert broken.problem.startswith(".claude/memory/budget-profiles.json:")
    again = profiles.load_profiles(str(tmp_path), "", (broken.signature, broken.state))
    assert (again.changed, again.problem, again.profiles.default_profile) == (False, broken.problem, "none")
    write(tmp_path, {"default_profile": "role-architect"})
    mended = profiles.load_profiles(str(tmp_path), "", (again.signature, again.state))
    assert (mended.problem, mended.profiles.default_profile) == (None, "role-architect")


def test_a_file_broken_from_the_start_leaves_the_defaults_at_work(tmp_path: Path) -> None:
    write(tmp_path, "[]")
    result = profiles.load_profiles(str(tmp_path), "")
    assert result.profiles.default_profile == "specialist-broad"
    assert result.problem is not None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", ":1:1: not JSON: a JSON value was expected, found the end of the file"),
        ('{\n "a": 1\n "b"', ':3:2: not JSON: a comma is missing before this, found ""b""'),
        (b'{\n "a": "\xff"}', ":2:8: expected UTF-8 text, found the byte 0xff"),
        (b"{" + b" " * 1_000_001, ": expected at most 1000000 bytes, found more"),
        (
            '{\n "agents": {\n  "x": {\n   "delivery": "post"}}}',
            ':4: /agents/x/delivery: expected prompt, context or auto, found "post"',
        ),
        ('{\n "tuning":\n  3}', ":3: /tuning: expected an object, found 3"),
    ],
)
def test_a_problem_is_one_line_with_place_expectation_and_finding(
    tmp_path: Path, content: object, said: str
) -> None:
    write(tmp_path, content)
    assert profiles.load_profiles(str(tmp_path), "").problem == profiles.FILE + said


def test_a_folder_a_pipe_and_an_unreadable_file_are_problems_not_failures(tmp_path: Path) -> None:
    file = tmp_path / profiles.FILE
    file.mkdir(parents=True)
    assert (
        profiles.load_profiles(str(tmp_path), "").problem
        == f"{profiles.FILE}: expected a regular file, found something else"
    )
    file.rmdir()
    os.mkfifo(file)
    assert (
        profiles.load_profiles(str(tmp_path), "").problem
        == f"{profiles.FILE}: expected a regular file, found something else"
    )
    file.unlink()
    file.symlink_to(file)
    problem = profiles.load_profiles(str(tmp_path), "").problem
    assert problem is not None
    assert "cannot be read" in problem


def test_the_users_file_is_named_from_the_home_folder(tmp_path: Path) -> None:
    write(tmp_path, "[]")
    problem = profiles.load_profiles("/nowhere", str(tmp_path)).problem
    assert problem is not None
    assert problem.startswith("~/.claude/memory/budget-profiles.json:1: ")


def test_damaged_shipped_defaults_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profiles, "_shipped", None)
    monkeypatch.setattr(profiles, "DEFAULTS_FILE", str(tmp_path / "gone.json"))
    with pytest.raises(BudgetError, match="install the plugin again"):
        profiles.defaults()


def test_state_is_plain_json() -> None:
    own = profiles.compile_profiles(OLDER)
    state = json.loads(json.dumps(profiles.to_state(own)))
    assert isinstance(profiles.from_state(state), Profiles)
    assert profiles.from_state(state).document == own.document
