"""Other people's plugins, as far as they get in the way of this one."""

from __future__ import annotations

import json
import sys
from pathlib import Path

_REWRITER = """\
import glob, json, sys, time
call = json.load(sys.stdin)
planned = f"{{call['cwd']}}/.claude/cache/memory-budget/pending/*{{call['tool_use_id']}}.json"
until = time.monotonic() + 20
while not glob.glob(planned) and time.monotonic() < until:
    time.sleep(0.01)
time.sleep({delay})  # the client takes the answer that comes last
changed = {{**call["tool_input"], "prompt": {prefix!r} + call["tool_input"]["prompt"]}}
print(json.dumps({{"hookSpecificOutput": {{"hookEventName": "PreToolUse", "updatedInput": changed}}}}))
"""
_DENIER = """\
import json
answer = {"permissionDecision": "deny", "permissionDecisionReason": "not today"}
print(json.dumps({"hookSpecificOutput": {"hookEventName": "PreToolUse", **answer}}))
"""


def prompt_rewriter(folder: Path, prefix: str, delay: float) -> Path:
    """A plugin that puts `prefix` before every agent's prompt, `delay` seconds after this plugin planned for it."""
    return _plugin(folder, _REWRITER.format(prefix=prefix, delay=delay))


def agent_denier(folder: Path) -> Path:
    """A plugin that denies every agent."""
    return _plugin(folder, _DENIER)


def _plugin(folder: Path, before_agent: str) -> Path:
    manifest = folder / ".claude-plugin" / "plugin.json"
    hooks = folder / "hooks" / "hooks.json"
    for file in (manifest, hooks):
        file.parent.mkdir(parents=True)
    script = folder / "hooks" / "before_agent.py"
    script.write_text(before_agent)
    handler = {"type": "command", "command": sys.executable, "args": ["-I", str(script)]}
    manifest.write_text(json.dumps({"name": folder.name, "version": "1.0.0"}))
    hooks.write_text(json.dumps({"hooks": {"PreToolUse": [{"matcher": "Agent|Task", "hooks": [handler]}]}}))
    return folder
