"""Finds the stems of words in foreign text, for `text.inflection`: Snowball's algorithms, at index time only.

English is left to the analyser (`text.words`). Which languages a text may be in is guessed from its small words; a text too
short to tell is taken for any of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from memory_budget.text import words
from memory_budget.text.inflection import LEAST_STEM

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Small words that are in no English text, by the name of Snowball's algorithm.
_SMALL_WORDS = {
    "german": "der das und ist nicht mit für ein eine einen wird werden muss müssen von auf zu den dem bei nach vor sind wenn "
    "beim zum zur kann soll immer nur oder aber",
    "french": "le la les des du est une dans pour sur avec pas qui que sont être doit doivent chaque avant après ne aux il elle "
    "et nous cette",
    "spanish": "el los las una del que es por para con se debe deben siempre nunca antes después cada son está pero como y al "
    "hay esta",
    "italian": "il lo gli le della delle dei del che è per con una sono si deve devono sempre ogni prima dopo non questo nel "
    "vanno alla di",
    "portuguese": "os um uma da dos das que é para com não se deve devem sempre cada antes depois são está mas na "
    "ser pelo pela",
    "dutch": "het een de en niet voor op zijn wordt worden moet moeten bij naar dat deze altijd elke aan uit ook "
    "nooit",
    "swedish": "och att det som en är inte med för av på ett den ska måste alltid aldrig varje vid eller kan från efter",
    "polish": "w na z nie jest są się dla po przez oraz musi muszą zawsze nigdy każdy przed od przy lub tylko ze",
    "turkish": "ve bir bu için ile olarak önce sonra değil mi en çok gibi kadar olan asla yalnızca",
}
#: Algorithms that differ for one language: Dutch has two.
_ALSO = {"dutch": ("dutch_porter",)}
_ENGLISH = frozenset(
    "the and of to is for with that be are this from it not on by or as must when all use always never".split()
)
#: Distinct words below which a text without small words of any language may be in any.
_SHORT_TEXT = 40
_KNOWN_WORDS = 50_000
#: No word that people inflect is longer, in letters; Snowball takes minutes for one of megabytes.
_LONGEST_WORD = 100
#: The last letter of the Latin script's blocks; later ones belong to other scripts.
_LAST_LATIN = "\u024f"
#: Endings whose removal gives one more stem of a word, for words of which Snowball takes away less or more.
_LIGHT = ("oes", "aes", "ois", "ais", "en", "er", "es", "os", "as", "i", "e", "a", "o", "s", "y", "n")


class Stems:
    """Makes (stem, index term) pairs of texts. Without snowballstemmer only the commonest endings are taken off."""

    def __init__(self) -> None:
        self._markers = {name: frozenset(words.split()) for name, words in _SMALL_WORDS.items()}
        self._stemmers: dict[str, Any] = {}
        self._seen: dict[tuple[str, tuple[str, ...]], tuple[tuple[str, str], ...]] = {}

    def of(self, text: str) -> Iterator[tuple[str, str]]:
        """The pairs of a text's words, none for English."""
        runs = [run.decode("utf-8", "replace").strip("_-./'").lower() for run in set(words.word_runs(text))]
        plain = {
            part for run in runs for part in (run.split("'") if "'" in run else (run,)) if part.isalpha()
        }
        languages = self._languages(plain)
        everything = tuple(_SMALL_WORDS)
        for word in plain:
            if not LEAST_STEM <= len(word) <= _LONGEST_WORD or word[0] > _LAST_LATIN:
                continue
            yield from self._pairs(word, languages if word.isascii() else everything)

    def _languages(self, plain: set[str]) -> tuple[str, ...]:
        """The languages a text with these words may be in besides English."""
        hits = {name: len(markers & plain) for name, markers in self._markers.items()}
        best = max(hits.values())
        if best == 0:
            return () if plain & _ENGLISH or len(plain) > _SHORT_TEXT else tuple(_SMALL_WORDS)
        least = max(1, best - 1) if len(plain) < _SHORT_TEXT else max(3, best // 2)
        return tuple([name for name, count in hits.items() if count >= least])

    def _pairs(self, word: str, languages: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        if not languages:
            return ()
        cached = self._seen.get((word, languages))
        if cached is None:
            if len(self._seen) > _KNOWN_WORDS:
                self._seen.clear()
            terms = words.terms(word)
            folded = words.folded(word)
            stems = {stem for name in languages for stem in self._stemmed(word, name)}
            stems.add(next((folded[: -len(end)] for end in _LIGHT if folded.endswith(end)), folded))
            stems |= {term for stem in list(stems) for term in words.terms(stem)}
            cached = self._seen[word, languages] = tuple(
                [(stem, terms[-1]) for stem in sorted(stems) if len(stem) >= LEAST_STEM and terms]
            )
        return cached

    def _stemmed(self, word: str, language: str) -> Iterable[str]:
        for name in (language, *_ALSO.get(language, ())):
            stemmer = self._stemmer(name)
            if stemmer is not None:
                yield words.folded(stemmer.stemWord(word))

    def _stemmer(self, name: str) -> Any:
        if name not in self._stemmers:
            try:
                self._stemmers[name] = import_module("snowballstemmer").stemmer(name)
            except (ImportError, KeyError):
                self._stemmers[name] = None
        return self._stemmers[name]
