import json

import pytest

from monitors.exchanges.venues.krakenfutures import PROFILE
from monitors.market import HOUR
from tests.exchanges.venues.loopback import UNREADABLE, at, history, poll, recorded, recorded_json

INSTRUMENTS = "/derivatives/api/v3/instruments"
TICKERS = "/derivatives/api/v3/tickers"
HISTORY = "/derivatives/api/v4/historicalfundingrates"
RECORDED = "jkorf-kraken/Endpoints/Futures/ExchangeData"


def an_instrument(symbol: str, kind: str, **fields: object) -> dict[str, object]:
    return {"symbol": symbol, "type": kind, "tickSize": 0.01, "contractSize": 1, "tradeable": True, **fields}


def a_ticker(symbol: str, **fields: object) -> dict[str, object]:
    return {
        "symbol": symbol,
        "lastTime": "2025-10-22T03:02:25.599Z",
        "tag": "perpetual",
        "suspended": False,
        **fields,
    }


ENJ = a_ticker(
    "PF_ENJUSD",
    markPrice=0.0434,
    indexPrice=0.043391,
    openInterest=72513.0,
    fundingRate=-7.56414717067e-07,
    fundingRatePrediction=1.95218676e-07,
)
ETH = a_ticker(
    "PI_ETHUSD", markPrice=277.66, indexPrice=277.5, openInterest=1500000, fundingRate=2.18900669884e-07
)
LISTED = {
    "result": "success",
    "instruments": [
        an_instrument("PF_ENJUSD", "flexible_futures"),
        an_instrument("PI_ETHUSD", "futures_inverse"),
        an_instrument("FI_ETHUSD_260327", "futures_inverse", lastTradingTime="2026-03-27T15:00:00.000Z"),
    ],
}


def answers(*tickers: object) -> dict[str, object]:
    said = {"result": "success", "tickers": list(tickers), "serverTime": "2025-10-22T11:02:31.335Z"}
    return {INSTRUMENTS: LISTED, TICKERS: said}


async def test_a_linear_rate_is_the_absolute_amount_over_the_mark_price() -> None:
    polled = await poll(PROFILE, answers(ENJ, ETH))

    assert polled.rows["ENJ/USD:USD"].rate == pytest.approx(-1.7428910531497697e-05, rel=1e-12)
    assert polled.requests == [TICKERS]


async def test_an_inverse_rate_is_the_absolute_amount_times_the_mark_price() -> None:
    polled = await poll(PROFILE, answers(ENJ, ETH))

    assert polled.rows["ETH/USD:ETH"].rate == pytest.approx(6.077995999999145e-05, rel=1e-12)


async def test_a_row_carries_prices_and_one_sided_contracts_but_neither_settlement_nor_interval() -> None:
    row = (await poll(PROFILE, answers(ENJ))).rows["ENJ/USD:USD"]

    assert (row.mark_price, row.index_price, row.open_interest_contracts) == (0.0434, 0.043391, 72513.0)
    assert (row.funding_at, row.interval, PROFILE.default_interval) == (None, None, HOUR)


async def test_the_time_of_a_row_is_the_answers_and_not_its_last_trades() -> None:
    row = (await poll(PROFILE, answers(ENJ))).rows["ENJ/USD:USD"]

    assert row.observed_at == at("2025-10-22T11:02:31.335")


async def test_a_rate_beyond_the_clamp_of_ccxt_is_kept_for_the_sanity_bounds_to_judge() -> None:
    row = (await poll(PROFILE, answers({**ENJ, "markPrice": 1.0, "fundingRate": 0.4}))).rows["ENJ/USD:USD"]

    assert row.rate == 0.4


async def test_one_unlisted_id_keeps_its_raw_id_and_loses_nothing() -> None:
    polled = await poll(PROFILE, answers(a_ticker("PF_NEWUSD", markPrice=2.0, fundingRate=0.001), ENJ, ETH))

    assert list(polled.rows) == ["PF_NEWUSD", "ENJ/USD:USD", "ETH/USD:ETH"]


@pytest.mark.parametrize(
    "broken",
    [{"markPrice": 0}, {"markPrice": None}, {"markPrice": "n/a"}, {"fundingRate": "n/a"}],
    ids=str,
)
async def test_a_row_that_cannot_be_read_costs_only_itself(broken: dict[str, object]) -> None:
    polled = await poll(PROFILE, answers({**ENJ, **broken}, ETH))

    assert polled.rows["ENJ/USD:USD"].rate == UNREADABLE
    assert polled.rows["ETH/USD:ETH"].rate == pytest.approx(6.077996e-05)


async def test_dated_futures_and_index_rows_carry_no_rate() -> None:
    dated = a_ticker("FI_ETHUSD_260327", markPrice=280.0, openInterest=5)
    polled = await poll(PROFILE, answers(dated, {"symbol": "in_xbtusd", "last": 21088}))

    assert [(row.symbol, row.rate) for row in polled.rows.values()] == [
        ("ETH/USD:ETH-260327", None),
        ("in_xbtusd", None),
    ]


async def test_settled_rates_are_the_relative_ones_of_the_whole_series() -> None:
    said = {
        "result": "success",
        "rates": [
            {
                "timestamp": "2018-08-31T16:00:00.000Z",
                "fundingRate": 2.18900669884e-7,
                "relativeFundingRate": 0.00006077996,
            },
            {"timestamp": "2018-08-31T17:00:00.000Z", "fundingRate": 1e-7, "relativeFundingRate": 4e-5},
        ],
    }
    window = at("2018-08-31T16:00"), at("2018-08-31T17:00")
    page, requests = await history(PROFILE, {**answers(), HISTORY: said}, "ETH/USD:ETH", window)

    assert page.rows == (
        (at("2018-08-31T16:00"), 0.00006077996, HOUR),
        (at("2018-08-31T17:00"), 4e-5, HOUR),
    )
    assert requests == [f"{HISTORY}?symbol=PI_ETHUSD"]
    assert PROFILE.settled_page_hours == 0


async def test_the_recorded_history_of_the_venue_is_read() -> None:
    documents = {
        INSTRUMENTS: recorded_json(f"{RECORDED}/GetSymbols.txt"),
        HISTORY: recorded_json(f"{RECORDED}/GetHistoricalFundingRates.txt"),
    }
    window = at("2022-06-28T00:00"), at("2022-06-29T00:00")
    page, _ = await history(PROFILE, documents, "BTC/USD:BTC", window)

    assert page.rows[0] == (at("2022-06-28T00:00"), -0.000016898883333333, HOUR)
    assert len(page.rows) == 3


async def test_the_recorded_answer_of_the_venue_is_read() -> None:
    documents = {
        INSTRUMENTS: recorded_json(f"{RECORDED}/GetSymbols.txt"),
        TICKERS: recorded_json(f"{RECORDED}/GetTickers.txt"),
    }
    row = (await poll(PROFILE, documents)).rows["BTC/USD:BTC"]

    assert row.rate == pytest.approx(1.18588737106e-7 * 30209.9)
    assert (row.index_price, row.open_interest_contracts) == (21087.8, 149655.0)
    assert row.observed_at == at("2022-06-17T11:00:31.335")


async def test_the_conversion_agrees_with_the_relative_rate_the_venue_streams_beside_the_absolute_one() -> (
    None
):
    frame = json.loads(recorded("jkorf-kraken/Subscriptions/Futures/Ticker.txt").split("= \n")[1])
    ticker = a_ticker("PF_ENJUSD", markPrice=frame["markPrice"], fundingRate=frame["funding_rate"])
    row = (await poll(PROFILE, answers(ticker))).rows["ENJ/USD:USD"]

    # The venue divides by the price when the hour began, we by the price now.
    assert row.rate == pytest.approx(frame["relative_funding_rate"], rel=1e-3)
