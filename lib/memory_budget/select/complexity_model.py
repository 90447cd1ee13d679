"""How hard the words and the length of a text make it look: a small linear model, two tables of weights in one file of bytes.

Trained on public task labels by tests/bench/complexity_train.py. Three things add up to standard deviations above (harder) or below the
median of the texts it was trained on:

    words     each word, each pair of neighbours and each word of the title has a weight; their sum over the square root of their number
    meanings  what a word means is hard or easy work ("concurrency", "tooltip"), seen in training or not: the mean over the words,
              less that of all texts
    length    a long task is harder than a short one
"""

from __future__ import annotations

WORDS = 400  # words read: the first 300 and the last 100
LAST_WORDS = 100
TITLE_WORDS = 12  # the first words say what it is about and are features of their own
SHORTEST, LONGEST = 10, 300  # words between which length itself says something
FEW = 3.0  # further words of no special meaning that every text is given, so that one or two words say little
HEAD = 24  # bytes before the tables

_OTHER_PUNCTUATION = "，。、；：？！（）「」『』《》【】“”‘’„«»–—…·・　¿¡"
# As `words.ALPHANUMERIC` in `text`; written again, for this module is loaded at every agent start and imports nothing.
_LETTERS_AND_DIGITS = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SPACES = dict.fromkeys(bytes(range(128)).translate(None, _LETTERS_AND_DIGITS), " ")
_ENDINGS = frozenset("ations ation ings ing ions ion ers ies ed es er ly s e".split())
_ENDING_SIZES = (6, 5, 4, 3, 2, 1)
_MASK = 0xFFFFFFFFFFFF
_CODE = (("<!--", "-->"), ("```", "```"), ("{code", "{code"), ("{noformat", "{noformat"), ("`", "`"))


def split_words(text: str) -> list[str]:
    """Lower-cased words; everything that is neither letter nor digit parts them."""
    text = text.lower()
    if not text.isascii():
        for mark in _OTHER_PUNCTUATION:
            if mark in text:
                text = text.replace(mark, " ")
    return text.translate(_SPACES).split()


def prose(text: str) -> str:
    """What a person wrote of `text`: without the headings and check boxes of a form, fenced and inline code, markup comments and
    addresses (which tell of the subject, not of the task). An opening mark without its end counts to the end of the text."""
    if "\n" in text and ("##" in text or "- [" in text or "* [" in text):
        first, *rest = text.split("\n")
        text = "\n".join([first, *[line for line in rest if not _is_of_a_form(line.lstrip())]])
    for opening, closing in _CODE:
        if opening in text:
            text = _without(text, opening, closing)
    if "://" in text:
        text = " ".join([word for word in text.split() if "://" not in word])
    return text


def _is_of_a_form(line: str) -> bool:
    """Whether a line is a heading ("### Expected behaviour") or has a check box ("- [x] I have searched the issues")."""
    return line.startswith("##") or (line[:3] in ("- [", "* [") and line[4:5] == "]")


def _without(text: str, opening: str, closing: str) -> str:
    pieces, start = [], 0
    at = text.find(opening)
    while at >= 0:
        pieces.append(text[start:at])
        end = text.find(closing, at + len(opening))
        if end < 0:
            return " ".join(pieces)
        start = end + len(closing)
        at = text.find(opening, start)
    pieces.append(text[start:])
    return " ".join(pieces)


def rough_stem(word: str) -> str:
    """`word` without its ending ("loading" -> "load"): rough, quick, and the same in training and use."""
    length = len(word)
    for size in _ENDING_SIZES:
        if length - size >= 3 and word[-size:] in _ENDINGS:
            return word[:-size]
    return word


def model_words(text: str) -> list[str]:
    """The words of `text` that the model reads."""
    words = split_words(prose(text))
    return words if len(words) <= WORDS else words[: WORDS - LAST_WORDS] + words[-LAST_WORDS:]


def word_number(word: str) -> int:
    """The number of a lower-cased word (its stem read in base 36); 0 for what is not of a-z and 0-9, which the model does not know."""
    try:
        return int(rough_stem(word)[:9], 36)
    except ValueError:
        return 0


def word_numbers(words: list[str]) -> dict[int, str]:
    """Number of each different word -> the word."""
    return {word_number(word): word for word in dict.fromkeys(words)}


def features(words: list[str]) -> dict[int, str]:
    """Number of each feature of a text -> the word it stands for: each word, each pair of neighbours, each word of the title."""
    out = word_numbers(words)
    numbers = {word: number for number, word in out.items()}
    before, before_word = 0, ""
    for place, word in enumerate(words):
        number = numbers.get(word)
        if number is None:  # another word of the same stem stands for it
            number = numbers[word] = word_number(word)
        out[(before * 1_000_003 + number * 7 + 5) & _MASK] = before_word
        if place < TITLE_WORDS:
            out[(number * 8_191 + 11) & _MASK] = word
        before, before_word = number, word
    return out


def length_term(count: int) -> float:
    """What the number of words adds, before its factor."""
    return float(min(max(count, SHORTEST), LONGEST) ** 0.25)


class Table:
    """Weights by number, hashed: a number stands in one of two slots, with a byte of the rest of it against mix-ups.

    As bytes: one of rest per slot, then one of weight + 128 per slot (128: nothing here); they stand in `data` from `begin` on, and
    are read there.
    """

    __slots__ = ("begin", "data", "size")

    def __init__(self, data: bytes, begin: int, end: int) -> None:
        self.data = data
        self.begin = begin
        self.size = (end - begin) // 2

    def matches(self, numbers: dict[int, str]) -> list[tuple[int, str]]:
        """(weight, word) of each number that has one."""
        data, begin, size = self.data, self.begin, self.size
        out = []
        for number, word in numbers.items():
            rest, slot = divmod(number, size)
            byte = rest & 255
            if data[begin + slot] != byte:
                slot = (slot + 1 + (rest >> 8)) % size
                if data[begin + slot] != byte:
                    continue
            weight = data[begin + size + slot] - 128
            if weight:
                out.append((weight, word))
        return out


class Model:
    """The file: six signed 32-bit little-endian integers (slots of the words' table and of the meanings'; then, in millionths, what a unit
    of weight of each is worth, the factor of the length, the shift), and the two tables."""

    __slots__ = ("length_factor", "meaning_scale", "meanings", "shift", "word_scale", "words")

    def __init__(self, data: bytes) -> None:
        head = [int.from_bytes(data[i : i + 4], "little", signed=True) for i in range(0, HEAD, 4)]
        words_end = HEAD + 2 * head[0]
        if min(head[:2]) <= 0 or len(data) != words_end + 2 * head[1]:
            raise ValueError("not a table of weights")
        self.words, self.meanings = Table(data, HEAD, words_end), Table(data, words_end, len(data))
        self.word_scale, self.meaning_scale, self.length_factor, self.shift = (n / 1e6 for n in head[2:])

    def judge(self, words: list[str]) -> tuple[float, list[tuple[float, str]]]:
        """(standard deviations above or below the median, what each match adds and its word)."""
        numbers = features(words)
        share = self.word_scale / (len(numbers) + 1.0) ** 0.5
        out = [(weight * share, word) for weight, word in self.words.matches(numbers)]
        single = word_numbers(words)
        share = self.meaning_scale / (len(single) + FEW)
        out += [(weight * share, word) for weight, word in self.meanings.matches(single)]
        deviations = sum([added for added, _ in out])
        return deviations + self.shift + self.length_factor * length_term(len(words)), out


_model: Model | None = None


def load_model() -> Model | None:
    """The model beside this module, read once; None where it cannot be read (cues alone decide then)."""
    global _model
    if _model is None:
        try:
            with open(__file__[: -len("complexity_model.py")] + "complexity.bin", "rb", 0) as file:
                _model = Model(file.read())
        except (OSError, ValueError, IndexError):
            return None
    return _model
