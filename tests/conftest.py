from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase

from tests.support import home_guard
from tests.support.environment import CACHE

_SCRATCH_HOME = tempfile.TemporaryDirectory(prefix="home-", ignore_cleanup_errors=True)
#: The environment as the person has it, for what must see the real one (the client's installation).
real_environment = pytest.StashKey[dict[str, str]]()

settings.register_profile(
    "project",
    # A shared machine's hiccup is no failure, neither in a case nor while one is made.
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    database=DirectoryBasedExampleDatabase(CACHE / "hypothesis"),
    print_blob=True,
)
#: `HYPOTHESIS_PROFILE=thorough python3 -m tests property`: thousands of cases a law (see `support/cases.py`).
settings.register_profile("thorough", settings.get_profile("project"), max_examples=2500)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "project"))


def pytest_configure(config: pytest.Config) -> None:
    config.stash[real_environment] = home_guard.install(Path(_SCRATCH_HOME.name))


@pytest.fixture(autouse=True)
def _real_home_untouched() -> Iterator[None]:
    """Touching the real home is an error, even where the code under test swallowed it."""
    before = len(home_guard.touched)
    yield
    assert home_guard.touched[before:] == []


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder of this test's own."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    return folder
