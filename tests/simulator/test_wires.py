"""What ccxt, unmodified but for its addresses, reads from the simulated venues."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise

import ccxt.async_support as ccxt
import pytest
from aiohttp import ClientSession

from monitors.exchanges.profile import Exchange
from monitors.market import HOUR, Margin
from monitors.simulator.model import VENUES, Listing, Quote
from monitors.simulator.server import Simulator
from tests.simulator.venues import START, unified

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOURLY_VENUES_PAGE = {"binanceusdm": 1000, "bybit": 200, "okx": 100, "gate": 1000, "hyperliquid": 500}
every_venue = pytest.mark.parametrize("venue", VENUES)


def ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


def all_listings(simulator: Simulator, venue: str) -> list[Listing]:
    return [each for margin in Margin for each in simulator.market.listings(venue, margin)]


def shown(simulator: Simulator, listings: list[Listing]) -> list[Quote]:
    return simulator.market.quotes(listings, START)


@every_venue
async def test_ccxt_loads_every_perpetual_as_an_active_swap(
    simulator: Simulator, clients: Mapping[str, Exchange], venue: str
) -> None:
    swaps = {
        symbol for symbol, market in clients[venue].markets.items() if market["swap"] and market["active"]
    }

    assert swaps == {unified(listing) for listing in all_listings(simulator, venue)}


@every_venue
async def test_one_request_gives_ccxt_the_rates_of_the_model(
    simulator: Simulator, clients: Mapping[str, Exchange], venue: str
) -> None:
    rows = await clients[venue].fetch_funding_rates()

    for quote in shown(simulator, simulator.market.listings(venue)):
        row = rows[unified(quote.listing)]
        assert row["fundingRate"] == pytest.approx(quote.rate, abs=6e-7)  # Gate shows six decimals
        assert row["markPrice"] in (None, pytest.approx(quote.mark, rel=1e-6))
        assert row["indexPrice"] in (None, pytest.approx(quote.index, rel=1e-6))
    assert simulator.requests.total() == 1


@pytest.mark.parametrize("venue", ["binanceusdm", "bybit", "okx", "gate"])
async def test_ccxt_reads_the_coming_settlement(
    simulator: Simulator, clients: Mapping[str, Exchange], venue: str
) -> None:
    rows = await clients[venue].fetch_funding_rates()

    for quote in shown(simulator, simulator.market.listings(venue)):
        assert rows[unified(quote.listing)]["fundingTimestamp"] == ms(quote.next_funding_at)


@pytest.mark.parametrize("venue", ["bybit", "okx", "gate", "hyperliquid"])
async def test_ccxt_reads_the_interval_of_every_row(
    simulator: Simulator, clients: Mapping[str, Exchange], venue: str
) -> None:
    rows = await clients[venue].fetch_funding_rates()

    unknown_to_ccxt = {"gate": {"7200000": "2h"}}.get(venue, {})  # its map lacks two hours
    for quote in shown(simulator, simulator.market.listings(venue)):
        interval = rows[unified(quote.listing)]["interval"]
        assert unknown_to_ccxt.get(interval, interval) == f"{quote.listing.hours}h"


async def test_binance_tells_the_interval_of_adjusted_symbols_only(
    simulator: Simulator, clients: Mapping[str, Exchange]
) -> None:
    rows = await clients["binanceusdm"].fetch_funding_intervals()

    adjusted = [each for each in simulator.market.listings("binanceusdm") if each.hours != 8]
    assert {symbol: row["interval"] for symbol, row in rows.items()} == {
        unified(each): f"{each.hours}h" for each in adjusted
    }


@pytest.mark.parametrize("venue", ["binanceusdm", "bybit"])
async def test_the_batch_holds_a_dated_future_without_a_rate(
    clients: Mapping[str, Exchange], venue: str
) -> None:
    rows = await clients[venue].fetch_funding_rates()

    [dated] = [row for symbol, row in rows.items() if clients[venue].markets[symbol]["future"]]
    assert dated["fundingRate"] is None


@pytest.mark.parametrize(
    ("venue", "params"),
    [
        pytest.param("bybit", {"subType": "inverse"}, id="bybit"),
        pytest.param("okx", {}, id="okx"),
        pytest.param("gate", {"settle": "btc"}, id="gate"),
    ],
)
async def test_coin_margined_perpetuals_have_rates_too(
    simulator: Simulator, clients: Mapping[str, Exchange], venue: str, params: dict[str, str]
) -> None:
    rows = await clients[venue].fetch_funding_rates(params=params)

    for quote in shown(simulator, simulator.market.listings(venue, Margin.INVERSE)):
        symbol = unified(quote.listing)
        assert rows[symbol]["fundingRate"] == pytest.approx(quote.rate, abs=6e-7)
        assert clients[venue].markets[symbol]["inverse"]


async def test_bybit_counts_open_interest_on_both_sides_and_on_one(
    simulator: Simulator, clients: Mapping[str, Exchange]
) -> None:
    rows = await clients["bybit"].fetch_funding_rates()

    for quote in shown(simulator, simulator.market.listings("bybit")):
        info = rows[unified(quote.listing)]["info"]
        assert float(info["openInterest"]) == pytest.approx(2 * quote.open_interest, rel=1e-6)
        assert float(info["singleOpenInterest"]) == pytest.approx(quote.open_interest, rel=1e-6)


async def test_okx_gives_open_interest_in_contracts_coins_and_dollars(
    simulator: Simulator, clients: Mapping[str, Exchange]
) -> None:
    rows = await clients["okx"].fetch_open_interests()

    for quote in shown(simulator, all_listings(simulator, "okx")):
        symbol = unified(quote.listing)
        size = clients["okx"].markets[symbol]["contractSize"]
        linear = quote.listing.margin is Margin.LINEAR
        expected = quote.open_interest * (1 if linear else quote.mark) / size
        assert rows[symbol]["openInterestAmount"] == pytest.approx(expected, rel=1e-5)
        assert rows[symbol]["openInterestValue"] == pytest.approx(quote.open_interest * quote.mark, rel=1e-5)


async def test_okx_gives_mark_and_index_prices_in_a_batch_each(
    simulator: Simulator, clients: Mapping[str, Exchange]
) -> None:
    okx = clients["okx"]

    marks = await okx.fetch_mark_prices()
    indices = await okx.publicGetMarketIndexTickers({"quoteCcy": "USDT"})

    index_of = {row["instId"]: float(row["idxPx"]) for row in indices["data"]}
    for quote in shown(simulator, simulator.market.listings("okx")):
        assert marks[unified(quote.listing)]["markPrice"] == pytest.approx(quote.mark, rel=1e-6)
        assert index_of[f"{quote.listing.coin.ticker}-USDT"] == pytest.approx(quote.index, rel=1e-6)
    assert len(index_of) == 40


@pytest.mark.parametrize("venue", ["gate", "hyperliquid"])
async def test_open_interest_comes_with_the_rate_of_gate_and_hyperliquid(
    simulator: Simulator, clients: Mapping[str, Exchange], venue: str
) -> None:
    field = {"gate": "position_size", "hyperliquid": "openInterest"}[venue]

    rows = await clients[venue].fetch_funding_rates()

    for quote in shown(simulator, simulator.market.listings(venue)):
        symbol = unified(quote.listing)
        open_interest = float(rows[symbol]["info"][field]) * clients[venue].markets[symbol]["contractSize"]
        assert open_interest == pytest.approx(quote.open_interest, rel=1e-4)


@every_venue
async def test_forty_days_of_history_come_page_by_page(
    simulator: Simulator, clients: Mapping[str, Exchange], venue: str
) -> None:
    listing = min(simulator.market.listings(venue), key=lambda each: each.hours)
    since, step = START - timedelta(days=40), timedelta(hours=HOURLY_VENUES_PAGE[venue] * listing.hours // 2)
    expected = simulator.market.settled(listing, since, START)

    read: dict[int, float] = {}
    while since < START:
        page = await clients[venue].fetch_funding_rate_history(
            unified(listing),
            since=ms(since),
            limit=HOURLY_VENUES_PAGE[venue],
            params=until(venue, since + step),
        )
        read |= {row["timestamp"] // 1000: row["fundingRate"] for row in page}
        since += step

    assert sorted(read) == [round(at.timestamp()) for at, _ in expected]
    assert [read[time] for time in sorted(read)] == pytest.approx(
        [quote.rate for _, quote in expected], abs=6e-7
    )


def until(venue: str, at: datetime) -> dict[str, int]:
    """Return ccxt's unified end of a span; OKX knows its own parameter only."""
    return {"after": ms(at)} if venue == "okx" else {"until": ms(at)}


@every_venue
async def test_a_page_of_history_is_no_longer_than_the_venues_limit(
    simulator: Simulator, clients: Mapping[str, Exchange], venue: str
) -> None:
    listing = min(simulator.market.listings(venue), key=lambda each: each.hours)
    asked = {"binanceusdm": 5000, "okx": 5000, "hyperliquid": None}.get(venue, HOURLY_VENUES_PAGE[venue])

    page = await clients[venue].fetch_funding_rate_history(
        unified(listing), since=ms(START - timedelta(days=85)), limit=asked, params=until(venue, START)
    )

    times = [row["timestamp"] // 1000 for row in page]
    assert 0 < len(page) <= HOURLY_VENUES_PAGE[venue]
    assert {later - earlier for earlier, later in pairwise(times)} == {3600 * listing.hours}


async def test_okx_keeps_three_months_of_history(clients: Mapping[str, Exchange]) -> None:
    old = await clients["okx"].fetch_funding_rate_history(
        "BTC/USDT:USDT",
        since=ms(START - timedelta(days=200)),
        params={"after": ms(START - timedelta(days=93))},
    )

    assert old == []


async def test_okx_names_the_settlement_after_the_coming_one_next(
    simulator: Simulator, clients: Mapping[str, Exchange]
) -> None:
    row = (await clients["okx"].fetch_funding_rates())["BTC/USDT:USDT"]

    [quote] = shown(simulator, simulator.market.listings("okx")[:1])
    assert row["nextFundingTimestamp"] == ms(quote.next_funding_at + 8 * HOUR)
    assert row["info"]["nextFundingRate"] == ""


async def test_binance_answers_for_one_symbol_and_settles_all_without_one(
    clients: Mapping[str, Exchange],
) -> None:
    one = await clients["binanceusdm"].fetch_funding_rate("1000PEPE/USDT:USDT")
    latest = await clients["binanceusdm"].fetch_funding_rate_history(limit=60)

    assert one["symbol"] == "1000PEPE/USDT:USDT"
    assert len({row["symbol"] for row in latest}) == 40


@pytest.mark.parametrize("path", ["public/instruments", "public/open-interest", "public/mark-price"])
async def test_okx_has_nothing_but_swaps(simulator: Simulator, path: str) -> None:
    url = f"{simulator.url}/okx/api/v5/{path}"
    async with ClientSession() as session, session.get(url, params={"instType": "OPTION"}) as response:
        assert await response.json() == {"code": "0", "data": [], "msg": ""}


async def test_bybit_pages_its_instruments_with_a_cursor(
    simulator: Simulator, clients: Mapping[str, Exchange]
) -> None:
    names: list[str] = []
    cursor: str | None = None
    while cursor != "":
        given = {} if cursor is None else {"cursor": cursor}
        answer = await clients["bybit"].publicGetV5MarketInstrumentsInfo(
            {"category": "linear", "limit": 15, **given}
        )
        names += [row["symbol"] for row in answer["result"]["list"]]
        cursor = answer["result"]["nextPageCursor"]

    assert simulator.requests["bybit", "/v5/market/instruments-info"] == 3
    assert len(names) == len(set(names)) == 41


@every_venue
async def test_the_configuration_replaces_every_address_of_ccxt_and_nothing_else(
    simulator: Simulator, clients: Mapping[str, Exchange], venue: str
) -> None:
    addresses = json.dumps(clients[venue].urls["api"])
    real = getattr(ccxt, venue)().urls["api"]

    assert (
        addresses.count("http")
        == addresses.count(f"{simulator.url}/{venue}")
        == json.dumps(real).count("http")
    )
    assert list(simulator.ccxt_config()[venue]) == ["urls"]


@pytest.mark.parametrize(
    ("path", "status", "expected"),
    [
        pytest.param("/binanceusdm/fapi/v1/premiumIndex?symbol=NOPE", 400, {"code": -1121}, id="binance symbol"),
        pytest.param("/binanceusdm/fapi/v1/fundingRate?symbol=NOPE", 400, {"code": -1121}, id="binance history"),
        pytest.param("/binanceusdm/fapi/v1/fundingRate?limit=x", 400, {"code": -1130}, id="binance limit"),
        pytest.param("/bybit/v5/market/tickers", 200, {"retCode": 10001}, id="bybit without category"),
        pytest.param("/bybit/v5/market/tickers?category=linear&symbol=X", 200, {"retCode": 10001}, id="bybit symbol"),
        pytest.param(
            "/bybit/v5/market/funding/history?category=linear&symbol=BTCUSDT&startTime=0", 200, {"retCode": 10001},
            id="bybit start without end",
        ),
        pytest.param(
            "/bybit/v5/market/funding/history?category=linear&symbol=BTCUSDT&limit=201", 200, {"retCode": 10001},
            id="bybit limit",
        ),
        pytest.param(
            "/bybit/v5/market/funding/history?category=linear&symbol=NO", 200, {"retCode": 10001}, id="bybit history"
        ),
        pytest.param("/okx/api/v5/public/funding-rate", 400, {"code": "50014"}, id="okx without instrument"),
        pytest.param("/okx/api/v5/public/funding-rate?instId=X", 400, {"code": "51001"}, id="okx instrument"),
        pytest.param("/okx/api/v5/public/funding-rate-history?instId=X", 400, {"code": "51001"}, id="okx history"),
        pytest.param("/okx/api/v5/public/open-interest?instType=X", 400, {"code": "51000"}, id="okx type"),
        pytest.param("/okx/api/v5/market/index-tickers", 400, {"code": "50014"}, id="okx index"),
        pytest.param("/gate/api/v4/futures/eur/contracts", 400, {"label": "INVALID_PARAM_VALUE"}, id="gate settle"),
        pytest.param(
            "/gate/api/v4/futures/usdt/funding_rate", 400, {"label": "MISSING_REQUIRED_PARAM"}, id="gate contract"
        ),
        pytest.param(
            "/gate/api/v4/futures/usdt/funding_rate?contract=X", 400, {"label": "CONTRACT_NOT_FOUND"}, id="gate unknown"
        ),
        pytest.param(
            "/gate/api/v4/futures/usdt/funding_rate?contract=BTC_USDT&limit=1001", 400,
            {"label": "INVALID_PARAM_VALUE"}, id="gate limit",
        ),
    ],
)  # fmt: skip
async def test_a_bad_request_gets_the_venues_own_refusal(
    simulator: Simulator, path: str, status: int, expected: dict[str, object]
) -> None:
    async with ClientSession() as session, session.get(simulator.url + path) as response:
        document = await response.json()

        assert response.status == status
        assert expected.items() <= document.items()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b'{"type": "nothing"}', 422, id="unknown type"),
        pytest.param(b"not json", 422, id="no json"),
        pytest.param(b'{"type": "metaAndAssetCtxs", "dex": "nobody"}', 500, id="unknown dex"),
        pytest.param(b'{"type": "fundingHistory", "coin": "NOPE", "startTime": 0}', 422, id="unknown coin"),
        pytest.param(b'{"type": "fundingHistory", "coin": "BTC"}', 422, id="no start"),
        pytest.param(b'{"type": "meta"}', 200, id="meta"),
        pytest.param(b'{"type": "perpDexs"}', 200, id="dexs"),
        pytest.param(b'{"type": "spotMetaAndAssetCtxs"}', 200, id="spot"),
    ],
)
async def test_hyperliquid_tells_bodies_apart_by_their_type(
    simulator: Simulator, body: bytes, status: int
) -> None:
    async with (
        ClientSession() as session,
        session.post(f"{simulator.url}/hyperliquid/info", data=body) as response,
    ):
        assert response.status == status
