"""Contracts that settle in a third coin: read where the venue tells what they are worth, else left out."""

import ccxt.async_support as ccxt

from monitors.exchanges.identity import identify_all
from monitors.exchanges.markets import Markets
from monitors.exchanges.profile import Exchange
from monitors.exchanges.streams.contracts import ListedContracts
from monitors.liquidation import FeedState, Skipped
from monitors.market import Dropped, Instrument
from tests.exchanges.streams.clock import NOON
from tests.exchanges.streams.scene import (
    VENUE,
    FakeVenue,
    a_market,
    a_print,
    a_profile,
    confirming,
    listening,
)
from tests.exchanges.streams.server import StreamServer

QUANTO = a_market("ETH") | {
    "id": "ETH_USD",
    "symbol": "ETH/USD:BTC",
    "quote": "USD",
    "settle": "BTC",
    "contractSize": 1e-6,
}


def markets_of(*markets: dict[str, object]) -> Markets:
    holder: Exchange = ccxt.aster()
    holder.set_markets(list(markets))
    return Markets(holder=holder, instruments=dict(identify_all(VENUE, holder.markets)), loaded_at=NOON)


def test_a_contract_that_settles_in_a_third_coin_is_found_where_it_is_read() -> None:
    markets = markets_of(a_market("BTC"), QUANTO)

    found = ListedContracts(markets, quanto=True).find("ETH_USD")

    assert isinstance(found, Instrument)
    assert (found.symbol, found.settle, found.contract_size) == ("ETH/USD:BTC", "BTC", 1e-6)
    assert ListedContracts(markets).find("ETH_USD") is Dropped.QUANTO
    assert markets.instruments["ETH/USD:BTC"] is Dropped.QUANTO


def test_one_that_is_described_badly_is_malformed() -> None:
    markets = markets_of(QUANTO | {"contractSize": None})

    assert ListedContracts(markets, quanto=True).find("ETH_USD") is Dropped.MALFORMED


def test_an_id_that_two_contracts_share_is_the_plain_ones() -> None:
    plain = a_market("ETH") | {"id": "ETH_USD"}

    contracts = ListedContracts(markets_of(QUANTO, plain), quanto=True)

    assert [(name, found.symbol) for name, found in contracts.all()] == [("ETH_USD", "ETH/USDT:USDT")]


async def test_a_feed_hears_them_if_its_profile_says_so() -> None:
    venue = FakeVenue(listed=markets_of(QUANTO))
    async with StreamServer(confirming) as server:
        async with listening(server, a_profile(server, quanto=True), venue) as scene:
            await scene.inbox.until_state(FeedState.LIVE)
            await server.say(a_print(1, symbol="ETH_USD"))
            await scene.inbox.until(lambda: scene.inbox.prints)

        assert [one.instrument.symbol for one in scene.inbox.prints] == ["ETH/USD:BTC"]


async def test_a_feed_of_another_venue_counts_them_as_left_out() -> None:
    venue = FakeVenue(listed=markets_of(a_market("BTC"), QUANTO))
    async with StreamServer(confirming) as server:
        async with listening(server, a_profile(server), venue) as scene:
            await scene.inbox.until_state(FeedState.LIVE)
            await server.say(a_print(1, symbol="ETH_USD"), a_print(2))
            await scene.inbox.until(lambda: scene.inbox.prints)
            scene.clock.advance(5)
            await scene.inbox.until(lambda: scene.inbox.healths[-1].skipped)

        assert scene.inbox.ids == [2]
        assert scene.inbox.healths[-1].skipped == ((Skipped.QUANTO, 1),)
