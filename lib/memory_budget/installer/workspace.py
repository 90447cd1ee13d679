"""Prepares a person's project: a profiles file where it has memory but none, the index, a first preview."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from typing import Any, NamedTuple

from memory_budget.base.files import write_atomic
from memory_budget.base.memory_folders import MEMORY
from memory_budget.base.project import CACHE
from memory_budget.installer.host import Host
from memory_budget.installer.receipt import Change, Receipt, fingerprint

STEP = "Project"
_PROFILES = "budget-profiles.json"
_SCHEMA = "budget-profiles.schema.json"
_AGENT_GROUPS = ("specialists", "roles", "agents")
#: Seconds for indexing or a preview; a large memory is indexed at about a million tokens a second.
_TIMEOUT = 600
#: Lines of the preview that are shown; the best chunks come first.
_PREVIEW_LINES = 24


class Task(NamedTuple):
    """What the preview at the end shows: an agent of the project and something it could be asked."""

    project: str
    agent: str
    prompt: str


#: The plugin's own notes, for the preview when the current folder has no memory.
_SAMPLE = (
    "hooks-expert",
    "Add a PreToolUse hook. Which exit codes must it never use, so that agents always start?",
)


def has_memory(project: str) -> bool:
    """Whether the project has memory of its own. A project without is left as it is."""
    return os.path.isdir(os.path.join(project, MEMORY))


def install_profiles(host: Host, receipt: Receipt, project: str) -> None:
    """Write a profiles file, with the schema by which editors explain it, into a project that has none."""
    target = os.path.join(project, MEMORY, _PROFILES)
    if os.path.lexists(target):
        host.already(STEP, f"{host.short(target)} is there")
        return
    if host.dry_run:
        host.would(STEP, f"write {host.short(target)}")
        return
    schema = os.path.join(host.root, "schemas", _SCHEMA)
    beside = os.path.join(project, MEMORY, _SCHEMA)
    try:
        if os.path.exists(schema) and not os.path.lexists(beside):
            shutil.copyfile(schema, beside)
            receipt.add("file", beside, content=fingerprint(beside))
        text = json.dumps(_starter(host, project), indent=2, ensure_ascii=False) + "\n"
        write_atomic(target, text.encode())
        receipt.add("file", target, content=fingerprint(target))
    except OSError as error:
        host.warn(STEP, f"{host.short(target)}: {error.strerror}; the shipped profiles are used")
        return
    host.done(STEP, f"{host.short(target)} written")


def build_index(host: Host, receipt: Receipt, project: str) -> bool:
    """Bring the project's index up to date by the command line. False when that failed."""
    if host.dry_run:
        host.would("Index", f"index {host.short(os.path.join(project, MEMORY))}")
        return True
    cache = os.path.join(project, CACHE)
    made = [folder for folder in (os.path.dirname(cache), cache) if not os.path.isdir(folder)]
    host.busy("Index", "reading the project's memory")
    result = _command(host, "index", "--project", project)
    for folder in made:
        if os.path.isdir(folder):
            receipt.add("index" if folder == cache else "folder", folder)
    if not result.ok:
        host.warn("Index", f"not built: {result.reason()}")
        return False
    said = [line.strip() for line in result.out.splitlines() if line.strip()]
    host.done("Index", said[-1] if said else "built")
    return True


def show_preview(host: Host, task: Task) -> bool:
    """Show what the agent would be given: the plugin's main job, on real memory. False when that failed."""
    if host.dry_run:
        host.would("Preview", f"show what {task.agent} would get")
        return True
    project, agent, prompt = task
    arguments = ("preview", "--project", project, "--agent", agent, "--prompt", prompt)
    result = _command(host, *arguments)
    if not result.ok:
        host.warn("Preview", f"failed: {result.reason()}")
        return False
    lines = result.out.rstrip().splitlines()
    host.text("\n".join(["", f"What {agent} would be given for: {prompt}", "", *lines[:_PREVIEW_LINES]]))
    if len(lines) > _PREVIEW_LINES:
        host.text(f"  all of it: {shlex.join([_launcher(host), *arguments])}")
    host.text("")
    return True


def choose_task(host: Host, project: str) -> Task:
    """The project's agent with the most notes and the title of its largest as task; else our own sample."""
    agents = {name: _notes(folder) for _, name, folder in _agents(project)} if has_memory(project) else {}
    agents = {name: notes for name, notes in agents.items() if notes}
    if agents:
        agent = max(sorted(agents), key=lambda name: len(agents[name]))
        notes = agents[agent]
    elif has_memory(project) and project != host.root:
        agent, notes = "general-purpose", _notes(os.path.join(project, MEMORY))
    else:
        agent, notes = "", []
    if not notes or project == host.root:
        return Task(host.root, *_SAMPLE)
    return Task(project, agent, _title(max(notes, key=os.path.getsize)))


def remove_file(host: Host, change: Change) -> None:
    """Remove a file the installer wrote, unless somebody has edited it since."""
    path: str = change["path"]
    if not os.path.exists(path):
        return
    if fingerprint(path) != change["content"]:
        host.already(STEP, f"{host.short(path)} was edited and stays")
        return
    os.unlink(path)
    host.done(STEP, f"{host.short(path)} removed")


def remove_index(host: Host, change: Change) -> None:
    """Remove the index, which can be built anew; logs and reports in the cache folder stay."""
    cache: str = change["path"]
    if not os.path.isdir(cache):
        return
    for where, _, files in os.walk(cache, topdown=False):
        for name in files if where == cache else []:
            if name.startswith("index."):
                os.unlink(os.path.join(cache, name))
        if where != cache and not os.listdir(where):
            os.rmdir(where)
    if set(os.listdir(cache)) <= {".gitignore"}:
        shutil.rmtree(cache)
        host.done("Index", f"{host.short(cache)} removed")
    else:
        host.already("Index", f"removed; logs and reports in {host.short(cache)} stay")


def _command(host: Host, *arguments: str) -> Any:
    columns = str(min(shutil.get_terminal_size((100, 24)).columns, 120))
    arguments = (_launcher(host), *arguments)
    return host.run(arguments, timeout=_TIMEOUT, CLAUDE_PLUGIN_DATA=host.data, COLUMNS=columns)


def _launcher(host: Host) -> str:
    return os.path.join(host.root, "bin", "memory-budget")


def _starter(host: Host, project: str) -> dict[str, Any]:
    """A profiles file that names the project's own agents with the profile each one has by default."""
    with open(os.path.join(host.root, "schemas", "default-profiles.json"), encoding="utf-8") as file:
        shipped = json.load(file)
    assigned: dict[str, str] = shipped.get("agent_assignments", {})
    default = shipped.get("default_profile", "specialist-broad")
    roles = "role-coordinator" if "role-coordinator" in shipped["profiles"] else default
    agents = {}
    for group, name, _ in _agents(project):
        key = f"{group}/{name}"
        agents[key] = assigned.get(key) or assigned.get(name) or (roles if group == "roles" else default)
    return {
        "$schema": f"./{_SCHEMA}",
        "version": shipped["version"],
        "description": "Memory budgets of this project's agents. What is not set here is as shipped.",
        "default_profile": default,
        "agent_assignments": agents,
    }


def _agents(project: str) -> list[tuple[str, str, str]]:
    """Group, name and folder of every agent that has a memory folder in the project."""
    found = []
    for group in _AGENT_GROUPS:
        folder = os.path.join(project, MEMORY, group)
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            if os.path.isdir(os.path.join(folder, name)) and not name.startswith("."):
                found.append((group, name, os.path.join(folder, name)))
    return found


def _notes(folder: str) -> list[str]:
    """Markdown files below a folder, without archives."""
    notes = []
    for where, names, files in os.walk(folder):
        names[:] = sorted(name for name in names if name != "archive")
        notes += [os.path.join(where, name) for name in sorted(files) if name.endswith(".md")]
    return notes


def _title(note: str) -> str:
    """The first heading of a note as a task, or the file's name in words."""
    with open(note, encoding="utf-8", errors="replace") as file:
        for line in file:
            if line.startswith("#"):
                return line.lstrip("#").strip()
    return os.path.splitext(os.path.basename(note))[0].replace("-", " ").replace("_", " ")
