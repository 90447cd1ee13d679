"""The strict checks and the merging that turn a person's profiles file into what the hooks use.

Written by hand because a hook cannot afford a schema validator (76 ms); imported only when a profiles file
changed. It accepts and refuses exactly what `schemas/budget-profiles.schema.json` does (a test compares the
two), and then looks at what a schema cannot say: that a profile named somewhere exists, and that no maximum
is below its base. Keys nobody knows are kept and left alone; `memory-budget profiles check` warns about them.
"""

from __future__ import annotations

import math

from memory_budget.base.errors import BudgetError
from memory_budget.base.globs import MOST_ALTERNATIVES, too_many
from memory_budget.settings.names import SCOPES, TIERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

    Check = Callable[[object, str], None]

#: No budget, window or threshold in tokens is larger; it catches a slip of the keyboard.
MOST_TOKENS = 100_000_000


class ProfileError(BudgetError):
    """One place in a profiles file that cannot be used.

    `pointer` is its JSON pointer ("" for the whole file), `expected` and `found` say what should stand and
    what stands there.
    """

    def __init__(self, pointer: str, expected: str, found: str) -> None:
        super().__init__(f"{pointer or 'the file'}: expected {expected}, found {found}")
        self.pointer = pointer
        self.expected = expected
        self.found = found


def compile_document(raw: object, base: Mapping[str, Any]) -> dict[str, Any]:
    """`raw` laid over `base`, key by key, after every check. Raises ProfileError."""
    _document(raw, "")
    assert isinstance(raw, dict)
    document = lay_over(base, raw)
    for problem in problems_together(document):
        raise problem
    return document


def lay_over(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """A person's document over another: objects key by key, everything else as a whole."""
    document = _merge(base, own)
    if "agent_assignments" in own:
        document["agent_assignments"] = _assignments(base["agent_assignments"], own["agent_assignments"])
    return document


def describe(value: object) -> str:
    """What stands somewhere, short enough for one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return f"an object with {len(value)} keys" if value else "an empty object"
    if isinstance(value, list):
        return f"a list of {len(value)}" if value else "an empty list"
    if isinstance(value, str):
        shown = value if len(value) <= 60 else value[:57] + "..."
        return '"' + "".join(sign if sign.isprintable() else "?" for sign in shown) + '"'
    try:
        return str(value)[:60]
    except ValueError:  # int() and str() refuse numbers of thousands of digits
        return "a number of thousands of digits"


def pointer_to(parent: str, key: object) -> str:
    """The JSON pointer of a key below `parent` (RFC 6901)."""
    return parent + "/" + str(key).replace("~", "~0").replace("/", "~1")


# -- the pieces of a shape: each makes a check that returns nothing or raises ProfileError


def _text(value: object, pointer: str) -> None:
    if not isinstance(value, str):
        raise ProfileError(pointer, "a text", describe(value))


def _flag(value: object, pointer: str) -> None:
    if not isinstance(value, bool):
        raise ProfileError(pointer, "true or false", describe(value))


def _name(value: object, pointer: str) -> None:
    if not isinstance(value, str) or not value:
        raise ProfileError(pointer, "a name", describe(value))


def _number(least: float, most: float, what: str, *, above: bool = False) -> Check:
    """A number in [least, most], or in (least, most] with `above`."""
    bounds = f"{what} {'above' if above else 'from'} {least:g} to {most:g}"

    def check(value: object, pointer: str) -> None:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ProfileError(pointer, bounds, describe(value))
        if not least <= value <= most or (above and value == least):  # nan is outside of everything
            raise ProfileError(pointer, bounds, describe(value))

    return check


def _whole(least: int, most: int, what: str) -> Check:
    bounds = f"{what} from {least} to {most}"

    def check(value: object, pointer: str) -> None:
        # 20000.0 is a whole number in JSON, whose numbers have one kind.
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if isinstance(value, bool) or not whole or not least <= value <= most:  # type: ignore[operator]
            raise ProfileError(pointer, bounds, describe(value))

    return check


def _one_of(*choices: str) -> Check:
    listed = ", ".join(choices[:-1]) + " or " + choices[-1]

    def check(value: object, pointer: str) -> None:
        if not isinstance(value, str) or value not in choices:
            raise ProfileError(pointer, listed, describe(value))

    return check


def _record(fields: Mapping[str, Check], *, needs: tuple[str, ...] = ()) -> Check:
    """An object whose known keys are checked; the others are nobody's business here."""

    def check(value: object, pointer: str) -> None:
        if not isinstance(value, dict):
            raise ProfileError(pointer, "an object", describe(value))
        for key in needs:
            if key not in value:
                raise ProfileError(pointer, f"the key {key}", "an object without it")
        for key, item in value.items():
            field = fields.get(key)
            if field is not None:
                field(item, pointer_to(pointer, key))

    return check


def _table(check_item: Check) -> Check:
    """An object whose keys are free names and whose values are all alike."""

    def check(value: object, pointer: str) -> None:
        if not isinstance(value, dict):
            raise ProfileError(pointer, "an object", describe(value))
        for key, item in value.items():
            if not key:
                raise ProfileError(pointer, "keys that are names", "an empty key")
            check_item(item, pointer_to(pointer, key))

    return check


def _list(check_item: Check) -> Check:
    def check(value: object, pointer: str) -> None:
        if not isinstance(value, list):
            raise ProfileError(pointer, "a list", describe(value))
        for at, item in enumerate(value):
            check_item(item, pointer_to(pointer, at))

    return check


def _glob(per_agent: bool) -> Check:
    """A glob that cannot lead out of the project or the user's `.claude` folder."""
    expected = "a glob inside the project or ~/.claude" + (
        ", with <agent> for the agent's folder" if per_agent else ", without <agent>"
    )

    def check(value: object, pointer: str) -> None:
        if not isinstance(value, str) or any(sign < " " or sign == "\x7f" for sign in value):
            raise ProfileError(pointer, expected, describe(value))
        leaves = "\\" in value or ".." in value or value[:1] in ("", "/")
        if value[:1] == "~" and not value.startswith("~/.claude/"):
            leaves = True
        if leaves or value[1:2] == ":" or ("<agent>" in value.split("/")) != per_agent:
            raise ProfileError(pointer, expected, describe(value))
        if "{" in value and too_many(value):
            wanted = f"a glob that stands for at most {MOST_ALTERNATIVES} others"
            raise ProfileError(pointer, wanted, describe(value))

    return check


def _cron(value: object, pointer: str) -> None:
    if not isinstance(value, str) or len(value.split()) != 5:
        raise ProfileError(pointer, "five cron fields (minute hour day month weekday)", describe(value))


def _endpoint(value: object, pointer: str) -> None:
    if not isinstance(value, str) or not (value == "" or value.startswith(("http://", "https://"))):
        raise ProfileError(
            pointer, "an http:// or https:// address, or an empty text for none", describe(value)
        )


# -- the shape of the file

_tokens = _whole(0, MOST_TOKENS, "a number of tokens")
_some_tokens = _whole(1, MOST_TOKENS, "a number of tokens")
_share = _number(0, 1, "a share")
_window_share = _number(0, 1, "a share", above=True)
_days = _whole(0, 36500, "a number of days")
_count = _whole(0, 1_000_000, "a number")
_price = _number(0, 100_000, "a price")
_strings = _list(_text)
_enforcement = _one_of("soft", "hard", "auto")
_delivery = _one_of("prompt", "context", "auto")


def _outside_folder(value: object, pointer: str) -> None:
    if not isinstance(value, str) or not value.startswith(("/", "~/")) or "\0" in value:
        raise ProfileError(pointer, "a folder, absolute or from ~/", describe(value))


_scope_globs = _record(
    {"global": _list(_glob(False)), "agent_recent": _list(_glob(True)), "agent_patterns": _list(_glob(True))}
)

_FIELDS: dict[str, Check] = {
    "$schema": _text,
    "version": _text,
    "description": _text,
    "last_updated": _text,
    "enabled": _flag,
    "install_libraries": _flag,
    "profiles": _table(
        _record(
            {
                "description": _text,
                "base_budget": _tokens,
                "max_budget": _tokens,
                "scope_weights": _record(dict.fromkeys(SCOPES, _number(0, 1000, "a weight"))),
                "context_window_share": _window_share,
                "generosity": _number(0, 10, "a number", above=True),
                "examples": _strings,
            }
        )
    ),
    "default_profile": _name,
    "agent_assignments": _table(_name),
    "agents": _table(
        _record(
            {
                "profile": _name,
                "complexity": _one_of(*TIERS),
                "enforcement": _enforcement,
                "delivery": _delivery,
                "base_budget": _tokens,
                "max_budget": _tokens,
                "sources": _scope_globs,
            }
        )
    ),
    "complexity_multipliers": _record(
        dict.fromkeys(
            TIERS,
            _record(
                {
                    "multiplier": _number(0, 100, "a number", above=True),
                    "description": _text,
                    "examples": _strings,
                }
            ),
        )
    ),
    "enforcement": _enforcement,
    "delivery": _delivery,
    "context_window_share": _window_share,
    "context_windows": _table(_some_tokens),
    "sources": _scope_globs,
    "allow_outside": _list(_outside_folder),
    "alert_thresholds": _record(
        dict.fromkeys(("info", "warning", "critical"), _number(0, 100, "a share of the budget"))
    ),
    "alert_level": _one_of("info", "warning", "critical", "off"),
    "calibration": _record(
        {
            "auto": _flag,
            "max_error": _window_share,
            "ratio": _table(_number(0.1, 10, "tokens per tiktoken token,")),
        }
    ),
    "log": _record(
        {
            "task": _one_of("description", "prompt"),
            "max_bytes": _whole(10_000, 100_000_000_000, "a number of bytes"),
            "keep_days": _days,
        }
    ),
    "tuning_parameters": _record(
        {
            "exceedance_threshold_for_upgrade": _share,
            "underutilization_threshold_for_downgrade": _share,
            "minimum_samples_for_recommendation": _whole(1, 1_000_000, "a number of records"),
            "recommendation_confidence_threshold": _share,
            "scope_deviation_for_weights": _share,
        }
    ),
    "tuning": _record(
        {
            "auto": _flag,
            "min_days": _days,
            "history_days": _days,
            "max_exceedance": _share,
            "max_changes_per_quarter": _count,
        }
    ),
    "schedule": _record(
        {"enabled": _flag, "daily": _cron, "weekly": _cron, "monthly": _cron, "keep_logs_days": _days}
    ),
    "health": _record(dict.fromkeys(("warning", "critical", "limit", "large_file"), _some_tokens)),
    "lifecycle": _record(
        {
            "promotion": _record({"uses": _count, "confidence": _share, "agents": _count}),
            "archival": _record({"days": _days, "uses": _count, "confidence": _share}),
            "summary": _record({"days": _days, "ratio": _window_share}),
            "duplicates": _record({"similarity": _share}),
            "apply": _record(dict.fromkeys(("promotion", "archival", "duplicates", "summaries"), _flag)),
        }
    ),
    "otlp": _record({"endpoint": _endpoint, "headers": _table(_text)}),
    "prices": _record(
        {
            "as_of": _text,
            "currency": _text,
            "models": _table(
                _record(dict.fromkeys(("input", "output", "cache_read", "cache_write"), _price))
            ),
        }
    ),
}

_document = _record(_FIELDS)


# -- what one key means for another


def _merge(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in own.items():
        below = merged.get(key)
        merged[key] = _merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def _assignments(shipped: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """A person who writes "dbt-expert" or "Specialists/dbt-expert" means the shipped "specialists/dbt-expert"
    too.
    """
    return {
        key: name for key, name in shipped.items() if not any(_same_agent(key, other) for other in own)
    } | dict(own)


def _same_agent(key: str, other: str) -> bool:
    key, other = key.lower(), other.lower()
    if "/" in key and "/" in other:
        return key == other
    return key.rsplit("/", 1)[-1] == other.rsplit("/", 1)[-1]


def problems_together(document: Mapping[str, Any]) -> Iterator[ProfileError]:
    """What is wrong with a document whose every key, taken alone, is right."""
    profiles = document["profiles"]
    for name, profile in profiles.items():
        yield from _profile_problems(pointer_to("/profiles", name), profile)
    names = ", ".join(describe(name)[1:-1] for name in list(profiles)[:12]) + (
        ", ..." if len(profiles) > 12 else ""
    )
    named = [("/default_profile", document["default_profile"])]
    named += [
        (pointer_to("/agent_assignments", agent), name)
        for agent, name in document["agent_assignments"].items()
    ]
    for agent, own in document["agents"].items():
        pointer = pointer_to("/agents", agent)
        if "profile" in own:
            named.append((pointer + "/profile", own["profile"]))
        yield from _order_problems(pointer, own)
    for pointer, name in named:
        if name not in profiles:
            yield ProfileError(pointer, f"the name of a profile ({names})", describe(name))


def _profile_problems(pointer: str, profile: Mapping[str, Any]) -> Iterator[ProfileError]:
    for key in ("base_budget", "max_budget"):
        if key not in profile:
            wanted = f"the key {key}, as no shipped profile has this name"
            yield ProfileError(pointer, wanted, "an object without it")
    yield from _order_problems(pointer, profile)
    weights = profile.get("scope_weights")
    if weights is not None and math.fsum(weights.get(scope, 0) for scope in SCOPES) <= 0:
        yield ProfileError(pointer + "/scope_weights", "at least one weight above 0", "none")


def _order_problems(pointer: str, budgets: Mapping[str, Any]) -> Iterator[ProfileError]:
    base, most = budgets.get("base_budget"), budgets.get("max_budget")
    if base is not None and most is not None and most < base:
        yield ProfileError(pointer + "/max_budget", f"at least base_budget, {describe(base)}", describe(most))
