"""Run every torture in full, or those named: `python3 -m tests.torture [kills] [disk] [load [MINUTES]]`."""

from __future__ import annotations

import sys
import time

from tests.support import environment


def main(argv: list[str]) -> int:
    """Run what is named, all of it by default. Returns 1 where something did not hold."""
    python = str(environment.python())
    if sys.executable != python and not sys.flags.isolated and sys.prefix == sys.base_prefix:
        import subprocess

        return subprocess.run([python, "-m", "tests.torture", *argv], cwd=environment.ROOT).returncode
    sys.path.insert(0, str(environment.ROOT / "lib"))
    from tests.torture import disk, kills, load

    minutes = float(next((word for word in argv if word.replace(".", "").isdigit()), 10))
    tortures = {
        "kills": lambda: kills.run(40),
        "disk": lambda: disk.run(40),
        "load": lambda: load.run(minutes),
    }
    chosen = [name for name in argv if name in tortures] or list(tortures)
    failed = False
    for name in chosen:
        began = time.monotonic()
        try:
            lines = tortures[name]()
        except AssertionError as error:
            failed, lines = True, [f"FAILED: {error}"]
        for line in lines:
            print(f"{name}: {line}", flush=True)
        print(f"{name}: {time.monotonic() - began:.0f} s", flush=True)
    return int(failed)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
