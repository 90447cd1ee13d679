"""Memory as people really keep it: every case of `tests/support/field_cases.py`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import field_cases


@pytest.mark.parametrize("case", field_cases.CASES, ids=lambda case: f"{case.kind}: {case.name}")
def test_memory_as_people_keep_it(case: field_cases.Case, tmp_path: Path, home: Path) -> None:
    assert field_cases.wrong(tmp_path / "project", home, case) == []


@pytest.mark.parametrize("case", field_cases.TWINS, ids=lambda case: case.name)
def test_notes_that_differ_in_emphasis_only_are_sent_once(
    case: field_cases.Case, tmp_path: Path, home: Path
) -> None:
    field_cases.fill(tmp_path / "project", home, case)
    block, _ = field_cases.block_of(tmp_path / "project", home, case)
    assert block.count("mode for the compiler in all packages") == 1
