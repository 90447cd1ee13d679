"""Selects in one call what a start selects in two, for tests and benches that need no allocation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from memory_budget.select.packing import Selection, Survey, pack
from memory_budget.select.recipe import RECIPE, Recipe

if TYPE_CHECKING:
    from memory_budget.select.view import View


def select(
    view: View,
    prompt: str,
    budget: int,
    *,
    weights: Mapping[str, float],
    description: str = "",
    now_day: int = 0,
    frame_tokens: int = 0,
    explain: bool = False,
    fill: bool = False,
    recipe: Recipe = RECIPE,
) -> Selection:
    """What to send for a task: `pack` of a `Survey`."""
    survey = Survey(
        view,
        prompt,
        description=description,
        now_day=now_day,
        room=budget - frame_tokens if fill else 0,
        explain=explain,
        recipe=recipe,
    )
    return pack(survey, budget, weights=weights, frame_tokens=frame_tokens, fill=fill)
