"""How much of ordinary text `text/escape` changes, and what it costs.

    python3 -m tests.bench.escaping FOLDER [FOLDER ...]

Every Markdown file below a folder is a text, and so is every string in its `.jsonl` and `.jsonl.gz` files. A changed line is
printed with a few characters around the change, so that a person can judge it.
"""

from __future__ import annotations

import gzip
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "lib"))

from memory_budget.text.escape import neutral

AROUND = 40


def texts(folder: Path) -> Iterator[str]:
    """The texts of a folder, in the order of its paths."""
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".md" and path.is_file():
            yield path.read_bytes().decode("utf-8", "replace")
        elif path.name.endswith((".jsonl", ".jsonl.gz")):
            read = gzip.open if path.suffix == ".gz" else open
            with read(path, "rt", encoding="utf-8") as lines:
                for line in lines:
                    yield from strings(json.loads(line))


def strings(value: Any) -> Iterator[str]:
    """Every string in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from strings(inner)


def changed_lines(text: str, shown: str) -> list[str]:
    """Where the two differ: the lines, cut to what stands around the first difference."""
    found = []
    for before, after in zip(text.split("\n"), shown.split("\n"), strict=False):
        if before != after:
            at = next(
                (place for place, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]),
                0,
            )
            found.append(after[max(0, at - AROUND) : at + AROUND])
    return found


def main() -> int:
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    for folder in sys.argv[1:]:
        count = characters = touched = 0
        lines: list[str] = []
        seconds = 0.0
        for text in texts(Path(folder)):
            began = time.process_time()
            shown = neutral(text)
            seconds += time.process_time() - began
            count += 1
            characters += len(text)
            if shown != text:
                touched += 1
                lines += changed_lines(text, shown)
        cost = seconds / characters * 1e9 if characters else 0.0
        print(
            f"{folder}: {count:,} texts, {characters:,} characters, {touched} texts changed, {cost:.1f} ms per MB"
        )
        for line in lines:
            print(f"    {line!r}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
