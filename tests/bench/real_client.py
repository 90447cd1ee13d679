"""Every assigned agent of a real corpus at every tier, through the real client.

    python3 -m tests.bench.real_client --corpus DIR [--client PROGRAM]

DIR holds a `.claude` folder with memory, agents and budget-profiles.json; it is copied, never changed. The client runs against
the scripted API of the tests. For each agent and tier it is checked what the agent was really sent: a block, within its budget
as tiktoken recounts it, nothing of another agent's folder, no chunk twice, and its record in the log.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "lib"))

from memory_budget.base.project import Project
from memory_budget.index import update
from memory_budget.settings import agents, profiles
from tests.support.blocks import blocks_in
from tests.support.client import Client
from tests.support.client_install import client as installed_client
from tests.support.fake_api import Script, agent

TASKS = {
    "simple": "Show which test checks that {area} keys are unique [complexity: simple]",
    "medium": "Review how {area} handles late-arriving data and suggest a fix [complexity: medium]",
    "complex": "Find out why the {area} pipeline got slower and more expensive, and plan the optimisation [complexity: complex]",
    "multi-system": "Design the hand-over between {area}, the warehouse, orchestration and the dashboards, with tests and "
    "documentation [complexity: multi-system]",
}
AT_ONCE = 10
#: Tokens the record may name above those of the block: an id and eight lines of the left-out list are counted by bounds.
SLACK = 48


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--client", type=Path)
    parser.add_argument("--timeout", type=float, default=900.0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="memory-budget-bench-") as scratch:
        return run(args.corpus, args.client or installed_client(), Path(scratch))


def run(corpus: Path, program: Path, scratch: Path) -> int:
    project = scratch / "project"
    shutil.copytree(corpus, project)
    for path in (project, *project.rglob("*")):
        path.chmod(path.stat().st_mode | 0o200)
    home = scratch / "home"
    home.mkdir()
    own = Project(str(project), str(home))
    names = _make_agents(own)
    update.update_index(own)
    calls = []
    for key, name in names.items():
        for tier, task in TASKS.items():
            area = name.replace("-", " ")
            calls.append(
                agent(
                    f"{task.format(area=area)} (case {key} {tier}.)",
                    name,
                    description=f"{key} {tier}",
                    run_in_background=False,
                )
            )
    turns = [calls[i : i + AT_ONCE] for i in range(0, len(calls), AT_ONCE)]
    started = time.perf_counter()
    with Client(program, home).start(project, Script(main=turns)) as (process, api):
        _output, errors = process.communicate(timeout=900)
        sent = {}
        for request in api.first_requests():
            match = re.search(r"\(case (\S+) (\S+)\.\)", request.prompt)
            if request.by_agent and match:
                sent[(match[1], match[2])] = request.prompt
    assert process.returncode == 0, errors
    seconds = time.perf_counter() - started
    records = _records(own, len(calls))
    return _judge(own, names, sent, records, seconds)


def _make_agents(project: Project) -> dict[str, str]:
    """Give every assigned agent an agent file of its own name. Returns the client's name by assignment."""
    loaded = profiles.load_profiles(project.root, project.home).profiles
    known = agents.scan_agent_files(project.root, project.home)
    names = {}
    stems = {key.partition("/")[2] for key in loaded.assignments}
    for key in loaded.assignments:
        kind, _, stem = key.partition("/")
        file = next((file for file in known.files if file.stem == stem), None)
        path = Path(file.path) if file else Path(project.root, ".claude", "agents", kind, f"{stem}.md")
        path.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text(encoding="utf-8") if file else f"# {stem}\n"
        if file is not None and file.name:
            if file.name not in stems - {stem}:
                names[key] = file.name
                continue
            text = text.partition("\n---\n")[2]  # it claims another assigned agent's name
        path.write_text(f"---\nname: {stem}\ndescription: {stem}\n---\n{text}", encoding="utf-8")
        names[key] = stem
    return {key: name for key, name in names.items() if key in _served(loaded)}


def _served(loaded: profiles.Profiles) -> set[str]:
    return {key for key, profile in loaded.assignments.items() if not loaded.profile(profile).gives_nothing}


def _records(project: Project, count: int) -> list[dict[str, Any]]:
    path = Path(project.log)
    for _ in range(300):
        if path.exists() and len(path.read_text(encoding="utf-8").splitlines()) >= count:
            break
        time.sleep(0.1)
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _judge(
    project: Project,
    names: dict[str, str],
    sent: dict[tuple[str, str], str],
    records: list[dict[str, Any]],
    seconds: float,
) -> int:
    by_id = {record["allocation_id"]: record for record in records}
    missing = over = foreign = twice = unrecorded = miscounted = 0
    reductions: dict[str, list[float]] = {}
    texts: dict[str, set[str]] = {}
    for key in names:
        for tier in TASKS:
            found = blocks_in(sent.get((key, tier), ""))
            if len(found) != 1:
                missing += 1
                continue
            block = found[0]
            record = by_id.get(block.id)
            if record is None or not record["delivered"] or record["agent"] != key:
                unrecorded += 1
                print(
                    f"  {key} {tier}: {'no record' if record is None else (record['agent'], record['delivered'])}"
                )
                continue
            over += block.tokens > record["budget_allocated"]
            miscounted += not record["tokens_loaded"] - SLACK <= block.tokens <= record["tokens_loaded"]
            owners = set(re.findall(r"<memory-file (?:specialists|roles)/([^/]+)/", block.text))
            own = key.partition("/")[2]
            foreign += bool(owners - {own})
            twice += _repeats(block.text)
            reductions.setdefault(tier, []).append(1 - block.tokens / record["scoped_tokens"])
            texts.setdefault(key, set()).add(block.text.partition("\n")[2])
    total = len(names) * len(TASKS)
    everything = [value for values in reductions.values() for value in values]
    print(f"{len(names)} agents x {len(TASKS)} tiers through the real client in {seconds:.0f} s")
    print(f"no block: {missing} of {total}; over budget: {over}; another agent's memory: {foreign}")
    print(
        f"no whole record: {unrecorded}; tokens in the record more than {SLACK} off those of the block: {miscounted}"
    )
    print(f"chunks said twice: {twice}")
    print(
        f"agents whose block did not change with the task: {sum(len(t) < len(TASKS) for t in texts.values())}"
    )
    for tier, values in reductions.items():
        print(f"context reduction, {tier}: {statistics.mean(values):.1%}")
    print(f"context reduction, mean: {statistics.mean(everything):.1%}")
    times = [record["hook_ms"] for record in records]
    print(f"start hook in process: median {statistics.median(times):.1f} ms with {AT_ONCE} at once")
    return 1 if missing or over or foreign or unrecorded or miscounted or twice else 0


def _repeats(block: str) -> int:
    """Paragraphs of some length that stand in a block more than once."""
    seen: set[str] = set()
    count = 0
    for paragraph in block.split("\n\n"):
        folded = " ".join(paragraph.split())
        if len(folded) > 80:
            count += folded in seen
            seen.add(folded)
    return count


if __name__ == "__main__":
    sys.exit(main())
