"""Where a project's memory lies and who reads it, for `status` and the installer's first screen."""

from __future__ import annotations

from typing import Any

from memory_budget.base.memory_folders import LAYOUTS
from memory_budget.base.project import Project
from memory_budget.index.reader import owners_of
from memory_budget.index.scan import Scan, scan_sources
from memory_budget.index.sources import AUTO, Sources, sources_of
from memory_budget.settings import agents as agent_files
from memory_budget.settings.profiles import Profiles


def memory_facts(project: Project, settings: Profiles) -> dict[str, Any]:
    """`layouts`: (folder, what it is called, Markdown files); `folders`: an agent's folder, its files, the agents that read it."""
    sources = sources_of(project, settings)
    scan = scan_sources(project, sources)
    return {
        "layouts": _layouts(sources, scan),
        "folders": _folders(project, settings, scan),
        "files_kept_in": project.cache if not project.kept_inside else "",
    }


def _layouts(sources: Sources, scan: Scan) -> list[dict[str, Any]]:
    places = {**LAYOUTS, "~/.claude/agent-memory": "agent memory, the user's"}
    if sources.auto:
        places[sources.auto] = "the client's own memory"
    counts = dict.fromkeys(places, 0)
    other = 0
    for file in scan.files:
        for place in places:
            if file.path.startswith(place + "/"):
                counts[place] += 1
                break
        else:
            other += 1
    rows = [
        {"folder": place, "layout": places[place], "files": count} for place, count in counts.items() if count
    ]
    return [
        *rows,
        *([{"folder": "other sources", "layout": "named in the profiles", "files": other}] if other else []),
    ]


def _folders(project: Project, settings: Profiles, scan: Scan) -> list[dict[str, Any]]:
    """Agents' folders with the agents that read them. A plugin's agent `acme:writer` reads a folder named `acme-writer`."""
    counts: dict[tuple[str, str, str], int] = {}
    for file in scan.files:
        place = file.place
        if place.owner and place.native != AUTO:
            key = (place.category, place.owner, place.native)
            counts[key] = counts.get(key, 0) + 1
    defined = agent_files.scan_agent_files(project.root, project.home)
    names = (
        {file.name or file.stem for file in defined.files} | set(settings.assignments) | set(settings.agents)
    )
    readers: dict[tuple[str, str, str], list[str]] = {key: [] for key in counts}
    keys = list(counts)
    for name in sorted(names):
        identity = agent_files.resolve(name.rpartition("/")[2], settings, defined)
        groups = [
            (number, "agent_patterns", owner, category, native)
            for number, (category, owner, native) in enumerate(keys)
        ]
        for number in owners_of(groups, identity.folder_names):
            if identity.name not in readers[keys[number]]:
                readers[keys[number]].append(identity.name)
    return [
        {"folder": "/".join(filter(None, (category or f"agent-memory ({native})", owner))), "files": count,
         "agents": readers[category, owner, native]}
        for (category, owner, native), count in sorted(counts.items())
    ]  # fmt: skip
