"""Compiled byte code of the library and the hooks, so that no agent's start has to compile.

Both the checkout and the copy that the client keeps per version are compiled: which of the two a client runs
depends on its version. Byte code carries the source's time, so an updated source is never passed over.
"""

from __future__ import annotations

import compileall
import glob
import os

from memory_budget.base import installation
from memory_budget.installer.host import Host
from memory_budget.installer.receipt import Receipt

STEP = "Byte code"
_COMPILED = ("lib", "hooks")


def compile_all(host: Host, receipt: Receipt) -> None:
    """Compile what is not compiled yet for the running interpreter, the one that hooks are started with."""
    roots = [host.root, *client_copies(host)]
    if host.dry_run:
        host.would(STEP, "compile " + " and ".join(host.short(root) for root in roots))
        return
    before = {root: set(_caches(root)) for root in roots}
    failed = [root for root in roots if not _compile(root)]
    made = [cache for root in roots for cache in _caches(root) if cache not in before[root]]
    for cache in made:
        receipt.add("byte code", cache)
    if failed:
        host.warn(STEP, f"cannot be written in {' and '.join(map(host.short, failed))}: starts are slower")
    elif made:
        host.done(STEP, "compiled in " + " and ".join(host.short(root) for root in roots))
    else:
        host.already(STEP, "compiled")


def client_copies(host: Host) -> list[str]:
    """The client's copies of the plugin, one folder per version."""
    cache = os.path.join(host.client_home, "plugins", "cache", host.marketplace, installation.PLUGIN)
    copies = sorted(glob.glob(os.path.join(glob.escape(cache), "*", "")))
    return [copy.rstrip(os.sep) for copy in copies if copy.rstrip(os.sep) != host.root]


def _compile(root: str) -> bool:
    done = [compileall.compile_dir(os.path.join(root, name), quiet=2) for name in _COMPILED]
    return all(done)


def _caches(root: str) -> list[str]:
    return [
        os.path.join(folder, "__pycache__")
        for name in _COMPILED
        for folder, names, _ in os.walk(os.path.join(root, name))
        if "__pycache__" in names
    ]
