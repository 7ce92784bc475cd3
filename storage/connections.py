"""How the database file is opened: pragmas, the lock against a second bot, and the one translation of errors."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlite_utils import Database as Sql

from storage.errors import CorruptError, DiskFullError, LockedError, NotMigratedError, UnreadableError
from storage.migrations import migrate, refuse_unknown, require_current

BUSY_SECONDS = 5.0
"""How long to wait for a foreign process, such as a database browser, that holds the file."""

WRITER_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # a letter that was committed survives a power cut
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -32000",  # KiB; holds the pages that every poll touches
    "PRAGMA wal_autocheckpoint = 4000",  # pages; every poll rewrites the same ones, so fold them in less often
    "PRAGMA journal_size_limit = 67108864",  # the log shrinks again after a long backup
)
READER_PRAGMAS = ("PRAGMA query_only = ON", "PRAGMA temp_store = MEMORY", "PRAGMA cache_size = -32000")

_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_CORRUPT = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_UNREADABLE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_PERM, sqlite3.SQLITE_READONLY}


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turn what SQLite says of the file into a StorageError; anything else is a defect and passes."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the primary code of an extended one
        if code == sqlite3.SQLITE_FULL:
            raise DiskFullError(
                f"expected room to write to {path}, found none ({error}): free some space and start again; "
                "nothing was written by halves"
            ) from error
        if code in _LOCKED:
            raise LockedError(
                f"expected {path} to be free, found it locked by another process for {BUSY_SECONDS:g} s: "
                "close the program that holds it"
            ) from error
        if code in _CORRUPT:
            raise CorruptError(
                f"expected a sound database at {path}, found: {error}; restore a backup or move the file away"
            ) from error
        if code in _UNREADABLE:
            raise UnreadableError(
                f"expected {path} to be readable and writable, found: {error}; "
                "check that the directory exists, its permissions and the disk"
            ) from error
        raise


def lock(path: Path) -> sqlite3.Connection:
    """Take the lock that only one running bot may hold; it falls with the connection or the process.

    SQLite's own file locks are used because they work alike on every system. The lock lies beside the database,
    so that readers and backups of the running bot are not in its way.

    Raises:
        LockedError: another bot is running on this file.
    """
    beside = path.with_name(f"{path.name}.lock")
    with translated(beside):
        connection = sqlite3.connect(beside, isolation_level=None, timeout=0, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = MEMORY")
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.Error as error:
            connection.close()
            if error.sqlite_errorcode in _LOCKED:
                raise LockedError(
                    f"expected no other bot on {path}, found one running: stop it, or choose another DATABASE"
                ) from error
            raise
    return connection


def writable(path: Path) -> Sql:
    """Open for writing and bring the tables up to date; call only while holding the lock.

    A file from a newer version or of another program is refused before anything in it is changed.
    """
    with translated(path):
        if path.exists() and path.stat().st_size:
            with closing(_read_only(path)) as connection:
                refuse_unknown(_wrapped(connection), path)
        connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS)
        try:
            for pragma in WRITER_PRAGMAS:
                connection.execute(pragma)
            sql = _wrapped(connection)
            migrate(sql)
        except BaseException:
            connection.close()
            raise
    return sql


def readable(path: Path) -> Sql:
    """Open for reading only, beside a running bot or without one.

    Raises:
        NotMigratedError: no such file, or tables older than this program.
    """
    if not path.exists():
        raise NotMigratedError(
            f"expected a database at {path}, found no file: start the bot once, or check DATABASE"
        )
    with translated(path):
        connection = _read_only(path)
        try:
            for pragma in READER_PRAGMAS:
                connection.execute(pragma)
            sql = _wrapped(connection)
            require_current(sql, path)
        except BaseException:
            connection.close()
            raise
    return sql


def _read_only(path: Path) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_SECONDS)


def _wrapped(connection: sqlite3.Connection) -> Sql:
    return Sql(connection, recursive_triggers=False, execute_plugins=False)
