"""What the venues said: the last word of each instrument, the raw minutes, and how each venue is doing."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache, partial

from sqlite_utils import Database as Sql

from monitors.alerts.tick import Tick
from monitors.market import Backfill, FundingRate, Instrument, Observation, OpenInterest, VenueHealth
from storage import history, instruments, rows, settlements
from storage.database import Database
from storage.history import Hour
from storage.instruments import InstrumentIds


class Observations:
    """The market as stored: written by ticks and the back-fill, read by commands and the warm start."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ids = InstrumentIds()

    def record(self, sql: Sql, tick: Tick, others: Sequence[Instrument] = ()) -> Sequence[int]:
        """Write the market's part of a tick, first in the tick's transaction; return the numbers of other instruments."""
        seen = [observation.funding.instrument for observation in tick.observations]
        owners = [*seen, *(instrument for instrument, _ in tick.intervals), *others]
        numbers = self._ids.of(sql, owners)
        _record_observations(sql, tick, numbers[: len(seen)])
        sql.conn.executemany(
            "UPDATE instruments SET interval_s = ? WHERE id = ?",
            [
                (interval.total_seconds(), number)
                for number, (_, interval) in zip(numbers[len(seen) :], tick.intervals, strict=False)
            ],
        )
        if tick.health is not None:
            sql.execute(
                "INSERT OR REPLACE INTO venues (venue, health) VALUES (?, ?)",
                (tick.health.venue, rows.HEALTH.dump_json(tick.health).decode()),
            )
        return numbers[len(owners) - len(others) :]

    async def latest(self) -> Sequence[Observation]:
        """Return the last observation of every instrument, however old.

        Open interest is rounded to the dollar.
        """
        return await self._database.read(_latest)

    async def observed(
        self, instrument: Instrument, since: datetime, until: datetime
    ) -> Sequence[Observation]:
        """Return what the polls of [since, until) said, oldest first, as far back as raw minutes are kept.

        Open interest is rounded to the dollar.
        """
        return await self._database.read(partial(_observed, instrument, rows.ms(since), rows.ms(until)))

    async def interests(self, since: datetime) -> Sequence[tuple[Instrument, OpenInterest, datetime]]:
        """Return what every poll since then said of open interest, oldest first, and when it was taken in."""
        return await self._database.read(partial(_interests, rows.ms(since)))

    async def history(
        self, wanted: Sequence[Instrument], since: datetime, until: datetime
    ) -> Mapping[Instrument, Sequence[Hour]]:
        """Return the hours that begin in [since, until), oldest first; an hour without data is not there."""
        return await self._database.read(partial(history.hours, wanted, since, until))

    async def settled(self, instrument: Instrument, since: datetime) -> Sequence[FundingRate]:
        """Return the settled rates since then, oldest first, with settlement times to the second."""
        return await self._database.read(partial(settlements.settled, instrument, since))

    async def paid(self, since: datetime) -> Sequence[FundingRate]:
        """Return what every instrument settled since then."""
        return await self._database.read(partial(settlements.paid, since))

    async def add_settled(self, rates: Sequence[FundingRate], backfill: Backfill | None = None) -> None:
        """Keep settled rates, and how far a back-fill has come with them, in one transaction.

        A settlement that is known already stays as it is, but for an interval that was unknown.
        """
        await self._database.write(lambda sql: settlements.add(sql, self._ids, rates, backfill))

    async def backfills(self) -> Mapping[Instrument, Backfill]:
        """Return how far the back-fill of each instrument has come; one not begun is not there."""
        return await self._database.read(settlements.backfills)

    async def intervals(self) -> Mapping[Instrument, timedelta]:
        """Return the funding intervals that were known for certain when last seen."""
        return await self._database.read(_intervals)

    async def health(self) -> Mapping[str, VenueHealth]:
        """Return what is known of each venue's answers."""
        return await self._database.read(_health)


_KEEP = "INSERT OR REPLACE INTO observations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_POINT_AT_THE_LATEST = """
INSERT INTO latest SELECT slot & 65535, slot FROM observations WHERE slot >= ? << 16
ON CONFLICT (instrument) DO UPDATE SET slot = excluded.slot
"""


def _record_observations(sql: Sql, tick: Tick, numbers: Sequence[int]) -> None:
    at_ms = rows.ms(tick.at)
    venues = dict.fromkeys(observation.funding.instrument.venue for observation in tick.observations)
    polls = {venue: _add_poll(sql, venue, at_ms) for venue in venues}
    kept = [
        rows.observation_row(polls[said.funding.instrument.venue] << 16 | number, at_ms, said)
        for number, said in zip(numbers, tick.observations, strict=True)
    ]
    sql.conn.executemany(_KEEP, kept)  # a generator would be slower: it takes turns with SQLite, row by row
    if polls:
        sql.execute(_POINT_AT_THE_LATEST, (min(polls.values()),))


def _add_poll(sql: Sql, venue: str, at_ms: int) -> int:
    (poll,) = sql.execute(
        "INSERT INTO polls (venue, at_ms) VALUES (?, ?) RETURNING id", (venue, at_ms)
    ).fetchone()
    return int(poll)


def _latest(sql: Sql) -> list[Observation]:
    owners = instruments.load(sql)
    found = sql.execute(
        """SELECT instrument, rate, interval_s, settled, funding_s, at_ms - lag_ms, mark_price, index_price,
            open_interest_usd, open_interest_contracts
        FROM latest CROSS JOIN observations USING (slot) CROSS JOIN polls ON polls.id = slot >> 16"""
    )
    return [rows.observation(owners[number], row) for number, *row in found]


def _observed(instrument: Instrument, since_ms: int, until_ms: int, sql: Sql) -> list[Observation]:
    found = sql.execute(
        """SELECT rate, interval_s, settled, funding_s, at_ms - lag_ms, mark_price, index_price,
            open_interest_usd, open_interest_contracts
        FROM polls CROSS JOIN observations ON slot = (polls.id << 16) | ?
        WHERE venue = ? AND at_ms >= ? AND at_ms < ? ORDER BY at_ms""",
        (instruments.find(sql, instrument), instrument.venue, since_ms, until_ms),
    )
    return [rows.observation(instrument, row) for row in found]


def _interests(since_ms: int, sql: Sql) -> list[tuple[Instrument, OpenInterest, datetime]]:
    owners, moment = instruments.load(sql), cache(rows.moment)  # a poll's rows share their time
    found = sql.execute(
        """SELECT slot & 65535, open_interest_usd, open_interest_contracts, at_ms
        FROM polls CROSS JOIN observations ON slot >= polls.id << 16 AND slot < (polls.id + 1) << 16
        WHERE at_ms >= ? AND open_interest_usd IS NOT NULL ORDER BY polls.id""",
        (since_ms,),
    )
    return [
        (owners[number], OpenInterest(usd=float(usd), contracts=contracts), moment(at))
        for number, usd, contracts, at in found
    ]


def _intervals(sql: Sql) -> dict[Instrument, timedelta]:
    known = sql.execute("SELECT id, interval_s FROM instruments WHERE interval_s IS NOT NULL")
    owners = instruments.load(sql)
    return {owners[number]: timedelta(seconds=seconds) for number, seconds in known}


def _health(sql: Sql) -> dict[str, VenueHealth]:
    return {
        venue: rows.HEALTH.validate_json(health)
        for venue, health in sql.execute("SELECT venue, health FROM venues ORDER BY venue")
    }
