"""What a prompt asks for, as index terms with weights."""

from __future__ import annotations

from math import log

from memory_budget.select.task_text import READ, task_text
from memory_budget.text import time_words
from memory_budget.text import words as text_words
from memory_budget.text.thesaurus import MOST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Container, Mapping

    from memory_budget.text.dates import Mention

#: Words that say what to do with the answer and not what it is about; they count for little. As index terms, for a start
#: need not make them anew.
WEAK_TERMS = frozenset(
    (
        "accord across aspect convers describ differ discuss ensur exampl explain list mention order overview provid "
        "summar summari throughout variou"
    ).split(" ")
)
#: Some of the commonest words of other languages that say nothing of what a prompt is about: one without any of them, and without a
#: letter outside ASCII, is not looked at closer (`text.function_words`).
_FOREIGN = frozenset(
    (
        "ist der das und ein eine den wie mir mit zu wird le les des une est dans pour que et el los las una del es por il lo gli che di "
        "per sono os um uma dos het een van de en och att det som w na nie jest do bir ve bu ne la un sur al se mi"
    ).split(" ")
)
#: How telling a weak word is at most, and a number.
WEAK_MOST = 0.5
NUMBER_MOST = 1.0
#: What a part of a name (`src` of `src/app.ts`) counts, against the name.
PART = 0.3
#: Characters of a task in which pairs of words are looked for that name a note, and proper names.
PAIRS_READ = 1500
#: What stands before a word that has a capital whatever it is.
_ENDS = ".!?:\"'(-*#"


class Query:
    """What a prompt asks for.

    `terms`: index terms of the part of the prompt that says what is to be done, each with how often it counts (more than
    once a little more); `names`: of a term that is a name with parts, the parts (`src/app.ts`: src, app, ts); `parts`: terms
    that stand only as parts of names; `pairs`: terms in a row, which could name a note; `proper`: terms written as proper names are;
    `weak`: those that say little, such as what to do with the answer;
    `agent`: those of the agent's name that the prompt does not have; `words`, `asks_when` and `dates`: words as written, whether it
    asks for a time, and the dates it names.
    """

    __slots__ = ("agent", "asks_when", "dates", "names", "pairs", "parts", "proper", "terms", "weak", "words")

    def __init__(self, prompt: str, description: str = "", agent: str = "") -> None:
        text = task_text(prompt)
        if description and description not in text:
            text = f"{text}\n{description[:READ]}"
        counts: dict[str, int] = {}
        alone: set[str] = set()
        self.names: dict[str, tuple[str, ...]] = {}
        for run in text_words.word_runs(text):
            run_terms = text_words.word_terms(run)
            for term in run_terms:
                counts[term] = counts.get(term, 0) + 1
            if len(run_terms) > 1 and run_terms[-1].startswith(run_terms[0]):
                self.names[run_terms[-1]] = run_terms[:-1]
                alone.add(run_terms[-1])
            else:
                alone.update(run_terms)
        self.words = frozenset(time_words.date_words(text))
        nothing, self.weak = _fillers(text, self.words, counts.keys())
        nothing.difference_update(*self.names.values())  # as a part of a name it is one
        self.terms = {term: 1.0 + 0.5 * log(count) for term, count in counts.items() if term not in nothing}
        self.parts = frozenset(counts.keys() - alone)
        self.pairs = tuple(dict.fromkeys(text_words.pairs(text[:PAIRS_READ])))
        self.agent = tuple(dict.fromkeys(text_words.terms(agent.replace("-", " "))).keys() - counts.keys())
        self.proper = _proper(text[:PAIRS_READ])
        self.asks_when = not self.words.isdisjoint(time_words.ASKS_WHEN)
        self.dates = _mentions(text, self.words)

    def telling(self, values: Mapping[str, float], vocabulary: Container[str]) -> dict[str, float]:
        """How telling each term is here: `values` as `text.thesaurus` has them, `vocabulary` the terms that the memory has.

        A name that the memory does not have tells as much as its parts do, for nobody knows more of it.
        """
        values_by_term = {}
        for term in self.terms:
            value = values.get(term, MOST)
            if term in self.weak:
                value = min(value, WEAK_MOST)
            elif term.isdigit():
                value = min(value, NUMBER_MOST)
            values_by_term[term] = value
        for name, parts in self.names.items():
            if name not in vocabulary:
                values_by_term[name] = min(
                    values_by_term[name], max([values_by_term[part] for part in parts])
                )
        for part in self.parts:
            values_by_term[part] *= PART
        return values_by_term


def _fillers(text: str, words: frozenset[str], terms: Collection[str]) -> tuple[set[str], frozenset[str]]:
    """Of the terms of a prompt of these words, those that say nothing in the language it is written in, and those that say little."""
    weak = WEAK_TERMS.intersection(terms)
    if text.isascii() and _FOREIGN.isdisjoint(words):
        return set(), weak
    from memory_budget.text.function_words import function_words, particles

    nothing = {term for word in function_words(words) for term in text_words.terms(word)}
    for term in terms:
        held = particles(term)
        if held and held == len(term):
            nothing.add(term)
        elif held:
            weak |= {term}
    return nothing, weak


def _mentions(text: str, words: frozenset[str]) -> list[Mention]:
    """The dates that a text of these words names."""
    if not time_words.may_name_date(text, words):
        return []
    from memory_budget.text.dates import find_mentions

    return find_mentions(text)


def _proper(text: str) -> frozenset[str]:
    """The terms of words with a capital inside a sentence: Caroline, Kubernetes."""
    proper_names: set[str] = set()
    before = "."
    for word in text.split():
        bare = word.strip("\"'()[],;:.!?*`").removesuffix("'s")
        if before[-1] not in _ENDS and bare.isalpha() and bare.istitle() and len(bare) > 1:
            proper_names.update(text_words.word_terms(bare.encode()))
        before = word
    return frozenset(proper_names)
