#!/usr/bin/env python3
"""Install the memory-budget plugin: `python3 install.py`; `python3 install.py --uninstall` takes it back.

It runs on any Python 3, so that an old one can say what it needs: it looks for Python 3.10 or newer with
SQLite's full text search, starts itself with that one if it has to, and hands over to the library's `installer`.
"""

import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.abspath(__file__))
NAMES = ("python3.14", "python3.13", "python3.12", "python3.11", "python3.10", "python3", "python")
CHECK = (
    "import sys; assert sys.version_info >= (3, 10), 'it is Python %d.%d' % sys.version_info[:2]\n"
    "import sqlite3; sqlite3.connect(':memory:').execute('create virtual table t using fts5(x)')"
)


def fits() -> str:
    """The reason in words why this interpreter will not do; "" when it will."""
    try:
        exec(CHECK, {})  # the same text that other interpreters are asked
    except Exception as error:
        return str(error) or type(error).__name__
    return ""


def find() -> "str | None":
    """The first interpreter on the PATH that will do, or None."""
    for name in NAMES:
        try:
            with open(os.devnull, "w") as nowhere:
                if subprocess.call([name, "-c", CHECK], stdout=nowhere, stderr=nowhere) == 0:
                    return name
        except OSError:
            pass
    return None


def start() -> int:
    """Run the installer here, or with an interpreter that fits."""
    reason = fits()
    if not reason:
        sys.dont_write_bytecode = True  # the installer compiles it, and remembers that for --uninstall
        sys.path.insert(0, os.path.join(ROOT, "lib"))
        from memory_budget.installer.command import main

        return main()
    other = find()
    if other is None:
        sys.stderr.write(
            "memory-budget needs Python 3.10 or newer with SQLite's full text search (FTS5).\n"
            f"{sys.executable} does not do: {reason}.\n"
            "Install one, for example from https://www.python.org/downloads/, and run install.py with it.\n"
        )
        return 1
    return subprocess.call([other, os.path.abspath(__file__), *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(start())
