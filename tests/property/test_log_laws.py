"""Whatever a crash left at the end of the log, no record that was written whole is lost."""

from __future__ import annotations

import shutil
import tempfile
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from memory_budget.base.project import Project
from memory_budget.log import usage

RECORDS = st.fixed_dictionaries(
    {"agent": st.text(st.characters(codec="utf-8"), max_size=20)},
    optional={"task": st.text(st.characters(codec="utf-8")), "n": st.integers(-(2**53), 2**53)},
)


@given(st.lists(st.tuples(RECORDS, st.integers(0, 200)), max_size=6))
def test_a_cut_anywhere_costs_one_line(steps: list[tuple[dict[str, Any], int]]) -> None:
    """After each record some bytes are cut off the end, as a full disk or a lost machine does."""
    folder = tempfile.mkdtemp()
    try:
        project = Project(folder, "")
        safe: list[dict[str, Any]] = []
        for record, cut in steps:
            usage.append(project, record)
            line = len(orjson.dumps(record)) + 1
            with open(project.log, "r+b") as file:
                size = file.seek(0, 2)
                file.truncate(size - min(cut, line))
            if cut <= 1:  # without its line end it is a record still
                safe.append(record)
        found = [entry for entry in _read(project) if not isinstance(entry, usage.BadLine)]
        assert found == safe
    finally:
        shutil.rmtree(folder)


def _read(project: Project) -> list[dict[str, Any] | usage.BadLine]:
    try:
        return list(usage.read_log(project.log))
    except FileNotFoundError:
        return []


@given(st.binary(max_size=300), RECORDS)
def test_any_bytes_may_stand_before_a_record(before: bytes, record: dict[str, Any]) -> None:
    folder = tempfile.mkdtemp()
    try:
        project = Project(folder, "")
        project.ensure_cache()
        with open(project.log, "wb") as file:
            file.write(before)
        usage.append(project, record)
        assert _read(project)[-1] == record
    finally:
        shutil.rmtree(folder)
