"""No agent gets memory twice, and what was planned for one goes to one, in whatever order the client tells of them."""

from __future__ import annotations

import errno
import fcntl
import os
import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from memory_budget.base import layout
from memory_budget.base.files import listing, read_bytes
from memory_budget.base.project import Project
from memory_budget.index import update
from memory_budget.run import claims, turns
from memory_budget.select import parts
from memory_budget.start import allocate, describe
from tests.support import hooks
from tests.support.projects import OTHER_NOTES, make_project

FILES = {
    ".claude/memory/specialists/dbt-expert/patterns/models.md": (
        "# Incremental models\n\nIncremental models merge on the key; write up the incremental models as dbt builds them.\n"
    ),
    **OTHER_NOTES,
    ".claude/agents/dbt-expert.md": "---\nname: dbt-expert\ndescription: dbt\n---\nYou do dbt.\n",
}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(str(make_project(tmp_path / "project", FILES)), "")


def start(
    project: Project,
    agent: str,
    agent_type: str = "dbt-expert",
    prompt_id: str = "turn",
    transcript: str = "",
) -> str:
    """What the first part says that this agent is handed; "-" when its prompt has it, "" when nobody planned for it."""
    found = claims.look(project, "s", agent_type, agent, prompt_id, transcript)
    return "-" if found.silent else claims.answer(found.plan, 1).decode() if found.plan else ""


def in_context(project: Project, tool_use: str, agent_type: str = "dbt-expert") -> None:
    claims.plan_in_context(project, "s", agent_type, tool_use, [b"for " + tool_use.encode(), b"more"])


def in_prompt(project: Project, tool_use: str, agent_type: str = "dbt-expert", turn: str = "turn") -> None:
    claims.plan_in_prompt(project, "s", agent_type, tool_use, turn)


def test_a_plan_is_handed_to_its_agent_by_all_its_handlers(project: Project) -> None:
    in_context(project, "t1")
    assert [start(project, "a1") for _ in range(4)] == ["for t1"] * 4
    assert start(project, "a2") == ""


def test_an_agent_whose_prompt_has_it_gets_nothing_more(project: Project) -> None:
    in_prompt(project, "t1")
    assert start(project, "a1") == "-"
    claims.bind(project, "t1", "a1")
    assert start(project, "a1") == "-"
    assert start(project, "a2") == ""


def test_a_plan_of_an_earlier_turn_says_nothing_of_this_one(project: Project) -> None:
    in_prompt(project, "t1", turn="before")
    assert start(project, "a1", prompt_id="now") == ""


def test_other_sessions_and_types_have_other_plans(project: Project) -> None:
    in_context(project, "t1", "other")
    claims.plan_in_context(project, "another", "dbt-expert", "t2", [b"x"])
    assert start(project, "a1") == ""


@pytest.mark.parametrize(
    ("called", "told"),
    [("DBT-Expert", "dbt-expert"), ("dbt-expert", "DBT-Expert"), ("Plugin:Agent", "plugin:agent")],
)
def test_case_makes_no_difference(called: str, told: str, project: Project) -> None:
    in_prompt(project, "t0", told)
    claims.bind(project, "t0", "a0")
    in_prompt(project, "t1", called)
    assert start(project, "a1", told) == "-"
    claims.bind(project, "t1", "a1")
    in_context(project, "t2", called)
    assert start(project, "a2", told) == "for t2"


def test_a_call_that_was_refused_leaves_nothing(project: Project) -> None:
    in_context(project, "t1")
    in_prompt(project, "t2")
    for tool_use in ("t1", "t2"):
        claims.cancel(project, "s", "dbt-expert", tool_use)
    assert start(project, "a1") == ""


def test_a_call_that_was_refused_unseen_gives_way_to_the_next(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another plugin's hook that denies a call tells nobody."""
    monkeypatch.setattr(claims, "BIND_SECONDS", 0.05)
    monkeypatch.setattr(claims, "REFUSED_SECONDS", 600.0)
    in_context(project, "t1")
    (refused,) = Path(claims.plans_folder(project, "s", "dbt-expert")).glob("c-*-t1")
    refused.rename(refused.with_name(f"c-{time.time_ns() - 601 * 10**9:020}-t1"))
    in_context(project, "t2")
    assert start(project, "a2") == "for t2"


def test_plans_of_one_type_are_taken_in_their_order(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the client starts agents in the foreground, which nothing tells apart before 2.1.287."""
    monkeypatch.setattr(claims, "BIND_SECONDS", 0.02)
    monkeypatch.setattr(claims, "REFUSED_SECONDS", 600.0)  # however slow the machine is
    for number in range(12):
        in_context(project, f"t{number}")
    assert [start(project, f"a{number}") for number in range(12)] == [
        f"for t{number}" for number in range(12)
    ]


def start_in_order(project: Project, threads: list[threading.Thread]) -> None:
    """Start each when the one before it has said that it waits, or has published: the order in which the client starts them."""
    for number, thread in enumerate(threads, 1):
        thread.start()
        while len(in_line(project)) < number:
            time.sleep(0.001)


def in_line(project: Project) -> set[str]:
    """The tool uses that have their place in the line, or have published."""
    names = listing(claims.plans_folder(project, "s", "dbt-expert"))
    return {name.rpartition("-")[2] for name in names if name.startswith(("w-", "c-"))}


def test_a_plan_waits_until_the_one_before_it_is_taken(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "TAKE_SECONDS", 60.0)  # however slow the machine is
    monkeypatch.setattr(turns, "MOST_SECONDS", 60.0)
    published: list[str] = []

    def plan(tool_use: str) -> None:
        claims.plan_in_context(
            project, "s", "dbt-expert", tool_use, [b"for " + tool_use.encode()], in_turn=True
        )
        published.append(tool_use)

    threads = [threading.Thread(target=plan, args=(f"t{number}",)) for number in range(4)]
    start_in_order(project, threads)
    for number in range(4):
        while len(published) <= number:
            time.sleep(0.001)
        assert len(published) == number + 1 or number == 3
        assert start(project, f"a{number}") == f"for t{number}"
    for thread in threads:
        thread.join()
    assert published == ["t0", "t1", "t2", "t3"]
    assert not [
        name for name in listing(claims.plans_folder(project, "s", "dbt-expert")) if name.startswith("w-")
    ]


def test_a_plan_published_between_two_looks_is_waited_for(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between a look at the folder and a look at a mark in it, the start before publishes its plan and goes."""
    plans = claims.ensure_folder(project, "s", "dbt-expert")
    before = Path(plans, f"w-{time.time_ns():020}-t1")
    before.touch()
    looks = iter(range(1000))
    taken: list[str] = []

    def listing_then_events(folder: str) -> Iterator[str]:
        names = listing(folder)
        look = next(looks)
        if look == 1:
            in_context(project, "t1")
            before.unlink()
        if look == 8:
            taken.append(start(project, "a1"))
        return names

    monkeypatch.setattr(turns, "TAKE_SECONDS", 60.0)  # however slow the machine is
    monkeypatch.setattr(turns, "MOST_SECONDS", 60.0)
    monkeypatch.setattr(turns, "listing", listing_then_events)
    with waits(before), turns.Turn(plans, "t2"):
        assert taken == ["for t1"]


@contextmanager
def waits(mark: Path) -> Iterator[None]:
    """The start of a mark lives."""
    with mark.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def test_two_starts_at_once_take_turns_wherever_the_first_stalls(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The earlier one has looked at the clock and left no mark so far when the later one comes and looks around."""
    monkeypatch.setattr(turns, "TAKE_SECONDS", 60.0)
    monkeypatch.setattr(turns, "MOST_SECONDS", 60.0)
    plans = claims.ensure_folder(project, "s", "dbt-expert")
    looked_at_the_clock, goes_on = threading.Event(), threading.Event()
    locked = turns._locked

    def stalled(path: str) -> int:
        if path.endswith("-t1"):
            looked_at_the_clock.set()
            assert goes_on.wait(60)
        return locked(path)

    monkeypatch.setattr(turns, "_locked", stalled)
    looks: list[str] = []

    def counted_listing(folder: str) -> Iterator[str]:
        looks.append(folder)
        return listing(folder)

    monkeypatch.setattr(turns, "listing", counted_listing)
    begun: list[str] = []
    published: list[str] = []

    def plan(tool_use: str) -> None:
        with turns.Turn(plans, tool_use):
            begun.append(tool_use)
            in_context(project, tool_use)
        published.append(tool_use)

    threads = [threading.Thread(target=plan, args=(tool_use,)) for tool_use in ("t1", "t2")]
    threads[0].start()
    assert looked_at_the_clock.wait(60)
    threads[1].start()
    while len(looks) < 6 and not begun:
        time.sleep(0.001)
    assert begun == []
    goes_on.set()
    for tool_use in ("t1", "t2"):
        while tool_use not in published:
            time.sleep(0.001)
        assert start(project, "a-" + tool_use) == "for " + tool_use
    for thread in threads:
        thread.join()
    assert begun == ["t1", "t2"]
    assert [name for name in listing(plans) if not name.startswith("c-")] == []


class Slept:
    """Stands for `time` and counts the seconds that each thread chose to sleep: on a busy machine these are the figures that
    still say what was asked for."""

    def __init__(self) -> None:
        self.by_thread: defaultdict[int, float] = defaultdict(float)

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)

    def sleep(self, seconds: float) -> None:
        self.by_thread[threading.get_ident()] += seconds
        time.sleep(seconds)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> Slept:
    counting = Slept()
    monkeypatch.setattr(turns, "time", counting)
    return counting


def test_a_plan_nobody_takes_holds_the_next_one_up_for_a_moment_only(project: Project, slept: Slept) -> None:
    in_context(project, "t1")
    (first,) = Path(claims.plans_folder(project, "s", "dbt-expert")).glob("c-*-t1")
    claims.plan_in_context(project, "s", "dbt-expert", "t2", [b"x"], in_turn=True)
    (second,) = first.parent.glob("c-*-t2")
    assert second.stat().st_mtime - first.stat().st_mtime > 0.1
    assert sum(slept.by_thread.values()) < 2 * turns.TAKE_SECONDS + 0.5


def published_together(project: Project, count: int) -> None:
    """Publish plans that nobody takes meanwhile, as a person or the client's own check looks at the calls."""

    def plan(tool_use: str) -> None:
        claims.plan_in_context(project, "s", "dbt-expert", tool_use, [b"x"], in_turn=True)

    threads = [threading.Thread(target=plan, args=(f"t{number:02}",)) for number in range(count)]
    start_in_order(project, threads)
    for thread in threads:
        thread.join()


def test_no_start_waits_for_longer_than_a_moment(
    project: Project, slept: Slept, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "TAKE_SECONDS", 60.0)
    most = turns.MOST_SECONDS + 16 * turns.APART_SECONDS
    assert most < 4
    published_together(project, 16)
    assert len(slept.by_thread) >= 15
    assert max(slept.by_thread.values()) < most + 0.1


def test_starts_that_were_killed_while_they_waited_hold_nobody_up(project: Project, slept: Slept) -> None:
    """Sixty of them a moment ago, none of which holds its lock any more."""
    folder = Path(claims.ensure_folder(project, "s", "dbt-expert"))
    for number in range(60):
        (folder / f"w-{time.time_ns():020}-k{number}").touch()
    claims.plan_in_context(project, "s", "dbt-expert", "t1", [b"x"], in_turn=True)
    assert sum(slept.by_thread.values()) == 0


def test_where_files_cannot_be_locked_age_tells_who_was_killed(
    project: Project, slept: Slept, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    monkeypatch.setattr(turns, "_KILLED_SECONDS", 600.0)
    monkeypatch.setattr(turns, "MOST_SECONDS", 0.3)
    folder = Path(claims.ensure_folder(project, "s", "dbt-expert"))
    mark = folder / f"w-{1:020}-t0"
    mark.touch()
    claims.plan_in_context(project, "s", "dbt-expert", "t1", [b"x"], in_turn=True)
    assert slept.by_thread.popitem()[1] > 0  # it may still wait
    os.utime(mark, (1, 1))
    claims.cancel(project, "s", "dbt-expert", "t1")
    claims.plan_in_context(project, "s", "dbt-expert", "t2", [b"x"], in_turn=True)
    assert not slept.by_thread


def test_starts_that_waited_long_keep_their_order(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "APART_SECONDS", 10.0)  # each ends when those before it did
    published_together(project, 12)
    names = sorted(listing(claims.plans_folder(project, "s", "dbt-expert")))
    assert [name.rpartition("-")[2] for name in names] == [f"t{number:02}" for number in range(12)]


def test_a_start_that_was_killed_as_it_came_is_not_waited_for_long(project: Project, slept: Slept) -> None:
    folder = Path(claims.ensure_folder(project, "s", "dbt-expert"))
    mark = folder / "n-t0"
    mark.touch()
    os.utime(mark, (1, 1))
    claims.plan_in_context(project, "s", "dbt-expert", "t1", [b"x"], in_turn=True)
    assert not slept.by_thread


def test_a_plan_of_a_time_to_come_is_not_waited_for(project: Project, slept: Slept) -> None:
    """The clock was set back since it was made."""
    in_context(project, "t1")
    folder = Path(claims.plans_folder(project, "s", "dbt-expert"))
    for plan in folder.glob("c-*"):
        os.utime(plan, (time.time() + 3600,) * 2)
    claims.plan_in_context(project, "s", "dbt-expert", "t2", [b"x"], in_turn=True)
    assert not slept.by_thread


def test_a_claim_that_is_being_written_is_waited_for(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The handler that took the plan is held up before it says for whom; the agent's other handlers must not go without."""
    monkeypatch.setattr(claims, "CLAIM_SECONDS", 60.0)
    in_context(project, "t1")
    (plan,) = Path(claims.plans_folder(project, "s", "dbt-expert")).glob("c-*-t1")
    claimed = plan / layout.CLAIMED
    claimed.touch()
    reads: list[str] = []

    def read(path: str, limit: int = -1) -> bytes:
        reads.append(path)
        return read_bytes(path, limit)

    monkeypatch.setattr(claims, "read_bytes", read)
    said: list[str] = []
    other = threading.Thread(target=lambda: said.append(start(project, "a1")))
    other.start()
    while reads.count(str(claimed)) < 150 and other.is_alive():
        time.sleep(0.001)
    claimed.write_text("a1\n")
    other.join()
    assert said == ["for t1"]


def test_a_claim_that_was_never_written_is_nobodys(project: Project) -> None:
    in_context(project, "t1")
    (plan,) = Path(claims.plans_folder(project, "s", "dbt-expert")).glob("c-*-t1")
    (plan / layout.CLAIMED).touch()
    os.utime(plan / layout.CLAIMED, (1, 1))
    assert start(project, "a1") == ""


def test_an_agent_of_a_workflow_takes_nobodys_plan(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(claims.MOD, "1")
    monkeypatch.setattr(claims, "MOD_SECONDS", 0.05)
    in_context(project, "t1")
    Path(claims.workflow_path(project, "s")).write_text("turn\n")
    assert start(project, "a9") == ""  # the workflow's: the plan is another's
    claims.bind(project, "t1", "a1")
    assert start(project, "a1") == "for t1"


def test_a_word_that_never_comes_costs_no_memory(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client gave the module no time."""
    monkeypatch.setenv(claims.MOD, "1")
    monkeypatch.setattr(claims, "MOD_SECONDS", 0.05)
    for number in range(3):
        in_context(project, f"t{number}")
    claims.bind(project, "t0", "a0")
    claims.bind(project, "t2", "a2")
    assert [start(project, f"a{number}") for number in (2, 0, 1)] == ["for t2", "for t0", "for t1"]


def test_a_word_that_is_being_written_is_no_word(project: Project) -> None:
    project.ensure_cache("bound")
    Path(claims.bound_path(project, "a1")).write_text("toolu_01")
    assert claims.bound_to(project, "a1") == ""
    Path(claims.bound_path(project, "a1")).write_text("toolu_01\n")
    assert claims.bound_to(project, "a1") == "toolu_01"


def test_who_is_told_too_late_takes_what_is_left(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "BIND_SECONDS", 0.05)
    in_context(project, "t1")
    in_context(project, "t2")
    first = start(project, "a1")
    assert first in ("for t1", "for t2")
    claims.bind(project, first.split()[1], "a2")  # it was a2's
    assert {first, start(project, "a2")} == {"for t1", "for t2"}


def test_when_nobody_can_tell_nobody_gets_it_twice(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "BIND_SECONDS", 0.05)
    in_context(project, "t1")
    in_prompt(project, "t2")
    assert start(project, "a1") == "-"


def test_an_agent_with_a_file_of_its_own_is_no_open_plan(project: Project, tmp_path: Path) -> None:
    in_prompt(project, "t1")
    transcript = tmp_path / "s.jsonl"
    meta = make_project(
        tmp_path / "s", {"subagents/agent-a1.meta.json": '{"toolUseId": "t1"}', "subagents/x.meta.json": "{"}
    )
    assert meta.exists()
    assert start(project, "a2", transcript=str(transcript)) == ""


@pytest.mark.parametrize("channel", ["context", "prompt"])
def test_an_agent_bound_while_its_start_looks(
    channel: str, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its plan is gone from the list of open ones, and another agent's is still there."""
    (in_context if channel == "context" else in_prompt)(project, "t1")
    in_prompt(project, "t2")

    def bound_meanwhile(path: str) -> Iterable[str]:
        claims.bind(project, "t1", "a1")
        return list(listing(path))

    where = claims.plans_folder(project, "s", "dbt-expert")
    monkeypatch.setattr(claims, "plans_folder", lambda *_: where)
    monkeypatch.setattr(claims, "listing", bound_meanwhile)
    assert start(project, "a1") == ("for t1" if channel == "context" else "-")


@pytest.mark.parametrize("seed", range(6))
def test_sixteen_agents_of_one_type_at_once(
    seed: int, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is planned for, starts with four handlers and is bound, in an order that only keeps a plan before its agent."""
    # Who is told too late is another test's matter, and so is who was killed as he took a plan.
    monkeypatch.setattr(claims, "BIND_SECONDS", 60.0)
    monkeypatch.setattr(claims, "CLAIM_SECONDS", 60.0)
    rng = random.Random(seed)
    share = rng.choice([0.0, 0.3, 1.0])
    channels = {f"t{n}": "context" if rng.random() < share else "prompt" for n in range(16)}
    got: dict[str, list[str]] = {tool_use: [] for tool_use in channels}

    def later(seconds: float, act: Callable[[], None]) -> threading.Thread:
        def run() -> None:
            time.sleep(seconds)
            act()

        return threading.Thread(target=run)

    threads = []
    for tool_use, channel in channels.items():
        (in_context if channel == "context" else in_prompt)(project, tool_use)
        agent = "a" + tool_use

        def hand_out(tool_use: str = tool_use, agent: str = agent) -> None:
            got[tool_use].append(start(project, agent))

        def bind(tool_use: str = tool_use, agent: str = agent) -> None:
            claims.bind(project, tool_use, agent)

        threads += [later(rng.uniform(0, 0.1), hand_out) for _ in range(4)]
        threads.append(later(rng.uniform(0, 0.2), bind))
    rng.shuffle(threads)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for tool_use, channel in channels.items():
        assert got[tool_use] == [f"for {tool_use}" if channel == "context" else "-"] * 4


def test_the_whole_way_through_the_context_channel(tmp_path: Path, home: Path) -> None:
    folder = make_project(tmp_path / "project", FILES)
    update.update_index(Project(str(folder), str(home)))
    said = hooks.pre(folder, home, permission_mode="auto")
    assert said.prompt is None
    parts = [
        hooks.run("subagent_start", hooks.start_payload("dbt-expert", "a1"), folder, home, str(n))
        for n in range(1, 11)
    ]
    assert parts[0].context.startswith("<project-memory id=")
    assert [part.context for part in parts[1:]] == [""] * 9
    again = hooks.run("subagent_start", hooks.start_payload("dbt-expert", "a2"), folder, home, "1")
    assert (
        again.context.split("\n")[0] != parts[0].context.split("\n")[0]
    )  # it came without a plan, and has its own


def test_a_start_with_nothing_to_hand_out_leaves_no_plan(tmp_path: Path, home: Path) -> None:
    folder = make_project(tmp_path / "project", FILES)
    update.update_index(Project(str(folder), str(home)))
    said = hooks.pre(folder, home, prompt="Say hello.", permission_mode="auto")
    assert said.answer == {}
    where = Path(claims.plans_folder(Project(str(folder), str(home)), "5e55-10n", "dbt-expert"))
    assert [path.name for path in where.iterdir()] == ["p-toolu_1"]


def test_an_agent_that_goes_on_is_not_handed_its_memory_again(tmp_path: Path, home: Path) -> None:
    folder = make_project(tmp_path / "project", FILES)
    update.update_index(Project(str(folder), str(home)))
    make_project(tmp_path / "session", {"subagents/agent-a1.jsonl": "{}\n"})
    payload = hooks.start_payload("dbt-expert", "a1", transcript_path=str(tmp_path / "session.jsonl"))
    assert hooks.run("subagent_start", payload, folder, home, "1").context == ""


def test_memory_that_fits_no_part_is_named_all_the_same(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "Incremental models merge on the key {n}; write up incremental models of part {n} as they are. "
    notes = {
        f".claude/memory/specialists/dbt-expert/patterns/part-{n}.md": f"# Incremental models {n}\n\n"
        + text.format(n=n) * 12
        for n in range(20)
    }
    project = Project(str(make_project(tmp_path / "project", {**FILES, **notes})), str(home))
    update.update_index(project)
    task = allocate.Task("dbt-expert", "Write up the incremental models.", identifier="x")
    allocation = allocate.allocate(project, task, cap=5_000, promptless=True)
    assert isinstance(allocation, allocate.Allocation)
    monkeypatch.setattr(parts, "parts_for", lambda _: 1)
    made = describe.block_parts(project, allocation)
    assert len(made.texts) == 1
    assert made.rest
    path = made.texts[0].rstrip("\n").rsplit(": ", 1)[1]
    assert "incremental models of part" in Path(path).read_text()
    kept = describe.describe(allocation, made)
    assert kept.native_tokens < kept.placed_tokens < kept.planned_tokens
