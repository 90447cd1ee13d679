"""Changes single members of a JSON text and leaves every other byte as the person wrote it.

Members are addressed by their keys from the top, `("enabledPlugins", "memory-budget@memory-budget")`. Order,
indentation, line ends and spacing around other members stay. Input must be strict JSON with an object at the
top; `parse_object` says where it is not.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import NamedTuple

from memory_budget.base.errors import BudgetError

_DECODER = json.JSONDecoder()
_SPACE = " \t\n\r"


class JsonTextError(BudgetError):
    """The text is not JSON or does not have the shape an edit needs."""


class _Member(NamedTuple):
    key: str
    start: int  # of the key's opening quote
    value: int  # of the value
    end: int  # just past the value


class _Object(NamedTuple):
    start: int  # of the opening brace
    end: int  # just past the closing brace
    members: list[_Member]

    def find(self, key: str) -> _Member | None:
        """The member that counts for `key`: of several the last, as every reader has it."""
        return next((m for m in reversed(self.members) if m.key == key), None)


def parse_object(text: str, name: str) -> dict[str, object]:
    """The JSON object in `text`, the content of the file `name`.

    Raises JsonTextError that names file, line, column and what was expected.
    """
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        message = json_mistake(text, error.lineno, error.colno, error.msg)
        raise JsonTextError(f"{name}:{error.lineno}:{error.colno}: not JSON: {message}") from error
    except RecursionError as error:
        raise JsonTextError(f"{name}: nested too deeply") from error
    if not isinstance(value, dict):
        raise JsonTextError(f"{name}:1:1: expected an object ({{...}}) at the top, found {_type_name(value)}")
    return value


def set_member(text: str, path: Sequence[str], value: object) -> str:
    """`text` with `value` at `path`; objects on the way are made where they are missing.

    Raises JsonTextError when something on the way is there and is no object.
    """
    parent = _read_object(text, _skip_space(text, 0), "")
    for depth, key in enumerate(path):
        member = parent.find(key)
        last = depth == len(path) - 1
        if member is None:
            for missing in reversed(path[depth + 1 :]):
                value = {missing: value}
            return _insert(text, parent, key, value)
        if last:
            return text[: member.value] + _dump(text, value, member.start) + text[member.end :]
        parent = _read_object(text, member.value, "/".join(("", *path[: depth + 1])))
    return text


def remove_member(text: str, path: Sequence[str]) -> str:
    """`text` without the member at `path`, with the comma and the space that came with it; else unchanged."""
    parent = _read_object(text, _skip_space(text, 0), "")
    for key in path[:-1]:
        member = parent.find(key)
        if member is None or text[member.value] != "{":
            return text
        parent = _read_object(text, member.value, key)
    member = parent.find(path[-1])
    if member is None:
        return text
    index = parent.members.index(member)
    if index > 0:
        start, end = parent.members[index - 1].end, member.end
    elif len(parent.members) > 1:
        start, end = member.start, parent.members[1].start
    else:
        start, end = parent.start + 1, parent.end - 1
    return text[:start] + text[end:]


def json_mistake(text: str, line: int, column: int, message: str) -> str:
    """What is wrong with a JSON text at a place (line and column from 1), in words that say what to change.

    Python's `message` where the mistake is none of the common ones: a comment, a comma after the last member, single quotes, a
    comma that is missing.
    """
    lines = text.split("\n")
    before = "\n".join([*lines[: line - 1], lines[line - 1][: column - 1]]).rstrip()
    rest = "\n".join([lines[line - 1][column - 1 :], *lines[line:]])
    if rest.startswith(("//", "/*", "#")):
        return 'JSON has no comments (a member such as "//": "..." may hold a note)'
    if (rest[:1] in ("}", "]") and before.endswith(",")) or re.match(r",\s*[}\]]", rest):
        return "there is a comma after the last entry"
    if rest.startswith("'"):
        return 'texts stand in "double quotes"'
    if message.lower() == "expecting ',' delimiter" and rest[:1] in ('"', "{", "["):
        return "a comma is missing before this"
    return message[:1].lower() + message[1:]


def _read_object(text: str, start: int, pointer: str) -> _Object:
    """The members of the object that begins at `start`. The text is known to be JSON."""
    if text[start] != "{":
        line = text.count("\n", 0, start) + 1
        raise JsonTextError(f"line {line}: expected an object at {pointer or 'the top'}")
    members = []
    at = _skip_space(text, start + 1)
    while text[at] != "}":
        if text[at] == ",":
            at = _skip_space(text, at + 1)
        key, after_key = _DECODER.raw_decode(text, at)
        value = _skip_space(text, _skip_space(text, after_key) + 1)
        _, end = _DECODER.raw_decode(text, value)
        members.append(_Member(key, at, value, end))
        at = _skip_space(text, end)
    return _Object(start, at + 1, members)


def _insert(text: str, target: _Object, key: str, value: object) -> str:
    """`text` with a new last member in the object `target`, laid out as its neighbours are."""
    if target.members:
        last = target.members[-1]
        after = text.index(",", target.members[-2].end) if len(target.members) > 1 else target.start
        lead = text[after + 1 : last.start] or (" " if ": " in text[last.start : last.end] else "")
        addition = "," + lead + json.dumps(key, ensure_ascii=False) + ": " + _dump(text, value, last.start)
        return text[: last.end] + addition + text[last.end :]
    newline = "\r\n" if "\r\n" in text else "\n"
    outer = _indent_of(text, target.start)
    inner = newline + outer + _indent_step(text)
    addition = inner + json.dumps(key, ensure_ascii=False) + ": "
    body = _dump(text, value, None, outer + _indent_step(text))
    return text[: target.start + 1] + addition + body + newline + outer + text[target.end - 1 :]


def _dump(text: str, value: object, at: int | None, indent: str = "") -> str:
    """`value` as JSON, indented as the text is at `at`; on one line where the text has one line."""
    if "\n" not in text.strip() and at is not None:
        return json.dumps(value, ensure_ascii=False)
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = json.dumps(value, ensure_ascii=False, indent=_indent_step(text)).split("\n")
    return (newline + (_indent_of(text, at) if at is not None else indent)).join(lines)


def _indent_of(text: str, at: int) -> str:
    line = text[text.rfind("\n", 0, at) + 1 : at]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _indent_step(text: str) -> str:
    """The text's own indentation step: the white space before its first indented line; two spaces if none."""
    for line in text.splitlines():
        if line[:1] in (" ", "\t") and line.strip():
            return line[: len(line) - len(line.lstrip(" \t"))]
    return "  "


def _skip_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at


def _type_name(value: object) -> str:
    if value is None:
        return "null"
    return {list: "an array", str: "a string", bool: "true or false"}.get(type(value), "a number")
