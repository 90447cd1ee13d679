"""The virtual environment in the plugin's data folder, made from the lock files with every hash checked.

    venv-3f2a9c81d0e4/            its name carries a hash of `requirements.lock` and of the interpreter
    venv-3f2a9c81d0e4/complete            the core set is in it
    venv-3f2a9c81d0e4/complete-reports    the set for reports is in it, as this hash of its lock file says

So an environment is never changed: an update makes a new one beside the old, points the file `interpreter` to it and removes the
old. Hooks need none of it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import sys
import threading
from collections.abc import Iterator
from typing import NamedTuple

from memory_budget.base import installation, spawn
from memory_budget.base.errors import BudgetError
from memory_budget.installer.host import Host, Result
from memory_budget.installer.turn import wait_for_turn

STEP = "Libraries"
LOCK = "setup.lock"
#: Seconds for one run of an installer, on a slow line, and for another installer that is at work.
_INSTALL_TIMEOUT = 900
_WAIT_FOR_ANOTHER = 900
#: pip learned `--python` in 22.3; with it no pip has to be put into the environment, which saves seconds.
_PIP_FOR_OTHERS = (22, 3)

NO_NETWORK = "the package index cannot be reached; is there a network?"
WITHOUT_LIBRARIES = (
    "Agents get their memory all the same and their runs are recorded; token counts are upper estimates, and\n"
    "reports and memory jobs wait for the libraries. Later: memory-budget setup"
)


class LibrariesError(BudgetError):
    """The libraries could not be installed; the message is the reason in one line."""


class LibrarySet(NamedTuple):
    """Packages that are installed together. `megabytes`: on disk, measured; `marker`: file that says they are all there."""

    name: str
    lock: str
    megabytes: int
    marker: str
    purpose: str


CORE = LibrarySet(
    "core",
    installation.CORE_LOCK,
    installation.CORE_MEGABYTES,
    installation.COMPLETE,
    "the tokenizer, checks, tables and locks",
)
REPORTS = LibrarySet(
    "reports",
    installation.REPORTS_LOCK,
    installation.REPORTS_MEGABYTES,
    "complete-reports",
    "DuckDB and charts for reports and tuning",
)


def install_libraries(host: Host, sets: tuple[LibrarySet, ...] = (CORE,)) -> bool:
    """Install what is missing of `sets` and tell the launcher. False when there are no core libraries afterwards."""
    base = installation.base_interpreter()
    before = spawn.named_interpreters(host.data)
    try:
        folder = installation.environment_folder(host.root, host.data, base)
        missing = [library_set for library_set in sets if not is_complete(folder, library_set, host.root)]
        if missing and host.dry_run:
            host.would(STEP, f"install {_size_text(host.root, missing)} into {host.short(folder)}")
        elif missing:
            with _one_installation(host):
                for library_set in sets:  # another installer may have been at it meanwhile
                    if not is_complete(folder, library_set, host.root):
                        _install_set(host, folder, library_set, base)
            host.done(STEP, f"{_size_text(host.root, missing)}, hashes checked, in {host.short(folder)}")
        else:
            host.already(STEP, f"complete, in {host.short(folder)}")
        python = os.path.join(folder, "bin", "python")
    except (LibrariesError, OSError) as error:
        python = spawn.interpreters(host.data)[1]
        host.warn(
            STEP,
            f"not installed: {error}\n{'The ones installed before stay in use.' if python else WITHOUT_LIBRARIES}",
        )
        folder = ""
    if not host.dry_run:
        if before != (base, python):
            installation.write_interpreters(host.data, base, python)
        if folder:
            _remove_others(host.data, folder)
    return bool(python) and (bool(folder) or CORE not in sets)


def is_complete(folder: str, library_set: LibrarySet, root: str) -> bool:
    """Whether a set was installed to its end, from this lock file, and the interpreter is still there."""
    if library_set is CORE:
        return installation.has_core_libraries(folder)
    try:
        with open(os.path.join(folder, library_set.marker), encoding="ascii", errors="replace") as file:
            return file.read() == _fingerprint(root, library_set)
    except OSError:
        return False


def _read_lock(root: str, library_set: LibrarySet) -> bytes:
    path = os.path.join(root, library_set.lock)
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise LibrariesError(f"cannot read {path}: {error.strerror}") from error


def _fingerprint(root: str, library_set: LibrarySet) -> str:
    return hashlib.sha256(_read_lock(root, library_set)).hexdigest()[:12]


def _size_text(root: str, sets: list[LibrarySet]) -> str:
    """Number and size of the packages: `25 packages, 33 MB`."""
    count = sum(len(installation.pins(os.path.join(root, library_set.lock))) for library_set in sets)
    return f"{count} packages, {sum(library_set.megabytes for library_set in sets)} MB"


def _one_installation(host: Host) -> contextlib.AbstractContextManager[None]:
    """Let one process at a time fill the folder. Raises LibrariesError when another one does not end."""
    given_up = LibrariesError("another installer has been at it for 15 minutes")
    path = os.path.join(host.data, LOCK)
    return wait_for_turn(host, path, _WAIT_FOR_ANOTHER, STEP, "waiting for another installer", given_up)


def _install_set(host: Host, folder: str, library_set: LibrarySet, base: str) -> None:
    """Install one set. Raises LibrariesError; a new environment that is not complete is removed again."""
    marker = os.path.join(folder, library_set.marker)
    if library_set is CORE:
        shutil.rmtree(folder, ignore_errors=True)
    scratch = os.path.join(host.data, "setup-files")
    os.makedirs(scratch, exist_ok=True)
    try:
        with _bar(host, library_set, folder, scratch):
            _run_installers(host, folder, library_set, base, scratch)
        with open(marker, "w", encoding="ascii") as file:
            file.write(_fingerprint(host.root, library_set))
    except BaseException:
        if library_set is CORE:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _run_installers(host: Host, folder: str, library_set: LibrarySet, base: str, scratch: str) -> None:
    """Install by uv where there is one, else by the first pip there is. Raises LibrariesError with the last one's reason."""
    options = [
        "--require-hashes",
        "--only-binary",
        ":all:",
        "--no-deps",
        "--quiet",
        "-r",
        os.path.join(host.root, library_set.lock),
    ]
    pip = [
        "--no-input",
        "--disable-pip-version-check",
        "--no-warn-script-location",
        "--retries",
        "2",
        "--timeout",
        "20",
    ]
    reason = ""
    for way in _ways(host, folder, base):
        arguments = [*way.command, *(pip if way.is_pip else []), *options]
        result = host.run(arguments, cwd=host.data, timeout=_INSTALL_TIMEOUT, TMPDIR=scratch)
        if result.ok:
            return
        reason = _failure_reason(result)
        if way.is_pip:
            break  # another pip would say the same
    raise LibrariesError(
        reason
        or f"{base} has neither pip nor ensurepip (Debian, Ubuntu: sudo apt install python3-venv python3-pip)"
    )


class _Way(NamedTuple):
    """One way of installing: `command` without the requirements, and whether pip's own options are understood."""

    command: list[str]
    is_pip: bool = True


def _ways(host: Host, folder: str, base: str) -> Iterator[_Way]:
    """Ways that are open on this machine, the quickest first: uv, pip, a pip of the environment's own, pip with a target folder.

    The environment itself is made on the way where it is not there yet.
    """
    python = os.path.join(folder, "bin", "python")
    uv = shutil.which("uv", path=host.environ.get("PATH"))
    if uv and (
        _is_made(python) or host.run([uv, "venv", "--quiet", "--python", base, folder], cwd=host.data).ok
    ):
        yield _Way([uv, "pip", "install", "--python", python], is_pip=False)
    pip = _pip_version(host, base)
    bare = [base, "-m", "venv", "--without-pip", folder]
    if pip >= _PIP_FOR_OTHERS and (_is_made(python) or host.run(bare, cwd=host.data).ok):
        yield _Way([base, "-m", "pip", "--python", python, "install"])
    if host.run([base, "-m", "venv", folder], cwd=host.data).ok:
        yield _Way([python, "-m", "pip", "install"])
    if pip and (_is_made(python) or host.run(bare, cwd=host.data).ok):
        site = os.path.join(folder, "lib", "python{}.{}".format(*sys.version_info), "site-packages")
        yield _Way([base, "-m", "pip", "install", "--target", site])


def _is_made(python: str) -> bool:
    return os.access(python, os.X_OK)


def _pip_version(host: Host, base: str) -> tuple[int, ...]:
    """Version of the base interpreter's pip; () when it has none."""
    match = re.match(r"pip (\d+)\.(\d+)", host.run([base, "-m", "pip", "--version"], cwd=host.data).out)
    return tuple(int(part) for part in match.groups()) if match else ()


def _failure_reason(result: Result) -> str:
    output = (result.err + result.out).lower()
    if "connection broken" in output or "failed to fetch" in output or "name resolution" in output:
        # The last line of pip would only be that it found no version of the first package.
        return NO_NETWORK
    return result.reason()


@contextlib.contextmanager
def _bar(host: Host, library_set: LibrarySet, *folders: str) -> Iterator[None]:
    """Show on a terminal how much of a set has arrived, by the size of the folders it is put into."""
    ended = threading.Event()

    def draw() -> None:
        while not ended.wait(0.2):
            host.progress(
                STEP,
                library_set.purpose,
                min(_megabytes(folders), library_set.megabytes),
                library_set.megabytes,
            )

    thread = threading.Thread(target=draw, daemon=True)
    if host.out.isatty():
        thread.start()
    try:
        yield
    finally:
        ended.set()
        if thread.ident:
            thread.join()


def _megabytes(folders: tuple[str, ...]) -> int:
    total = 0
    for folder in folders:
        for where, _, names in os.walk(folder):
            for name in names:
                with contextlib.suppress(OSError):  # it was moved meanwhile
                    total += os.lstat(os.path.join(where, name)).st_blocks * 512
    return total // 1_000_000


def _remove_others(data: str, kept_folder: str) -> None:
    """Remove environments of other lock files or interpreters."""
    for name in os.listdir(data):
        path = os.path.join(data, name)
        if name.startswith(installation.VENV_PREFIX) and path != kept_folder:
            shutil.rmtree(path, ignore_errors=True)
