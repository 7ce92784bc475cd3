"""Every fault of a WebSocket is what it says, and no frame is lost that the fault does not withhold."""

import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise

import pytest
from aiohttp import ClientSession, WSMsgType, WSServerHandshakeError

from monitors.simulator.faults import AHEAD, Fault
from monitors.simulator.model import Market
from monitors.simulator.server import Simulator
from tests.fakes import FakeClock
from tests.simulator.ears import FEEDS, a_listener, an_ear, due, subscription, understood
from tests.simulator.test_streams import MINUTE
from tests.simulator.venues import START

every_feed = pytest.mark.parametrize("venue", FEEDS)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(present=START)


@pytest.fixture
async def simulator(clock: FakeClock) -> AsyncIterator[Simulator]:
    """Return a market whose first five minutes hold a cascade."""
    market = Market(started_at=START, story=False, instruments=8)
    market.cascade(START + MINUTE, "SOL", usd=3e6)
    async with Simulator(market, clock) as running:
        yield running


@every_feed
async def test_a_drop_breaks_off_without_a_close_frame(simulator: Simulator, venue: str) -> None:
    async with a_listener(simulator, venue) as ear:
        simulator.set_fault(venue, Fault.SOCKET_DROP, count=1)

        last = await ear.socket.receive()

    assert last.type is WSMsgType.CLOSED
    assert ear.socket.close_code == 1006


@every_feed
async def test_a_close_says_that_it_goes_away(simulator: Simulator, venue: str) -> None:
    async with a_listener(simulator, venue) as ear:
        simulator.set_fault(venue, Fault.SOCKET_CLOSE, count=1)

        last = await ear.socket.receive()

    assert (last.type, last.data) == (WSMsgType.CLOSE, 1001)


async def test_a_counted_drop_spares_the_connections_after_it(simulator: Simulator) -> None:
    simulator.set_fault("okx", Fault.SOCKET_DROP, count=2)
    for _ in range(2):
        async with an_ear(simulator, "okx") as ear:
            assert (await ear.socket.receive()).type is WSMsgType.CLOSED

    async with a_listener(simulator, "okx") as ear:
        assert await ear.texts() == []


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        pytest.param(Fault.SOCKET_RATE_LIMITED, 429, id="429"),
        pytest.param(Fault.SOCKET_GEO_BLOCKED, 451, id="451"),
        pytest.param(Fault.SOCKET_UNAVAILABLE, 503, id="503"),
    ],
)
async def test_a_refused_handshake_has_a_status(simulator: Simulator, fault: Fault, status: int) -> None:
    simulator.set_fault("bybit", fault, count=1)

    with pytest.raises(WSServerHandshakeError) as refused:
        async with an_ear(simulator, "bybit"):
            pass

    assert refused.value.status == status
    assert refused.value.headers is not None
    assert ("Retry-After" in refused.value.headers) is (status == 429)
    async with a_listener(simulator, "bybit") as ear:
        assert await ear.texts() == []


@every_feed
async def test_silence_answers_pings_and_tells_nothing_of_what_happens_meanwhile(
    simulator: Simulator, clock: FakeClock, venue: str
) -> None:
    async with a_listener(simulator, venue) as ear:
        simulator.set_fault(venue, Fault.SILENCE)
        clock.advance(5 * MINUTE)
        silent = await ear.texts()
        simulator.clear_faults(venue)
        clock.advance(timedelta(hours=1))
        heard = understood(simulator, venue, await ear.frames())

    assert silent == []
    assert min(each.at_ms for each in heard) >= (START + 5 * MINUTE).timestamp() * 1000


async def test_a_half_open_connection_stays_open_and_answers_not_even_a_ping(
    simulator: Simulator, clock: FakeClock
) -> None:
    async with a_listener(simulator, "okx") as deaf, a_listener(simulator, "gate") as other:
        simulator.set_fault("okx", Fault.HALF_OPEN)
        await deaf.say("ping")
        await deaf.socket.ping()
        await deaf.say("ping")
        clock.advance(5 * MINUTE)
        told = [await other.texts() for _ in range(10)]  # the same loop has read the pings by then
        simulator.clear_faults("okx")

        assert await deaf.texts() == []
        assert not deaf.socket.closed

    assert told[0]


@pytest.mark.parametrize("venue", ["binanceusdm", "bybit", "gate"])
async def test_a_replay_sends_the_last_minute_again_to_who_subscribes(
    simulator: Simulator, clock: FakeClock, venue: str
) -> None:
    simulator.set_fault(venue, Fault.REPLAY)
    clock.advance(2 * MINUTE)
    async with an_ear(simulator, venue) as ear:
        await ear.ask(subscription(simulator, venue))
        heard = understood(simulator, venue, await ear.frames())

    assert sorted(heard) == due(simulator, venue, START + MINUTE, clock.now())


@every_feed
async def test_duplicates_come_twice(simulator: Simulator, clock: FakeClock, venue: str) -> None:
    async with a_listener(simulator, venue) as ear:
        simulator.set_fault(venue, Fault.DUPLICATES)
        clock.advance(2 * MINUTE)
        counts = Counter(await ear.texts())

    assert set(counts.values()) == {2}


async def test_counted_duplicates_are_so_many_frames(simulator: Simulator, clock: FakeClock) -> None:
    async with a_listener(simulator, "bybit") as ear:
        simulator.set_fault("bybit", Fault.DUPLICATES, count=3)
        clock.advance(2 * MINUTE)
        counts = Counter(await ear.texts())

    assert sorted(counts.values(), reverse=True)[:4] == [2, 2, 2, 1]


@every_feed
async def test_a_burst_holds_frames_back_until_so_many_wait_and_loses_none(
    simulator: Simulator, clock: FakeClock, venue: str
) -> None:
    async with a_listener(simulator, venue) as ear:
        simulator.set_fault(venue, Fault.BURST, count=20)
        pushes = []
        for _ in range(20):
            clock.advance(timedelta(seconds=10))
            pushes.append(await ear.frames())
        simulator.clear_faults(venue)
        pushes.append(await ear.frames())

    heard = understood(simulator, venue, [frame for push in pushes for frame in push])
    first = next(push for push in pushes if push)
    assert len(first) >= 20
    assert sorted(heard) == due(simulator, venue, START, clock.now())


async def test_a_burst_without_a_count_lasts_until_it_is_cleared(
    simulator: Simulator, clock: FakeClock
) -> None:
    async with a_listener(simulator, "binanceusdm") as ear:
        simulator.set_fault("binanceusdm", Fault.BURST)
        clock.advance(timedelta(hours=1))
        held = await ear.texts()
        simulator.clear_faults("binanceusdm")

        assert (held, len(await ear.texts()) > 500) == ([], True)


@every_feed
async def test_out_of_order_frames_come_the_latest_first(
    simulator: Simulator, clock: FakeClock, venue: str
) -> None:
    async with a_listener(simulator, venue) as ear:
        simulator.set_fault(venue, Fault.OUT_OF_ORDER)
        clock.advance(5 * MINUTE)
        frames = await ear.frames()

    times = [max(each.at_ms for each in understood(simulator, venue, [frame])) for frame in frames]
    assert times[0] > times[-1]
    assert sum(later < earlier for earlier, later in pairwise(times)) > len(times) / 4
    heard = understood(simulator, venue, frames)
    assert sorted(heard) == due(simulator, venue, START, clock.now())


@every_feed
async def test_malformed_frames_come_between_the_good_ones(
    simulator: Simulator, clock: FakeClock, venue: str
) -> None:
    async with a_listener(simulator, venue) as ear:
        simulator.set_fault(venue, Fault.MALFORMED, count=8)
        clock.advance(5 * MINUTE)
        texts = await ear.texts()

    broken, good = texts[:16:2], texts[1:16:2] + texts[16:]

    assert [is_json(text) for text in broken] == [False, True, True, False] * 2
    assert [text.startswith("<!DOCTYPE html>") for text in broken] == [False, False, False, True] * 2
    for text in (broken[1], broken[2]):
        with pytest.raises((KeyError, TypeError, ValueError)):
            understood(simulator, venue, [json.loads(text)])
    heard = understood(simulator, venue, [json.loads(text) for text in good])
    assert sorted(heard) == due(simulator, venue, START, clock.now())


@every_feed
async def test_a_clock_ahead_stamps_closes_a_minute_late(
    simulator: Simulator, clock: FakeClock, venue: str
) -> None:
    async with a_listener(simulator, venue) as ear:
        simulator.set_fault(venue, Fault.CLOCK_AHEAD)
        clock.advance(5 * MINUTE)
        heard = understood(simulator, venue, await ear.frames())

    ahead = round(AHEAD.total_seconds() * 1000)
    truth = due(simulator, venue, START, clock.now())
    assert sorted(heard) == sorted(each._replace(at_ms=each.at_ms + ahead) for each in truth)


async def test_socket_faults_leave_requests_alone(simulator: Simulator) -> None:
    simulator.set_fault("gate", Fault.SOCKET_UNAVAILABLE)
    simulator.set_fault("gate", Fault.SILENCE)
    url = f"{simulator.url}/gate/api/v4/futures/usdt/contracts"

    async with ClientSession() as session, session.get(url) as response:
        assert response.status == 200


async def test_a_venue_without_a_feed_has_no_socket_faults(simulator: Simulator) -> None:
    with pytest.raises(ValueError, match="hyperliquid does not"):
        simulator.set_fault("hyperliquid", Fault.SOCKET_DROP)


async def test_socket_faults_are_set_over_http_too(simulator: Simulator) -> None:
    order = {"venue": "bybit", "fault": "socket-geo-blocked", "count": 1}
    async with ClientSession() as session, session.post(f"{simulator.url}/faults", json=order) as response:
        assert response.status == 200

    with pytest.raises(WSServerHandshakeError):
        async with an_ear(simulator, "bybit"):
            pass


def is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
