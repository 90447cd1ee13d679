"""A folder of memory behind the path the hooks take: its index, an agent's allocation, the block as it is printed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from memory_budget.base.project import Project
from memory_budget.index import update
from memory_budget.start import allocate as start_allocate
from memory_budget.start.project_state import open_state


class IndexedProject:
    """A project in a temporary folder, with an empty home. `fill` writes the project's files into the folder given.

    The index is made once, and opened once for all allocations.
    """

    def __init__(self, fill: Callable[[Path], object], count: Callable[[str], int]) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="memory-budget-bench-")
        root = Path(self._folder.name)
        (root / "home").mkdir()
        fill(root / "project")
        self.project = Project(str(root / "project"), str(root / "home"))
        update.update_index(self.project)
        self.known = open_state(self.project)
        self._count = count

    def close(self) -> None:
        self.known.close()
        self._folder.cleanup()

    def allocate(
        self,
        prompt: str,
        *,
        agent: str = "general-purpose",
        tier: str | None = "medium",
        profile: str | None = None,
        cap: int | None = None,
    ) -> start_allocate.Allocation:
        """What an agent gets. An agent that gets nothing on purpose has no place in a benchmark."""
        found = start_allocate.allocate(
            self.project,
            start_allocate.Task(agent, prompt),
            state=self.known,
            cap=cap,
            tier=tier,
            profile=profile,
        )
        if isinstance(found, start_allocate.Nothing):
            raise SystemExit(f"{agent} gets no memory on purpose")
        if found.estimated:
            raise SystemExit("the index could not be read")
        return found

    def block(self, allocation: start_allocate.Allocation) -> tuple[str, int]:
        """The block and its tokens, counted anew. A block over its budget ends the run."""
        text = start_allocate.render(allocation)
        used = self._count(text)
        if used > allocation.budget:
            raise SystemExit(
                f"over budget: {used} of {allocation.budget} tokens for {allocation.task.prompt!r}"
            )
        return text, used


def fill_from(texts: Mapping[str, str]) -> Callable[[Path], None]:
    """Writes files of the given project-relative paths."""

    def fill(root: Path) -> None:
        for path, text in texts.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")

    return fill
