"""Two libraries that nothing may wait for, and small replacements where they are not installed: `orjson`, `FileLock`.

    from memory_budget.base.optional import FileLock, Timeout, orjson

A usage record and an index must be written also where no library can be installed. Both kinds of lock are the system's own
(flock) on the same file, so a process with the library and one without keep each other out.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Callable

    import orjson
    from filelock import FileLock, Timeout

__all__ = ["FileLock", "Timeout", "orjson", "own_lock", "taken_lock"]


class _Json:
    """What this project calls of orjson, done by the standard library: UTF-8 in and out, no NaN."""

    OPT_INDENT_2 = 1
    OPT_SORT_KEYS = 4
    OPT_APPEND_NEWLINE = 1024
    JSONDecodeError = ValueError
    JSONEncodeError = TypeError

    @staticmethod
    def loads(data: bytes | str) -> Any:
        import json

        text = data if isinstance(data, str) else bytes(data).decode("utf-8")
        try:
            return json.loads(text, parse_constant=_refuse)
        except RecursionError:
            raise ValueError("nested too deeply") from None

    @staticmethod
    def dumps(value: Any, default: Callable[[Any], Any] | None = None, option: int | None = None) -> bytes:
        import json

        option = option or 0
        indent = 2 if option & _Json.OPT_INDENT_2 else None
        text = json.dumps(
            value,
            ensure_ascii=False,
            allow_nan=False,
            indent=indent,
            separators=(",", ": ") if indent else (",", ":"),
            sort_keys=bool(option & _Json.OPT_SORT_KEYS),
            default=default,
        )
        try:
            return text.encode("utf-8") + (b"\n" if option & _Json.OPT_APPEND_NEWLINE else b"")
        except UnicodeEncodeError as error:  # half an emoji
            raise TypeError(str(error)) from error


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


class _Busy(TimeoutError):
    """Somebody else holds the lock."""


class _Lock:
    """What this project calls of filelock's FileLock. `timeout`: seconds to wait, below 0 for ever; `mode`: of a new file."""

    _STEP = 0.05

    def __init__(self, path: str, timeout: float = -1, mode: int = 0o600) -> None:
        self._path = path
        self._timeout = timeout
        self._mode = mode
        self._handle: int | None = None

    def acquire(self, timeout: float | None = None) -> _Lock:
        """Take the lock. Raises Timeout, and OSError where the file cannot be opened."""
        import fcntl

        wait = self._timeout if timeout is None else timeout
        until = time.monotonic() + wait
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0)
        handle = os.open(self._path, flags, self._mode)
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if wait >= 0 and until <= time.monotonic():
                    os.close(handle)
                    raise _Busy(self._path) from None
                time.sleep(self._STEP)
            except BaseException:
                os.close(handle)
                raise
            else:
                self._handle = handle
                return self

    def release(self) -> None:
        """Give the lock back: closing the file does."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> _Lock:
        return self if self._handle is not None else self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


if not TYPE_CHECKING:
    try:
        import orjson
    except ImportError:
        orjson = _Json
    try:
        from filelock import FileLock, Timeout
    except ImportError:
        FileLock, Timeout = _Lock, _Busy


def own_lock(path: str, timeout: float = 0.0) -> FileLock:
    """A lock on a file of this plugin, which is private to the user; a link in its place is removed first.

    `timeout`: seconds to wait; then taking it raises Timeout. Raises OSError.
    """
    if os.path.islink(path):
        os.unlink(path)
    return FileLock(path, timeout=timeout, mode=0o600)


def taken_lock(path: str, timeout: float = 0.0) -> FileLock | None:
    """The same lock, taken; None where another process holds it for `timeout` seconds. Raises OSError."""
    lock = own_lock(path, timeout)
    try:
        lock.acquire()
    except Timeout:
        return None
    return lock
