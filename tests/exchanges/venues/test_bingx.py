from datetime import timedelta

from monitors.exchanges.profile import SettledPage
from monitors.exchanges.venues.bingx import PROFILE
from tests.exchanges.venues.loopback import at, history, poll

LINEAR_MARKETS = "/openApi/swap/v2/quote/contracts"
INVERSE_MARKETS = "/openApi/cswap/v1/market/contracts"
LINEAR, INVERSE = "/openApi/swap/v2/quote/premiumIndex", "/openApi/cswap/v1/market/premiumIndex"
WINDOW = (at("2026-03-01T00:00"), at("2026-03-06T00:00"))


def a_document(*rows: object) -> dict[str, object]:
    return {"code": 0, "msg": "", "data": list(rows)}


LISTED = {
    LINEAR_MARKETS: a_document(
        {
            "symbol": "BTC-USDT",
            "size": "0.0001",
            "quantityPrecision": "4",
            "pricePrecision": "1",
            "currency": "USDT",
            "asset": "BTC",
            "status": "1",
            "apiStateOpen": "true",
            "apiStateClose": "true",
        }
    ),
    INVERSE_MARKETS: a_document(
        {"symbol": "BTC-USD", "pricePrecision": 1, "minTickSize": "100", "minQty": "1", "status": 1}
    ),
    "/openApi/spot/v1/common/symbols": {"code": 0, "data": {"symbols": []}},
}


def a_premium(symbol: str, **fields: object) -> dict[str, object]:
    premium: dict[str, object] = {
        "symbol": symbol,
        "markPrice": "68000.1",
        "indexPrice": "68010.5",
        "lastFundingRate": "0.0001",
        "nextFundingTime": 1772755200000,
        "fundingIntervalHours": 4,
        "updateTime": 1772730123000,
    }
    return premium | fields


async def test_linear_and_coin_margined_perpetuals_take_one_request_each() -> None:
    served = LISTED | {LINEAR: a_document(a_premium("BTC-USDT")), INVERSE: a_document(a_premium("BTC-USD"))}

    polled = await poll(PROFILE, served)

    assert set(polled.rows) == {"BTC/USDT:USDT", "BTC/USD:BTC"}
    assert [request.split("?")[0] for request in polled.requests] == [LINEAR, INVERSE]


async def test_the_coming_settlement_stands_where_ccxt_calls_it_next() -> None:
    served = LISTED | {LINEAR: a_document(a_premium("BTC-USDT")), INVERSE: a_document()}

    row = (await poll(PROFILE, served)).rows["BTC/USDT:USDT"]

    assert (row.funding_at, row.interval) == (at("2026-03-06T00:00"), timedelta(hours=4))
    assert row.observed_at == at("2026-03-05T17:02:03")


async def test_a_row_without_its_interval_has_none() -> None:
    served = LISTED | {
        LINEAR: a_document(),
        INVERSE: a_document(a_premium("BTC-USD", fundingIntervalHours=None)),
    }

    assert (await poll(PROFILE, served)).rows["BTC/USD:BTC"].interval is None


async def test_settled_rates_are_asked_for_by_window() -> None:
    past = a_document({"symbol": "BTC-USDT", "fundingRate": "0.0002", "fundingTime": 1772726400000})

    page, requests = await history(
        PROFILE, LISTED | {"/openApi/swap/v2/quote/fundingRate": past}, "BTC/USDT:USDT", WINDOW
    )

    assert page.rows == ((at("2026-03-05T16:00"), 0.0002, None),)
    assert "startTime=1772323200000" in requests[0]
    assert "endTime=1772755199999" in requests[0]


async def test_coin_margined_funding_has_no_public_history_and_is_not_asked_for() -> None:
    assert await history(PROFILE, LISTED, "BTC/USD:BTC", WINDOW) == (SettledPage(rows=()), [])
