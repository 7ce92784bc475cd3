import json
from datetime import timedelta

import pytest

from monitors.exchanges.venues.phemex import PROFILE
from tests.exchanges.venues.loopback import UNREADABLE, at, history, poll, recorded

PRODUCTS = "/public/products"
OLDER_PRODUCTS = "/v1/exchange/public/products"
PLAIN = "/md/v2/ticker/24hr/all"
SCALED = "/v1/md/ticker/24hr/all"
PLAIN_HISTORY = "/api-data/public/data/funding-rate-history"
EIGHT_HOURS = timedelta(hours=8)

ETHUSD = {
    "symbol": "ETHUSD",
    "type": "Perpetual",
    "settleCurrency": "ETH",
    "quoteCurrency": "USD",
    "baseCurrency": "ETH",
    "contractSize": "1 USD",
    "priceScale": 4,
    "ratioScale": 8,
    "valueScale": 8,
    "status": "Listed",
    "fundingInterval": 28800,
}
BTCUSDT = {
    "symbol": "BTCUSDT",
    "type": "PerpetualV2",
    "settleCurrency": "USDT",
    "quoteCurrency": "USDT",
    "baseCurrency": "BTC",
    "contractUnderlyingAssets": "BTC",
    "priceScale": 0,
    "ratioScale": 0,
    "status": "Listed",
    "fundingInterval": 28800,
}
LISTED = {
    PRODUCTS: {
        "code": 0,
        "data": {
            "currencies": [],
            "products": [
                ETHUSD,
                {**ETHUSD, "symbol": "BTCUSD", "settleCurrency": "BTC", "baseCurrency": "BTC"},
            ],
            "perpProductsV2": [
                BTCUSDT,
                {**BTCUSDT, "symbol": "SOLUSDT", "baseCurrency": "SOL", "fundingInterval": 14400},
                {**BTCUSDT, "symbol": "XRPUSDT", "baseCurrency": "XRP", "fundingInterval": 0},
            ],
        },
    },
    # ccxt lays this older list over the newer one, and here the interval is in hours.
    OLDER_PRODUCTS: {"code": 0, "data": [{"symbol": "ETHUSD", "fundingInterval": 8}]},
}
PLAIN_BTC = {
    "symbol": "BTCUSDT",
    "fundingRateRr": "0.0001",
    "predFundingRateRr": "0.0003",
    "indexPriceRp": "16830.15651565",
    "markPriceRp": "16830.97534951",
    "openInterestRv": "1323.596",
    "timestamp": "1672142789065593096",
}
SCALED_ETH = {
    "symbol": "ETHUSD",
    "fundingRateEr": -39075,
    "predFundingRateEr": 19921,
    "indexEp": 2329057,
    "markEp": 2329232,
    "openInterest": 1298050,
    "timestamp": 1592474241582701416,
}


def answers(plain: list[object], scaled: list[object]) -> dict[str, object]:
    return {
        **LISTED,
        PLAIN: {"error": None, "id": 0, "result": plain},
        SCALED: {"error": None, "id": 0, "result": scaled},
    }


async def test_one_poll_asks_once_for_each_kind_of_contract() -> None:
    polled = await poll(PROFILE, answers([PLAIN_BTC], [SCALED_ETH]))

    assert list(polled.rows) == ["BTC/USDT:USDT", "ETH/USD:ETH"]
    assert polled.requests == [PLAIN, SCALED]


async def test_a_stablecoin_margined_row_holds_plain_numbers() -> None:
    row = (await poll(PROFILE, answers([PLAIN_BTC], []))).rows["BTC/USDT:USDT"]

    assert (row.rate, row.mark_price, row.index_price) == (0.0001, 16830.97534951, 16830.15651565)
    assert (row.open_interest_contracts, row.interval) == (1323.596, EIGHT_HOURS)
    assert row.observed_at == at("2022-12-27T12:06:29.065593")


async def test_an_inverse_row_holds_scaled_integers() -> None:
    row = (await poll(PROFILE, answers([], [SCALED_ETH]))).rows["ETH/USD:ETH"]

    assert (row.rate, row.mark_price, row.index_price) == (-0.00039075, 232.9232, 232.9057)
    assert (row.open_interest_contracts, row.observed_at) == (1298050, at("2020-06-18T09:57:21.582701"))


async def test_an_interval_in_hours_is_not_taken_for_seconds() -> None:
    polled = await poll(PROFILE, answers([], [SCALED_ETH]))

    assert polled.exchange.market("ETH/USD:ETH")["info"]["fundingInterval"] == 8
    assert polled.rows["ETH/USD:ETH"].interval == EIGHT_HOURS


async def test_the_interval_is_the_markets_own_or_left_to_the_venues_rule() -> None:
    plain: list[object] = [{**PLAIN_BTC, "symbol": "SOLUSDT"}, {**PLAIN_BTC, "symbol": "XRPUSDT"}]
    polled = await poll(PROFILE, answers(plain, []))

    assert polled.rows["SOL/USDT:USDT"].interval == timedelta(hours=4)
    assert polled.rows["XRP/USDT:USDT"].interval is None
    assert PROFILE.default_interval == EIGHT_HOURS


async def test_unlisted_and_unreadable_rows_cost_only_themselves() -> None:
    plain: list[object] = [{**PLAIN_BTC, "symbol": "NEWUSDT"}, {"symbol": "SOLUSDT"}, "soon", PLAIN_BTC]
    scaled: list[object] = [{**SCALED_ETH, "symbol": "NEWUSD"}, {**SCALED_ETH, "fundingRateEr": "n/a"}]
    polled = await poll(PROFILE, answers(plain, scaled))

    assert {symbol: row.rate for symbol, row in polled.rows.items()} == {
        "NEWUSDT": 0.0001,
        "SOL/USDT:USDT": None,
        "BTC/USDT:USDT": 0.0001,
        "NEWUSD": None,  # without its market there is no scale to read it by
        "ETH/USD:ETH": UNREADABLE,
    }


async def test_settled_rates_come_with_their_own_interval() -> None:
    said = {
        "code": "0",
        "data": {
            "rows": [
                {"fundingRate": "0.0001", "fundingTime": "1682064000000", "intervalSeconds": "28800"},
                {"fundingRate": "-0.0002", "fundingTime": "1682078400000", "intervalSeconds": "14400"},
            ]
        },
    }
    window = at("2023-04-21T08:00"), at("2023-04-21T16:00")
    page, requests = await history(PROFILE, {**LISTED, PLAIN_HISTORY: said}, "BTC/USDT:USDT", window)

    assert page.rows == (
        (at("2023-04-21T08:00"), 0.0001, EIGHT_HOURS),
        (at("2023-04-21T12:00"), -0.0002, timedelta(hours=4)),
    )
    assert requests == [
        f"{PLAIN_HISTORY}?symbol=.BTCUSDTFR8H&start=1682064000000&limit=100&end=1682092800000"
    ]


async def test_a_recorded_ticker_reads_as_an_independent_normaliser_reads_it() -> None:
    lines = recorded("tardis-node/messages/phemex.jsonl").splitlines()
    frame = next(json.loads(line) for line in lines if '"market24h"' in line)
    streamed, expected = frame["raw"]["market24h"], frame["tardis"][0]
    ticker = {
        "symbol": streamed["symbol"],
        "fundingRateEr": streamed["fundingRate"],
        "markEp": streamed["markPrice"],
        "indexEp": streamed["indexPrice"],
        "openInterest": streamed["openInterest"],
    }
    row = (await poll(PROFILE, answers([], [ticker]))).rows["BTC/USD:BTC"]

    assert row.rate == pytest.approx(expected["fundingRate"])
    assert row.mark_price == pytest.approx(expected["markPrice"])
    assert row.index_price == pytest.approx(expected["indexPrice"])
