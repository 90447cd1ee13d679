"""The virtual environment the tests run in: made once per set of lock files and Python version.

Standard library only: this runs under whatever Python 3.10 or newer the person has.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Everything the tests leave behind, ignored by git.
CACHE = ROOT / ".cache"
LOCKS = ("requirements.lock", "requirements-reports.lock", "requirements-tests.lock")


def python() -> Path:
    """The interpreter of the tests' virtual environment, which is made when it is not there yet.

    Raises RuntimeError with what to do when it cannot be made.
    """
    key = hashlib.sha256(b"".join((ROOT / name).read_bytes() for name in LOCKS)).hexdigest()[:12]
    version = "{}.{}".format(*sys.version_info[:2])
    folder = CACHE / f"venv-{version}-{key}"
    program = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    complete = folder / "complete"
    with _one_at_a_time(folder.with_name(f"{folder.name}.lock")):
        if not (complete.exists() and _runs(program)):
            _make(folder, program)
            complete.touch()
            _forget_others(folder)
    return program


def clean_environment() -> dict[str, str]:
    """This process's environment without what would make another Python look elsewhere for its modules; files and names are
    UTF-8 whatever the locale."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    return {**kept, "PYTHONUTF8": "1"}


def _make(folder: Path, program: Path) -> None:
    print(f"making {folder.relative_to(ROOT)} with the pinned packages (once, about a minute)", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    made = subprocess.run([sys.executable, "-m", "venv", str(folder)], env=clean_environment())
    if made.returncode:
        raise RuntimeError(
            "no virtual environment could be made; on Debian and Ubuntu: apt install python3-venv"
        )
    install = [
        str(program),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
    ]
    for name in LOCKS:
        install += ["-r", str(ROOT / name)]
    if subprocess.run(install, env=clean_environment()).returncode:
        raise RuntimeError("the pinned packages could not be installed (see above)")


def _runs(program: Path) -> bool:
    """Whether the interpreter is still there: its base may have been removed since."""
    try:
        return subprocess.run([str(program), "-c", "import pytest"], capture_output=True).returncode == 0
    except OSError:
        return False


def _forget_others(keep: Path) -> None:
    """Remove environments of earlier lock files for the same Python."""
    prefix = keep.name.rsplit("-", 1)[0]
    for folder in CACHE.glob(f"{prefix}-*"):
        if folder.is_dir() and folder != keep:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _one_at_a_time(lock: Path) -> Iterator[None]:
    """Two runs in one checkout must not build the same environment over each other."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as handle:
        try:
            import fcntl
        except ImportError:  # not on Windows, where a second run is the person's own doing
            pass
        else:
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
