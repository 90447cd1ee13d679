"""`memory-budget complexity`: how hard a task is thought to be, and why."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from memory_budget.select import complexity

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Tell how hard a task is. A prompt may carry its own answer, as in '[complexity: complex]'. "
        "With --jsonl, every input line is an object with 'prompt' (and perhaps 'description'); every output line is "
        '{"tier", "score"}, or {"error", "line"} for a line that could not be read.'
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument("prompt", nargs="?", metavar="PROMPT", help="the task as an agent gets it")
    source.add_argument("--stdin", action="store_true", help="read the prompt from standard input")
    source.add_argument(
        "--jsonl", action="store_true", help='read one {"prompt": ...} object a line from standard input'
    )
    parser.add_argument(
        "--description", default="", metavar="TEXT", help="the few words the caller gives beside the prompt"
    )


def run(args: argparse.Namespace) -> int:
    """0 done, 1 where a --jsonl line was bad, 2 without a prompt."""
    if args.jsonl:
        return _estimate_lines(sys.stdin.buffer)
    if args.stdin:
        prompt = sys.stdin.buffer.read().decode("utf-8", "replace")
    elif args.prompt is not None:
        prompt = args.prompt
    else:
        print("memory-budget complexity: give a PROMPT, --stdin or --jsonl", file=sys.stderr)
        return 2
    estimate = complexity.classify(prompt, args.description)
    if args.json:
        print(json.dumps(_estimate_json(estimate), ensure_ascii=False))
    else:
        print(f"{estimate.tier} (score {estimate.score:.2f}, {_SOURCES[estimate.source]})")
        for reason in estimate.reasons:
            print(f"  - {reason}")
    return 0


_SOURCES = {"override-prompt": "set in the prompt", "detected": "detected", "unsure": "nothing telling found"}


def _estimate_json(estimate: complexity.TierEstimate) -> dict[str, Any]:
    return {
        "tier": estimate.tier,
        "score": round(estimate.score, 6),
        "source": estimate.source,
        "reasons": estimate.reasons,
    }


def _estimate_lines(lines: Iterable[bytes]) -> int:
    """One answer per line, in order; empty lines are skipped; 1 if any line was bad."""
    failed = False
    for number, raw in enumerate(lines, 1):
        if not raw.strip():
            continue
        try:
            prompt, description = _read_task(raw)
        except _BadLine as error:
            failed = True
            answer: dict[str, Any] = {"error": str(error), "line": number}
        else:
            estimate = complexity.classify(prompt, description)
            answer = {"tier": estimate.tier, "score": round(estimate.score, 6)}
        sys.stdout.write(json.dumps(answer, ensure_ascii=False) + "\n")
    return 1 if failed else 0


class _BadLine(Exception):
    """An input line that holds no task."""


def _read_task(raw: bytes) -> tuple[str, str]:
    """(prompt, description) of one line; _BadLine says in one sentence what is wrong with it."""
    try:
        task = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise _BadLine(f"not JSON: {error}") from error
    if not isinstance(task, dict):
        raise _BadLine('expected an object with "prompt"')
    prompt, description = task.get("prompt"), task.get("description") or ""
    if not isinstance(prompt, str):
        raise _BadLine('"prompt" is missing or not a text')
    if not isinstance(description, str):
        raise _BadLine('"description" is not a text')
    return prompt, description
