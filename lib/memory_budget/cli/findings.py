"""The finding of a check of `memory-budget doctor`."""

from __future__ import annotations

from typing import NamedTuple


class Finding(NamedTuple):
    """`level`: ok, note (worth knowing) or problem; `about`: what was looked at; `text`: what was found; `remedy`: what to do."""

    level: str
    about: str
    text: str
    remedy: str = ""
