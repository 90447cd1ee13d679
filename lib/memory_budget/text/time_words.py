"""Words that have to do with time: names of months, words that ask when and words that say when. Enough to see that most texts name
no date, without what reads one (`dates`, `calendar_dates`)."""

from __future__ import annotations

from memory_budget.text.words import ALPHANUMERIC

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

MONTHS = "january february march april may june july august september october november december".split()
MONTH_NUMBERS = {name: number for number, name in enumerate(MONTHS, 1)}
MONTH_NUMBERS.update({name[:3]: number for number, name in enumerate(MONTHS, 1)})
MONTH_NUMBERS["sept"] = 9

ASKS_WHEN = frozenset(
    ("when", "date", "dates", "year", "month", "day", "days", "week", "weeks", "months", "ago")
)

#: Index terms (stems) of words that place something in time.
TIME_TERMS = tuple(
    "yesterdai todai tomorrow tonight week weekend month year dai ago last next recent date morn even monday tuesdai "
    "wednesdai thursdai fridai saturdai sundai januari februari march april june juli august septemb octob novemb "
    "decemb".split()
)

_APART = bytes(range(128)).translate(None, ALPHANUMERIC + b"-")
_TABLE = bytes.maketrans(_APART, b" " * len(_APART))


def date_words(text: str) -> list[str]:
    """Lower-cased words as written, hyphens kept, possessives and punctuation gone."""
    lowered = text.lower().replace("\u2019", "'").replace("'s", "")
    return lowered.encode("utf-8", "replace").translate(_TABLE).decode("utf-8", "replace").split()


def may_name_date(text: str, words: Iterable[str]) -> bool:
    """Whether a text of these `date_words` could name a date: no date is without a number or a month."""
    return not MONTH_NUMBERS.keys().isdisjoint(words) or any(digit in text for digit in "0123456789")
