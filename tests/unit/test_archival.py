from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from memory_budget.index import update
from memory_budget.upkeep import archival, memory_files, survey
from memory_budget.upkeep.archival import ACTIVE_DAYS, ArchivalRules
from memory_budget.upkeep.memory_files import MemoryFile
from tests.support.memory_files import MEMORY, NOW, TODAY, memory, note, seen_since

RULES = ArchivalRules(days=180, uses=3, confidence=0.70, frequent=3)
AGENT = "specialists/dbt/patterns/a.md"
OLD = TODAY - 181
ACTIVE = range(TODAY - ACTIVE_DAYS, TODAY)


def paths(
    *own: MemoryFile, texts: dict[str, str] | None = None, changed: int = 0, active: Any = ACTIVE
) -> list[str]:
    found = archival.find_archival_candidates(
        own, RULES, TODAY, list(active), lambda one: (texts or {}).get(one.path, ""), lambda one: changed
    )
    return [one.note.path.removeprefix(MEMORY + "/") for one in found]


@pytest.mark.parametrize(
    ("known", "goes"),
    [
        ({"first_seen": TODAY - 181}, True),
        ({"first_seen": TODAY - 180}, False),
        ({"first_seen": 0}, False),  # a fresh clone: nothing is known
        ({"first_seen": OLD, "uses": 2, "last_used": TODAY - 181}, True),
        ({"first_seen": OLD, "uses": 2, "last_used": TODAY - 180}, False),
        ({"first_seen": OLD, "uses": 3, "last_used": TODAY - 181}, False),
        ({"first_seen": OLD, "uses": 3, "last_used": TODAY - 181, "confidence": 0.69}, True),
        ({"first_seen": OLD, "uses": 3, "last_used": TODAY - 181, "confidence": 0.70}, False),
        ({"first_seen": OLD, "date": TODAY - 180}, False),
        ({"first_seen": OLD, "date": TODAY - 181}, True),
        ({"first_seen": OLD, "date": TODAY - 5000}, True),
        ({"first_seen": TODAY - 10, "date": TODAY - 5000}, False),
        ({"first_seen": OLD, "always": True}, False),
        ({"first_seen": OLD, "movable": False}, False),
    ],
)
def test_each_rule_from_both_sides(known: dict[str, Any], goes: bool) -> None:
    assert paths(note(AGENT, **known)) == ([AGENT] if goes else [])


def test_memory_that_all_share_is_never_archived() -> None:
    assert (
        paths(*[note(f"{tier}/a.md", first_seen=OLD) for tier in ("patterns", "recent", "intermediate")])
        == []
    )


def test_a_files_time_can_only_keep_it() -> None:
    aged = note(AGENT, first_seen=OLD)
    assert paths(aged, changed=TODAY - 180) == []
    assert paths(aged, changed=TODAY - 181) == [AGENT]
    assert paths(note(AGENT, first_seen=TODAY), changed=TODAY - 4000) == []


def test_days_without_runs_tell_nothing() -> None:
    aged = note(AGENT, first_seen=OLD)
    assert paths(aged, active=[]) == []
    assert paths(aged, active=range(OLD - 50, OLD + 1)) == []
    assert paths(aged, active=range(OLD + 1, OLD + ACTIVE_DAYS)) == []
    assert paths(aged, active=range(OLD + 1, OLD + ACTIVE_DAYS + 1)) == [AGENT]


@pytest.mark.parametrize(
    "text",
    [
        "see [a](../../specialists/dbt/patterns/a.md#part)",
        "see [a](<.claude/memory/specialists/dbt/patterns/a.md>)",
        "see [[a]] for more",
        "see [[a|the note]]",
        "details in `specialists/dbt/patterns/a.md`",
    ],
)
@pytest.mark.parametrize(
    ("keeper", "kept"), [({"always": True}, True), ({"uses": 3}, True), ({"uses": 2}, False)]
)
def test_what_a_pinned_or_frequent_note_links_to_stays(text: str, keeper: dict[str, Any], kept: bool) -> None:
    linking = note("patterns/sub/b.md", **keeper)
    assert paths(note(AGENT, first_seen=OLD), linking, texts={linking.path: text}) == (
        [] if kept else [AGENT]
    )


def test_a_link_to_another_file_of_that_name_elsewhere_keeps_nothing() -> None:
    linking = note("patterns/b.md", always=True)
    texts = {
        linking.path: "[x](https://example.org/a.md) and [y](other/a.md) and [z](roles/qa/patterns/a.md)"
    }
    assert paths(note(AGENT, first_seen=OLD), linking, texts=texts) == [AGENT]


def test_a_fresh_clone_proposes_nothing_and_half_a_year_of_runs_does(tmp_path: Path, home: Path) -> None:
    text = "---\ndate: 2019-01-01\nconfidence: 0.2\n---\n# A\n\nOld.\n"
    project = memory(
        tmp_path / "p", {AGENT: text, "specialists/dbt/patterns/b.md": "# B\n\nNo date.\n"}, home
    )
    update.update_index(project)
    now = NOW + 4000 * 86400  # so that the files' own times are long ago
    today = TODAY + 4000
    assert survey.find_archival(survey.refresh_survey(survey.begin_survey(project, now), [])) == []
    seen_since(project, today - 200, range(today - 20, today))
    found = survey.find_archival(survey.begin_survey(project, now))
    assert [one.title for one in found] == [f"{MEMORY}/{AGENT}", f"{MEMORY}/specialists/dbt/patterns/b.md"]
    assert found[0].steps[0].target == f"{MEMORY}/archive/{AGENT}"


def test_first_days_are_remembered_and_a_clock_ahead_is_forgiven() -> None:
    seen = memory_files.Seen({"a": 10, "b": 900, "gone": 5}, [3, 800])
    assert memory_files.remember_seen(seen, ["a", "b", "new"], 100, [99]) == memory_files.Seen(
        {"a": 10, "b": 100, "new": 100}, [3, 99]
    )
