"""Very large notes: one line of many megabytes, files past the limit, notes of nothing but headings. Starts stay quick, with an index
and without one, what is not read is named, and the notes beside them are sent."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from memory_budget.index.scan import LARGEST
from tests.support import hooks
from tests.support.environment import ROOT
from tests.support.projects import make_project
from tests.torture import weapons

MEGABYTE = 1_000_000
#: Content of one note, by what is odd about it; one past the limit is named and not read.
NOTES = {
    "one line of 27 MB": lambda: "billing export " * (27 * MEGABYTE // 15),
    "one word of 27 MB": lambda: "b" * (27 * MEGABYTE),
    "a line just under the limit": lambda: "The billing export replays. " * ((LARGEST - 100) // 28),
    "a word just under the limit": lambda: "b" * (LARGEST - 100),
    "a byte past the limit": lambda: "x" * (LARGEST + 1),
    "60,000 headings": lambda: "".join(f"# Billing {number}\n" for number in range(60_000)),
    "a heading of a megabyte": lambda: "# " + "billing " * (MEGABYTE // 8) + "\n\nText.\n",
    "200,000 list items": lambda: "- b\n" * 200_000,
    "a table of 2 MB": lambda: "| a | b |\n|---|---|\n" + "| billing | export |\n" * 100_000,
    "a fence that never ends": lambda: "```\n" + "billing export\n" * 100_000,
    "2,000,000 line ends": lambda: "\n" * 2_000_000,
    "front matter that never ends": lambda: "---\n" + "key: value\n" * 150_000,
    "no letter": lambda: "\u200b\u2060" * 500_000,
    "Chinese in one line": lambda: "增量模型按键合并" * 160_000,
    "half a sign everywhere": lambda: "\udcff" * MEGABYTE,
    "nested quotes": lambda: ">" * 500_000 + " billing",
    "nested lists": lambda: "".join(" " * number + "- b\n" for number in range(1_500)),
}
PROMPT = "How does the billing export replay?"
#: Seconds of the processor that one such note may cost the index, and megabytes.
MOST_SECONDS = 30.0
MOST_MEGABYTES = 400
GOOD = "# Billing export\n\nThe billing export replays with the flag.\n"


def note(name: str, starts: weapons.Worst, builds: list[weapons.Cost]) -> bool:
    """A project with such a note beside a good one: starts, an index, starts again. Returns whether the note was named."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = Path(folder, "home")
        (home / "plugin-data").mkdir(parents=True)
        (home / "plugin-data/interpreter").write_text("/bin/true\n")  # nothing is done behind the back
        root = make_project(Path(folder, "project"), {".claude/memory/patterns/good.md": GOOD})
        odd = root / ".claude/memory/patterns/odd.md"
        odd.write_bytes(NOTES[name]().encode("utf-8", "surrogateescape"))
        said = ""
        for indexed in (False, True):
            if indexed:
                said, cost = build(root, home)
                builds.append(cost)
                assert cost.processor < MOST_SECONDS, f"{name}: an index took {cost.processor:.1f} s"
                assert cost.megabytes < MOST_MEGABYTES, f"{name}: an index took {cost.megabytes:.0f} MB"
            answer, cost = weapons.start(root, home, PROMPT, f"t{indexed}")
            starts.add(f"{name}, {'with' if indexed else 'without'} an index", cost)
            assert "replays with the flag" in str(answer.prompt), f"{name}: the good note is not sent"
            assert len(str(answer.prompt)) < 500_000, (
                f"{name}: {len(str(answer.prompt)):,} characters are sent"
            )
        named = "odd.md" in said
        assert named or odd.stat().st_size <= LARGEST, f"{name}: not read, and not named"
        return named


def build(root: Path, home: Path) -> tuple[str, weapons.Cost]:
    """`memory-budget index` in a process of its own: what it says, and what it cost."""
    with tempfile.NamedTemporaryFile("r") as most:
        main = str(ROOT / "lib/memory_budget/__main__.py")
        program = [
            sys.executable,
            "-c",
            weapons.MEASURED,
            most.name,
            sys.executable,
            "-I",
            main,
            "index",
            "--project",
            str(root),
        ]
        done = subprocess.run(
            program, env=hooks.environ(root, home), capture_output=True, text=True, timeout=300
        )
        kilobytes, processor = most.read().split()
    assert done.returncode in (0, 1), done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout, weapons.Cost(0.0, float(processor), int(kilobytes) / 1024)


def run(size: int) -> list[str]:
    """Up to `size` kinds of notes."""
    starts, builds = weapons.Worst(), list[weapons.Cost]()
    names = list(NOTES)[:size]
    named = sum(note(name, starts, builds) for name in names)
    return [
        f"{len(names)} kinds of very large notes, {starts.starts} starts: 0 without the note beside it; {starts}; {named} notes "
        f"named; an index took {max(cost.processor for cost in builds):.1f} s of the processor and "
        f"{max(cost.megabytes for cost in builds):.0f} MB at the most"
    ]
