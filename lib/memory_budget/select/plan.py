"""Chunks chosen so far, and what printing them costs to the token.

The text of a chunk, each heading line above it once, the frame of its file, a gap mark between two chunks of a file that are not
neighbours. The frame of the block is not counted here.
"""

from __future__ import annotations

from memory_budget.index.records import file_of, heading_of, id_of, tokens_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from memory_budget.index.records import Chunk, File, Heading

#: Tokens of the mark between two chunks of a file that are not neighbours.
GAP_TOKENS = 2
SCOPE_ORDER = {"agent_recent": 0, "agent_patterns": 1, "global": 2}


class SelectedFile:
    """A file to print: its chunks in the order of the file, what it costs in all, and its best leaf's worth.

    `lines`: for each chunk, the heading lines to print above it, outermost first.
    """

    __slots__ = ("chunks", "file", "lines", "score", "tokens")

    def __init__(self, file: File) -> None:
        self.file = file
        self.chunks: list[Chunk] = []
        self.lines: list[Sequence[Heading]] = []
        self.tokens = file.frame_tokens
        self.score = 0.0


class Plan:
    """What is chosen so far: `chunks` by id, the files `opened`, the heading lines `printed`, the `tokens` of it all."""

    __slots__ = ("_files", "_headings", "chunks", "opened", "printed", "tokens")

    def __init__(
        self, headings: Mapping[int, Heading], files: Mapping[int, File], chunks: Iterable[Chunk] = ()
    ) -> None:
        self._headings = headings
        self._files = files
        chosen = list(chunks)
        self.chunks = dict(zip(map(id_of, chosen), chosen, strict=True))
        self.opened = set(map(file_of, chosen))
        self.printed: set[int] = set()
        above = set(map(heading_of, chosen))
        above.discard(0)
        while above:
            self.printed |= above
            above = {headings[number].parent for number in above} - self.printed
            above.discard(0)
        # A run of neighbours costs one mark, but none where it starts with its file's first chunk. Ids of two files are never
        # neighbours. Of a file whose first chunk is not known the first run counts as its beginning.
        runs = len(chosen) - len(self.chunks.keys() & {number + 1 for number in self.chunks})
        self.tokens: int = (
            sum(map(tokens_of, chosen))
            + sum([headings[number].tokens for number in self.printed])
            + sum([files[number].frame_tokens for number in self.opened])
            + GAP_TOKENS * (runs - sum(map(self._has_beginning, self.opened)))
        )

    def _has_beginning(self, file: int) -> bool:
        first: int = self._files[file].first
        return not first or first in self.chunks

    def copy(self) -> Plan:
        """The same, to be added to."""
        plan = Plan(self._headings, self._files)
        plan.chunks = dict(self.chunks)
        plan.opened = set(self.opened)
        plan.printed = set(self.printed)
        plan.tokens = self.tokens
        return plan

    def add(self, chunks: Iterable[Chunk], limit: float) -> int:
        """Add all of these chunks that are not there yet, if all of it stays under `limit` tokens; what they cost, -1 if
        they do not fit."""
        before = self.tokens
        new_chunks: list[Chunk] = []
        lines: list[int] = []
        opened = 0
        for chunk in chunks:
            if chunk[0] in self.chunks:
                continue
            if self.tokens + chunk[4] > limit:
                break
            cost = self._cost(chunk)
            if self.tokens + cost > limit:
                break
            if chunk[1] not in self.opened:
                self.opened.add(chunk[1])
                opened = chunk[1]
            number = chunk[8]
            while number and number not in self.printed:
                self.printed.add(number)
                lines.append(number)
                number = self._headings[number].parent
            self.tokens += cost
            self.chunks[chunk[0]] = chunk
            new_chunks.append(chunk)
        else:
            return self.tokens - before
        for chunk in new_chunks:
            del self.chunks[chunk[0]]
        self.printed.difference_update(lines)
        self.opened.discard(opened)
        self.tokens = before
        return -1

    def _cost(self, chunk: Chunk) -> int:
        """What adding the chunk would add to the block."""
        cost = chunk.tokens
        number = chunk.heading
        while number and number not in self.printed:
            line = self._headings[number]
            cost += line.tokens
            number = line.parent
        file = self._files[chunk.file]
        begins: bool = chunk.id == file.first
        if chunk.file not in self.opened:
            return cost + file.frame_tokens + (GAP_TOKENS if file.first and not begins else 0)
        marks = 1 - (chunk.id - 1 in self.chunks) - (chunk.id + 1 in self.chunks) - begins
        return cost + GAP_TOKENS * marks

    def files(self, scores: Mapping[int, float]) -> list[SelectedFile]:
        """The files in print order with the exact cost of each; `scores`: the worth of each file's best leaf."""
        selected = {number: SelectedFile(self._files[number]) for number in self.opened}
        printed = {0}
        before = 0
        for number in sorted(self.chunks):
            chunk = self.chunks[number]
            file = selected[chunk[1]]
            cost = chunk[4]
            above = chunk[8]
            lines: Sequence[Heading] = ()
            if above not in printed:
                lines = []
                while above not in printed:
                    printed.add(above)
                    line = self._headings[above]
                    cost += line.tokens
                    lines.append(line)
                    above = line.parent
                lines.reverse()
            first = file.file.first
            if number != before + 1 and (file.chunks or (first and number != first)):
                cost += GAP_TOKENS
            before = number
            file.tokens += cost
            file.chunks.append(chunk)
            file.lines.append(lines)
        for number, file in selected.items():
            file.score = scores.get(number, 0.0)
        return sorted(selected.values(), key=lambda entry: _print_order(entry.file))


def _print_order(file: File) -> tuple[int, str]:
    return SCOPE_ORDER.get(file.scope, 9), file.path
