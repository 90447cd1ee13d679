from pathlib import Path

from memory_budget.text import words
from tests.support import word_tables


def test_what_is_written_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "t.sqlite"
    word_tables.write_synonyms(
        [("cost", "price", 0.8), ("cheap", "cost", 0.6), ("price", "fee", 0.7)], str(path)
    )
    found = word_tables.load_synonyms(path=str(path))
    assert [name for name, _ in found["cost"]] == ["price", "cheap"]
    assert abs(found["fee"][0][1] - 0.7) < 0.01
    assert word_tables.load_synonyms({"cost", "cheap"}, str(path)) == {
        "cost": [("cheap", 0.6)],
        "cheap": [("cost", 0.6)],
    }


def test_shipped_thesaurus_speaks_in_index_terms() -> None:
    found = word_tables.load_synonyms()
    assert len(found) > 20_000
    assert "failur" in dict(found["fail"])
    assert all(words.terms(term) in ([term], []) or len(term) > 2 for term in found)
    assert all(0.34 <= likeness <= 1.0 for entries in found.values() for _, likeness in entries)
