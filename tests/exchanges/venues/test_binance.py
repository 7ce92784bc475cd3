from datetime import timedelta
from math import isnan

import pytest
from ccxt.base.errors import BadResponse

from monitors.exchanges.venues.binancecoinm import PROFILE as COINM
from monitors.exchanges.venues.binanceusdm import PROFILE as USDM
from tests.exchanges.binance_documents import a_contract, a_premium
from tests.exchanges.venues.loopback import at, history, loopback, poll

INFO = "/fapi/v1/exchangeInfo"
PREMIUM = "/fapi/v1/premiumIndex"
FUNDING_INFO = "/fapi/v1/fundingInfo"


LISTED = {
    "symbols": [
        a_contract("BTCUSDT"),
        a_contract("1000PEPEUSDT"),
        a_contract("BTCUSDT_260626", "CURRENT_QUARTER"),
    ]
}


async def test_one_request_gives_the_rate_and_the_settlement_it_is_predicted_for() -> None:
    polled = await poll(
        USDM, {INFO: LISTED, PREMIUM: [a_premium("BTCUSDT"), a_premium("1000PEPEUSDT", "-0.02")]}
    )

    row = polled.rows["BTC/USDT:USDT"]
    assert polled.requests == [PREMIUM]
    assert (row.rate, row.funding_at) == (0.0001, at("2026-03-06T00:00"))
    assert (row.mark_price, row.index_price) == (68000.12345678, 68010.5)
    assert row.observed_at == at("2026-03-05T17:02:03")
    assert polled.rows["1000PEPE/USDT:USDT"].rate == -0.02


async def test_the_row_names_no_interval() -> None:
    polled = await poll(USDM, {INFO: LISTED, PREMIUM: [a_premium("BTCUSDT")]})

    assert polled.rows["BTC/USDT:USDT"].interval is None


async def test_a_dated_future_comes_without_rate_and_settlement() -> None:
    dated = a_premium("BTCUSDT_260626", "", 0)

    row = (await poll(USDM, {INFO: LISTED, PREMIUM: [dated]})).rows["BTC/USDT:USDT-260626"]

    assert (row.rate, row.funding_at) == (None, None)


async def test_an_id_missing_from_the_markets_keeps_its_raw_name() -> None:
    polled = await poll(USDM, {INFO: LISTED, PREMIUM: [a_premium("NEWUSDT"), a_premium("BTCUSDT")]})

    assert set(polled.rows) == {"NEWUSDT", "BTC/USDT:USDT"}


@pytest.mark.parametrize("answer", ["<html>maintenance</html>", "", {"code": 0, "msg": ""}])
async def test_an_answer_that_is_no_list_gives_no_rows(answer: object) -> None:
    assert (await poll(USDM, {INFO: LISTED, PREMIUM: answer})).rows == {}


async def test_a_row_that_cannot_be_read_costs_only_itself() -> None:
    polled = await poll(
        USDM, {INFO: LISTED, PREMIUM: [None, "row", {"markPrice": "1"}, a_premium("BTCUSDT")]}
    )

    unreadable = {symbol for symbol, row in polled.rows.items() if row.rate is not None and isnan(row.rate)}
    assert polled.rows["BTC/USDT:USDT"].rate == 0.0001
    assert unreadable == {"None", "'row'", "{'markPrice': '1'}"}


async def test_only_adjusted_intervals_are_listed_and_the_rest_settles_every_eight_hours() -> None:
    adjusted = [{"symbol": "1000PEPEUSDT", "fundingIntervalHours": 4, "adjustedFundingRateCap": "0.02"}]
    assert USDM.intervals is not None

    async with loopback(USDM, {INFO: LISTED, FUNDING_INFO: adjusted}) as venue:
        await venue.exchange.load_markets()
        intervals = await USDM.intervals(venue.exchange)

    assert intervals == {"1000PEPE/USDT:USDT": timedelta(hours=4)}
    assert USDM.default_interval == timedelta(hours=8)


@pytest.mark.parametrize("rubbish", ["<html></html>", ""])
async def test_rubbish_from_the_intervals_endpoint_does_not_pass_for_nothing_adjusted(rubbish: str) -> None:
    assert USDM.intervals is not None

    async with loopback(USDM, {INFO: LISTED, FUNDING_INFO: rubbish}) as venue:
        await venue.exchange.load_markets()
        with pytest.raises(BadResponse):
            await USDM.intervals(venue.exchange)


async def test_settled_rates_are_asked_for_by_window_a_thousand_a_page() -> None:
    listed = {
        INFO: LISTED,
        "/fapi/v1/fundingRate": [
            {
                "symbol": "BTCUSDT",
                "fundingTime": 1772726400007,
                "fundingRate": "0.00010000",
                "markPrice": "68000",
            }
        ],
    }

    page, requests = await history(
        USDM, listed, "BTC/USDT:USDT", (at("2026-03-01T00:00"), at("2026-03-06T00:00"))
    )

    assert page.rows == ((at("2026-03-05T16:00:00.007"), 0.0001, None),)
    assert requests == [
        "/fapi/v1/fundingRate?symbol=BTCUSDT&startTime=1772323200000&endTime=1772755199999&limit=1000"
    ]


async def test_the_coin_margined_market_speaks_the_same_format_on_its_own_paths() -> None:
    listed = {"symbols": [a_contract("BTCUSD_PERP", quote="USD", margin="BTC")]}

    polled = await poll(
        COINM, {"/dapi/v1/exchangeInfo": listed, "/dapi/v1/premiumIndex": [a_premium("BTCUSD_PERP")]}
    )

    assert polled.rows["BTC/USD:BTC"].rate == 0.0001
    assert polled.requests == ["/dapi/v1/premiumIndex"]


async def test_a_market_without_adjusted_intervals_says_null() -> None:
    assert COINM.intervals is not None

    async with loopback(
        COINM, {"/dapi/v1/exchangeInfo": {"symbols": []}, "/dapi/v1/fundingInfo": "null"}
    ) as venue:
        assert await COINM.intervals(venue.exchange) == {}
