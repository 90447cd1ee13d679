"""`memory-budget sources list|add|remove`: which files are memory, for people who do not want to edit JSON.

memory-budget sources add docs                   every Markdown file below docs, for all agents
memory-budget sources add 'notes/<agent>' --scope agent_patterns
memory-budget sources remove docs
"""

from __future__ import annotations

import argparse
import os

from memory_budget.base.errors import BudgetError
from memory_budget.base.figures import counted
from memory_budget.base.project import Project, find_project
from memory_budget.cli import output
from memory_budget.cli.projects import files_of_glob
from memory_budget.index.in_force import profiles_in_force
from memory_budget.settings import edit, profiles
from memory_budget.settings.names import SCOPES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Show, add or remove the globs that say which files are memory. A folder means all Markdown files below it. "
        "They are written into the profiles file; nothing else of it changes."
    )
    parser.add_argument("action", choices=["list", "add", "remove"], nargs="?", default="list")
    parser.add_argument("globs", nargs="*", metavar="FOLDER|GLOB")
    parser.add_argument(
        "--scope", choices=SCOPES, default="global", help="whose memory it is (default: global, all agents')"
    )


def run(args: argparse.Namespace) -> int:
    project = find_project(args.project)
    if args.action != "list" and not args.globs:
        raise BudgetError(f"sources {args.action}: name a folder or a glob, such as docs or 'docs/**/*.md'")
    if args.action == "list":
        return _print_sources(project, as_json=args.json)
    path = edit.target(project.root, project.home)
    current = profiles.load_profiles(project.root, project.home).profiles.sources()[args.scope]
    globs = [
        text if args.action == "remove" and text in current else _glob_for(project, text)
        for text in args.globs
    ]
    if args.action == "add":
        for glob in globs:
            _refuse_what_matches_nothing(project, args.scope, glob)
        new = current + [glob for glob in globs if glob not in current]
    else:
        unknown = [glob for glob in globs if glob not in current]
        if unknown:
            raise BudgetError(
                f"{unknown[0]} is no source of {args.scope}; there are {', '.join(current) or 'none'}"
            )
        new = [glob for glob in current if glob not in globs]
    changed = edit.change(path, {("sources", args.scope): new})
    shown = profiles.short_path(path, project.root, project.home)
    if args.json:
        output.print_json({"file": path, "changed": changed, "scope": args.scope, "globs": new})
        return 0
    if not changed:
        output.line(f"{shown}: {', '.join(globs)} {'was' if len(globs) == 1 else 'were'} there already")
        return 0
    for glob in globs:
        files = (
            f": {counted(files_of_glob(project, args.scope, glob), 'file')}" if args.action == "add" else ""
        )
        output.line(f"{shown}: {'added' if args.action == 'add' else 'removed'} {glob}{files}")
    effect = "get it" if args.action == "add" else "no longer get it"
    print(
        f"Agents {effect} from their next start on. See what one gets: memory-budget preview --agent NAME --prompt TASK"
    )
    return 0


def _print_sources(project: Project, *, as_json: bool) -> int:
    rows = [
        (scope, glob, files_of_glob(project, scope, glob))
        for scope, globs in profiles_in_force(project).profiles.sources().items()
        for glob in globs
    ]
    if as_json:
        output.print_json([{"scope": scope, "glob": glob, "files": files} for scope, glob, files in rows])
        return 0
    output.print_table(
        "", ["files", "scope", "glob"], [[files, scope, glob] for scope, glob, files in rows], right=(0,)
    )
    return 0


def _glob_for(project: Project, text: str) -> str:
    """The glob for what a person typed: for a folder `docs` all Markdown below it, `docs/**/*.md`; a glob or a file for itself.
    Raises BudgetError where it leads out of the project."""
    if os.path.isabs(text) and os.path.realpath(text).startswith(os.path.realpath(project.root) + os.sep):
        text = os.path.relpath(os.path.realpath(text), os.path.realpath(project.root))
    text = text.removeprefix("./").rstrip("/") or "."
    if os.path.isabs(text) or ".." in text.split("/"):
        raise BudgetError(f"{text}: leads out of the project; put a copy or a folder into it")
    path = f"{project.root}/{text}"
    if os.path.isdir(path) or (text.endswith("<agent>") and not text.endswith(".md")):
        return "**/*.md" if text == "." else f"{text}/**/*.md"
    return text


def _refuse_what_matches_nothing(project: Project, scope: str, glob: str) -> None:
    if ("<agent>" in glob.split("/")) == (scope == "global"):
        expected = "--scope agent_patterns" if scope == "global" else "<agent> in place of the agent's folder"
        raise BudgetError(f"{glob}: expected {expected}")
    if not files_of_glob(project, scope, glob):
        raise BudgetError(f"{glob}: matches no Markdown file in {project.root}; nothing was changed")
