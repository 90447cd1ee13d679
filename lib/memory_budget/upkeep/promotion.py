"""Promotion: notes that have proved their worth move to where more agents find them.

A note qualifies when it was used 3 times or more, when its confidence is 0.85 or more, when it was useful to two agents
or more, or when the same content stands in several agents' folders and nowhere in the memory all share (the figures are
the profiles' `lifecycle.promotion`). Notes in `recent` and `intermediate` become patterns of their owner; an agent's
pattern, and any note useful to several agents, becomes a pattern for all. A pattern that so far is its own agent's
alone is proposed like the others, and said to be; no profile makes a job promote it unasked.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from memory_budget.base.memory_folders import MEMORY
from memory_budget.upkeep import proposals
from memory_budget.upkeep.proposals import PROMOTION, Proposal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from memory_budget.base.project import Project
    from memory_budget.upkeep.memory_files import Note

GLOBAL_PATTERNS = MEMORY + "/patterns"


class Rules(NamedTuple):
    """`uses` and `agents` from which on, and `confidence` (0 to 1) from which on, a note qualifies."""

    uses: int
    confidence: float
    agents: int


class Candidate(NamedTuple):
    """A note, why it qualifies, where it would go, and the copies of it that would be archived; `evident`: not just its
    own agent's worth speaks for it, or it stays with that agent."""

    note: Note
    reasons: list[str]
    target: str
    copies: list[Note]
    evident: bool


def find(notes: Sequence[Note], rules: Rules) -> list[Candidate]:
    """The notes that qualify, in path order; of copies the first stands for all. Pure."""
    by_content: dict[str, list[Note]] = defaultdict(list)
    shared = set()
    for note in notes:
        if note.scope == "global":
            if not note.private:
                shared.add(note.hash)
        elif note.movable and note.tokens:
            by_content[note.hash].append(note)
    found = []
    for note in notes:
        if not note.movable or not note.tokens:
            continue
        copies: list[Note] = []
        owners: set[str] = set()
        if note.scope != "global":
            if note.hash in shared:
                continue  # everybody has it already: a duplicate, not a promotion
            alike = by_content[note.hash]
            if alike[0] is not note:
                continue
            copies = alike[1:]
            owners = {f"{other.category}/{other.owner}" for other in alike}
        candidate = _judge(note, copies, owners, rules)
        if candidate is not None:
            found.append(candidate)
    return found


def _judge(note: Note, copies: list[Note], owners: set[str], rules: Rules) -> Candidate | None:
    uses = sum(other.uses for other in (note, *copies))
    confidence = max(other.confidence for other in (note, *copies))
    agents = frozenset[str]().union(*(other.agents for other in (note, *copies)))
    reasons = []
    if uses >= rules.uses:
        reasons.append(f"used {uses} times")
    if confidence >= rules.confidence:
        reasons.append(f"confidence {confidence:.2f}")
    useful = len(agents) >= rules.agents
    if useful:
        reasons.append(f"useful to {len(agents)} agents ({', '.join(sorted(agents)[:4])})")
    several = len(owners) >= max(rules.agents, 2)
    if several:
        reasons.append(f"the same in {len(owners)} agents' folders")
    if not reasons:
        return None
    target = _target(note, for_all=useful or several)
    evident = useful or several or note.scope == "global" or not target.startswith(GLOBAL_PATTERNS + "/")
    if not evident:
        reasons.append(f"so far of {note.owner} alone")
    return Candidate(note, reasons, target, copies if several else [], evident) if target else None


def _target(note: Note, *, for_all: bool) -> str:
    """Where a note that qualifies goes; "" where it is already."""
    name = note.path.rsplit("/", 1)[-1]
    if note.scope == "global":
        return "" if note.tier not in ("recent", "intermediate") else f"{GLOBAL_PATTERNS}/{name}"
    if note.tier in ("recent", "intermediate") and not for_all:
        folder, _, below = note.path.rpartition(f"/{note.tier}/")
        return f"{folder}/patterns/{below}"
    return f"{GLOBAL_PATTERNS}/{name}"


def propose(project: Project, candidates: Sequence[Candidate], now: float) -> list[Proposal]:
    """Proposals for candidates. A name that is taken gets the owner's folder before it."""
    found = []
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
        found.append(
            proposals.make(
                PROMOTION, f"{note.path} -> {target}", "; ".join(candidate.reasons), steps,
                now=now, tokens=sum(copy.tokens for copy in candidate.copies),
                exact=candidate.evident,
            )
        )  # fmt: skip
    return found
