"""Reads and writes whole files, and makes file names that are safe."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: Characters allowed in a file name that is made from a name from outside.
_SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")


def safe_name(text: str, limit: int = 80) -> str:
    """A file name for `text`, the same for the same text, that leads out of no folder.

    "dbt-expert" stays; "../a b" becomes "___a_b-" and a digest. At most `limit` characters.
    """
    if 0 < len(text) <= limit and _SAFE.issuperset(text):
        return text
    start = "".join(c if c in _SAFE else "_" for c in text[: limit - 17])
    return start + "-" + digest(text)


def digest(text: str | bytes, size: int = 8) -> str:
    """BLAKE2b of `text` with `size` bytes, in hexadecimal (twice as many characters)."""
    from _blake2 import blake2b

    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return blake2b(data, digest_size=size).hexdigest()


def write_atomic(path: str, data: bytes) -> None:
    """Write a whole file so that a reader sees the old one or the new one, never a part.

    Raises OSError; the half-written neighbour is removed.
    """
    temporary = f"{path}.{os.getpid()}.tmp"
    try:
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(handle, view) :]
        finally:
            os.close(handle)
        os.replace(temporary, path)
    except OSError:
        try:
            os.unlink(temporary)
        except OSError:
            pass
        raise


def read_bytes(path: str, limit: int = -1) -> bytes:
    """The content of a file, at most `limit` bytes of it. Raises OSError.

    `os.read` in a loop: the `io` stack would cost a start hook more than the read.
    """
    handle = os.open(path, os.O_RDONLY)
    try:
        size = os.fstat(handle).st_size
        wanted = size + 1 if limit < 0 else min(limit, size + 1)
        parts = []
        while wanted > 0:
            part = os.read(handle, wanted)
            if not part:
                break
            parts.append(part)
            wanted -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)
    finally:
        os.close(handle)


def flush_folder(folder: str) -> None:
    """Have the names in a folder on disk, where the file system can. Raises OSError when the folder cannot be opened."""
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
