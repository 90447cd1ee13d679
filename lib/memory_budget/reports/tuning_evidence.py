"""Weighs an agent's history: how much each run counts, and how far needs spread. Pure arithmetic.

A history is a list of `Need`s. A plain count of the runs over budget would mislead, and so would a distribution fitted to
all of them:

- Needs change. Old runs weigh less, half every `HALF_LIFE` days, and are shifted towards the level of the present week:
  half the way (`FOLLOWED`), because what rose often falls again. How far weeks truly differ, and do not just have few runs,
  is told by a random walk fitted to weekly means (Rauch-Tung-Striebel smoother), averaged over its `PACES` by likelihood.
  Carrying a trend forward was tried in `tests/bench/tuning_simulation.py` and chose worse; growth is reported, not used.
- Few runs. A run exceeds a budget not by yes or no but by how far it is from it (a normal kernel over the logarithm of
  needs, narrower the more runs there are), so that one run more or less does not turn the verdict. What the kernel adds to
  the spread is first taken from it, by drawing needs towards the mean of their tier: the smoothed history is as wide as the
  history.
- Runs that need nothing, or next to nothing. They count as they are, but say nothing of how far the others spread or of
  their level from week to week (`FOOT`). The kernel goes by the smallest of three measures of spread: two narrow modes are
  not one wide mode.
- Dependence. Runs of one week are alike, so each counts as less than a whole run (`CORRELATION`, set by the simulation).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

#: Days after which a run weighs half as much.
HALF_LIFE = 60.0
#: How far old runs are shifted, as a share of the way from their week's level to the present one.
FOLLOWED = 0.5
#: Variances per week that the random walk of the logarithm of needs may have.
PACES = (0.0, 0.001, 0.01)
#: How many independent runs one run is worth.
CORRELATION = 0.6
#: The kernel's width in spreads of the needs' logarithm, for one run; it falls with their number to the power 1/5.
KERNEL = 0.8
#: Needs are small this many spreads below the third quartile of those of their tier that need something.
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
    level, drawn towards its tier's mean) and whether it is `small` (far below the others, left out by the kernel).

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


def weigh(needs: Sequence[Need]) -> WeighedHistory:
    """Weigh a history. An empty one has no effective runs."""
    weights = [need.runs * 0.5 ** (need.age / HALF_LIFE) for need in needs]
    if math.fsum(weights) <= 0:
        return WeighedHistory([], [], 0, 0.0, 1.0, 0.0, [], [])
    small = _small(needs)
    larger = [need for need, low in zip(needs, small, strict=True) if not low]
    weights_of_larger = [weight for weight, low in zip(weights, small, strict=True) if not low]
    slope, width, sizes = _spread_and_level(larger, weights_of_larger) if larger else (0.0, 0.0, [])
    size = iter(sizes)
    return WeighedHistory(
        needs,
        weights,
        sum(need.runs for need in needs),
        CORRELATION * _independent(needs, weights),
        math.exp(min(5.0, max(-5.0, slope * 30.0))),
        width,
        [
            math.log(max(need.tokens, 1.0)) if low else next(size)
            for need, low in zip(needs, small, strict=True)
        ],
        small,
    )


def _spread_and_level(needs: Sequence[Need], weights: Sequence[float]) -> tuple[float, float, list[float]]:
    """Of needs that are not small: growth of their logarithm per day, the kernel's width, and their sizes for the kernel."""
    sizes = [math.log(need.tokens) for need in needs]
    _, spread = _within_tiers(needs, [float(need.runs) for need in needs], sizes)
    shifts = _level_shifts(needs, sizes, spread * spread)
    present = [size + shift for size, shift in zip(sizes, shifts, strict=True)]
    means, spread = _within_tiers(needs, weights, present)
    width = KERNEL * min(spread, _narrowest_spread(needs, means, present))
    width *= max(_independent(needs, weights), 1.0) ** -0.2
    kept = math.sqrt(1.0 - (width / spread) ** 2) if spread else 1.0
    drawn = [
        means[need.tier] + kept * (size - means[need.tier]) for need, size in zip(needs, present, strict=True)
    ]
    return _trend(needs, sizes), width, drawn


def _independent(needs: Sequence[Need], weights: Sequence[float]) -> float:
    """How many runs of one weight these are worth (Kish). A need stands for `runs` that share its weight."""
    squared = math.fsum(weight * weight / need.runs for weight, need in zip(weights, needs, strict=True))
    return math.fsum(weights) ** 2 / squared if squared else 0.0


def _within_tiers(
    needs: Sequence[Need], weights: Sequence[float], values: Sequence[float]
) -> tuple[dict[str, float], float]:
    """The weighted mean of each tier's values, and how far values spread about their tier's mean."""
    sums: dict[str, list[float]] = {}
    for need, weight, value in zip(needs, weights, values, strict=True):
        own = sums.setdefault(need.tier, [0.0, 0.0])
        own[0] += weight
        own[1] += weight * value
    means = {tier: total / weight for tier, (weight, total) in sums.items()}
    squares = math.fsum(
        weight * (value - means[need.tier]) ** 2
        for need, weight, value in zip(needs, weights, values, strict=True)
    )
    return means, math.sqrt(squares / math.fsum(weights))


def _small(needs: Sequence[Need]) -> list[bool]:
    """Which needs are small: nothing at all, or far below the upper part of the others of their tier.

    A task that needs nothing, or next to nothing, must not widen the spread by which the large ones are judged, however far
    below them it is.
    """
    by_tier: dict[str, list[tuple[float, int]]] = {}
    for need in needs:
        if need.tokens > NOTHING:
            by_tier.setdefault(need.tier, []).append((math.log(need.tokens), need.runs))
    upper = {tier: _quantiles(values, (0.75, 0.95)) for tier, values in by_tier.items()}
    runs = {tier: sum(count for _, count in values) for tier, values in by_tier.items()}
    apart = sum(runs[tier] * (high - low) for tier, (low, high) in upper.items())
    reach = FOOT * apart / NORMAL_UPPER / max(sum(runs.values()), 1)
    return [need.tokens <= NOTHING or math.log(need.tokens) < upper[need.tier][0] - reach for need in needs]


def _narrowest_spread(needs: Sequence[Need], means: dict[str, float], sizes: Sequence[float]) -> float:
    """The spread within tiers by quantiles of the middle or of the upper part, the smaller: two narrow modes are not one
    wide mode."""
    rest = [(size - means[need.tier], need.runs) for need, size in zip(needs, sizes, strict=True)]
    low, high, top = _quantiles(rest, (0.25, 0.75, 0.95))
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
    """How much more each need would be at the present week's level, as a logarithm. `variance` within tiers."""
    if variance < 1e-9:  # all needs are alike
        return [0.0] * len(needs)
    means, _ = _within_tiers(needs, [float(need.runs) for need in needs], sizes)
    weeks = [[0.0, 0.0] for _ in range(int(max(need.age for need in needs) // 7) + 1)]
    for need, size in zip(needs, sizes, strict=True):
        week = weeks[-1 - int(need.age // 7)]
        week[0] += need.runs
        week[1] += need.runs * (size - means[need.tier])
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
    """Growth of the logarithm of needs per day, 0 where it is not significant.

    Least squares over days, with a level of its own for each tier.
    """
    runs = [float(need.runs) for need in needs]
    days = [-need.age for need in needs]
    mean_size, spread = _within_tiers(needs, runs, sizes)
    mean_day, scatter = _within_tiers(needs, runs, days)
    n = sum(runs)
    if scatter <= 0 or spread <= 0 or n < 30 or max(days) - min(days) < TREND_DAYS:
        return 0.0
    rows = zip(needs, runs, days, sizes, strict=True)
    together = math.fsum(
        count * (day - mean_day[need.tier]) * (size - mean_size[need.tier]) for need, count, day, size in rows
    )
    xx = n * scatter * scatter
    slope = together / xx
    rest = max(n * spread * spread - slope * together, 1e-12)
    deviation = math.sqrt(rest / max(n - len(mean_size) - 1, 1.0) / xx)
    return slope if abs(slope) >= TREND_T * deviation else 0.0
