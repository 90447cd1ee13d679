"""The strict checks and the merging that turn a person's profiles file into what the hooks use.

Written by hand because a hook cannot afford a schema validator (76 ms); imported only when a profiles file
changed. It accepts and refuses exactly what `schemas/budget-profiles.schema.json` does (a test compares the
two), and then looks at what a schema cannot say: that a profile named somewhere exists, and that no maximum
is below its base. Keys nobody knows are kept and left alone; `memory-budget profiles check` warns about them.
"""

from __future__ import annotations

import math

from memory_budget.base.globs import expand_braces
from memory_budget.settings import shape
from memory_budget.settings.names import SCOPES, TIERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    Check = Callable[[object, str], None]

#: Patterns that the globs of a file may stand for, all together.
MOST_PATTERNS = 1_000
#: No budget, window or threshold in tokens is larger; it catches a slip of the keyboard.
MOST_TOKENS = 100_000_000


def compile_document(raw: object, base: Mapping[str, Any]) -> dict[str, Any]:
    """`raw` laid over `base`, key by key, after every check. Raises shape.ProfileError."""
    _document(raw, "")
    assert isinstance(raw, dict)
    document = lay_over(base, raw)
    for problem in document_problems(document):
        raise problem
    return document


def lay_over(base: Mapping[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    """A person's document over another: objects key by key, everything else as a whole."""
    document = _merge(base, override)
    if "agent_assignments" in override:
        document["agent_assignments"] = _assignments(base["agent_assignments"], override["agent_assignments"])
    return document


# -- the shape of the file

_tokens = shape.whole_number(0, MOST_TOKENS, "a number of tokens")
_some_tokens = shape.whole_number(1, MOST_TOKENS, "a number of tokens")
_share = shape.number(0, 1, "a share")
_window_share = shape.number(0, 1, "a share", above=True)
_days = shape.whole_number(0, 36500, "a number of days")
_count = shape.whole_number(0, 1_000_000, "a number")
_price = shape.number(0, 100_000, "a price")
_strings = shape.list_of(shape.is_text)
_enforcement = shape.one_of("soft", "hard", "auto")
_delivery = shape.one_of("prompt", "context", "auto")


def _outside_folder(value: object, pointer: str) -> None:
    if not isinstance(value, str) or not value.startswith(("/", "~/")) or "\0" in value:
        raise shape.ProfileError(pointer, "a folder, absolute or from ~/", shape.describe_value(value))


_scope_globs = shape.record_of(
    {
        "global": shape.list_of(shape.glob(False)),
        "agent_recent": shape.list_of(shape.glob(True)),
        "agent_patterns": shape.list_of(shape.glob(True)),
    }
)

_FIELDS: dict[str, Check] = {
    "$schema": shape.is_text,
    "version": shape.is_text,
    "description": shape.is_text,
    "last_updated": shape.is_text,
    "enabled": shape.is_flag,
    "install_libraries": shape.is_flag,
    "profiles": shape.table_of(
        shape.record_of(
            {
                "description": shape.is_text,
                "base_budget": _tokens,
                "max_budget": _tokens,
                "scope_weights": shape.record_of(dict.fromkeys(SCOPES, shape.number(0, 1000, "a weight"))),
                "context_window_share": _window_share,
                "generosity": shape.number(0, 10, "a number", above=True),
                "examples": _strings,
            }
        )
    ),
    "default_profile": shape.is_name,
    "agent_assignments": shape.table_of(shape.is_name),
    "agents": shape.table_of(
        shape.record_of(
            {
                "profile": shape.is_name,
                "complexity": shape.one_of(*TIERS),
                "enforcement": _enforcement,
                "delivery": _delivery,
                "base_budget": _tokens,
                "max_budget": _tokens,
                "sources": _scope_globs,
            }
        )
    ),
    "complexity_multipliers": shape.record_of(
        dict.fromkeys(
            TIERS,
            shape.record_of(
                {
                    "multiplier": shape.number(0, 100, "a number", above=True),
                    "description": shape.is_text,
                    "examples": _strings,
                }
            ),
        )
    ),
    "enforcement": _enforcement,
    "delivery": _delivery,
    "context_window_share": _window_share,
    "context_windows": shape.table_of(_some_tokens),
    "sources": _scope_globs,
    "allow_outside": shape.list_of(_outside_folder),
    "alert_thresholds": shape.record_of(
        dict.fromkeys(("info", "warning", "critical"), shape.number(0, 100, "a share of the budget"))
    ),
    "alert_level": shape.one_of("info", "warning", "critical", "off"),
    "calibration": shape.record_of(
        {
            "auto": shape.is_flag,
            "max_error": _window_share,
            "ratio": shape.table_of(shape.number(0.1, 10, "tokens per tiktoken token,")),
        }
    ),
    "log": shape.record_of(
        {
            "task": shape.one_of("description", "prompt"),
            "max_bytes": shape.whole_number(10_000, 100_000_000_000, "a number of bytes"),
            "keep_days": _days,
        }
    ),
    "tuning_parameters": shape.record_of(
        {
            "exceedance_threshold_for_upgrade": _share,
            "underutilization_threshold_for_downgrade": _share,
            "minimum_samples_for_recommendation": shape.whole_number(1, 1_000_000, "a number of records"),
            "recommendation_confidence_threshold": _share,
            "scope_deviation_for_weights": _share,
        }
    ),
    "tuning": shape.record_of(
        {
            "auto": shape.is_flag,
            "min_days": _days,
            "history_days": _days,
            "max_exceedance": _share,
            "max_changes_per_quarter": _count,
        }
    ),
    "schedule": shape.record_of(
        {
            "enabled": shape.is_flag,
            "daily": shape.is_cron,
            "weekly": shape.is_cron,
            "monthly": shape.is_cron,
            "keep_logs_days": _days,
        }
    ),
    "health": shape.record_of(dict.fromkeys(("warning", "critical", "limit", "large_file"), _some_tokens)),
    "lifecycle": shape.record_of(
        {
            "promotion": shape.record_of({"uses": _count, "confidence": _share, "agents": _count}),
            "archival": shape.record_of({"days": _days, "uses": _count, "confidence": _share}),
            "summary": shape.record_of({"days": _days, "ratio": _window_share}),
            "duplicates": shape.record_of({"similarity": _share}),
            "apply": shape.record_of(
                dict.fromkeys(("promotion", "archival", "duplicates", "summaries"), shape.is_flag)
            ),
        }
    ),
    "otlp": shape.record_of({"endpoint": shape.is_endpoint, "headers": shape.table_of(shape.is_text)}),
    "prices": shape.record_of(
        {
            "as_of": shape.is_text,
            "currency": shape.is_text,
            "models": shape.table_of(
                shape.record_of(dict.fromkeys(("input", "output", "cache_read", "cache_write"), _price))
            ),
        }
    ),
}

_document = shape.record_of(_FIELDS)


# -- what one key means for another


def _merge(base: Mapping[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in override.items():
        below = merged.get(key)
        merged[key] = _merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _assignments(shipped: Mapping[str, str], override: Mapping[str, str]) -> dict[str, str]:
    """A person who writes "dbt-expert" or "Specialists/dbt-expert" means the shipped "specialists/dbt-expert"
    too.
    """
    return {
        key: name for key, name in shipped.items() if not any(_same_agent(key, other) for other in override)
    } | dict(override)


def _same_agent(key: str, other: str) -> bool:
    key, other = key.lower(), other.lower()
    if "/" in key and "/" in other:
        return key == other
    return key.rsplit("/", 1)[-1] == other.rsplit("/", 1)[-1]


def document_problems(document: Mapping[str, Any]) -> Iterator[shape.ProfileError]:
    """What is wrong between the keys of a document, each of which is right by itself."""
    profiles = document["profiles"]
    for name, profile in profiles.items():
        yield from _profile_problems(shape.pointer_to("/profiles", name), profile)
    names = ", ".join(shape.describe_value(name)[1:-1] for name in list(profiles)[:12]) + (
        ", ..." if len(profiles) > 12 else ""
    )
    references = [("/default_profile", document["default_profile"])]
    references += [
        (shape.pointer_to("/agent_assignments", agent), name)
        for agent, name in document["agent_assignments"].items()
    ]
    yield from _too_many_globs(document)
    for agent, agent_settings in document["agents"].items():
        pointer = shape.pointer_to("/agents", agent)
        if "profile" in agent_settings:
            references.append((pointer + "/profile", agent_settings["profile"]))
        yield from _budget_order_problems(pointer, agent_settings)
    for pointer, name in references:
        if name not in profiles:
            yield shape.ProfileError(pointer, f"the name of a profile ({names})", shape.describe_value(name))


def _too_many_globs(document: Mapping[str, Any]) -> Iterator[shape.ProfileError]:
    """A cloned repository brings its profiles file: what every file of memory is compared with has to stay small."""
    patterns = 0
    tables = [("/sources", document["sources"])]
    for agent, agent_settings in document["agents"].items():
        tables.append((shape.pointer_to("/agents", agent) + "/sources", agent_settings.get("sources", {})))
    for pointer, table in tables:
        for scope, globs in table.items():
            for glob in filter(_is_text, globs if isinstance(globs, list) else ()):
                patterns += len(expand_braces(glob)) if "{" in glob else 1
                if patterns > MOST_PATTERNS:
                    expected = f"globs that stand for at most {MOST_PATTERNS} patterns together"
                    yield shape.ProfileError(shape.pointer_to(pointer, scope), expected, "more")
                    return


def _is_text(value: object) -> bool:
    """Whether a value is a text: keys that no version knows may hold anything."""
    return isinstance(value, str)


def _profile_problems(pointer: str, profile: Mapping[str, Any]) -> Iterator[shape.ProfileError]:
    for key in ("base_budget", "max_budget"):
        if key not in profile:
            expected = f"the key {key}, as no shipped profile has this name"
            yield shape.ProfileError(pointer, expected, "an object without it")
    yield from _budget_order_problems(pointer, profile)
    weights = profile.get("scope_weights")
    if weights is not None and math.fsum(weights.get(scope, 0) for scope in SCOPES) <= 0:
        yield shape.ProfileError(pointer + "/scope_weights", "at least one weight above 0", "none")


def _budget_order_problems(pointer: str, budgets: Mapping[str, Any]) -> Iterator[shape.ProfileError]:
    base, most = budgets.get("base_budget"), budgets.get("max_budget")
    if base is not None and most is not None and most < base:
        yield shape.ProfileError(
            pointer + "/max_budget",
            f"at least base_budget, {shape.describe_value(base)}",
            shape.describe_value(most),
        )
