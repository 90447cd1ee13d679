from __future__ import annotations

import json
import math
import subprocess
import sys
from collections import OrderedDict

import pytest

from memory_budget.base import fastjson
from tests.support.environment import ROOT


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{}", {}),
        (' \t\r\n[1, 2.5, -3e2, true, false, null, "x"] \n', [1, 2.5, -300.0, True, False, None, "x"]),
        ('{"a": 1, "a": 2}', {"a": 2}),
        ('"\\ud83d\\ude00 \\u00e9"', "😀 é"),
        ('"\\ud83d"', "\ud83d"),
        (b'\xef\xbb\xbf{"a": "\xc3\xa9"}', {"a": "é"}),
        ("\ufeff7", 7),
        ("-Infinity", -math.inf),
    ],
)
def test_reads(text: str | bytes, value: object) -> None:
    assert fastjson.loads(text) == value


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("", 1, 1),
        ("  \n ", 2, 2),
        ("nul", 1, 1),
        ('{"a": 1} x', 1, 10),
        ('{\n "a" 1}', 2, 6),
        ('{"a": [1,\n2\n', 3, 1),
        ('["a\nb"]', 1, 4),
        (b'{"a":\n "\xc3\xa9\xff"}', 2, 4),
    ],
)
def test_says_where_text_stops_being_json(text: str | bytes, line: int, column: int) -> None:
    with pytest.raises(fastjson.JSONError) as caught:
        fastjson.loads(text)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert isinstance(caught.value, ValueError)


def test_nesting_without_end_is_an_error_like_any_other() -> None:
    with pytest.raises(fastjson.JSONError):
        fastjson.loads("[" * 200_000)
    nested: list[object] = []
    for _ in range(200_000):
        nested = [nested]
    with pytest.raises(ValueError, match="nested"):
        fastjson.dumps(nested)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": 1, "a": [1.5, True, None, (), {}]}, '{"b":1,"a":[1.5,true,null,[],{}]}'),
        ([math.nan, math.inf, -math.inf, -0.0, 1e300], "[null,null,null,-0.0,1e+300]"),
        ('"\\\n\x00 é 😀', '"\\"\\\\\\n\\u0000 é 😀"'),
        ({1: 2, None: 3, False: 4, 1.5: 5}, '{"1":2,"null":3,"false":4,"1.5":5}'),
        (OrderedDict(a=1), '{"a":1}'),
    ],
)
def test_writes(value: object, text: str) -> None:
    assert fastjson.dumps(value) == text


def test_a_lone_surrogate_is_escaped_or_replaced() -> None:
    text = 'a\ud83d é "'
    assert fastjson.loads(fastjson.dumps(text).encode()) == text
    assert fastjson.dumps(text, replace_surrogates=True) == '"a\ufffd é \\""'
    assert fastjson.dumps(["\ud83d\ude00"], replace_surrogates=True) == '["😀"]'


@pytest.mark.parametrize("value", [{1, 2}, bytearray(b"x"), object(), {(1,): 2}])
def test_refuses_what_has_no_json_form(value: object) -> None:
    with pytest.raises(TypeError):
        fastjson.dumps(value)


@pytest.mark.parametrize(
    ("pointer", "place"),
    [
        ("", (1, 1)),
        ("/a", (2, 8)),
        ("/b~1c/1", (3, 13)),
        ("/b~1c/9", (3, 9)),
        ("/d", (5, 8)),
        ("/e/f", (6, 14)),
        ("/e/missing", (6, 8)),
        ("/missing/x", (1, 1)),
    ],
)
def test_locates_a_pointer(pointer: str, place: tuple[int, int]) -> None:
    text = '{\n  "a": 1,\n "b/c": [1, 2],\n  "d": "old",\n  "d": "new",\n  "e": {"f": {}}\n}'
    assert fastjson.locate_pointer(text, pointer) == place


def test_neither_json_nor_re_is_imported() -> None:
    script = (
        "import os, sys; sys.path.insert(0, sys.argv[1]); before = set(sys.modules);"
        "from memory_budget.base import fastjson;"
        "from memory_budget.settings import profiles, agents;"
        "fastjson.loads(fastjson.dumps({'a': 1}));"
        "agents.resolve('dbt-expert', profiles.load_profiles('/nowhere', '').profiles);"
        "print(*sorted(set(sys.modules) - before))"
    )
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", script, str(ROOT / "lib")],
        capture_output=True,
        text=True,
        check=True,
    )
    ours = {
        "memory_budget",
        *(
            f"memory_budget.{name}"
            for name in ("base", "base.errors", "base.fastjson", "base.front_matter", "settings")
        ),
        *(f"memory_budget.settings.{name}" for name in ("agents", "document", "names", "profiles")),
    }
    assert set(run.stdout.split()) <= {"__future__", "_json", *ours}


def test_works_without_the_private_module() -> None:
    script = (
        "import sys; sys.modules['_json'] = None; sys.path.insert(0, sys.argv[1])\n"
        "from memory_budget.base import fastjson\n"
        "text = sys.stdin.read()\n"
        "print(fastjson.dumps(fastjson.loads(text)))\n"
        "try: fastjson.loads('{\"a\": tru}')\n"
        "except fastjson.JSONError as error: print(error.column)\n"
    )
    text = json.dumps({"a": [1, 2.5, None, True, "\u00e9"], "b": {"c": "d"}})
    run = subprocess.run(
        [sys.executable, "-I", "-c", script, str(ROOT / "lib")],
        input=text,
        capture_output=True,
        encoding="utf-8",
        check=True,
        env={"PYTHONIOENCODING": "utf-8", "PYTHONUTF8": "1"},
    )
    written, column = run.stdout.splitlines()
    assert json.loads(written) == json.loads(text)
    assert column == "7"
