"""The few figures of a report that need no library: overall and per agent, profile, tier or model.

The same names and meanings as in `analytics`, which finds them with DuckDB, and more: see its definitions.
"""

from __future__ import annotations

import glob
import os
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from memory_budget.base.errors import BudgetError
from memory_budget.base.project import Project
from memory_budget.log import lines, usage
from memory_budget.reports import columns

#: Dimensions of the report: the key of the result, and the field of a record; `first_tier` is the tier before any bump.
DIMENSIONS = {"agents": "agent", "profiles": "profile", "tiers": "first_tier", "models": "model"}
#: Bad lines that are named; all are counted.
NAMED = 20


def summarise(
    logs: Project | Sequence[str], days: int | None, *, now: datetime | None = None
) -> dict[str, Any]:
    """Figures of the runs that ended in the last `days`, in the form of `analytics.analyse`, as far as they go."""
    since = (now or datetime.now()) - timedelta(days=days) if days is not None else None
    bad: list[str] = []
    count = 0
    runs: list[dict[str, Any]] = []
    seen: set[int] = set()
    repeated = 0
    for entry, mark in _entries(logs):
        if isinstance(entry, usage.BadLine):
            count += 1
            bad += [str(entry)] if len(bad) < NAMED else []
        elif mark in seen:
            repeated += 1
        else:
            seen.add(mark)
            if since is None or _ended(entry) >= since:
                runs.append(entry)
    ended = sorted(_ended(run) for run in runs)
    figures: dict[str, Any] = {
        "days": days,
        "first": ended[0].isoformat() if ended else None,
        "last": ended[-1].isoformat() if ended else None,
        "repeated_records": repeated,
        "bad_lines": {"count": count, "named": bad},
        "left_out": columns.left_out(sum(map(lines.is_older, runs))),
        "overall": _figures("all", runs),
    }
    for key, field in DIMENSIONS.items():
        groups: dict[str, list[dict[str, Any]]] = {}
        for run in runs:
            groups.setdefault(_name(run, field), []).append(run)
        rows = [_figures(name or "unknown", group) for name, group in groups.items()]
        figures[key] = sorted(rows, key=lambda row: (-row["runs"], row["name"]))
    return figures


def expand(patterns: Sequence[str]) -> list[str]:
    """Files named by paths and globs, each once, and not a file beside its compressed copy, which is a rotation not
    quite at its end. Raises BudgetError for one that names none.
    """
    paths: dict[str, str] = {}
    for pattern in patterns:
        expanded = os.path.expanduser(pattern)
        names = [expanded] if os.path.isfile(expanded) else sorted(glob.glob(expanded, recursive=True))
        if os.path.isdir(expanded):
            raise BudgetError(
                f"{pattern}: a folder; name the logs in it, such as {pattern.rstrip('/')}/*.jsonl*"
            )
        names = [name for name in names if os.path.isfile(name)]
        if not names:
            raise BudgetError(f"{pattern}: no such file")
        for name in names:
            paths.setdefault(os.path.realpath(name), name)
    return [name for path, name in paths.items() if f"{path}.gz" not in paths]


def _entries(logs: Project | Sequence[str]) -> Iterator[tuple[dict[str, Any] | usage.BadLine, int]]:
    """Records and bad lines of logs, each with a hash of the line that is the same for the same record."""
    for path in usage.files(logs) if isinstance(logs, Project) else logs:
        try:
            for number, line in lines.lines(path):
                record = lines.record(line)
                if isinstance(record, dict):
                    yield record, hash(line.strip())
                elif record:
                    yield usage.BadLine(path, number, record), 0
        except lines.BROKEN as error:
            yield lines.no_further(path, error), 0


def _ended(run: Mapping[str, Any]) -> datetime:
    return lines.local_time(run["timestamp"])


def _name(run: Mapping[str, Any], field: str) -> str:
    value = (run.get("bumped_from") or run.get("complexity")) if field == "first_tier" else run.get(field)
    return value if isinstance(value, str) else ""


def _number(run: Mapping[str, Any], field: str) -> float:
    value = run.get(field)
    return float(value) if lines.is_figure(value) else 0.0


def _figures(name: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """One group as the report has it; None where there is nothing to measure."""
    sent = [_number(run, "tokens_loaded") for run in runs]
    budgets = [_number(run, "budget_allocated") for run in runs]
    scoped = [_number(run, "scoped_tokens") for run in runs]
    uses = [100 * loaded / budget for loaded, budget in zip(sent, budgets, strict=True) if budget > 0]
    outlines = [run for run in runs if _number(run, "outline_files") > 0]
    measured = [run for run in runs if not lines.is_older(run)]
    exceeded = sum(run.get("exceeded_budget") is True for run in measured)
    of_scoped = sum(loaded for loaded, all_of_it in zip(sent, scoped, strict=True) if all_of_it > 0)
    return {
        "name": name,
        "runs": len(runs),
        "tokens_sent": round(sum(sent)),
        "tokens_sent_mean": _mean(sent),
        "budget_mean": _mean(budgets),
        "use_mean": _mean(uses),
        "use_median": _quantile(uses, 0.5),
        "use_p95": _quantile(uses, 0.95),
        "exceeded": exceeded,
        "measured": len(measured),
        "exceedance": round(exceeded / len(measured), 4) if measured else None,
        "reduction": round(1 - of_scoped / sum(scoped), 6) if sum(scoped) else None,
        "on_demand_runs": sum(_number(run, "on_demand_tokens") > 0 for run in runs),
        "outline_runs": len(outlines),
        "outline_used": sum(_number(run, "outline_reads") > 0 for run in outlines),
        "outline_tokens": round(sum(_number(run, "outline_tokens") for run in outlines)),
        "delivered": sum(run.get("delivered") in (True, "partly") for run in runs),
        "not_delivered": sum(run.get("delivered") is False for run in runs),
        "failed": sum(run.get("success") is False for run in runs),
    }


def _mean(values: Iterable[float]) -> float | None:
    values = list(values)
    return round(statistics.fmean(values), 4) if values else None


def _quantile(values: Sequence[float], share: float) -> float | None:
    """Between the two nearest values, as SQL's `quantile_cont` has it."""
    if not values:
        return None
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return round(ordered[low] + (ordered[high] - ordered[low]) * (place - low), 2)
