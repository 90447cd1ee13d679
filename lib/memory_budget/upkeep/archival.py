"""Archival: notes nobody uses any more go to the archive, which is never loaded.

A note qualifies when nothing is known to have happened to it for more than 180 days, and it was used fewer than 3 times
or its confidence is under 0.70 (the profiles' `lifecycle.archival`). What happened to it is: a use, the date it bears,
a change of the file, and the day the jobs first saw it here. So a file's time alone can only keep a note, never send it
away, and in a fresh clone every note is new. Days on which no agent ran tell nothing: there must have been at least ten
days with runs since the jobs first saw the note, or a project that rested for half a year would archive itself.

Never archived: memory that all agents share, pinned notes (`always: true`), and what a pinned or frequently used note
links to.
"""

from __future__ import annotations

import os
import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from memory_budget.upkeep import proposals
from memory_budget.upkeep.proposals import ARCHIVAL, Proposal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from memory_budget.base.project import Project
    from memory_budget.upkeep.memory_files import Note

#: Days with runs that must have passed since a note was first seen, before its not being used means anything.
ACTIVE_DAYS = 10

_LINK = re.compile(r"\]\(\s*<?([^)>\s]+)")
_WIKI = re.compile(r"\[\[([^\]|#\n]+)")
_PATH = re.compile(r"[\w./~-]+\.md\b")


class Rules(NamedTuple):
    """`days`: more than so many without anything known; `uses`: fewer than; `confidence`: under; `frequent`: from so
    many uses on, what a note links to is kept."""

    days: int
    uses: int
    confidence: float
    frequent: int


class Candidate(NamedTuple):
    note: Note
    idle: int
    reasons: list[str]


def find(
    notes: Sequence[Note],
    rules: Rules,
    today: int,
    active: Sequence[int],
    read: Callable[[Note], str],
    changed: Callable[[Note], int],
) -> list[Candidate]:
    """The notes that qualify, in path order.

    `active`: ordinal days with runs; `read` gives a note's text, `changed` the ordinal day of its file's last change.
    Pure but for those two.
    """
    candidates = []
    for note in notes:
        if note.scope == "global" or note.always or not note.movable or not note.first_seen:
            continue
        known = max(note.first_seen, note.last_used, note.date)
        if today - known <= rules.days:
            continue
        reasons = []
        if note.uses < rules.uses:
            reasons.append("never used" if not note.uses else f"used {note.uses} times")
        if 0 <= note.confidence < rules.confidence:
            reasons.append(f"confidence {note.confidence:.2f}")
        if not reasons or sum(day > note.first_seen for day in active) < ACTIVE_DAYS:
            continue
        idle = today - max(known, changed(note))
        if idle > rules.days:
            candidates.append(Candidate(note, idle, reasons))
    if not candidates:
        return []
    keepers = [note for note in notes if note.always or note.uses >= rules.frequent]
    kept = linked(keepers, notes, read)
    return [candidate for candidate in candidates if candidate.note.path not in kept]


def linked(keepers: Iterable[Note], notes: Iterable[Note], read: Callable[[Note], str]) -> set[str]:
    """Paths of notes that `keepers` link to: by Markdown link, by wiki link, or by a path in their text."""
    by_name: dict[str, set[str]] = {}
    for note in notes:
        by_name.setdefault(note.path.rsplit("/", 1)[-1].lower(), set()).add(note.path)
    found: set[str] = set()
    for keeper in keepers:
        folder = posixpath.dirname(keeper.path)
        for target in link_targets(read(keeper)):
            name = posixpath.basename(target).lower()
            for path in by_name.get(name, ()):
                relative = posixpath.normpath(f"{folder}/{target}")
                bare = target.removeprefix("./").lstrip("/").lower()
                if path != keeper.path and (path == relative or ("/" + path.lower()).endswith("/" + bare)):
                    found.add(path)
    return found


def link_targets(text: str) -> set[str]:
    """Names and paths of Markdown files that a text points to."""
    found = {unquote(match).partition("#")[0] for match in _LINK.findall(text)}
    found |= {
        f"{match.strip()}.md" if not match.strip().endswith(".md") else match.strip()
        for match in _WIKI.findall(text)
    }
    found |= set(_PATH.findall(text))
    return {target for target in found if target.lower().endswith(".md") and "://" not in target}


def changed_day(project: Project) -> Callable[[Note], int]:
    """The local day of a file's last change; far ahead where it cannot be told."""
    from memory_budget.upkeep.memory_files import ordinal_day

    def day(note: Note) -> int:
        try:
            return ordinal_day(os.stat(f"{project.root}/{note.path}").st_mtime)
        except (OSError, OverflowError, ValueError):
            return 3_000_000

    return day


def propose(project: Project, candidates: Sequence[Candidate], now: float) -> list[Proposal]:
    found = []
    for note, idle, reasons in candidates:
        target = proposals.free_path(project, proposals.archive_path(note.path))
        reason = f"nothing known of it for {idle} days; {'; '.join(reasons)}"
        steps = proposals.move_steps(project, note.path, target, note.hash)
        found.append(proposals.make(ARCHIVAL, note.path, reason, steps, now=now, tokens=note.tokens))
    return found
