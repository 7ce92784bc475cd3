from datetime import timedelta

import pytest
from ccxt.base.errors import RateLimitExceeded

from monitors.exchanges.venues.okx import PROFILE
from tests.exchanges.venues.loopback import at, history, poll

INSTRUMENTS = "/api/v5/public/instruments"
RATES = "/api/v5/public/funding-rate"
MARKS = "/api/v5/public/mark-price"
INTERESTS = "/api/v5/public/open-interest"
HOUR_MS = 3_600_000
SETTLES = 1772755200000


def a_document(*rows: object) -> dict[str, object]:
    return {"code": "0", "msg": "", "data": list(rows)}


def an_instrument(pair: str, settle: str, size: str) -> dict[str, object]:
    return {
        "instId": f"{pair}-SWAP",
        "instType": "SWAP",
        "uly": pair,
        "settleCcy": settle,
        "ctVal": size,
        "ctMult": "1",
        "state": "live",
        "lotSz": "1",
        "tickSz": "0.1",
        "minSz": "1",
        "lever": "100",
    }


def a_rate(inst_id: str = "BTC-USDT-SWAP", **fields: object) -> dict[str, object]:
    rate: dict[str, object] = {
        "instId": inst_id,
        "instType": "SWAP",
        "method": "current_period",
        "fundingRate": "0.00012",
        "fundingTime": str(SETTLES),
        "nextFundingRate": "",
        "nextFundingTime": str(SETTLES + 8 * HOUR_MS),
        "settState": "settled",
        "settFundingRate": "0.0001",
        "ts": "1772730123000",
    }
    return rate | fields


LISTED = {
    INSTRUMENTS: a_document(an_instrument("BTC-USDT", "USDT", "0.01"), an_instrument("BTC-USD", "BTC", "100"))
}


def answers(*rates: object, marks: object = "", interests: object = "") -> dict[str, object]:
    return LISTED | {RATES: a_document(*rates), MARKS: marks, INTERESTS: interests}


async def test_the_rate_belongs_to_the_coming_settlement_and_not_to_the_one_after() -> None:
    row = (await poll(PROFILE, answers(a_rate()))).rows["BTC/USDT:USDT"]

    assert (row.rate, row.funding_at) == (0.00012, at("2026-03-06T00:00"))


async def test_the_time_comes_from_the_row_which_ccxt_leaves_out() -> None:
    row = (await poll(PROFILE, answers(a_rate()))).rows["BTC/USDT:USDT"]

    assert row.observed_at == at("2026-03-05T17:02:03")


async def test_the_interval_is_the_gap_before_the_settlement_while_it_is_being_shortened() -> None:
    shortened = a_rate(prevFundingTime=str(SETTLES - 8 * HOUR_MS), nextFundingTime=str(SETTLES + 4 * HOUR_MS))

    row = (await poll(PROFILE, answers(shortened))).rows["BTC/USDT:USDT"]

    assert row.interval == timedelta(hours=8)


async def test_without_the_settlement_before_the_interval_is_the_gap_behind() -> None:
    two_hours = a_rate(nextFundingTime=str(SETTLES + 2 * HOUR_MS))

    assert (await poll(PROFILE, answers(two_hours))).rows["BTC/USDT:USDT"].interval == timedelta(hours=2)


async def test_an_interval_that_no_times_tell_is_unknown() -> None:
    for times in ({"nextFundingTime": ""}, {"nextFundingTime": str(SETTLES)}, {"fundingTime": ""}):
        assert (await poll(PROFILE, answers(a_rate(**times)))).rows["BTC/USDT:USDT"].interval is None


async def test_mark_prices_and_open_interest_come_from_two_more_batches() -> None:
    marks = a_document(
        {"instId": "BTC-USDT-SWAP", "instType": "SWAP", "markPx": "68000.1", "ts": "1772730123000"}
    )
    interests = a_document(
        {
            "instId": "BTC-USDT-SWAP",
            "instType": "SWAP",
            "oi": "2660239.59",
            "oiCcy": "26602.39",
            "oiUsd": "2433776053.9",
        }
    )

    polled = await poll(PROFILE, answers(a_rate(), a_rate("BTC-USD-SWAP"), marks=marks, interests=interests))

    row = polled.rows["BTC/USDT:USDT"]
    assert (row.mark_price, row.open_interest_contracts, row.open_interest_usd) == (
        68000.1,
        2660239.59,
        2433776053.9,
    )
    assert polled.rows["BTC/USD:BTC"].open_interest_usd is None
    assert polled.requests == [f"{RATES}?instId=ANY", f"{MARKS}?instType=SWAP", f"{INTERESTS}?instType=SWAP"]


async def test_the_rates_count_although_a_side_answer_failed() -> None:
    failed = {"code": "50026", "msg": "System error", "data": []}

    row = (await poll(PROFILE, answers(a_rate(), marks="<html></html>", interests=failed))).rows[
        "BTC/USDT:USDT"
    ]

    assert (row.rate, row.mark_price, row.open_interest_contracts) == (0.00012, None, None)


async def test_a_rate_limit_of_a_side_answer_concerns_the_whole_venue() -> None:
    limited = {"code": "50011", "msg": "Too Many Requests", "data": []}

    with pytest.raises(RateLimitExceeded):
        await poll(PROFILE, answers(a_rate(), marks=limited))


async def test_settled_rates_are_paged_back_from_the_end_and_are_those_realised() -> None:
    document = a_document(
        {
            "instId": "BTC-USDT-SWAP",
            "fundingRate": "0.0003",
            "realizedRate": "0.0002",
            "fundingTime": "1772726400000",
        }
    )

    page, requests = await history(
        PROFILE,
        LISTED | {"/api/v5/public/funding-rate-history": document},
        "BTC/USDT:USDT",
        (at("2026-03-01T00:00"), at("2026-03-06T00:00")),
    )

    assert page.rows == ((at("2026-03-05T16:00"), 0.0002, None),)
    assert requests == [
        "/api/v5/public/funding-rate-history?instId=BTC-USDT-SWAP&limit=100&after=1772755200000"
    ]
