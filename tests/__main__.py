"""Run the project's checks: `python3 -m tests`, from a checkout, with any Python 3.10 or newer.

The first run makes a virtual environment with the pinned packages under `.cache/` and installs the real client from
npm for the end-to-end tests. Lint, types and the layers of imports come first, then the unit and property tests under other
Pythons (with `--all-pythons` every supported one that is found, with CI set the oldest and the newest), then one pytest run
under this Python, whose summary closes the output.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time

from tests.support import client_install, environment, pythons

PARTS = ("lint", "types", "imports", "unit", "property", "e2e")
#: The linter of imports has no module to run; the library lies in a folder that is not installed.
IMPORT_LINTER = (
    "import sys; sys.path.insert(0, 'lib'); from importlinter.cli import lint_imports; "
    "sys.exit(lint_imports(no_cache=True, no_logo=True))"
)
#: Set in the environment of a run under another Python, which starts no further ones.
UNDER_ANOTHER = "MEMORY_BUDGET_TESTS_UNDER_ANOTHER_PYTHON"
PYTHON_FILES = ("lib", "hooks", "install.py", "tests")


def arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m tests", description="Run lint, types and tests.")
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"one or more of {', '.join(PARTS)} (default: all)"
    )
    parser.add_argument("-k", metavar="EXPRESSION", help="only tests whose names match, as in pytest")
    parser.add_argument("-x", action="store_true", help="stop at the first failing test")
    parser.add_argument("--no-e2e", action="store_true", help="leave out the tests with the real client")
    parser.add_argument(
        "--all-pythons",
        action="store_true",
        help="unit and property tests under every Python 3.10 to 3.14 found, too",
    )
    parser.add_argument(
        "--all-clients",
        action="store_true",
        help=f"the tests of clients against {', '.join(client_install.SUPPORTED)}, not only the first and the last",
    )
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
    if options.all_clients:
        os.environ[client_install.ALL] = "1"
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
    failed += [
        f"Python {version[0]}.{version[1]}"
        for version, program in other_pythons(options.all_pythons).items()
        if not run_under(version, program, options)
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


def other_pythons(every: bool) -> dict[tuple[int, int], str]:
    """Pythons besides the running one to test under: every one, or in CI the oldest and the newest, else none."""
    if not every and (not os.environ.get("CI") or os.environ.get(UNDER_ANOTHER)):
        return {}
    found = pythons.installed()
    if not every:
        found = {version: found[version] for version in (min(found), max(found))} if found else {}
    return {version: program for version, program in found.items() if version != sys.version_info[:2]}


def run_under(version: tuple[int, int], program: str, options: argparse.Namespace) -> bool:
    """Run the unit and property tests that were asked for under another Python, in an environment of its own."""
    parts = [part for part in ("unit", "property") if part in options.parts]
    if not parts:
        return True
    print(f"\n== Python {version[0]}.{version[1]}: {' and '.join(parts)} tests with {program}", flush=True)
    command = [program, "-m", "tests", *parts]
    command += ["-k", options.k] if options.k else []
    command += ["-x"] if options.x else []
    environ = {**environment.clean_environment(), UNDER_ANOTHER: "1"}
    return subprocess.run(command, cwd=environment.ROOT, env=environ).returncode == 0


def prepare_client() -> None:
    """Have the client there before pytest starts, so that its download is not part of a test."""
    try:
        for version in ("", *client_install.versions()):
            client_install.client(version)
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
