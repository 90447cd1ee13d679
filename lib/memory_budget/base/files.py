"""Reads and writes whole files, and makes file names that are safe."""

from __future__ import annotations

import errno
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: Characters allowed in a file name that is made from a name from outside.
_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
_LONGEST_NAME = 80


def safe_name(text: str) -> str:
    """A file name for `text`, the same for the same text, that leads out of no folder.

    "dbt-expert" stays; "../a b" becomes "___a_b-" and a digest. At most 80 characters.
    """
    if 0 < len(text) <= _LONGEST_NAME and _SAFE.issuperset(text):
        return text
    start = "".join(c if c in _SAFE else "_" for c in text[: _LONGEST_NAME - 17])
    return start + "-" + short_hash(text)


def short_hash(text: str | bytes, size: int = 8) -> str:
    """BLAKE2b of `text` with `size` bytes, in hexadecimal (twice as many characters)."""
    from _blake2 import blake2b

    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return blake2b(data, digest_size=size).hexdigest()


#: Files of this plugin are for the user alone, and so are its folders.
PRIVATE = 0o600
PRIVATE_FOLDER = 0o700
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
#: What opening a link with O_NOFOLLOW says on Linux and macOS, and on FreeBSD.
_IS_LINK = (errno.ELOOP, errno.EMLINK)


def write_atomic(path: str, data: bytes, *, flush: bool = False) -> None:
    """Write a whole file of this plugin, private to the user, so that a reader sees the old one or the new one, never a part.

    `flush`: have it on disk before this returns. A link in its place is replaced, not followed. Raises OSError, which names the
    file; the half-written neighbour is removed.
    """
    _replace(path, data, PRIVATE, flush)


def write_shared(path: str, data: bytes) -> None:
    """The same for a file that belongs to a person (settings, profiles, a report they asked for): it keeps its mode, a new one
    gets what the umask says. Raises OSError."""
    try:
        mode = os.stat(path).st_mode & 0o7777
    except FileNotFoundError:
        mode = -1
    _replace(path, data, mode)


def _replace(path: str, data: bytes, mode: int, flush: bool = False) -> None:
    """`mode`: of the new file; below 0 what the umask says."""
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        handle = open_fresh(temporary, 0o666 if mode < 0 else mode & 0o700)
        try:
            write_all(handle, data)
            if mode >= 0 and mode != PRIVATE:
                os.fchmod(handle, mode)
            if flush:
                os.fsync(handle)
        finally:
            os.close(handle)
        os.replace(temporary, path)
    except OSError as error:
        remove(temporary)
        error.filename = path  # a full disk is told by the write, which knows no name
        raise


def open_fresh(path: str, mode: int = PRIVATE) -> int:
    """Make a new file for writing in place of what a killed process left there, or of a link. Raises OSError."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        return os.open(path, flags, mode)
    except FileExistsError:
        os.unlink(path)
    return os.open(path, flags, mode)


def open_own(path: str, flags: int) -> int:
    """Open a file of this plugin for writing, made for the user alone where it is missing.

    A link in its place is none of ours, and may lead anywhere (a cloned repository can bring one): it is removed, and what it
    leads to stays as it is. Raises OSError.
    """
    flags |= os.O_CREAT | _NO_LINK
    try:
        return os.open(path, flags, PRIVATE)
    except OSError as error:
        if error.errno not in _IS_LINK:
            raise
    os.unlink(path)
    return os.open(path, flags, PRIVATE)


def touch(path: str) -> None:
    """Make an empty file of this plugin at `path`, unless there is one, which keeps its content. Raises OSError."""
    os.close(open_own(path, os.O_WRONLY))


def own_folder(path: str) -> None:
    """Make a folder of this plugin at `path`, for the user alone, unless there is one; a link in its place is removed. Raises
    OSError."""
    while True:
        try:
            os.mkdir(path, PRIVATE_FOLDER)
        except FileExistsError:
            if not os.path.islink(path):
                return
            os.unlink(path)
        else:
            return


def write_all(handle: int, data: bytes) -> None:
    """Write all of `data`, in one write where the system takes it. Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def remove(path: str) -> None:
    """Remove a file if it is there and can be."""
    try:
        os.unlink(path)
    except OSError:
        pass


def read_bytes(path: str, limit: int = -1) -> bytes:
    """The content of a file, at most `limit` bytes of it. Raises OSError.

    `os.read` in a loop: the `io` stack would cost a start hook more than the read.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        size = os.fstat(handle).st_size
        most = size + 1 if limit < 0 else min(limit, size + 1)
        parts = []
        while most > 0:
            part = os.read(handle, most)
            if not part:
                break
            parts.append(part)
            most -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)
    finally:
        os.close(handle)


def flush_folder(folder: str) -> None:
    """Flush the names in a folder to disk, where the file system can. Raises OSError when the folder cannot be opened."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:
        pass  # not every file system can
    finally:
        os.close(handle)


def listing(folder: str) -> Iterator[str]:
    """Names in a folder in sorted order; nothing for a folder that cannot be read."""
    try:
        names = os.listdir(folder)
    except OSError:
        return iter(())
    return iter(sorted(names))
