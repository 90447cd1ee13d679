"""Analyses the usage log: how budgets were used, what was needed, what it cost and what it saved.

Figures are overall, per agent, profile, tier, scope and model, and over time. Definitions:

    use          tokens loaded in per cent of the budget
    demand       tokens of memory that is confidently about the task; not of records that mean something else by it (`columns`)
    outline      runs that got an outline, and those of them that then read a file it named; not of records older than this
    exceedance   share of these runs whose demand was over the budget of the tier detected first, or whose reads went over it
    reduction    1 - tokens loaded / tokens of all memory in scope
    spent        all of a run's API tokens at the prices in the profiles
    saved        the price of the memory in scope that was not sent, had it been written to the prompt cache by the run's first
                 request and read from it by the others (or sent as plain input, where the run used no cache)
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from memory_budget.reports.store import Store
from memory_budget.settings.names import SCOPES, TIERS
from memory_budget.settings.profiles import Profiles

#: Dimensions of the report: the key of the result and the column.
DIMENSIONS = {"agents": "agent", "profiles": "profile", "tiers": "first_tier", "models": "model"}
#: SQL of each dimension's name over a record's columns; "" for all records as one group.
_GROUP = {
    "agent": "agent",
    "profile": "coalesce(profile, 'unknown')",
    "first_tier": "coalesce(first_tier, 'unknown')",
    "model": "coalesce(model, '')",
    "": "'all'",
}
#: Figures of the outline's use: runs that got one, runs that read of it, tokens read.
OUTLINE = ("outline_runs", "outline_used", "outline_tokens")
#: The timeline goes by days up to this many, then by weeks.
DAILY_UP_TO = 62

#: Sums of a group of runs: made once per (agent, profile, tier, model), then added up per dimension.
_SUMS = """
    count(*) AS runs, sum(loaded) AS tokens_sent, sum(budget) AS budget, sum(demand) AS demand,
    sum(100 * loaded / budget) FILTER (WHERE budget > 0) AS use, count(*) FILTER (WHERE budget > 0) AS used,
    count(*) FILTER (WHERE exceeded) AS exceeded,
    sum(scoped) AS scoped, sum(loaded) FILTER (WHERE scoped > 0) AS loaded_of_scoped,
    sum(on_demand) AS on_demand, count(*) FILTER (WHERE on_demand > 0) AS on_demand_runs,
    count(*) FILTER (WHERE NOT older) AS measured, count(*) FILTER (WHERE outline_files > 0) AS outline_runs,
    count(*) FILTER (WHERE outline_files > 0 AND outline_reads > 0) AS outline_used, sum(outline_tokens) AS outline_tokens,
    count(*) FILTER (WHERE delivered) AS delivered, count(*) FILTER (WHERE NOT delivered) AS not_delivered,
    count(*) FILTER (WHERE NOT success) AS failed,
    sum(seconds) AS seconds, count(seconds) AS timed,
    sum(requests) AS requests, count(requests) AS metered, sum(api_input) AS input, sum(api_cache_write) AS cache_creation,
    sum(api_cache_read) AS cache_read, sum(api_output) AS output,
    sum(greatest(scoped - loaded, 0)) FILTER (WHERE api_cache_write + api_cache_read > 0) AS kept_written,
    sum(greatest(scoped - loaded, 0) * greatest(requests - 1, 0)) FILTER (WHERE api_cache_write + api_cache_read > 0)
        AS kept_read,
    sum(greatest(scoped - loaded, 0) * requests) FILTER (WHERE api_cache_write + api_cache_read = 0) AS kept_plain,
    sum(in_global) AS in_global, sum(in_agent_recent) AS in_agent_recent, sum(in_agent_patterns) AS in_agent_patterns
"""
_SUMMED = (
    "runs", "tokens_sent", "budget", "demand", "use", "used", "exceeded", "scoped", "loaded_of_scoped", "on_demand",
    "on_demand_runs", "measured", "outline_runs", "outline_used", "outline_tokens", "delivered", "not_delivered", "failed",
    "seconds", "timed", "requests", "metered", "input", "cache_creation", "cache_read", "output", "in_global",
    "in_agent_recent", "in_agent_patterns", "priced", "spent", "saved",
)  # fmt: skip
_QUANTILES = """
    quantile_cont(demand, [0.5, 0.95]) AS demand,
    quantile_cont(100 * loaded / nullif(budget, 0), [0.5, 0.95]) AS use,
    quantile_cont(hook_ms, [0.5, 0.95]) AS hook_ms
"""


def analyse(store: Store, settings: Profiles, *, days: int | None, now: datetime) -> dict[str, Any]:
    """The whole analysis as JSON: "overall", a list per dimension, "scopes", "timeline", and what could not be read.

    `days`: that the store shows, None for all.
    """
    _prepare(store, settings)
    first, last = store.rows("SELECT min(ended), max(ended) FROM runs")[0]
    prices = settings.section("prices")
    analysis: dict[str, Any] = {
        "generated": now.isoformat(timespec="seconds"),
        "days": days,
        "first": first.isoformat() if first else None,
        "last": last.isoformat() if last else None,
        "files": [file._asdict() for file in store.files],
        "repeated_records": store.repeated,
        "left_out": store.left_out(),
        "bad_lines": {"count": store.bad_count, "named": [str(line) for line in store.bad]},
        "overall": _dimension(store, "")[0],
        "prices": {"as_of": prices.get("as_of", ""), "currency": prices.get("currency", "USD")},
        "unpriced_models": [
            row[0]
            for row in store.rows(
                "SELECT model FROM sums WHERE model != '' AND priced = 0 GROUP BY 1 HAVING sum(requests) > 0 ORDER BY 1 LIMIT 20"
            )
        ],
    }
    for key, column in DIMENSIONS.items():
        analysis[key] = _dimension(store, column)
    analysis["tiers"].sort(key=lambda row: TIERS.index(row["name"]) if row["name"] in TIERS else len(TIERS))
    analysis["scopes"] = _scopes(store, analysis["overall"]["scopes"])
    analysis["timeline"] = _timeline(store, first, last)
    return analysis


def _prepare(store: Store, settings: Profiles) -> None:
    """Make the table `sums`: one row per agent, profile, tier and model, with what its runs cost and saved."""
    names = ", ".join(f"{_GROUP[column]} AS {column}" for column in DIMENSIONS.values())
    store.execute(
        f"CREATE OR REPLACE TEMP TABLE plain AS SELECT {names}, {_SUMS} FROM runs GROUP BY 1, 2, 3, 4"
    )
    store.execute(
        "CREATE OR REPLACE TEMP TABLE prices (model VARCHAR, input DOUBLE, output DOUBLE, reads DOUBLE, writes DOUBLE)"
    )
    for (model,) in store.rows("SELECT DISTINCT model FROM plain WHERE model != ''"):
        price = settings.price(model)
        if price is not None:
            plain = float(price.get("input", 0.0))
            row = [float(price.get(key, plain)) for key in ("cache_read", "cache_write")]
            store.execute(
                "INSERT INTO prices VALUES (?, ?, ?, ?, ?)",
                [model, plain, float(price.get("output", 0.0)), *row],
            )
    store.execute("""CREATE OR REPLACE TEMP TABLE sums AS SELECT plain.*,
        CASE WHEN p.model IS NULL THEN 0 ELSE metered END AS priced,
        (plain.input * p.input + plain.output * p.output + cache_read * reads + cache_creation * writes) / 1e6 AS spent,
        (coalesce(kept_written, 0) * writes + coalesce(kept_read, 0) * reads + coalesce(kept_plain, 0) * p.input) / 1e6 AS saved
        FROM plain LEFT JOIN prices p ON plain.model = p.model""")


def _dimension(store: Store, column: str) -> list[dict[str, Any]]:
    """Figures per value of a column, most runs first. For "" one group, also where there is no record."""
    sums = ", ".join(f"coalesce(sum({name}), 0) AS {name}" for name in _SUMMED)
    rows = store.dicts(
        f"SELECT {column or _GROUP['']} AS name, {sums} FROM sums GROUP BY 1 ORDER BY 2 DESC, 1"
    )
    quantiles = {
        row.pop("name"): row
        for row in store.dicts(f"SELECT {_GROUP[column]} AS name, {_QUANTILES} FROM runs GROUP BY 1")
    }
    if not rows and not column:
        return [_figures(dict.fromkeys(_SUMMED, 0) | {"name": "all"}, {})]
    return [_figures(row, quantiles[row["name"]]) for row in rows]


def _figures(sums: dict[str, Any], quantiles: dict[str, Any]) -> dict[str, Any]:
    """One group's figures, in tokens, per cent, milliseconds and money; None where there is nothing to measure."""
    runs = sums["runs"]

    def mean(key: str, count: str = "runs") -> float | None:
        return round(sums[key] / sums[count], 4) if sums[count] else None

    figures: dict[str, Any] = {
        "name": sums["name"] or "unknown",
        "runs": runs,
        "tokens_sent": round(sums["tokens_sent"]),
        "tokens_sent_mean": mean("tokens_sent"),
        "budget_mean": mean("budget"),
        "demand": round(sums["demand"]),
        "demand_mean": mean("demand", "measured"),
        "use_mean": mean("use", "used"),
        "exceeded": sums["exceeded"],
        "measured": sums["measured"],
        "exceedance": mean("exceeded", "measured"),
        "reduction": round(1 - sums["loaded_of_scoped"] / sums["scoped"], 6) if sums["scoped"] else None,
        "scoped": round(sums["scoped"]),
    }
    for key in ("on_demand", "on_demand_runs", *OUTLINE, "delivered", "not_delivered", "failed"):
        figures[key] = round(sums[key])
    figures["seconds_mean"] = mean("seconds", "timed")
    figures["api"] = (
        {key: round(sums[key]) for key in ("requests", "input", "cache_creation", "cache_read", "output")}
        if sums["metered"]
        else None
    )
    figures["priced"] = sums["priced"]
    figures["spent"] = round(sums["spent"], 4) if sums["priced"] else None
    figures["saved"] = round(sums["saved"], 4) if sums["priced"] else None
    for key in ("demand", "use", "hook_ms"):
        middle, high = quantiles.get(key) or (None, None)
        figures[f"{key}_median"] = round(middle, 2) if middle is not None else None
        figures[f"{key}_p95"] = round(high, 2) if high is not None else None
    total = sums["tokens_sent"]
    scope_sums = {scope: sums[f"in_{scope}"] for scope in SCOPES}
    scope_sums["other"] = max(0.0, total - sum(scope_sums.values()))
    figures["scopes"] = {
        scope: round(tokens / total, 6) if total else 0.0 for scope, tokens in scope_sums.items()
    }
    return figures


def _scopes(store: Store, shares: dict[str, float]) -> list[dict[str, Any]]:
    """Per scope: tokens, their share of all that was sent and of all budgets, and the runs that got some.

    A record has one demand for all scopes, so there is no exceedance per scope.
    """
    in_scopes = {scope: f"coalesce(in_{scope}, 0)" for scope in SCOPES}
    in_scopes["other"] = f"greatest(loaded - {' - '.join(in_scopes.values())}, 0)"
    rows = []
    for scope, tokens in in_scopes.items():
        if scope == "other" and shares[scope] <= 0.0005:
            continue
        (row,) = store.dicts(
            f"""SELECT count(*) AS runs, sum(tokens) AS tokens, sum(tokens) / (SELECT sum(budget) FROM runs) AS of_budget,
            avg(tokens) AS mean, quantile_cont(tokens, [0.5, 0.95]) AS quantiles
            FROM (SELECT {tokens} AS tokens FROM runs) WHERE tokens > 0"""
        )
        median, p95 = row["quantiles"] or (None, None)
        figures = {"of_budget": row["of_budget"], "tokens_mean": row["mean"]}
        figures |= {"tokens_median": median, "tokens_p95": p95}
        rows.append(
            {"name": scope, "tokens": round(row["tokens"] or 0), "share": shares[scope], "runs": row["runs"]}
            | {key: None if value is None else round(value, 4) for key, value in figures.items()}
        )
    return rows


def _timeline(store: Store, first: datetime | None, last: datetime | None) -> list[dict[str, Any]]:
    """Figures per day, or per week where there are many days, without gaps: a day without runs has 0 runs."""
    if first is None or last is None:
        return []
    step = "day" if last - first <= timedelta(days=DAILY_UP_TO) else "week"
    rows = {
        row.pop("start"): row
        for row in store.dicts(
            f"""SELECT date_trunc('{step}', ended)::DATE AS start, count(*) AS runs,
            count(*) FILTER (WHERE NOT older) AS measured, sum(loaded) AS tokens_sent,
            sum(demand) AS demand, avg(exceeded::INT) AS exceedance,
            1 - sum(loaded) FILTER (WHERE scoped > 0) / nullif(sum(scoped), 0) AS reduction,
            avg(scoped) FILTER (WHERE scoped > 0) AS scoped_mean FROM runs GROUP BY 1 ORDER BY 1"""
        )
    }
    timeline = []
    at, stop = min(rows), max(rows)
    empty = {
        "runs": 0,
        "measured": 0,
        "tokens_sent": 0,
        "demand": 0,
        "exceedance": None,
        "reduction": None,
        "scoped_mean": None,
    }
    while at <= stop:
        timeline.append({"start": at.isoformat(), "step": step, **rows.get(at, empty)})
        at += timedelta(days=1 if step == "day" else 7)
    return timeline


def data_days(store: Store, now: datetime) -> float:
    """Days from the first record in the view to `now`; 0 without a record."""
    first = store.rows("SELECT min(ended) FROM runs")[0][0]
    return max(0.0, (now - first).total_seconds() / 86400) if first else 0.0
