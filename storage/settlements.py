"""Settled funding: what was paid, and how far back it has been filled."""

from collections.abc import Sequence
from datetime import datetime

from sqlite_utils import Database as Sql

from monitors.market import Backfill, FundingRate, Instrument
from storage import instruments, rows
from storage.instruments import InstrumentIds


def add(sql: Sql, ids: InstrumentIds, rates: Sequence[FundingRate], backfill: Backfill | None) -> None:
    """Write rates once each, and the progress of the back-fill that fetched them."""
    owners = [rate.instrument for rate in rates] + ([] if backfill is None else [backfill.instrument])
    numbers = ids.of(sql, owners)
    sql.conn.executemany(
        """INSERT INTO settled (instrument, at_s, rate, interval_s) VALUES (?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET interval_s = excluded.interval_s WHERE settled.interval_s IS NULL""",
        [rows.settled_row(number, rate) for number, rate in zip(numbers, rates, strict=False)],
    )
    if backfill is not None:
        sql.execute(
            "INSERT OR REPLACE INTO backfill (instrument, since_ms, until_ms) VALUES (?, ?, ?)",
            (numbers[-1], rows.ms(backfill.since), rows.ms(backfill.until)),
        )


def settled(instrument: Instrument, since: datetime, sql: Sql) -> list[FundingRate]:
    """Return the settled rates since then, oldest first."""
    found = sql.execute(
        "SELECT at_s, rate, interval_s FROM settled WHERE instrument = ? AND at_s >= ? ORDER BY at_s",
        (instruments.find(sql, instrument), rows.ms(since) / 1000),
    )
    return [rows.settled(instrument, row) for row in found]


def paid(since: datetime, sql: Sql) -> list[FundingRate]:
    """Return what every instrument settled since then."""
    owners = instruments.load(sql)
    found = sql.execute(
        """SELECT id, at_s, rate, settled.interval_s FROM instruments
        CROSS JOIN settled ON settled.instrument = id AND at_s >= ?""",
        (rows.ms(since) / 1000,),
    )
    return [rows.settled(owners[number], row) for number, *row in found]


def backfills(sql: Sql) -> dict[Instrument, Backfill]:
    """Return the progress of every instrument's back-fill."""
    owners = instruments.load(sql)
    found = sql.execute("SELECT instrument, since_ms, until_ms FROM backfill")
    return {
        owners[number]: Backfill(
            instrument=owners[number], since=rows.moment(since), until=rows.moment(until)
        )
        for number, since, until in found
    }
