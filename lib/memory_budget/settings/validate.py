"""The strict checks and the merging that turn a person's profiles file into what the hooks use.

Imported only when a profiles file changed. After the schema (`shape`) it looks at what a schema cannot say: that a profile named
somewhere exists, that no maximum is below its base, and that globs stand for few patterns. Keys nobody knows are kept and left
alone; `memory-budget profiles check` warns about them.
"""

from __future__ import annotations

import math

from memory_budget.base.globs import MOST_ALTERNATIVES, expand_braces, too_many
from memory_budget.settings import shape
from memory_budget.settings.names import SCOPES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

#: Patterns that the globs of a file may stand for, all together.
MOST_PATTERNS = 1_000


def compile_document(raw: object, base: Mapping[str, Any]) -> dict[str, Any]:
    """`raw` laid over `base`, key by key, after every check. Raises shape.ProfileError."""
    schema = shape.load_schema()
    for problem in shape.schema_problems(raw, schema, schema):
        raise problem
    if not isinstance(raw, dict):
        raise shape.ProfileError("", "an object", shape.describe_value(raw))
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
            for at, glob in enumerate(globs if isinstance(globs, list) else ()):
                if not isinstance(glob, str):
                    continue  # in a scope that no version knows
                if "{" in glob and too_many(glob):
                    place = shape.pointer_to(shape.pointer_to(pointer, scope), at)
                    expected = f"a glob that stands for at most {MOST_ALTERNATIVES} others"
                    yield shape.ProfileError(place, expected, shape.describe_value(glob))
                patterns += len(expand_braces(glob)) if "{" in glob else 1
                if patterns > MOST_PATTERNS:
                    expected = f"globs that stand for at most {MOST_PATTERNS} patterns together"
                    yield shape.ProfileError(shape.pointer_to(pointer, scope), expected, "more")
                    return


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
