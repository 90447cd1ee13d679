from tests.support.memory_view import MemoryView

LONG = "\n\n".join(f"Word {number} stands here among others." for number in range(40))


def leaves(texts: dict[str, str], note: int = 100) -> list[list[str]]:
    """The first words of the chunks of each leaf."""
    view = MemoryView(texts, lambda text: len(text.split()), note=note)
    found: dict[tuple[int, int], list[str]] = {}
    for chunk in view.chunks():
        leaf = (chunk.leaf, 0 if chunk.leaf else chunk.section)
        found.setdefault(leaf, []).append(" ".join(view.said[chunk.id].split()[:2]))
    return list(found.values())


def test_a_leaf_is_the_text_under_one_heading_of_any_level() -> None:
    text = f"# Title\n\nIntro a.\n\n## One\n\nOne a.\n\nOne b.\n\n### Deep\n\nDeep a.\n\n## Two\n\nTwo a.\n\n## Rest\n\n{LONG}"
    found = leaves({"patterns/a.md": text})
    assert found[:4] == [["Intro a."], ["One a.", "One b."], ["Deep a."], ["Two a."]]


def test_a_short_note_is_one_leaf() -> None:
    assert leaves({"a.md": "# A\n\nFirst one.\n\n## B\n\nSecond one."}) == [["First one.", "Second one."]]
    assert len(leaves({"a.md": "# A\n\nFirst one.\n\n## B\n\nSecond one."}, note=0)) == 2


def test_a_dated_conversation_has_a_leaf_for_each_turn() -> None:
    text = "# Talk\n\n## User\n\nWhat now?\n\n## Assistant\n\nSleep first.\n\n## User\n\nGood idea."
    for name in ("2024-05-08-talk.md", "talk_20240508.md"):
        assert leaves({f"recent/{name}": text}) == [["What now?"], ["Sleep first."], ["Good idea."]]
    assert len(leaves({"recent/talk.md": text})) == 1


def test_a_dated_note_with_headings_is_cut_by_them() -> None:
    text = f"# Audit\n\n## Findings\n\nOne a.\n\nOne b.\n\n## Fixes\n\n{LONG}"
    assert leaves({"2026-03-17-audit.md": text})[0] == ["One a.", "One b."]
