"""The rows under the prompt: each running agent's memory against its budget.

The client asks twice a second or so with every running agent as JSON, and takes one line per row. All rows share one
layout, the richest that fits the width, so figures stand below each other. Standard library only, and little of it.
"""

from __future__ import annotations

import os

from memory_budget.base import fastjson, hook
from memory_budget.base.figures import percent, printable, thousands
from memory_budget.base.payload import text_field
from memory_budget.run import state as run_state
from memory_budget.run.meter import Monitor

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from memory_budget.base.payload import Answer, Payload
    from memory_budget.base.project import Project

#: What the client draws around a row, in columns: its mark on the left, and the gap on the right.
AROUND = 4
DEFAULT_COLUMNS = 80
LONGEST_NAME = 28
SHORTEST_TEXT = 8
#: Columns of the bar, whether tokens are shown, and whether the tier a row was bumped from; the richest first.
LAYOUTS = (
    (20, True, True),
    (10, True, True),
    (10, True, False),
    (5, True, False),
    (0, True, False),
    (0, False, False),
)

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
    hook.write_all(1, output.encode("utf-8", "replace"))
    return None


def rows(project: Project, payload: Payload) -> list[Row]:
    """The running agents that were allotted memory, as they stand."""
    session = text_field(payload, "session_id")
    transcript = text_field(payload, "transcript_path")
    tasks = payload.get("tasks")
    found = []
    for task in tasks if isinstance(tasks, list) else ():
        if not isinstance(task, dict) or not isinstance(task.get("id"), str):
            continue
        known = run_state.find(project, session, task["id"], transcript)
        if known is None:
            continue
        state = run_state.replay(project, session, task["id"], known)
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
    names = [cut(row.name, LONGEST_NAME, style) for row in rows]
    name = max(map(cells, names))
    figure = max(len(row.figures) for row in rows)
    share = max(len(row.percent) for row in rows)
    for bar, figures, full in LAYOUTS:
        tiers = [_tier(row, full, style) for row in rows]
        tier = max(map(len, tiers))
        widest = name + 2 + (bar and bar + 2) + (figures and figure + 2) + share + 2 + tier
        if widest <= width:
            break
    else:
        return [(row.id, _narrow(row, width, style)) for row in rows]
    left = width - widest - 2
    result = []
    for row, shown, word in zip(rows, names, tiers, strict=True):
        colour = _colour(row.level, style)
        parts = [_paint(shown, "1", style) + " " * (name - cells(shown))]
        if bar:
            parts.append(_paint(_bar(row.share, bar, style), colour, style))
        if figures:
            parts.append(row.figures.rjust(figure))
        parts.append(_paint(row.percent.rjust(share), colour, style))
        parts.append(_paint(word, "35" if row.bumped_from else "", style))
        if full and left >= SHORTEST_TEXT and row.text:
            parts[-1] += " " * (tier - len(word))
            parts.append(_paint(cut(row.text, left, style), "2", style))
        result.append((row.id, "  ".join(parts)))
    return result


def _tier(row: Row, full: bool, style: Style) -> str:
    """The tier, and that it was bumped; `full` says from which."""
    if not row.bumped_from:
        return row.tier
    up = "↑" if style.unicode else "^"
    return f"{row.tier} {up} from {row.bumped_from}" if full else row.tier + up


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


def cut(text: str, width: int, style: Style) -> str:
    """`text` in at most `width` columns, with a mark where something is missing; never half a character."""
    if not style.unicode and not text.isascii():
        text = text.encode("ascii", "replace").decode("ascii")
    if cells(text) <= width:
        return text
    mark = "…" if style.unicode else "."
    if width <= 0:
        return ""
    if text.isascii():
        return text[: width - 1] + mark
    kept = ""
    left = width - 1
    for sign in text:
        left -= cells(sign)
        if left < 0:
            break
        kept += sign
    return kept + mark


def cells(text: str) -> int:
    """Columns that a text takes on a terminal: East Asian wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(sign) else 2 if east_asian_width(sign) in "WF" else 1 for sign in text)
