"""The HTML report in a real browser: it opens without a word on the console, its charts are drawn, and it can be read."""

from __future__ import annotations

import html
import json
import os
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from memory_budget.base.project import Project
from memory_budget.reports import report
from memory_budget.upkeep.report_inputs import report_inputs
from tests.support import browser
from tests.support.usage_logs import record, several, team_records, write_log

NOW = datetime(2026, 11, 23, 7, 0)
PROGRAM = browser.find()
pytestmark = pytest.mark.skipif(PROGRAM is None and not os.environ.get("CI"), reason="no Chromium here")

#: Puts the page in a frame of the wanted width and writes down what came of it.
_MEASURE = """<!doctype html><meta charset="utf-8"><body><script>
const frame = document.createElement("iframe");
frame.style.cssText = "border:0;width:WIDTHpx;height:1200px";
frame.srcdoc = PAGE;
frame.onload = () => {
  const page = frame.contentDocument, shown = [...page.querySelectorAll("svg")].filter(s => s.getBoundingClientRect().width > 0);
  const texts = shown.flatMap(s => [...s.querySelectorAll("text")].filter(t => t.textContent && t.getBoundingClientRect().width > 0)
    .map(t => t.getBoundingClientRect().height));
  const marks = shown.map(s => [...s.querySelectorAll(".series rect, .series path")].filter(m => {
    const box = m.getBoundingClientRect(); return box.width > 0 || box.height > 0; }).length);
  const style = name => page.defaultView.getComputedStyle(page.querySelector(name));
  const found = JSON.stringify({
    width: page.documentElement.scrollWidth, charts: shown.length, marks, smallest: Math.min(...texts),
    budgets: [...page.querySelectorAll("section > .scroll td:nth-child(6)")].map(c => c.getBoundingClientRect().right),
    sides: shown.map(s => [s.getBoundingClientRect().left, s.getBoundingClientRect().right]),
    page: style("body").backgroundColor, ink: style("body").color,
    line: style(".exceedance .serie-1 .line").stroke, fill: style(".exceedance .serie-1 .line").fill,
  });
  document.body.innerHTML = "";
  document.body.dataset.found = found;
};
document.body.append(frame);
</script>"""


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A team's report; one of its agents has a very long name."""
    assert PROGRAM is not None, "no Chromium here, and CI must not pass without one"
    root = tmp_path_factory.mktemp("report")
    project = Project(str(root / "project"), home=str(root / "home"))
    Path(project.memory).mkdir(parents=True)
    long = record(agent="roles/" + "every-table-of-the-warehouse-" * 8, timestamp="2026-11-20T10:00:00")
    write_log(Path(project.log), [*team_records(40, NOW), *several(12, long)])
    found = report.gather_report(project, 40, report_inputs(project, NOW), now=NOW)
    found["memory"] = [{"day": f"2026-11-{day:02}", "tokens": 120_000 + 900 * day} for day in range(1, 23)]
    path = root / "report.html"
    path.write_text(report.render_report(found), encoding="utf-8")
    return path


def console(page: Path, tmp_path: Path) -> list[str]:
    assert PROGRAM is not None
    done = browser.run(PROGRAM, tmp_path / "profile", "--dump-dom", page.as_uri())
    assert "</svg>" in done.stdout
    return [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def measured(page: Path, tmp_path: Path, width: int, *arguments: str) -> dict[str, Any]:
    """How the page looks in a frame of this width."""
    assert PROGRAM is not None
    text = json.dumps(page.read_text(encoding="utf-8")).replace("</", "<\\/")
    frame = tmp_path / "frame.html"
    frame.write_text(_MEASURE.replace("WIDTH", str(width)).replace("PAGE", text), encoding="utf-8")
    done = browser.run(
        PROGRAM, tmp_path / "profile", "--window-size=1400,1300", *arguments, "--dump-dom", frame.as_uri()
    )
    match = re.search(r'data-found="([^"]*)"', done.stdout)
    assert match, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(html.unescape(match[1]))
    return found


def test_nothing_is_said_on_the_console(page: Path, tmp_path: Path) -> None:
    assert console(page, tmp_path) == []


def test_the_console_would_be_heard(tmp_path: Path) -> None:
    broken = tmp_path / "broken.html"
    broken.write_text("<svg></svg><script>nothing.here()</script>")
    assert len(console(broken, tmp_path)) == 1


@pytest.mark.parametrize("width", [1280, 400])
def test_it_can_be_read(page: Path, tmp_path: Path, width: int) -> None:
    found = measured(page, tmp_path, width)
    assert found["width"] <= width  # nothing has to be scrolled sideways
    assert found["charts"] == 6
    assert min(found["marks"]) >= 1
    assert found["smallest"] >= 11
    assert all(0 <= left < right <= width for left, right in found["sides"])
    # The tables are wider than a phone and scroll in their cards; no name pushes the budget farther than that.
    assert max(found["budgets"]) <= max(width, 700)


def test_light_and_dark(page: Path, tmp_path: Path) -> None:
    light = measured(page, tmp_path, 1280, "--blink-settings=preferredColorScheme=1")
    dark = measured(page, tmp_path, 1280, "--blink-settings=preferredColorScheme=0")
    assert brightness(light["page"]) > 230 > 60 > brightness(light["ink"])
    assert brightness(dark["page"]) < 40 < 200 < brightness(dark["ink"])
    assert light["line"] != dark["line"]
    assert light["fill"] == dark["fill"] == "none"


def brightness(color: str) -> float:
    return sum(map(int, re.findall(r"\d+", color)[:3])) / 3
