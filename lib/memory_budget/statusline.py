"""The rows under the prompt: each running agent's memory against its budget.

The client asks twice a second or so with every running agent as JSON, and takes one line per row. All rows share one
layout, the richest that fits the width, so figures stand below each other. Standard library only, and little of it.
"""

from __future__ import annotations

import os

from memory_budget import fastjson, hook_io, running
from memory_budget.monitor import Monitor, percent, thousands

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from memory_budget.hook_io import Answer, Payload
    from memory_budget.project import Project

#: What the client draws around a row, in columns: its mark on the left, and the gap on the right.
AROUND = 4
DEFAULT_COLUMNS = 80
LONGEST_NAME = 28
SHORTEST_TEXT = 8

_EIGHTHS = " ▏▎▍▌▋▊▉"
_FULL, _EMPTY = "█", "░"


class Style:
    """What the terminal can show: characters beyond ASCII, colours, 256 of them."""

    __slots__ = ("colours", "many", "unicode")

    def __init__(self, *, unicode: bool, colours: bool, many: bool) -> None:
        self.unicode = unicode
        self.colours = colours
        self.many = many


def style_of(environ: Mapping[str, str]) -> Style:
    """The style for a terminal with these variables: LC_ALL, else LANG says whether it shows Unicode, TERM and NO_COLOR
    the rest. LC_CTYPE is not asked: where the locale is C, Python has put UTF-8 there itself before we look."""
    locale = environ.get("LC_ALL") or environ.get("LANG") or ""
    terminal = environ.get("TERM", "")
    plain = terminal in ("dumb", "unknown")
    return Style(
        unicode="utf" in locale.lower() and not plain and terminal != "linux",
        colours=not plain and not environ.get("NO_COLOR"),
        many="256" in terminal or "direct" in terminal or bool(environ.get("COLORTERM")),
    )


class Row:
    """One agent as it is drawn: `share` of its budget, and the level of alert it has reached ("" for none)."""

    __slots__ = ("bumped_from", "figures", "id", "level", "name", "percent", "share", "text", "tier")

    def __init__(self, id: str, state: Monitor, text: str, level: str) -> None:
        self.id = id
        self.name = printable(state.agent)
        self.share = state.share
        self.percent = f"{percent(state.share)} %"
        self.figures = f"{thousands(state.loaded)} of {thousands(state.budget)}"
        self.tier = state.tier
        self.bumped_from = state.bumped_from
        self.level = level
        self.text = printable(text)


def print_rows(project: Project, payload: Payload) -> Answer:
    """Answer the client: a JSON line for each agent that was allotted memory; the others keep the client's own row."""
    columns = payload.get("columns")
    width = columns if isinstance(columns, int) and columns > 0 else DEFAULT_COLUMNS
    lines = draw(rows(project, payload), max(1, width - AROUND), style_of(os.environ))
    output = "".join(fastjson.dumps({"id": id, "content": content}) + "\n" for id, content in lines)
    hook_io.write_all(1, output.encode("utf-8", "replace"))
    return None


def rows(project: Project, payload: Payload) -> list[Row]:
    """The running agents that were allotted memory, as they stand."""
    session = hook_io.text(payload, "session_id")
    transcript = hook_io.text(payload, "transcript_path")
    tasks = payload.get("tasks")
    found = []
    for task in tasks if isinstance(tasks, list) else ():
        if not isinstance(task, dict) or not isinstance(task.get("id"), str):
            continue
        known = running.find(project, session, task["id"], transcript)
        if known is None:
            continue
        state = running.replay(project, session, task["id"], known)
        text = task.get("description")
        found.append(
            Row(
                task["id"],
                state,
                text if isinstance(text, str) else "",
                level_of(state.share, known["thresholds"]),
            )
        )
    return found


def level_of(share: float, thresholds: Mapping[str, float]) -> str:
    """The highest threshold a load reaches now, "" for none."""
    reached = [(at, level) for level, at in thresholds.items() if share >= at]
    return max(reached)[1] if reached else ""


# -- drawing


def draw(rows: Sequence[Row], width: int, style: Style) -> list[tuple[str, str]]:
    """Id and content of every row, none wider than `width` columns."""
    if not rows:
        return []
    name = min(LONGEST_NAME, max(cells(row.name) for row in rows))
    for bar, figures, tier in (
        (20, True, 2),
        (10, True, 2),
        (10, True, 1),
        (5, True, 1),
        (0, True, 1),
        (0, False, 1),
    ):
        drawn = [_draw(row, rows, name, bar, figures, tier, style) for row in rows]
        if max(cells(plain) for plain, _ in drawn) <= width:
            break
    else:
        return [(row.id, _narrow(row, width, style)) for row in rows]
    result = []
    for row, (plain, content) in zip(rows, drawn, strict=True):
        left = width - max(cells(other) for other, _ in drawn) - 2
        if tier == 2 and left >= SHORTEST_TEXT and row.text:
            gap = " " * (max(cells(other) for other, _ in drawn) - cells(plain) + 2)
            content += gap + _paint(cut(row.text, left, style), "2", style)
        result.append((row.id, content))
    return result


def _draw(
    row: Row, rows: Sequence[Row], name: int, bar: int, figures: bool, tier: int, style: Style
) -> tuple[str, str]:
    """A row as plain text and as it is printed. `tier`: 2 says what it was bumped from, 1 that it was."""
    colour = _colour(row.level, style)
    parts = [(_pad(cut(row.name, name, style), name), "1")]
    if bar:
        parts.append((_bar(row.share, bar, style), colour))
    if figures:
        parts.append((_right(row.figures, [other.figures for other in rows]), ""))
    parts.append((_right(row.percent, [other.percent for other in rows]), colour))
    up = "↑" if style.unicode else "^"
    word = row.tier
    if row.bumped_from:
        word += f" {up} from {row.bumped_from}" if tier == 2 else up
    parts.append((word, "35" if row.bumped_from else ""))
    return "  ".join(text for text, _ in parts), "  ".join(_paint(text, code, style) for text, code in parts)


def _narrow(row: Row, width: int, style: Style) -> str:
    """The share and as much of the name as there is room for."""
    figure = row.percent.replace(" ", "")
    room = width - len(figure) - 1
    if room < 2:
        return _paint(figure[:width], _colour(row.level, style), style)
    return f"{cut(row.name, room, style)} {_paint(figure, _colour(row.level, style), style)}"


def _bar(share: float, width: int, style: Style) -> str:
    share = max(0.0, min(1.0, share))
    if not style.unicode:
        full = int(share * (width - 2) + 1e-9)
        return "[" + "#" * full + "-" * (width - 2 - full) + "]"
    eighths = int(share * width * 8 + 1e-9)
    full, part = divmod(eighths, 8)
    drawn = _FULL * full + (_EIGHTHS[part] if part else "")
    return drawn + _EMPTY * (width - len(drawn))


def _colour(level: str, style: Style) -> str:
    if level == "critical":
        return "1;31"
    if level == "warning":
        return "38;5;208" if style.many else "1;33"
    return "33" if level == "info" else "32"


def _paint(text: str, code: str, style: Style) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if code and style.colours else text


def _right(text: str, column: Sequence[str]) -> str:
    return text.rjust(max(map(len, column)))


def _pad(text: str, width: int) -> str:
    return text + " " * (width - cells(text))


def cut(text: str, width: int, style: Style) -> str:
    """`text` in at most `width` columns, with a mark where something is missing; never half a character."""
    if not style.unicode and not text.isascii():
        text = text.encode("ascii", "replace").decode("ascii")
    if cells(text) <= width:
        return text
    mark = "…" if style.unicode else "."
    kept = ""
    for sign in text:
        if cells(kept + sign) > width - 1:
            break
        kept += sign
    return kept + mark if width > 0 else ""


def cells(text: str) -> int:
    """Columns that a text takes on a terminal: East Asian wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(sign) else 2 if east_asian_width(sign) in "WF" else 1 for sign in text)


def printable(text: str) -> str:
    """One line without control characters: names and descriptions come from outside."""
    return "".join(sign if sign.isprintable() else " " for sign in text).strip()
