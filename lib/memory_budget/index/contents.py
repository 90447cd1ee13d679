"""Indexes of notes: a `MEMORY.md` whose lines name the notes beside it.

    - [Testing](feedback_testing.md) — integration tests use a real database

The words of such a line are indexed with the note that it names, so that a task finds the note by them; the line itself is not
sent. The client loads its own index into every agent, so the notes that one names are not listed to agents again.
"""

from __future__ import annotations

import posixpath

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: Names of files that are such an index; upper and lower case are the same.
_NAMES = frozenset(("memory.md", "index.md"))
_DESCRIPTION_LIMIT = 300
#: Characters of a line that are looked at.
_LINE_LIMIT = 2_000


def is_index(path: str) -> bool:
    """Whether a memory file is an index of notes by its name."""
    return path.rpartition("/")[2].lower() in _NAMES


def note_entries(text: str, path: str) -> Iterator[tuple[str, str]]:
    """The notes that an index at a shown path names: (shown path, the words of the line without the link's address)."""
    folder = path.rpartition("/")[0]
    for line in text.split("\n"):
        line = line[:_LINE_LIMIT]
        for target in _linked_notes(line):
            yield posixpath.normpath(f"{folder}/{target}"), _description(line)


def without_entries(text: str) -> str:
    """An index's text with a blank line for each line that only names notes, so that lines keep their numbers; "" where
    nothing but headings is left."""
    lines = [
        "" if _is_item(line) and any(True for _ in _linked_notes(line[:_LINE_LIMIT])) else line
        for line in text.split("\n")
    ]
    if not any(line.strip() and line.lstrip()[:1] != "#" for line in lines):
        return ""
    return "\n".join(lines)


def _is_item(line: str) -> bool:
    bare = line.strip()
    return bare[:1] in ("-", "*", "+", "|", "[") or bare[:1].isdigit()


def _linked_notes(line: str) -> Iterator[str]:
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


def _description(line: str) -> str:
    """The words of a line without the addresses it links to: `- [Testing](a.md) - real databases` -> "Testing - real databases"."""
    text = line
    at = text.find("](")
    while at >= 0:
        end = text.find(")", at)
        text = text[: at + 1] + (text[end + 1 :] if end >= 0 else "")
        at = text.find("](")
    return " ".join(text.replace("[", " ").replace("]", " ").strip(" -*+|").split())[:_DESCRIPTION_LIMIT]
