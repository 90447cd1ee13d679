"""Agents that the main thread starts with the Agent tool get their memory before their task."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.blocks import TAG, Block, assert_valid_records, count, only_block
from tests.support.client import Client, Session, transcripts_in
from tests.support.fake_api import AgentScript, Script, agent
from tests.support.plugins import agent_denier, prompt_rewriter
from tests.support.projects import TEAM, facts_in, make_project, usage_records, wait_for_records

TASK = "TASK-01 Review the incremental models and say what their test coverage misses."
ONE = {"TASK-01": AgentScript()}


def given(session: Session, name: str, task: str) -> Block:
    """The block an agent got, which stands before its task and is all that was added to it."""
    prompt = session.first_request(name).prompt
    block = only_block(prompt)
    assert prompt == block.text + task
    return block


def assert_own_memory_only(text: str, owner: str) -> None:
    for other in TEAM:
        if other != owner:
            assert facts_in(text, other) == []
            assert f"/{other}/" not in text


def assert_main_thread_untouched(session: Session) -> None:
    for request in session.api.requests:
        if not request.by_agent:
            assert TAG not in request.text
            assert TAG not in str(request.body["messages"])


@pytest.mark.parametrize("more", [{}, {"run_in_background": False}], ids=["background", "foreground"])
def test_agent_gets_memory_and_leaves_a_record(client: Client, team: Path, more: dict[str, Any]) -> None:
    call = agent(TASK, "dbt-expert", description="review models", **more)
    session = client.run(team, Script(main=[[call]], agents=ONE))

    block = given(session, "TASK-01", TASK)
    assert {"incremental models", "test coverage"} <= set(facts_in(block.text, "dbt-expert"))
    assert_own_memory_only(block.text, "dbt-expert")
    assert_main_thread_untouched(session)

    records = wait_for_records(team, 1)
    assert_valid_records(records)
    (record,) = records
    assert record["agent"].endswith("dbt-expert")
    assert record["task"] == "review models"
    assert record["profile"] == "specialist-broad"
    assert record["allocation_id"] == block.id
    assert record["delivered"] is True
    assert (record["success"], record["error"]) == (True, None)
    assert block.tokens <= record["tokens_loaded"] <= record["budget_allocated"]
    assert record["tokens_loaded"] <= record["scoped_tokens"]
    assert record["session_id"] == session.result["session_id"]
    assert record["tool_use_id"].startswith("toolu_")
    assert record["agent_id"] in transcripts_in(client.home)[0].name
    assert record["model"]
    assert record["duration_seconds"] >= 0
    assert record["hook_ms"] > 0
    usage = record["api_usage"]
    assert (usage["requests"], usage["output"]) == (1, 20)
    assert usage["first_request_input"] == usage["input"] > count(block.text) / 2


def test_the_task_decides_what_is_sent(client: Client, team: Path) -> None:
    other = "TASK-02 Which snapshot strategy keeps history of the accounts?"
    calls = [agent(TASK, "dbt-expert"), agent(other, "dbt-expert")]
    session = client.run(team, Script(main=[calls], agents={**ONE, "TASK-02": AgentScript()}))

    first, second = given(session, "TASK-01", TASK), given(session, "TASK-02", other)
    assert "snapshot strategy" in facts_in(second.text, "dbt-expert")
    assert first.text.replace(first.id, "") != second.text.replace(second.id, "")


def test_sixteen_at_once(client: Client, team: Path) -> None:
    names = [name for name in TEAM for _ in range(2)][:16]
    tasks = {f"TASK-{at:02}": name for at, name in enumerate(names)}
    prompts = {
        key: f"{key} Write up the {next(iter(TEAM[name]))} for the team." for key, name in tasks.items()
    }
    calls = [agent(prompts[key], name, description=key) for key, name in tasks.items()]
    session = client.run(team, Script(main=[calls], agents=dict.fromkeys(tasks, AgentScript(delay=0.2))))

    blocks = {key: given(session, key, prompts[key]) for key in tasks}
    assert len({block.id for block in blocks.values()}) == 16
    for key, name in tasks.items():
        assert_own_memory_only(blocks[key].text, name)
    records = {record["task"]: record for record in wait_for_records(team, 16)}
    assert_valid_records(records.values())
    for key, name in tasks.items():
        record = records[key]
        assert record["agent"].endswith(name)
        assert record["allocation_id"] == blocks[key].id
        assert record["delivered"] is True
        assert blocks[key].tokens <= record["budget_allocated"]
    assert len({record["tool_use_id"] for record in records.values()}) == 16
    assert len({record["agent_id"] for record in records.values()}) == 16


def test_an_agent_that_an_agent_starts(client: Client, team: Path) -> None:
    inner_task = "TASK-02 Find out why query pruning does nothing here."
    inner = agent(inner_task, "snowflake-expert", description="inner", run_in_background=False)
    agents = {"TASK-01": AgentScript(turns=[[inner]]), "TASK-02": AgentScript()}
    session = client.run(team, Script(main=[[agent(TASK, "dbt-expert", description="outer")]], agents=agents))

    inner_block = given(session, "TASK-02", inner_task)
    assert "query pruning" in facts_in(inner_block.text, "snowflake-expert")
    assert_own_memory_only(inner_block.text, "snowflake-expert")
    records = {record["task"]: record for record in wait_for_records(team, 2)}
    assert records["inner"]["allocation_id"] == inner_block.id
    assert records["outer"]["allocation_id"] == given(session, "TASK-01", TASK).id
    assert all(record["delivered"] is True for record in records.values())


@pytest.mark.parametrize("kind", ["Explore", "fork"])
def test_agents_of_the_none_profile_are_left_alone(client: Client, team: Path, kind: str) -> None:
    session = client.run(team, Script(main=[[agent(TASK, kind)]], agents=ONE))

    request = session.first_request("TASK-01")
    assert TAG not in request.text
    if kind != "fork":
        assert request.prompt == TASK
    assert usage_records(team) == []


def test_an_agent_without_a_type_gets_shared_memory(client: Client, team: Path) -> None:
    task = "TASK-01 Put the rules for secret handling into one table."
    session = client.run(team, Script(main=[[agent(task)]], agents=ONE))

    block = given(session, "TASK-01", task)
    assert "secret-handling.md" in block.text
    assert_own_memory_only(block.text, "nobody")
    assert wait_for_records(team, 1)[0]["profile"] == "specialist-broad"


def test_a_project_without_memory_is_left_as_it_is(client: Client, tmp_path: Path) -> None:
    project = make_project(tmp_path / "plain", {"README.md": "Nothing here yet.\n"})
    session = client.run(project, Script(main=[[agent(TASK)]], agents=ONE))

    assert session.first_request("TASK-01").prompt == TASK
    assert sorted(path.name for path in project.rglob("*")) == ["README.md"]


def test_a_prompt_that_another_plugin_rewrote_is_recorded_as_not_delivered(
    client: Client, team: Path, tmp_path: Path
) -> None:
    rewriter = prompt_rewriter(tmp_path / "rewriter", "Rewritten. ", delay=1.5)
    session = client.run(team, Script(main=[[agent(TASK, "dbt-expert")]], agents=ONE), plugins=[rewriter])

    assert session.first_request("TASK-01").prompt == f"Rewritten. {TASK}"
    (record,) = wait_for_records(team, 1)
    assert_valid_records([record])
    assert record["delivered"] is False
    assert record["success"] is True


def test_a_denied_agent_leaves_no_record(client: Client, team: Path, tmp_path: Path) -> None:
    denier = agent_denier(tmp_path / "denier")
    client.run(team, Script(main=[[agent(TASK, "dbt-expert")]], agents=ONE), plugins=[denier])
    client.run(team, Script(main=[[agent(TASK, "dbt-expert")]]), "--disallowedTools", "Agent(dbt-expert)")
    client.run(team, Script())

    assert usage_records(team) == []
