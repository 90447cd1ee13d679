"""What `memory-budget doctor` looks at on this machine: libraries against the lock files, interpreter, client, and what failed."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator

from memory_budget import __version__
from memory_budget.base import installation, layout, spawn
from memory_budget.base.figures import enumeration
from memory_budget.base.project import Project
from memory_budget.cli.findings import Finding
from memory_budget.run import libraries
from memory_budget.settings import client_versions, plugins
from memory_budget.text import tokens

#: Failures older than this many days are history.
_RECENT_DAYS = 7.0


def _core_libraries(project: Project) -> Iterator[Finding]:
    version = platform.python_version()
    differing = _differing_packages(installation.CORE_LOCK)
    if not differing:
        try:
            tokens.load_encoding()
        except (ImportError, OSError, ValueError) as error:
            yield Finding(
                "problem", "libraries", f"the token table cannot be read: {error}", "run: memory-budget setup"
            )
            return
        yield Finding("ok", "libraries", f"all there, as pinned (Python {version})")
    elif any(installed is None for _, _, installed in differing):
        names = [name for name, _, installed in differing if installed is None]
        missing = enumeration(names, 4)
        data = installation.data_folder()
        state = libraries.read_state(data)
        failure = (
            f"; the last setup said: {state['line']}"
            if state.get("state") == "failed" and state.get("line")
            else ""
        )
        yield Finding(
            "problem",
            "libraries",
            f"Python {version} at {sys.executable} lacks {missing}. Agents get their memory all the same, token counts are "
            f"upper estimates, jobs wait{failure}",
            f"run: memory-budget setup ({installation.CORE_MEGABYTES} MB)"
            + (" - it is forbidden by itself here" if libraries.forbidden(project) else ""),
        )
    else:
        listed = ", ".join(
            f"{name} {installed} (pinned: {pinned})" for name, pinned, installed in differing[:5]
        )
        yield Finding("note", "libraries", f"not as pinned: {listed}", "run: memory-budget setup")


def _report_libraries(project: Project) -> Iterator[Finding]:
    missing = [
        name for name, _, installed in _differing_packages(installation.REPORTS_LOCK) if installed is None
    ]
    if missing:
        yield Finding(
            "ok",
            "libraries for reports",
            f"not installed; the first HTML report or `tune` installs them ({installation.REPORTS_MEGABYTES} MB)",
        )
    else:
        yield Finding("ok", "libraries for reports", "all there")


def _differing_packages(lock: str) -> list[tuple[str, str, str | None]]:
    """Packages that are missing or not as a lock file pins them: (name, pinned version, installed version or None)."""
    differing: list[tuple[str, str, str | None]] = []
    for name, pinned in installation.pins(os.path.join(installation.plugin_root(), lock)):
        try:
            installed: str | None = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            installed = None
        if installed != pinned:
            differing.append((name, pinned, installed))
    return differing


def _interpreter(project: Project) -> Iterator[Finding]:
    data = installation.data_folder()
    named_base, named_libraries = spawn.named_interpreters(data)
    base, with_libraries = spawn.interpreters(data)
    remedy = f"run: python3 {os.path.join(installation.plugin_root(), 'install.py')}"
    if not named_base:
        yield Finding("note", "hooks", f"{data} names no Python; hooks look for one on the PATH", remedy)
    elif not base or not _runs_python(base):
        yield Finding("problem", "hooks", f"{named_base} in {data}/interpreter cannot be run", remedy)
    else:
        yield Finding("ok", "hooks", f"run with {base}")
    if named_libraries and (not with_libraries or not _runs_python(with_libraries)):
        yield Finding(
            "problem",
            "command line",
            f"{named_libraries} in {data}/interpreter cannot be run: it was moved or its Python is gone",
            "run: memory-budget setup",
        )


def _runs_python(program: str) -> bool:
    try:
        done = subprocess.run([program, "-I", "-S", "-c", "import sqlite3"], capture_output=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def _client(project: Project) -> Iterator[Finding]:
    program = shutil.which("claude")
    version = _client_version(program) if program else None
    if not program:
        yield Finding(
            "note", "client", "no `claude` on the PATH, so its version is not known", "try: claude --version"
        )
    elif version:
        missing = client_versions.missing_features(version)
        level = "problem" if version < client_versions.OLDEST else "note" if missing else "ok"
        words = "; ".join([f"Claude Code {client_versions.version_text(version)}", *missing])
        yield Finding(level, "client", words, "newer: claude update" if missing else "")
    else:
        yield Finding("note", "client", f"{program} does not say its version", f"try: {program} --version")
    yield from _plugin()


def _client_version(program: str) -> tuple[int, int, int] | None:
    try:
        process = subprocess.run(
            [program, "--version"], capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return client_versions.parse_version(process.stdout)


def _plugin() -> Iterator[Finding]:
    """Whether the client has this plugin enabled, and runs it from the folder of this command line."""
    home = installation.claude_home()
    registered = plugins.known_plugins(home, installation.PLUGIN)
    root = os.path.realpath(installation.plugin_root())
    install = f"run: python3 {os.path.join(root, 'install.py')}"
    if not registered:
        if os.environ.get("CLAUDE_PLUGIN_ROOT"):
            yield Finding("ok", "plugin", f"loaded from {root} by --plugin-dir")
        else:
            yield Finding("note", "plugin", f"the client does not know it ({home}/settings.json)", install)
    for plugin in registered:
        if not plugin.enabled:
            yield Finding(
                "problem",
                "plugin",
                f"{plugin.identifier} is installed and disabled",
                f"run: claude plugin enable {plugin.identifier}",
            )
            continue
        if plugin.source and not os.path.isdir(plugin.source):
            yield Finding(
                "problem",
                "plugin",
                f"{plugin.identifier} comes from {plugin.source}, which is gone: moved or deleted",
                f"{install} from where it is now",
            )
            continue
        places = [os.path.realpath(place) for place in (plugin.folder, plugin.source) if place]
        if plugin.version and plugin.version != __version__:
            yield Finding(
                "note",
                "plugin",
                f"the client runs version {plugin.version} in {plugin.folder}; this command line is {__version__} in {root}",
                f"run: claude plugin update {plugin.identifier}, and start a new session",
            )
        elif places and root not in places:
            yield Finding(
                "note",
                "plugin",
                f"the client runs it from {places[0]}; this command line is in {root}",
                install,
            )
        else:
            yield Finding(
                "ok",
                "plugin",
                f"{plugin.identifier} {__version__} is enabled, from {places[0] if places else root}",
            )
    enabled = [plugin.identifier for plugin in registered if plugin.enabled]
    if len(enabled) > 1:
        yield Finding(
            "problem",
            "plugin",
            f"enabled {len(enabled)} times ({', '.join(enabled)}): every agent would get its memory twice",
            f"run: claude plugin uninstall {enabled[-1]}",
        )


def _failures(project: Project) -> Iterator[Finding]:
    """Failures that hooks logged in the last week."""
    path = project.at(layout.HOOKS_LOG)
    try:
        age = (time.time() - os.stat(path).st_mtime) / 86400
        with open(path, encoding="utf-8", errors="replace") as file:
            entries = [line.rstrip() for line in file if line[:4].isdigit() or line[:1].isalpha()]
    except OSError:
        yield Finding("ok", "failures", "none logged")
        return
    if not entries or age > _RECENT_DAYS:
        yield Finding("ok", "failures", "none in the last week")
        return
    yield Finding(
        "note",
        "failures",
        f"{len(entries)} lines in {path}, the last: {entries[-1][:200]}",
        "read them there; delete the file when done",
    )


CHECKS = (_core_libraries, _report_libraries, _interpreter, _client, _failures)
