"""Keeps memory text from posing as the block's frame, as a tag of the client, or as a turn of a conversation.

A text is judged by its *shape*, which is what a reader sees: invisible characters are removed, look-alikes replaced by the ASCII
letters they are taken for, capitals by small letters. `‹/ｐrојect<ZWSP>‐memory＞` has the shape of the block's closing tag. Three things
are changed, and nothing else is:

- the bracket that opens such a tag becomes `&lt;`;
- the colon of a line that opens a turn (`Human:`) becomes `&#58;`;
- a sign that acts without being seen (ESC, a line separator, an override of the direction) is written out: `\\x1b`.

`neutral` is applied when a file is indexed, so what is counted is what is printed. Applied twice it changes nothing more.
Most text is let through by a few tests that need no table.
"""

from __future__ import annotations

from memory_budget.text import tag_names

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: Written for the bracket of a tag, and for the colon of a turn.
BRACKET = "&lt;"
COLON = "&#58;"

#: Look-alikes within ASCII itself, and capitals: `1`, `I` and `i` pass for `l`, `rn` for `m`, `vv` for `w`.
_FOLDED = {chr(code): chr(code).lower() for code in range(65, 91)}
_FOLDED |= {"i": "l", "I": "l", "1": "l", "0": "o", "m": "rn", "M": "rn", "w": "vv", "W": "vv"}
_FOLDED |= dict.fromkeys(map(chr, (*range(9), *range(11, 32), 0x7F)), "") | {"\t": " "}
_FOLD = str.maketrans(_FOLDED)

#: Names that open a turn, and what every disguise of either holds, folded or in small letters.
_SPEAKERS = tuple(name.translate(_FOLD) for name in ("human", "assistant"))
_SPEAKER_HINTS = ("human", "hurnan", "stant")
_SPEAKER_STARTS = ("human", "hurnan", "ass")

#: Signs that act without being seen, as ranges: first and last sign.
_ACTING = (
    ("\x00", "\x08"), ("\x0b", "\x1f"), ("\x7f", "\x9f"),  # control characters but tab and line feed
    ("\u2028", "\u2029"),  # line ends that not everybody knows
    ("\u202a", "\u202e"), ("\u2066", "\u206f"),  # embedding, override and isolation of a direction
    ("\ufff9", "\ufffb"), ("\ud800", "\udfff"),  # annotations between lines; halves of characters
    ("\U000e0000", "\U000e007f"),  # letters made for tags: a model reads them
)  # fmt: skip
#: Marks of a direction. They have work to do on a line with letters from right to left, and none elsewhere.
_DIRECTION_MARKS = "\u061c\u200e\u200f"
#: Uses of these signs that are left as they are: the end of a line in two characters, a new page at one end of a line, and the flags of
#: England, Scotland and Wales.
_USED = "(\r\n|(?<![^\n])\f|\f(?![^\n])|\U0001f3f4[\U000e0020-\U000e007e]{1,6}\U000e007f)"
#: How far into the text behind a bracket the name of a tag is looked for at first; further when nothing of it is seen.
_NEAR = 160
_LEAST_SEEN = 64
#: Different look-alikes and unseen signs up to which a text is searched for each of them.
_FEW = 16
#: What follows `<user>` where it is a placeholder: `<user>@<host>`.
_PLACEHOLDER_GOES_ON = ("@", ":", "/", ".", "-", "_", "|", ",", ")")
#: Signs behind a bracket that are enough, mostly, to see that no such name follows.
_AT_ONCE = 12


class _Shapes(dict[int, str]):
    """Code point -> what a reader sees in it, found out when first asked for; a table of `str.translate`.

    `acting`: the signs among those asked for that act without being seen.
    """

    def __init__(self) -> None:
        self.acting = set(map(chr, (*range(32), 0x7F))) - {"\t", "\n"}
        from memory_budget.text.look_alikes import FILLERS, LOOK_ALIKES

        for shown, signs in LOOK_ALIKES.items():
            self.update(dict.fromkeys(map(ord, signs), shown.translate(_FOLD)))
        self.update(dict.fromkeys(map(ord, FILLERS), ""))
        self.update({code: sign if isinstance(sign, str) else chr(sign) for code, sign in _FOLD.items()})

    def __missing__(self, code: int) -> str:
        from unicodedata import category

        sign = chr(code)
        kind = category(sign)
        if sign in _DIRECTION_MARKS or any(first <= sign <= last for first, last in _ACTING):
            self.acting.add(sign)
        if code < 128:
            shown = sign if sign.isprintable() or sign == "\n" else ""
        elif kind[0] in "MC":
            shown = ""
        else:
            shown = " " if kind[0] == "Z" else sign
        self[code] = shown
        return shown


_shapes: _Shapes | None = None


def shape(text: str) -> str:
    """The shape of a text, see above.

    `shape("Ｈｕ\\u200bｍan :")` and `shape("human :")` are both `hurnan :`.
    """
    return text.translate(_FOLD if text.isascii() else _table())


def _table() -> _Shapes:
    global _shapes
    if _shapes is None:
        _shapes = _Shapes()
    return _shapes


def neutral(text: str) -> str:
    """The text with all that could pass for something else than memory made harmless; most texts come back as they are."""
    brackets = "<"
    others: list[str] = []
    if text.isascii():
        acts_unseen = not text.replace("\n", "").replace("\t", "").isprintable()
    else:
        table = _table()
        signs = set(text)
        others = [sign for sign in signs if sign > "\x7f" and table[ord(sign)] != sign]
        brackets += "".join([sign for sign in others if "<" in table[ord(sign)]])
        acts_unseen = not table.acting.isdisjoint(signs)
    if len(brackets) > 1 or "<" in text:
        text = _without_tags(text, brackets)
    text_shape = _quick_shape(text, others)
    if any(hint in text_shape for hint in _SPEAKER_HINTS):
        text = _without_turns(text, text_shape)
    written = _written_out(text) if acts_unseen else text
    # What is written out stands in front of a bracket that was judged without it.
    return neutral(written) if written != text else text


def _quick_shape(text: str, others: list[str]) -> str:
    """The shape of a text, for the names of speakers; `others` are its signs beyond ASCII that are not seen as they are.

    With few of these, searching for each takes a tenth of the time.
    """
    if len(others) > _FEW:
        return shape(text)
    for sign in others:
        text = text.replace(sign, _table()[ord(sign)])
    return text.lower()


def visible(sign: str) -> str:
    """A sign as programmers write it: `\\x1b`, `\\u2028`, `\\U000e0041`."""
    code = ord(sign)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"


def _written_out(text: str) -> str:
    """The text with the signs that act without being seen written out."""
    import re

    def written(match: re.Match[str]) -> str:
        return match[1] if match.lastindex else "".join(map(visible, match[0]))

    rows = "".join([f"{first}-{last}" for first, last in _ACTING])
    text = re.sub(f"{_USED}|[{rows}]+", written, text)
    if any(mark in text for mark in _DIRECTION_MARKS):
        lines = text.split("\n")
        marks = re.compile(f"[{_DIRECTION_MARKS}]+")
        text = "\n".join([line if _runs_left(line) else marks.sub(written, line) for line in lines])
    return text


def _runs_left(line: str) -> bool:
    """Whether a line has letters that are written from right to left."""
    from unicodedata import bidirectional

    return any(bidirectional(sign) in ("R", "AL") for sign in line if sign not in _DIRECTION_MARKS)


def _without_tags(text: str, brackets: str) -> str:
    """The text with `&lt;` for each of these brackets that opens a tag which means something to the reader of a prompt."""
    parts = []
    start = 0
    for at, end in _openings(text, brackets):
        if tag_names.may_open(shape(text[at + 1 : at + _AT_ONCE])) and _opens(text, at, end):
            parts += [text[start:at], BRACKET]
            start = at + 1
    return "".join(parts) + text[start:] if parts else text


def _openings(text: str, brackets: str) -> Iterator[tuple[int, int]]:
    """Each place of one of the brackets, and the place of the next one or the end of the text."""
    places = []
    for bracket in brackets:
        at = text.find(bracket)
        while at >= 0:
            places.append(at)
            at = text.find(bracket, at + 1)
    places.sort()
    yield from zip(places, [*places[1:], len(text)], strict=True)


def _opens(text: str, at: int, end: int) -> bool:
    """Whether the bracket at `at`, with the next one at `end`, opens a tag that means something."""
    name = text[at + 1 : at + 1 + _NEAR]
    tag_shape = shape(name)
    whole = end <= at + 1 + _NEAR
    if whole or len(tag_shape.replace(" ", "").replace("\n", "")) < _LEAST_SEEN:
        tag_shape = shape(text[at + 1 : end])
        whole = True
    if text[at] == "<" and _is_in_code(text, at):
        return tag_names.opens_known_tag(tag_shape, open_end=end == len(text) or not whole)
    first = tag_names.USER in tag_shape and not _shape_before(text, at).strip()
    if tag_shape.partition(">")[2].startswith(_PLACEHOLDER_GOES_ON):
        first = False
    return tag_names.opens(tag_shape, open_end=end == len(text) or not whole, first=first)


def _is_in_code(text: str, at: int) -> bool:
    """Whether a bracket belongs to code, judged by the signs next to it: `List<System>`, `C<system>` in Pod, `builds/<system>`."""
    before, after = text[max(0, at - 2) : at], text[at + 1 : at + 3]
    joined = before[-1:]
    if joined in ("/", "@"):
        return True
    if not joined.isalnum() or not joined.isascii():
        return False
    return (after[:1].isupper() and after[1:].islower()) or (joined.isupper() and not before[:-1].isalnum())


def _shape_before(text: str, at: int) -> str:
    """The shape of the text before a bracket on its line: of the last `_NEAR` signs of it."""
    return shape(text[max(text.rfind("\n", 0, at) + 1, at - _NEAR) : at])


def _without_turns(text: str, text_shape: str) -> str:
    """The text with `&#58;` for the colon of each line that opens a turn; `text_shape` is its shape, line by line."""
    lines = text.split("\n")
    for number, line in enumerate(text_shape.split("\n")):
        if not line.lstrip().startswith(_SPEAKER_STARTS):
            continue
        line = lines[number]
        opening = shape(line).replace("|", "l").lstrip()
        for name in _SPEAKERS:
            if opening.startswith(name) and opening[len(name) :].lstrip().startswith(":"):
                at = next(place for place, sign in enumerate(line) if ":" in shape(sign))
                lines[number] = line[:at] + COLON + line[at + 1 :]
    return "\n".join(lines)
