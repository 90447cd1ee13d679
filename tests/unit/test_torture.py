"""A small part of `python3 -m tests.torture`."""

from __future__ import annotations

import pytest

from tests.torture import disk, frame, kills, large, rebuilds, terminal, weapons


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


def test_no_disguise_gets_into_what_is_sent() -> None:
    assert frame.check(frame.disguises(40)) > 20


@pytest.mark.parametrize("how", ["pipe", "JSON", "terminal"])
def test_nothing_of_a_file_commands_the_terminal(how: str) -> None:
    names = ("status", "maintain", "report", "sources")
    assert terminal.verbs(("".join(terminal.COMMANDS),), (how,), names) > 5


@pytest.mark.parametrize(
    "name", ["one line of 27 MB", "a word just under the limit", "a byte past the limit", "nested lists"]
)
def test_a_very_large_note_delays_no_start(name: str) -> None:
    assert large.note(name, weapons.Worst(), []) is (name in ("one line of 27 MB", "a byte past the limit"))


def test_use_counts_survive_a_rebuild_that_is_killed() -> None:
    assert rebuilds.rebuilds_killed(2, ("filled", "side-shm")) > 2


def test_a_save_while_notes_are_moved_is_kept() -> None:
    assert rebuilds.moves_saved((2, 3, 4, 6, 8)) > 10
