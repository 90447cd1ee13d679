"""How hard a task is, from its prompt and description: simple, medium, complex or multi-system.

Two judges, one number. *Cues* (`complexity_cues`) read the words people use when they ask for something and decide short prompts; a
small *model* (trained on public task labels by tests/bench/complexity_train.py) looks at all words and the shape of the text and
decides long ones, where single words mean little. Both speak in *evidence*: 0 is a medium task, below is easier, above is harder.
`Verdict.score` is that evidence squeezed to 0..1, so it orders tasks, and tiers are cut from the same number.

Pure, deterministic, linear in what is read (at most HEAD + TAIL characters), never raises on any text. It runs at every agent start,
so it imports nothing that would cost time; the model is one small table of bytes, read once and only when a text is long enough.
"""

from __future__ import annotations

from memory_budget.select import complexity_cues as cues

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

# How cues and model share a text, by its number of words: up to the first number the cues decide alone; from the second on the model has
# its full weight and the cues keep the given share of theirs. Words that lead a request ("list ...", "optimise ...") hold their
# meaning for longest; weak cues give way at once.
LED = (8, 60, 0.35)
TELLING = (8, 16, 0.1)
WEAK = (3, 9, 0.1)
TELLS_FROM = 1.2  # evidence of the cues from which they are telling
MODEL_UNIT = 0.8  # evidence of one standard deviation of the model
KNOWN_ENOUGH = 8  # features of the model that a text must hold for the model to be heard
SURE = 0.5  # evidence under which a verdict without any cue counts as unsure

# What a cue adds to the evidence (see the notes on each kind in complexity_cues).
LOOKUP_BASE, PEEK_BASE, FACT_BASE = -1.6, -1.2, -0.6
ANALYSE_BASE, CHANGE_BASE, DEEP_BASE = 0.2, 0.1, 1.5
TROUBLES = (0.0, 1.1, 1.6, 1.8)  # by number of different signs of trouble
ASPECTS = (0.0, 0.45, 0.6)
CROSSINGS = (0.0, 3.2, 3.8)
PRODUCTS = (0.0, 0.4, 1.7, 3.0)
STEPS = (0.0, 0.3, 0.6, 0.9)
BROAD_ADDS, WIDE_ADDS, SMALL_TAKES, MOVE_ADDS = 1.0, 0.15, 0.6, 2.2

_OTHER_PUNCTUATION = "，。、；：？！（）「」『』《》【】“”‘’„«»–—…·・　¿¡"
MODEL_WORDS = 400  # words read by the model
TITLE_WORDS = 12  # the first words say what it is about and are features of their own
_ENDINGS = frozenset("ations ation ings ing ions ion ers ies ed es er ly s e".split())
_ENDING_SIZES = (6, 5, 4, 3, 2, 1)
_MASK = 0xFFFFFFFFFFFF
_NOT = frozenset(
    "not no don never without nicht keine ohne sin nunca ne pas sans não sem non senza не без".split()
)
_LEADING = (cues.LOOKUP, cues.PEEK, cues.ANALYSE, cues.DEEP)
# As `terms.ALPHANUMERIC`; written again, for this module loads nothing but its cues.
_LETTERS_AND_DIGITS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SPACES = dict.fromkeys(bytes(range(128)).translate(None, _LETTERS_AND_DIGITS), " ")
_TIER_NAMES = {
    "simple": SIMPLE, "medium": MEDIUM, "complex": COMPLEX, "multi-system": MULTI, "multisystem": MULTI, "multi": MULTI,
}  # fmt: skip


class Verdict:
    """A tier and what it rests on. `source` is "override-prompt", "detected" or "unsure" (nothing telling found: medium)."""

    __slots__ = ("_known", "_notes", "evidence", "score", "source", "tier")

    def __init__(
        self,
        tier: str,
        evidence: float,
        source: str,
        notes: list[tuple[str, str]],
        known: list[tuple[int, str]],
    ) -> None:
        self.tier = tier
        self.evidence = evidence
        self.score = 0.5 + 0.5 * evidence / (2.0 + abs(evidence))
        self.source = source
        self._notes = notes
        self._known = known

    @property
    def reasons(self) -> list[str]:
        """Short sentences for a person, strongest kind first. Made only when asked for."""
        return _sentences(self._notes) + _model_sentences(self._known, self.evidence)

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
    cue = _cue_evidence(prompt, description, notes)
    words = model_words(prompt)
    known: list[tuple[int, str]] = []
    middle = 0.0
    if len(words) > WEAK[0]:
        model = _load_model()
        if model is not None:
            middle, known = model.evidence(words)
    heard = len(known) >= KNOWN_ENOUGH
    evidence = _blend(cue, middle, len(words) if heard else 0)
    if tier:
        return Verdict(tier, evidence, "override-prompt", [("override", tier)], [])
    if not heard:
        known = []
    if not notes and abs(evidence) < SURE:
        return Verdict(MEDIUM, evidence, "unsure", notes, known)
    return Verdict(tier_of(evidence), evidence, "detected", notes, known)


def _blend(cue: _Cue, middle: float, count: int) -> float:
    """Evidence of cues and model together, for a text of `count` words (0: the model is not heard)."""
    evidence = cue.evidence
    short, long, keeps = LED if cue.leads else TELLING if cue.crosses or abs(evidence) >= TELLS_FROM else WEAK
    if count > short:
        share = min((count - short) / (long - short), 1.0)
        evidence = evidence * (1.0 - share * (1.0 - keeps)) + share * MODEL_UNIT * middle
    if evidence >= MULTI_FROM and not cue.crosses:
        return MULTI_FROM - 0.1  # hard, but nothing says that it leaves one system
    return evidence


def blend(prompt: str, description: str, middle: float) -> float:
    """The evidence of `classify` if the model said `middle`: for the evaluation of models that are not the shipped one."""
    return _blend(_cue_evidence(prompt, description, []), middle, len(model_words(prompt)))


def tier_of(evidence: float) -> str:
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


# --- the model ---------------------------------------------------------------------------------------------------------------


def prose(text: str) -> str:
    """What a person wrote of `text`: without fenced and inline code, markup comments and addresses (which tell of the subject, not
    of the task). An opening mark without its end counts to the end of the text."""
    for opening, closing in (
        ("<!--", "-->"),
        ("```", "```"),
        ("{code", "{code"),
        ("{noformat", "{noformat"),
        ("`", "`"),
    ):
        at = text.find(opening)
        if at < 0:
            continue
        kept, start = [], 0
        while at >= 0:
            kept.append(text[start:at])
            end = text.find(closing, at + len(opening))
            if end < 0:
                start = len(text)
                break
            start = end + len(closing)
            at = text.find(opening, start)
        kept.append(text[start:])
        text = " ".join(kept)
    if "://" in text:
        text = " ".join([word for word in text.split() if "://" not in word])
    return text


def stem(word: str) -> str:
    """`word` without its ending: rough, quick, and the same in training and use."""
    length = len(word)
    for size in _ENDING_SIZES:
        if length - size >= 3 and word[-size:] in _ENDINGS:
            return word[:-size]
    return word


def model_words(text: str) -> list[str]:
    """The words of `text` that the model reads."""
    if len(text) > HEAD + TAIL:
        text = text[:HEAD] + " \n" + text[-TAIL:]
    words = _split(prose(text))
    return words if len(words) <= MODEL_WORDS else words[: MODEL_WORDS - 100] + words[-100:]


def features(words: list[str]) -> dict[int, str]:
    """Number of each feature of a text -> the words it stands for: each word, each pair of neighbours, each word of the title."""
    out: dict[int, str] = {}
    numbers: dict[str, int] = {}
    before, before_word, title = 0, "", TITLE_WORDS
    for word in words:
        number = numbers.get(word)
        if number is None:
            number = numbers[word] = word_number(word)
            out[number] = word
        out[(before * 1_000_003 + number * 7 + 5) & _MASK] = before_word
        if title:
            title -= 1
            out[(number * 8_191 + 11) & _MASK] = word
        before, before_word = number, word
    return out


def word_number(word: str) -> int:
    """The number of a lower-cased word (its stem read in base 36); 0 for what is not of a-z and 0-9, which the model does not know."""
    try:
        return int(stem(word)[:9], 36)
    except ValueError:
        return 0


class Model:
    """A table of weights, hashed: slot = number % size, and a byte of the rest of the number against mix-ups.

    File: five signed 32-bit little-endian integers (size; then scale, shift and length factor in millionths; 0), one byte of rest
    per slot, one byte of weight + 128 per slot (128: no feature here).
    """

    __slots__ = ("length_factor", "rests", "scale", "shift", "size", "weights")

    def __init__(self, data: bytes) -> None:
        head = [int.from_bytes(data[i : i + 4], "little", signed=True) for i in range(0, 20, 4)]
        self.size = head[0]
        self.scale, self.shift, self.length_factor = head[1] / 1e6, head[2] / 1e6, head[3] / 1e6
        self.rests = data[20 : 20 + self.size]
        self.weights = data[20 + self.size :]
        if self.size <= 0 or len(self.weights) != self.size:
            raise ValueError("not a table of weights")

    def evidence(self, words: list[str]) -> tuple[float, list[tuple[int, str]]]:
        """Standard deviations above (harder) or below the middle of the tasks it was trained on, and what each known word adds."""
        size, rests, weights = self.size, self.rests, self.weights
        found = features(words)
        known = []
        total = 0
        for number, word in found.items():
            rest, slot = divmod(number, size)
            if rests[slot] == rest & 255:
                weight = weights[slot] - 128
                if weight:
                    total += weight
                    known.append((weight, word))
        count = min(max(len(words), LENGTH_FROM), LENGTH_TO)
        middle = total * self.scale / (len(found) + 1.0) ** 0.5 + self.shift
        return middle + self.length_factor * count**0.25, known


LENGTH_FROM, LENGTH_TO = 10, 300  # words between which length itself says something
_model: Model | None = None


def _load_model() -> Model | None:
    """The model beside this module, read once; None (cues alone decide) where it cannot be read."""
    global _model
    if _model is None:
        try:
            with open(__file__[: -len("complexity.py")] + "complexity.bin", "rb", 0) as file:
                _model = Model(file.read())
        except (OSError, ValueError, IndexError):
            return None
    return _model


def _step(values: tuple[float, ...], count: int) -> float:
    return values[count] if count < len(values) else values[-1]


def _kind(word: str) -> str | None:
    """The kind of cue that a word is, whole or by its beginning."""
    kind = cues.WORD_KIND.get(word)
    if kind is None:
        for length in cues.STEM_LENGTHS:
            if len(word) >= length:
                kind = cues.STEM_KIND.get(word[:length])
                if kind is not None:
                    break
    return kind


class _Cue:
    """What the cue words say: evidence, whether the task crosses systems, whether the text starts as a request."""

    __slots__ = ("crosses", "evidence", "leads")

    def __init__(self, evidence: float = 0.0, crosses: bool = False, leads: bool = False) -> None:
        self.evidence, self.crosses, self.leads = evidence, crosses, leads


def _cue_evidence(prompt: str, description: str, notes: list[tuple[str, str]]) -> _Cue:
    """What the cue words at the start of a task say. The words found go to `notes`."""
    start = description[:400] + " \n " + prompt[: CUE_WORDS * 12]
    words = _split(start)[: CUE_WORDS + 20]
    found: dict[str, dict[str, None]] = {}
    leads = len(_split(description[:400]))
    across = -9
    led = False
    for i, word in enumerate(words):
        kind = _kind(word)
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
        elif kind == cues.CHANGE and i and (words[i - 1] in _NOT or words[i - 2] in _NOT):
            continue  # "do not change anything" asks for nothing
        elif kind == cues.CROSS and i + 1 < len(words) and words[i + 1].startswith("test"):
            continue  # an integration test is one test
        if kind in _LEADING and (i < 2 or leads <= i < leads + 2):
            led = True
        found.setdefault(kind, {})[word] = None
    line = " " + " ".join(words) + " "
    for kind, phrase in cues.PHRASES:
        if phrase in line and f" {phrase} " in line:
            found.setdefault(kind, {})[phrase] = None
    if not line.isascii():
        for kind, run in cues.runs():
            if run in line:
                found.setdefault(kind, {})[run] = None
    if not found:
        return _Cue()
    if cues.LOOKUP in found:
        analyses = found.get(cues.ANALYSE, {})
        if "how many" in found[cues.LOOKUP] or "how much" in found[cues.LOOKUP]:
            analyses.pop("how", None)  # that how asks for a number
        if led and prompt[-3:].rstrip().endswith("?"):
            found.pop(cues.CHANGE, None)  # "where is it set?" asks, and changes nothing
    for kind, hits in found.items():
        notes.extend((kind, hit) for hit in hits)
    return _weigh(found, led)


def _weigh(found: dict[str, dict[str, None]], led: bool) -> _Cue:
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
    adds = (
        _step(TROUBLES, get(cues.TROUBLE, 0))
        + _step(ASPECTS, get(cues.ASPECT, 0))
        + _step(STEPS, get(cues.NEXT, 0))
    )
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
    return _Cue(evidence, products > 1 or bool(moves) or bool(get(cues.CROSS)), led)


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


def _model_sentences(known: list[tuple[int, str]], evidence: float) -> list[str]:
    """The words that moved the model most, in the direction that the verdict took."""
    sums: dict[str, int] = {}
    for weight, word in known:
        if len(word) > 2:
            sums[word] = sums.get(word, 0) + weight
    sign = 1 if evidence >= 0 else -1
    telling = sorted((-sign * weight, word) for word, weight in sums.items() if sign * weight > 0)[:4]
    if not telling:
        return []
    kind = "harder" if sign > 0 else "easier"
    return [f"its words are like those of {kind} tasks: " + ", ".join(f'"{word}"' for _, word in telling)]
