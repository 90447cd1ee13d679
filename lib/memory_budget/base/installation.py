"""Where the plugin's own things lie on this machine: its root, its data folder, its two interpreters.

The client gives every plugin a data folder that survives updates. It holds the virtual environment with the
libraries and the file `interpreter`, which `bin/memory-budget` reads before every hook:

    line 1  the base interpreter, for hooks (standard library only, started with `-I -S`)
    line 2  the virtual environment's interpreter, for the command line and jobs; empty when there is none
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping

from memory_budget.base import auto_memory
from memory_budget.base.files import short_hash, write_atomic
from memory_budget.base.project import user_home

PLUGIN = "memory-budget"
MARKETPLACE = "memory-budget"
VENV_PREFIX = "venv-"
#: The lock file of the core libraries, and the file in their environment that says they are all there.
CORE_LOCK = "requirements.lock"
COMPLETE = "complete"
REPORTS_LOCK = "requirements-reports.lock"
#: Megabytes on disk of the two sets of libraries, as installed on Linux with Python 3.11.
CORE_MEGABYTES = 35
REPORTS_MEGABYTES = 74


def plugin_root() -> str:
    """The plugin's folder: the checkout, or the copy the client made of it."""
    library = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return os.path.dirname(os.path.dirname(library))


def claude_home(environ: Mapping[str, str] = os.environ) -> str:
    """The client's folder for the user whose environment this is."""
    return auto_memory.client_folder(environ.get("HOME") or user_home(), environ)


def data_folder() -> str:
    """The plugin's data folder, whether or not it exists yet.

    The launcher names in `MEMORY_BUDGET_DATA` the one whose file `interpreter` it read, the client in `CLAUDE_PLUGIN_DATA` the one
    that belongs to this way of installing.
    """
    return (
        os.environ.get("MEMORY_BUDGET_DATA")
        or os.environ.get("CLAUDE_PLUGIN_DATA")
        or os.path.join(claude_home(), "plugins", "data", f"{PLUGIN}-{MARKETPLACE}")
    )


def environment_folder(root: str, data: str, base: str) -> str:
    """Where the libraries of this version of the plugin for this interpreter lie: `venv-` and a hash of both. Raises OSError."""
    with open(os.path.join(root, CORE_LOCK), "rb") as file:
        content = file.read()
    return os.path.join(
        data, VENV_PREFIX + short_hash(content + f"{base} {sys.version_info[:2]}".encode(), 6)
    )


def has_core_libraries(folder: str) -> bool:
    """Whether the core set was installed into the folder to its end and the interpreter is still there."""
    program = os.path.join(folder, "bin", "python")
    return os.path.exists(os.path.join(folder, COMPLETE)) and os.access(program, os.X_OK)


def pins(lock: str) -> list[tuple[str, str]]:
    """Name and version of each package that this Python gets, as a lock file pins them. Raises OSError."""
    with open(lock, encoding="utf-8", errors="replace") as file:
        matches = (re.match(r"([A-Za-z0-9][\w.-]*)==([^ ;\\]+)(?: *; *([^\\]*))?", line) for line in file)
        return [(pin[1], pin[2]) for pin in matches if pin and _applies(pin[3] or "")]


_CONDITION = re.compile(r"(python_full_version|python_version|sys_platform) *(<|>=|==|!=) *'([^']*)'")


def _applies(marker: str) -> bool:
    """Whether a pin's condition holds here, e.g. `python_full_version < '3.11'`; one that is not understood does."""
    for name, sign, value in _CONDITION.findall(marker):
        if name == "sys_platform":
            holds = (sys.platform == value) == (sign == "==")
        else:
            named_version = tuple(int(part) for part in value.split(".")[:2])
            running_version = sys.version_info[:2]
            holds = {
                "<": running_version < named_version,
                ">=": running_version >= named_version,
                "==": running_version == named_version,
                "!=": running_version != named_version,
            }[sign]
        if not holds:
            return False
    return True


def write_interpreters(data: str, base: str, libraries: str) -> None:
    """Put both paths ("" for none) into the data folder in one step: agents may be starting. Raises OSError."""
    write_atomic(os.path.join(data, "interpreter"), f"{base}\n{libraries}\n".encode())


def base_interpreter() -> str:
    """The real interpreter behind the running one: no shim, no virtual environment."""
    return getattr(sys, "_base_executable", "") or sys.executable
