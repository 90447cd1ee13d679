"""Replays an agent's history against other profiles, and chooses the one to have. Pure arithmetic.

Each profile is replayed over the weighed history (`tuning_evidence`): how many runs would have needed more than their
budget, and how many tokens would have been allotted and sent. Chosen is the smallest profile that keeps exceedance within
the limit.

The confidence is the chance that the chosen profile is the right one, of it and the one that it is held against: for a change
the present profile, else the likeliest other. Right is a profile that is enough while no smaller one is. Somebody or the
tuner chose the present one, and a change cannot be taken back for a quarter, so the present one is `FAVOUR`ed. How sure it
is that a profile is enough is the posterior probability that its true exceedance is within the limit, with a beta prior
whose mean is the limit itself (`PRIOR` runs). It counts the effective number of runs, Kish's (sum of weights)^2 / sum of
squared weights.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from memory_budget.reports.tuning_evidence import WeighedHistory

#: Runs that the prior of the confidence weighs.
PRIOR = 2.0
#: How much likelier the present profile is to be right than another before anything is known of the runs.
FAVOUR = 2.0


class CandidateProfile(NamedTuple):
    """A profile to replay: budgets in tokens by tier, smallest tier first; `top`: tokens that the last bump gives."""

    profile: str
    budgets: Mapping[str, float]
    top: float


class Outcome(NamedTuple):
    """What a profile would have come to: the share of runs over the budget of their tier (`exceedance`), the share over
    what any bump gives (`short`), and mean tokens allotted at the detected tier and sent."""

    profile: str
    exceedance: float
    short: float
    allotted: float
    sent: float


def replay_profile(evidence: WeighedHistory, candidate: CandidateProfile) -> Outcome:
    """What a profile would have come to over a weighed history."""
    over = short = allotted = sent = total = 0.0
    width = evidence.width
    logs = {tier: math.log(budget) for tier, budget in candidate.budgets.items() if budget > 0}
    rows = zip(evidence.needs, evidence.weights, evidence.sizes, evidence.small, strict=True)
    for need, weight, size, small in rows:
        budget = candidate.budgets[need.tier]
        total += weight
        allotted += weight * budget
        sent += weight * min(need.tokens, candidate.top)
        short += weight * (need.tokens > candidate.top)
        if width <= 0 or budget <= 0 or small:
            over += weight * (need.tokens > budget)
        else:
            distance = (size - logs[need.tier]) / width
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
    """The distribution function of Beta(a, b) at x: the regularised incomplete beta function.

    By the continued fraction of DLMF 8.17.22, which converges fast below (a + 1) / (a + b + 2); above, by symmetry.
    """
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    if x < (a + 1) / (a + b + 2):
        return front * _beta_fraction(x, a, b) / a
    return 1.0 - front * _beta_fraction(1 - x, b, a) / b


def _beta_fraction(x: float, a: float, b: float) -> float:
    """The continued fraction of the incomplete beta function, by the modified Lentz method."""
    tiny = 1e-300
    c, d = 1.0, 1.0 / _not_zero(1 - (a + b) * x / (a + 1), tiny)
    result = d
    for m in range(1, 500):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1.0 / _not_zero(1 + even * d, tiny)
        c = _not_zero(1 + even / c, tiny)
        result *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1.0 / _not_zero(1 + odd * d, tiny)
        c = _not_zero(1 + odd / c, tiny)
        step = d * c
        result *= step
        if abs(step - 1) < 1e-12:
            break
    return result


def _not_zero(value: float, tiny: float) -> float:
    """`value`, or `tiny` where a division by it would overflow."""
    return value if abs(value) > tiny else tiny


class Choice(NamedTuple):
    """The profile to have. `action`: "upgrade", "downgrade" or "keep"; `confidence` that it is right, 0 to 1."""

    action: str
    before: Outcome
    after: Outcome
    confidence: float


def choose(
    evidence: WeighedHistory, current: str, candidates: Sequence[CandidateProfile], limit: float
) -> Choice:
    """The smallest profile that keeps exceedance within `limit`; the largest where none does.

    `candidates` must include the current profile.
    """
    ordered = sorted(candidates, key=lambda candidate: (sum(candidate.budgets.values()), candidate.profile))
    outcomes = {candidate.profile: replay_profile(evidence, candidate) for candidate in ordered}
    before = outcomes[current]
    fitting = [candidate for candidate in ordered if outcomes[candidate.profile].exceedance <= limit]
    best = fitting[0] if fitting else _least_over(ordered, outcomes)
    after = outcomes[best.profile]
    if after.exceedance > limit and after.exceedance >= before.exceedance:
        best, after = next(c for c in ordered if c.profile == current), before
    right = _chances_right(ordered, outcomes, evidence.effective, limit)
    rank = {candidate.profile: number for number, candidate in enumerate(ordered)}
    if best.profile == current:
        rival = max((chance for profile, chance in right.items() if profile != current), default=0.0)
        return Choice("keep", before, after, _share(FAVOUR * right[current], rival))
    action = "upgrade" if rank[best.profile] > rank[current] else "downgrade"
    return Choice(action, before, after, _share(right[best.profile], FAVOUR * right[current]))


def _chances_right(
    ordered: Sequence[CandidateProfile], outcomes: Mapping[str, Outcome], effective: float, limit: float
) -> dict[str, float]:
    """For each profile the chance that it is the smallest that is enough; for the largest, also that none is."""
    right, smaller_short = {}, 1.0
    for candidate in ordered:
        short = min(smaller_short, chance_above(limit, outcomes[candidate.profile].exceedance, effective))
        right[candidate.profile] = smaller_short - (short if candidate is not ordered[-1] else 0.0)
        smaller_short = short
    return right


def _share(chance: float, rival: float) -> float:
    """What `chance` is of both chances together; a half where neither has any."""
    return chance / (chance + rival) if chance + rival > 0 else 0.5


def _least_over(ordered: Sequence[CandidateProfile], outcomes: Mapping[str, Outcome]) -> CandidateProfile:
    """The profile with the least exceedance; of several alike the smallest."""
    return min(ordered, key=lambda candidate: round(outcomes[candidate.profile].exceedance, 4))


def misplaced(weights: Mapping[str, float], shares: Mapping[str, float]) -> float:
    """Of a budget that is too small, the share that `weights` put in another scope than where it was needed.

    `shares`: tokens or shares needed by scope. Half the sum of the differences (total variation distance): 0 to 1.
    """
    total = sum(shares.values())
    if total <= 0:
        return 0.0
    return 0.5 * sum(abs(weights.get(scope, 0.0) - share / total) for scope, share in shares.items())
