"""The client against the simulated venues, fault by fault."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from monitors.exchanges.client import VenueClient
from monitors.exchanges.registry import profile
from monitors.market import Dropped, Poll
from monitors.ports import VenueUnavailableError
from monitors.simulator.faults import Fault
from monitors.simulator.model import VENUES, Market
from monitors.simulator.server import Simulator
from tests.fakes import FakeClock
from tests.simulator.venues import START

HOUR = timedelta(hours=1)

each_venue = pytest.mark.parametrize("venue", VENUES)


@asynccontextmanager
async def a_client(venue: str) -> AsyncIterator[tuple[Simulator, VenueClient, FakeClock]]:
    """Open a client that has polled its simulated venue once."""
    clock = FakeClock(present=START)
    async with Simulator(Market(started_at=START, instruments=12, story=False), clock) as simulator:
        impatient = {"timeout": 300, "enableRateLimit": False, "timeout_on_exit": 0}
        configuration = simulator.ccxt_config()[venue] | impatient
        client = VenueClient(profile(venue), clock, configuration=configuration)
        try:
            await client.poll()
            yield simulator, client, clock
        finally:
            await client.close()


async def failure(client: VenueClient) -> VenueUnavailableError:
    with pytest.raises(VenueUnavailableError) as caught:
        await client.poll()
    return caught.value


def intervals(poll: Poll) -> dict[str, timedelta | None]:
    return {known.funding.instrument.symbol: known.funding.interval for known in poll.observations}


def switched(before: Poll, after: Poll) -> list[tuple[timedelta | None, timedelta | None]]:
    """Return the intervals, before and after, of the instruments where they differ."""
    then, now = intervals(before), intervals(after)
    return [(then[symbol], now[symbol]) for symbol in then if then[symbol] != now[symbol]]


@each_venue
async def test_every_venue_is_read_whole(venue: str) -> None:
    async with a_client(venue) as (_, client, clock):
        poll = await client.poll()

    assert len(poll.observations) >= 10
    assert Dropped.MALFORMED not in poll.dropped
    assert None not in intervals(poll).values()
    for known in poll.observations:
        assert known.funding.funding_at is not None
        assert clock.now() < known.funding.funding_at <= clock.now() + 8 * HOUR
        assert known.funding.mark_price is not None


@each_venue
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.SERVER_ERROR, "answered an error (HTTP 503)"),
        (Fault.TIMEOUT, "timed out"),
        (Fault.RESET, "is unreachable"),
    ],
)
async def test_a_passing_failure_is_neither_a_block_nor_a_limit(
    venue: str, fault: Fault, reason: str
) -> None:
    async with a_client(venue) as (simulator, client, _):
        simulator.set_fault(venue, fault)
        found = await failure(client)

    assert (found.reason, found.blocked, found.retry_after) == (reason, False, None)


@each_venue
@pytest.mark.parametrize("fault", [Fault.HTML, Fault.EMPTY_BODY, Fault.EMPTY_ANSWER])
async def test_an_answer_without_rows_is_a_failure_and_not_an_empty_poll(venue: str, fault: Fault) -> None:
    async with a_client(venue) as (simulator, client, _):
        simulator.set_fault(venue, fault)
        found = await failure(client)

    assert found.reason.startswith("answered")
    assert not found.blocked


@each_venue
@pytest.mark.parametrize("fault", [Fault.GEO_BLOCKED, Fault.FORBIDDEN])
async def test_a_geo_block_is_recognised(venue: str, fault: Fault) -> None:
    async with a_client(venue) as (simulator, client, _):
        simulator.set_fault(venue, fault)
        found = await failure(client)

    assert found.blocked


@each_venue
async def test_a_rate_limit_is_recognised(venue: str) -> None:
    async with a_client(venue) as (simulator, client, _):
        simulator.set_fault(venue, Fault.RATE_LIMITED)
        found = await failure(client)

    assert found.reason.startswith("rate limited")
    assert found.retry_after == timedelta(seconds=60)


@each_venue
async def test_the_venue_is_read_again_once_the_fault_is_over(venue: str) -> None:
    async with a_client(venue) as (simulator, client, _):
        before = await client.poll()
        simulator.set_fault(venue, Fault.SERVER_ERROR, count=1)
        await failure(client)
        after = await client.poll()

    assert after.observations == before.observations


@each_venue
async def test_an_instrument_that_is_not_listed_costs_only_itself(venue: str) -> None:
    async with a_client(venue) as (simulator, client, _):
        before = await client.poll()
        simulator.set_fault(venue, Fault.UNLISTED)
        after = await client.poll()

    assert len(after.observations) == len(before.observations)
    assert after.dropped.get(Dropped.UNLISTED, 0) >= 1


@pytest.mark.parametrize("venue", ["bybit", "okx", "gate"])
async def test_a_switched_interval_shows_with_the_next_poll_where_the_row_tells_it(venue: str) -> None:
    async with a_client(venue) as (simulator, client, _):
        before = await client.poll()
        simulator.set_fault(venue, Fault.INTERVAL_SWITCH)
        after = await client.poll()

    assert switched(before, after) == [(8 * HOUR, HOUR)]


async def test_a_switched_interval_is_unknown_on_binance_until_its_endpoint_is_asked_again() -> None:
    async with a_client("binanceusdm") as (simulator, client, clock):
        before = await client.poll()
        simulator.set_fault("binanceusdm", Fault.INTERVAL_SWITCH)
        contradicted = await client.poll()
        clock.advance(timedelta(minutes=10))
        after = await client.poll()

    assert switched(before, contradicted) == [(8 * HOUR, None)]
    assert switched(before, after) == [(8 * HOUR, HOUR)]


@each_venue
async def test_settled_history_comes_whole_and_with_its_intervals(venue: str) -> None:
    async with a_client(venue) as (_, client, clock):
        instrument = next(known for known in await client.instruments() if known.base == "BTC")
        rates = await client.settled(instrument, clock.now() - timedelta(days=30), clock.now())

    settlements = [rate.funding_at for rate in rates]
    (interval,) = {rate.interval for rate in rates}
    assert interval is not None
    assert len(settlements) == len(set(settlements)) == timedelta(days=30) // interval
    assert settlements == sorted(at for at in settlements if at is not None)
