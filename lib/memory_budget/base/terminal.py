"""Keeps control characters out of what is printed: names and texts come from files that anybody may have written.

    with terminal.cleaned_streams():      within, print() and sys.stdout.write() leave out escape sequences, direction marks and the like
        ...

What draws on purpose (a table, a bar) writes to `original(sys.stdout)`, after cleaning what it was given.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any, TextIO, cast

from memory_budget.base.figures import replace_unprintable

_LINE_SIGNS = "\n\t\r"


def clean(text: str) -> str:
    """The text with a blank for each character that cannot be printed, except line ends and tabs."""
    return replace_unprintable(text, keep=_LINE_SIGNS)


class _Cleaned:
    """A stream that passes on what is written to it, cleaned."""

    def __init__(self, stream: TextIO) -> None:
        self.original = stream

    def write(self, text: str) -> int:
        return self.original.write(clean(text))

    def writelines(self, lines: list[str]) -> None:
        self.original.writelines(map(clean, lines))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.original, name)


def original(stream: TextIO) -> TextIO:
    """The stream itself behind a cleaned one."""
    return stream.original if isinstance(stream, _Cleaned) else stream


@contextlib.contextmanager
def cleaned_streams() -> Iterator[None]:
    """Clean both standard streams inside the block."""
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (cast(TextIO, _Cleaned(original(stream))) for stream in before)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
