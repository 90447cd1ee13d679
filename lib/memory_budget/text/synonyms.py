"""Words of like meaning: a small read-only database that ships with the plugin.

Made by `tests/bench/make_thesaurus.py`. One row a term: the terms most like it, best first, joined by spaces, a tab, and
one character for each, whose code is the likeness in per cent; all are index terms. An open index attaches it, so nothing is
copied and a start reads only the rows of its prompt's terms.
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
    for one, two, likeness in pairs:
        partners.setdefault(one, []).append((-likeness, two))
        partners.setdefault(two, []).append((-likeness, one))
    if os.path.exists(path):
        os.unlink(path)
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA page_size=4096")
        database.execute("CREATE TABLE synonyms(term TEXT PRIMARY KEY, others TEXT NOT NULL) WITHOUT ROWID")
        for term, found in sorted(partners.items()):
            best = sorted(found)[:PARTNERS]
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
    known: Container[str] | None = None, path: str = PATH
) -> dict[str, list[tuple[str, float]]]:
    """All of it, for what reads it without an index; with `known`, only among these terms."""
    import sqlite3

    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        rows = database.execute("SELECT term, others FROM synonyms").fetchall()
    finally:
        database.close()
    found = {}
    for term, others in rows:
        if known is None or term in known:
            entries = [entry for entry in parse_synonyms(others) if known is None or entry[0] in known]
            if entries:
                found[term] = entries
    return found
