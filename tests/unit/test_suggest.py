"""Profiles suggested from what agents are. Two sets of agents written after roles that public collections have.

The expected profiles were written down before the rules ran on the set. REFERENCE_LIKE paraphrases how a data team's files speak.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from memory_budget.settings import agents, profiles, suggest

NARROW, BROAD, COORDINATOR, ARCHITECT = suggest.NARROW, suggest.BROAD, suggest.COORDINATOR, suggest.ARCHITECT

WEB_SHOP = [
    (
        "frontend-developer",
        "Build React components, implement responsive layouts, and handle client-side state.",
        "",
        NARROW,
    ),
    (
        "payments",
        "Stripe expert. Implements checkout, webhooks and refunds and keeps them idempotent.",
        "",
        NARROW,
    ),
    (
        "code-reviewer",
        "Expert code review specialist. Proactively reviews code for quality and security.",
        "",
        BROAD,
    ),
    ("debugger", "Debugging specialist for errors, test failures, and unexpected behavior.", "", BROAD),
    ("sql-pro", "Write complex SQL queries and design normalized schemas for PostgreSQL.", "", NARROW),
    (
        "cloud-architect",
        "Cloud architect. Designs AWS, Azure and GCP infrastructure and plans migrations.",
        "",
        ARCHITECT,
    ),
    ("tech-lead", "Breaks features into tasks, then reviews what comes back.", "Agent, Read", COORDINATOR),
    ("release-manager", "Coordinates releases across teams and keeps the calendar.", "", COORDINATOR),
    (
        "security-auditor",
        "Review code for vulnerabilities across frontend, API and infrastructure.",
        "",
        BROAD,
    ),
    (
        "devops",
        "Terraform, Kubernetes, GitHub Actions and Prometheus. Deploys and repairs the platform.",
        "",
        BROAD,
    ),
    (
        "full-stack",
        "Full-stack developer for features that span database, API and user interface.",
        "",
        BROAD,
    ),
]
MIXED = [
    ("swift-expert", "Swift specialist for iOS 18, SwiftUI and structured concurrency.", "", NARROW),
    ("kotlin-pro", "Write idiomatic Kotlin with coroutines and Compose for the Android app.", "", NARROW),
    ("literature-researcher", "Researcher who surveys papers and weighs sources.", "", ARCHITECT),
    ("product-manager", "Product manager who turns goals into a roadmap.", "", COORDINATOR),
    (
        "system-designer",
        "System design and architecture decisions: boundaries, data flow, choices.",
        "",
        ARCHITECT,
    ),
    (
        "performance-engineer",
        "Profile applications and implement caching across services and databases.",
        "",
        BROAD,
    ),
    (
        "incident-commander",
        "Orchestrates other agents during an outage and keeps the timeline.",
        "",
        COORDINATOR,
    ),
    ("graphql-schema", "Maintains the GraphQL schema and its resolvers.", "", NARROW),
    ("test-automator", "Create test suites with unit, integration, and e2e tests.", "", BROAD),
    ("data-analyst", "Data analysis expert for SQL queries and BigQuery operations.", "", NARROW),
    ("qa-lead", "Quality lead. Owns the test strategy and signs off releases.", "", COORDINATOR),
    ("dx-optimizer", "Improves builds, tooling and the daily work of developers.", "", BROAD),
]


@pytest.mark.parametrize(("name", "description", "tools", "profile"), [*WEB_SHOP, *MIXED])
@pytest.mark.parametrize("hidden", [True, False])
def test_a_description_is_enough(name: str, description: str, tools: str, profile: str, hidden: bool) -> None:
    listed = tuple(tool.strip() for tool in tools.split(",") if tool.strip())
    suggestion = suggest.suggest("" if hidden else name, description, listed, "")
    assert suggestion.profile == profile, suggestion.reason
    assert suggestion.reason


SPECIALIST_BODY = (
    "## Role\n\nSnowpipe specialist giving advice on loading.\n\n"
    "**Pattern**: role agents delegate loading work to this specialist.\n\n## Limits\n\n- NEVER call other agents\n"
)
COORDINATOR_BODY = (
    "# Analyst\n\nYou gather requirements.\n\nYou write stories.\n\nYou ask.\n\n"
    "## When to delegate\n\nDelegate modelling to the model-expert.\n"
    "Delegate dashboards to chart-expert.\n- delegating access questions to the security specialist\n"
)


def test_who_hands_work_over_coordinates() -> None:
    assert suggest.suggest("", "", (), SPECIALIST_BODY).profile == NARROW
    suggestion = suggest.suggest("", "Analyst for requirements.", (), COORDINATOR_BODY)
    assert suggestion == (COORDINATOR, "its file speaks 3 times of delegating to others")


@pytest.mark.parametrize(
    "text", ["", "---\n---\n", "\x00" * 100, "delegate to agents " * 20_000, "a-" * 30_000, "🙂" * 5_000]
)
def test_any_file_gets_an_answer(text: str) -> None:
    assert suggest.suggest("x", text[:2_000], (), text).profile in profiles.defaults().names()


def write(folder: Path, path: str, text: str) -> None:
    target = folder / ".claude/agents" / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)


def test_only_agents_that_nobody_assigned_are_proposed(tmp_path: Path) -> None:
    write(tmp_path, "a.md", "---\nname: alpha\ndescription: Redis expert.\n---\n")
    write(tmp_path, "b.md", "---\nname: beta\ndescription: Tech lead.\n---\n")
    write(tmp_path, "README.md", "# Agents\n")
    write(tmp_path, "notes.md", "no front matter\n")
    write(tmp_path, "roles/lead-role.md", "# Lead\n\nYou own the release process.\n")
    write(tmp_path, "roles/role-template.md", "# Template\n")
    known = agents.scan_agent_files(str(tmp_path), "")
    own = profiles.compile_profiles({"agent_assignments": {"beta": "none"}})
    found = suggest.agent_suggestions("", own, known)
    assert [(entry.key, entry.profile) for entry in found] == [
        ("alpha", NARROW),
        ("roles/lead-role", COORDINATOR),
    ]


def test_agents_of_enabled_plugins_are_proposed_by_the_clients_name(tmp_path: Path) -> None:
    home, copy, off = tmp_path / "home", tmp_path / "copy", tmp_path / "off"
    for folder, name in ((copy, "writer"), (off, "painter")):
        (folder / "agents").mkdir(parents=True)
        (folder / "agents" / f"{name}.md").write_text(
            f"---\nname: {name}\ndescription: Coordinates releases across teams.\n---\nText.\n"
        )
    (home / ".claude/plugins").mkdir(parents=True)
    (home / ".claude/settings.json").write_text(
        '{"enabledPlugins": {"acme@market": true, "old@market": false}}'
    )
    (home / ".claude/plugins/installed_plugins.json").write_text(
        json.dumps(
            {
                "plugins": {
                    "acme@market": [{"installPath": str(copy)}],
                    "old@market": [{"installPath": str(off)}],
                }
            }
        )
    )
    known = agents.scan_agent_files(str(tmp_path / "project"), str(home))
    found = suggest.agent_suggestions(str(home), profiles.compile_profiles({}), known)
    assert [(entry.key, entry.profile) for entry in found] == [("acme:writer", COORDINATOR)]
    own = profiles.compile_profiles({"agent_assignments": {found[0].key: found[0].profile}})
    assert agents.resolve("acme:writer", own, known).profile_name == COORDINATOR
    assert suggest.agent_suggestions(str(home), own, known) == []
