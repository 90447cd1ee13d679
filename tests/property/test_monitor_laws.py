from __future__ import annotations

import shutil
import tempfile

from hypothesis import given
from hypothesis import strategies as st

from memory_budget.base import layout
from memory_budget.base.project import Project
from memory_budget.run import state
from memory_budget.run.meter import LEVELS, Monitor
from memory_budget.run.pending import Pending, mark_of
from tests.unit.test_meter import start

tokens = st.integers(0, 60_000)
reads = st.lists(st.tuples(st.sampled_from(["global", "agent_recent", ""]), tokens), max_size=12)


@st.composite
def starts(draw: st.DrawFn) -> Pending:
    base = draw(st.integers(1, 50_000))
    steps = sorted({base + step for step in draw(st.lists(st.integers(1, 50_000), max_size=3))})
    ladder = list(zip(["complex", "multi-system", "top"], steps, strict=False))
    loaded = draw(st.integers(0, base))
    return start(
        loaded,
        budget_base=base,
        budget_allocated=base,
        enforcement=draw(st.sampled_from(["soft", "hard", "auto"])),
        ladder=[list(step) for step in ladder],
        demand_tokens=draw(st.integers(loaded, 2 * base)),
        scope_breakdown={"global": loaded},
    )


def run(kept: Pending, done: list[tuple[str, int]]) -> Monitor:
    monitor = Monitor(kept)
    for at, (scope, size) in enumerate(done):
        monitor.read({scope: size} if scope else {}, size, 100.0 + at, str(at))
    return monitor


@given(starts(), reads)
def test_sums(kept: Pending, done: list[tuple[str, int]]) -> None:
    monitor = run(kept, done)
    assert monitor.loaded == kept.placed_tokens + sum(size for _, size in done)
    assert sum(monitor.loads.values()) <= monitor.loaded <= max(monitor.demand, monitor.loaded)
    assert monitor.demand >= kept.demand_tokens


@given(starts(), reads)
def test_alerts_come_once_and_in_order_of_level(kept: Pending, done: list[tuple[str, int]]) -> None:
    monitor = run(kept, done)
    levels = [alert.level for alert in monitor.alerts if not alert.quiet]
    assert levels == [level for level in LEVELS if level in levels]
    assert ("critical" in levels) or max(kept.demand_tokens, monitor.loaded) <= monitor.budget
    assert any(alert.quiet for alert in monitor.alerts) == bool(monitor.bumped_from)


@given(starts(), reads)
def test_a_budget_never_falls_and_only_soft_ones_rise(kept: Pending, done: list[tuple[str, int]]) -> None:
    monitor = Monitor(kept)
    most = max([kept.budget_allocated, *(budget for _, budget in kept.ladder)])
    for size in (size for _, size in done):
        before = monitor.budget
        monitor.read({}, size, 1.0)
        assert before <= monitor.budget <= most
        assert monitor.budget == before or kept.enforcement != "hard"
        if monitor.loaded > monitor.budget:
            assert monitor.exceeded
            assert kept.enforcement == "hard" or monitor.budget == most


@given(starts(), reads)
def test_every_process_that_replays_comes_to_the_same(kept: Pending, done: list[tuple[str, int]]) -> None:
    """Each alert belongs to one read, whichever process looks."""
    whole = run(kept, done)
    pieces = []
    monitor = Monitor(kept)
    pieces += [alert.message for alert in monitor.alerts]
    for at in range(len(done)):
        earlier = len(run(kept, done[:at]).alerts)
        pieces += [alert.message for alert in run(kept, done[: at + 1]).alerts[earlier:]]
    assert pieces == [alert.message for alert in whole.alerts]


@given(starts(), st.integers(0, 20_000))
def test_a_start_that_is_near_no_alert_sets_off_none(kept: Pending, native: int) -> None:
    """The start hook asks first, and leaves the monitor's module alone where the answer is no."""
    kept.native_tokens = native
    loud = [alert for alert in Monitor(kept).alerts if not alert.quiet]
    assert kept.near_alert or not loud
    most = max(kept.placed_tokens, native, kept.demand_tokens)
    assert kept.near_alert == (most >= 0.75 * kept.budget_allocated)


MARKS = st.sampled_from([mark_of(f"memory-bank/{name}.md") for name in "abcd"])
OWN_READS = st.lists(
    st.tuples(
        st.sampled_from(["r1", "r2", "r3", "r4"]), st.dictionaries(MARKS, st.integers(0, 9_000), max_size=3)
    ),
    max_size=8,
)


@given(starts(), OWN_READS, st.sets(MARKS, max_size=3))
def test_reads_come_back_as_they_were_noted(
    kept: Pending, done: list[tuple[str, dict[str, int]]], named: set[str]
) -> None:
    """Written as lines and read again, together with lines as the version before wrote them; each read counts once."""
    kept.outline = sorted(named)
    folder = tempfile.mkdtemp()
    try:
        project = Project(folder, "")
        expected: dict[str, int] = {}
        seen: set[str] = set()
        for key, files in done:
            state.add_read(project, "s", "a", kept, {"global": 10_000}, 10_000, key, files)
            for mark in named & files.keys() if key not in seen else ():
                expected[mark] = expected.get(mark, 0) + files[mark]
            seen.add(key)
        with open(project.writable(layout.RUNNING, "s", "a.reads"), "a") as file:
            file.write('["r9", 1795893038.5, 120, {"global": 120}]\n')
        found = state.replay_reads(project, "s", "a", kept)
        assert found.opened == expected
        assert found.on_demand == 10_000 * len(seen) + 120
    finally:
        shutil.rmtree(folder)
