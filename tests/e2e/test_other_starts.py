"""Agents that start without the Agent tool, or whose prompt must stay as it is, get their memory as context."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from memory_budget.base.project import Project
from memory_budget.index import update
from tests.support.blocks import TAG, Block, assert_valid_records, blocks_in, count
from tests.support.client import Client
from tests.support.fake_api import AgentScript, Request, Script, agent, workflow
from tests.support.projects import TEAM, facts_in, make_project, wait_for_records

TASK = "TASK-01 Review the incremental models and say what their test coverage misses."

#: What the client lets through of one hook's context before it cuts, in characters.
MOST_CHARACTERS = 10_000


def context_parts(request: Request, owner: str) -> list[Block]:
    """The parts of the one block in a request's context, of which each fits the client's limit."""
    parts = blocks_in(request.context)
    assert len({part.id for part in parts}) == 1
    assert all(len(part.text) < MOST_CHARACTERS for part in parts)
    labels = [re.fullmatch(r'part="(\d+) of (\d+)"', part.label) for part in parts]
    if len(parts) > 1:
        assert sorted(int(label[1]) for label in labels if label) == list(range(1, len(parts) + 1))
    text = "".join(part.text for part in parts)
    for other in TEAM:
        if other != owner:
            assert facts_in(text, other) == []
    return parts


def test_delivery_as_context_leaves_the_prompt_as_the_caller_wrote_it(client: Client, team: Path) -> None:
    make_project(team, {".claude/memory/budget-profiles.json": json.dumps({"delivery": "context"})})
    calls = [agent(TASK, "dbt-expert", description="one")]
    session = client.run(team, Script(main=[calls], agents={"TASK-01": AgentScript()}))

    request = session.first_request("TASK-01")
    assert request.prompt == TASK
    parts = context_parts(request, "dbt-expert")
    text = "".join(part.text for part in parts)
    assert {"incremental models", "test coverage"} <= set(facts_in(text, "dbt-expert"))
    (record,) = wait_for_records(team, 1)
    assert_valid_records([record])
    assert record["task"] == "one"
    assert record["delivered"] is True
    assert record["allocation_id"] == parts[0].id
    assert record["tool_use_id"].startswith("toolu_")
    assert count(text) <= record["budget_allocated"]


def test_context_of_agents_started_at_once_is_not_mixed_up(client: Client, team: Path) -> None:
    make_project(team, {".claude/memory/budget-profiles.json": json.dumps({"delivery": "context"})})
    topics = [(name, topic) for name in list(TEAM)[:2] for topic in TEAM[name]]
    tasks = {f"TASK-{at:02}": pair for at, pair in enumerate(topics)}
    calls = [
        agent(f"{key} Write up the {topic}.", name, description=key) for key, (name, topic) in tasks.items()
    ]
    session = client.run(team, Script(main=[calls], agents=dict.fromkeys(tasks, AgentScript(delay=0.2))))

    records = {record["task"]: record for record in wait_for_records(team, len(tasks))}
    assert_valid_records(records.values())
    for key, (name, topic) in tasks.items():
        parts = context_parts(session.first_request(key), name)
        assert topic in facts_in("".join(part.text for part in parts), name)
        assert records[key]["allocation_id"] == parts[0].id
        assert records[key]["delivered"] is True


def own_memory(request: Request, records: dict[str, dict[str, Any]], key: str, name: str, topic: str) -> None:
    """The agent of this task was handed its own memory, once, and its record says so."""
    parts = context_parts(request, name)
    assert topic in facts_in("".join(part.text for part in parts), name)
    record = records[key]
    assert record["allocation_id"] == parts[0].id
    assert (record["delivered"], record["channel"]) == (True, "context")
    assert (
        record["tokens_loaded"]
        == sum(part.tokens for part in parts)
        == count("".join(part.text for part in parts))
    )


@pytest.mark.parametrize("background", [True, False])
def test_sixteen_agents_of_one_type_at_once(client: Client, team: Path, background: bool) -> None:
    """Nothing but the client's own word tells which of them has which task."""
    make_project(team, {".claude/memory/budget-profiles.json": json.dumps({"delivery": "context"})})
    update.update_index(Project(str(team), str(client.home)))
    topics = list(TEAM["dbt-expert"])
    tasks = {f"TASK-{at:02}": topics[at % len(topics)] for at in range(16)}
    calls = [
        agent(f"{key} Write up the {topic}.", "dbt-expert", description=key, run_in_background=background)
        for key, topic in tasks.items()
    ]
    session = client.run(team, Script(main=[calls], agents=dict.fromkeys(tasks, AgentScript(delay=0.2))))

    records = {record["task"]: record for record in wait_for_records(team, 16)}
    assert_valid_records(records.values())
    for key, topic in tasks.items():
        own_memory(session.first_request(key), records, key, "dbt-expert", topic)
    assert len({record["allocation_id"] for record in records.values()}) == 16


def test_agents_that_agents_start(client: Client, team: Path) -> None:
    make_project(team, {".claude/memory/budget-profiles.json": json.dumps({"delivery": "context"})})
    update.update_index(Project(str(team), str(client.home)))
    inner = {"TASK-02": "snapshot strategy", "TASK-03": "test coverage", "TASK-04": "incremental models"}
    calls = [
        agent(f"{key} Write up the {topic}.", "dbt-expert", description=key) for key, topic in inner.items()
    ]
    outer = agent("TASK-01 Write up the query pruning.", "snowflake-expert", description="TASK-01")
    agents = {"TASK-01": AgentScript(turns=[calls]), **dict.fromkeys(inner, AgentScript(delay=0.2))}
    session = client.run(team, Script(main=[[outer]], agents=agents))

    records = {record["task"]: record for record in wait_for_records(team, 4)}
    own_memory(session.first_request("TASK-01"), records, "TASK-01", "snowflake-expert", "query pruning")
    for key, topic in inner.items():
        own_memory(session.first_request(key), records, key, "dbt-expert", topic)


def test_more_than_20_000_tokens_go_in_as_context(client: Client, team: Path) -> None:
    """In every part the client lets through, and what finds no place is named."""
    settings = {
        "delivery": "context",
        "agents": {"dbt-expert": {"base_budget": 60_000, "max_budget": 60_000}},
    }
    text = "Incremental models merge on the surrogate key of table {n}; the next full refresh of it runs in week {m}. "
    notes = {
        f".claude/memory/specialists/dbt-expert/patterns/table-{n}.md": f"---\nalways: true\n---\n# Table {n}\n\n"
        + "\n\n".join(text.format(n=n, m=m) * (4 + m % 7) for m in range(8))
        for n in range(40)
    }
    make_project(team, {".claude/memory/budget-profiles.json": json.dumps(settings), **notes})
    update.update_index(Project(str(team), str(client.home)))
    task = "TASK-01 Review all incremental models: the surrogate key of every table, and its full refresh."
    calls = [agent(task, "dbt-expert", description="one")]
    session = client.run(team, Script(main=[calls], agents={"TASK-01": AgentScript()}))

    parts = blocks_in(session.first_request("TASK-01").context)
    assert len(parts) == 10
    arrived = sum(part.tokens for part in parts)
    assert arrived > 20_000
    (record,) = wait_for_records(team, 1)
    assert_valid_records([record])
    assert record["tokens_loaded"] == arrived
    assert record["delivered"] == "partly"
    assert record["planned_tokens"] > arrived
    assert record["usage_pct"] == round(100 * arrived / record["budget_allocated"], 2)
    rest = team / ".claude/cache/memory-budget/blocks" / f"{record['allocation_id']}.md"
    assert str(rest) in session.first_request("TASK-01").context
    assert "surrogate key of table" in rest.read_text()


def test_agents_of_a_workflow(client: Client, team: Path) -> None:
    run = workflow(
        ("TASK-01 Review the incremental models.", "dbt-expert"),
        ("TASK-02 Look at the query pruning.", "snowflake-expert"),
    )
    agents = {"TASK-01": AgentScript(delay=0.2), "TASK-02": AgentScript(delay=0.2)}
    script = Script(main=[[run]], agents=agents)
    session = client.run(
        team, script, "--permission-mode", "bypassPermissions", prompt="Run a workflow for this."
    )

    for key, name in (("TASK-01", "dbt-expert"), ("TASK-02", "snowflake-expert")):
        request = session.first_request(key)
        assert TAG not in request.prompt
        assert context_parts(request, name)
    records = wait_for_records(team, 2)
    assert_valid_records(records)
    assert {record["agent"].rpartition("/")[2] for record in records} == {"dbt-expert", "snowflake-expert"}
    for record in records:
        assert record["delivered"] is True
        assert record["tool_use_id"] is None
        assert record["agent_id"]


def test_an_agent_as_the_main_thread(client: Client, team: Path) -> None:
    pinned = "---\nalways: true\n---\n# House rules\n\nModels are named after their grain.\n"
    make_project(team, {".claude/memory/specialists/dbt-expert/patterns/rules.md": pinned})
    update.update_index(Project(str(team), str(client.home)))
    session = client.run(team, Script(), "--agent", "dbt-expert")

    parts = context_parts(session.api.requests[0], "dbt-expert")
    (record,) = wait_for_records(team, 1)
    assert_valid_records([record])
    assert record["agent"].endswith("dbt-expert")
    assert record["allocation_id"] == parts[0].id
    assert record["session_id"] == session.result["session_id"]
    assert record["agent_id"] is None
    assert record["delivered"] is True
