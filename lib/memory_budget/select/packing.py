"""Chooses what of an agent's memory is sent: ranks the leaves, takes those that are worth it, packs them under the budget.

Pure: memory is read through a `View`, which the index implements (and `tests/support/memory_view.py`, in memory). The rules:

- How sure it is that anything is about the task (`confidence`) says whether there is text and an outline, a short outline, or
  nothing. Pinned chunks (`always: true`) are sent always, short ones before long ones.
- Leaves come best first. The more is taken, and the less sure it is, the better the next one must be (`confidence.Bar`);
  what passes is the demand.
- A leaf is sent whole or not at all. One that does not fit is skipped, not the end.
- Exact and near duplicates are sent once, the agent's own copy before the global one.
- Where the demand is over the budget, scope weights give each scope a share of it; what a scope does not need flows to the
  others.
- With `fill` (a person named an exact size) it is filled with the best there is, sure or not; then chunks of leaves that did not
  fit, then, where nothing matches at all, the newest notes within `NO_MATCH_SHARE`.

Every cost is exact (see `plan`). The block never costs more than the budget.
"""

from __future__ import annotations

from memory_budget.index.records import file_of, make_chunks, tokens_of
from memory_budget.select import near_duplicates
from memory_budget.select import outline as outlines
from memory_budget.select.confidence import UNSURE, Bar
from memory_budget.select.plan import SCOPE_ORDER, Plan
from memory_budget.select.query import Query
from memory_budget.select.ranking import rank
from memory_budget.select.recipe import RECIPE, Recipe
from memory_budget.select.scoring import Leaf

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from memory_budget.index.records import Chunk, File, Row
    from memory_budget.select.block import OutlineEntry
    from memory_budget.select.confidence import Evidence
    from memory_budget.select.plan import SelectedFile
    from memory_budget.select.view import View


#: Share of the budget that recency and use may fill when a filled block is asked for and nothing matches the prompt.
NO_MATCH_SHARE = 0.1
#: How many chunks of the newest notes are looked at then.
LATEST = 200
#: How many times the budget's tokens of candidates are looked at: some are copies, some do not fit.
REACH = 3
#: How many tokens of leaves are looked at for one that may be worth sending: the half of them may repeat the other.
COPIES = 2
#: The leaves whose mean worth the others are held against, and of how many leaves they are one at most.
BEST = 3
BEST_SHARE = 4
#: Leaves behind the last one taken that are looked at all the same, for the outline.
NEXT = 80
#: Share of the budget kept free for the outline where the demand is over it, unless the budget is under `OUTLINE_LEAST`.
OUTLINE_SHARE = 0.05
OUTLINE_LEAST = 4000


class Verdict:
    """What became of one candidate: `reason` is kept, pinned, floor, budget, duplicate or no match. `leaf`: the leaf it
    belongs to, with its score; `twin`: the chunk that a duplicate repeats."""

    __slots__ = ("chunk", "file", "leaf", "reason", "twin")

    def __init__(self, chunk: Chunk, file: File, leaf: Leaf | None, reason: str, twin: int = 0) -> None:
        self.chunk = chunk
        self.file = file
        self.leaf = leaf
        self.reason = reason
        self.twin = twin

    @property
    def worth(self) -> float:
        return self.leaf.worth if self.leaf is not None else 0.0


class Selection:
    """What to send. `tokens` counts the whole block, `demand_tokens` what everything confidently relevant would cost;
    `evidence`: how sure it is that anything is about the task."""

    __slots__ = (
        "budget",
        "demand_tokens",
        "evidence",
        "files",
        "left_out",
        "matched",
        "scope_tokens",
        "tokens",
        "verdicts",
    )

    def __init__(self, budget: int, evidence: Evidence) -> None:
        self.budget = budget
        self.evidence = evidence
        self.files: list[SelectedFile] = []
        self.tokens = 0
        self.demand_tokens = 0
        self.matched = False
        self.scope_tokens: dict[str, int] = {}
        self.left_out: list[OutlineEntry] = []
        self.verdicts: list[Verdict] = []


class Survey:
    """What has to do with a task, before a budget is set. Leaves come best first.

    `wanted`: the leaves that are worth sending; `others`: the best of the rest, as many as could be filled in or named as left
    out; `newest`: chunks of the newest notes, where a filled block is asked for and nothing matches.
    """

    __slots__ = (
        "confidence",
        "demand",
        "evidence",
        "held",
        "explained",
        "files",
        "headings",
        "matched",
        "newest",
        "others",
        "pinned",
        "repeated",
        "twins",
        "wanted",
    )

    def __init__(
        self,
        view: View,
        prompt: str,
        *,
        description: str = "",
        agent: str = "",
        now_day: int = 0,
        room: int = 0,
        explain: bool = False,
        generosity: float = 1.0,
        recipe: Recipe = RECIPE,
    ) -> None:
        """`agent`: its name, which says a little of what it works on; `now_day`: an ordinal day for recency, 0 to leave it out;
        `room`: tokens that are to be filled, sure or not; `explain`: look at all that matches, for `Selection.verdicts`;
        `generosity`: more than 1 sends more."""
        least = 0.0 if explain or room > 0 else UNSURE
        ranking = rank(view, Query(prompt, description, agent), recipe, now_day, least)
        leaves = ranking.leaves
        self.evidence = ranking.evidence
        self.held = ranking.held
        self.confidence = ranking.evidence.confidence
        self.matched = bool(leaves)
        self.explained = explain
        if not explain:
            leaves = leaves[: _within_reach(leaves, self.evidence, generosity, room)]
        pinned = view.pinned()
        self.newest = [] if self.matched or room <= 0 else view.latest(LATEST)
        rows: list[Row] = [row for leaf in leaves for row in leaf.rows]
        rows += self.newest
        self.files = view.files({*map(file_of, pinned), *map(file_of, rows)})
        taken = {chunk[0] for chunk in pinned}
        self.twins = _twins(view, (pinned, [row for row in rows if row[0] not in taken]), self.files)
        self.headings = view.headings()
        self.repeated: list[tuple[Leaf | None, Chunk]] = [
            (leaf, chunk)
            for leaf in leaves
            for chunk in (leaf.chunks if explain else ())
            if chunk[0] in self.twins
        ] + [(None, chunk) for chunk in pinned if chunk[0] in self.twins]
        self.pinned = [chunk for chunk in pinned if chunk[0] not in self.twins]
        self.newest = [chunk for chunk in self.newest if chunk[0] not in self.twins]
        taken.update(self.twins)
        if taken:
            leaves = _without(leaves, taken)
        #: Everything worth sending, and what it costs.
        self.demand = Plan(self.headings, self.files, self.pinned)
        self.wanted, self.others = self._worth_it(leaves, generosity)

    def _worth_it(self, leaves: list[Leaf], generosity: float) -> tuple[list[Leaf], list[Leaf]]:
        """The leaves that are worth sending, added to the demand, and the others."""
        worthy: list[Leaf] = []
        if self.confidence < 1.0 or not leaves:
            return worthy, leaves
        best = _best(leaves)
        bar = Bar(self.evidence, generosity, leaves[0].is_turn)
        others: list[Leaf] = []
        demand = self.demand
        start = demand.tokens
        for position, leaf in enumerate(leaves):
            share = leaf.worth / best
            if worthy and share < bar.at(demand.tokens - start):
                return worthy, others + leaves[position:]
            if share >= bar.at(demand.tokens - start + leaf.tokens) or not worthy:
                demand.add(leaf.chunks, float("inf"))
                worthy.append(leaf)
            else:
                others.append(leaf)
        return worthy, others

    def demand_tokens(self, frame_tokens: int) -> int:
        """What everything worth sending costs, in a block whose frame costs `frame_tokens`; 0 where nothing is."""
        return self.demand.tokens + frame_tokens if self.demand.chunks else 0


def pack(
    survey: Survey,
    budget: int,
    *,
    weights: Mapping[str, float],
    frame_tokens: int = 0,
    fill: bool = False,
    outline: bool = True,
) -> Selection:
    """Choose what to send of a survey.

    `budget` and `frame_tokens` (the block around the files) in tokens; `weights` per scope, any scale; `fill` uses all of
    the budget; `outline`: whether the agent can read what is only named.
    """
    selection = Selection(budget, survey.evidence)
    selection.matched = survey.matched
    selection.demand_tokens = survey.demand_tokens(frame_tokens)
    room = budget - frame_tokens
    outline_tokens = 0
    if outline and not fill and survey.confidence >= UNSURE:
        outline_tokens = outlines.tokens(survey.evidence)
    plan = survey.demand.copy()
    reserved = 0
    if plan.tokens > room:
        plan = _pinned(survey, room)
        if outline_tokens and budget >= OUTLINE_LEAST:
            reserved = min(outline_tokens, int(budget * OUTLINE_SHARE))
        _take_shares(plan, survey, room - reserved, weights)
    if fill:
        _fill(plan, survey, room, budget)
    left_out_tokens = 0
    if outline_tokens:
        rest = [
            leaf
            for leaf in survey.wanted + survey.others
            if leaf.rows[0][0] not in plan.chunks and not survey.files[leaf.file].told
        ]
        limit = min(outline_tokens, room - plan.tokens)
        selection.left_out, left_out_tokens = outlines.outline(rest, survey.headings, survey.files, limit)
    scores: dict[int, float] = {}
    for leaf in survey.wanted + survey.others:
        scores.setdefault(leaf.file, leaf.worth)
    selection.files = plan.files(scores)
    if selection.files or selection.left_out:
        selection.tokens = plan.tokens + frame_tokens + left_out_tokens
    for file in selection.files:
        scope = file.file.scope
        selection.scope_tokens[scope] = selection.scope_tokens.get(scope, 0) + file.tokens
    if survey.explained:
        selection.verdicts = _verdicts(survey, plan)
    return selection


def _pinned(survey: Survey, room: int) -> Plan:
    """A plan with the pinned chunks that fit."""
    plan = Plan(survey.headings, survey.files)
    for chunk in sorted(survey.pinned, key=lambda chunk: (chunk.tokens, chunk.id)):
        if plan.add((chunk,), room) < 0:
            break  # not skipped: with a larger budget it must not push out one that fits now
    return plan


def _take_shares(plan: Plan, survey: Survey, room: int, weights: Mapping[str, float]) -> None:
    """Add the wanted leaves that fit: first within the share of each scope, then wherever there is room."""
    total = sum(weights.values())
    free = room - plan.tokens
    if total > 0 and free > 0:
        remaining = {scope: free * share / total for scope, share in weights.items()}
        for leaf in survey.wanted:
            scope = survey.files[leaf.file].scope
            most = min(float(room), plan.tokens + remaining.get(scope, 0.0))
            remaining[scope] = remaining.get(scope, 0.0) - max(plan.add(leaf.chunks, most), 0)
    for leaf in survey.wanted:
        plan.add(leaf.chunks, room)


def _fill(plan: Plan, survey: Survey, room: int, budget: int) -> None:
    """Use the room that is left: whole leaves, then single chunks of those that did not fit, then the newest notes."""
    for leaf in survey.others:
        plan.add(leaf.chunks, room)
    for leaf in survey.wanted + survey.others:
        # Of a leaf that did not fit, a long table say, first the parts that hold most of the prompt.
        for chunk in sorted(leaf.chunks, key=lambda chunk: -survey.held.get(chunk[0], 0.0)):
            plan.add((chunk,), room)
    most = min(room, plan.tokens + int(budget * NO_MATCH_SHARE))
    for chunk in survey.newest:
        plan.add((chunk,), most)


def _without(leaves: Sequence[Leaf], taken: set[int]) -> list[Leaf]:
    """The leaves without the chunks of these ids; one of which nothing is left is gone."""
    reduced = []
    for leaf in leaves:
        rest = [row for row in leaf.rows if row[0] not in taken]
        if len(rest) == len(leaf.rows):
            reduced.append(leaf)
        elif rest:
            reduced.append(Leaf(leaf.worth, leaf.path, rest, sum(map(tokens_of, rest)), leaf.parts))
    return reduced


def _twins(view: View, groups: tuple[Sequence[Row], ...], files: Mapping[int, File]) -> dict[int, int]:
    """Chunks that repeat another, with the one they repeat. The first group's stay before the second's, and in a group
    the agent's own before the global ones, then the best, so that a leaf stays whole where it is needed most."""
    suspects = near_duplicates.alike([row for group in groups for row in group])
    if not suspects:
        return {}
    ordered: list[Chunk] = []
    for group in groups:
        suspected = make_chunks([row for row in group if row[0] in suspects])
        ordered += sorted(suspected, key=lambda chunk: SCOPE_ORDER.get(files[chunk.file].scope, 9))
    return near_duplicates.find_near_duplicates(ordered, view.texts)


def _best(leaves: Sequence[Leaf]) -> float:
    """What leaves are held against: the mean worth of the best ones, for a single one may stand out by chance. Of a few leaves it is
    the best, for the mean of all would let all pass."""
    worths = [leaf.worth for leaf in leaves[: max(1, min(BEST, len(leaves) // BEST_SHARE))]]
    return sum(worths) / len(worths)


def _within_reach(leaves: Sequence[Leaf], evidence: Evidence, generosity: float, room: int) -> int:
    """How many leaves are looked at closer: all that could be worth sending or filled in (`room` in tokens) though a part of them
    are copies (`COPIES`, `REACH`), and the next ones, which could be named."""
    sure = evidence.confidence >= 1.0
    best = _best(leaves) if leaves else 0.0
    bar = Bar(evidence, generosity, bool(leaves) and leaves[0].is_turn)
    count = tokens = 0
    for leaf in leaves:
        least = best * bar.at(tokens / COPIES) if sure else float("inf")
        if leaf.worth < least and tokens >= REACH * room:
            break
        tokens += leaf.tokens
        count += 1
    return count + NEXT


def _verdicts(survey: Survey, plan: Plan) -> list[Verdict]:
    files, repeats = survey.files, survey.twins
    verdicts = [
        Verdict(chunk, files[chunk.file], leaf, "duplicate", repeats[chunk.id])
        for leaf, chunk in survey.repeated
    ]
    for chunk in survey.pinned:
        reason = "pinned" if chunk.id in plan.chunks else "budget"
        verdicts.append(Verdict(chunk, files[chunk.file], None, reason))
    for leaves, missed in ((survey.wanted, "budget"), (survey.others, "floor")):
        for leaf in leaves:
            for chunk in leaf.chunks:
                reason = "kept" if chunk.id in plan.chunks else missed
                verdicts.append(Verdict(chunk, files[chunk.file], leaf, reason))
    for chunk in survey.newest:
        reason = "kept" if chunk.id in plan.chunks else "no match"
        verdicts.append(Verdict(chunk, files[chunk.file], None, reason))
    return verdicts
