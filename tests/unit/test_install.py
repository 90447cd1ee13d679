"""install.py in a scratch home: what it changes, that it can run twice, and that it takes all of it back.

Programs it calls (pip, the client, the plugin's own command line) are played by `Machine.run`, so nothing is
downloaded. `tests/e2e` runs the real ones.
"""

from __future__ import annotations

import io
import json
import os
import runpy
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from memory_budget.base import installation
from memory_budget.installer.command import main
from memory_budget.installer.host import Host
from memory_budget.installer.receipt import Receipt

REPOSITORY = Path(__file__).parents[2]
SETTINGS = '{\n    "model":"opus",\n    "hooks" : {},\n\n    "permissions": { "allow": [ "Bash(ls:*)" ] }\n}'


class Machine:
    """A home, a checkout of the plugin, a project, and programs that leave the traces the real ones leave."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "home of ana"
        self.root = folder / "the clone"
        self.project = folder / "a project"
        self.home.mkdir()
        self.client_home = self.home / ".claude"
        self.settings = self.client_home / "settings.json"
        self.data = self.client_home / "plugins/data/memory-budget-memory-budget"
        for name in ("lib/memory_budget", "hooks", "schemas", "bin", ".claude/memory/patterns", "tools"):
            (self.root / name).mkdir(parents=True)
        (self.root / "lib/memory_budget/some.py").write_text("x = 1\n")
        (self.root / "hooks/start.py").write_text("x = 1\n")
        (self.root / ".claude/memory/budget-profiles.json").write_text("{}\n")
        shutil.copy(REPOSITORY / "schemas/default-profiles.json", self.root / "schemas")
        (self.root / "schemas/budget-profiles.schema.json").write_text('{"type": "object"}\n')
        self.lock = self.root / "requirements.lock"
        self.lock.write_text("one==1 \\\n    --hash=sha256:00\ntwo==2 \\\n    --hash=sha256:11\n")
        notes = self.project / ".claude/memory/specialists/dbt-expert/patterns"
        notes.mkdir(parents=True)
        (notes / "models.md").write_text("# Slow incremental models\n\nUse a filter.\n")
        agents = self.project / ".claude/agents"
        agents.mkdir()
        (agents / "lead.md").write_text("---\nname: lead\ndescription: Tech lead.\ntools: Agent\n---\n")
        self.calls: list[list[str]] = []
        self.network = True
        self.pip = "pip 24.0 from somewhere"
        self.venv_has_pip = True
        self.client_works = True
        self.version = "2.1.332 (Claude Code)"
        self.said = ""

    def install(self, *arguments: str) -> int:
        """Run the installer; `said` holds what it printed, `calls` the programs it started."""
        self.calls = []
        out = io.StringIO()
        environ = {"HOME": str(self.home), "PATH": str(self.root / "tools")}
        host = Host(str(self.root), environ, out, self.run)
        if "--project" not in arguments and "--uninstall" not in arguments:
            arguments = ("--project", str(self.project), *arguments)
        code = main(arguments, host)
        self.said = out.getvalue()
        return code

    def add_client(self) -> None:
        """Put a `claude` on the PATH."""
        command = self.root / "tools/claude"
        command.write_text("#!/bin/sh\n")
        command.chmod(0o755)

    def files(self) -> dict[str, bytes]:
        """Every file of the home, the clone and the project with its content; folders end with a slash."""
        found: dict[str, bytes] = {}
        for top in (self.home, self.root, self.project):
            for path in sorted(top.rglob("*")):
                found[str(path) + ("/" if path.is_dir() else "")] = (
                    b"" if path.is_dir() else path.read_bytes()
                )
        return found

    def run(
        self, argv: Sequence[str], *, cwd: str, environ: Mapping[str, str], timeout: float
    ) -> subprocess.CompletedProcess[str]:
        self.calls.append(list(argv))
        assert os.path.isdir(cwd)
        assert timeout > 0
        code, out = self._play(list(argv), environ)
        return subprocess.CompletedProcess(argv, code, out if code == 0 else "", out if code else "")

    def _play(self, argv: list[str], environ: Mapping[str, str]) -> tuple[int, str]:
        if "venv" in argv:
            if "--without-pip" not in argv and not self.venv_has_pip:
                return 1, "ensurepip is not available"
            python = Path(argv[-1], "bin", "python")
            python.parent.mkdir(parents=True)
            python.symlink_to(sys.executable)
            return 0, ""
        if argv[1:3] == ["-m", "pip"]:
            if "--version" in argv:
                return (0, self.pip) if self.pip else (1, "No module named pip")
            return (
                (0, "")
                if self.network
                else (1, "WARNING: Retrying\nERROR: No matching distribution for one==1\nbye")
            )
        if argv[0].endswith("claude"):
            return (0, self.version) if argv[1:] == ["--version"] else self._play_client(argv[2:])
        assert argv[0] == str(self.root / "bin/memory-budget")
        assert environ["CLAUDE_PLUGIN_DATA"] == str(self.data)
        project = Path(argv[argv.index("--project") + 1])
        if argv[1] == "index":
            cache = project / ".claude/cache/memory-budget"
            cache.mkdir(parents=True, exist_ok=True)
            (cache / "index.sqlite").write_text("index")
            (cache / "state").mkdir(exist_ok=True)
            (cache / ".gitignore").write_text("*\n")
            return 0, "reading\n3 files, 1,234 tokens\n"
        assert argv[1] == "preview"
        assert argv[-1] == "--json"
        return 0, json.dumps({"tokens": 1042, "budget": 17_500, "files": [{"path": "patterns/models.md"}]})

    def _play_client(self, arguments: list[str]) -> tuple[int, str]:
        """What the client does to its files, its habit of rewriting the whole settings file included."""
        if not self.client_works:
            return 1, "Error: not today"
        settings = json.loads(self.settings.read_text() or "{}") if self.settings.exists() else {}
        plugins = self.client_home / "plugins"
        copy = plugins / "cache/memory-budget/memory-budget/0.1.0"
        installed = {}
        if arguments[:2] == ["marketplace", "add"]:
            source = {"source": {"source": "directory", "path": arguments[2]}}
            settings.setdefault("extraKnownMarketplaces", {})["memory-budget"] = source
            (plugins / "known_marketplaces.json").write_text(json.dumps({"memory-budget": source}))
        elif arguments[0] == "install":
            settings.setdefault("enabledPlugins", {})[arguments[1]] = True
            shutil.copytree(self.root / "lib", copy / "lib")
            installed = {arguments[1]: [{"scope": "user"}]}
        elif arguments[0] == "uninstall":
            settings["enabledPlugins"].pop(arguments[1])
        elif arguments[:2] == ["marketplace", "remove"]:
            settings["extraKnownMarketplaces"].pop("memory-budget")
            (plugins / "known_marketplaces.json").write_text("{}")
        (plugins / "installed_plugins.json").write_text(json.dumps({"version": 2, "plugins": installed}))
        self.settings.write_text(json.dumps(settings, indent=2) + "\n")
        return 0, ""


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_first_run_sets_everything_up(machine: Machine) -> None:
    assert machine.install() == 0
    base, libraries, _ = (machine.data / "interpreter").read_text().split("\n")
    assert base == installation.base_interpreter()
    assert Path(libraries).is_relative_to(machine.data)
    assert os.access(libraries, os.X_OK)
    pip = next(call for call in machine.calls if "install" in call)
    assert "--require-hashes" in pip
    assert str(machine.lock) in pip
    settings = json.loads(machine.settings.read_text())
    assert settings["enabledPlugins"] == {"memory-budget@memory-budget": True}
    assert settings["extraKnownMarketplaces"]["memory-budget"]["source"]["path"] == str(machine.root)
    assert list((machine.root / "hooks/__pycache__").glob("start.*.pyc"))
    profiles = json.loads((machine.project / ".claude/memory/budget-profiles.json").read_text())
    assert profiles["agent_assignments"] == {"lead": "role-coordinator"}
    assert "lead -> role-coordinator" in machine.said
    assert (machine.project / ".claude/memory" / profiles["$schema"]).exists()
    assert "3 files, 1,234 tokens" in machine.said
    assert 'asked "Check the code against what we know about slow incremental models: ' in machine.said
    assert "dbt-expert gets 1,042 tokens (budget 17,500)" in machine.said
    assert "of models.md" in machine.said
    assert len(machine.said.splitlines()) <= 20
    said = machine.said.replace(str(machine.project.parent), "")  # that is as long as this machine has it
    assert all(len(line) <= 140 for line in said.splitlines() if str(machine.root.name) not in line)


def test_second_run_changes_nothing(machine: Machine) -> None:
    machine.install()
    before = machine.files()
    assert machine.install() == 0
    assert machine.files() == before
    assert [call for call in machine.calls if "memory-budget" not in call[0]] == []
    assert "Suggested" not in machine.said
    assert "✓ Client" not in machine.said


@pytest.mark.parametrize("client", [False, True])
@pytest.mark.parametrize("settings", [None, SETTINGS, "", '{"enabledPlugins": {"other@market": true}}\n'])
def test_uninstall_restores_byte_for_byte(machine: Machine, settings: str | None, client: bool) -> None:
    if client:
        machine.add_client()
    machine.client_home.mkdir()
    if settings is not None:
        machine.settings.write_text(settings)
        machine.settings.chmod(0o600)
    before = machine.files()
    for _ in range(2):
        assert machine.install() == 0
    assert machine.install("--uninstall") == 0
    after = machine.files()
    if client:  # the client's own lists and folders are its own; ours are out of them
        for path in [path for path in after if "/plugins/" in path]:
            assert b"memory-budget" not in after.pop(path)
    assert after == before
    if settings is not None:
        assert machine.settings.stat().st_mode & 0o777 == 0o600


def test_nothing_is_left_of_an_empty_home(machine: Machine) -> None:
    machine.install()
    machine.install("--uninstall")
    assert list(machine.home.iterdir()) == []
    assert machine.install("--uninstall") == 0
    assert "nothing of this installer" in machine.said


@pytest.mark.parametrize("client", [False, True])
def test_uninstall_keeps_what_was_changed_meanwhile(machine: Machine, client: bool) -> None:
    if client:
        machine.add_client()
    machine.client_home.mkdir()
    machine.settings.write_text(SETTINGS)
    machine.install()
    machine.settings.write_text(machine.settings.read_text().replace("opus", "sonnet"))
    profiles = machine.project / ".claude/memory/budget-profiles.json"
    profiles.write_text(profiles.read_text() + "\n")
    state = machine.project / ".claude/cache/memory-budget/state"
    for name in ("memory-folders", "index.again"):
        (state / name).touch()
    log = machine.project / ".claude/cache/memory-budget/jobs.log"
    log.write_text("ran\n")
    assert machine.install("--uninstall") == 0
    expected = SETTINGS.replace("opus", "sonnet")
    assert json.loads(machine.settings.read_text()) == json.loads(expected)
    if not client:
        assert machine.settings.read_text() == expected
    assert profiles.exists()
    assert "was edited and stays" in machine.said
    assert not (machine.project / ".claude/memory/budget-profiles.schema.json").exists()
    assert log.exists()
    assert not (log.parent / "index.sqlite").exists()
    assert not any((state / name).exists() for name in ("memory-folders", "index.again"))


def test_uninstall_puts_back_an_older_source_of_the_plugin(machine: Machine) -> None:
    older = {
        "extraKnownMarketplaces": {"memory-budget": {"source": {"source": "directory", "path": "/older"}}},
        "enabledPlugins": {"memory-budget@memory-budget": False},
    }
    machine.client_home.mkdir()
    machine.settings.write_text(json.dumps(older))
    machine.install()
    assert "/older" not in machine.settings.read_text()
    machine.settings.write_text(machine.settings.read_text() + "\n")
    machine.install("--uninstall")
    assert json.loads(machine.settings.read_text()) == older


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{\n  "model": "opus",\n  other: 1\n}\n', "settings.json:3:3"),
        ('// my settings\n{"model": "opus"}', "settings.json:1:1"),
        ("[1]", "expected an object"),
        ('{"enabledPlugins": ["x"]}', "/enabledPlugins"),
    ],
)
def test_broken_settings_are_refused_and_nothing_is_done(machine: Machine, text: str, said: str) -> None:
    machine.client_home.mkdir()
    machine.settings.write_text(text)
    before = machine.files()
    assert machine.install() == 1
    assert said in machine.said
    assert machine.files() == before
    assert machine.install("--no-client") == 0
    assert machine.settings.read_text() == text


def test_settings_that_break_before_uninstall_are_left_alone(machine: Machine) -> None:
    machine.install()
    machine.settings.write_text("{oops")
    assert machine.install("--uninstall") == 1
    assert "settings.json:1:2" in machine.said
    assert machine.settings.read_text() == "{oops"
    machine.settings.write_text("{}")
    assert machine.install("--uninstall") == 0
    assert not machine.data.exists()


def test_settings_behind_a_link_stay_behind_it(machine: Machine) -> None:
    machine.client_home.mkdir()
    dotfiles = machine.home / "dotfiles.json"
    dotfiles.write_text(SETTINGS)
    machine.settings.symlink_to(dotfiles)
    machine.install()
    assert machine.settings.is_symlink()
    assert "memory-budget" in dotfiles.read_text()
    machine.install("--uninstall")
    assert machine.settings.is_symlink()
    assert dotfiles.read_text() == SETTINGS


def test_the_client_s_command_is_used_where_there_is_one(machine: Machine) -> None:
    machine.add_client()
    assert machine.install() == 0
    calls = [call[1:] for call in machine.calls if call[0].endswith("claude")]
    assert calls == [
        ["--version"],
        ["plugin", "marketplace", "add", str(machine.root)],
        ["plugin", "install", "memory-budget@memory-budget"],
    ]
    copy = machine.client_home / "plugins/cache/memory-budget/memory-budget/0.1.0"
    assert list((copy / "lib/memory_budget/__pycache__").glob("some.*.pyc"))


def test_a_client_that_cannot_is_said_and_settings_do(machine: Machine) -> None:
    machine.add_client()
    machine.client_works = False
    assert machine.install() == 0
    assert "not today" in machine.said
    assert json.loads(machine.settings.read_text())["enabledPlugins"] == {"memory-budget@memory-budget": True}


def test_no_client(machine: Machine) -> None:
    machine.add_client()
    assert machine.install("--no-client") == 0
    assert not machine.settings.exists()
    assert "--plugin-dir" in machine.said


def test_without_network_the_plugin_is_installed_and_says_what_is_missing(machine: Machine) -> None:
    machine.network = False
    assert machine.install() == 1
    assert "not installed: ERROR: No matching distribution for one==1" in machine.said
    assert "upper estimates" in machine.said
    assert (machine.data / "interpreter").read_text() == f"{installation.base_interpreter()}\n\n"
    assert machine.settings.exists()
    assert not list(machine.data.glob("venv-*"))
    machine.network = True
    assert machine.install() == 0
    assert "venv-" in (machine.data / "interpreter").read_text()


def test_pip_s_own_words_for_no_network_are_put_plainly(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = (
        "WARNING: Retrying after connection broken by 'NewConnectionError'\nERROR: No matching distribution"
    )
    play = machine._play
    monkeypatch.setattr(
        machine, "_play", lambda argv, env: (1, said) if "install" in argv else play(argv, env)
    )
    assert machine.install() == 1
    assert "package index cannot be reached" in machine.said


def test_new_lock_replaces_the_environment_and_a_failure_keeps_the_old(machine: Machine) -> None:
    machine.install()
    (old,) = machine.data.glob("venv-*")
    machine.lock.write_text("three==3 \\\n    --hash=sha256:22\n")
    machine.network = False
    assert machine.install() == 1
    assert "stay in use" in machine.said
    assert str(old) in (machine.data / "interpreter").read_text()
    machine.network = True
    machine.install()
    (new,) = machine.data.glob("venv-*")
    assert new != old
    assert str(new) in (machine.data / "interpreter").read_text()


def test_half_made_environment_is_made_anew(machine: Machine) -> None:
    machine.install()
    (folder,) = machine.data.glob("venv-*")
    (folder / "complete").unlink()
    machine.install()
    assert (folder / "complete").exists()
    assert any("install" in call for call in machine.calls)


@pytest.mark.parametrize("pip", ["", "pip 20.3.4 from somewhere"])
def test_interpreter_whose_pip_cannot_install_for_others(machine: Machine, pip: str) -> None:
    machine.pip = pip
    assert machine.install() == 0
    call = next(call for call in machine.calls if "install" in call)
    assert call[0].startswith(str(machine.data))


def test_interpreter_without_any_pip_names_the_packages_to_install(machine: Machine) -> None:
    machine.pip = ""
    machine.venv_has_pip = False
    assert machine.install() == 1
    assert "python3-venv" in machine.said


def test_project_without_memory_is_left_as_it_is(machine: Machine, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    bare.mkdir()
    assert machine.install("--project", str(bare)) == 0
    assert list(bare.iterdir()) == []
    assert "no agent memory found in" in machine.said
    assert "put notes into .claude/memory/*.md" in machine.said
    assert "sources add" not in machine.said
    assert "would" not in machine.said
    (bare / "docs").mkdir()
    assert machine.install("--project", str(bare)) == 0
    assert "sources add docs" in machine.said
    assert [path.name for path in bare.iterdir()] == ["docs"]


def test_profiles_of_the_person_are_not_touched(machine: Machine) -> None:
    profiles = machine.project / ".claude/memory/budget-profiles.json"
    profiles.write_text("mine")
    machine.install()
    machine.install("--uninstall")
    assert profiles.read_text() == "mine"


def test_two_projects_are_both_taken_back(machine: Machine, tmp_path: Path) -> None:
    second = tmp_path / "second"
    (second / ".claude/memory/recent").mkdir(parents=True)
    (second / ".claude/memory/recent/note.md").write_text("no heading\n")
    machine.install()
    assert machine.install("--project", str(second)) == 0
    assert 'asked "Check the code against what we know about note: no heading",' in machine.said
    machine.install("--uninstall")
    for project in (machine.project, second):
        assert not (project / ".claude/memory/budget-profiles.json").exists()
        assert not (project / ".claude/cache").exists()


@pytest.mark.parametrize("arguments", [["--dry-run"], ["--dry-run", "--no-client"]])
def test_dry_run_changes_nothing(machine: Machine, arguments: list[str]) -> None:
    before = machine.files()
    assert machine.install(*arguments) == 0
    assert machine.files() == before
    assert machine.calls == []
    machine.install()
    before = machine.files()
    assert machine.install("--uninstall", *arguments) == 0
    assert machine.files() == before


def test_the_client_s_own_copy_installs_for_its_marketplace(machine: Machine) -> None:
    copy = machine.client_home / "plugins/cache/acme/memory-budget/0.1.0"
    shutil.copytree(machine.root, copy)
    machine.root = copy
    machine.data = machine.client_home / "plugins/data/memory-budget-acme"
    assert machine.install() == 0
    assert (machine.data / "interpreter").exists()
    assert not machine.settings.exists()


def test_receipt_that_cannot_be_read_stops_the_installer(machine: Machine) -> None:
    machine.data.mkdir(parents=True)
    (machine.data / "receipt.json").write_text("{")
    assert machine.install() == 1
    assert "receipt.json" in machine.said


def test_unknown_folder(machine: Machine) -> None:
    assert machine.install("--project", "/no/such/folder") == 1
    assert "no such folder" in machine.said


def test_old_python_starts_a_newer_one(monkeypatch: pytest.MonkeyPatch) -> None:
    script = runpy.run_path(str(REPOSITORY / "install.py"))
    started: list[list[str]] = []

    def call(argv: list[str]) -> int:
        started.append(argv)
        return 5

    names = script["start"].__globals__
    monkeypatch.setitem(names, "fits", lambda: "it is Python 3.8")
    monkeypatch.setitem(names, "find", lambda: "python3.12")
    monkeypatch.setattr(subprocess, "call", call)
    monkeypatch.setattr(sys, "argv", ["install.py", "--dry-run"])
    assert script["start"]() == 5
    assert started == [["python3.12", str(REPOSITORY / "install.py"), "--dry-run"]]


def test_old_python_alone_says_what_is_needed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = runpy.run_path(str(REPOSITORY / "install.py"))
    names = script["start"].__globals__
    monkeypatch.setitem(names, "fits", lambda: "it is Python 3.8")
    monkeypatch.setenv("PATH", "/nonexistent")
    assert script["start"]() == 1
    assert "it is Python 3.8" in capsys.readouterr().err


def test_this_python_fits() -> None:
    assert runpy.run_path(str(REPOSITORY / "install.py"))["fits"]() == ""


def test_an_older_client_is_said_to_lack_something(machine: Machine) -> None:
    machine.add_client()
    for version, said in (
        ("2.1.332 (Claude Code)", "= Client     Claude Code 2.1.332\n"),
        ("2.1.205", "the row of a running"),
    ):
        machine.version = version
        assert machine.install() == 0
        assert said in machine.said
    machine.version = "2.0.1"
    machine.install()
    assert "older than 2.1.87" in machine.said


@pytest.mark.parametrize("settings", [SETTINGS, SETTINGS.replace("\n", "\r\n")])
def test_a_byte_order_mark_is_kept(machine: Machine, settings: str) -> None:
    machine.client_home.mkdir()
    before = b"\xef\xbb\xbf" + settings.encode()
    machine.settings.write_bytes(before)
    assert machine.install() == 0
    written = machine.settings.read_bytes()
    assert written.startswith(b"\xef\xbb\xbf{")
    assert b"memory-budget@memory-budget" in written
    machine.settings.write_bytes(written.replace(b"opus", b"sonnet"))
    machine.install("--uninstall")
    assert machine.settings.read_bytes() == before.replace(b"opus", b"sonnet")


def test_settings_in_utf_16_are_refused_in_plain_words(machine: Machine) -> None:
    machine.client_home.mkdir()
    machine.settings.write_bytes(SETTINGS.encode("utf-16"))
    assert machine.install() == 1
    assert "is saved as UTF-16; save it as UTF-8" in machine.said


def test_comments_in_settings_come_with_a_way_on(machine: Machine) -> None:
    machine.client_home.mkdir()
    machine.settings.write_text(SETTINGS.replace("{", "{ // mine", 1))
    assert machine.install() == 1
    assert "claude plugin install memory-budget@memory-budget" in machine.said
    assert "--no-client" in machine.said


def test_a_closed_pipe_does_not_stop_the_installer(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    host = Host(str(machine.root), {"HOME": str(machine.home), "PATH": "/nonexistent"}, Closed(), machine.run)
    assert main(["--project", str(machine.project)], host) == 0
    assert machine.settings.exists()


def test_a_home_that_cannot_be_written_is_a_sentence(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Receipt, path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(Receipt, "make_folder", refuse)
    assert machine.install() == 1
    assert "Permission denied" in machine.said
    assert "CLAUDE_CONFIG_DIR" in machine.said


def test_uninstall_says_what_the_client_still_runs(machine: Machine) -> None:
    """Another clone, or the marketplace's copy, was there before."""
    machine.client_home.mkdir()
    older = {
        "extraKnownMarketplaces": {"memory-budget": {"source": {"source": "directory", "path": "/older"}}},
        "enabledPlugins": {"memory-budget@memory-budget": True},
    }
    machine.settings.write_text(json.dumps(older))
    machine.install()
    machine.install("--uninstall")
    assert "no longer knows" not in machine.said
    assert "still runs memory-budget@memory-budget from /older" in machine.said
    assert "claude plugin uninstall memory-budget@memory-budget" in machine.said


def test_uninstall_without_a_receipt_names_what_is_left(machine: Machine) -> None:
    """`claude plugin uninstall` removes the data folder, and with it the receipt."""
    machine.install()
    shutil.rmtree(machine.data)
    assert machine.install("--uninstall", "--project", str(machine.project)) == 0
    assert "budget-profiles.json" in machine.said
    assert ".claude/cache/memory-budget" in machine.said
    assert "still runs memory-budget@memory-budget" in machine.said


def test_the_second_of_two_installers_waits(machine: Machine) -> None:
    (machine.home.parent / "other").mkdir()
    second = Machine(machine.home.parent / "other")
    second.home, second.client_home, second.settings, second.data = (
        machine.home,
        machine.client_home,
        machine.settings,
        machine.data,
    )
    both = [threading.Thread(target=one.install) for one in (machine, second)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    receipt = json.loads((machine.data / "receipt.json").read_text())
    assert receipt["version"] == 1
    assert "venv-" in (machine.data / "interpreter").read_text()
    machine.install("--uninstall")
    assert list(machine.home.iterdir()) == []


def test_uv_is_used_where_there_is_one(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    uv = machine.root / "tools/uv"
    uv.write_text("#!/bin/sh\n")
    uv.chmod(0o755)
    play = machine._play

    def with_uv(argv: list[str], environ: Mapping[str, str]) -> tuple[int, str]:
        if argv[:3] == [str(uv), "pip", "install"]:
            return 0, ""
        return play(argv, environ)

    monkeypatch.setattr(machine, "_play", with_uv)
    assert machine.install() == 0
    assert not any("-m" in call and "pip" in call for call in machine.calls)
    command = next(call for call in machine.calls if "install" in call)
    assert command[0] == str(uv)
    assert "--require-hashes" in command


def test_a_pip_that_is_too_old_installs_into_the_folder_itself(machine: Machine) -> None:
    machine.pip = "pip 20.3.4 from somewhere"
    machine.venv_has_pip = False
    assert machine.install() == 0
    command = next(call for call in machine.calls if "install" in call)
    assert command[command.index("--target") + 1].startswith(str(machine.data / "venv-"))


def test_help_says_what_changes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    said = capsys.readouterr().out
    for word in (
        f"{installation.CORE_MEGABYTES} MB",
        "~/.claude/settings.json",
        "for this user",
        "--uninstall",
    ):
        assert word in said
