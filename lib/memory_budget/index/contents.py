"""Indexes of notes: a `MEMORY.md` whose lines name the notes beside it.

    - [Testing](feedback_testing.md) — integration tests use a real database

Such a line is worth what it says of its note: the note is found by these words, too. The line itself is not sent. What the
client's own index says is known to every agent, so the notes it names are not listed to them again.
"""

from __future__ import annotations

import posixpath

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: Files that are such an index, in any case.
_NAMES = frozenset(("memory.md", "index.md"))
_SAID_LIMIT = 300
#: Characters of a line that are looked at.
_LINE_LIMIT = 2_000


def is_index(path: str) -> bool:
    """Whether a memory file is an index of notes by its name."""
    return path.rpartition("/")[2].lower() in _NAMES


def note_entries(text: str, path: str) -> Iterator[tuple[str, str]]:
    """The notes that an index at a shown path names: (shown path, what the line says)."""
    folder = path.rpartition("/")[0]
    for line in text.split("\n"):
        line = line[:_LINE_LIMIT]
        for target in _targets(line):
            yield posixpath.normpath(f"{folder}/{target}"), _said(line)


def without_entries(text: str) -> str:
    """An index's text without the lines that only name notes; "" where nothing but headings is left. Lines keep their
    numbers."""
    lines = [
        "" if _is_item(line) and any(True for _ in _targets(line[:_LINE_LIMIT])) else line
        for line in text.split("\n")
    ]
    if not any(line.strip() and line.lstrip()[:1] != "#" for line in lines):
        return ""
    return "\n".join(lines)


def _is_item(line: str) -> bool:
    bare = line.strip()
    return bare[:1] in ("-", "*", "+", "|", "[") or bare[:1].isdigit()


def _targets(line: str) -> Iterator[str]:
    """The notes that a line links to: `[x](a/b.md)`, `[[b]]`, `[[b|shown]]`."""
    at = line.find("](")
    while at >= 0:
        end = line.find(")", at)
        target = line[at + 2 : end if end >= 0 else len(line)].strip().split("#")[0].strip("<> ")
        target = target.split(' "')[0]
        if target.lower().endswith(".md") and ":" not in target and not target.startswith("/"):
            yield target.replace("%20", " ")
        at = line.find("](", at + 2)
    at = line.find("[[")
    while at >= 0:
        end = line.find("]]", at)
        if end < 0:
            return
        target = line[at + 2 : end].split("|")[0].split("#")[0].strip()
        if target:
            yield target if target.lower().endswith(".md") else target + ".md"
        at = line.find("[[", end)


def _said(line: str) -> str:
    """What a line says besides the address it links to."""
    said = line
    at = said.find("](")
    while at >= 0:
        end = said.find(")", at)
        said = said[: at + 1] + (said[end + 1 :] if end >= 0 else "")
        at = said.find("](")
    return " ".join(said.replace("[", " ").replace("]", " ").strip(" -*+|").split())[:_SAID_LIMIT]
