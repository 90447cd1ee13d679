"""Code fences of Markdown: which line opens one, and which closes it."""

from __future__ import annotations

from _bisect import bisect_right

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def fence_opened(bare: str) -> str:
    """The marks of a code fence that a stripped line opens (three or more of ` or ~), "" for none."""
    if bare[:3] not in ("```", "~~~"):
        return ""
    marks = bare[: len(bare) - len(bare.lstrip(bare[0]))]
    if marks[0] == "`" and "`" in bare[len(marks) :]:
        return ""  # inline code at the start of a line
    return marks


def closes_fence(bare: str, marks: str) -> bool:
    """Whether a stripped line closes the fence that these marks opened."""
    return bare.startswith(marks) and not bare.strip(marks[0])


def ticks_at(line: str, at: int) -> int:
    """How many ` stand in a row at a place in a line."""
    end = at
    while line[end : end + 1] == "`":
        end += 1
    return end - at


class Fences:
    """Finds where fences of a text end; each kind of marks is looked for once."""

    __slots__ = ("_closers", "_lines")

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._closers: dict[str, list[int]] = {}

    def closer(self, at: int, marks: str) -> int:
        """The line that closes a fence which these marks open at a line, -1 for none."""
        closers = self._closers.get(marks)
        if closers is None:
            closers = self._closers[marks] = [
                number
                for number, line in enumerate(self._lines)
                if marks in line and closes_fence(line.strip(), marks)
            ]
        after = bisect_right(closers, at)
        return closers[after] if after < len(closers) else -1
