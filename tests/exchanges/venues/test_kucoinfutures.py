import json
from datetime import timedelta

from monitors.exchanges.venues.kucoinfutures import PROFILE
from tests.exchanges.venues.loopback import at, history, poll, recorded

ACTIVE = "/api/v1/contracts/active"
RATES = "/api/ua/v2/market/funding-rate"


def a_contract(symbol: str = "XBTUSDTM", base: str = "XBT", **fields: object) -> dict[str, object]:
    contract: dict[str, object] = {
        "symbol": symbol,
        "baseCurrency": base,
        "quoteCurrency": "USDT",
        "settleCurrency": "USDT",
        "status": "Open",
        "isInverse": False,
        "multiplier": 0.001,
        "lotSize": 1,
        "tickSize": 0.1,
        "expireDate": None,
        "nextFundingRateTime": 21031525,
        "predictedFundingFeeRate": None,
        "markPrice": 68000.1,
        "indexPrice": 68010.5,
        "openInterest": "5191275",
    }
    return contract | fields


def a_rate(symbol: str = "XBTUSDTM", **fields: object) -> dict[str, object]:
    rate: dict[str, object] = {
        "symbol": symbol,
        "nextFundingRate": "-0.000004",
        "fundingTime": 1772755200000,
        "fundingRateCap": "0.003",
        "fundingRateFloor": "-0.003",
        "currentGranularity": 28800000,
        "newGranularity": 28800000,
        "newGranularityStartTime": 1750147200000,
    }
    return rate | fields


def a_document(*rows: object) -> dict[str, object]:
    return {"code": "200000", "data": list(rows)}


async def test_rates_and_prices_come_from_two_batches() -> None:
    polled = await poll(PROFILE, {ACTIVE: a_document(a_contract()), RATES: a_document(a_rate())})

    row = polled.rows["BTC/USDT:USDT"]
    assert (row.rate, row.mark_price, row.index_price) == (-0.000004, 68000.1, 68010.5)
    assert row.open_interest_contracts == 5191275
    assert polled.requests == [RATES, ACTIVE]


async def test_the_settlement_is_not_the_day_the_interval_last_changed() -> None:
    row = (await poll(PROFILE, {ACTIVE: a_document(a_contract()), RATES: a_document(a_rate())})).rows[
        "BTC/USDT:USDT"
    ]

    assert row.funding_at == at("2026-03-06T00:00")


async def test_two_hours_which_ccxt_lets_through_as_milliseconds_are_two_hours() -> None:
    rates = a_document(a_rate(currentGranularity=7200000))

    row = (await poll(PROFILE, {ACTIVE: a_document(a_contract()), RATES: rates})).rows["BTC/USDT:USDT"]

    assert row.interval == timedelta(hours=2)


async def test_funding_indices_among_the_contracts_are_passed_over() -> None:
    rates = a_document(a_rate(".XBTUSDTMFPI8H"), None, a_rate())

    polled = await poll(PROFILE, {ACTIVE: a_document(a_contract()), RATES: rates})

    assert set(polled.rows) == {"None", "BTC/USDT:USDT"}


async def test_the_rates_count_although_the_contracts_failed() -> None:
    served: dict[str, object] = {ACTIVE: a_document(a_contract()), RATES: a_document(a_rate())}
    polled = await poll(PROFILE, served)

    (row,) = PROFILE.rows(polled.exchange, (served[RATES], None))

    assert (row.rate, row.mark_price, row.open_interest_contracts) == (-0.000004, None, None)


async def test_the_recorded_contracts_give_prices_and_open_interest() -> None:
    text = recorded("jkorf-kucoin/Endpoints/Futures/ExchangeData/GetOpenContracts.txt")
    contracts = json.loads(text[text.index("{") :])

    row = (await poll(PROFILE, {ACTIVE: contracts, RATES: a_document(a_rate())})).rows["BTC/USDT:USDT"]

    assert (row.mark_price, row.index_price, row.open_interest_contracts) == (44514.03, 44510.78, 5191275.0)


async def test_settled_rates_are_asked_for_by_window() -> None:
    served = {
        ACTIVE: a_document(a_contract()),
        "/api/v1/contract/funding-rates": a_document(
            {"symbol": "XBTUSDTM", "fundingRate": 2.26e-4, "timepoint": 1772726400000}
        ),
    }

    page, requests = await history(
        PROFILE, served, "BTC/USDT:USDT", (at("2026-03-01T00:00"), at("2026-03-06T00:00"))
    )

    assert page.rows == ((at("2026-03-05T16:00"), 2.26e-4, None),)
    assert requests == ["/api/v1/contract/funding-rates?symbol=XBTUSDTM&from=1772323200000&to=1772755199999"]
