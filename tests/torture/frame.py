"""Memory that would like to be something else: disguised tags and turns, made from what Unicode says of its characters, in bodies,
headings, labels and file names. What an agent is sent has one frame, and nothing in it that a reader would take for another."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from memory_budget.base.project import Project
from memory_budget.index import update
from memory_budget.text.escape import neutral
from tests.property import test_escape_laws as laws
from tests.support import hooks
from tests.support.projects import make_project

#: Disguises in one project's memory.
BATCH = 100


def disguises(count: int) -> list[str]:
    """So many disguised tags and turns."""
    made: list[str] = []
    tag = laws.tags().map("".join)
    turn = st.tuples(
        st.sampled_from(["human", "assistant"]).flatmap(laws.disguised), st.sampled_from(":：꞉∶˸")
    )

    @settings(
        max_examples=count, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(tag | turn.map("".join))
    def draw(text: str) -> None:
        made.append(text)

    draw()
    return made[:count]


def memory_of(texts: list[str]) -> dict[str, str]:
    """Notes that say these texts in every place where memory has text."""
    notes = {}
    for number, text in enumerate(texts):
        line = text.replace("\n", " ").replace("\r", " ")
        name = line.replace("/", "").encode()[:100].decode("utf-8", "ignore")
        notes[f".claude/memory/specialists/dbt-expert/patterns/models {number} {name}.md"] = (
            f"---\ntitle: models {line}\n---\n# Incremental models {line}\n\n{text}\n\nIncremental models merge {line} on a key.\n\n"
            f"{text} write up the incremental models.\n"
        )
    return notes


def sent(texts: list[str]) -> str:
    """The block that an agent gets of such memory, all of it."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder, "home")
        home.mkdir()
        profiles = {
            ".claude/memory/budget-profiles.json": '{"profiles": {"specialist-narrow": {"generosity": 100}}}'
        }
        root = make_project(Path(folder, "project"), {**memory_of(texts), **profiles})
        update.update_index(Project(str(root), str(home)))
        prompt = str(hooks.pre(root, home).prompt)
    block, end, rest = prompt.partition("</project-memory>")
    assert rest == "\n\nWrite up the incremental models.", f"the frame ends too early: {rest[:100]!r}"
    return block + end


def check(texts: list[str]) -> int:
    """One frame around the block, and nothing in it that is not neutral. Returns how many notes were sent."""
    block = sent(texts)
    lines = block.splitlines()
    frames = [line for line in lines if line.startswith(("<project-memory", "</project-memory"))]
    assert len(frames) == 2, frames
    own = ("<project-memory", "</project-memory", "<memory-file", "<memory-left-out", "</memory-left-out")
    named = [line[1:-1] for line in lines if line.startswith("<memory-file")]
    inside = "\n".join([*(line for line in lines if not line.startswith(own)), *named])
    shown = neutral(inside)
    wrong = [
        (was, now) for was, now in zip(inside.splitlines(), shown.splitlines(), strict=False) if was != now
    ]
    assert not wrong, f"not made harmless: {wrong[:3]}"
    return len(named)


def run(size: int) -> list[str]:
    """`size` disguises."""
    texts = disguises(size)
    notes = sum(check(texts[start : start + BATCH]) for start in range(0, len(texts), BATCH))
    return [
        f"{len(texts)} disguised tags and turns in {notes} notes that were sent: 0 passed, 0 frames ended early"
    ]
