"""The index's tables, how it is opened, and the values that it keeps for starts besides memory.

Term statistics are kept as posting lists per (group, term) and not as an FTS5 table: FTS5 ranks over the whole table, so
an agent would pay for every other agent's memory (ten words of a prompt: 12 ms over 11,600 chunks, 190 ms over 232,000), and
it serves scores where the ranking needs term counts by chunk, section and file. A list is read by one key look-up, its best
entries first, whatever the size of the memory.

The values (profiles, agents, token ratios) are JSON under a key in `meta`, with their digest before them:
`9f86d081884c7d65 {"models":{}}`. A start uses such a value without checking it again, so one that was not written whole by this
program must not be read.
"""

from __future__ import annotations

import os

try:
    # The C half alone: the package around it imports datetime and more, a third of a bare interpreter's start.
    import _sqlite3 as sqlite3
except ImportError:  # another interpreter than CPython
    import sqlite3  # type: ignore[no-redef]

from memory_budget.base import fastjson
from memory_budget.base.errors import BudgetError
from memory_budget.base.files import short_hash, touch
from memory_budget.text.thesaurus import PATH as THESAURUS
from memory_budget.text.words import ANALYZER_VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from sqlite3 import Connection

#: Goes up with every change of the tables or of their contents.
SCHEMA_VERSION = 21
VERSION = SCHEMA_VERSION * 1000 + ANALYZER_VERSION

#: Bytes of a page of the file.
PAGE_SIZE = 8192
#: Files that SQLite makes beside a database.
SIDES = ("-wal", "-shm", "-journal")

DatabaseError = sqlite3.DatabaseError
OperationalError = sqlite3.OperationalError
IntegrityError = sqlite3.IntegrityError

#: Keys of the values.
PROFILES = "profiles"
AGENTS = "agents"
RATIO = "calibration"

_TABLES = """
CREATE TABLE meta(key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE groups(
  id INTEGER PRIMARY KEY, scope TEXT NOT NULL, owner TEXT NOT NULL, category TEXT NOT NULL, native TEXT NOT NULL,
  files INTEGER NOT NULL DEFAULT 0, chunks INTEGER NOT NULL DEFAULT 0, tokens INTEGER NOT NULL DEFAULT 0,
  terms INTEGER NOT NULL DEFAULT 0, UNIQUE(scope, owner, category, native));
CREATE TABLE folders(path TEXT PRIMARY KEY, mtime_ns INTEGER NOT NULL, grp INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX folders_grp ON folders(grp);
CREATE TABLE files(
  id INTEGER PRIMARY KEY, grp INTEGER NOT NULL, path TEXT NOT NULL UNIQUE, size INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL, hash BLOB NOT NULL, tokens INTEGER NOT NULL, frame_tokens INTEGER NOT NULL,
  date INTEGER NOT NULL, confidence REAL NOT NULL, always INTEGER NOT NULL, expires INTEGER NOT NULL,
  terms INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, exact INTEGER NOT NULL,
  problem TEXT NOT NULL, label TEXT NOT NULL, side_ns INTEGER NOT NULL, loaded INTEGER NOT NULL,
  said TEXT NOT NULL, told INTEGER NOT NULL);
CREATE INDEX files_grp ON files(grp, mtime_ns);
CREATE INDEX files_hash ON files(hash);
CREATE INDEX files_always ON files(grp) WHERE always;
CREATE TABLE pages(
  first INTEGER PRIMARY KEY, file INTEGER NOT NULL, grp INTEGER NOT NULL, heading INTEGER NOT NULL,
  number_sum INTEGER NOT NULL, heading_sum INTEGER NOT NULL, numbers BLOB NOT NULL, prints BLOB NOT NULL,
  leads TEXT NOT NULL, outline BLOB NOT NULL, headings TEXT NOT NULL);
CREATE INDEX pages_file ON pages(file);
CREATE INDEX pages_grp ON pages(grp);
CREATE INDEX pages_heading ON pages(heading);
CREATE TABLE texts(first INTEGER PRIMARY KEY, text_sum INTEGER NOT NULL, text BLOB NOT NULL);
CREATE TABLE copies(grp INTEGER NOT NULL, file INTEGER NOT NULL, PRIMARY KEY(grp, file)) WITHOUT ROWID;
CREATE TABLE postings(
  grp INTEGER NOT NULL, term TEXT NOT NULL, chunk_count INTEGER NOT NULL, file_count INTEGER NOT NULL,
  chunks BLOB NOT NULL, files BLOB NOT NULL, more_chunks BLOB NOT NULL, more_files BLOB NOT NULL,
  PRIMARY KEY(grp, term)) WITHOUT ROWID;
CREATE TABLE known_terms(grp INTEGER PRIMARY KEY, digests BLOB NOT NULL);
CREATE TABLE stems(stem TEXT NOT NULL, term TEXT NOT NULL, PRIMARY KEY(stem, term)) WITHOUT ROWID;
CREATE TABLE uses(hash INTEGER PRIMARY KEY, uses INTEGER NOT NULL, last_used INTEGER NOT NULL, agents TEXT NOT NULL);
CREATE TABLE file_uses(path TEXT PRIMARY KEY, uses INTEGER NOT NULL, last_used INTEGER NOT NULL, agents TEXT NOT NULL)
  WITHOUT ROWID;
"""


class IndexUnusable(BudgetError):
    """There is no index, it is damaged, or another version of this program made it."""


class IndexDamaged(IndexUnusable):
    """It is no database; a page of the index is not what was written, or something is missing that another part of it names."""


class ValueDamaged(ValueError):
    """A value does not fit its digest."""


def open_reader(path: str) -> Connection:
    """The index for reading. Never waits for a writer, never writes.

    Raises IndexUnusable, IndexDamaged where it is to be made anew.
    """
    for _ in range(3):
        file = _file_at(path)
        connection = _open_snapshot(path)
        if _file_at(path) == file:
            return connection
        # A new index took the name meanwhile: SQLite may have opened the old file with the log of the new one.
        connection.close()
    raise IndexUnusable(f"{path}: made anew time and again")


def _file_at(path: str) -> tuple[int, int]:
    """Tells one index file from another. Raises IndexUnusable where there is none."""
    try:
        status = os.stat(path)
    except OSError as error:
        raise IndexUnusable(f"there is no index at {path}") from error
    return status.st_dev, status.st_ino


def _open_snapshot(path: str) -> Connection:
    """An index as it stands now, whatever is written into it from now on. Raises as `open_reader`."""
    try:
        # check_same_thread and isolation are left alone; a URI makes the connection read only.
        connection = sqlite3.connect(_uri(path) + "?mode=ro", timeout=0.05, uri=True)
        # A damaged page of postings must not pass for one that holds none of the prompt's words.
        connection.execute("PRAGMA cell_size_check=ON")
        _attach_thesaurus(connection)
        # One transaction for all that is read: a background update in between would take chosen chunks away.
        connection.execute("BEGIN")
        row = connection.execute("PRAGMA user_version").fetchone()
        # A start reads nearly every page once: kept pages are memory touched for the first time, which costs more than a read.
        connection.execute("PRAGMA main.cache_size=-400")
    except OperationalError as error:  # locked, or out of reach
        raise IndexUnusable(f"{path}: {error}") from error
    except (DatabaseError, UnicodeDecodeError) as error:  # what SQLite says of damage may quote it
        raise IndexDamaged(f"{path}: {error}") from error
    if row[0] != VERSION:
        connection.close()
        raise IndexUnusable(f"{path}: made by another version ({row[0]}, this is {VERSION})")
    return connection


def _attach_thesaurus(connection: Connection) -> None:
    """Attach the shipped words of like meaning; without them only a prompt's own words are searched."""
    try:
        connection.execute("ATTACH DATABASE ? AS thesaurus", (_uri(THESAURUS) + "?mode=ro&immutable=1",))
    except OperationalError:
        pass


def open_writer(path: str) -> Connection:
    """The index for writing, made when it is missing. Waits up to 30 s for another writer.

    Raises IndexUnusable when the file is damaged or of another version.
    """
    make_own(path)
    try:
        connection = sqlite3.connect(path, timeout=30.0, isolation_level=None)
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            connection.execute(f"PRAGMA page_size={PAGE_SIZE}")
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(f"BEGIN;{_TABLES}PRAGMA user_version={VERSION};COMMIT;")
        elif version != VERSION:
            connection.close()
            raise IndexUnusable(f"{path}: made by another version ({version}, this is {VERSION})")
        connection.execute("PRAGMA synchronous=NORMAL")
        return connection
    except (DatabaseError, UnicodeDecodeError) as error:  # what SQLite says of damage may quote it
        raise IndexUnusable(f"{path}: {error}") from error


def make_own(path: str) -> None:
    """Have a file there that is private to the user (SQLite gives its log the same mode), and no link in its or its log's
    place, which SQLite would follow. Raises OSError."""
    for side in SIDES:
        if os.path.islink(path + side):
            os.unlink(path + side)
    touch(path)


def connect(path: str) -> Connection:
    """The database at a path, of any version. Raises DatabaseError when it is used and is none."""
    return sqlite3.connect(path)


def empty_index() -> Connection:
    """An index of nothing, in memory."""
    connection = sqlite3.connect("file::memory:", isolation_level=None, uri=True)
    _attach_thesaurus(connection)
    connection.executescript(_TABLES)
    return connection


def write_value(db: Connection, key: str, value: object) -> None:
    """Write a value of plain JSON under a key, in the caller's transaction."""
    text = fastjson.dumps(value)
    db.execute("INSERT OR REPLACE INTO meta VALUES(?,?)", (key, f"{short_hash(text)} {text}"))


def read_value(db: Connection, key: str) -> object:
    """The value kept under a key, None where there is none. Raises ValueDamaged, or DatabaseError where the index itself is damaged."""
    row = db.execute("SELECT value FROM meta WHERE key=?", (key,)).fetchone()
    if row is None:
        return None
    if not isinstance(row[0], str):
        raise ValueDamaged(f"{key}: {type(row[0]).__name__}, expected text")
    seal, _, text = row[0].partition(" ")
    if seal != short_hash(text):
        raise ValueDamaged(f"{key}: not as it was written")
    return fastjson.loads(text)


def _uri(path: str) -> str:
    quoted = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return "file:" + quoted
