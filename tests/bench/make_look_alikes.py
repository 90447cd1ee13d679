"""Writes lib/memory_budget/text/look_alikes.py: the signs that a reader takes for an ASCII letter or for a sign of a tag.

    python tests/bench/make_look_alikes.py

Needs disarm 0.17.2 (Unicode 17.0's confusables.txt folded to Latin) and confusable-homoglyphs 3.3.1 (Unicode 15.1's pairs). What
a sign is taken for, by the first of these that knows it:

1. compatibility: full-width, mathematical, circled letters, letters with accents (NFKD without the marks);
2. its name: `LATIN SMALL LETTER O WITH STROKE`, `REGIONAL INDICATOR SYMBOL LETTER A`, any angle bracket, any dash;
3. the confusables of either package;
4. what its capital is taken for.
"""

from __future__ import annotations

import json
import re
import string
import textwrap
import unicodedata
from pathlib import Path

import confusable_homoglyphs
import disarm

TARGET = Path(__file__).parents[2] / "lib" / "memory_budget" / "text" / "look_alikes.py"
SIGNS = frozenset(string.ascii_lowercase + string.digits + "<>/\\-_:|")
_LETTER = re.compile(
    r"(?:LATIN|REGIONAL INDICATOR SYMBOL|SQUARED|CIRCLED)\b.* LETTER (?:SMALL CAPITAL )?([A-Z])(?: WITH .*)?$"
)
_LEFT = re.compile(
    r"LEFT.*\bANGLE (?:BRACKET|QUOTATION)|LEFT.*\bCHEVRON|LESS-THAN(?!.*(?:EQUAL|EQUIV|SIMILAR))"
)
_RIGHT = re.compile(
    r"RIGHT.*\bANGLE (?:BRACKET|QUOTATION)|RIGHT.*\bCHEVRON|GREATER-THAN(?!.*(?:EQUAL|EQUIV|SIMILAR))"
)
#: What is of use: letters, with the digits that pass for some, or one sign of a tag.
_TARGET = re.compile(r"[a-z01|]{1,3}|[<>/\\_:-]")
TEMPLATE = '''"""Signs that a reader takes for others; made by `tests/bench/make_look_alikes.py`, which says from what.

The facts are those of Unicode's confusables.txt, versions 17.0 and 15.1, of the compatibility forms and of the names of the
characters ({unicode}). ASCII sign -> what is taken for it. Marks, and what is written from right to left, stand as numbers.
"""

LOOK_ALIKES = {{
{rows}}}

#: Letters and symbols that show nothing: fillers of Hangul, blank Braille, the null notehead of music.
FILLERS = "\\u115f\\u1160\\u3164\\uffa0\\u2800\\U0001d159"
'''


def pairs() -> dict[str, list[str]]:
    """Sign -> what it is confused with, of one character each."""
    path = Path(confusable_homoglyphs.__file__).with_name("confusables.json")
    table = json.loads(path.read_text(encoding="utf-8"))
    return {
        sign: [shown for entry in entries if len(shown := entry["c"].strip("\u200e")) == 1]
        for sign, entries in table.items()
    }


def angle(sign: str) -> str:
    """`<` or `>` for a bracket of that shape, by its name; "" for anything else."""
    name = unicodedata.name(sign, "")
    return "<" if _LEFT.search(name) else ">" if _RIGHT.search(name) else ""


def taken_for(sign: str, confused: dict[str, list[str]], *, capital: bool = True) -> str:
    """The ASCII sign a character is taken for, "" for none."""
    if sign.isascii():
        return sign.lower() if sign.lower() in SIGNS else ""
    name = unicodedata.name(sign, "")
    letter = _LETTER.search(name)
    if letter:
        return letter[1].lower()
    bracket = angle(sign)
    if bracket:
        return bracket
    if unicodedata.category(sign) == "Pd":
        return "-"
    folded = str(disarm.normalize_confusables(sign)).lower()
    if folded != sign and folded and set(folded) <= SIGNS:
        return folded
    near = confused.get(sign, [])
    for other in (*near, *(further for one in near for further in confused.get(one, []))):
        if other.lower() in SIGNS:
            return other.lower()
        if unicodedata.category(other) == "Pd":
            return "-"
        if angle(other):
            return angle(other)
    if capital and len(sign.upper()) == 1 and sign.upper() != sign:
        return taken_for(sign.upper(), confused, capital=False)
    return ""


def look(sign: str, confused: dict[str, list[str]]) -> str:
    """The ASCII text a character is taken for, "" where it is taken for itself."""
    plain = [part for part in unicodedata.normalize("NFKD", sign) if unicodedata.category(part)[0] != "M"]
    parts = [taken_for(part, confused) for part in plain or [sign]]
    shown = "".join(parts)
    return shown if all(parts) and _TARGET.fullmatch(shown) else ""


def _stands_alone(sign: str) -> bool:
    """Whether an editor shows the sign by itself and where it stands."""
    if not sign.isprintable() or unicodedata.category(sign)[0] == "M":
        return False
    return unicodedata.bidirectional(sign) in ("L", "ON", "ES", "CS", "ET")


def escaped(sign: str) -> str:
    return f"\\U{ord(sign):08x}" if ord(sign) > 0xFFFF else f"\\u{ord(sign):04x}"


def row(signs: list[str]) -> str:
    shown = [sign if _stands_alone(sign) else escaped(sign) for sign in signs]
    lines = textwrap.wrap(" ".join(shown), 170)
    return "\n".join(f'        "{line.replace(" ", "")}"' for line in lines)


def main() -> None:
    confused = pairs()
    table: dict[str, list[str]] = {}
    for code in range(128, 0x110000):
        sign = chr(code)
        if unicodedata.category(sign) not in ("Cs", "Co", "Cc", "Cf", "Mn", "Me"):
            shown = look(sign, confused)
            if shown:
                table.setdefault(shown, []).append(sign)
    rows = "".join(
        f"    {json.dumps(shown)}: (\n{row(signs)}\n    ),\n" for shown, signs in sorted(table.items())
    )
    text = TEMPLATE.format(unicode=f"Unicode {unicodedata.unidata_version}", rows=rows)
    TARGET.write_text(text, encoding="utf-8")
    print(f"{TARGET}: {sum(map(len, table.values())):,} signs, {len(text.encode()):,} bytes")


if __name__ == "__main__":
    main()
