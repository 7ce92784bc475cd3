"""What was heard of forced closes, as stored: read by commands and by the warm start."""

import gc
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache, partial

from sqlite_utils import Database as Sql

from monitors.liquidation import FeedHealth, Gap, Liquidation, PositionSide
from monitors.market import Instrument
from monitors.metrics.liquidations.standing import Standing
from monitors.metrics.liquidations.values import BookSample, Bucket, Cascade, HeardBefore
from storage import instruments, rows
from storage.database import Database
from storage.heard import BUCKET_MS, CASCADE, FEED, STANDING, STANDING_NOTE

DAY = timedelta(days=1)
BASELINE = timedelta(days=28)
"""What baselines are made of."""

_PRINTS = """
SELECT instrument, is_long, quantity, price, at_ms, at_ms + lag_ms, prints.id
FROM prints CROSS JOIN instruments ON instruments.id = instrument
WHERE at_ms >= :since AND (:base IS NULL OR base = :base)
"""
_OLDEST_FIRST = f"{_PRINTS} AND at_ms < :until AND (:venue IS NULL OR venue = :venue) ORDER BY at_ms"
_LARGEST_FIRST = f"""{_PRINTS}
ORDER BY CASE margin WHEN 'inverse' THEN quantity ELSE quantity * price END DESC, at_ms DESC LIMIT :limit
"""
_CASCADES = """
SELECT cascade FROM cascades WHERE closed_ms IS NULL OR closed_ms >= ? ORDER BY opened_ms DESC, base LIMIT ?
"""


class Liquidations:
    """The prints of 30 days, the cascades of 400, and how well the venues were heard."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def heard_before(self, now: datetime) -> HeardBefore:
        """Return what a restart needs to go on as if it had never stopped."""
        return await self._database.read(partial(_heard_before, now))

    async def prints(
        self, base: str | None, venue: str | None, since: datetime, until: datetime
    ) -> Sequence[Liquidation]:
        """Return the prints of [since, until), oldest first; None is any base or venue."""
        bindings = {"base": base, "venue": venue, "since": rows.ms(since), "until": rows.ms(until)}
        return await self._database.read(lambda sql: _liquidations(sql, sql.execute(_OLDEST_FIRST, bindings)))

    async def largest(self, base: str | None, since: datetime, limit: int) -> Sequence[Liquidation]:
        """Return the largest prints since then by US dollars, the largest first; None is any base."""
        bindings = {"base": base, "since": rows.ms(since), "limit": limit}
        return await self._database.read(
            lambda sql: _liquidations(sql, sql.execute(_LARGEST_FIRST, bindings))
        )

    async def cascades(self, since: datetime, limit: int) -> Sequence[Cascade]:
        """Return the cascades that go on, or went on since then, the last to open first."""
        return await self._database.read(partial(_cascades, since, limit))

    async def gaps(self, since: datetime) -> Sequence[Gap]:
        """Return the gaps that last, or lasted since then, by venue and the oldest first."""
        return await self._database.read(partial(_gaps, since))


def _heard_before(now: datetime, sql: Sql) -> HeardBefore:
    gc.disable()  # none of it holds cycles, and looking for some takes longer than the reading
    try:
        day = now - DAY
        recent = f"{_PRINTS} ORDER BY at_ms"
        return HeardBefore(
            prints=_liquidations(sql, sql.execute(recent, {"since": rows.ms(day), "base": None})),
            feeds=_feeds(sql),
            gaps=_gaps(day, sql),
            buckets=_buckets(sql, now - BASELINE),
            cascades=_cascades(day, -1, sql),
            books=_books(sql, day),
            standing=_standing(sql),
        )
    finally:
        gc.enable()


def _liquidations(sql: Sql, found: Iterable[rows.Row]) -> list[Liquidation]:
    owners = instruments.load(sql)
    sides = (PositionSide.SHORT, PositionSide.LONG)
    return [
        Liquidation(owners[number], sides[is_long], quantity, price, at, received, name)
        for number, is_long, quantity, price, at, received, name in found
    ]


def _feeds(sql: Sql) -> list[FeedHealth]:
    return [
        FEED.validate_json(health) for (health,) in sql.execute("SELECT health FROM feeds ORDER BY venue")
    ]


def _gaps(since: datetime, sql: Sql) -> list[Gap]:
    found = sql.execute(
        """SELECT venue, since_ms, until_ms, why, filled FROM gaps
        WHERE until_ms IS NULL OR until_ms >= ? ORDER BY venue, since_ms""",
        (rows.ms(since),),
    )
    return [
        Gap(
            venue=venue,
            since=rows.moment(begun),
            until=rows.moment_or_none(ended),
            why=why,
            filled=bool(filled),
        )
        for venue, begun, ended, why, filled in found
    ]


def _buckets(sql: Sql, since: datetime) -> list[Bucket]:
    moment = cache(rows.moment)  # the bases share their five minutes
    found = sql.execute(
        "SELECT slot, base, long_cents, short_cents, count FROM buckets WHERE slot >= ? ORDER BY slot, base",
        (rows.ms(since) // BUCKET_MS,),
    )
    return [
        Bucket(at=moment(slot * BUCKET_MS), base=base, long_cents=long, short_cents=short, count=count)
        for slot, base, long, short, count in found
    ]


def _cascades(since: datetime, limit: int, sql: Sql) -> list[Cascade]:
    found = sql.execute(_CASCADES, (rows.ms(since), limit))
    return [CASCADE.validate_json(cascade) for (cascade,) in found]


def _standing(sql: Sql) -> Standing | None:
    found = sql.execute("SELECT value FROM notes WHERE name = ?", (STANDING_NOTE,)).fetchone()
    return None if found is None else STANDING.validate_json(found[0])


def _books(sql: Sql, since: datetime) -> list[BookSample]:
    owners: dict[int, Instrument] = instruments.load(sql)
    found = sql.execute(
        """SELECT instrument, at_ms, bid_depth_usd, ask_depth_usd, spread_bps, truncated FROM books
        WHERE at_ms >= ? ORDER BY at_ms""",
        (rows.ms(since),),
    )
    return [
        BookSample(
            instrument=owners[number],
            at=rows.moment(at),
            bid_depth_usd=bid,
            ask_depth_usd=ask,
            spread_bps=spread,
            truncated=bool(truncated),
        )
        for number, at, bid, ask, spread, truncated in found
    ]
