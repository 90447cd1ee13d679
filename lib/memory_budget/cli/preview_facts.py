"""The facts that a preview shows of an allocation: all of it as JSON, the chunks sent, and how two allocations differ."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from memory_budget.index.records import path_of
from memory_budget.select.confidence import UNSURE
from memory_budget.select.packing import Verdict
from memory_budget.select.query import Query
from memory_budget.select.scoring import PARTS
from memory_budget.select.task_text import task_text
from memory_budget.start import allocate
from memory_budget.text import words as text_words

if TYPE_CHECKING:
    from memory_budget.select.scoring import Leaf


def allocation_json(allocation: allocate.Allocation) -> dict[str, Any]:
    """An allocation as `preview --json` prints it."""
    selection = allocation.selection
    estimate = allocation.tier_estimate
    return {
        "agent": allocation.identity.name,
        "assignment": allocation.identity.assignment_key,
        "folders": list(allocation.identity.folder_names),
        "profile": allocation.settings.profile.name,
        "enforcement": allocation.enforcement,
        "complexity": allocation.tier,
        "complexity_source": allocation.tier_source,
        "complexity_score": round(estimate.score, 4),
        "complexity_reasons": estimate.reasons,
        "budget_base": allocation.budget_base,
        "budget": allocation.budget,
        "bumped_from": allocation.bumped_from or None,
        "tokens": allocation.tokens,
        "native_tokens": allocation.native_tokens,
        "demand_tokens": selection.demand_tokens + allocation.native_tokens,
        "scoped_tokens": allocation.scoped_tokens,
        "reduction": round(reduction(allocation), 4),
        "exceeded": allocation.exceeded,
        "matched": selection.matched,
        "confidence": round(selection.evidence.confidence, 3),
        "evidence": {
            "weight": round(selection.evidence.weight, 2),
            "familiar": round(selection.evidence.familiar, 3),
            "mass": round(selection.evidence.mass, 2),
            "coverage": round(selection.evidence.coverage, 3),
            "telling_words": selection.evidence.asked,
            "held_by_best": selection.evidence.held,
        },
        "because": because(allocation),
        "scope_tokens": dict(selection.scope_tokens),
        "files": [
            {
                "path": file.file.path,
                "scope": file.file.scope,
                "tokens": file.tokens,
                "chunks": len(file.chunks),
            }
            for file in selection.files
        ],
        "left_out": [
            {"path": entry.path, "heading": entry.heading, "tokens": entry.tokens, "line": entry.line}
            for entry in selection.left_out
        ],
        "chunks": [chunk_facts(allocation, verdict) for verdict in selection.verdicts],
        "problems": allocation.problems,
    }


def chunk_facts(allocation: allocate.Allocation, verdict: Verdict) -> dict[str, Any]:
    chunk, file = verdict.chunk, verdict.file
    return {
        "path": file.path,
        "line": chunk.line,
        "heading": " > ".join(chunk_headings(allocation, verdict)),
        "scope": file.scope,
        "tokens": chunk.tokens,
        "kept": is_sent(verdict),
        "reason": verdict.reason,
        "same_as": same_as(allocation, verdict),
        "worth": round(verdict.worth, 3),
        "score_parts": score_parts(verdict.leaf),
    }


def because(allocation: allocate.Allocation) -> str:
    """Why something or nothing is sent, in a sentence."""
    evidence = allocation.selection.evidence
    holds = f"the best section holds {evidence.held} of its {evidence.asked} telling words"
    if not evidence.asked:
        prompt = allocation.task.prompt.strip()
        holds = "it has no telling word" if prompt else "there is none (give one with --prompt)"
    if evidence.confidence >= 1.0:
        return f"memory is about this task: {holds}"
    if evidence.confidence >= UNSURE:
        return f"memory may be about this task, so what looks relevant is only named: {holds}"
    return f"nothing in memory is about this task: {holds}"


def sent_for(allocation: allocate.Allocation) -> dict[int, list[str]]:
    """For each leaf, by the id of its first chunk: the task's words that are in it, spelled as in the task."""
    task, view = allocation.task, allocation.view
    query = Query(task.prompt, task.description)
    task_words: dict[str, str] = {}
    for run in text_words.word_runs(task_text(task.prompt) + "\n" + task.description):
        for term in text_words.word_terms(run)[-1:]:
            task_words.setdefault(term, run.decode("utf-8", "replace").strip("_-./'"))
    holders = {
        term: {number for ids in view.holders(term, 1024) for number in ids}
        for term in query.terms
        if term in task_words
    }
    words_by_leaf: dict[int, list[str]] = {}
    for verdict in allocation.selection.verdicts:
        leaf = verdict.leaf
        if leaf is not None and leaf.chunks[0].id not in words_by_leaf:
            ids = {chunk.id for chunk in leaf.chunks}
            words_by_leaf[leaf.chunks[0].id] = [
                task_words[term] for term, held in holders.items() if ids & held
            ]
    return words_by_leaf


def is_sent(verdict: Verdict) -> bool:
    return verdict.reason in ("kept", "pinned")


def chunk_headings(allocation: allocate.Allocation, verdict: Verdict) -> list[str]:
    """The headings above a chunk, outermost first, without their marks."""
    chunk = verdict.chunk
    lines = path_of(chunk.heading, allocation.view.headings())
    return [line.text.lstrip("# ") for line in lines]


def same_as(allocation: allocate.Allocation, verdict: Verdict) -> dict[str, Any] | None:
    """Path and line of the chunk that is sent instead of a duplicate; None for other chunks."""
    for other in allocation.selection.verdicts:
        if verdict.twin and other.chunk.id == verdict.twin:
            return {"path": other.file.path, "line": other.chunk.line}
    return None


def score_parts(leaf: Leaf | None) -> dict[str, float]:
    """What a leaf's score is made of: the task's terms in its best chunk, the share of them in all of it, its file's score, what
    the file says it is about, and the factor for names, dates and the like."""
    parts = leaf.parts if leaf is not None and leaf.parts else (0.0, 0.0, 0.0, 0.0, 0.0, 1.0)
    return {name: round(part, 2) for name, part in zip(PARTS, parts, strict=True)}


def reduction(allocation: allocate.Allocation) -> float:
    return 1 - allocation.tokens / allocation.scoped_tokens if allocation.scoped_tokens else 0.0


def sent_chunks(allocation: allocate.Allocation | allocate.Nothing) -> dict[tuple[str, int], dict[str, Any]]:
    """The chunks sent, by file and line."""
    if isinstance(allocation, allocate.Nothing):
        return {}
    return {
        (verdict.file.path, verdict.chunk.line): chunk_facts(allocation, verdict)
        for verdict in allocation.selection.verdicts
        if is_sent(verdict)
    }


def budget_facts(allocation: allocate.Allocation | allocate.Nothing) -> dict[str, Any]:
    if isinstance(allocation, allocate.Nothing):
        return {"profile": allocation.profile, "budget": 0, "tokens": 0, "demand_tokens": 0}
    return {
        "profile": allocation.settings.profile.name,
        "complexity": allocation.tier,
        "bumped_from": allocation.bumped_from or None,
        "budget": allocation.budget,
        "tokens": allocation.tokens,
        "demand_tokens": allocation.selection.demand_tokens + allocation.native_tokens,
    }


def compare(
    first: allocate.Allocation | allocate.Nothing, second: allocate.Allocation | allocate.Nothing
) -> dict[str, Any]:
    """What the second sends that the first does not (`added`), the reverse (`removed`), and how many chunks both send."""
    first_chunks, second_chunks = sent_chunks(first), sent_chunks(second)
    return {
        "first": budget_facts(first),
        "second": budget_facts(second),
        "added": [second_chunks[key] for key in sorted(second_chunks.keys() - first_chunks.keys())],
        "removed": [first_chunks[key] for key in sorted(first_chunks.keys() - second_chunks.keys())],
        "common": len(first_chunks.keys() & second_chunks.keys()),
    }
