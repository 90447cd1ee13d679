"""Git for tests: a test that needs it is skipped where there is none, except with CI set."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

#: Whoever the files belong to, and whoever runs the tests.
_SETTINGS = ("-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "safe.directory=*")


def git(folder: Path | str, *arguments: str) -> str:
    """What a git command says in a folder. Raises AssertionError where it fails."""
    try:
        done = subprocess.run(
            ["git", *_SETTINGS, "-C", str(folder), *arguments], capture_output=True, text=True
        )
    except FileNotFoundError:
        if os.environ.get("CI"):
            raise
        pytest.skip("there is no git")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip("\n")


def listed(root: Path, *patterns: str) -> list[Path]:
    """The files below `root` that git knows or would know and that match one of its patterns; all that do where `root` is no
    checkout, or there is no git."""
    command = ["git", *_SETTINGS, "ls-files", "--cached", "--others", "--exclude-standard", *patterns]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True)
    except FileNotFoundError:
        return _below(root, patterns)
    if done.returncode:
        return _below(root, patterns)
    return [root / line for line in done.stdout.splitlines() if (root / line).is_file()]


def _below(root: Path, patterns: tuple[str, ...]) -> list[Path]:
    found: list[Path] = []
    for pattern in patterns:
        folder, star, ending = pattern.partition("*")
        paths = sorted((root / folder).rglob("*" + ending)) if star else [root / pattern]
        if not star and (root / pattern).is_dir():
            paths = sorted((root / pattern).rglob("*"))
        found += [path for path in paths if path.is_file() and "__pycache__" not in path.parts]
    return found
