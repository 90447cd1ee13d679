"""What `memory-budget preview` shows a person: lines that fit the terminal, reasons, and comparisons."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from memory_budget.base.figures import cells
from memory_budget.cli import preview, preview_text
from memory_budget.cli.main import main
from tests.support.projects import make_project

COPY = (
    "Incremental models merge on a key, and a late row is merged in the next run of the model, not before.\n"
)
FILES = {
    ".claude/memory/patterns/a-file-with-quite-a-long-name-for-a-narrow-terminal.md": "# Models\n\n## 日本語の見出し\n\n"
    + "".join(f"### Merge number {n}\n\nA key of models to merge, number {n}.\n\n" for n in range(60)),
    ".claude/memory/patterns/copy.md": f"# Copy\n\n{COPY}",
    ".claude/memory/patterns/other.md": "# Weather\n\nNothing to do with it.\n\n# Snow\n\nIt snows on the models.\n",
    ".claude/memory/specialists/dbt-expert/patterns/own.md": f"# Own\n\n{COPY}",
}
TASK = "Why do incremental models merge on a key?"


@pytest.fixture
def shown(tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a preview of the agent's memory and returns its exit code, lines and messages."""
    assert home
    folder = make_project(tmp_path / "project", FILES)

    def run(*argv: str, agent: str = "dbt-expert", task: str = TASK) -> tuple[int, list[str], str]:
        try:
            code = main(["preview", "--project", str(folder), "--agent", agent, "--prompt", task, *argv])
        except SystemExit as stop:
            code = int(str(stop.code))
        said = capsys.readouterr()
        return code, said.out.splitlines(), said.err

    return run


def is_row(line: str) -> bool:
    """Whether a line of the table is about a chunk."""
    return line.startswith(tuple(f"{word} " for word, _ in preview_text._VERDICTS.values()))


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize(
    "more", [(), ("--all",), ("--diff", "snow on the models"), ("--budget", "90"), ("--explain",)]
)
def test_lines_fit_the_terminal(
    columns: int, more: tuple[str, ...], shown: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    code, lines, _ = shown(*more)
    assert code == 0
    assert len([line for line in lines if is_row(line) or line[:2] in ("+ ", "- ")]) > 3
    assert [line for line in lines if cells(line) > columns] == []


def test_every_chunk_stands_there_with_its_reason(shown: Any) -> None:
    _, lines, _ = shown("--all")
    found = json.loads("\n".join(shown("--json")[1]))
    reasons = {chunk["reason"] for chunk in found["chunks"]}
    assert reasons >= {"kept", "duplicate"}
    rows = [line for line in lines if is_row(line)]
    assert len(rows) == len(found["chunks"])
    assert sum(row.startswith(("yes", "always")) for row in rows) == sum(
        chunk["kept"] for chunk in found["chunks"]
    )
    for reason in reasons:
        assert any(row.startswith(preview_text._VERDICTS[reason][0]) for row in rows)
    (copy,) = (chunk for chunk in found["chunks"] if chunk["reason"] == "duplicate")
    assert copy["path"].endswith("copy.md")
    assert copy["same_as"] == {
        "path": ".claude/memory/specialists/dbt-expert/patterns/own.md",
        "line": 3,
    }


def test_a_long_list_shows_what_was_left_out_too(shown: Any) -> None:
    _, lines, _ = shown("--budget", "900")
    rows = [line for line in lines if is_row(line)]
    assert len(rows) == preview.SHOWN
    assert sum(not row.startswith(("yes", "always")) for row in rows) >= preview.SHOWN // 3
    assert any("more, sent or left out (--all)" in line for line in lines)


def test_two_prompts_and_two_profiles_are_compared(shown: Any) -> None:
    _, lines, _ = shown("--diff", "Does it snow?")
    assert lines[0].startswith("first:  difficulty ")
    assert any(line.startswith("second: ") for line in lines)
    found = json.loads("\n".join(shown("--diff-profile", "none", "--json")[1]))
    assert found["second"] == {"profile": "none", "budget": 0, "tokens": 0, "demand_tokens": 0}
    assert found["first"]["tokens"] > 0
    assert found["added"] == []
    assert len(found["removed"]) > 0


def test_an_agent_without_memory(shown: Any) -> None:
    assert shown(agent="Explore")[:2] == (0, ["Explore: gets no memory (profile none)"])
    assert shown("--block", agent="Explore") == (0, [], "Explore: gets no memory (profile none)\n")
    assert shown("--diff-profile", "specialist-narrow", agent="Explore")[0] == 0


def test_a_block_is_not_compared(shown: Any) -> None:
    code, lines, said = shown("--block", "--diff", "x")
    assert (code, lines) == (2, [])
    assert "--diff" in said


def test_what_words_and_demand_contribute_is_said(
    shown: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profiles = tmp_path / "project/.claude/memory/budget-profiles.json"
    profiles.write_text('{"profiles": {"specialist-broad": {"base_budget": 120, "max_budget": 5000}}}')
    capsys.readouterr()
    _, lines, _ = shown("--complexity", "simple")
    assert "(given, raised from simple)" in lines[0]
    assert "  simple tasks get 60; raised, because this one asks for more of memory" in lines


def test_a_task_that_nothing_matches_is_said(shown: Any) -> None:
    _, lines, _ = shown(task="zzqx")
    said = " ".join(" ".join(lines).split())
    assert "nothing in memory is about this task: the best section holds 0 of its 1 telling words" in said


def test_why_it_is_sent_is_said_and_the_figures_on_demand(
    shown: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    _, lines, _ = shown()
    said = " ".join(" ".join(lines).split())
    assert "memory is about this task: the best section holds" in said
    assert "confidence" not in said
    first = next(line for line in lines if line.startswith("yes "))
    assert "(for: " in first
    assert "incremental" in first
    _, lines, _ = shown("--explain")
    said = " ".join(" ".join(lines).split())
    assert "confidence " in said
    assert " label " in said
    found = json.loads("\n".join(shown("--json")[1]))
    assert found["confidence"] >= 1
    assert found["because"].startswith("memory is about this task")


@pytest.mark.parametrize("room", range(1, 40))
def test_the_innermost_heading_stays(room: int) -> None:
    text = preview_text._innermost_names(["Models", "日本語の見出し", "Merge number 7"], room)
    assert cells(text) <= room
    assert text.endswith("7") or room == 1


def test_a_slip_in_the_agents_name_is_said(shown: Any) -> None:
    _, _, said = shown(agent="dbt-expret")
    assert 'no agent "dbt-expret" is defined here' in said
    for agent in ("dbt-expert", "general-purpose", "Explore", "other:agent"):
        assert "is defined here" not in shown(agent=agent)[2]
