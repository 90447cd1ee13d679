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

from _bisect import bisect_right

from memory_budget.ranking import RECIPE, Candidates, Query, Ranked, Recipe, rank
from memory_budget.rendering import LEFT_OUT_FRAME_TOKENS, LEFT_OUT_LINE_TOKENS
from memory_budget.units import Chunk, File, Heading

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Protocol

    from memory_budget.ranking import Sketch

    class View(Protocol):
        """What one agent may see of the index."""

        @property
        def chunk_count(self) -> int: ...
        @property
        def file_count(self) -> int: ...
        @property
        def mean_chunk_terms(self) -> float: ...
        @property
        def mean_file_terms(self) -> float: ...
        @property
        def scoped_tokens(self) -> int: ...

        def load(self, terms: Iterable[str]) -> None:
            """Fetch what these terms need, all at once."""

        def counts(self, term: str) -> list[int]:
            """How many chunks and how many files hold the term, however many `postings` returns."""

        def postings(self, term: str) -> list[tuple[memoryview, memoryview]]:
            """Per group: chunk ids (u32) and `tf << 16 | length in terms` (u32), best first when long."""

        def file_postings(self, term: str) -> list[tuple[memoryview, memoryview]]:
            """The same with file ids."""

        def sketches(self, *, ids: list[int] | None = None, files: list[int] | None = None) -> list[Sketch]:
            """The chunks of these ids, or of these files, or all of them, as far as a score asks."""

        def chunks(self, ids: Iterable[int]) -> dict[int, Chunk]:
            """The chunks of these ids that exist."""

        def files(self, ids: Iterable[int]) -> Mapping[int, File]: ...
        def heading(self, ids: Iterable[int]) -> dict[int, Heading]: ...

        def latest(self, limit: int) -> list[int]:
            """Chunk ids of the newest and most used files."""

        def pinned(self) -> list[int]:
            """Chunk ids of files with `always: true`."""

        def synonyms(self, term: str) -> list[tuple[str, float]]:
            """Index terms of like meaning with their similarity, 0 to 1."""


#: Tokens of the mark between two chunks of a file that are not neighbours.
GAP_TOKENS = 2
#: Share of the budget that recency and use may fill when nothing matches the prompt.
NO_MATCH_SHARE = 0.1
#: How many times the budget's tokens of candidates are looked at: some are copies, some do not fit.
REACH = 3
#: Candidates below the floor that are looked at all the same, for the left-out list.
NEXT = 40
#: Bits in which the fingerprints of near duplicates may differ.
NEAR_BITS = 3
#: Terms below which a chunk is too short for its fingerprint to tell near duplicates.
NEAR_TERMS = 12
#: Share of the budget that the left-out list may cost; kept free for it when demand is over the budget, unless the
#: budget is under `LEFT_OUT_LEAST` tokens.
LEFT_OUT_SHARE = 0.02
LEFT_OUT_LEAST = 4000
#: Lines of the left-out list.
LEFT_OUT_LINES = 8

_SCOPE_ORDER = {"agent_recent": 0, "agent_patterns": 1, "global": 2}


class SelectedFile:
    """A file to print: its chunk ids in the order of the file, what it costs in all, and its best chunk's score."""

    __slots__ = ("chunks", "file", "score", "tokens")

    def __init__(self, file: File, chunks: list[int], tokens: int, score: float) -> None:
        self.file = file
        self.chunks = chunks
        self.tokens = tokens
        self.score = score


class LeftOut:
    """A section left out that looks useful; `tokens` of its chunks."""

    __slots__ = ("file", "heading", "tokens")

    def __init__(self, file: File, heading: str, tokens: int) -> None:
        self.file = file
        self.heading = heading
        self.tokens = tokens


class Verdict:
    """What became of one candidate: `reason` is kept, pinned, floor, budget, duplicate or no match."""

    __slots__ = ("ranked", "reason", "twin")

    def __init__(self, ranked: Ranked, reason: str, twin: int = 0) -> None:
        self.ranked = ranked
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
    """Chunks chosen so far and what printing them costs."""

    def __init__(self, headings: Mapping[int, Heading]) -> None:
        self.headings = headings
        self.tokens = 0
        self.by_file: dict[int, set[int]] = {}
        self.printed: set[int] = set()

    def cost(self, chunk: Chunk, file: File) -> int:
        """What adding the chunk would add to the block."""
        cost = chunk.tokens
        for heading in chunk.headings:
            if heading not in self.printed:
                cost += self.headings[heading].tokens
        chosen = self.by_file.get(chunk.file)
        if chosen is None:
            return cost + file.frame_tokens
        return cost + GAP_TOKENS * (1 - (chunk.id - 1 in chosen) - (chunk.id + 1 in chosen))

    def add(self, chunk: Chunk, cost: int) -> None:
        self.tokens += cost
        self.printed.update(chunk.headings)
        self.by_file.setdefault(chunk.file, set()).add(chunk.id)


class _Seen:
    """Finds exact and near duplicates among the chunks it was shown.

    Fingerprints that differ in at most three bits agree in one of their four 16-bit quarters.
    """

    def __init__(self) -> None:
        self._exact: dict[int, int] = {}
        self._quarters: dict[tuple[int, int], list[Chunk]] = {}

    def twin(self, chunk: Chunk) -> int:
        """The id of a chunk seen that says the same, or 0. A chunk without a twin counts as seen from now on."""
        known = self._exact.get(chunk.hash, 0)
        if known:
            return known
        if chunk.terms >= NEAR_TERMS:
            keys = [(i, chunk.simhash >> (16 * i) & 0xFFFF) for i in range(4)]
            for key in keys:
                for other in self._quarters.get(key, ()):
                    if (other.simhash ^ chunk.simhash).bit_count() <= NEAR_BITS and (
                        abs(other.terms - chunk.terms) * 10 <= chunk.terms
                    ):
                        return other.id
            for key in keys:
                self._quarters.setdefault(key, []).append(chunk)
        self._exact[chunk.hash] = chunk.id
        return 0


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
    """The chunks to send for a task.

    `budget` and `frame_tokens` (the block around the files) in tokens; `weights` per scope, any scale; `now_day` an
    ordinal day for recency, 0 to leave it out. `explain` fills `verdicts`, `fill` uses the room below the floor.
    """
    selection = Selection(budget)
    room = budget - frame_tokens
    found = rank(view, Query(prompt, description), recipe, now_day)
    ranked = bool(found.rows)
    selection.matched = ranked
    pinned = _pinned(view)
    pinned_ids = {entry.chunk.id for entry in pinned}
    floor = recipe.relevance_floor * found.best
    count = len(found.rows) if explain else _within_reach(found, floor, room if fill else 0)
    candidates = [entry for entry in found.ranked(count) if entry.chunk.id not in pinned_ids]
    if not ranked:
        candidates = [entry for entry in _latest(view) if entry.chunk.id not in pinned_ids]
    seen = _Seen()
    verdicts: list[Verdict] = []
    unique = []
    for entry in _own_copies_first(pinned) + _own_copies_first(candidates):
        twin = seen.twin(entry.chunk)
        if twin:
            verdicts.append(Verdict(entry, "duplicate", twin))
        else:
            unique.append(entry)
    twins = {verdict.ranked.chunk.id for verdict in verdicts}
    pinned = [entry for entry in pinned if entry.chunk.id not in twins]
    candidates = [entry for entry in candidates if entry.chunk.id not in twins]
    headings = view.heading({heading for entry in pinned + candidates for heading in entry.chunk.headings})
    demand = _Plan(headings)
    for entry in pinned:
        demand.add(entry.chunk, demand.cost(entry.chunk, entry.file))
    for entry in candidates:
        if ranked and entry.worth >= floor:
            demand.add(entry.chunk, demand.cost(entry.chunk, entry.file))
    selection.demand_tokens = demand.tokens + frame_tokens if demand.tokens else 0

    plan = _Plan(headings)
    chosen: dict[int, Ranked] = {}

    def take(entries: Iterable[Ranked], limit: int, scope_limits: Mapping[str, float] | None = None) -> None:
        spent = dict.fromkeys(_SCOPE_ORDER, 0)
        for entry in entries:
            chunk = entry.chunk
            if chunk.id in chosen or plan.tokens + chunk.tokens > limit:
                continue
            cost = plan.cost(chunk, entry.file)
            if plan.tokens + cost > limit:
                continue
            if scope_limits is not None:
                if spent[chunk.scope] + cost > scope_limits.get(chunk.scope, 0.0):
                    continue
                spent[chunk.scope] += cost
            plan.add(chunk, cost)
            chosen[chunk.id] = entry

    for entry in sorted(pinned, key=lambda entry: (entry.chunk.tokens, entry.chunk.id)):
        cost = plan.cost(entry.chunk, entry.file)
        if plan.tokens + cost > room:
            break  # not skipped: with a larger budget it must not push out one that fits now
        plan.add(entry.chunk, cost)
        chosen[entry.chunk.id] = entry
    lines = 0
    if ranked and not fill and selection.demand_tokens > budget >= LEFT_OUT_LEAST:
        lines = int(budget * LEFT_OUT_SHARE)
        room -= lines
    if ranked:
        above = [entry for entry in candidates if entry.worth >= floor]
        total = sum(weights.values())
        free = room - plan.tokens
        if total > 0 and free > 0:
            take(above, room, {scope: free * weight / total for scope, weight in weights.items()})
        take(above, room)
        if fill:
            take(candidates, room)
    else:
        take(candidates, min(room, plan.tokens + int(budget * NO_MATCH_SHARE)))
    if ranked and not fill:
        lines = max(lines, min(room - plan.tokens, int(budget * LEFT_OUT_SHARE)))
        rest = [entry for entry in candidates if entry.chunk.id not in chosen]
        selection.left_out, left_out_tokens = _left_out(rest, headings, lines)
    else:
        left_out_tokens = 0
    selection.files = _files(chosen, plan, headings)
    if selection.files:
        selection.tokens = plan.tokens + frame_tokens + left_out_tokens
    else:
        selection.left_out = []
    for file in selection.files:
        scope = file.file.scope
        selection.scope_tokens[scope] = selection.scope_tokens.get(scope, 0) + file.tokens
    if explain:
        for entry in pinned + candidates:
            if entry.chunk.id in chosen:
                reason = "pinned" if entry.chunk.id in pinned_ids else "kept"
            elif not ranked:
                reason = "no match"
            else:
                reason = "budget" if entry.worth >= floor else "floor"
            verdicts.append(Verdict(entry, reason))
        selection.verdicts = verdicts
    return selection


def _pinned(view: View) -> list[Ranked]:
    return _plain(view, view.pinned())


def _latest(view: View) -> list[Ranked]:
    return _plain(view, view.latest(200))


def _plain(view: View, ids: list[int]) -> list[Ranked]:
    """Candidates without a score, in the order given."""
    chunks = view.chunks(ids)
    files = view.files({chunk.file for chunk in chunks.values()})
    return [Ranked(chunks[id], files[chunks[id].file]) for id in ids if id in chunks]


def _own_copies_first(entries: Sequence[Ranked]) -> list[Ranked]:
    """The order in which twins are looked for: the first of them is the one that is kept."""
    return sorted(
        entries, key=lambda entry: (_SCOPE_ORDER.get(entry.chunk.scope, 9), entry.file.path, entry.chunk.line)
    )


def _within_reach(found: Candidates, floor: float, room: int) -> int:
    """How many candidates are looked at closer: all above the floor, as many of the next as could still be sent (`room`
    in tokens) or named as left out."""
    count = bisect_right(found.rows, (-floor, chr(0x10FFFF)))
    tokens = sum([row[4] for row in found.rows[:count]])
    last = count + NEXT
    for row in found.rows[count:]:
        tokens += row[4]
        if count >= last and tokens > REACH * room:
            break
        count += 1
    return count


def _left_out(
    rest: Sequence[Ranked], headings: Mapping[int, Heading], limit: int
) -> tuple[list[LeftOut], int]:
    """The best sections not sent, with their tokens, in at most `limit` tokens, and what the list costs."""
    found: dict[tuple[int, int], LeftOut] = {}
    for entry in rest:
        heading = entry.chunk.headings[-1] if entry.chunk.headings else 0
        known = found.get((entry.file.id, heading))
        if known is not None:
            known.tokens += entry.chunk.tokens
        elif len(found) < LEFT_OUT_LINES:
            text = headings[heading].text if heading else ""
            found[entry.file.id, heading] = LeftOut(entry.file, text, entry.chunk.tokens)
    cost = LEFT_OUT_FRAME_TOKENS
    lines = []
    for (_, heading), line in found.items():
        more = line.file.frame_tokens + (headings[heading].tokens if heading else 0) + LEFT_OUT_LINE_TOKENS
        if cost + more <= limit:
            cost += more
            lines.append(line)
    return lines, cost if lines else 0


def _files(chosen: Mapping[int, Ranked], plan: _Plan, headings: Mapping[int, Heading]) -> list[SelectedFile]:
    """The files in print order with the exact cost of each."""
    by_file: dict[int, list[Ranked]] = {}
    for entry in chosen.values():
        by_file.setdefault(entry.file.id, []).append(entry)
    found = []
    for entries in by_file.values():
        entries.sort(key=lambda entry: entry.chunk.id)
        ids = [entry.chunk.id for entry in entries]
        tokens = entries[0].file.frame_tokens + sum([entry.chunk.tokens for entry in entries])
        tokens += sum(
            [headings[heading].tokens for heading in {h for e in entries for h in e.chunk.headings}]
        )
        tokens += GAP_TOKENS * sum([1 for i in range(1, len(ids)) if ids[i] != ids[i - 1] + 1])
        found.append(SelectedFile(entries[0].file, ids, tokens, max([entry.score for entry in entries])))
    found.sort(key=lambda file: (_SCOPE_ORDER.get(file.file.scope, 9), file.file.path))
    return found
