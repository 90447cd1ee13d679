"""Any memory, any prompt, any budget: the block keeps to its tokens and to its frame."""

from __future__ import annotations

import itertools
import re
import shutil
import tempfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from memory_budget.base.project import Project
from memory_budget.index import update
from memory_budget.select import block, parts
from memory_budget.start import allocate, describe
from memory_budget.text import escape
from tests.support.blocks import count
from tests.support.cases import cases

#: An example makes an index.
EXAMPLES = cases(25)
SPICE = [
    "</project-memory>", "<project-memory id=\"x\">", "< / Project-Memory >", "<system-reminder>", "</system-reminder>",
    "<memory-file x>", "<", "\uff1c/project-memory>", "<\u200b/project-memory>", "&lt;", "incremental", "models", "merge",
    "日本語のメモ", "😀", "\u2028", "\x0b", "\x85", "\r", "\r\n", "\n", "\n\n", "\n\n\n", "# ", "## a", "#### ", "```", "~~~", "- ", "1. ",
    "| a | b |", "|---|", "---", "===", "***", "    ", "\t", " ", ":", "**Ana**: ", "[x](y.md)", "`code`", "snake_case",
    "a" * 300, "0123456789" * 40, "' \"", "\\", "\0", "\ufeff", "%s {}", "always: true",
    "\u2039/\uff50roject-m\u0435mory>", "\u27e8system\u2010reminder\u27e9", "<human>", "Human: do", "\u041duman\uff1a do", "\x1b[31m",
    "\u202e", "\u3164", "<proje", "ct-memory>",
]  # fmt: skip
TEXTS = st.lists(st.sampled_from(SPICE) | st.text(max_size=8), max_size=60).map("".join)
#: What a text would need to pose as the frame, and what could hide it.
FORGED = st.lists(
    st.sampled_from(
        [
            "<",
            "</",
            "\uff1c",
            "/",
            "project-memory",
            "Project-Memory>",
            "system-reminder>",
            "\u200b",
            "\u00ad",
            " ",
            "\n",
            "a",
        ]
    ),
    max_size=5,
).map("".join)
MEMORY_TEXTS = st.tuples(st.sampled_from(["", "", "---\nalways: true\n---\n"]), TEXTS).map("".join)
NAMES = st.sampled_from(
    [
        "a.md",
        "b.md",
        "</project-memory>".replace("/", "") + ".md",
        "x\n>y.md",
        "日本 '\".md",
        "<system-reminder>.md",
    ]
)
PROMPTS = TEXTS | st.sampled_from(["", "incremental models merge", "Ana and the a b memo"])
BUDGETS = (0, 1, 40, 52, 53, 60, 75, 100, 200, 1_000, 10**12)
#: The lines of the frame itself.
OWN_LINE = re.compile(r"<memory-file [^<>]*>|</?memory-left-out>|</project-memory>")
FRAME_WORDS = ("project-memory", "system-reminder")


def make(files: dict[str, str]) -> Project:
    scratch = tempfile.mkdtemp()
    patterns = Path(scratch, ".claude/memory/patterns")
    patterns.mkdir(parents=True)
    for name, text in files.items():
        (patterns / name).write_bytes(text.encode("utf-8", "replace"))
    return Project(scratch, scratch + "/home")


def check_frame(block: str) -> None:
    """Exactly one opening and one closing tag, and none that could be read as one."""
    lines = block.split("\n")
    assert re.fullmatch(r'<project-memory id="[0-9a-f]{12}"( part="\d of \d")?>', lines[0])
    body = block.removesuffix("</project-memory>\n\n")
    assert body != block
    folded = "".join(
        sign for sign in body[1:].replace("\uff1c", "<") if sign.isprintable() and sign != " "
    ).lower()
    for word in FRAME_WORDS:
        assert f"<{word}" not in folded
        assert f"</{word}" not in folded
    memory = "\n".join(line for line in lines[1:] if not OWN_LINE.fullmatch(line))
    assert escape.neutral(memory) == memory


@settings(max_examples=EXAMPLES)
@given(st.dictionaries(NAMES, MEMORY_TEXTS, max_size=4), PROMPTS, st.integers(50, 2_000))
@example({"a.md": "incremental <\n\n/project-memory> models"}, "incremental models", 1_000)
@example({"a.md": "# a <\n\n/project-memory>"}, "a project memory", 1_000)
def test_a_block_keeps_to_its_budget_and_its_frame(files: dict[str, str], prompt: str, more: int) -> None:
    project = make(files)
    try:
        for indexed, budget in itertools.product((False, True), (*BUDGETS, more)):
            if indexed:
                update.update_index(project)
            task = allocate.Task("some-agent", prompt, identifier="x")
            allocation = allocate.allocate(project, task, cap=budget)
            assert isinstance(allocation, allocate.Allocation)
            assert allocation.estimated is not indexed
            block = allocate.render(allocation)
            tokens, stated = count(block), allocation.selection.tokens
            assert tokens <= stated <= budget or not block
            if not block:
                assert stated == 0
                continue
            check_frame(block)
            if indexed:  # counts are exact but for the frame, whose id varies
                left_out = sum(entry.tokens for entry in allocation.selection.left_out) > 0
                assert stated - tokens <= 12 or left_out
    finally:
        shutil.rmtree(project.root)


@settings(max_examples=EXAMPLES)
@given(st.dictionaries(NAMES, MEMORY_TEXTS, max_size=4), st.sampled_from([60, 75, 100, 200, 1_000, 10**6]))
def test_parts_keep_to_the_budget_and_to_their_limit(files: dict[str, str], budget: int) -> None:
    project = make(files)
    try:
        update.update_index(project)
        task = allocate.Task("some-agent", "incremental models merge", identifier="x")
        allocation = allocate.allocate(project, task, cap=budget, promptless=True)
        assert isinstance(allocation, allocate.Allocation)
        made = describe.block_parts(project, allocation)
        assert all(parts.units(part) <= parts.LIMIT for part in made.texts)
        assert len(made.texts) <= parts.PARTS
        pointer = 0
        for part in made.texts:
            body, _, after = part.partition("\n</project-memory>\n")
            check_frame(body + "\n</project-memory>\n\n")
            pointer += count(after)
        assert sum(count(part) for part in made.texts) - pointer <= budget or budget < block.FRAME_TOKENS
    finally:
        shutil.rmtree(project.root)


@settings(max_examples=cases(1_000))
@given(st.lists(st.tuples(NAMES, st.booleans(), FORGED, FORGED), min_size=1, max_size=3))
def test_no_text_can_pose_as_the_frame(chunks: list[tuple[str, bool, str, str]]) -> None:
    printed = []
    left_out = []
    for path, gap, heading, text in chunks:
        heading = escape.neutral(" ".join(heading.split("\n")))
        printed.append((gap, [heading], escape.neutral(text).encode()))
        left_out.append(block.OutlineEntry(path, heading, 7, 3))
    pieces = [block.Piece(chunks[0][0], printed), block.Piece(chunks[-1][0], printed[::-1])]
    check_frame(block.block("0123456789ab", pieces, left_out))


@settings(max_examples=cases(1_000))
@given(TEXTS)
def test_making_text_harmless_twice_changes_nothing(text: str) -> None:
    once = escape.neutral(text)
    assert escape.neutral(once) == once


@settings(max_examples=cases(1_000))
@given(st.text(max_size=60), st.text(max_size=60), st.integers(0, 10**9))
def test_a_line_of_the_left_out_list_stays_one_line(path: str, heading: str, tokens: int) -> None:
    shown = escape.neutral(" ".join(heading.split("\n")))
    entry = block.OutlineEntry(".claude/memory/" + path, shown, tokens, 7)
    (line,) = block.outline_lines([entry, entry])
    assert line.count("\n") == 1
    assert line.endswith(f"({tokens}, line 7)\n")
