from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import real_environment
from tests.support.client import Client
from tests.support.environment import ROOT
from tests.support.projects import make_project, team_files


def program(pytestconfig: pytest.Config, *version: str) -> Path:
    """The real client; without npm the tests are skipped, or fail where `CI` is set."""
    found = subprocess.run(
        [sys.executable, "-m", "tests.support.client_install", *version],
        cwd=ROOT,
        env=pytestconfig.stash[real_environment],
        capture_output=True,
        text=True,
    )
    if found.returncode == 3 and not os.environ.get("CI"):
        pytest.skip(found.stderr.strip())
    assert found.returncode == 0, found.stderr
    return Path(found.stdout.strip())


@pytest.fixture(scope="session")
def client_program(pytestconfig: pytest.Config) -> Path:
    """The newest client, or the one that the environment names."""
    return program(pytestconfig)


@pytest.fixture
def client(client_program: Path, home: Path) -> Client:
    """The client with this plugin and a scratch home."""
    return Client(client_program, home)


@pytest.fixture
def team(tmp_path: Path) -> Path:
    """A project with ten agents and their memory."""
    return make_project(tmp_path / "project", team_files())
