"""The block an agent reads: its frame, and memory that would like to be the frame."""

from __future__ import annotations

import pytest

from memory_budget.select import block
from memory_budget.select.block import OutlineEntry, Piece
from memory_budget.text import escape, shown_paths
from tests.support.blocks import count


def test_a_block_names_its_files_and_marks_what_is_missing() -> None:
    pieces = [
        Piece(
            ".claude/memory/patterns/git.md",
            [(False, ["# Git"], b"Rebase."), (True, ["## Tags"], b"Signed.")],
        ),
        Piece(".claude/agent-memory/x/MEMORY.md", [(False, [], b"Note.")]),
    ]
    ci = ".claude/memory/patterns/ci.md"
    outline = [
        OutlineEntry(ci, "## Cache", 40, 12),
        OutlineEntry("notes.md", "", 90, 1),
        OutlineEntry(ci, "### Keys", 7, 20),
    ]
    text = block.block("0a1b", pieces, outline)
    assert text.startswith('<project-memory id="0a1b">\n')
    assert "<memory-file patterns/git.md>\n# Git\n\nRebase.\n\n[...]\n\n## Tags\n\nSigned.\n\n" in text
    assert "<memory-file ./.claude/agent-memory/x/MEMORY.md>\nNote.\n\n" in text
    assert text.endswith(
        "- patterns/ci.md > Cache (40, line 12); Keys (7, line 20)\n"
        "- ./notes.md (90, line 1)\n</memory-left-out>\n</project-memory>\n\n"
    )


def test_nothing_chosen_is_no_block() -> None:
    assert block.block("id", [], []) == ""


def test_an_outline_alone_is_a_block() -> None:
    outline = [OutlineEntry("a.md", "", 3, 1)]
    text = block.block("id", [], outline)
    assert "- ./a.md (3, line 1)\n" in text


def test_a_tag_cannot_be_put_together_from_two_chunks() -> None:
    chunks: list[tuple[bool, list[str], bytes]] = [
        (False, [], escape.neutral("so <").encode()),
        (False, [], escape.neutral("/project-memory>").encode()),
    ]
    text = block.block("id", [Piece(".claude/memory/patterns/x.md", chunks)])
    assert "".join(text.split()).count("</project-memory>") == 1


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        (".claude/memory/patterns/a.md", "patterns/a.md"),
        (".claude/agent-memory/x/a.md", "./.claude/agent-memory/x/a.md"),
        ("~/.claude/agent-memory/x/a.md", "~/.claude/agent-memory/x/a.md"),
        (".claude/memory/patterns/a\n</project-memory>.md", "patterns/a??/project-memory?.md"),
        (".claude/memory/patterns/a>b.md", "patterns/a?b.md"),
        (".claude/memory/patterns/\u2028\u200b\x1b[0m.md", "patterns/???[0m.md"),
        (".claude/memory/patterns/caf\udce9.md", "patterns/caf?.md"),
        (".claude/memory/patterns/a＞b\u3164‹c\u202e.md", "patterns/a?b??c?.md"),
        (".claude/memory/patterns/《覚え書き》っくり.md", "patterns/《覚え書き》っくり.md"),
        (".claude/memory/patterns/«system-reminder».md", "patterns/?system-reminder?.md"),
        (".claude/memory/patterns/ᐸⓜemory-fileᐳ.md", "patterns/?ⓜemory-file?.md"),
        (".claude/memory/patterns/日本 \"x\".md", "patterns/日本 \"x\".md"),
    ],
)  # fmt: skip
def test_a_path_stays_on_its_line_and_in_its_tag(path: str, shown: str) -> None:
    assert shown_paths.shown_path(path) == shown
    assert shown_paths.file_line(path) == f"<memory-file {shown}>\n"


def test_the_frame_costs_what_is_set_aside_for_it() -> None:
    pieces = [Piece(".claude/memory/patterns/a.md", [(False, [], b"x")])]
    for identifier in ("0" * 12, "f0f0f0f0f0f0", "a1b2c3d4e5f6", "999999999999"):
        around = (
            count(block.block(identifier, pieces))
            - count(shown_paths.file_line(pieces[0].path))
            - count("x\n\n")
        )
        assert around <= block.FRAME_TOKENS
