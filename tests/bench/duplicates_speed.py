"""How long it takes to look for duplicates in a large memory: `python -m tests.bench.duplicates_speed [FILES]`.

Makes FILES notes (20,000) of about 400 tokens in a scratch folder: a tenth are byte copies, a tenth differ from
another by one sentence, and a sentence of every note is boilerplate. Prints the time of the index and of the search.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from pathlib import Path

from memory_budget.base.project import Project
from memory_budget.index import update
from memory_budget.upkeep import survey

AGENTS = 50
VOCABULARY = 4_000


def main(files: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_notes(Path(folder), files)
        project = Project(folder, folder)
        started = time.perf_counter()
        update.update_index(project)
        print(f"index of {files} files: {time.perf_counter() - started:.1f} s")
        started = time.perf_counter()
        own = survey.begin_survey(project, time.time())
        print(f"looked at again: {time.perf_counter() - started:.1f} s")
        report = survey.survey_duplicates(own)
        copies = sum(len(one.copies) for one in report.sets)
        print(
            f"duplicates: {report.seconds:.1f} s; {len(report.sets)} sets, {copies} copies; {len(report.near)} near; "
            f"{report.chunk_sets} passages of {report.tokens:,} tokens"
        )


def write_notes(root: Path, files: int) -> None:
    rng = random.Random(files)
    words = [
        "".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(3, 9))) for _ in range(VOCABULARY)
    ]

    def sentence() -> str:
        return " ".join(rng.choices(words, k=rng.randint(10, 18))).capitalize() + "."

    def note(number: int) -> list[str]:
        parts = [f"# {sentence()}"]
        for _ in range(rng.randint(3, 6)):
            parts += [f"## {sentence()}", " ".join(sentence() for _ in range(rng.randint(3, 6)))]
        return [*parts, f"This note number {number} follows the rules of the house for notes."]

    made: list[list[str]] = []
    for number in range(files):
        kind = rng.random()
        if made and kind < 0.1:
            parts = rng.choice(made)
        elif made and kind < 0.2:
            parts = list(rng.choice(made))
            parts[2] += " " + sentence()
        else:
            parts = note(number)
        made.append(parts)
        path = root / f".claude/memory/specialists/agent-{number % AGENTS}/patterns/note-{number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
