"""Configuration, prompts and payloads as a weapon: whatever a cloned repository's profiles file holds, and however long a prompt
is, an agent starts soon, in little memory, with its own prompt."""

from __future__ import annotations

import json
import random
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from memory_budget.base.hook import WITHOUT
from memory_budget.base.project import Project
from memory_budget.index import update
from tests.support import hooks
from tests.support.environment import ROOT
from tests.support.projects import make_project

#: What a start may take: seconds of the processor, which are those on the clock where nothing else runs, and memory.
MOST_SECONDS = 1.0
MOST_MEGABYTES = 200
PROMPT = "How does the billing export replay?"

HOSTILE = {
    "nested lists": '{"x": ' + "[" * 400_000,
    "nested objects": '{"agents": ' + '{"a":' * 50_000 + "1" + "}" * 50_001,
    "many keys": json.dumps({f"k{number}": number for number in range(60_000)}),
    "many agents": json.dumps({"agent_assignments": {f"agent-{number}": "none" for number in range(25_000)}}),
    "many globs": json.dumps({"sources": {"global": [f"docs/{number}/**/*.md" for number in range(25_000)]}}),
    "many braces": json.dumps({"sources": {"global": ["{a,b}{c,d}{e,f}{g,h}{i,j}{k,l}{m,n}/*.md"] * 300}}),
    "globs of agents": json.dumps(
        {
            "agents": {
                f"a{number}": {"sources": {"agent_patterns": [f"x{number}/<agent>/*.md"]}}
                for number in range(8_000)
            }
        }
    ),
    "stars": json.dumps({"sources": {"global": ["**/*/**/*/**/*/**/*/**/*/**/*.md"] * 200}}),
    "everything": json.dumps({"sources": {"global": ["**/*.md", "**/**/**/*.md", "*/**/*.md"]}}),
    "a name of stars": json.dumps({"sources": {"global": ["*a*a*a*a*a*a*a*a*a*a*a*b.md"] * 50}}),
    "digits": '{"x": ' + "9" * 900_000 + "}",
    "a text": json.dumps({"description": "x" * 990_000}),
    "escapes": '{"x": "' + "\\u0041" * 160_000 + '"}',
    "larger than a megabyte": "[" + "1," * 700_000 + "1]",
    "half a surrogate": '{"default_profile": "\\ud800"}',
}
#: Files that are good, and name other memory than the note; composed ones may, too.
OTHER_SOURCES = {"stars", "everything", "a name of stars"}
#: Five million characters of prompt.
PROMPTS = {
    "English": "the billing export replays with the flag and the key of the model ",
    "one word": "x",
    "no blanks": "billingexport",
    "digits": "0123456789 ",
    "Chinese": "增量模型按键合并并在周日完整刷新。",
    "emoji": "\U0001f600",
    "accents": "e\u0301\u0302\u0303",
    "brackets": "[[[[((((<<<<{{{{",
    "Markdown": "# Title\n\n- [x] `code` **bold** | a | b |\n",
    "fences": "```\n",
    "line ends": "\n",
    "controls": "\x00\x1b[31m\u202e\u2028",
    "halves": "\ud83d",
    "paths": "../../a/b/c/d.py:12:3 ",
    "every other word new": "",
}

#: Runs a program and notes its peak memory, in KB. A small process starts it: what it is forked from counts, too.
MEASURED = """
import os, sys
process = os.fork()
if not process:
    os.execv(sys.argv[2], sys.argv[2:])
_, status, used = os.wait4(process, 0)
with open(sys.argv[1], "w") as file:
    file.write(f"{used.ru_maxrss} {used.ru_utime + used.ru_stime}")
os._exit(os.waitstatus_to_exitcode(status))
"""
PRE_TOOL_USE = str(ROOT / "hooks" / "pre_tool_use.py")


class Cost(NamedTuple):
    """One start: seconds on the clock, of processor time, and megabytes at the peak."""

    seconds: float
    processor: float
    megabytes: float


class Worst:
    """The dearest of many starts; raises AssertionError for one past the limits."""

    def __init__(self) -> None:
        self.starts = 0
        self.seconds = self.processor = self.megabytes = 0.0

    def add(self, said: str, cost: Cost) -> None:
        self.starts += 1
        self.seconds = max(self.seconds, cost.seconds)
        self.processor = max(self.processor, cost.processor)
        self.megabytes = max(self.megabytes, cost.megabytes)
        assert cost.processor < MOST_SECONDS, f"{said}: a start took {cost.processor:.2f} s of the processor"
        assert cost.megabytes < MOST_MEGABYTES, f"{said}: a start took {cost.megabytes:.0f} MB"

    def __str__(self) -> str:
        return (
            f"at most {self.processor:.2f} s of the processor ({self.seconds:.2f} s on the clock) and "
            f"{self.megabytes:.0f} MB a start"
        )


def project_with(folder: Path, profiles: str) -> Path:
    """A project whose profiles file holds this, with notes that patterns which match everything find."""
    files = {
        ".claude/memory/patterns/billing.md": "# Billing\n\nThe billing export replays with the flag.\n",
        ".claude/memory/budget-profiles.json": profiles,
        **{f"docs/{'a' * 60}-{number}.md": "# Note\n\nOf billing.\n" for number in range(60)},
        "/".join(["deep", *(f"d{number}" for number in range(12)), "n.md"]): "# Note\n\nText.\n",
    }
    return make_project(folder, files)


def start(root: Path, home: Path, prompt: str, tool_use: str) -> tuple[hooks.Said, Cost]:
    """One start in a process of its own, and what it cost."""
    with tempfile.NamedTemporaryFile("r") as most:
        program = (hooks.INTERPRETER, "-c", MEASURED, most.name, hooks.INTERPRETER, "-I", "-S", PRE_TOOL_USE)
        call = hooks.agent_call("dbt-expert", prompt, tool_use)
        began = time.monotonic()
        said = hooks.run("pre_tool_use", call, root, home, program=program)
        seconds = time.monotonic() - began
        kilobytes, processor = most.read().split()
    return said, Cost(seconds, float(processor), int(kilobytes) / 1024)


def check_answered(said: hooks.Said, name: str) -> None:
    """A prompt that was left alone must not hide a start that failed."""
    assert said.code == 0, f"{name}: exit code {said.code}; {said.err}"
    assert WITHOUT not in said.message, f"{name}: {said.message}"


def profiles_file(name: str, text: str, worst: Worst) -> None:
    """Starts in a project with this profiles file, without an index and with one."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = Path(folder, "home")
        (home / "plugin-data").mkdir(parents=True)
        (home / "plugin-data/interpreter").write_text("/bin/true\n")  # nothing is done behind the back
        root = project_with(Path(folder, "project"), text)
        for indexed in (False, True):
            if indexed:
                update.update_index(Project(str(root), str(home)))
            said, cost = start(root, home, PROMPT, f"t{indexed}")
            worst.add(f"{name}, {'with' if indexed else 'without'} an index", cost)
            check_answered(said, name)
            assert said.prompt is None or said.prompt.endswith(PROMPT), f"{name}: another prompt"
            if name not in OTHER_SOURCES and not name.startswith("composed"):
                assert "replays with the flag" in str(said.prompt), f"{name}: no memory; {said.message}"


_PARTS = [
    "**",
    "*",
    "?",
    "[a-z]",
    "[!",
    "{a,b,c}",
    "{1,2}{3,4}",
    "a" * 50,
    "<agent>",
    "..",
    "\\",
    "{",
    "}}",
    "*a*b*c",
    "docs",
]
_SECTIONS = [
    "profiles",
    "agents",
    "agent_assignments",
    "default_profile",
    "complexity",
    "schedule",
    "log",
    "otlp",
    "tuning",
]


def composed(rng: random.Random) -> str:
    """A profiles file of hostile parts that is whole JSON, of half a megabyte at the most."""
    room = 400_000

    def pattern() -> str:
        nonlocal room
        made = "/".join(rng.choices(_PARTS, k=rng.randrange(1, 30))) + rng.choice([".md", "", "/**"])
        room -= len(made)
        return made

    def patterns(most: int) -> list[str]:
        return [pattern() for _ in range(most) if room > 0]

    def value(depth: int) -> object:
        kind = rng.randrange(8)
        if depth > 4 or kind < 3 or room < 0:
            return rng.choice([None, True, -1, 10**30, 1e308, "", "x" * 200, pattern()])
        if kind < 5:
            return patterns(rng.choice([1, 10, 2000]))
        return {
            rng.choice([pattern(), "sources", "profiles", "global"]): value(depth + 1)
            for _ in range(rng.randrange(1, 40))
        }

    made: dict[str, object] = {"sources": {"global": patterns(rng.choice([1, 30, 3000]))}}
    if rng.random() < 0.5:  # else the sources alone, which are used where nothing else is wrong
        made |= {name: value(0) for name in rng.sample(_SECTIONS, rng.randrange(1, len(_SECTIONS)))}
    return json.dumps(made)


def prompt_of(name: str, size: int) -> str:
    if not PROMPTS[name]:
        return " ".join(f"w{number:x}" for number in range(size // 7))
    return PROMPTS[name] * (size // len(PROMPTS[name]))


def long_prompts(names: list[str], size: int, worst: Worst) -> None:
    """Starts with prompts of so many characters."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = Path(folder, "home")
        (home / "plugin-data").mkdir(parents=True)
        (home / "plugin-data/interpreter").write_text("/bin/true\n")
        root = project_with(Path(folder, "project"), "{}")
        update.update_index(Project(str(root), str(home)))
        for number, name in enumerate(names):
            prompt = prompt_of(name, size)
            said, cost = start(root, home, prompt, f"t{number}")
            worst.add(f"a prompt of {size:,} characters ({name})", cost)
            check_answered(said, name)
            assert name == "halves" or said.prompt is None or said.prompt.endswith(prompt[-1000:]), name


def run(size: int) -> list[str]:
    """Every hostile profiles file, `size` composed ones, and prompts of five million characters."""
    files, prompts = Worst(), Worst()
    for name, text in HOSTILE.items():
        profiles_file(name, text, files)
    for number in range(size):
        profiles_file(f"composed {number}", composed(random.Random(number)), files)
    long_prompts(list(PROMPTS), 5_000_000, prompts)
    return [
        f"{len(HOSTILE) + size} hostile profiles files, {files.starts} starts: 0 without an answer or with another prompt; {files}",
        f"{prompts.starts} prompts of 5,000,000 characters: 0 without an answer or with another prompt; {prompts}",
    ]
