from __future__ import annotations

import json
from pathlib import Path

import pytest

from memory_budget.settings import check, profiles
from tests.unit.test_profiles import OLDER, write


def found(raw: object) -> list[tuple[str, str]]:
    return [(one.level, one.pointer) for one in check.check_text(json.dumps(raw, indent=1))]


@pytest.mark.parametrize("raw", [{}, OLDER, profiles.defaults().document, {"_note": 1, "// why": 2}])
def test_nothing_to_say(raw: object) -> None:
    assert found(raw) == []


@pytest.mark.parametrize(
    ("raw", "findings"),
    [
        ([], [("error", "")]),
        ({"profils": {}}, [("warning", "/profils")]),
        ({"agents": {"x": {"tier": "simple"}}}, [("warning", "/agents/x/tier")]),
        ({"complexity_multipliers": {"mediun": {}}}, [("warning", "/complexity_multipliers/mediun")]),
        (
            {"agent_assignments": {"a": "x", "b": "y"}},
            [("error", "/agent_assignments/a"), ("error", "/agent_assignments/b")],
        ),
        ({"agent_assignments": {"teams/a": "none"}}, [("warning", "/agent_assignments/teams~1a")]),
        ({"agents": {"../a": {}}}, [("warning", "/agents/..~1a")]),
        ({"agents": {"roles/a": {}, "plugin:a": {}}}, []),
        (
            {"profiles": {"specialist-narrow": {"scope_weights": {"global": 0.3}}}},
            [("warning", "/profiles/specialist-narrow/scope_weights")],
        ),
        (
            {"profiles": {"specialist-narrow": {"base_budget": 50_001}}},
            [("error", "/profiles/specialist-narrow/max_budget")],
        ),
        ({"alert_thresholds": {"info": 0.9}}, []),
        ({"alert_thresholds": {"info": 0.91}}, [("warning", "/alert_thresholds/warning")]),
        ({"health": {"limit": 1}}, [("warning", "/health/limit")]),
        (
            {"complexity_multipliers": {"simple": {"multiplier": 1.2}}},
            [("warning", "/complexity_multipliers/medium")],
        ),
        ({"schedule": {"daily": "61 5 * * *"}}, [("warning", "/schedule/daily")]),
        ({"schedule": {"daily": "@daily"}}, [("error", "/schedule/daily")]),
        ({"prices": {"models": {"": {}}}}, [("error", "/prices/models")]),
        # one wrong place hides no other, and makes no second error elsewhere
        (
            {
                "profiles": {"p": {"base_budget": "1", "max_budget": 2}},
                "agent_assignments": {"a": "p", "b": "q"},
            },
            [("error", "/profiles/p/base_budget"), ("error", "/agent_assignments/b")],
        ),
        (
            {"sources": {"global": ["a", "../b", "/c"]}, "default_profile": "q"},
            [("error", "/sources/global/1"), ("error", "/sources/global/2"), ("error", "/default_profile")],
        ),
    ],
)
def test_findings_in_the_order_they_stand(raw: object, findings: list[tuple[str, str]]) -> None:
    assert found(raw) == findings


def test_a_finding_says_place_expectation_finding_and_meaning() -> None:
    text = '{\n "profiles": {\n  "specialist-narrow": {"base_budget": "20K"}\n }\n}'
    (finding,) = check.check_text(text)
    assert finding.sentence("f.json") == (
        "f.json:3:40: error: /profiles/specialist-narrow/base_budget: "
        'expected a whole number from 0 to 100000000, found "20K"'
    )
    assert finding.meaning.startswith("Tokens of memory for a task of medium complexity")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ({"alert_level": "loud"}, "info, warning, critical or off"),
        ({"context_window_share": 0}, "a number above 0 to 1"),
        ({"enabled": "yes"}, "true or false"),
        (
            {"sources": {"agent_recent": ["x/*.md"]}},
            "a glob inside the project or ~/.claude, with <agent> for the agent's folder",
        ),
        ({"default_profile": ""}, "a name"),
        ({"prifiles": 1}, "a known key (did you mean profiles?)"),
        (
            {"tuning": {"colour": 1}},
            "a known key (auto, min_days, history_days, max_exceedance, max_changes_per_quarter)",
        ),
    ],
)
def test_expectations_in_words(raw: object, expected: str) -> None:
    (finding,) = check.check_text(json.dumps(raw))
    assert finding.expected == expected


def test_a_key_that_stands_twice() -> None:
    (finding,) = check.check_text('{"agents": {"a": {},\n "b": {},\n "a": {}}}')
    assert (finding.level, finding.pointer, finding.line) == ("warning", "/agents/a", 3)


def test_text_that_is_not_json() -> None:
    (finding,) = check.check_text('{\n "a" 1}')
    assert finding.sentence("f") == "f:2:6: error: expected JSON (expecting ':' delimiter), found \"1}\""


def test_a_number_that_is_none() -> None:
    (finding,) = check.check_text('{"alert_thresholds": {"info": NaN}}')
    assert (finding.level, finding.pointer) == ("error", "/alert_thresholds/info")


def test_a_projects_file(tmp_path: Path) -> None:
    assert check.check_project(str(tmp_path), "").problems == []
    write(tmp_path, OLDER)
    report = check.check_project(str(tmp_path), "")
    assert (report.shown, report.problems) == (profiles.FILE, [])
    write(tmp_path, b'{\n"a": "\xff"}')
    (finding,) = check.check_project(str(tmp_path), "").problems
    assert (finding.line, finding.column) == (2, 7)
    (tmp_path / profiles.FILE).unlink()
    (tmp_path / profiles.FILE).mkdir()
    (finding,) = check.check_project(str(tmp_path), "").problems
    assert finding.sentence("f") == "f: error: expected a regular file, found something else"


def test_nesting_that_nobody_can_follow_is_said() -> None:
    text = '{"x": ' * 900 + "1" + "}" * 900
    (problem,) = check.check_text(text)
    assert (problem.level, problem.line) == ("warning", 1)


def test_a_folder_is_asked_for_as_a_folder() -> None:
    (problem,) = check.check_text('{"allow_outside": ["relative"]}')
    assert problem.expected == "a folder, absolute or from ~/"
