"""Weighs an agent's history: how much each run counts, and how far needs spread. Pure arithmetic.

A history is a list of `Need`s. A plain count of the runs over budget would mislead, and so would a distribution fitted to
all of them:

- Tiers. A complex task needs more than a simple one; what counts is how a need stands to its tier's budget, so needs are
  multiples of that, and all tiers tell of one spread and one level.
- Needs change. Old runs weigh less, half every `HALF_LIFE` days, and are shifted towards the level of the present week:
  half the way (`FOLLOWED`), because what rose often falls again. How far weeks truly differ, and do not just have few runs,
  is told by a random walk fitted to weekly means (Rauch-Tung-Striebel smoother), averaged over its `PACES` by likelihood.
  Carrying a trend forward was tried in `tests/bench/tuning_simulation.py` and chose worse; growth is reported, not used.
- Few runs. A run exceeds a budget not by yes or no but by how far it is from it (a normal kernel over the logarithm of
  needs, narrower the more runs there are), so that one run more or less does not turn the verdict. What the kernel adds to
  the spread is first taken from it, by drawing needs towards their mean: the smoothed history of many runs is as
  wide as the history. That of few is wider, as the next run is farther from their mean than they are.
- Runs that need nothing, or next to nothing. They count as they are, but say nothing of how far the others spread or of
  their level from week to week (`FOOT`). The kernel goes by the smallest of three measures of spread: two narrow modes are
  not one wide mode.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

#: Days after which a run weighs half as much.
HALF_LIFE = 60.0
#: How far old runs are shifted, as a share of the way from their week's level to the present one.
FOLLOWED = 0.5
#: Variances per week that the random walk of the logarithm of needs may have.
PACES = (0.0, 0.001, 0.01)
#: The kernel's width in spreads of the needs' logarithm, for one run; it falls with their number to the power 1/5.
KERNEL = 0.8
#: Needs are small this many spreads below the third quartile of those that need something.
FOOT = 3.0
#: Distances between quantiles of a normal distribution, in spreads: from 25 to 75 %, and from 75 to 95 %.
NORMAL_MIDDLE, NORMAL_UPPER = 1.349, 0.970
#: A run that needs so many tokens, or fewer, needs nothing.
NOTHING = 1.0
#: Growth is reported where the regression's |t| is at least this.
TREND_T = 4.0
#: Days of data from which growth is reported.
TREND_DAYS = 14.0


class Need(NamedTuple):
    """Runs of one tier and age that needed about the same: `age` in days, detected tier, tokens needed, number of runs."""

    age: float
    tier: str
    tokens: float
    runs: int = 1


class WeighedHistory(NamedTuple):
    """A weighed history: per need its weight, its `size` for the kernel (the logarithm of what it would be at the present
    level, drawn towards the mean) and whether it is `small` (far below the others, left out by the kernel).

    `runs` in it; `effective`: number of independent runs that it is worth; `growth`: factor per 30 days, 1 where none is
    significant; `width` of the kernel, as a logarithm.
    """

    needs: Sequence[Need]
    weights: Sequence[float]
    runs: int
    effective: float
    growth: float
    width: float
    sizes: Sequence[float]
    small: Sequence[bool]


def weigh(needs: Sequence[Need], budgets: Mapping[str, float]) -> WeighedHistory:
    """Weigh a history. An empty one has no effective runs.

    `budgets`: tokens by tier, of any profile: needs of different tiers are compared as multiples of them.
    """
    weights = [need.runs * 0.5 ** (need.age / HALF_LIFE) for need in needs]
    if math.fsum(weights) <= 0:
        return WeighedHistory([], [], 0, 0.0, 1.0, 0.0, [], [])
    units = {tier: math.log(max(budget, 1.0)) for tier, budget in budgets.items()}
    sizes = [math.log(max(need.tokens, 1.0)) - units[need.tier] for need in needs]
    small = _small(needs, sizes)
    larger = [n for n, low in enumerate(small) if not low]
    slope = width = 0.0
    if larger:
        rows = [needs[n] for n in larger]
        slope, width, drawn = _spread_and_level(
            rows, [weights[n] for n in larger], [sizes[n] for n in larger]
        )
        for n, size in zip(larger, drawn, strict=True):
            sizes[n] = size
    return WeighedHistory(
        needs,
        weights,
        sum(need.runs for need in needs),
        _independent(needs, weights),
        math.exp(min(5.0, max(-5.0, slope * 30.0))),
        width,
        [size + units[need.tier] for need, size in zip(needs, sizes, strict=True)],
        small,
    )


def _spread_and_level(
    needs: Sequence[Need], weights: Sequence[float], sizes: Sequence[float]
) -> tuple[float, float, list[float]]:
    """Of needs that are not small: growth of their logarithm per day, the kernel's width, and their sizes for the kernel."""
    runs = [float(need.runs) for need in needs]
    shifts = _level_shifts(needs, sizes, _mean_and_spread(sizes, runs)[1] ** 2)
    present = [size + shift for size, shift in zip(sizes, shifts, strict=True)]
    mean, spread = _mean_and_spread(present, weights)
    narrow = min(spread, _narrowest_spread(needs, present))
    count = _independent(needs, weights)
    width = KERNEL * narrow * max(count, 1.0) ** -0.2
    kept = math.sqrt(1.0 - (width / spread) ** 2) if spread else 1.0
    # The variance of the next run about a mean that is itself estimated (Student).
    unsure = (count + 1.0) / max(count - 1.0, 0.5)
    width = math.hypot(width, narrow * math.sqrt(unsure - 1.0))
    return _trend(needs, sizes), width, [mean + kept * (size - mean) for size in present]


def _independent(needs: Sequence[Need], weights: Sequence[float]) -> float:
    """How many runs of one weight these are worth (Kish). A need stands for `runs` that share its weight."""
    squared = math.fsum(weight * weight / need.runs for weight, need in zip(weights, needs, strict=True))
    return math.fsum(weights) ** 2 / squared if squared else 0.0


def _mean_and_spread(values: Sequence[float], weights: Sequence[float]) -> tuple[float, float]:
    total = math.fsum(weights)
    mean = math.fsum(weight * value for weight, value in zip(weights, values, strict=True)) / total
    squares = math.fsum(weight * (value - mean) ** 2 for weight, value in zip(weights, values, strict=True))
    return mean, math.sqrt(squares / total)


def _small(needs: Sequence[Need], sizes: Sequence[float]) -> list[bool]:
    """Which needs are small: nothing at all, or far below the upper part of the others.

    A task that needs nothing, or next to nothing, must not widen the spread by which the large ones are judged, however far
    below them it is.
    """
    some = [(size, need.runs) for need, size in zip(needs, sizes, strict=True) if need.tokens > NOTHING]
    if not some:
        return [True] * len(needs)
    high, top = _quantiles(some, (0.75, 0.95))
    least = high - FOOT * (top - high) / NORMAL_UPPER
    return [need.tokens <= NOTHING or size < least for need, size in zip(needs, sizes, strict=True)]


def _narrowest_spread(needs: Sequence[Need], sizes: Sequence[float]) -> float:
    """The spread by quantiles of the middle or of the upper part, the smaller: two narrow modes are not one wide mode."""
    low, high, top = _quantiles(
        [(size, need.runs) for need, size in zip(needs, sizes, strict=True)], (0.25, 0.75, 0.95)
    )
    return min((high - low) / NORMAL_MIDDLE, (top - high) / NORMAL_UPPER)


def _quantiles(values: Sequence[tuple[float, int]], shares: Sequence[float]) -> list[float]:
    """Weighted quantiles: for each of the ascending `shares` the smallest value that so many are at or below.

    `values`: (value, how often it occurs).
    """
    ordered = sorted(values)
    total = sum(count for _, count in ordered)
    quantiles, place, passed = [], 0, ordered[0][1]
    for share in shares:
        while passed < share * total and place < len(ordered) - 1:
            place += 1
            passed += ordered[place][1]
        quantiles.append(ordered[place][0])
    return quantiles


def _level_shifts(needs: Sequence[Need], sizes: Sequence[float], variance: float) -> list[float]:
    """How much more each need would be at the present week's level, as a logarithm. `variance` within weeks."""
    if variance < 1e-9:  # all needs are alike
        return [0.0] * len(needs)
    mean, _ = _mean_and_spread(sizes, [float(need.runs) for need in needs])
    weeks = [[0.0, 0.0] for _ in range(int(max(need.age for need in needs) // 7) + 1)]
    for need, size in zip(needs, sizes, strict=True):
        week = weeks[-1 - int(need.age // 7)]
        week[0] += need.runs
        week[1] += need.runs * (size - mean)
    walks = [_smooth(weeks, variance, pace) for pace in PACES]
    most = max(likelihood for _, likelihood in walks)
    chances = [math.exp(likelihood - most) for _, likelihood in walks]
    levels = [
        sum(chance * walk[0][week] for chance, walk in zip(chances, walks, strict=True)) / sum(chances)
        for week in range(len(weeks))
    ]
    return [FOLLOWED * (levels[-1] - levels[-1 - int(need.age // 7)]) for need in needs]


def _smooth(weeks: Sequence[Sequence[float]], variance: float, pace: float) -> tuple[list[float], float]:
    """Fit a random walk to weekly sums (runs, total of log needs), oldest first: its levels, and its log likelihood.

    A Kalman filter forwards, then the Rauch-Tung-Striebel smoother backwards. `pace`: variance of a step per week.
    """
    level, doubt, likelihood = 0.0, 1.0, 0.0
    passed: list[tuple[float, float, float, float]] = []
    for number, (runs, total) in enumerate(weeks):
        before, unsure = level, doubt + (pace if number else 0.0)
        level, doubt = before, unsure
        if runs:
            spread = unsure + variance / runs
            surprise = total / runs - before
            likelihood -= 0.5 * (math.log(spread) + surprise * surprise / spread)
            level, doubt = before + unsure / spread * surprise, unsure / spread * variance / runs
        passed.append((level, doubt, before, unsure))
    levels = [level]
    for (here, sure, _, _), (_, _, before, unsure) in zip(passed[-2::-1], passed[:0:-1], strict=True):
        levels.append(here + sure / unsure * (levels[-1] - before))
    return levels[::-1], likelihood


def _trend(needs: Sequence[Need], sizes: Sequence[float]) -> float:
    """Growth of the logarithm of needs per day, by least squares; 0 where it is not significant."""
    runs = [float(need.runs) for need in needs]
    days = [-need.age for need in needs]
    mean_size, spread = _mean_and_spread(sizes, runs)
    mean_day, scatter = _mean_and_spread(days, runs)
    n = math.fsum(runs)
    if scatter <= 0 or spread <= 0 or n < 30 or max(days) - min(days) < TREND_DAYS:
        return 0.0
    xx, yy = n * scatter * scatter, n * spread * spread
    xy = math.fsum(
        count * (day - mean_day) * (size - mean_size)
        for count, day, size in zip(runs, days, sizes, strict=True)
    )
    deviation = math.sqrt(max(yy - xy * xy / xx, 1e-12) / (n - 2.0) / xx)
    slope = xy / xx
    return slope if abs(slope) >= TREND_T * deviation else 0.0
