from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from memory_budget.index import update
from memory_budget.text.tokens import UpperBound
from memory_budget.upkeep import condense, statements, summaries, survey
from memory_budget.upkeep.summaries import SummaryRules
from tests.support.memory_files import MEMORY, NOW, TODAY, memory, note

count = UpperBound().count

_PADDING = "The afternoon went on and people talked at length about this and that while the coffee was getting cold. "
NOTE = f"""---
tags: dbt, cost
confidence: 0.8
---
# Week of the migration

{_PADDING * 6}

## Decision

{_PADDING * 3}
We decided to partition `models/marts/orders.sql` by day because full scans cost $412 a run. {_PADDING * 4}

## How

{_PADDING * 4}

- Somebody opened the window and everybody was glad of it for a while
- Run `dbt build --select orders+ --full-refresh` once
  - and then wait for the afternoon to be over
- {_PADDING}

```sh
# a comment
./tools/backfill --from 2026-01-01
```

| table | minutes |
|---|---|
| orders | 41 |
| people talking | some |

{_PADDING * 14}
"""


def test_a_quarter_of_the_tokens_keeps_decisions_commands_paths_and_figures() -> None:
    summary = condense.condense_note(NOTE, 0.25, count, source=".claude/memory/archive/recent/a.md")
    assert summary.tokens_after <= 0.25 * summary.tokens_before
    for kept in (
        "We decided to partition `models/marts/orders.sql` by day because full scans cost $412 a run.",
        "`dbt build --select orders+ --full-refresh`",
        "```sh\n./tools/backfill --from 2026-01-01\n```",
        "| table | minutes |\n|---|---|\n| orders | 41 |",
        "## Decision",
        "where the full text lies",
    ):
        assert kept in summary.text
    assert summary.coverage["decision"] == (1, 1)
    assert summary.coverage["command"] == (2, 2)
    assert summary.text.startswith("---\ntags: dbt, cost\nconfidence: 0.8\n---\n")


def test_everything_in_a_summary_stands_in_the_note_in_its_order() -> None:
    summary = condense.condense_note(NOTE, 0.3, count)
    lines = [line for line in summary.text.split("\n") if line.strip() and line[:3] not in ("---", "```")]
    at = 0
    for line in lines:
        place = NOTE.find(line, at)
        assert place >= at, line
        at = place


@pytest.mark.parametrize("ratio", [0.05, 0.1, 0.25, 0.5, 1.0])
@pytest.mark.parametrize(
    "text", [NOTE, "", "# Only a heading\n", "One. Two. Three.\n", "```\nnever closed", "- a\n  - b\n" * 50]
)
def test_a_summary_is_never_longer_than_asked(text: str, ratio: float) -> None:
    summary = condense.condense_note(text, ratio, count)
    assert summary.tokens_after <= ratio * summary.tokens_before or summary.tokens_after == 0


def test_an_item_is_kept_with_what_it_hangs_under() -> None:
    text = f"# T\n\n- Outer\n  - We chose 17 shards because of `a/b.py`\n- {_PADDING * 3}\n\n{_PADDING * 5}\n"
    summary = condense.condense_note(text, 0.25, count)
    assert "- Outer\n  - We chose 17 shards" in summary.text


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("1. Took 35 ms and $4.20, 12 %", {("figure", "35 ms"), ("figure", "$4.20"), ("figure", "12 %")}),
        ("see src/app/main.py and docs/", {("path", "src/app/main.py")}),
        ("and/or 2026/01/02 yes/no", {("figure", "2026")}),
        ("edit `.github/workflows/`", {("path", ".github/workflows")}),
        ("run `git push --force` now", {("command", "git push --force")}),
        ("`Name` of it", set()),
    ],
)
def test_what_counts_as_a_fact(text: str, facts: set[tuple[str, str]]) -> None:
    assert facts <= statements.facts_of(text)
    assert {fact for fact in statements.facts_of(text) if fact[0] == "path"} == {
        f for f in facts if f[0] == "path"
    }


@pytest.mark.parametrize(
    ("path", "known", "condensed"),
    [
        ("recent/a.md", {"date": TODAY - 31}, True),
        ("recent/a.md", {"date": TODAY - 30}, False),
        ("recent/a.md", {"first_seen": TODAY - 31}, True),
        ("recent/a.md", {"first_seen": TODAY - 30}, False),
        ("recent/a.md", {"first_seen": 0}, False),  # a file's own time is no age
        ("recent/a.md", {"date": TODAY - 3, "first_seen": TODAY - 99}, False),
        ("roles/qa/recent/deep/a.md", {"date": TODAY - 31}, True),
        ("intermediate/a.md", {"date": TODAY - 99}, False),
        ("patterns/a.md", {"date": TODAY - 99}, False),
        ("recent/a.md", {"date": TODAY - 99, "always": True}, False),
        ("recent/a.md", {"date": TODAY - 99, "movable": False}, False),
        ("recent/a.md", {"date": TODAY - 99, "problem": "not UTF-8"}, False),
    ],
)
def test_which_notes_are_condensed(path: str, known: dict[str, Any], condensed: bool) -> None:
    assert (
        bool(summaries.find_summary_candidates([note(path, **known)], SummaryRules(30, 0.25), TODAY))
        is condensed
    )


def test_the_proposal_moves_the_full_text_and_keeps_the_side_file_in_step(tmp_path: Path, home: Path) -> None:
    side = {"pattern_file": "2026-04-01.md", "token_count": 1, "content_hash": "x", "confidence": 0.8}
    files = {
        "recent/2026-04-01.md": NOTE,
        "recent/2026-04-01.metadata.json": json.dumps(side),
        "roles/qa/recent/2026-04-02-short.md": "Short.\n",
        "recent/2026-06-10.md": NOTE,
    }
    project = memory(tmp_path / "p", files, home)
    update.update_index(project)
    full, short = survey.find_summaries(survey.begin_survey(project, NOW))
    assert [(step.source, step.target) for step in full.steps] == [
        (f"{MEMORY}/recent/2026-04-01.md", f"{MEMORY}/archive/recent/2026-04-01.md"),
        (f"{MEMORY}/recent/2026-04-01.metadata.json", f"{MEMORY}/archive/recent/2026-04-01.metadata.json"),
        ("", f"{MEMORY}/intermediate/2026-04-01.md"),
        ("", f"{MEMORY}/intermediate/2026-04-01.metadata.json"),
    ]
    assert f"date: {date(2026, 4, 1).isoformat()}" in full.steps[2].text
    written = json.loads(full.steps[3].text)
    assert written["confidence"] == 0.8
    assert written["token_count"] > 50
    assert len(written["content_hash"]) == 32
    assert "tokens become" in full.reason
    assert [(step.source, step.target) for step in short.steps] == [
        (
            f"{MEMORY}/roles/qa/recent/2026-04-02-short.md",
            f"{MEMORY}/roles/qa/intermediate/2026-04-02-short.md",
        )
    ]
