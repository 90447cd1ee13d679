"""What stands in for two libraries does what they do."""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import filelock
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memory_budget.base import optional
from tests.support.environment import ROOT

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def bare() -> Iterator[ModuleType]:
    """The module as it is where neither library is installed."""
    kept = {name: sys.modules.get(name) for name in ("orjson", "filelock")}
    sys.modules.update({"orjson": None, "filelock": None})  # type: ignore[dict-item]
    try:
        yield importlib.reload(optional)
    finally:
        sys.modules.update({name: module for name, module in kept.items() if module is not None})
        importlib.reload(optional)


@given(VALUES)
def test_json_is_written_alike(value: Any) -> None:
    for option in (None, orjson.OPT_INDENT_2, orjson.OPT_SORT_KEYS, orjson.OPT_APPEND_NEWLINE):
        ours = optional._Json.dumps(
            value,
            option=sum(
                getattr(optional._Json, name)
                for name in ("OPT_INDENT_2", "OPT_SORT_KEYS", "OPT_APPEND_NEWLINE")
                if option is not None and option & getattr(orjson, name)
            ),
        )
        assert optional._Json.loads(ours) == value == orjson.loads(ours)
        if option != orjson.OPT_INDENT_2:  # an empty list is "[]" in both, but not where its closing line is
            assert ours == orjson.dumps(value, option=option)


@pytest.mark.parametrize("text", [b"\xff", b"NaN", b"[1", b"", b"[" * 100_000, "[Infinity]"])
def test_what_is_no_json_is_refused_alike(text: bytes | str) -> None:
    for loads in (optional._Json.loads, orjson.loads):
        with pytest.raises(ValueError):
            loads(text)


def test_half_an_emoji_is_refused_alike() -> None:
    for dumps in (optional._Json.dumps, orjson.dumps):
        with pytest.raises(TypeError):
            dumps({"a": "\ud83d"})


def test_without_the_libraries_both_stand_ins_are_there(bare: ModuleType) -> None:
    assert bare.orjson.loads(b'{"a": 1}') == {"a": 1}
    assert bare.FileLock.__module__ == bare.Timeout.__module__ == optional.__name__


HOLD = """
import sys
sys.path.insert(0, sys.argv[1])
from memory_budget.base.optional import _Lock
with _Lock(sys.argv[2]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_lock_with_the_library_and_one_without_keep_each_other_out(tmp_path: Path) -> None:
    path = str(tmp_path / "lock")
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(ROOT / "lib"), path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(filelock.Timeout):
            filelock.FileLock(path, timeout=0).acquire()
        with pytest.raises(optional._Busy):
            optional._Lock(path, timeout=0.1).acquire()
        other.stdin.close()
    with filelock.FileLock(path, timeout=5), pytest.raises(optional._Busy):
        optional._Lock(path, timeout=0).acquire()
    lock = optional._Lock(path)
    with lock:
        pass
    with lock:  # it can be taken again
        pass
