"""The Pythons on this machine that the plugin supports. Standard library only."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.support.environment import clean_environment

#: Minor versions of Python 3 that are tested where they are found.
MINORS = range(10, 15)
_ASK = "import sys, sqlite3, venv; print(*sys.version_info[:2], sys.version_info.releaselevel)"


def installed() -> dict[tuple[int, int], str]:
    """The program of each supported version found on the PATH or among pyenv's versions, oldest first."""
    programs = [path for minor in MINORS if (path := shutil.which(f"python3.{minor}"))]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    programs += sorted(str(path) for path in pyenv.glob("versions/*/bin/python3"))
    found: dict[tuple[int, int], str] = {}
    for program in programs:
        version = _version(program)
        if version is not None:
            found.setdefault(version, program)
    return dict(sorted(found.items()))


def _version(program: str) -> tuple[int, int] | None:
    """A supported final release that runs and has what the tests need, else None."""
    try:
        done = subprocess.run(
            [program, "-I", "-c", _ASK], capture_output=True, text=True, timeout=30, env=clean_environment()
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    words = done.stdout.split()
    if done.returncode or len(words) != 3 or words[2] != "final":
        return None
    version = int(words[0]), int(words[1])
    return version if version[0] == 3 and version[1] in MINORS else None
