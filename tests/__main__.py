"""Run the project's checks: `python3 -m tests`, from a checkout, with any Python 3.10 or newer.

The first run makes a virtual environment with the pinned packages under `.cache/` and installs the real client from
npm for the end-to-end tests. Lint, types and the layers of imports come first, then one pytest run whose summary closes the output.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time

from tests.support import client_install, environment

PARTS = ("lint", "types", "imports", "unit", "property", "e2e")
#: The linter of imports has no module to run; the library lies in a folder that is not installed.
IMPORT_LINTER = (
    "import sys; sys.path.insert(0, 'lib'); from importlinter.cli import lint_imports; "
    "sys.exit(lint_imports(no_cache=True, no_logo=True))"
)
PYTHON_FILES = ("lib", "hooks", "install.py", "tests")


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m tests", description="Run lint, types and tests.")
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"one or more of {', '.join(PARTS)} (default: all)"
    )
    parser.add_argument("-k", metavar="EXPRESSION", help="only tests whose names match, as in pytest")
    parser.add_argument("-x", action="store_true", help="stop at the first failing test")
    parser.add_argument("--no-e2e", action="store_true", help="leave out the tests with the real client")
    options = parser.parse_args(argv)
    for part in options.parts:
        if part not in PARTS:
            parser.error(f"no part {part!r}; there are {', '.join(PARTS)}")
    options.parts = [part for part in PARTS if part in (options.parts or PARTS)]
    if options.no_e2e:
        options.parts = [part for part in options.parts if part != "e2e"]
    return options


def main(argv: list[str] | None = None) -> int:
    options = arguments(argv)
    try:
        python = str(environment.python())
        if "e2e" in options.parts:
            prepare_client()
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    files = [name for name in PYTHON_FILES if (environment.ROOT / name).exists()]
    checks = {
        "lint": [["-m", "ruff", "check", *files], ["-m", "ruff", "format", "--check", *files]],
        "types": [["-m", "mypy", *files]],
        "imports": [["-c", IMPORT_LINTER]],
    }
    failed = [
        part
        for part in options.parts
        for command in checks.get(part, ())
        if not run(part, [python, *command])
    ]
    suites = [f"tests/{part}" for part in options.parts if (environment.ROOT / "tests" / part).is_dir()]
    if suites:
        command = [python, "-m", "pytest", *suites]
        command += ["-k", options.k] if options.k else []
        command += ["-x"] if options.x else []
        if not run("tests", command):
            failed.append("tests")
    if failed:
        print(f"FAILED: {', '.join(dict.fromkeys(failed))}", file=sys.stderr)
    return 1 if failed else 0


def prepare_client() -> None:
    """Have the client there before pytest starts, so that its download is not part of a test."""
    try:
        client_install.client()
    except client_install.NoNpm as error:
        print(f"end-to-end tests cannot run: {error}", file=sys.stderr)


def run(part: str, command: list[str]) -> bool:
    shown = " ".join(command[2:]) if command[1] == "-m" else "import-linter"
    print(f"\n== {part}: {shown}", flush=True)
    start = time.monotonic()
    done = subprocess.run(command, cwd=environment.ROOT, env=environment.clean_environment())
    if part != "tests":
        word = "failed" if done.returncode else "ok"
        print(f"-- {part} {word} in {time.monotonic() - start:.1f} s", flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    raise SystemExit(main())
