"""What a workflow's script says that an agent is to do."""

from __future__ import annotations

import pytest

from memory_budget.start.workflow import task_in

SCRIPT = """export const meta = { name: 'release', description: 'two agents of a release', phases: [{ title: 'Work' }] }
// it's a comment
phase('Work')
const what = "the notes of the last release"
return await parallel([
  () => agent("Review the incremental \\"orders\\" models.", {agentType: "dbt-expert", label: 'models'}),
  () => agent(`Look at the query pruning
of ${what}`, {agentType: 'snowflake-expert'}),
])
"""


def test_an_agents_task_is_that_of_the_call_which_names_its_type() -> None:
    assert task_in(SCRIPT, "dbt-expert") == 'Review the incremental "orders" models.'
    assert task_in(SCRIPT, "snowflake-expert") == "Look at the query pruning\nof ${what}"


def test_a_type_that_no_call_names_gets_every_text() -> None:
    text = task_in(SCRIPT, "tableau-expert")
    for told in ("two agents of a release", "Review the incremental", "query pruning"):
        assert told in text
    for code in ("parallel", "agentType"):
        assert code not in text


@pytest.mark.parametrize(
    "script", ["", "await run(tasks)", "agent(", "agent('", "`", "agent(x, {agentType: 'a'})"]
)
def test_a_script_without_a_task_is_what_there_is(script: str) -> None:
    assert task_in(script, "a") == script
