"""The database of a running bot: one thread writes, one reads, and every call is one transaction."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

import structlog
from sqlite_utils import Database as Sql

from storage import backup, connections

T = TypeVar("T")


class Database:
    """A file that one bot writes and any number of processes read.

    The writer's thread owns the only connection that can write and checkpoint, which also keeps clear of the
    WAL-reset bug of SQLite before 3.51.3 (https://www.sqlite.org/wal.html).
    """

    def __init__(
        self, path: Path, *, reader: "_Lane", writer: "_Lane | None", lock: sqlite3.Connection | None
    ) -> None:
        self._path = path
        self._reader = reader
        self._writer = writer
        self._lock = lock

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open for reading and writing, creating the file and applying missing migrations.

        Raises:
            StorageError: the file cannot be used; nothing in it was changed, unless a migration before the
                failing one had already been applied whole.
        """
        lock = connections.lock(path)
        writer = _Lane(path, "storage-writer")
        reader = _Lane(path, "storage-reader")
        try:
            await writer.start(connections.writable)
            await reader.start(connections.readable)
        except BaseException:
            await writer.stop()
            await reader.stop()
            lock.close()
            raise
        return cls(path, reader=reader, writer=writer, lock=lock)

    @classmethod
    async def open_read_only(cls, path: Path) -> Self:
        """Open for reading, beside a running bot or without one; a write is then a defect.

        Raises:
            StorageError: there is no file of this version to read.
        """
        reader = _Lane(path, "storage-reader")
        try:
            await reader.start(connections.readable)
        except BaseException:
            await reader.stop()
            raise
        return cls(path, reader=reader, writer=None, lock=None)

    async def read(self, fn: Callable[[Sql], T]) -> T:
        """Run a function on one consistent view of the file and return what it returns.

        Raises:
            StorageError: the file could not be read.
        """
        return await asyncio.wrap_future(self._reader.submit(partial(_transaction, "BEGIN", fn)))

    async def write(self, fn: Callable[[Sql], T]) -> T:
        """Run a function as one transaction, all or nothing, and return what it returns.

        A cancelled caller waits for the commit or the rollback before the cancellation goes on: the transaction
        is never left open or forgotten.

        Raises:
            StorageError: the file could not be written; nothing of the transaction was kept.
        """
        if self._writer is None:
            raise RuntimeError(
                f"expected a database open for writing, found {self._path} open for reading only"
            )
        outcome = asyncio.wrap_future(self._writer.submit(partial(_transaction, "BEGIN IMMEDIATE", fn)))
        try:
            return await asyncio.shield(outcome)
        except asyncio.CancelledError:
            await _outlast(outcome)
            if (error := outcome.exception()) is not None:
                structlog.get_logger().error(
                    "storage.write_failed", error=str(error)
                )  # no caller is left to tell
            raise

    async def backup(self, target: Path) -> None:
        """Copy the running database to a new file, consistent as of one moment, without stopping the writer.

        Raises:
            StorageError: the target exists, or there is no room for it.
        """
        await asyncio.to_thread(backup.copy, self._path, target)

    async def close(self) -> None:
        """Finish what is queued, fold the log into the file and release the lock."""
        async with contextlib.AsyncExitStack() as last_to_first:
            if self._lock is not None:
                last_to_first.callback(self._lock.close)
            if self._writer is not None:
                last_to_first.push_async_callback(self._writer.stop, checkpoint=True)
            last_to_first.push_async_callback(self._reader.stop)


class _Lane:
    """One thread and the connection that only this thread uses."""

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._sql: Sql | None = None

    async def start(self, connect: Callable[[Path], Sql]) -> None:
        def run() -> None:
            self._sql = connect(self._path)

        await asyncio.wrap_future(self._thread.submit(run))

    def submit(self, fn: Callable[[Sql], T]) -> Future[T]:
        sql = self._sql
        if sql is None:
            raise RuntimeError(f"expected {self._path} to be open, found it closed")

        def run() -> T:
            with connections.translated(self._path):
                return fn(sql)

        return self._thread.submit(run)

    async def stop(self, *, checkpoint: bool = False) -> None:
        def run() -> None:
            if self._sql is None:
                return
            if checkpoint:
                with contextlib.suppress(sqlite3.Error):  # what is not folded in now is at the next start
                    self._sql.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._sql.conn.close()
            self._sql = None

        closed = asyncio.wrap_future(self._thread.submit(run))
        cancelled = await _outlast(closed)
        self._thread.shutdown()
        if cancelled:
            raise asyncio.CancelledError
        closed.result()


def _transaction(begin: str, fn: Callable[[Sql], T], sql: Sql) -> T:
    sql.execute(begin)
    try:
        result = fn(sql)
        sql.execute("COMMIT")
    except BaseException:
        if sql.conn.in_transaction:  # SQLite has rolled back by itself when the disk was full
            sql.execute("ROLLBACK")
        raise
    return result


async def _outlast(outcome: "asyncio.Future[T]") -> bool:
    """Wait until it is done, however often the waiter is cancelled; return whether it was."""
    cancelled = False
    while not outcome.done():
        try:
            await asyncio.wait([outcome])
        except asyncio.CancelledError:
            cancelled = True
    return cancelled
