"""`memory-budget sources` and `profiles suggest`: settings for people who do not want to edit JSON."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from memory_budget.cli.main import main
from memory_budget.index import scan
from memory_budget.settings import profiles


@pytest.fixture
def folder(tmp_path: Path, home: Path) -> Path:
    for name in ("docs/deep/a.md", "docs/b.md", "notes/dbt/c.md", ".claude/memory/patterns/d.md"):
        (tmp_path / "p" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "p" / name).write_text("# Title\n\nText.\n")
    return tmp_path / "p"


@pytest.fixture
def say(folder: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: str) -> tuple[int, str]:
        code = main([*arguments, "--project", str(folder)])
        streams = capsys.readouterr()
        return code, streams.out + streams.err

    return run


def globs(folder: Path, scope: str = "global") -> list[str]:
    return profiles.load_profiles(str(folder), "").profiles.sources()[scope]


def test_a_folder_is_added_and_removed(folder: Path, say: Any) -> None:
    before = globs(folder)
    code, said = say("sources", "add", "docs")
    assert (code, "added docs/**/*.md: 2 files" in said) == (0, True)
    assert globs(folder) == [*before, "docs/**/*.md"]
    written = json.loads((folder / ".claude/memory/budget-profiles.json").read_text())
    assert (folder / ".claude/memory" / written["$schema"]).exists()
    assert say("sources", "add", "./docs/")[1].endswith("was there already\n")
    assert "docs/**/*.md" in say("sources", "list")[1]
    code, said = say("sources", "remove", "docs")
    assert (code, "Agents no longer get it" in said) == (0, True)
    assert globs(folder) == before


def test_a_folder_that_was_written_as_a_glob_can_be_removed(folder: Path, say: Any) -> None:
    """As `doctor` says: a folder by itself stands for no file."""
    path = folder / ".claude/memory/budget-profiles.json"
    path.write_text('{"sources": {"global": ["docs", ".claude/memory/**/*.md"]}}')
    assert say("sources", "remove", "docs", "--scope", "global")[0] == 0
    assert globs(folder) == [".claude/memory/**/*.md"]


def test_the_rest_of_the_file_is_kept(folder: Path, say: Any) -> None:
    path = folder / ".claude/memory/budget-profiles.json"
    text = '\ufeff{\r\n\t"version": "1.0.0",\r\n\t"mine": [1,   2]\r\n}\r\n'
    path.write_bytes(text.encode())
    assert say("sources", "add", "docs/b.md")[0] == 0
    written = path.read_bytes().decode()
    assert written.startswith('\ufeff{\r\n\t"version": "1.0.0",\r\n\t"mine": [1,   2],')
    assert "docs/b.md" in written


def test_an_agents_own_folder(folder: Path, say: Any) -> None:
    code, said = say("sources", "add", "notes/<agent>", "--scope", "agent_patterns")
    assert (code, "notes/<agent>/**/*.md: 1 file" in said) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "nothing-here"), "matches no Markdown file"),
        (("add", "../elsewhere"), "leads out of the project"),
        (("add", "/etc"), "leads out of the project"),
        (("add", "notes/<agent>"), "--scope agent_patterns"),
        (("add", "docs", "--scope", "agent_patterns"), "<agent>"),
        (("remove", "docs"), "is no source of global"),
        (("add",), "name a folder"),
    ],
)
def test_a_mistake_is_said_and_nothing_is_written(
    folder: Path, say: Any, arguments: tuple[str, ...], said: str
) -> None:
    code, output = say("sources", *arguments)
    assert code == 1
    assert said in output
    assert not (folder / ".claude/memory/budget-profiles.json").exists()


def test_a_broken_file_is_left_as_it_is(folder: Path, say: Any) -> None:
    path = folder / ".claude/memory/budget-profiles.json"
    path.write_text('{"profiles": 1}')
    code, said = say("sources", "add", "docs")
    assert (code, "/profiles" in said) == (1, True)
    assert path.read_text() == '{"profiles": 1}'


def test_suggestions_are_shown_and_written_only_when_asked(folder: Path, say: Any) -> None:
    agents = folder / ".claude/agents"
    agents.mkdir()
    (agents / "lead.md").write_text("---\nname: lead\ndescription: Tech lead.\n---\n")
    (agents / "redis.md").write_text("---\nname: redis\ndescription: Redis expert.\n---\n")
    path = folder / ".claude/memory/budget-profiles.json"
    code, said = say("profiles", "suggest")
    assert code == 0
    assert "role-coordinator" in said
    assert "Nothing was written" in said
    assert not path.exists()
    assert "2 agents without an assignment" in say("status")[1]
    assert say("profiles", "suggest", "--apply", "--agent", "lead")[0] == 0
    assert json.loads(path.read_text())["agent_assignments"] == {"lead": "role-coordinator"}
    assert json.loads(say("profiles", "suggest", "--json")[1])["suggestions"][0]["key"] == "redis"
    assert say("profiles", "suggest", "--apply")[0] == 0
    assert "Every agent has an assignment" in say("profiles", "suggest")[1]
    assert say("profiles", "check")[0] == 0


def test_doctor_names_what_matches_nothing_and_nobody(folder: Path, say: Any) -> None:
    (folder / ".claude/memory/budget-profiles.json").write_text(
        json.dumps({"sources": {"global": ["docs", "gone/**/*.md"]}, "agent_assignments": {"nosuch": "none"}})
    )
    found = json.loads(say("doctor", "--json")[1])
    texts = {entry["text"]: entry for entry in found}
    assert "docs (global) matches no file" in texts
    assert "/**/*.md" in texts["docs (global) matches no file"]["remedy"]
    assert "gone/**/*.md (global) matches no file" in texts
    assert any("1 assignment of agents that are not there: nosuch" in text for text in texts)
    assert all(entry["remedy"] for entry in found if entry["level"] != "ok")


def test_doctor_says_what_helps_where_memory_is_not_read(
    folder: Path, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Permissions are looked at only where they are the reason."""
    notes = folder / ".claude/memory/patterns"
    with open(os.fsencode(notes) + b"/caf\xe9.md", "wb") as file:
        file.write(b"x")
    (notes / "large.md").write_bytes(b"x" * (scan.LARGEST + 1))
    (notes / "private").mkdir()
    real = os.scandir

    def refuse(path: Any) -> Any:
        if str(path).endswith("/private"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    remedies = {
        entry["text"].partition(":")[0].partition("patterns/")[2]: entry["remedy"]
        for entry in json.loads(say("doctor", "--json")[1])
        if " cannot be read: " in entry["text"]
    }
    assert len(remedies) == 3
    assert [name for name, remedy in remedies.items() if "permissions" in remedy] == [
        "private cannot be read"
    ]
    assert "cut it" in remedies["large.md cannot be read"]
    (odd,) = [remedy for name, remedy in remedies.items() if name.startswith("caf")]
    assert "rename it" in odd
