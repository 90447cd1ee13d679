"""What the words people use when they ask for something say about how hard it is: evidence that adds up.

`complexity_words` holds the words by kind of cue. Here a kind of cue is worth a number: 0 is a medium task, below is easier, above is
harder. One cue says what is asked (look up, analyse, change, deep work) and sets the base; signs of trouble, breadth and systems that are
crossed add to it; "just" and "small" take away. The numbers are set by hand, so that the examples of each tier that a person would give
come out right (tests/unit/test_complexity.py holds them); no benchmark's label had a say.
"""

from __future__ import annotations

from memory_budget.select import complexity_words as words_of
from memory_budget.select.complexity_model import split_words

READ_WORDS = 60  # words of the prompt that are read; further on a word says little about the task as a whole
READ_DESCRIPTION = 400  # characters of the description

LOOKUP_BASE, PEEK_BASE, FACT_BASE = -1.6, -1.2, -0.6
ANALYSE_BASE, CHANGE_BASE, DEEP_BASE = 0.2, 0.1, 1.5
_BASES = (
    (words_of.DEEP, DEEP_BASE),
    (words_of.ANALYSE, ANALYSE_BASE),
    (words_of.CHANGE, CHANGE_BASE),
    (words_of.LOOKUP, LOOKUP_BASE),
    (words_of.PEEK, PEEK_BASE),
    (words_of.FACT, FACT_BASE),
)
# What 0, 1, 2 ... different words of a kind add.
TROUBLES = (0.0, 1.1, 1.6, 1.8)
ASPECTS = (0.0, 0.45, 0.6)
CROSSINGS = (0.0, 3.2, 3.8)
PRODUCTS = (0.0, 0.4, 1.7, 3.0)
STEPS = (0.0, 0.3, 0.6, 0.9)
BROAD_ADDS, WIDE_ADDS, SMALL_TAKES, MOVE_ADDS = 1.0, 0.15, 0.6, 2.2

_NOT = frozenset(
    "not no don never without nicht keine ohne sin nunca ne pas sans não sem non senza не без".split()
)
_LEADING = (words_of.LOOKUP, words_of.PEEK, words_of.ANALYSE, words_of.DEEP)

Hits = dict[str, dict[str, None]]  # kind of cue -> the different words found, in order


class Cues:
    """What the cue words say: evidence, whether the task crosses systems, what starts as a request ("description", "task" or ""), and the
    words by kind."""

    __slots__ = ("crosses", "evidence", "hits", "leads")

    def __init__(self, hits: Hits, evidence: float = 0.0, crosses: bool = False, leads: str = "") -> None:
        self.hits, self.evidence, self.crosses, self.leads = hits, evidence, crosses, leads


def find_cues(task: str, description: str) -> Cues:
    """The cues at the start of a task and in its description ("List tables")."""
    start = description[:READ_DESCRIPTION] + " \n " + task[: READ_WORDS * 12]
    words = split_words(start)[: READ_WORDS + 20]
    hits, leads = _single_words(words, len(split_words(description[:READ_DESCRIPTION])))
    line = " " + " ".join(words) + " "
    for kind, phrase in words_of.PHRASES:
        if phrase in line and f" {phrase} " in line:
            hits.setdefault(kind, {})[phrase] = None
    if not line.isascii():
        for kind, run in words_of.runs():
            if run in line:
                hits.setdefault(kind, {})[run] = None
    if not hits:
        return Cues(hits)
    if words_of.LOOKUP in hits:
        if "how many" in hits[words_of.LOOKUP] or "how much" in hits[words_of.LOOKUP]:
            hits.get(words_of.ANALYSE, {}).pop("how", None)  # that how asks for a number
        if leads and task[-3:].rstrip().endswith("?"):
            hits.pop(words_of.CHANGE, None)  # "where is it set?" asks, and changes nothing
    return _weigh(hits, leads)


def _single_words(words: list[str], description_words: int) -> tuple[Hits, str]:
    """(cue words by kind, what leads with one: the description, else the task, else nothing)."""
    hits: Hits = {}
    across = -9
    leads = ""
    kinds = words_of.kinds_of(words)
    for i, word in enumerate(words):
        kind = kinds.get(word)
        if kind is None:
            continue
        if kind == words_of.ACROSS:
            across = i
            continue
        if kind == words_of.SYSTEM and i - across <= 3:
            kind, word = words_of.CROSS, " ".join(words[across : i + 1])
        elif _means_something_else(kind, words, i, description_words):
            continue
        if kind in _LEADING and not leads:
            if i < min(description_words, 2):
                leads = "description"
            elif description_words <= i < description_words + 2:
                leads = "task"
        hits.setdefault(kind, {})[word] = None
    return hits, leads


def _means_something_else(kind: str, words: list[str], i: int, description_words: int) -> bool:
    """Whether the word at `i` is no cue where it stands."""
    if kind in (words_of.LOOKUP, words_of.PEEK):  # "show" leads a request; further on it is part of a story
        return i > 3 and not description_words <= i <= description_words + 3
    if kind == words_of.CHANGE:  # "do not change anything" asks for nothing
        return not _NOT.isdisjoint(words[max(i - 2, 0) : i])
    # An integration test is one test.
    return kind == words_of.CROSS and i + 1 < len(words) and words[i + 1].startswith("test")


def _step(values: tuple[float, ...], count: int) -> float:
    return values[count] if count < len(values) else values[-1]


def _weigh(hits: Hits, leads: str) -> Cues:
    count = {kind: len(words) for kind, words in hits.items()}
    get = count.get
    base = next((base for kind, base in _BASES if get(kind)), 0.0)
    adds = (
        _step(TROUBLES, get(words_of.TROUBLE, 0))
        + _step(ASPECTS, get(words_of.ASPECT, 0))
        + _step(STEPS, get(words_of.NEXT, 0))
        + BROAD_ADDS * min(get(words_of.BROAD, 0), 2)
        + WIDE_ADDS * min(get(words_of.WIDE, 0), 2)
    )
    products, moves = get(words_of.PRODUCT, 0), get(words_of.MOVE, 0)
    crossing = _step(CROSSINGS, get(words_of.CROSS, 0)) + _step(PRODUCTS, products)
    if moves:
        crossing += MOVE_ADDS + (1.0 if products or get(words_of.SYSTEM) else 0.0)
    if base < 0:  # looking at something large is still looking
        adds *= 0.5
        crossing *= 0.5
    evidence = base + adds + crossing - SMALL_TAKES * min(get(words_of.SMALL, 0), 2)
    return Cues(hits, evidence, products > 1 or bool(moves) or bool(get(words_of.CROSS)), leads)
