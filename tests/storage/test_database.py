"""One writer, one transaction a call, and nothing lost track of."""

import asyncio
import threading
from pathlib import Path

import pytest
from sqlite_utils import Database as Sql

from storage.database import Database


def _venues(sql: Sql) -> list[str]:
    return [venue for (venue,) in sql.execute("SELECT venue FROM venues ORDER BY venue")]


def _add(venue: str, sql: Sql) -> None:
    sql.execute("INSERT INTO venues VALUES (?, '')", (venue,))


async def test_what_was_written_is_there_after_a_restart(path: Path) -> None:
    first = await Database.open(path)
    await first.write(lambda sql: _add("okx", sql))
    await first.close()
    second = await Database.open(path)

    found = await second.read(_venues)
    await second.close()

    assert found == ["okx"]


async def test_a_failure_in_the_middle_of_a_write_leaves_nothing(database: Database) -> None:
    def half(sql: Sql) -> None:
        _add("okx", sql)
        raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        await database.write(half)

    assert await database.read(_venues) == []


async def test_a_write_returns_what_its_function_returns(database: Database) -> None:
    assert await database.write(lambda _: 42) == 42


async def test_a_cancelled_writer_waits_for_its_commit_before_the_cancellation_goes_on(
    database: Database,
) -> None:
    begun, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def slow(sql: Sql) -> None:
        loop.call_soon_threadsafe(begun.set)
        go_on.wait()
        _add("okx", sql)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(database.write(slow))
        await begun.wait()
        task.cancel()
        loop.call_soon(task.cancel)
        loop.call_later(0.01, go_on.set)

    assert task.cancelled()
    assert await database.read(_venues) == ["okx"]


async def test_a_write_that_was_cancelled_while_queued_still_happens_whole(database: Database) -> None:
    begun, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def slow(_: Sql) -> None:
        loop.call_soon_threadsafe(begun.set)
        go_on.wait()

    async with asyncio.TaskGroup() as group:
        group.create_task(database.write(slow))
        await begun.wait()
        queued = group.create_task(database.write(lambda sql: _add("okx", sql)))
        loop.call_soon(queued.cancel)
        loop.call_later(0.01, go_on.set)

    assert queued.cancelled()
    assert await database.read(_venues) == ["okx"]


async def test_a_failure_of_a_cancelled_write_is_logged_and_the_cancellation_still_goes_on(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    begun, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def failing(_: Sql) -> None:
        loop.call_soon_threadsafe(begun.set)
        go_on.wait()
        raise ValueError("no such luck")

    async with asyncio.TaskGroup() as group:
        task = group.create_task(database.write(failing))
        await begun.wait()
        task.cancel()
        loop.call_later(0.01, go_on.set)

    assert task.cancelled()
    assert "no such luck" in capsys.readouterr().out


async def test_a_read_cannot_write(database: Database) -> None:
    with pytest.raises(Exception, match="readonly"):
        await database.read(lambda sql: _add("okx", sql))


@pytest.mark.usefixtures("database")
async def test_a_database_opened_for_reading_refuses_to_write(path: Path) -> None:
    reader = await Database.open_read_only(path)

    with pytest.raises(RuntimeError, match="open for reading only"):
        await reader.write(lambda sql: _add("okx", sql))
    await reader.close()


async def test_a_reader_beside_a_running_bot_sees_its_commits(database: Database, path: Path) -> None:
    reader = await Database.open_read_only(path)
    await database.write(lambda sql: _add("okx", sql))

    found = await reader.read(_venues)
    await reader.close()

    assert found == ["okx"]


async def test_a_reader_needs_no_running_bot(path: Path) -> None:
    bot = await Database.open(path)
    await bot.write(lambda sql: _add("okx", sql))
    await bot.close()
    reader = await Database.open_read_only(path)

    found = await reader.read(_venues)
    await reader.close()

    assert found == ["okx"]


async def test_closing_folds_the_log_into_the_file(path: Path) -> None:
    database = await Database.open(path)
    await database.write(lambda sql: _add("okx", sql))

    await database.close()

    assert not path.with_name("skewbell.db-wal").exists()


async def test_a_cancelled_close_still_closes_and_then_the_cancellation_goes_on(path: Path) -> None:
    database = await Database.open(path)
    begun, go_on = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()

    def slow(sql: Sql) -> None:
        loop.call_soon_threadsafe(begun.set)
        go_on.wait()
        _add("okx", sql)

    async with asyncio.TaskGroup() as group:
        group.create_task(database.write(slow))
        await begun.wait()
        closing = group.create_task(database.close())
        loop.call_soon(lambda: loop.call_soon(closing.cancel))
        loop.call_later(0.01, go_on.set)
    again = await Database.open(path)
    found = await again.read(_venues)
    await again.close()

    assert closing.cancelled()
    assert found == ["okx"]


async def test_every_table_is_strict(database: Database) -> None:
    def loose(sql: Sql) -> list[str]:
        found = sql.execute("SELECT name FROM pragma_table_list WHERE NOT strict AND type = 'table'")
        return sorted(name for (name,) in found if not name.startswith(("sqlite_", "_sqlite_")))

    assert await database.read(loose) == []


async def test_a_letter_that_was_committed_survives_a_power_cut(database: Database) -> None:
    def pragmas(sql: Sql) -> list[object]:
        return [
            sql.execute(f"PRAGMA {name}").fetchone()[0]
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]

    assert await database.write(pragmas) == ["wal", 2, 1]
