import sqlite3

import pytest

from memory_budget.text import porter
from memory_budget.text import words as text_words


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("caresses", "caress"),
        ("ponies", "poni"),
        ("cats", "cat"),
        ("agreed", "agre"),
        ("plastered", "plaster"),
        ("motoring", "motor"),
        ("conflated", "conflat"),
        ("hopping", "hop"),
        ("falling", "fall"),
        ("filing", "file"),
        ("happy", "happi"),
        ("sky", "sky"),
        ("relational", "relat"),
        ("rationalization", "ration"),
        ("formaliti", "formal"),
        ("triplicate", "triplic"),
        ("hopefulness", "hope"),
        ("adjustment", "adjust"),
        ("adoption", "adopt"),
        ("effective", "effect"),
        ("probate", "probat"),
        ("controlling", "control"),
        ("is", "is"),
        ("by", "by"),
        ("yes", "ye"),
        ("s", "s"),
    ],
)
def test_stem_follows_porters_examples(word: str, expected: str) -> None:
    assert porter.stem(word) == expected


def test_stem_agrees_with_sqlites_porter_tokenizer() -> None:
    words = (
        "running runner runs generalizations oscillators dependencies materialized incremental queries "
        "optimization optimizing scheduled refreshes authentication sessions deployed deploying validity "
        "sensitivities communism replaced troubled sizes electricity goodness allowance inference irritant "
        "homologous bowdlerize cease probation rolling tying dying flies died yearly enjoyed argued"
    ).split()
    database = sqlite3.connect(":memory:")
    database.execute("create virtual table t using fts5(x, tokenize='porter ascii')")
    database.execute("create virtual table v using fts5vocab(t, 'row')")
    for word in words:
        database.execute("delete from t")
        database.execute("insert into t values (?)", (word,))
        assert database.execute("select term from v").fetchall() == [(porter.stem(word),)], word


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("The agents were being started", ["agent", "start"]),
        ("fix fct_orders", ["fix", "fct", "order", "fct_orders"]),
        ("parseHTTPHeader()", ["pars", "http", "header", "parsehttphead"]),
        ("GitHub APIs", ["git", "hub", "github", "api"]),
        (
            "models/marts/fct_orders.sql",
            ["model", "mart", "fct", "order", "sql", "models/marts/fct_orders.sql"],
        ),
        ("v2.3.1 on 2024-05-01.", ["v2", "v2.3.1", "2024-05-01"]),
        ("don't Caroline's dogs'", ["carolin", "dog"]),
        ("don’t “quote”—really", ["quot", "realli"]),
        ("Café naïve", ["cafe", "naiv"]),
        ("数据库 テスト", ["数据", "据库", "テス", "スト"]),
        ("используйте базу", ["используйте", "базу"]),
        ("a 5 x 10", ["5", "10"]),
        ("**bold** `code_span`", ["bold", "code", "span", "code_span"]),
        ("[link](docs/a.md)", ["link", "doc", "md", "docs/a.md"]),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert text_words.terms(text) == expected


def test_case_and_markup_do_not_change_terms() -> None:
    assert text_words.terms("Warehouse *sizing* RULES") == text_words.terms("warehouse sizing rules")


def test_endless_word_is_cut() -> None:
    assert all(len(term) <= 64 for term in text_words.terms("x1" * 100_000 + " " + "é" * 10_000))


def test_lone_surrogates_do_not_stop_it() -> None:
    assert "ok" in text_words.terms("ok \udcff broken")


def test_cache_is_forgotten_when_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_words, "_CACHE_LIMIT", 10)
    for i in range(50):
        assert text_words.terms(f"word{i}") == [f"word{i}"]
    assert len(text_words._words) <= 12


def test_simhash_is_near_for_near_texts_and_far_for_others() -> None:
    base = text_words.terms(
        "Incremental models merge late rows by unique key and rebuild the last three days"
    )
    near = [*base[:-1], "week"]
    other = text_words.terms(
        "Dashboards refresh their extracts at night when the warehouse is idle and cheap"
    )
    assert text_words.simhash(base) == text_words.simhash(list(base))
    assert (text_words.simhash(base) ^ text_words.simhash(near)).bit_count() <= 12
    assert (text_words.simhash(base) ^ text_words.simhash(other)).bit_count() > 15


def test_simhash_of_nothing_and_of_very_much() -> None:
    assert text_words.simhash([]) == 0
    assert 0 <= text_words.simhash(["a", "b", "a"] * 100_000) < 2**64
