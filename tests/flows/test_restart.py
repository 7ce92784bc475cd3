"""A bot that stops and starts again amid cascades tells what one that never stopped tells, and each thing once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.store import Store, store_of
from monitors.alerts.delivery import Alert
from monitors.alerts.rules import Rule
from monitors.alerts.states import Reason
from monitors.alerts.tick import Tick
from monitors.engine import Engine, Universe
from monitors.liquidation import FeedHealth, Liquidation, PositionSide
from monitors.market import Observation, OpenInterest, Poll
from monitors.metrics.liquidations.values import MARKET, BookSample, Bucket, Heard
from storage.database import Database
from tests.builders import NOON, STALE, an_instrument, an_observation
from tests.flows.cascade import a_rule
from tests.flows.world import MINUTE, letters_in
from tests.metrics.liquidations.prints import LONG, SHORT, a_feed, a_print, after

UNIVERSE = Universe(feeds=("bybit", "okx"))
DAY = timedelta(days=1)
BASES = ("SOL", "XRP", "DOGE", "ADA")
END = 1200
STRESS = (30, 620)
"""Seconds between which SOL's market is strained."""


def happening() -> dict[int, list[Liquidation]]:
    """Return what is liquidated, by second: SOL by drips that no run holds together, the others together in runs."""
    found: dict[int, list[Liquidation]] = {}

    def let(second: int, base: str, usd: float, side: PositionSide = LONG) -> None:
        own = an_instrument("bybit", base)
        found.setdefault(second, []).append(
            a_print(second, usd, side, instrument=own, name=f"{base}{second}{side}")
        )

    for second in range(40, 620, 70):
        let(second, "SOL", 3e5)
    for start, base in ((290, "XRP"), (310, "DOGE"), (335, "ADA")):
        for second in range(start, start + 40, 5):
            let(second, base, 3e5)
        let(start + 100, base, 1e4)
    for second in range(
        430, 560, 20
    ):  # of the other side: begins before the first has closed, and outlasts it
        let(second, "XRP", 2e5, SHORT)
    return found


@dataclass(slots=True)
class Life:
    """An engine on a store, which may be followed by another on the same."""

    store: Store
    engine: Engine
    second: int

    @classmethod
    async def begin(cls, store: Store, second: int) -> "Life":
        now = after(second)
        memory = await store.memory(now)
        life = cls(store, Engine(universe=UNIVERSE, stale_after=STALE, memory=memory, now=now), second)
        await life.report(since=second)
        return life

    async def keep(self, tick: Tick) -> None:
        if not tick.is_empty:
            await self.store.journal.commit(tick)

    async def report(self, *, since: int) -> None:
        await self.keep(self.engine.feed(heard(since, self.second), (), after(self.second)))

    async def end(self, second: int, *, since: int) -> None:
        """Keep when the feeds were last heard: otherwise up to a minute would pass for unheard."""
        await self.keep(Tick(at=after(second), heard=Heard(feeds=heard(since, second))))

    async def go_on(self, second: int, prints: Sequence[Liquidation], *, since: int) -> None:
        self.second, now = second, after(second)
        if second % 5 == 0:
            await self.report(since=since)
        if second % 60 == 50:
            for poll in polls(second):
                await self.keep(self.engine.step(poll, now))
            await self.keep(self.engine.sample([a_book(second)], (), now))
        await self.keep(self.engine.hear(prints, now))
        if second % 15 == 0:
            for tick in self.engine.beat(now):
                await self.keep(tick)


def heard(since: int, until: int) -> tuple[FeedHealth, ...]:
    return tuple(a_feed(venue, since=since, heard=until) for venue in UNIVERSE.feeds)


def strain(second: int) -> float:
    """Return how strained SOL is, 0 to 1."""
    return 1.0 if STRESS[0] <= second < STRESS[1] else 0.0


def polls(second: int) -> list[Poll]:
    """Return what two venues answer: under strain SOL's perpetual lies under its index and open interest falls."""
    now = after(second)
    left = 1 - 0.08 * min(1.0, max(0.0, (second - STRESS[0]) / (STRESS[1] - STRESS[0])))

    def said(venue: str, base: str) -> Observation:
        mark = 100.0 * (1 - 0.01 * strain(second) * (base == "SOL"))
        seen = an_observation(venue, base, mark_price=mark, index_price=100.0, observed_at=now)
        coins = 1e6 * (left if base == "SOL" else 1.0)
        return replace(seen, open_interest=OpenInterest(contracts=coins, usd=coins * mark))

    return [
        Poll(
            venue=venue,
            received_at=now,
            observations=tuple(said(venue, base) for base in BASES),
            dropped={},
        )
        for venue in UNIVERSE.feeds
    ]


def a_book(second: int) -> BookSample:
    depth = 1e6 * (1 - 0.3 * strain(second))
    return BookSample(
        instrument=an_instrument("bybit", "SOL"),
        at=after(second),
        bid_depth_usd=depth,
        ask_depth_usd=1e6,
        spread_bps=1.0,
        truncated=False,
    )


async def a_past(store: Store) -> None:
    """Keep a quiet hour of each of ten days, of which a normal is made, and books of the last hours."""
    times = [NOON - DAY * day + 5 * MINUTE * step for day in range(1, 11) for step in range(12)]
    buckets = [
        Bucket(at=at, base=base, long_cents=100_000, short_cents=0, count=1)
        for at in times
        for base in (MARKET, "SOL")
    ]
    books = [a_book(-60 * back) for back in range(1, 150)]
    await store.journal.commit(Tick(at=NOON, heard=Heard(buckets=tuple(buckets), books=tuple(books))))


async def lived(file: Path, *stops: int, rule: Rule | None = None) -> list[Alert]:
    """Live from noon to the end with a restart at each of some seconds; return what was to be told."""
    database = await Database.open(file)
    try:
        store = store_of(database, MINUTE)
        await a_past(store)
        await store.rules.add(rule or a_rule(usd=5e5))
        prints, since = happening(), 0
        life = await Life.begin(store, since)
        for second in range(1, END):
            if second in stops:
                await life.end(second, since=since)
                since = second
                life = await Life.begin(store, since)
            await life.go_on(second, prints.get(second, ()), since=since)
        told = await letters_in(database, "tell", "update")
    finally:
        await database.close()
    return list({(one.key, one.at): one for one in told if isinstance(one, Alert)}.values())


def gist(alert: Alert) -> tuple[object, ...]:
    """Return what an alert says, but for how well it was heard and the score of the minute it was told in."""
    assert alert.evidence.flush is not None
    cascade = alert.evidence.flush.cascade
    assert cascade is not None
    told = replace(cascade, is_floor=False, stress=None)
    return alert.reason, alert.series.base, alert.at, alert.value, alert.peak, told


@pytest.mark.parametrize("offset", [0, 7, 29, 51, 59])
async def test_a_restart_in_every_minute_changes_nothing_that_is_told(tmp_path: Path, offset: int) -> None:
    whole = await lived(tmp_path / "whole.db")

    torn = await lived(tmp_path / "torn.db", *range(60 + offset, END, 60))

    told = [(alert.series.base, alert.reason) for alert in whole]
    assert {told.count((base, Reason.FIRST)) for base in (MARKET, "SOL", "XRP", "DOGE")} == {1}
    assert {told.count((base, Reason.RESOLVED)) for base in (MARKET, "SOL", "XRP", "DOGE")} == {1}
    assert list(map(gist, torn)) == list(map(gist, whole))


async def test_a_rule_that_rings_once_tells_the_aftermath_over_restarts_and_nothing_else(
    tmp_path: Path,
) -> None:
    rule = replace(a_rule(usd=5e5, base="XRP"), once=True)

    torn = await lived(tmp_path / "skewbell.db", *range(67, END, 60), rule=rule)

    ends = [alert.reason for alert in torn if alert.reason not in {Reason.GREW, Reason.ESCALATED}]
    assert ends == [Reason.FIRST, Reason.RESOLVED, Reason.AFTERMATH]
