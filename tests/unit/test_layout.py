"""The page of places: whole, and the only one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from memory_budget.base import layout
from tests.support.environment import ROOT

LIBRARY = ROOT / "lib" / "memory_budget"
SOURCES = sorted(path for path in LIBRARY.rglob("*.py") if path.parent.name != "base")


def test_every_place_is_described_once() -> None:
    paths = [path for path, *_ in layout.PLACES]
    assert len(paths) == len(set(paths))
    for place in layout.PLACES:
        assert all(place), place[0]


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(LIBRARY)))
def test_nothing_else_composes_a_path_of_the_cache(source: Path) -> None:
    text = source.read_text(encoding="utf-8")
    assert not re.search(r"\.cache\}?/|\.cache \+|ensure_cache\([\"']|\.(at|writable)\(f?[\"']", text)


@pytest.mark.parametrize("name", ["if_needed", "memory-budget.js"])
def test_what_is_no_python_looks_where_the_page_says(name: str) -> None:
    script = (ROOT / "hooks" / name).read_text(encoding="utf-8")
    assert script.count(cache_folder()) <= 2  # once as prose
    root = r"\$cache\"?/" if name == "if_needed" else r"(?:\$\{cache\}|cache \+ ')/"
    named = set(re.findall(root + r"([a-z-]+)", script))
    places = {path.partition("/")[0] for path, *_ in layout.PLACES}
    assert named
    assert named <= places
    if name == "if_needed":
        assert named == {layout.NOTES, layout.STARTS, layout.BOUND, layout.PENDING, "state"}
        assert f"/{layout.WORKFLOW}" in script
        assert re.findall(r"\$cache\"?/state/([a-z-]+)", script) == [layout.MEMORY_FOLDERS.rpartition("/")[2]]
    else:
        assert named == {layout.STARTS, layout.BOUND, layout.PENDING, layout.RUNNING}


def test_the_architecture_page_shows_the_same_places() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    shown = [line for line in page.splitlines() if line.startswith("| `") and line.count("|") == 6]
    expected = [
        f"| `{path}` | {holds} | {writer} | {reader} | {goes} |"
        for path, holds, writer, reader, goes in layout.PLACES
    ]
    assert shown == expected, "\n".join(expected)


def cache_folder() -> str:
    from memory_budget.base.project import CACHE

    return CACHE
