"""Rotation of the usage log: every record exactly once, for every reader, whatever happens meanwhile."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from memory_budget.base import layout
from memory_budget.base.errors import BudgetError
from memory_budget.base.project import Project
from memory_budget.cli import status
from memory_budget.log import export, rotation, usage
from memory_budget.log import sent as log_sent
from memory_budget.reports import store as reports_store
from memory_budget.reports import summary, tuning
from memory_budget.upkeep import jobs as job
from tests.support.children import child
from tests.support.environment import ROOT
from tests.support.otlp_collector import received, running
from tests.support.usage_logs import record, write_log

NOW = datetime(2026, 11, 21, 12, 0)
SMALL = {"max_bytes": 1, "keep_days": 400}
COUNT = 30


@pytest.fixture
def project(tmp_path: Path) -> Project:
    own = Project(str(tmp_path / "p"), str(tmp_path / "nobody"))
    Path(own.memory).mkdir(parents=True)
    write_log(Path(own.log), numbered(0, COUNT))
    return own


def numbered(start: int, count: int) -> list[dict[str, Any]]:
    return [
        record(
            allocation_id=str(number),
            tokens_loaded=number,
            timestamp=(NOW - timedelta(days=5) + timedelta(hours=number)).isoformat(),
        )
        for number in range(start, start + count)
    ]


def rotate(project: Project, **settings: int) -> rotation.Rotated:
    return rotation.rotate(project, SMALL | settings, NOW.timestamp())


def seen(project: Project) -> list[int]:
    """The records as both ways of reading give them, in order; they must agree."""
    streamed = [
        int(entry["allocation_id"])
        for entry in usage.read_all(project)
        if not isinstance(entry, usage.BadLine)
    ]
    with reports_store.opened(project) as store:
        assert [int(row[0]) for row in store.rows("SELECT loaded FROM records ORDER BY rowid")] == streamed
        assert store.records == len(streamed)
    return streamed


def names(project: Project) -> list[str]:
    return sorted(name for name in os.listdir(os.path.dirname(project.log)) if name.startswith("budget"))


def test_a_log_past_its_size_is_renamed_by_its_days_and_compressed(project: Project) -> None:
    before = Path(project.log).read_bytes()
    done = rotate(project)
    assert names(project) == ["budget-usage-2026-11-16-2026-11-17.jsonl.gz"]
    assert os.path.basename(done.path) == names(project)[0]
    assert gzip.decompress(Path(done.path).read_bytes()) == before
    assert seen(project) == list(range(COUNT))


@pytest.mark.parametrize(("more", "rotated"), [(0, False), (-1, True)])
def test_the_size_is_the_threshold(project: Project, more: int, rotated: bool) -> None:
    done = rotate(project, max_bytes=os.path.getsize(project.log) + more)
    assert bool(done.path) is rotated


def test_no_log_is_nothing_to_do(project: Project) -> None:
    os.unlink(project.log)
    assert rotate(project) == ("", [])


def test_names_are_unique_and_sort_by_age(project: Project) -> None:
    for part in range(3):
        write_log(Path(project.log), [record(allocation_id=str(part), tokens_loaded=part)])
        rotate(project)
    stem = "budget-usage-2026-11-20-2026-11-20"
    assert names(project) == [f"{stem}.jsonl.gz", f"{stem}_02.jsonl.gz", f"{stem}_03.jsonl.gz"]
    assert seen(project) == [0, 1, 2]


@pytest.mark.parametrize("timestamp", [20010101, "20010101", "0001-01-01", "9999-12-31", None])
def test_a_time_that_cannot_be_names_no_log(project: Project, timestamp: object) -> None:
    """A log with a name of another form would be read by nobody."""
    write_log(Path(project.log), [record(timestamp=timestamp), record()])
    rotate(project)
    assert names(project) == ["budget-usage-2026-11-20-2026-11-20.jsonl.gz"]


def test_a_log_without_a_record_is_named_by_today(project: Project) -> None:
    Path(project.log).write_text("no record\n")
    assert rotate(project).path.endswith("-2026-11-21-2026-11-21.jsonl.gz")


@pytest.mark.parametrize(("keep_days", "away"), [(4, False), (3, True)])
def test_old_logs_are_put_away_and_never_deleted(project: Project, keep_days: int, away: bool) -> None:
    path = rotate(project).path
    whole = Path(path).read_bytes()
    other = write_log(Path(project.log).with_name("budget-usage-2001.jsonl"), [])  # somebody else's
    done = rotate(project, keep_days=keep_days)
    target = f"{project.cache}/old-logs/{os.path.basename(path)}"
    assert done.put_away == ([target] if away else [])
    assert Path(target if away else path).read_bytes() == whole
    assert other.exists()
    assert seen(project) == ([] if away else list(range(COUNT)))


PLACES = ("renamed", "half compressed", "compressed", "named", "done", "put away")


@pytest.mark.parametrize("place", PLACES)
def test_killed_anywhere_every_record_is_there_once(project: Project, place: str) -> None:
    def die(at: str) -> None:
        if at == place:
            os.kill(os.getpid(), signal.SIGKILL)

    settings = SMALL | {"keep_days": 0 if place == "put away" else 400}
    assert child(lambda: rotation.rotate(project, settings, NOW.timestamp(), die)) == -signal.SIGKILL
    if place == "put away":
        (old,) = os.listdir(project.cache + "/old-logs")
        assert len(list(usage.read_log(f"{project.cache}/old-logs/{old}"))) == COUNT
        assert seen(project) == []
        return
    assert seen(project) == list(range(COUNT))
    for entry in numbered(COUNT, 2):
        usage.append(project, entry)
    assert seen(project) == list(range(COUNT + 2))
    rotate(project, max_bytes=10**9)  # finishes what was begun
    assert names(project) == ["budget-usage-2026-11-16-2026-11-17.jsonl.gz", "budget-usage.jsonl"]
    assert seen(project) == list(range(COUNT + 2))


def test_a_compressed_log_that_is_not_the_same_replaces_nothing(project: Project) -> None:
    plain = Path(project.log).with_name("budget-usage-2026-11-16-2026-11-17.jsonl")
    os.rename(project.log, plain)
    Path(f"{plain}.gz").write_bytes(gzip.compress(b"{}\n"))
    with pytest.raises(BudgetError, match="not the same"):
        rotate(project)
    assert plain.exists()


WRITER = """
import sys
from memory_budget.log import usage as usage_log
from memory_budget.base.project import Project
for number in range(int(sys.argv[2]), int(sys.argv[3])):
    usage_log.append(Project(sys.argv[1], ""), {
        "timestamp": "2026-11-20T10:00:00", "agent": "a", "allocation_id": str(number), "tokens_loaded": number,
        "budget_allocated": 1,
    })
"""


def test_writers_and_readers_go_on_while_it_rotates(project: Project) -> None:
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "lib")}
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, project.root, str(start), str(start + 200)], env=environ
        )
        for start in (1000, 2000)
    ]
    stop = threading.Event()

    def keep_rotating() -> None:
        while not stop.wait(0.02):
            rotate(project)

    rotator = threading.Thread(target=keep_rotating)
    rotator.start()
    counts = []
    while any(process.poll() is None for process in writers):
        found = [entry for entry in usage.read_all(project) if not isinstance(entry, usage.BadLine)]
        numbers = [entry["allocation_id"] for entry in found]
        assert len(set(numbers)) == len(numbers)
        counts.append(len(numbers))
    stop.set()
    rotator.join()
    assert counts == sorted(counts)  # no reading misses what an earlier one had
    assert [process.returncode for process in writers] == [0, 0]
    assert sorted(seen(project)) == [*range(COUNT), *range(1000, 1200), *range(2000, 2200)]


def test_a_report_that_is_overtaken_reads_again(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    add = reports_store.Store.add
    left = [1]

    def overtaken(store: reports_store.Store, path: str) -> None:
        if left:
            left.pop()
            rotate(project)
        add(store, path)

    monkeypatch.setattr(reports_store.Store, "add", overtaken)
    with reports_store.opened(project) as store:
        assert (store.records, store.bad_count, len(store.files)) == (COUNT, 0, 1)


def test_every_reader_counts_each_record_once(project: Project) -> None:
    sent = Path(project.ensure_cache(), layout.SENT)
    sent.write_bytes(b'{"time":1,"agent":"a","files":["f"],"chunks":[],"read":[]}\n')
    rotate(project)
    for entry in numbered(COUNT, 5):
        usage.append(project, entry)
    shown = status.gather(project, 8)
    assert shown["log"]["runs"] == COUNT + 5
    assert [entry["tokens_loaded"] for entry in shown["last"]] == list(range(COUNT - 3, COUNT + 5))
    assert summary.summarise(project, 7, now=NOW)["overall"]["runs"] == COUNT + 5
    assert tuning.recommend(project, now=NOW)["records"] == COUNT + 5
    assert (
        len(log_sent.parse_sent(log_sent.set_sent_aside(project))) == 1
    )  # apart from the log, so not touched


def test_a_part_that_is_damaged_is_named_and_the_others_are_read(project: Project) -> None:
    path = Path(rotate(project).path)
    path.write_bytes(path.read_bytes()[:-20])
    usage.append(project, record(allocation_id="99"))
    found = list(usage.read_all(project))
    (bad,) = [entry for entry in found if isinstance(entry, usage.BadLine)]
    assert (bad.path, bad.number) == (str(path), 0)
    assert found[-1] != bad


def test_the_daily_job_exports_and_then_rotates(tmp_path: Path, project: Project, home: Path) -> None:
    target = tmp_path / "received"
    with running(target) as endpoint:
        Path(project.memory, "budget-profiles.json").write_text(
            f'{{"log": {{"max_bytes": 10000}}, "otlp": {{"endpoint": "{endpoint}"}}}}'
        )
        assert job.run_job(project, "daily", NOW.timestamp())["problems"] == []
        assert names(project) == ["budget-usage-2026-11-16-2026-11-17.jsonl.gz"]
        for entry in numbered(COUNT, 2):
            usage.append(project, entry)
        assert export.export(project) == (2, 0, endpoint, [])
    sent = [item["memory_budget.allocation_id"] for request in received(target) for item in request["items"]]
    assert sent == [str(number) for number in range(COUNT + 2)]
