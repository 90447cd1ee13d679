"""Moves leaves up whose own heading says what the prompt asks for.

A heading's terms are in the index as those of the chunks below it, so that they count like any word of the text. That a
section is named so tells more. The heading lines of the best leaves are looked at as they are written: a term is there where a word
begins with it, which is what a stem is for.
"""

from __future__ import annotations

from _bisect import bisect_right
from itertools import accumulate

from memory_budget.text.words import terms

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from memory_budget.index.records import Heading
    from memory_budget.select.recipe import Recipe
    from memory_budget.select.scoring import Leaf, Term

#: How many of the best leaves are looked at: 0.2 ms; with 100 the same within a mark.
LOOKED = 60
#: What a word of a heading is worth whose words are all in the prompt, how many count, and how telling one must be.
WORD = 1.6
MOST_WORDS = 2
LEAST_TELLING = 0.5


def _folding() -> bytes:
    """A table for `bytes.translate`: ASCII letters small, what is neither letter, digit nor `_` a space."""
    letters = [sign.lower() if sign.isalnum() or sign == "_" else " " for sign in map(chr, range(128))]
    return "".join(letters).encode() + bytes(range(128, 256))


_FOLDED = _folding()


def lift(
    leaves: list[Leaf], headings: Mapping[int, Heading], entries: Sequence[Term], recipe: Recipe
) -> list[Leaf]:
    """The leaves in their new order: what its heading holds of the prompt's terms is added to a leaf's score."""
    best = leaves[:LOOKED]
    # All lines in one text, which is searched once for each term. A turn of a journal stands under the heading of its day.
    named = [leaf for leaf in best if leaf.rows[0][8] and not leaf.is_turn]
    lines = [headings[leaf.rows[0][8]].text.encode().translate(_FOLDED) for leaf in named]
    starts = list(accumulate([len(line) + 1 for line in lines], initial=0))
    text = b" " + b" ".join(lines)
    held = [0.0] * len(named)
    for entry in entries:
        if not entry.weight:
            continue
        beginning = b" " + entry.term.removesuffix("i").encode()  # "librari" stands for "library", too
        at = text.find(beginning)
        while at >= 0:
            number = bisect_right(starts, at) - 1
            held[number] += entry.weight
            at = text.find(beginning, starts[number + 1])
    for leaf, weight in zip(named, held, strict=True):
        if weight:
            leaf.add(recipe.heading_share * weight, recipe)
    best.sort(key=lambda leaf: (-leaf.worth, leaf.path, leaf.line))
    return best + leaves[LOOKED:]  # those stay behind, for no leaf has lost


def titled(lines: Iterable[str], entries: Sequence[Term]) -> float:
    """How much it tells that one of these heading lines stands in the prompt with all of its words: `WORD` for each word that is more
    than a filler, at most `MOST_WORDS` of them."""
    asked = {entry.term for entry in entries if entry.weight}
    telling = _telling(entries)
    held = 0
    for line in lines:
        words = terms(line)
        if words and asked.issuperset(words):
            held = max(held, len(telling.intersection(words)))
    return WORD * min(held, MOST_WORDS)


def most(entries: Sequence[Term]) -> float:
    """What `titled` can be at most, whatever the headings are."""
    return WORD * min(len(_telling(entries)), MOST_WORDS)


def _telling(entries: Sequence[Term]) -> set[str]:
    return {entry.term for entry in entries if entry.weight and entry.telling >= LEAST_TELLING}
