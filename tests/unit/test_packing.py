from memory_budget.select import query
from memory_budget.text import words as text_words
from tests.support.memory_view import MemoryView
from tests.support.selecting import select

TEXTS = {
    "a/warehouse.md": "# Warehouse\n\n## Sizing\n\nSnowflake warehouses are sized per workload.\n\n## Cost\n\nSuspend idle ones.",
    "a/dbt.md": "# dbt\n\n## Models\n\nIncremental models merge late rows by a unique key.\n\nFull refresh on Sundays.",
    "a/other.md": "# Other\n\nThe office cat is called Momo.",
}
WEIGHTS = {"global": 0.2, "agent_recent": 0.3, "agent_patterns": 0.5}


def words(text: str) -> int:
    return len(text.split()) + text.count("\n")


def chosen(view: MemoryView, prompt: str, budget: int = 1000, *, fill: bool = False) -> list[str]:
    found = select(view, prompt, budget, weights=WEIGHTS, fill=fill)
    return [view.said[chunk.id] for file in found.files for chunk in file.chunks]


def test_the_task_decides_what_is_sent() -> None:
    view = MemoryView(TEXTS, words)
    assert chosen(view, "size the snowflake warehouse")[0].startswith("Snowflake warehouses")
    assert chosen(view, "why does the incremental model drop late rows")[0].startswith("Incremental models")


def test_nothing_is_chosen_from_nothing() -> None:
    empty = select(MemoryView({}, words), "anything", 1000, weights=WEIGHTS)
    assert (empty.files, empty.tokens, empty.demand_tokens, empty.matched) == ([], 0, 0, False)


def test_exact_copies_are_sent_once_and_the_agents_own_is_kept() -> None:
    text = TEXTS["a/warehouse.md"]
    view = MemoryView(
        {"global.md": text, "own.md": text},
        words,
        scopes=lambda path: "agent_patterns" if path == "own.md" else "global",
    )
    found = select(view, "snowflake warehouse", 1000, weights=WEIGHTS, explain=True)
    assert [file.file.path for file in found.files] == ["own.md"]
    assert {verdict.reason for verdict in found.verdicts} >= {"kept", "duplicate"}


def test_weak_terms_are_index_terms() -> None:
    words = (
        "list order mention mentioned conversation conversations explain discuss discussed describe provide different "
        "various aspect example across throughout according ensure summarize summary overview"
    )
    assert frozenset(text_words.terms(words)) == query.WEAK_TERMS
