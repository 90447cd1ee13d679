from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from memory_budget.base import fastjson

# Every text there is, lone surrogates included.
texts = st.text(st.characters(codec=None, exclude_categories=()))
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(
    scalars,
    lambda items: st.lists(items, max_size=4) | st.dictionaries(texts, items, max_size=4),
    max_leaves=12,
)


@given(values)
def test_what_is_written_reads_back_with_either(value: object) -> None:
    written = fastjson.dumps(value).encode()
    # Two surrogates in a row are one character to every reader, so json's own round is the measure.
    assert fastjson.loads(written) == json.loads(written) == json.loads(json.dumps(value))


@given(values, st.booleans(), st.sampled_from([None, 2]))
def test_what_json_writes_reads_the_same(value: object, ascii_only: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    assert fastjson.loads(text) == json.loads(text)


@given(values)
def test_replacing_surrogates_keeps_everything_else(value: object) -> None:
    written = fastjson.dumps(value, replace_surrogates=True).encode()
    json.loads(written.decode())
    if not any(0xD800 <= ord(sign) <= 0xDFFF for sign in json.dumps(value, ensure_ascii=False)):
        assert fastjson.loads(written) == value


@given(st.text(st.sampled_from('{}[]",:\\0123456789.eE+-truefalsnNI \n\té\ud83d'), max_size=30))
def test_accepts_and_refuses_what_json_does(text: str) -> None:
    theirs, ours = _outcome(json.loads, text), _outcome(fastjson.loads, text)
    assert repr(ours) == repr(theirs)  # as text, where NaN equals itself


@given(st.binary(max_size=40))
def test_bytes_give_a_value_or_an_error_with_a_place(data: bytes) -> None:
    outcome = _outcome(fastjson.loads, data)
    if isinstance(outcome, tuple):
        assert min(outcome) >= 1


@given(values, st.sampled_from([None, 1]))
def test_every_member_is_located(value: object, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    lines = text.split("\n")
    for pointer, member in _members(value, ""):
        line, column = fastjson.locate_pointer(text, pointer)
        rest = "\n".join([lines[line - 1][column - 1 :], *lines[line:]])
        assert json.JSONDecoder().raw_decode(rest)[0] == json.loads(json.dumps(member))


def _outcome(read: Callable[[Any], object], text: str | bytes) -> object:
    """The value, or (line, column) of what is wrong."""
    try:
        return read(text)
    except json.JSONDecodeError as error:
        return error.lineno, error.colno
    except fastjson.JSONError as error:
        return error.line, error.column


def _members(value: object, pointer: str) -> list[tuple[str, object]]:
    found = [(pointer, value)]
    if isinstance(value, dict):
        for key, item in value.items():
            found += _members(item, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list):
        for at, item in enumerate(value):
            found += _members(item, f"{pointer}/{at}")
    return found


@given(texts.filter(lambda text: not any("\ud800" <= sign <= "\udfff" for sign in text)), texts, texts)
def test_text_in_utf8_is_quoted_as_text(text: str, key: str, other: str) -> None:
    value = {key: [other, text], "": text}
    held = {key: [other, text.encode()], "": text.encode()}
    assert fastjson.encode(held) == fastjson.encode(value)
    assert fastjson.dumps(held) == fastjson.dumps(value)
    assert fastjson.loads(fastjson.encode(held)) == json.loads(json.dumps(value))


@given(values, st.integers(0, 2))
def test_the_mark_for_such_text_is_text_too(value: object, times: int) -> None:
    whole = [value, *["\0utf-8\0"] * times, "\0utf-8\0 and more"]
    assert fastjson.loads(fastjson.encode([*whole, b"x"])) == json.loads(json.dumps([*whole, "x"]))
