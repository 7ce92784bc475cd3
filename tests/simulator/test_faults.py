"""Every fault is what it says, in process and over HTTP."""

from collections.abc import Mapping
from datetime import timedelta

import ccxt.async_support as ccxt
import pytest
from aiohttp import ClientConnectionError, ClientSession, ClientTimeout

from monitors.exchanges.profile import Exchange
from monitors.market import HOUR
from monitors.simulator.faults import Fault, Faults
from monitors.simulator.model import VENUES
from monitors.simulator.server import Simulator
from tests.fakes import FakeClock
from tests.simulator.venues import unified

pytestmark = pytest.mark.asyncio(loop_scope="module")

PREMIUM_INDEX = "/binanceusdm/fapi/v1/premiumIndex"
EXCHANGE_INFO = "/binanceusdm/fapi/v1/exchangeInfo"


async def fetch(simulator: Simulator, path: str = PREMIUM_INDEX) -> tuple[int, Mapping[str, str], str]:
    """Return status, headers and body."""
    timeout = ClientTimeout(total=0.2)
    async with ClientSession(timeout=timeout) as session, session.get(simulator.url + path) as response:
        return response.status, response.headers, await response.text()


@pytest.mark.parametrize(
    ("fault", "status", "content_type", "said"),
    [
        pytest.param(Fault.RATE_LIMITED, 429, "application/json", "-1003", id="429"),
        pytest.param(Fault.GEO_BLOCKED, 451, "application/json", "restricted location", id="451"),
        pytest.param(Fault.FORBIDDEN, 403, "text/html", "CloudFront", id="403"),
        pytest.param(Fault.SERVER_ERROR, 503, "text/plain", "upstream", id="503"),
        pytest.param(Fault.HTML, 200, "text/html", "<html>", id="html"),
        pytest.param(Fault.EMPTY_BODY, 200, "text/plain", "", id="empty body"),
        pytest.param(Fault.EMPTY_ANSWER, 200, "application/json", "[]", id="empty answer"),
    ],
)
async def test_a_fault_of_the_answer(
    simulator: Simulator, fault: Fault, status: int, content_type: str, said: str
) -> None:
    simulator.set_fault("binanceusdm", fault)

    got, headers, body = await fetch(simulator)

    assert (got, headers["Content-Type"].partition(";")[0]) == (status, content_type)
    assert said in body
    assert (body == "") is (fault is Fault.EMPTY_BODY)
    assert headers.get("Retry-After") == ("7" if fault is Fault.RATE_LIMITED else None)


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize(
    ("fault", "family"),
    [
        pytest.param(Fault.RATE_LIMITED, ccxt.NetworkError, id="429"),
        pytest.param(Fault.GEO_BLOCKED, ccxt.BaseError, id="451"),
        pytest.param(Fault.SERVER_ERROR, ccxt.ExchangeNotAvailable, id="503"),
        pytest.param(Fault.RESET, ccxt.NetworkError, id="reset"),
        pytest.param(Fault.TIMEOUT, ccxt.RequestTimeout, id="timeout"),
    ],
)
async def test_ccxt_sees_the_fault_as_an_error(
    simulator: Simulator, clients: Mapping[str, Exchange], venue: str, fault: Fault, family: type[Exception]
) -> None:
    simulator.set_fault(venue, fault)
    clients[venue].timeout = 150

    with pytest.raises(family):
        await clients[venue].fetch_funding_rates()

    simulator.clear_faults(venue)
    clients[venue].timeout = 10_000
    assert len(await clients[venue].fetch_funding_rates()) >= 40


@pytest.mark.parametrize("venue", VENUES)
async def test_an_empty_answer_has_no_rows_on_any_venue(
    simulator: Simulator, clients: Mapping[str, Exchange], venue: str
) -> None:
    simulator.set_fault(venue, Fault.EMPTY_ANSWER)

    assert await clients[venue].fetch_funding_rates() == {}


async def test_a_reset_connection_gives_no_answer(simulator: Simulator) -> None:
    simulator.set_fault("binanceusdm", Fault.RESET)

    with pytest.raises(ClientConnectionError):
        await fetch(simulator)

    simulator.clear_faults()
    assert (await fetch(simulator))[0] == 200


async def test_a_held_request_is_let_go_when_faults_are_cleared(simulator: Simulator) -> None:
    simulator.set_fault("binanceusdm", Fault.TIMEOUT)
    with pytest.raises(TimeoutError):
        await fetch(simulator)

    simulator.clear_faults("binanceusdm")

    assert (await fetch(simulator))[0] == 200


async def test_a_held_request_is_let_go_when_patience_ends() -> None:
    faults = Faults()

    await faults.hold(timedelta(milliseconds=1))

    assert faults.strike("okx", funding=True) is None


async def test_a_counted_fault_strikes_so_many_requests_and_no_more(simulator: Simulator) -> None:
    simulator.set_fault("binanceusdm", Fault.SERVER_ERROR, count=2)

    assert [(await fetch(simulator))[0] for _ in range(4)] == [503, 503, 200, 200]


async def test_faults_of_one_venue_leave_the_others_alone(simulator: Simulator) -> None:
    simulator.set_fault("bybit", Fault.SERVER_ERROR)

    assert (await fetch(simulator))[0] == 200


async def test_a_fault_of_funding_calls_spares_the_market_listings(simulator: Simulator) -> None:
    simulator.set_fault("binanceusdm", Fault.SERVER_ERROR, funding_only=True)

    assert (await fetch(simulator, EXCHANGE_INFO))[0] == 200
    assert (await fetch(simulator))[0] == 503


@pytest.mark.parametrize("venue", VENUES)
async def test_an_unlisted_id_stands_in_the_batch_beside_all_the_others(
    simulator: Simulator, clients: Mapping[str, Exchange], venue: str
) -> None:
    before = await clients[venue].fetch_funding_rates()
    simulator.set_fault(venue, Fault.UNLISTED)

    after = await clients[venue].fetch_funding_rates()

    [extra] = set(after) - set(before)
    assert extra not in clients[venue].markets
    assert after[extra]["fundingRate"] is not None


async def test_binance_does_not_list_the_unlisted_id(simulator: Simulator) -> None:
    simulator.set_fault("binanceusdm", Fault.UNLISTED)

    assert "SIM001USDT" in (await fetch(simulator))[2]
    assert "SIM001USDT" not in (await fetch(simulator, EXCHANGE_INFO))[2]


async def test_an_interval_switch_shows_in_the_rows_and_at_binance_in_the_intervals(
    simulator: Simulator, clients: Mapping[str, Exchange], clock: FakeClock
) -> None:
    for venue in ("binanceusdm", "bybit", "okx", "gate"):
        simulator.set_fault(venue, Fault.INTERVAL_SWITCH)
    symbol = {
        venue: unified(simulator.market.switchable(venue))
        for venue in ("binanceusdm", "bybit", "okx", "gate")
    }

    intervals = await clients["binanceusdm"].fetch_funding_intervals()
    rows = {venue: (await clients[venue].fetch_funding_rates())[symbol[venue]] for venue in symbol}

    next_hour = round(clock.now().replace(minute=0).timestamp() * 1000) + 3_600_000
    assert intervals[symbol["binanceusdm"]]["interval"] == "1h"
    assert rows["okx"]["interval"] == rows["gate"]["interval"] == "1h"
    assert rows["bybit"]["info"]["fundingIntervalHour"] == "1"
    assert rows["bybit"]["interval"] == "8h"  # ccxt reads the listing it loaded
    assert {row["fundingTimestamp"] for row in rows.values()} == {next_hour}


async def test_frozen_values_and_timestamps_stand_still_until_cleared(
    simulator: Simulator, clock: FakeClock
) -> None:
    simulator.set_fault("binanceusdm", Fault.FROZEN)
    _, _, first = await fetch(simulator)
    await clock.sleep(3 * HOUR)

    _, _, frozen = await fetch(simulator)
    simulator.clear_faults()
    _, _, thawed = await fetch(simulator)

    assert frozen == first
    assert thawed != first


async def test_faults_are_set_and_cleared_over_http(simulator: Simulator) -> None:
    order = {"venue": "binanceusdm", "fault": "rate-limited", "count": 1, "funding_only": True}
    async with ClientSession() as session:
        armed = await session.post(f"{simulator.url}/faults", json=order)
        spared = await session.get(simulator.url + EXCHANGE_INFO)
        struck = await session.get(simulator.url + PREMIUM_INDEX)
        await session.post(f"{simulator.url}/faults", json=order | {"fault": "html", "count": None})
        await session.delete(f"{simulator.url}/faults", params={"venue": "binanceusdm"})
        cleared = await session.get(simulator.url + PREMIUM_INDEX)

    assert [each.status for each in (armed, spared, struck, cleared)] == [200, 200, 429, 200]
    assert cleared.content_type == "application/json"


@pytest.mark.parametrize(
    ("order", "said"),
    [
        pytest.param({"venue": "bitmex", "fault": "html"}, "venue must be one of", id="venue"),
        pytest.param({"venue": "okx", "fault": "gremlins"}, "not a valid Fault", id="fault"),
        pytest.param({"venue": "okx", "fault": "html", "count": 0}, "at least 1", id="count"),
        pytest.param({"venue": "okx", "fault": "frozen", "count": 3}, "of an answer", id="count of a market fault"),
        pytest.param({"venue": "hyperliquid", "fault": "interval-switch"}, "hyperliquid has none", id="hourly venue"),
        pytest.param({}, "not a valid Fault", id="nothing"),
    ],
)  # fmt: skip
async def test_an_impossible_fault_is_refused_with_the_reason(
    simulator: Simulator, order: dict[str, object], said: str
) -> None:
    async with ClientSession() as session, session.post(f"{simulator.url}/faults", json=order) as response:
        assert response.status == 400
        assert said in (await response.json())["error"]


async def test_requests_are_counted_by_venue_and_path(simulator: Simulator) -> None:
    await fetch(simulator)
    await fetch(simulator, "/gate/api/v4/futures/usdt/contracts")
    async with ClientSession() as session:
        await session.post(f"{simulator.url}/hyperliquid/info", json={"type": "meta"})

    assert simulator.requests == {
        ("binanceusdm", "/fapi/v1/premiumIndex"): 1,
        ("gate", "/api/v4/futures/usdt/contracts"): 1,
        ("hyperliquid", "/info meta"): 1,
    }


async def test_time_moves_the_figures(simulator: Simulator, clock: FakeClock) -> None:
    _, _, first = await fetch(simulator)
    await clock.sleep(timedelta(seconds=30))

    assert (await fetch(simulator))[2] != first
