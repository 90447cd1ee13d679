from __future__ import annotations

import gzip
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from memory_budget.base.errors import BudgetError
from memory_budget.base.project import Project
from memory_budget.log import usage
from memory_budget.reports import analytics, summary
from memory_budget.reports import store as reports_store
from memory_budget.settings import profiles
from tests.support.usage_logs import needing, older, record, several, team_records, write_log

NOW = datetime(2026, 11, 21, 12, 0)


def analyse(*paths: Path, days: int | None = None) -> dict[str, Any]:
    with reports_store.opened([str(path) for path in paths], days=days, now=NOW) as store:
        return analytics.analyse(store, profiles.defaults(), days=days, now=NOW)


def test_figures_of_a_few_runs(tmp_path: Path) -> None:
    log = write_log(
        tmp_path / "log.jsonl", [needing(8_000), needing(12_000), needing(30_000), needing(10_000)]
    )
    overall = analyse(log)["overall"]
    assert overall["runs"] == 4
    assert overall["tokens_sent"] == 60_000
    assert overall["demand_median"] == 11_000
    assert overall["use_mean"] == 75.0
    assert overall["exceedance"] == 0.25
    assert overall["reduction"] == pytest.approx(1 - 60_000 / 320_000)
    assert overall["delivered"] == 4
    assert overall["scopes"]["agent_patterns"] == pytest.approx(0.6)
    assert overall["api"]["requests"] == 12


def test_money_spent_and_saved(tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.jsonl", [record()])
    overall = analyse(log)["overall"]
    # Sonnet: 3, 15, 0.3 and 3.75 a million; 70,000 tokens not sent, written once and read twice.
    assert overall["spent"] == pytest.approx(
        (120 * 3 + 31_000 * 3.75 + 62_000 * 0.3 + 1_800 * 15) / 1e6, abs=1e-4
    )
    assert overall["saved"] == pytest.approx(70_000 * (3.75 + 2 * 0.3) / 1e6, abs=1e-4)


def test_a_model_without_a_price_is_named_and_costs_nothing(tmp_path: Path) -> None:
    found = analyse(write_log(tmp_path / "log.jsonl", [record(model="other-model-1"), record(model=None)]))
    assert found["unpriced_models"] == ["other-model-1"]
    assert found["overall"]["spent"] is None


def test_groups(tmp_path: Path) -> None:
    log = write_log(
        tmp_path / "log.jsonl",
        [record(), record(agent="b", profile="role-architect", model=None), record(bumped_from="simple")],
    )
    found = analyse(log)
    assert [(row["name"], row["runs"]) for row in found["agents"]] == [
        ("specialists/dbt-expert", 2),
        ("b", 1),
    ]
    assert [(row["name"], row["runs"]) for row in found["tiers"]] == [("simple", 1), ("medium", 2)]
    assert {row["name"] for row in found["models"]} == {"claude-sonnet-4-6", "unknown"}
    assert {row["name"]: row["hook_ms_median"] for row in found["models"]}["unknown"] == 20.0


def test_scopes(tmp_path: Path) -> None:
    """Figures of a scope are over the runs that got something from it; tokens that no scope accounts for are there, too."""
    breakdowns = [{"global": 2_000, "agent_recent": 8_000}, {"global": 4_000}, {"global": 0}, "none"]
    log = write_log(tmp_path / "log.jsonl", [record(scope_breakdown=parts) for parts in breakdowns])
    shown = {row.pop("name"): row for row in analyse(log)["scopes"]}
    assert shown["global"] == {
        "tokens": 6_000, "share": 0.15, "of_budget": 0.075, "runs": 2,
        "tokens_mean": 3_000, "tokens_median": 3_000, "tokens_p95": 3_900,
    }  # fmt: skip
    assert (shown["agent_recent"]["runs"], shown["agent_recent"]["tokens"]) == (1, 8_000)
    assert shown["agent_patterns"]["runs"] == 0
    assert shown["agent_patterns"]["tokens_mean"] is None
    assert (shown["other"]["runs"], shown["other"]["tokens"]) == (3, 26_000)


def test_records_of_other_writers_are_read(tmp_path: Path) -> None:
    fields = (
        "timestamp", "agent", "task", "complexity", "budget_allocated", "tokens_loaded", "usage_pct", "exceeded_budget",
        "scope_breakdown", "warnings_count", "warnings", "duration_seconds", "success", "error",
    )  # fmt: skip
    old = {key: value for key, value in record().items() if key in fields}
    old["scope_breakdown"] = {"agent-specific": 6_000, "global": 4_000}
    found = analyse(write_log(tmp_path / "log.jsonl", [old]))
    assert found["overall"]["demand"] == 10_000
    assert found["overall"]["reduction"] is None
    assert found["overall"]["api"] is None
    assert found["overall"]["scopes"]["other"] == pytest.approx(0.6)
    assert found["profiles"][0]["name"] == "unknown"


def test_how_an_outline_was_used_is_told_of_records_that_know(tmp_path: Path) -> None:
    before = {key: value for key, value in record().items() if not key.startswith("outline_")}
    entries = [
        record(outline_files=5, outline_reads=1, outline_tokens=400, on_demand_tokens=900),
        record(outline_files=2),
        record(outline_files=3, outline_reads=3, outline_tokens=2_000, on_demand_tokens=2_000),
        record(),  # got none
        *several(6, before | {"schema_version": 2, "on_demand_tokens": 50}),
    ]
    overall = analyse(write_log(tmp_path / "log.jsonl", entries))["overall"]
    assert overall["runs"] == 10
    assert (overall["outline_runs"], overall["outline_used"], overall["outline_tokens"]) == (3, 2, 2_400)
    alone = analyse(write_log(tmp_path / "log.jsonl", entries[-6:]))["overall"]
    assert (alone["outline_runs"], alone["outline_used"], alone["outline_tokens"]) == (0, 0, 0)


def test_demand_of_older_records_is_not_known(tmp_path: Path) -> None:
    new = [needing(8_000), needing(12_000), needing(30_000), needing(10_000)]
    entries = [*new, *several(9, older(needing(50_000)))]
    found = analyse(write_log(tmp_path / "log.jsonl", entries))
    overall = found["overall"]
    assert overall["runs"] == 13
    assert overall["tokens_sent"] == 60_000 + 9 * 40_000
    assert (overall["demand_median"], overall["demand_mean"]) == (11_000, 15_000)
    assert (overall["measured"], overall["exceeded"], overall["exceedance"]) == (4, 1, 0.25)
    assert found["timeline"][0]["exceedance"] == 0.25
    assert found["left_out"]["records"] == 9
    only = analyse(write_log(tmp_path / "log.jsonl", entries[4:]))["overall"]
    assert (only["demand_median"], only["exceedance"]) == (None, None)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"[]", "not a usage record but list"),
        (b"null", "not a usage record but NoneType"),
        (b'{"agent": "a"', "not JSON"),
        (b'{"agent": "\xff"}', "not JSON"),
        (b'{"x": 1}', "no agent"),
        (b'{"agent": "a"}', "no time"),
        (b'{"agent": "a", "timestamp": "2026-11-20T10:00:00", "budget_allocated": 5}', "no tokens_loaded"),
        (json.dumps(record(agent="")).encode(), "no agent"),
        (json.dumps(record(timestamp=20261120)).encode(), "no time"),
        (json.dumps(record(timestamp=1763632800.5)).encode(), "no time"),
        (json.dumps(record(timestamp="20261120T100000")).encode(), "no time"),
        (json.dumps(record(timestamp="2026-W47-5")).encode(), "no time"),
        (json.dumps(record(timestamp="0001-01-01T00:00:00")).encode(), "a time in the year 1"),
        (json.dumps(record(timestamp="9999-12-31T23:00:00")).encode(), "a time in the year 9999"),
        (json.dumps(record(tokens_loaded=1e300)).encode(), "tokens_loaded is 1e+300"),
        (json.dumps(record(tokens_loaded=10**30)).encode(), "tokens_loaded is 1e+30"),
        (json.dumps(record(budget_allocated=-1)).encode(), "budget_allocated is -1"),
    ],
)
def test_bad_lines_are_counted_named_and_skipped(tmp_path: Path, line: bytes, problem: str) -> None:
    good = json.dumps(record()).encode()
    path = tmp_path / "log.jsonl"
    other = json.dumps(record(allocation_id="another")).encode()
    path.write_bytes(b"\n".join([good, b"", b"  ", line, other, b""]))
    found = analyse(path)
    assert found["overall"]["runs"] == 2
    assert found["bad_lines"]["count"] == 1
    assert found["bad_lines"]["named"][0].startswith(f"{path}:4: ")
    assert problem in found["bad_lines"]["named"][0]


@pytest.mark.parametrize("figure", [-5, 1e300, float("inf"), float("nan"), "many", [1]])
def test_a_figure_that_cannot_be_is_none_and_the_record_counts(tmp_path: Path, figure: object) -> None:
    fields = ("demand_tokens", "scoped_tokens", "on_demand_tokens", "duration_seconds", "hook_ms")
    strange = record(**dict.fromkeys(fields, figure), api_usage={"requests": figure}, bumped_from="")
    overall = analyse(write_log(tmp_path / "log.jsonl", [record(), strange]))["overall"]
    assert (overall["runs"], overall["demand"], overall["scoped"]) == (2, 20_000, 80_000)
    assert overall["api"]["requests"] == 3
    assert overall["hook_ms_p95"] == 20.0
    assert overall["reduction"] == pytest.approx(1 - 10_000 / 80_000)


@pytest.mark.parametrize("column", ["profile", "complexity"])
def test_no_name_is_unknown(tmp_path: Path, column: str) -> None:
    """Whether it is missing, empty or called so: one group, with the figures of all of them."""
    entries = [
        record(**{column: name}, demand_tokens=demand)
        for name, demand in ((None, 10_000), ("", 20_000), ("unknown", 30_000))
    ]
    found = analyse(write_log(tmp_path / "log.jsonl", entries))
    (row,) = found["profiles" if column == "profile" else "tiers"]
    assert (row["name"], row["runs"], row["demand_median"]) == ("unknown", 3, 20_000)


def test_the_same_record_counts_once(tmp_path: Path) -> None:
    """However it came into the logs twice: written by two processes, or with a copy of a file."""
    entries = [record(), *several(2, record(tokens_loaded=500))]
    one = write_log(tmp_path / "one.jsonl", [*entries, entries[0], entries[1]])
    two = write_log(tmp_path / "two.jsonl", [entries[0], record(scope_breakdown={"global": 1})])
    found = analyse(one, two)
    assert (found["overall"]["runs"], found["overall"]["tokens_sent"]) == (4, 21_000)
    assert found["repeated_records"] == 3
    assert analyse(one)["repeated_records"] == 2
    plain = summary.summarise([str(one), str(two)], None, now=NOW)
    assert (plain["overall"]["runs"], plain["repeated_records"]) == (4, 3)


def test_a_torn_last_line_swallows_nothing(tmp_path: Path) -> None:
    good = json.dumps(record()).encode()
    path = tmp_path / "log.jsonl"
    path.write_bytes(good + b"\n" + good[:40])
    found = analyse(path)
    assert found["overall"]["runs"] == 1
    assert found["bad_lines"]["named"] == [f"{path}:2: cut off: the line has no end"]


def test_rotated_and_compressed_logs(tmp_path: Path) -> None:
    project = Project(str(tmp_path), home=str(tmp_path))
    write_log(Path(project.log), [record(agent="new")])
    folder = Path(project.log).parent
    (folder / "budget-usage-2026-10-01-2026-10-31.jsonl.gz").write_bytes(
        gzip.compress(json.dumps(record(agent="old")).encode())
    )
    write_log(folder / "budget-usage-2026-09-01-2026-09-30.jsonl", [record(agent="older")])
    paths = usage.files(project)
    assert paths[-1] == project.log
    assert {row["name"] for row in analyse(*map(Path, paths))["agents"]} == {"new", "old", "older"}


def test_zstandard(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    plain = write_log(tmp_path / "log.jsonl", [record()])
    path = tmp_path / "log.jsonl.zst"
    duckdb.connect().execute(
        f"COPY (SELECT content FROM read_text('{plain}')) TO '{path}' (FORMAT csv, COMPRESSION zstd, HEADER false, "
        "QUOTE '', ESCAPE '', DELIMITER '\x01')"
    )
    assert analyse(path)["overall"]["runs"] == 1


def test_a_cut_off_archive_gives_what_can_be_had(tmp_path: Path) -> None:
    data = "".join(json.dumps(record(task=f"task {number * 7919}")) + "\n" for number in range(3000))
    path = tmp_path / "log.jsonl.gz"
    path.write_bytes(gzip.compress(data.encode())[:-2000])
    found = analyse(path)
    assert 100 < found["overall"]["runs"] < 3000
    assert "cannot be read further" in found["bad_lines"]["named"][-1]


def test_a_damaged_archive_is_named_wherever_the_damage_is(tmp_path: Path) -> None:
    data = "".join(json.dumps(record(task=f"task {number * 7919}")) + "\n" for number in range(300))
    whole = gzip.compress(data.encode())
    path = tmp_path / "log.jsonl.gz"
    for place in range(40, len(whole) - 8, 197):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        found = analyse(path)
        assert found["overall"]["runs"] < 301
        assert found["bad_lines"]["count"] >= 1
        assert found["bad_lines"]["named"], place


def test_names_that_look_like_patterns(tmp_path: Path) -> None:
    folder = tmp_path / "a[b]*c"
    assert analyse(write_log(folder / "log?.jsonl", [record()]))["overall"]["runs"] == 1


def test_days(tmp_path: Path) -> None:
    stamps = [(NOW - timedelta(days=age)).isoformat() for age in (0.5, 6.9, 7.1, 40)]
    log = write_log(tmp_path / "log.jsonl", [record(timestamp=stamp) for stamp in stamps])
    assert analyse(log, days=7)["overall"]["runs"] == 2
    assert analyse(log)["overall"]["runs"] == 4


def test_the_timeline_has_every_day(tmp_path: Path) -> None:
    log = write_log(
        tmp_path / "log.jsonl",
        [
            record(timestamp="2026-11-18T10:00:00"),
            record(timestamp="2026-11-20T10:00:00", exceeded_budget=True),
        ],
    )
    timeline = analyse(log)["timeline"]
    assert [(row["start"], row["runs"], row["exceedance"]) for row in timeline] == [
        ("2026-11-18", 1, 0.0),
        ("2026-11-19", 0, None),
        ("2026-11-20", 1, 1.0),
    ]


def test_an_empty_log(tmp_path: Path) -> None:
    found = analyse(write_log(tmp_path / "log.jsonl", []))
    assert found["overall"]["runs"] == 0
    assert found["overall"]["use_mean"] is None
    assert found["agents"] == found["timeline"] == []


def test_expand_names_what_is_not_there(tmp_path: Path) -> None:
    path = write_log(tmp_path / "a.jsonl", [])
    assert summary.expand([str(tmp_path / "*.jsonl"), str(path)]) == [str(path)]
    packed = write_log(tmp_path / "a.jsonl.gz", [])
    assert summary.expand([str(tmp_path / "*")]) == [str(packed)]
    with pytest.raises(BudgetError, match="no such file"):
        summary.expand([str(tmp_path / "*.log")])


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    analyse(write_log(tmp_path / "log.jsonl", [record()]))
    assert [path.name for path in tmp_path.iterdir()] == ["log.jsonl"]


def test_the_summary_that_needs_no_library_says_the_same(tmp_path: Path) -> None:
    odd: list[dict[str, Any]] = [
        record(model=None, profile=None, bumped_from="simple", exceeded_budget=True),
        record(delivered=False, on_demand_tokens=300, scoped_tokens=None),
        record(budget_allocated=0, tokens_loaded=0, scoped_tokens=0, success=False),
        record(complexity=None, delivered=None),
        record(delivered="partly", schema_version=2, planned_tokens=26_530),
        *several(3, older(needing(50_000))),
        record(outline_files=4, outline_reads=2, outline_tokens=700, on_demand_tokens=900),
        record(outline_files=3),
    ]
    path = write_log(tmp_path / "log.jsonl", [*team_records(20, NOW), *odd])
    with path.open("a") as file:
        file.write('{"agent": ""}\nnot json\n\n')
    for days in (None, 7):
        full = analyse(path, days=days)
        plain = summary.summarise([str(path)], days, now=NOW)
        assert plain["bad_lines"]["count"] == full["bad_lines"]["count"] == 2
        assert full["left_out"]["records"] == 3
        for key in ("first", "last", "left_out"):
            assert plain[key] == full[key]
        for key in ("overall", *summary.DIMENSIONS):
            rows = [plain[key]] if key == "overall" else plain[key]
            others = [full[key]] if key == "overall" else full[key]
            wanted = {row["name"]: row for row in others}
            assert len(rows) == len(wanted)
            for row in rows:
                for figure, value in row.items():
                    other = wanted[row["name"]][figure]
                    if isinstance(other, float):
                        other = pytest.approx(other, rel=1e-3)
                    assert value == other, (key, figure)
