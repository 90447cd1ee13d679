"""The command line: `memory-budget VERB`. Each verb is a module; this one finds and runs it.

Exit 0: done. 1: a problem was found. 2: the command was used wrongly.
"""

from __future__ import annotations

import argparse
import difflib
import importlib
import os
import re
import sys
from collections.abc import Mapping
from typing import NamedTuple, NoReturn

from memory_budget import __version__
from memory_budget.base import terminal
from memory_budget.base.errors import BudgetError
from memory_budget.base.figures import printable
from memory_budget.cli import missing


class Verb(NamedTuple):
    """A verb, the module that does it, and its line of help."""

    name: str
    module: str
    help: str


VERBS = (
    Verb("preview", "cli.preview", "show what an agent would be given for a task, and why"),
    Verb("complexity", "cli.complexity", "show how hard a task looks, and why"),
    Verb("status", "cli.status", "show the state of memory, index, profiles and the log"),
    Verb("run", "cli.run", "do the daily, weekly or monthly job, or the report, now"),
    Verb(
        "maintain", "cli.maintain", "show what the jobs propose to change in memory, and do what you choose"
    ),
    Verb("health", "cli.health", "show the size of all memory, its growth, and files to look at"),
    Verb("duplicates", "cli.duplicates", "show what is said more than once"),
    Verb("undo", "cli.undo", "take changes to memory back"),
    Verb("report", "cli.report", "report how budgets were used, what was needed, what it cost"),
    Verb("tune", "cli.tune", "show what the log says about budgets; change them with --apply"),
    Verb("index", "cli.index", "bring the index of memory up to date"),
    Verb("profiles", "cli.profiles", "check the budget profiles; suggest one for each agent"),
    Verb("sources", "cli.sources", "show, add or remove what is memory"),
    Verb("setup", "installer.setup", "install the Python libraries into the plugin's data folder"),
    Verb("doctor", "cli.doctor", "look for what is wrong and say how to put it right"),
)


def main(argv: list[str] | None = None) -> int:
    """Run one command. Returns the exit code."""
    argv = sys.argv[1:] if argv is None else argv
    if argv[:1] == ["background"]:
        from memory_budget.base import detached

        return detached.guard(argv[1:], lambda: _background(argv[1:]))
    # A stream that the caller closed (`memory-budget status >&-`) takes what is written, for as long as the process runs.
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    if argv[:1] == ["help"]:
        return main([*argv[1:2], "--help"])
    parser = _Parser(
        prog="memory-budget",
        description="Gives every agent the part of the project's memory that its task needs.",
    )
    parser.add_argument("--version", action="version", version=f"memory-budget {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", parser_class=_Parser)
    for verb in VERBS:
        # Only the verb that was asked for is imported; the others are just named in the help.
        verb_parser = verbs.add_parser(
            verb.name, help=verb.help, description=verb.help[0].upper() + verb.help[1:] + "."
        )
        verb_parser.add_argument(
            "--project", default=".", metavar="DIR", help="the project (default: the current folder)"
        )
        verb_parser.add_argument("--json", action="store_true", help="print one JSON value instead of text")
        if argv[:1] == [verb.name]:
            _module(verb).add_arguments(verb_parser)
    args = _parse(parser, verbs.choices, argv)
    if args.verb is None:
        parser.print_help(sys.stderr)
        return 2
    verb = next(entry for entry in VERBS if entry.name == args.verb)
    if not os.path.isdir(args.project):
        print(f"memory-budget: {args.project}: no such folder", file=sys.stderr)
        return 2
    return _run(verb, args, argv)


def _parse(
    parser: argparse.ArgumentParser, verbs: Mapping[str, argparse.ArgumentParser], argv: list[str]
) -> argparse.Namespace:
    """Parse the arguments. What is wrong with them ends in exit 2, a help text or one whose reader is gone in 0."""
    try:
        try:
            args, unknown = parser.parse_known_args(argv)
        finally:
            sys.stdout.flush()  # a help text goes out here, not at the end of the process
    except BrokenPipeError:
        _drop_output()
        raise SystemExit(0) from None
    if unknown:
        verbs.get(args.verb, parser).error(f"unrecognized arguments: {' '.join(unknown)}")
    return args


def _run(verb: Verb, args: argparse.Namespace, argv: list[str]) -> int:
    """Run a verb. What goes wrong with it is told in a sentence."""
    try:
        with terminal.cleaned_streams():
            code = int(_module(verb).run(args))
        sys.stdout.flush()  # what cannot be written is told here, not at the end of the process
        return code
    except BudgetError as error:
        print(f"memory-budget: {terminal.clean(str(error))}", file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        return missing.set_up_and_retry(error, argv)
    except BrokenPipeError:
        # The reader of the output is gone: `memory-budget status | head`.
        _drop_output()
        return 0
    except OSError as error:
        if error.strerror is None and not isinstance(error, TimeoutError):
            raise
        where = f"{terminal.clean(str(error.filename))}: " if error.filename is not None else ""
        print(f"memory-budget: {where}{error.strerror or terminal.clean(str(error))}", file=sys.stderr)
        _drop_output()  # what is left of it could not be written either: `memory-budget status >/dev/full`
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if type(error).__module__ != "sqlite3":  # which some Pythons do not have
            raise
        print(
            f"memory-budget: the index cannot be written or read: {terminal.clean(str(error))}",
            file=sys.stderr,
        )
        return 1


class _Parser(argparse.ArgumentParser):
    """Says in a line what is wrong with the arguments; where no verb has the name, which one may have been meant."""

    def error(self, message: str) -> NoReturn:
        match = re.match(r"argument VERB: invalid choice: '([^']*)'", message)
        if match is None:
            self.exit(2, f"{self.prog}: {printable(message)}; {self.prog} --help lists what it takes\n")
        close = difflib.get_close_matches(match[1], [verb.name for verb in VERBS], 1)
        hint = f"did you mean {close[0]}?" if close else "memory-budget --help lists them"
        self.exit(2, f'memory-budget: no command "{printable(match[1])}"; {hint}\n')


def _drop_output() -> None:
    """Let what is not written yet go nowhere, so that the end of the process does not try again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _background(argv: list[str]) -> int:
    from memory_budget.upkeep import background

    return background.main(argv)


def _module(verb: Verb):  # type: ignore[no-untyped-def]
    return importlib.import_module(f"memory_budget.{verb.module}")
