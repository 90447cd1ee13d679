"""`python3 install.py`: the installation and its way back, each readable top to bottom."""

from __future__ import annotations

import argparse
import os
import platform
import shlex
import shutil
from collections.abc import Sequence

from memory_budget import __version__
from memory_budget.base import installation
from memory_budget.base.errors import BudgetError
from memory_budget.installer import bytecode, client, libraries, workspace
from memory_budget.installer.host import Host
from memory_budget.installer.receipt import Receipt


def main(argv: Sequence[str] | None = None, host: Host | None = None) -> int:
    """Install or uninstall. 0 all done, 1 something does not work (it is said what), 2 bad usage."""
    arguments = _parser().parse_args(argv)
    host = host or Host()
    host.dry_run = arguments.dry_run
    project = os.path.abspath(arguments.project or os.getcwd())
    try:
        if not os.path.isdir(project):
            raise BudgetError(f"{project}: no such folder")
        if arguments.uninstall:
            return uninstall(host)
        return install(host, project, with_client=not arguments.no_client)
    except BudgetError as error:
        host.warn("Stopped", str(error))
    except OSError as error:
        host.warn("Stopped", f"{error.filename or ''}: {error.strerror or error}")
    except KeyboardInterrupt:
        host.warn("Stopped", "what was done so far can be taken back: python3 install.py --uninstall")
    return 1


def install(host: Host, project: str, with_client: bool) -> int:
    """Set everything up; what is so already stays. 0, or 1 when a part does not work."""
    host.text(f"memory-budget {__version__}")
    if with_client:
        client.check(host)
    receipt = Receipt(host.data)
    if not host.dry_run:
        receipt.make_folder(host.data)
    host.already("Python", f"{platform.python_version()}, {host.short(installation.base_interpreter())}")
    complete = libraries.install(host)
    if with_client:
        client.install(host, receipt)
    bytecode.install(host, receipt)
    if workspace.has_memory(project):
        workspace.install_profiles(host, receipt, project)
    else:
        host.already("Project", f"{host.short(project)} has no memory and is left as it is")
    task = workspace.choose_task(host, project)
    shown = workspace.build_index(host, receipt, task.project) and workspace.show_preview(host, task)
    if not host.dry_run:
        host.text(_ending(host, with_client))
    return 0 if shown and (complete or host.dry_run) else 1


def uninstall(host: Host) -> int:
    """Take back every change in the receipt, newest first, then remove the data folder."""
    receipt = Receipt(host.data)
    if not receipt.changes:
        host.already("Receipt", f"nothing of this installer in {host.short(host.data)}")
        return 0
    if host.dry_run:
        _say_changes(host, receipt)
        return 0
    for change in list(reversed(receipt.changes)):
        if change["kind"] == "client":
            client.uninstall(host, change)
        elif change["kind"] == "file":
            workspace.remove_file(host, change)
        elif change["kind"] == "index":
            workspace.remove_index(host, change)
        elif change["kind"] == "byte code":
            shutil.rmtree(change["path"], ignore_errors=True)
        if change["kind"] != "folder":
            receipt.drop(change)
    folders = [change["path"] for change in receipt.changes if change["kind"] == "folder"]
    shutil.rmtree(host.data)
    host.done("Libraries", f"{host.short(host.data)} removed")
    for folder in sorted(folders, key=len, reverse=True):
        if os.path.isdir(folder) and not os.listdir(folder):
            os.rmdir(folder)
    return 0


def _say_changes(host: Host, receipt: Receipt) -> None:
    compiled = [change for change in receipt.changes if change["kind"] == "byte code"]
    for change in reversed(receipt.changes):
        if change["kind"] != "byte code":
            host.would("Uninstall", f"take back: {change['kind']} {host.short(change['path'])}")
    if compiled:
        host.would("Uninstall", f"remove byte code in {len(compiled)} folders")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="install.py",
        description="Install the memory-budget plugin for Claude Code. Safe to run again.",
    )
    parser.add_argument("--project", metavar="DIR", help="project to prepare (default: the current folder)")
    parser.add_argument("--no-client", action="store_true", help="do not make the plugin known to the client")
    parser.add_argument("--uninstall", action="store_true", help="take back exactly what this installer did")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done and change nothing")
    return parser


def _ending(host: Host, with_client: bool) -> str:
    if not with_client:
        return f"Try it in a session: claude --plugin-dir '{host.root}'"
    keep = "" if host.is_client_copy else f" Keep {host.short(host.root)}: the client runs it from there."
    back = f"To take it all back: python3 {shlex.quote(os.path.join(host.root, 'install.py'))} --uninstall"
    return f"Agents get their memory from the next session on.{keep}\n{back}"
