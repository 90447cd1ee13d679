"""Which files are memory, and whose."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from memory_budget.base.globs import expand_braces, name_matches
from memory_budget.base.project import Project
from memory_budget.index.reader import owners_of
from memory_budget.index.scan import Scan, scan_sources
from memory_budget.index.sources import Sources, loaded_lines
from tests.support.projects import make_project


def scanned(root: Path, home: Path | str = "", globs: dict[str, list[str]] | None = None) -> Scan:
    return scan_sources(Project(str(root), str(home)), Sources(globs))


def places(found: Scan) -> dict[str, tuple[str, str]]:
    return {file.path: (file.place.scope, file.place.owner) for file in found.files}


@pytest.mark.parametrize(
    ("path", "scope", "owner", "category", "native"),
    [
        (".claude/memory/patterns/a.md", "global", "", "", ""),
        (".claude/memory/recent/x/y/a.md", "global", "", "", ""),
        (".claude/memory/intermediate/a.md", "global", "", "", ""),
        (".claude/memory/a.md", "global", "", "", ""),
        (".claude/memory/other/a.md", "global", "", "", ""),
        (".claude/memory/specialists/a.md", "global", "", "", ""),
        ("memory-bank/a/b.md", "global", "", "", ""),
        ("docs/memory/a.md", "global", "", "", ""),
        (".claude/memory/specialists/dbt/a.md", "agent_patterns", "dbt", "specialists", ""),
        (".claude/memory/specialists/dbt/notes/a.md", "agent_patterns", "dbt", "specialists", ""),
        (".claude/memory/specialists/dbt/notes/2024-05-03-a.md", "agent_recent", "dbt", "specialists", ""),
        (".claude/memory/patterns/A.MD", "global", "", "", ""),
        (".claude/memory/specialists/dbt/patterns/a.md", "agent_patterns", "dbt", "specialists", ""),
        (".claude/memory/roles/dbt/patterns/x/a.md", "agent_patterns", "dbt", "roles", ""),
        (".claude/memory/agents/dbt/recent/a.md", "agent_recent", "dbt", "agents", ""),
        (".claude/memory/agents/dbt/intermediate/a.md", "agent_recent", "dbt", "agents", ""),
        (".claude/agent-memory/dbt/MEMORY.md", "agent_patterns", "dbt", "", "project"),
        (".claude/agent-memory-local/dbt/x/n.md", "agent_patterns", "dbt", "", "local"),
        ("~/.claude/agent-memory/dbt/n.md", "agent_patterns", "dbt", "", "user"),
    ],
)
def test_the_table_of_places(path: str, scope: str, owner: str, category: str, native: str) -> None:
    place = Sources().place(path)
    assert place is not None
    assert place.key == (scope, owner, category, native)


@pytest.mark.parametrize(
    "path",
    [
        ".claude/memory/patterns/a.txt",
        ".claude/memory/patterns/archive/a.md",
        ".claude/memory/patterns/x/Archive/y/a.md",
        ".claude/memory/.trash/a.md",
        ".claude/memory/specialists/dbt/ARCHIVE/a.md",
        ".claude/agent-memory/dbt/.obsidian/a.md",
        ".claude/memory/CLAUDE.md",
        "memory-bank/node_modules/a.md",
        ".claude/agent-memory/a.md",
        "patterns/a.md",
        ".claude/memory/patterns",
        "",
    ],
)
def test_what_belongs_to_nobody(path: str) -> None:
    assert Sources().place(path) is None


def test_a_file_named_archive_is_memory_all_the_same() -> None:
    assert Sources().place(".claude/memory/patterns/archive.md") is not None


@pytest.mark.parametrize(
    ("glob", "expanded"),
    [
        ("a", ["a"]),
        ("a{b,c}d", ["abd", "acd"]),
        ("{a,b}{c,d}", ["ac", "ad", "bc", "bd"]),
        ("{a,{b,c}}", ["a", "b", "c"]),
        ("a{b", ["a{b"]),
        ("a}b", ["a}b"]),
        ("{}", [""]),
        ("{,x}", ["", "x"]),
        ("a{b{c,d}", ["a{bc", "a{bd"]),
    ],
)
def test_braces(glob: str, expanded: list[str]) -> None:
    assert expand_braces(glob) == expanded


@pytest.mark.parametrize(
    "glob",
    [
        "{a,b}" * 12,
        "{a,b}" * 300,
        "{" * 400 + "a,b" + "}" * 400,
        "{" + ",".join(["{a,b}"] * 300) + "}",
        "{a," * 500,
    ],
)
def test_braces_are_bounded(glob: str) -> None:
    began = time.process_time()
    assert 0 < len(expand_braces(glob)) <= 256
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("*.md", "a.md", True),
        ("*", "", True),
        ("?", "", False),
        ("a*b*c", "aXbYbZc", True),
        ("a*b*c", "aXbY", False),
        ("[ab]", "a", False),
        ("[ab]", "[ab]", True),
        ("**", "ab", True),
    ],
)
def test_wildcards_of_one_name(pattern: str, name: str, fits: bool) -> None:
    assert name_matches(pattern, name) is fits


def test_wildcards_take_no_exponential_time() -> None:
    began = time.process_time()
    assert not name_matches("*a" * 40 + "b", "a" * 2_000)
    assert Sources({"global": ["**/" * 6 + "x.md"]}).place("a/" * 40 + "y.md") is None
    assert time.process_time() - began < 3


@pytest.mark.parametrize("glob", ["../**/*.md", ".claude/../../x/*.md", "/etc/*.md", "", "/"])
def test_a_glob_cannot_leave_the_project(glob: str, tmp_path: Path) -> None:
    root = make_project(tmp_path / "p", {"etc/a.md": "x", ".claude/memory/patterns/a.md": "x"})
    make_project(tmp_path, {"x/b.md": "x", "c.md": "x"})
    found = scanned(root, "", {"global": [glob]})
    assert all(os.path.realpath(file.real).startswith(str(root)) for file in found.files)


def test_links_that_lead_out_are_left_out_and_named(tmp_path: Path) -> None:
    outside = make_project(tmp_path / "outside", {"secret.md": "secret", "folder/also.md": "secret"})
    root = make_project(tmp_path / "p", {".claude/memory/patterns/a.md": "x", "docs/inside.md": "fine"})
    patterns = root / ".claude/memory/patterns"
    (patterns / "file.md").symlink_to(outside / "secret.md")
    (patterns / "folder").symlink_to(outside / "folder")
    (patterns / "inside.md").symlink_to(root / "docs/inside.md")
    (patterns / "nowhere.md").symlink_to(root / "missing.md")
    found = scanned(root)
    assert [file.path.rsplit("/", 1)[1] for file in found.files] == ["a.md", "inside.md"]
    assert sorted(found.outside) == [".claude/memory/patterns/file.md", ".claude/memory/patterns/folder"]


def test_a_project_beside_another_of_the_same_beginning_is_outside(tmp_path: Path) -> None:
    other = make_project(tmp_path / "p-other", {"secret.md": "x"})
    root = make_project(tmp_path / "p", {".claude/memory/patterns/a.md": "x"})
    (root / ".claude/memory/patterns/link.md").symlink_to(other / "secret.md")
    assert len(scanned(root).files) == 1


def test_links_that_lead_in_circles_end(tmp_path: Path) -> None:
    root = make_project(tmp_path / "p", {".claude/memory/patterns/a.md": "x"})
    (root / ".claude/memory/patterns/up").symlink_to(root / ".claude/memory")
    (root / ".claude/memory/patterns/self").symlink_to(root / ".claude/memory/patterns")
    assert [file.path for file in scanned(root).files] == [".claude/memory/patterns/a.md"]


def test_what_is_no_regular_file_is_no_memory(tmp_path: Path) -> None:
    root = make_project(
        tmp_path / "p", {".claude/memory/patterns/a.md": "x", ".claude/memory/patterns/d.md/b.md": "y"}
    )
    os.mkfifo(root / ".claude/memory/patterns/pipe.md")
    assert [file.path.rsplit("/", 2)[1:] for file in scanned(root).files] == [
        ["patterns", "a.md"],
        ["d.md", "b.md"],
    ]


def test_very_deep_folders_stop_nothing(tmp_path: Path) -> None:
    root = make_project(tmp_path / "p", {".claude/memory/patterns/a.md": "x"})
    deep = root.joinpath(".claude/memory/patterns", *["d"] * 150)
    deep.mkdir(parents=True)
    (deep / "lost.md").write_text("x")
    found = scanned(root)
    assert list(places(found)) == [".claude/memory/patterns/a.md"]
    assert len(found.unreadable) == 1


def test_names_that_are_no_text_are_left_out_and_named(tmp_path: Path) -> None:
    root = make_project(tmp_path / "p", {".claude/memory/patterns/a.md": "x"})
    with open(os.fsencode(root / ".claude/memory/patterns") + b"/caf\xe9.md", "wb") as file:
        file.write(b"x")
    found = scanned(root)
    assert len(found.files) == 1
    assert [reason for _, reason in found.unreadable] == ["its name is not UTF-8"]


def test_the_order_of_the_disk_makes_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f".claude/memory/patterns/{name}/{n}.md" for name in "cab" for n in (2, 10, 1)]
    root = make_project(tmp_path / "p", dict.fromkeys(names, "x"))
    expected = [file.path for file in scanned(root).files]
    real = os.scandir

    class Backwards:
        def __init__(self, path: str) -> None:
            with real(path) as entries:
                self.entries = sorted(entries, key=lambda entry: entry.name, reverse=True)

        def __enter__(self) -> list[os.DirEntry[str]]:
            return self.entries

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(os, "scandir", Backwards)
    assert [file.path for file in scanned(root).files] == expected == sorted(expected)


def test_home_memory_is_the_agents_own(tmp_path: Path) -> None:
    home = make_project(
        tmp_path / "home", {".claude/agent-memory/dbt/n.md": "x", ".claude/memory/patterns/no.md": "x"}
    )
    root = make_project(tmp_path / "p", {".claude/memory/patterns/a.md": "x"})
    assert places(scanned(root, home)) == {
        ".claude/memory/patterns/a.md": ("global", ""),
        "~/.claude/agent-memory/dbt/n.md": ("agent_patterns", "dbt"),
    }


def test_folders_in_no_scope_are_named(tmp_path: Path) -> None:
    root = make_project(
        tmp_path / "p",
        {".claude/memory/ideas/a.md": "x", ".claude/memory/ideas/b.md": "x", ".claude/memory/c.md": ""},
    )
    assert scanned(root).unscoped == {}
    found = scanned(root, "", {"global": [".claude/memory/patterns/**/*.md"]})
    assert found.unscoped == {".claude/memory/ideas": 2, ".claude/memory": 1}


def test_other_globs_replace_those_of_their_scope(tmp_path: Path) -> None:
    root = make_project(
        tmp_path / "p",
        {
            "docs/a.md": "x",
            "notes/dbt/n.md": "x",
            ".claude/memory/patterns/b.md": "x",
            ".claude/memory/agents/q/recent/c.md": "x",
        },
    )
    found = scanned(root, "", {"global": ["docs/**/*.md"], "agent_patterns": ["notes/<agent>/**"]})
    assert places(found) == {
        "docs/a.md": ("global", ""),
        "notes/dbt/n.md": ("agent_patterns", "dbt"),
        ".claude/memory/agents/q/recent/c.md": ("agent_recent", "q"),
    }


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        ([], [1]),
        (["dbt"], [1, 2, 3, 4]),
        (["DBT"], [1, 2, 3, 4]),
        (["roles/dbt"], [1, 3]),
        (["/dbt"], [1, 4]),
        (["db"], [1]),
        ([""], [1]),
        (["../dbt"], [1]),
    ],
)
def test_an_agent_gets_its_own_groups_and_the_global_one(names: list[str], chosen: list[int]) -> None:
    groups = [
        (1, "global", "", "", ""),
        (2, "agent_patterns", "dbt", "specialists", ""),
        (3, "agent_recent", "DBT", "roles", ""),
        (4, "agent_patterns", "dbt", "", "project"),
        (5, "agent_patterns", "other", "specialists", ""),
    ]
    assert owners_of(groups, names) == chosen


def test_globs_at_the_top_of_the_project_match(tmp_path: Path) -> None:
    root = make_project(tmp_path / "p", {"NOTES.md": "x", "docs/a.md": "x", "README.md": "x"})
    assert list(places(scanned(root, "", {"global": ["NOTES.md", "**/a.md"]}))) == ["NOTES.md", "docs/a.md"]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", 0),
        ("a", 1),
        ("a\n", 1),
        ("a\nb", 2),
        ("a\n" * 199 + "b", 200),
        ("a\n" * 300, 200),
        ("x" * 999 + "\n" + "y" * 30_000, 1),
        (("x" * 499 + "\n") * 100, 50),
        ("x" * 30_000 + "\ny\n", 1),
    ],
)
def test_what_the_client_loads_of_native_memory_itself(text: str, lines: int) -> None:
    assert loaded_lines(text) == lines
