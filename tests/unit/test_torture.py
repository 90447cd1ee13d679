"""A small part of `python3 -m tests.torture`."""

from __future__ import annotations

import pytest

from tests.torture import disk, kills


@pytest.mark.parametrize("context", [False, True])
def test_a_killed_recorder_loses_and_doubles_nothing(context: bool) -> None:
    assert kills.record_killed(context, range(2, 20, 3)) > 2


@pytest.mark.parametrize("kind", disk.KINDS)
@pytest.mark.parametrize("context", [False, True])
def test_a_disk_that_refuses_costs_no_agent_its_memory(kind: str, context: bool) -> None:
    assert disk.start_refused(kind, context, (1, 3, 6)) > 1


@pytest.mark.parametrize("kind", disk.KINDS)
def test_a_disk_that_refuses_loses_no_record(kind: str) -> None:
    assert disk.record_refused(kind, True, (1, 3, 5, 7)) > 2
