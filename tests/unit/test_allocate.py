"""One agent start: the profile, the tier and the budget that hold, and whose memory it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from memory_budget.base.errors import BudgetError
from memory_budget.base.project import Project
from memory_budget.index import update
from memory_budget.run import pending
from memory_budget.select import recipe
from memory_budget.start import allocate as start_allocate
from memory_budget.start import describe
from tests.support.blocks import count
from tests.support.projects import TEAM, make_project, marker, team_files


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    folder = tmp_path_factory.mktemp("invocation")
    own = Project(str(make_project(folder / "project", team_files())), str(folder / "home"))
    update.update_index(own)
    return own


def allocate(
    project: Project, agent: object, prompt: str = "Write it up.", **more: object
) -> start_allocate.Allocation:
    found = start_allocate.allocate(project, start_allocate.Task(agent, prompt, identifier="x"), **more)  # type: ignore[arg-type]
    assert isinstance(found, start_allocate.Allocation)
    return found


@pytest.mark.parametrize("agent", sorted(TEAM))
def test_an_agent_gets_nothing_of_another(agent: str, project: Project) -> None:
    everything = " ".join(topic for topics in TEAM.values() for topic in topics)
    block = start_allocate.render(allocate(project, agent, everything, cap=60_000))
    for other, topics in TEAM.items():
        for topic in topics:
            assert (marker(topic) in block) is (other == agent), topic


@pytest.mark.parametrize("agent", ["DBT-EXPERT", "specialists/dbt-expert", " dbt-expert "])
def test_names_in_other_forms_mean_the_same_agent(agent: str, project: Project) -> None:
    assert "incremental-models.md" in start_allocate.render(allocate(project, agent, "incremental models"))


def test_the_same_task_gives_the_same_bytes(project: Project) -> None:
    first, second = (
        start_allocate.render(allocate(project, "dbt-expert", "incremental models")) for _ in range(2)
    )
    assert first == second


def test_the_task_decides_what_is_sent(project: Project) -> None:
    one = allocate(project, "dbt-expert", "How do we set up the snapshot strategy?", cap=1_500)
    other = allocate(project, "dbt-expert", "Why do incremental models merge?", cap=1_500)
    assert {file.file.path for file in one.selection.files} != {
        file.file.path for file in other.selection.files
    }


@pytest.mark.parametrize("pages", [1, 64])
def test_a_memory_too_large_to_be_looked_at_whole(
    pages: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = Project(str(make_project(tmp_path / "project", team_files())), str(tmp_path / "home"))
    update.update_index(own)
    monkeypatch.setattr(recipe.RECIPE, "whole", 0.0)
    monkeypatch.setattr(recipe.RECIPE, "pages", float(pages))
    found = allocate(own, "dbt-expert", "Why do incremental models merge?")
    assert "incremental-models.md" in start_allocate.render(found)
    assert 0 < len(found.selection.files) <= pages
    changed = Path(own.memory) / "specialists/dbt-expert/patterns/incremental-models.md"
    changed.write_text("# Models\n\nIncremental models merge on the zebra key.\n")
    assert "zebra" in start_allocate.render(allocate(own, "dbt-expert", "Why do incremental models merge?"))


@pytest.mark.parametrize(
    ("tier", "share"), [("simple", 0.5), ("medium", 1.0), ("complex", 1.5), ("multi-system", 2.0)]
)
def test_a_tier_scales_the_budget(tier: str, share: float, project: Project) -> None:
    allocation = allocate(project, "dbt-expert", tier=tier)
    assert allocation.tier == tier
    assert allocation.budget_base == min(35_000 * share, 75_000)


def test_who_decides_the_tier(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEMORY_BUDGET_COMPLEXITY", "complex")
    assert allocate(project, "dbt-expert").tier_source == "environment"
    assert allocate(project, "dbt-expert", "[complexity: simple] do").tier == "simple"
    monkeypatch.setenv("MEMORY_BUDGET_COMPLEXITY", "nonsense")
    ignored = allocate(project, "dbt-expert")
    assert ignored.tier_source not in ("environment", "given")
    assert ignored.problems[0].startswith(
        'MEMORY_BUDGET_COMPLEXITY: "nonsense" is no tier and was ignored (simple'
    )


def test_a_tier_in_the_prompt_changes_nothing_about_the_task(project: Project) -> None:
    task = "How do incremental models merge on a key?"
    plain = allocate(project, "dbt-expert", task, tier="simple").selection.evidence
    marked = allocate(project, "dbt-expert", f"[complexity: simple] {task}").selection.evidence
    assert (marked.asked, marked.held, marked.confidence) == (plain.asked, plain.held, plain.confidence)


@pytest.mark.parametrize("cap", [0, 1, 51, 52, 60, 100, 500, 5_000, 10**9])
def test_a_cap_is_kept_and_never_raised(cap: int, project: Project) -> None:
    allocation = allocate(project, "dbt-expert", "incremental models snapshot strategy", cap=cap)
    assert (allocation.budget, allocation.bumped_from) == (cap, "")
    assert count(start_allocate.render(allocation)) <= allocation.selection.tokens <= cap


def settings(folder: Path, **document: object) -> Project:
    files = {**team_files(), ".claude/memory/budget-profiles.json": json.dumps(document)}
    own = Project(str(make_project(folder / "project", files)), str(folder / "home"))
    update.update_index(own)
    return own


@pytest.mark.parametrize(("enforcement", "bumped"), [("soft", True), ("auto", True), ("hard", False)])
def test_what_an_exceeded_budget_does(enforcement: str, bumped: bool, tmp_path: Path) -> None:
    own = settings(
        tmp_path,
        enforcement=enforcement,
        agents={"dbt-expert": {"base_budget": 800, "max_budget": 1_300, "complexity": "medium"}},
    )
    allocation = allocate(
        own, "dbt-expert", "incremental models, snapshot strategy, test coverage: before, who, what, measure"
    )
    assert allocation.exceeded or allocation.bumped_from
    assert (allocation.bumped_from == "medium") is bumped
    assert allocation.budget_base == 800
    assert (allocation.budget > 800) is bumped
    assert allocation.budget <= 1_300
    assert count(start_allocate.render(allocation)) <= allocation.budget


def test_switched_off_is_off(tmp_path: Path) -> None:
    own = settings(tmp_path, enabled=False)
    assert isinstance(
        start_allocate.allocate(own, start_allocate.Task("dbt-expert", "x")), start_allocate.Nothing
    )


def test_a_profile_that_does_not_exist_is_named(project: Project) -> None:
    with pytest.raises(BudgetError, match="no profile 'x'"):
        allocate(project, "dbt-expert", profile="x")


def test_what_is_remembered_is_plain_json(project: Project) -> None:
    described = describe.describe(allocate(project, "dbt-expert", "incremental models"), None)
    plain = json.loads(json.dumps(described.to_json()))
    assert pending.parse_pending(plain).to_json() == plain
    assert described.planned_tokens == described.placed_tokens >= sum(described.scope_breakdown.values()) > 0


def test_memory_in_the_home_folder_joins_in(tmp_path: Path) -> None:
    home = make_project(
        tmp_path / "home", {".claude/agent-memory/dbt-expert/n.md": "The zebra rule holds.\n"}
    )
    own = Project(str(make_project(tmp_path / "project", {".claude/memory/patterns/a.md": "x\n"})), str(home))
    for _ in range(2):
        assert "zebra rule" in start_allocate.render(allocate(own, "dbt-expert", "zebra rule"))
        assert "zebra rule" not in start_allocate.render(allocate(own, "other", "zebra rule"))
        update.update_index(own)
