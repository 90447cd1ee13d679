"""Reads and writes the client's JSON files: the mode, a byte order mark and links of a file stay as they are."""

from __future__ import annotations

import os
import shutil

from memory_budget.base.errors import BudgetError
from memory_budget.base.files import write_shared
from memory_budget.settings import json_edit

_UTF_8 = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read_text(path: str) -> str:
    """The file's text; "{}" when it is missing or empty, as the client takes it. Raises BudgetError."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            text = file.read()
    except FileNotFoundError:
        text = ""
    except UnicodeDecodeError as error:
        with open(path, "rb") as raw:
            if raw.read(2) in _UTF_16:
                raise BudgetError(
                    f"{path}: is saved as UTF-16; save it as UTF-8 and run install.py again"
                ) from error
        raise BudgetError(f"{path}: not UTF-8 text: {error.reason} at byte {error.start}") from error
    except OSError as error:
        raise BudgetError(f"{path}: cannot be read: {error.strerror}") from error
    return text if text.strip() else "{}\n"


def write_text(path: str, text: str) -> None:
    """Replace the file in one step; a link stays a link and the file's mode stays. Raises BudgetError."""
    target = os.path.realpath(path)
    try:
        write_shared(target, _byte_order_mark(target) + text.encode())
    except OSError as error:
        raise BudgetError(f"{path}: cannot be written: {error.strerror}") from error


def drop_member(path: str, member: tuple[str, ...]) -> None:
    """Remove a member from a file, by its keys from the top; a file that cannot be read is left alone."""
    try:
        text = read_text(path)
        json_edit.parse_object(text, path)
    except BudgetError:
        return
    shorter = json_edit.remove_member(text, member)
    if shorter != text:
        write_text(path, shorter)


def restore(path: str, backup: str | None) -> bool:
    """Put the file back as it was before the installer. False when the copy is gone."""
    if backup is None:
        if os.path.exists(path):
            os.unlink(path)
        return True
    try:
        with open(backup, "rb") as file:
            content = file.read()
    except OSError:
        return False
    write_shared(os.path.realpath(path), content)
    shutil.copystat(backup, os.path.realpath(path))
    return True


def _byte_order_mark(path: str) -> bytes:
    """The byte order mark of a file that has one."""
    try:
        with open(path, "rb") as file:
            return _UTF_8 if file.read(3) == _UTF_8 else b""
    except OSError:
        return b""
