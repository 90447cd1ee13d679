"""Chooses what of an agent's memory is sent: ranks the chunks, packs them under the budget.

Pure: memory is read through a `View`, which the index implements (and `tests/support/memory_view.py`, in
memory). The rules:

- Pinned chunks (`always: true`) come first, short ones before long ones, then chunks by score per token.
- A chunk is sent whole or not at all. One that does not fit is skipped, not the end.
- Exact and near duplicates are sent once, the agent's own copy before the global one.
- Scope weights give each scope a share of the budget; what a scope does not need flows to the others.
- Chunks below the relevance floor are left out however much room there is. `demand_tokens` is what everything
  above the floor would cost. With `fill` (a person named an exact size) the best of what is below it follows.
- When nothing matches, the newest and most used notes are sent within `NO_MATCH_SHARE` of the budget.

Every cost is exact: the text of a chunk, each heading line above it once, the frame of its file, a gap
mark between two chunks of a file that are not neighbours. The block never costs more than the budget.
"""

from __future__ import annotations

from memory_budget.index.records import file_of, heading_of, id_of, tokens_of
from memory_budget.select import near_duplicates
from memory_budget.select.block import LEFT_OUT_FRAME_TOKENS, LEFT_OUT_LINE_TOKENS
from memory_budget.select.ranking import NO_PARTS, RECIPE, Query, Recipe, rank

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from memory_budget.index.records import Chunk, File, Heading
    from memory_budget.select.ranking import Parts, Row
    from memory_budget.select.view import View


#: Tokens of the mark between two chunks of a file that are not neighbours.
GAP_TOKENS = 2
#: Share of the budget that recency and use may fill when nothing matches the prompt.
NO_MATCH_SHARE = 0.1
#: How many chunks of the newest notes are looked at when nothing matches.
LATEST = 200
#: How many times the budget's tokens of candidates are looked at: some are copies, some do not fit.
REACH = 3
#: Candidates below the floor that are looked at all the same, for the left-out list.
NEXT = 40
#: Share of the budget that the left-out list may cost; kept free for it when demand is over the budget, unless the
#: budget is under `LEFT_OUT_LEAST` tokens.
LEFT_OUT_SHARE = 0.02
LEFT_OUT_LEAST = 4000
#: Lines of the left-out list.
LEFT_OUT_LINES = 8

_SCOPE_ORDER = {"agent_recent": 0, "agent_patterns": 1, "global": 2}


class SelectedFile:
    """A file to print: its chunks in the order of the file, what it costs in all, and its best chunk's score.

    `lines`: for each chunk, the heading lines to print above it, outermost first.
    """

    __slots__ = ("chunks", "file", "lines", "score", "tokens")

    def __init__(self, file: File) -> None:
        self.file = file
        self.chunks: list[Chunk] = []
        self.lines: list[Sequence[Heading]] = []
        self.tokens = file.frame_tokens
        self.score = 0.0


class LeftOut:
    """A section left out that looks useful; `tokens` of its chunks."""

    __slots__ = ("file", "heading", "tokens")

    def __init__(self, file: File, heading: str, tokens: int) -> None:
        self.file = file
        self.heading = heading
        self.tokens = tokens


class Verdict:
    """What became of one candidate: `reason` is kept, pinned, floor, budget, duplicate or no match. `parts`: what its
    score is made of; `twin`: the chunk that a duplicate repeats."""

    __slots__ = ("chunk", "file", "parts", "reason", "twin")

    def __init__(self, chunk: Chunk, file: File, parts: Parts, reason: str, twin: int = 0) -> None:
        self.chunk = chunk
        self.file = file
        self.parts = parts
        self.reason = reason
        self.twin = twin


class Selection:
    """What to send. `tokens` counts the whole block, `demand_tokens` what everything relevant would cost."""

    __slots__ = (
        "budget",
        "demand_tokens",
        "files",
        "left_out",
        "matched",
        "scope_tokens",
        "tokens",
        "verdicts",
    )

    def __init__(self, budget: int) -> None:
        self.budget = budget
        self.files: list[SelectedFile] = []
        self.tokens = 0
        self.demand_tokens = 0
        self.matched = False
        self.scope_tokens: dict[str, int] = {}
        self.left_out: list[LeftOut] = []
        self.verdicts: list[Verdict] = []


class _Plan:
    """Chunks chosen so far and what printing them costs, the block's frame left out."""

    __slots__ = ("_files", "_headings", "chunks", "opened", "printed", "tokens")

    def __init__(
        self, headings: Mapping[int, Heading], files: Mapping[int, File], chunks: Iterable[Chunk] = ()
    ) -> None:
        self._headings = headings
        self._files = files
        chosen = list(chunks)
        self.chunks = dict(zip(map(id_of, chosen), chosen, strict=True))
        self.opened = set(map(file_of, chosen))
        self.printed: set[int] = set()
        above = set(map(heading_of, chosen))
        above.discard(0)
        while above:
            self.printed |= above
            above = {headings[number].parent for number in above} - self.printed
            above.discard(0)
        # A run of neighbours costs no mark, the first of a file neither. Ids of two files are never neighbours.
        runs = len(chosen) - len(self.chunks.keys() & {number + 1 for number in self.chunks})
        self.tokens = (
            sum(map(tokens_of, chosen))
            + sum([headings[number].tokens for number in self.printed])
            + sum([files[number].frame_tokens for number in self.opened])
            + GAP_TOKENS * (runs - len(self.opened))
        )

    def cost(self, chunk: Chunk) -> int:
        """What adding the chunk would add to the block."""
        cost = chunk.tokens
        number = chunk.heading
        while number and number not in self.printed:
            line = self._headings[number]
            cost += line.tokens
            number = line.parent
        if chunk.file not in self.opened:
            return cost + self._files[chunk.file].frame_tokens
        return cost + GAP_TOKENS * (1 - (chunk.id - 1 in self.chunks) - (chunk.id + 1 in self.chunks))

    def add(self, chunk: Chunk, cost: int) -> None:
        self.tokens += cost
        self.chunks[chunk.id] = chunk
        self.opened.add(chunk.file)
        number = chunk.heading
        while number and number not in self.printed:
            self.printed.add(number)
            number = self._headings[number].parent

    def take(self, rows: Iterable[Row], limit: int, shares: Mapping[str, float] | None = None) -> None:
        """Add what fits under `limit` tokens, the first first; `shares`: tokens each scope may spend."""
        spent = dict.fromkeys(_SCOPE_ORDER, 0)
        for row in rows:
            chunk = row[3]
            if self.tokens + chunk.tokens > limit or chunk.id in self.chunks:
                continue
            cost = self.cost(chunk)
            if self.tokens + cost > limit:
                continue
            if shares is not None:
                scope = self._files[chunk.file].scope
                if spent[scope] + cost > shares.get(scope, 0.0):
                    continue
                spent[scope] += cost
            self.add(chunk, cost)


def _twins(view: View, groups: tuple[Sequence[Chunk], ...], files: Mapping[int, File]) -> dict[int, int]:
    """Chunks that repeat another, with the one they repeat. The first group's stay before the second's, and in a group
    the agent's own before the global ones, then the best, so that a section stays whole where it is needed most."""
    suspects = near_duplicates.alike([chunk for group in groups for chunk in group])
    if not suspects:
        return {}
    ordered: list[Chunk] = []
    for group in groups:
        own = [chunk for chunk in group if chunk.id in suspects]
        ordered += sorted(own, key=lambda chunk: _SCOPE_ORDER.get(files[chunk.file].scope, 9))
    return near_duplicates.find(ordered, view.texts)


class Survey:
    """What has to do with a task, before a budget is set. Rows come best first.

    `above`: rows at or over the relevance floor (those of the newest notes when nothing matches: `matched` is false);
    `below`: the best of the others, as many as could be filled in or named as left out.
    """

    __slots__ = (
        "above",
        "below",
        "demand",
        "explained",
        "files",
        "headings",
        "matched",
        "pinned",
        "repeated",
        "twins",
    )

    def __init__(
        self,
        view: View,
        prompt: str,
        *,
        description: str = "",
        now_day: int = 0,
        room: int = 0,
        explain: bool = False,
        recipe: Recipe = RECIPE,
    ) -> None:
        """`now_day`: an ordinal day for recency, 0 to leave it out; `room`: tokens that may be filled from below the
        floor; `explain`: look at all that matches, for `Selection.verdicts`."""
        more = None if explain or room > 0 else NEXT
        rows = rank(view, Query(prompt, description), recipe, now_day, more)
        self.matched = bool(rows)
        self.explained = explain
        floor = recipe.relevance_floor * rows[0][0] if rows else 0.0
        if not explain:
            rows = rows[: _within_reach(rows, _count_above(rows, floor), room)]
        if not self.matched:
            rows = [(0.0, "", 0, chunk, NO_PARTS) for chunk in view.latest(LATEST)]
        pinned = view.pinned()
        if pinned:
            own = {chunk.id for chunk in pinned}
            rows = [row for row in rows if row[3].id not in own]
        chunks = [row[3] for row in rows]
        self.files = view.files({*map(file_of, pinned), *map(file_of, chunks)})
        self.twins = _twins(view, (pinned, chunks), self.files)
        self.repeated: list[Row] = []
        if self.twins:
            repeats = self.twins
            if explain:
                plain: list[Row] = [(0.0, "", 0, chunk, NO_PARTS) for chunk in pinned]
                self.repeated = [row for row in plain + rows if row[3].id in repeats]
            pinned = [chunk for chunk in pinned if chunk.id not in repeats]
            rows = [row for row in rows if row[3].id not in repeats]
        self.pinned = pinned
        count = _count_above(rows, floor)
        self.above = rows[:count]
        self.below = rows[count:]
        self.headings = view.headings(pinned + chunks)
        needed = [row[3] for row in self.above] if self.matched else []
        #: Everything relevant, and what it costs.
        self.demand = _Plan(self.headings, self.files, pinned + needed)

    def demand_tokens(self, frame_tokens: int) -> int:
        """What everything relevant costs, in a block whose frame costs `frame_tokens`; 0 where nothing is relevant."""
        return self.demand.tokens + frame_tokens if self.demand.chunks else 0


def select(
    view: View,
    prompt: str,
    budget: int,
    *,
    weights: Mapping[str, float],
    description: str = "",
    now_day: int = 0,
    frame_tokens: int = 0,
    explain: bool = False,
    fill: bool = False,
    recipe: Recipe = RECIPE,
) -> Selection:
    """The chunks to send for a task: `pack` of a `Survey`."""
    survey = Survey(
        view,
        prompt,
        description=description,
        now_day=now_day,
        room=budget - frame_tokens if fill else 0,
        explain=explain,
        recipe=recipe,
    )
    return pack(survey, budget, weights=weights, frame_tokens=frame_tokens, fill=fill)


def pack(
    survey: Survey, budget: int, *, weights: Mapping[str, float], frame_tokens: int = 0, fill: bool = False
) -> Selection:
    """Choose what to send of a survey.

    `budget` and `frame_tokens` (the block around the files) in tokens; `weights` per scope, any scale; `fill` uses the
    room below the floor.
    """
    selection = Selection(budget)
    selection.matched = matched = survey.matched
    selection.demand_tokens = survey.demand_tokens(frame_tokens)
    headings, files = survey.headings, survey.files
    room = budget - frame_tokens
    lines = 0
    if survey.demand.tokens <= room:
        plan = survey.demand
        if fill or not matched:  # more will be added
            plan = _Plan(headings, files, plan.chunks.values())
    else:
        plan = _Plan(headings, files)
        for chunk in sorted(survey.pinned, key=lambda chunk: (chunk.tokens, chunk.id)):
            cost = plan.cost(chunk)
            if plan.tokens + cost > room:
                break  # not skipped: with a larger budget it must not push out one that fits now
            plan.add(chunk, cost)
        if matched:
            if not fill and budget >= LEFT_OUT_LEAST:
                lines = int(budget * LEFT_OUT_SHARE)
                room -= lines
            total = sum(weights.values())
            free = room - plan.tokens
            if total > 0 and free > 0:
                plan.take(
                    survey.above, room, {scope: free * share / total for scope, share in weights.items()}
                )
            plan.take(survey.above, room)
    if not matched:
        plan.take(survey.above, min(room, plan.tokens + int(budget * NO_MATCH_SHARE)))
    elif fill:
        plan.take(survey.below, room)
    left_out_tokens = 0
    if matched and not fill:
        lines = max(lines, min(room - plan.tokens, int(budget * LEFT_OUT_SHARE)))
        rest = [row[3] for row in survey.above + survey.below if row[3].id not in plan.chunks]
        selection.left_out, left_out_tokens = _left_out(rest, headings, files, lines)
    selection.files = _files(survey, plan)
    if selection.files:
        selection.tokens = plan.tokens + frame_tokens + left_out_tokens
    else:
        selection.left_out = []
    for file in selection.files:
        scope = file.file.scope
        selection.scope_tokens[scope] = selection.scope_tokens.get(scope, 0) + file.tokens
    if survey.explained:
        selection.verdicts = _verdicts(survey, plan)
    return selection


def _verdicts(survey: Survey, plan: _Plan) -> list[Verdict]:
    files, repeats = survey.files, survey.twins
    found = [
        Verdict(chunk, files[chunk.file], parts, "duplicate", repeats[chunk.id])
        for _, _, _, chunk, parts in survey.repeated
    ]
    for chunk in survey.pinned:
        reason = "pinned" if chunk.id in plan.chunks else "budget"
        found.append(Verdict(chunk, files[chunk.file], NO_PARTS, reason))
    for rows, missed in ((survey.above, "budget"), (survey.below, "floor")):
        for _, _, _, chunk, parts in rows:
            reason = "kept" if chunk.id in plan.chunks else missed if survey.matched else "no match"
            found.append(Verdict(chunk, files[chunk.file], parts, reason))
    return found


def _count_above(rows: Sequence[Row], floor: float) -> int:
    """How many rows are worth the floor or more; both are negated. (The module for this costs more than it does.)"""
    low, high = 0, len(rows)
    while low < high:
        middle = (low + high) // 2
        if rows[middle][0] <= floor:
            low = middle + 1
        else:
            high = middle
    return low


def _within_reach(rows: Sequence[Row], count: int, room: int) -> int:
    """How many rows are looked at closer: `count` above the floor, as many of the next as could still be sent (`room`
    in tokens) or named as left out."""
    tokens = sum([row[3].tokens for row in rows[:count]]) if room > 0 else 0
    last = count + NEXT
    for row in rows[count:]:
        tokens += row[3].tokens
        if count >= last and tokens > REACH * room:
            break
        count += 1
    return count


def _left_out(
    rest: Iterable[Chunk], headings: Mapping[int, Heading], files: Mapping[int, File], limit: int
) -> tuple[list[LeftOut], int]:
    """The best sections not sent, with their tokens, in at most `limit` tokens, and what the list costs."""
    found: dict[tuple[int, int], LeftOut] = {}
    for chunk in rest:
        known = found.get((chunk.file, chunk.heading))
        if known is not None:
            known.tokens += chunk.tokens
        elif len(found) < LEFT_OUT_LINES:
            text = headings[chunk.heading].text if chunk.heading else ""
            found[chunk.file, chunk.heading] = LeftOut(files[chunk.file], text, chunk.tokens)
    cost = LEFT_OUT_FRAME_TOKENS
    lines = []
    for (_, heading), line in found.items():
        more = line.file.frame_tokens + (headings[heading].tokens if heading else 0) + LEFT_OUT_LINE_TOKENS
        if cost + more <= limit:
            cost += more
            lines.append(line)
    return lines, cost if lines else 0


def _files(survey: Survey, plan: _Plan) -> list[SelectedFile]:
    """The files in print order with the exact cost of each."""
    headings = survey.headings
    found = {number: SelectedFile(survey.files[number]) for number in plan.opened}
    printed = {0}
    before = 0
    for number in sorted(plan.chunks):
        chunk = plan.chunks[number]
        file = found[chunk[1]]
        cost = chunk[4]
        above = chunk[8]
        lines: Sequence[Heading] = ()
        if above not in printed:
            lines = []
            while above not in printed:
                printed.add(above)
                line = headings[above]
                cost += line.tokens
                lines.append(line)
                above = line.parent
            lines.reverse()
        if number != before + 1 and file.chunks:
            cost += GAP_TOKENS
        before = number
        file.tokens += cost
        file.chunks.append(chunk)
        file.lines.append(lines)
    for row in survey.above:
        known = found.get(row[3][1])
        if known is not None and row[4][0] > known.score:
            known.score = row[4][0]
    return sorted(found.values(), key=lambda entry: _print_order(entry.file))


def _print_order(file: File) -> tuple[int, str]:
    return _SCOPE_ORDER.get(file.scope, 9), file.path
