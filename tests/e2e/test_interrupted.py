"""Runs that end badly are recorded all the same."""

from __future__ import annotations

from pathlib import Path

from tests.support.blocks import assert_valid_records, only_block
from tests.support.client import TIMEOUT, Client, transcripts_in
from tests.support.fake_api import AgentScript, Script, agent
from tests.support.projects import usage_records, wait_for_records, wait_until

TASK = "TASK-01 Review the incremental models."


def is_whole(transcript: Path) -> bool:
    """Whether the client has written down how an agent began, and the file beside that."""
    return transcript.with_suffix(".meta.json").exists() and transcript.read_bytes().endswith(b"\n")


def test_a_later_session_closes_agents_of_a_client_that_was_killed(client: Client, team: Path) -> None:
    script = Script(
        main=[[agent(TASK, "dbt-expert", description="cut off")]], agents={"TASK-01": AgentScript(hold=True)}
    )
    with client.start(team, script) as (process, api):
        api.wait_for_agents(1)
        wait_until(lambda: [path for path in transcripts_in(client.home) if is_whole(path)] != [])
        process.kill()
        process.wait()
    block = only_block(api.first_request("TASK-01").prompt)
    assert usage_records(team) == []

    client.run(team, Script())
    (record,) = wait_for_records(team, 1)
    assert_valid_records([record])
    assert record["task"] == "cut off"
    assert record["allocation_id"] == block.id
    assert record["success"] is False
    assert record["error"]
    assert record["delivered"] is True

    client.run(team, Script())
    assert len(usage_records(team)) == 1


def test_a_running_agent_of_another_session_is_not_closed(client: Client, team: Path) -> None:
    script = Script(main=[[agent(TASK, "dbt-expert")]], agents={"TASK-01": AgentScript(hold=True)})
    with client.start(team, script) as (process, api):
        api.wait_for_agents(1)
        client.run(team, Script())
        assert usage_records(team) == []
        api.let_go()
        process.communicate(timeout=TIMEOUT)
    (record,) = wait_for_records(team, 1)
    assert record["success"] is True


def test_an_agent_whose_service_fails_is_recorded(client: Client, team: Path) -> None:
    """Its call of the Agent tool fails after it started."""
    script = Script(
        main=[[agent(TASK, "dbt-expert", description="refused")]],
        agents={"TASK-01": AgentScript(status=400)},
    )
    with client.start(team, script) as (process, api):
        api.wait_for_agents(1)
        process.communicate(timeout=TIMEOUT)
    block = only_block(api.first_requests("TASK-01")[0].prompt)  # the client asks again
    client.run(team, Script())
    (record,) = wait_for_records(team, 1)
    assert_valid_records([record])
    assert record["task"] == "refused"
    assert record["allocation_id"] == block.id
    assert record["success"] is False
    assert record["error"]
