"""Whether anything is sent, by the way that agents start."""

from __future__ import annotations

from pathlib import Path

import pytest

from memory_budget.base.project import Project
from memory_budget.index import update
from memory_budget.select import confidence, ranking
from memory_budget.select.confidence import Bar, Evidence
from memory_budget.select.everyday import EVERYDAY
from memory_budget.select.query import Query
from memory_budget.select.scoring import handed_out
from memory_budget.start import allocate
from memory_budget.text import thesaurus, words
from tests.support import word_tables
from tests.support.projects import make_project, team_files

NOTES = {
    "never-squash.md": "---\nname: never-squash-merge\ndescription: Squash merging breaks the changelog generator\n---\n\n"
    "Always use the other mode.\n",
    "vat.md": "---\ntags: [billing]\naliases: [VAT rounding]\n---\n\nHalf cents go to the customer.\n",
    "stripe-webhook-retries.md": "Turn them off in staging.\n",
    "momo.md": "The office cat is called Momo.\n",
}


def project_of(folder: Path, files: dict[str, str], *, indexed: bool = True) -> Project:
    own = Project(str(make_project(folder / "project", files)), str(folder / "home"))
    if indexed:
        update.update_index(own)
    return own


def notes(folder: Path, *, indexed: bool = True) -> Project:
    return project_of(
        folder, {f".claude/memory/patterns/{name}": text for name, text in NOTES.items()}, indexed=indexed
    )


def given(project: Project, prompt: str, agent: str = "x", cap: int | None = None) -> allocate.Allocation:
    found = allocate.allocate(project, allocate.Task(agent, prompt), cap=cap)
    assert isinstance(found, allocate.Allocation)
    return found


@pytest.mark.parametrize("indexed", [True, False])
@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("Enable squash merging for the changelog generator", "Always use the other mode."),
        ("Change the VAT rounding of invoices", "Half cents go to the customer."),
        ("Set up the Stripe webhook retries", "Turn them off in staging."),
        ("What is the office cat's name?", "called Momo"),
    ],
)
def test_what_a_note_says_of_itself_counts(indexed: bool, prompt: str, said: str, tmp_path: Path) -> None:
    block = allocate.render(given(notes(tmp_path, indexed=indexed), prompt))
    assert said in block
    others = [text.rsplit("\n\n", 1)[-1].strip() for text in NOTES.values()]
    assert sum(text in block for text in others) <= 2


@pytest.mark.parametrize("indexed", [True, False])
@pytest.mark.parametrize(
    "prompt",
    [
        "What is 17 times 23?",
        "Say hello",
        "Print the current branch",
        "",
        "x",
        "?",
        "日本",
        "Rename foo to bar",
        "the of and",
    ],
)
def test_a_task_that_needs_nothing_gets_nothing(indexed: bool, prompt: str, tmp_path: Path) -> None:
    for own in (
        notes(tmp_path / "a", indexed=indexed),
        project_of(tmp_path / "b", team_files(), indexed=indexed),
    ):
        found = given(own, prompt, "dbt-expert")
        assert allocate.render(found) == ""
        assert (found.selection.tokens, found.selection.demand_tokens, found.selection.left_out) == (0, 0, [])
        assert found.bumped_from == ""


def test_pinned_notes_are_sent_always(tmp_path: Path) -> None:
    files = {".claude/memory/patterns/a.md": "---\nalways: true\n---\n\nNever push on Fridays.\n"}
    assert "Never push on Fridays." in allocate.render(given(project_of(tmp_path, files), "What is 2+2?"))


@pytest.mark.parametrize("share", [1, 40])
def test_words_that_stand_in_every_note_fill_no_budget(share: int, tmp_path: Path) -> None:
    files = {
        f".claude/memory/patterns/{n}.md": f"# Note {n}\n\nThe gizmo service restarts. Item {n} of the gizmo list.\n"
        for n in range(400)
    }
    found = given(project_of(tmp_path, files), "gizmo service " * share)
    assert found.selection.tokens < found.budget / 2


def test_the_same_task_in_a_frame_gets_the_same(tmp_path: Path) -> None:
    own = project_of(tmp_path, team_files())
    core = "Why do incremental models merge on the surrogate key?"
    frame = f"You are a sub-agent in /workspace/x (clean tree).\n\n{core}\n\nBe concise. Return: a verdict first, then the evidence."
    alone, framed = (given(own, prompt, "dbt-expert").selection for prompt in (core, frame))
    assert alone.tokens > 0
    assert [file.file.path for file in framed.files] == [file.file.path for file in alone.files]
    assert framed.tokens == alone.tokens


def test_an_agent_that_cannot_read_gets_no_outline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confidence, "BAR", 0.9)  # so that something is left out
    agent = "---\nname: dbt-expert\ndescription: x\ntools: {}\n---\n\nx\n"
    prompt = "Why do incremental models merge on the surrogate key?"
    for number, (tools, listed) in enumerate((("Bash, Read", True), ("Bash", False))):
        files = {**team_files(), ".claude/agents/specialists/dbt-expert.md": agent.replace("{}", tools)}
        found = given(project_of(tmp_path / str(number), files), prompt, "dbt-expert")
        assert found.selection.files
        assert bool(found.selection.left_out) is listed


def test_an_exact_budget_is_filled_sure_or_not(tmp_path: Path) -> None:
    own = project_of(tmp_path, team_files())
    found = given(own, "Write up what everybody measured", "dbt-expert", cap=1_000)
    assert 800 < found.selection.tokens <= 1_000


def test_confidence_is_weight_and_coverage_together() -> None:
    def sure(mass: float, wanted: float, chunks: int = 500) -> float:
        return Evidence(mass, wanted, 1, 2, chunks).confidence

    assert sure(10, 10) > 1 > sure(1, 1)
    assert sure(10, 200) < 1
    assert sure(10, 20, 20_000) < sure(10, 20) < sure(10, 20, 10)
    assert Evidence(0, 0, 0, 0).confidence == 0


@pytest.mark.parametrize(
    ("part", "value"), [("mass", 2.0), ("file", 2.0), ("others", 2.0), ("known", 5.0), ("strange", 40.0)]
)
def test_what_speaks_against_it_makes_less_sure(part: str, value: float) -> None:
    evidence = Evidence(8, 20, 1, 2, 500)
    before = evidence.confidence
    setattr(evidence, part, value)
    assert evidence.confidence < before


def test_of_two_words_all_must_be_there() -> None:
    def sure(mass: float, wanted: float) -> float:
        return Evidence(mass, wanted, 1, 2, 500).confidence

    assert sure(6, 6) == sure(6, 16) > sure(6, 12)


@pytest.mark.parametrize("indexed", [True, False])
def test_a_name_that_nobody_wrote_down_makes_less_sure(indexed: bool, tmp_path: Path) -> None:
    own = notes(tmp_path, indexed=indexed)
    known, strange = (
        given(own, f"What did the office cat do when {name} came?").selection.evidence
        for name in ("Momo", "Zarathustra")
    )
    assert known.strange == 0 < strange.strange
    assert known.confidence > strange.confidence


def test_two_words_do_not_ask_for_everything_about_them() -> None:
    few, many = Evidence(4.9, 4.9, 2, 2, 2000), Evidence(4.9, 18, 2, 6, 2000)
    assert 1 < few.confidence < 1.1
    assert few.amount < many.amount / 3
    few.everyday = 3.0
    assert few.amount < many.amount / 10
    few.named = True
    assert few.amount > many.amount / 2


def sure_of(mass: float, chunks: int = 1000) -> Evidence:
    """A prompt that tells 20, of which memory holds some together, and all of it somewhere."""
    return Evidence(mass, 20, 2, 4, chunks)


def test_the_more_is_taken_the_better_the_next_must_be() -> None:
    bar = Bar(sure_of(6))
    assert 0 < bar.at(0) < bar.at(1_000) < bar.at(10_000)
    assert Bar(sure_of(6), generosity=2).at(1_000) < bar.at(1_000)


def test_the_surer_it_is_the_nearer_to_the_best_a_leaf_must_come() -> None:
    barely, plainly = sure_of(4.5), sure_of(15)
    assert 1 < barely.confidence < 1.2
    assert plainly.confidence > 3
    assert Bar(plainly).at(0) > 1.5 * Bar(barely).at(0)
    assert Bar(sure_of(15, 20)).at(0) > Bar(sure_of(15, 200)).at(0) > Bar(plainly).at(0)
    # An answer in a talk is seldom worded as the question.
    assert Bar(plainly, turns=True).at(0) == Bar(barely).at(0)


def test_of_a_small_memory_less_is_worth_sending() -> None:
    amounts = [sure_of(15, chunks).amount for chunks in (20, 60, 200, 600, 2000)]
    assert amounts == sorted(amounts)
    assert amounts[0] < amounts[3] / 4


def test_a_small_memory_need_know_less() -> None:
    large, small = sure_of(6, 600), sure_of(6, 30)
    large.known = small.known = 6
    assert small.confidence > 1 > large.confidence


def test_everyday_words_are_index_terms_that_tell_something() -> None:
    telling = word_tables.load_telling()
    assert [term for term in EVERYDAY if telling.get(term, thesaurus.MOST) < 0.8] == []
    made = words.terms(
        "Review the unused code, rename variables everywhere, analyse branches and summarise issues"
    )
    assert set(made) - EVERYDAY <= {"code"}  # which tells too little to be in it


def test_everyday_work_alone_gets_little() -> None:
    special, everyday = Evidence(7, 9.5, 4, 4, 2000), Evidence(7, 9.5, 4, 4, 2000)
    everyday.everyday = 9.5
    assert everyday.confidence < special.confidence
    assert everyday.amount < special.amount / 4
    long = Evidence(14, 19, 8, 8, 2000)
    assert Evidence(14, 19, 8, 8, 2000).amount == long.amount
    long.everyday = 19
    assert long.special == 1  # who says that much asks for more than everyday work


@pytest.mark.parametrize(("sure", "share"), [(1.0, 0.7), (1.15, 0.85), (1.3, 1.0), (9.0, 1.0)])
def test_the_less_sure_the_less_is_worth_sending(sure: float, share: float) -> None:
    assert confidence.assurance(sure) == pytest.approx(share)


def test_what_an_agent_is_called_tells_a_little(tmp_path: Path) -> None:
    files = {
        f".claude/memory/patterns/{name}.md": f"# Rollout on {name}\n\nThe rollout of {name} waits for the nightly window.\n"
        for name in ("kubernetes", "snowflake", "tableau", "airflow")
    }
    own = project_of(tmp_path, files)
    for name in ("snowflake", "tableau"):
        found = given(own, "When does the rollout wait for the nightly window?", f"{name}-expert", cap=130)
        best = max(found.selection.files, key=lambda file: file.score)
        assert best.file.path == f".claude/memory/patterns/{name}.md"
    sure = [given(own, "Say hello", agent).selection.evidence.confidence for agent in ("x", "tableau-expert")]
    assert sure[0] == sure[1] < 1


def test_of_terms_in_thousands_of_files_the_files_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = notes(tmp_path)
    prompt = "Change the VAT rounding of invoices"
    before = given(own, prompt, cap=500).selection.evidence
    monkeypatch.setattr(ranking, "FILES_READ", 0)
    after = given(own, prompt, cap=500).selection.evidence
    assert 0 < after.mass == before.mass
    assert after.file <= before.file


@pytest.mark.parametrize("budget", [3000, 5000, 9000])
def test_an_outline_beside_pinned_notes_stays_within_the_budget(budget: int, tmp_path: Path) -> None:
    pinned = "---\nalways: true\n---\n# House rules\n\n" + "\n\n".join(
        f"Rule {number}: name what you change, and say why in one line." for number in range(1000)
    )
    notes = {
        f".claude/memory/patterns/incremental-{number}.md": f"# Incremental models {number}\n\n"
        f"Incremental models merge on key {number}.\n" + "Nothing else is known of it. " * 40
        for number in range(40)
    }
    settings = f'{{"profiles": {{"small": {{"base_budget": {budget}, "max_budget": {budget}}}}}, "default_profile": "small"}}'
    files = {
        ".claude/memory/patterns/rules.md": pinned,
        **notes,
        ".claude/memory/budget-profiles.json": settings,
    }
    project = Project(str(make_project(tmp_path, files)))
    update.update_index(project)
    task = allocate.Task("dbt-expert", "Review the incremental models and how they merge on their key")
    allocation = allocate.allocate(project, task, tier="medium")
    assert isinstance(allocation, allocate.Allocation)
    assert allocation.selection.left_out or allocation.selection.tokens > budget - 1000
    assert allocation.selection.tokens <= allocation.budget


def test_a_little_generosity_sends_the_best_leaf(tmp_path: Path) -> None:
    settings = '{"profiles": {"specialist-broad": {"generosity": 0.05}}}'
    files = {**team_files(), ".claude/memory/budget-profiles.json": settings}
    project = Project(str(make_project(tmp_path, files)))
    update.update_index(project)
    task = allocate.Task("dbt-expert", "Review the incremental models and their surrogate keys")
    allocation = allocate.allocate(project, task)
    assert isinstance(allocation, allocate.Allocation)
    assert allocation.selection.files
    assert allocation.selection.demand_tokens > 0


@pytest.mark.parametrize(
    ("path", "out"),
    [
        ("MEMORY.md", False),
        ("notes/MEMORY.md", False),
        ("./.claude/agent-memory/writer/MEMORY.md", True),
        ("~/.claude/agent-memory-local/writer/MEMORY.md", True),
        ("./.claude/agent-memory/writer/TEAM_MEMORY.md", False),
    ],
)
def test_what_the_client_hands_out_is_told_by_its_path(path: str, out: bool) -> None:
    assert handed_out(path) is out


def test_a_memory_file_that_names_no_notes_counts_like_any_other(tmp_path: Path) -> None:
    text = "# Compiler\n\n## Scopes\n\nA branch gets a copy of the outer scope, and what it declares stays in it.\n"
    sure = []
    for name in ("MEMORY.md", "notes.md"):
        root = make_project(tmp_path / name, {f".claude/memory/{name}": text})
        project = Project(str(root), str(tmp_path / "home"))
        update.update_index(project)
        found = allocate.allocate(project, allocate.Task("general-purpose", "What does a branch declare?"))
        assert isinstance(found, allocate.Allocation)
        sure.append(found.selection.evidence.confidence)
    assert sure[0] == sure[1] > 0


@pytest.mark.parametrize("read", [0, 3, 1000])
def test_what_is_judged_before_ranking_is_no_less_than_after(
    read: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the first look says that nothing is about the task, nothing is ranked, so it must not say so too early: in a memory of
    thousands of files those of a common term are not read."""
    monkeypatch.setattr(ranking, "FILES_READ", read)
    texts = {
        f".claude/memory/patterns/n{number}.md": f"# Outage {number}\n\nKubernetes and postgres break at {number} o'clock.\n"
        for number in range(40)
    }
    view = given(project_of(tmp_path, texts), "x").view
    for prompt in (
        "Why does kubernetes and postgres break",
        "An outage of postgres",
        "Change the VAT rounding",
    ):
        query = Query(prompt)
        sure = ranking.rank(view, query).evidence.confidence
        assert bool(ranking.rank(view, query, least=sure).leaves) == (sure > 0)
