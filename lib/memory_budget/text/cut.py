"""Cuts a block that is too long for one chunk into parts that can be read by themselves.

A table is cut between its rows, with its lead-in, header and ruler above every part; a list between its items, with its
lead-in (and, inside one long item, that item's first line); code between its lines, each part fenced; a text between its
lines, and a long line between sentences, else between words. So no chunk is much larger than `LIMIT`.
"""

from __future__ import annotations

from memory_budget.text.fences import closes_fence, fence_opened

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    #: Lines with the number of each, from the first line of the block.
    Lines = list[tuple[int, str]]

#: Size of a chunk, about 600 tokens: a letter counts one, a digit or sign two, a character outside ASCII five or more, long words double.
LIMIT = 2_600
#: Characters of a line that ends with ":" and goes with the block below it.
LEAD_IN_LIMIT = 200
#: The lines repeated above every part may take a third of it at most.
_HEAD_SHARE = 3
_TOLERANCE = 1.25
#: Items inside one another that are still shown above their parts.
_DEEPEST = 12
_LONGEST_WORD = 24
_LETTERS = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ \n\t"
_SENTENCE_ENDS = ".!?;…"
_WIDE_ENDS = "。！？；"


def size_of(text: str) -> int:
    """About four times the tokens of a text: `LIMIT` is in this unit."""
    raw = text.encode("utf-8", "replace")
    size = len(text)
    size += len(raw.translate(None, _LETTERS)) + 2 * (len(raw) - size)
    if size > _LONGEST_WORD:
        size += sum([len(word) for word in text.split() if len(word) > _LONGEST_WORD and word.isascii()])
    return size


def too_long(text: str) -> bool:
    """Whether a block needs cutting. One that is a little too long stays whole rather than lose its end to another chunk."""
    return len(text) * 7 > LIMIT and size_of(text) > LIMIT * _TOLERANCE


def parts_of(block: Sequence[str], limit: int = LIMIT) -> Iterator[tuple[int, str]]:
    """The parts of a block's lines, each with the line it starts on (from 0)."""
    lines = list(enumerate(block))
    head: list[str] = []
    if len(lines) > 1 and is_lead_in(block[0]) and not fence_opened(block[0].strip()):
        head.append(block[0])
        lines = lines[1:]
        if lines and not lines[0][1].strip():
            head.append("")
            lines = lines[1:]
    for number, (start, text) in enumerate(_cut(lines, head, limit)):
        yield (start if number else 0), text


def is_lead_in(line: str) -> bool:
    """Whether a line says what the block below it is: `All services:`."""
    bare = line.rstrip(" *_")
    return bare[-1:] in (":", "：") and len(bare) <= LEAD_IN_LIMIT


def _cut(lines: Lines, head: list[str], limit: int) -> Iterator[tuple[int, str]]:
    """Cut lines that stand below `head` as what they are."""
    if not lines:
        return
    if sum(size_of(line) + 1 for line in head) * _HEAD_SHARE > limit:
        head = []
    marks = fence_opened(lines[0][1].strip())
    ruler = table_ruler([line for _, line in lines[:8]])
    if marks:
        yield from _cut_code(lines, head, marks, limit)
    elif ruler:
        above = [*head, *[line for _, line in lines[: ruler + 1]]]
        if sum(size_of(line) + 1 for line in above) * _HEAD_SHARE > limit:
            above = head
            ruler = -1
        yield from _fill_parts([[row] for row in lines[ruler + 1 :]], above, [], limit)
    elif is_item(lines[0][1].strip() or " "):
        yield from _cut_list(lines, head, limit)
    else:
        yield from _cut_text(lines, head, limit)


def table_ruler(lines: Sequence[str]) -> int:
    """The number of the line that parts a table's header from its rows (`|---|---|`), 0 for none."""
    for number, line in enumerate(lines):
        bare = line.strip()
        if number and "-" in bare and "|" in bare and not bare.strip("|-: ") and "|" in lines[number - 1]:
            return number
    return 0


def is_item(bare: str) -> bool:
    """Whether a stripped line starts a list item."""
    first = bare[0]
    if first in "-*+":
        return bare[1:2] in (" ", "\t")
    if first.isdigit():
        digits = bare[:10].lstrip("0123456789")
        return digits[:2] in (". ", ") ")
    return False


def _margin(line: str) -> int:
    return len(line) - len(line.lstrip())


def _cut_code(lines: Lines, head: list[str], marks: str, limit: int) -> Iterator[tuple[int, str]]:
    """Parts of a fenced block, each inside a fence of its own; one that is only a little too long stays whole."""
    opening = lines[0][1]
    closing = opening[: _margin(opening)] + marks
    end = len(lines)
    if closes_fence(lines[-1][1].strip(), marks) and end > 1:
        end -= 1
    last = next((at for at in range(1, len(lines)) if closes_fence(lines[at][1].strip(), marks)), end)
    fence = [line for _, line in lines[: last + 1]]
    if size_of("\n".join(fence)) <= limit * _TOLERANCE:
        yield lines[0][0], "\n".join([*head, *fence])
    else:
        yield from _fill_parts([[line] for line in lines[1:last]], [*head, opening], [closing], limit)
    if last + 1 < len(lines):
        yield from _cut(lines[last + 1 :], [], limit)


def _cut_list(lines: Lines, head: list[str], limit: int) -> Iterator[tuple[int, str]]:
    """Parts of a list between its outermost items; an item too long for one part is cut below its own first line."""
    margin = min(_margin(line) for _, line in lines if line.strip() and is_item(line.strip()))
    items: list[Lines] = []
    fence = ""
    for number, line in lines:
        bare = line.strip()
        starts = not fence and bare != "" and _margin(line) <= margin and is_item(bare)
        if fence:
            fence = "" if closes_fence(bare, fence) else fence
        else:
            fence = fence_opened(bare)
        if starts or not items:
            items.append([])
        items[-1].append((number, line))
    room = limit - sum(size_of(line) + 1 for line in head)
    run: list[Lines] = []
    for item in items:
        if len(item) > 1 and _lines_size(item) > room:
            yield from _fill_parts(run, head, [], limit)
            run = []
            yield from _cut_item(item, head, limit)
        else:
            run.append(item)
    yield from _fill_parts(run, head, [], limit)


def _cut_item(item: Lines, head: list[str], limit: int) -> Iterator[tuple[int, str]]:
    """Parts of one long item: its first line, where that is short, above every part of the rest."""
    first = item[0][1]
    if size_of(first) <= LEAD_IN_LIMIT * 2 and len(head) < _DEEPEST:
        rest = item[1:]
        while rest and not rest[0][1].strip():
            rest = rest[1:]
        for number, (start, text) in enumerate(_cut(rest, [*head, first], limit)):
            yield (item[0][0] if number == 0 else start), text
    else:
        yield from _cut_units(_units(item), head, limit)


def _cut_text(lines: Lines, head: list[str], limit: int) -> Iterator[tuple[int, str]]:
    """Parts of a text between its lines; a fence, a list or a table in it is cut as such."""
    units = _units(lines)
    at = _inner_start(units)
    if at:
        leads = is_lead_in(units[at - 1][0][1]) and len(units[at - 1]) == 1
        above = units[: at - 1] if leads else units[:at]
        lead = [units[at - 1][0][1]] if leads else []
        if above:
            yield from _cut_units(above, head, limit)
        below = [line for unit in units[at:] for line in unit]
        yield from _cut(below, [*([] if above else head), *lead], limit)
    else:
        yield from _cut_units(units, head, limit)


def _units(lines: Lines) -> list[Lines]:
    """Lines one by one, and each fence as a whole."""
    units: list[Lines] = []
    marks = ""
    for number, line in lines:
        bare = line.strip()
        if marks:
            units[-1].append((number, line))
            marks = "" if closes_fence(bare, marks) else marks
        else:
            units.append([(number, line)])
            marks = fence_opened(bare)
    return units


def _inner_start(units: list[Lines]) -> int:
    """Where a list below a lead-in, or a table, starts in a text; 0 for nowhere."""
    for at in range(1, len(units)):
        line = units[at][0][1]
        bare = line.strip()
        if not bare or len(units[at]) > 1 or len(units[at - 1]) > 1:
            continue
        if is_item(bare) and is_lead_in(units[at - 1][0][1]):
            return at
        if "|" in line and table_ruler([unit[0][1] for unit in units[at : at + 2]]) == 1:
            return at
    return 0


def _cut_units(units: list[Lines], head: list[str], limit: int) -> Iterator[tuple[int, str]]:
    """Parts of lines and fences; a fence too long for one part is cut into fences."""
    room = limit - sum(size_of(line) + 1 for line in head)
    run: list[Lines] = []
    for unit in units:
        if len(unit) > 1 and _lines_size(unit) > room:
            yield from _fill_parts(run, head, [], limit)
            run = []
            yield from _cut_code(unit, head, fence_opened(unit[0][1].strip()), limit)
        else:
            run.append(unit)
    yield from _fill_parts(run, head, [], limit)


def _lines_size(lines: Lines) -> int:
    return sum(size_of(line) + 1 for _, line in lines)


def _fill_parts(
    units: list[Lines], head: list[str], tail: list[str], limit: int
) -> Iterator[tuple[int, str]]:
    """Runs of units that fit into one part with `head` above and `tail` below."""
    room = max(limit - sum(size_of(line) + 1 for line in [*head, *tail]), limit // 2)
    run: list[str] = []
    start = size_so_far = 0
    for unit in units:
        for number, line, size in _fitting_pieces(unit, room):
            if run and size_so_far + size > room:
                yield from _part(start, head, run, tail)
                run, size_so_far = [], 0
            if not run:
                start = number
                if not line.strip():
                    continue
            run.append(line)
            size_so_far += size
    yield from _part(start, head, run, tail)


def _part(start: int, head: list[str], run: list[str], tail: list[str]) -> Iterator[tuple[int, str]]:
    text = "\n".join([*head, *run, *tail]).strip("\n")
    if any(line.strip() for line in run):
        yield start, text


def _fitting_pieces(unit: Lines, room: int) -> Iterator[tuple[int, str, int]]:
    """A unit's text as one piece where it fits, else line by line, and long lines in pieces."""
    size = _lines_size(unit)
    if size <= room:
        yield unit[0][0], "\n".join(line for _, line in unit), size
        return
    for number, line in unit:
        size = size_of(line) + 1
        if size <= room:
            yield number, line, size
        else:
            for piece in cut_line(line, room):
                yield number, piece, size_of(piece) + 1


def cut_line(line: str, limit: int) -> Iterator[str]:
    """One long line in pieces: between sentences, else at a comma or blank, else anywhere."""
    at = 0
    while at < len(line):
        end = _reach(line, at, limit)
        if end < len(line):
            end = _break(line, at, end)
        piece = line[at:end].strip() if at else line[at:end].rstrip()
        if piece:
            yield piece
        at = end


def _reach(line: str, at: int, limit: int) -> int:
    """How far a piece from `at` may reach at most."""
    end = min(len(line), at + limit)
    while end - at > 1:
        size = size_of(line[at:end])
        if size <= limit:
            break
        end = at + max(1, min(end - at - 1, (end - at) * limit // size))
    return end


def _break(line: str, at: int, end: int) -> int:
    """The best place to end a piece of a line that may reach to `end`."""
    least = at + (end - at) // 3
    best = -1
    for sign in _WIDE_ENDS:
        best = max(best, line.rfind(sign, least, end) + 1)
    for sign in _SENTENCE_ENDS:
        best = max(best, line.rfind(sign + " ", least, end) + 1)
    if best > least:
        return best
    for sign in ("，", "、", ", ", " ", "|", ","):
        place = line.rfind(sign, least, end)
        if place > least:
            return place + 1
    return end
