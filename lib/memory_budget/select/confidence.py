"""Judges how sure it is that anything in memory is about a task, and how much of it is worth sending.

Something is always the best match, so a score relative to the best one says nothing. Two things must come together in one chunk:
enough of what the prompt tells at all (mass), and enough of everything the prompt tells (coverage), words that the memory
does not know counted. How telling a word is, is known from elsewhere (`text.telling`): in a small memory every word is rare.

    confidence = min(mass / MASS, coverage / COVERAGE) / chance

In a large memory something matches by chance: on public data the confidence of tasks that need nothing grows with the fifth root of
the number of chunks, so from `MANY` chunks on it is divided by that (`chance`). In a memory of a few notes next to nothing matches by
chance, and to send one costs little: below `FEW` chunks it is divided by less than 1.

From 1 on the agent gets text and an outline, from `UNSURE` on a short outline, below that nothing. The numbers were chosen on
public data, see `python3 -m tests.bench tax`.
"""

from __future__ import annotations

#: Mass and coverage that make sure.
MASS = 4.8
COVERAGE = 0.17
#: Chunks up to which and from which chance is reckoned with, its power, and the most it counts.
FEW = 150
MANY = 1200
CHANCE = 0.2
MOST_CHANCE = 1.6
#: Confidence from which an agent gets at least a short outline.
UNSURE = 0.7
#: The bar for a leaf, as a share of the best leaf's worth: at the start, and how much it rises with every 1,000 tokens taken.
BAR = 0.15
RISE = 0.022
#: The share of the usual amount that is sent when it is barely sure, and the confidence from which all of it is.
BARELY = 0.4
SURE = 1.5


class Evidence:
    """What the chunk that holds most of a prompt holds of it.

    `mass`: how much the terms in it tell; `wanted`: how much all of the prompt's terms tell; `held` of `asked`: how many
    of the prompt's telling words stand in it; `chunks`: how many there are to choose from.
    """

    __slots__ = ("asked", "chunks", "held", "mass", "wanted")

    def __init__(self, mass: float, wanted: float, held: int, asked: int, chunks: int = 0) -> None:
        self.mass = mass
        self.wanted = wanted
        self.held = held
        self.asked = asked
        self.chunks = chunks

    @property
    def coverage(self) -> float:
        """The share of what the prompt tells that the chunk holds."""
        return min(self.mass / self.wanted, 1.0) if self.wanted > 0 else 0.0

    @property
    def confidence(self) -> float:
        return min(self.mass / MASS, self.coverage / COVERAGE) / self.chance

    @property
    def chance(self) -> float:
        """How likely it is, against a memory of usual size, that something matches by chance."""
        size = self.chunks / (MANY if self.chunks > MANY else FEW)
        if FEW <= self.chunks <= MANY:
            return 1.0
        chance: float = max(size, 0.01) ** CHANCE
        return min(chance, MOST_CHANCE)


def bar(taken: int, generosity: float = 1.0) -> float:
    """The share of the best leaf's worth that the next leaf must have, once so many tokens with it are taken."""
    return (BAR + RISE * taken / 1000.0) / generosity


def assurance(confidence: float) -> float:
    """How much of the usual amount is worth sending: `BARELY` of it at a confidence of 1, all of it from `SURE` on.

    Chosen on the real notes and the two task sets (docs/figures.md): real tasks keep what they need, tasks that need nothing get
    half the tokens.
    """
    return min(1.0, BARELY + (1.0 - BARELY) * (confidence - 1.0) / (SURE - 1.0))
