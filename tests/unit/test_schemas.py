from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from memory_budget.index import sources
from memory_budget.settings import check, names, profiles, shape
from tests.support.environment import ROOT

SCHEMAS = sorted((ROOT / "schemas").glob("*.schema.json"))


def read(path: Path | str) -> Any:
    return json.loads(Path(path).read_text(encoding="utf-8"))


def resolved(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        target: Any = root
        for part in schema["$ref"].split("/")[1:]:
            target = target[part]
        return {**resolved(target, root), **schema}
    return schema


def fields(schema: dict[str, Any], root: dict[str, Any], name: str = "") -> list[tuple[str, dict[str, Any]]]:
    """Every field of a schema by a readable name, however deep."""
    schema = resolved(schema, root)
    found = [(name, schema)]
    for key, below in schema.get("properties", {}).items():
        found += fields(below, root, f"{name}/{key}")
    for key in ("additionalProperties", "items"):
        if isinstance(schema.get(key), dict):
            found += fields(schema[key], root, f"{name}/*")
    return found


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_every_schema_is_one_and_its_examples_fit(path: Path) -> None:
    schema = read(path)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(schema)
    for name, field in fields(schema, schema):
        validator = jsonschema.Draft202012Validator({**field, "$defs": schema.get("$defs", {})})
        for example in [*field.get("examples", []), *([field["default"]] if "default" in field else [])]:
            assert list(validator.iter_errors(example)) == [], name


@pytest.mark.parametrize("path", SCHEMAS, ids=lambda path: path.name)
def test_every_field_is_described(path: Path) -> None:
    schema = read(path)
    plain = {"string", "number", "integer", "boolean"}
    for name, field in fields(schema, schema):
        # The items of a list of plain texts are described by the list.
        assert "description" in field or (name.endswith("/*") and field.get("type") in plain), name


def test_the_schemas_defaults_are_the_shipped_ones() -> None:
    schema = read(shape.SCHEMA_FILE)
    shipped = read(profiles.DEFAULTS_FILE)
    for name, field in fields(schema, schema):
        if "default" in field and "*" not in name:
            value = shipped
            for part in name.split("/")[1:]:
                value = value[part]
            if isinstance(field["default"], dict):
                value = {key: value[key] for key in field["default"]}
            assert field["default"] == value, name


def test_the_shipped_defaults_pass_their_own_checks() -> None:
    shipped = read(profiles.DEFAULTS_FILE)
    assert check.check_text(Path(profiles.DEFAULTS_FILE).read_text(encoding="utf-8")) == []
    assert profiles.compile_profiles(shipped).document == shipped
    schema = read(shape.SCHEMA_FILE)
    assert set(shipped) == set(schema["properties"]), "every setting has a shipped value"
    assert set(shipped["agent_assignments"]) == {"Explore", "Plan", "fork"}, (
        "nobody else's agents are shipped"
    )


def test_the_example_loads_as_it_is() -> None:
    example = Path(shape.SCHEMA_FILE).parent / "examples/data-team-profiles.json"
    assert check.check_text(example.read_text(encoding="utf-8")) == []
    assert len([key for key in read(example)["agent_assignments"] if "/" in key]) == 25


def test_the_shipped_sources_are_those_of_the_code() -> None:
    assert {scope: tuple(globs) for scope, globs in profiles.defaults().section("sources").items()} == (
        sources.DEFAULT_SOURCES
    )


@pytest.mark.parametrize(
    ("change", "fits"),
    [
        ({}, True),
        ({"duration_seconds": None, "api_usage": None, "delivered": None, "tool_use_id": None}, True),
        ({"usage_pct": 130.5}, True),
        ({"bumped_from": "huge"}, False),
        ({"complexity": "hard"}, False),
        ({"tokens_loaded": -1}, False),
        ({"exceeded_budget": None}, False),
        ({"warnings": [{"threshold": "info"}]}, False),
        ({"timestamp": "yesterday"}, False),
    ],
)
def test_usage_records(change: dict[str, Any], fits: bool) -> None:
    schema = read(ROOT / "schemas" / "usage-record.schema.json")
    record = {**schema["examples"][0], **change}
    assert jsonschema.Draft202012Validator(schema).is_valid(record) is fits
    for field in record:
        without = {key: value for key, value in record.items() if key != field}
        assert not jsonschema.Draft202012Validator(schema).is_valid(without)


def test_the_file_this_format_comes_from_loads_unchanged() -> None:
    """Where the environment names a folder with that project's memory, its own file is the test."""
    shared = os.environ.get("MEMORY_BUDGET_SHARED")
    folder = Path(shared, "data", "adlc") if shared else None
    if folder is None:
        from tests.unit.test_profiles import OLDER

        own = profiles.compile_profiles(OLDER)
    else:
        result = profiles.load_profiles(str(folder), "")
        assert result.problem is None
        assert check.check_project(str(folder), "").problems == []
        own = result.profiles
    narrow = own.profile("specialist-narrow")
    assert [own.budget(narrow, tier) for tier in names.TIERS] == [10_000, 20_000, 30_000, 40_000]
