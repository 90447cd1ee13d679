"""The outline: what is not sent and looks relevant, with its size and the line it starts on, for agents that can read files."""

from __future__ import annotations

from memory_budget.select.block import LEFT_OUT_ENTRY_TOKENS, LEFT_OUT_FILE_TOKENS, LEFT_OUT_FRAME_TOKENS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from memory_budget.index.records import File, Heading
    from memory_budget.select.scoring import Leaf

#: Tokens of the outline: beside text, and alone where it is not sure that anything is about the task.
TOKENS = 1000
SHORT_TOKENS = 400


class LeftOut:
    """A leaf left out that looks useful: its heading line ("" for a note's whole), its tokens, and where it starts."""

    __slots__ = ("file", "heading", "line", "tokens")

    def __init__(self, file: File, heading: str, tokens: int, line: int) -> None:
        self.file = file
        self.heading = heading
        self.tokens = tokens
        self.line = line


def outline(
    rest: Iterable[Leaf], headings: Mapping[int, Heading], files: Mapping[int, File], limit: int
) -> tuple[list[LeftOut], int]:
    """The best leaves not sent, in at most `limit` tokens, and what the list costs; leaves under the same heading of a file are
    one entry."""
    cost = LEFT_OUT_FRAME_TOKENS
    found: dict[tuple[int, int], LeftOut] = {}
    named: set[int] = set()
    for leaf in rest:
        first = leaf.chunks[0]
        file = files[first.file]
        whole = len({chunk.heading for chunk in leaf.chunks}) > 1
        place = (first.file, 0 if whole else first.heading)
        if place in found:
            found[place].tokens += leaf.tokens
            continue
        heading = headings[place[1]] if place[1] else None
        more = LEFT_OUT_ENTRY_TOKENS + (heading.tokens if heading else 0)
        if first.file not in named:
            more += file.frame_tokens + LEFT_OUT_FILE_TOKENS
        if cost + more > limit:
            break
        cost += more
        named.add(first.file)
        found[place] = LeftOut(file, heading.text if heading else "", leaf.tokens, leaf.line)
    return list(found.values()), cost if found else 0
