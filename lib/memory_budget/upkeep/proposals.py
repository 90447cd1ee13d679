"""Proposals: changes of memory files that a job suggests, pending until a person applies or dismisses them.

One JSON file each in the cache, with every step and the hashes of the files involved, so that a proposal whose files have
changed since is skipped instead of applied. `proposals/3f2a9c01.json`:

    {"id": "3f2a9c01", "kind": "archival", "title": ".claude/memory/roles/qa/patterns/a.md",
     "reason": "no use or change for 200 days; never used", "created": 1795000000.0, "tokens": 300, "exact": true,
     "steps": [{"source": ".claude/memory/roles/qa/patterns/a.md",
                "target": ".claude/memory/archive/roles/qa/patterns/a.md", "hash": <of the content>, "text": "",
                "before": ""}],
     "unchanged": {<path>: <hash>}, "compare": [[<file that stays>, <file that moves>]]}

The id follows from what a proposal does, so the same one made again has the same id. Saving a kind's proposals drops
those of the kind that were not made again.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from memory_budget.base import layout
from memory_budget.base.errors import BudgetError
from memory_budget.base.files import listing, read_bytes, short_hash, write_atomic
from memory_budget.base.memory_folders import MEMORY
from memory_budget.base.optional import FileLock, orjson, taken_lock
from memory_budget.base.project import Project
from memory_budget.index.facts import side_path
from memory_budget.index.in_force import profiles_in_force
from memory_budget.index.scan import scan_sources
from memory_budget.index.sources import sources_of
from memory_budget.upkeep import journal, journal_steps, uses
from memory_budget.upkeep.journal import Entry
from memory_budget.upkeep.journal_steps import NotApplied, Step
from memory_budget.upkeep.note_links import relink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

#: Seconds to wait for another process that changes memory files.
LOCK_SECONDS = 60.0
ARCHIVE = MEMORY + "/archive"

PROMOTION, DUPLICATES, SUMMARIES, ARCHIVAL = "promotion", "duplicates", "summaries", "archival"
KINDS = (PROMOTION, DUPLICATES, SUMMARIES, ARCHIVAL)


class Proposal(NamedTuple):
    """A suggested change.

    `reason`: why, in one line; `created`: seconds since the epoch; `steps`: what is done; `unchanged`: hashes by path of
    files that must not have changed, though no step moves them; `compare`: pairs (file that stays, file that moves) whose
    difference a person will want to see; `tokens`: how many fewer agents can get; `exact`: whether it follows from facts
    alone, so that a job may apply it unasked.
    """

    id: str
    kind: str
    title: str
    reason: str
    created: float
    steps: list[Step]
    unchanged: dict[str, str]
    compare: list[tuple[str, str]]
    tokens: int
    exact: bool


def make_proposal(
    kind: str,
    title: str,
    reason: str,
    steps: Sequence[Step],
    *,
    now: float,
    tokens: int = 0,
    unchanged: dict[str, str] | None = None,
    compare: Sequence[tuple[str, str]] = (),
    exact: bool = True,
) -> Proposal:
    """A proposal, with the id that follows from its kind, steps and `unchanged`. `now`: seconds since the epoch."""
    number = short_hash(repr((kind, [tuple(step) for step in steps], sorted((unchanged or {}).items()))), 4)
    return Proposal(
        number, kind, title, reason, now, list(steps), dict(unchanged or {}), list(compare), tokens, exact
    )  # fmt: skip


def paths_of(proposal: Proposal) -> set[str]:
    """Paths of the files that a proposal moves, writes or relies on."""
    paths = {path for step in proposal.steps for path in (step.source, step.target) if path}
    return paths | set(proposal.unchanged)


def archive_path(path: str) -> str:
    """Where an archived memory file goes: the same path below `.claude/memory/archive`, which is never loaded."""
    return f"{ARCHIVE}/{path.removeprefix(MEMORY + '/')}"


def free_path(project: Project, path: str, taken: Iterable[str] = ()) -> str:
    """`path`, or a path in a numbered folder beside it where `path` exists or is in `taken`.

    A taken ".claude/memory/patterns/a.md" becomes ".claude/memory/patterns/2/a.md".
    """
    folder, _, name = path.rpartition("/")
    used = set(taken)
    number = 1
    candidate = path
    while (
        candidate in used or os.path.lexists(f"{project.root}/{candidate}") or _side_taken(project, candidate)
    ):
        number += 1
        candidate = f"{folder}/{number}/{name}"
    return candidate


def _side_taken(project: Project, path: str) -> bool:
    return os.path.lexists(side_path(f"{project.root}/{path}"))


def move_steps(project: Project, source: str, target: str, content: str) -> list[Step]:
    """The steps that move a memory file and the side file beside it."""
    steps = [Step(source, target, content)]
    side = side_path(source)
    real = f"{project.root}/{side}"
    if os.path.isfile(real) and not os.path.islink(real):
        steps.append(Step(side, side_path(target), journal_steps.content_hash(real)))
    return steps


# -- on disk


def save_proposals(project: Project, kind: str, suggested: Sequence[Proposal]) -> list[Proposal]:
    """Replace the proposals of a kind by the `suggested` ones, without those that were dismissed before. Returns the saved ones."""
    folder = project.ensure_cache(layout.PROPOSALS)
    dismissed = read_dismissed(project)
    saved = [proposal for proposal in suggested if proposal.id not in dismissed]
    saved_ids = {proposal.id for proposal in saved}
    for old in load_proposals(project):
        if old.kind == kind and old.id not in saved_ids:
            drop_proposal(project, old)
    for proposal in saved:
        value = proposal._asdict()
        value["steps"] = [step._asdict() for step in proposal.steps]
        write_atomic(f"{folder}/{proposal.id}.json", orjson.dumps(value, option=orjson.OPT_INDENT_2))
    return saved


def load_proposals(project: Project) -> list[Proposal]:
    """The pending proposals by kind and title. Files that are no proposals are skipped."""
    pending = []
    for name in listing(project.at(layout.PROPOSALS)):
        if not name.endswith(".json"):
            continue
        try:
            value: dict[str, Any] = orjson.loads(read_bytes(project.at(layout.PROPOSALS, name)))
            value["steps"] = [Step(**step) for step in value["steps"]]
            value["compare"] = [(str(first), str(second)) for first, second in value["compare"]]
            proposal = Proposal(**value)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue
        if _is_whole(proposal) and proposal.id == name.removesuffix(".json"):
            pending.append(proposal)
    return sorted(pending, key=lambda proposal: (KINDS.index(proposal.kind), proposal.title, proposal.id))


def _is_whole(proposal: Proposal) -> bool:
    """Whether a proposal read from disk has members of the types that are written."""
    texts = [proposal.title, proposal.reason, *(member for step in proposal.steps for member in step)]
    numbers = (proposal.created, proposal.tokens)
    return (
        proposal.kind in KINDS
        and all(isinstance(text, str) for text in texts)
        and all(isinstance(number, (int, float)) for number in numbers)
        and isinstance(proposal.unchanged, dict)
    )


def drop_proposal(project: Project, proposal: Proposal) -> None:
    try:
        os.unlink(project.at(layout.PROPOSALS, f"{proposal.id}.json"))
    except FileNotFoundError:
        pass


def read_dismissed(project: Project) -> set[str]:
    try:
        value = orjson.loads(read_bytes(project.at(layout.DISMISSED)))
    except (OSError, ValueError):
        return set()
    return {str(number) for number in value} if isinstance(value, list) else set()


def dismiss_proposal(project: Project, proposal: Proposal) -> None:
    """Drop a proposal, and do not save the same one again."""
    numbers = sorted(read_dismissed(project) | {proposal.id})
    write_atomic(project.writable(layout.DISMISSED), orjson.dumps(numbers))
    drop_proposal(project, proposal)


# -- applying and undoing


class ProposalResult(NamedTuple):
    """The journal's entry of an applied proposal, or the reason why it was skipped; `left`: notes whose links to moved
    notes have to be put right by hand."""

    proposal: Proposal
    entry: Entry | None
    skipped: str
    left: tuple[str, ...] = ()


def apply_proposals(
    project: Project,
    chosen: Sequence[Proposal],
    *,
    now: float,
    batch: str,
    progress: Callable[[int, int], None] | None = None,
) -> list[ProposalResult]:
    """Apply proposals, one journal entry each. A proposal whose files have changed is skipped, with the reason.

    `now`: seconds since the epoch; `batch`: a name under which they can be undone together. Raises BudgetError when another
    process has been changing memory for a minute.
    """
    results = []
    lock = take_memory_lock(project)
    try:
        journal.recover_changes(project)
        for done, proposal in enumerate(chosen):
            if progress:
                progress(done, len(chosen))
            try:
                links, left = relink(project, proposal.steps, _memory_paths(project))
                entry = journal.apply_change(
                    project, proposal.kind, proposal.title, [*proposal.steps, *links], now=now, batch=batch,
                    unchanged=proposal.unchanged,
                )  # fmt: skip
            except (NotApplied, OSError) as error:
                results.append(ProposalResult(proposal, None, str(error)))
                continue
            drop_proposal(project, proposal)
            uses.rename_uses(project, [(step.source, step.target) for step in proposal.steps if step.moves])
            results.append(ProposalResult(proposal, entry, "", tuple(left)))
        if progress:
            progress(len(chosen), len(chosen))
    finally:
        lock.release()
    return results


def _memory_paths(project: Project) -> list[str]:
    """All memory files: any of them may link to a note that is moved."""
    settings = profiles_in_force(project).profiles
    return [file.path for file in scan_sources(project, sources_of(project, settings)).files]


def undo_entries(project: Project, chosen: Sequence[Entry]) -> list[Entry]:
    """Undo changes, newest first. Returns their entries. Raises BudgetError as `apply_proposals` does."""
    lock = take_memory_lock(project)
    try:
        undone = []
        for entry in sorted(chosen, key=lambda entry: (entry.time, entry.id), reverse=True):
            undone.append(journal.undo_change(project, entry))
            uses.rename_uses(project, [(step.target, step.source) for step in entry.steps if step.moves])
        return undone
    finally:
        lock.release()


def take_memory_lock(project: Project) -> FileLock:
    """Take the lock for changing memory files. Raises BudgetError when another process holds it for a minute."""
    lock = taken_lock(project.writable(layout.APPLY_LOCK), LOCK_SECONDS)
    if lock is None:
        raise BudgetError("another process is changing memory files; try again in a while")
    return lock
