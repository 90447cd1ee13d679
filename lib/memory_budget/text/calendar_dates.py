"""Calendar dates as notes write them, without `re` and `datetime`: `2024-05-03`, `3 May 2024`, `31.01.2020`, `01/31/2020`.

A date that can be read in two ways (`03/04/2024`) is none.
"""

from __future__ import annotations

from memory_budget.text.time_words import MONTH_NUMBERS

#: Days of a common year before each month.
DAYS_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_BETWEEN = "-_./"
#: A translation that makes every digit a 9 and everything else a blank.
_DIGITS = bytes(57 if 48 <= sign <= 57 else 32 for sign in range(256))
_ORDINALS = ("st", "nd", "rd", "th")


def is_leap(year: int) -> bool:
    """Whether a year has a 29 February, by the Gregorian calendar."""
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def ordinal_of(year: int, month: int, day: int) -> int:
    """The proleptic ordinal day of a date, 0 where there is no such day."""
    leap = is_leap(year)
    if not (0 < year < 10_000 and 0 < month < 13) or not 0 < day <= _DAYS[month - 1] + (leap and month == 2):
        return 0
    past = year - 1
    before = past * 365 + past // 4 - past // 100 + past // 400
    return before + DAYS_BEFORE[month - 1] + (1 if leap and month > 2 else 0) + day


def find_date(text: str) -> int:
    """The first calendar date in a text as an ordinal day; a month alone (`2024-05`) counts as its first day; 0 for none."""
    if b"9999" not in text.encode("utf-8", "replace").translate(_DIGITS):
        return 0  # no date is without a year, and most texts are without any
    parts = _runs_of_a_kind(text)
    month_alone = 0
    for at, part in enumerate(parts):
        if part[0].isdigit():
            day = _numeric(parts, at) or _day_first(parts, at)
            if not day and not month_alone:
                month_alone = _month_alone(parts, at)
        else:
            day = _month_first(parts, at) if part.isalpha() else 0
        if day:
            return day
    return month_alone


def _runs_of_a_kind(text: str) -> list[str]:
    """Runs of digits, runs of letters, and runs of what is neither: `3 May` -> 3, " ", May."""
    runs: list[str] = []
    last_kind = ""
    for sign in text:
        kind = "9" if "0" <= sign <= "9" else "a" if sign.isalpha() else " "
        if kind == last_kind:
            runs[-1] += sign
        else:
            runs.append(sign)
            last_kind = kind
    return runs


def _at(parts: list[str], at: int) -> str:
    return parts[at] if at < len(parts) else ""


def _numeric(parts: list[str], at: int) -> int:
    """`2024-05-03`, `20240503`, `31.01.2020`, `31/01/2020`, `01/31/2020`: the day, from its first number."""
    first, between, second, again, third = [_at(parts, at + step) for step in range(5)]
    if len(first) == 8 and first[:2] == "20":
        return ordinal_of(int(first[:4]), int(first[4:6]), int(first[6:]))
    if between not in _BETWEEN or len(between) != 1 or not second.isdigit() or len(second) > 2:
        return 0
    if again not in _BETWEEN or len(again) != 1 or not third.isdigit():
        return 0
    if len(first) == 4 and len(third) < 3:
        return ordinal_of(int(first), int(second), int(third))
    if len(first) < 3 and len(third) == 4 and between == again:
        return _year_last(int(first), int(second), int(third), between)
    return 0


def _year_last(first: int, second: int, year: int, between: str) -> int:
    """A date with its year at the end; 0 where day and month could change places."""
    if between == "." or first > 12 or first == second:
        return ordinal_of(year, second, first)
    return ordinal_of(year, first, second) if second > 12 else 0


def _month_alone(parts: list[str], at: int) -> int:
    """`2024-05`, `2024_05`."""
    year, between, month = [_at(parts, at + step) for step in range(3)]
    if len(year) != 4 or year[:2] not in ("19", "20") or between not in ("-", "_"):
        return 0
    return ordinal_of(int(year), int(month), 1) if month.isdigit() and len(month) == 2 else 0


def _day_first(parts: list[str], at: int) -> int:
    """`3 May 2024`, `3rd of May, 2024`."""
    day = parts[at]
    at += 1
    if _at(parts, at).lower() in _ORDINALS:
        at += 1
    if not _blank(_at(parts, at)):
        return 0
    if _at(parts, at + 1).lower() == "of" and _blank(_at(parts, at + 2)):
        at += 2
    month = MONTH_NUMBERS.get(_at(parts, at + 1).lower(), 0)
    year = _at(parts, at + 3)
    if (
        len(day) > 2
        or not month
        or len(year) != 4
        or not year.isdigit()
        or not _blank(_at(parts, at + 2), ".,")
    ):
        return 0
    return ordinal_of(int(year), month, int(day))


def _month_first(parts: list[str], at: int) -> int:
    """`May 3, 2024`, `May 3rd 2024`."""
    month = MONTH_NUMBERS.get(parts[at].lower(), 0)
    day = _at(parts, at + 2)
    if not month or not day.isdigit() or len(day) > 2 or not _blank(_at(parts, at + 1), "."):
        return 0
    at += 3
    if _at(parts, at).lower() in _ORDINALS:
        at += 1
    year = _at(parts, at + 1)
    if len(year) != 4 or not year.isdigit() or not _blank(_at(parts, at), ","):
        return 0
    return ordinal_of(int(year), month, int(day))


def _blank(between: str, allowed: str = "") -> bool:
    """Whether the text between two words of a date is white space, or one of the allowed signs and white space."""
    return between != "" and between.strip(allowed + " \t\n") == "" and between[-1:].isspace()
