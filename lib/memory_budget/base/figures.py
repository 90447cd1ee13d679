"""How figures, and names and texts from outside, are written for a person."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


def percent(share: float, digits: int = 0) -> str:
    """A share in per cent: 0.1234 as `12 %`, with one digit `12.3 %`."""
    return f"{100 * share:.{digits}f} %"


def certainty(confidence: float) -> str:
    """A confidence in per cent: 0.87 as `87 %`, never more than `>99 %`, as nothing is certain from a sample."""
    return ">99 %" if confidence > 0.99 else percent(confidence)


def full_percent(share: float) -> int:
    """A share in per cent, rounded down: 0.999 is 99, so 100 means that all is reached."""
    return int(share * 100 + 1e-9)


def counted(number: int, noun: str) -> str:
    """A number of things: `1 file`, `2,000 files`."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def enumeration(names: Iterable[str], most: int) -> str:
    """The first `most` names and how many there are besides: `a, b, c and 4 more`."""
    listed = list(names)
    return ", ".join(listed[:most]) + (f" and {len(listed) - most} more" if len(listed) > most else "")


def thousands(number: float) -> str:
    """18,234 as 18.2K, 20,000 as 20K, 3,400,000 as 3.4M, 950 as 950."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "K")):
        if number >= size:
            return f"{number / size:.1f}".removesuffix(".0") + unit
    return f"{number:.0f}"


def replace_unprintable(text: str, by: str = " ", keep: str = "") -> str:
    """A text with `by` for every character that cannot be printed (escapes, direction marks, line ends), but those in `keep`."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() or sign in keep else by for sign in text)


def printable(text: str) -> str:
    """A text as one line without control characters, for names and descriptions from outside."""
    return replace_unprintable(text).strip()


def cells(text: str) -> int:
    """Columns that a text takes on a terminal: East Asian wide characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(sign) else 2 if east_asian_width(sign) in "WF" else 1 for sign in text)
