"""What is named and not sent."""

from __future__ import annotations

from memory_budget.select import outline
from memory_budget.select.confidence import Evidence
from memory_budget.select.query import Query
from memory_budget.select.ranking import rank
from tests.support.memory_view import MemoryView

LONG = "\n\n".join(f"Gizmo paragraph {number} of a section." for number in range(30))


def named(files: int, sections: int, limit: int) -> dict[str, list[tuple[str, int, int]]]:
    """Headings, tokens and lines of the entries by file, of that many files about the gizmo."""
    text = "\n\n".join(f"## Part {number}\n\n{LONG}" for number in range(sections))
    texts = {f"patterns/n{number:02}.md": f"# Note {number}\n\n{text}\n" for number in range(files)}
    view = MemoryView(texts, lambda text: len(text.split()))
    leaves = rank(view, Query("the gizmo")).leaves
    chunks = [chunk for leaf in leaves for chunk in leaf.chunks]
    known = view.files({chunk.file for chunk in chunks})
    entries, cost = outline.outline(leaves, view.headings(), known, limit)
    assert cost <= limit
    sizes = {file.path: file.tokens for file in known.values()}
    found: dict[str, list[tuple[str, int, int]]] = {}
    for entry in entries:
        found.setdefault(entry.path, []).append((entry.heading, entry.tokens, entry.line))
        assert entry.heading or entry.tokens == sizes[entry.path]
    return found


def test_many_files_are_named_rather_than_much_of_one() -> None:
    found = named(files=20, sections=6, limit=400)
    assert len(found) > 8
    for entries in found.values():
        assert [bool(heading) for heading, _, _ in entries] == [False, True][: len(entries)]
        assert entries[0][2] == 1


def test_where_all_files_are_named_more_of_their_sections_are() -> None:
    (entries,) = named(files=1, sections=6, limit=400).values()
    assert len(entries) == 7
    assert len({heading for heading, _, _ in entries}) == 7


def test_nothing_is_named_where_nothing_fits() -> None:
    assert named(files=3, sections=2, limit=20) == {}


def test_the_outline_grows_with_what_is_asked_for() -> None:
    def tokens(mass: float, wanted: float) -> int:
        return outline.tokens(Evidence(mass, wanted, 1, 1, 1000))

    assert tokens(1, 20) == tokens(4, 20) == outline.SHORT_TOKENS
    assert tokens(10, 20) == outline.TOKENS
    assert outline.SHORT_TOKENS <= tokens(6, 6) < tokens(10, 12) < outline.TOKENS
