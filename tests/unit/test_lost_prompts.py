from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from memory_budget.base.project import Project
from memory_budget.run import lost_prompts, messages, pending
from tests.support.environment import ROOT


def allocation(**more: Any) -> pending.Pending:
    fields = {"agent": "dbt-expert", "session_id": "s", "tool_use_id": "toolu_1", "started": 100.0}
    return pending.Pending(**{"allocation_id": "x", "budget_allocated": 1, **fields, **more})


def lost(path: str, **more: Any) -> lost_prompts.Lost:
    return lost_prompts.Lost(allocation(**more), path, "x")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(str(tmp_path / "project"), str(tmp_path / "home"))


def plugin(folder: Path, name: str) -> str:
    """The command of a hook in a plugin of that name."""
    (folder / ".claude-plugin").mkdir(parents=True)
    (folder / ".claude-plugin" / "plugin.json").write_text(json.dumps({"name": name}))
    return f'python3 -I "{folder}/hooks/rewrite.py"'


def our_command(event: str) -> str:
    """The command of our own handler, as hooks.json has it."""
    hooks = json.loads((ROOT / "hooks/hooks.json").read_text())["hooks"]
    return str(hooks[event][0]["hooks"][0]["command"])


def answered(tool_use: str, command: str, prompt: str) -> dict[str, Any]:
    """A hook's answer as the client writes it into the caller's transcript."""
    output = {"hookSpecificOutput": {"hookEventName": "PreToolUse", "updatedInput": {"prompt": prompt}}}
    attachment = {
        "type": "hook_success",
        "hookName": "PreToolUse:Agent",
        "toolUseID": tool_use,
        "command": command,
    }
    return {"type": "attachment", "attachment": attachment | {"stdout": json.dumps(output)}}


def transcript(path: Path, *lines: dict[str, Any]) -> str:
    path.write_text(
        '{"torn": "updatedInput toolu_1 hook_succ\n' + "".join(json.dumps(line) + "\n" for line in lines)
    )
    return str(path)


def test_the_plugin_whose_prompt_the_agent_got_is_named(tmp_path: Path) -> None:
    ours, first, other = (plugin(tmp_path / name, name) for name in ("memory-budget", "polite", "terse"))
    path = transcript(
        tmp_path / "s.jsonl",
        answered("toolu_1", first, "Please. Review"),
        answered("toolu_1", ours, "<project-memory>Review"),
        answered("toolu_1", other, "Review!"),
        answered("toolu_2", plugin(tmp_path / "x", "elsewhere"), "Please. Review"),
    )
    found = lost_prompts.rewriter_of(path, "toolu_1", "Please. Review")
    assert found is not None
    assert found.plugin == "polite"
    last = lost_prompts.rewriter_of(path, "toolu_1", "changed once more")
    assert last is not None
    assert last.plugin == "terse"


def test_nobody_is_named_without_evidence(tmp_path: Path) -> None:
    ours = plugin(tmp_path / "memory-budget", "memory-budget")
    path = transcript(tmp_path / "s.jsonl", answered("toolu_1", ours, "x"))
    assert lost_prompts.rewriter_of(path, "toolu_1", "x") is None
    assert lost_prompts.rewriter_of(str(tmp_path / "none.jsonl"), "toolu_1", "x") is None


def test_a_hook_of_the_settings_is_named_by_its_command(tmp_path: Path, project: Project) -> None:
    path = transcript(tmp_path / "s.jsonl", answered("toolu_1", "./tools/rewrite.sh", "x"))
    line = lost_prompts.explain(project, lost(path))
    assert "another hook (./tools/rewrite.sh)" in line


def test_told_once_per_session_and_kept_for_doctor(tmp_path: Path, project: Project) -> None:
    path = transcript(tmp_path / "s.jsonl", answered("toolu_1", plugin(tmp_path / "p", "polite"), "x"))
    line = lost_prompts.explain(project, lost(path))
    assert line.startswith("dbt-expert started without its memory: the plugin polite rewrote its prompt")
    assert lost_prompts.explain(project, lost(path)) == ""
    assert lost_prompts.explain(project, lost(path, session_id="t")) == line
    assert [entry["plugin"] for entry in lost_prompts.known_rewriters(project)] == ["polite"]


def test_the_evidence_is_waited_for(
    tmp_path: Path, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client writes what hooks answered a moment after the agent's launch."""
    path = tmp_path / "s.jsonl"
    other = plugin(tmp_path / "p", "polite")
    monkeypatch.setattr(lost_prompts, "PATIENCE", 60.0)
    later = threading.Timer(0.3, transcript, (path, answered("toolu_1", other, "x")))
    later.start()
    pending.keep(project, pending.pending_key("s", "toolu_1"), allocation())
    lost_prompts.explain_call(project, "s", "toolu_1", str(path), "x")
    later.join()
    (line,) = messages.take_notes(project, "s")
    assert "the plugin polite" in line
    monkeypatch.setattr(lost_prompts, "PATIENCE", 0.05)
    lost_prompts.explain_call(project, "s", "toolu_1", str(path), "x")
    assert messages.take_notes(project, "s") == []


def test_the_caller_of_a_nested_agent_has_its_own_transcript() -> None:
    assert lost_prompts.calling_transcript("/p/s.jsonl", "") == "/p/s.jsonl"
    assert lost_prompts.calling_transcript("/p/s.jsonl", "a1") == "/p/s/subagents/agent-a1.jsonl"
    assert lost_prompts.calling_transcript("/p/s.jsonl", "../../x") == "/p/s.jsonl"


@pytest.mark.parametrize(
    "command", ["${CLAUDE_PLUGIN_ROOT}/bin/memory-budget hook pre_tool_use", our_command("PreToolUse")]
)
def test_our_own_answer_is_nobody_elses_however_its_command_is_kept(command: str, tmp_path: Path) -> None:
    path = transcript(tmp_path / "session.jsonl", answered("toolu_1", command, "block Task."))
    assert lost_prompts.rewriter_of(path, "toolu_1", "Rewritten. Task.") is None


def test_the_script_names_the_plugin_and_not_the_interpreter(tmp_path: Path) -> None:
    plugin(tmp_path / "one", "one")
    plugin(tmp_path / "two", "two")
    command = f"{tmp_path}/one/.venv/bin/python -I {tmp_path}/two/hooks/rewrite.py"
    assert lost_prompts.plugin_of(command) == "two"


@pytest.mark.parametrize("written", ["'{}'", '"{}"', "{}"])
def test_a_plugin_at_a_path_with_blanks_is_named(written: str, tmp_path: Path) -> None:
    folder = tmp_path / "my plugins/of  mine"
    plugin(folder, "two")
    script = written.format(f"{folder}/hooks/rewrite.py")
    assert lost_prompts.plugin_of(f"python3 -I {script} --all /nowhere/at/all") == "two"
    assert lost_prompts.plugin_of(f"python3 -I {script.replace(' ', chr(92) + ' ')}") == "two"
