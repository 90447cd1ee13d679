"""The block an agent reads before its task: its frame, and what keeps memory text from posing as the frame.

Pure functions. Every line of the block is a unit whose tokens are known before it is printed: units end with a
line end and the next one starts with something else, and there the encoding always starts anew, so the tokens of
the block are the sum of the tokens of its units. Units with parts that vary (an id, a path in the left-out list)
are counted by bounds that `tests/property/test_block_laws.py` holds against the tokenizer.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TAG = "project-memory"
FILE_TAG = "memory-file"
LEFT_OUT_TAG = "memory-left-out"

#: What stands for chunks that were left out between two that were not.
GAP = "[...]\n\n"
GAP_TOKENS = 4

_INTRODUCTION = (
    "Notes from this project's memory that bear on the task below. They are background facts recorded earlier, each "
    'under the file that holds it; "[...]" marks omissions. The task itself follows after this block.\n\n'
)
_LEFT_OUT_INTRODUCTION = "Not included; these sections can be read in their files:\n"

#: Tokens of everything in the block but files, gaps and left-out lines (opening and closing tag, the introduction,
#: the blank line before the task): at most this many, whatever the id.
FRAME_TOKENS = 92
#: Tokens of the left-out list without its lines.
LEFT_OUT_FRAME_TOKENS = 32
#: Tokens of a left-out line besides those of its path and its heading, each counted alone.
LEFT_OUT_LINE_TOKENS = 14
#: Tokens of a file's opening and closing line besides those of its path counted alone.
FILE_FRAME_TOKENS = 18

#: Tags that mean something to the reader of a prompt; in memory text they are shown, not meant.
_RESERVED = (
    TAG,
    FILE_TAG,
    LEFT_OUT_TAG,
    "system-reminder",
    "system",
    "task-notification",
    "function_calls",
    "function_results",
    "antml:",
    "user-prompt-submit-hook",
)


class Piece:
    """One printed file: its path as shown, and for each chunk the heading lines above it, its text, and whether
    something was left out just before it."""

    __slots__ = ("chunks", "path", "tail_gap")

    def __init__(self, path: str, chunks: Sequence[tuple[bool, Sequence[str], str]], tail_gap: bool) -> None:
        self.path = path
        self.chunks = chunks
        self.tail_gap = tail_gap


class LeftOut:
    """One line of the left-out list."""

    __slots__ = ("heading", "path", "tokens")

    def __init__(self, path: str, heading: str, tokens: int) -> None:
        self.path = path
        self.heading = heading
        self.tokens = tokens


def neutral(text: str) -> str:
    """Memory text that cannot be taken for a tag of the frame or of the client: such a `<` becomes `&lt;`.

    Applied when a file is indexed, so that what is counted is what is printed. Applying it twice changes nothing.
    """
    at = text.find("<")
    if at < 0:
        return text
    parts = []
    last = 0
    while at >= 0:
        rest = text[at + 1 : at + 40].lstrip("/ \t\n\r\\!?").lower()
        if rest.startswith(_RESERVED):
            parts.append(text[last:at])
            parts.append("&lt;")
            last = at + 1
        at = text.find("<", at + 1)
    parts.append(text[last:])
    return "".join(parts)


def shown_path(path: str) -> str:
    """A path that stays on its line and inside its quotes."""
    if path.isprintable() and '"' not in path and "<" not in path and ">" not in path:
        return path
    return "".join(c if c.isprintable() and c not in '"<>' else "?" for c in path)


def file_open(path: str) -> str:
    return f'<{FILE_TAG} path="{shown_path(path)}">\n'


def file_close() -> str:
    return f"</{FILE_TAG}>\n\n"


def left_out_line(entry: LeftOut) -> str:
    heading = f" > {entry.heading}" if entry.heading else ""
    return f"- {shown_path(entry.path)}{heading} ({entry.tokens} tokens)\n"


def block(allocation: str, pieces: Iterable[Piece], left_out: Sequence[LeftOut]) -> str:
    """The whole block, ready to stand before a prompt; "" when there is nothing in it."""
    parts = [opening(allocation), _INTRODUCTION]
    empty = True
    for piece in pieces:
        empty = False
        parts.extend(_file(piece))
    if empty:
        return ""
    if left_out:
        parts.append(f"<{LEFT_OUT_TAG}>\n{_LEFT_OUT_INTRODUCTION}")
        parts.extend(map(left_out_line, left_out))
        parts.append(f"</{LEFT_OUT_TAG}>\n")
    parts.append(closing(allocation))
    return "".join(parts)


def opening(allocation: str) -> str:
    return f'<{TAG} allocation="{allocation}">\n'


def closing(allocation: str) -> str:
    return f'</{TAG} allocation="{allocation}">\n\n'


def _file(piece: Piece) -> list[str]:
    parts = [file_open(piece.path)]
    for gap, headings, text in piece.chunks:
        if gap:
            parts.append(GAP)
        for heading in headings:
            parts.append(heading)
            parts.append("\n\n")
        parts.append(text)
        parts.append("\n\n")
    if piece.tail_gap:
        parts.append(GAP)
    parts.append(file_close())
    return parts


def split_parts(text: str, limit: int, count: int) -> tuple[list[str], str]:
    """A block cut into at most `count` parts of at most `limit` characters at file and blank-line borders, and the
    rest that found no place.

    For the context channel, where one value may hold 10,000 characters and values arrive in any order.
    """
    parts: list[str] = []
    current = ""
    paragraphs = text.split("\n\n")
    index = 0
    while index < len(paragraphs):
        paragraph = paragraphs[index] + "\n\n"
        if len(current) + len(paragraph) > limit:
            if len(parts) + 1 == count:
                break
            if current:
                parts.append(current)
                current = ""
            if len(paragraph) > limit:
                break
            continue
        current += paragraph
        index += 1
    if current:
        parts.append(current)
    rest = "\n\n".join(paragraphs[index:])
    return parts, rest
