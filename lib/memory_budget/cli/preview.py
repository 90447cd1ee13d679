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
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    pass

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
        "--budget", type=_tokens, metavar="N", help="exact cap in tokens instead of the profile's"
    )
    parser.add_argument("--complexity", type=_tier, metavar="TIER", help="tier instead of the detected one")
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


def _tokens(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of tokens")
    return int(text)


def _tier(text: str) -> str:
    tier = complexity.parse_tier(text)
    if tier is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a tier: {', '.join(TIERS)}")
    return tier


def run(args: argparse.Namespace) -> int:
    if args.block and _compares(args):
        print("memory-budget: --block prints one block; --diff compares two", file=sys.stderr)
        return 2
    project = project_with_memory(args.project)
    scratch = _indexed(project)
    try:
        return _show(args, project)
    finally:
        if scratch:
            shutil.rmtree(scratch, ignore_errors=True)


def _indexed(project: Project) -> str:
    """Bring the index up to date; where the project cannot be written, in a scratch folder, which is returned."""
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
    found = _allocate(args, project, prompt, args.profile)
    _say_unknown(project, found)
    for problem in [*found.problems, *unread_memory(project)]:
        print(f"memory-budget: {problem}", file=sys.stderr)
    if _compares(args):
        second = prompt if args.diff is None else args.diff
        other = _allocate(args, project, second, args.diff_profile or args.profile)
        if args.json:
            output.print_json(preview_facts.compare(found, other))
        else:
            preview_text.print_comparison(found, other, None if args.all else SHOWN)
        return 0
    if isinstance(found, allocate.Nothing):
        if args.json:
            output.print_json({"agent": found.identity.name, **preview_facts.budget_facts(found)})
        else:
            line = f"{found.identity.name}: {preview_text.summary(found)}"
            print(line, file=sys.stderr if args.block else sys.stdout)
    elif args.block:
        sys.stdout.buffer.write(allocate.render_utf8(found))
        sys.stdout.buffer.flush()
    elif args.json:
        output.print_json(preview_facts.as_json(found))
    else:
        preview_text.print_allocation(found, None if args.all else SHOWN, args.explain)
    return 0


def _say_unknown(project: Project, found: allocate.Allocation | allocate.Nothing) -> None:
    """Say that nobody here has that name: a slip of the keyboard would look like an agent without memory of its own."""
    identity = found.identity
    leaf = identity.name.rpartition("/")[2]
    if (
        identity.file
        or identity.assignment_key
        or identity.override_key
        or ":" in leaf
        or agents.is_built_in(leaf)
    ):
        return
    if isinstance(found, allocate.Allocation) and any(
        file.file.scope != "global" for file in found.selection.files
    ):
        return
    known = [file.name or file.stem for file in agents.scan_agent_files(project.root, project.home).files]
    close = difflib.get_close_matches(leaf, known, 1)
    hint = f"; did you mean {close[0]}?" if close else ""
    print(f'memory-budget: no agent "{identity.name}" is defined here{hint}', file=sys.stderr)


def _compares(args: argparse.Namespace) -> bool:
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
