"""Tiers from prompts: the documented phrases, overrides, languages, reasons."""

from __future__ import annotations

import pytest

from memory_budget import complexity
from memory_budget.complexity import classify, override_in_prompt, parse_tier

# The tier examples of the public reference project (its profiles file, its guides, the help of its detector), as documented there.
DOCUMENTED = {
    "simple": (
        "List tables", "Get query status", "Show configuration", "show status", "get config", "List all Snowflake tables",
        "Show current Snowflake status", "List all dbt models",
    ),
    "medium": (
        "Analyze query performance", "Review model dependencies", "Investigate data issue", "Analyze query", "review model",
        "investigate issue",
    ),
    "complex": (
        "Optimize warehouse costs", "Troubleshoot pipeline failure", "Comprehensive audit", "Optimize performance",
        "troubleshoot failure", "Optimize dbt model performance", "Analyze slow queries", "Investigate pipeline failure",
        "Analyze dbt model performance", "Analyze performance", "Analyze slow query performance",
    ),
    "multi-system": (
        "End-to-end data flow analysis", "Multi-tool integration", "System architecture design", "Cross-system freshness",
        "end-to-end architecture", "platform migration", "Investigate cross-system data freshness",
        "Troubleshoot cross-system freshness", "Design end-to-end architecture",
        "Design end-to-end data architecture for new platform",
    ),
}  # fmt: skip


def test_documented_phrases_get_their_tier() -> None:
    right = {tier: sum(classify(p).tier == tier for p in phrases) for tier, phrases in DOCUMENTED.items()}
    total = sum(len(phrases) for phrases in DOCUMENTED.values())
    assert sum(right.values()) >= total - 2
    assert right["medium"] >= 5


@pytest.mark.parametrize(
    ("text", "tier"),
    [
        ("simple", "simple"), (" Medium ", "medium"), ("COMPLEX", "complex"), ("multi-system", "multi-system"),
        ("multi_system", "multi-system"), ("Multi System", "multi-system"), ("multisystem", "multi-system"),
        ("", None), ("hard", None), ("complexx", None), ("simple medium", None),
    ],
)  # fmt: skip
def test_parse_tier(text: str, tier: str | None) -> None:
    assert parse_tier(text) == tier


@pytest.mark.parametrize(
    ("prompt", "tier"),
    [
        ("[complexity: complex] List tables", "complex"),
        ("List tables\n\n[Complexity:MULTI_SYSTEM]\nplease", "multi-system"),
        ("List tables [complexity : simple ]", "simple"),
        ("[complexity: huge] then [complexity: medium]", "medium"),
        ("[complexity: huge]", None),
        ("[complexity]", None),
        ("[complexity: complex", None),
        ("complexity: complex", None),
        ("[complexityx: complex]", None),
    ],
)
def test_override_in_prompt(prompt: str, tier: str | None) -> None:
    assert override_in_prompt(prompt) == tier
    verdict = classify(prompt)
    assert (verdict.source == "override-prompt") == (tier is not None)
    assert tier is None or verdict.tier == tier


def test_invalid_override_is_ignored_with_a_reason() -> None:
    verdict = classify("[complexity: huge] List tables")
    assert verdict.tier == "simple"
    assert any("huge" in reason for reason in verdict.reasons)


def test_nothing_telling_is_medium_and_unsure() -> None:
    for prompt in ("", "   ", "blorp", "?!", "\x00\ud800"):
        verdict = classify(prompt)
        assert (verdict.tier, verdict.source, verdict.score) == ("medium", "unsure", 0.5)


def test_reasons_name_what_was_found() -> None:
    reasons = classify("Compare Snowflake and Tableau costs").reasons
    assert (
        'names several systems: "snowflake", "tableau"' in reasons
        or 'names "snowflake", "tableau"' in reasons
    )


def test_description_counts() -> None:
    assert classify("Do it for the shop.", "List tables").tier == "simple"
    assert classify("Do it for the shop.", "Cross-system architecture").tier == "multi-system"


def test_tiers_follow_the_score() -> None:
    prompts = [p for phrases in DOCUMENTED.values() for p in phrases]
    order = {tier: i for i, tier in enumerate(complexity.TIERS)}
    ranked = sorted((classify(p) for p in prompts), key=lambda v: v.score)
    assert [order[v.tier] for v in ranked] == sorted(order[v.tier] for v in ranked)
