"""A cloned repository brings its profiles file: whatever stands in it, an agent starts, soon, and the person is told why."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from memory_budget.base.project import Project
from memory_budget.index import update
from tests.support import hooks
from tests.support.environment import ROOT
from tests.support.projects import make_project

#: A start takes some 50 ms; a machine that runs other tests meanwhile is given room.
MOST_SECONDS = 3.0
MOST_MEGABYTES = 200

HOSTILE = {
    "nested lists": '{"x": ' + "[" * 400_000,
    "nested objects": '{"agents": ' + '{"a":' * 50_000 + "1" + "}" * 50_001,
    "many keys": json.dumps({f"k{number}": number for number in range(60_000)}),
    "many agents": json.dumps({"agent_assignments": {f"agent-{number}": "none" for number in range(25_000)}}),
    "many globs": json.dumps({"sources": {"global": [f"docs/{number}/**/*.md" for number in range(25_000)]}}),
    "many braces": json.dumps({"sources": {"global": ["{a,b}{c,d}{e,f}{g,h}{i,j}{k,l}{m,n}/*.md"] * 300}}),
    "globs of agents": json.dumps(
        {
            "agents": {
                f"a{number}": {"sources": {"agent_patterns": [f"x{number}/<agent>/*.md"]}}
                for number in range(8_000)
            }
        }
    ),
    "stars": json.dumps({"sources": {"global": ["**/*/**/*/**/*/**/*/**/*/**/*.md"] * 200}}),
    "everything": json.dumps({"sources": {"global": ["**/*.md", "**/**/**/*.md", "*/**/*.md"]}}),
    "a name of stars": json.dumps({"sources": {"global": ["*a*a*a*a*a*a*a*a*a*a*a*b.md"] * 50}}),
    "digits": '{"x": ' + "9" * 900_000 + "}",
    "a text": json.dumps({"description": "x" * 990_000}),
    "escapes": '{"x": "' + "\\u0041" * 160_000 + '"}',
    "larger than a megabyte": "[" + "1," * 700_000 + "1]",
    "half a surrogate": '{"default_profile": "\\ud800"}',
}


#: Runs a program and notes its peak memory, in KB. A small process starts it: what it is forked from counts, too.
MEASURED = """
import os, sys
process = os.fork()
if not process:
    os.execv(sys.argv[2], sys.argv[2:])
_, status, used = os.wait4(process, 0)
with open(sys.argv[1], "w") as file:
    file.write(str(used.ru_maxrss))
os._exit(os.waitstatus_to_exitcode(status))
"""
PRE_TOOL_USE = str(ROOT / "hooks" / "pre_tool_use.py")
#: Files that are good, and name other memory than the note.
OTHER_SOURCES = {"stars", "everything", "a name of stars"}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_start_is_soon_and_small(tmp_path: Path, home: Path, name: str) -> None:
    files = {
        ".claude/memory/patterns/billing.md": "# Billing\n\nThe billing export replays with the flag.\n",
        ".claude/memory/budget-profiles.json": HOSTILE[name],
        **{f"docs/{'a' * 60}-{number}.md": "# Note\n\nOf billing.\n" for number in range(60)},
        "/".join(["deep", *(f"d{number}" for number in range(12)), "n.md"]): "# Note\n\nText.\n",
    }
    folder = make_project(tmp_path / "project", files)
    project = Project(str(folder), str(home))
    most = tmp_path / "most"
    program = (hooks.INTERPRETER, "-c", MEASURED, str(most), hooks.INTERPRETER, "-I", "-S", PRE_TOOL_USE)
    for indexed in (False, True):
        if indexed:
            update.update_index(project)
        began = time.monotonic()
        call = hooks.agent_call("dbt-expert", "How does the billing export replay?", f"t{indexed}")
        said = hooks.run("pre_tool_use", call, folder, home, program=program)
        assert time.monotonic() - began < MOST_SECONDS
        assert int(most.read_text()) / 1024 < MOST_MEGABYTES
        if name not in OTHER_SOURCES:
            assert "replays with the flag" in str(said.prompt)
