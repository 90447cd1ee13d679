"""Words of like meaning: a small read-only database that ships with the plugin.

Made by `tests/bench/make_thesaurus.py`. One row a term: the terms most like it, best first, joined by spaces, a tab, and
one character for each, whose code is the likeness in per cent (`0` is 48); all are index terms. An open index attaches it, so
nothing is copied and a start reads only the rows of its prompt's terms. The row of `invoic`:

    payment appendic invok ...<TAB>0-- ...
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable

PATH = __file__.removesuffix("synonyms.py") + "synonyms.sqlite"
#: Partners kept of a term. A prompt asks for `Recipe.synonyms` in all; a short one, of few terms, for many of each.
PARTNERS = 80


def write_synonyms(pairs: Iterable[tuple[str, str, float]], path: str = PATH) -> None:
    """Make the database from pairs of terms, each pair once. Raises OSError."""
    import sqlite3

    partners: dict[str, list[tuple[float, str]]] = {}
    for first, second, likeness in pairs:
        partners.setdefault(first, []).append((-likeness, second))
        partners.setdefault(second, []).append((-likeness, first))
    if os.path.exists(path):
        os.unlink(path)
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA page_size=4096")
        database.execute("CREATE TABLE synonyms(term TEXT PRIMARY KEY, others TEXT NOT NULL) WITHOUT ROWID")
        for term, others in sorted(partners.items()):
            best = sorted(others)[:PARTNERS]
            names = " ".join([other for _, other in best])
            marks = "".join([chr(round(-100 * likeness)) for likeness, _ in best])
            database.execute("INSERT INTO synonyms VALUES(?,?)", (term, f"{names}\t{marks}"))
    database.execute("VACUUM")
    database.close()


def parse_synonyms(others: str) -> list[tuple[str, float]]:
    """The terms of one row with their likeness from 0 to 1, best first."""
    names, _, marks = others.partition("\t")
    return list(zip(names.split(" "), [mark / 100 for mark in marks.encode()], strict=True))


def load_synonyms(
    vocabulary: Container[str] | None = None, path: str = PATH
) -> dict[str, list[tuple[str, float]]]:
    """The whole database, for code that has no index open; with `vocabulary`, only terms in it."""
    import sqlite3

    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        rows = database.execute("SELECT term, others FROM synonyms").fetchall()
    finally:
        database.close()
    synonyms = {}
    for term, others in rows:
        if vocabulary is None or term in vocabulary:
            entries = [
                entry for entry in parse_synonyms(others) if vocabulary is None or entry[0] in vocabulary
            ]
            if entries:
                synonyms[term] = entries
    return synonyms
