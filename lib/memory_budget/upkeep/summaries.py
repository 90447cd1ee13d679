"""Summaries: notes in `recent` that are old are condensed and move on to `intermediate`.

A summary has about a quarter of the note's tokens (`lifecycle.summary.ratio`) and says where the full text is: in the
archive. A note of fewer than `LEAST_TOKENS` tokens moves on as it is.

    recent/2026-04-01.md    -> archive/recent/2026-04-01.md     the full text
                               intermediate/2026-04-01.md       its summary (`condense`)
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from memory_budget.base.files import read_bytes, short_hash
from memory_budget.base.optional import orjson
from memory_budget.index import schema
from memory_budget.index.facts import side_path
from memory_budget.upkeep import journal_steps, proposals
from memory_budget.upkeep.condense import Summary, condense_note
from memory_budget.upkeep.journal_steps import NotApplied, Step
from memory_budget.upkeep.memory_files import read_note_text, side_facts
from memory_budget.upkeep.proposals import SUMMARIES, Proposal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from memory_budget.base.project import Project
    from memory_budget.index.parse import TokenCounter
    from memory_budget.upkeep.memory_files import MemoryFile

LEAST_TOKENS = 160
#: Terms looked up in the index at a time: SQLite allows about a thousand parameters.
_TERMS_AT_ONCE = 400


class SummaryRules(NamedTuple):
    """The profiles' `lifecycle.summary`. `days`: notes older than this are condensed; `ratio`: to this share of their
    tokens, 0 to 1."""

    days: int
    ratio: float


class SummaryCandidate(NamedTuple):
    """A note to condense, and its age in days."""

    note: MemoryFile
    age: int


def find_summary_candidates(
    notes: Sequence[MemoryFile], rules: SummaryRules, today: int
) -> list[SummaryCandidate]:
    """Notes in `recent` that are old by their date or, without one, by the day the jobs first saw them. Pure.

    `today`: ordinal day.
    """
    candidates = []
    for note in notes:
        if note.tier != "recent" or note.always or not note.movable or not note.tokens or note.problem:
            continue
        written = note.date or note.first_seen
        if written and today - written > rules.days:
            candidates.append(SummaryCandidate(note, today - written))
    return candidates


def index_rarity(project: Project) -> Callable[[Iterable[str]], dict[str, float]]:
    """A function that tells how rare index terms are in the project's memory: 1 in one file, 0 in all of them.

    The weight is log((1 + files) / files with the term) / log(1 + files): inverse document frequency scaled to 0..1.
    """
    import math

    def rarity(words: Iterable[str]) -> dict[str, float]:
        db = schema.open_reader(project.index)
        try:
            files = db.execute("SELECT count(*) FROM files").fetchone()[0] or 1
            groups = [row[0] for row in db.execute("SELECT id FROM groups")]
            terms = list(words)
            files_with: dict[str, int] = defaultdict(int)
            for start in range(0, len(terms), _TERMS_AT_ONCE):
                part = terms[start : start + _TERMS_AT_ONCE]
                marks = ",".join("?" * len(part))
                for group in groups:
                    for term, size in db.execute(
                        f"SELECT term, file_count FROM postings WHERE grp=? AND term IN ({marks})",
                        [group, *part],
                    ):
                        files_with[term] += size
        finally:
            db.close()
        scale = math.log(1 + files)
        return {word: math.log((1 + files) / max(1, files_with[word])) / scale for word in terms}

    return rarity


def propose_summaries(
    project: Project,
    candidates: Sequence[SummaryCandidate],
    rules: SummaryRules,
    counter: TokenCounter,
    now: float,
) -> list[Proposal]:
    """One proposal per note: write the summary, move the full text to the archive.

    Notes that changed since they were indexed are left for the next run. Raises IndexUnusable, DatabaseError.
    """
    rarity = index_rarity(project)
    suggested = []
    for note, age in candidates:
        try:
            content = read_bytes(f"{project.root}/{note.path}")
            if short_hash(content, 16) != note.hash:
                continue
            folder, _, below = note.path.rpartition("/recent/")
            target = proposals.free_path(project, f"{folder}/intermediate/{below}")
            reason = f"{age} days old"
            if note.tokens < LEAST_TOKENS:
                steps = proposals.move_steps(project, note.path, target, note.hash)
                reason += ", short enough to stay whole"
                suggested.append(
                    proposals.make_proposal(SUMMARIES, f"{note.path} -> {target}", reason, steps, now=now)
                )
                continue
            archived = proposals.free_path(project, proposals.archive_path(note.path))
            summary = condense_note(
                read_note_text(project, note.path), rules.ratio, counter.count, rarity, source=archived,
                matter=_matter(note),
            )  # fmt: skip
            steps = proposals.move_steps(project, note.path, archived, note.hash)
            steps.append(Step("", target, journal_steps.text_hash(summary.text), summary.text))
            side = _side(project, note, summary, counter)
            if side:
                steps.append(Step("", side_path(target), journal_steps.text_hash(side), side))
        except (OSError, NotApplied):
            continue
        shares = ", ".join(
            f"{inside} of {total} {kind}s" for kind, (inside, total) in summary.coverage.items() if total
        )
        reason += f"; {summary.tokens_before} tokens become {summary.tokens_after}, with {shares}"
        suggested.append(
            proposals.make_proposal(
                SUMMARIES, f"{note.path} -> {target}", reason, steps,
                now=now, tokens=summary.tokens_before - summary.tokens_after,
            )
        )  # fmt: skip
    return suggested


def _matter(note: MemoryFile) -> list[tuple[str, str]]:
    """Front matter that a summary needs besides the note's own: the date, where the note has it elsewhere."""
    from datetime import date

    return [("date", date.fromordinal(note.date).isoformat())] if note.date else []


def _side(project: Project, note: MemoryFile, summary: Summary, counter: TokenCounter) -> str:
    """The summary's side file: the facts of the note's own one, with the summary's size and hash. "" where there is none.

    Side files are the reference's `<note>.metadata.json`: {"confidence": 0.8, "token_count": 512, "content_hash": <MD5>}.
    """
    facts = side_facts(project, note.path)
    if not facts:
        return ""
    from hashlib import md5

    if "token_count" in facts:
        facts["token_count"] = counter.count(summary.text)
    if "content_hash" in facts:
        facts["content_hash"] = md5(summary.text.encode(), usedforsecurity=False).hexdigest()
    return orjson.dumps(facts, option=orjson.OPT_INDENT_2).decode()
