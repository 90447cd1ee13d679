from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import home_guard


@pytest.fixture
def guarded() -> str:
    home = home_guard.real_home()
    assert home, "this user has no home folder to guard"
    return home


@pytest.mark.parametrize(
    "touch",
    [
        lambda home: Path(home, ".claude.json").read_text(),
        lambda home: Path(home, ".claude").mkdir(),
        os.listdir,
        lambda home: os.remove(os.path.join(home, "no-such-file")),
        lambda home: os.rename("no-such-file", os.path.join(home, "x")),
    ],
    ids=["open", "mkdir", "listdir", "remove", "rename"],
)
def test_touching_the_real_home_is_an_error(guarded: str, touch: Callable[[str], object]) -> None:
    with pytest.raises(home_guard.RealHomeTouched):
        touch(guarded)
    home_guard.touched.clear()


def test_an_error_that_code_swallows_is_still_known(guarded: str) -> None:
    try:
        os.listdir(guarded)
    except BaseException:
        pass
    assert home_guard.touched == [f"os.listdir {guarded}"]
    home_guard.touched.clear()


def test_home_of_this_process_and_of_its_children_is_not_the_real_one(guarded: str) -> None:
    child = subprocess.run(
        [sys.executable, "-c", "import os; print(os.path.expanduser('~'))"], capture_output=True, text=True
    )
    assert child.stdout.strip() == os.environ["HOME"] != guarded
