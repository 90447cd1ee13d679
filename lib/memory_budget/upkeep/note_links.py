"""Links between notes: finds those that lead nowhere, and keeps them right when notes are moved."""

from __future__ import annotations

import os
import posixpath
from functools import partial
from typing import TYPE_CHECKING

from memory_budget.base.figures import counted
from memory_budget.base.memory_folders import MEMORY
from memory_budget.text import clean
from memory_budget.text.links import relative_links, rewrite_links
from memory_budget.upkeep.journal_steps import Step, text_hash

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from memory_budget.base.project import Project
    from memory_budget.upkeep.memory_files import MemoryFile

_LIMIT = 4_000_000


def dead_links(project: Project, note: MemoryFile) -> list[tuple[int, str]]:
    """(line, target) of a note's links to files that are not there. Raises OSError."""
    try:
        text = _read_note_text(project.locate_file(note.path))
    except UnicodeDecodeError:
        return []
    folder = os.path.dirname(os.path.realpath(project.locate_file(note.path)))
    dead = []
    for link in relative_links(clean.clean_note(text)[0]):
        if link.path and "\0" not in link.path and not os.path.exists(os.path.join(folder, link.path)):
            dead.append((link.line, link.target))
    return dead


def _read_note_text(path: str) -> str:
    """A file's text, its line ends as they are. Raises OSError, UnicodeDecodeError."""
    with open(path, "rb") as file:
        data = file.read(_LIMIT + 1)
    if len(data) > _LIMIT:
        raise OSError(27, "too large", path)
    return data.decode()


def relink(project: Project, moves: Sequence[Step], paths: Iterable[str]) -> tuple[list[Step], list[str]]:
    """The steps that keep links alive when notes are moved, and the links that have to be put right by hand.

    `paths`: shown paths of all memory files. Links in a moved note lead to the same files from its new place, links in other
    notes to the moved note's new place. Only notes below `.claude/memory` are changed; the others are listed.
    """
    places = {
        step.source: step.target for step in moves if step.source and step.source.lower().endswith(".md")
    }
    steps: list[Step] = []
    by_hand: list[str] = []
    for path in sorted({*paths, *places}):
        try:
            text = _read_note_text(project.locate_file(path))
        except (OSError, UnicodeDecodeError):
            continue
        new_place = places.get(path, path)
        new, count = rewrite_links(text, partial(_new_path, project, path, new_place, places))
        if not count:
            continue
        if new_place.startswith(MEMORY + "/") and _is_plain(project, path):
            steps.append(Step(new_place, new_place, text_hash(text), new, text))
        else:
            by_hand.append(f"{path}: {counted(count, 'link')} to moved notes")
    return steps, by_hand


def _is_plain(project: Project, path: str) -> bool:
    """Whether a note is a plain file below `.claude/memory`, with links followed."""
    base = os.path.realpath(project.memory)
    return os.path.realpath(project.locate_file(path)) == base + path[len(MEMORY) :]


def _new_path(project: Project, path: str, new_place: str, places: dict[str, str], target: str) -> str | None:
    """The path that a note's link must have after the moves; None where it can stay, or led nowhere before."""
    if not target or path.startswith(("~", "/")):
        return None
    linked = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    if linked.startswith("../") or not os.path.exists(project.locate_file(linked)):
        return None
    if new_place == path and linked not in places:
        return None
    relative = posixpath.relpath(places.get(linked, linked), posixpath.dirname(new_place))
    if target.startswith("./") and not relative.startswith("."):
        relative = "./" + relative
    return relative + "/" if target.endswith("/") else relative
