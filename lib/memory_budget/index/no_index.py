"""An agent's view of memory when there is no index yet: part of the files, read while the agent waits.

The tables of an index, empty, in memory, with an overlay that holds what can be parsed in a tenth of a second: the
agent's own files before the global ones, the last changed first. Tokens are upper bounds.
"""

from __future__ import annotations

from memory_budget.index.freshness import Changes
from memory_budget.index.overlay import Overlay
from memory_budget.index.reader import Group, IndexReader, owners_of
from memory_budget.index.scan import scan_sources
from memory_budget.index.schema import empty_index
from memory_budget.index.view import MemoryView

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from memory_budget.base.project import Project
    from memory_budget.index.sources import Sources

#: Bytes of memory that are read while an agent waits: what can be parsed in a tenth of a second.
READ_LIMIT = 60_000


class _Unwritten(IndexReader):
    """A reader of an index in memory, which has no file."""

    __slots__ = ()

    def __init__(self) -> None:
        self.db = empty_index()


def makeshift_view(
    project: Project, sources: Sources, names: Sequence[str], native: str, today: int
) -> MemoryView:
    """The view of an agent with these folder names."""
    files = scan_sources(project, sources, names).files
    group_numbers: dict[tuple[str, str, str, str], int] = {}
    for file in files:
        group_numbers.setdefault(file.place.key, len(group_numbers) + 1)
    chosen_groups = set(owners_of(((number, *key) for key, number in group_numbers.items()), names))
    groups = [
        Group((number, *key, 0, 0, 0, 0)) for key, number in group_numbers.items() if number in chosen_groups
    ]
    view = MemoryView(_Unwritten(), groups, native, today)
    agent_files = [file for file in files if group_numbers[file.place.key] in chosen_groups]
    agent_files.sort(key=lambda file: (file.place.scope == "global", -file.mtime_ns, file.path))
    changes = Changes()
    changes.files = agent_files
    overlay = Overlay(view, changes, native, READ_LIMIT)
    view.lay_over(overlay)
    unread = sum(file.size for file in agent_files) - overlay.bytes
    view.scoped_tokens += unread // 4  # about four bytes a token: only the reduction reported rests on it
    return view
