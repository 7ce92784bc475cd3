"""Settled history: fetched through ccxt's own clients, kept once, and gone on with after a stop."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlite_utils import Database as Sql
from typing_extensions import override

from bot.messages.document import Rate, Table
from monitors.jobs.history import HistoryJob
from monitors.market import HOUR, Instrument, Margin
from monitors.ports import FundingSource
from monitors.simulator.faults import Fault
from monitors.simulator.model import VENUES
from monitors.simulator.server import Simulator
from tests.fakes import FakeClock
from tests.flows.world import World, a_market, hourly, listing, opened, running
from tests.simulator.venues import START

SPAN = timedelta(days=30)
PAUSE = timedelta(seconds=3)
REST = timedelta(minutes=10)
BASES = frozenset({"BTC", "PEPE", "WIF"})
PAGES = ("hyperliquid", "/info fundingHistory")


@dataclass(slots=True)
class HaltingClock(FakeClock):
    """A clock on which a long sleep never ends, so that a test sees a job only up to there."""

    longest: timedelta = REST
    halted: asyncio.Event = field(default_factory=asyncio.Event)

    @override
    async def sleep(self, duration: timedelta) -> None:
        if duration >= self.longest:
            self.halted.set()
            await asyncio.Event().wait()
        self.advance(duration)


async def work(world: World, venue: str, *, until_sleep: timedelta = REST) -> None:
    """Let a venue's history job run until it would sleep so long: the rest after a round, unless told otherwise."""
    [source] = [each for each in world.sources if each.venue == venue]
    clock = HaltingClock(present=world.clock.present, longest=until_sleep)
    async with asyncio.TaskGroup() as group:
        working = group.create_task(job(world, source, clock).run())
        await clock.halted.wait()
        working.cancel()


def job(world: World, source: FundingSource, clock: FakeClock) -> HistoryJob:
    return HistoryJob(source, world.bot.store.observations, clock, bases=BASES, span=SPAN, pause=PAUSE)


async def kept(world: World, venue: str, base: str, margin: Margin = Margin.LINEAR) -> Sequence[datetime]:
    """Return the settlement times in the store, oldest first."""
    rates = await world.bot.store.observations.settled(
        await instrument(world, venue, base, margin), world.clock.now() - 2 * SPAN
    )
    return [rate.funding_at for rate in rates if rate.funding_at is not None]


async def instrument(world: World, venue: str, base: str, margin: Margin = Margin.LINEAR) -> Instrument:
    [source] = [each for each in world.sources if each.venue == venue]
    return next(each for each in await source.instruments() if (each.base, each.margin) == (base, margin))


def settled_by_the_model(world: World, venue: str, base: str, *, until: datetime) -> list[datetime]:
    market = world.simulator.market
    found = market.settled(listing(market, venue, base), until - SPAN, until)
    return [at for at, _ in found if until - SPAN <= at < until]


@pytest.mark.parametrize("venue", VENUES)
async def test_thirty_days_come_whole_whatever_the_interval(tmp_path: Path, venue: str) -> None:
    async with opened(tmp_path, a_market(story=False)) as world:
        await work(world, venue)
        until = world.clock.now() - timedelta(minutes=5)
        found = {base: await kept(world, venue, base) for base in BASES}
        expected = {base: settled_by_the_model(world, venue, base, until=until) for base in BASES}

    assert found == expected


async def test_an_hourly_venue_has_every_hour_once(tmp_path: Path) -> None:
    async with opened(tmp_path, a_market(story=False)) as world:
        await work(world, "hyperliquid")
        found = await kept(world, "hyperliquid", "BTC")

    assert len(found) == len(set(found)) == SPAN // HOUR
    assert {later - earlier for earlier, later in pairwise(found)} == {HOUR}


async def test_a_restart_in_the_middle_goes_on_where_it_was(tmp_path: Path) -> None:
    clock = FakeClock(present=START)
    async with Simulator(a_market(story=False), clock) as simulator:
        async with running(simulator, clock, tmp_path) as world:
            await work(world, "hyperliquid", until_sleep=PAUSE)  # the pause after the first instrument
            done = await world.bot.store.observations.backfills()
        simulator.requests.clear()
        async with running(simulator, clock, tmp_path) as world:
            await work(world, "hyperliquid")
            rest = simulator.requests[PAGES]
            await work(world, "hyperliquid")
            twice = simulator.requests[PAGES]
            found = {base: await kept(world, "hyperliquid", base) for base in BASES}
            rows = await world.bot.store.database.read(count_of_settlements)

    pages = -(-(SPAN // HOUR) // 500)  # Hyperliquid gives 500 rows a page
    assert len(done) == 1
    assert rest == twice == (len(BASES) - 1) * pages
    assert {base: len(times) for base, times in found.items()} == dict.fromkeys(BASES, SPAN // HOUR)
    assert rows == len(BASES) * (SPAN // HOUR)


def count_of_settlements(sql: Sql) -> int:
    (count,) = sql.execute("SELECT count(*) FROM settled").fetchone()
    return int(count)


async def test_what_settles_later_is_added_and_nothing_is_fetched_twice(tmp_path: Path) -> None:
    async with opened(tmp_path, a_market(story=False)) as world:
        await work(world, "bybit")
        before = await kept(world, "bybit", "BTC")
        world.simulator.requests.clear()
        world.clock.advance(9 * HOUR)
        await work(world, "bybit")
        after = await kept(world, "bybit", "BTC")

    assert after[: len(before)] == before
    assert [at - before[-1] for at in after[len(before) :]] == [8 * HOUR]
    assert (
        world.simulator.requests["bybit", "/v5/market/funding/history"] == len(BASES) + 1
    )  # and BTC inverse


async def test_a_venue_that_fails_is_gone_on_with_later(tmp_path: Path) -> None:
    async with opened(tmp_path, a_market(story=False)) as world:
        await world.poll()
        world.simulator.set_fault("gate", Fault.SERVER_ERROR)
        await work(world, "gate")
        nothing = await world.bot.store.observations.backfills()
        world.simulator.clear_faults()
        await work(world, "gate")
        spans = await world.bot.store.observations.backfills()

    assert nothing == {}
    assert {each.base for each in spans} == BASES


async def test_funding_shows_what_was_really_paid(tmp_path: Path) -> None:
    async with opened(tmp_path, a_market(story=False)) as world:
        await work(world, "bybit")
        await world.poll()
        answer = await world.ask("/funding PEPE bybit")
        until = world.clock.now() - timedelta(minutes=5)
        market = world.simulator.market
        paid = [q for _, q in market.settled(listing(market, "bybit", "PEPE"), until - SPAN, until)]
        week = [q for _, q in market.settled(listing(market, "bybit", "PEPE"), until - SPAN * 7 / 30, until)]

    [row] = [block for block in answer.blocks if isinstance(block, Table)][-1].rows
    assert row[0] == "bybit"
    assert isinstance(row[1], Rate)
    assert isinstance(row[2], Rate)
    assert row[1].hourly == pytest.approx(sum(map(hourly, week)) / len(week), rel=1e-6)
    assert row[2].hourly == pytest.approx(sum(map(hourly, paid)) / len(paid), rel=1e-6)
