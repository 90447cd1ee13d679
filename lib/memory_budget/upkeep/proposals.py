"""Proposals: what a job would change, kept until a person has it done or turns it down.

One JSON file each (`proposals/<id>.json` in the cache), with every step and the hashes of the files it is about, so
that a proposal whose files have changed since is skipped instead of done. The same proposal found again has the same
id; a kind's proposals that a new scan does not find again are dropped.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from memory_budget.base import layout
from memory_budget.base.errors import BudgetError
from memory_budget.base.files import digest, listing, read_bytes, write_atomic
from memory_budget.base.memory_folders import MEMORY
from memory_budget.base.optional import orjson
from memory_budget.base.project import Project
from memory_budget.index.facts import side_path
from memory_budget.index.scan import scan
from memory_budget.index.sources import sources_of
from memory_budget.settings import profiles
from memory_budget.upkeep import journal, uses
from memory_budget.upkeep.journal import Entry, NotApplied, Step
from memory_budget.upkeep.note_links import relink

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

LOCK_SECONDS = 60.0
ARCHIVE = MEMORY + "/archive"

PROMOTION, DUPLICATES, SUMMARIES, ARCHIVAL = "promotion", "duplicates", "summaries", "archival"
KINDS = (PROMOTION, DUPLICATES, SUMMARIES, ARCHIVAL)


class Proposal(NamedTuple):
    """A change to propose.

    `reason`: why, in one line; `steps`: what is done; `unchanged`: hashes of files it relies on without moving them;
    `compare`: pairs of (file kept, file moved) whose difference a person will want to see; `tokens`: tokens it takes
    out of what agents may get; `exact`: whether it follows from facts alone: only then may a job apply it unasked.
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


def make(
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
    """A proposal; its id follows from what it does."""
    number = digest(repr((kind, [tuple(step) for step in steps], sorted((unchanged or {}).items()))), 4)
    return Proposal(
        number, kind, title, reason, now, list(steps), dict(unchanged or {}), list(compare), tokens, exact
    )  # fmt: skip


def about(proposal: Proposal) -> set[str]:
    """The files that a proposal moves or relies on, and the places it fills."""
    paths = {path for step in proposal.steps for path in (step.source, step.target) if path}
    return paths | set(proposal.unchanged)


def archive_path(path: str) -> str:
    """Where a memory file goes that is taken out: the same path below the archive, which is never loaded."""
    return f"{ARCHIVE}/{path.removeprefix(MEMORY + '/')}"


def free_path(project: Project, path: str, taken: Iterable[str] = ()) -> str:
    """`path`, or beside it in a numbered folder where something stands at it: the file keeps its name."""
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
        steps.append(Step(side, side_path(target), journal.content_hash(real)))
    return steps


# -- on disk


def save(project: Project, kind: str, found: Sequence[Proposal]) -> list[Proposal]:
    """Make `found` the proposals of a kind. Those turned down before are left out. Returns the ones kept."""
    folder = project.ensure_cache(layout.PROPOSALS)
    dismissed = read_dismissed(project)
    kept = [proposal for proposal in found if proposal.id not in dismissed]
    wanted = {proposal.id for proposal in kept}
    for old in load(project):
        if old.kind == kind and old.id not in wanted:
            drop(project, old)
    for proposal in kept:
        value = proposal._asdict()
        value["steps"] = [step._asdict() for step in proposal.steps]
        write_atomic(f"{folder}/{proposal.id}.json", orjson.dumps(value, option=orjson.OPT_INDENT_2))
    return kept


def load(project: Project) -> list[Proposal]:
    """The proposals that wait, by kind. A file that is none is passed over."""
    found = []
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
        if proposal.kind in KINDS and proposal.id == name.removesuffix(".json"):
            found.append(proposal)
    return sorted(found, key=lambda proposal: (KINDS.index(proposal.kind), proposal.title, proposal.id))


def drop(project: Project, proposal: Proposal) -> None:
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


def dismiss(project: Project, proposal: Proposal) -> None:
    """Turn a proposal down: the same one is not made again."""
    numbers = sorted(read_dismissed(project) | {proposal.id})
    write_atomic(project.writable(layout.DISMISSED), orjson.dumps(numbers))
    drop(project, proposal)


# -- done


class Result(NamedTuple):
    """What came of a proposal: the journal's entry, or the reason why it was skipped; `left`: notes whose links to moved notes
    have to be put right by hand."""

    proposal: Proposal
    entry: Entry | None
    skipped: str
    left: tuple[str, ...] = ()


def apply(
    project: Project,
    chosen: Sequence[Proposal],
    *,
    now: float,
    batch: str,
    progress: Callable[[int, int], None] | None = None,
) -> list[Result]:
    """Do what was chosen, one journal entry each. A proposal whose files changed is skipped, with the reason.

    Raises BudgetError when another process has been changing memory for a minute.
    """
    results = []
    lock = take_lock(project)
    try:
        journal.recover(project)
        for done, proposal in enumerate(chosen):
            if progress:
                progress(done, len(chosen))
            try:
                links, left = relink(project, proposal.steps, _memory_paths(project))
                entry = journal.apply(
                    project, proposal.kind, proposal.title, [*proposal.steps, *links], now=now, batch=batch,
                    unchanged=proposal.unchanged,
                )  # fmt: skip
            except (NotApplied, OSError) as error:
                results.append(Result(proposal, None, str(error)))
                continue
            drop(project, proposal)
            uses.rename(project, [(step.source, step.target) for step in proposal.steps if step.moves])
            results.append(Result(proposal, entry, "", tuple(left)))
        if progress:
            progress(len(chosen), len(chosen))
    finally:
        lock.release()
    return results


def _memory_paths(project: Project) -> list[str]:
    """All memory files: any of them may link to a note that is moved."""
    settings = profiles.load(project.root, project.home).profiles
    return [file.path for file in scan(project, sources_of(project, settings)).files]


def undo(project: Project, chosen: Sequence[Entry]) -> list[Entry]:
    """Take changes back, newest first."""
    lock = take_lock(project)
    try:
        found = []
        for entry in sorted(chosen, key=lambda entry: (entry.time, entry.id), reverse=True):
            found.append(journal.undo(project, entry))
            uses.rename(project, [(step.target, step.source) for step in entry.steps if step.moves])
        return found
    finally:
        lock.release()


def take_lock(project: Project) -> Any:
    """The lock of everything that changes memory files. Raises BudgetError when it is held for a minute."""
    from memory_budget.base.optional import FileLock, Timeout

    lock = FileLock(project.writable(layout.APPLY_LOCK), timeout=LOCK_SECONDS)
    try:
        lock.acquire()
    except Timeout:
        raise BudgetError("another process is changing memory files; try again in a while") from None
    return lock
