"""The outline: what is not sent and looks relevant, with its size and the line it starts on, for agents that can read files.

It names many files rather than much of one: what memory says in other words than the task does lies deep among the leaves, but in a
file that stands high. A file is named with its size, and with its best sections.
"""

from __future__ import annotations

from memory_budget.index.records import heading_of
from memory_budget.select.block import (
    LEFT_OUT_ENTRY_TOKENS,
    LEFT_OUT_FILE_TOKENS,
    LEFT_OUT_FRAME_TOKENS,
    OutlineEntry,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from memory_budget.index.records import File, Heading
    from memory_budget.select.confidence import Evidence
    from memory_budget.select.scoring import Leaf

#: Tokens of the outline: beside text at most, and at least where there is any.
TOKENS = 1000
SHORT_TOKENS = 400
#: The power with which a prompt that tells less has less named beside text.
MODEST = 3.0
#: Sections of a file that are named while there are other files to name.
SECTIONS = 1


def tokens(evidence: Evidence) -> int:
    """Tokens of the outline: the more is named beside text the more the task asks for."""
    if evidence.confidence < 1.0:
        return SHORT_TOKENS
    return SHORT_TOKENS + int((TOKENS - SHORT_TOKENS) * evidence.asks**MODEST)


class _Listing:
    """An outline that is being made. `entries_by_file`: its entries by file and heading (0: the file); `cost`: their tokens."""

    __slots__ = ("_files", "_headings", "_limit", "cost", "entries_by_file")

    def __init__(self, headings: Mapping[int, Heading], files: Mapping[int, File], limit: int) -> None:
        self._headings = headings
        self._files = files
        self._limit = limit
        self.cost = LEFT_OUT_FRAME_TOKENS
        self.entries_by_file: dict[int, dict[int, OutlineEntry]] = {}

    def add(self, leaf: Leaf, place: int) -> bool:
        """Name the leaf, and its file where that is not named yet. `place`: its heading, 0 where the file's entry says all.
        False where there is no room."""
        file = self._files[leaf.file]
        file_entries = self.entries_by_file.get(file.id, {})
        entries: dict[int, OutlineEntry] = {}
        cost = 0
        if not file_entries:
            cost = file.frame_tokens + LEFT_OUT_FILE_TOKENS + LEFT_OUT_ENTRY_TOKENS
            entries[0] = OutlineEntry(file.path, "", file.tokens, 1)
        if place:
            heading = self._headings[place]
            cost += LEFT_OUT_ENTRY_TOKENS + heading.tokens
            entries[place] = OutlineEntry(file.path, heading.text, leaf.tokens, leaf.line)
        if self.cost + cost > self._limit:
            return False
        self.cost += cost
        self.entries_by_file[file.id] = {**file_entries, **entries}
        return True


def outline(
    rest: Iterable[Leaf], headings: Mapping[int, Heading], files: Mapping[int, File], limit: int
) -> tuple[list[OutlineEntry], int]:
    """The best of what is not sent, in at most `limit` tokens, and what the list costs.

    Files come in the order of their best leaves, each with `SECTIONS` of those; where all are named, more of their sections.
    Leaves under the same heading of a file are one entry.
    """
    listing = _Listing(headings, files, limit)
    later: list[tuple[Leaf, int]] = []
    room = True
    for leaf in rest:
        place = 0 if len(set(map(heading_of, leaf.rows))) > 1 else heading_of(leaf.rows[0])
        file_entries = listing.entries_by_file.get(leaf.file, {})
        if place in file_entries:
            file_entries[place].tokens += leaf.tokens if place else 0
        elif len(file_entries) > SECTIONS:
            later.append((leaf, place))
        elif not listing.add(leaf, place):
            room = False
            break
    for leaf, place in later if room else ():
        file_entries = listing.entries_by_file[leaf.file]
        if place in file_entries:
            file_entries[place].tokens += leaf.tokens if place else 0
        elif not listing.add(leaf, place):
            break
    entries = [entry for file_entries in listing.entries_by_file.values() for entry in file_entries.values()]
    return entries, listing.cost if entries else 0
