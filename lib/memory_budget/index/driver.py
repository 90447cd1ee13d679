"""SQLite without what surrounds it: `_sqlite3`, the C half of the sqlite3 package.

The whole package costs a start hook two fifths of a bare interpreter's start, this a tenth. `_sqlite3` itself asks
`functools` for `lru_cache` (its statement cache) and for nothing else, and functools is what imports a dozen modules more;
where nobody has imported it yet, the C function behind `lru_cache` is handed over instead.
"""

from __future__ import annotations

import sys

__all__ = ["sqlite"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    import sqlite3 as sqlite


class _Functools:
    """`lru_cache` as functools makes it."""

    @staticmethod
    def lru_cache(maxsize: int = 128, typed: bool = False):  # type: ignore[no-untyped-def]
        from _functools import _lru_cache_wrapper  # type: ignore[import-not-found]

        return lambda function: _lru_cache_wrapper(function, maxsize, typed, tuple)


def _load():  # type: ignore[no-untyped-def]
    """The driver; the sqlite3 package where the C module or its habits are not as expected."""
    if "functools" not in sys.modules:
        sys.modules["functools"] = _Functools  # type: ignore[assignment]
        try:
            import _sqlite3

            return _sqlite3
        except Exception:
            pass
        finally:
            del sys.modules["functools"]
    try:
        import _sqlite3
    except ImportError:  # another interpreter than CPython
        import sqlite3

        return sqlite3
    return _sqlite3


if not TYPE_CHECKING:
    sqlite = _load()
