"""How long what is kept: minutes become hours, and what is past its time goes, in slices that hold nobody up."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from sqlite_utils import Database as Sql

from storage import rows
from storage.database import Database
from storage.history import BLOCK_MS, FROM_MINUTES, packed

GRACE_MS = 120_000
"""How long after its end a block may still get a poll that began in it."""

SLICE_ROWS = 12_000
"""Minutes to read or delete in one transaction; some 40 ms of the writer's time."""

SLICE_INSTRUMENTS = 1_000
"""Instruments whose old settlements go in one transaction."""

SLICE_RECORDS = 2_000

_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long each tier is kept."""

    raw: timedelta = timedelta(hours=24)
    """Minutes; never gone before their hours are written."""
    hourly: timedelta = timedelta(days=400)
    settled: timedelta = timedelta(days=400)
    records: timedelta = timedelta(days=400)
    """Letters that are settled, and audit lines."""
    records_per_chat: int = 1_000
    """Of each of the two, and the newest of them."""
    prints: timedelta = timedelta(days=30)
    buckets: timedelta = timedelta(days=29)
    """Baselines look back 28 days."""
    gaps: timedelta = timedelta(days=30)
    """From their end; one that lasts is kept."""
    cascades: timedelta = timedelta(days=400)
    """From their end; one that goes on is kept."""
    books: timedelta = timedelta(hours=24)


async def roll(database: Database, now: datetime, retention: Retention) -> None:
    """Turn finished blocks of minutes into hours and delete what is past its time.

    Each slice is a transaction of its own, between which others are served; a crash between two loses nothing,
    the next call goes on where it was. Calling it again without need does nothing.

    Raises:
        StorageError: the file could not be written.
    """
    await _exhaust(database, partial(_roll_slice, rows.ms(now) - GRACE_MS))
    await _exhaust(database, partial(_drop_minutes, rows.ms(now - retention.raw)))
    await _exhaust(database, partial(_drop_hours, rows.ms(now - retention.hourly)))
    await _drop_settled(database, rows.ms(now - retention.settled) // _DAY_MS * _DAY_MS)
    for records in (_LETTERS, _CHANGES):
        await _exhaust(database, partial(_drop_old, records, rows.ms(now - retention.records)))
        await _drop_surplus(database, records, retention.records_per_chat)
    for statement, kept in (
        (_PRINTS, retention.prints),
        (_BUCKETS, retention.buckets),
        (_BOOKS, retention.books),
        (_GAPS, retention.gaps),
        (_CASCADES, retention.cascades),
    ):
        await _exhaust(database, partial(_drop_past, statement, rows.ms(now - kept)))


async def _exhaust(database: Database, one_slice: Callable[[Sql], bool]) -> None:
    while await database.write(one_slice):
        pass


def _roll_slice(now: int, sql: Sql) -> bool:
    """Roll up the next few instruments of the block in hand; return whether there may be more to do."""
    progress = sql.execute("SELECT block, instrument FROM roll_up").fetchone() or _next_block(sql, 0)
    if progress is None or (progress[0] + 1) * BLOCK_MS > now:
        return False
    block, first = progress
    begin, end = block * BLOCK_MS, (block + 1) * BLOCK_MS
    ids = _instruments(sql, first, limit=_instruments_in_slice(sql, begin, end))
    if ids:
        _pack(sql, ids, begin, end)
        following = (block, ids[-1] + 1)
    else:
        following = _next_block(sql, end) or (block + 1, 0)
    sql.execute("INSERT OR REPLACE INTO roll_up (id, block, instrument) VALUES (1, ?, ?)", following)
    return True


def _next_block(sql: Sql, since: int) -> tuple[int, int] | None:
    (at,) = sql.execute("SELECT min(at_ms) FROM polls WHERE at_ms >= ?", (since,)).fetchone()
    return None if at is None else (at // BLOCK_MS, 0)


def _instruments_in_slice(sql: Sql, begin: int, end: int) -> int:
    (polls,) = sql.execute(
        """SELECT max(n) FROM (
            SELECT count(*) AS n FROM polls WHERE at_ms >= ? AND at_ms < ? GROUP BY venue)""",
        (begin, end),
    ).fetchone()
    return max(1, SLICE_ROWS // (polls or 1))


def _instruments(sql: Sql, first: int, *, limit: int) -> list[int]:
    found = sql.execute("SELECT id FROM instruments WHERE id >= ? ORDER BY id LIMIT ?", (first, limit))
    return [number for (number,) in found]


def _pack(sql: Sql, ids: list[int], begin: int, end: int) -> None:
    hours = sql.execute(FROM_MINUTES, {"instruments": json.dumps(ids), "since": begin, "until": end})
    sql.conn.executemany("INSERT OR REPLACE INTO hourly VALUES (?, ?, ?, ?, ?, ?)", map(packed, hours))


_DROP_OBSERVATIONS = """
DELETE FROM observations WHERE slot >= :first AND slot < :last
AND NOT EXISTS (SELECT 1 FROM latest WHERE instrument = observations.slot & 65535 AND slot = observations.slot)
"""
_DROP_POLL = """
DELETE FROM polls WHERE id = :first >> 16
AND NOT EXISTS (SELECT 1 FROM observations WHERE slot >= :first AND slot < :last)
"""


def _drop_minutes(before: int, sql: Sql) -> bool:
    """Delete some polls that are old enough and whose block has been rolled up, all but last words."""
    rolled = sql.execute("SELECT block FROM roll_up").fetchone()
    if rolled is None:
        return False
    deleted = 0
    for (poll,) in sql.execute(
        "SELECT id FROM polls WHERE at_ms < ? ORDER BY id LIMIT ?",
        (min(before, rolled[0] * BLOCK_MS), SLICE_ROWS),
    ).fetchall():
        slots = {"first": poll << 16, "last": (poll + 1) << 16}
        deleted += sql.execute(_DROP_OBSERVATIONS, slots).rowcount
        deleted += sql.execute(_DROP_POLL, slots).rowcount
        if deleted >= SLICE_ROWS:
            break
    return deleted > 0


def _drop_hours(before: int, sql: Sql) -> bool:
    """Delete the oldest block if all of it is old enough."""
    (oldest,) = sql.execute("SELECT min(slot) FROM hourly").fetchone()
    if oldest is None or ((oldest >> 19) + 1) * BLOCK_MS > before:
        return False
    sql.execute("DELETE FROM hourly WHERE slot < ?", (((oldest >> 19) + 1) << 19,))
    return True


_PRINTS = """
DELETE FROM prints WHERE at_ms < :before
AND at_ms <= coalesce((SELECT at_ms FROM prints ORDER BY at_ms LIMIT 1 OFFSET :slice), :before)
"""
_BUCKETS = """
DELETE FROM buckets WHERE slot < :before / 300000
AND slot <= coalesce((SELECT slot FROM buckets ORDER BY slot LIMIT 1 OFFSET :slice), :before)
"""
_BOOKS = """
DELETE FROM books WHERE at_ms < :before
AND at_ms <= coalesce((SELECT at_ms FROM books ORDER BY at_ms LIMIT 1 OFFSET :slice), :before)
"""
# Of these there are few; what has no end yet stays.
_GAPS = "DELETE FROM gaps WHERE until_ms < :before"
_CASCADES = "DELETE FROM cascades WHERE closed_ms < :before"


def _drop_past(statement: str, before: int, sql: Sql) -> bool:
    """Delete the oldest rows of a table, those of one moment together."""
    return bool(sql.execute(statement, {"before": before, "slice": SLICE_ROWS - 1}).rowcount)


async def _drop_settled(database: Database, before: int) -> None:
    first = 0

    def drop(sql: Sql) -> int | None:
        ids = _instruments(sql, first, limit=SLICE_INSTRUMENTS)
        sql.conn.executemany(
            "DELETE FROM settled WHERE instrument = ? AND at_s < ?",
            [(number, before // 1000) for number in ids],
        )
        return ids[-1] + 1 if ids else None

    while (following := await database.write(drop)) is not None:
        first = following


class _Records(NamedTuple):
    """How a table of what became of things is kept short."""

    old: str
    crowded: str
    surplus: str


_LETTERS = _Records(
    old="DELETE FROM letters WHERE id IN (SELECT id FROM letters WHERE settled_ms < ? LIMIT ?)",
    crowded="SELECT platform, chat, thread FROM letters GROUP BY 1, 2, 3 HAVING count(*) > ?",
    surplus="""DELETE FROM letters WHERE id IN (
        SELECT id FROM letters WHERE platform = ? AND chat = ? AND thread = ? AND settled_ms IS NOT NULL
        ORDER BY id DESC LIMIT ? OFFSET ?)""",
)
_CHANGES = _Records(
    old="DELETE FROM changes WHERE id IN (SELECT id FROM changes WHERE at_ms < ? LIMIT ?)",
    crowded="SELECT platform, chat, thread FROM changes GROUP BY 1, 2, 3 HAVING count(*) > ?",
    surplus="""DELETE FROM changes WHERE id IN (
        SELECT id FROM changes WHERE platform = ? AND chat = ? AND thread = ?
        ORDER BY id DESC LIMIT ? OFFSET ?)""",
)


def _drop_old(records: _Records, before: int, sql: Sql) -> bool:
    return bool(sql.execute(records.old, (before, SLICE_RECORDS)).rowcount)


async def _drop_surplus(database: Database, records: _Records, kept: int) -> None:
    """Delete what a chat or thread has beyond what is kept of it, the oldest first."""
    crowded = await database.read(lambda sql: sql.execute(records.crowded, (kept,)).fetchall())
    for place in crowded:
        await _exhaust(database, partial(_drop_of_chat, records, (*place, SLICE_RECORDS, kept)))


def _drop_of_chat(records: _Records, bindings: rows.Row, sql: Sql) -> bool:
    return bool(sql.execute(records.surplus, bindings).rowcount)
