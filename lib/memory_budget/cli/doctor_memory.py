"""What `memory-budget doctor` looks at in a project: profiles, memory, agents, the index and the usage log."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from datetime import datetime

from memory_budget.base import memory_folders
from memory_budget.base.figures import counted, enumeration
from memory_budget.base.project import Project
from memory_budget.cli.findings import Finding
from memory_budget.cli.projects import files_of_glob
from memory_budget.index.in_force import profiles_in_force
from memory_budget.index.note import BINARY, NOT_UTF8, SECRET, from_stored
from memory_budget.index.overlooked import overlooked
from memory_budget.index.pages import first_damage
from memory_budget.index.reader import DatabaseError, IndexReader, IndexUnusable
from memory_budget.index.scan import BAD_NAME, TOO_DEEP, TOO_LARGE, TOO_MANY, scan_sources
from memory_budget.index.sources import sources_of
from memory_budget.log import usage
from memory_budget.run import lost_prompts
from memory_budget.settings import agents, check, profiles, suggest

_NAMED = 5
#: What to do about memory that is not read, by the reason.
_REMEDIES = {
    BAD_NAME: "rename it: git and this program keep names in UTF-8",
    TOO_LARGE: "cut it into notes, each about one thing",
    TOO_DEEP: "move it up, or leave the folder out of the sources: memory-budget sources",
    TOO_MANY: "name a narrower folder as source: memory-budget sources",
}
#: Bytes that a project's index, log and reports want at the least.
_LEAST_ROOM = 5_000_000


def no_memory(project: Project) -> Iterator[Finding]:
    """Say how to begin where there is no memory."""
    existing = [name for name in memory_folders.LIKELY if os.path.isdir(f"{project.root}/{name}")]
    sources_hint = f"; or add what is there: memory-budget sources add {existing[0]}" if existing else ""
    yield Finding(
        "note", "memory", f"none in {project.root}", f"put notes into .claude/memory/*.md{sources_hint}"
    )
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
    sources = sources_of(project, profiles_in_force(project).profiles)
    scan = scan_sources(project, sources)
    yield Finding("ok", "memory", f"{counted(len(scan.files), 'file')} in scope")
    for line in overlooked(project, sources, scan) if not scan.files else ():
        yield Finding("problem", "memory", line, "do as the line says")
    for folder, number in sorted(scan.unscoped.items()):
        yield Finding(
            "note",
            "memory",
            f"{folder} holds {counted(number, 'Markdown file')} that no scope includes",
            f"have all agents get it: memory-budget sources add '{folder}'",
        )
    for path in scan.outside:
        yield Finding(
            "problem",
            "memory",
            f"{path} leads out of the project and is not read",
            'name the folder it leads to under "allow_outside" in budget-profiles.json, or put a copy there',
        )
    for path, reason in scan.unreadable:
        if path in scan.denied:
            remedy = f"check its permissions: ls -ld '{path}'"
        else:
            remedy = _REMEDIES.get(reason, "look at it: it is no file or folder that memory can be read from")
        yield Finding("problem", "memory", f"{path} cannot be read: {reason}", remedy)


def _sources(project: Project) -> Iterator[Finding]:
    """Globs of the profiles file that match no file."""
    table = profiles_in_force(project).profiles.sources()
    shipped = profiles.defaults().sources()
    for scope, globs in table.items():
        for glob in globs:
            if glob in shipped.get(scope, ()) or files_of_glob(project, scope, glob):
                continue
            folder = os.path.isdir(f"{project.root}/{glob}")
            remedy = (
                f"a folder has to end in /**/*.md: memory-budget sources remove '{glob}' --scope {scope}, then add it again"
                if folder
                else f"remove it: memory-budget sources remove '{glob}' --scope {scope}"
            )
            yield Finding("note", "sources", f"{glob} ({scope}) matches no file", remedy)


def _agents(project: Project) -> Iterator[Finding]:
    loaded = profiles_in_force(project).profiles
    agent_files = agents.scan_agent_files(project.root, project.home)
    nameless = [
        file for file in agent_files.files if not file.name and file.stem.lower() not in ("readme", "claude")
    ]
    if nameless:
        yield Finding(
            "note",
            "agents",
            f"{counted(len(nameless), 'file')} in .claude/agents without `name:` in front matter, so the client has no such "
            f"agents ({enumeration((file.stem for file in nameless), _NAMED)})",
            "add name: and description: between two lines of ---",
        )
    yield from _unknown_agents(project, loaded, agent_files)
    suggestions = suggest.agent_suggestions(project.home, loaded, agent_files)
    if suggestions:
        yield Finding(
            "note",
            "agents",
            f"{counted(len(suggestions), 'agent')} without an assignment, with {loaded.default_profile} for now. From their "
            f"descriptions: {enumeration((f'{entry.key} -> {entry.profile}' for entry in suggestions), _NAMED)}",
            "look and apply: memory-budget profiles suggest --apply",
        )


def _unknown_agents(
    project: Project, loaded: profiles.Profiles, agent_files: agents.Agents
) -> Iterator[Finding]:
    """Assignments of agents that have neither a file nor a memory folder. Agents of plugins are left out of this."""
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
    unknown = []
    for key in {**loaded.assignments, **loaded.agents}:
        leaf = key.rpartition("/")[2]
        if (
            ":" not in leaf
            and not agents.is_built_in(leaf)
            and leaf.lower() not in folders
            and agent_files.named(leaf) is None
        ):
            unknown.append(key)
    if unknown:
        yield Finding(
            "note",
            "profiles",
            f"{counted(len(unknown), 'assignment')} of agents that are not there: {enumeration(unknown, _NAMED)}",
            "check the spelling against .claude/agents, or take them out of the profiles file",
        )


def _names(folder: str) -> Sequence[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return ()


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
            for note_problem in from_stored(problem):
                level = "problem" if note_problem.kind in (BINARY, NOT_UTF8, SECRET) else "note"
                yield Finding(level, "memory", f"{path}: {note_problem.sentence()}", f"edit {path}")
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


def _room(project: Project) -> Iterator[Finding]:
    """Whether what the plugin keeps can be written: agents get their memory all the same, so nobody else may notice."""
    folder = project.cache
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    status = os.statvfs(folder)
    free = status.f_bavail * status.f_frsize
    means = "runs are not recorded, and the index is not kept up to date"
    if status.f_flag & os.ST_RDONLY:
        yield Finding(
            "problem", "disk", f"{folder} cannot be written (read-only): {means}", "mount it for writing"
        )
    elif not os.access(folder, os.W_OK | os.X_OK):
        yield Finding(
            "problem", "disk", f"{folder} may not be written by this user: {means}", f"ls -ld '{folder}'"
        )
    elif free < _LEAST_ROOM or (status.f_files and not status.f_favail):
        left = (
            f"{free // 1000:,} KB and {status.f_favail:,} files" if status.f_files else f"{free // 1000:,} KB"
        )
        yield Finding("problem", "disk", f"{left} are left for {folder}: {means}", "make room")
    if os.path.dirname(project.log) == project.cache and project.kept_inside:
        yield Finding(
            "note",
            "usage log",
            f".claude/cache/{os.path.basename(project.log)} is a link that leads out of the project: {project.log} is written instead",
            "remove the link",
        )


CHECKS = (_profiles, _memory, _sources, _agents, _index, _log, _room)
