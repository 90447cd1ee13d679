"""Draws the report of a made-up data team, and a picture of it: `docs/report.png` in the README.

    python3 tests/bench/report_screenshot.py [--html FILE] [--png FILE] [--width 1280] [--height 1102] [--dark]

The team's log is made by `tests/support/usage_logs.py`, the same on every run; without a browser only the page is made.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lib"))

from memory_budget.base.project import Project
from memory_budget.reports import report
from memory_budget.upkeep.report_inputs import report_inputs
from tests.support import browser, usage_logs

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 23, 7, 0)
PROPOSALS = (
    ("promotion", "Share “late-arriving rows” with every agent", "used 9 times by 3 agents in 30 days", 0),
    (
        "duplicates",
        "Keep one of 4 copies of warehouse-sizing.md",
        "the same text in four agents' folders",
        8_604,
    ),
    ("summaries", "Condense last-sprint.md into intermediate", "41 days old", 2_190),
    ("archival", "Archive legacy-scheduler.md", "not used for 212 days, confidence 0.55", 3_372),
)


def sample(folder: Path) -> dict[str, Any]:
    """Everything the report shows of the made-up team."""
    root = folder / "data-platform"
    project = Project(str(root), home=str(folder / "home"))
    Path(project.memory).mkdir(parents=True)
    shutil.copy(ROOT / "schemas/examples/data-team-profiles.json", project.memory + "/budget-profiles.json")
    usage_logs.write_log(Path(project.log), list(usage_logs.team_records(60, NOW)))
    found = report.gather_report(project, 60, report_inputs(project, NOW), now=NOW)
    rng = random.Random(5)
    tokens = 121_000.0
    for day in range(60, -1, -1):
        tokens += rng.uniform(-300, 1_050)
        found["memory"].append(
            {"day": (NOW - timedelta(days=day)).date().isoformat(), "tokens": round(tokens)}
        )
    found["proposals"] = {
        "count": len(PROPOSALS),
        "tokens": sum(proposal[3] for proposal in PROPOSALS),
        "shown": [
            dict(zip(("kind", "title", "reason", "tokens"), proposal, strict=True)) for proposal in PROPOSALS
        ],
    }
    return found


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--html", type=Path, help="keep the page here")
    parser.add_argument("--png", type=Path, default=ROOT / "docs/report.png")
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=1102)
    parser.add_argument("--dark", action="store_true")
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["HOME"] = name
        page = folder / "report.html"
        page.write_text(report.render_report(sample(folder)), encoding="utf-8")
        if args.html:
            args.html.write_bytes(page.read_bytes())
        program = browser.find()
        if program is None:
            print("no Chromium here: no picture", file=sys.stderr)
            return 0 if args.html else 1
        args.png.parent.mkdir(parents=True, exist_ok=True)
        browser.screenshot(
            program, folder / "profile", page, args.png.resolve(), args.width, args.height, dark=args.dark
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
