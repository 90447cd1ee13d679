"""Promotion: notes that have proved useful move to where more agents get them.

A note qualifies when it was used at least 3 times, when its confidence is at least 0.85, when it was useful to at least
two agents, or when several agents' folders have the same content and shared memory has not (`lifecycle.promotion` in the
profiles). Notes in `recent` and `intermediate` become patterns of their owner; an agent's pattern, and any note useful
to several agents, becomes a pattern for all:

    .claude/memory/roles/qa/recent/a.md              -> .claude/memory/roles/qa/patterns/a.md
    .claude/memory/specialists/dbt/patterns/b.md     -> .claude/memory/patterns/b.md

A pattern that only its own agent has used is proposed too, but no profile lets a job promote it by itself.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from memory_budget.base.figures import counted
from memory_budget.base.memory_folders import MEMORY
from memory_budget.upkeep import proposals
from memory_budget.upkeep.proposals import PROMOTION, Proposal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memory_budget.base.project import Project
    from memory_budget.upkeep.memory_files import MemoryFile

GLOBAL_PATTERNS = MEMORY + "/patterns"


class PromotionRules(NamedTuple):
    """A note qualifies with at least so many `uses`, or so much `confidence` (0 to 1), or so many `agents`."""

    uses: int
    confidence: float
    agents: int


class PromotionCandidate(NamedTuple):
    """A note, why it qualifies, where it would go, and the copies of it that would be archived.

    `evident`: more than one agent's use speaks for it, or it stays with its agent; only then may a job apply it unasked.
    """

    note: MemoryFile
    reasons: list[str]
    target: str
    copies: list[MemoryFile]
    evident: bool


def find_promotion_candidates(notes: Sequence[MemoryFile], rules: PromotionRules) -> list[PromotionCandidate]:
    """The notes that qualify, in path order; of copies only the first. Pure."""
    by_content: dict[str, list[MemoryFile]] = defaultdict(list)
    shared = set()
    for note in notes:
        if note.scope == "global":
            if not note.private:
                shared.add(note.hash)
        elif note.movable and note.tokens:
            by_content[note.hash].append(note)
    candidates = []
    for note in notes:
        if not note.movable or not note.tokens:
            continue
        copies: list[MemoryFile] = []
        owners: set[str] = set()
        if note.scope != "global":
            if note.hash in shared:
                continue  # every agent has it already: a duplicate
            equal_notes = by_content[note.hash]
            if equal_notes[0] is not note:
                continue
            copies = equal_notes[1:]
            owners = {f"{other.category}/{other.owner}" for other in equal_notes}
        candidate = _candidate(note, copies, owners, rules)
        if candidate is not None:
            candidates.append(candidate)
    return candidates


def _candidate(
    note: MemoryFile, copies: list[MemoryFile], owners: set[str], rules: PromotionRules
) -> PromotionCandidate | None:
    """The note as a candidate; None where it does not qualify or is where it belongs. `owners`: of it and its copies."""
    uses = sum(other.uses for other in (note, *copies))
    confidence = max(other.confidence for other in (note, *copies))
    agents = frozenset[str]().union(*(other.agents for other in (note, *copies)))
    reasons = []
    if uses >= rules.uses:
        reasons.append(f"used {counted(uses, 'time')}")
    if confidence >= rules.confidence:
        reasons.append(f"confidence {confidence:.2f}")
    useful_to_several = len(agents) >= rules.agents
    if useful_to_several:
        reasons.append(f"useful to {len(agents)} agents ({', '.join(sorted(agents)[:4])})")
    in_several_folders = len(owners) >= max(rules.agents, 2)
    if in_several_folders:
        reasons.append(f"the same in {len(owners)} agents' folders")
    if not reasons:
        return None
    target = _target(note, for_all=useful_to_several or in_several_folders)
    evident = (
        useful_to_several
        or in_several_folders
        or note.scope == "global"
        or not target.startswith(GLOBAL_PATTERNS + "/")
    )
    if not evident:
        reasons.append(f"so far of {note.owner} alone")
    return (
        PromotionCandidate(note, reasons, target, copies if in_several_folders else [], evident)
        if target
        else None
    )


def _target(note: MemoryFile, *, for_all: bool) -> str:
    """The path that a note which qualifies moves to; "" where it is there already."""
    name = note.path.rsplit("/", 1)[-1]
    if note.scope == "global":
        return "" if note.tier not in ("recent", "intermediate") else f"{GLOBAL_PATTERNS}/{name}"
    if note.tier in ("recent", "intermediate") and not for_all:
        folder, _, below = note.path.rpartition(f"/{note.tier}/")
        return f"{folder}/patterns/{below}"
    return f"{GLOBAL_PATTERNS}/{name}"


def propose_promotions(
    project: Project, candidates: Sequence[PromotionCandidate], now: float
) -> list[Proposal]:
    """One proposal per candidate. Where the target exists, the note goes into a folder named after its owner.

    `now`: seconds since the epoch.
    """
    suggested = []
    taken: set[str] = set()
    for candidate in candidates:
        note = candidate.note
        target = candidate.target
        if target in taken or proposals.free_path(project, target) != target:
            folder, _, name = target.rpartition("/")
            target = proposals.free_path(project, f"{folder}/{note.owner or note.tier}/{name}", taken)
        taken.add(target)
        steps = proposals.move_steps(project, note.path, target, note.hash)
        for copy in candidate.copies:
            place = proposals.free_path(project, proposals.archive_path(copy.path))
            steps += proposals.move_steps(project, copy.path, place, copy.hash)
        suggested.append(
            proposals.make_proposal(
                PROMOTION, f"{note.path} -> {target}", "; ".join(candidate.reasons), steps,
                now=now, tokens=sum(copy.tokens for copy in candidate.copies),
                exact=candidate.evident,
            )
        )  # fmt: skip
    return suggested
