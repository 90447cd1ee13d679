"""What a prompt asks for, without the sentences that say how to work and what to report."""

from __future__ import annotations

import pytest

from memory_budget.select.task_text import READ, task_text

CORE = "The invoice total is off by one cent for some customers. Find out why."


@pytest.mark.parametrize(
    "frame",
    [
        "{}",
        "You are working in /workspace/shop (branch main).\n\n{}\n\nBe thorough. Return a short summary with file:line references.",
        "## Task\n{}\n\n## Context\nYou have access to Read and Grep.\n\n## Output\nA list of files, at most 300 words.",
        "GOAL: {}\nACCEPTANCE CRITERIA:\n- the build stays green\n- no secrets\nREPORT BACK with a bullet list.",
        "**Task:** {}\n\n**Constraints:** do not touch generated files.",
        "I need help with the following request from the user: {}\n\nPlease look in several places. Avoid emojis.",
        "Your task:\n\n{}\n\nDo not modify anything. When you are done, give me your verdict first.",
        "<task>\n{}\n</task>\n\nKeep the diff minimal and answer in plain text.",
        "Context: other agents are working in other worktrees, so touch only what your task needs.\n\n{}\n\nDo not commit.",
    ],
)
def test_the_task_is_found_in_its_frame(frame: str) -> None:
    found = task_text(frame.replace("{}", CORE))
    assert CORE in found
    assert len(found) <= len(CORE) + 20


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        "x",
        "Return the book",
        "Do not touch the generated files.",
        "Explain the queue.\n\nThe broker drops messages after a restart.\n\nWhich settings matter?",
    ],
)
def test_what_has_no_frame_stays_whole(prompt: str) -> None:
    assert task_text(prompt) == prompt


@pytest.mark.parametrize(
    "task",
    [
        "Please add a dark mode to the settings page.",
        "Keep the old invoices when a customer is deleted.",
        "Always show the tenant picker on the login screen.",
        "Format the amounts on the invoice with two decimals.",
        "Provide an endpoint that exports invoices as CSV.",
        "No avatars are shown in the member list since Monday.",
        "Report the orders of a day in a mail to the shop.",
    ],
)
@pytest.mark.parametrize(
    "frame",
    [
        "{}\n\nReturn a short report.",
        "{}\n\nBe brief. Do not commit.",
        "You are a careful engineer.\n\n{}\n\nKeep the diff small.",
        "Please do the following for me: {}\n\nAlways run the tests. Report what you did.",
    ],
)
def test_a_task_may_begin_as_an_order_does(task: str, frame: str) -> None:
    assert task_text(frame.replace("{}", task)) == task


@pytest.mark.parametrize(
    "order", ["Please be brief.", "Please return a list.", "Keep the diff small.", "Never push."]
)
def test_after_the_task_such_a_sentence_is_an_order(order: str) -> None:
    assert task_text(f"{CORE}\n\n{order}") == CORE


@pytest.mark.parametrize(
    "frame",
    [
        "Your task is to upgrade pandas in the billing service.\n\nReturn a summary.",
        "Your job in this run: upgrade pandas in the billing service.\n\nKeep it simple. If the build breaks, say so.",
        "You are tasked with the upgrade of pandas in the billing service.\n\nReport back.",
        "We are moving to Python 3.13. Upgrade pandas in the billing service.\n\nOutput: one line.",
        "In this task you will upgrade pandas in the billing service.\n\nDo not push.",
        "<instructions>\nUpgrade pandas in the billing service.\n</instructions>\n<output_format>\nAt most 20 lines.\n</output_format>",
        "# Instructions\n\nUpgrade pandas in the billing service.\n\n# Report\n\nReturn a list.",
    ],
)
def test_a_task_is_found_where_it_is_worded_as_an_order_to_the_reader(frame: str) -> None:
    found = task_text(frame)
    assert "pandas in the billing service" in found
    assert not any(
        words in found for words in ("summary", "Report back", "Output", "push", "20 lines", "Return a list")
    )


def test_context_alone_is_no_task() -> None:
    found = task_text("<context>\nA monorepo.\n</context>\n<instructions>\nUpgrade pandas.\n</instructions>")
    assert found == "Upgrade pandas.\n\nA monorepo."


def test_of_nothing_but_orders_one_paragraph_is_left() -> None:
    assert task_text("Be brief.\n\nRespond to the survey.\n\nDo not commit.") == "Respond to the survey."


def test_context_that_says_something_of_the_task_is_kept() -> None:
    found = task_text(
        "## Task\nFix the rounding.\n\n## Background\nHalf cents go to the customer since March."
    )
    assert found == "Fix the rounding.\n\nHalf cents go to the customer since March."


@pytest.mark.parametrize(
    "sign", ["a", "\n", "# ", ":", "**", "Be good. ", "日本語。", "- ", "<", "## Task\n\n"]
)
def test_an_enormous_prompt_is_read_at_both_ends(sign: str) -> None:
    found = task_text(sign * (5_000_000 // len(sign)))
    assert len(found) <= 2 * READ + 2


def test_both_ends_of_a_long_prompt_count() -> None:
    found = task_text("start " + "x" * 3 * READ + " end")
    assert found.startswith("start ")
    assert found.endswith(" end")


def test_a_sentence_that_announces_the_task_may_stand_inside_a_line() -> None:
    lead = "Another agent is waiting for your help."
    assert task_text(f"{lead} The request is: Fix the rounding.\n\nBe brief.") == "Fix the rounding."
    story = "The total is off by a cent. The question is: who rounds?"
    assert task_text(story) == "who rounds?\n\nThe total is off by a cent."
    assert task_text("Keep this. One more rule: no tabs.") == "Keep this. One more rule: no tabs."
