"""The libraries come by themselves: a session's start notices that they are missing and has them set up, detached.

    <data folder>/setup.json    what the last setup in the background came to, written by `memory-budget setup`:
                                {"state": "running", "at": 1764361000.0, "line": "", "note": ""}
                                `state`: running, failed or done; `note`: the file by which the session is told the line

The person reads one line when it begins, and one when it is done or why not: in the session that began it by the note, else at
the next session's start.
"""

from __future__ import annotations

import os
import sys
import time

from memory_budget.base import fastjson, installation, spawn
from memory_budget.base.files import read_bytes, write_atomic
from memory_budget.base.project import Project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

STATE = "setup.json"
LOG = "setup.log"
#: Seconds: after a failure nothing is tried for so long; a setup that runs longer has died.
COOLDOWN = 6 * 3600.0
LONGEST = 1800.0
#: "never" (or no, off, 0, false) forbids it on this machine, as `"install_libraries": false` in the profiles does for a project.
VARIABLE = "MEMORY_BUDGET_LIBRARIES"


def offer(project: Project, session: str) -> list[str]:
    """Begin to set up what is missing, where nothing speaks against it. Returns the lines for the person."""
    data = os.environ.get("MEMORY_BUDGET_DATA") or os.environ.get("CLAUDE_PLUGIN_DATA")
    if not data:  # no client started this
        return []
    last = read_state(data)
    lines = _untold(last)
    if are_there(data) or _too_early(last) or forbidden(project):
        return lines
    try:
        os.makedirs(data, exist_ok=True)
        write_state(data, "running")
        arguments = ["setup", "--background", "--session", session, "--project", project.root]
        spawn.launch(arguments, f"{data}/{LOG}")
    except OSError as error:
        return [*lines, f"its libraries cannot be set up ({error.strerror}); run: memory-budget setup"]
    return [
        *lines,
        f"setting up its libraries in the background (once, {installation.CORE_MEGABYTES} MB); agents get memory meanwhile",
    ]


def are_there(data: str) -> bool:
    """Whether an interpreter with the libraries of this version is named. One outside the data folder is a person's own choice."""
    program = spawn.with_libraries()
    if not program or not program.startswith(data + "/" + installation.VENV_PREFIX):
        return bool(program)
    base = spawn.interpreters(data)[0] or sys.executable
    try:
        environment = installation.environment_folder(installation.plugin_root(), data, base)
    except OSError:
        return True
    return installation.has_core_libraries(environment)


def forbidden(project: Project) -> bool:
    """Whether the environment or the profiles say that nothing may be installed."""
    if os.environ.get(VARIABLE, "").strip().lower() in ("never", "no", "off", "0", "false"):
        return True
    from memory_budget.index.in_force import profiles_in_force

    return not profiles_in_force(project).profiles.section("install_libraries")


def read_state(data: str) -> dict[str, Any]:
    """What stands in the state file; {} where nothing does."""
    try:
        value = fastjson.loads(read_bytes(f"{data}/{STATE}", 100_000))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def write_state(data: str, state: str, line: str = "", note: str = "") -> None:
    """Remember what the setup came to. Raises OSError."""
    value = {"state": state, "at": time.time(), "line": line, "note": note}
    write_atomic(f"{data}/{STATE}", fastjson.encode(value))


def _too_early(last: dict[str, Any]) -> bool:
    age = time.time() - last["at"] if isinstance(last.get("at"), (int, float)) else COOLDOWN
    wait = {"running": LONGEST, "failed": COOLDOWN}.get(str(last.get("state")), 0.0)
    return 0 <= age < wait


def _untold(last: dict[str, Any]) -> list[str]:
    """The line of a setup whose session ended before it was told there: its note is still there."""
    note = last.get("note")
    if not isinstance(note, str) or not note:
        return []
    try:
        os.unlink(note)
    except OSError:
        return []
    return [str(last.get("line", ""))]
