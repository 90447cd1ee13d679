"""Turns text into index terms: one analyser for memory and for prompts, without `re`.

A text is cut by `bytes.translate` and `bytes.split`, which run at C speed; the terms of a word (case, stem, stop word,
parts of an identifier) are worked out once per distinct word and kept in a dict, so that a word of a large memory costs one
look-up. Example: `terms("Rounding in vat_rules.py")` is `["round", "vat", "rule", "py", "vat_rules.py"]`.

- Words are lower-cased, stop words dropped, English words reduced by Porter's algorithm (1980) as
  SQLite's `porter` tokenizer does it, Latin accents folded, whether a letter and its accent are one character or two.
  Forms of words in other languages find each other by `text.inflection`.
- Identifiers (`snake_case`, `camelCase`, `dotted.names`, `some/path.sql`, `kebab-case`) give their parts
  and, last, the whole, so that both a query for a part and the exact name find them.
- Chinese, Japanese and Korean runs give overlapping pairs of characters.

Raise `ANALYZER_VERSION` whenever the terms of any text change: an index made by another version is rebuilt.
"""

from __future__ import annotations

from itertools import chain
from sys import intern

from memory_budget.text.porter import stem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

ANALYZER_VERSION = 2

_CACHE_LIMIT = 50_000  # distinct words remembered; about 13 MB at most, then forgotten as a whole
_LONGEST_WORD = (
    64  # characters of a term; longer ones are hashes, encoded data and the like, cut to stay findable
)
_LONGEST_RUN = 8192  # bytes looked at of a run without spaces (in Chinese a whole sentence is one run)

STOP_WORDS = frozenset(
    (
        "a about above after again all also am an and any are aren't as at be because been before being "
        "below between both but by can can't could couldn't did didn't do does doesn't doing don't down "
        "during each etc few for from further get gets got had hadn't has hasn't have haven't having he "
        "her here hers herself him himself his how i i'd i'll i'm i've if in into is isn't it it's its "
        "itself just let let's ll me more most my myself no nor not now of off on once only or other "
        "our ours ourselves out over own please re s same she should shouldn't so some such t than that "
        "that's the their theirs them themselves then there there's these they they're this those "
        "through to too under until up us use used using ve very was wasn't we we'll we're we've were "
        "weren't what what's when where which while who whom why will with won't would wouldn't you "
        "you'd you'll you're you've your yours yourself yourselves "
    ).split()
)

# Everything but letters, digits, non-ASCII bytes and what joins the parts of a name becomes a space.
_JOINTS = "_-./'"
_JOINT_BYTES = b"_-./'"
#: ASCII letters and digits.
ALPHANUMERIC = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_APART = bytes(range(128)).translate(None, ALPHANUMERIC + _JOINT_BYTES)
_TABLE = bytes.maketrans(_APART, b" " * len(_APART))
_TO_SPACE = {ord(c): " " for c in _JOINTS}
_ACCENTS = str.maketrans(
    "àáâãäåāăąçćčďđèéêëēěęėğģìíîïīįıķłľĺļñńňņòóôõöøōőŕřśšşșťţțùúûüūůűųýÿžźż",
    "aaaaaaaaacccddeeeeeeeeggiiiiiiikllllnnnnoooooooorrsssstttuuuuuuuuyyzzz",
)


class _Stems(dict[str, str]):
    """Lower-case ASCII word -> its stem, filled on demand: the parts of names come again in many names."""

    def __missing__(self, word: str) -> str:
        if len(self) > _CACHE_LIMIT:
            self.clear()
        stemmed = self[word] = stem(word)
        return stemmed


_stems = _Stems()


def _is_cjk(char: str) -> bool:
    code = ord(char)
    return code >= 0x3040 and (
        code <= 0x30FF
        or 0x3400 <= code <= 0x9FFF
        or 0xAC00 <= code <= 0xD7AF
        or 0xF900 <= code <= 0xFAFF
        or code >= 0x20000
    )


def _camel_parts(word: str) -> list[str]:
    """`parseHTTPHeader` -> parse, HTTP, Header."""
    parts = []
    start = 0
    for i in range(1, len(word)):
        if word[i].isupper() and (not word[i - 1].isupper() or (i + 1 < len(word) and word[i + 1].islower())):
            parts.append(word[start:i])
            start = i
    parts.append(word[start:])
    return parts


def _plain(word: str) -> str:
    """One lower-case word without joints as a term; "" for a stop word or a single letter."""
    word = word[:_LONGEST_WORD]
    if word in STOP_WORDS or (len(word) == 1 and not word.isdigit()):
        return ""
    return _stems[word] if word.isascii() and word.isalpha() else word


def _name_terms(word: str) -> list[str]:
    """The parts and the whole of a name that holds joints or inner capitals."""
    name_terms: list[str] = []
    pieces = [word]
    if not word.isalnum():
        pieces = word.translate(_TO_SPACE).split()
    if not all(piece.isdigit() for piece in pieces):  # 2.3.1 and 2024-05-01 are found as a whole
        for piece in pieces:
            for part in (
                _camel_parts(piece) if piece[1:] != piece[1:].lower() and not piece.isupper() else (piece,)
            ):
                term = _plain(part.lower())
                if term and (len(part) > 1 or not name_terms):
                    name_terms.append(term)
    whole = word.lower()
    whole = _plain(whole) if whole.isalpha() else whole[:_LONGEST_WORD]
    if whole and whole not in name_terms:
        name_terms.append(whole)
    return name_terms


def word_terms(raw: bytes) -> tuple[str, ...]:
    """The index terms of one run of word bytes without spaces: `b"vat_rules"` -> `("vat", "rule", "vat_rules")`."""
    raw = raw.strip(_JOINT_BYTES)[:_LONGEST_RUN]
    if raw.isascii():
        word = raw.decode("ascii")
        lower = word.lower()
        if word.isalnum() and (
            word[1:] == lower[1:] or word.isupper() or (word[:-1].isupper() and word[-1] == "s")
        ):
            term = _plain(lower)
            return (term,) if term else ()
        if "'" in word:  # don't, it's, Caroline's, rock'n'roll
            if lower in STOP_WORDS:
                return ()
            if lower.endswith("'s"):
                return word_terms(raw[:-2])
            if word.replace("'", "").isalpha():
                return tuple([term for term in map(_plain, lower.split("'")) if term])
        return tuple(_name_terms(word)) if word else ()
    return _mixed_terms(raw.decode("utf-8", "replace"))


def _mixed_terms(text: str) -> tuple[str, ...]:
    """Terms of a run that holds non-ASCII characters, which may be letters or punctuation."""
    mixed_terms: list[str] = []
    word = ""
    run = ""
    for char in text.replace("\u2019", "'") + "\0":
        if _is_cjk(char):
            run += char
        elif run:
            mixed_terms += [run[i : i + 2] for i in range(len(run) - 1)] or [run]
            run = ""
        if not run and (char.isalnum() or char in _JOINTS):
            word += char
        elif word:
            lower = word.lower().replace("i\u0307", "i").translate(_ACCENTS)
            mixed_terms += (
                word_terms(lower.encode()) if lower.isascii() else (lower.strip(_JOINTS)[:_LONGEST_WORD],)
            )
            word = ""
    return tuple([term for term in mixed_terms if term])


class _Words(dict[bytes, "tuple[str, ...]"]):
    """Word bytes -> terms, filled on demand."""

    def __missing__(self, word: bytes) -> tuple[str, ...]:
        # One object a term: a look-up by it is a comparison of addresses.
        interned = self[word] = tuple([intern(term) for term in word_terms(word)])
        return interned


_words = _Words()


def terms(text: str) -> list[str]:
    """The index terms of a text in the order of its words, repeats kept."""
    if len(_words) > _CACHE_LIMIT:
        _words.clear()
    return list(chain.from_iterable(map(_words.__getitem__, word_runs(text))))


def pairs(text: str) -> list[str]:
    """Pairs of terms in a row, names cut into their parts: `vat-rounding rules` has "vat round" and "round rule"."""
    row: list[str] = []
    for run in word_runs(text):
        run_terms = word_terms(run)
        row += run_terms[:-1] if len(run_terms) > 1 and run_terms[-1].startswith(run_terms[0]) else run_terms
    after = row[1:]
    return [f"{first} {second}" for first, second in zip(row, after, strict=False) if first != second]


def word_runs(text: str) -> list[bytes]:
    """The runs of word bytes in a text, which `word_terms` makes terms of."""
    if not text.isascii():
        text = composed(text)
    return text.encode("utf-8", "replace").translate(_TABLE).split()


def composed(text: str) -> str:
    """A text in which a letter and its accent are one character, however they were written (NFC)."""
    from unicodedata import is_normalized, normalize

    return text if is_normalized("NFC", text) else normalize("NFC", text)


def folded(word: str) -> str:
    """A word as it is compared: lower case, without accents."""
    return composed(word.lower()).replace("\u0307", "").translate(_ACCENTS)


_blake2b: Callable[..., Any] | None = None


def word_digest(text: str) -> bytes:
    """64 bits of a text's BLAKE2b."""
    global _blake2b
    # Most starts need none, and an import at each call would cost as much as the hash.
    hasher = _blake2b
    if hasher is None:
        from _blake2 import blake2b

        hasher = _blake2b = blake2b
    digest: bytes = hasher(text.encode("utf-8", "replace"), digest_size=8).digest()
    return digest


class _Lanes(dict[str, int]):
    """Term -> its 64-bit hash with every bit in a lane of 8 bits, so that adding integers counts bits."""

    def __missing__(self, term: str) -> int:
        if not _BYTE_LANES:
            _BYTE_LANES.extend(bytes(byte >> bit & 1 for bit in range(7, -1, -1)) for byte in range(256))
        lanes = self[term] = int.from_bytes(
            b"".join([_BYTE_LANES[byte] for byte in word_digest(term)]), "big"
        )
        return lanes


_lanes = _Lanes()
_BYTE_LANES: list[bytes] = []  # the eight bits of a byte, a byte each
#: Terms that a lane of 8 bits can count.
FULL_LANE = 255
#: Terms of a text that a fingerprint looks at.
MOST_COUNTED = 30_000
_ONES = int("01" * 64, 16)
_WIDE_ONES = int("0001" * 64, 16)
_TOP_BIT = b"0" * 128 + b"1" * 128  # "1" where a lane's highest bit is set


def simhash(chunk_terms: Sequence[str]) -> int:
    """A 64-bit fingerprint of a chunk's terms; near duplicates differ in few bits (Charikar 2002).

    Bits are counted in 64 lanes of one big integer: about 0.1 microseconds a term. Of more than
    `MOST_COUNTED` terms the first count, which keeps the lanes from overflowing.
    """
    if len(_lanes) > _CACHE_LIMIT:
        _lanes.clear()
    size = len(chunk_terms)
    if size <= FULL_LANE:
        total = sum(map(_lanes.__getitem__, chunk_terms))
        total += _ONES * (0x80 - size // 2 - 1)  # a lane's top bit is set when most terms set the bit
        return int(total.to_bytes(64, "big").translate(_TOP_BIT), 2)
    counted = chunk_terms[:MOST_COUNTED]
    total = 0
    for start in range(0, len(counted), FULL_LANE):
        part = bytearray(128)  # the same in lanes of 16 bits
        part[1::2] = sum(map(_lanes.__getitem__, counted[start : start + FULL_LANE])).to_bytes(64, "big")
        total += int.from_bytes(part, "big")
    total += _WIDE_ONES * (0x8000 - len(counted) // 2 - 1)
    return int(total.to_bytes(128, "big")[::2].translate(_TOP_BIT), 2)


def distinct(all_terms: Iterable[str]) -> list[str]:
    """The terms once each, in the order of their first use."""
    return list(dict.fromkeys(all_terms))
