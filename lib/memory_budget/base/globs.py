"""Globs of a profiles file: `**` any folders, `*` and `?` inside one name, `{a,b}` alternatives, `<agent>` one agent's folder.

A cloned repository brings its profiles file, so no glob may cost much: alternatives are bounded, and matching takes no more
time than the lengths multiplied.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

#: Alternatives that one glob may stand for; those beyond are left out, and `too_many` says so.
MOST_ALTERNATIVES = 256
#: Characters of a glob, and braces inside one another, that are looked at.
_LONGEST, _DEEPEST = 1_000, 8


def too_many(glob: str) -> bool:
    """Whether a glob stands for more alternatives than are used."""
    return (
        len(_expanded(glob[:_LONGEST], MOST_ALTERNATIVES + 1, 0)) > MOST_ALTERNATIVES or len(glob) > _LONGEST
    )


def expand_braces(glob: str) -> list[str]:
    """`a{b,c}d` -> `abd`, `acd`; nested braces too; an unclosed brace stands for itself. At most `MOST_ALTERNATIVES`."""
    return _expanded(glob[:_LONGEST], MOST_ALTERNATIVES, 0)


def _expanded(glob: str, limit: int, inside: int) -> list[str]:
    """The first `limit` alternatives of a glob."""
    expanded = [""]
    at = 0
    while at < len(glob):
        parts, end = _group(glob, at)
        if not parts or inside == _DEEPEST:
            after = glob.find("{", at + 1)
            after = len(glob) if after < 0 or inside == _DEEPEST else after
            expanded = [before + glob[at:after] for before in expanded]
            at = after
            continue
        middles: list[str] = []
        for part in parts:
            middles += _expanded(part, limit - len(middles), inside + 1)
            if len(middles) >= limit:
                break
        expanded = [
            before + middle for before in expanded[:limit] for middle in middles[: limit // len(expanded) + 1]
        ][:limit]
        at = end
    return expanded


def _group(glob: str, at: int) -> tuple[list[str], int]:
    """The alternatives of the brace that opens at a place, and where it ends; none where no brace is closed there."""
    if glob[at] != "{":
        return [], at
    depth = 0
    parts: list[str] = []
    last = at + 1
    for end in range(at, len(glob)):
        sign = glob[end]
        if sign == "{":
            depth += 1
        elif sign == "}":
            depth -= 1
            if not depth:
                return [*parts, glob[last:end]], end + 1
        elif sign == "," and depth == 1:
            parts.append(glob[last:end])
            last = end + 1
    return [], at


def fixed_prefix(segments: Sequence[str]) -> str:
    """The leading folders of a glob that hold no pattern."""
    fixed = []
    for segment in segments[:-1]:
        if segment == "<agent>" or "*" in segment or "?" in segment:
            break
        fixed.append(segment)
    return "/".join(fixed)


def path_matches(segments: Sequence[str], names: Sequence[str], owner: list[int]) -> bool:
    """Whether a glob's segments fit a path's names; `owner` gets the place of the name that stands for `<agent>`.

    After a `**` only the last choice is ever taken back, so the time is bounded by the product of the lengths.
    """
    s = n = 0
    retry = (-1, 0, 0)  # the last `**`, the name it has taken up to, and the owners found before it
    while n < len(names):
        segment = segments[s] if s < len(segments) else ""
        if segment == "**":
            s += 1
            if s == len(segments):
                return True
            retry = (s, n, len(owner))
        elif segment == "<agent>" and n + 1 < len(names):
            owner.append(n)
            s += 1
            n += 1
        elif segment not in ("", "<agent>") and name_matches(segment, names[n]):
            s += 1
            n += 1
        elif retry[0] >= 0:
            retry = (retry[0], retry[1] + 1, retry[2])
            s, n = retry[:2]
            del owner[retry[2] :]
        else:
            return False
    return s == len(segments)


def reaches(segments: Sequence[str], names: Sequence[str]) -> bool:
    """Whether a glob can match a file somewhere below a folder."""
    for segment, name in zip(segments, names, strict=False):
        if segment == "**":
            return True
        if segment != "<agent>" and not name_matches(segment, name):
            return False
    return len(segments) > len(names)


def name_matches(pattern: str, name: str) -> bool:
    """`*` and `?` inside one name, in linear time: after a `*` only the last choice is ever taken back."""
    # So it is for nearly every folder, and a scan compares each folder of every file.
    if "*" not in pattern and "?" not in pattern:
        return pattern == name
    p = n = 0
    star = -1
    mark = 0
    while n < len(name):
        if p < len(pattern) and pattern[p] == "*":
            star, mark = p, n
            p += 1
        elif p < len(pattern) and (pattern[p] == "?" or pattern[p] == name[n]):
            p += 1
            n += 1
        elif star >= 0:
            mark += 1
            p, n = star + 1, mark
        else:
            return False
    while p < len(pattern) and pattern[p] == "*":
        p += 1
    return p == len(pattern)
