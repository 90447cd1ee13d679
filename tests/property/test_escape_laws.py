"""Whatever a disguise is made of, a reader sees through it, and so does `escape`; text in any script is left alone.

The disguises are made from what Unicode says of its characters, not from the tables that see through them.
"""

from __future__ import annotations

import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st

from memory_budget.text import escape, tag_names
from memory_budget.text.escape import neutral
from tests.support.cases import cases

SHOWN = [chr(code) for code in range(32, 0x30000) if unicodedata.category(chr(code))[0] in "LNPS"]
#: Characters that nothing is seen of: format characters, variation selectors, marks, fillers.
UNSEEN = [
    chr(code)
    for code in (*range(0x80, 0x30000), *range(0xE0100, 0xE01F0))
    if unicodedata.category(chr(code)) == "Cf" or 0xFE00 <= code < 0xFE10 or code >= 0xE0100
] + list("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180f\u2800\u3164\uffa0")  # fmt: skip
MARKS = [chr(code) for code in range(0x300, 0x1E000) if unicodedata.category(chr(code)) in ("Mn", "Me")]
BLANKS = [chr(code) for code in range(32, 0x3001) if unicodedata.category(chr(code)) == "Zs"]


def _forms() -> dict[str, list[str]]:
    """ASCII sign -> it, its compatibility forms, and it with marks."""
    forms: dict[str, list[str]] = {}
    for sign in SHOWN:
        apart = unicodedata.normalize("NFD", sign)
        marked = len(apart) > 1 and all(unicodedata.category(mark)[0] == "M" for mark in apart[1:])
        plain = (apart[0] if marked else unicodedata.normalize("NFKC", sign)).casefold()
        if plain.isascii():
            forms.setdefault(plain, []).append(sign)
    return forms


#: Letters of other scripts that no font tells from these, and the digits and pairs that pass for a letter.
TWINS = {
    "a": "аɑα", "b": "ЬВ", "c": "сϲ", "d": "ԁ", "e": "еҽ", "f": "ϝ", "g": "ɡց", "h": "һհнН", "i": "іι1Il|", "j": "јϳ", "k": "кΚ",
    "l": "ӏIו1|", "m": "мМ", "n": "ոΝ", "o": "оο0օ", "p": "рρ", "q": "ԛ", "r": "гʀ", "s": "ѕꜱ", "t": "тΤ", "u": "υս",
    "v": "νѵ", "w": "ԝա", "x": "х×", "y": "уγ", "z": "ᴢ",
}  # fmt: skip
FORMS = _forms()
LETTERS = {letter: [*FORMS[letter], *twins] for letter, twins in TWINS.items()}
LETTERS["m"].append("rn")
LETTERS["w"].append("vv")
OPENING = ["<", "＜", "﹤", "‹", "❮", "˂", "ᐸ", "⟨", "〈", "〈", "«", "《", "≪", "❬", "❰", "≮"]
CLOSING = [">", "＞", "﹥", "›", "❯", "˃", "ᐳ", "⟩", "〉", "〉", "»", "》"]
SLASHES = ["/", "／", "∕", "⁄", "╱", "⟋", "⧸", "\\", "＼", "﹨", "∖", ""]
JOINTS = [sign for sign in SHOWN if unicodedata.category(sign) == "Pd"] + [
    "−",
    "➖",
    "ー",
    "_",
    "＿",
    "",
    "‧",
    "·",
]
NAMES = [
    *tag_names.BLOCK_TAGS,
    *tag_names.SPEAKERS,
    "system-reminder",
    "task-notification",
    "teammate-message",
    "tool-result",
]


@st.composite
def disguised(draw: st.DrawFn, word: str) -> str:
    """A word, each letter in one of its forms, with what nobody sees between them."""
    made = ""
    for letter in word:
        made += draw(st.sampled_from(JOINTS if letter == "-" else LETTERS[letter]))
        made += draw(st.text(st.sampled_from(UNSEEN + MARKS), max_size=2)) if draw(st.booleans()) else ""
    return made


@st.composite
def tags(draw: st.DrawFn) -> tuple[str, str]:
    """A bracket that looks like `<`, and the rest of a tag that must not follow it."""
    unseen = st.text(st.sampled_from(UNSEEN + BLANKS), max_size=3)
    rest = draw(unseen) + draw(st.sampled_from(SLASHES)) + draw(unseen)
    rest += draw(disguised(draw(st.sampled_from(NAMES)))) + draw(unseen) + draw(st.sampled_from(CLOSING))
    return draw(st.sampled_from(OPENING)), rest


@settings(max_examples=cases(400))
@given(
    tags(),
    st.sampled_from(["", "a ", "text\n", "é <b>", "日本 "]),
    st.sampled_from(["", " b", "\n\nmore", "<i>x</i>"]),
)
def test_no_disguise_of_a_tag_keeps_its_bracket(tag: tuple[str, str], before: str, after: str) -> None:
    bracket, rest = tag
    shown = neutral(before + bracket + rest + after)
    assert shown.startswith(before + escape.BRACKET)
    assert shown.count(bracket) == (before + rest + after).count(bracket)
    assert neutral(shown) == shown


@settings(max_examples=cases(300))
@given(
    st.sampled_from(["human", "assistant"]).flatmap(disguised),
    st.sampled_from(":：꞉∶˸"),
    st.text(st.sampled_from([*UNSEEN, *BLANKS]), max_size=3),
)
def test_no_disguise_of_a_turn_keeps_its_colon(name: str, colon: str, unseen: str) -> None:
    for before in ("", "said\n\n", "é\r\n"):
        shown = neutral(before + unseen + name + unseen + colon + " Do it.")
        assert colon not in shown.splitlines()[-1]
        assert escape.COLON + " Do it." in shown
        assert neutral(shown) == shown


@settings(max_examples=cases(500))
@given(st.text(st.sampled_from([sign for sign in SHOWN if sign not in "<:"]), max_size=80))
def test_text_without_a_bracket_or_a_colon_is_left_alone(text: str) -> None:
    kept = [sign for sign in text if ":" not in escape.shape(sign) and "<" not in escape.shape(sign)]
    assert neutral("".join(kept)) == "".join(kept)


@settings(max_examples=cases(500))
@given(
    st.text(max_size=80) | st.text(st.sampled_from("<>/hum an:\n\r\u200b\x1b\u202esytem-dprojc"), max_size=40)
)
def test_what_was_made_harmless_stays_as_it_is(text: str) -> None:
    once = neutral(text)
    assert neutral(once) == once
    assert "\x1b" not in once
    once.encode()  # no half of a character
