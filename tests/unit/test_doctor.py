"""`memory-budget doctor`: what it says of the client, the clone and the interpreter. The memory's part: test_cli_sources."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from memory_budget import __version__
from memory_budget.base import installation, layout
from memory_budget.base.project import Project
from memory_budget.cli import doctor_install, doctor_memory
from memory_budget.cli.findings import Finding
from memory_budget.cli.main import main

ROOT = installation.plugin_root()
NAME = "memory-budget@memory-budget"


@pytest.fixture
def project(tmp_path: Path, home: Path) -> Project:
    (tmp_path / "p/.claude/memory/patterns").mkdir(parents=True)
    return Project(str(tmp_path / "p"), str(home))


@pytest.fixture
def client_home(home: Path) -> Path:
    (home / ".claude/plugins").mkdir(parents=True)
    return home / ".claude"


def know(
    client_home: Path, source: str = ROOT, enabled: bool = True, version: str = __version__, name: str = NAME
) -> None:
    """Have the client know the plugin, from a folder."""
    market = name.partition("@")[2]
    path = client_home / "settings.json"
    settings: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    settings.setdefault("enabledPlugins", {})[name] = enabled
    settings.setdefault("extraKnownMarketplaces", {})[market] = {
        "source": {"source": "directory", "path": source}
    }
    path.write_text(json.dumps(settings))
    copy = {"installPath": str(client_home / "plugins/cache/x"), "version": version}
    (client_home / "plugins/installed_plugins.json").write_text(json.dumps({"plugins": {name: [copy]}}))


def about(project: Project, subject: str) -> list[Finding]:
    return [found for check in doctor_install.CHECKS for found in check(project) if found.about == subject]


def test_all_is_well(project: Project, client_home: Path) -> None:
    know(client_home)
    (found,) = about(project, "plugin")
    assert (found.level, NAME in found.text) == ("ok", True)
    (libraries,) = about(project, "libraries")
    assert libraries.level == "ok", libraries


@pytest.mark.parametrize(
    ("how", "level", "says", "remedy"),
    [
        ({"enabled": False}, "problem", "installed and disabled", "claude plugin enable"),
        ({"source": "/gone/away"}, "problem", "comes from /gone/away, which is gone", "install.py"),
        ({"version": "0.0.1"}, "note", "the client runs version 0.0.1", "claude plugin update"),
        ({"source": os.path.dirname(ROOT)}, "note", "this command line is in", "install.py"),
    ],
)
def test_another_state_comes_with_a_remedy(
    project: Project, client_home: Path, how: dict[str, Any], level: str, says: str, remedy: str
) -> None:
    know(client_home, **how)
    (found,) = about(project, "plugin")
    assert found.level == level
    assert says in found.text
    assert remedy in found.remedy


def test_enabled_twice(project: Project, client_home: Path) -> None:
    know(client_home)
    know(client_home, name="memory-budget@acme")
    assert any("enabled 2 times" in found.text for found in about(project, "plugin"))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"enabledPlugins": 3, "extraKnownMarketplaces": []}', "\xff"]
)
def test_settings_that_say_nothing(project: Project, client_home: Path, text: str) -> None:
    (client_home / "settings.json").write_bytes(text.encode("latin-1"))
    (found,) = about(project, "plugin")
    assert "does not know it" in found.text


def test_interpreters_that_cannot_run(project: Project, home: Path) -> None:
    data = Path(installation.data_folder())
    data.mkdir(parents=True)
    bad = data / "python"
    bad.write_text("#!/nonexistent/python\n")
    bad.chmod(0o755)
    (data / "interpreter").write_text(f"{sys.executable}\n{bad}\n")
    (found,) = about(project, "command line")
    assert found.level == "problem"
    assert "setup" in found.remedy
    (data / "interpreter").write_text(f"{bad}\n\n")
    (found,) = about(project, "hooks")
    assert "cannot be run" in found.text


def test_failures_of_the_last_week_are_told(project: Project) -> None:
    log = Path(project.writable(layout.HOOKS_LOG))
    log.write_text("2026-01-02 03:04:05 [1] Traceback\n  somewhere\nValueError: odd\n")
    (found,) = about(project, "failures")
    assert found.text.endswith("the last: ValueError: odd")
    os.utime(log, (0, 0))
    (found,) = about(project, "failures")
    assert found.level == "ok"


def test_a_check_that_breaks_is_a_finding(
    project: Project, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(project: Project) -> list[Finding]:
        raise RuntimeError("odd")

    monkeypatch.setattr(doctor_install, "CHECKS", (broken, *doctor_install.CHECKS[-1:]))
    assert main(["doctor", "--project", project.root]) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "broken: cannot be looked at (RuntimeError: odd)" in said
    assert "failures: none logged" in said


ESCAPES = "\x1b[31mred\x1b[0m \x9b1m \u202eabc\u2028\u200b\x07"


@pytest.mark.parametrize(
    "verb",
    [
        ("status",),
        ("doctor",),
        ("health", "--all"),
        ("duplicates", "--all"),
        ("report",),
        ("maintain", "--full"),
        ("profiles", "suggest"),
        ("profiles", "check"),
        ("sources",),
        ("index",),
        ("preview", "--agent", "x\x1b[31m", "--prompt", f"billing {ESCAPES}", "--all"),
        ("run", "weekly"),
        ("complexity", f"Fix the {ESCAPES} redesign"),
        ("undo",),
    ],
)
def test_nothing_of_a_file_reaches_the_terminal_raw(
    project: Project, capsys: pytest.CaptureFixture[str], verb: tuple[str, ...]
) -> None:
    for number in range(2):  # the same twice: there is something to propose
        note = Path(project.memory, f"patterns/bil\x1b[31mling{number}\u202e.md")
        note.write_text(f"# Billing {ESCAPES}\n\nThe billing export {ESCAPES} replays.\n")
    agents = Path(project.root, ".claude/agents")
    agents.mkdir()
    (agents / "a.md").write_text(f"---\nname: a{ESCAPES}\ndescription: Tech lead {ESCAPES} of agents.\n---\n")
    if verb[0] == "maintain":
        main(["run", "weekly", "--project", project.root])
        capsys.readouterr()
    main([*verb, "--project", project.root])
    streams = capsys.readouterr()
    for sign in streams.out + streams.err:
        assert sign.isprintable() or sign in "\n\t\r", (sign, streams.out)


def test_a_disk_that_takes_nothing_is_told(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    def told() -> list[str]:
        return [found.text for found in doctor_memory._room(project)]

    assert told() == []
    real = os.statvfs(project.root)
    names = [name for name in dir(real) if name.startswith("f_")]

    def disk(**changes: int) -> None:
        status = SimpleNamespace(**{name: getattr(real, name) for name in names})
        vars(status).update(changes)
        monkeypatch.setattr(os, "statvfs", lambda _: status)

    disk(f_flag=real.f_flag | os.ST_RDONLY)
    assert "cannot be written (read-only)" in told()[0]
    disk(f_bavail=2, f_frsize=4096)
    assert told()[0].startswith("8 KB")
    disk(f_files=10, f_favail=0)
    assert " 0 files are left" in told()[0].replace("and 0", " 0")
    monkeypatch.undo()
    log = Path(project.root, ".claude/cache/budget-usage.jsonl")
    log.parent.mkdir()
    log.symlink_to("/tmp/elsewhere.jsonl")
    (line,) = [found.text for found in doctor_memory._room(Project(project.root, project.home))]
    assert "a link that leads out of the project" in line
