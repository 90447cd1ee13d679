"""Judges how sure it is that anything in memory is about a task, and how much of it is worth sending.

Something is always the best match, so a score relative to the best one says nothing. Three things must come together:

- weight: how much the words tell that the task and memory share. One chunk that holds rare words of it may do so by chance, so
  three looks are averaged: the best chunk, all of the best file, and the mean of the best chunks;
- coverage: that weight against all that the task tells, words that memory does not have counted;
- known, what memory knows at all: where it has few of a task's telling words, the task is about something else. A proper name that
  is nowhere in memory counts three times.

How telling a word is, is known from elsewhere (`text.thesaurus`): in a small memory every word is rare.

    confidence = min(weight / WEIGHT, coverage / COVERAGE) * min(known / KNOWN, 1) * short * routine / (chance * stake)

- chance: a large memory matches more by chance, one of a few notes next to nothing. On public data the weight of tasks that need
  nothing grows with about the eighth root of the number of chunks (`CHANCE`). A small memory knows fewer words, so it need know less
  of a prompt (`FEWER`).
- stake, at most 1: what is sent in vain costs little where all of memory is a few notes (`TINY`).
- short, at most 1: a prompt of a few words nearly always matches something, so it is less sure the more of it is missing (`SHORT`).
- routine, at most 1: so is one that names everyday work (`everyday`) and little else, which could be said in any project (`ROUTINE`).
  In a small memory, which somebody wrote for just this, that counts less where all of it is there ("Commit messages").

Of a page, a tiny memory or one file, the headings are what names are of notes: where a task has all words of one ("Error handling"),
that section is about it, whatever the task does it to (`Evidence.add`).

How much is worth sending (`amount`) grows with chance (`SPREAD`), because what a task needs is among more that is alike, unless it is
clear what is meant (`CLEAR`). It is less in a small memory (`SMALL`), where the little there is matches easily; and for a prompt that
tells little beyond everyday work, names no note and is not plainly about one thing: two words, or "review this", do not ask for
everything about them.
The surer it is, the nearer to the best a leaf must come (`BAR`, `CLEAR_BAR`): what is about the task then stands out.

From 1 on the agent gets text and an outline, from `UNSURE` on a short outline, below that nothing. The numbers were chosen on
public data, see `python3 -m tests.bench tax`.
"""

from __future__ import annotations

#: Weight and coverage that make sure, and the share of what the prompt tells that memory should know.
WEIGHT = 4.2
COVERAGE = 0.15
KNOWN = 0.53
#: How many times more a proper name that is nowhere in memory counts among what memory does not know.
STRANGE = 2.0
#: Chunks of a memory of usual size, the power of chance, and the least and most it counts.
USUAL = 1000
CHANCE = 0.12
LEAST_CHANCE = 0.5
MOST_CHANCE = 1.6
#: Chunks of a memory that is small, and the power with which a smaller one need know less.
SMALL = 250
FEWER = 0.15
#: Chunks of a memory that is tiny, and the power with which a smaller one is trusted sooner.
TINY = 60
TINY_POWER = 0.5
#: Confidence from which an agent gets at least a short outline.
UNSURE = 0.8
#: The bar for the first leaves, as a share of the best ones' worth: where it is barely sure, from the confidence `PLAINLY` on, and how much
#: higher that is of the smallest memory.
BAR = 0.13
CLEAR_BAR = 0.22
SMALL_BAR = 0.14
PLAINLY = 3.0
#: How much it has risen where the usual number of tokens is taken, and the power of what is taken: it is nearly even until then, and
#: steep from there on. With less some tasks get three times what others get, and hold less of what they need in as many tokens.
RISE = 0.2
STEEP = 4
USUAL_TOKENS = 7150.0
#: Tokens that are not worth being saved: for so many the bar stays where it is.
LITTLE = 300
#: The share of the usual amount that is sent when it is barely sure, and the confidence from which all of it is.
BARELY = 0.7
SURE = 1.3
#: How much a prompt tells that is not short, and the power with which one that tells less is less sure.
ASKS = 16.0
SHORT = 0.35
#: What everyday words count of what it tells, and how much then is enough to ask for the usual amount. The power with which its length
#: alone is a reason to think that it asks for more than everyday work.
EVERYDAY_PART = 0.2
SPECIAL = 8.0
LONG = 4.0
#: The power with which one that tells less is less sure where all of it is everyday, and the least that is taken of it.
ROUTINE = 0.42
LEAST_SPECIAL = 0.05
#: The power with which it gets less where it is barely sure, and the confidence from which it gets what others do.
MODEST = 3.0
PLAIN = 2.2
#: The power of chance with which more is worth sending of a larger memory.
SPREAD = 2.3
#: What is enough of the usual amount in a memory of any size where it is clear which part of it is meant, and the confidences between
#: which it becomes clear.
ENOUGH = 0.77
CLEAR = (1.65, 2.75)
#: The power with which less of a small memory is worth sending the smaller it is.
FEW = 0.25
#: The least share of the usual amount.
LEAST_AMOUNT = 0.001


class Evidence:
    """What memory holds of a prompt.

    How much terms tell is counted as in `text.thesaurus`, up to 6 a term. `mass`: what the terms in the best chunk tell; `file`: those
    in the best file; `others`: the mean of the best chunks. `wanted`: what all of the prompt's terms tell; `known`: those that are
    anywhere in memory; `strange`: proper names that are not; `everyday`: words of everyday work. `named`: whether the prompt has two
    words in a row as the best file's name has them. `held` of `asked`: how many of the prompt's telling words are in the best chunk;
    `chunks`: how many chunks memory has.
    """

    __slots__ = (
        "asked",
        "chunks",
        "everyday",
        "file",
        "held",
        "known",
        "mass",
        "named",
        "others",
        "strange",
        "wanted",
    )

    def __init__(self, mass: float, wanted: float, held: int, asked: int, chunks: int = 0) -> None:
        self.mass = self.file = self.others = mass
        self.known = self.wanted = wanted
        self.strange = self.everyday = 0.0
        self.named = False
        self.held = held
        self.asked = asked
        self.chunks = chunks

    def add(self, bonus: float) -> None:
        """Count a bonus for a section that is named as the prompt has it, as something that memory knows, too."""
        self.mass += bonus
        self.file += bonus
        self.others += bonus
        self.known = min(self.known + bonus, self.wanted)

    @property
    def weight(self) -> float:
        """How much of what the prompt tells comes together."""
        return (self.mass + self.file + self.others) / 3.0

    @property
    def coverage(self) -> float:
        """The share of what the prompt tells that comes together."""
        return min(self.weight / self.wanted, 1.0) if self.wanted > 0 else 0.0

    @property
    def familiar(self) -> float:
        """The share of what the prompt tells that is anywhere in memory."""
        return self.known / (self.wanted + STRANGE * self.strange) if self.wanted > 0 else 0.0

    @property
    def asks(self) -> float:
        """How much the prompt tells, against one that is not short; 1 at most."""
        return min(self.wanted / ASKS, 1.0)

    @property
    def special(self) -> float:
        """How much it tells beyond everyday work, against one that asks for the usual amount; 1 at most."""
        beyond = self.wanted - (1.0 - EVERYDAY_PART) * self.everyday
        long: float = self.asks**LONG
        return min(max(beyond / SPECIAL, long), 1.0)

    @property
    def confidence(self) -> float:
        """How sure it is that memory is about the prompt: text is sent from 1 on, an outline from `UNSURE` on."""
        sure = min(self.weight / WEIGHT, self.coverage / COVERAGE) * min(
            self.familiar / self.familiar_enough, 1.0
        )
        return sure * self.short * self.routine / (self.chance * self.stake)

    @property
    def stake(self) -> float:
        """How much there is to lose by sending in vain, against a memory that is not tiny; 1 at most."""
        stake: float = min(self.chunks / TINY, 1.0) ** TINY_POWER if self.chunks else 1.0
        return stake

    @property
    def familiar_enough(self) -> float:
        """The share of what the prompt tells that memory should know."""
        enough: float = KNOWN * self.size**FEWER
        return enough

    @property
    def short(self) -> float:
        """A factor of confidence: less than 1 for a short prompt of which something is missing."""
        factor: float = self.asks ** (SHORT * (1.0 - self.coverage))
        return factor

    @property
    def routine(self) -> float:
        """A factor of confidence: less than 1 for a prompt of everyday work and little else."""
        share = self.everyday / self.wanted if self.wanted > 0 else 0.0
        factor: float = max(self.special, LEAST_SPECIAL) ** (
            ROUTINE * share * (1.0 - self.coverage * (1.0 - self.size))
        )
        return factor

    @property
    def amount(self) -> float:
        """How much is worth sending, against the usual amount."""
        confidence = self.confidence
        modest = 0.0 if self.named else MODEST * (1.0 - _part(confidence, 1.0, PLAIN))
        asked: float = self.special**modest
        spread: float = self.chance**SPREAD * self.size**FEW
        spread -= max(spread - ENOUGH, 0.0) * _part(confidence, *CLEAR)
        amount = spread * asked * assurance(confidence)
        return max(LEAST_AMOUNT, amount)

    @property
    def size(self) -> float:
        """How large the memory is against one that is not small; 1 at most."""
        return min(self.chunks / SMALL, 1.0) if self.chunks else 1.0

    @property
    def chance(self) -> float:
        """How likely it is, against a memory of usual size, that something matches by chance."""
        if not self.chunks:
            return 1.0
        chance: float = (self.chunks / USUAL) ** CHANCE
        return max(LEAST_CHANCE, min(chance, MOST_CHANCE))


class Bar:
    """How good the next leaf must be, as a share of the best leaves' worth."""

    __slots__ = ("_amount", "_first", "_generosity")

    def __init__(self, evidence: Evidence, generosity: float = 1.0, turns: bool = False) -> None:
        """`generosity`: more than 1 sends more; `turns`: whether the best is a turn of a journal, where an answer is seldom worded as
        its question."""
        clear = 0.0 if turns else _part(evidence.confidence, SURE, PLAINLY)
        self._amount = evidence.amount * USUAL_TOKENS
        plain = CLEAR_BAR + SMALL_BAR * (1.0 - evidence.size)
        self._first = BAR + (plain - BAR) * clear
        self._generosity = generosity

    def at(self, tokens: float) -> float:
        """The bar once so many tokens are taken, those of the next leaf included."""
        return (self._first + RISE * (max(tokens - LITTLE, 0.0) / self._amount) ** STEEP) / self._generosity


def _part(value: float, low: float, high: float) -> float:
    """How far a value has come from `low` to `high`, 0 to 1."""
    return max(0.0, min(1.0, (value - low) / (high - low)))


def assurance(confidence: float) -> float:
    """How much of the usual amount is worth sending: `BARELY` of it at a confidence of 1, all of it from `SURE` on.

    Chosen on the real notes and the two task sets (docs/figures.md): real tasks keep what they need, tasks that need nothing get
    less.
    """
    return BARELY + (1.0 - BARELY) * _part(confidence, 1.0, SURE)
