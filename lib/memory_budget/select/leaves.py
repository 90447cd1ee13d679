"""Groups chunks into leaves: what is ranked and sent as a whole.

A leaf is the text under one heading line, up to the next heading of any level. Two kinds of file are cut otherwise:

- a short note (up to `NOTE` tokens) is one leaf: it says one thing, and half of it can mislead;
- a journal, a dated file that is one conversation or one row of paragraphs (`2024-05-08-session.md`), has a leaf for each turn,
  whose neighbours tell what it is about.
"""

from __future__ import annotations

from _operator import sub

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from memory_budget.index.records import Chunk, File

#: Tokens of a note that is sent as a whole.
NOTE = 800
#: How far apart two sections are that stand for themselves, see `text.markdown.SECTION_STEP`.
_APART = 3


class Leaves:
    """The leaves of some chunks.

    `of_chunk`: for each chunk, in the order given, the number of its leaf; `turns`: the leaves that are turns of a journal,
    numbered as their sections are, so that a neighbour's number is one more or one less. All others have negative numbers.
    """

    __slots__ = ("of_chunk", "turns")

    def __init__(self, chunks: Sequence[Chunk], files: Mapping[int, File], note: int = NOTE) -> None:
        self.of_chunk: list[int] = []
        self.turns: set[int] = set()
        of_chunk = self.of_chunk
        joined = _turns(chunks)
        whole: dict[int, int] = {}
        journals: dict[int, bool] = {}
        last: tuple[int, int, int] = (0, 0, 0)
        number = 0
        for chunk in chunks:
            file = chunk[1]
            journal = journals.get(file)
            if journal is None:
                known = files[file]
                journal = journals[file] = _is_dated(known.path)
                if known.tokens <= note and not (journal and chunk[2] in joined):
                    whole[file] = -chunk[0]
            if journal and chunk[2] in joined:
                of_chunk.append(chunk[2])
                self.turns.add(chunk[2])
                continue
            if file in whole:
                of_chunk.append(whole[file])
                continue
            place = (file, chunk[2], chunk[8])
            if place != last:
                last = place
                number = -chunk[0]
            of_chunk.append(number)


def _turns(chunks: Sequence[Chunk]) -> set[int]:
    """The sections that have others around them, or that are all of their file."""
    of_file: dict[int, set[int]] = {}
    for chunk in chunks:
        of_file.setdefault(chunk[1], set()).add(chunk[2])
    joined = neighbours({chunk[2] for chunk in chunks})
    return joined.union(*[sections for sections in of_file.values() if len(sections) == 1])


def neighbours(numbers: Collection[int]) -> set[int]:
    """Of sections by number, those with another at most two away: none where all sections have headings."""
    ordered = sorted(numbers)
    found: set[int] = set()
    if min(map(sub, ordered[1:], ordered), default=_APART) < _APART:
        for step in (1, 2):
            after = {number + step for number in ordered}.intersection(ordered)
            found |= after
            found.update([number - step for number in after])
    return found


def _is_dated(path: str) -> bool:
    """Whether a file's name holds a calendar day: `2024-05-08-session.md`, `notes_20240508.md`."""
    digits = "".join([sign if sign.isdigit() else " " for sign in path.rpartition("/")[2]]).split()
    for at, run in enumerate(digits):
        day = "".join(digits[at : at + 3]) if len(run) == 4 else run
        if len(day) == 8 and day[:2] in ("19", "20") and day[4:6] <= "12":
            return True
    return False
