"""What the usage log says about budgets: recommendations with their evidence.

    recommend             replay every agent's history, write `recommendations.json`, return the same
    apply_automatically   what the monthly job may do by itself (`tuning.auto`); the work is `tuning_apply`'s

An agent's need in a run is the larger of its demand and of what it loaded, reads of its own included. How profiles are
compared stands in `tuning_replay`. Beside the profile of each agent there are corrections of tiers (tasks that were
classed too low, by what they needed), weights of profiles whose agents are short of memory, and whether `hard`
enforcement is justified. The plain rules with fixed thresholds are reported as evidence (`rules`), they decide nothing.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson

from memory_budget import agents, analytics, analytics_store, calibration, profiles, tuning_replay
from memory_budget.analytics_store import Store
from memory_budget.profiles import SCOPES, TIERS, Profiles
from memory_budget.project import Project, write_atomic
from memory_budget.tuning_replay import Candidate, Evidence, Need

FILE = "recommendations.json"
SCHEMA_VERSION = 1
QUARTER_DAYS = 90
#: Beyond this many records they are grouped by two per cent of their size, and by week.
EXACT_UP_TO = 100_000
#: Tasks named as examples of a tier that was too low.
EXAMPLES = 3


def recommend(
    project: Project,
    days: int | None = None,
    *,
    logs: Sequence[str] | None = None,
    now: datetime | None = None,
    write: bool = True,
) -> dict[str, Any]:
    """Recommendations from the last `days` of the log (default: `tuning.history_days`), kept in the cache folder.

    Raises BudgetError where the profiles file is broken: advice on defaults nobody uses would mislead.
    """
    now = now or datetime.now()
    settings = _sound(profiles.load(project.root, project.home))
    with analytics_store.opened(project if logs is None else logs) as store:
        return recommend_from(project, store, settings, days, now=now, write=write)


def recommend_from(
    project: Project,
    store: Store,
    settings: Profiles,
    days: int | None = None,
    *,
    now: datetime,
    write: bool = True,
) -> dict[str, Any]:
    """As `recommend`, from logs that are open; the store's view is changed to the days replayed."""
    days = days if days is not None else int(settings.section("tuning")["history_days"])
    store.show(now - timedelta(days=days))
    found = _from_store(project, store, settings, days=days, now=now)
    if write and (found["records"] or os.path.exists(f"{project.cache}/{FILE}")):
        project.ensure_cache()
        write_atomic(f"{project.cache}/{FILE}", orjson.dumps(found, option=orjson.OPT_INDENT_2) + b"\n")
    return found


def read(project: Project) -> dict[str, Any] | None:
    """The recommendations as last written, None where there are none."""
    try:
        with open(f"{project.cache}/{FILE}", "rb") as file:
            value = orjson.loads(file.read())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) and value.get("schema_version") == SCHEMA_VERSION else None


def apply_automatically(project: Project, *, now: datetime | None = None) -> list[str]:
    """Apply what is sure enough, where `tuning.auto` is on. Returns a line per change; nothing where it is off."""
    from memory_budget import tuning_apply

    now = now or datetime.now()
    settings = profiles.load(project.root, project.home).profiles
    if not settings.section("tuning")["auto"]:
        return []
    found = recommend(project, now=now)
    chosen = [change for change in found["changes"] if not change["held"]]
    if not chosen:
        return []
    done = tuning_apply.apply(project, chosen, automatic=True, now=now)
    return [change["title"] for change in done.changes]


def _from_store(
    project: Project, store: Store, settings: Profiles, *, days: int | None, now: datetime
) -> dict[str, Any]:
    """Recommendations from open logs, as JSON (`schemas/recommendations.schema.json`)."""
    from memory_budget import tuning_apply

    rules = settings.section("tuning_parameters")
    tuning = settings.section("tuning")
    threshold = float(rules["recommendation_confidence_threshold"])
    span = analytics.data_days(store, now)
    known = agents.scan(project.root, project.home)
    learned = calibration.read_state(project)
    facts = {row["agent"]: row for row in _facts(store)}
    entries = []
    for agent, needs in _histories(store, now):
        fact = facts[agent]
        if fact["runs"] < int(rules["minimum_samples_for_recommendation"]):
            continue
        identity = agents.resolve(agent, settings, known)
        ratio = calibration.ratio(settings, learned, fact["model"] or "", identity.name)
        entry = _advise(settings, identity, agent, needs, fact, rules, float(tuning["max_exceedance"]), ratio)
        if entry is not None:
            entries.append(entry)
    _add_examples(store, entries)
    weights = _weights(
        settings, entries, float(rules["scope_deviation_for_weights"]), float(tuning["max_exceedance"])
    )
    changes = []
    recent = tuning_apply.recent_changes(project, now, QUARTER_DAYS)
    for entry in entries:
        if entry["recommended_action"] in ("upgrade", "downgrade") and entry["confidence"] >= threshold:
            changes.append(_profile_change(entry, span, tuning, recent))
    for entry in weights:
        if entry["confidence"] >= threshold:
            changes.append(_weight_change(entry, span, tuning))
    order = {"upgrade": 0, "downgrade": 1, "correct_tiers": 2, "maintain": 3}
    entries.sort(key=lambda entry: (order[entry["recommended_action"]], -entry["confidence"], entry["agent"]))
    return {
        "schema_version": SCHEMA_VERSION,
        "generated": now.isoformat(timespec="seconds"),
        "days": days,
        "days_of_data": round(span, 1),
        "records": sum(fact["runs"] for fact in facts.values()),
        "parameters": {
            "max_exceedance": tuning["max_exceedance"],
            "min_days": tuning["min_days"],
            "max_changes_per_quarter": tuning["max_changes_per_quarter"],
            **{key: rules[key] for key in sorted(rules)},
        },
        "recommendations": entries,
        "weights": weights,
        "enforcement": _enforcement(store, settings, span),
        "changes": changes,
    }


def _sound(loaded: profiles.LoadResult) -> Profiles:
    from memory_budget.errors import BudgetError

    if loaded.problem:
        raise BudgetError(
            f"{loaded.problem}; put the profiles file right first (memory-budget profiles check)"
        )
    return loaded.profiles


# -- reading the log


def _histories(store: Store, now: datetime) -> Iterator[tuple[str, list[Need]]]:
    """Every agent's needs, one agent at a time."""
    count = store.rows("SELECT count(*) FROM runs")[0][0]
    size = "greatest(demand, loaded)"
    days = f"greatest(date_diff('day', ended, TIMESTAMP '{now:%Y-%m-%d %H:%M:%S}'), 0)"
    if count > EXACT_UP_TO:
        size = f"exp(ceil(ln(greatest({size}, 1)) * 50) / 50)"
        days = f"{days} // 7 * 7"
    tiers = ", ".join(f"'{tier}'" for tier in TIERS)
    agent: str | None = None
    needs: list[Need] = []
    for name, age, tier, tokens, runs in store.each(
        f"""SELECT agent, {days} AS age, first_tier,
        {size} AS tokens, count(*) FROM runs WHERE first_tier IN ({tiers}) GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"""
    ):
        if name != agent:
            if agent is not None:
                yield agent, needs
            agent, needs = name, []
        needs.append(Need(float(age), tier, float(tokens), int(runs)))
    if agent is not None:
        yield agent, needs


def _facts(store: Store) -> list[dict[str, Any]]:
    """Per agent: runs, the model used most, how budgets were used, and scope shares of runs that got all they needed."""
    whole = "coalesce(demand, 0) <= budget AND loaded > 0"
    sums = ", ".join(f"sum(in_{scope}) FILTER (WHERE {whole}) AS {scope}" for scope in SCOPES)
    return store.dicts(
        f"""SELECT agent, count(*) AS runs, mode(model) AS model,
        avg(exceeded::INT) AS exceedance, avg(loaded / nullif(budget, 0)) AS use,
        {sums}
        FROM runs WHERE first_tier IN ({", ".join(f"'{tier}'" for tier in TIERS)}) GROUP BY 1"""
    )


# -- one agent


def _advise(
    settings: Profiles,
    identity: agents.AgentIdentity,
    agent: str,
    needs: list[Need],
    fact: dict[str, Any],
    rules: dict[str, Any],
    limit: float,
    ratio: float,
) -> dict[str, Any] | None:
    own = settings.settings(identity.profile_name, identity.override_key)
    current = own.profile.name
    if own.profile.gives_nothing:
        return None
    model = fact["model"] or ""
    by_hand = {"base_budget", "max_budget"} & set(settings.agents.get(identity.override_key, {}))
    candidates = _candidates(settings, identity, current, model, ratio, only_current=bool(by_hand))
    evidence = tuning_replay.weigh(needs)
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
            "short_share": round(after.exceedance if own.enforcement == "hard" else after.short, 4),
            "scope_shares": shares if total else None,
            "rules": _rules(fact, own.profile.weights, shares if total else None, rules),
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
) -> list[Candidate]:
    """Every profile that gives something, with the budgets this agent would have under it.

    `ratio`: the model's tokens per tiktoken token, as an agent's start takes it: set by hand, else learned, else 1.
    """
    found = []
    for name in settings.names():
        if only_current and name != current:
            continue
        profile = settings.profile(name)
        if name == current:
            profile = settings.settings(identity.profile_name, identity.override_key).profile
        if profile.gives_nothing:
            continue
        budgets = {tier: float(settings.budget(profile, tier, model, ratio)) for tier in TIERS}
        found.append(Candidate(name, budgets, max(budgets.values())))
    return found


def _reason(
    action: str, choice: tuning_replay.Choice, evidence: Evidence, limit: float, by_hand: bool
) -> str:
    before, after = choice.before, choice.after
    runs = f"{evidence.runs} runs"
    if action == "upgrade":
        text = f"{before.exceedance:.1%} of {runs} need more than {before.profile} gives; {after.profile} leaves {after.exceedance:.1%}"
        return text + ("" if after.exceedance <= limit else ", no profile is enough")
    if action == "downgrade":
        tokens = f"{after.allotted:,.0f} instead of {before.allotted:,.0f} tokens"
        return f"{after.profile} would do for all but {after.exceedance:.1%} of {runs}, at {tokens}"
    if action == "correct_tiers":
        return f"{before.profile} is right over all ({before.exceedance:.1%} over budget), but some tasks were classed too low"
    if by_hand:
        return f"its budget is set by hand in the profiles; {before.exceedance:.1%} of {runs} are over it"
    if before.exceedance > limit:
        return f"{before.exceedance:.1%} of {runs} are over budget, and no profile does better"
    return f"{before.exceedance:.1%} of {runs} are over budget, and no smaller profile keeps that within {limit:.0%}"


def _rules(
    fact: dict[str, Any], weights: dict[str, float], shares: dict[str, float] | None, rules: dict[str, Any]
) -> dict[str, Any]:
    """What the plain thresholds say: of the exceedance recorded, of use, and of weights."""
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
    evidence: Evidence, candidate: Candidate, rules: dict[str, Any]
) -> list[dict[str, Any]]:
    """Tiers too many of whose tasks needed the budget of a higher one, where a higher one would have been enough."""
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
    found = []
    for tier in TIERS:
        if not runs[tier] or counts[tier] < int(rules["minimum_samples_for_recommendation"]):
            continue
        share = sum(low[tier].values()) / runs[tier]
        if share <= limit:
            continue
        effective = weight_of[tier][0] ** 2 / weight_of[tier][1]
        confidence = tuning_replay.chance_above(limit, share, effective)
        if confidence >= float(rules["recommendation_confidence_threshold"]):
            found.append(
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
    return found


def _add_examples(store: Store, entries: list[dict[str, Any]]) -> None:
    """Name the tasks that stand behind corrections of tiers; reads the logs once more, only where there are any."""
    wanted = {(entry["agent"], tier["tier"]): tier for entry in entries for tier in entry["tiers"]}
    if not wanted:
        return
    for agent, tier, task, tokens in store.tasks(sorted({agent for agent, _ in wanted})):
        correction = wanted.get((agent, tier))
        if (
            correction is None
            or tokens <= correction["above_tokens"]
            or len(correction["examples"]) >= EXAMPLES
        ):
            continue
        if task and all(example["task"] != task for example in correction["examples"]):
            correction["examples"].append({"task": task[:200], "tokens": round(tokens)})


# -- profiles' weights, enforcement


def _weights(
    settings: Profiles, entries: list[dict[str, Any]], apart: float, limit: float
) -> list[dict[str, Any]]:
    """Weights of profiles whose agents are short of memory in more than `limit` of their runs.

    While everything needed is sent, weights decide nothing, and nothing is said about them. Of the weights of all
    profiles and the shares observed where nothing was left out, those are best that leave the least share of
    tokens in another scope than where it was needed. The confidence is the share of short runs, of agents with
    this profile, that are better off.
    """
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for entry in entries:
        details = entry["details"]
        if (
            details["scope_shares"]
            and details["short_share"] > limit
            and details["records"] * details["short_share"] >= 5
        ):
            groups[entry["recommended_profile"]].append(entry)
    found = []
    for name, members in sorted(groups.items()):
        short = {
            entry["agent"]: entry["details"]["records"] * entry["details"]["short_share"] for entry in members
        }
        total = sum(short.values())
        wanted = {
            scope: sum(entry["details"]["scope_shares"][scope] * short[entry["agent"]] for entry in members)
            / total
            for scope in SCOPES
        }
        weights = settings.profile(name).weights
        if max(abs(wanted[scope] - weights[scope]) for scope in SCOPES) <= apart:
            continue
        options = [settings.profile(other).weights for other in settings.names()] + [_rounded(wanted)]
        best = min(options, key=lambda option: tuning_replay.misplaced(option, wanted))
        better = sum(
            short[entry["agent"]]
            for entry in members
            if tuning_replay.misplaced(best, entry["details"]["scope_shares"])
            < tuning_replay.misplaced(weights, entry["details"]["scope_shares"])
        )
        found.append(
            {
                "profile": name,
                "current_weights": {scope: round(weights[scope], 4) for scope in SCOPES},
                "recommended_weights": {scope: round(best[scope], 4) for scope in SCOPES},
                "misplaced_before": round(tuning_replay.misplaced(weights, wanted), 4),
                "misplaced_after": round(tuning_replay.misplaced(best, wanted), 4),
                "agents": sorted(short),
                "short_runs": round(total),
                "confidence": round(better / total, 4),
            }
        )
    return found


def _rounded(shares: dict[str, float]) -> dict[str, float]:
    """Shares in steps of 0.05 that make 1, none below 0.05: a scope never used so far must still have a chance."""
    steps = {scope: max(1, round(shares[scope] * 20)) for scope in SCOPES}
    largest = max(SCOPES, key=lambda scope: steps[scope])
    steps[largest] += 20 - sum(steps.values())
    return {scope: steps[scope] / 20 for scope in SCOPES}


def _enforcement(store: Store, settings: Profiles, span: float) -> dict[str, Any]:
    """Whether hard enforcement is justified: enough days of data, and few enough runs that it would cut short."""
    tuning = settings.section("tuning")
    limit, days = float(tuning["max_exceedance"]), int(tuning["min_days"])
    runs, exceeded = store.rows(
        "SELECT count(*), count(*) FILTER (WHERE exceeded) FROM runs "
        f"WHERE ended >= (SELECT max(ended) FROM runs) - INTERVAL {max(days, 1)} DAY"
    )[0]
    rate = exceeded / runs if runs else 0.0
    confidence = 1 - tuning_replay.chance_above(limit, rate, float(runs)) if runs else 0.0
    enough = span >= days and runs > 0
    justified = enough and rate < limit and confidence >= 0.5
    if not enough:
        reason = f"{span:.0f} of {days} days of data so far: enforcement stays soft"
    elif justified:
        reason = f"{rate:.1%} of {runs} runs in {days} days were over budget, under {limit:.0%}: hard would cut that few short"
    else:
        reason = f"{rate:.1%} of {runs} runs in {days} days were over budget, not under {limit:.0%}: hard would cut them short"
    return {
        "current": settings.section("enforcement"),
        "hard_justified": bool(justified),
        "exceedance": round(rate, 4),
        "records": runs,
        "confidence": round(confidence, 4),
        "reason": reason,
    }


# -- changes


def _held(confidence_days: float, tuning: dict[str, Any]) -> str:
    days = int(tuning["min_days"])
    return f"{confidence_days:.0f} of {days} days of data so far" if confidence_days < days else ""


def _profile_change(
    entry: dict[str, Any], span: float, tuning: dict[str, Any], recent: dict[str, list[float]]
) -> dict[str, Any]:
    """What would be written for an agent; `held`: why it is not applied automatically, "" for nothing."""
    held = _held(span, tuning)
    ages = recent.get(entry["agent"], [])
    if not held and len(ages) >= int(tuning["max_changes_per_quarter"]):
        held = f"changed {min(ages):.0f} days ago; at most {tuning['max_changes_per_quarter']} change in {QUARTER_DAYS} days"
    return {
        "kind": "profile",
        "agent": entry["agent"],
        "from": entry["current_profile"],
        "to": entry["recommended_profile"],
        "title": f"{entry['agent']}: {entry['current_profile']} -> {entry['recommended_profile']} ({entry['reason']})",
        "confidence": entry["confidence"],
        "held": held,
    }


def _weight_change(entry: dict[str, Any], span: float, tuning: dict[str, Any]) -> dict[str, Any]:
    shown = ", ".join(f"{scope} {entry['recommended_weights'][scope]:g}" for scope in SCOPES)
    return {
        "kind": "weights",
        "profile": entry["profile"],
        "from": entry["current_weights"],
        "to": entry["recommended_weights"],
        "title": f"{entry['profile']}: weights {shown} (misplaced {entry['misplaced_before']:.0%} -> {entry['misplaced_after']:.0%})",
        "confidence": entry["confidence"],
        "held": _held(span, tuning),
    }
