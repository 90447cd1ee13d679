"""A cloned repository brings its profiles file: whatever stands in it, an agent starts, soon, and the person is told why.

A small part of `python3 -m tests.torture weapons`.
"""

from __future__ import annotations

import random

import pytest

from tests.torture import weapons


@pytest.mark.parametrize("name", weapons.HOSTILE)
def test_a_start_is_soon_and_small(name: str) -> None:
    weapons.profiles_file(name, weapons.HOSTILE[name], weapons.Worst())


@pytest.mark.parametrize("seed", range(3))
def test_a_file_of_hostile_parts_costs_little(seed: int) -> None:
    weapons.profiles_file("composed", weapons.composed(random.Random(seed)), weapons.Worst())


def test_a_long_prompt_costs_little() -> None:
    weapons.long_prompts(["English", "Chinese", "halves"], 1_000_000, weapons.Worst())
