"""Small file habits that everything rests on."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from memory_budget.base import layout
from memory_budget.base.files import listing, read_bytes, safe_name, short_hash, write_atomic
from memory_budget.base.project import Project, project_of
from tests.support.projects import make_project


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "a/b",
        "../x",
        "/",
        "a\0b",
        "a\nb",
        "x" * 500,
        "\ud800",
        "日本",
        "a b",
        "plugin:agent",
        "~",
    ],
)
def test_a_name_from_outside_stays_in_its_folder(name: str) -> None:
    safe = safe_name(name)
    assert os.path.basename(safe) == safe
    assert safe not in ("", ".", "..")
    assert len(safe.encode()) <= 80
    assert safe == safe_name(name)


def test_two_names_are_two_files() -> None:
    names = ["a/b", "a:b", "a b", "a_b", "A/b", "x" * 90, "x" * 91, "", " "]
    assert len({safe_name(name) for name in names}) == len(names)
    assert safe_name("toolu_01AbC-9") == "toolu_01AbC-9"


def test_a_digest_takes_text_and_bytes() -> None:
    assert short_hash("a") == short_hash(b"a")
    assert len(short_hash("\ud800", 6)) == 12


def test_the_cache_ignores_itself_and_is_made_on_demand(tmp_path: Path) -> None:
    project = Project(str(tmp_path), "")
    assert not Path(project.cache).exists()
    assert Path(project.ensure_cache("a", "b")).is_dir()
    assert Path(project.cache, ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize(
    "path",
    [
        ".claude/memory/x.md",
        ".claude/agent-memory/a/x.md",
        ".claude/agent-memory-local/a/x.md",
    ],
)
def test_what_counts_as_memory(path: str, tmp_path: Path) -> None:
    project = Project(str(tmp_path), str(tmp_path / "home"))
    assert not project.has_memory()
    make_project(tmp_path, {path: ""})
    assert project.has_memory()


def test_memory_of_the_user_makes_no_project(tmp_path: Path) -> None:
    project = Project(str(tmp_path), str(tmp_path / "home"))
    make_project(tmp_path, {"home/.claude/agent-memory/a/x.md": "notes"})
    assert not project.has_memory()


@pytest.mark.parametrize("payload", [{}, {"cwd": 5}, {"cwd": ""}, {"cwd": "\0"}, {"cwd": "/nowhere/at/all"}])
def test_a_call_from_nowhere_has_no_project(payload: dict[str, object], home: Path) -> None:
    assert home
    assert project_of(payload) is None


def test_the_session_names_the_project_before_the_agents_folder(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = make_project(tmp_path / "session", {".claude/memory/a.md": ""})
    tree = make_project(tmp_path / "tree", {".claude/memory/a.md": ""})
    found = project_of({"cwd": str(tree)})
    assert found is not None
    assert found.root == str(tree)
    monkeypatch.setenv("CLAUDE_PROJECT_DIR", str(session))
    found = project_of({"cwd": str(tree)})
    assert found is not None
    assert (found.root, found.home) == (str(session), str(home))


def test_a_reader_sees_whole_files_only(tmp_path: Path) -> None:
    path = str(tmp_path / "file")
    write_atomic(path, b"a" * 100_000)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            for sign in (b"b", b"a"):
                write_atomic(path, sign * 100_000)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(300):
            data = read_bytes(path)
            assert data in (b"a" * 100_000, b"b" * 100_000)
    finally:
        stop.set()
        writer.join()


def test_a_write_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        write_atomic(str(tmp_path / "folder"), b"x")
    assert list(listing(str(tmp_path))) == ["folder"]


def test_reading_stops_at_its_limit(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"12345")
    assert read_bytes(str(tmp_path / "f")) == b"12345"
    assert read_bytes(str(tmp_path / "f"), 3) == b"123"
    if os.path.exists("/proc/self/stat"):  # Linux: its size says 0
        assert read_bytes("/proc/self/stat")[:1].isdigit()
    assert list(listing(str(tmp_path / "missing"))) == []


def test_the_cache_is_private_to_the_user(tmp_path: Path) -> None:
    project = Project(str(tmp_path), str(tmp_path))
    folder = project.ensure_cache(layout.PENDING)
    assert os.path.isdir(folder)
    assert os.stat(project.cache).st_mode & 0o777 == 0o700
    assert Path(project.at(".gitignore")).read_text() == "*\n"
