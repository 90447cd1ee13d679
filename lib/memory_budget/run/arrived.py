"""What an agent really got, as its own transcript shows it: whole, in part, another agent's, or nothing.

A block begins with `<project-memory id="8d4f0a1b2c3d">`, a part with `<project-memory id="8d4f0a1b2c3d" part="2 of 3">`, and
ends with `</project-memory>`; memory text cannot hold these lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from memory_budget.run.pending import Pending
from memory_budget.text.frame import FILE_TAG, LEFT_OUT_TAG, TAG
from memory_budget.text.shown_paths import file_line

_OPENING = re.compile(rf'<{TAG} id="([0-9a-f]+)"(?: part="(\d+) of (\d+)")?>\n')
_CLOSING = f"</{TAG}>"
#: What may stand in a part after its files.
_AFTER_FILES = (f"<{LEFT_OUT_TAG}>\n", _CLOSING)
_FILE_LINE = re.compile(rf"^<{FILE_TAG} [^<>\n]*>\n", re.MULTILINE)

#: Says in a record that a part of what was planned got to the agent.
PARTLY = "partly"


class Part(NamedTuple):
    """One part found: its allocation, its number of how many, its text, and whether it has its end."""

    allocation: str
    number: int
    of: int
    text: str
    whole: bool


class Arrived(NamedTuple):
    """What got to an agent: `delivered` as it is recorded (None where nothing was to be delivered, or nothing shows it), its
    tokens, those of files by scope, the files of which something arrived, and whether an outline did."""

    delivered: bool | str | None
    tokens: int = 0
    scopes: Mapping[str, int] = MappingProxyType({})
    files: Sequence[str] = ()
    outline: bool = False


def parts_in(texts: list[str]) -> list[Part]:
    """The parts in what an agent was given, in order, each once."""
    parts: dict[tuple[str, int], Part] = {}
    for text in texts:
        openings = list(_OPENING.finditer(text))
        for match, following in zip(openings, [*openings[1:], None], strict=False):
            end = following.start() if following is not None else len(text)
            closing = text.find(_CLOSING, match.end(), end)
            whole = closing >= 0
            shown = text[match.start() : _line_end(text, closing + len(_CLOSING)) if whole else end]
            part = Part(match[1], int(match[2] or 1), int(match[3] or 1), shown, whole)
            earlier = parts.get((part.allocation, part.number))
            if earlier is None or (part.whole and not earlier.whole):
                parts[part.allocation, part.number] = part
    return list(parts.values())


def _line_end(text: str, at: int) -> int:
    """The place after the line ends at `at`."""
    while text[at : at + 1] == "\n":
        at += 1
    return at


def measure(allocation: Pending, parts: list[Part], *, seen: bool, count: Callable[[str], int]) -> Arrived:
    """What of an allocation arrived. `parts`: those of it that were found; `seen`: whether there was anything to look at;
    `count`: tokens of a text."""
    planned = allocation.planned_tokens - allocation.native_tokens
    if planned <= 0:
        return Arrived(None)
    if allocation.channel == "prompt":
        if seen and not parts:
            return Arrived(False)
        if not (allocation.estimated and parts):
            return Arrived(
                True if seen else None,
                planned,
                allocation.scope_breakdown,
                list(allocation.files),
                bool(allocation.outline),
            )
    if not parts:
        return Arrived(False if seen else None)
    scopes: dict[str, int] = {}
    for part in parts:
        for scope, tokens in _by_scope(allocation, part.text, count).items():
            scopes[scope] = scopes.get(scope, 0) + tokens
    whole = all(part.whole for part in parts) and len(parts) == parts[0].of
    everything = whole and allocation.placed_tokens >= allocation.planned_tokens
    files = [path for path in allocation.files if any(file_line(path) in part.text for part in parts)]
    tokens = sum(count(part.text) for part in parts)
    if everything and allocation.estimated:  # both are bounds from above where there is no tokenizer
        tokens = min(tokens, planned)
    outline = any(f"<{LEFT_OUT_TAG}>\n" in part.text for part in parts)
    return Arrived(True if everything else PARTLY, tokens, scopes, files, outline)


def _by_scope(allocation: Pending, text: str, count: Callable[[str], int]) -> dict[str, int]:
    """Tokens of the files in a part by scope."""
    by_line = {file_line(path): scope for path, scope in allocation.file_scopes.items()}
    lines = list(_FILE_LINE.finditer(text))
    end = min((at for at in (text.find(mark) for mark in _AFTER_FILES) if at >= 0), default=len(text))
    scopes: dict[str, int] = {}
    for line, following in zip(lines, [*(other.start() for other in lines[1:]), end], strict=False):
        scope = by_line.get(line[0])
        if scope is not None:
            scopes[scope] = scopes.get(scope, 0) + count(text[line.start() : following])
    return scopes
