"""Removes from Markdown what is not meant to be read: HTML comments, and data that is written into the text.

    <!-- ## How to use this file -->          gone, headings in it too; inside code it is text
    [//]: # (a comment by another name)       gone
    ![shot](data:image/png;base64,iVBOR...)   ![shot](data:image/png;base64,...)

Lines keep their numbers: the line breaks of what is removed stay.
"""

from __future__ import annotations

from memory_budget.text.fences import Fences, closes_fence, fence_opened, ticks_at

_OPEN, _CLOSE = "<!--", "-->"
#: Beginnings of lines that are comments written as link definitions.
_LINK_COMMENTS = ("[//]: #", "[comment]: #", "[comment]: <>", "[//]: <>")
#: The beginning of data written into a text, and the length in characters up to which it stays.
_DATA = "data:"
_DATA_KEPT = 48
_DATA_SIGNS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-%.,;:")
#: Columns from which a line is code.
_CODE_MARGIN = 4


def clean_note(text: str) -> tuple[str, list[tuple[int, str]]]:
    """A text (line ends as LF) without comments and written-in data; (line from 0, what is wrong) for a comment that is
    never closed, which stays."""
    problems: list[tuple[int, str]] = []
    if _OPEN in text or "]: #" in text or "]: <>" in text:
        text = _without_comments(text, problems)
    if _DATA in text:
        text = _without_data(text)
    return text, problems


def _without_comments(text: str, problems: list[tuple[int, str]]) -> str:
    lines = text.split("\n")
    fences = Fences(text.split("\n"))
    last_close = max((number for number, line in enumerate(lines) if _CLOSE in line), default=-1)
    fence = ""
    in_list = coded = False
    blank = True
    at = 0
    while at < len(lines):
        line = lines[at]
        bare = line.strip()
        if fence:
            if closes_fence(bare, fence):
                fence = ""
        elif not bare:
            pass
        elif fence_opened(bare):
            fence = fence_opened(bare)
            if fences.closer(at, fence) < 0:
                fence = ""  # never closed: the lines below are text
        else:
            indented = line[:_CODE_MARGIN] == " " * _CODE_MARGIN or line[:1] == "\t"
            coded = indented and not in_list and (blank or coded)
            if not coded:
                if not indented:
                    in_list = _starts_item(bare) or (in_list and not blank)
                if bare.startswith(_LINK_COMMENTS):
                    lines[at] = ""
                elif _OPEN in line:
                    at = _cut_comments(lines, at, last_close, problems)
        blank = not bare
        at += 1
    return "\n".join(lines)


def _starts_item(bare: str) -> bool:
    return bare[:2] in ("- ", "* ", "+ ") or (
        bare.lstrip("0123456789")[:2] in (". ", ") ") and bare[0].isdigit()
    )


def _cut_comments(lines: list[str], at: int, last_close: int, problems: list[tuple[int, str]]) -> int:
    """Take the comments out that start on a line. Returns the last line they reach. `last_close`: the last line that ends one."""
    begin = _comment_at(lines[at], 0)
    while begin >= 0:
        line = lines[at]
        end = line.find(_CLOSE, begin + len(_OPEN) - 1)
        if end >= 0:
            lines[at] = line[:begin] + line[end + len(_CLOSE) :]
            begin = _comment_at(lines[at], begin)
            continue
        if last_close <= at:
            if not problems:
                problems.append((at, "a comment (`<!--`) that is never closed: it is read as text"))
            return at
        last = at + 1
        while _CLOSE not in lines[last]:
            last += 1
        lines[at] = line[:begin].rstrip()
        for inner in range(at + 1, last):
            lines[inner] = ""
        lines[last] = lines[last][lines[last].index(_CLOSE) + len(_CLOSE) :]
        at = last
        begin = _comment_at(lines[at], 0)
    return at


def _comment_at(line: str, start: int) -> int:
    """Where a comment starts in a line, outside inline code; -1 for nowhere."""
    at = start
    comment = line.find(_OPEN, at)
    while True:
        if 0 <= comment < at:
            comment = line.find(_OPEN, at)
        if comment < 0:
            return -1
        tick = line.find("`", at)
        if tick < 0 or tick > comment:
            if comment and line[comment - 1] == "\\":
                at = comment + 1
                continue
            return comment
        run = ticks_at(line, tick)
        closing = _closing_ticks(line, tick + run, run)
        at = closing if closing >= 0 else tick + run


def _closing_ticks(line: str, at: int, run: int) -> int:
    """The end of inline code that a run of `run` backticks opened before `at`; -1 where it does not end."""
    ticks = "`" * run
    run_start = line.find(ticks, at)
    while run_start >= 0:
        length = ticks_at(line, run_start)
        if length == run:
            return run_start + run
        run_start = line.find(ticks, run_start + length)
    return -1


def _without_data(text: str) -> str:
    """The text with data reduced to its kind: `data:image/png;base64,...`."""
    parts = []
    last = 0
    at = text.find(_DATA)
    while at >= 0:
        comma = text.find(",", at, at + 100)
        end = comma + 1
        if comma > 0 and not text[at:comma].count("\n"):
            while end < len(text) and text[end] in _DATA_SIGNS:
                end += 1
            if end - comma > _DATA_KEPT:
                parts.append(text[last : comma + 1] + "...")
                last = end
        at = text.find(_DATA, max(end, at + 1))
    parts.append(text[last:])
    return "".join(parts)
