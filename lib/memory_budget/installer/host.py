"""What the installer needs of the machine (folders, programs), and the lines it prints while it works.

Tests replace a Host's `run`, so that nothing is downloaded and no client is needed.
"""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Mapping, Sequence
from typing import TextIO

from memory_budget.base import installation

#: Characters of the bar that `progress` draws.
_BAR = 20
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def run_program(
    argv: Sequence[str], *, cwd: str, environ: Mapping[str, str], timeout: float
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end with no input; 127 if it cannot start, 124 if it takes too long."""
    try:
        return subprocess.run(
            argv, cwd=cwd, env=dict(environ), timeout=timeout, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, errors="replace",
        )  # fmt: skip
    except OSError as error:
        return subprocess.CompletedProcess(argv, 127, "", str(error))
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(argv, 124, "", f"no answer within {timeout:.0f} s")


class Host:
    """Folders, environment and programs of this machine, and the lines shown to the person."""

    def __init__(
        self,
        root: str | None = None,
        environ: Mapping[str, str] | None = None,
        out: TextIO | None = None,
        run: Run = run_program,
    ) -> None:
        self.root = root or installation.plugin_root()
        self.environ = dict(os.environ if environ is None else environ)
        self.client_home = installation.claude_home(self.environ)
        self.out = out or sys.stdout
        self.dry_run = False
        self._run = run
        self.home = self.environ.get("HOME") or os.path.expanduser("~")
        self.data = os.path.join(self.client_home, "plugins", "data", self.plugin_id.replace("@", "-"))

    @property
    def marketplace(self) -> str:
        """The marketplace the plugin comes from; of the client's own copy it is the cache folder's name."""
        cache = os.path.join(self.client_home, "plugins", "cache", "")
        if self.is_client_copy:
            return self.root[len(cache) :].split(os.sep)[0]
        return installation.MARKETPLACE

    @property
    def is_client_copy(self) -> bool:
        """Whether `root` is in the client's plugin cache, so that the client knows the plugin already."""
        return self.root.startswith(os.path.join(self.client_home, "plugins", "cache", ""))

    @property
    def plugin_id(self) -> str:
        """`PLUGIN@MARKETPLACE`, the name by which the client's files call it."""
        return f"{installation.PLUGIN}@{self.marketplace}"

    def run(self, argv: Sequence[str], cwd: str | None = None, timeout: float = 120, **extra: str) -> Result:
        """Run a program in `cwd` (the plugin's root if none is given) with `extra` environment variables."""
        environ = {**self.environ, **extra}
        return Result(self._run(list(argv), cwd=cwd or self.root, environ=environ, timeout=timeout))

    def client(self) -> str | None:
        """The client's command, or None when it is not installed."""
        on_path = shutil.which("claude", path=self.environ.get("PATH"))
        places = (
            on_path,
            os.path.join(self.home, ".local", "bin", "claude"),
            os.path.join(self.client_home, "local", "claude"),
        )
        return next((p for p in places if p and os.access(p, os.X_OK) and os.path.isfile(p)), None)

    def short(self, path: str) -> str:
        """`path` as a person would write it."""
        return "~" + path[len(self.home) :] if path.startswith(self.home + os.sep) else path

    def done(self, step: str, text: str) -> None:
        """Say what has just been done."""
        self._line("✓", "+", step, text)

    def already(self, step: str, text: str) -> None:
        """Say what was set up before."""
        self._line("=", "=", step, text)

    def would(self, step: str, text: str) -> None:
        """Say what a run without --dry-run would do."""
        self._line("…", ".", step, "would " + text)

    def warn(self, step: str, text: str) -> None:
        """Say what does not work; further lines tell what to do about it."""
        self._line("!", "!", step, text)

    def busy(self, step: str, text: str) -> None:
        """Say what is going on, on a terminal only: the line that follows takes its place."""
        if self.out.isatty():
            width = shutil.get_terminal_size().columns - 1
            line = f"  {'…' if self._unicode() else '.'} {step:<10} {text}"[:width]
            self._put(f"\r\x1b[K{line}\r")

    def progress(self, step: str, text: str, done: int, whole: int) -> None:
        """Show a bar on a terminal: "Libraries ████░░░░ 14 of 33 MB"."""
        full, empty = ("█", "░") if self._unicode() else ("#", "-")
        filled = _BAR * done // max(whole, 1)
        self.busy(step, f"{full * filled}{empty * (_BAR - filled)} {done} of {whole} MB  {text}")

    def text(self, text: str) -> None:
        """Show text as it is."""
        self._put(text + "\n")

    def _line(self, mark: str, ascii_mark: str, step: str, text: str) -> None:
        clear = "\x1b[K" if self.out.isatty() else ""
        first, *rest = self._fitted(text)
        lines = [f"{clear}  {mark if self._unicode() else ascii_mark} {step:<10} {first}\n"]
        self._put("".join([*lines, *(f"{'':15}{line}\n" for line in rest)]))

    def _fitted(self, text: str) -> list[str]:
        """The lines of a text, on a terminal wrapped to its width between words."""
        if not self.out.isatty():
            return text.split("\n")
        room = max(40, shutil.get_terminal_size().columns - 16)
        return [
            part
            for line in text.split("\n")
            for part in textwrap.wrap(line, room, break_long_words=False, break_on_hyphens=False) or [""]
        ]

    def _put(self, text: str) -> None:
        """Print; when the reader of the output is gone (`install.py | head`), go on in silence."""
        try:
            self.out.write(text)
            self.out.flush()
        except BrokenPipeError:
            if self.out is sys.stdout:
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self.out = io.StringIO()

    def _unicode(self) -> bool:
        return (self.out.encoding or "").lower().replace("-", "") in ("utf8", "utf16", "utf32")


class Result:
    """How a program ended."""

    def __init__(self, completed: subprocess.CompletedProcess[str]) -> None:
        self.ok = completed.returncode == 0
        self.code = completed.returncode
        self.out = completed.stdout or ""
        self.err = completed.stderr or ""

    def reason(self) -> str:
        """The last line of its output that names an error, else its last line: the reason of a failure."""
        lines = [line.strip() for line in (self.out + "\n" + self.err).splitlines() if line.strip()]
        errors = [line for line in lines if line.upper().startswith(("ERROR", "FATAL", "✘"))]
        return (errors or lines or [f"ended with {self.code}"])[-1]
