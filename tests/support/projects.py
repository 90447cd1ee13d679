"""Projects with a memory, as tests need them, and what the plugin left in them."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

#: The agents of `team_files`: name, and what the notes of its own memory say, by topic.
TEAM: dict[str, dict[str, str]] = {
    "dbt-expert": {
        "incremental models": "Incremental models merge on the surrogate key; a full refresh runs on Sundays only.",
        "snapshot strategy": "The snapshot strategy for accounts is check, because updated_at is not reliable there.",
        "test coverage": "Test coverage misses the relationships tests between orders and refunds.",
    },
    "snowflake-expert": {
        "warehouse sizing": "Warehouse sizing starts at XS, and goes up one size when queries spill to disk.",
        "query pruning": "Query pruning stops working as soon as a filter wraps the partition date in a function.",
        "clustering keys": "Clustering keys on events are (event_date, tenant_id), reclustered at night.",
    },
    "tableau-expert": {
        "extract refresh": "An extract refresh that takes over an hour is split by region.",
        "workbook performance": "Workbook performance suffers most from quick filters with relevant values.",
        "row-level security": "Row-level security joins the entitlements table on the lower-cased login.",
    },
    "orchestra-expert": {
        "pipeline retries": "Pipeline retries are three, ten minutes apart, and never for a failed load to finance.",
        "schedule windows": "Schedule windows close at 06:30, before the billing export locks its tables.",
        "sensor timeouts": "Sensor timeouts are four hours for the partner feed, which arrives late on Mondays.",
    },
    "github-expert": {
        "branch protection": "Branch protection asks for two reviews on main and a green build.",
        "release tagging": "Release tagging is by the pipeline alone; a tag made by hand does not deploy.",
        "review routing": "Review routing follows CODEOWNERS, with the platform team as the fallback.",
    },
    "documentation-expert": {
        "runbook outline": "The runbook outline has symptoms first, then checks, then the way back.",
        "changelog voice": "The changelog voice addresses the analyst and leaves out ticket numbers.",
        "diagram upkeep": "Diagram upkeep happens in Mermaid, beside the code that it shows.",
    },
    "business-context": {
        "revenue glossary": "In the revenue glossary, net revenue excludes refunds and promotional credit.",
        "fiscal calendar": "The fiscal calendar has 13 periods of four weeks and starts in February.",
        "stakeholder map": "On the stakeholder map, pricing decisions belong to the commercial director.",
    },
    "analytics-engineer-role": {
        "semantic layer": "The semantic layer is the only place where a ratio is defined.",
        "metric naming": "Metric naming puts the unit last, as in order_value_eur.",
        "model contracts": "Model contracts are enforced on every mart, and on no staging view.",
    },
    "data-architect-role": {
        "domain boundaries": "Domain boundaries follow the invoicing process, not the organisation.",
        "event schema": "The event schema is versioned in its subject, and fields are never renamed.",
        "retention policy": "The retention policy keeps raw payloads for 400 days, then aggregates only.",
    },
    "qa-engineer-role": {
        "regression suite": "The regression suite compares yesterday's marts with a seeded copy.",
        "fixture design": "Fixture design: one tenant with every edge case, one that is plain.",
        "flaky triage": "Flaky triage moves a test to quarantine after the second unexplained failure.",
    },
}
#: What the memory that every agent shares says, by topic.
SHARED = {
    "commit messages": "Commit messages say why, in the imperative, within 72 columns.",
    "incident response": "Incident response begins with a channel named by date and a single commander.",
    "cost control": "Cost control reviews every warehouse above 200 credits a week.",
    "secret handling": "Secret handling goes through the vault; nothing is read from a developer's shell.",
    "onboarding": "Onboarding pairs a newcomer with two teams for a sprint each.",
}

#: Notes about nothing that agents are asked, so that what they are asked stands out.
OTHER_NOTES = {
    f".claude/memory/patterns/{name}.md": f"# {name.title()}\n\nThe {name} of the team is kept on its own page.\n"
    for name in "calendar glossary hiring travel garden printer kitchen parking laptops badges".split()
}

_WORDS = (
    "the thing was slow because somebody waited behind another step so we moved it forward and kept the old way "
    "around for a while until nobody used it then wrote down who decides and how to go back measure first compare "
    "with what was there before and only then change the default since a quiet day is no proof of anything at all"
).split()


def make_project(root: Path, files: Mapping[str, str]) -> Path:
    """Write `files` (paths relative to `root`) and return `root`."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def team_files() -> dict[str, str]:
    """A data team's project: ten agents with memory of their own and some that all share, about 100,000 tokens.

    Every note says one thing about its topic, in a paragraph with `marker(topic)`, so that a test can tell what
    arrived; the rest of it is talk about nothing in particular.
    """
    files = {
        f".claude/memory/patterns/{_slug(topic)}.md": _note(topic, fact) for topic, fact in SHARED.items()
    }
    for name, topics in TEAM.items():
        kind = "roles" if name.endswith("-role") else "specialists"
        files[f".claude/agents/{kind}/{name}.md"] = agent_file(name)
        for topic, fact in topics.items():
            files[f".claude/memory/{kind}/{name}/patterns/{_slug(topic)}.md"] = _note(topic, fact)
        files[f".claude/memory/{kind}/{name}/recent/last-week.md"] = _note(
            f"{name} last week", "A calm week."
        )
    return files


def agent_file(name: str, body: str = "You do the work asked for.") -> str:
    return f"---\nname: {name}\ndescription: Work on {name.replace('-', ' ')}\n---\n{body}\n"


def marker(topic: str) -> str:
    """A word that stands in the note about `topic` and nowhere else."""
    return f"m{random.Random(topic).getrandbits(40):010x}"


def facts_in(text: str, owner: str) -> list[str]:
    """Topics of `owner`'s own notes whose fact stands in `text`."""
    return [topic for topic in TEAM[owner] if marker(topic) in text]


def usage_records(project: Path) -> list[dict[str, Any]]:
    """The usage log, in order; every line must be a JSON object."""
    log = project / ".claude" / "cache" / "budget-usage.jsonl"
    if not log.exists():
        return []
    records = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert all(isinstance(record, dict) for record in records)
    return records


def wait_for_records(project: Path, count: int, timeout: float = 90.0) -> list[dict[str, Any]]:
    """The usage log once it holds `count` records: the last of them is written behind the client's back."""
    wait_until(lambda: len(usage_records(project)) >= count, timeout)
    records = usage_records(project)
    assert len(records) == count, f"{len(records)} records, expected {count}: {records}"
    return records


def wait_until(happened: Callable[[], bool], timeout: float = 90.0) -> None:
    """Return as soon as `happened`, or after `timeout` seconds: what was waited for is asserted by the caller."""
    end = time.monotonic() + timeout
    while not happened() and time.monotonic() < end:
        time.sleep(0.05)


def _slug(topic: str) -> str:
    return topic.replace(" ", "-")


def _note(topic: str, fact: str) -> str:
    """About 1,600 tokens on one topic: sections, a list, a table and a fenced block, the same on every run."""
    rng = random.Random(topic)

    def sentence() -> str:
        return " ".join(rng.choices(_WORDS, k=rng.randint(8, 16))).capitalize() + "."

    def paragraph() -> str:
        return " ".join(sentence() for _ in range(rng.randint(3, 6)))

    parts = [f"# {topic.capitalize()}", paragraph()]
    for section in ("Decision", "How we do it", "What went wrong", "Figures", "Commands", "Open questions"):
        parts += [f"## {section}", *(paragraph() for _ in range(3))]
        if section == "Decision":
            parts.append(f"{fact} Noted as {marker(topic)}.")
        elif section == "How we do it":
            parts.append("\n".join(f"- {sentence()}" for _ in range(6)))
        elif section == "Figures":
            rows = "\n".join(f"| {rng.choice(_WORDS)} | {rng.randint(1, 999)} |" for _ in range(8))
            parts.append(f"| what | value |\n|---|---|\n{rows}")
        elif section == "Commands":
            parts.append(
                f"```sh\n./run {rng.randint(10, 99)} --check\n./run {rng.randint(10, 99)} --apply\n```"
            )
    return "\n\n".join(parts) + "\n"
