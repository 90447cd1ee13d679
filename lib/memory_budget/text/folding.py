"""The hash by which exact duplicates are found: equal for texts that differ only in white space, rules and emphasis."""

from __future__ import annotations

from memory_budget.text.fences import fence_opened
from memory_budget.text.words import word_digest

#: Between a chunk's text and a rule above or below it.
RULED = "\n\n"
_RULE_SIGNS = frozenset("-*_")


def folded_hash(text: str) -> int:
    """64-bit hash of a text with every run of white space as one space, without a rule (`---`) above or below it and without
    marks of emphasis (`**so**`, `_so_`)."""
    if RULED in text and (text[:1] in _RULE_SIGNS or text[-1:] in _RULE_SIGNS):
        above, _, body = text.partition(RULED)
        if _is_rule(above):
            text = body
        body, _, below = text.rpartition(RULED)
        if body and _is_rule(below):
            text = body
    if ("*" in text or "_" in text) and not fence_opened(text[:8]):
        text = _without_emphasis(_without_emphasis(text, "*"), "_")
    text = text.replace("\n", " ")
    if "  " in text or not text.isprintable() or text[:1] == " " or text[-1:] == " ":
        text = " ".join(text.split())
    return int.from_bytes(word_digest(text), "big")


def _without_emphasis(text: str, mark: str) -> str:
    """A text without the marks of emphasis: one to three, at the start or the end of a word."""
    at = text.find(mark)
    if at < 0:
        return text
    parts = []
    last = 0
    while at >= 0:
        end = at + 1
        while text[end : end + 1] == mark:
            end += 1
        before, after = text[at - 1 : at] if at else " ", text[end : end + 1] or " "
        opens = not before.isalnum() and not after.isspace()
        closes = not after.isalnum() and not before.isspace()
        if end - at <= 3 and (opens or closes):
            parts.append(text[last:at])
            last = end
        at = text.find(mark, end)
    parts.append(text[last:])
    return "".join(parts)


def _is_rule(line: str) -> bool:
    """Whether a line is nothing but three or more of a rule's signs."""
    return line[:1] in _RULE_SIGNS and len(line) > 2 and not line.strip(line[0] + " ")
