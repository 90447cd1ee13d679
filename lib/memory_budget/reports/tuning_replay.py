"""Replays what an agent's tasks needed against other budgets: pure arithmetic, no files.

An agent's history is a list of `Need`s. Each candidate profile is replayed over it: how many runs would have needed
more than their budget, and how many tokens would have been allotted and sent. The chosen profile is the smallest that
keeps exceedance within the limit.

A plain count of the runs over budget would mislead, and so would a law fitted to all of them:

- Needs change. Old runs weigh less, half every `HALF_LIFE` days, and are moved towards the level of the present week:
  half the way (`FOLLOWED`), because what rose often falls again. How far weeks truly differ, and are not just weeks of
  few runs, is told by a random walk's smoother over weekly means, its pace weighed by likelihood. Carrying a trend
  forward was tried in `tests/bench/tuning_simulation.py` and chose worse; growth is reported, not used.
- Few runs. A run counts as exceeding not by yes or no but by how far it is from the budget (a normal kernel in the
  logarithm, narrower the more runs there are), so that one run more or less does not turn the verdict.
- Runs that need next to nothing. They count as they are, but how far below the others they lie widens nothing (`FOOT`).
  The kernel goes by the closest of three measures of spread: two modes are no wide one.
- Chance. The confidence is the posterior probability that the true exceedance is on the side of the limit that the
  recommendation says, by a beta prior that expects the limit itself (`PRIOR` runs). It counts the effective number of
  runs, (sum of weights)^2 / sum of squared weights, each as less than a whole run: runs of one week are alike
  (`CORRELATION`, set by the simulation).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

HALF_LIFE = 60.0
#: Of the way from a week's level to the present one, how much old runs are moved.
FOLLOWED = 0.5
#: Variances per week, of the logarithm of needs, that the level's random walk may have.
PACES = (0.0, 0.0003, 0.001, 0.003, 0.01)
#: How many independent runs one run is worth.
CORRELATION = 0.3
#: Runs that the prior of the confidence weighs.
PRIOR = 2.0
#: The kernel's width in spreads of the needs' logarithm, for one run; it falls with their number to the power 1/5.
KERNEL = 0.75
#: Needs are small this many spreads below the third quartile of their tier.
FOOT = 3.0
#: Distances between quantiles of a normal distribution, in spreads: from 25 to 75 %, and from 75 to 95 %.
NORMAL_MIDDLE, NORMAL_UPPER = 1.349, 0.970
#: Growth is reported where the regression's |t| is at least this.
TREND_T = 4.0
#: Days of data from which growth is spoken of.
TREND_DAYS = 14.0


class Need(NamedTuple):
    """Runs that needed about the same: `age` in days, the detected tier, tokens needed, how many runs."""

    age: float
    tier: str
    tokens: float
    runs: int = 1


class Candidate(NamedTuple):
    """A profile as the replay sees it: tokens by tier, smallest tier first; `top`: the most a bump can give."""

    profile: str
    budgets: Mapping[str, float]
    top: float


class Outcome(NamedTuple):
    """What a candidate would have come to: share of runs over the budget of their tier, share over what any bump gives,
    and mean tokens allotted (at the tier detected) and sent."""

    profile: str
    exceedance: float
    short: float
    allotted: float
    sent: float


class Evidence(NamedTuple):
    """A weighed history. `effective`: independent runs the weights are worth; `growth`: factor per 30 days, 1 where
    there is none to speak of; `width` of the kernel; `shifts`: how much more each need would be at the present level, as a
    logarithm; `small`: needs far below the others, which the kernel leaves out."""

    needs: Sequence[Need]
    weights: Sequence[float]
    runs: int
    effective: float
    growth: float
    width: float
    shifts: Sequence[float]
    small: Sequence[bool]


def weigh(needs: Sequence[Need]) -> Evidence:
    """Weights of a history. An empty history has no effective runs."""
    weights = [need.runs * 0.5 ** (need.age / HALF_LIFE) for need in needs]
    total = math.fsum(weights)
    if not needs or total <= 0:
        return Evidence([], [], 0, 0.0, 1.0, 0.0, [], [])
    # One Need may stand for many runs, each with the weight of its age.
    squared = math.fsum(weight * weight / need.runs for weight, need in zip(weights, needs, strict=True))
    count = total * total / squared
    sizes, small = _sizes(needs)
    slope, spread = _trend(needs, sizes)
    return Evidence(
        needs,
        weights,
        sum(need.runs for need in needs),
        CORRELATION * count,
        math.exp(min(5.0, max(-5.0, slope * 30.0))),
        KERNEL * min(spread, _closest(needs, sizes, small)) * max(count, 1.0) ** -0.2,
        _shifts(needs, sizes, spread * spread),
        small,
    )


def _sizes(needs: Sequence[Need]) -> tuple[list[float], list[bool]]:
    """Logarithms of needs, and which are small: far below the upper part of their tier, and put at its foot.

    A task that needs nothing, or next to nothing, is no reason for a budget: how far below it is must not widen the spread
    by which the large ones are judged.
    """
    sizes = [math.log(max(need.tokens, 1.0)) for need in needs]
    by_tier: dict[str, list[tuple[float, int]]] = {}
    for need, size in zip(needs, sizes, strict=True):
        by_tier.setdefault(need.tier, []).append((size, need.runs))
    upper = {tier: _quantiles(values, (0.75, 0.95)) for tier, values in by_tier.items()}
    apart = sum(need.runs * (upper[need.tier][1] - upper[need.tier][0]) for need in needs)
    reach = FOOT * apart / NORMAL_UPPER / sum(need.runs for need in needs)
    feet = [upper[need.tier][0] - reach for need in needs]
    small = [size < foot for size, foot in zip(sizes, feet, strict=True)]
    return [max(size, foot) for size, foot in zip(sizes, feet, strict=True)], small


def _closest(needs: Sequence[Need], sizes: Sequence[float], small: Sequence[bool]) -> float:
    """The spread within tiers of needs that are not small, by quantiles of the middle or of the upper part."""
    middles: dict[str, list[float]] = {}
    kept = [(need, size) for need, size, low in zip(needs, sizes, small, strict=True) if not low]
    for need, size in kept:
        sums = middles.setdefault(need.tier, [0.0, 0.0])
        sums[0] += need.runs
        sums[1] += need.runs * size
    rest = [(size - middles[need.tier][1] / middles[need.tier][0], need.runs) for need, size in kept]
    low, high, top = _quantiles(rest, (0.25, 0.75, 0.95))
    return min((high - low) / NORMAL_MIDDLE, (top - high) / NORMAL_UPPER)


def _quantiles(values: Sequence[tuple[float, int]], shares: Sequence[float]) -> list[float]:
    """Of values and how often each is there: per share the smallest that so many are at or below; shares ascend."""
    ordered = sorted(values)
    total = sum(count for _, count in ordered)
    found, place, passed = [], 0, ordered[0][1]
    for share in shares:
        while passed < share * total and place < len(ordered) - 1:
            place += 1
            passed += ordered[place][1]
        found.append(ordered[place][0])
    return found


def _shifts(needs: Sequence[Need], sizes: Sequence[float], variance: float) -> list[float]:
    """How much more each need would be at the level of the last week, as a logarithm."""
    if variance < 1e-9:  # all alike
        return [0.0] * len(needs)
    tiers: dict[str, list[float]] = {}
    weeks = [[0.0, 0.0] for _ in range(int(max(need.age for need in needs) // 7) + 1)]
    for need, size in zip(needs, sizes, strict=True):
        sums = tiers.setdefault(need.tier, [0.0, 0.0])
        sums[0] += need.runs
        sums[1] += need.runs * size
    for need, size in zip(needs, sizes, strict=True):
        runs, total = tiers[need.tier]
        week = weeks[-1 - int(need.age // 7)]
        week[0] += need.runs
        week[1] += need.runs * (size - total / runs)
    walks = [_smooth(weeks, variance, pace) for pace in PACES]
    most = max(likelihood for _, likelihood in walks)
    chances = [math.exp(likelihood - most) for _, likelihood in walks]
    levels = [
        sum(chance * walk[0][week] for chance, walk in zip(chances, walks, strict=True)) / sum(chances)
        for week in range(len(weeks))
    ]
    return [FOLLOWED * (levels[-1] - levels[-1 - int(need.age // 7)]) for need in needs]


def _smooth(weeks: Sequence[Sequence[float]], variance: float, pace: float) -> tuple[list[float], float]:
    """A random walk through weekly sums (runs, total), oldest first: its levels, and the logarithm of its likelihood."""
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


def _trend(needs: Sequence[Need], sizes: Sequence[float]) -> tuple[float, float]:
    """Growth of the logarithm of needs per day (0 where none is believed), and their spread within tiers."""
    tiers: dict[str, list[float]] = {}
    points = [(need.tier, -need.age, size, float(need.runs)) for need, size in zip(needs, sizes, strict=True)]
    for tier, day, size, runs in points:
        sums = tiers.setdefault(tier, [0.0, 0.0, 0.0])
        sums[0] += runs
        sums[1] += runs * day
        sums[2] += runs * size
    xx = xy = yy = n = 0.0
    for tier, day, size, runs in points:
        count, days, moment = tiers[tier]
        dx, dy = day - days / count, size - moment / count
        xx, xy, yy, n = xx + runs * dx * dx, xy + runs * dx * dy, yy + runs * dy * dy, n + runs
    spread = math.sqrt(yy / n) if n else 0.0
    ages = [need.age for need in needs]
    if xx <= 0 or n < 30 or yy <= 0 or max(ages) - min(ages) < TREND_DAYS:
        return 0.0, spread
    slope = xy / xx
    rest = max(yy - slope * xy, 1e-12)
    deviation = math.sqrt(rest / max(n - len(tiers) - 1, 1.0) / xx)
    return (slope if abs(slope) >= TREND_T * deviation else 0.0), spread


def replay(evidence: Evidence, candidate: Candidate) -> Outcome:
    """What the candidate would have come to over a weighed history."""
    over = short = allotted = sent = total = 0.0
    width = evidence.width
    rows = zip(evidence.needs, evidence.weights, evidence.shifts, evidence.small, strict=True)
    for need, weight, shift, small in rows:
        budget = candidate.budgets[need.tier]
        total += weight
        allotted += weight * budget
        sent += weight * min(need.tokens, candidate.top)
        short += weight * (need.tokens > candidate.top)
        if width <= 0 or budget <= 0 or small:
            over += weight * (need.tokens > budget)
        else:
            distance = (math.log(max(need.tokens, 1.0)) + shift - math.log(budget)) / width
            if distance > 6:
                over += weight
            elif distance > -6:
                over += weight * 0.5 * math.erfc(-distance / math.sqrt(2.0))
    if not total:
        return Outcome(candidate.profile, 0.0, 0.0, 0.0, 0.0)
    return Outcome(candidate.profile, over / total, short / total, allotted / total, sent / total)


def chance_above(limit: float, exceedance: float, effective: float) -> float:
    """The posterior probability that the true exceedance is over `limit`.

    The prior expects the limit itself and weighs as much as `PRIOR` runs: without data neither side is likely, and a
    handful of runs proves nothing.
    """
    if not 0 < limit < 1:
        return float(exceedance > limit)
    a = exceedance * effective + PRIOR * limit
    b = (1.0 - exceedance) * effective + PRIOR * (1.0 - limit)
    return 1.0 - _beta_cdf(limit, a, b)


def _beta_cdf(x: float, a: float, b: float) -> float:
    """The regularised incomplete beta function, by Lentz's continued fraction."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(x, a, b) / a
    return 1.0 - front * _fraction(1 - x, b, a) / b


def _fraction(x: float, a: float, b: float) -> float:
    tiny = 1e-300
    c, d = 1.0, 1.0 / _away(1 - (a + b) * x / (a + 1), tiny)
    result = d
    for m in range(1, 500):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1.0 / _away(1 + even * d, tiny)
        c = _away(1 + even / c, tiny)
        result *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1.0 / _away(1 + odd * d, tiny)
        c = _away(1 + odd / c, tiny)
        step = d * c
        result *= step
        if abs(step - 1) < 1e-12:
            break
    return result


def _away(value: float, tiny: float) -> float:
    return value if abs(value) > tiny else tiny


class Choice(NamedTuple):
    """The profile to have. `action`: upgrade, downgrade or keep; `confidence` that it is right to do so."""

    action: str
    before: Outcome
    after: Outcome
    confidence: float


def choose(evidence: Evidence, current: str, candidates: Sequence[Candidate], limit: float) -> Choice:
    """The smallest profile that keeps exceedance within `limit`; the largest where none does.

    `candidates` must include the current profile. The confidence of an upgrade is the chance that the current
    profile's true exceedance is over the limit, of a downgrade that the smaller one's is within it, of keeping the
    chance that neither change is called for.
    """
    ordered = sorted(candidates, key=lambda candidate: (sum(candidate.budgets.values()), candidate.profile))
    outcomes = {candidate.profile: replay(evidence, candidate) for candidate in ordered}
    before = outcomes[current]
    fitting = [candidate for candidate in ordered if outcomes[candidate.profile].exceedance <= limit]
    best = fitting[0] if fitting else _least_over(ordered, outcomes)
    after = outcomes[best.profile]
    if after.exceedance > limit and after.exceedance >= before.exceedance:
        best, after = next(c for c in ordered if c.profile == current), before
    place = {candidate.profile: number for number, candidate in enumerate(ordered)}
    n = evidence.effective
    if place[best.profile] > place[current]:
        return Choice("upgrade", before, after, chance_above(limit, before.exceedance, n))
    if place[best.profile] < place[current]:
        return Choice("downgrade", before, after, 1.0 - chance_above(limit, after.exceedance, n))
    right = 1.0 - chance_above(limit, before.exceedance, n)
    smaller = [
        c
        for c in ordered[: place[current]]
        if sum(c.budgets.values()) < sum(ordered[place[current]].budgets.values())
    ]
    if smaller:
        right *= chance_above(limit, outcomes[smaller[-1].profile].exceedance, n)
    return Choice("keep", before, after, right)


def _least_over(ordered: Sequence[Candidate], outcomes: Mapping[str, Outcome]) -> Candidate:
    """The profile with the least exceedance; of several alike the smallest."""
    return min(ordered, key=lambda candidate: round(outcomes[candidate.profile].exceedance, 4))


def misplaced(weights: Mapping[str, float], shares: Mapping[str, float]) -> float:
    """Of a budget that is too small, the share that lies in another scope than where it was needed.

    `shares`: of each scope in what was needed; half the sum of the differences, so 0 is right and 1 all wrong.
    """
    total = sum(shares.values())
    if total <= 0:
        return 0.0
    return 0.5 * sum(abs(weights.get(scope, 0.0) - share / total) for scope, share in shares.items())
