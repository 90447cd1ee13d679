"""What keeps the house readable: sizes of files and functions, names with one meaning, and the rooms at its top."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import git
from tests.support.environment import ROOT

LIBRARY = ROOT / "lib" / "memory_budget"
#: Lines of a file, how many files may be larger than LARGE, lines of a function.
MOST_LINES, LARGE, MOST_LARGE = 400, 300, 12
MOST_FUNCTION_LINES = 60
ROOMS = {
    "base", "cli", "index", "installer", "log", "reports", "run", "select", "settings", "start", "text", "upkeep",
}  # fmt: skip

PAPERS = (
    "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "docs/memory.md", "docs/figures.md", "tests/README.md",
)  # fmt: skip


def tracked(*patterns: str) -> list[Path]:
    """The Python files git knows, as they are in the work tree."""
    return git.listed(ROOT, *patterns)


def is_word_table(path: Path) -> bool:
    """Tables of words and signs are as long as the world has them; a file of one holds hardly any code."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    code = sum(
        (node.end_lineno or 0) - node.lineno + 1
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
    )
    return code < 60


def code_files() -> list[Path]:
    return [path for path in tracked("lib/*.py", "hooks/*.py", "install.py") if not is_word_table(path)]


def test_no_file_is_too_long() -> None:
    lines = {path: len(path.read_text(encoding="utf-8").splitlines()) for path in code_files()}
    too_long = {str(path.relative_to(ROOT)): size for path, size in lines.items() if size > MOST_LINES}
    assert too_long == {}
    large = [str(path.relative_to(ROOT)) for path, size in lines.items() if size > LARGE]
    assert len(large) <= MOST_LARGE, large


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def test_no_function_is_too_long() -> None:
    too_long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name} ({(node.end_lineno or 0) - node.lineno + 1} lines)"
        for path in code_files()
        for node in functions(path)
        if (node.end_lineno or 0) - node.lineno + 1 > MOST_FUNCTION_LINES
    ]
    assert too_long == []


def test_a_class_name_has_one_meaning() -> None:
    modules: dict[str, set[str]] = {}
    for path in tracked("lib/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                modules.setdefault(node.name, set()).add(str(path.relative_to(LIBRARY)))
    assert {name: sorted(places) for name, places in modules.items() if len(places) > 1} == {}


#: What a verb of the command line is made of, and the entry of a program: several modules have these.
INTERFACES = {"add_arguments", "run", "main"}


def test_a_public_function_says_what_it_finds_or_makes() -> None:
    """So the name alone tells which one it is: `read_profiles_file`, not one `read` in each of eight modules."""
    modules: dict[str, set[str]] = {}
    for path in tracked("lib/*.py"):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
                modules.setdefault(node.name, set()).add(str(path.relative_to(LIBRARY)))
    shared = {name: sorted(places) for name, places in modules.items() if len(places) > 1}
    assert {name: places for name, places in shared.items() if name not in INTERFACES} == {}


def test_only_rooms_lie_at_the_top_of_the_library() -> None:
    names = {path.relative_to(LIBRARY).parts[0] for path in tracked("lib/memory_budget")}
    assert names == {"__init__.py", "__main__.py", *ROOMS}


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_each_room_says_its_job_in_one_line(room: str) -> None:
    text = ast.get_docstring(ast.parse((LIBRARY / room / "__init__.py").read_text(encoding="utf-8")))
    assert text
    assert len(text.splitlines()[0]) <= 130


@pytest.mark.parametrize("paper", PAPERS, ids=str)
def test_a_file_that_a_paper_names_is_there(paper: str) -> None:
    named = re.findall(
        r"`((?:tests|lib|hooks|schemas|docs|bin|skills)/[\w./-]+\.\w+)`", (ROOT / paper).read_text()
    )
    assert [path for path in named if not (ROOT / path).exists()] == []
