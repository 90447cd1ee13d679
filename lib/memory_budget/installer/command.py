"""`python3 install.py`: installs the plugin, and takes the installation back."""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import platform
import shlex
import shutil
import tempfile
from collections.abc import Sequence

from memory_budget import __version__
from memory_budget.base import installation
from memory_budget.base.errors import BudgetError
from memory_budget.base.figures import counted
from memory_budget.base.files import short_hash
from memory_budget.base.project import find_project
from memory_budget.installer import bytecode, client, libraries, workspace
from memory_budget.installer.host import Host
from memory_budget.installer.receipt import Receipt
from memory_budget.installer.turn import wait_for_turn

#: Seconds that a second installer waits for the first.
_WAIT_FOR_ANOTHER = 1200


def main(argv: Sequence[str] | None = None, host: Host | None = None) -> int:
    """Install or uninstall. Returns 0: all done, 1: something does not work (a line says what), 2: bad usage."""
    arguments = _parser().parse_args(argv)
    host = host or Host()
    host.dry_run = arguments.dry_run
    project = os.path.abspath(arguments.project or os.getcwd())
    try:
        if not os.path.isdir(project):
            raise BudgetError(f"{project}: no such folder")
        with _one_installer(host):
            if arguments.uninstall:
                return uninstall_plugin(host, project)
            return install_plugin(host, project, with_client=not arguments.no_client)
    except BudgetError as error:
        host.warn("Stopped", str(error))
    except OSError as error:
        host.warn("Stopped", f"{error.filename or ''}: {error.strerror or error}{_advice(host, error)}")
    except KeyboardInterrupt:
        host.warn("Stopped", "what was done so far can be taken back: python3 install.py --uninstall")
    return 1


def _advice(host: Host, error: OSError) -> str:
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return (
            f"\n{host.short(host.client_home)} has to be writable: run this as its owner, or let CLAUDE_CONFIG_DIR name a "
            "folder that is."
        )
    return "\nMake room on the disk and run install.py again." if error.errno == errno.ENOSPC else ""


def _one_installer(host: Host) -> contextlib.AbstractContextManager[None]:
    """One installer of this person at a time. Raises BudgetError when the other one does not end."""
    name = f"memory-budget-{os.getuid()}-{short_hash(host.client_home)}.lock"
    given_up = BudgetError("another install.py has been at work for 20 minutes")
    path = os.path.join(tempfile.gettempdir(), name)
    return wait_for_turn(host, path, _WAIT_FOR_ANOTHER, "Waiting", "another install.py is at work", given_up)


def install_plugin(host: Host, project: str, with_client: bool) -> int:
    """Set up every part that is not set up yet. 0, or 1 when a part does not work."""
    host.text(f"memory-budget {__version__}")
    if with_client:
        client.check_settings(host)
    receipt = Receipt(host.data)
    if not host.dry_run:
        receipt.make_folder(host.data)
    host.already("Python", f"{platform.python_version()}, {host.short(installation.base_interpreter())}")
    works = libraries.install_libraries(host) or host.dry_run
    if with_client:
        client.enable_plugin(host, receipt)
    bytecode.compile_all(host, receipt)
    project_found = find_project(project, host.home)
    if project_found.has_memory():
        project = project_found.root
        workspace.say_memory(host, project_found)
        if project_found.kept_inside:
            workspace.install_profiles(host, receipt, project)
        works = workspace.build_index(host, receipt, project) and works
        works = workspace.show_example(host, project, workspace.choose_example(project, host.home)) and works
    else:
        workspace.say_no_memory(host, project)
    if not host.dry_run:
        host.text(_closing_words(host, with_client))
    return 0 if works else 1


def uninstall_plugin(host: Host, project: str) -> int:
    """Take back every change in the receipt, newest first, then remove the data folder."""
    receipt = Receipt(host.data)
    if not receipt.changes:
        _say_no_receipt(host, project)
        return 0
    if host.dry_run:
        _say_changes(host, receipt)
        return 0
    for change in list(reversed(receipt.changes)):
        if change["kind"] == "client":
            client.disable_plugin(host, change)
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


def _say_no_receipt(host: Host, project: str) -> None:
    """Say what is left of the plugin where there is no receipt: `claude plugin uninstall` removes it with the data folder."""
    host.already("Receipt", f"nothing of this installer in {host.short(host.data)}")
    leftovers = workspace.plugin_files(project)
    if leftovers:
        host.warn(
            "Project",
            "of this plugin's there still is:\n" + "\n".join(host.short(path) for path in leftovers),
        )
    client.say_what_is_left(host)


def _say_changes(host: Host, receipt: Receipt) -> None:
    compiled = [change for change in receipt.changes if change["kind"] == "byte code"]
    for change in reversed(receipt.changes):
        if change["kind"] != "byte code":
            host.would("Uninstall", f"take back: {change['kind']} {host.short(change['path'])}")
    if compiled:
        host.would("Uninstall", f"remove byte code in {counted(len(compiled), 'folder')}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="install.py",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Install the memory-budget plugin for Claude Code, for this user. Safe to run again.",
        epilog=f"""what it changes:
  ~/.claude/plugins/data/memory-budget-*   Python libraries, {libraries.CORE.megabytes} MB, and the receipt for --uninstall
  ~/.claude/settings.json                  the plugin is enabled, by `claude plugin install` where there is a client
  PROJECT/.claude/memory                   a profiles file and its schema, where there is memory and no profiles file
  PROJECT/.claude/cache/memory-budget      the index; it ignores itself for git
A project without memory is left as it is. Nothing leaves the machine; the libraries come from the Python package index.""",
    )
    parser.add_argument("--project", metavar="DIR", help="project to prepare (default: the current folder)")
    parser.add_argument("--no-client", action="store_true", help="do not make the plugin known to the client")
    parser.add_argument("--uninstall", action="store_true", help="take back exactly what this installer did")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done and change nothing")
    return parser


def _closing_words(host: Host, with_client: bool) -> str:
    back = f"To take it all back: python3 {shlex.quote(os.path.join(host.root, 'install.py'))} --uninstall"
    if not with_client:
        return f"Done. Try it in a session: claude --plugin-dir {shlex.quote(host.root)}\n{back}"
    keep = "" if host.is_client_copy else f" Do not move {host.short(host.root)} (or run install.py again)."
    return (
        "Done. Start a new Claude Code session: agents get memory from now on. Check there: /memory-budget:status."
        f"{keep}\n{back}"
    )
