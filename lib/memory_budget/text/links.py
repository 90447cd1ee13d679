"""Links of Markdown to other files of the same memory: `[a](b.md)`, `![a](img/b.png)`, `[a]: b.md`. Code is no link."""

from __future__ import annotations

from urllib.parse import quote, unquote

from memory_budget.text.fences import Fences, fence_opened, ticks_at

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


#: Characters of a target that are looked at.
_LONGEST = 1_000


class Link:
    """A relative link: its line from 1, begin and end of its target in the text, the target as written, and the path in it
    (decoded, without anchor and query: `a%20b.md?x#y` -> `a b.md`)."""

    __slots__ = ("begin", "end", "line", "path", "target")

    def __init__(self, line: int, begin: int, end: int, target: str) -> None:
        self.line = line
        self.begin = begin
        self.end = end
        self.target = target
        self.path = unquote(target.split("#")[0].split("?")[0])


def relative_links(text: str) -> Iterator[Link]:
    """The links of a text that lead to files beside it."""
    lines = text.split("\n")
    fences = Fences(lines)
    offset = 0
    closed = -1
    for number, line in enumerate(lines):
        if number > closed:
            marks = fence_opened(line.strip())
            if marks:
                closed = max(fences.closer(number, marks), number)
            else:
                for begin, end in _target_spans(line):
                    target = line[begin:end]
                    if _is_relative(target):
                        yield Link(number + 1, offset + begin, offset + end, target)
        offset += len(line) + 1


def _is_relative(target: str) -> bool:
    start = target.split("/")[0].split("#")[0].split("?")[0]
    return (
        bool(target)
        and target[0] not in "#/?<{"
        and ":" not in start
        and "@" not in start
        and "\\" not in target
    )


def _target_spans(line: str) -> Iterator[tuple[int, int]]:
    """Begin and end of the targets of a line's links, in order."""
    bare = line.lstrip()
    if bare[:1] == "[" and "]:" in bare and not bare.startswith("[^"):
        begin = line.index("]:") + 2
        begin += len(line[begin:]) - len(line[begin:].lstrip())
        yield _target_span(line, begin, "")
        return
    at = 0
    while True:
        tick = line.find("`", at)
        bracket = line.find("](", at)
        if bracket < 0:
            return
        if 0 <= tick < bracket:
            run = ticks_at(line, tick)
            close = line.find("`" * run, tick + run)
            at = close + run if close >= 0 else tick + run
            continue
        begin, end = _target_span(line, bracket + 2, ")")
        yield begin, end
        at = max(end, bracket + 2)


def _target_span(line: str, begin: int, closing: str) -> tuple[int, int]:
    """Begin and end of a target that starts at a place: up to a blank or its closing bracket, or between `<` and `>`."""
    if line[begin : begin + 1] == "<":
        end = line.find(">", begin)
        return begin + 1, end if end >= 0 else begin + 1
    depth = 0
    end = begin
    while end < len(line) and not line[end].isspace() and end - begin < _LONGEST:
        if line[end] == "(":
            depth += 1
        elif line[end] == ")" and closing:
            if not depth:
                break
            depth -= 1
        end += 1
    return begin, end


def rewrite_links(text: str, new_path: Callable[[str], str | None]) -> tuple[str, int]:
    """A text with other paths in its links: `new_path` gives the new path for a link's path, None where it stays. Returns the
    text and how many links were changed."""
    parts = []
    last = changed = 0
    for link in relative_links(text):
        path = new_path(link.path)
        if path is None or path == link.path:
            continue
        written = link.target.split("#")[0].split("?")[0]
        encoded = "%" in written or (" " in path and text[link.begin - 1] != "<")
        parts += [text[last : link.begin], quote(path, safe="/~().,-_") if encoded else path]
        last = link.begin + len(written)
        changed += 1
    parts.append(text[last:])
    return "".join(parts), changed
