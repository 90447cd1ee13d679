"""The real client for the end-to-end tests, installed once from npm.

    python3 -m tests.support.client_install [VERSION]    prints where it is

`versions()` are those that `test_clients` runs against: the oldest that is supported and the newest, or all that the README names.

Standard library only, so that the runner can call it before the tests' environment exists.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.support.environment import CACHE

PACKAGE = "@anthropic-ai/claude-code"
NEWEST = "2.1.332"
#: Those of the README's table, oldest first.
SUPPORTED = ("2.1.87", "2.1.104", "2.1.147", "2.1.205", NEWEST)
#: Set to run against all of them (`python3 -m tests --all-clients`).
ALL = "MEMORY_BUDGET_ALL_CLIENTS"


class NoNpm(Exception):
    """npm is not on the PATH: the one reason for which end-to-end tests may be skipped."""


def versions() -> tuple[str, ...]:
    """The versions to run against: every supported one where `ALL` is set, else the oldest and the newest."""
    return SUPPORTED if os.environ.get(ALL) else (SUPPORTED[0], SUPPORTED[-1])


def client(version: str = "") -> Path:
    """The program of that version (the newest), installed when missing. Raises NoNpm, and RuntimeError when npm fails.

    `MEMORY_BUDGET_TEST_CLIENT` names another one to test against where no version is asked for.
    """
    chosen = os.environ.get("MEMORY_BUDGET_TEST_CLIENT")
    if chosen and not version:
        return Path(chosen)
    version = version or NEWEST
    folder = _cache() / f"claude-code-{version}"
    program = folder / "node_modules" / ".bin" / "claude"
    if not program.exists():
        _install(folder, version)
    return program


def _cache() -> Path:
    """The user's cache folder, so that one copy of 360 MB serves every checkout; else this checkout's own."""
    home = os.environ.get("HOME", "")
    base = os.environ.get("XDG_CACHE_HOME") or (os.path.join(home, ".cache") if home else "")
    if base and os.path.isabs(base):
        folder = Path(base) / "memory-budget-tests"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            pass
        else:
            if os.access(folder, os.W_OK):
                return folder
    return CACHE


def _install(folder: Path, version: str) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise NoNpm("npm is not on the PATH, so the real client cannot be installed")
    print(f"installing {PACKAGE}@{version} (once, 360 MB)", file=sys.stderr, flush=True)
    partial = folder.with_name(f"{folder.name}.{os.getpid()}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        # Run inside the folder and not with --prefix, which would also move npm's system-wide configuration.
        (partial / "package.json").write_text("{}\n")
        command = [npm, "install", "--no-audit", "--no-fund", "--loglevel=error", "--ignore-scripts=false"]
        command += ["--cache", str(partial / "npm-cache"), f"{PACKAGE}@{version}"]
        done = subprocess.run(command, cwd=partial, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        if done.returncode:
            raise RuntimeError(f"npm could not install {PACKAGE}@{version} (see above)")
        shutil.rmtree(partial / "npm-cache", ignore_errors=True)
        try:
            partial.rename(folder)
        except OSError:
            if not folder.exists():  # else another run was first, and its copy is as good
                raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def main() -> int:
    try:
        print(client(*sys.argv[1:2]))
    except NoNpm as error:
        print(error, file=sys.stderr)
        return 3
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
