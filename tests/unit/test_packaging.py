"""Files the client reads are what it expects: one that is broken takes the whole plugin down, silently."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.environment import ROOT

READ_BY_THE_CLIENT = (
    ".claude-plugin/plugin.json",
    ".claude-plugin/marketplace.json",
    "hooks/hooks.json",
    "settings.json",
)


def handlers() -> list[dict[str, Any]]:
    hooks = json.loads((ROOT / "hooks" / "hooks.json").read_text(encoding="utf-8"))["hooks"]
    return [handler for groups in hooks.values() for group in groups for handler in group["hooks"]]


@pytest.mark.parametrize("name", READ_BY_THE_CLIENT)
def test_it_is_a_json_object(name: str) -> None:
    assert isinstance(json.loads((ROOT / name).read_text(encoding="utf-8")), dict)


def test_every_handler_is_there_and_ends_soon() -> None:
    for handler in handlers():
        program = Path(handler["command"].replace("${CLAUDE_PLUGIN_ROOT}", str(ROOT)))
        assert os.access(program, os.X_OK), program
        event = handler["args"][1] if handler["args"][0] == "hook" else handler["args"][0]
        assert (ROOT / "hooks" / f"{event}.py").is_file(), handler
        assert 0 < handler["timeout"] <= 10


def test_the_manifest_at_the_root_is_a_link() -> None:
    assert os.readlink(ROOT / "plugin.json") == ".claude-plugin/plugin.json"
    assert not (ROOT / ".claude-plugin" / "plugin.json").is_symlink()
