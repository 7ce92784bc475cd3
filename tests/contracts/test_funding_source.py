"""`monitors.ports.FundingSource`: one venue's funding."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import pytest

from monitors.exchanges.client import VenueClient
from monitors.exchanges.registry import profile
from monitors.market import Poll, RateKind
from monitors.ports import Clock, FundingSource, VenueUnavailableError
from monitors.simulator.faults import Fault
from monitors.simulator.model import Market
from monitors.simulator.server import Simulator
from tests.builders import a_rate, an_observation
from tests.fakes import FakeClock, FakeSource
from tests.simulator.venues import START

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class Venue(Protocol):
    """A source, the time it lives in, and what breaks it."""

    @property
    def source(self) -> FundingSource: ...

    @property
    def clock(self) -> Clock: ...

    def break_down(self) -> None: ...

    def recover(self) -> None: ...


@dataclass(slots=True)
class Simulated:
    """A client of a simulated venue."""

    source: VenueClient
    clock: FakeClock
    simulator: Simulator

    def break_down(self) -> None:
        self.simulator.set_fault(self.source.venue, Fault.SERVER_ERROR)

    def recover(self) -> None:
        self.simulator.clear_faults()


class Faked:
    """A fake that says what a venue could say."""

    def __init__(self) -> None:
        self.clock = FakeClock(present=START)
        btc, eth = (an_observation("bybit", base, observed_at=START) for base in ("BTC", "ETH"))
        poll = Poll(venue="bybit", received_at=START, observations=(btc, eth), dropped={})
        listed = [observation.funding.instrument for observation in poll.observations]
        self._poll, self._listed = poll, listed
        self.source = FakeSource()
        self.recover()

    def break_down(self) -> None:
        down = VenueUnavailableError("HTTP 503")
        self.source.answers = [down]
        self.source.listed = down
        self.source.settled_answers = {"BTC/USDT:USDT": down, "ETH/USDT:USDT": down}

    def recover(self) -> None:
        self.source.answers, self.source.listed = [self._poll], self._listed
        self.source.settled_answers = {
            known.symbol: [
                a_rate(
                    0.0001,
                    instrument=known,
                    kind=RateKind.SETTLED,
                    funding_at=START.replace(hour=8, minute=0) - step * 8 * HOUR,
                )
                for step in reversed(range(12))
            ]
            for known in self._listed
        }


@asynccontextmanager
async def simulated(venue: str) -> AsyncIterator[Simulated]:
    clock = FakeClock(present=START)
    async with Simulator(Market(started_at=START, instruments=4, story=False), clock) as simulator:
        quick = {"timeout": 15_000, "enableRateLimit": False, "timeout_on_exit": 0}
        client = VenueClient(profile(venue), clock, configuration=simulator.ccxt_config()[venue] | quick)
        try:
            yield Simulated(client, clock, simulator)
        finally:
            await client.close()


@pytest.fixture(params=["bybit", "hyperliquid", "fake"])
async def venue(request: pytest.FixtureRequest) -> AsyncIterator[Venue]:
    if request.param == "fake":
        yield Faked()
        return
    async with simulated(request.param) as connected:
        yield connected


async def test_a_poll_is_the_venues_own_and_never_empty(venue: Venue) -> None:
    poll = await venue.source.poll()

    assert poll.venue == venue.source.venue
    assert poll.received_at == venue.clock.now()
    assert poll.observations
    assert {known.funding.instrument.venue for known in poll.observations} == {venue.source.venue}


async def test_an_instrument_is_observed_once_a_poll(venue: Venue) -> None:
    poll = await venue.source.poll()

    seen = [known.funding.instrument for known in poll.observations]
    assert len(seen) == len(set(seen))


async def test_what_is_observed_is_among_the_instruments(venue: Venue) -> None:
    instruments = await venue.source.instruments()

    poll = await venue.source.poll()

    assert {known.funding.instrument for known in poll.observations} <= set(instruments)
    assert {instrument.venue for instrument in instruments} == {venue.source.venue}


async def test_settled_rates_are_the_instruments_own_final_and_oldest_first(venue: Venue) -> None:
    (instrument, *_) = await venue.source.instruments()

    rates = await venue.source.settled(instrument, START - 2 * DAY, START)

    times = [rate.funding_at for rate in rates if rate.funding_at is not None]
    assert len(times) == len(rates) >= 6
    assert times == sorted(set(times))
    assert {(rate.instrument, rate.kind) for rate in rates} == {(instrument, RateKind.SETTLED)}


async def test_settled_rates_lie_within_the_window_its_beginning_included(venue: Venue) -> None:
    (instrument, *_) = await venue.source.instruments()
    known = await venue.source.settled(instrument, START - 2 * DAY, START)
    first, last = known[1].funding_at, known[-1].funding_at
    assert first is not None
    assert last is not None

    rates = await venue.source.settled(instrument, first, last)

    assert [rate.funding_at for rate in rates] == [rate.funding_at for rate in known[1:-1]]


async def test_an_empty_window_has_no_settlement(venue: Venue) -> None:
    (instrument, *_) = await venue.source.instruments()

    assert list(await venue.source.settled(instrument, START, START)) == []


async def test_a_venue_that_is_down_is_unavailable_and_says_why(venue: Venue) -> None:
    (instrument, *_) = await venue.source.instruments()
    venue.break_down()

    with pytest.raises(VenueUnavailableError) as polling:
        await venue.source.poll()
    with pytest.raises(VenueUnavailableError) as asking:
        await venue.source.settled(instrument, START - DAY, START)

    assert polling.value.reason
    assert asking.value.reason
    assert not polling.value.blocked


async def test_instruments_that_cannot_be_loaded_are_unavailable(venue: Venue) -> None:
    venue.break_down()

    with pytest.raises(VenueUnavailableError):
        await venue.source.instruments()


async def test_a_venue_that_is_back_is_polled_as_before(venue: Venue) -> None:
    venue.break_down()
    with pytest.raises(VenueUnavailableError):
        await venue.source.poll()

    venue.recover()

    assert (await venue.source.poll()).observations


async def test_a_source_can_be_closed_whether_it_was_used_or_not(venue: Venue) -> None:
    await venue.source.close()
    await venue.source.close()
