"""A damaged index, in any way: an agent starts with its memory and its own prompt, nothing of what was damaged is sent, and what
a start could not read is made anew behind its back, so that the next one reads an index again."""

from __future__ import annotations

import random
import sqlite3
import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path
from unittest.mock import patch

from memory_budget.base import spawn
from memory_budget.index import schema, update
from memory_budget.index.reader import IndexReader, IndexUnusable
from tests.torture import child
from tests.torture.scene import Scene

#: How an index is damaged.
KINDS = ("bytes", "page", "sectors", "misplaced", "cut", "emptied", "doubled", "noise", "log", "foreign")


def more_notes(scene: Scene) -> None:
    """Enough memory for an index of a few dozen pages."""
    folder = scene.root / ".claude/memory/specialists/dbt-expert/patterns"
    for number in range(40):
        lines = [
            f"Incremental models of area {number} merge on column k{number}_{line}." for line in range(30)
        ]
        (folder / f"area-{number}.md").write_text(f"# Area {number}\n\n" + "\n\n".join(lines) + "\n")


def damaged(rng: random.Random, kind: str, whole: bytes) -> bytes:
    """The index with a damage of this kind."""
    made = bytearray(whole)
    if kind == "bytes":
        for _ in range(rng.randrange(1, 13)):
            made[rng.randrange(len(made))] = rng.randrange(256)
    elif kind == "page":
        at = rng.randrange(len(made) // 4096) * 4096
        made[at : at + 4096] = rng.choice([bytes(4096), rng.randbytes(4096)])
    elif kind == "sectors":
        for _ in range(rng.randrange(1, 9)):
            at = rng.randrange(len(made) // 512) * 512
            made[at : at + 512] = bytes(512)
    elif kind == "misplaced":
        pages = len(made) // schema.PAGE_SIZE
        at, other = (rng.randrange(1, pages) * schema.PAGE_SIZE for _ in range(2))
        made[at : at + schema.PAGE_SIZE] = made[other : other + schema.PAGE_SIZE]
    elif kind == "cut":
        del made[rng.randrange(len(made)) :]
    elif kind == "emptied":
        made.clear()
    elif kind == "doubled":
        made += bytes(made)
    elif kind == "noise":
        made[:] = rng.randbytes(rng.randrange(1, 20_000))
    elif kind == "foreign":
        made[:] = b"SQLite format 3\0" + rng.randbytes(4080)
    return bytes(made)


class Damage:
    """A project whose index is damaged again and again."""

    def __init__(self, folder: Path) -> None:
        self.scene = Scene(folder)
        more_notes(self.scene)
        update.update_index(self.scene.project)
        with closing(sqlite3.connect(self.scene.project.index)) as index:
            for number in range(400):
                index.execute(
                    "INSERT INTO file_uses VALUES(?, 3, 9, '[\"dbt-expert\"]')", (f"a/long/path/{number}.md",)
                )
                index.execute("INSERT INTO uses VALUES(?, 3, 9, '[\"dbt-expert\"]')", (number * 7919,))
            index.commit()
            index.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self.whole = Path(self.scene.project.index).read_bytes()
        self.lines = {
            line
            for note in (self.scene.root / ".claude/memory").rglob("*.md")
            for line in note.read_text().splitlines()
        }
        self.number = 0

    def start(self) -> tuple[str, bool]:
        """An agent's start: its prompt, and whether the index is to be brought up to date behind its back."""
        asked: list[str] = []
        self.number += 1
        with patch.object(spawn, "start", lambda _, task, *__: asked.append(task)):
            (Path(self.scene.project.cache) / "state/index.started").unlink(missing_ok=True)
            said = child.perform("pre", self.scene.project, self.scene.call(self.number, context=False))
        answer = child.parsed(said)
        return answer.get("hookSpecificOutput", {}).get("updatedInput", {}).get(
            "prompt", ""
        ), "index" in asked

    def put(self, rng: random.Random, kind: str) -> None:
        """Put a damaged index into the place of the good one."""
        path = Path(self.scene.project.index)
        for side in ("-wal", "-shm", "-journal"):
            path.with_name(path.name + side).unlink(missing_ok=True)
        fresh = path.with_name("damaged")
        fresh.write_bytes(self.whole if kind == "log" else damaged(rng, kind, self.whole))
        fresh.replace(path)
        if kind == "log":
            path.with_name(path.name + "-wal").write_bytes(rng.randbytes(rng.randrange(1, 40_000)))

    def check(self, said: str, prompt: str) -> None:
        """The agent has memory and its own prompt, and nothing that does not stand in memory."""
        assert prompt.startswith("<project-memory "), f"{said}: no memory"
        assert prompt.endswith("Write up the incremental models."), f"{said}: another prompt"
        assert "merge on" in prompt, f"{said}: nothing of the memory that the task needs"
        for line in prompt.splitlines():
            if "merge on" in line:
                assert line in self.lines, f"{said}: {line!r} stands in no note"

    def bring_up_to_date(self, said: str) -> None:
        """As it is done behind the agent's back, and when a session starts."""
        try:
            update.update_index(self.scene.project, thorough=True)
        except Exception as error:
            raise AssertionError(f"{said}: cannot be made anew: {type(error).__name__}: {error}") from error

    def usable(self) -> bool:
        try:
            IndexReader(self.scene.project.index).close()
        except IndexUnusable:
            return False
        return True


def starts(kinds: tuple[str, ...], count: int, seed: int = 1) -> Counter[str]:
    """`count` damaged indexes, each met by starts until one asks for nothing more."""
    found: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        damage = Damage(Path(folder))
        for case in range(count):
            rng = random.Random(f"{seed}-{case}")
            kind = kinds[case % len(kinds)]
            damage.put(rng, kind)
            said = f"{kind}, case {case}"
            found["damaged"] += 1
            for _ in range(3):
                prompt, asked = damage.start()
                found["starts"] += 1
                damage.check(said, prompt)
                if not asked:
                    break
                damage.bring_up_to_date(said)
                found["made anew"] += 1
            else:
                raise AssertionError(f"{said}: the third start still asks for another index")
            assert damage.usable(), f"{said}: not made anew"
    return found


def run(size: int) -> list[str]:
    """`size` damaged indexes of every kind."""
    found = starts(KINDS, size * len(KINDS))
    return [
        f"{found['damaged']} damaged indexes ({', '.join(KINDS)}), {found['starts']} starts: 0 without memory, 0 with text "
        f"that stands in no note; {found['made anew']} times the index was brought up to date, 0 not healed"
    ]
