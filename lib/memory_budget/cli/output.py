"""What the verbs print with: one JSON value, or lines and tables a person can read.

Tables are drawn by rich where it is installed; without it the same rows come out as aligned columns.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import Any, Literal

from memory_budget.base import terminal
from memory_budget.base.figures import printable

#: The most days any verb looks back: a century.
MOST_DAYS = 36_500


def print_json(value: Any) -> None:
    """One JSON value on standard output."""
    from memory_budget.base.optional import orjson

    try:
        text = orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode()
    except TypeError:  # a file's name that is no UTF-8
        import json

        text = (
            json.dumps(value, indent=2, ensure_ascii=False, default=str).encode("utf-8", "replace").decode()
        )
    sys.stdout.write(text + "\n")


def width() -> int:
    """Columns to print in: those of the terminal, or of `COLUMNS`; 80 where the output is read by a program."""
    return max(60, shutil.get_terminal_size((80, 24)).columns)


def print_table(
    title: str,
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    right: Sequence[int] = (),
    paths: Sequence[int] = (),
) -> None:
    """Print a table. `right`: numbers of the columns that hold figures; `paths`: of those that hold file names, of which the
    end is kept where there is no room for the whole. A line end in a column's name is kept where rich draws it.

    A table of names and figures that is too wide for the terminal comes in parts, since a figure that is cut is another one.
    Names in the first column stay whole, texts in others are wrapped between words. Characters that cannot be printed are left
    out: names come from logs and files that anybody may have written.
    """
    cells = [[printable(str(cell)) for cell in row] for row in rows]
    room = max(24, (width() - 30) // max(1, len(paths)))
    for row in cells:
        for number in paths:
            row[number] = _end_of_path(row[number], room)
    try:
        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text
    except ImportError:
        _plain_table(title, columns, cells, right)
        return

    class Drawing(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # its own way ends the process with 1

    console = Drawing(soft_wrap=False, width=width(), file=terminal.original(sys.stdout))
    for part in _fitting_columns(columns, cells, right, console.width):
        drawn = Table(
            title=title or None,
            title_justify="left",
            title_style="bold",
            box=SIMPLE_HEAD,
            padding=(0, 1, 0, 0),
            pad_edge=False,
            show_edge=False,
        )
        longest = max((len(row[0]) for row in cells), default=0)
        for number in part:
            figures = number in right
            justify: Literal["left", "right"] = "right" if figures else "left"
            whole = figures or (number == 0 and longest <= console.width // 2)
            words = [word for row in cells for word in row[number].split()]
            least = None if whole else min(max(map(len, words), default=1), console.width // 3)
            drawn.add_column(
                columns[number], justify=justify, no_wrap=whole, overflow="fold", min_width=least
            )
        for row in cells:
            drawn.add_row(*[Text(row[number]) for number in part])
        console.print(drawn)


def _end_of_path(path: str, room: int) -> str:
    """`.claude/memory/patterns/a.md` as `patterns/a.md`; of one that is too long whole folders go first, then the name's end."""
    names = path.removeprefix(".claude/memory/").split("/")
    while len(names) > 1 and len("/".join(names)) > room - 2:
        names = names[1:]
    short = "/".join(names)
    left_out = "…/" if not path.removeprefix(".claude/memory/").startswith(short) else ""
    return left_out + (short if len(left_out + short) <= room else short[: room - len(left_out) - 1] + "…")


def _fitting_columns(
    columns: Sequence[str], rows: Sequence[Sequence[object]], right: Sequence[int], width: int
) -> list[list[int]]:
    """Columns that fit beside the first one, part by part; all of them where others than figures can be wrapped.

    A long name is folded, and keeps no figure away.
    """
    everything = list(range(len(columns)))
    if set(right) != set(everything[1:]):
        return [everything]
    heads = [max(columns[number].split("\n"), key=len) for number in everything]
    sizes = [max(len(str(row[number])) for row in (heads, *rows)) + 2 for number in everything]
    sizes[0] = min(sizes[0], max(24, width // 2))
    parts: list[list[int]] = []
    room = 0
    for number in everything[1:]:
        room -= sizes[number]
        if room < 0 or not parts:
            parts.append([0])
            room = width - sizes[0] - sizes[number]
        parts[-1].append(number)
    return parts or [everything]


def _plain_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], right: Sequence[int]
) -> None:
    if title:
        print(title)
    heads = [column.replace("\n", " ") for column in columns]
    cells = [[str(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(len(row[number]) for row in cells) for number in range(len(columns))]
    for row in cells:
        line = [
            cell.rjust(width) if number in right else cell.ljust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  ".join(line).rstrip())


def progress(label: str) -> Callable[[int, int], None] | None:
    """A progress line for a terminal; None where nobody watches."""
    if not sys.stderr.isatty():
        return None

    def show(done: int, total: int) -> None:
        if total and (done == total or done % 20 == 0):
            sys.stderr.write(f"\r{label}: {done} of {total}" + ("\n" if done == total else ""))
            sys.stderr.flush()

    return show


def line(text: str, indent: str = "") -> None:
    """A line with words from a log or a file: what cannot be printed is left out."""
    print(indent + printable(text))


def wrapped(text: str, lead: str = "") -> None:
    """A sentence in the width of the terminal, `lead` before it and the room of `lead` before its other lines."""
    room = " " * len(lead)
    print(
        textwrap.fill(
            printable(text),
            width(),
            initial_indent=lead,
            subsequent_indent=room,
            break_long_words=False,
            break_on_hyphens=False,
        )
    )


def days(text: str) -> int:
    """A number of days on the command line."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 1 <= number <= MOST_DAYS:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days from 1 to {MOST_DAYS}")
    return number
