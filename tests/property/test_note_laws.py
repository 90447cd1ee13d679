"""Whatever a memory file holds, it is read: in bounded time, in bounded chunks, with every line at its place."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memory_budget.base import front_matter
from memory_budget.index import contents
from memory_budget.index.note import NoteProblem, from_stored, read_note, to_stored
from memory_budget.text import clean, cut, links, secrets
from tests.support.cases import cases

_PIECES = st.sampled_from(
    [
        "---", "```", "~~~sh", "````", "<!--", "-->", "# H", "## A b", "- item", "  - sub", "1. one", "| a | b |", "|---|---|",
        "key: value", "tags: [a,", "  b]", "x: >-", "text.", "Für alle.", "部署之前。", "`<!-- c -->`", "<details>", "</details>",
        "<summary>S</summary>", "[a](b.md)", "![i](<a b.png>)", "[r]: c.md#x", "    code", "\t", "", "===", "***", "\\<!--",
        "token ghp_" + "a1B2c3D4e5F6" * 3, "-----BEGIN PRIVATE KEY-----", "data:image/png;base64," + "QUJD" * 40, "\ufeff", "\u2028",
        "password: hunter2Xy9Kd82", "İ", "e\u0301", "word " * 300, "x" * 5000,
    ]
)  # fmt: skip
TEXTS = st.lists(_PIECES | st.text(max_size=30), max_size=30).map("\n".join)


@settings(max_examples=cases(1_000))
@given(TEXTS)
def test_any_note_is_read(text: str) -> None:
    note = read_note(".claude/memory/a.md", text.encode("utf-8", "replace"), {})
    for chunk in note.chunks():
        assert chunk.text.strip()
        assert cut.size_of(chunk.text) <= 2 * cut.LIMIT
    kept = from_stored(to_stored(note.problems))
    assert [(one.kind, one.line) for one in kept] == [(one.kind, one.line) for one in note.problems][:50]


@settings(max_examples=cases(500))
@given(st.binary(max_size=400))
def test_any_bytes_are_read(data: bytes) -> None:
    read_note("a.md", data, {"tags": [1, None], "confidence": "x"}).chunks()


@settings(max_examples=cases(1_000))
@given(TEXTS)
def test_what_is_taken_out_leaves_its_lines(text: str) -> None:
    cleaned, _ = clean.clean_note(text)
    assert cleaned.count("\n") == text.count("\n")
    masked, found = secrets.mask_secrets(text)
    assert masked.count("\n") == text.count("\n")
    assert all(0 < one.line <= text.count("\n") + 1 for one in found)
    assert "ghp_" + "a1B2c3D4e5F6" * 3 not in masked
    contents.without_entries(text)
    assert front_matter.read_front_matter(text).body <= len(text)


@settings(max_examples=cases(1_000))
@given(TEXTS)
def test_links_that_stay_are_not_touched(text: str) -> None:
    assert links.rewrite_links(text, lambda path: None) == (text, 0)
    changed, count = links.rewrite_links(text, lambda path: "x/" + path)
    assert (changed != text) == (count > 0)
    for link in links.relative_links(text):
        assert text[link.begin : link.end] == link.target


@pytest.mark.parametrize(
    "text",
    [
        "<!--\n" * 60_000,
        "`<!--" * 60_000,
        "` `` " * 60_000 + "<!--",
        "```x\n" * 60_000,
        "```x\n\n## h\n" * 20_000,
        "---\na: [\n" + "b,\n" * 100_000,
        "---\na: [" + "b," * 100_000 + "\n---\n",
        "\n".join(" " * (2 * depth) + "- item" for depth in range(3_000)),
        "- " + "[a](b.md)" * 40_000,
        "| a " * 100_000,
        "word " * 200_000,
        "文" * 200_000,
        "-----BEGIN " * 60_000,
        "token=" * 100_000,
        "eyJ" * 200_000,
        "<details>\n" * 60_000,
        "# h\n" * 60_000,
        "[a](" * 100_000,
    ],
    ids=lambda text: text[:12].replace("\n", "/"),
)
def test_no_text_takes_long(text: str) -> None:
    began = time.process_time()
    note = read_note("MEMORY.md", text.encode(), {})
    note.chunks()
    contents.without_entries(note.body)
    list(contents.note_entries(note.body, "a/MEMORY.md"))
    list(links.relative_links(note.body))
    assert time.process_time() - began < 8
    assert len(to_stored(note.problems)) < 20_000


def test_a_problem_is_a_sentence() -> None:
    assert NoteProblem("Markdown", 5, "a fence").sentence() == "line 5: a fence"
    assert NoteProblem("binary", 0, "binary").sentence() == "binary"
