"""An allocation as it leaves the start hook: in parts for the context channel, and as it is kept until the agent ends."""

from __future__ import annotations

import time

from memory_budget.base import layout
from memory_budget.base.files import write_atomic
from memory_budget.index.records import hash_of
from memory_budget.run.pending import Pending, mark_of
from memory_budget.select import block
from memory_budget.start import allocate

TYPE_CHECKING = False
if TYPE_CHECKING:
    from memory_budget.base.project import Project
    from memory_budget.select.parts import Parts


def block_parts(project: Project, allocation: allocate.Allocation) -> Parts:
    """The block in parts for the context channel, best file first; what finds no place lies in a file they name."""
    from memory_budget.select import parts

    order = {file.file.path: -file.score for file in allocation.selection.files}
    pieces = sorted(allocation.pieces, key=lambda piece: (order[piece.path], piece.path))
    path = project.at(layout.BLOCKS, f"{allocation.id}.md")
    block_in_parts = parts.in_parts(
        allocation.id,
        pieces,
        allocation.selection.left_out,
        count=parts.parts_for(allocation.budget),
        pointer=f"The rest of these notes: {path}\n",
    )
    if block_in_parts.rest:
        write_atomic(
            project.writable(layout.BLOCKS, f"{allocation.id}.md"),
            block.block_utf8(allocation.id, block_in_parts.rest),
        )
    return block_in_parts


def describe(allocation: allocate.Allocation, block_in_parts: Parts | None) -> Pending:
    """What is kept until the agent ends, for its usage record. `block_in_parts`: None for the prompt channel."""
    selection = allocation.selection
    task = allocation.task
    settings = allocation.loaded.profiles
    planned, placed = _tokens(allocation, block_in_parts)
    return Pending(
        allocation_id=allocation.id,
        session_id=task.session,
        started=time.time(),
        agent=allocation.identity.name,
        agent_key=allocation.identity.assignment_key,
        description=task.prompt if settings.section("log")["task"] == "prompt" else task.description,
        model=task.model,
        profile=allocation.settings.profile.name,
        complexity=allocation.tier,
        confidence=round(selection.evidence.confidence, 3),
        enforcement=allocation.enforcement,
        budget_base=allocation.budget_base,
        budget_allocated=allocation.budget,
        bumped_from=allocation.bumped_from,
        demand_tokens=selection.demand_tokens + allocation.native_tokens,
        scoped_tokens=allocation.scoped_tokens,
        planned_tokens=planned + allocation.native_tokens,
        placed_tokens=placed + allocation.native_tokens,
        native_tokens=allocation.native_tokens,
        scope_breakdown=dict(selection.scope_tokens),
        ladder=[list(step) for step in allocation.ladder],
        thresholds=dict(settings.thresholds),
        alert_level=settings.section("alert_level"),
        task_key=allocate.bump_key(allocation.identity, task),
        channel="prompt" if block_in_parts is None else "context",
        estimated=allocation.estimated,
        files={file.file.path: file.tokens for file in selection.files},
        file_scopes={file.file.path: file.file.scope for file in selection.files},
        chunks=[list(map(hash_of, file.chunks)) for file in selection.files],
        outline=list(dict.fromkeys(mark_of(entry.path) for entry in selection.left_out)),
    )


def _tokens(allocation: allocate.Allocation, block_in_parts: Parts | None) -> tuple[int, int]:
    """Tokens of the block as it was planned, and of what of it found a place in the channel (the same share of the tokens
    as of the characters)."""
    planned = allocation.selection.tokens
    if block_in_parts is None or not planned:
        return planned, planned
    from memory_budget.select import parts

    planned += block_in_parts.frame_tokens - parts.frame_tokens(allocation.budget)
    if not block_in_parts.rest:
        return planned, planned
    placed = sum(map(len, block_in_parts.texts))
    over = len(block.block(allocation.id, block_in_parts.rest))
    return planned, planned * placed // (placed + over)
