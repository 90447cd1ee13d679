"""Writes and reads as a whole the tables of words that ship with the plugin (`text.thesaurus`)."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Container, Iterable, Mapping
from contextlib import closing
from typing import Any

from memory_budget.text.thesaurus import PATH, parse_synonyms

#: Partners kept of a term. A prompt asks for `Recipe.synonyms` in all; a short one, of few terms, for many of each.
PARTNERS = 80
#: Values from here on are not kept.
_KEPT_BELOW = 5.6


def write_synonyms(pairs: Iterable[tuple[str, str, float]], path: str = PATH) -> None:
    """Make the database from pairs of terms, each pair once. Raises OSError."""
    partners: dict[str, list[tuple[float, str]]] = {}
    for first, second, likeness in pairs:
        partners.setdefault(first, []).append((-likeness, second))
        partners.setdefault(second, []).append((-likeness, first))
    if os.path.exists(path):
        os.unlink(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA page_size=4096")
        database.execute("CREATE TABLE synonyms(term TEXT PRIMARY KEY, others TEXT NOT NULL) WITHOUT ROWID")
        database.execute("BEGIN")
        for term, others in sorted(partners.items()):
            best = sorted(others)[:PARTNERS]
            names = " ".join([other for _, other in best])
            marks = "".join([chr(round(-100 * likeness)) for likeness, _ in best])
            database.execute("INSERT INTO synonyms VALUES(?,?)", (term, f"{names}\t{marks}"))
        database.execute("COMMIT")
        database.execute("VACUUM")


def load_synonyms(
    vocabulary: Container[str] | None = None, path: str = PATH
) -> dict[str, list[tuple[str, float]]]:
    """All terms with their partners; with `vocabulary`, only terms in it."""
    synonyms = {}
    for term, others in _rows(path, "SELECT term, others FROM synonyms"):
        entries = [entry for entry in parse_synonyms(others) if vocabulary is None or entry[0] in vocabulary]
        if entries and (vocabulary is None or term in vocabulary):
            synonyms[term] = entries
    return synonyms


def write_telling(values: Mapping[str, float], path: str = PATH) -> None:
    """Write how telling words are into a database of words, in place of the table it has."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("DROP TABLE IF EXISTS telling")
        database.execute("CREATE TABLE telling(term TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID")
        database.execute("BEGIN")
        rows = [(term, round(100 * value)) for term, value in sorted(values.items()) if value < _KEPT_BELOW]
        database.executemany("INSERT INTO telling VALUES(?,?)", rows)
        database.execute("COMMIT")
        database.execute("VACUUM")


def load_telling(path: str = PATH) -> dict[str, float]:
    """How telling each word of the table is."""
    return {term: value / 100 for term, value in _rows(path, "SELECT term, value FROM telling")}


def _rows(path: str, query: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return database.execute(query).fetchall()
