import gzip
import json
from datetime import timedelta

import pytest

from monitors.exchanges.venues.deribit import PROFILE
from monitors.market import HOUR
from tests.exchanges.venues.loopback import RECORDED, at, history, poll

INSTRUMENTS = "/api/v2/public/get_instruments"
SUMMARY = "/api/v2/public/get_book_summary_by_currency"
HISTORY = "/api/v2/public/get_funding_rate_history"
NEVER = 32503708800000
"""The expiration of a perpetual: the year 3000."""
CURRENCIES = ("BTC", "ETH", "USDC", "USDT")


def an_instrument(name: str, settle: str, size: float, period: str = "perpetual") -> dict[str, object]:
    return {
        "instrument_name": name,
        "kind": "future",
        "settlement_period": period,
        "base_currency": "BTC",
        "counter_currency": "USD" if settle == "BTC" else settle,
        "settlement_currency": settle,
        "contract_size": size,
        "expiration_timestamp": NEVER if period == "perpetual" else 1774598400000,
        "is_active": True,
    }


LISTED = {
    "result": [
        an_instrument("BTC-PERPETUAL", "BTC", 10.0),
        an_instrument("BTC-27MAR26", "BTC", 10.0, "month"),
        an_instrument("BTC_USDC-PERPETUAL", "USDC", 0.0001),
    ]
}
BTC = {
    "instrument_name": "BTC-PERPETUAL",
    "open_interest": 9978911260,
    "mark_price": 87102.01,
    "creation_timestamp": 1763674177068,
    "current_funding": 1.2966e-4,
    "funding_8h": -8.1069e-4,
}


def summary(currency: str) -> str:
    return f"{SUMMARY}?currency={currency}&kind=future"


def answers(*bitcoin: object, usdc: tuple[object, ...] = ()) -> dict[str, object]:
    said = {"BTC": list(bitcoin), "USDC": list(usdc)}
    return {
        INSTRUMENTS: LISTED,
        **{summary(currency): {"result": said.get(currency, [])} for currency in CURRENCIES},
    }


async def test_the_rate_is_the_live_one_per_eight_hours_and_not_what_the_last_eight_came_to() -> None:
    polled = await poll(PROFILE, answers(BTC))

    assert polled.rows["BTC/USD:BTC"].rate == 1.2966e-4
    assert PROFILE.default_interval == timedelta(hours=8)


async def test_one_poll_asks_once_per_currency() -> None:
    polled = await poll(PROFILE, answers(BTC))

    assert polled.requests == [summary(currency) for currency in CURRENCIES]


async def test_funding_is_continuous_so_no_settlement_is_named() -> None:
    row = (await poll(PROFILE, answers(BTC))).rows["BTC/USD:BTC"]

    assert (row.funding_at, PROFILE.continuous) == (None, True)


async def test_inverse_open_interest_counts_dollars() -> None:
    row = (await poll(PROFILE, answers(BTC))).rows["BTC/USD:BTC"]

    assert row.open_interest_contracts == 997891126
    assert (row.mark_price, row.observed_at) == (87102.01, at("2025-11-20T21:29:37.068"))


async def test_linear_open_interest_counts_coins() -> None:
    usdc = {**BTC, "instrument_name": "BTC_USDC-PERPETUAL", "open_interest": 123.4567}
    row = (await poll(PROFILE, answers(BTC, usdc=(usdc,)))).rows["BTC/USDC:USDC"]

    assert row.open_interest_contracts == pytest.approx(1234567)


async def test_dated_futures_and_unlisted_ids_do_not_lose_the_batch() -> None:
    dated = {"instrument_name": "BTC-27MAR26", "open_interest": 1000, "mark_price": 88000.0}
    unlisted = {**BTC, "instrument_name": "NEW-PERPETUAL"}
    polled = await poll(PROFILE, answers(dated, unlisted, {}, BTC))

    assert {symbol: row.rate for symbol, row in polled.rows.items()} == {
        "BTC/USD:BTC-260327": None,
        "NEW-PERPETUAL": 1.2966e-4,
        "": None,
        "BTC/USD:BTC": 1.2966e-4,
    }
    assert polled.rows["NEW-PERPETUAL"].open_interest_contracts is None


async def test_history_is_what_each_hour_paid_and_not_the_trailing_eight() -> None:
    said = {
        "result": [
            {
                "timestamp": 1569891600000,
                "index_price": 8222.87,
                "interest_8h": -0.00009234260068476106,
                "interest_1h": -4.739622041017375e-7,
            }
        ]
    }
    window = at("2019-10-01T00:00"), at("2019-10-01T02:00")
    page, requests = await history(PROFILE, {**answers(), HISTORY: said}, "BTC/USD:BTC", window)

    assert page.rows == ((at("2019-10-01T01:00"), -4.739622041017375e-7, HOUR),)
    assert requests == [
        f"{HISTORY}?instrument_name=BTC-PERPETUAL&start_timestamp=1569887999999&end_timestamp=1569895200000"
    ]


async def test_recorded_tickers_read_as_an_independent_normaliser_reads_them() -> None:
    file = RECORDED / "tardis-node/messages/deribit.jsonl.gz"
    if not file.exists():
        pytest.skip("no recorded payload of Deribit")
    with gzip.open(file, "rt") as lines:
        frames = [json.loads(line) for line in lines if '"ticker.BTC-PERPETUAL.raw"' in line]

    assert frames
    for frame in frames:
        ticker, expected = frame["raw"]["params"]["data"], frame["tardis"][0]
        row = (await poll(PROFILE, answers(ticker))).rows["BTC/USD:BTC"]
        assert (row.rate, row.mark_price) == (expected["fundingRate"], expected["markPrice"])
        assert row.open_interest_contracts == expected["openInterest"] / 10
