from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from memory_budget.upkeep import promotion, proposals
from memory_budget.upkeep.promotion import PromotionRules
from tests.support.memory_files import MEMORY, NOW, memory, note

RULES = PromotionRules(uses=3, confidence=0.85, agents=2)
AGENT = "specialists/dbt/patterns/a.md"


@pytest.mark.parametrize(
    ("known", "qualifies"),
    [
        ({}, False),
        ({"uses": 2}, False),
        ({"uses": 3}, True),
        ({"confidence": 0.849}, False),
        ({"confidence": 0.85}, True),
        ({"agents": frozenset({"dbt"})}, False),
        ({"agents": frozenset({"dbt", "tableau"})}, True),
        ({"uses": 9, "movable": False}, False),
        ({"uses": 9, "tokens": 0}, False),
    ],
)
def test_each_rule_from_both_sides(known: dict[str, Any], qualifies: bool) -> None:
    assert bool(promotion.find_promotion_candidates([note(AGENT, **known)], RULES)) is qualifies


@pytest.mark.parametrize(
    ("path", "known", "target"),
    [
        (AGENT, {"uses": 3}, "patterns/a.md"),
        ("recent/a.md", {"uses": 3}, "patterns/a.md"),
        ("intermediate/a.md", {"uses": 3}, "patterns/a.md"),
        ("patterns/a.md", {"uses": 3}, None),
        ("specialists/dbt/recent/deep/a.md", {"uses": 3}, "specialists/dbt/patterns/deep/a.md"),
        ("specialists/dbt/recent/a.md", {"agents": frozenset("xy")}, "patterns/a.md"),
    ],
)
def test_where_a_note_goes(path: str, known: dict[str, Any], target: str | None) -> None:
    found = promotion.find_promotion_candidates([note(path, **known)], RULES)
    assert [one.target for one in found] == ([f"{MEMORY}/{target}"] if target else [])


def test_the_same_content_in_several_agents_folders() -> None:
    copies = [
        note(f"{kind}/patterns/a.md", hash="same") for kind in ("specialists/dbt", "roles/qa", "roles/pm")
    ]
    (found,) = promotion.find_promotion_candidates(copies, RULES)
    assert found.note is copies[0]
    assert found.copies == copies[1:]
    assert "3 agents" in found.reasons[0]
    within_one = [
        note("specialists/dbt/patterns/a.md", hash="s"),
        note("specialists/dbt/recent/a.md", hash="s"),
    ]
    assert promotion.find_promotion_candidates(within_one, RULES) == []


def test_what_everybody_has_already_is_no_promotion() -> None:
    assert (
        promotion.find_promotion_candidates(
            [note("patterns/a.md", hash="same"), note(AGENT, hash="same", uses=9)], RULES
        )
        == []
    )


@pytest.mark.parametrize(
    ("path", "known", "evident"),
    [
        (AGENT, {"uses": 3}, False),
        (AGENT, {"uses": 3, "agents": frozenset("xy")}, True),
        ("specialists/dbt/recent/a.md", {"uses": 3}, True),
        ("recent/a.md", {"uses": 3}, True),
    ],
)
def test_what_is_one_agents_alone_is_never_promoted_unasked(
    path: str, known: dict[str, Any], evident: bool, tmp_path: Path, home: Path
) -> None:
    (found,) = promotion.find_promotion_candidates([note(path, **known)], RULES)
    assert found.evident is evident
    (one,) = promotion.propose_promotions(memory(tmp_path / "p", {path: "text"}, home), [found], NOW)
    assert one.exact is evident
    assert ("dbt alone" in one.reason) is not evident


def test_a_name_that_is_taken_gets_its_owners_folder(tmp_path: Path, home: Path) -> None:
    project = memory(tmp_path / "p", {AGENT: "mine", "patterns/a.md": "another"}, home)
    (found,) = promotion.propose_promotions(
        project, promotion.find_promotion_candidates([note(AGENT, uses=3)], RULES), NOW
    )
    assert found.steps[0].target == f"{MEMORY}/patterns/dbt/a.md"
    assert found.kind == proposals.PROMOTION
