"""A damaged index, in every way: a small part of `python3 -m tests.torture damage`."""

from __future__ import annotations

import pytest

from tests.torture import damage


@pytest.mark.parametrize("kind", damage.KINDS)
def test_a_damaged_index_costs_no_memory_and_is_made_anew(kind: str) -> None:
    found = damage.starts((kind,), 6, seed=7)
    assert found["damaged"] == 6
    assert found["starts"] >= 6
