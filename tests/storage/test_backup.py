"""A backup of a running database is whole, or not there."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from monitors.alerts.tick import Tick
from storage import backup
from storage.database import Database
from storage.errors import BackupExistsError, CorruptError, NotMigratedError, StorageError
from storage.journal import Journal
from storage.observations import Observations
from storage.outbox import Outbox
from tests.builders import NOON, an_observation


async def _commit(journal: Journal, number: int, size: int = 50) -> None:
    at = NOON + timedelta(minutes=number)
    await journal.commit(Tick(at=at, observations=tuple(an_observation(base=f"C{n}") for n in range(size))))


def _a_journal(database: Database) -> Journal:
    return Journal(database, Observations(database), Outbox(database, group_wait=timedelta(seconds=5)))


async def test_a_backup_taken_while_the_bot_writes_is_consistent_and_opens(
    database: Database, tmp_path: Path
) -> None:
    journal, target = _a_journal(database), tmp_path / "copy.db"
    await _commit(journal, 0)

    async with asyncio.TaskGroup() as group:
        group.create_task(database.backup(target))
        for number in range(1, 30):
            await _commit(journal, number)

    copy = await Database.open(target)
    polls, minutes = await copy.read(lambda sql: [sql.table(t).count for t in ("polls", "observations")])
    sound = await copy.read(lambda sql: sql.execute("PRAGMA integrity_check").fetchone()[0])
    await copy.close()
    assert polls >= 1
    assert minutes == 50 * polls
    assert sound == "ok"


async def test_a_backup_holds_what_still_is_in_the_log(
    database: Database, path: Path, tmp_path: Path
) -> None:
    await _commit(_a_journal(database), 0)

    backup.copy(path, tmp_path / "copy.db")

    copy = await Database.open_read_only(tmp_path / "copy.db")
    latest = await Observations(copy).latest()
    await copy.close()
    assert len(latest) == 50


async def test_a_backup_never_overwrites(database: Database, tmp_path: Path) -> None:
    target = tmp_path / "precious.txt"
    target.write_text("precious")

    with pytest.raises(BackupExistsError, match="expected no file at"):
        await database.backup(target)

    assert target.read_text() == "precious"


async def test_a_backup_that_fails_leaves_no_file(database: Database, tmp_path: Path) -> None:
    target = tmp_path / "nowhere" / "copy.db"

    with pytest.raises(StorageError, match="nowhere"):
        await database.backup(target)

    assert not target.parent.exists()


def test_there_is_no_backup_of_no_file(path: Path, tmp_path: Path) -> None:
    with pytest.raises(NotMigratedError):
        backup.copy(path, tmp_path / "copy.db")


def test_there_is_no_backup_of_garbage(path: Path, tmp_path: Path) -> None:
    path.write_bytes(b"garbage" * 999)

    with pytest.raises(CorruptError):
        backup.copy(path, tmp_path / "copy.db")

    assert list(tmp_path.glob("copy*")) == []
