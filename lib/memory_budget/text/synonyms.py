"""Words of like meaning: a small read-only database that ships with the plugin.

Made by `tests/bench/make_thesaurus.py`. One row a term: the terms most like it, best first, joined by spaces, a tab, and
one character for each, whose code is the likeness in per cent (`0` is 48); all are index terms. An open index attaches it, so
nothing is copied and a start reads only the rows of its prompt's terms. The row of `invoic`:

    payment appendic invok ...<TAB>0-- ...
"""

from __future__ import annotations

PATH = __file__.removesuffix("synonyms.py") + "synonyms.sqlite"


def parse_synonyms(others: str) -> list[tuple[str, float]]:
    """The terms of one row with their likeness from 0 to 1, best first."""
    names, _, marks = others.partition("\t")
    return list(zip(names.split(" "), [mark / 100 for mark in marks.encode()], strict=True))
