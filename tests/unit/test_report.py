from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from memory_budget.base import spawn
from memory_budget.base.project import Project
from memory_budget.cli.main import main
from memory_budget.reports import charts, report
from memory_budget.upkeep.report_inputs import report_inputs
from tests.support.environment import ROOT
from tests.support.usage_logs import needing, older, record, several, team_records, write_log

NOW = datetime(2026, 11, 21, 12, 0)


def make_project(root: Path, records: list[dict[str, Any]]) -> Project:
    project = Project(str(root), home=str(root / "nobody"))
    Path(project.memory).mkdir(parents=True)
    own = {"agent_assignments": {"dbt-expert": "specialist-narrow"}}
    Path(project.memory, "budget-profiles.json").write_text(json.dumps(own))
    if records:
        write_log(Path(project.log), records)
    return project


def page_of(project: Project, days: int | None = 30, now: datetime = NOW) -> str:
    return report.render_report(report.gather_report(project, days, report_inputs(project, now), now=now))


class Outline(HTMLParser):
    """What a page refers to, and how its elements nest."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [
            value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "action")
        ]
        if tag not in ("meta", "link", "br", "path", "rect", "line", "circle", "text", "desc"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()


def test_the_page_needs_nothing_besides_itself(tmp_path: Path) -> None:
    page = page_of(make_project(tmp_path, list(team_records(20, NOW))))
    outline = Outline()
    outline.feed(page)
    assert outline.open == []
    assert "script" not in outline.tags
    assert set(outline.links) == {"data:,"}
    assert "url(" not in page
    assert "default-src 'none'" in page
    assert (
        outline.tags.count("svg") == 2 * 5
    )  # budgets, scopes, tokens, exceedance, reduction; wide and narrow


def test_the_page_shows_the_logs_figures(tmp_path: Path) -> None:
    project = make_project(
        tmp_path,
        [needing(8_000, timestamp="2026-11-20T10:00:00"), needing(30_000, timestamp="2026-11-19T10:00:00")],
    )
    page = page_of(project)
    assert "<b>38K</b><span>tokens of memory sent</span>" in page
    assert "<b>50.0\u00a0%</b><span>needed more than the budget</span>" in page
    assert "2026-11-19 to 2026-11-20, the last 30 days" in page


def test_text_from_the_log_is_text(tmp_path: Path) -> None:
    name = "<script>alert(1)</script>&\"'"
    page = page_of(
        make_project(
            tmp_path,
            several(12, record(agent=name, model=name, profile=name, timestamp="2026-11-20T10:00:00")),
        )
    )
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_project_without_a_log(tmp_path: Path) -> None:
    page = page_of(make_project(tmp_path, []))
    assert "no runs in the last 30 days" in page
    assert "<svg" not in page
    assert not Path(tmp_path / ".claude/cache").exists()


def test_bad_lines_are_named(tmp_path: Path) -> None:
    project = make_project(tmp_path, [record(timestamp="2026-11-20T10:00:00")])
    with open(project.log, "a") as log:
        log.write("[]\n")
    assert f"{project.log}:2: not a usage record but list" in page_of(project)


def test_a_broken_profiles_file_is_said_and_the_rest_is_shown(tmp_path: Path) -> None:
    project = make_project(tmp_path, [record(timestamp="2026-11-20T10:00:00")])
    (Path(project.memory) / "budget-profiles.json").write_text("{")
    page = page_of(project)
    assert "budget-profiles.json:1" in page
    assert "dbt-expert" in page


def test_recommendations_come_with_their_evidence(tmp_path: Path) -> None:
    stamps = [(NOW - timedelta(hours=7 * number)).isoformat() for number in range(100)]
    page = page_of(make_project(tmp_path, [needing(30_000, timestamp=stamp) for stamp in stamps]))
    assert re.search(r"dbt-expert <small>specialist-narrow → specialist-broad", page)
    assert "&gt;99\u00a0%</b> sure" in page
    assert "100.0 % of 100 runs need more than specialist-narrow gives" in page


@pytest.mark.parametrize(
    ("needs", "said", "unsaid"),
    [
        ([9_000], "No agent that gets memory has 10 runs yet", "Nothing to change"),
        ([9_000] * 60, "Nothing to change", "No agent that gets memory"),
        ([15_000] * 18 + [24_000] * 2, "Not sure enough to be written", "Nothing to change"),
        ([30_000] * 60, "specialist-broad", "Not sure enough to be written"),
    ],
)
def test_it_says_what_comes_of_the_advice(tmp_path: Path, needs: list[int], said: str, unsaid: str) -> None:
    stamp = (NOW - timedelta(hours=7)).isoformat()
    page = page_of(
        make_project(
            tmp_path,
            [needing(need, timestamp=stamp, allocation_id=str(run)) for run, need in enumerate(needs)],
        )
    )
    assert said in page
    assert unsaid not in page


def test_write_for_the_jobs(tmp_path: Path) -> None:
    project = make_project(tmp_path, [record(timestamp="2026-11-20T10:00:00")])
    path = report.write_report(
        project, 7, report.gather_report(project, 7, report_inputs(project, NOW), now=NOW), NOW
    )
    assert path == f"{project.cache}/reports/2026-11-21-7-days.html"
    assert Path(path).read_text(encoding="utf-8").startswith("<!doctype html>")
    assert (Path(project.cache) / ".gitignore").exists()


def test_the_command(tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stamp = (datetime.now() - timedelta(days=2)).isoformat()
    project = make_project(tmp_path / "p", several(3, needing(30_000, timestamp=stamp)))
    assert main(["report", "--project", project.root]) == 0
    shown = capsys.readouterr().out
    assert "3 agent runs, 90K tokens of memory sent" in shown
    assert "3 of 3 runs needed more than the budget" in shown
    assert "dbt-expert" in shown
    assert all(len(line) <= 80 for line in shown.splitlines() if project.root not in line)
    before = sorted(Path(project.root).rglob("*"))
    for by in ("agent", "profile", "difficulty", "model", "scope"):
        assert main(["report", "--by", by, "--project", project.root]) == 0
        assert f"By {by}" in capsys.readouterr().out
    assert main(["report", "--api", "--project", project.root]) == 0
    assert "API tokens and cost" in capsys.readouterr().out
    assert sorted(Path(project.root).rglob("*")) == before  # it writes nothing but what it is asked for
    assert main(["report", "--json", "--project", project.root]) == 0
    assert json.loads(capsys.readouterr().out)["analysis"]["overall"]["exceedance"] == 1.0
    assert main(["report", "--days", "1", "--json", "--project", project.root]) == 0
    assert json.loads(capsys.readouterr().out)["analysis"]["overall"]["runs"] == 0
    target = tmp_path / "out.html"
    assert main(["report", "--html", str(target), "--project", project.root]) == 0
    assert "</html>" in target.read_text(encoding="utf-8")
    assert main(["report", "--html", str(tmp_path / "no/folder.html"), "--project", project.root]) == 1
    with pytest.raises(SystemExit, match="2"):
        main(["report", "--days", "0", "--project", project.root])
    assert "no number of days from 1" in capsys.readouterr().err


def test_a_page_goes_where_a_link_leads_and_into_a_pipe(tmp_path: Path, home: Path) -> None:
    project = make_project(tmp_path / "p", several(3, needing(30_000)))
    page, link, pipe = tmp_path / "pages/out.html", tmp_path / "link.html", tmp_path / "pipe"
    page.parent.mkdir()
    page.write_text("an older page")
    link.symlink_to(page)
    assert main(["report", "--all", "--html", str(link), "--project", project.root]) == 0
    assert link.is_symlink()
    assert "</html>" in page.read_text(encoding="utf-8")
    os.mkfifo(pipe)
    with subprocess.Popen(["cat", str(pipe)], stdout=subprocess.PIPE) as reader:
        try:
            assert main(["report", "--all", "--html", str(pipe), "--project", project.root]) == 0
            assert pipe.is_fifo()
            assert b"</html>" in reader.communicate(timeout=60)[0]
        finally:
            reader.kill()


@pytest.mark.parametrize("path", ["/dev/stdout", "/dev/fd/1", "/dev/../dev/stdout"])
def test_a_page_goes_through_an_open_descriptor(path: str, tmp_path: Path, home: Path) -> None:
    """`>>` of the shell adds the page to a file, and the file stays the one that the shell opened."""
    project = make_project(tmp_path / "p", several(3, needing(30_000)))
    target = tmp_path / "all.html"
    target.write_text("an older page\n")
    same = target.stat().st_ino
    command = [
        sys.executable,
        "-m",
        "memory_budget",
        "report",
        "--all",
        "--html",
        path,
        "--project",
        project.root,
    ]
    with target.open("ab") as out:
        subprocess.run(command, stdout=out, check=True, env={**os.environ, "PYTHONPATH": str(ROOT / "lib")})
    text = target.read_text(encoding="utf-8")
    assert text.startswith("an older page\n<!")
    assert text.rstrip().endswith("</html>")
    assert target.stat().st_ino == same
    assert os.listdir(tmp_path).count("all.html") == 1


@pytest.mark.parametrize("verb", ["report", "tune"])
def test_days_beyond_the_calendar(
    verb: str, tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main([verb, "--days", "999999999999", "--project", str(tmp_path)])
    assert "no number of days from 1 to 36500" in capsys.readouterr().err
    assert main([verb, "--days", "36500", "--project", str(tmp_path)]) == 0


def test_a_fleets_logs(tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(3):
        write_log(
            tmp_path / f"host-{number}" / "budget-usage.jsonl", several(2, record(agent=f"agent-{number}"))
        )
    (tmp_path / "p").mkdir()
    arguments = ["report", "--json", "--project", str(tmp_path / "p"), "--log"]
    assert main([*arguments, str(tmp_path / "host-*/*.jsonl")]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["analysis"]["overall"]["runs"] == 6
    assert len(found["analysis"]["files"]) == 3
    assert not (tmp_path / "p/.claude").exists()
    one, two, three = (str(tmp_path / f"host-{number}/*.jsonl") for number in range(3))
    assert main([*arguments, one, two, "--log", three]) == 0
    assert json.loads(capsys.readouterr().out)["analysis"]["overall"]["runs"] == 6
    assert main([*arguments, str(tmp_path / "nothing-*")]) == 1
    assert "no such file" in capsys.readouterr().err
    assert main([*arguments, str(tmp_path / "host-1")]) == 1
    assert "a folder; name the logs in it" in capsys.readouterr().err


@pytest.mark.parametrize("verb", ["report", "tune"])
def test_names_from_a_log_do_not_command_the_terminal(
    verb: str, tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stamp = (datetime.now() - timedelta(days=2)).isoformat()
    strange = "a\x1b[2Jb\x9b31m\r\nc"
    entries = several(12, needing(9_000, timestamp=stamp, agent=strange, model=strange, profile=strange))
    entries += [
        record(timestamp=stamp, agent=strange, task=strange, complexity="simple", demand_tokens=40_000)
    ] * 30
    log = write_log(tmp_path / "log.jsonl", entries)
    with log.open("a") as file:
        file.write("\x1b[2J\n")
    (tmp_path / "p").mkdir()
    assert main([verb, "--project", str(tmp_path / "p"), "--log", str(log)]) == 0
    shown = capsys.readouterr().out
    assert "a [2Jb 31m" in shown
    assert not set(shown) & {"\x1b", "\x9b", "\r"}


def test_without_duckdb_the_text_says_the_same(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stamp = (datetime.now() - timedelta(days=2)).isoformat()
    entries = [
        needing(30_000, timestamp=stamp, outline_files=2, outline_reads=1, outline_tokens=90),
        needing(5_000, timestamp=stamp, outline_files=1),
        needing(6_000, timestamp=stamp, outline_files=1),
        older(needing(70_000, timestamp=stamp)),
    ]
    project = make_project(tmp_path / "p", entries)
    said = []
    for there in (True, False):
        monkeypatch.setattr("memory_budget.cli.report._has_duckdb", lambda there=there: there)
        assert main(["report", "--by", "profile", "--project", project.root]) == 0
        said.append([line for line in capsys.readouterr().out.splitlines() if "spent" not in line])
    assert said[0] == said[1]
    text = " ".join(" ".join(said[0]).split())
    assert "1 of 3 runs needed more than the budget" in text
    assert "of 3 agents that got an outline, 33 % opened something it named" in text
    assert "1 older record left out of what tasks needed: schema_version below 2" in text
    page = page_of(project, now=datetime.now())
    assert "Of 3 agents that got an outline, 33\u00a0% opened something it named." in page
    assert "1 older record left out of what tasks needed: schema_version below 2" in page


def test_agents_on_the_right_profile_are_no_suggestions(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stamps = [(datetime.now() - timedelta(hours=7 * number)).isoformat() for number in range(1, 100)]
    project = make_project(tmp_path / "p", [needing(9_000, timestamp=stamp) for stamp in stamps])
    assert main(["report", "--project", project.root]) == 0
    assert "for budgets" not in capsys.readouterr().out


def test_a_missing_library_is_installed_where_that_is_not_forbidden(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(tmp_path / "p", [])
    calls: list[list[str]] = []

    def run(argv: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        calls.append(argv[argv.index(spawn.MAIN) + 1 :])
        return subprocess.CompletedProcess(argv, 0)

    monkeypatch.setattr("memory_budget.cli.missing.subprocess.run", run)
    monkeypatch.setitem(sys.modules, "duckdb", None)
    command = ["report", "--json", "--project", project.root]
    assert main(command) == 0
    assert calls == [["setup", "--all"], command]
    assert "74 MB" in capsys.readouterr().err
    monkeypatch.setenv("MEMORY_BUDGET_LIBRARIES", "never")
    assert main(command) == 1
    assert "this needs the library duckdb; run: memory-budget setup --all" in capsys.readouterr().err
    assert len(calls) == 2


def test_a_job_without_duckdb_is_no_failure(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(tmp_path / "p", [needing(5_000)])
    Path(project.memory, "patterns").mkdir()
    Path(project.memory, "patterns/a.md").write_text("# A\n\nText.\n")
    for name in [name for name in sys.modules if name.startswith("memory_budget.reports")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "duckdb", None)
    assert main(["run", "weekly", "--project", project.root]) == 0
    assert "report: waits for the library duckdb (memory-budget setup --all)" in capsys.readouterr().out


def test_records_of_the_older_demand_are_no_part_of_the_curve() -> None:
    days = [{"step": "day", "runs": 100, "measured": 0, "exceedance": None}] * 6
    days.append({"step": "day", "runs": 10, "measured": 10, "exceedance": 0.5})
    assert charts._rolling(days) == [None] * 6 + [0.5]
