"""Detached processes: the program they run with, what becomes of their failures, and libraries that come by themselves."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from memory_budget.base import detached, installation, layout, processes, spawn
from memory_budget.base.project import Project
from memory_budget.installer import setup
from memory_budget.run import hooks, libraries, notes
from tests.support import hooks as client
from tests.support.children import child

BAD = "#!/nonexistent/python\n"


def wait_for(path: Path, holds: str = "") -> str:
    """The file's text once it is there and holds a word."""
    until = time.monotonic() + 90
    while time.monotonic() < until:
        if path.exists() and holds in (text := path.read_text(errors="replace")):
            return text
        time.sleep(0.05)
    raise AssertionError(f"{path} did not come to hold {holds!r}")


@pytest.fixture
def project(tmp_path: Path, home: Path) -> Project:
    (tmp_path / "project/.claude/memory/patterns").mkdir(parents=True)
    (tmp_path / "project/.claude/memory/patterns/note.md").write_text("# Note\n\nText.\n")
    return Project(str(tmp_path / "project"), str(home))


@pytest.fixture
def data(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The plugin's data folder, named as the client names it, with nothing forbidden."""
    folder = home / ".claude/plugins/data/memory-budget-inline"
    folder.mkdir(parents=True)
    monkeypatch.setenv("CLAUDE_PLUGIN_DATA", str(folder))
    monkeypatch.delenv("MEMORY_BUDGET_DATA", raising=False)
    monkeypatch.delenv(libraries.VARIABLE, raising=False)
    return folder


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The command lines that were started, none of which is run."""
    calls: list[list[str]] = []
    monkeypatch.setattr(spawn, "launch", lambda arguments, errors: calls.append(list(arguments)))
    return calls


def program(path: Path, text: str = "#!/bin/sh\n") -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def test_libraries_beside_the_data_folder_are_used(data: Path) -> None:
    """`--plugin-dir` names a data folder without `interpreter`; the installed plugin's lies beside it."""
    venv = program(data.parent / "memory-budget-memory-budget/venv-1/bin/python")
    (data.parent / "memory-budget-memory-budget/interpreter").write_text(f"{sys.executable}\n{venv}\n")
    assert spawn.with_libraries() == venv
    (data / "interpreter").write_text(f"{sys.executable}\n\n")
    assert spawn.programs()[0] == venv
    own = program(data / "venv-2/bin/python")
    (data / "interpreter").write_text(f"{sys.executable}\n{own}\n")
    assert spawn.programs()[:2] == [own, venv]


@pytest.mark.parametrize("content", ["", "\x00\xff" * 300, "/no/such\n/no/such\n", "\n\n", "/tmp\n/tmp\n"])
def test_a_data_folder_that_names_nothing_leaves_the_running_python(data: Path, content: str) -> None:
    (data / "interpreter").write_text(content)
    assert spawn.programs() == [sys.executable]


def test_a_program_that_cannot_run_is_passed_over(data: Path, project: Project, tmp_path: Path) -> None:
    broken = program(tmp_path / "venv/bin/python", BAD)
    (data / "interpreter").write_text(f"{sys.executable}\n{broken}\n")
    spawn.start(project, "index")
    wait_for(Path(project.index))


def test_what_ends_a_detached_process_is_logged_and_told_once(
    project: Project, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(project.root, ".claude/memory/budget-profiles.json").write_text('{"profiles": {}}')
    spawn.start(project, "no-such-task")  # argparse ends the process
    log = wait_for(Path(project.at(layout.HOOKS_LOG)), "SystemExit")
    assert "SystemExit" in log
    wait_for(Path(project.at(layout.FAILED)), "no-such-task")
    monkeypatch.setenv(libraries.VARIABLE, "never")
    monkeypatch.setattr(spawn, "start", lambda *_: None)
    said = hooks.session_start(project, {"session_id": "s"})
    assert said is not None
    assert "the background task no-such-task failed" in said["systemMessage"]
    assert hooks.session_start(project, {"session_id": "s"}) is None


@pytest.mark.parametrize(
    "error", [ValueError("odd"), MemoryError(), KeyboardInterrupt(), SystemExit(3), OSError(28, "full")]
)
def test_guard_writes_down_any_end(project: Project, error: BaseException) -> None:
    def work() -> int:
        raise error

    assert detached.guard(["session", "--project", project.root], work) == 1
    assert type(error).__name__ in Path(project.at(layout.HOOKS_LOG)).read_text()
    assert type(error).__name__ in str(detached.take_failure(project))
    assert detached.take_failure(project) is None


def test_a_failure_that_comes_while_another_is_told_is_the_next_sessions(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(reason: str) -> None:
        detached.guard([reason, "--project", project.root], lambda: 1 // 0)

    def read(path: str, limit: int) -> bytes:
        fail("second")
        return Path(path).read_bytes()

    fail("first")
    with monkeypatch.context() as patch:
        patch.setattr(detached, "read_bytes", read)
        assert "first" in str(detached.take_failure(project))
    assert "second" in str(detached.take_failure(project))
    assert detached.take_failure(project) is None


def test_guard_makes_no_file_where_there_is_no_memory(tmp_path: Path) -> None:
    assert detached.guard(["session", "--project", str(tmp_path)], lambda: 1 // 0) == 1
    assert list(tmp_path.iterdir()) == []


def test_libraries_are_offered_once(project: Project, data: Path, launched: list[list[str]]) -> None:
    (line,) = libraries.offer(project, "s-1")
    assert f"{installation.CORE_MEGABYTES} MB" in line
    assert launched == [["setup", "--background", "--session", "s-1", "--project", project.root]]
    assert libraries.offer(project, "s-2") == []  # it is being done
    assert len(launched) == 1


def test_a_failed_setup_is_told_in_the_next_session_and_tried_again_later(
    project: Project, data: Path, launched: list[list[str]]
) -> None:
    note = notes.note_path(project, "s-1", setup.NOTE)
    notes.leave_note(project, "s-1", setup.NOTE, "no network")
    libraries.write_state(str(data), "failed", "no network", note)
    assert libraries.offer(project, "s-2") == ["no network"]
    assert libraries.offer(project, "s-3") == []  # told, and too early
    assert launched == []
    state = json.loads((data / libraries.STATE).read_text())
    (data / libraries.STATE).write_text(json.dumps({**state, "at": state["at"] - libraries.COOLDOWN - 1}))
    assert len(libraries.offer(project, "s-4")) == 1
    assert len(launched) == 1


def forbid_by_environment(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(libraries.VARIABLE, "Never")


def forbid_by_profiles(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(project.memory, "budget-profiles.json").write_text('{"install_libraries": false}')


def no_client(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CLAUDE_PLUGIN_DATA")


@pytest.mark.parametrize("how", [forbid_by_environment, forbid_by_profiles, no_client])
def test_nothing_is_installed_where_it_is_forbidden(
    project: Project,
    data: Path,
    launched: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    how: Callable[[Project, pytest.MonkeyPatch], None],
) -> None:
    how(project, monkeypatch)
    assert libraries.offer(project, "s") == []
    assert launched == []


def test_an_update_with_another_lock_file_is_noticed(
    project: Project, data: Path, launched: list[list[str]]
) -> None:
    wanted = installation.environment_folder(installation.plugin_root(), str(data), sys.executable)
    mine = program(Path(wanted, "bin/python"))
    Path(wanted, installation.COMPLETE).touch()
    (data / "interpreter").write_text(f"{sys.executable}\n{mine}\n")
    assert libraries.offer(project, "s") == []
    old = program(data / "venv-000000000000/bin/python")
    (data / "venv-000000000000" / installation.COMPLETE).touch()
    os.rename(wanted, wanted + ".gone")
    (data / "interpreter").write_text(f"{sys.executable}\n{old}\n")
    assert len(libraries.offer(project, "s")) == 1


def test_the_session_hook_says_so_and_answers_at_once(project: Project, home: Path) -> None:
    """With nothing but the standard library; forbidden here, so that nothing is downloaded."""
    said = client.run("session_start", {"session_id": "s", "cwd": project.root}, Path(project.root), home)
    assert said.answer == {}
    wait_for(Path(project.index))


def test_a_detached_process_lets_agents_go_first_and_no_other_does() -> None:
    def shares() -> tuple[int, str]:
        """The niceness, and the session's share; no word where the kernel groups by something else."""
        path = Path("/proc/self/autogroup")
        words = path.read_text().split() if path.exists() else []
        return os.nice(0), words[-1] if words else ""

    def takes_a_word() -> bool:
        """Whether the kernel lets this process say its session's share: not where /proc is read-only."""
        try:
            Path("/proc/self/autogroup").write_text(str(processes.BEHIND))
        except BlockingIOError:  # it would, a moment later
            return True
        except OSError:
            return False
        return True

    before = shares()
    processes.let_others_go_first()
    assert shares() == before

    def detach() -> int:
        os.setsid()
        processes.let_others_go_first()
        niceness, share = shares()
        shared = share in ("", str(processes.BEHIND)) or not takes_a_word()
        return int(niceness == min(19, before[0] + processes.BEHIND) and shared)

    assert child(detach) == 1
