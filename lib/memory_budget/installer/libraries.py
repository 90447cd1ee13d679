"""The virtual environment in the plugin's data folder, made from the lock file with every hash checked.

Its folder's name carries a hash of the lock file and of the interpreter, so an environment is complete and
right, or it is another one: updating makes a new one beside the old, switches the file `interpreter` over and
removes the old. Hooks need none of it.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys

from memory_budget.base import installation
from memory_budget.base.errors import BudgetError
from memory_budget.base.installation import Interpreters
from memory_budget.installer.host import Host, Result
from memory_budget.installer.receipt import Receipt

STEP = "Libraries"
PREFIX = "venv-"
#: Seconds for pip: about 40 MB, which a slow line needs minutes for.
_PIP_TIMEOUT = 900
#: pip learned `--python` in 22.3; with it no pip has to be put into the environment, which saves seconds.
_PIP_FOR_OTHERS = (22, 3)

WITHOUT = (
    "Agents get their memory all the same, but token counts are upper estimates, and the checks of the\n"
    "profiles file, reports and memory jobs need the libraries. Run install.py again with a network."
)


class LibrariesError(BudgetError):
    """The libraries could not be installed; the message is the reason in one line."""


def install(host: Host, receipt: Receipt) -> bool:
    """Find or make the environment and tell the launcher. False when there are no libraries."""
    base = installation.base_interpreter()
    lock = os.path.join(host.root, "requirements.lock")
    known = installation.read_interpreters(host.data)
    try:
        wanted = os.path.join(host.data, PREFIX + _key(lock, base))
        python = os.path.join(wanted, "bin", "python")
        if _complete(wanted):
            host.already(STEP, f"in {host.short(wanted)}")
        elif host.dry_run:
            host.would(STEP, f"install {_count(lock)} packages into {host.short(wanted)}")
        else:
            host.busy(STEP, f"installing {_count(lock)} packages")
            _make(host, wanted, lock, base)
            host.done(STEP, f"{_count(lock)} packages, hashes checked, in {host.short(wanted)}")
    except LibrariesError as error:
        python = known.libraries if os.access(known.libraries, os.X_OK) else ""
        rest = "The ones installed before stay in use." if python else WITHOUT
        host.warn(STEP, f"not installed: {error}\n{rest}")
        wanted = ""
    if not host.dry_run:
        if known != Interpreters(base, python):
            installation.write_interpreters(host.data, Interpreters(base, python))
        if wanted:
            _remove_others(host.data, wanted)
    return bool(python)


def _key(lock: str, base: str) -> str:
    try:
        with open(lock, "rb") as file:
            content = file.read()
    except OSError as error:
        raise LibrariesError(f"cannot read {lock}: {error.strerror}") from error
    return hashlib.sha256(content + f"{base} {sys.version_info[:2]}".encode()).hexdigest()[:12]


def _complete(folder: str) -> bool:
    """Whether the environment was made to its end and its interpreter is still there."""
    made = os.path.exists(os.path.join(folder, "complete"))
    return made and os.access(os.path.join(folder, "bin", "python"), os.X_OK)


def _count(lock: str) -> int:
    with open(lock, encoding="utf-8") as file:
        return sum(1 for line in file if re.match(r"[A-Za-z0-9]", line))


def _make(host: Host, folder: str, lock: str, base: str) -> None:
    """Make the environment in `folder`. Raises LibrariesError and leaves nothing behind when that fails."""
    shutil.rmtree(folder, ignore_errors=True)
    try:
        _fill(host, folder, lock, base)
        with open(os.path.join(folder, "complete"), "w", encoding="utf-8"):
            pass
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _fill(host: Host, folder: str, lock: str, base: str) -> None:
    python = os.path.join(folder, "bin", "python")
    options = [
        "--require-hashes", "--only-binary", ":all:", "--no-input", "--disable-pip-version-check",
        "--no-warn-script-location", "--quiet", "--retries", "2", "--timeout", "20", "-r", lock,
    ]  # fmt: skip
    if _pip_version(host, base) >= _PIP_FOR_OTHERS:
        _expect(host.run([base, "-m", "venv", "--without-pip", folder], cwd=host.data), "venv")
        installer = [base, "-m", "pip", "--python", python, "install"]
    elif host.run([base, "-m", "venv", folder], cwd=host.data).ok:
        installer = [python, "-m", "pip", "install"]
    elif uv := shutil.which("uv", path=host.environ.get("PATH")):
        _expect(host.run([uv, "venv", "--quiet", "--python", base, folder], cwd=host.data), "uv venv")
        installer = [uv, "pip", "install", "--python", python]
        options = ["--require-hashes", "--only-binary", ":all:", "--quiet", "-r", lock]
    else:
        raise LibrariesError(
            f"{base} has neither pip nor ensurepip (Debian, Ubuntu: sudo apt install python3-venv python3-pip)"
        )
    _expect(host.run([*installer, *options], cwd=host.data, timeout=_PIP_TIMEOUT), "pip")


def _pip_version(host: Host, base: str) -> tuple[int, ...]:
    """Version of the base interpreter's pip; () when it has none."""
    found = re.match(r"pip (\d+)\.(\d+)", host.run([base, "-m", "pip", "--version"], cwd=host.data).out)
    return tuple(int(part) for part in found.groups()) if found else ()


def _expect(result: Result, what: str) -> None:
    if not result.ok and "connection broken" in result.err:
        # pip's last word would be that it found no version of the first package.
        raise LibrariesError("the package index cannot be reached; is there a network?")
    if not result.ok:
        raise LibrariesError(f"{what}: {result.reason()}")


def _remove_others(data: str, wanted: str) -> None:
    """Remove environments of other lock files or interpreters."""
    for name in os.listdir(data):
        path = os.path.join(data, name)
        if name.startswith(PREFIX) and path != wanted:
            shutil.rmtree(path, ignore_errors=True)
