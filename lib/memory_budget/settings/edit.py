"""Changes of a profiles file that a person asks for by a command: checked before, the rest of the text kept as it is."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping

from memory_budget.base.errors import BudgetError
from memory_budget.base.files import write_shared
from memory_budget.settings import json_edit, profiles
from memory_budget.settings.shape import SCHEMA, SCHEMA_FILE

_NEW = '{{\n  "$schema": "./{schema}",\n  "version": "1.0.0"\n}}\n'


def target(project: str, home: str) -> str:
    """The profiles file to change: the one that counts here, else the project's, which is made."""
    return profiles.find_profiles_file(project, home)[0] or f"{project}/{profiles.FILE}"


def change(path: str, members: Mapping[tuple[str, ...], object | None]) -> bool:
    """Set members of the profiles file at `path`, or remove those that are None; makes the file where there is none.

    Returns whether anything changed. Raises BudgetError, and writes nothing, where the result could not be used.
    """
    before = str(profiles.read_profiles_file(path)) if os.path.exists(path) else _NEW.format(schema=SCHEMA)
    text = before
    json_edit.parse_object(text.removeprefix("\ufeff"), path)
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    text = text.removeprefix(mark)
    for member, value in members.items():
        text = (
            json_edit.remove_member(text, member)
            if value is None
            else json_edit.set_member(text, member, value)
        )
    if mark + text == before and os.path.exists(path):
        return False
    try:
        profiles.compile_profiles(profiles.Text(text))
    except BudgetError as error:
        raise BudgetError(f"{path}{error}" if str(error).startswith(":") else f"{path}: {error}") from error
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        write_shared(os.path.realpath(path), (mark + text).encode())
        write_schema(path)
    except OSError as error:
        raise BudgetError(f"{path}: cannot be written: {error.strerror}") from error
    return True


def write_schema(path: str) -> bool:
    """Put the schema beside a profiles file that names it there and does not have it. Raises OSError."""
    beside = os.path.join(os.path.dirname(path), SCHEMA)
    if os.path.lexists(beside) or not os.path.exists(SCHEMA_FILE):
        return False
    try:
        text = profiles.read_profiles_file(path)
        if f'"./{SCHEMA}"' not in text and f'"{SCHEMA}"' not in text:
            return False
    except BudgetError:
        return False
    shutil.copyfile(SCHEMA_FILE, beside)
    return True
