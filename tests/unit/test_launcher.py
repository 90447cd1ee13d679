"""bin/memory-budget under the shells people have: finds its root, its interpreter, and never ends a hook with 2."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from memory_budget.base.installation import base_interpreter

LAUNCHER = Path(__file__).parents[2] / "bin" / "memory-budget"
BASE = base_interpreter()
SAY = """
import json, os, sys
flags = {name: getattr(sys.flags, name) for name in ('isolated', 'no_site', 'utf8_mode')}
print(json.dumps([sys.executable, sys.argv, flags, dict(os.environ)]))
"""
SHELLS = [s for s in ("dash", "bash", "busybox", "ksh", "mksh", "zsh") if shutil.which(s)]


class Plugin:
    """A plugin folder with one hook and one command line that both say how they were started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home of ana"
        self.root = folder / "the plugin"
        self.data = self.home / ".claude/plugins/data/memory-budget-memory-budget"
        for name in ("bin", "hooks", "lib/memory_budget"):
            (self.root / name).mkdir(parents=True)
        self.data.mkdir(parents=True)
        self.launcher = self.root / "bin" / "memory-budget"
        shutil.copy(LAUNCHER, self.launcher)
        (self.root / "hooks/say.py").write_text(SAY)
        (self.root / "lib/memory_budget/__main__.py").write_text(SAY)

    def name_interpreters(self, base: str, libraries: str = "") -> None:
        (self.data / "interpreter").write_text(f"{base}\n{libraries}\n")

    def run(
        self, *arguments: str, shell: str = "", cwd: Path | None = None, program: str = "", **environ: str
    ) -> subprocess.CompletedProcess[str]:
        argv = [program or str(self.launcher), *arguments]
        if shell:
            argv = ([shell, "sh"] if shell == "busybox" else [shell]) + argv
        environ = {"HOME": str(self.home), "PATH": os.environ["PATH"], **environ}
        return subprocess.run(argv, cwd=cwd or self.folder, env=environ, capture_output=True, text=True)

    def say(self, *arguments: str, **how: Any) -> tuple[str, list[str], dict[str, int], dict[str, str]]:
        done = self.run(*arguments, **how)
        assert (done.returncode, done.stderr) == (0, "")
        executable, argv, flags, environ = json.loads(done.stdout)
        return executable, argv, flags, environ


@pytest.fixture
def plugin(tmp_path: Path) -> Plugin:
    return Plugin(tmp_path)


@pytest.fixture
def empty_path(tmp_path: Path) -> str:
    """A PATH with the few tools a shell script may need and no Python."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("dash", "sh", "readlink", "mv", "mkdir"):
        if found := shutil.which(name):
            (tools / name).symlink_to(found)
    return str(tools)


@pytest.mark.parametrize("shell", ["", *SHELLS])
def test_hook_runs_isolated_on_the_base_interpreter(plugin: Plugin, shell: str) -> None:
    plugin.name_interpreters(BASE, "/no/such/python")
    executable, argv, flags, _ = plugin.say("hook", "say", "one", "two words", shell=shell)
    assert executable == BASE
    assert argv == [str(plugin.root / "hooks/say.py"), "one", "two words"]
    assert flags == {"isolated": 1, "no_site": 1, "utf8_mode": 1}


@pytest.mark.parametrize("shell", ["", *SHELLS])
def test_command_line_runs_on_the_libraries_interpreter(plugin: Plugin, shell: str) -> None:
    libraries = plugin.folder / "python of the environment"
    libraries.write_text(f'#!/bin/sh\nVIA_LIBRARIES=1 exec "{BASE}" "$@"\n')
    libraries.chmod(0o755)
    plugin.name_interpreters("/no/such/python", str(libraries))
    _, argv, flags, environ = plugin.say("status", "--json", shell=shell)
    assert flags["utf8_mode"] == 1  # names of notes are what they are in any locale
    assert argv == [str(plugin.root / "lib/memory_budget/__main__.py"), "status", "--json"]
    assert environ["VIA_LIBRARIES"] == "1"
    assert environ["MEMORY_BUDGET_DATA"] == str(plugin.data)


def test_command_line_without_libraries_runs_on_the_base_interpreter(plugin: Plugin) -> None:
    plugin.name_interpreters(BASE)
    assert plugin.say("status")[0] == BASE


@pytest.mark.parametrize("shell", SHELLS)
def test_called_through_links_and_from_any_folder(plugin: Plugin, shell: str) -> None:
    plugin.name_interpreters(BASE)
    elsewhere = plugin.folder / "else where"
    elsewhere.mkdir()
    (elsewhere / "absolute").symlink_to(plugin.launcher)
    (elsewhere / "relative").symlink_to("../the plugin/bin/memory-budget")
    (elsewhere / "twice").symlink_to("relative")
    for program, cwd in [
        (str(elsewhere / "absolute"), plugin.home),
        (str(elsewhere / "relative"), plugin.home),
        (str(elsewhere / "twice"), plugin.home),
        ("./twice", elsewhere),
        ("./memory-budget", plugin.root / "bin"),
        ("bin/memory-budget", plugin.root),
        ("../the plugin/bin/memory-budget", elsewhere),
        (str(plugin.root / "hooks/../bin/memory-budget"), elsewhere),
    ]:
        script = plugin.say("hook", "say", program=program, cwd=cwd, shell=shell)[1][0]
        assert os.path.isabs(script)
        assert os.path.realpath(script) == str(plugin.root / "hooks/say.py")


def test_found_on_the_path(plugin: Plugin) -> None:
    plugin.name_interpreters(BASE)
    path = f"{plugin.root / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-c", "memory-budget hook say"],
        cwd=plugin.home,
        env={"HOME": str(plugin.home), "PATH": path},
        capture_output=True,
        text=True,
    )
    assert json.loads(done.stdout)[1] == [str(plugin.root / "hooks/say.py")]


def test_data_folder_of_the_client_comes_first(plugin: Plugin) -> None:
    own = plugin.folder / "own data"
    own.mkdir()
    (own / "interpreter").write_text(f"{BASE}\n\n")
    plugin.name_interpreters("/no/such/python")
    _, _, _, environ = plugin.say("hook", "say", CLAUDE_PLUGIN_DATA=str(own))
    assert environ["CLAUDE_PLUGIN_DATA"] == str(own)
    assert environ["MEMORY_BUDGET_DATA"] == str(own)
    assert not list(own.glob("interpreter.*"))


def test_data_folder_without_the_file_uses_another_one_s(plugin: Plugin, empty_path: str) -> None:
    plugin.name_interpreters(BASE)
    inline = plugin.data.parent / "memory-budget-inline"
    assert plugin.say("hook", "say", CLAUDE_PLUGIN_DATA=str(inline), PATH=empty_path)[0] == BASE


def test_other_settings_folder(plugin: Plugin, empty_path: str) -> None:
    plugin.name_interpreters(BASE)
    moved = plugin.folder / "configuration"
    (plugin.home / ".claude").rename(moved)
    assert plugin.say("hook", "say", CLAUDE_CONFIG_DIR=str(moved), PATH=empty_path)[0] == BASE


@pytest.mark.parametrize("named", ["", "/no/such/python"])
def test_interpreter_is_found_and_remembered(plugin: Plugin, empty_path: str, named: str) -> None:
    if named:
        plugin.name_interpreters(named, "/the/libraries")
    tools = Path(empty_path)
    old = tools / "python3.13"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    shim = tools / "python3"
    shim.write_text(f'#!/bin/sh\nexec "{BASE}" "$@"\n')
    shim.chmod(0o755)
    assert plugin.run("hook", "say", PATH=empty_path, CLAUDE_PLUGIN_DATA=str(plugin.data)).returncode == 0
    first, second, *_ = (plugin.data / "interpreter").read_text().split("\n")
    assert first == BASE
    assert second == ("/the/libraries" if named else "")
    assert [path.name for path in plugin.data.iterdir()] == ["interpreter"]
    shim.unlink()
    assert plugin.say("hook", "say", PATH=empty_path, CLAUDE_PLUGIN_DATA=str(plugin.data))[0] == BASE


@pytest.mark.parametrize("shell", ["", *SHELLS])
def test_no_python_never_blocks_an_agent(plugin: Plugin, empty_path: str, shell: str) -> None:
    shell = shutil.which(shell) or ""
    if shell.endswith("busybox"):
        pytest.skip("busybox is called by its name here")
    hook = plugin.run("hook", "say", PATH=empty_path, shell=shell)
    assert (hook.returncode, hook.stdout) == (0, "")
    assert hook.stderr.count("\n") == 1
    assert "Python 3.10" in hook.stderr
    command = plugin.run("status", PATH=empty_path, shell=shell)
    assert (command.returncode, command.stdout) == (1, "")
    assert "install.py" in command.stderr


@pytest.mark.parametrize("shell", ["", *SHELLS])
@pytest.mark.parametrize("arguments", [["hook"], ["hook", ""], ["hook", "gone"], ["hook", "../x"]])
def test_hook_that_is_not_there_never_blocks_an_agent(
    plugin: Plugin, shell: str, arguments: list[str]
) -> None:
    plugin.name_interpreters(BASE)
    done = plugin.run(*arguments, shell=shell)
    assert (done.returncode, done.stdout) == (0, "")
    assert "no such hook" in done.stderr


def test_no_home_at_all(plugin: Plugin) -> None:
    done = subprocess.run(
        [str(plugin.launcher), "hook", "say"],
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("program", ["bin/memory-budget", "hooks/../bin/memory-budget"])
def test_usual_path_forks_nothing(plugin: Plugin, program: str) -> None:
    """The hook's Python is the launcher's own process, with no PATH to find a program by."""
    plugin.name_interpreters(BASE)
    (plugin.root / "hooks/who.py").write_text("import os\nprint(os.getpid())\n")
    environ = {"HOME": str(plugin.home), "PATH": "/nonexistent", "CLAUDE_PLUGIN_DATA": str(plugin.data)}
    argv = [str(plugin.root / program), "hook", "who"]
    with subprocess.Popen(argv, env=environ, stdout=subprocess.PIPE, text=True) as started:
        assert started.communicate()[0] == f"{started.pid}\n"


def test_without_arguments_and_without_a_person_it_does_nothing(plugin: Plugin) -> None:
    """An older client drops the arguments of a hook: what ended with 2 then blocked every agent."""
    plugin.name_interpreters(BASE)
    done = subprocess.run(
        [str(plugin.launcher)], env={"PATH": "/nonexistent"}, input="{}", capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


NOT_RUNNABLE = {
    "another machine's": b"\x7fELF\x02\x01\x01" + b"\x00" * 9 + b"\x02\x00\xb7\x00" + b"\x00" * 44,
    "its interpreter is gone": b"#!/nonexistent/python\n",
    "cut off": b"\x7fELF",
}


@pytest.mark.parametrize(
    "shell", [name for name in SHELLS if name != "busybox"]
)  # that one reads it as a script
@pytest.mark.parametrize("content", NOT_RUNNABLE.values(), ids=NOT_RUNNABLE.keys())
@pytest.mark.parametrize("arguments", [("hook", "say", "1"), ("status",)])
def test_an_interpreter_that_cannot_be_run_is_replaced(
    plugin: Plugin, shell: str, content: bytes, arguments: tuple[str, ...]
) -> None:
    damaged = plugin.folder / "python"
    damaged.write_bytes(content)
    damaged.chmod(0o755)
    plugin.name_interpreters(str(damaged), str(damaged))
    done = plugin.run(*arguments, shell=shell)
    assert done.returncode == 0
    assert json.loads(done.stdout)[1][1:] == list(arguments[2:] or arguments)
    assert (plugin.data / "interpreter").read_text().splitlines()[0] != str(damaged)


def test_libraries_of_another_data_folder_serve_the_command_line(plugin: Plugin) -> None:
    """`--plugin-dir` has a data folder of its own, beside that of the installed plugin."""
    own = plugin.data.parent / "memory-budget-inline"
    own.mkdir()
    (own / "interpreter").write_text(f"{BASE}\n\n")
    venv = plugin.folder / "venv-python"
    venv.write_text(f'#!/bin/sh\nexec "{BASE}" "$@" --from-the-venv\n')
    venv.chmod(0o755)
    plugin.name_interpreters(BASE, str(venv))
    _, argv, _, environ = plugin.say("status", CLAUDE_PLUGIN_DATA=str(own))
    assert argv[-1] == "--from-the-venv"
    assert environ["MEMORY_BUDGET_DATA"] == str(own)
