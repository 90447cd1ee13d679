"""The task inside a delegated prompt."""

from __future__ import annotations

import pytest

from memory_budget.select.complexity import classify
from memory_budget.select.complexity_task import task_sentences

# Written for these tests: what delegation wraps around a task, in the ways agents do it.
WRAPPERS = (
    "You are working in the repository at /srv/shop. Your task:\n\n{}\n\nBe thorough and do not guess. Read the relevant files first. "
    "When you are done, return a concise report with file paths and line numbers. Do not modify any files.",
    "## Task\n{}\n\n## Instructions\n1. Explore the codebase.\n2. Design the change before you write code.\n3. Run the tests.\n\n"
    "## Output\nA comprehensive summary of the architecture and all risks, under 300 words.",
    'Help with the following request from the user: "{}"\n\nSearch the code and the configuration of all systems. Your final response '
    "goes back to the main agent.",
    "Context: we are on branch feature/x of a TypeScript monorepo.\n\nTASK: {}\n\nRules:\n- Do not push anything\n- Ask no questions\n\n"
    "When finished, reply with a list of what you did across all services and any follow-up work.",
    "You are a senior software engineer. {}\n\nThink carefully. Your final message must contain the answer only.",
    "{}\n\nConstraints: read-only, no network. Report format: the conclusion, then evidence as path:line. If you are unsure, say so.",
    "<task>\n{}\n</task>\n<guidelines>\nPrefer small changes to every system.\n</guidelines>\n<output>\nA short summary.\n</output>",
    "**Goal**: {}\n\n**Background**: this is one step of a larger plan; others work on the migration in parallel.\n\n"
    "**Deliverable**: a brief report of what was changed and why.",
)
TASKS = (
    "List the tables of the staging database",
    "Fix the typo in the README",
    "What is 17 times 23?",
    "Explain how the cache is invalidated",
    "Write unit tests for the date parser",
    "Find the root cause of the memory leak in the worker",
    "Optimize the slow dashboard queries",
    "Migrate our services from AWS to GCP",
    "Design an end-to-end architecture across several platforms",
)


@pytest.mark.parametrize("wrapper", WRAPPERS)
@pytest.mark.parametrize("task", TASKS)
def test_delegation_does_not_change_the_tier(wrapper: str, task: str) -> None:
    assert classify(wrapper.format(task)).tier == classify(task).tier


@pytest.mark.parametrize(
    ("prompt", "task"),
    [
        ("Your task: List the tables. Be thorough. Return a summary.", "List the tables."),
        ("List the tables", "List the tables"),
        ("Be thorough.", "Be thorough."),  # nothing else is left
        ("", ""),
        (
            "## Output\nShould be sorted by name",
            "Should be sorted by name",
        ),  # no heading marks a task: this is part of it
        ("# Task\nSort it\n# Output\nSorted", "Sort it"),
        ("### Question or task\nSort it\n### Form of the answer\nProse", "Sort it"),
        (
            "Could you take care of this?\n\nRename the list\n\nSome context for you: we use pnpm.",
            "Rename the list",
        ),
        ("Rename the list\n\nOperating rules\n* No new folders.", "Rename the list"),
        (
            "<item>Rename the list</item>\n<reply>Two sentences for you.</reply>",
            "<item>Rename the list</item>",
        ),
        (
            "The list is wrong\n\nI think you sort it twice.",
            "The list is wrong\nI think you sort it twice.",
        ),  # nothing else asks
        ("Return a local server that answers pings", "Return a local server that answers pings"),
    ],
)
def test_task_text(prompt: str, task: str) -> None:
    assert task_sentences(prompt) == task
