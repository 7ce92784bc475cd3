"""ccxt's own WebSocket classes, with other addresses and nothing else, hear the simulated liquidations."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import ccxt.pro
import pytest

from monitors.exchanges.profile import Exchange
from monitors.liquidation import PositionSide
from monitors.simulator.faults import Fault
from monitors.simulator.flow import Close
from monitors.simulator.model import VENUES, Market
from monitors.simulator.server import Simulator
from monitors.simulator.wire import milliseconds
from tests.fakes import FakeClock
from tests.simulator.ears import Json, subscription, understood
from tests.simulator.test_streams import MINUTE
from tests.simulator.venues import FETCHED, START, unified


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    """Return a market in which something happened in the last minute, and which says so to newcomers."""
    market = Market(started_at=START, story=False, instruments=8)
    market.cascade(START, "SOL")
    async with Simulator(market, FakeClock(present=START + MINUTE)) as running:
        for venue in ("binanceusdm", "bybit", "okx", "gate"):
            running.set_fault(venue, Fault.REPLAY)
        yield running


@asynccontextmanager
async def a_client(simulator: Simulator, venue: str) -> AsyncIterator[Exchange]:
    options = {"options": {"fetchMarkets": FETCHED[venue]}, "enableRateLimit": False}
    client = getattr(ccxt.pro, venue)({**simulator.ccxt_config()[venue], **options})
    try:
        await client.load_markets()
        yield client
    finally:
        await client.close()


def recent(simulator: Simulator, venue: str) -> list[Close]:
    return [each for each in simulator.told(START, START + MINUTE) if each.listing.venue == venue]


def keys(closes: list[Close]) -> set[tuple[str, int, float]]:
    return {(unified(each.listing), milliseconds(each.at), each.price) for each in closes}


async def test_binance_streams_all_symbols_when_asked_for_none(simulator: Simulator) -> None:
    async with a_client(simulator, "binanceusdm") as client:
        [heard] = await client.watch_liquidations_for_symbols(None)

    assert (heard["symbol"], heard["timestamp"], heard["price"]) in keys(recent(simulator, "binanceusdm"))
    assert heard["side"] in ("buy", "sell")
    assert simulator.requests["binanceusdm", "/market/ws/0"] == 1


async def test_okx_streams_all_swaps_when_asked_for_none(simulator: Simulator) -> None:
    async with a_client(simulator, "okx") as client:
        [heard] = await client.watch_liquidations_for_symbols(None)

    assert (heard["symbol"], heard["timestamp"], heard["price"]) in keys(recent(simulator, "okx"))
    assert simulator.requests["okx", "/ws/v5/public"] == 1


@pytest.mark.parametrize(
    ("symbol", "path"),
    [
        pytest.param("SOL/USDT:USDT", "/v5/public/linear", id="linear"),
        pytest.param("BTC/USD:BTC", "/v5/public/inverse", id="inverse"),
    ],
)
async def test_bybit_streams_the_topics_of_a_category(simulator: Simulator, symbol: str, path: str) -> None:
    simulator.market.cascade(START, "BTC", side=PositionSide.SHORT)
    async with a_client(simulator, "bybit") as client:
        url = await client.get_url_by_market_type(symbol, isPrivate=False, method="watchLiquidations")
        topics = ["allLiquidation." + client.market(symbol)["id"]]
        [heard] = await client.watch_topics(url, ["liquidations"], topics)

    assert (heard["symbol"], heard["timestamp"], heard["price"]) in keys(recent(simulator, "bybit"))
    assert heard["symbol"] == symbol
    assert simulator.requests["bybit", path] == 1


async def test_gate_streams_to_a_handler_of_ones_own(simulator: Simulator) -> None:
    async with a_client(simulator, "gate") as client:
        known = client.handle_message

        def handle(connection: Exchange, message: Json) -> None:
            if message.get("event") == "update":
                connection.resolve(message, "liquidations")
            else:
                known(connection, message)

        client.handle_message = handle
        url = client.urls["api"]["swap"]["usdt"]
        frame = await client.watch_multiple(
            url, ["liquidations"], subscription(simulator, "gate"), ["liquidations"]
        )

    [*heard] = understood(simulator, "gate", [frame])
    happened = {(milliseconds(each.at), each.price) for each in recent(simulator, "gate")}
    assert {(each.at_ms, each.price) for each in heard} <= happened
    assert heard


@pytest.mark.parametrize("venue", VENUES)
async def test_the_configuration_replaces_every_websocket_address_of_ccxt(
    simulator: Simulator, venue: str
) -> None:
    real = getattr(ccxt.pro, venue)().urls["api"]
    async with a_client(simulator, venue) as client:
        ours = client.urls["api"]

    assert json.dumps(ours).count(simulator.url.replace("http", "ws")) == json.dumps(real).count("wss://") > 0
    assert "wss://" not in json.dumps(ours)
    assert shape(ours) == shape(real)


def shape(tree: object) -> object:
    """Return the names in a tree of addresses."""
    return {name: shape(each) for name, each in tree.items()} if isinstance(tree, dict) else None
