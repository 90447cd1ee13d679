from __future__ import annotations

import gzip
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from memory_budget.base import layout
from memory_budget.base.errors import BudgetError
from memory_budget.base.project import Project
from memory_budget.log import export, otlp
from memory_budget.upkeep import jobs as job
from tests.support.environment import ROOT
from tests.support.otlp_collector import received, running
from tests.support.usage_logs import record, write_log


def make_project(root: Path, endpoint: str, records: int = 0, **settings: Any) -> Project:
    project = Project(str(root / "project"), home=str(root / "nobody"))
    Path(project.memory).mkdir(parents=True)
    configure(project, endpoint, **settings)
    if records:
        write_log(Path(project.log), numbered(0, records))
    return project


def configure(project: Project, endpoint: str, **settings: Any) -> None:
    text = json.dumps({"otlp": {"endpoint": endpoint, **settings}})
    (Path(project.memory) / "budget-profiles.json").write_text(text)


def numbered(start: int, count: int) -> list[dict[str, Any]]:
    return [
        record(allocation_id=f"{number:012}", tokens_loaded=number) for number in range(start, start + count)
    ]


def append(project: Project, records: list[dict[str, Any]]) -> None:
    with open(project.log, "a", encoding="utf-8") as log:
        log.writelines(json.dumps(entry) + "\n" for entry in records)


def ids(target: Path) -> list[int]:
    """The records on the wire, in order."""
    return [
        int(item["memory_budget.allocation_id"]) for request in received(target) for item in request["items"]
    ]


def test_nothing_is_sent_without_an_endpoint(tmp_path: Path) -> None:
    project = make_project(tmp_path, "", 3)
    assert export.export(project) is None
    assert not Path(project.cache).exists()


def test_records_and_sums_arrive(tmp_path: Path) -> None:
    target = tmp_path / "received"
    with running(target) as endpoint:
        project = make_project(tmp_path, endpoint, 3)
        append(project, [record(allocation_id="3", exceeded_budget=True, tokens_loaded=500, success=False)])
        assert export.export(project) == (4, 0, endpoint, [])
    assert ids(target) == [0, 1, 2, 3]
    first = received(target)[0]["items"][0]
    assert first["resource"]["service.name"] == "memory-budget"
    assert first["body"] == "Review the model's dependencies"
    assert first["memory_budget.agent"] == "specialists/dbt-expert"
    assert first["memory_budget.api_usage.cache_read"] == 62_000
    assert first["memory_budget.exceeded_budget"] is False
    assert first["time"] == int(time.mktime((2026, 11, 20, 10, 0, 0, 0, 0, -1)) * 1e9)
    sums = {item["name"]: item for item in received(target, "/v1/metrics")[0]["items"]}
    assert sums["memory_budget.runs"]["value"] == 4
    assert sums["memory_budget.exceeded"]["value"] == 1
    assert sums["memory_budget.tokens.sent"]["value"] == 0 + 1 + 2 + 500
    assert all(item["cumulative"] for item in sums.values())


def test_demand_of_the_older_meaning_is_not_sent(tmp_path: Path) -> None:
    """Reports, status and tuning leave it out as well: it is several times what demand is since."""
    target = tmp_path / "received"
    older = record(schema_version=1, demand_tokens=90_000, exceeded_budget=True, tokens_loaded=500)
    with running(target) as endpoint:
        project = make_project(tmp_path, endpoint, 0)
        write_log(
            Path(project.log), [older, record(schema_version=2, demand_tokens=700, exceeded_budget=True)]
        )
        export.export(project)
    first, second = received(target)[0]["items"]
    assert "memory_budget.demand_tokens" not in first
    assert "memory_budget.exceeded_budget" not in first
    assert first["memory_budget.tokens_loaded"] == 500
    assert second["memory_budget.demand_tokens"] == 700
    sums = {item["name"]: item["value"] for item in received(target, "/v1/metrics")[0]["items"]}
    assert sums["memory_budget.runs"] == 2
    assert sums["memory_budget.tokens.demand"] == 700
    assert sums["memory_budget.exceeded"] == 1


def test_each_record_once_however_often_it_is_run(tmp_path: Path) -> None:
    target = tmp_path / "received"
    with running(target) as endpoint:
        project = make_project(tmp_path, endpoint, 5)
        for start in (5, 6, 7):
            export.export(project)
            append(project, numbered(start, 1))
        result = export.export(project)
        assert result is not None
        assert result.records == 1
        assert export.export(project) == (0, 0, endpoint, [])
    assert ids(target) == list(range(8))
    sums = [
        item["value"]
        for request in received(target, "/v1/metrics")
        for item in request["items"]
        if item["name"].endswith("runs")
    ]
    assert sums == [5, 6, 7, 8]


def test_rotation_and_compression_do_not_matter(tmp_path: Path) -> None:
    target = tmp_path / "received"
    with running(target) as endpoint:
        project = make_project(tmp_path, endpoint, 3)
        export.export(project)
        append(project, numbered(3, 1))
        log = Path(project.log)
        (log.parent / "budget-usage-2026-11-20-2026-11-20.jsonl.gz").write_bytes(
            gzip.compress(log.read_bytes())
        )
        write_log(log, numbered(4, 2))
        export.export(project)
        export.export(project)
    assert ids(target) == [0, 1, 2, 3, 4, 5]


def test_a_line_still_being_written_waits_and_bad_ones_are_passed_over(tmp_path: Path) -> None:
    target = tmp_path / "received"
    with running(target) as endpoint:
        project = make_project(tmp_path, endpoint, 1)
        late = json.dumps(numbered(1, 1)[0])
        with open(project.log, "a") as log:
            log.write("[]\n\n{\n" + late[:50])
        assert export.export(project) == (1, 2, endpoint, [])
        with open(project.log, "a") as log:
            log.write(late[50:] + "\n")
        assert export.export(project) == (1, 0, endpoint, [])
    assert ids(target) == [0, 1]


@pytest.mark.parametrize(
    "timestamp",
    [20261120, 1763632800.5, True, None, ["2026-11-20"], "20261120", "2026-W47-5", "2026-11-20T10"],
)
def test_a_record_without_a_time_that_can_be_read_stops_nothing(tmp_path: Path, timestamp: object) -> None:
    target = tmp_path / "received"
    with running(target) as endpoint:
        project = make_project(tmp_path, endpoint, 1)
        append(project, [record(timestamp=timestamp), *numbered(1, 1)])
        assert export.export(project) == (2, 1, endpoint, [])
        append(project, numbered(2, 1))
        assert export.export(project) == (1, 0, endpoint, [])
    assert ids(target) == [0, 1, 2]


@pytest.mark.parametrize(
    "timestamp", ["2026-11-20", "2026-11-20 10:00", "2026-11-20T10:00:00+99:99", "2026-11-20T10:00:00 UTC"]
)
def test_a_time_is_read_as_far_as_it_can_be(tmp_path: Path, timestamp: str) -> None:
    target = tmp_path / "received"
    with running(target) as endpoint:
        project = make_project(tmp_path, endpoint)
        write_log(Path(project.log), [record(timestamp=timestamp)])
        assert export.export(project) == (1, 0, endpoint, [])
    hour = 0 if timestamp == "2026-11-20" else 10
    (item,) = received(target)[0]["items"]
    assert item["time"] == int(time.mktime((2026, 11, 20, hour, 0, 0, 0, 0, -1)) * 1e9)


def test_a_record_nested_without_end_stops_nothing(tmp_path: Path) -> None:
    target = tmp_path / "received"
    with running(target) as endpoint:
        project = make_project(tmp_path, endpoint)
        write_log(Path(project.log), [record(api_usage={"n": 1, "deep": "HERE"})])
        text = Path(project.log).read_text()
        Path(project.log).write_text(text.replace('"HERE"', '{"a":' * 900 + "1" + "}" * 900))
        assert export.export(project) == (1, 0, endpoint, [])
    (item,) = received(target)[0]["items"]
    assert item["memory_budget.api_usage.n"] == 1


@pytest.mark.parametrize(
    "damage",
    [
        {"files": []}, {"files": {"x": "many"}}, {"files": {"x": -1}}, {"sums": []}, {"sums": {"x": [1]}},
        {"sums": {'["a","b","c"]': [0, 0, 0, 0, 0, 0]}}, {"since": None}, {"unsent_sums": 1},
    ],
)  # fmt: skip
def test_a_state_of_another_form_is_named_and_sends_nothing_again(
    tmp_path: Path, damage: dict[str, Any]
) -> None:
    target = tmp_path / "received"
    with running(target) as endpoint:
        project = make_project(tmp_path, endpoint, 1)
        export.export(project)
        state = Path(project.at(layout.EXPORT_STATE))
        state.write_text(json.dumps(json.loads(state.read_text()) | damage))
        with pytest.raises(BudgetError, match=r"otlp\.json: unreadable .* remove it"):
            export.export(project)
    assert ids(target) == [0]


def test_what_was_taken_before_a_refusal_is_not_sent_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "BATCH", 2)
    target = tmp_path / "received"
    with running(target, "200,200,400") as endpoint:
        project = make_project(tmp_path, endpoint, 7)
        with pytest.raises(BudgetError, match="answered 400"):
            export.export(project)
        assert ids(target) == [0, 1, 2, 3]
        export.export(project)
    assert ids(target) == list(range(7))


def test_what_a_collector_refuses_is_named_and_does_not_go_out_again(tmp_path: Path) -> None:
    """It has answered, and taken the rest: the protocol forbids to send the request again."""
    target = tmp_path / "received"
    with running(target, "206,206") as endpoint:
        project = make_project(tmp_path, endpoint, 3)
        result = job.run_job(project, "daily", time.time())
        append(project, numbered(3, 1))
        export.export(project)
    assert ids(target) == [0, 1, 2, 3]
    assert result["exported"] == 3
    assert result["problems"] == [
        f"export: {endpoint} refused 1 of 3 records: too old",
        f"export: {endpoint} refused 1 of the sums' points: too old",
    ]


def test_a_web_server_is_no_collector(tmp_path: Path) -> None:
    with running(tmp_path / "received", "203") as endpoint:
        project = make_project(tmp_path, endpoint, 1)
        with pytest.raises(BudgetError, match="is the address right"):
            export.export(project)
        result = export.export(project)
    assert result is not None
    assert result.records == 1


@pytest.mark.parametrize(
    ("strange", "sent"),
    [
        ({"timestamp": "1960-01-01T00:00:00"}, 2),
        ({"timestamp": "9999-12-31T23:00:00"}, 2),
        ({"timestamp": "2026-11-20T10:00:00+99:99"}, 3),
        ({"tokens_loaded": 1e300}, 2),
        ({"demand_tokens": 1e300}, 3),
        ({"scoped_tokens": 10**30}, 3),
        ({"demand_tokens": -7}, 3),
        ({"agent": ""}, 2),
    ],
)
def test_one_strange_record_does_not_stop_the_export(
    tmp_path: Path, strange: dict[str, Any], sent: int
) -> None:
    target = tmp_path / "received"
    with running(target) as endpoint:
        project = make_project(tmp_path, endpoint, 1)
        append(project, [record(allocation_id="9", **strange), *numbered(1, 1)])
        assert export.export(project) == (sent, 3 - sent, endpoint, [])
        assert export.export(project) == (0, 0, endpoint, [])
    assert ids(target) == ([0, 9, 1] if sent == 3 else [0, 1])
    sums = {item["name"]: item["value"] for item in received(target, "/v1/metrics")[-1]["items"]}
    assert sums["memory_budget.runs"] == sent
    assert sums["memory_budget.tokens.demand"] == 20_000 + 10_000 * (
        sent == 3 and "demand_tokens" not in strange
    )


def test_long_records_go_in_smaller_requests(tmp_path: Path) -> None:
    target = tmp_path / "received"
    with running(target) as endpoint:
        project = make_project(tmp_path, endpoint, 1)
        append(project, [record(allocation_id=str(number), task="x" * 400_000) for number in range(1, 7)])
        export.export(project)
    assert [len(request["items"]) for request in received(target)] == [4, 3]
    assert ids(target) == list(range(7))


def test_a_busy_collector_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp, "WAITS", (0.01, 0.01))
    target = tmp_path / "received"
    with running(target, "503,429") as endpoint:
        export.export(make_project(tmp_path, endpoint, 2))
    assert ids(target) == [0, 1]


def test_a_lost_answer_leads_to_the_same_ids(tmp_path: Path) -> None:
    target = tmp_path / "received"
    with running(target, "0") as endpoint:
        project = make_project(tmp_path, endpoint, 2)
        with pytest.raises(BudgetError, match="cannot be reached"):
            export.export(project)
        export.export(project)
    first, second = received(target)
    uids = [[item["log.record.uid"] for item in request["items"]] for request in (first, second)]
    assert uids[0] == uids[1]
    assert len(set(uids[0])) == 2
    sums = received(target, "/v1/metrics")[-1]["items"]
    assert next(item["value"] for item in sums if item["name"] == "memory_budget.runs") == 2


def test_killed_anywhere_nothing_is_lost_and_at_most_one_batch_comes_again(tmp_path: Path) -> None:
    target = tmp_path / "received"
    records = 300
    with running(target) as endpoint:
        project = make_project(tmp_path, endpoint, records)
        code = (
            "import sys; sys.path.insert(0, sys.argv[1])\n"
            "import os, signal\n"
            "from memory_budget.log import export, otlp; from memory_budget.base.project import Project\n"
            "send, sent = otlp.Sender.send_records, []\n"
            "def limited(*arguments):\n"
            "    if len(sent) >= 12: os.kill(os.getpid(), signal.SIGKILL)\n"  # where the test is held up
            "    sent.append(send(*arguments))\n"
            "otlp.Sender.send_records = limited\n"
            "export.BATCH = 5; export.export(Project(sys.argv[2], home=sys.argv[3]))"
        )
        command = [sys.executable, "-c", code, str(ROOT / "lib"), project.root, project.home]
        kills = 0
        while True:
            with subprocess.Popen(command) as process:
                before = len(received(target))
                while process.poll() is None and len(received(target)) < before + 7:
                    time.sleep(0.005)
                process.kill()
            if process.returncode != -signal.SIGKILL:
                break
            kills += 1
        assert process.returncode == 0
    assert kills >= 3
    assert sorted(set(ids(target))) == list(range(records))
    assert len(ids(target)) <= records + 5 * kills
    uids = {item["log.record.uid"] for request in received(target) for item in request["items"]}
    assert len(uids) == records


def test_secrets_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "received"
    with running(target) as endpoint:
        project = make_project(tmp_path, endpoint, 1, headers={"Authorization": "Bearer ${OTLP_TOKEN}"})
        monkeypatch.delenv("OTLP_TOKEN", raising=False)
        with pytest.raises(BudgetError, match="OTLP_TOKEN"):
            export.export(project)
        monkeypatch.setenv("OTLP_TOKEN", "abc")
        export.export(project)
    assert received(target)[0]["headers"]["Authorization"] == "Bearer abc"


def test_another_collector_gets_everything(tmp_path: Path) -> None:
    targets = [tmp_path / "one", tmp_path / "two"]
    with running(targets[0]) as one, running(targets[1]) as two:
        project = make_project(tmp_path, one, 2)
        export.export(project)
        configure(project, two)
        export.export(project)
    assert ids(targets[0]) == ids(targets[1]) == [0, 1]


def test_a_collector_that_is_not_there(tmp_path: Path) -> None:
    project = make_project(tmp_path, "http://127.0.0.1:9", 1)
    with pytest.raises(BudgetError, match="cannot be reached"):
        export.export(project)


# -- the daily job


def test_the_daily_job_exports(tmp_path: Path, home: Path) -> None:
    target = tmp_path / "received"
    with running(target) as endpoint:
        project = make_project(tmp_path, endpoint, 3)
        result = job.run_job(project, "daily", time.time())
    assert (result["problems"], result["exported"]) == ([], 3)
    assert ids(target) == [0, 1, 2]


def test_a_failed_export_is_named_and_the_other_steps_go_on(tmp_path: Path, home: Path) -> None:
    project = make_project(tmp_path, "http://127.0.0.1:9", 3)
    result = job.run_job(project, "report", time.time())
    assert result["problems"] == []
    result = job.run_job(project, "weekly", time.time())
    (problem,) = result["problems"]
    assert problem.startswith("export: BudgetError: http://127.0.0.1:9/v1/logs cannot be reached")
    assert result["report"]
    assert "exported" not in result
