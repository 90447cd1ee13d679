"""The client's own memory of a project: its topic notes reach the agents whose task they are about."""

from __future__ import annotations

from pathlib import Path

from tests.support.blocks import TAG, only_block
from tests.support.client import Client
from tests.support.fake_api import AgentScript, Script, agent
from tests.support.git import git

TASK = "TASK-01 Prepare the canary rollout of the ledger exporter and say which shard goes first."
OTHER = "TASK-02 Explain how invoices round VAT half cents for customers."
INDEX = "- [Ledger exporter rollout](ledger-rollout.md) — how we roll out\n- [VAT rounding](vat.md) — half cents\n"
ROLLOUT = (
    "---\nname: ledger-rollout\ndescription: Canary rollout of the ledger exporter\nmetadata:\n  type: project\n---\n\n"
    "The canary rollout of the ledger exporter starts with shard seven, never with shard one.\n"
)
VAT = "---\nname: vat\ndescription: VAT rounding of invoices\n---\n\nInvoices round VAT half cents in favour of customers.\n"


def auto_memory(home: Path, project: Path) -> Path:
    """The client's memory folder of a project, filled."""
    slug = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in str(project.resolve()))
    folder = home / ".claude/projects" / slug / "memory"
    folder.mkdir(parents=True)
    for name, text in (("MEMORY.md", INDEX), ("ledger-rollout.md", ROLLOUT), ("vat.md", VAT)):
        (folder / name).write_text(text)
    return folder


def test_agents_get_the_topic_note_their_task_is_about(client: Client, tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "pkg").mkdir(parents=True)
    git(project, "init", "-q")
    auto_memory(client.home, project)
    calls = [agent(TASK, "general-purpose"), agent(OTHER, "general-purpose")]
    script = Script(main=[calls], agents={"TASK-01": AgentScript(), "TASK-02": AgentScript()})
    # The session stands in a folder of the repository; nothing but the client's own memory is there.
    session = client.run(project / "pkg", script)
    first = only_block(session.first_request("TASK-01").prompt)
    second = only_block(session.first_request("TASK-02").prompt)
    assert "starts with shard seven" in first.text
    assert "half cents in favour" not in first.text
    assert "half cents in favour" in second.text
    for block in (first, second):
        assert "how we roll out" not in block.text  # its index the client hands out itself
    # The client did so: every request holds the index, and the notes only by us.
    for request in session.api.requests:
        if not request.by_agent:
            assert TAG not in request.text
    assert not (project / ".claude").exists()
    assert [path.name for path in sorted(project.iterdir())] == [".git", "pkg"]
