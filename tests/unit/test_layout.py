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
    paths = [place.path for place in layout.PLACES]
    assert len(paths) == len(set(paths))
    for place in layout.PLACES:
        assert all((place.holds, place.writer, place.reader, place.goes)), place.path


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(LIBRARY)))
def test_nothing_else_composes_a_path_of_the_cache(source: Path) -> None:
    text = source.read_text(encoding="utf-8")
    assert not re.search(r"\.cache\}?/|\.cache \+|ensure_cache\([\"']|\.(at|writable)\(f?[\"']", text)


def test_if_needed_looks_where_the_page_says() -> None:
    script = (ROOT / "hooks" / "if_needed").read_text(encoding="utf-8")
    assert f"cache=$project/{cache_folder()}\n" in script
    assert f'"$cache/{layout.NOTES}/$session"' in script
    assert f"session=$cache/{layout.STARTS}/$session" in script
    assert f'"$session/{layout.WORKFLOW}"' in script
    named = set(re.findall(r"\$cache/([a-z-]+)", script))
    assert named == {layout.NOTES, layout.STARTS}


def test_the_architecture_page_shows_the_same_places() -> None:
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    shown = [line for line in page.splitlines() if line.startswith("| `") and line.count("|") == 6]
    expected = [
        f"| `{place.path}` | {place.holds} | {place.writer} | {place.reader} | {place.goes} |"
        for place in layout.PLACES
    ]
    assert shown == expected, "\n".join(expected)


def cache_folder() -> str:
    from memory_budget.base.project import CACHE

    return CACHE
