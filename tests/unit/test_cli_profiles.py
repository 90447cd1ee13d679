from __future__ import annotations

import json
from pathlib import Path

import pytest

from memory_budget.cli.main import main
from memory_budget.settings import shape
from tests.unit.test_profiles import OLDER, write


def run(*arguments: str) -> int:
    return main(["profiles", "check", *arguments])


def test_without_a_file(tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--project", str(tmp_path)) == 0
    assert capsys.readouterr().out == (
        "the shipped defaults: fine; 5 profiles, 3 agents assigned, others get specialist-broad\n"
    )


def test_a_good_file(tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {**OLDER, "unknown": 1})
    assert run("--project", str(tmp_path)) == 0
    first, last = capsys.readouterr().out.splitlines()
    assert ": warning: /unknown: " in first
    assert last == (
        ".claude/memory/budget-profiles.json: fine, 1 warning; 5 profiles, 5 agents assigned, "
        "others get specialist-broad"
    )


def test_a_broken_file(tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, {"enabled": 1, "delivery": "x", "what": 1})
    assert run("--project", str(tmp_path)) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(": ")[1] for line in lines[:-1]] == ["error", "error", "warning"]
    assert lines[-1] == "2 errors, 1 warning: the file is not used"


def test_json(tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path, {"enabled": 1})
    assert run("--project", str(tmp_path), "--json") == 1
    report = json.loads(capsys.readouterr().out)
    assert (report["ok"], report["file"]) == (False, str(file))
    (finding,) = report["findings"]
    assert finding["level"] == "error"
    assert finding["pointer"] == "/enabled"
    assert set(finding) == {"level", "line", "column", "pointer", "expected", "found", "meaning"}


@pytest.mark.parametrize(
    "schema", [None, "[]", '{"a": 1}', '{"properties": {"version": {"$ref": "#/$defs/x"}}}']
)
def test_a_damaged_plugin_is_one_sentence(
    schema: str | None,
    tmp_path: Path,
    home: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(tmp_path, {"version": "1.0.0"})
    if schema is not None:
        (tmp_path / "schema").write_text(schema)
    monkeypatch.setattr(shape, "SCHEMA_FILE", str(tmp_path / "schema"))
    assert run("--project", str(tmp_path)) == 1
    assert "install the plugin again" in capsys.readouterr().err
