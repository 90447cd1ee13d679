"""The usage log: whole records, whoever writes at once and whenever one of them is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from memory_budget.base.project import Project
from memory_budget.log import usage
from tests.support.environment import ROOT


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(str(tmp_path), "")


def entries(project: Project) -> list[dict[str, Any] | usage.BadLine]:
    return list(usage.read_log(project.log))


def test_records_come_back_in_order(project: Project) -> None:
    records = [{"agent": f"a{n}", "task": "日本 \u2028 \n", "n": n} for n in range(5)]
    for record in records:
        usage.append(project, record)
    assert entries(project) == records
    assert Path(project.log).read_bytes().count(b"\n") == 5


@pytest.mark.parametrize(
    "tail", [b'{"agent":"torn', b"x", b"\0\0\0\0", b'{"agent":"whole but for its end"}', b"\xff\xfe"]
)
def test_a_torn_tail_swallows_nothing(tail: bytes, project: Project) -> None:
    usage.append(project, {"agent": "first"})
    with open(project.log, "ab") as file:
        file.write(tail)
    usage.append(project, {"agent": "second"})
    usage.append(project, {"agent": "third"})
    found = entries(project)
    agents = [entry["agent"] for entry in found if not isinstance(entry, usage.BadLine)]
    assert [agent for agent in agents if agent != "whole but for its end"] == ["first", "second", "third"]
    assert len(found) == 4


def test_bad_lines_are_named_with_their_place(project: Project) -> None:
    Path(project.log).parent.mkdir(parents=True)
    Path(project.log).write_bytes(b'\n{"agent":"a"}\n[1]\n{"agent":5}\nnope\n  \n{"agent":"b"}\n{"agent":"c')
    found = entries(project)
    bad = [entry for entry in found if isinstance(entry, usage.BadLine)]
    assert [entry.number for entry in bad] == [3, 4, 5, 8]
    assert str(bad[2]).startswith(f"{project.log}:5: not JSON: 'nope'")
    assert "cut off" in bad[3].problem


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("budget-usage-2026-11-01-2026-11-30.jsonl", True),
        ("budget-usage-2026-11-01-2026-11-30.jsonl.gz", True),
        ("budget-usage-2026-11-01-2026-11-30_02.jsonl.gz", True),
        ("budget-usage-2026-11-01-2026-11-30.jsonl.zst", True),
        ("budget-usage-2026-11-01-2026-11-30.jsonl.gz.tmp", False),
        ("budget-usage-2026-11-01-2026-11-30.jsonl.bak", False),
        ("budget-usage-2026-11-01-2026-11-30-copy.jsonl", False),
        ("budget-usage.jsonl.bak", False),
        ("budget-usage.jsonl.1", False),
        ("budget-usage.jsonl~", False),
        ("budget-usage.jsonl.gz", False),
        ("budget-usage-copy.jsonl", False),
        ("budget-usage (1).jsonl", False),
        ("budget-usage-old.jsonl.gz", False),
        ("budget-usage2.jsonl", False),
        ("old-budget-usage.jsonl", False),
    ],
)
def test_only_the_log_and_its_own_rotations_are_read(project: Project, name: str, part: bool) -> None:
    usage.append(project, {"agent": "a"})
    Path(project.log).with_name(name).write_bytes(b"")
    assert usage.files(project) == ([str(Path(project.log).with_name(name))] if part else []) + [project.log]


def test_the_same_record_comes_once(project: Project) -> None:
    for agent in ("a", "b", "a"):
        usage.append(project, {"agent": agent})
    Path(project.log).with_name("budget-usage-2026-11-01-2026-11-30.jsonl").write_bytes(
        b'{"agent":"b"}\nx\nx\n'
    )
    found = list(usage.read_all(project))
    assert [entry["agent"] for entry in found if not isinstance(entry, usage.BadLine)] == ["b", "a"]
    assert len(found) == 4  # lines that are no records each count
    assert len(entries(project)) == 3


@pytest.mark.parametrize("text", ["\ud800", "a\udcffb", "\ud83d\ude00", "\0", "\x1b[31m"])
def test_any_text_can_be_recorded(text: str, project: Project) -> None:
    """A prompt with half an emoji must not cost the record."""
    usage.append(project, {"agent": "a", "task": text, "n": 2**70, "x": float("nan")})
    (entry,) = entries(project)
    assert not isinstance(entry, usage.BadLine)
    assert json.loads(Path(project.log).read_text(encoding="utf-8"))["agent"] == "a"


def test_a_log_that_is_no_file_is_an_error_and_not_a_loss(project: Project) -> None:
    os.makedirs(project.log)
    with pytest.raises(OSError):
        usage.append(project, {"agent": "a"})


WRITER = """
import sys
from memory_budget.log import usage as usage_log
from memory_budget.base.project import Project
project, who, count = Project(sys.argv[1], ""), sys.argv[2], int(sys.argv[3])
for number in range(count):
    usage_log.append(project, {"agent": who, "n": number, "task": "x" * (number * 997 % 20_000)})
    if number == 0:
        print("begun", flush=True)
"""


def writer(project: Project, who: str, count: int) -> subprocess.Popen[str]:
    environ = {"PYTHONPATH": str(ROOT / "lib"), "PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}
    argv = [sys.executable, "-c", WRITER, project.root, who, str(count)]
    return subprocess.Popen(argv, env=environ, stdout=subprocess.PIPE, text=True)


def test_four_writers_at_once_mix_no_lines(project: Project) -> None:
    writers = [writer(project, str(n), 40) for n in range(4)]
    assert [process.communicate() and process.returncode for process in writers] == [0] * 4
    found = [entry for entry in entries(project) if not isinstance(entry, usage.BadLine)]
    assert len(found) == 160 == len(entries(project))
    for n in range(4):
        assert [entry["n"] for entry in found if entry["agent"] == str(n)] == list(range(40))


def test_a_writer_that_is_killed_costs_at_most_its_own_line(project: Project) -> None:
    for number, delay in enumerate((0.0, 0.01, 0.03, 0.06)):
        doomed, other = writer(project, f"doomed{number}", 100_000), writer(project, f"other{number}", 20)
        assert doomed.stdout is not None
        doomed.stdout.readline()
        time.sleep(delay)
        doomed.send_signal(signal.SIGKILL)
        doomed.communicate()
        other.communicate()
        assert other.returncode == 0
    usage.append(project, {"agent": "last"})
    found = entries(project)
    bad = [entry for entry in found if isinstance(entry, usage.BadLine)]
    whole = [entry for entry in found if not isinstance(entry, usage.BadLine)]
    assert len(bad) <= 4
    assert whole[-1] == {"agent": "last"}
    for number in range(4):
        assert [entry["n"] for entry in whole if entry["agent"] == f"other{number}"] == list(range(20))
        own = [entry["n"] for entry in whole if entry["agent"] == f"doomed{number}"]
        assert own == list(range(len(own)))
