"""The report on memory budgets: what the log says, what should change, how memory grows.

    gather_report   the whole report as JSON
    render_report   the report as one HTML page that needs no other file
    write_report    the page in the cache folder, for the jobs

What the jobs know of memory itself (its size by day, pending proposals) is handed in: see `upkeep/report_inputs`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from memory_budget.base import figures, layout
from memory_budget.base.files import write_atomic
from memory_budget.base.project import Project
from memory_budget.index.in_force import profiles_in_force
from memory_budget.reports import analytics, tuning
from memory_budget.reports import store as reports_store

TEMPLATE = "report.html"


def gather_report(
    project: Project,
    days: int | None,
    upkeep: Mapping[str, Any],
    *,
    logs: Sequence[str] | None = None,
    now: datetime | None = None,
) -> dict[str, Any]:
    """The whole report. `days`: of the log, None for all; `upkeep`: the members "memory" and "proposals" (`report_inputs`);
    `logs`: other files than the project's log.

    Raises BudgetError, and ImportError where DuckDB is not installed.
    """
    now = now or datetime.now()
    loaded = profiles_in_force(project)
    advice: dict[str, Any] | None = None
    with reports_store.opened(project if logs is None else logs, days=days, now=now) as store:
        analysis = analytics.analyse(store, loaded.profiles, days=days, now=now)
        if loaded.problem is None:  # advice on the default profiles would mislead
            advice = tuning.recommend_from(project, store, loaded.profiles, now=now, write=False)
    return {
        "project": project.root,
        "analysis": analysis,
        "advice": advice,
        "problem": loaded.problem,
        "thresholds": {
            key: loaded.profiles.section("health")[key] for key in ("warning", "critical", "limit")
        },
        "limit": loaded.profiles.section("tuning")["max_exceedance"],
        **upkeep,
    }


def render_report(report: dict[str, Any]) -> str:
    """The report as one HTML page. Raises ImportError where a library for it is missing."""
    import jinja2

    from memory_budget.reports import charts

    folder = os.path.dirname(__file__)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(
        count=_count,
        percent=_percent,
        thousands=_thousands,
        money=_money,
        sure=_certainty,
        leaf=lambda name: name.rsplit("/", 1)[-1],
    )
    sizes = [(row["day"], row["tokens"]) for row in report["memory"]]
    drawn = charts.charts(report["analysis"], sizes, report["thresholds"], report["limit"])
    return environment.get_template(TEMPLATE).render(charts=drawn, **report)


def write_report(project: Project, days: int, gathered: dict[str, Any], now: datetime) -> str:
    """Write a gathered report on `days` days as a page: `reports/2026-11-21-7-days.html`. Returns its path."""
    page = render_report(gathered)
    path = f"{project.ensure_cache(layout.REPORTS)}/{now:%Y-%m-%d}-{days}-days.html"
    write_atomic(path, page.encode("utf-8"))
    return path


# -- how the page writes figures: without line breaks inside, a dash where there is none


def _count(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}".replace(",", "\u202f")


def _percent(share: float | None, digits: int = 0) -> str:
    return "–" if share is None else figures.percent(share, digits).replace(" ", "\u00a0")


def _certainty(confidence: float) -> str:
    return figures.certainty(confidence).replace(" ", "\u00a0")


def _thousands(value: float | None) -> str:
    return "–" if value is None else figures.thousands(value)


def _money(value: float | None, currency: str = "USD") -> str:
    """$1.23, €1,234, 5.00 CHF; a dash for None."""
    if value is None:
        return "–"
    sign = {"USD": "$", "EUR": "€", "GBP": "£"}.get(currency)
    amount = f"{value:,.2f}" if value < 1000 else f"{value:,.0f}"
    return f"{sign}{amount}" if sign else f"{amount} {currency}"
