"""How hard a task is, from its prompt and description: simple, medium, complex or multi-system.

Two judges, one number. *Cues* (`complexity_cues`) read the words people use when they ask for something and decide short prompts; a
small *model* (trained on public task labels by tests/bench/complexity_train.py) looks at all words and the shape of the text and
decides long ones, where single words mean little. Both speak in *evidence*: 0 is a medium task, below is easier, above is harder.
`Verdict.score` is that evidence squeezed to 0..1, so it orders tasks, and tiers are cut from the same number.

Pure, deterministic, linear in what is read (at most HEAD + TAIL characters), never raises on any text. It runs at every agent start,
so it imports nothing that would cost time; the model is one small table of bytes, read once and only when a text is long enough.
"""

from __future__ import annotations

from memory_budget import complexity_cues as cues

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

SIMPLE, MEDIUM, COMPLEX, MULTI = TIERS = ("simple", "medium", "complex", "multi-system")

HEAD = 6000  # characters read from the start of a prompt ...
TAIL = 2000  # ... and from its end: what is asked stands at one of the two
CUE_WORDS = 60  # words of the prompt read for cues; further on a word says little about the task as a whole

# Evidence at which a tier begins. Simple halves the budget, so it has the widest margin.
COMPLEX_FROM = 1.0
MULTI_FROM = 3.0
SIMPLE_BELOW = -0.9

# What a cue adds to the evidence (see the notes on each kind in complexity_cues).
LOOKUP_BASE, PEEK_BASE, FACT_BASE = -1.6, -1.2, -0.6
ANALYSE_BASE, CHANGE_BASE, DEEP_BASE = 0.2, 0.1, 1.5
TROUBLES = (0.0, 1.1, 1.6, 1.8)  # by number of different signs of trouble
ASPECTS = (0.0, 0.45, 0.6)
CROSSINGS = (0.0, 3.2, 3.8)
PRODUCTS = (0.0, 0.4, 1.7, 2.6)
STEPS = (0.0, 0.3, 0.6, 0.9)
BROAD_ADDS, WIDE_ADDS, SMALL_TAKES, MOVE_ADDS = 1.0, 0.15, 0.6, 2.2

_OTHER_PUNCTUATION = "，。、；：？！（）「」『』《》【】“”‘’„«»–—…·・　¿¡"
_SPACES = {i: " " for i in range(128) if not chr(i).isalnum()}
_TIER_NAMES = {
    "simple": SIMPLE, "medium": MEDIUM, "complex": COMPLEX, "multi-system": MULTI, "multisystem": MULTI, "multi": MULTI,
}  # fmt: skip


class Verdict:
    """A tier and what it rests on. `source` is "override-prompt", "detected" or "unsure" (nothing telling found: medium)."""

    __slots__ = ("_notes", "evidence", "score", "source", "tier")

    def __init__(self, tier: str, evidence: float, source: str, notes: list[tuple[str, str]]) -> None:
        self.tier = tier
        self.evidence = evidence
        self.score = 0.5 + 0.5 * evidence / (2.0 + abs(evidence))
        self.source = source
        self._notes = notes

    @property
    def reasons(self) -> list[str]:
        """Short sentences for a person, strongest kind first. Made only when asked for."""
        return _sentences(self._notes)

    def __repr__(self) -> str:
        return f"Verdict({self.tier!r}, score={self.score:.3f}, source={self.source!r})"


def parse_tier(text: str) -> str | None:
    """The tier a person means by `text` ("Multi_System", " complex "), or None."""
    return _TIER_NAMES.get("-".join(text.lower().replace("_", " ").replace("-", " ").split()))


def override_in_prompt(prompt: str) -> str | None:
    """The tier of the first valid `[complexity: TIER]` in the prompt, any case, or None."""
    return _override(prompt)[0]


def _override(prompt: str) -> tuple[str | None, str]:
    """(tier or None, the first value that is no tier)."""
    wrong = ""
    if "[" not in prompt:
        return None, wrong
    lowered = prompt.lower()
    at = lowered.find("[complexity")
    while at >= 0:
        value = lowered[at + 11 : at + 75]
        end = value.find("]")
        if end >= 0:
            name, colon, value = value[:end].partition(":")
            if colon and not name.strip():
                tier = parse_tier(value)
                if tier:
                    return tier, wrong
                wrong = wrong or value.strip() or "nothing"
        at = lowered.find("[complexity", at + 11)
    return None, wrong


def classify(prompt: str, description: str = "") -> Verdict:
    """The tier of one task.

    `description` is the caller's few words for the task, where there are any; `prompt` the task itself. An override in the prompt wins.
    """
    tier, wrong = _override(prompt)
    notes: list[tuple[str, str]] = []
    if wrong:
        notes.append(("wrong", wrong))
    evidence, crosses = _cue_evidence(prompt, description, notes)
    if tier:
        return Verdict(tier, evidence, "override-prompt", [("override", tier)])
    if not crosses and evidence >= MULTI_FROM:
        evidence = MULTI_FROM - 0.1  # hard, but nothing says that it leaves one system
    if not notes:
        return Verdict(MEDIUM, evidence, "unsure", notes)
    return Verdict(_tier(evidence), evidence, "detected", notes)


def _tier(evidence: float) -> str:
    if evidence < SIMPLE_BELOW:
        return SIMPLE
    if evidence < COMPLEX_FROM:
        return MEDIUM
    return COMPLEX if evidence < MULTI_FROM else MULTI


def _split(text: str) -> list[str]:
    """Lower-cased words; everything that is neither letter nor digit parts them."""
    text = text.lower()
    if not text.isascii():
        for mark in _OTHER_PUNCTUATION:
            if mark in text:
                text = text.replace(mark, " ")
    return text.translate(_SPACES).split()


def _step(values: tuple[float, ...], count: int) -> float:
    return values[count] if count < len(values) else values[-1]


def _cue_evidence(prompt: str, description: str, notes: list[tuple[str, str]]) -> tuple[float, bool]:
    """Evidence from cue words, and whether anything says that the task crosses systems. What was found goes to `notes`."""
    start = description[:400] + " \n " + prompt[: CUE_WORDS * 12]
    words = _split(start)[: CUE_WORDS + 20]
    found: dict[str, dict[str, None]] = {}
    leads = len(_split(description[:400]))
    word_kind, stem_kind, stem_lengths = cues.WORD_KIND, cues.STEM_KIND, cues.STEM_LENGTHS
    across = -9
    for i, word in enumerate(words):
        kind = word_kind.get(word)
        if kind is None:
            for length in stem_lengths:
                if len(word) >= length:
                    kind = stem_kind.get(word[:length])
                    if kind is not None:
                        break
            else:
                continue
            if kind is None:
                continue
        if kind == cues.ACROSS:
            across = i
            continue
        if kind == cues.SYSTEM:
            if i - across <= 3:
                kind = cues.CROSS
                word = " ".join(words[across : i + 1])
        elif kind in (cues.LOOKUP, cues.PEEK) and i > 3 and not leads <= i <= leads + 3:
            continue  # "show" leads a request; further on it is part of a story
        elif kind == cues.CROSS and i + 1 < len(words) and words[i + 1].startswith("test"):
            continue  # an integration test is one test
        found.setdefault(kind, {})[word] = None
    line = " " + " ".join(words) + " "
    for kind, phrases in cues.PHRASES.items():
        for phrase in phrases:
            if phrase in line and f" {phrase} " in line:
                found.setdefault(kind, {})[phrase] = None
    if not line.isascii():
        for kind, runs in cues.RUNS.items():
            for run in runs:
                if run in line:
                    found.setdefault(kind, {})[run.strip()] = None
    if not found:
        return 0.0, False
    for kind, hits in found.items():
        notes.extend((kind, hit) for hit in hits)
    return _weigh(found)


def _weigh(found: dict[str, dict[str, None]]) -> tuple[float, bool]:
    count = {kind: len(hits) for kind, hits in found.items()}
    get = count.get
    if get(cues.DEEP):
        base = DEEP_BASE
    elif get(cues.ANALYSE):
        base = ANALYSE_BASE
    elif get(cues.CHANGE):
        base = CHANGE_BASE
    elif get(cues.LOOKUP):
        base = LOOKUP_BASE
    elif get(cues.PEEK):
        base = PEEK_BASE
    elif get(cues.FACT):
        base = FACT_BASE
    else:
        base = 0.0
    small_ask = base < 0
    adds = _step(TROUBLES, get(cues.TROUBLE, 0)) + _step(ASPECTS, get(cues.ASPECT, 0)) + _step(STEPS, get(cues.NEXT, 0))
    adds += BROAD_ADDS * min(get(cues.BROAD, 0), 2) + WIDE_ADDS * min(get(cues.WIDE, 0), 2)
    products = get(cues.PRODUCT, 0)
    moves = get(cues.MOVE, 0)
    crossing = _step(CROSSINGS, get(cues.CROSS, 0)) + _step(PRODUCTS, products)
    if moves:
        crossing += MOVE_ADDS + (1.0 if products or get(cues.SYSTEM) else 0.0)
    if small_ask:  # looking at something large is still looking
        adds *= 0.5
        crossing *= 0.5
    evidence = base + adds + crossing - SMALL_TAKES * min(get(cues.SMALL, 0), 2)
    return evidence, products > 1 or bool(moves) or bool(get(cues.CROSS))


_SENTENCES = (
    ("override", "the prompt sets the tier: {}"),
    ("wrong", "{} is no tier and was ignored (simple, medium, complex, multi-system)"),
    (cues.CROSS, "crosses systems: {}"),
    (cues.MOVE, "moves things between systems: {}"),
    (cues.PRODUCT, "names {}"),
    (cues.DEEP, "asks for deep work: {}"),
    (cues.BROAD, "asks for thoroughness: {}"),
    (cues.TROUBLE, "has signs of trouble: {}"),
    (cues.ASPECT, "is about a property to measure: {}"),
    (cues.ANALYSE, "asks for analysis: {}"),
    (cues.CHANGE, "asks for a change: {}"),
    (cues.LOOKUP, "asks to look something up: {}"),
    (cues.PEEK, "asks to check or find something: {}"),
    (cues.FACT, "asks for a fact: {}"),
    (cues.NEXT, "has several steps: {}"),
    (cues.WIDE, "covers much: {}"),
    (cues.SMALL, "says that it is small: {}"),
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
