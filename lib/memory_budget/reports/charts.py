"""The charts of the HTML report: SVG drawn by pygal, without scripts, in the page's own colours.

Each chart is drawn twice, wide and narrow; the page shows the one that fits, so that text is readable on a phone, too.
pygal's own style is removed: the page's style sheet has rules for its classes, in light and dark.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import pygal
from markupsafe import Markup
from pygal.style import Style

from memory_budget.base.figures import percent, thousands
from memory_budget.settings.names import SCOPES
from memory_budget.text.time_words import MONTHS

WIDE, NARROW = 560, 350
#: Labels along the time axis.
_LABELS = {WIDE: 6, NARROW: 3}
_STYLES = re.compile(
    r"<defs><style.*?</style></defs>|<defs><style.*?</style>|<!--.*?-->|<script.*?</script>", re.S
)
SCOPE_NAMES = {
    "global": "global",
    "agent_recent": "agent, recent",
    "agent_patterns": "agent, patterns",
    "other": "other",
}


class Chart(NamedTuple):
    """A chart in both widths (pixels in `WIDE` and `NARROW`), its title, and a sentence on how to read it."""

    name: str
    title: str
    note: str
    wide: Markup
    narrow: Markup


def charts(
    analysis: dict[str, Any], sizes: Sequence[tuple[str, int]], thresholds: dict[str, int], limit: float
) -> list[Chart]:
    """The charts that there are data for.

    `analysis`: of `analytics.analyse`; `sizes`: (ISO date, tokens of memory); `thresholds`: tokens by name; `limit`: exceedance
    that is tolerated, 0 to 1.
    """
    drawn = []
    if analysis["agents"]:
        drawn += [_budgets_chart(analysis["agents"]), _scopes_chart(analysis["agents"])]
    timeline = [row for row in analysis["timeline"] if row["runs"]]
    if len(timeline) > 1:
        drawn += [_tokens_chart(analysis["timeline"]), _exceedance_chart(analysis["timeline"], limit)]
        if any(row["reduction"] is not None for row in timeline):
            drawn.append(_reduction_chart(analysis["timeline"]))
    if len(sizes) > 1:
        drawn.append(_growth_chart(sizes, thresholds))
    return drawn


def _budgets_chart(agents: Sequence[dict[str, Any]]) -> Chart:
    shown = agents[:12]

    def draw(width: int) -> pygal.HorizontalBar:
        chart = pygal.HorizontalBar(
            **_options(width, 70 + 46 * len(shown)), value_formatter=thousands, rounded_bars=2
        )
        chart.x_labels = [_short(agent["name"], width) for agent in reversed(shown)]
        for name, key in (
            ("budget", "budget_mean"),
            ("asked for", "demand_p95"),
            ("sent", "tokens_sent_mean"),
        ):
            chart.add(name, [agent[key] for agent in reversed(shown)])
        return chart

    more = f", the {len(shown)} with the most runs" if len(agents) > len(shown) else ""
    return _chart(
        "budgets",
        "Budget use by agent",
        f"Mean tokens per run against the mean budget{more}; asked for: the 95th percentile.",
        draw,
    )


def _scopes_chart(agents: Sequence[dict[str, Any]]) -> Chart:
    shown = [agent for agent in agents if agent["tokens_sent"]][:12]
    keys = [key for key in (*SCOPES, "other") if any(agent["scopes"][key] > 0.005 for agent in shown)]

    def draw(width: int) -> pygal.HorizontalStackedBar:
        chart = pygal.HorizontalStackedBar(
            **_options(width, 70 + 46 * len(shown)), value_formatter=percent, range=(0, 1)
        )
        chart.x_labels = [_short(agent["name"], width) for agent in reversed(shown)]
        chart.y_labels = [0, 0.25, 0.5, 0.75, 1]
        for key in keys:
            chart.add(SCOPE_NAMES[key], [agent["scopes"][key] for agent in reversed(shown)])
        return chart

    return _chart("scopes", "Scope shares", "Where the tokens sent came from.", draw)


def _tokens_chart(timeline: Sequence[dict[str, Any]]) -> Chart:
    def draw(width: int) -> pygal.Bar:
        chart = pygal.Bar(**_options(width, 260), value_formatter=thousands, show_legend=False, spacing=6)
        _label_days(chart, timeline, width)
        chart.add("sent", [row["tokens_sent"] for row in timeline])
        return chart

    return _chart("tokens", "Memory sent", f"Tokens per {timeline[0]['step']}.", draw)


def _exceedance_chart(timeline: Sequence[dict[str, Any]], limit: float) -> Chart:
    smooth = _rolling(timeline)

    def draw(width: int) -> pygal.Line:
        most = max([value for value in smooth if value is not None] + [limit])
        chart = pygal.Line(
            **_options(width, 260), value_formatter=percent, show_dots=False, range=(0, most * 1.15)
        )
        _label_days(chart, timeline, width)
        chart.add("limit", [limit] * len(timeline))
        chart.add("needed more", smooth)
        return chart

    each = timeline[0]["step"]
    note = "Share of runs that needed more than their budget" + (
        ", mean of 7 days." if each == "day" else ", by week."
    )
    return _chart("exceedance", "Needed more than the budget, over time", note, draw)


def _reduction_chart(timeline: Sequence[dict[str, Any]]) -> Chart:
    def draw(width: int) -> pygal.Line:
        chart = pygal.Line(
            **_options(width, 260),
            value_formatter=percent,
            show_dots=False,
            range=(0, 1),
            show_legend=False,
        )
        _label_days(chart, timeline, width)
        chart.y_labels = [0, 0.25, 0.5, 0.75, 1]
        chart.add("reduction", [row["reduction"] for row in timeline], allow_interruptions=False)
        return chart

    return _chart(
        "reduction", "Memory left out, over time", "Share of the memory in scope that was not sent.", draw
    )


def _growth_chart(sizes: Sequence[tuple[str, int]], thresholds: dict[str, int]) -> Chart:
    largest = max(tokens for _, tokens in sizes)
    lines = [
        (name, tokens)
        for name, tokens in sorted(thresholds.items(), key=lambda item: item[1])
        if tokens <= 3 * largest
    ]

    def draw(width: int) -> pygal.Line:
        top = max([largest, *(tokens for _, tokens in lines)])
        chart = pygal.Line(
            **_options(width, 260), value_formatter=thousands, show_dots=False, range=(0, top * 1.1)
        )
        _label_days(chart, [{"start": day} for day, _ in sizes], width)
        chart.add("memory", [tokens for _, tokens in sizes])
        for name, tokens in lines:
            chart.add(f"{name} {thousands(tokens)}", [tokens] * len(sizes))
        return chart

    return _chart("growth", "Memory growth", "Tokens of memory, and the thresholds of health.", draw)


# -- drawing


def _chart(name: str, title: str, note: str, draw: Callable[[int], Any]) -> Chart:
    return Chart(name, title, note, _svg(draw(WIDE), title), _svg(draw(NARROW), title))


def _svg(chart: Any, title: str) -> Markup:
    """The SVG without pygal's style, scripts and comments; pygal escapes every text in it."""
    # One row of names, or, where it is narrow, one name a row: pygal leaves no room for a last row that is not full.
    chart.legend_at_bottom_columns = 1 if chart.config.width == NARROW else max(1, len(chart.raw_series))
    text = _STYLES.sub("", chart.render(is_unicode=True))
    return Markup(text.replace("<svg ", f'<svg role="img" aria-label="{Markup.escape(title)}" ', 1))


def _options(width: int, height: int) -> dict[str, Any]:
    return {
        "width": width,
        "height": height,
        "style": Style(label_font_size=12, major_label_font_size=12, legend_font_size=12),
        "js": [],
        "disable_xml_declaration": True,
        "legend_at_bottom": True,
        "legend_box_size": 11,
        "margin": 4,
        "margin_right": 14,
        "show_x_guides": False,
        "print_values": False,
        "max_scale": 5,
        "no_data_text": "no runs",
        "truncate_legend": -1,
        "truncate_label": -1,
    }


def _label_days(chart: Any, timeline: Sequence[dict[str, Any]], width: int) -> None:
    """Label a few dates along the axis, the last one among them."""
    days = [f"{MONTHS[int(row['start'][5:7]) - 1][:3].title()} {int(row['start'][8:10])}" for row in timeline]
    step = max(1, -(-len(days) // _LABELS[width]))
    chart.x_labels = days
    chart.x_labels_major = [day for number, day in enumerate(days) if (len(days) - 1 - number) % step == 0]
    chart.show_minor_x_labels = False


def _rolling(timeline: Sequence[dict[str, Any]]) -> list[float | None]:
    """Exceedance over the last 7 days, weighted by the runs whose demand is known; of weeks as it is."""
    if timeline[0]["step"] != "day":
        return [row["exceedance"] for row in timeline]
    means: list[float | None] = []
    for number in range(len(timeline)):
        window = timeline[max(0, number - 6) : number + 1]
        runs = sum(row["measured"] for row in window)
        exceeded = sum(row["measured"] * (row["exceedance"] or 0.0) for row in window)
        means.append(exceeded / runs if runs else None)
    return means


def _short(name: str, width: int) -> str:
    leaf = name.rsplit("/", 1)[-1]
    most = 26 if width == WIDE else 15
    return leaf if len(leaf) <= most else leaf[: most - 1] + "…"
