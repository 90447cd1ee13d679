"""The full check of a profiles file: every problem at once, with warnings about what is allowed but hardly meant.

For the command line and background jobs: jsonschema finds what is not as the schema says. The hooks, which cannot wait for it,
check the same by themselves (`shape`) and stop at the first problem; so does this where the libraries are missing.
"""

from __future__ import annotations

import difflib
import json
from collections import Counter
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from memory_budget.base import fastjson
from memory_budget.settings import agents, names, profiles, shape, validate

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class ProfileProblem(NamedTuple):
    """A problem of a profiles file. `level`: "error" (the file is not used until it is mended) or "warning".

    `line` and `column` count from 1 (0: the file as a whole); `pointer` is a JSON pointer, "" for the whole
    document; `meaning` is what the schema says of the key, "" where it says nothing.
    """

    level: str
    line: int
    column: int
    pointer: str
    expected: str
    found: str
    meaning: str = ""

    def sentence(self, file: str) -> str:
        """One line for a person: `budget-profiles.json:3:7: error: /enabled: expected true or false, found "yes"`.

        Editors and terminals make a link of its beginning.
        """
        place = f"{file}:{self.line}:{self.column}" if self.line else file
        shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in self.pointer)
        where = f"{shown}: " if shown else ""
        return f"{place}: {self.level}: {where}expected {self.expected}, found {self.found}"


class ProfilesCheck(NamedTuple):
    """The result of a check. `path`: of the file, "" where only the shipped defaults hold; `shown`: the path as people know
    it; `problems`: in the order of the file."""

    path: str
    shown: str
    problems: list[ProfileProblem]

    @property
    def errors(self) -> list[ProfileProblem]:
        return [problem for problem in self.problems if problem.level == "error"]


def check_project(project: str, home: str) -> ProfilesCheck:
    """Check the profiles file that counts for a project."""
    path, _signature = profiles.find_profiles_file(project, home)
    if not path:
        return ProfilesCheck("", "the shipped defaults", [])
    shown = profiles.short_path(path, project, home)
    try:
        text = profiles.read_profiles_file(path)
    except profiles.ProfilesFileError as error:
        line, column, message = _split_place(str(error))
        expected, _comma, found = message.removeprefix("expected ").partition(", found ")
        return ProfilesCheck(
            path, shown, [ProfileProblem("error", line, column, "", expected, found or "something else")]
        )
    return ProfilesCheck(path, shown, check_text(text))


def check_text(text: str) -> list[ProfileProblem]:
    """Every problem in the text of a profiles file, in the order of the text."""
    try:
        return _check_text(text)
    except RecursionError:
        return [
            ProfileProblem(
                "warning", 1, 1, "", "objects in few others", "so many that they cannot be checked"
            )
        ]


def _check_text(text: str) -> list[ProfileProblem]:
    try:
        raw = fastjson.loads(text)
    except fastjson.JSONError as damage:
        actual = profiles.text_at(text, damage.line, damage.column)
        expected = f"JSON ({profiles.mistake(text, damage)})"
        return [ProfileProblem("error", damage.line, damage.column, "", expected, actual)]
    schema = shape.load_schema()
    problems: dict[str, ProfileProblem] = {}
    # The hooks' own check first: it lets no NaN pass, and says which part of a damaged schema is missing.
    for error in (*shape.schema_problems(raw, schema, schema), *_schema_errors(raw, schema)):
        problems.setdefault(error.pointer, _problem_at("error", text, error, schema))
    if isinstance(raw, dict):
        wrong_pointers = set(problems)
        valid_part = _without_members(raw, wrong_pointers, "")
        document = validate.lay_over(profiles.defaults().document, valid_part)
        for error in validate.document_problems(document):
            if not any(_related(error.pointer, pointer) for pointer in wrong_pointers):
                problems.setdefault(error.pointer, _problem_at("error", text, error, schema))
        for warning in (
            *_unknown_keys(raw, schema, schema, ""),
            *_repeated_keys(text),
            *_unlikely_values(document, valid_part),
        ):
            problems.setdefault(warning.pointer, _problem_at("warning", text, warning, schema))
    return sorted(problems.values(), key=lambda problem: (problem.line, problem.column, problem.pointer))


def _schema_errors(raw: object, schema: dict[str, Any]) -> Iterator[shape.ProfileError]:
    """What jsonschema finds; nothing where it is not installed."""
    try:
        import jsonschema  # 76 ms: only a person who asks waits for it
    except ImportError:
        return
    for error in jsonschema.Draft202012Validator(schema).iter_errors(raw):
        pointer = ""
        for part in error.absolute_path:
            pointer = shape.pointer_to(pointer, part)
        if "propertyNames" in error.absolute_schema_path:
            yield shape.empty_key(pointer)
        else:
            yield shape.ProfileError(
                pointer, shape.expected_words(error.schema), shape.describe_value(error.instance)
            )


def _without_members(value: Any, wrong_pointers: set[str], pointer: str) -> Any:
    """A document without the members that are wrong, so that the rest can be judged as a whole."""
    if not isinstance(value, dict):
        return value
    members = ((key, item, shape.pointer_to(pointer, key)) for key, item in value.items())
    return {
        key: _without_members(item, wrong_pointers, below)
        for key, item, below in members
        # A list with a wrong item goes as a whole: its other items would change their numbers.
        if below not in wrong_pointers
        and not (isinstance(item, list) and any(_related(below, other) for other in wrong_pointers))
    }


def _related(one: str, other: str) -> bool:
    """Whether one pointer leads to the same place as the other, or to a place inside it."""
    return (one + "/").startswith(other + "/") or (other + "/").startswith(one + "/")


def _split_place(message: str) -> tuple[int, int, str]:
    """Line, column and rest of a message: `:3:7: text` -> (3, 7, "text"); without a place (0, 0, text)."""
    parts = message.split(":", 3)
    if len(parts) == 4 and parts[1].isdigit() and parts[2].isdigit():
        return int(parts[1]), int(parts[2]), parts[3].strip()
    return 0, 0, message.lstrip(": ")


def _problem_at(
    level: str, text: str, problem: shape.ProfileError, schema: Mapping[str, Any]
) -> ProfileProblem:
    line, column = fastjson.locate_pointer(text, problem.pointer)
    meaning = _description_of(schema, problem.pointer)
    return ProfileProblem(level, line, column, problem.pointer, problem.expected, problem.found, meaning)


# -- warnings


def _unknown_keys(
    value: object, schema: Mapping[str, Any], root: Mapping[str, Any], pointer: str
) -> Iterator[shape.ProfileError]:
    """Keys that no one reads. Those that start with an underscore or slashes are a person's notes, and welcome."""
    schema = shape.resolved(schema, root)
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        for key, item in value.items():
            below = shape.pointer_to(pointer, key)
            if key in properties:
                yield from _unknown_keys(item, properties[key], root, below)
            elif "additionalProperties" in schema:
                yield from _unknown_keys(item, schema["additionalProperties"], root, below)
            elif properties and not key.startswith(("_", "//")):
                similar = difflib.get_close_matches(key, properties, 1)
                expected = (
                    f"a known key (did you mean {similar[0]}?)"
                    if similar
                    else f"a known key ({', '.join(properties)})"
                )
                yield shape.ProfileError(below, expected, shape.describe_value(key))


def _description_of(root: Mapping[str, Any], pointer: str) -> str:
    """The description of the key that a pointer names, or of the nearest key around it that has one."""
    schema = root
    description = ""
    for part in pointer.split("/")[1:]:
        schema = shape.resolved(schema, root)
        name = part.replace("~1", "/").replace("~0", "~")
        below = (
            schema.get("properties", {}).get(name)
            or schema.get("additionalProperties")
            or schema.get("items")
        )
        if below is None:
            break
        schema = below
        description = schema.get("description") or shape.resolved(schema, root).get(
            "description", description
        )
    return description


class _ObjectWithRepeats(dict[str, Any]):
    """An object of a JSON text; `repeated`: the keys that stand in the text more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.repeated = [key for key, times in Counter(key for key, _ in pairs).items() if times > 1]


def _repeated_keys(text: str) -> Iterator[shape.ProfileError]:
    stack = [("", json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_ObjectWithRepeats))]
    while stack:
        pointer, value = stack.pop()
        if isinstance(value, _ObjectWithRepeats):
            for key in value.repeated:
                yield shape.ProfileError(
                    shape.pointer_to(pointer, key),
                    "every key once (only the last counts)",
                    "it again",
                )
            stack += [(shape.pointer_to(pointer, key), item) for key, item in value.items()]


def _unlikely_values(document: Mapping[str, Any], written: Mapping[str, Any]) -> Iterator[shape.ProfileError]:
    """Values that work and are hardly meant. `document`: the person's over the defaults; `written`: the person's alone."""
    doubt = shape.ProfileError
    for name in written.get("profiles", {}):
        weights = document["profiles"][name].get("scope_weights", {})
        total = sum(weights.get(scope, 0) for scope in names.SCOPES)
        if "scope_weights" in written["profiles"][name] and abs(total - 1) > 0.001:
            pointer = shape.pointer_to("/profiles", name) + "/scope_weights"
            yield doubt(pointer, "weights that make 1 together (they are scaled until they do)", f"{total:g}")
    for table in ("agent_assignments", "agents"):
        for agent in written.get(table, {}):
            if not agents.can_match(agent):
                groups = " or ".join(f"{kind}/" for kind in agents.KINDS)
                yield doubt(
                    shape.pointer_to("/" + table, agent),
                    f"an agent's name, alone or after {groups}",
                    shape.describe_value(agent) + ", which no agent can have",
                )
    rising = {
        "alert_thresholds": ("info", "warning", "critical"),
        "health": ("warning", "critical", "limit"),
    }
    for table, keys in rising.items():
        if table in written:
            yield from _not_rising("/" + table, keys, document[table])
    if "complexity_multipliers" in written:
        steps = {tier: document["complexity_multipliers"][tier]["multiplier"] for tier in names.TIERS}
        yield from _not_rising("/complexity_multipliers", names.TIERS, steps)
    yield from _times_that_never_come(written.get("schedule", {}))


def _times_that_never_come(schedule: Mapping[str, Any]) -> Iterator[shape.ProfileError]:
    """Due times that have five fields and never come: `0 0 31 2 *`."""
    try:
        from cronsim import CronSim, CronSimError
    except ImportError:
        return
    for job in ("daily", "weekly", "monthly"):
        if job in schedule:
            try:
                next(CronSim(schedule[job], datetime(2026, 1, 1)))
            except (CronSimError, StopIteration):
                yield shape.ProfileError(
                    f"/schedule/{job}",
                    "a cron expression that comes due (this job will not run)",
                    shape.describe_value(schedule[job]),
                )


def _not_rising(
    pointer: str, keys: tuple[str, ...], values: Mapping[str, float]
) -> Iterator[shape.ProfileError]:
    for low, high in pairwise(keys):
        if values[high] < values[low]:
            yield shape.ProfileError(
                f"{pointer}/{high}", f"at least {low}, {values[low]:g}", f"{values[high]:g}"
            )
