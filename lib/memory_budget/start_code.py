"""The byte code of an agent's start in one file, which the hook reads and runs at once.

Finding, opening and checking a file for each of two dozen modules costs a start half of what a bare interpreter does.
The file stands among the other byte code. It holds this module's code, with which the hook loads the rest, and says of every
source how large it is and when it was changed: where one differs, or anything else is not as expected, the modules are
imported as always. The installer writes it, and the process that brings the index up to date writes it anew.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from importlib.machinery import ModuleSpec
    from os import stat_result
    from types import CodeType
    from typing import Any

#: The modules that a warm start needs ("" is the package), each after those it imports itself; and the one with which a start
#: that finds memory changed has the index brought up to date.
MODULES = (
    "", "index", "errors", "fastjson", "project", "hook_io", "monitor", "processes", "starts", "running", "detached",
    "agent_start", "profiles", "agents", "complexity_cues", "terms", "complexity", "rendering", "sources", "index.freshness", "thesaurus",
    "index.driver", "index.schema", "units", "index.pages", "index.reader", "dates", "ranking", "twins", "selection", "invocation",
)  # fmt: skip
_PACKAGES = ("", "index")

#: The standard library's modules in C that a start may need, where the interpreter has them in files of their own.
_EXTENSIONS = ("_json", "_sqlite3", "math", "_blake2")

_PACKAGE = "memory_budget"


def load(library: str, stamps: list[tuple[str, int, int]], codes: list[CodeType]) -> bool:
    """Have the modules in `sys.modules`; False when they will be imported one by one instead. Never raises.

    `library`: the package's folder; `stamps` and `codes`: as the file holds them.
    """
    try:
        stand_in = _lean_os()
        if stamps != _stamps(library, stand_in.stat):
            return False
        sys.meta_path.insert(-1, _Extensions)
        _load(library, codes, stand_in)
    except Exception:
        return False
    return True


def _load(library: str, codes: list[CodeType], stand_in: Any) -> None:
    module = type(sys)
    sys.modules.setdefault("os", stand_in)
    try:
        for name, code in zip(MODULES, codes, strict=True):
            full = _full(name)
            parent, _, own = full.rpartition(".")
            made = module(full)
            made.__file__ = code.co_filename
            made.__package__ = parent
            if name in _PACKAGES:
                made.__package__ = full
                made.__path__ = [f"{library}/{name}".rstrip("/")]
            sys.modules[full] = made
            try:
                exec(code, made.__dict__)
            except BaseException:
                del sys.modules[full]
                raise
            if parent:
                setattr(sys.modules[parent], own, made)
    finally:
        if sys.modules.get("os") is stand_in:
            del sys.modules["os"]


class _Extensions:
    """Finds the modules in C where the interpreter keeps them; its own search would list a folder and look into two more."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> ModuleSpec | None:
        if name not in _EXTENSIONS:
            return None
        machinery = sys.modules["_frozen_importlib_external"]
        place = f"{sys.path[-1]}/{name}{machinery.EXTENSION_SUFFIXES[0]}"
        if not machinery._path_isfile(place):
            return None
        loader = machinery.ExtensionFileLoader(name, place)
        return machinery.spec_from_file_location(name, place, loader=loader)  # type: ignore[no-any-return]


def _lean_os() -> Any:
    """`os` without what surrounds it: a bare interpreter has not imported it, and all it does at its import costs a start as
    much as unpacking the code of all modules here. What is not in it is looked up in the real one."""
    import posix

    module = type(sys)
    made: Any = module("os")
    made.__dict__.update(posix.__dict__)
    encoding, errors = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()
    made.environ = {
        key.decode(encoding, errors): value.decode(encoding, errors) for key, value in posix.environ.items()
    }
    made.path = path = module("posixpath")

    def whole() -> Any:
        if sys.modules.get("os") is made:
            del sys.modules["os"]
        import os

        return os

    def exists(where: str) -> bool:
        try:
            posix.stat(where)
        except (OSError, ValueError):
            return False
        return True

    def isdir(where: str) -> bool:
        try:
            return posix.stat(where).st_mode & 0o170000 == 0o040000
        except (OSError, ValueError):
            return False

    def is_plain(where: str) -> bool:
        parts = where + "/"
        return where[:1] == "/" and "//" not in parts and "/./" not in parts and "/../" not in parts

    def abspath(where: str) -> str:
        return where if is_plain(where) else whole().path.abspath(where)

    def realpath(where: str) -> str:
        at = len(where) if is_plain(where) else -1
        try:  # a path without a link in it is its own
            while at > 0 and posix.lstat(where[:at]).st_mode & 0o170000 != 0o120000:
                at = where.rfind("/", 0, at)
        except (OSError, ValueError):
            at = -1
        return where if at == 0 else whole().path.realpath(where)

    path.__dict__.update(exists=exists, isdir=isdir, abspath=abspath, realpath=realpath)
    path.__dict__["__getattr__"] = lambda name: getattr(whole().path, name)
    made.__getattr__ = lambda name: getattr(whole(), name)
    return made


def write(library: str) -> bool:
    """Write the file for the package in `library` (its folder) where it is missing or stale. Returns whether it had to.

    Raises OSError.
    """
    import marshal
    import os

    from memory_budget.lean_code import compiled
    from memory_budget.project import write_atomic

    stamps = _stamps(library, os.stat)
    if _stamps_of(_path(library)) == stamps:
        return False
    own = compiled(_source(library, "start_code"))
    codes = [compiled(_source(library, name)) for name in MODULES]
    os.makedirs(os.path.dirname(_path(library)), exist_ok=True)
    write_atomic(_path(library), _magic() + marshal.dumps((own, stamps, codes)))
    return True


def _stamps_of(path: str) -> object:
    """What the file says of the sources; None where there is none for this interpreter."""
    import marshal

    try:
        with open(path, "rb") as file:
            data = file.read()
        return marshal.loads(data[4:])[1] if data.startswith(_magic()) else None
    except (OSError, ValueError, EOFError, TypeError):
        return None


def _path(library: str) -> str:
    return f"{library}/__pycache__/start.{sys.implementation.cache_tag}.bin"


def _full(name: str) -> str:
    return f"{_PACKAGE}.{name}" if name else _PACKAGE


def _source(library: str, name: str) -> str:
    if name in _PACKAGES:
        name += "/__init__"
    return f"{library}/{name.replace('.', '/')}.py"


def _stamps(library: str, stat: Callable[[str], stat_result]) -> list[tuple[str, int, int]]:
    """Each source with its size in bytes and time of change in ns. Raises OSError."""
    found = []
    for name in ("start_code", *MODULES):
        source = _source(library, name)
        status = stat(source)
        found.append((source, status.st_size, status.st_mtime_ns))
    return found


def _magic() -> bytes:
    """Tells byte code of one version of the interpreter from that of another."""
    number: bytes = sys.modules["_frozen_importlib_external"].MAGIC_NUMBER
    return number
