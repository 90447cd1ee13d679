"""No test touches the home folder of the person who runs it.

An audit hook sees every file this process opens, lists, makes or removes. One below the real home (and outside the
checkout, the interpreter and the temporary folder, which may lie there) raises, and is remembered in case the code
under test swallows the error. Programs that tests start get a scratch `HOME` instead.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

#: Audit events about paths, with which of their arguments are paths that are touched.
_EVENTS = {
    "open": (0,),
    "os.listdir": (0,),
    "os.scandir": (0,),
    "os.mkdir": (0,),
    "os.remove": (0,),
    "os.rmdir": (0,),
    "os.rename": (0, 1),
    "os.link": (0, 1),
    "os.symlink": (1,),
    "sqlite3.connect": (0,),
}
#: Variables that lead to a real home or to a real session, or say how wide and in which colours to write, or which
#: way to the network (tests have servers of their own); removed from this process and so from its children.
_LEADING = (
    "XDG_CONFIG_HOME XDG_CACHE_HOME XDG_DATA_HOME XDG_STATE_HOME USERPROFILE COLUMNS LINES NO_COLOR FORCE_COLOR "
    "CLICOLOR_FORCE TTY_COMPATIBLE TTY_INTERACTIVE PYTHONUTF8 HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY http_proxy "
    "https_proxy all_proxy no_proxy"
).split()
_KEPT = ("MEMORY_BUDGET_TEST_CLIENT", "MEMORY_BUDGET_ALL_CLIENTS")
#: Git's would have a test's repository be the one that a hook of git runs the tests for.
_LEADING_PREFIXES = ("CLAUDE", "MEMORY_BUDGET_", "ANTHROPIC_", "GIT_")

touched: list[str] = []
_homes: tuple[str, ...] = ()
_allowed: tuple[str, ...] = ()


class RealHomeTouched(BaseException):
    """A test reached into the real home folder. Not an Exception: hooks catch those by design."""


def install(scratch: Path) -> dict[str, str]:
    """Guard the real home from now on, with `scratch` as `HOME`. Returns the environment as it was before."""
    global _homes, _allowed
    before = dict(os.environ)
    _homes = _real_homes()
    free = (ROOT, sys.prefix, sys.exec_prefix, sys.base_prefix, tempfile.gettempdir(), scratch)
    _allowed = tuple({form for path in free for form in (os.fspath(path), os.path.realpath(path))})
    for name in before:
        if name in _LEADING or (name.startswith(_LEADING_PREFIXES) and name not in _KEPT):
            del os.environ[name]
    os.environ["HOME"] = str(scratch)
    sys.addaudithook(_watch)
    return before


def real_home() -> str:
    """A guarded home folder, for the test that proves the guard; "" where there is none to guard."""
    return _homes[0] if _homes else ""


def _real_homes() -> tuple[str, ...]:
    homes = [os.environ.get("HOME", "")]
    try:
        import pwd

        homes.append(pwd.getpwuid(os.getuid()).pw_dir)
    except (ImportError, KeyError):  # Windows; a user id without an entry, as in some containers
        pass
    return tuple(dict.fromkeys(home.rstrip("/") for home in homes if len(home) > 1))


def _watch(event: str, args: tuple[object, ...]) -> None:
    for at in _EVENTS.get(event, ()):
        path = args[at]
        if not isinstance(path, (str, bytes, os.PathLike)):
            continue  # an open file's number
        name = os.path.abspath(os.fsdecode(path))
        if _depth(name, _homes) > _depth(name, _allowed):
            touched.append(f"{event} {name}")
            raise RealHomeTouched(name)


def _depth(path: str, folders: tuple[str, ...]) -> int:
    """Length of the innermost of `folders` that holds `path`; 0 for none. A home may lie in the temporary folder."""
    return max((len(folder) for folder in folders if f"{path}/".startswith(f"{folder}/")), default=0)
