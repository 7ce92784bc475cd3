"""A file that cannot be used is refused in plain words, and left as it was."""

import asyncio
import sqlite3
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from monitors.alerts.tick import Tick
from storage import connections, migrations
from storage.database import Database
from storage.errors import (
    CorruptError,
    DiskFullError,
    LockedError,
    NewerVersionError,
    NotMigratedError,
    UnreadableError,
)
from storage.journal import Journal
from storage.observations import Observations
from storage.outbox import Outbox
from tests.builders import NOON, an_observation

ROOT = Path(__file__).parents[2]


def _a_journal(database: Database) -> Journal:
    return Journal(database, Observations(database), Outbox(database, group_wait=timedelta(seconds=5)))


def _a_tick(size: int) -> Tick:
    return Tick(at=NOON, observations=tuple(an_observation(base=f"C{n}") for n in range(size)))


def _limit_pages(pages: int) -> str:
    return f"PRAGMA max_page_count = {pages}"


async def test_a_full_disk_is_told_and_nothing_is_written_by_halves(database: Database) -> None:
    (used,) = await database.read(lambda sql: sql.execute("PRAGMA page_count").fetchone())
    await database.write(lambda sql: sql.execute(_limit_pages(used + 10)))

    with pytest.raises(DiskFullError, match="expected room to write"):
        await _a_journal(database).commit(_a_tick(2000))

    counted = await database.read(
        lambda sql: [sql.table(name).count for name in ("instruments", "polls", "latest", "observations")]
    )
    assert counted == [0, 0, 0, 0]


async def test_after_a_full_disk_the_same_tick_can_be_committed(database: Database) -> None:
    journal, tick = _a_journal(database), _a_tick(2000)
    (used,) = await database.read(lambda sql: sql.execute("PRAGMA page_count").fetchone())
    await database.write(lambda sql: sql.execute(_limit_pages(used + 10)))
    with pytest.raises(DiskFullError):
        await journal.commit(tick)
    await database.write(lambda sql: sql.execute(_limit_pages(10**6)))

    await journal.commit(tick)

    assert len(await Observations(database).latest()) == 2000


@pytest.mark.usefixtures("database")
async def test_a_second_bot_on_the_same_file_is_refused(path: Path) -> None:
    with pytest.raises(LockedError, match=r"expected no other bot on .*, found one running"):
        await Database.open(path)


@pytest.mark.usefixtures("database")
async def test_a_second_bot_in_another_process_is_refused(path: Path) -> None:
    script = (
        "import asyncio, sys, pathlib; from storage.database import Database; from storage.errors import LockedError\n"
        "try: asyncio.run(Database.open(pathlib.Path(sys.argv[1])))\n"
        "except LockedError: sys.exit(7)"
    )

    other = await asyncio.create_subprocess_exec(sys.executable, "-c", script, str(path), cwd=ROOT)

    assert await other.wait() == 7


async def test_a_lock_file_that_is_something_else_is_named(path: Path) -> None:
    _fill(path.with_name("skewbell.db.lock"), b"a letter to my aunt" * 100)

    with pytest.raises(CorruptError, match=r"skewbell\.db\.lock"):
        await Database.open(path)


async def test_a_bot_that_has_stopped_is_not_in_the_way(path: Path) -> None:
    first = await Database.open(path)
    await first.close()

    second = await Database.open(path)
    await second.close()


async def test_a_foreign_process_that_holds_the_file_is_named(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "BUSY_SECONDS", 0.02)
    impatient = await Database.open(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as browser:
        browser.execute("BEGIN IMMEDIATE")

        with pytest.raises(LockedError, match="locked by another process"):
            await _a_journal(impatient).commit(_a_tick(1))
    await _a_journal(impatient).commit(_a_tick(1))
    await impatient.close()


@pytest.mark.parametrize("content", [b"not a database" * 1000, b"\x00" * 8192], ids=["text", "zeros"])
async def test_garbage_is_refused_and_left_alone(path: Path, content: bytes) -> None:
    _fill(path, content)

    with pytest.raises(CorruptError, match="restore a backup or move the file away"):
        await Database.open(path)

    assert _content(path) == content


async def test_a_truncated_file_is_refused(path: Path) -> None:
    database = await Database.open(path)
    await _a_journal(database).commit(_a_tick(2000))
    await database.close()
    whole = _content(path) or b""
    _fill(path, whole[: len(whole) // 2])

    with pytest.raises(CorruptError, match="expected a sound database"):
        await Database.open(path)


async def test_a_file_damaged_behind_its_first_page_is_refused(path: Path) -> None:
    database = await Database.open(path)
    await _a_journal(database).commit(_a_tick(2000))
    await database.close()
    content = bytearray(_content(path) or b"")
    content[4096:] = b"\xff" * (len(content) - 4096)
    _fill(path, bytes(content))

    with pytest.raises(CorruptError):
        await Database.open(path)


async def test_the_database_of_another_program_is_refused_and_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE songs (title TEXT)")
    before = _content(path)

    with pytest.raises(CorruptError, match="another program with the table songs"):
        await Database.open(path)

    assert _content(path) == before


async def test_a_file_from_a_newer_version_is_refused_and_left_alone(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as future:
        future.setattr(
            migrations, "STEPS", (*migrations.STEPS, ("0099_future", "CREATE TABLE future (a ANY) STRICT;"))
        )
        newer = await Database.open(path)
        await newer.close()
    before = _content(path)

    with pytest.raises(NewerVersionError, match="found 0099_future of a newer version"):
        await Database.open(path)

    assert _content(path) == before


async def test_an_older_file_gets_the_missing_steps_and_keeps_its_rows(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as past:
        past.setattr(migrations, "STEPS", migrations.STEPS[:1])
        older = await Database.open(path)
        await older.write(lambda sql: sql.execute("INSERT INTO venues VALUES ('okx', '')"))
        await older.close()

    database = await Database.open(path)
    tables = await database.read(lambda sql: sql.table_names())
    kept = await database.read(lambda sql: sql.table("venues").count)
    await database.close()

    assert {"rules", "letters"} <= set(tables)
    assert kept == 1


async def test_a_reader_does_not_migrate_an_older_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as past:
        past.setattr(migrations, "STEPS", migrations.STEPS[:1])
        older = await Database.open(path)
        await older.close()

    with pytest.raises(NotMigratedError, match="run `skewbell migrate`"):
        await Database.open_read_only(path)


async def test_a_failing_step_leaves_the_steps_before_it_and_nothing_of_itself(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        script = "CREATE TABLE half (a INTEGER) STRICT; INSERT INTO nowhere VALUES (1);"
        broken.setattr(migrations, "STEPS", (*migrations.STEPS, ("0099_broken", script)))
        with pytest.raises(sqlite3.OperationalError, match="nowhere"):
            await Database.open(path)

    database = await Database.open(path)
    tables = await database.read(lambda sql: sql.table_names())
    await database.close()

    assert "half" not in tables


async def test_a_reader_of_no_file_is_told_so(path: Path) -> None:
    with pytest.raises(NotMigratedError, match="found no file"):
        await Database.open_read_only(path)

    assert _content(path) is None


async def test_a_missing_directory_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnreadableError, match="check that the directory exists"):
        await Database.open(tmp_path / "nowhere" / "skewbell.db")


async def test_a_closed_database_says_so(path: Path) -> None:
    database = await Database.open(path)
    await database.close()

    with pytest.raises(RuntimeError, match="found it closed"):
        await database.read(lambda sql: sql.table_names())


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _fill(path: Path, content: bytes) -> None:
    path.write_bytes(content)
