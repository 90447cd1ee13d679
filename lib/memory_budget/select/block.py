"""The block an agent reads before its task: its frame and its parts.

Pure functions. Every line of the block is a unit whose tokens are known before it is printed: units end with a
line end and the next one starts with something else, and there the encoding always starts anew, so the tokens of
the block are the sum of the tokens of its units. Units with parts that vary (an id, a path in the left-out list)
are counted by bounds that `tests/property/test_block_laws.py` holds against the tokenizer.
"""

from __future__ import annotations

from memory_budget.text.frame import LEFT_OUT_TAG, TAG
from memory_budget.text.shown_paths import file_line, shown_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

#: What stands for chunks that were left out between two that were not.
GAP = "[...]\n\n"
GAP_TOKENS = 2
_GAP = GAP.encode()

_INTRODUCTION = (
    "Background notes from this project's memory, recorded earlier, for the task after this block. Paths start at "
    '.claude/memory, those with ./ at the project. "[...]" marks omissions.\n\n'
)
_LEFT_OUT_INTRODUCTION = "Not included; can be read there (tokens, first line):\n"

#: Tokens of everything in the block but files, gaps and the left-out list: at most this many, whatever the id.
FRAME_TOKENS = 62
#: Tokens of the left-out list without its lines.
LEFT_OUT_FRAME_TOKENS = 25
#: Tokens of an entry of the outline besides those of its heading's line, and of a file's line there besides those of its line
#: in the block.
LEFT_OUT_ENTRY_TOKENS = 9
LEFT_OUT_FILE_TOKENS = 2


class Piece:
    """One printed file: its path as shown, and for each chunk whether something was left out just before it, the
    heading lines above it that are not printed yet, and its text (UTF-8, as it is kept and as it is sent)."""

    __slots__ = ("chunks", "path")

    def __init__(self, path: str, chunks: Sequence[tuple[bool, Sequence[str], bytes]]) -> None:
        self.path = path
        self.chunks = chunks


class OutlineEntry:
    """An entry of the outline: what was left out and looks useful. `heading`: its line, "" for the whole of the file at `path`;
    its tokens, and the line it starts on."""

    __slots__ = ("heading", "line", "path", "tokens")

    def __init__(self, path: str, heading: str, tokens: int, line: int) -> None:
        self.path = path
        self.heading = heading
        self.tokens = tokens
        self.line = line


def outline_lines(entries: Iterable[OutlineEntry]) -> Iterator[str]:
    """The lines of the outline, one a file, in the order of the entries; headings without their marks.

    `- patterns/a.md > Rounding (120, line 14); Taxes (80, line 31)`; a note's whole is `- patterns/b.md (300, line 1)`.
    """
    files: dict[str, list[str]] = {}
    for entry in entries:
        heading = entry.heading.lstrip("#").strip()
        size = f"({entry.tokens}, line {entry.line})"
        files.setdefault(entry.path, []).append(f"{heading} {size}" if heading else size)
    for path, texts in files.items():
        mark = " " if texts[0].startswith("(") else " > "
        yield f"- {shown_path(path)}{mark}{'; '.join(texts)}\n"


def block(
    allocation: str, pieces: Iterable[Piece], left_out: Sequence[OutlineEntry] = (), label: str = ""
) -> str:
    """A whole block, ready to stand before a prompt; "" when there is nothing in it. `label` names a part of several."""
    return block_utf8(allocation, pieces, left_out, label).decode()


def block_utf8(
    allocation: str, pieces: Iterable[Piece], left_out: Sequence[OutlineEntry] = (), label: str = ""
) -> bytes:
    """The same in UTF-8: memory with a dash or an arrow in it is twice as large as text, and a start would move it five
    times."""
    parts = [(opening(allocation, label) + _INTRODUCTION).encode()]
    for piece in pieces:
        _print(piece, parts.append)
    if len(parts) == 1 and not left_out:
        return b""
    if left_out:
        lines = "".join(outline_lines(left_out))
        parts.append(f"<{LEFT_OUT_TAG}>\n{_LEFT_OUT_INTRODUCTION}{lines}</{LEFT_OUT_TAG}>\n".encode())
    parts.append(f"</{TAG}>\n\n".encode())
    return b"".join(parts)


def empty(allocation: str) -> str:
    """A block of nothing, for memory that is all in a file which is named after it."""
    return f"{opening(allocation)}{_INTRODUCTION}</{TAG}>\n\n"


def opening(allocation: str, label: str = "") -> str:
    """The first line of a block. A transcript that holds it shows that the block arrived."""
    return f'<{TAG} id="{allocation}"{label}>\n'


def _print(piece: Piece, put: Callable[[bytes], None]) -> None:
    put(file_line(piece.path).encode())
    for gap, headings, text in piece.chunks:
        if gap:
            put(_GAP)
        for heading in headings:
            put(heading.encode())
            put(b"\n\n")
        put(text)
        put(b"\n\n")
