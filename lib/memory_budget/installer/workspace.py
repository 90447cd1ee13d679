"""Prepares a person's project: a profiles file where it has memory but none, the index, and what one agent would get."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from typing import Any, NamedTuple

from memory_budget.base import layout
from memory_budget.base.figures import counted, enumeration
from memory_budget.base.files import write_shared
from memory_budget.base.memory_folders import LIKELY, MEMORY, unread_places
from memory_budget.base.project import CACHE, Project
from memory_budget.index.overlooked import overlooked
from memory_budget.index.overview import memory_facts
from memory_budget.index.scan import scan_sources
from memory_budget.index.sources import sources_of
from memory_budget.installer.host import Host, Result
from memory_budget.installer.receipt import Change, Receipt, fingerprint
from memory_budget.settings import agents, edit, profiles, shape, suggest

STEP = "Project"
DESCRIPTION = "Memory budgets of this project's agents. What is not set here is as shipped."
#: Seconds for indexing or a preview; a large memory is indexed at about a million tokens a second.
_TIMEOUT = 600
#: Suggestions and files that are named; all are counted.
_NAMED = 4
GENERAL = "general-purpose"


class ExampleTask(NamedTuple):
    """The example shown at the end: an agent of the project and something it could be asked."""

    agent: str
    prompt: str


def say_no_memory(host: Host, project: str) -> None:
    """Say how to begin in a project without memory. Nothing is made in it."""
    existing = [name for name in LIKELY if os.path.isdir(os.path.join(project, name))]
    launcher = shlex.join([_launcher(host), "sources", "add", *existing[:1], "--project", project])
    sources_hint = f"\nor add what is there: {launcher}" if existing else ""
    host.warn(
        STEP,
        f"no agent memory found in {host.short(project)}. To start: put notes into .claude/memory/*.md{sources_hint}",
    )
    for line in unread_places(project):
        host.warn("Memory", line)


def say_memory(host: Host, project: Project) -> None:
    """Say where memory was found, and what looks like memory and is not read."""
    settings = profiles.load_profiles(project.root, host.home).profiles
    facts = memory_facts(project, settings)
    places = [f"{counted(row['files'], 'file')} in {row['folder']}" for row in facts["layouts"]]
    host.already("Memory", ", ".join(places) or f"no Markdown yet in {host.short(project.root)}")
    for line in overlooked(project, sources_of(project, settings)):
        host.warn("Memory", line)


def install_profiles(host: Host, receipt: Receipt, project: str) -> None:
    """Write a profiles file with a profile for each agent into a project that has none; else show what is suggested."""
    target = os.path.join(project, profiles.FILE)
    settings = profiles.load_profiles(project, host.home)
    agent_files = agents.scan_agent_files(project, host.home)
    suggestions = suggest.agent_suggestions(host.home, settings.profiles, agent_files)
    listed = enumeration((f"{entry.key} -> {entry.profile}" for entry in suggestions), _NAMED)
    if os.path.lexists(target):
        advice = (
            f"\nSuggested: {listed}. Apply: memory-budget profiles suggest --apply" if suggestions else ""
        )
        host.already(STEP, f"{host.short(target)} is there{advice}")
        return
    if host.dry_run:
        host.would(STEP, f"write {host.short(target)}")
        return
    document = {
        "$schema": f"./{shape.SCHEMA}",
        "version": "1.0.0",
        "description": DESCRIPTION,
        "default_profile": settings.profiles.default_profile,
        "agent_assignments": {entry.key: entry.profile for entry in suggestions},
    }
    beside = os.path.join(os.path.dirname(target), shape.SCHEMA)
    try:
        receipt.make_folder(os.path.dirname(target))
        write_shared(target, (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode())
        receipt.add("file", target, content=fingerprint(target))
        if edit.write_schema(target):
            receipt.add("file", beside, content=fingerprint(beside))
    except OSError as error:
        host.warn(STEP, f"{host.short(target)}: {error.strerror}; the shipped profiles are used")
        return
    chosen = f"\nFrom their descriptions: {listed}; change them there" if suggestions else ""
    host.done(STEP, f"{host.short(target)} written{chosen}")


def build_index(host: Host, receipt: Receipt, project: str) -> bool:
    """Bring the project's index up to date by the command line. False when that failed."""
    if host.dry_run:
        host.would("Index", f"index {host.short(os.path.join(project, MEMORY))}")
        return True
    cache = os.path.join(project, CACHE)
    missing_folders = [folder for folder in (os.path.dirname(cache), cache) if not os.path.isdir(folder)]
    host.busy("Index", "reading the project's memory")
    result = _command(host, "index", "--project", project)
    for folder in missing_folders:
        if os.path.isdir(folder):
            receipt.add("index" if folder == cache else "folder", folder)
    if not result.ok:
        host.warn("Index", f"not built: {result.reason()}\nThe next session tries again.")
        return False
    lines = [line.strip() for line in result.out.splitlines() if line.strip()]
    host.done("Index", lines[-1] if lines else "built")
    return True


def show_example(host: Host, project: str, task: ExampleTask) -> bool:
    """Say what an agent would be given: the plugin's main job, on the person's memory. False when that failed."""
    if host.dry_run:
        host.would("Example", f"show what {task.agent} would get")
        return True
    arguments = ("preview", "--project", project, "--agent", task.agent, "--prompt", task.prompt)
    result = _command(host, *arguments, "--json")
    try:
        preview = json.loads(result.out) if result.ok else None
    except ValueError:
        preview = None
    if not isinstance(preview, dict):
        host.warn("Example", f"failed: {result.reason()}")
        return False
    host.done(
        "Example",
        _example_sentence(task, preview) + f"\nAll of it: {shlex.join([_launcher(host), *arguments])}",
    )
    return True


def _example_sentence(task: ExampleTask, preview: dict[str, Any]) -> str:
    files = [os.path.basename(str(file.get("path", ""))) for file in preview.get("files", ())]
    subject = f'asked "{task.prompt}",\n{task.agent}'
    if not files:
        return f"{subject} gets no memory: nothing is about that"
    return f"{subject} gets {preview['tokens']:,} tokens (budget {preview['budget']:,})\nof {enumeration(files, _NAMED)}"


def choose_example(project: str, home: str) -> ExampleTask:
    """The agent with the most notes of its own, else one that the project defines; and a task about one of those notes."""
    settings = profiles.load_profiles(project, home).profiles
    files = scan_sources(Project(project, home), sources_of(Project(project, home), settings)).files
    notes: dict[str, list[str]] = {}
    for file in files:
        notes.setdefault(file.place.owner, []).append(file.path)
    agent_names = [file.name for file in agents.scan_agent_files(project, home).files if file.name]
    owners = sorted((owner for owner in notes if owner), key=lambda owner: (-len(notes[owner]), owner))
    agent = owners[0] if owners else (agent_names[0] if agent_names else GENERAL)
    paths = notes.get(agent) or notes.get("") or [path for group in notes.values() for path in group]
    for path in sorted(paths, key=lambda path: (-_file_size(os.path.join(project, path)), path)):
        subject = _subject(os.path.join(project, path))
        if subject:
            return ExampleTask(agent, f"Check the code against what we know about {subject}")
    return ExampleTask(agent, "Check the code against what we know about it")


def _file_size(path: str) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return 0


def _subject(note: str) -> str:
    """What a note is about, as the end of a sentence: its title, and its first two sections or first words.

    Example: "testing: integration tests and front end". "" where it has neither.
    """
    title = _title(note)
    try:
        with open(note, encoding="utf-8", errors="replace") as file:
            lines = [line.strip() for line in file.read(20_000).split("\n")]
    except OSError:
        return title
    sections = [line.lstrip("#").strip(" .:*`") for line in lines if line.startswith("##")][:2]
    if title and sections:
        return f"{title}: {' and '.join(map(_uncapitalised, sections))}"[:120]
    plain = [line for line in lines if line[:1].isalpha() and ": " not in line[:20]]
    beginning = " ".join(plain[0].split()[:10]).rstrip(" .,;:") if plain else ""
    return f"{title}: {_uncapitalised(beginning)}"[:120] if title and beginning else title


def _uncapitalised(text: str) -> str:
    """The text without the capital of a sentence's first word; names such as "DBT" keep theirs."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _title(note: str) -> str:
    """The first heading of a note as the end of a sentence, else the file's name in words; "" where the file cannot be read."""
    words = os.path.splitext(os.path.basename(note))[0].replace("-", " ").replace("_", " ")
    try:
        with open(note, encoding="utf-8", errors="replace") as file:
            heading = next((line.lstrip("#").strip() for line in file if line.startswith("#")), "")
    except OSError:
        return ""
    title = " ".join((heading or words).strip(" .:!?*`").split())[:80]
    head = re.split(r": | [-–—] ", title)[0]  # "Models: what we learned" is about models
    title = head if head.count(" ") else title
    return _uncapitalised(title)


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
    made_with_it = (layout.INDEX_AGAIN, layout.INDEX_DAMAGED, layout.MEMORY_FOLDERS)
    for where, _, files in os.walk(cache, topdown=False):
        for name in files:
            path = os.path.join(where, name)
            if (where == cache and name.startswith("index.")) or os.path.relpath(path, cache) in made_with_it:
                os.unlink(path)
        if where != cache and not os.listdir(where):
            os.rmdir(where)
    if set(os.listdir(cache)) <= {".gitignore"}:
        shutil.rmtree(cache)
        host.done("Index", f"{host.short(cache)} removed")
    else:
        host.already("Index", f"removed; logs and reports in {host.short(cache)} stay")


def plugin_files(project: str) -> list[str]:
    """The plugin's files in a project, for an uninstallation whose receipt is gone: paths that may be removed."""
    paths = []
    path = os.path.join(project, profiles.FILE)
    try:
        with open(path, encoding="utf-8") as file:
            if DESCRIPTION in file.read():
                paths.append(path)
    except (OSError, UnicodeDecodeError):
        pass
    for name in (os.path.join(os.path.dirname(profiles.FILE), shape.SCHEMA), CACHE):
        if os.path.exists(os.path.join(project, name)):
            paths.append(os.path.join(project, name))
    return paths


def _command(host: Host, *arguments: str) -> Result:
    return host.run(
        (_launcher(host), *arguments),
        timeout=_TIMEOUT,
        CLAUDE_PLUGIN_DATA=host.data,
        MEMORY_BUDGET_DATA=host.data,
    )


def _launcher(host: Host) -> str:
    return os.path.join(host.root, "bin", "memory-budget")
