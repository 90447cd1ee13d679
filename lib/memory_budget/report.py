"""The report on memory budgets: what the log says, what should change, how memory grows.

gather   everything the report shows, as JSON
render   one HTML page that needs nothing besides itself
write    gather and render into the cache folder, for the jobs
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from memory_budget import analytics, analytics_store, profiles, tuning
from memory_budget.errors import BudgetError
from memory_budget.project import Project, write_atomic

FOLDER = "reports"
TEMPLATE = "report.html"
#: Proposals listed in the page; all are counted.
PROPOSALS_SHOWN = 20


def gather(
    project: Project, days: int | None, *, logs: Sequence[str] | None = None, now: datetime | None = None
) -> dict[str, Any]:
    """Everything the report shows. `logs`: other logs than the project's. Raises BudgetError."""
    now = now or datetime.now()
    loaded = profiles.load(project.root, project.home)
    advice: dict[str, Any] | None = None
    with analytics_store.opened(project if logs is None else logs, days=days, now=now) as store:
        found = analytics.analyse(store, loaded.profiles, days=days, now=now)
        if loaded.problem is None:  # advice on defaults nobody uses would mislead
            advice = tuning.recommend_from(project, store, loaded.profiles, now=now, write=logs is None)
    return {
        "project": project.root,
        "analysis": found,
        "advice": advice,
        "problem": loaded.problem,
        "memory": _sizes(project, now),
        "thresholds": {
            key: loaded.profiles.section("health")[key] for key in ("warning", "critical", "limit")
        },
        "limit": loaded.profiles.section("tuning")["max_exceedance"],
        "proposals": _proposals(project),
    }


def render(found: dict[str, Any]) -> str:
    """The report as one HTML page. Raises BudgetError where a library for it is missing."""
    try:
        import jinja2

        from memory_budget import report_charts
    except ImportError as error:
        raise BudgetError(
            f"an HTML report needs the package {error.name}; run: python3 install.py"
        ) from error
    folder = os.path.join(os.path.dirname(__file__), "data")
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
        thousands=thousands,
        money=_money,
        sure=_sure,
        leaf=lambda name: name.rsplit("/", 1)[-1],
    )
    sizes = [(row["day"], row["tokens"]) for row in found["memory"]]
    drawn = report_charts.charts(found["analysis"], sizes, found["thresholds"], found["limit"])
    return environment.get_template(TEMPLATE).render(charts=drawn, **found)


def write(project: Project, days: int, *, now: datetime | None = None) -> str:
    """Write the report of the last `days` into the cache folder. Returns its path."""
    now = now or datetime.now()
    page = render(gather(project, days, now=now))
    path = f"{project.ensure_cache(FOLDER)}/{now:%Y-%m-%d}-{days}-days.html"
    write_atomic(path, page.encode("utf-8"))
    return path


def _sizes(project: Project, now: datetime) -> list[dict[str, Any]]:
    """Tokens of memory by day, as the daily job saw them."""
    from memory_budget.jobs import health

    today = now.toordinal()
    return [
        {"day": date.fromordinal(size.day).isoformat(), "tokens": size.tokens}
        for size in health.read_sizes(project)
        if today - 400 < size.day <= today
    ]


def _proposals(project: Project) -> dict[str, Any]:
    """What the jobs propose to do with memory files."""
    from memory_budget.jobs import proposals

    waiting = proposals.load(project)
    return {
        "count": len(waiting),
        "tokens": sum(proposal.tokens for proposal in waiting),
        "shown": [
            {
                "kind": proposal.kind,
                "title": proposal.title,
                "reason": proposal.reason,
                "tokens": proposal.tokens,
            }
            for proposal in waiting[:PROPOSALS_SHOWN]
        ],
    }


# -- how figures are written


def _count(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f}".replace(",", "\u202f")


def _percent(value: float | None, digits: int = 0) -> str:
    return "–" if value is None else f"{100 * value:.{digits}f}\u00a0%"


def _sure(confidence: float) -> str:
    """Nothing is known for certain from a sample."""
    return ">99\u00a0%" if confidence > 0.99 else _percent(confidence)


def thousands(value: float | None) -> str:
    """18,234 as 18.2K, 3,400,000 as 3.4M."""
    if value is None:
        return "–"
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "K")):
        if value >= size:
            return f"{value / size:.1f}".removesuffix(".0") + unit
    return f"{value:.0f}"


def _money(value: float | None, currency: str = "USD") -> str:
    if value is None:
        return "–"
    sign = {"USD": "$", "EUR": "€", "GBP": "£"}.get(currency)
    amount = f"{value:,.2f}" if value < 1000 else f"{value:,.0f}"
    return f"{sign}{amount}" if sign else f"{amount} {currency}"
