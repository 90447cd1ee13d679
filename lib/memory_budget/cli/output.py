"""What the verbs print with: one JSON value, or lines and tables a person can read.

Tables are drawn by rich where it is installed; without it the same rows come out as aligned columns.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any


def print_json(value: Any) -> None:
    """One JSON value on standard output."""
    import orjson

    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2, default=str).decode() + "\n")


def table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, right: Sequence[int] = ()
) -> None:
    """A table; the columns numbered in `right` hold figures."""
    try:
        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text
    except ImportError:
        _plain_table(title, columns, rows, right)
        return
    drawn = Table(title=title or None, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    for number, name in enumerate(columns):
        figures = number in right
        drawn.add_column(name, justify="right" if figures else "left", no_wrap=figures, overflow="fold")
    for row in rows:
        drawn.add_row(*[Text(str(cell)) for cell in row])
    console = Console(soft_wrap=False) if sys.stdout.isatty() else Console(width=140)
    console.print(drawn)


def _plain_table(
    title: str, columns: Sequence[str], rows: Sequence[Sequence[object]], right: Sequence[int]
) -> None:
    if title:
        print(title)
    cells = [[str(cell) for cell in row] for row in (columns, *rows)]
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


def tokens(number: int) -> str:
    """12,345."""
    return f"{number:,}"


def percent(share: float) -> str:
    """12.3 %."""
    return f"{100 * share:.1f} %"
