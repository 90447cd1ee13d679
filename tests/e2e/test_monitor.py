"""A person sees every agent's budget while it runs: loads, alerts, bumps, rows, delivery, calibration, many at once."""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from memory_budget.base.project import Project
from memory_budget.index import update
from tests.support.blocks import assert_valid_records, count, only_block
from tests.support.client import TIMEOUT, Client, Session
from tests.support.environment import ROOT
from tests.support.fake_api import AgentScript, Script, agent, tool
from tests.support.plugins import prompt_rewriter
from tests.support.projects import TEAM, make_project, usage_records, wait_for_records, wait_until

TASK = "TASK-01 Review the incremental models and say what their test coverage misses."
#: A memory file that this task has no use for, so that the agent is not sent any of it.
SHARED_NOTE = ".claude/memory/patterns/secret-handling.md"
OWN_NOTE = ".claude/memory/specialists/dbt-expert/recent/last-week.md"
ANYTHING = ("--permission-mode", "bypassPermissions")


def with_profiles(team: Path, **settings: Any) -> None:
    make_project(team, {".claude/memory/budget-profiles.json": json.dumps(settings)})


def indexed(team: Path, client: Client) -> Project:
    """The project with its index made, as it is after a session or two."""
    project = Project(str(team), str(client.home))
    update.update_index(project)
    return project


def messages(session: Session) -> list[str]:
    """What the person was shown, from `--output-format stream-json`."""
    events = [json.loads(line) for line in session.output.splitlines()]
    return [event["content"] for event in events if event.get("subtype") == "informational"]


def assert_unseen_by_models(session: Session, *texts: str) -> None:
    for request in session.api.requests:
        for text in ("tokens of memory", *texts):
            assert text not in request.text
            assert text not in json.dumps(request.body["messages"])


def sent_tokens(client: Client, team: Path, script: Script) -> int:
    """What a run of this script loads where the budget is no limit; the log is empty again afterwards."""
    client.run(team, script, *ANYTHING)
    (record,) = wait_for_records(team, 1)
    (team / ".claude/cache/budget-usage.jsonl").unlink()
    return int(record["tokens_loaded"])


# -- 1 loads


def test_memory_that_an_agent_reads_itself_counts(client: Client, team: Path) -> None:
    project = indexed(team, client)
    reads = [
        [
            tool("Read", file_path=str(team / SHARED_NOTE)),
            tool("Read", file_path=str(team / OWN_NOTE), limit=20),
        ],
        [tool("Bash", command=f"cat {SHARED_NOTE} | tail -n 5", description="look")],
        [tool("Bash", command=f"ls {Path(SHARED_NOTE).parent}; wc -l {SHARED_NOTE}", description="list")],
        [tool("Read", file_path=str(team / ".claude/agents/specialists/dbt-expert.md"))],
    ]
    script = Script(main=[[agent(TASK, "dbt-expert")]], agents={"TASK-01": AgentScript(turns=reads)})
    session = client.run(team, script, *ANYTHING)

    (record,) = wait_for_records(team, 1)
    assert_valid_records([record])
    block = only_block(session.first_request("TASK-01").prompt)
    whole = count((team / SHARED_NOTE).read_text())
    part = count("\n".join((team / OWN_NOTE).read_text().split("\n")[:20]))
    tail = count("\n".join((team / SHARED_NOTE).read_text().split("\n")[-6:]))
    assert record["on_demand_tokens"] == pytest.approx(whole + part + tail, rel=0.1)
    sent = record["tokens_loaded"] - record["on_demand_tokens"]
    assert block.tokens <= sent <= 1.1 * block.tokens + 60  # frame and outline are counted by bounds
    assert record["scope_breakdown"]["global"] >= whole
    assert record["scope_breakdown"]["agent_recent"] == pytest.approx(part, rel=0.25)
    assert record["demand_tokens"] >= record["tokens_loaded"] - 60
    # What it read is forgotten once the record is written.
    running = Path(project.cache, "running")
    wait_until(lambda: not list(running.glob("*/*")))
    assert not list(running.glob("*/*"))


def test_reads_elsewhere_start_no_python(client: Client, team: Path, tmp_path: Path) -> None:
    """Of any file but Markdown the client starts nothing; of other Markdown a shell."""
    make_project(
        team, {"src/model.sql": "select 1\n", "README.md": "# Readme\n", "docs/guide.md": "# Guide\n"}
    )
    indexed(team, client)
    started = tmp_path / "started"
    plugin = tmp_path / "plugin"
    shutil.copytree(ROOT, plugin, ignore=shutil.ignore_patterns(".git*", ".cache", "tests", "__pycache__"))
    launcher = plugin / "bin/memory-budget"
    text = launcher.read_text()
    launcher.write_text(text.replace("\n", f'\necho "$*" >>"{started}"\n', 1))
    reads = [
        [
            tool("Read", file_path=str(team / name))
            for name in ("src/model.sql", "README.md", "docs/guide.md")
        ],
        [tool("Bash", command="cat src/model.sql README.md", description="look")],
        [tool("Read", file_path=str(team / SHARED_NOTE))],
    ]
    script = Script(main=[[agent(TASK, "dbt-expert")]], agents={"TASK-01": AgentScript(turns=reads)})
    Client(client.program, client.home, plugin).run(team, script, *ANYTHING)
    (record,) = wait_for_records(team, 1)
    assert started.read_text().split("\n").count("hook post_read") == 1
    assert record["on_demand_tokens"] == pytest.approx(count((team / SHARED_NOTE).read_text()), rel=0.1)


def test_reads_of_every_layout_count(client: Client, team: Path) -> None:
    note = "# Late rows\n\n" + "Rows that come late are loaded again with the next batch of their day.\n" * 20
    home = client.home / ".claude"
    auto = home / "projects" / re.sub(r"[^A-Za-z0-9]", "-", str(team)) / "memory"
    places = [
        team / "memory-bank/progress.md",
        team / "docs/memory/decisions/late.md",
        team / "handbook/late.md",
        team / ".claude/agent-memory-local/dbt-expert/late.md",
        home / "agent-memory/dbt-expert/late.md",
        auto / "late-rows.md",
    ]
    for number, place in enumerate(places):
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(note.replace("Late", f"Late {number}"))
    with_profiles(
        team,
        sources={
            "global": [
                ".claude/memory/**/*.md",
                "memory-bank/**/*.md",
                "docs/memory/**/*.md",
                "handbook/*.md",
            ]
        },
    )
    indexed(team, client)
    reads = [[tool("Read", file_path=str(place))] for place in places]
    reads.append([tool("Bash", command="cat memory-bank/progress.md", description="look")])
    script = Script(main=[[agent(TASK, "dbt-expert")]], agents={"TASK-01": AgentScript(turns=reads)})
    client.run(team, script, *ANYTHING)
    (record,) = wait_for_records(team, 1)
    assert_valid_records([record])
    assert record["on_demand_tokens"] == pytest.approx(7 * count(note), rel=0.1)


def test_what_the_outline_named_and_the_agent_opened_is_recorded(client: Client, team: Path) -> None:
    with_profiles(team, agents={"dbt-expert": {"base_budget": 2500, "max_budget": 2500}}, enforcement="hard")
    indexed(team, client)
    plain = Script(main=[[agent(TASK, "dbt-expert")]], agents={"TASK-01": AgentScript()})
    session = client.run(team, plain, *ANYTHING)
    (record,) = wait_for_records(team, 1)
    named = re.findall(r"^- (\S+\.md)", session.first_request("TASK-01").prompt, re.MULTILINE)
    assert record["outline_files"] == len(named) > 0
    assert (record["outline_reads"], record["outline_tokens"]) == (0, 0)
    path = named[0].removeprefix("./") if named[0].startswith("./") else f".claude/memory/{named[0]}"
    script = Script(
        main=[[agent(TASK, "dbt-expert")]],
        agents={"TASK-01": AgentScript(turns=[[tool("Read", file_path=str(team / path))]])},
    )
    client.run(team, script, *ANYTHING)
    record = wait_for_records(team, 2)[-1]
    assert record["outline_reads"] == 1
    assert record["outline_tokens"] == record["on_demand_tokens"] > 0


# -- 2 alerts


def test_alerts_once_each_to_the_person_and_in_the_record(client: Client, team: Path) -> None:
    plain = Script(main=[[agent(TASK, "dbt-expert")]], agents={"TASK-01": AgentScript()})
    indexed(team, client)
    sent = sent_tokens(client, team, plain)
    note = count((team / SHARED_NOTE).read_text())
    budget = int((sent + note) / 0.93)  # about 62 % at the start, 93 % after the read
    with_profiles(
        team, agents={"dbt-expert": {"base_budget": budget, "max_budget": budget}}, enforcement="hard"
    )
    indexed(team, client)
    reads = [
        [tool("Read", file_path=str(team / SHARED_NOTE))],
        [tool("Bash", command=f"head -n 2 {SHARED_NOTE}")],
    ]
    calls = [agent(TASK, "dbt-expert", run_in_background=False)]
    script = Script(main=[calls], agents={"TASK-01": AgentScript(turns=reads)})
    session = client.run(team, script, *ANYTHING, output="stream-json")

    (record,) = wait_for_records(team, 1)
    assert_valid_records([record])
    assert [warning["threshold"] for warning in record["warnings"]] == ["info", "warning"]
    line = record["warnings"][-1]["message"]
    assert re.fullmatch(r"dbt-expert: [\d.]+K of [\d.]+K tokens of memory \(9\d %\), tier \S+", line)
    assert [line in message for message in messages(session)] == [True]
    assert_unseen_by_models(session)
    assert record["exceeded_budget"] is False


def test_quiet_below_the_level_that_the_profiles_set(client: Client, team: Path) -> None:
    with_profiles(team, agents={"dbt-expert": {"base_budget": 1500, "max_budget": 1500}}, alert_level="off")
    indexed(team, client)
    script = Script(main=[[agent(TASK, "dbt-expert")]], agents={"TASK-01": AgentScript()})
    session = client.run(team, script, output="stream-json")
    (record,) = wait_for_records(team, 1)
    assert "critical" in [warning["threshold"] for warning in record["warnings"]]
    assert messages(session) == []


def test_an_alert_of_an_agent_in_the_background_reaches_the_person(client: Client, team: Path) -> None:
    with_profiles(team, agents={"dbt-expert": {"base_budget": 3500, "max_budget": 3500}})
    indexed(team, client)
    reads = [[tool("Read", file_path=str(team / SHARED_NOTE))]]
    script = Script(
        main=[[agent(TASK, "dbt-expert")]], agents={"TASK-01": AgentScript(turns=reads, delay=0.3)}
    )
    session = client.run(team, script, output="stream-json")
    wait_for_records(team, 1)
    assert [message for message in messages(session) if "tokens of memory (1" in message]
    assert_unseen_by_models(session)


# -- 3 enforcement


@pytest.mark.parametrize("enforcement", ["soft", "hard", "auto"])
def test_more_is_needed_than_the_budget_holds(client: Client, team: Path, enforcement: str) -> None:
    agents = {"dbt-expert": {"base_budget": 1200, "max_budget": 6000, "complexity": "medium"}}
    with_profiles(team, agents=agents, enforcement=enforcement)
    indexed(team, client)
    script = Script(main=[[agent(TASK, "dbt-expert")]], agents={"TASK-01": AgentScript()})
    session = client.run(team, script, output="stream-json")

    (record,) = wait_for_records(team, 1)
    assert_valid_records([record])
    block = only_block(session.first_request("TASK-01").prompt)
    assert record["exceeded_budget"] is True
    assert record["demand_tokens"] > record["budget_base"] == 1200
    assert block.tokens <= record["budget_allocated"]
    if enforcement == "hard":
        assert (record["budget_allocated"], record["bumped_from"]) == (1200, None)
        (message,) = messages(session)
        assert re.search(
            r"the task needs [\d.]+K tokens of memory, \d+ % of the most it may have \(1.2K", message
        )
    else:
        assert record["budget_allocated"] > 1200
        assert record["bumped_from"] == "medium"
        assert "tier raised from medium to" in record["warnings"][0]["message"]
        assert not [message for message in messages(session) if "raised" in message]
        assert block.tokens > 1200


def test_reads_that_go_over_the_budget_raise_it_and_the_next_start_knows(client: Client, team: Path) -> None:
    indexed(team, client)
    plain = Script(main=[[agent(TASK, "dbt-expert")]], agents={"TASK-01": AgentScript()})
    base = int((sent_tokens(client, team, plain) + count((team / SHARED_NOTE).read_text())) / 1.2)
    agents = {"dbt-expert": {"base_budget": base, "max_budget": 3 * base, "complexity": "medium"}}
    with_profiles(team, agents=agents)
    indexed(team, client)
    reads = [[tool("Read", file_path=str(team / SHARED_NOTE))]]
    script = Script(
        main=[[agent(TASK, "dbt-expert", description="review")]], agents={"TASK-01": AgentScript(turns=reads)}
    )
    client.run(team, script)
    (first,) = wait_for_records(team, 1)
    assert (first["budget_base"], first["bumped_from"], first["complexity"]) == (base, "medium", "complex")
    assert first["budget_allocated"] == int(1.5 * base)
    assert first["exceeded_budget"] is True

    same = agent(TASK, "dbt-expert", description="Review")
    other = agent("TASK-02 " + TASK, "dbt-expert", description="another task")
    script = Script(main=[[same, other]], agents={"TASK-02": AgentScript(), "TASK-01": AgentScript()})
    client.run(team, script)
    records = {record["task"]: record for record in wait_for_records(team, 3)[1:]}
    assert (records["Review"]["budget_allocated"], records["Review"]["bumped_from"]) == (
        int(1.5 * base),
        "medium",
    )
    assert (records["another task"]["budget_allocated"], records["another task"]["bumped_from"]) == (
        base,
        None,
    )


# -- 4 delivery


def test_the_person_is_told_once_which_plugin_rewrote_a_prompt(
    client: Client, team: Path, tmp_path: Path
) -> None:
    indexed(team, client)
    rewriter = prompt_rewriter(tmp_path / "rewriter", "Rewritten. ", delay=1.0)
    tasks = {f"TASK-0{number}": AgentScript() for number in (1, 2, 3)}
    turns = [[agent(f"{name} Review the incremental models.", "dbt-expert")] for name in tasks]
    session = client.run(team, Script(main=turns, agents=tasks), plugins=[rewriter], output="stream-json")

    records = wait_for_records(team, 3)
    assert [record["delivered"] for record in records] == [False] * 3
    told = [message for message in messages(session) if "without its memory" in message]
    assert len(told) == 1
    assert "the plugin rewriter rewrote its prompt" in told[0]
    assert_unseen_by_models(session, "without its memory")
    doctor = subprocess.run(
        [str(ROOT / "bin" / "memory-budget"), "doctor", "--json", "--project", str(team)],
        env=client.environment("http://127.0.0.1:9"),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    found = [entry["text"] for entry in json.loads(doctor.stdout) if entry["about"] == "delivery"]
    assert "3 of 3 agent runs did not get their memory" in found[0]
    assert "the plugin rewriter" in found[1]


# -- 5 calibration


def test_the_ratio_is_learned_from_runs_and_scales_budgets(client: Client, team: Path) -> None:
    """The scripted API counts a token for every four characters of a request, which is a ratio of its own."""
    project = indexed(team, client)
    rng = random.Random(1)
    kinds = [name for name in TEAM if not name.endswith("-role")][:2]
    tasks = {f"TASK-{number:02}": kinds[number % 2] for number in range(16)}
    words = "models tests coverage snapshot merge key refresh orders revenue pipeline pruning events".split()
    calls = [
        agent(f"{name} Think about " + " ".join(rng.choices(words, k=150 * (number + 1))) + ".", kind)
        for number, (name, kind) in enumerate(tasks.items())
    ]
    client.run(team, Script(main=[calls[:8], calls[8:]], agents=dict.fromkeys(tasks, AgentScript())))
    wait_for_records(team, 16)
    wait_until(lambda: os.path.exists(project.cache + "/state/calibration.json"))
    status = subprocess.run(
        [str(ROOT / "bin" / "memory-budget"), "status", "--json", "--project", str(team)],
        env=client.environment("http://127.0.0.1:9"),
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    (known,) = json.loads(status.stdout)["calibration"]
    assert known["source"] == "learned"
    assert known["learned"]["error"] <= 0.05 * known["learned"]["ratio"]
    assert 1.0 < known["in_use"] < 2.5  # characters a token, in JSON, by four

    client.run(team, Script(main=[[agent("TASK-99 " + TASK, kinds[0])]], agents={"TASK-99": AgentScript()}))
    record = wait_for_records(team, 17)[-1]
    assert record["budget_base"] == pytest.approx(35_000 / known["in_use"], rel=0.02)


# -- 6 many at once


def test_thirty_two_agents_of_one_session(client: Client, team: Path) -> None:
    indexed(team, client)
    names = [list(TEAM)[number % len(TEAM)] for number in range(32)]
    scripts, calls = {}, []
    for number, name in enumerate(names):
        key = f"TASK-{number:02}"
        reads = [[tool("Read", file_path=str(team / SHARED_NOTE))]] if number % 2 else []
        scripts[key] = AgentScript(turns=reads, delay=0.2)
        calls.append(agent(f"{key} Write up the {next(iter(TEAM[name]))}.", name, description=key))
    limit = {"CLAUDE_CODE_MAX_CONCURRENT_SUBAGENTS": "32"}  # the client's own is 20
    session = client.run(team, Script(main=[calls], agents=scripts), environment=limit)

    records = {record["task"]: record for record in wait_for_records(team, 32)}
    assert_valid_records(records.values())
    note = count((team / SHARED_NOTE).read_text())
    for number, name in enumerate(names):
        record = records[f"TASK-{number:02}"]
        block = only_block(session.first_request(f"TASK-{number:02}").prompt)
        assert record["agent"].endswith(name)
        assert record["allocation_id"] == block.id
        assert record["delivered"] is True
        assert record["on_demand_tokens"] == (note if number % 2 else 0)
        assert block.tokens <= record["tokens_loaded"] - record["on_demand_tokens"] <= 1.1 * block.tokens + 60
    assert len({record["agent_id"] for record in records.values()}) == 32


def test_four_sessions_of_one_project_at_once(client: Client, team: Path) -> None:
    indexed(team, client)
    names = list(TEAM)[:8]

    def run(letter: str) -> Session:
        calls = [
            agent(
                f"{letter}-{number} Write up the {next(iter(TEAM[name]))}.",
                name,
                description=f"{letter}-{number}",
            )
            for number, name in enumerate(names)
        ]
        reads = [[tool("Read", file_path=str(team / SHARED_NOTE))]]
        scripts = {f"{letter}-{number}": AgentScript(turns=reads, delay=0.2) for number in range(8)}
        return client.run(team, Script(main=[calls], agents=scripts))

    client.prepare_home()
    with ThreadPoolExecutor(4) as pool:
        sessions = dict(zip("ABCD", pool.map(run, "ABCD"), strict=True))

    records = {record["task"]: record for record in wait_for_records(team, 32)}
    assert_valid_records(records.values())
    assert len(records) == 32
    note = count((team / SHARED_NOTE).read_text())
    for letter, session in sessions.items():
        for number, name in enumerate(names):
            record = records[f"{letter}-{number}"]
            assert record["session_id"] == session.result["session_id"]
            assert record["agent"].endswith(name)
            assert (
                record["allocation_id"] == only_block(session.first_request(f"{letter}-{number}").prompt).id
            )
            assert record["delivered"] is True
            assert record["on_demand_tokens"] == note
    assert len(usage_records(team)) == 32
