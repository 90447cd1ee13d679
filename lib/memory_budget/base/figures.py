"""Writes figures and names from outside for a person."""

from __future__ import annotations


def percent(share: float) -> int:
    """A share in per cent, rounded down: 0.999 is 99, so 100 means that all is reached."""
    return int(share * 100 + 1e-9)


def thousands(number: float) -> str:
    """18,234 as 18.2K, 20,000 as 20K, 3,400,000 as 3.4M, 950 as 950."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "K")):
        if number >= size:
            return f"{number / size:.1f}".removesuffix(".0") + unit
    return f"{number:.0f}"


def printable(text: str) -> str:
    """A text as one line without control characters, for names and descriptions from outside."""
    return "".join(sign if sign.isprintable() else " " for sign in text).strip()


def cells(text: str) -> int:
    """Columns that a text takes on a terminal: East Asian wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(sign) else 2 if east_asian_width(sign) in "WF" else 1 for sign in text)
