"""`memory-budget preview`: what an agent would be given for a task, and why.

Brings the index up to date first, so that it shows what the next agent gets. `--block` prints the block byte for byte;
`--budget N` is an exact cap in tokens, never bumped, and is filled with the best of what there is.
"""

from __future__ import annotations

import argparse
import difflib
import shutil
import sys
import tempfile

from memory_budget.base import layout
from memory_budget.base.errors import BudgetError
from memory_budget.base.project import Project
from memory_budget.cli import output, preview_facts, preview_text
from memory_budget.cli.projects import project_with_memory, unread_memory
from memory_budget.index import update
from memory_budget.select import complexity
from memory_budget.settings import agents
from memory_budget.settings.names import TIERS
from memory_budget.start import allocate

#: Chunks listed without `--all`; at least a third of them are of those left out.
SHOWN = 42


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--agent", required=True, metavar="NAME", help="the agent's type, as a caller names it"
    )
    task = parser.add_mutually_exclusive_group()
    task.add_argument("--prompt", metavar="TEXT", help="the task")
    task.add_argument("--prompt-file", metavar="FILE", help="file that holds the task; - for standard input")
    parser.add_argument(
        "--description", default="", metavar="TEXT", help="the caller's few words for the task"
    )
    parser.add_argument(
        "--budget", type=_parse_tokens, metavar="N", help="exact cap in tokens instead of the profile's"
    )
    parser.add_argument(
        "--complexity", type=_parse_tier, metavar="TIER", help="tier instead of the detected one"
    )
    parser.add_argument("--profile", metavar="NAME", help="budget profile instead of the agent's")
    parser.add_argument("--block", action="store_true", help="print the block itself, byte for byte")
    parser.add_argument(
        "--all", action="store_true", help=f"list every candidate instead of the first {SHOWN}"
    )
    parser.add_argument(
        "--explain", action="store_true", help="show what the relevance of each line is made of"
    )
    other = parser.add_argument_group("compare (--diff)")
    other.add_argument("--diff", metavar="PROMPT", help="show what another prompt would change")
    other.add_argument("--diff-profile", metavar="NAME", help="show what another profile would change")


def _parse_tokens(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of tokens")
    return int(text)


def _parse_tier(text: str) -> str:
    tier = complexity.parse_tier(text)
    if tier is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a tier: {', '.join(TIERS)}")
    return tier


def run(args: argparse.Namespace) -> int:
    if args.block and _is_comparison(args):
        print("memory-budget: --block prints one block; --diff compares two", file=sys.stderr)
        return 2
    project = project_with_memory(args.project)
    scratch = _update_index(project)
    try:
        return _show(args, project)
    finally:
        if scratch:
            shutil.rmtree(scratch, ignore_errors=True)


def _update_index(project: Project) -> str:
    """Bring the index up to date; where the project cannot be written, make it in a scratch folder. Returns that folder, or ""."""
    try:
        update.update_index(project, wait=60.0, progress=output.progress("indexing"))
    except OSError:
        scratch = tempfile.mkdtemp(prefix="memory-budget-")
        project.cache = scratch
        project.index = project.at(layout.INDEX)
        update.update_index(project, wait=60.0, progress=output.progress("indexing"))
        return scratch
    return ""


def _show(args: argparse.Namespace, project: Project) -> int:
    prompt = _prompt(args)
    allocation = _allocate(args, project, prompt, args.profile)
    _warn_of_unknown_agent(project, allocation)
    for problem in [*allocation.problems, *unread_memory(project)]:
        print(f"memory-budget: {problem}", file=sys.stderr)
    if _is_comparison(args):
        second_prompt = prompt if args.diff is None else args.diff
        second_allocation = _allocate(args, project, second_prompt, args.diff_profile or args.profile)
        if args.json:
            output.print_json(preview_facts.compare(allocation, second_allocation))
        else:
            preview_text.print_comparison(allocation, second_allocation, None if args.all else SHOWN)
        return 0
    if isinstance(allocation, allocate.Nothing):
        if args.json:
            output.print_json({"agent": allocation.identity.name, **preview_facts.budget_facts(allocation)})
        else:
            line = f"{allocation.identity.name}: {preview_text.summary(allocation)}"
            print(line, file=sys.stderr if args.block else sys.stdout)
    elif args.block:
        sys.stdout.buffer.write(allocate.render_utf8(allocation))
        sys.stdout.buffer.flush()
    elif args.json:
        output.print_json(preview_facts.allocation_json(allocation))
    else:
        preview_text.print_allocation(allocation, None if args.all else SHOWN, args.explain)
    return 0


def _warn_of_unknown_agent(project: Project, allocation: allocate.Allocation | allocate.Nothing) -> None:
    """Warn where no agent has this name: a slip of the keyboard would look like an agent without memory of its own."""
    identity = allocation.identity
    leaf = identity.name.rpartition("/")[2]
    if (
        identity.file
        or identity.assignment_key
        or identity.override_key
        or ":" in leaf
        or agents.is_built_in(leaf)
    ):
        return
    if isinstance(allocation, allocate.Allocation) and any(
        file.file.scope != "global" for file in allocation.selection.files
    ):
        return
    agent_names = [
        file.name or file.stem for file in agents.scan_agent_files(project.root, project.home).files
    ]
    close = difflib.get_close_matches(leaf, agent_names, 1)
    hint = f"; did you mean {close[0]}?" if close else ""
    print(f'memory-budget: no agent "{identity.name}" is defined here{hint}', file=sys.stderr)


def _is_comparison(args: argparse.Namespace) -> bool:
    return args.diff is not None or args.diff_profile is not None


def _allocate(
    args: argparse.Namespace, project: Project, prompt: str, profile: str | None
) -> allocate.Allocation | allocate.Nothing:
    task = allocate.Task(args.agent, prompt, args.description)
    return allocate.allocate(
        project,
        task,
        cap=args.budget,
        tier=args.complexity,
        profile=profile,
        explain=not args.block,
    )


def _prompt(args: argparse.Namespace) -> str:
    if args.prompt_file == "-":
        return sys.stdin.read()
    if args.prompt_file is not None:
        try:
            with open(args.prompt_file, encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError as error:
            raise BudgetError(f"{args.prompt_file}: {error.strerror}") from error
    return args.prompt or ""
