"""Edits of single members leave every other byte of a JSON text alone."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_budget.settings.json_edit import JsonTextError, parse_object, remove_member, set_member

KEYS = st.text(st.characters(codec="utf-8"), max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)
OBJECTS = st.dictionaries(KEYS, VALUES, max_size=4)
LAYOUTS = st.sampled_from([{"indent": 2}, {"indent": 4}, {"indent": "\t"}, {}, {"separators": (",", ":")}])


@pytest.mark.parametrize(
    ("before", "path", "value", "after"),
    [
        ("{}", ("a",), 1, '{\n  "a": 1\n}'),
        ("{}\n", ("a", "b"), {"c": []}, '{\n  "a": {\n    "b": {\n      "c": []\n    }\n  }\n}\n'),
        ('{"a":1}', ("b",), 2, '{"a":1,"b": 2}'),
        ('{"a": 1, "z": 2}', ("b",), 3, '{"a": 1, "z": 2, "b": 3}'),
        ('{\n\t"a": 1\n}', ("b",), {"c": 1}, '{\n\t"a": 1,\n\t"b": {\n\t\t"c": 1\n\t}\n}'),
        ('{\r\n  "a": {}\r\n}\r\n', ("a", "b"), True, '{\r\n  "a": {\r\n    "b": true\r\n  }\r\n}\r\n'),
        ('{\n  "a":   1 ,\n\n  "b": [ 1,2 ]\n}', ("a",), 5, '{\n  "a":   5 ,\n\n  "b": [ 1,2 ]\n}'),
        ('{"a": 1, "a": 2}', ("a",), 3, '{"a": 1, "a": 3}'),
        ('{\n  "p": {"x": true}\n}', ("p", "y"), True, '{\n  "p": {"x": true, "y": true}\n}'),
    ],
)
def test_set_member(before: str, path: tuple[str, ...], value: object, after: str) -> None:
    assert set_member(before, path, value) == after


@pytest.mark.parametrize(
    ("before", "path", "after"),
    [
        ('{\n  "a": 1\n}', ("a",), "{}"),
        ('{"a": 1, "b": 2}', ("a",), '{"b": 2}'),
        ('{"a": 1, "b": 2}', ("b",), '{"a": 1}'),
        ('{\n  "a": 1,\n  "b": 2,\n  "c": 3\n}', ("b",), '{\n  "a": 1,\n  "c": 3\n}'),
        ('{"a": 1}', ("b",), '{"a": 1}'),
        ('{"a": 1}', ("a", "b"), '{"a": 1}'),
        ('{"a": {"b": 1, "c": 2}}', ("a", "b"), '{"a": {"c": 2}}'),
    ],
)
def test_remove_member(before: str, path: tuple[str, ...], after: str) -> None:
    assert remove_member(before, path) == after


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{\n  "a": 1,\n  b: 2\n}', "settings.json:3:3"),
        ("", "settings.json:1:1"),
        ("[]", "found an array"),
        ("null", "found null"),
        ("// note\n{}", "settings.json:1:1"),
        ('{"a": ' + "[" * 200_000, "settings.json"),
    ],
)
def test_parse_names_the_place(text: str, said: str) -> None:
    with pytest.raises(JsonTextError, match=said):
        parse_object(text, "settings.json")


def test_set_through_something_that_is_no_object() -> None:
    with pytest.raises(JsonTextError, match="line 2: expected an object at /a"):
        set_member('{\n "a": [1]}', ("a", "b"), 1)


@given(OBJECTS, LAYOUTS, st.lists(KEYS, min_size=1, max_size=3), VALUES)
def test_set_gives_the_same_object_as_python(
    value: dict[str, object], layout: dict[str, object], path: list[str], new: object
) -> None:
    text = json.dumps(value, **layout)  # type: ignore[arg-type]
    expected = here = json.loads(text)
    for key in path[:-1]:
        here = here.setdefault(key, {})
        if not isinstance(here, dict):
            with pytest.raises(JsonTextError):
                set_member(text, path, new)
            return
    here[path[-1]] = new
    assert json.loads(set_member(text, path, new)) == expected


@given(OBJECTS, LAYOUTS, KEYS, VALUES)
def test_remove_takes_back_set(
    value: dict[str, object], layout: dict[str, object], key: str, new: object
) -> None:
    value.pop(key, None)
    text = json.dumps(value, **layout)  # type: ignore[arg-type]
    assert remove_member(set_member(text, (key,), new), (key,)) == text
