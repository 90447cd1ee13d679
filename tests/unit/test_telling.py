from pathlib import Path

from memory_budget.select.query import Query
from memory_budget.text import thesaurus
from tests.support import word_tables


def test_what_is_written_is_loaded_and_the_rest_of_the_database_stays(tmp_path: Path) -> None:
    path = str(tmp_path / "words.sqlite")
    word_tables.write_synonyms([("cost", "price", 0.8)], path)
    for values in ({"file": 0.7, "zebra": 5.9}, {"file": 0.8, "treasuri": 4.9}):
        word_tables.write_telling(values, path)
    assert word_tables.load_telling(path) == {"file": 0.8, "treasuri": 4.9}
    assert word_tables.load_synonyms(path=path)["cost"][0][0] == "price"


def test_common_words_tell_less_than_rare_ones() -> None:
    values = word_tables.load_telling()
    assert values["file"] < 1 < values["deploi"] < values["treasuri"] < thesaurus.MOST
    assert "watchlist" not in values


def test_a_name_that_memory_does_not_have_tells_what_its_parts_do() -> None:
    query = Query("Summarise src/app.ts")
    values = {"src": 2.0, "app": 1.5, "ts": 2.5, "src/app.ts": 6.0}
    assert query.telling(values, vocabulary=())["src/app.ts"] == 2.5
    assert query.telling(values, vocabulary=("src/app.ts",))["src/app.ts"] == 6.0
    assert query.telling(values, vocabulary=())["src"] < 1


def test_numbers_tell_little() -> None:
    assert Query("What is 17 times 6902?").telling({}, vocabulary=())["6902"] <= 1
