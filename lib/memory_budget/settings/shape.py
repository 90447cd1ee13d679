"""Checks a profiles file against its schema, `schemas/budget-profiles.schema.json`, which says what each key may hold.

The hooks, the command line and people's editors read the same schema. Of JSON Schema this knows the words that the schema uses;
`tests/property/test_profiles.py` compares it with the jsonschema library, which would cost a hook 76 ms.

    {"profiles": {"mine": {"base_budget": "x"}}}
    ProfileError: /profiles/mine/base_budget: expected a whole number from 0 to 100000000, found "x"
"""

from __future__ import annotations

from memory_budget.base import fastjson
from memory_budget.base.errors import BudgetError
from memory_budget.base.figures import replace_unprintable
from memory_budget.base.files import read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

    Schema = Mapping[str, Any]

SCHEMA = "budget-profiles.schema.json"
SCHEMA_FILE = __file__.removesuffix("lib/memory_budget/settings/shape.py") + "schemas/" + SCHEMA
_TYPES = {"object": dict, "array": list, "string": str, "boolean": bool}


class ProfileError(BudgetError):
    """One place in a profiles file that cannot be used.

    `pointer` is its JSON pointer ("" for the whole file); `expected` and `found`, in words, are what should be there and
    what is.
    """

    def __init__(self, pointer: str, expected: str, found: str) -> None:
        super().__init__(f"{pointer or 'the file'}: expected {expected}, found {found}")
        self.pointer = pointer
        self.expected = expected
        self.found = found


def describe_value(value: object) -> str:
    """A value in words, short enough for one line: `a list of 3`, `"soft"`, `20000`."""
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
        return f'"{replace_unprintable(shown, "?")}"'
    try:
        return str(value)[:60]
    except ValueError:  # int() and str() refuse numbers of thousands of digits
        return "a number of thousands of digits"


def pointer_to(parent: str, key: object) -> str:
    """The JSON pointer of a key below `parent` (RFC 6901): "/agents" and "a/b" give "/agents/a~1b"."""
    return parent + "/" + str(key).replace("~", "~0").replace("/", "~1")


def load_schema() -> dict[str, Any]:
    """The schema. Raises BudgetError where the plugin's own file is damaged."""
    try:
        schema = fastjson.loads(read_bytes(SCHEMA_FILE))
    except (OSError, ValueError) as error:
        raise BudgetError(f"{SCHEMA_FILE}: {error}; install the plugin again") from error
    if not isinstance(schema, dict) or not isinstance(schema.get("properties"), dict):
        raise BudgetError(f"{SCHEMA_FILE}: no schema; install the plugin again")
    return schema


def resolved(schema: Schema, root: Schema) -> Schema:
    """A part of the schema `root`, or what it refers to (`{"$ref": "#/$defs/tokens"}`). Raises BudgetError where that is missing."""
    while "$ref" in schema:
        target = root
        try:
            for part in schema["$ref"].split("/")[1:]:
                target = target[part]
        except (KeyError, TypeError) as error:
            raise BudgetError(f"{SCHEMA_FILE}: no {schema['$ref']}; install the plugin again") from error
        schema = target
    return schema


def schema_problems(value: object, schema: Schema, root: Schema, pointer: str = "") -> Iterator[ProfileError]:
    """What in a value is not as a part of the schema `root` says, in the value's order. Keys that nobody knows are allowed."""
    schema = resolved(schema, root)
    if not _fits(value, schema):
        yield ProfileError(pointer, expected_words(schema), describe_value(value))
    elif isinstance(value, dict):
        members, others = schema.get("properties", {}), schema.get("additionalProperties")
        for key, item in value.items():
            if not key and "propertyNames" in schema:
                yield empty_key(pointer)
            member = members.get(key, others)
            if member is not None:
                yield from schema_problems(item, member, root, pointer_to(pointer, key))
    elif isinstance(value, list) and "items" in schema:
        for at, item in enumerate(value):
            yield from schema_problems(item, schema["items"], root, pointer_to(pointer, at))


def empty_key(pointer: str) -> ProfileError:
    """The problem of an object with the key ""."""
    return ProfileError(pointer, "keys that are names", "an empty key")


def _fits(value: object, schema: Schema) -> bool:
    """Whether a value itself is what a schema asks for, whatever its members are."""
    kind = schema.get("type")
    if kind in ("number", "integer"):
        return _is_number(value, schema)
    if kind is not None and not isinstance(value, _TYPES[kind]):
        return False
    if value not in schema.get("enum", (value,)):
        return False
    if not isinstance(value, str):
        return True
    if "pattern" in schema:
        import re  # hooks are without it while no profiles file changes

        if re.search(schema["pattern"], value) is None:
            return False
    return bool(len(value) >= schema.get("minLength", 0))


def _is_number(value: object, schema: Schema) -> bool:
    """Whether a value is a number within a schema's bounds; NaN is outside of any. 20000.0 is a whole number in JSON."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    if schema["type"] == "integer" and isinstance(value, float) and not value.is_integer():
        return False
    if "exclusiveMinimum" in schema and not value > schema["exclusiveMinimum"]:
        return False
    return bool(schema.get("minimum", value) <= value <= schema["maximum"])


def expected_words(schema: Schema) -> str:
    """What a schema asks for, in words."""
    kind = schema.get("type")
    if "enum" in schema:
        return f"{', '.join(schema['enum'][:-1])} or {schema['enum'][-1]}"
    if kind in ("number", "integer"):
        what = "a whole number" if kind == "integer" else "a number"
        above = "exclusiveMinimum" in schema
        least = f"above {schema['exclusiveMinimum']}" if above else f"from {schema['minimum']}"
        return f"{what} {least} to {schema['maximum']}"
    if "title" in schema and kind != "object":
        return str(schema["title"])
    return {
        "string": "a name" if schema.get("minLength") else "a text",
        "boolean": "true or false",
        "object": "an object",
        "array": "a list",
    }.get(str(kind), "something else")
