"""Projects with a memory, as tests need them, and what the plugin left in them."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

#: The agents of `team_files`: name, and the topics its own memory is about.
TEAM: dict[str, tuple[str, ...]] = {
    "dbt-expert": ("incremental models", "snapshot strategy", "test coverage"),
    "snowflake-expert": ("warehouse sizing", "query pruning", "clustering keys"),
    "tableau-expert": ("extract refresh", "workbook performance", "row-level security"),
    "orchestra-expert": ("pipeline retries", "schedule windows", "sensor timeouts"),
    "github-expert": ("branch protection", "release tagging", "review routing"),
    "documentation-expert": ("runbook outline", "changelog voice", "diagram upkeep"),
    "business-context": ("revenue glossary", "fiscal calendar", "stakeholder map"),
    "analytics-engineer-role": ("semantic layer", "metric naming", "model contracts"),
    "data-architect-role": ("domain boundaries", "event schema", "retention policy"),
    "qa-engineer-role": ("regression suite", "fixture design", "flaky triage"),
}
#: What the memory that every agent shares is about.
SHARED_TOPICS = ("commit messages", "incident response", "cost control", "secret handling", "onboarding")

_WORDS = (
    "the run was slow because a full scan hides behind the filter so we moved the check before the join and kept "
    "the old path for a week until nobody used it then wrote down which owner decides and what the rollback is "
    "measure first compare against the last release note the row count and only then change the default value"
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

    Every note carries one line that is its alone, `note_fact(topic)`, so that a test can tell what arrived.
    """
    files = {
        f".claude/memory/patterns/{_slug(topic)}.md": _note(topic, "everyone") for topic in SHARED_TOPICS
    }
    for name, topics in TEAM.items():
        kind = "roles" if name.endswith("-role") else "specialists"
        files[f".claude/agents/{kind}/{name}.md"] = agent_file(name)
        for topic in topics:
            files[f".claude/memory/{kind}/{name}/patterns/{_slug(topic)}.md"] = _note(topic, name)
        files[f".claude/memory/{kind}/{name}/recent/last-week.md"] = _note(f"{topics[0]} last week", name)
    return files


def agent_file(name: str, body: str = "You do the work asked for.") -> str:
    return f"---\nname: {name}\ndescription: Work on {name.replace('-', ' ')}\n---\n{body}\n"


def note_fact(topic: str) -> str:
    """The line that stands in the note about `topic` and nowhere else."""
    return f"The marker of {topic} is {_marker(topic)}."


def facts_in(text: str, owner: str) -> list[str]:
    """Topics of `owner`'s own notes whose marker line stands in `text`."""
    return [topic for topic in TEAM[owner] if note_fact(topic) in text]


def usage_records(project: Path) -> list[dict[str, Any]]:
    """The usage log, in order; every line must be a JSON object."""
    log = project / ".claude" / "cache" / "budget-usage.jsonl"
    if not log.exists():
        return []
    records = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert all(isinstance(record, dict) for record in records)
    return records


def wait_for_records(project: Path, count: int, timeout: float = 20.0) -> list[dict[str, Any]]:
    """The usage log once it holds `count` records: the last of them is written behind the client's back."""
    wait_until(lambda: len(usage_records(project)) >= count, timeout)
    records = usage_records(project)
    assert len(records) == count, f"{len(records)} records, expected {count}: {records}"
    return records


def wait_until(happened: Callable[[], bool], timeout: float = 20.0) -> None:
    """Return as soon as `happened`, or after `timeout` seconds: what was waited for is asserted by the caller."""
    end = time.monotonic() + timeout
    while not happened() and time.monotonic() < end:
        time.sleep(0.05)


def _slug(topic: str) -> str:
    return topic.replace(" ", "-")


def _marker(topic: str) -> str:
    return f"{random.Random(topic).getrandbits(40):010x}"


def _note(topic: str, owner: str) -> str:
    """About 1,800 tokens on one topic: sections, a list, a table and a fenced block, the same on every run."""
    rng = random.Random(f"{topic} of {owner}")

    def sentence() -> str:
        words = rng.choices(_WORDS, k=rng.randint(8, 16))
        words.insert(rng.randrange(len(words)), rng.choice(topic.split()))
        return " ".join(words).capitalize() + "."

    def paragraph() -> str:
        return " ".join(sentence() for _ in range(rng.randint(3, 6)))

    parts = [f"# {topic.capitalize()}", f"{note_fact(topic)} {paragraph()}"]
    for section in ("Decision", "How we do it", "What went wrong", "Figures", "Commands", "Open questions"):
        parts += [f"## {section}: {topic}", *(paragraph() for _ in range(3))]
        if section == "How we do it":
            parts.append("\n".join(f"- {sentence()}" for _ in range(6)))
        elif section == "Figures":
            rows = "\n".join(f"| {rng.choice(_WORDS)} | {rng.randint(1, 999)} |" for _ in range(8))
            parts.append(f"| what | value |\n|---|---|\n{rows}")
        elif section == "Commands":
            name = topic.replace(" ", "_")
            parts.append(
                f"```sh\n./tools/{name} --check --limit {rng.randint(10, 99)}\n./tools/{name} --apply\n```"
            )
    return "\n\n".join(parts) + "\n"
