"""A damaged index, in every way: a small part of `python3 -m tests.torture damage`."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from memory_budget.index import update
from tests.torture import damage


@pytest.mark.parametrize("kind", damage.KINDS)
def test_a_damaged_index_costs_no_memory_and_is_made_anew(kind: str) -> None:
    found = damage.starts((kind,), 6, seed=7)
    assert found["damaged"] == 6
    assert found["starts"] >= 6


def test_an_index_that_lost_entries_without_an_error_is_made_anew(tmp_path: Path) -> None:
    hurt = damage.Damage(tmp_path)
    with closing(sqlite3.connect(hurt.scene.project.index)) as index:
        (page,) = index.execute("SELECT rootpage FROM sqlite_master WHERE name='postings'").fetchone()
    content = bytearray(hurt.whole)
    content[page * 8192 - 4096 : page * 8192] = bytes(4096)  # half of the page that leads to all others
    hurt.put(random.Random(1), "bytes")
    Path(hurt.scene.project.index).write_bytes(bytes(content))
    hurt.start()
    report = update.update_index(hurt.scene.project)
    assert report is not None
    assert report.rebuilt
    prompt, asked = hurt.start()
    hurt.check("made anew", prompt)
    assert not asked
