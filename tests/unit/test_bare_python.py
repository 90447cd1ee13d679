"""With nothing but a Python: `-I -S`, no library, no data folder, no network. Nothing is lost, and nothing is over budget."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from memory_budget.base.installation import base_interpreter
from memory_budget.text.tokens import Counter
from tests.support import hooks
from tests.support.environment import ROOT
from tests.support.projects import make_project, usage_records

MAIN = ROOT / "lib/memory_budget/__main__.py"
PARAGRAPHS = "\n\n".join(
    f"## Step {number}\n\nThe billing export of step {number} replays shard {number * 7} with the flag `--again`, überall."
    for number in range(400)
)
FILES = {
    ".claude/memory/patterns/billing.md": f"# Billing export\n\n{PARAGRAPHS}\n",
    ".claude/agents/dbt-expert.md": "---\nname: dbt-expert\ndescription: Redis expert.\n---\nYou do dbt.\n",
    ".claude/memory/budget-profiles.json": '{"profiles": {"specialist-broad": {"base_budget": 2000, "max_budget": 2000}}}',
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project", FILES)


def run(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    """The command line without site-packages."""
    return subprocess.run(
        [base_interpreter(), "-I", "-S", str(MAIN), *arguments],
        env={
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "MEMORY_BUDGET_LIBRARIES": "never",
            "COLUMNS": "80",
        },
        capture_output=True,
        text=True,
        timeout=60,
    )


def wait_for_record(project: Path) -> dict[str, Any]:
    until = time.monotonic() + 90
    while time.monotonic() < until:
        records = usage_records(project)
        if records:
            assert len(records) == 1
            return records[0]
        time.sleep(0.1)
    raise AssertionError("no usage record was written")


def end_of_an_agent(folder: Path, prompt: str) -> dict[str, Any]:
    """Leave what the client leaves of an agent that ended; the SubagentStop event about it."""
    transcript = folder / "session/subagents/agent-a1.jsonl"
    transcript.parent.mkdir(parents=True)
    usage = {"input_tokens": 10, "output_tokens": 5}
    message = {"id": "m1", "model": "claude-x", "stop_reason": "end_turn", "usage": usage, "content": []}
    lines = [
        {"type": "user", "timestamp": "2026-01-02T03:04:05Z", "message": {"content": prompt}},
        {"type": "assistant", "timestamp": "2026-01-02T03:04:06Z", "message": message},
    ]
    transcript.write_text("".join(json.dumps(line) + "\n" for line in lines))
    transcript.with_name("agent-a1.meta.json").write_text(
        json.dumps({"toolUseId": "toolu_1", "agentType": "dbt-expert"})
    )
    return {
        "session_id": "5e55-10n",
        "agent_id": "a1",
        "agent_type": "dbt-expert",
        "agent_transcript_path": str(transcript),
        "transcript_path": str(folder / "session.jsonl"),
    }


@pytest.mark.parametrize("indexed", [False, True])
def test_an_agents_life(project: Path, home: Path, tmp_path: Path, indexed: bool) -> None:
    if indexed:
        done = run("background", "session", "--project", str(project), home=home)
        assert (done.returncode, done.stderr) == (0, "")
        assert (project / ".claude/cache/memory-budget/index.sqlite").exists()
    said = hooks.pre(
        project,
        home,
        tool_use="toolu_1",
        prompt="How do I replay the billing export?",
        transcript_path=str(tmp_path / "session.jsonl"),
    )
    block, _, task = str(said.prompt).rpartition("</project-memory>")
    assert "billing export" in block
    assert task.strip() == "How do I replay the billing export?"
    assert 100 < Counter().count(block) <= 2000
    event = end_of_an_agent(tmp_path, str(said.prompt))
    ended = project / ".claude/cache/memory-budget/ended/a1.json"
    ended.parent.mkdir(parents=True, exist_ok=True)
    ended.write_text(json.dumps(event))
    done = run("background", "finish", "--ended", str(ended), "--project", str(project), home=home)
    assert (done.returncode, done.stderr) == (0, "")
    record = wait_for_record(project)
    assert record["delivered"] is True
    assert record["tokens_loaded"] <= record["budget_allocated"] == 2000


@pytest.mark.parametrize(
    ("verb", "says"),
    [
        (["status"], "2 agents"),
        (["doctor"], "memory-budget setup"),
        (["report"], "no agent runs"),
        (["tune"], "No agent runs yet"),
        (["profiles", "check"], "fine"),
        (["profiles", "suggest"], "specialist-narrow"),
        (["sources", "list"], ".claude/memory"),
        (["index"], "1 "),
        (["health"], "1 "),
        (["preview", "--agent", "dbt-expert", "--prompt", "billing export"], "2,000"),
        (["complexity", "Fix the typo"], "typo"),
    ],
)
def test_every_verb_that_needs_no_library(project: Path, home: Path, verb: list[str], says: str) -> None:
    (project / ".claude/agents/x.md").write_text("---\nname: x\ndescription: Tech lead.\n---\n")
    done = run(*verb, "--project", str(project), home=home)
    assert says in done.stdout
    assert "Traceback" not in done.stderr
    assert done.returncode == (1 if verb == ["doctor"] else 0), done.stderr
    if verb[:2] not in (["sources", "list"], ["profiles", "check"]):  # globs and findings stay whole
        end_of_path = str(project.parent).split(" ")[-1]  # lines are broken at the blanks of a path, too
        long = [line for line in done.stdout.splitlines() if len(line) > 80 and end_of_path not in line]
        assert long == []


@pytest.mark.parametrize("verb", [["tune", "--json"], ["report", "--json"], ["run", "daily"]])
def test_a_verb_that_needs_one_says_which(project: Path, home: Path, verb: list[str]) -> None:
    done = run(*verb, "--project", str(project), home=home)
    assert done.returncode == 1
    assert "this needs the library" in done.stderr
    assert "run: memory-budget setup" in done.stderr
    assert "Traceback" not in done.stderr
