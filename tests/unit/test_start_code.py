"""The byte code of a start in one file: complete, in order, and never used where it does not fit."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from memory_budget import background, lean_code, start_code
from memory_budget.environment import base_interpreter
from memory_budget.project import Project
from tests.support.environment import ROOT
from tests.support.projects import make_project, team_files

ASKS = """
import sys
hook = sys.argv[1]
with open(hook) as file:
    source = file.read().partition("from memory_budget")[0]

def ours():
    return {name[len("memory_budget."):] for name in sys.modules if name.partition(".")[0] == "memory_budget"}

exec(compile(source, hook, "exec"), {"__file__": hook})
at_once = ours()
whole_os = "os" in sys.modules
from memory_budget import agent_start, hook_io
from memory_budget.project import Project
payload = {"tool_name": "Agent", "tool_use_id": "t", "session_id": "s",
           "tool_input": {"prompt": "onboarding", "subagent_type": "dbt-expert"}}
answer = agent_start.pre_tool_use(Project(sys.argv[2], sys.argv[3]), payload)
later = ours()
whole_os = whole_os or "os" in sys.modules
import json
import os
import memory_budget.index.overlay
lent = hook_io.os
os.symlink(sys.argv[2], sys.argv[2] + "/link")
assert lent.environ == os.environ and lent.sep == os.sep and lent.path.join("a", "b") == "a/b"
for path in ("/", "/link/below", "/nothing", "/a/.b/c", "/a//b", "/a/./b", "/a/../b", "/a/", "", "\\0"):
    for path in (path, path.strip("/"), sys.argv[2] + path):
        for name in ("isdir", "exists", *(("abspath", "realpath") if path[-1:] != "\\0" else ())):
            assert getattr(lent.path, name)(path) == getattr(os.path, name)(path), (name, path)
os.unlink(sys.argv[2] + "/link")
print(json.dumps({"loaded": "invocation" in at_once, "at once": sorted(at_once), "later": sorted(later - at_once),
                  "answered": "updatedInput" in answer["hookSpecificOutput"], "whole os": whole_os}))
"""


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A copy of the library, without any byte code."""
    copy = tmp_path / "plugin" / "lib"
    for name in ("lib", "hooks"):
        shutil.copytree(ROOT / name, copy.parent / name, ignore=shutil.ignore_patterns("__pycache__"))
    (copy.parent / "schemas").symlink_to(ROOT / "schemas")
    return copy / "memory_budget"


def ask(library: Path, tmp_path: Path) -> dict[str, Any]:
    """What a start of its own finds loaded, and what it says to a project with memory and an index."""
    root, home = tmp_path / "project", tmp_path / "home"
    if not root.exists():
        make_project(root, team_files())
        background.update_index(Project(str(root), str(home)))
    hook = library.parent.parent / "hooks" / "pre_tool_use.py"
    argv = [base_interpreter(), "-I", "-S", "-c", ASKS, str(hook), str(root), str(home)]
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found.pop("answered")
    assert found.pop("whole os") is not found["loaded"]
    assert isinstance(found, dict)
    return found


def test_all_a_warm_start_needs_is_in_it_and_nothing_else(library: Path, tmp_path: Path) -> None:
    assert start_code.write(str(library))
    assert not start_code.write(str(library))
    assert ask(library, tmp_path) == {
        "loaded": True,
        "at once": sorted(start_code.MODULES),
        "later": [],
    }


@pytest.mark.parametrize(
    "harm", ["edited", "torn", "of another interpreter", "not ours", "of a copy", "gone"]
)
def test_what_does_not_fit_is_not_used(library: Path, tmp_path: Path, harm: str) -> None:
    start_code.write(str(library))
    (file,) = (library / "__pycache__").glob(f"start.{sys.implementation.cache_tag}.bin")
    data = file.read_bytes()
    if harm == "edited":
        source = library / "terms.py"
        source.write_text(source.read_text(encoding="utf-8") + "\n# edited\n", encoding="utf-8")
    elif harm == "torn":
        file.write_bytes(data[: len(data) // 2])
    elif harm == "of another interpreter":
        file.write_bytes(b"\0\0\0\0" + data[4:])
    elif harm == "not ours":
        file.write_bytes(data[:4] + b"not byte code")
    elif harm == "of a copy":
        file.write_bytes(data.replace(str(library).encode(), str(library).upper().encode()))
    else:
        file.unlink()
    assert not ask(library, tmp_path)["loaded"]
    assert start_code.write(str(library))
    assert ask(library, tmp_path)["loaded"]


def test_the_process_behind_a_session_writes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr(start_code, "write", written.append)
    root = make_project(tmp_path / "project", team_files())
    assert background.main(["index", "--project", str(root)]) == 0
    assert written == [str(ROOT / "lib" / "memory_budget")]


SOURCE = '''"""Docstring."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import nowhere
else:
    here = True


class Thing:
    """Docstring."""

    slot: int
    number: int = 3

    def only_said(self) -> nowhere.Thing:
        """Docstring."""

    def fails(self, *items: int, **more: str) -> None:
        held: list[int] = list(items)
        raise ValueError(held, more, TYPE_CHECKING)
'''


def test_lean_code_does_the_same_at_the_same_lines(tmp_path: Path) -> None:
    path = tmp_path / "thing.py"
    path.write_text(SOURCE)
    space: dict[str, Any] = {"__name__": "thing"}
    exec(lean_code.compiled(str(path)), space)
    thing = space["Thing"]
    assert (space["here"], thing.number, thing().only_said()) == (True, 3, None)
    assert thing.__doc__ is thing.fails.__doc__ is None
    assert not thing.fails.__annotations__
    with pytest.raises(ValueError, match="boom") as raised:
        thing().fails(1, boom="x")
    assert raised.traceback[-1].lineno + 1 == SOURCE.split("raise")[0].count("\n") + 1
    assert raised.traceback[-1].path == path
