"""`python3 -m tests.bench layouts [--natural]`: memory as people keep it, right and wrong by kind.

Runs every case of `tests/support/field_cases.py`: files as people write them, a task, what its agent must be sent and must not.
`--natural`: without the budgets that the cases name, so that how sure it is decides what is sent, too.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections import Counter
from pathlib import Path

from tests.support import field_cases


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tests.bench layouts")
    parser.add_argument("--natural", action="store_true", help="without budgets")
    options = parser.parse_args(argv)
    right: Counter[str] = Counter()
    every: Counter[str] = Counter()
    failures = []
    for case in field_cases.CASES:
        with tempfile.TemporaryDirectory(prefix="memory-budget-field-") as folder:
            home = Path(folder, "home")
            home.mkdir()
            os.environ["HOME"] = str(home)
            given = case._replace(budget=None) if options.natural else case
            faults = field_cases.wrong(Path(folder, "project"), home, given)
        every[case.kind] += 1
        right[case.kind] += not faults
        failures += [f"{case.kind}: {case.name}: {fault}" for fault in faults]
    print("| kind | cases | right | wrong |\n|---|---|---|---|")
    for kind, count in every.items():
        print(f"| {kind} | {count} | {right[kind]} | {count - right[kind]} |")
    print(f"| all | {every.total()} | {right.total()} | {every.total() - right.total()} |")
    for line in failures:
        print(f"  {line}")
    return 1 if failures else 0
