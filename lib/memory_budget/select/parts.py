"""A block in parts, for the context channel: one value there holds 10,000 characters, and values arrive in any order.

Each part is a block of its own with the same id and a label (`part="2 of 3"`), and readable by itself: a file that goes on in
another part has its line and its headings there again. Best first: pieces are taken in the order given, and each chunk goes
to the first part with room for it. Chunks stay whole. What finds no place lies in a file that the last part names.

The client counts UTF-16 units (measured with 2.1.330 and 2.1.332): 5,000 emoji are 10,000 of them.
"""

from __future__ import annotations

from memory_budget.select import block
from memory_budget.select.block import GAP, Piece
from memory_budget.text.shown_paths import file_line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from memory_budget.select.block import OutlineEntry

    Chunk = tuple[bool, Sequence[str], bytes]

#: How many handlers hooks.json has for an agent's start: the most parts there can be.
PARTS = 10
#: Most UTF-16 units in a part. The client cuts a value of more than 10,000.
LIMIT = 9_950
#: Tokens of budget for which one more part is reckoned with. A part holds about 2,300.
_TOKENS_A_PART = 2_000
#: Tokens of a part's frame, with its label.
_FRAME_TOKENS = block.FRAME_TOKENS + 10
#: Bytes of lines that may stand again for each part after the first: no more tokens than bytes.
_AGAIN_BYTES = 128


def parts_for(budget: int) -> int:
    """How many parts a block of so many tokens may take."""
    return min(PARTS, 1 + max(0, budget) // _TOKENS_A_PART)


def frame_tokens(budget: int) -> int:
    """Tokens of everything but files, gaps and the left-out list in a block of so many tokens in parts: at most this many."""
    count = parts_for(budget)
    return count * _FRAME_TOKENS + (count - 1) * _AGAIN_BYTES


def units(text: str) -> int:
    """The length of a text as the client counts it: in UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


class Parts:
    """A block in parts: their texts, the pieces that found no place, and a bound of the tokens of their frames and of the
    lines that stand in several of them."""

    __slots__ = ("frame_tokens", "rest", "texts")

    def __init__(self, texts: list[str], rest: list[Piece], frame_tokens: int) -> None:
        self.texts = texts
        self.rest = rest
        self.frame_tokens = frame_tokens


class _Part:
    """A part that is being filled: `room` in units, its pieces, and the headings that stand above its last chunk."""

    __slots__ = ("above", "pieces", "room")

    def __init__(self, room: int) -> None:
        self.room = room
        self.pieces: list[tuple[str, list[Chunk]]] = []
        self.above: list[str] = []

    def holds(self, path: str) -> bool:
        return bool(self.pieces) and self.pieces[-1][0] == path

    def put(self, path: str, chunk: Chunk, size: int, above: list[str]) -> None:
        if not self.holds(path):
            self.pieces.append((path, []))
        self.pieces[-1][1].append(chunk)
        self.room -= size
        self.above = list(above)


class _Packer:
    """Puts chunks into parts. `again`: bytes of lines that may still stand a second time."""

    def __init__(self, allocation: str, limit: int, count: int) -> None:
        frame = block.block(allocation, [Piece("", [(False, (), b"")])], (), label(count, count))
        self.whole = limit - units(frame)
        self.count = count
        self.again = (count - 1) * _AGAIN_BYTES
        self.parts: list[_Part] = []

    def add(self, piece: Piece) -> Piece | None:
        """Place a file's chunks. Returns those that found no place, as a piece of their own, or None."""
        over: list[Chunk] = []
        above: list[str] = []
        started = False
        for chunk in piece.chunks:
            above = _below(above, chunk[1])
            if self._place(piece.path, chunk, above, started=started):
                started = True
            else:
                over.append((chunk[0], list(above), chunk[2]))
        return Piece(piece.path, over) if over else None

    def _place(self, path: str, chunk: Chunk, above: list[str], *, started: bool) -> bool:
        for part in [*self.parts, None]:
            if part is None and len(self.parts) >= self.count:
                return False
            target = part or _Part(self.whole)
            goes_on = target.holds(path)
            headings, again = self._headings(target.above if goes_on else [], above, len(chunk[1]))
            if started and not goes_on:
                again += len(file_line(path).encode())
            if again > self.again:
                continue
            gap = chunk[0] or (started and not goes_on) or (goes_on and headings != list(chunk[1]))
            size = (
                (0 if goes_on else units(file_line(path)))
                + (len(GAP) if gap else 0)
                + sum(units(heading) + 2 for heading in headings)
                + units(chunk[2].decode())
                + 2
            )
            if size > target.room:
                continue
            if part is None:
                self.parts.append(target)
            target.put(path, (gap, headings, chunk[2]), size, above)
            self.again -= again
            return True
        return False

    def _headings(self, printed: list[str], above: list[str], new_headings: int) -> tuple[list[str], int]:
        """The headings to print above a chunk in this part, and the bytes of those among them that stand elsewhere, too.

        `new_headings`: how many of the last ones are printed here for the first time. Where the others are too long, the nearest stay.
        """
        shared = 0
        while shared < min(len(printed), len(above)) and printed[shared] == above[shared]:
            shared += 1
        first = max(0, len(above) - new_headings)
        repeated = above[shared:first]
        size = sum(len(heading.encode()) + 2 for heading in repeated)
        while repeated and size > min(_AGAIN_BYTES, self.again) // 2:
            size -= len(repeated.pop(0).encode()) + 2
        return [*repeated, *above[max(first, shared) :]], size


def _below(above: list[str], headings: Sequence[str]) -> list[str]:
    """The heading path of a chunk from that of the one before it and the lines that are new: `# A`, `## B` and a new
    `## C` give `# A`, `## C`."""
    path = list(above)
    for heading in headings:
        level = _level(heading)
        while path and _level(path[-1]) >= level:
            path.pop()
        path.append(heading)
    return path


def _level(heading: str) -> int:
    return len(heading) - len(heading.lstrip("#")) or 1


def in_parts(
    allocation: str,
    pieces: Sequence[Piece],
    left_out: Sequence[OutlineEntry],
    *,
    limit: int = LIMIT,
    count: int = PARTS,
    pointer: str = "",
) -> Parts:
    """A block as at most `count` labelled blocks of at most `limit` units.

    `pointer`: the line that names the file for those; it stands at the end of the last part where there are any.
    """
    packer, rest = _pack(allocation, pieces, limit, count)
    if rest and (not packer.parts or packer.parts[-1].room < units(pointer)):
        packer, rest = _pack(allocation, pieces, limit - units(pointer), count)
    groups = [[Piece(path, chunks) for path, chunks in part.pieces] for part in packer.parts]
    texts = []
    for number, group in enumerate(groups, 1):
        name = label(number, len(groups)) if len(groups) > 1 else ""  # one alone costs what was counted
        text = block.block(allocation, group, (), name)
        if number == len(groups) and left_out:
            part_text = block.block(allocation, group, left_out, name)
            text = part_text if units(part_text) + (units(pointer) if rest else 0) <= limit else text
        texts.append(text)
    if left_out and not groups and not rest:
        texts = [text for text in [block.block(allocation, [], left_out)] if units(text) <= limit]
    if rest and pointer:
        texts = texts or [block.empty(allocation)]
        texts[-1] = texts[-1].rstrip("\n") + "\n" + pointer
    again = (count - 1) * _AGAIN_BYTES - packer.again
    return Parts(texts, rest, max(1, len(texts)) * _FRAME_TOKENS + again)


def _pack(allocation: str, pieces: Sequence[Piece], limit: int, count: int) -> tuple[_Packer, list[Piece]]:
    packer = _Packer(allocation, limit, count)
    rest = [over for over in map(packer.add, pieces) if over is not None]
    return packer, rest


def label(number: int, count: int) -> str:
    """The label of a part in a block's opening: ` part="2 of 3"`."""
    return f' part="{number} of {count}"'
