"""What `memory-budget doctor` looks at in a project: profiles, memory, agents, the index and the usage log."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import datetime

from memory_budget.base import memory_folders
from memory_budget.base.figures import counted
from memory_budget.base.project import Project
from memory_budget.cli.findings import Finding
from memory_budget.index.note import BINARY, NOT_UTF8, SECRET, from_stored
from memory_budget.index.overlooked import overlooked
from memory_budget.index.pages import first_damage
from memory_budget.index.reader import DatabaseError, IndexReader, IndexUnusable
from memory_budget.index.scan import scan_sources
from memory_budget.index.sources import Sources, sources_of
from memory_budget.log import usage
from memory_budget.run import lost_prompts
from memory_budget.settings import agents, check, profiles, suggest
from memory_budget.settings.names import SCOPES

#: Folders that often hold notes, proposed where they are there.
_LIKELY = ("memory-bank", "docs/memory", "docs", "notes")
_NAMED = 5


def no_memory(project: Project) -> Iterator[Finding]:
    """Say how to begin where there is no memory."""
    there = [name for name in _LIKELY if os.path.isdir(f"{project.root}/{name}")]
    add = f"; or add what is there: memory-budget sources add {there[0]}" if there else ""
    yield Finding("note", "memory", f"none in {project.root}", f"put notes into .claude/memory/*.md{add}")
    for line in memory_folders.unread_places(project.root):
        yield Finding("problem", "memory", line, "do as the line says")


def _profiles(project: Project) -> Iterator[Finding]:
    report = check.check_project(project.root, project.home)
    if not report.path:
        yield Finding("ok", "profiles", "shipped defaults (no budget-profiles.json)")
        return
    for entry in report.problems:
        level = "problem" if entry.level == "error" else "note"
        yield Finding(level, "profiles", entry.sentence(report.shown), f"edit {report.shown}")
    if not any(entry.level == "error" for entry in report.problems):
        yield Finding("ok", "profiles", report.shown)


def _memory(project: Project) -> Iterator[Finding]:
    sources = sources_of(project, profiles.load_profiles(project.root, project.home).profiles)
    found = scan_sources(project, sources)
    yield Finding("ok", "memory", f"{counted(len(found.files), 'file')} in scope")
    for line in overlooked(project, sources, found) if not found.files else ():
        yield Finding("problem", "memory", line, "do as the line says")
    for folder, number in sorted(found.unscoped.items()):
        yield Finding(
            "note",
            "memory",
            f"{folder} holds {counted(number, 'Markdown file')} that no scope includes",
            f"have all agents get it: memory-budget sources add '{folder}'",
        )
    for path in found.outside:
        yield Finding(
            "problem",
            "memory",
            f"{path} leads out of the project and is not read",
            'name the folder it leads to under "allow_outside" in budget-profiles.json, or put a copy there',
        )
    for path, reason in found.unreadable:
        yield Finding(
            "problem", "memory", f"{path} cannot be read: {reason}", f"check its permissions: ls -ld '{path}'"
        )


def _sources(project: Project) -> Iterator[Finding]:
    """Globs of the person's own that match nothing, and those that name a folder."""
    table = profiles.load_profiles(project.root, project.home).profiles.sources()
    shipped = profiles.defaults().sources()
    none: dict[str, list[str]] = {scope: [] for scope in SCOPES}
    for scope, globs in table.items():
        for glob in globs:
            if (
                glob in shipped.get(scope, ())
                or scan_sources(project, Sources({**none, scope: [glob]})).files
            ):
                continue
            folder = os.path.isdir(f"{project.root}/{glob}")
            remedy = (
                f"a folder has to end in /**/*.md: memory-budget sources remove '{glob}' --scope {scope}, then add it again"
                if folder
                else f"remove it: memory-budget sources remove '{glob}' --scope {scope}"
            )
            yield Finding("note", "sources", f"{glob} ({scope}) matches no file", remedy)


def _agents(project: Project) -> Iterator[Finding]:
    loaded = profiles.load_profiles(project.root, project.home).profiles
    known = agents.scan_agent_files(project.root, project.home)
    nameless = [
        file for file in known.files if not file.name and file.stem.lower() not in ("readme", "claude")
    ]
    if nameless:
        yield Finding(
            "note",
            "agents",
            f"{counted(len(nameless), 'file')} in .claude/agents without `name:` in front matter, so the client has no such "
            f"agents ({_first(file.stem for file in nameless)})",
            "add name: and description: between two lines of ---",
        )
    yield from _unknown_agents(project, loaded, known)
    proposed = suggest.agent_suggestions(project.root, project.home, loaded, known)
    if proposed:
        yield Finding(
            "note",
            "agents",
            f"{counted(len(proposed), 'agent')} without an assignment, with {loaded.default_profile} for now. From their "
            f"descriptions: {_first(f'{entry.key} -> {entry.profile}' for entry in proposed)}",
            "look and apply: memory-budget profiles suggest --apply",
        )


def _unknown_agents(project: Project, loaded: profiles.Profiles, known: agents.Agents) -> Iterator[Finding]:
    """Assignments of agents that neither a file nor a memory folder knows. Other plugins' agents are not looked for."""
    folders = {
        name.lower()
        for place in (
            *(f".claude/memory/{kind}" for kind in agents.KINDS),
            ".claude/agent-memory",
            ".claude/agent-memory-local",
        )
        for name in _names(f"{project.root}/{place}")
    }
    folders |= {name.lower() for name in _names(f"{project.home}/.claude/agent-memory")}
    strange = []
    for key in {**loaded.assignments, **loaded.agents}:
        leaf = key.rpartition("/")[2]
        if (
            ":" not in leaf
            and not agents.is_built_in(leaf)
            and leaf.lower() not in folders
            and known.named(leaf) is None
        ):
            strange.append(key)
    if strange:
        yield Finding(
            "note",
            "profiles",
            f"{counted(len(strange), 'assignment')} of agents that are not there: {_first(strange)}",
            "check the spelling against .claude/agents, or take them out of the profiles file",
        )


def _names(folder: str) -> Sequence[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return ()


def _first(names: Iterator[str] | Sequence[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:_NAMED]) + (f" and {len(listed) - _NAMED} more" if len(listed) > _NAMED else "")


def _index(project: Project) -> Iterator[Finding]:
    try:
        reader = IndexReader(project.index)
    except IndexUnusable as error:
        yield Finding("note", "index", str(error), "run: memory-budget index (the next session does it, too)")
        return
    rebuild = "run: memory-budget index --rebuild"
    try:
        result = reader.db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if result != "ok":
            yield Finding("problem", "index", f"damaged: {result}", rebuild)
        rows = reader.db.execute("SELECT path, problem FROM files WHERE problem != '' ORDER BY path")
        for path, problem in rows:
            for fault in from_stored(problem):
                level = "problem" if fault.kind in (BINARY, NOT_UTF8, SECRET) else "note"
                yield Finding(level, "memory", f"{path}: {fault.sentence()}", f"edit {path}")
        for problem in first_damage(reader.db):
            yield Finding("problem", "index", problem, rebuild)
            result = ""
        if result == "ok":
            number = sum(group.files for group in reader.groups())
            exact = (
                ""
                if reader.meta("exact")
                else "; token counts are upper estimates until the libraries are there"
            )
            yield Finding("ok", "index", counted(number, "file") + exact)
    except DatabaseError as error:
        yield Finding("problem", "index", f"damaged: {error}", rebuild)
    finally:
        reader.close()


def _log(project: Project) -> Iterator[Finding]:
    number = 0
    undelivered: list[str] = []
    for entry in usage.read_all(project):
        if isinstance(entry, usage.BadLine):
            yield Finding("problem", "usage log", str(entry), "take that line out of the file")
            continue
        number += 1
        if entry.get("delivered") is False:
            undelivered.append(str(entry["agent"]))
    if undelivered:
        yield Finding(
            "problem",
            "delivery",
            f"{len(undelivered)} of {counted(number, 'agent run')} did not get their memory, last {undelivered[-1]}",
            'set "delivery": "context" in budget-profiles.json, or disable the plugin that rewrites their prompts, too',
        )
    for entry in lost_prompts.known_rewriters(project):
        name = f"the plugin {entry['plugin']}" if entry.get("plugin") else "a hook"
        yield Finding(
            "note",
            "delivery",
            f"{name} rewrote an agent's prompt after this one did, last on "
            f"{datetime.fromtimestamp(entry['at']):%Y-%m-%d %H:%M} ({entry.get('command', '')})",
            'set "delivery": "context" in budget-profiles.json',
        )
    yield Finding("ok", "usage log", counted(number, "agent run"))


CHECKS = (_profiles, _memory, _sources, _agents, _index, _log)
