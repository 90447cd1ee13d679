"""How hard a task is, from its prompt and description: simple, medium, complex or multi-system.

Two judges, one number. *Cues* (`complexity_cues`) are the words people use when they ask for something and decide short prompts; a small
*model* (`complexity_model`) looks at all words and the length of the text and decides long ones, where single words mean little. Both
read the task without what delegation wraps around it (`complexity_task`) and speak in *evidence*: 0 is a medium task, below is easier,
above is harder. `TierEstimate.score` is that evidence squeezed to 0..1, so it orders tasks, and tiers are cut from the same number.

Pure, deterministic, linear in what is read (at most HEAD + TAIL characters), never raises on any text. It runs at every agent start,
so it imports nothing that would cost time.
"""

from __future__ import annotations

from memory_budget.select import complexity_cues, complexity_model, complexity_task
from memory_budget.select import complexity_words as words_of
from memory_budget.settings.names import TIERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SIMPLE, MEDIUM, COMPLEX, MULTI = TIERS

HEAD = 6000  # characters read from the start of a prompt ...
TAIL = 2000  # ... and from its end: what is asked stands at one of the two
OVERRIDE_WITHIN = (
    100_000  # characters of either end of a prompt in which a person's "[complexity: TIER]" is looked for
)
_OVERRIDE_LENGTH = 75  # characters of one at most

# Evidence at which a tier begins.
COMPLEX_FROM = 1.0
MULTI_FROM = 3.0
SIMPLE_BELOW = -0.9

# How cues and model share a task, by its number of words: up to the first number the cues decide alone; from the second on the model has
# as much weight as is given last, and the cues keep the share given before. A description's request ("List tables") is a short text of
# its own and holds its meaning however long the prompt is; a weak cue gives way at once. Other numbers of words, and shares up to a
# third, moved the order of left-out tasks (which have no description) by .01 at most.
DESCRIBED = (8, 60, 0.5, 0.2)
REQUESTED = (8, 24, 0.1, 1.0)
TELLING = (8, 16, 0.0, 1.0)
WEAK = (3, 9, 0.0, 1.0)
TELLS_FROM = 1.2  # evidence of the cues from which they are telling
# Evidence of one standard deviation of the model, below and above the median. Set so that the tiers begin where the rule says: tasks told
# simple (complex) by a model that has not seen their source stand, on the average, in the easier (harder) two fifths of their set
# (tests/bench/complexity_eval.py, part tiers). Multi-system is never told by the model alone.
MODEL_EASIER, MODEL_HARDER = 1.0, 1.8
MATCHES_NEEDED = 8  # features of the model that a text must hold for the model to be heard
CUES_ALONE = WEAK[0]  # words up to which the model is not asked
SURE = 0.5  # evidence under which a verdict without any cue counts as unsure

_SHARES = {"description": DESCRIBED, "task": REQUESTED}
_TIER_NAMES = {
    "simple": SIMPLE, "medium": MEDIUM, "complex": COMPLEX, "multi-system": MULTI, "multisystem": MULTI, "multi": MULTI,
}  # fmt: skip


class TierEstimate:
    """A tier and what it rests on. `source` is "override-prompt", "detected" or "unsure" (nothing telling found: medium)."""

    __slots__ = ("_matches", "_notes", "evidence", "score", "source", "tier")

    def __init__(
        self,
        tier: str,
        evidence: float,
        source: str,
        notes: list[tuple[str, str]],
        matches: list[tuple[float, str]],
    ) -> None:
        self.tier = tier
        self.evidence = evidence
        self.score = 0.5 + 0.5 * evidence / (2.0 + abs(evidence))
        self.source = source
        self._notes = notes
        self._matches = matches

    @property
    def reasons(self) -> list[str]:
        """Short sentences for a person, strongest kind first. Made only when asked for."""
        return _sentences(self._notes) + _model_sentences(self._matches, self.evidence)

    def __repr__(self) -> str:
        return f"TierEstimate({self.tier!r}, score={self.score:.3f}, source={self.source!r})"


def parse_tier(text: str) -> str | None:
    """The tier a person means by `text` ("Multi_System", " complex "), or None."""
    return _TIER_NAMES.get("-".join(text.lower().replace("_", " ").replace("-", " ").split()))


def _overrides(text: str) -> Iterator[tuple[int, int, str]]:
    """Each `[complexity: VALUE]` in a text, in any case: where it begins, where it ends, and its value."""
    at = text.find("[") if "[complexity" in text.lower() else -1
    while at >= 0:
        end = text.find("]", at, at + _OVERRIDE_LENGTH)
        name, colon, value = text[at + 1 : max(end, 0)].partition(":")
        if colon and name.rstrip().lower() == "complexity":
            yield at, end + 1, value.strip()
        at = text.find("[", at + 1)


def _override(prompt: str) -> tuple[str | None, str]:
    """The tier of the first valid `[complexity: TIER]` in the prompt, or None; and the first value that is no tier."""
    wrong = ""
    if len(prompt) > 2 * OVERRIDE_WITHIN:
        prompt = prompt[:OVERRIDE_WITHIN] + "\n" + prompt[-OVERRIDE_WITHIN:]
    for _, _, value in _overrides(prompt):
        tier = parse_tier(value)
        if tier:
            return tier, wrong
        wrong = wrong or value or "nothing"
    return None, wrong


def without_override(prompt: str) -> str:
    """The prompt without any `[complexity: TIER]` where it is looked for: that is said to this program and is no word of the task."""
    if len(prompt) > 2 * OVERRIDE_WITHIN:
        middle = prompt[OVERRIDE_WITHIN:-OVERRIDE_WITHIN]
        return (
            without_override(prompt[:OVERRIDE_WITHIN]) + middle + without_override(prompt[-OVERRIDE_WITHIN:])
        )
    kept = []
    rest = 0
    for begin, end, _ in _overrides(prompt):
        kept.append(prompt[rest:begin])
        rest = end
    return "".join(kept) + prompt[rest:]


def classify(prompt: str, description: str = "") -> TierEstimate:
    """The tier of one task.

    `description` is the caller's few words for the task, where there are any; `prompt` the task itself. An override in the prompt wins.
    """
    tier, wrong = _override(prompt)
    task = complexity_task.task_sentences(excerpt(without_override(prompt)))
    cues = complexity_cues.find_cues(task, description)
    words = complexity_model.model_words(task)
    matches: list[tuple[float, str]] = []
    deviations = 0.0
    model = complexity_model.load_model() if len(words) > CUES_ALONE else None
    if model is not None:
        deviations, matches = model.judge(words)
    if len(matches) < MATCHES_NEEDED:
        matches, words = [], []
    evidence = blend(cues, deviations, len(words))
    if tier:
        return TierEstimate(tier, evidence, "override-prompt", [("override", tier)], [])
    notes = [("wrong", wrong)] if wrong else []
    notes += [(kind, word) for kind, cue_words in cues.hits.items() for word in cue_words]
    if not notes and abs(evidence) < SURE:
        return TierEstimate(MEDIUM, evidence, "unsure", notes, matches)
    return TierEstimate(tier_of(evidence), evidence, "detected", notes, matches)


def excerpt(prompt: str) -> str:
    """The beginning and the end of a prompt, of which the evidence is read."""
    return prompt if len(prompt) <= HEAD + TAIL else prompt[:HEAD] + "\n" + prompt[-TAIL:]


def blend(cues: complexity_cues.Cues, deviations: float, count: int) -> float:
    """Evidence of cues and model together, for a task of `count` words (0: the model is not heard)."""
    evidence = cues.evidence
    telling = cues.crosses or abs(evidence) >= TELLS_FROM
    short, long, keeps, heard = _SHARES.get(cues.leads) or (TELLING if telling else WEAK)
    if count > short:
        share = min((count - short) / (long - short), 1.0)
        modelled = deviations * (MODEL_EASIER if deviations < 0 else MODEL_HARDER)
        evidence = evidence * (1.0 - share * (1.0 - keeps)) + share * heard * modelled
    if evidence >= MULTI_FROM and not cues.crosses:
        return MULTI_FROM - 0.1 / (
            1.0 + evidence - MULTI_FROM
        )  # hard, but nothing says that it leaves one system
    return evidence


def tier_of(evidence: float) -> str:
    """The tier that evidence falls into."""
    if evidence < SIMPLE_BELOW:
        return SIMPLE
    if evidence < COMPLEX_FROM:
        return MEDIUM
    return COMPLEX if evidence < MULTI_FROM else MULTI


_SENTENCES = (
    ("override", "the prompt sets the tier: {}"),
    ("wrong", "{} is no tier and was ignored (simple, medium, complex, multi-system)"),
    (words_of.CROSS, "crosses systems: {}"),
    (words_of.MOVE, "moves things between systems: {}"),
    (words_of.PRODUCT, "names {}"),
    (words_of.DEEP, "asks for deep work: {}"),
    (words_of.BROAD, "asks for thoroughness: {}"),
    (words_of.TROUBLE, "has signs of trouble: {}"),
    (words_of.ASPECT, "is about a property to measure: {}"),
    (words_of.ANALYSE, "asks for analysis: {}"),
    (words_of.CHANGE, "asks for a change: {}"),
    (words_of.LOOKUP, "asks to look something up: {}"),
    (words_of.PEEK, "asks to check or find something: {}"),
    (words_of.FACT, "asks for a fact: {}"),
    (words_of.NEXT, "has several steps: {}"),
    (words_of.WIDE, "covers much: {}"),
    (words_of.SMALL, "says that it is small: {}"),
)


def _sentences(notes: Iterable[tuple[str, str]]) -> list[str]:
    by_kind: dict[str, list[str]] = {}
    for kind, word in notes:
        by_kind.setdefault(kind, []).append(f'"{word}"')
    out = []
    for kind, sentence in _SENTENCES:
        hits = by_kind.get(kind)
        if hits:
            more = f" and {len(hits) - 4} more" if len(hits) > 4 else ""
            out.append(sentence.format(", ".join(hits[:4]) + more))
    return out


def _model_sentences(matches: list[tuple[float, str]], evidence: float) -> list[str]:
    """The words that moved the model most, in the direction that the verdict took."""
    sums: dict[str, float] = {}
    for weight, word in matches:
        if len(word) > 2 and word not in words_of.FUNCTION_WORDS:
            sums[word] = sums.get(word, 0.0) + weight
    sign = 1 if evidence >= 0 else -1
    telling = sorted((-sign * weight, word) for word, weight in sums.items() if sign * weight > 0)[:4]
    if not telling:
        return []
    kind = "harder" if sign > 0 else "easier"
    return [f"its words are like those of {kind} tasks: " + ", ".join(f'"{word}"' for _, word in telling)]
