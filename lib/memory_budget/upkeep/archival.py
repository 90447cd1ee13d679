"""Archival: notes that are no longer used move to the archive, which is never loaded.

A note qualifies when its last event is more than 180 days ago, and it was used fewer than 3 times or its confidence is
under 0.70 (`lifecycle.archival` in the profiles). Events are: a use, the note's own date, a change of the file, and the
day the jobs first saw it. So a file's modification time alone can only prevent archival, never cause it, and in a fresh
clone every note is new. Since the jobs first saw the note there must have been at least ten days on which agents ran:
a project that rests for half a year must not archive itself.

    .claude/memory/specialists/dbt/patterns/a.md -> .claude/memory/archive/specialists/dbt/patterns/a.md

Never archived: memory that all agents share, pinned notes (`always: true`), and notes that a pinned or frequently used
one links to.
"""

from __future__ import annotations

import os
import posixpath
import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from memory_budget.base.figures import counted
from memory_budget.upkeep import proposals
from memory_budget.upkeep.proposals import ARCHIVAL, Proposal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from memory_budget.base.project import Project
    from memory_budget.upkeep.memory_files import MemoryFile

#: Days on which agents ran that must have passed since a note was first seen.
ACTIVE_DAYS = 10

_LINK = re.compile(r"\]\(\s*<?([^)>\s]+)")
_WIKI = re.compile(r"\[\[([^\]|#\n]+)")
_PATH = re.compile(r"[\w./~-]+\.md\b")


class ArchivalRules(NamedTuple):
    """A note qualifies with its last event more than `days` ago and fewer than `uses` uses or a confidence under
    `confidence` (0 to 1); what a note with at least `frequent` uses links to stays."""

    days: int
    uses: int
    confidence: float
    frequent: int


class ArchivalCandidate(NamedTuple):
    """A note that qualifies, days since its last event (`idle`), and why it qualifies."""

    note: MemoryFile
    idle: int
    reasons: list[str]


def find_archival_candidates(
    notes: Sequence[MemoryFile],
    rules: ArchivalRules,
    today: int,
    active_days: Sequence[int],
    read_note: Callable[[MemoryFile], str],
    day_changed: Callable[[MemoryFile], int],
) -> list[ArchivalCandidate]:
    """The notes that qualify, in path order. Pure but for `read_note` and `day_changed`.

    `today`: ordinal day; `active_days`: ordinal days on which agents ran; `read_note` gives a text, `day_changed` the ordinal
    day of its file's last change.
    """
    candidates = []
    for note in notes:
        if note.scope == "global" or note.always or not note.movable or not note.first_seen:
            continue
        last_event = max(note.first_seen, note.last_used, note.date)
        if today - last_event <= rules.days:
            continue
        reasons = []
        if note.uses < rules.uses:
            reasons.append("never used" if not note.uses else f"used {counted(note.uses, 'time')}")
        if 0 <= note.confidence < rules.confidence:
            reasons.append(f"confidence {note.confidence:.2f}")
        if not reasons or sum(day > note.first_seen for day in active_days) < ACTIVE_DAYS:
            continue
        idle = today - max(last_event, day_changed(note))
        if idle > rules.days:
            candidates.append(ArchivalCandidate(note, idle, reasons))
    if not candidates:
        return []
    linking = [note for note in notes if note.always or note.uses >= rules.frequent]
    targets = linked_paths(linking, notes, read_note)
    return [candidate for candidate in candidates if candidate.note.path not in targets]


def linked_paths(
    linking: Iterable[MemoryFile], notes: Iterable[MemoryFile], read: Callable[[MemoryFile], str]
) -> set[str]:
    """Paths of notes that the notes in `linking` link to: by Markdown link, by wiki link, or by a path in their text."""
    by_name: dict[str, set[str]] = {}
    for note in notes:
        by_name.setdefault(note.path.rsplit("/", 1)[-1].lower(), set()).add(note.path)
    paths: set[str] = set()
    for source in linking:
        folder = posixpath.dirname(source.path)
        for target in link_targets(read(source)):
            name = posixpath.basename(target).lower()
            for path in by_name.get(name, ()):
                relative = posixpath.normpath(f"{folder}/{target}")
                bare = target.removeprefix("./").lstrip("/").lower()
                if path != source.path and (path == relative or ("/" + path.lower()).endswith("/" + bare)):
                    paths.add(path)
    return paths


def link_targets(text: str) -> set[str]:
    """Names and paths of Markdown files that a text points to: "a.md" for [[a|the note]], "b/c.md" for [c](b/c.md#part)."""
    targets = {unquote(match).partition("#")[0] for match in _LINK.findall(text)}
    targets |= {
        f"{match.strip()}.md" if not match.strip().endswith(".md") else match.strip()
        for match in _WIKI.findall(text)
    }
    targets |= set(_PATH.findall(text))
    return {target for target in targets if target.lower().endswith(".md") and "://" not in target}


def changed_day(project: Project) -> Callable[[MemoryFile], int]:
    """A function that gives the local ordinal day of a file's last change; one far ahead where it cannot be read."""
    from memory_budget.upkeep.memory_files import ordinal_day

    def day(note: MemoryFile) -> int:
        try:
            return ordinal_day(os.stat(f"{project.root}/{note.path}").st_mtime)
        except (OSError, OverflowError, ValueError):
            return 3_000_000

    return day


def propose_archival(project: Project, candidates: Sequence[ArchivalCandidate], now: float) -> list[Proposal]:
    """One proposal per candidate: move the note to the archive. `now`: seconds since the epoch."""
    suggested = []
    for note, idle, reasons in candidates:
        target = proposals.free_path(project, proposals.archive_path(note.path))
        reason = f"no use or change for {idle} days; {'; '.join(reasons)}"
        steps = proposals.move_steps(project, note.path, target, note.hash)
        suggested.append(
            proposals.make_proposal(ARCHIVAL, note.path, reason, steps, now=now, tokens=note.tokens)
        )
    return suggested
