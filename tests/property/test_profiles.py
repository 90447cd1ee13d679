from __future__ import annotations

import json
import math
from functools import cache
from typing import Any

import jsonschema
from hypothesis import example, given, settings
from hypothesis import strategies as st

from memory_budget.base import fastjson
from memory_budget.base.errors import BudgetError
from memory_budget.settings import check, names, profiles, shape
from memory_budget.settings.shape import ProfileError
from tests.support.cases import cases

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-5, 10**9)
    | st.floats(allow_nan=False)
    | st.sampled_from(
        [
            "",
            "x",
            "soft",
            "complex",
            "none",
            "specialist-narrow",
            "off",
            "0 5 * * *",
            "docs/*.md",
            "a/<agent>/b.md",
        ]
    )
    | st.text(max_size=6)
)
anything = st.recursive(
    scalars,
    lambda items: st.lists(items, max_size=3) | st.dictionaries(st.text(max_size=6), items, max_size=3),
)


@cache
def validator() -> jsonschema.Draft202012Validator:
    with open(shape.SCHEMA_FILE, encoding="utf-8") as file:
        return jsonschema.Draft202012Validator(json.load(file))


def paths(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path]
    if isinstance(value, dict):
        for key, item in value.items():
            found += paths(item, (*path, key))
    elif isinstance(value, list):
        for at, item in enumerate(value):
            found += paths(item, (*path, at))
    return found


def compiled(raw: object) -> profiles.Profiles | ProfileError:
    try:
        return profiles.compile_profiles(raw)
    except ProfileError as error:
        return error


#: A document in which every key there is has a value.
FULL: dict[str, Any] = {
    **profiles.defaults().document,
    "agents": {
        "x": {
            "profile": "none",
            "complexity": "simple",
            "enforcement": "hard",
            "delivery": "prompt",
            "base_budget": 1,
            "max_budget": 2,
            "sources": {"global": ["a/*.md"], "agent_recent": ["<agent>/*.md"], "agent_patterns": []},
        }
    },
    "calibration": {"auto": True, "max_error": 0.05, "ratio": {"m": 1.2}},
    "otlp": {"endpoint": "http://localhost", "headers": {"a": "b"}},
}
PATHS = paths(FULL)


@st.composite
def mutations(draw: st.DrawFn) -> object:
    """The full document with one to three places changed, emptied or added to."""
    document = json.loads(json.dumps(FULL))
    for path in draw(st.lists(st.sampled_from(PATHS), min_size=1, max_size=3)):
        if not path:
            continue
        parent: Any = document
        try:
            for step in path[:-1]:
                parent = parent[step]
            parent[path[-1]]
        except (KeyError, IndexError, TypeError):
            continue
        if draw(st.booleans()) or isinstance(parent, list):
            parent[path[-1]] = draw(anything)
        elif isinstance(parent, dict):
            parent[draw(st.text(max_size=4))] = parent.pop(path[-1])
    return document


@given(anything | st.dictionaries(st.sampled_from(sorted(FULL)), anything, max_size=4) | mutations())
def test_whatever_a_file_holds_it_is_taken_or_refused_with_a_place(raw: object) -> None:
    own = compiled(raw)
    if isinstance(own, ProfileError):
        assert own.pointer == "" or own.pointer.startswith("/")
        assert "\n" not in str(own)
        return
    for name in own.names():
        profile = own.profile(name)
        assert abs(sum(profile.weights.values()) - 1) < 1e-9
        budgets = [own.budget(profile, tier, "claude-x") for tier in names.TIERS]
        assert all(0 <= budget <= profile.max_budget for budget in budgets)
    for agent in own.agents:
        settings_of = own.settings(own.default_profile, agent)
        assert settings_of.profile.base_budget <= settings_of.profile.max_budget
    kept = fastjson.loads(fastjson.dumps(profiles.to_state(own)))
    assert isinstance(kept, dict)
    assert profiles.from_state(kept).document == finite(json.loads(json.dumps(own.document)))


def finite(value: Any) -> Any:
    """The value with null for what JSON has no number for: 1e999 in a key that nobody knows."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and math.isinf(value) else value


@given(mutations())
def test_the_strict_checks_and_the_schema_agree(raw: object) -> None:
    own = compiled(raw)
    refused = own if isinstance(own, ProfileError) else None
    if validator().is_valid(raw):
        # The schema cannot say that a name exists, or that one number is at least another.
        assert refused is None or refused.expected.startswith(
            ("the name of a profile", "at least", "the key base_budget", "the key max_budget")
        )
    else:
        assert refused is not None


@given(mutations(), st.sampled_from([None, 2]))
@settings(max_examples=cases(40))
def test_the_full_check_finds_an_error_exactly_where_the_hooks_refuse(
    raw: object, indent: int | None
) -> None:
    text = json.dumps(raw, indent=indent)
    errors = [finding for finding in check.check_text(text) if finding.level == "error"]
    try:
        profiles.compile_profiles(profiles.Text(text))
    except BudgetError:
        assert errors
    else:
        assert not errors
    for finding in errors:
        assert finding.line >= 1
        assert finding.expected


@example('{"\\n": null}')
@given(st.text(max_size=200) | anything.map(json.dumps))
@settings(max_examples=cases(50))
def test_any_text_is_checked(text: str) -> None:
    for finding in check.check_text(text):
        assert "\n" not in finding.sentence("f")


@given(
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.sampled_from(names.TIERS),
    st.floats(0.5, 2),
    st.integers(1, 10**6),
)
def test_a_budget_never_passes_its_caps(base: int, more: int, tier: str, ratio: float, window: int) -> None:
    own = profiles.compile_profiles(
        {
            "profiles": {"p": {"base_budget": base, "max_budget": base + more}},
            "context_windows": {"default": window},
        }
    )
    budget = own.budget(own.profile("p"), tier, "any", ratio)
    assert budget * ratio <= min(base + more, 0.75 * window) + 1e-3
    upper = names.next_tier(tier)
    if upper is not None:
        assert own.budget(own.profile("p"), upper, "any", ratio) >= budget
