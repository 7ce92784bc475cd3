from datetime import timedelta

from monitors.exchanges.venues.mexc import PROFILE
from tests.exchanges.venues.loopback import at, history, poll, recorded_json

DETAIL, RATES, TICKERS = "/api/v1/contract/detail", "/api/v1/contract/funding_rate", "/api/v1/contract/ticker"


def a_document(*rows: object) -> dict[str, object]:
    return {"success": True, "code": 0, "data": list(rows)}


def a_contract(symbol: str = "BTC_USDT", settle: str = "USDT", size: float = 0.0001) -> dict[str, object]:
    base, quote = symbol.split("_")
    return {
        "symbol": symbol,
        "baseCoin": base,
        "quoteCoin": quote,
        "settleCoin": settle,
        "contractSize": size,
        "state": 0,
        "volUnit": 1,
        "priceUnit": 0.1,
    }


def a_rate(symbol: str = "BTC_USDT", hours: int | None = 4) -> dict[str, object]:
    return {
        "symbol": symbol,
        "fundingRate": 0.000014,
        "maxFundingRate": 0.003,
        "minFundingRate": -0.003,
        "collectCycle": hours,
        "nextSettleTime": 1772755200000,
        "timestamp": 1772730123000,
    }


TICKER = {
    "symbol": "BTC_USDT",
    "holdVol": 5832946,
    "indexPrice": 68010.5,
    "fairPrice": 68000.1,
    "fundingRate": 1.0,
}
LISTED: dict[str, object] = {
    DETAIL: a_document(a_contract(), a_contract("BTC_USD", "BTC", 100)),
    "/api/v3/exchangeInfo": {"symbols": []},
}


async def test_all_rates_come_from_a_path_ccxt_has_no_method_for() -> None:
    polled = await poll(
        PROFILE, LISTED | {RATES: a_document(a_rate(), a_rate("BTC_USD")), TICKERS: a_document(TICKER)}
    )

    row = polled.rows["BTC/USDT:USDT"]
    assert (row.rate, row.interval, row.funding_at) == (0.000014, timedelta(hours=4), at("2026-03-06T00:00"))
    assert (row.mark_price, row.index_price, row.open_interest_contracts) == (68000.1, 68010.5, 5832946)
    assert "BTC/USD:BTC" in polled.rows
    assert polled.requests == [RATES, TICKERS]


async def test_the_rates_count_although_the_tickers_failed() -> None:
    row = (
        await poll(PROFILE, LISTED | {RATES: a_document(a_rate(hours=None)), TICKERS: "<html></html>"})
    ).rows["BTC/USDT:USDT"]

    assert (row.rate, row.interval, row.mark_price, row.open_interest_contracts) == (
        0.000014,
        None,
        None,
        None,
    )


async def test_the_recorded_answers_are_joined() -> None:
    folder = "jkorf-mexc/Endpoints/FuturesApi/ExchangeData/"
    served = {
        DETAIL: recorded_json(folder + "GetSymbols.txt"),
        RATES: recorded_json(folder + "GetFundingRates.txt"),
        TICKERS: recorded_json(folder + "GetTickers.txt"),
        "/api/v3/exchangeInfo": {"symbols": []},
    }

    rows = (await poll(PROFILE, served)).rows

    assert (rows["BTC/USDT:USDT"].rate, rows["ETH/USDT:USDT"].rate) == (-0.000489, -0.000489)
    assert (rows["BTC/USDT:USDT"].open_interest_contracts, rows["ETH/USDT:USDT"].mark_price) == (
        55102960.0,
        None,
    )


async def test_settled_rates_are_paged_back_by_page_number() -> None:
    result = {
        "pageSize": 100,
        "currentPage": 1,
        "resultList": [{"symbol": "BTC_USDT", "fundingRate": 0.000266, "settleTime": 1772726400000}],
    }
    past = {"/api/v1/contract/funding_rate/history": {"success": True, "code": 0, "data": result}}

    page, requests = await history(
        PROFILE, LISTED | past, "BTC/USDT:USDT", (at("2026-03-01T00:00"), at("2026-03-06T00:00"))
    )

    assert page.rows == ((at("2026-03-05T16:00"), 0.000266, None),)
    assert requests == ["/api/v1/contract/funding_rate/history?symbol=BTC_USDT&page_size=100&page_num=1"]
