import itertools

import pytest

from memory_budget.base import front_matter
from memory_budget.text import folding
from memory_budget.text import markdown as text_markdown


def texts(markdown: str) -> list[str]:
    return [chunk.text for chunk in text_markdown.split_chunks(markdown)]


def test_paragraphs_and_headings() -> None:
    first, second, third = text_markdown.split_chunks(
        "# Title\n\nIntro.\n\n## Setup\nOne line\nmore\n\n\n### Deep ###\n\nEnd"
    )
    assert (first.text, first.headings, first.line) == ("Intro.", ("# Title",), 3)
    assert (second.text, second.headings) == ("One line\nmore", ("# Title", "## Setup"))
    assert (third.headings, third.heading_lines) == (("# Title", "## Setup", "### Deep ###"), (1, 5, 10))


def test_sections_of_the_same_name_are_told_apart() -> None:
    first, second = text_markdown.split_chunks("## User\n\na\n\n## User\n\nb")
    assert first.headings == second.headings
    assert first.heading_lines != second.heading_lines


def test_headings_without_text_are_not_lost() -> None:
    assert texts("# A\n\n## B\n\n## C\n\ntext\n\n# D") == ["## B", "text", "# D"]


def test_setext_headings_and_rules() -> None:
    found = text_markdown.split_chunks("Title\n=====\n\ntext\n\n---\n\nPart\n---\nmore\n\n***")
    assert [(chunk.text, chunk.headings) for chunk in found] == [
        ("text", ("# Title",)),
        ("more", ("# Title", "## Part")),
    ]


def test_rules_inside_a_section_are_kept_and_those_between_sections_dropped() -> None:
    text = "# T\n\na\n\n---\n\n## One\n\nb\n\n***\n\nc\n\n---\n\n## Two\n\n---\n\nd\n\n---\n\n## Three\n\ne\n\n---\n"
    found = text_markdown.split_chunks(text)
    assert [chunk.text for chunk in found] == ["a", "b\n\n***", "c\n\n---", "---\n\nd\n\n---", "e"]
    assert [chunk.line for chunk in found] == [3, 9, 13, 19, 27]


@pytest.mark.parametrize("mark", ["```", "~~~", "````"])
def test_fence_is_one_chunk_whatever_it_holds(mark: str) -> None:
    fence = f"{mark}python\n# not a heading\n\n\n- x\n``\n---\n{mark}"
    assert texts(f"before\n\n{fence}\n\nafter") == ["before", fence, "after"]


def test_shorter_fence_does_not_close_a_longer_one() -> None:
    assert len(texts("````md\n```\na\n\nb\n```\n````\n")) == 1


def test_unclosed_fence_runs_to_the_end() -> None:
    assert texts("a\n\n```\nb\n\nc\n\nd\n") == ["a", "```\nb\n\nc\n\nd"]


def test_a_long_fence_is_cut_into_fences() -> None:
    rows = [f"row {n} of data" for n in range(2000)]
    parts = texts("Run:\n\n```sh\n" + "\n".join(rows) + "\n```")
    assert all(part.startswith("Run:\n\n```sh\n") and part.endswith("\n```") for part in parts)
    assert [line for part in parts for line in part.split("\n") if line.startswith("row")] == rows


def test_inline_code_at_line_start_opens_no_fence() -> None:
    assert texts("```x``` is code\n\nnext") == ["```x``` is code", "next"]


def test_list_takes_in_its_indented_parts() -> None:
    assert texts("- a\n- b\n\n  more of b\n\nafter") == ["- a\n- b\n\n  more of b", "after"]


def test_lead_in_stays_with_its_block() -> None:
    code, listed = text_markdown.split_chunks("Run this:\n\n```\nmake\n```\n\nSteps:\n\n1. one\n2. two")
    assert (code.text, code.kind) == ("Run this:\n\n```\nmake\n```", "code")
    assert (listed.text, listed.kind, listed.line) == ("Steps:\n\n1. one\n2. two", "list", 7)


def test_huge_list_is_cut_between_top_level_items() -> None:
    items = [f"- item {i} " + "x" * 90 + f"\n  - sub {i}" for i in range(100)]
    found = texts("\n".join(items))
    assert len(found) > 5
    assert all(text.startswith("- item") for text in found)
    assert "\n".join(found) == "\n".join(items)


def test_huge_paragraph_is_cut_between_lines() -> None:
    text = "\n".join(f"line {i} " + "x" * 60 for i in range(500))
    found = text_markdown.split_chunks(text)
    assert len(found) > 5
    assert "\n".join(chunk.text for chunk in found) == text
    assert text.split("\n")[found[1].line - 1] == found[1].text.split("\n")[0]


def test_kinds() -> None:
    found = text_markdown.split_chunks("text\n\n* item\n\n| a | b |\n|---|---|\n\n~~~\ncode\n~~~")
    assert [chunk.kind for chunk in found] == ["text", "list", "table", "code"]


@pytest.mark.parametrize(
    ("text", "lead"),
    [
        ("Caroline: hello", "caroline"),
        ("**Ann Lee** says", "ann lee"),
        ("**Ann**: hi", "ann"),
        ("hello: x", ""),
        ("https://x.y", ""),
        ("Http://x.y", ""),
        ("Plain words", ""),
        ("One two three four: no", ""),
        ("**", ""),
    ],
)
def test_lead(text: str, lead: str) -> None:
    assert text_markdown.split_chunks(text)[0].lead == lead


def test_line_ends_and_empty_texts() -> None:
    assert texts("a\r\n\r\nb\rc\r\n") == ["a", "b\nc"]
    assert texts("") == texts("\n \n\t\n") == []
    assert texts("#\n\n") == ["#"]


def test_front_matter() -> None:
    text = '---\nname: "x y"\nalways: true\ntags:\n  - a\n  - b\n# note\nurl: http://h/p\n---\n\nbody'
    found = front_matter.read_front_matter(text)
    assert found.fields == {"name": "x y", "always": "true", "tags": "a, b", "url": "http://h/p"}
    assert text[found.body :] == "\nbody"


@pytest.mark.parametrize(
    "text", ["", "---", "---\n", "---\na: b\nno end", "text\n---\na: b\n---\n", "----\na: b\n---"]
)
def test_no_front_matter(text: str) -> None:
    found = front_matter.read_front_matter(text)
    assert (found.fields, found.body) == ({}, 0)


def test_byte_order_mark_is_no_text() -> None:
    assert front_matter.read_front_matter("\ufefftext").body == 1
    assert front_matter.read_front_matter("\ufeff---\na: b\n---\nx").body == 14


def test_folded_hash_sees_only_the_words() -> None:
    assert folding.folded_hash("a  b\n c") == folding.folded_hash("a b c")
    assert folding.folded_hash("a b") != folding.folded_hash("ab")


def test_a_section_with_a_heading_of_its_own_has_no_neighbours() -> None:
    def numbers(text: str) -> list[int]:
        found = [chunk.section for chunk in text_markdown.split_chunks(text)]
        return [after - before for before, after in itertools.pairwise(found)]

    step = text_markdown.SECTION_STEP
    assert numbers("# Title\n\n## One\n\na\n\nb\n\n## Two\n\nc") == [0, step]
    assert numbers("# Title\n\nbefore\n\n## One\n\na") == [step]
    assert numbers("a\n\nb\n\nc") == [1, 1]
    assert numbers("# Talk\n\n## User\n\na\n\n## Assistant\n\nb") == [1]
    assert numbers("# Talk\n\n## Ann\n\na\n\n## Bo\n\nb\n\n## Ann\n\nc\n\n## Bo\n\nd") == [1, 1, 1]


def test_the_parts_of_a_long_paragraph_stay_one_section() -> None:
    long = " ".join(f"Sentence number {number} of a turn that goes on and on." for number in range(200))
    found = text_markdown.split_chunks(f"# Talk\n\nFirst turn.\n\n{long}\n\nLast turn.\n")
    assert len(found) > 4
    assert [chunk.goes_on for chunk in found] == [False, False, *[True] * (len(found) - 3), False]
    assert len({chunk.section for chunk in found}) == 3
    assert len({chunk.section for chunk in found[1:-1]}) == 1
