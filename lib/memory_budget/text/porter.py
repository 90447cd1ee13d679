"""Porter's algorithm (1980): English words to their stems, as SQLite's `porter` tokenizer does it."""

from __future__ import annotations

#: What a character counts as, a to z in the middle; `y` is decided by its place.
_VOWELS = "c" * 97 + "vcccvcccvcccccvcccccvcccyc" + "c" * 133
_STEP2 = {
    "a": (("ational", "ate"), ("tional", "tion")),
    "c": (("enci", "ence"), ("anci", "ance")),
    "e": (("izer", "ize"),),
    "g": (("logi", "log"),),
    "l": (("bli", "ble"), ("alli", "al"), ("entli", "ent"), ("eli", "e"), ("ousli", "ous")),
    "o": (("ization", "ize"), ("ation", "ate"), ("ator", "ate")),
    "s": (("alism", "al"), ("iveness", "ive"), ("fulness", "ful"), ("ousness", "ous")),
    "t": (("aliti", "al"), ("iviti", "ive"), ("biliti", "ble")),
}
_STEP3 = (
    ("icate", "ic"),
    ("ative", ""),
    ("alize", "al"),
    ("iciti", "ic"),
    ("ical", "ic"),
    ("ful", ""),
    ("ness", ""),
)
_STEP4 = (
    "ement",
    "ance",
    "ence",
    "able",
    "ible",
    "ment",
    "ant",
    "ent",
    "ism",
    "ate",
    "iti",
    "ous",
    "ive",
    "ize",
    "ion",
    "al",
    "er",
    "ic",
    "ou",
)


def _shape(word: str) -> str:
    """The word as a row of `v` and `c`; Porter's measure of a stem is then the count of `vc` in its row."""
    row = word.translate(_VOWELS)
    if "y" in row:  # y is a consonant at the start and after a vowel
        letters = []
        last = "v"
        for letter in row:
            last = letter if letter != "y" else ("c" if last == "v" else "v")
            letters.append(last)
        row = "".join(letters)
    return row


def _short_end(word: str, row: str) -> bool:
    """Whether it ends consonant-vowel-consonant, the last not w, x or y (Porter's `*o`)."""
    return row[-3:] == "cvc" and word[-1] not in "wxy"


def stem(word: str) -> str:
    """The Porter stem of a lower-case ASCII word."""
    if len(word) < 3:
        return word
    word = _without_past(_without_plural(word))
    if word[-1] == "y" and "v" in _shape(word)[:-1]:
        word = word[:-1] + "i"
    if len(word) < 3:
        return word
    word = _without_suffixes(word)
    row = _shape(word)
    if word[-1] == "e":
        measure = row[:-1].count("vc")
        if measure > 1 or (measure == 1 and not _short_end(word[:-1], row[:-1])):
            word = word[:-1]
            row = row[:-1]
    if word.endswith("ll") and row.count("vc") > 1:
        word = word[:-1]
    return word


def _without_plural(word: str) -> str:
    """Step 1a: `caresses` -> `caress`, `ponies` -> `poni`, `cats` -> `cat`."""
    if word[-1] != "s":
        return word
    if word.endswith(("sses", "ies")):
        return word[:-2]
    return word[:-1] if word[-2] != "s" else word


def _without_past(word: str) -> str:
    """Step 1b: `agreed` -> `agree`, `plastered` -> `plaster`, `hopping` -> `hop`, `filing` -> `file`."""
    row = _shape(word)
    if word.endswith("eed"):
        return word[:-1] if "vc" in row[:-3] else word
    cut = 2 if word.endswith("ed") else 3 if word.endswith("ing") else 0
    if not cut or "v" not in row[:-cut]:
        return word
    word, row = word[:-cut], row[:-cut]
    if word.endswith(("at", "bl", "iz")):
        return word + "e"
    if len(word) > 1 and word[-1] == word[-2] and row[-1] == "c" and word[-1] not in "lsz":
        return word[:-1]
    return word + "e" if row.count("vc") == 1 and _short_end(word, row) else word


def _without_suffixes(word: str) -> str:
    """Steps 2 to 4: `relational` -> `relate`, `triplicate` -> `triplic`, `adjustment` -> `adjust`."""
    row = _shape(word)
    for table in (_STEP2.get(word[-2], ()), _STEP3):
        for end, new in table:
            if word.endswith(end):
                if "vc" in row[: -len(end)]:
                    word = word[: -len(end)] + new
                    row = _shape(word)
                break
    for end in _STEP4:
        if word.endswith(end):
            if row[: -len(end)].count("vc") > 1 and (end != "ion" or word[-4:-3] in ("s", "t")):
                word = word[: -len(end)]
            break
    return word
