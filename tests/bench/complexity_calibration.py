#!/usr/bin/env python3
"""What the detector's tiers are worth in tokens: whether a tier's budget holds what its tasks need, and what a wrong tier costs.

    complexity_calibration.py --data DIR [--set NAME ...] [--every N] [--tasks adlc=PROJECT npm=PACKAGE]

DIR and the task sets are those of `trimming.py`. Every prompt is classed as the start hook does it and its demand is computed: the
tokens of memory above the relevance floor. Budgets are those of the shipped profiles, and, because memories differ in size, those of
a *base* that is found for each set of prompts: the least that 95 % of its prompts (what tuning aims at) or half of them (a tight
budget) stay under. A tier's budget is the base times its multiplier.

    demand      of a tier's or a band's prompts, as a multiple of the set's median
    covered     share of the prompts whose demand stays under half the base, once the base and so on: the prompts' own tier is the
                column of its multiplier, one tier lower and higher stand beside it
    evidence    share of what answers the prompt that stands in the block: at the budget of the tier below, of the own tier and of
                the tier above (hard enforcement: nothing is raised), at the own tier with soft enforcement (raised step by step while
                the demand is over it), and at the floor (everything relevant, whatever it costs)
"""

from __future__ import annotations

import argparse
import functools
import itertools
import math
import statistics
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "lib"), str(ROOT)]

from memory_budget.index import view as index_view  # noqa: E402
from memory_budget.select import block, complexity, packing  # noqa: E402
from memory_budget.select.recipe import RECIPE  # noqa: E402
from memory_budget.settings import profiles  # noqa: E402
from memory_budget.settings.names import TIERS  # noqa: E402
from tests.bench import task_sets, trimming  # noqa: E402
from tests.bench.indexed import IndexedProject  # noqa: E402
from tests.support.memory_view import MemoryView  # noqa: E402
from tests.support.selecting import select  # noqa: E402
from tests.support.word_tables import load_synonyms  # noqa: E402

if TYPE_CHECKING:
    from memory_budget.select.view import View

#: Edges of the bands of evidence; the tiers begin at -0.9, 1 and 3.
BANDS = (
    -99.0,
    -1.5,
    complexity.SIMPLE_BELOW,
    -0.5,
    0.0,
    0.5,
    complexity.COMPLEX_FROM,
    complexity.MULTI_FROM,
    99.0,
)
EVERYTHING = 10**9
#: Share of the prompts that stay under the base.
BASES = {"95 %": 0.95, "half": 0.5}
SHIPPED = profiles.defaults()
MULTIPLIERS = [SHIPPED.multiplier(tier) for tier in TIERS]


class Case:
    """One prompt: what the detector says of it, what it needs, and how much of its evidence a budget holds.

    `share_in` tells the share of the evidence that a selection prints. `relative`: the demand over the median of its set.
    """

    def __init__(
        self,
        view: View,
        prompt: str,
        weights: Mapping[str, float],
        share_in: Callable[[packing.Selection], float],
    ) -> None:
        self.verdict = complexity.classify(prompt)
        self.tier = TIERS.index(self.verdict.tier)
        self._view, self._prompt, self._weights, self._share_in = view, prompt, weights, share_in
        everything = self._select(EVERYTHING)
        self.demand = everything.demand_tokens
        self.relative = 1.0
        self._at = {EVERYTHING: share_in(everything)}

    def _select(self, budget: int) -> packing.Selection:
        return select(
            self._view, self._prompt, budget, weights=self._weights, frame_tokens=block.FRAME_TOKENS
        )

    def evidence(self, budget: int) -> float:
        """Share of the evidence that stands in the block at a budget."""
        if budget >= self.demand:
            budget = EVERYTHING
        if budget not in self._at:
            self._at[budget] = self._share_in(self._select(budget))
        return self._at[budget]


def from_data(folder: Path, name: str, every: int) -> Iterator[Case]:
    """Questions to the conversations of one set, with the units that answer them."""
    synonyms = load_synonyms()
    for record in trimming.records(folder, name):
        corpus = trimming.Corpus(record)
        view = trimming.InMemory(corpus, RECIPE, synonyms).view
        for prompt, units in corpus.queries[::every]:
            if units:
                yield Case(view, prompt, {"global": 1.0}, functools.partial(_units_in, view, units))


def _units_in(view: MemoryView, units: Sequence[str], found: packing.Selection) -> float:
    text = trimming.folded(trimming.printed(view, found))
    return sum(unit in text for unit in units) / len(units)


def from_tasks(tasks: task_sets.TaskSet, indexed: IndexedProject) -> Iterator[Case]:
    """Agents' tasks, each on the memory of its agent, with the sections they need."""
    for task in tasks.tasks:
        allocation = indexed.allocate(
            task.prompt,
            agent=task.agent.rpartition("/")[2] or "general-purpose",
            profile=None if task.agent else task_sets.PROFILES[0],
        )
        share_in = functools.partial(_sections_in, allocation.view, task)
        yield Case(allocation.view, task.prompt, allocation.settings.profile.weights, share_in)


def _sections_in(view: index_view.MemoryView, task: task_sets.Task, found: packing.Selection) -> float:
    texts = view.texts([chunk for file in found.files for chunk in file.chunks])
    text = trimming.folded(b"\n\n".join(texts.values()).decode())
    return sum(section.sent(text) == section.tokens for section in task.needs) / len(task.needs)


def base_of(cases: Sequence[Case], share: float) -> int:
    """The least budget that this share of the demands stays under."""
    return sorted(case.demand for case in cases)[math.ceil(share * len(cases)) - 1]


def groups(cases: Sequence[Case]) -> Iterator[tuple[str, list[Case]]]:
    """The prompts by tier, those of the middle also by whether the detector was sure, and by band of evidence."""
    yield "all", list(cases)
    for number, tier in enumerate(TIERS):
        own = [case for case in cases if case.tier == number]
        yield tier, own
        if tier == "medium":
            yield "  of them unsure", [case for case in own if case.verdict.source == "unsure"]
    for low, high in itertools.pairwise(BANDS):
        label = f"{low:g} .. {high:g}".replace("-99 ..", "below").replace(".. 99", "and up")
        yield "  " + label, [case for case in cases if low <= case.verdict.evidence < high]


def mean(values: Iterable[float]) -> float:
    return statistics.fmean(list(values) or [math.nan])


def soft(case: Case, base: int) -> int:
    """The budget that soft enforcement comes to: the tier's, raised step by step while the demand is over it."""
    budgets = [int(base * multiplier) for multiplier in MULTIPLIERS[case.tier :]]
    return next((budget for budget in budgets if budget >= case.demand), budgets[-1])


def report(title: str, sets: Mapping[str, Sequence[Case]]) -> None:
    """One table for prompts of one or more sets, each with its own bases."""
    cases = [case for own in sets.values() for case in own]
    print(f"\n{title}: {len(cases)} prompts", end="")
    if len(sets) == 1:
        print(
            f", demand {base_of(cases, 0.5):,} (median), {base_of(cases, 0.95):,} (95 % stay under)",
            end="",
        )
    print("\n  covered by the shipped profiles at the prompt's own tier, never raised")
    print(f"  {'':20}{'prompts':>8}{'demand':>8}" + "".join(f"{name:>20}" for name in task_sets.PROFILES))
    for label, own in groups(cases):
        if own and not label.startswith("  "):
            shares = [
                mean(case.demand <= SHIPPED.budget(SHIPPED.profile(name), case.verdict.tier) for case in own)
                for name in task_sets.PROFILES
            ]
            print(
                f"  {label:20}{len(own):8}{statistics.median(case.relative for case in own):8.2f}"
                + "".join(f"{share:20.3f}" for share in shares)
            )
    for name, share in BASES.items():
        bases = {id(case): base_of(own, share) for own in sets.values() for case in own}
        print(f"  base that {name} of the prompts stay under")
        print(f"  {'':28}{'':8}{'covered at the base times':^28}   {'evidence in the block':^40}")
        print(
            f"  {'':20}{'prompts':>8}{'demand':>8}"
            + "".join(f"{multiplier:7g}" for multiplier in MULTIPLIERS)
            + "   "
            + "".join(f"{word:>8}" for word in ("lower", "own", "higher", "soft", "floor"))
        )
        for label, own in groups(cases):
            if own:
                print(f"  {label:20}{len(own):8}{_row(own, bases)}", flush=True)


def _row(cases: Sequence[Case], bases: Mapping[int, int]) -> str:
    covered = [
        mean(case.demand <= int(bases[id(case)] * multiplier) for case in cases) for multiplier in MULTIPLIERS
    ]
    steps = [
        mean(
            case.evidence(int(bases[id(case)] * MULTIPLIERS[min(max(case.tier + step, 0), 3)]))
            for case in cases
        )
        for step in (-1, 0, 1)
    ]
    steps.append(mean(case.evidence(soft(case, bases[id(case)])) for case in cases))
    steps.append(mean(case.evidence(EVERYTHING) for case in cases))
    return (
        f"{statistics.median(case.relative for case in cases):8.2f}"
        + "".join(f"{value:7.2f}" for value in covered)
        + "   "
        + "".join(f"{value:8.3f}" for value in steps)
    )


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path)
    parser.add_argument("--set", action="append", choices=trimming.SETS, dest="sets")
    parser.add_argument("--every", type=int, default=1, help="take every N-th question of --data")
    parser.add_argument("--tasks", nargs="+", default=[], metavar="SET=DIR")
    args = parser.parse_args()
    if not args.data and not args.tasks:
        parser.error("nothing to measure: give --data or --tasks")
    found: dict[str, list[Case]] = {}
    opened = []
    for name in (args.sets or trimming.SETS) if args.data else ():
        found[name] = list(from_data(args.data, name, args.every))
    for entry in args.tasks:
        name, _, path = entry.partition("=")
        tasks = task_sets.TaskSet(name, Path(path), trimming.count)
        opened.append(IndexedProject(tasks.fill, tasks.count))
        found[name] = list(from_tasks(tasks, opened[-1]))
    for cases in found.values():
        middle = max(1.0, statistics.median(case.demand for case in cases))
        for case in cases:
            case.relative = case.demand / middle
    for name, cases in found.items():
        report(name, {name: cases})
    if len(found) > 1:
        report("all sets together", found)
    for project in opened:
        project.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
