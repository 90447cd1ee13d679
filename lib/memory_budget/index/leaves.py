"""Groups a file's chunks into leaves: what is ranked and sent as a whole.

A leaf is the text under one heading line, up to the next heading of any level. Two kinds of file are cut otherwise:

- a short note (up to `NOTE` tokens) is one leaf: it says one thing, and half of it can mislead;
- a journal, a dated file that is one conversation or one row of paragraphs (`2024-05-08-session.md`), has a leaf for each turn,
  whose neighbours tell what it is about.
"""

from __future__ import annotations

from _operator import sub

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

#: Tokens of a note that is sent as a whole.
NOTE = 800
#: Stands for a turn of a journal: its leaf is its section.
TURN = 0
#: How far apart two sections are that stand for themselves, see `text.markdown.SECTION_STEP`.
_APART = 3


def leaf_numbers(
    path: str,
    tokens: int,
    ids: Sequence[int],
    sections: Sequence[int],
    headings: Sequence[int],
    note: int = NOTE,
) -> list[int]:
    """For each chunk of a file, in order, the id of the first chunk of its leaf, or `TURN`.

    `tokens`: of the whole file; `sections` and `headings`: the number of each chunk's section, and the id of the heading line
    above it.
    """
    turns = _turns(sections) if _is_dated(path) else set()
    if ids and tokens <= note and sections[0] not in turns:
        first = ids[0]
        return [TURN if section in turns else first for section in sections]
    numbers = []
    last: tuple[int, int] | None = None
    leaf = 0
    for chunk, section, heading in zip(ids, sections, headings, strict=True):
        if section in turns:
            numbers.append(TURN)
            continue
        if (section, heading) != last:
            last = (section, heading)
            leaf = chunk
        numbers.append(leaf)
    return numbers


def _turns(sections: Sequence[int]) -> set[int]:
    """The sections of a file that have others around them; all of it where it is one section."""
    turns = set(sections)
    return turns if len(turns) == 1 else neighbours(turns)


def neighbours(numbers: Collection[int]) -> set[int]:
    """Of sections by number, those with another at most two away: none where all sections have headings."""
    ordered = sorted(numbers)
    turns: set[int] = set()
    if min(map(sub, ordered[1:], ordered), default=_APART) < _APART:
        for step in (1, 2):
            after = {number + step for number in ordered}.intersection(ordered)
            turns |= after
            turns.update([number - step for number in after])
    return turns


def _is_dated(path: str) -> bool:
    """Whether a file's name holds a calendar day: `2024-05-08-session.md`, `notes_20240508.md`."""
    digits = "".join([sign if sign.isdigit() else " " for sign in path.rpartition("/")[2]]).split()
    for at, run in enumerate(digits):
        day = "".join(digits[at : at + 3]) if len(run) == 4 else run
        if len(day) == 8 and day[:2] in ("19", "20") and day[4:6] <= "12":
            return True
    return False
