from datetime import timedelta

from monitors.exchanges.venues.bybit import PROFILE
from tests.exchanges.venues.loopback import at, history, poll

INSTRUMENTS = "/v5/market/instruments-info?category={}&limit=1000"
TICKERS = "/v5/market/tickers?category={}"


def an_instrument(symbol: str, kind: str, quote: str, settle: str, minutes: int = 480) -> dict[str, object]:
    return {
        "symbol": symbol,
        "contractType": kind,
        "status": "Trading",
        "baseCoin": "BTC",
        "quoteCoin": quote,
        "settleCoin": settle,
        "launchTime": "1585526400000",
        "deliveryTime": "0" if "Perpetual" in kind else "1782460800000",
        "fundingInterval": minutes,
        "priceFilter": {"tickSize": "0.10"},
        "lotSizeFilter": {"qtyStep": "0.001", "minOrderQty": "1"},
        "leverageFilter": {},
    }


def a_ticker(symbol: str = "BTCUSDT", **fields: str) -> dict[str, object]:
    ticker: dict[str, object] = {
        "symbol": symbol,
        "indexPrice": "68010.50",
        "markPrice": "68000.00",
        "openInterest": "50000",
        "openInterestValue": "3400000000",
        "fundingRate": "0.0001",
        "nextFundingTime": "1772755200000",
    }
    return ticker | fields


def a_page(category: str, *rows: object) -> dict[str, object]:
    result = {"category": category, "list": list(rows), "nextPageCursor": ""}
    return {"retCode": 0, "retMsg": "OK", "result": result, "time": 1772730123000}


LISTED: dict[str, object] = {
    INSTRUMENTS.format("linear"): a_page(
        "linear",
        an_instrument("BTCUSDT", "LinearPerpetual", "USDT", "USDT"),
        an_instrument("BTCPERP", "LinearPerpetual", "USDC", "USDC"),
        an_instrument("BTC-26JUN26", "LinearFutures", "USDC", "USDC", 0),
    ),
    INSTRUMENTS.format("linear") + "&status=PreLaunch": a_page("linear"),
    INSTRUMENTS.format("inverse"): a_page(
        "inverse", an_instrument("BTCUSD", "InversePerpetual", "USD", "BTC")
    ),
    INSTRUMENTS.format("inverse") + "&status=PreLaunch": a_page("inverse"),
}


def answers(*linear: object, inverse: object = None) -> dict[str, object]:
    return LISTED | {
        TICKERS.format("linear"): a_page("linear", *linear),
        TICKERS.format("inverse"): a_page("inverse", *([inverse] if inverse else [])),
    }


async def test_two_requests_give_linear_and_inverse_perpetuals() -> None:
    polled = await poll(PROFILE, answers(a_ticker(), a_ticker("BTCPERP"), inverse=a_ticker("BTCUSD")))

    assert set(polled.rows) == {"BTC/USDT:USDT", "BTC/USDC:USDC", "BTC/USD:BTC"}
    assert polled.requests == [TICKERS.format("linear"), TICKERS.format("inverse")]


async def test_the_tickers_interval_comes_before_the_one_of_the_loaded_markets() -> None:
    polled = await poll(PROFILE, answers(a_ticker(fundingIntervalHour="1"), a_ticker("BTCPERP")))

    assert polled.rows["BTC/USDT:USDT"].interval == timedelta(hours=1)
    assert polled.rows["BTC/USDC:USDC"].interval == timedelta(hours=8)


async def test_open_interest_of_both_sides_is_halved() -> None:
    row = (await poll(PROFILE, answers(a_ticker()))).rows["BTC/USDT:USDT"]

    assert (row.open_interest_contracts, row.open_interest_usd) == (25_000.0, None)


async def test_one_sided_open_interest_is_taken_where_it_is_sent() -> None:
    row = (await poll(PROFILE, answers(a_ticker(singleOpenInterest="24000")))).rows["BTC/USDT:USDT"]

    assert row.open_interest_contracts == 24_000.0


async def test_inverse_open_interest_is_in_dollars() -> None:
    row = (await poll(PROFILE, answers(inverse=a_ticker("BTCUSD", openInterest="373504107")))).rows[
        "BTC/USD:BTC"
    ]

    assert (row.open_interest_contracts, row.open_interest_usd) == (None, 186_752_053.5)


async def test_the_time_is_that_of_the_whole_answer() -> None:
    row = (await poll(PROFILE, answers(a_ticker()))).rows["BTC/USDT:USDT"]

    assert (row.observed_at, row.funding_at) == (at("2026-03-05T17:02:03"), at("2026-03-06T00:00"))


async def test_a_dated_future_comes_without_a_rate() -> None:
    polled = await poll(PROFILE, answers(a_ticker("BTC-26JUN26", fundingRate="", nextFundingTime="")))

    assert polled.rows["BTC/USDC:USDC-260626"].rate is None


async def test_an_unlisted_or_unreadable_ticker_costs_only_itself() -> None:
    polled = await poll(PROFILE, answers(a_ticker("NEWUSDT"), None, a_ticker()))

    assert polled.rows["BTC/USDT:USDT"].rate == 0.0001
    assert "NEWUSDT" in polled.rows


async def test_settled_rates_are_asked_for_with_both_ends_of_the_window() -> None:
    document = {
        "/v5/market/funding/history": a_page(
            "linear", {"symbol": "BTCUSDT", "fundingRate": "-0.0002", "fundingRateTimestamp": "1772726400000"}
        )
    }

    page, requests = await history(
        PROFILE, LISTED | document, "BTC/USDT:USDT", (at("2026-03-01T00:00"), at("2026-03-06T00:00"))
    )

    assert page.rows == ((at("2026-03-05T16:00"), -0.0002, None),)
    assert "startTime=1772323200000&endTime=1772755199999" in requests[0]
