"""The command line: its exit codes, its JSON, and what a person reads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from memory_budget import __version__
from memory_budget.base.project import Project
from memory_budget.cli.main import main
from memory_budget.index import update
from memory_budget.log import usage
from tests.support import hooks
from tests.support.blocks import count
from tests.support.environment import ROOT
from tests.support.projects import make_project

FILES = {
    ".claude/memory/patterns/git.md": "# Git\n\nRebase before a merge.\n",
    ".claude/memory/specialists/dbt-expert/patterns/models.md": "# Incremental models\n\nIncremental models merge on a key.\n",
    ".claude/memory/ideas/x.txt": "nobody's\n",
}


@pytest.fixture
def folder(tmp_path: Path, home: Path) -> Path:
    assert home
    return make_project(tmp_path / "project", FILES)


def run(capsys: pytest.CaptureFixture[str], *argv: object) -> tuple[int, str, str]:
    try:
        code = main([str(part) for part in argv])
    except SystemExit as stop:
        code = int(str(stop.code))
    said = capsys.readouterr()
    return code, said.out, said.err


def as_json(capsys: pytest.CaptureFixture[str], *argv: object) -> Any:
    _, out, err = run(capsys, *argv, "--json")
    assert err == ""
    return json.loads(out)


PREVIEW = ("preview", "--agent", "dbt-expert", "--prompt", "Why do incremental models merge?", "--project")


def test_preview_shows_what_an_agent_would_get(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, *PREVIEW, folder)
    assert code == 0
    assert "models.md" in out
    shown = as_json(capsys, *PREVIEW, folder)
    assert shown["agent"] == "dbt-expert"
    assert shown["files"][0]["path"].endswith("models.md")
    assert any(chunk["kept"] for chunk in shown["chunks"])


def test_the_block_is_the_one_the_hook_gives(
    folder: Path, home: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main([*map(str, PREVIEW), str(folder), "--block"]) == 0
    block = capsysbinary.readouterr().out.decode()
    prompt = hooks.pre(folder, home, "dbt-expert", "Why do incremental models merge?").prompt
    assert prompt is not None
    assert block.split("\n")[1:] == prompt.removesuffix("Why do incremental models merge?").split("\n")[1:]


@pytest.mark.parametrize("budget", [0, 10, 60, 80, 10**15])
def test_a_budget_is_an_exact_cap(budget: int, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert count(run(capsys, *PREVIEW, folder, "--block", "--budget", budget)[1]) <= budget


@pytest.mark.parametrize(
    "argv",
    [
        (),
        ("nonsense",),
        ("preview",),
        ("preview", "--agent", "x", "--budget", "-5"),
        ("preview", "--agent", "x", "--budget", "many"),
        ("preview", "--agent", "x", "--complexity", "huge"),
        ("preview", "--agent", "x", "--prompt", "a", "--prompt-file", "b"),
        ("status", "--project", "/nowhere/at/all"),
    ],
)
def test_bad_usage_is_2(argv: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, *argv)
    assert code == 2
    assert out == ""
    assert err != ""


def test_a_problem_is_1_and_one_sentence(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for argv in (
        (*PREVIEW[:3], "--prompt-file", folder / "missing.txt", "--project", folder),
        (*PREVIEW, folder, "--profile", "missing"),
    ):
        code, out, err = run(capsys, *argv)
        assert (code, out) == (1, "")
        assert err.startswith("memory-budget: ")
        assert err.count("\n") == 1


@pytest.mark.parametrize("verb", ["preview", "index"])
def test_a_project_without_memory_is_named_and_left_alone(
    verb: str, tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert home
    bare = tmp_path / "bare"
    bare.mkdir()
    more = ("--agent", "x") if verb == "preview" else ()
    code, _, err = run(capsys, verb, *more, "--project", bare)
    assert code == 1
    assert "no memory here" in err
    assert list(bare.iterdir()) == []


@pytest.mark.parametrize("verb", ["status", "doctor"])
def test_looking_changes_nothing(
    verb: str, tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert home
    bare = tmp_path / "bare"
    bare.mkdir()
    assert run(capsys, verb, "--project", bare)[0] in (0, 1)
    assert as_json(capsys, verb, "--project", bare)
    assert list(bare.iterdir()) == []


def test_index_says_what_it_did(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert as_json(capsys, "index", "--project", folder)["parsed"] == 2
    assert as_json(capsys, "index", "--project", folder)["parsed"] == 0
    assert as_json(capsys, "index", "--rebuild", "--project", folder)["rebuilt"] is True
    (folder / ".claude/memory/patterns/bad.md").write_bytes(b"\xff\n")
    code, out, _ = run(capsys, "index", "--project", folder)
    assert code == 1
    assert "bad.md: not UTF-8" in out


def test_status_knows_index_and_log(folder: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert as_json(capsys, "status", "--project", folder)["index"]["usable"] is False
    project = Project(str(folder), str(home))
    update.update_index(project)
    usage.append(project, {"agent": "dbt-expert", "exceeded_budget": True, "delivered": False})
    with open(project.log, "a") as file:
        file.write("torn")
    shown = as_json(capsys, "status", "--project", folder)
    assert shown["index"]["files"] == 2
    assert shown["log"] == {**shown["log"], "runs": 1, "exceeded": 1, "not_delivered": 1, "bad_lines": 1}
    assert run(capsys, "status", "--project", folder)[0] == 0


def findings(shown: Any) -> list[tuple[str, str, str]]:
    return [(entry["level"], entry["about"], entry["text"]) for entry in shown]


def test_doctor_names_what_is_wrong(folder: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    project = Project(str(folder), str(home))
    update.update_index(project)
    (folder.parent / "elsewhere.md").write_text("x\n")
    (folder / ".claude/memory/patterns/out.md").symlink_to(folder.parent / "elsewhere.md")
    (folder / ".claude/memory/budget-profiles.json").write_text("{")
    data = Path(project.index).read_bytes()
    Path(project.index).write_bytes(data[:8192] + os.urandom(len(data) - 8192))
    Path(project.log).write_text("torn\n")
    found = findings(as_json(capsys, "doctor", "--project", folder))
    for level, about, part in (
        ("problem", "memory", "out.md leads out of the project"),
        ("problem", "profiles", "budget-profiles.json"),
        ("problem", "index", "damaged"),
        ("problem", "usage log", "torn"),
    ):
        assert any(entry[:2] == (level, about) and part in entry[2] for entry in found), (about, found)
    assert run(capsys, "doctor", "--project", folder)[0] == 1


def test_doctor_finds_every_library_where_the_tests_run(
    folder: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert home
    (libraries,) = [
        found for found in as_json(capsys, "doctor", "--project", folder) if found["about"] == "libraries"
    ]
    assert libraries["level"] == "ok", libraries


@pytest.mark.parametrize(("streams", "code"), [(">&-", 0), (">&- 2>&-", 0), (">/dev/full", 1), ("| true", 0)])
def test_output_that_goes_nowhere_ends_in_a_sentence_at_most(streams: str, code: int, folder: Path) -> None:
    command = f'"$1" -I -X utf8 "$2" status --project "$3" {streams}'
    library = Path(main.__code__.co_filename).parents[1]
    arguments = [sys.executable, str(library / "__main__.py"), str(folder)]
    done = subprocess.run(
        ["sh", "-c", command, "sh", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == code
    assert done.stderr.count("\n") <= code
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("preview",), "memory-budget preview: the following arguments are required: --agent"),
        (("preview", "--agent"), "memory-budget preview: argument --agent: expected one argument"),
        (("report", "--days", "0"), "memory-budget report: argument --days: '0' is no number of days"),
        (("status", "extra"), "memory-budget status: unrecognized arguments: extra"),
        (("index", "--\x1b[2Jnosuch"), "memory-budget index: unrecognized arguments: --"),
        (("--nosuch",), "memory-budget: unrecognized arguments: --nosuch"),
        (("help", "nosuch"), 'memory-budget: no command "nosuch"'),
    ],
)
def test_wrong_arguments_are_told_in_a_line(
    argv: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, *argv)
    assert (code, out) == (2, "")
    assert err.startswith(said)
    assert err.count("\n") == 1
    assert "--help" in err
    assert "\x1b" not in err


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (("--version",), f"memory-budget {__version__}"),
        (("help",), "usage: memory-budget [-h]"),
        (("help", "sources"), "usage: memory-budget sources"),
    ],
)
def test_what_people_ask_a_command_first(
    argv: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run(capsys, *argv)
    assert (code, err) == (0, "")
    assert out.startswith(said)


@pytest.mark.parametrize("verb", ["--help", "--version", "preview --help", "sources", "status", "health"])
def test_a_reader_who_has_gone_is_no_failure(folder: Path, home: Path, verb: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-X", "utf8", str(ROOT / "lib/memory_budget/__main__.py"), *verb.split()],
            cwd=folder,
            env={"HOME": str(home), "PATH": os.environ["PATH"]},
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_preview_without_a_task_says_what_is_missing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run(capsys, "preview", "--agent", "dbt-expert", "--project", folder)
    assert (code, "there is none (give one with --prompt)" in " ".join(out.split())) == (0, True)


def test_no_library_is_wanted_to_tune_by_no_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "tune", "--project", folder)
    assert (code, err) == (0, "")
    assert out == "No agent runs yet: there is nothing to tune by.\n"
