"""Labelled tasks for the complexity benchmarks: JSON lines with `set`, `group`, `id`, `prompt` and `y` (harder is larger).

The files are given by path and are no part of this project. {"set": "storypoints", "group": "moodle", "id": "MDL-1", "prompt": "...",
"y": 5.0}
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

#: Sets that are learned from; whatever else a file holds is for evaluation alone.
TRAIN = ("swebench", "swescope", "locscope", "storypoints")


def read_rows(path: Path) -> list[dict[str, Any]]:
    with (
        gzip.open(path, "rt", encoding="utf-8")
        if path.suffix == ".gz"
        else path.open(encoding="utf-8") as lines
    ):
        return [json.loads(line) for line in lines]


def source(row: dict[str, Any]) -> str:
    """The project of story points, or the owner of the repository (the same in every set), or the set."""
    if row["set"] == "storypoints":
        return "points:" + str(row["group"])
    return str(row["group"]).split("/")[0] or str(row["set"])
