"""How many cases a law is tried on."""

from __future__ import annotations

from hypothesis import settings

_USUAL = settings.get_profile("default").max_examples


def cases(usual: int) -> int:
    """`usual` cases, or the profile's own number where a profile asks for thousands (`HYPOTHESIS_PROFILE=thorough`)."""
    asked = settings().max_examples
    return usual if asked == _USUAL else max(usual, asked)
