"""A consistent copy of a database, also of one that a running bot is writing."""

import sqlite3
from contextlib import closing
from pathlib import Path

from storage import connections
from storage.errors import BackupExistsError


def copy(source: Path, target: Path) -> None:
    """Copy the database to a new file as of one moment; the target appears whole or not at all.

    Works from any process: the source is only read, and its writer goes on.

    Raises:
        BackupExistsError: the target is there already.
        StorageError: the source cannot be read, or the target not written.
    """
    if target.exists():
        raise BackupExistsError(f"expected no file at {target}, found one: choose another name or remove it")
    partial = target.with_name(f"{target.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        with closing(connections.readable(source).conn) as original:
            _copy_pages(original, partial)
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)


def _copy_pages(original: sqlite3.Connection, partial: Path) -> None:
    with (
        connections.translated(partial),
        closing(sqlite3.connect(partial, isolation_level=None)) as duplicate,
    ):
        original.backup(duplicate)
        duplicate.execute("PRAGMA journal_mode = DELETE")  # a backup is one file, without a log beside it
