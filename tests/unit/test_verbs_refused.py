"""Verbs on a disk that takes nothing: a sentence, exit 1, nothing half written. A small part of `python3 -m tests.torture verbs`."""

from __future__ import annotations

from tests.torture import verbs

CHOSEN = (
    ("run", "weekly"),
    ("report", "--html", "report.html"),
    ("tune", "--apply"),
    ("maintain", "--all"),
    ("undo",),
    ("index", "--rebuild"),
    ("doctor",),
    ("profiles", "suggest", "--apply"),
)


def test_verbs_say_what_cannot_be_written_and_leave_nothing_half_written() -> None:
    verbs.every_verb(CHOSEN, (0, 16))


def test_a_disk_without_a_mount_is_full_all_the_same() -> None:
    """As where nothing may be mounted: a limit of the size of files."""
    verbs.every_verb((("run", "daily"), ("index", "--rebuild"), ("undo",)), (0,), mount=False)
