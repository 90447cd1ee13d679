"""Recommends budgets from the usage log, with the evidence: `recommendations.json`.

    recommend             replay every agent's history, write the file, return the same
    apply_automatically   what the monthly job may do by itself (`tuning.auto`), by `tuning_apply`

Recommended are a profile for each agent and corrections of tiers whose tasks were classed too low (`tuning_advice`), weights
of profiles whose agents are short of memory (`tuning_weights`), and whether `hard` enforcement is justified. The form of
the file is `schemas/recommendations.schema.json`.

Records whose demand means something else (schema_version 1, see `columns`) are no evidence: they are left out of needs, of days of
data and of exceedance alike, and counted in `left_out`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from memory_budget.base import layout
from memory_budget.base.figures import percent
from memory_budget.base.files import write_atomic
from memory_budget.base.optional import orjson
from memory_budget.base.project import Project
from memory_budget.index.in_force import profiles_in_force
from memory_budget.reports import analytics, tuning_advice, tuning_history, tuning_replay, tuning_weights
from memory_budget.reports import store as reports_store
from memory_budget.reports.store import Store
from memory_budget.settings import agents, profiles, token_ratio
from memory_budget.settings.names import SCOPES
from memory_budget.settings.profiles import Profiles

SCHEMA_VERSION = 2
#: Days in which a profile may change `max_changes_per_quarter` times.
QUARTER_DAYS = 90


def recommend(
    project: Project,
    days: int | None = None,
    *,
    logs: Sequence[str] | None = None,
    now: datetime | None = None,
    write: bool = True,
) -> dict[str, Any]:
    """Recommendations from the last `days` of the log (default: `tuning.history_days`); `write` them to the cache folder.

    `logs`: other files than the project's log. Raises BudgetError where the profiles file is broken: advice on the default
    profiles would mislead.
    """
    now = now or datetime.now()
    settings = _valid_profiles(profiles_in_force(project))
    with reports_store.opened(project if logs is None else logs) as store:
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
    """As `recommend`, from an open store, whose view changes to the days replayed."""
    days = days if days is not None else int(settings.section("tuning")["history_days"])
    store.show(now - timedelta(days=days), without_older=True)
    advice = _recommendations(project, store, settings, days=days, now=now)
    if write and (advice["records"] or os.path.exists(project.at(layout.RECOMMENDATIONS))):
        project.ensure_cache()
        write_atomic(
            project.at(layout.RECOMMENDATIONS), orjson.dumps(advice, option=orjson.OPT_INDENT_2) + b"\n"
        )
    return advice


def apply_automatically(project: Project, *, now: datetime | None = None) -> list[str]:
    """Apply the changes that are sure enough, where `tuning.auto` is on. Returns a line per change. Raises BudgetError."""
    from memory_budget.reports import tuning_apply

    now = now or datetime.now()
    settings = profiles_in_force(project).profiles
    if not settings.section("tuning")["auto"]:
        return []
    advice = recommend(project, now=now)
    chosen = [change for change in advice["changes"] if not change["held"]]
    if not chosen:
        return []
    applied = tuning_apply.apply_changes(project, chosen, automatic=True, now=now)
    return [change["title"] for change in applied.changes]


def _recommendations(
    project: Project, store: Store, settings: Profiles, *, days: int | None, now: datetime
) -> dict[str, Any]:
    """The content of `recommendations.json`."""
    rules = settings.section("tuning_parameters")
    tuning = settings.section("tuning")
    threshold = float(rules["recommendation_confidence_threshold"])
    span = analytics.data_days(store, now)
    files = agents.scan_agent_files(project.root, project.home)
    learned = token_ratio.read_ratios(project)
    agent_keys = tuning_history.name_agents(store, settings, files)
    facts = {row["agent"]: row for row in tuning_history.agent_facts(store)}
    entries = []
    for agent, needs in tuning_history.histories(store, now):
        fact = facts[agent]
        if fact["runs"] < int(rules["minimum_samples_for_recommendation"]):
            continue
        identity = agents.resolve(agent, settings, files)
        ratio = token_ratio.ratio(settings, learned, fact["model"] or "", identity.name)
        entry = tuning_advice.advise(
            settings, identity, agent, needs, fact, rules, float(tuning["max_exceedance"]), ratio
        )
        if entry is not None:
            entries.append(entry)
    tuning_history.add_examples(store, entries, agent_keys)
    weights = tuning_weights.weights(
        settings, entries, float(rules["scope_deviation_for_weights"]), float(tuning["max_exceedance"])
    )
    changes = []
    recent = _recent_changes(project, now, agent_keys, settings, files)
    for entry in entries:
        if entry["recommended_action"] in ("upgrade", "downgrade") and entry["confidence"] >= threshold:
            changes.append(_profile_change(entry, span, tuning, recent))
    for entry in weights:
        if entry["confidence"] >= threshold:
            changes.append(_weight_change(entry, span, tuning, recent))
    order = {"upgrade": 0, "downgrade": 1, "correct_tiers": 2, "maintain": 3}
    entries.sort(key=lambda entry: (order[entry["recommended_action"]], -entry["confidence"], entry["agent"]))
    return {
        "schema_version": SCHEMA_VERSION,
        "generated": now.isoformat(timespec="seconds"),
        "days": days,
        "days_of_data": round(span, 1),
        "records": sum(fact["runs"] for fact in facts.values()),
        "left_out": store.left_out(),
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


def _valid_profiles(loaded: profiles.LoadResult) -> Profiles:
    """The loaded profiles. Raises BudgetError where the file has a problem."""
    from memory_budget.base.errors import BudgetError

    if loaded.problem:
        raise BudgetError(
            f"{loaded.problem}; put the profiles file right first (memory-budget profiles check)"
        )
    return loaded.profiles


# -- enforcement


def _enforcement(store: Store, settings: Profiles, span: float) -> dict[str, Any]:
    """Whether hard enforcement is justified: enough days of data (`span`), and few enough runs over budget."""
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
    current = settings.section("enforcement")
    cuts = "hard limits trim" if current == "hard" else "hard limits would trim"
    over = f"{percent(rate, 1)} of {runs} runs in {days} days needed more than the budget"
    if not enough:
        early = (
            "too early to say whether hard is justified" if current == "hard" else "enforcement stays soft"
        )
        reason = f"{span:.0f} of {days} days of data so far: {early}"
    elif justified:
        reason = f"{over}, fewer than {percent(limit)}: {cuts} only those"
    else:
        reason = f"{over}, not fewer than {percent(limit)}: {cuts} those"
    return {
        "current": current,
        "hard_justified": bool(justified),
        "exceedance": round(rate, 4),
        "records": runs,
        "confidence": round(confidence, 4),
        "reason": reason,
    }


# -- changes


def _recent_changes(
    project: Project, now: datetime, agent_keys: dict[str, str], settings: Profiles, files: agents.Agents
) -> dict[tuple[str, str], list[float]]:
    """Days since each recent change, by ("profile", the agent's present name) or ("weights", profile)."""
    from memory_budget.reports import tuning_apply

    names = {tuning_history.profile_key(name, settings, files): name for name in agent_keys.values()}
    ages_by_name: dict[tuple[str, str], list[float]] = {}
    for (kind, name), ages in tuning_apply.recent_changes(project, now, QUARTER_DAYS).items():
        if kind == "profile":
            name = names.get(tuning_history.profile_key(name, settings, files), name)
        ages_by_name.setdefault((kind, name), []).extend(ages)
    return ages_by_name


def _held_reason(span: float, tuning: dict[str, Any], ages: Sequence[float]) -> str:
    """Why a change is not applied automatically, "" where it may be. `ages`: days since earlier changes of the same kind."""
    days, most = int(tuning["min_days"]), int(tuning["max_changes_per_quarter"])
    if span < days:
        return f"{span:.0f} of {days} days of data so far"
    if len(ages) >= most:
        last = f"changed {min(ages):.0f} days ago; " if ages else ""
        return f"{last}at most {most} change{'' if most == 1 else 's'} in {QUARTER_DAYS} days"
    return ""


def _profile_change(
    entry: dict[str, Any], span: float, tuning: dict[str, Any], recent: dict[tuple[str, str], list[float]]
) -> dict[str, Any]:
    """A change of an agent's profile."""
    return {
        "kind": "profile",
        "agent": entry["agent"],
        "from": entry["current_profile"],
        "to": entry["recommended_profile"],
        "title": f"{entry['agent']}: {entry['current_profile']} -> {entry['recommended_profile']} ({entry['reason']})",
        "confidence": entry["confidence"],
        "held": _held_reason(span, tuning, recent.get(("profile", entry["agent"]), [])),
    }


def _weight_change(
    entry: dict[str, Any], span: float, tuning: dict[str, Any], recent: dict[tuple[str, str], list[float]]
) -> dict[str, Any]:
    """A change of a profile's weights."""
    shown = ", ".join(f"{scope} {entry['recommended_weights'][scope]:g}" for scope in SCOPES)
    misplaced = f"{percent(entry['misplaced_before'])} -> {percent(entry['misplaced_after'])}"
    return {
        "kind": "weights",
        "profile": entry["profile"],
        "from": entry["current_weights"],
        "to": entry["recommended_weights"],
        "title": f"{entry['profile']}: weights {shown} (misplaced {misplaced})",
        "confidence": entry["confidence"],
        "held": _held_reason(span, tuning, recent.get(("weights", entry["profile"]), [])),
    }
