from datetime import timedelta

import pytest
from ccxt.base.errors import BadResponse

from monitors.exchanges.venues.bitget import PROFILE
from tests.exchanges.venues.loopback import at, history, loopback, poll, recorded_json

CONTRACTS = "/api/v2/mix/market/contracts"
TICKERS = "/api/v2/mix/market/tickers?productType={}"
CURRENT = "/api/v2/mix/market/current-fund-rate?productType={}"
USDT, USDC, COIN = "USDT-FUTURES", "USDC-FUTURES", "COIN-FUTURES"


def a_document(*rows: object) -> dict[str, object]:
    return {"code": "00000", "msg": "success", "requestTime": 1772730123000, "data": list(rows)}


def a_contract(symbol: str, base: str, quote: str, margin: str, kind: str = "perpetual") -> dict[str, object]:
    return {
        "symbol": symbol,
        "baseCoin": base,
        "quoteCoin": quote,
        "supportMarginCoins": [margin],
        "symbolType": kind,
        "symbolStatus": "normal",
        "deliveryTime": "" if kind == "perpetual" else "1703836799000",
        "priceEndStep": "1",
        "pricePlace": "1",
        "volumePlace": "2",
        "sizeMultiplier": "0.01",
        "fundInterval": "8",
    }


def a_ticker(symbol: str = "BTCUSDT", **fields: str) -> dict[str, object]:
    ticker: dict[str, object] = {
        "symbol": symbol,
        "ts": "1772730123000",
        "indexPrice": "68010.5",
        "markPrice": "68000",
        "fundingRate": "-0.0007",
        "holdingAmount": "125.5",
    }
    return ticker | fields


LISTED = {
    CONTRACTS + "?productType=" + USDT: a_document(a_contract("BTCUSDT", "BTC", "USDT", "USDT")),
    CONTRACTS + "?productType=" + COIN: a_document(
        a_contract("BTCUSD", "BTC", "USD", "BTC"),
        a_contract("ETHUSD_231229", "ETH", "USD", "ETH", "delivery"),
    ),
    CONTRACTS: a_document(),
}


def answers(usdt: object = "", coin: object = "") -> dict[str, object]:
    return LISTED | {
        TICKERS.format(USDT): usdt,
        TICKERS.format(USDC): a_document(),
        TICKERS.format(COIN): coin,
    }


async def test_three_requests_give_the_three_product_lines() -> None:
    polled = await poll(PROFILE, answers(a_document(a_ticker()), a_document(a_ticker("BTCUSD"))))

    assert set(polled.rows) == {"BTC/USDT:USDT", "BTC/USD:BTC"}
    assert polled.requests == [TICKERS.format(line) for line in (USDT, USDC, COIN)]


async def test_the_ticker_names_neither_the_settlement_nor_the_interval() -> None:
    row = (await poll(PROFILE, answers(a_document(a_ticker())))).rows["BTC/USDT:USDT"]

    assert (row.rate, row.funding_at, row.interval) == (-0.0007, None, None)
    assert row.observed_at == at("2026-03-05T17:02:03")


async def test_intervals_come_from_the_endpoint_of_current_rates() -> None:
    current = {
        "symbol": "BTCUSDT",
        "fundingRate": "-0.0007",
        "fundingRateInterval": "4",
        "nextUpdate": "1772755200000",
    }
    served = LISTED | {
        CURRENT.format(line): a_document(*([current] if line == USDT else [])) for line in (USDT, USDC, COIN)
    }
    assert PROFILE.intervals is not None

    async with loopback(PROFILE, served) as venue:
        await venue.exchange.load_markets()
        intervals = await PROFILE.intervals(venue.exchange)

    assert intervals == {"BTC/USDT:USDT": timedelta(hours=4)}


async def test_rubbish_from_the_intervals_endpoint_is_a_failure() -> None:
    assert PROFILE.intervals is not None

    async with loopback(PROFILE, LISTED, otherwise="<html></html>") as venue:
        await venue.exchange.load_markets()
        with pytest.raises(BadResponse):
            await PROFILE.intervals(venue.exchange)


async def test_open_interest_is_in_coins_on_every_line() -> None:
    polled = await poll(PROFILE, answers(a_document(a_ticker()), a_document(a_ticker("BTCUSD"))))

    linear, inverse = polled.rows["BTC/USDT:USDT"], polled.rows["BTC/USD:BTC"]
    assert (linear.open_interest_contracts, linear.open_interest_usd) == (125.5, None)
    assert (inverse.open_interest_contracts, inverse.open_interest_usd) == (None, 125.5 * 68000)


async def test_open_interest_in_coins_without_any_price_is_unknown() -> None:
    polled = await poll(PROFILE, answers(coin=a_document(a_ticker("BTCUSD", markPrice="", indexPrice=""))))

    assert polled.rows["BTC/USD:BTC"].open_interest_usd is None


async def test_the_recorded_tickers_hold_a_perpetual_and_a_dated_future() -> None:
    recorded = recorded_json("jkorf-bitget/Endpoints/Futures/ExchangeData/GetTickers.txt")

    polled = await poll(PROFILE, answers(coin=recorded))

    assert polled.rows["BTC/USD:BTC"].rate == -0.0007
    assert polled.rows["BTC/USD:BTC"].open_interest_usd == 125.6844 * 29132.353333
    assert polled.exchange.markets["ETH/USD:ETH-231229"]["future"]


async def test_settled_rates_are_paged_back_by_page_number_until_the_window_is_covered() -> None:
    rows = [
        {"symbol": "BTCUSDT", "fundingRate": "0.0001", "fundingTime": str(1772726400000 - step * 28_800_000)}
        for step in range(150)
    ]
    pages = {
        f"/api/v2/mix/market/history-fund-rate?symbol=BTCUSDT&pageSize=100&productType={USDT}&pageNo={page}": a_document(
            *rows[(page - 1) * 100 : page * 100]
        )
        for page in (1, 2)
    }

    page, requests = await history(
        PROFILE, LISTED | pages, "BTC/USDT:USDT", (at("2026-01-20T00:00"), at("2026-03-06T00:00"))
    )

    assert len({settled for settled, _, _ in page.rows}) == 150
    assert len(requests) == 2


async def test_paging_back_stops_where_the_window_begins() -> None:
    rows = [
        {"symbol": "BTCUSDT", "fundingRate": "0.0001", "fundingTime": str(1772726400000 - step * 28_800_000)}
        for step in range(100)
    ]

    _, requests = await history(
        PROFILE,
        LISTED | {"/api/v2/mix/market/history-fund-rate": a_document(*rows)},
        "BTC/USDT:USDT",
        (at("2026-03-01T00:00"), at("2026-03-06T00:00")),
    )

    assert len(requests) == 1


async def test_paging_back_stops_at_a_page_that_repeats() -> None:
    rows = [
        {"symbol": "BTCUSDT", "fundingRate": "0.0001", "fundingTime": str(1772726400000 - step * 28_800_000)}
        for step in range(100)
    ]

    _, requests = await history(
        PROFILE,
        LISTED | {"/api/v2/mix/market/history-fund-rate": a_document(*rows)},
        "BTC/USDT:USDT",
        (at("2020-03-01T00:00"), at("2026-03-06T00:00")),
    )

    assert len(requests) == 2
