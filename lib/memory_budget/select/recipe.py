"""The numbers of the ranking."""

from __future__ import annotations


class Recipe:
    """The numbers of the ranking, chosen by `tests/bench/trimming.py` and `python3 -m tests.bench tax` on public data.

    `size_floor`: tokens below which a leaf is not favoured for being short. The last eight bound the work: terms of
    a prompt, synonyms and posting entries read for them; `whole`: chunks of a memory that is looked at whole; of a larger one at
    most `best` chunks in `pages` pages are, those that hold most of the `seeds` chunks with most of the prompt, and synonyms and
    postings are divided by `narrow`.
    """

    __slots__ = (
        "agent", "best", "coverage", "date_factor", "expansion", "far_turn", "file_share", "heading_share", "index_share",
        "label_share", "lead_factor", "leaf_share", "likeness", "month_factor", "narrow", "near_turn", "own_share", "pages",
        "postings", "query_terms", "seeds", "size_floor", "size_power", "synonyms", "telling", "turn_coverage", "turn_file_share",
        "weak_weight", "when_factor", "whole",
    )  # fmt: skip

    def __init__(self, **changes: float) -> None:
        self.coverage = 0.35
        self.file_share = 0.5
        self.label_share = 0.5
        self.leaf_share = 0.2
        self.heading_share = 0.2
        self.size_power = 0.35
        self.size_floor = 55.0
        self.index_share = 0.25
        self.telling = 0.1
        self.agent = 0.8
        self.weak_weight = 0.1
        self.expansion = 1.0
        self.likeness = 0.35
        self.near_turn = 0.5
        self.far_turn = 0.25
        self.own_share = 0.5
        self.turn_file_share = 0.5
        self.turn_coverage = 0.5
        self.lead_factor = 2.5
        self.date_factor = 3.0
        self.month_factor = 2.0
        self.when_factor = 1.4
        self.query_terms = 24.0
        self.synonyms = 160.0
        self.postings = 20_000.0
        self.whole = 6500.0
        self.best = 1200.0
        self.seeds = 150.0
        self.pages = 48.0
        self.narrow = 4.0
        for name, value in changes.items():
            setattr(self, name, value)


RECIPE = Recipe()
