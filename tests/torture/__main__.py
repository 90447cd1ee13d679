"""Run every torture in full, or those named: `python3 -m tests.torture [NAME ...] [MINUTES] [--old REV|DIR ...]`.

MINUTES: of the load (default 10). `--old`: versions to run beside this one, commits of the history or folders; each that is not
there is skipped with the reason.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable

from tests.support import environment

NAMES = "kills disk verbs damage weapons links frame terminal large rebuilds upgrade load".split()


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m tests.torture", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME|MINUTES", help=f"{', '.join(NAMES)} (default: all)")
    parser.add_argument("--old", action="append", metavar="REV|DIR", help="a version for `upgrade`")
    options = parser.parse_args(argv)
    numbers = [word for word in options.names if word.replace(".", "", 1).isdigit()]
    options.minutes = float(numbers[0]) if numbers else 10.0
    options.names = [word for word in options.names if word not in numbers] or NAMES
    for name in options.names:
        if name not in NAMES:
            parser.error(f"there is no {name!r}: {', '.join(NAMES)}")
    return options


def main(argv: list[str]) -> int:
    """Run what is named, all of it by default. Returns 1 where something did not hold."""
    options = arguments(argv)
    python = str(environment.python())
    if sys.executable != python and not sys.flags.isolated and sys.prefix == sys.base_prefix:
        import subprocess

        command = [python, "-m", "tests.torture", *argv]
        return subprocess.run(command, cwd=environment.ROOT, env=environment.clean_environment()).returncode
    sys.path.insert(0, str(environment.ROOT / "lib"))
    failed = False
    for name in options.names:
        began = time.monotonic()
        try:
            lines = _torture(name, options)()
        except AssertionError as error:
            failed, lines = True, [f"FAILED: {error}"]
        for line in lines:
            print(f"{name}: {line}", flush=True)
        one, five, fifteen = os.getloadavg()
        print(
            f"{name}: {time.monotonic() - began:.0f} s (load {one:.1f}, {five:.1f}, {fifteen:.1f})",
            flush=True,
        )
    return int(failed)


def _torture(name: str, options: argparse.Namespace) -> Callable[[], list[str]]:
    """A torture in its full size."""
    from tests.torture import (
        damage,
        disk,
        frame,
        kills,
        large,
        links,
        load,
        rebuilds,
        terminal,
        upgrade,
        verbs,
        weapons,
    )

    return {
        "kills": lambda: kills.run(40),
        "disk": lambda: disk.run(40),
        "verbs": lambda: verbs.run(100),
        "damage": lambda: damage.run(200),
        "weapons": lambda: weapons.run(40),
        "links": lambda: links.run(40),
        "frame": lambda: frame.run(2500),
        "terminal": lambda: terminal.run(100),
        "large": lambda: large.run(100),
        "rebuilds": lambda: rebuilds.run(40),
        "upgrade": lambda: upgrade.run(60, tuple(options.old or upgrade.EARLIER)),
        "load": lambda: load.run(options.minutes),
    }[name]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
