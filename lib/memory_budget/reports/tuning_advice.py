"""Advice on one agent, from the replay of what its tasks needed: another profile, a correction of tiers, or neither.

An agent's need in a run is the larger of its demand and of what it loaded, its own reads included. `tuning_replay` compares
the profiles. The rules with fixed thresholds are reported as evidence (`rules`); they decide nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from memory_budget.base.figures import percent
from memory_budget.reports import tuning_evidence, tuning_replay
from memory_budget.reports.tuning_evidence import Need, WeighedHistory
from memory_budget.reports.tuning_replay import CandidateProfile
from memory_budget.settings import agents
from memory_budget.settings.names import SCOPES, TIERS
from memory_budget.settings.profiles import Profiles


def advise(
    settings: Profiles,
    identity: agents.AgentIdentity,
    agent: str,
    needs: Sequence[Need],
    fact: dict[str, Any],
    rules: dict[str, Any],
    limit: float,
    ratio: float,
) -> dict[str, Any] | None:
    """An agent's entry in `recommendations.json`; None for one that gets no memory.

    `fact`: figures of its runs (`tuning_history.agent_facts`); `rules`: the profiles' `tuning_parameters`; `limit`: exceedance
    that is tolerated, 0 to 1; `ratio`: the model's tokens per tiktoken token.
    """
    current_settings = settings.settings(identity.profile_name, identity.override_key)
    current = current_settings.profile.name
    if current_settings.profile.gives_nothing:
        return None
    model = fact["model"] or ""
    by_hand = {"base_budget", "max_budget"} & set(settings.agents.get(identity.override_key, {}))
    candidates = _candidates(settings, identity, current, model, ratio, only_current=bool(by_hand))
    present = next(candidate for candidate in candidates if candidate.profile == current)
    evidence = tuning_evidence.weigh(needs, present.budgets)
    choice = tuning_replay.choose(evidence, current, candidates, limit)
    chosen = next(candidate for candidate in candidates if candidate.profile == choice.after.profile)
    tiers = _tier_corrections(evidence, chosen, rules)
    action = choice.action if choice.action != "keep" else ("correct_tiers" if tiers else "maintain")
    before, after = choice.before, choice.after
    shares = {scope: float(fact[scope] or 0.0) for scope in SCOPES}
    total = sum(shares.values())
    shares = {scope: round(value / total, 4) if total else 0.0 for scope, value in shares.items()}
    confidence = choice.confidence if action != "correct_tiers" else max(tier["confidence"] for tier in tiers)
    return {
        "agent": agent,
        "current_profile": current,
        "recommended_profile": after.profile,
        "recommended_action": action,
        "reason": _reason(action, choice, evidence, limit, bool(by_hand)),
        "confidence": round(confidence, 4),
        "details": {
            "records": fact["runs"],
            "effective_records": round(evidence.effective, 1),
            "growth_per_30_days": round(evidence.growth - 1, 4),
            "exceedance_before": round(before.exceedance, 4),
            "exceedance_after": round(after.exceedance, 4),
            "budget_before": round(before.allotted),
            "budget_after": round(after.allotted),
            "tokens_before": round(before.sent),
            "tokens_after": round(after.sent),
            "short_share": round(
                after.exceedance if current_settings.enforcement == "hard" else after.short, 4
            ),
            "scope_shares": shares if total else None,
            "rules": _rules(fact, current_settings.profile.weights, shares if total else None, rules),
        },
        "tiers": tiers,
    }


def _candidates(
    settings: Profiles,
    identity: agents.AgentIdentity,
    current: str,
    model: str,
    ratio: float,
    *,
    only_current: bool,
) -> list[CandidateProfile]:
    """Every profile that gives memory, with the budgets that this agent would have under it.

    `ratio`: the model's tokens per tiktoken token, as at an agent's start: set by hand, else learned, else 1.
    """
    candidates = []
    for name in settings.names():
        if only_current and name != current:
            continue
        profile = settings.profile(name)
        if name == current:
            profile = settings.settings(identity.profile_name, identity.override_key).profile
        if profile.gives_nothing:
            continue
        budgets = {tier: float(settings.budget(profile, tier, model, ratio)) for tier in TIERS}
        candidates.append(CandidateProfile(name, budgets, max(budgets.values())))
    return candidates


def _reason(
    action: str, choice: tuning_replay.Choice, evidence: WeighedHistory, limit: float, by_hand: bool
) -> str:
    before, after = choice.before, choice.after
    runs = f"{evidence.runs} runs"
    if action == "upgrade":
        text = (
            f"{percent(before.exceedance, 1)} of {runs} need more than {before.profile} gives; "
            f"{after.profile} leaves {percent(after.exceedance, 1)}"
        )
        return text + ("" if after.exceedance <= limit else ", no profile is enough")
    if action == "downgrade":
        tokens = f"{after.allotted:,.0f} instead of {before.allotted:,.0f} tokens"
        return f"{after.profile} would do for all but {percent(after.exceedance, 1)} of {runs}, at {tokens}"
    if action == "correct_tiers":
        return (
            f"{before.profile} is right over all ({percent(before.exceedance, 1)} needed more), "
            "but some tasks were taken for easier ones"
        )
    if by_hand:
        return f"its budget is set by hand in the profiles; {percent(before.exceedance, 1)} of {runs} are over it"
    if before.exceedance > limit:
        return (
            f"{percent(before.exceedance, 1)} of {runs} need more than the budget, and no profile does better"
        )
    return f"{percent(before.exceedance, 1)} of {runs} need more than the budget, and no smaller profile keeps that within {percent(limit)}"


def _rules(
    fact: dict[str, Any], weights: dict[str, float], shares: dict[str, float] | None, rules: dict[str, Any]
) -> dict[str, Any]:
    """What the fixed thresholds say about the recorded exceedance, the use, and the weights."""
    exceedance, use = fact["exceedance"], fact["use"]
    apart = {scope: round(shares[scope] - weights[scope], 4) for scope in SCOPES} if shares else {}
    return {
        "exceedance": round(exceedance, 4) if exceedance is not None else None,
        "use": round(use, 4) if use is not None else None,
        "upgrade": exceedance is not None and exceedance > float(rules["exceedance_threshold_for_upgrade"]),
        "downgrade": use is not None and use < float(rules["underutilization_threshold_for_downgrade"]),
        "weights_apart": {
            scope: value
            for scope, value in apart.items()
            if abs(value) > float(rules["scope_deviation_for_weights"])
        },
    }


def _tier_corrections(
    evidence: WeighedHistory, candidate: CandidateProfile, rules: dict[str, Any]
) -> list[dict[str, Any]]:
    """Tiers of which too many tasks needed the budget of a higher tier, and would have had enough with it."""
    limit = float(rules["exceedance_threshold_for_upgrade"])
    runs: dict[str, float] = defaultdict(float)
    low: dict[str, dict[str, float]] = {tier: defaultdict(float) for tier in TIERS}
    weight_of: dict[str, list[float]] = {tier: [0.0, 0.0] for tier in TIERS}
    counts: dict[str, int] = defaultdict(int)
    for need, weight in zip(evidence.needs, evidence.weights, strict=True):
        runs[need.tier] += weight
        weight_of[need.tier][0] += weight
        weight_of[need.tier][1] += weight * weight / need.runs
        counts[need.tier] += need.runs
        if need.tokens > candidate.budgets[need.tier]:
            enough = next((tier for tier in TIERS if candidate.budgets[tier] >= need.tokens), None)
            if enough is not None:
                low[need.tier][enough] += weight
    corrections = []
    for tier in TIERS:
        if not runs[tier] or counts[tier] < int(rules["minimum_samples_for_recommendation"]):
            continue
        share = sum(low[tier].values()) / runs[tier]
        if share <= limit:
            continue
        effective = weight_of[tier][0] ** 2 / weight_of[tier][1]
        confidence = tuning_replay.chance_above(limit, share, effective)
        if confidence >= float(rules["recommendation_confidence_threshold"]):
            corrections.append(
                {
                    "tier": tier,
                    "records": counts[tier],
                    "too_low": round(share, 4),
                    "needed": max(low[tier], key=lambda name: (low[tier][name], name)),
                    "above_tokens": round(candidate.budgets[tier]),
                    "confidence": round(confidence, 4),
                    "examples": [],
                }
            )
    return corrections
