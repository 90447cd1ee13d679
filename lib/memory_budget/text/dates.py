"""Dates as people write them in prompts, without `re` and `datetime`: words in, mentions out."""

from __future__ import annotations

from memory_budget.text.calendar_dates import DAYS_BEFORE, is_leap
from memory_budget.text.time_words import MONTH_NUMBERS, MONTHS, date_words

#: Month names that are words of their own, too, and short forms: a date only beside a number or after `in`, `of` and the like.
_UNSURE = frozenset(("may", "march", "sept", *[name[:3] for name in MONTHS]))


class Mention:
    """A date that a text names; 0 for what it leaves open."""

    __slots__ = ("day", "month", "year")

    def __init__(self, year: int, month: int, day: int) -> None:
        self.year = year
        self.month = month
        self.day = day

    def fits(self, ordinal: int) -> int:
        """2 when the day is the one named, 1 when the month (or a year named alone) is, else 0."""
        year, month, day = from_ordinal(ordinal)
        if self.year and self.year != year:
            return 0
        if not self.month:
            return 1
        if self.month != month:
            return 0
        return 2 if self.day == day else 1

    def __repr__(self) -> str:
        return f"Mention({self.year}, {self.month}, {self.day})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mention) and (self.year, self.month, self.day) == (
            other.year,
            other.month,
            other.day,
        )

    def __hash__(self) -> int:
        return hash((self.year, self.month, self.day))


def find_mentions(text: str) -> list[Mention]:
    """The dates in a text: `8 May 2023`, `May 8th, 2023`, `May 2023`, `in May`, `2023-05-08`, `in 2023`.

    `may`, `march` and short forms (`jan`) count as months only beside a number or after `in`, `of`, `last`, `since`, `until`;
    every other name is a month anywhere: `the april release`.
    """
    mentions: list[Mention] = []
    all_words = date_words(text)
    year_places: set[int] = set()
    for i, word in enumerate(all_words):
        before = all_words[i - 1] if i else ""
        after = all_words[i + 1] if i + 1 < len(all_words) else ""
        if "-" in word:
            parts = word.split("-")
            if (
                len(parts) in (2, 3)
                and all(part.isdecimal() and part.isascii() for part in parts)
                and len(parts[0]) == 4
            ):
                year, month = int(parts[0]), int(parts[1])
                if 1 <= month <= 12:
                    mentions.append(Mention(year, month, int(parts[2]) if len(parts) == 3 else 0))
            continue
        month = MONTH_NUMBERS.get(word, 0)
        if not month:
            continue
        day = _day(before)
        year = 0
        if before == "of" and i > 1:
            day = _day(all_words[i - 2])
        if day == 0 and _day(after):
            day = _day(after)
            next_word = all_words[i + 2] if i + 2 < len(all_words) else ""
            year = _year(next_word)
            year_places.add(i + 2)
        else:
            year = _year(after)
            year_places.add(i + 1)
        if (
            day
            or year
            or word not in _UNSURE
            or before in ("in", "of", "last", "since", "until", "early", "late", "mid")
        ):
            mentions.append(Mention(year, month, day))
    for i, word in enumerate(all_words):
        if (
            i not in year_places
            and _year(word)
            and i
            and all_words[i - 1] in ("in", "of", "since", "during", "summer", "fall")
        ):
            mentions.append(Mention(_year(word), 0, 0))
    return list(dict.fromkeys(mentions))


def _day(word: str) -> int:
    digits = word[:-2] if word[-2:] in ("st", "nd", "rd", "th") else word
    return (
        int(digits)
        if digits.isascii() and digits.isdigit() and len(digits) < 3 and 0 < int(digits) < 32
        else 0
    )


def _year(word: str) -> int:
    return (
        int(word) if len(word) == 4 and word.isascii() and word.isdigit() and 1900 <= int(word) < 2100 else 0
    )


def from_ordinal(ordinal: int) -> tuple[int, int, int]:
    """(year, month, day) of a proleptic Gregorian ordinal, as `datetime.date.fromordinal` has it."""
    days = ordinal - 1
    n400, days = divmod(days, 146097)
    n100, days = divmod(days, 36524)
    n4, days = divmod(days, 1461)
    n1, days = divmod(days, 365)
    year = n400 * 400 + n100 * 100 + n4 * 4 + n1 + 1
    if n1 == 4 or n100 == 4:
        return year - 1, 12, 31
    leap = is_leap(year)
    month = 12
    while True:
        first = DAYS_BEFORE[month - 1] + (1 if leap and month > 2 else 0)
        if days >= first:
            return year, month, days - first + 1
        month -= 1
