from datetime import timedelta

from monitors.exchanges.venues.woo import PROFILE
from tests.exchanges.venues.loopback import UNREADABLE, at, history, poll

INSTRUMENTS = "/v3/public/instruments"
RATES = "/v3/public/fundingRate"
HISTORY = "/v3/public/fundingRateHistory"

BTC = {
    "symbol": "PERP_BTC_USDT",
    "estFundingRate": "-0.00000441",
    "estFundingRateTimestamp": 1751623979022,
    "lastFundingRate": "-0.00004953",
    "lastFundingRateTimestamp": 1751616000000,
    "nextFundingTime": 1751644800000,
    "lastFundingIntervalHours": 8,
    "estFundingIntervalHours": 4,
}
LISTED = {"success": True, "data": {"rows": [{"symbol": "PERP_BTC_USDT", "status": "TRADING"}]}}


def answers(*rows: object) -> dict[str, object]:
    return {INSTRUMENTS: LISTED, RATES: {"success": True, "data": {"rows": list(rows)}}}


async def test_the_rate_is_the_estimate_for_the_coming_settlement_with_that_settlements_interval() -> None:
    polled = await poll(PROFILE, answers(BTC))

    row = polled.rows["BTC/USDT:USDT"]
    assert (row.rate, row.interval) == (-0.00000441, timedelta(hours=4))
    assert (row.funding_at, row.observed_at) == (at("2025-07-04T16:00"), at("2025-07-04T10:12:59.022"))
    assert polled.requests == [RATES]


async def test_one_unlisted_symbol_keeps_its_raw_id_and_loses_nothing() -> None:
    polled = await poll(PROFILE, answers({**BTC, "symbol": "PERP_NEW_USDT"}, BTC))

    assert list(polled.rows) == ["PERP_NEW_USDT", "BTC/USDT:USDT"]


async def test_a_row_that_cannot_be_read_costs_only_itself() -> None:
    unreadable = {"symbol": "PERP_BTC_USDT", "estFundingRate": "n/a", "estFundingIntervalHours": 0}
    polled = await poll(PROFILE, answers("soon", {}, unreadable))

    assert [(row.symbol, row.rate, row.interval) for row in polled.rows.values()] == [
        ("", None, None),
        ("BTC/USDT:USDT", UNREADABLE, None),
    ]


async def test_settled_rates_leave_the_interval_to_their_spacing() -> None:
    """A row's `nextFundingTime` belongs to the settlement after it."""
    row = {
        "symbol": "PERP_BTC_USDT",
        "fundingRate": "-0.00004953",
        "fundingRateTimestamp": 1751616000000,
        "nextFundingTime": 1751644800000,
    }
    said = {"success": True, "data": {"rows": [row], "meta": {"total": 1, "recordsPerPage": 25}}}
    window = at("2025-07-04T08:00"), at("2025-07-05T09:00")
    page, requests = await history(PROFILE, {**answers(), HISTORY: said}, "BTC/USDT:USDT", window)

    assert page.rows == ((at("2025-07-04T08:00"), -0.00004953, None),)
    assert requests == [f"{HISTORY}?endTime=1751705999999&startTime=1751616000000&symbol=PERP_BTC_USDT"]
    assert PROFILE.settled_page_hours == 25
