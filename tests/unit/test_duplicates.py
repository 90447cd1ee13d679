from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from memory_budget.base.project import Project
from memory_budget.cli import duplicates as duplicates_command
from memory_budget.index import update
from memory_budget.upkeep import duplicates, near_chunks, survey
from memory_budget.upkeep.memory_files import MemoryFile
from tests.support.memory_files import MEMORY, NOW, memory, note

_WORDS = [
    f"{first}{second}"
    for first in ("lo", "ma", "ti", "ra", "ke", "su")
    for second in ("ven", "dor", "pil", "gat")
]


def passage(seed: int, words: int = 60) -> str:
    rng = random.Random(seed)
    return " ".join(rng.choices(_WORDS, k=words)).capitalize() + "."


def text(*seeds: int) -> str:
    return "".join(f"## Part {seed}\n\n{passage(seed)}\n\n" for seed in seeds)


def found(project: Project) -> duplicates.DuplicateReport:
    update.update_index(project)
    return survey.survey_duplicates(survey.begin_survey(project, NOW))


def test_copies_of_files_make_sets_and_what_all_share_stays(tmp_path: Path, home: Path) -> None:
    project = memory(
        tmp_path / "p",
        {
            "patterns/a.md": text(1, 2),
            "specialists/dbt/patterns/a.md": text(1, 2),
            "roles/qa/patterns/other-name.md": text(1, 2),
            "specialists/dbt/recent/b.md": text(3),
            "specialists/dbt/patterns/b.md": text(3),
            "specialists/tableau/patterns/c.md": text(4),
            "roles/qa/patterns/c.md": text(4),
            "patterns/single.md": text(5),
            "patterns/empty.md": "",
            "patterns/empty2.md": "",
        },
        home,
    )
    report = found(project)
    sets = {own.keep.path.removeprefix(MEMORY + "/"): own for own in report.sets}
    assert {key: len(own.copies) for key, own in sets.items()} == {
        "patterns/a.md": 2,
        "specialists/dbt/patterns/b.md": 1,
        "roles/qa/patterns/c.md": 1,
    }
    assert sets["patterns/a.md"].tokens == 2 * sets["patterns/a.md"].keep.tokens
    assert len(sets["patterns/a.md"].removable) == 2
    assert len(sets["specialists/dbt/patterns/b.md"].removable) == 1
    assert (
        sets["roles/qa/patterns/c.md"].removable == []
    )  # the other agent would lose it: a promotion, not a duplicate
    proposals = duplicates.propose_duplicates(project, report, NOW)
    assert sorted(step.source.removeprefix(MEMORY + "/") for one in proposals for step in one.steps) == [
        "roles/qa/patterns/other-name.md",
        "specialists/dbt/patterns/a.md",
        "specialists/dbt/recent/b.md",
    ]
    assert proposals[0].unchanged == {f"{MEMORY}/patterns/a.md": sets["patterns/a.md"].keep.hash}
    assert all(one.exact for one in proposals)


@pytest.mark.parametrize(("changed", "near"), [(1, True), (20, False)])
def test_files_that_are_nearly_the_same(tmp_path: Path, home: Path, changed: int, near: bool) -> None:
    whole = text(*range(1, 7))
    words = whole.split(" ")
    for at in range(changed):
        words[(at * 17 + 40) % len(words)] = "different"
    project = memory(
        tmp_path / "p", {"patterns/a.md": whole, "roles/qa/patterns/b.md": " ".join(words)}, home
    )
    report = found(project)
    assert bool(report.near) is near
    if near:
        assert report.near[0].similarity >= 0.9
        (one,) = duplicates.propose_duplicates(project, report, NOW)
        assert not one.exact  # somebody has to look at what is lost
        assert one.compare == [(f"{MEMORY}/patterns/a.md", f"{MEMORY}/roles/qa/patterns/b.md")]


def test_passages_are_found_across_files_that_differ(tmp_path: Path, home: Path) -> None:
    files = {
        "patterns/a.md": text(1, 2, 3),
        "roles/qa/recent/b.md": text(7, 8) + passage(2).replace(" ", "  ") + "\n\n" + text(9),
        "agents/x/patterns/c.md": text(10, 11) + passage(3)[:-1] + " indeed.\n",
    }
    report = found(memory(tmp_path / "p", files, home))
    assert report.sets == []
    assert report.near == []
    kinds = {
        own.exact: {place.path.removeprefix(MEMORY + "/") for place in own.places} for own in report.chunks
    }
    assert kinds == {
        True: {"patterns/a.md", "roles/qa/recent/b.md"},
        False: {"patterns/a.md", "agents/x/patterns/c.md"},
    }
    assert 0 < report.tokens_chunks < report.tokens / 3


def test_crowded_fingerprints_are_still_brought_together(tmp_path: Path, home: Path) -> None:
    files = {
        f"roles/r{number}/patterns/n.md": passage(1)[:-1] + f" number{number}.\n" for number in range(60)
    }
    report = found(memory(tmp_path / "p", files, home))
    assert max(len(own.places) for own in report.chunks) == 60


@pytest.mark.parametrize(
    ("keep", "copy", "removable"),
    [
        (note("patterns/a.md"), note("roles/qa/patterns/a.md"), True),
        (note("patterns/a.md"), note("recent/a.md"), True),
        (note("patterns/a.md"), note("roles/qa/patterns/a.md", always=True), False),
        (note("patterns/a.md"), note("roles/qa/patterns/a.md", movable=False), False),
        (note("roles/qa/patterns/a.md"), note("roles/qa/recent/a.md"), True),
        (note("roles/QA/patterns/a.md"), note("roles/qa/recent/a.md"), True),
        (note("roles/qa/patterns/a.md"), note("roles/pm/patterns/a.md"), False),
        (note("roles/qa/patterns/a.md"), note("specialists/qa/patterns/a.md"), False),
        (note("roles/qa/patterns/a.md"), note("patterns/a.md"), False),
        (note("agents/qa/patterns/a.md", native="project"), note("roles/qa/patterns/a.md"), True),
    ],
)
def test_a_copy_may_go_where_its_readers_get_the_other(
    keep: MemoryFile, copy: MemoryFile, removable: bool
) -> None:
    assert duplicates._is_removable(copy, keep) is removable


@pytest.mark.parametrize(
    ("first", "second", "least", "most"),
    [("a b c d", "a b c d", 1, 1), ("a b c d", "A  b\nc d", 1, 1), ("a b", "c d", 0, 0), ("", "", 0, 0),
     ("a b c d e", "a b c d f", 0.7, 0.8)],
)  # fmt: skip
def test_alikeness(first: str, second: str, least: float, most: float) -> None:
    value = near_chunks.alikeness(near_chunks.word_pairs(first), near_chunks.word_pairs(second))
    assert least <= value <= most


def test_the_json_form_names_every_file(tmp_path: Path, home: Path) -> None:
    project = memory(tmp_path / "p", {"patterns/a.md": text(1), "roles/qa/patterns/a.md": text(1)}, home)
    value: dict[str, Any] = duplicates_command.duplicates_json(found(project))
    assert (value["exact_sets"], value["exact_copies"]) == (1, 1)
    assert value["sets"][0]["copies"] == [f"{MEMORY}/roles/qa/patterns/a.md"]
