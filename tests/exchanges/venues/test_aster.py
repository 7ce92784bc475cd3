from datetime import timedelta

from monitors.exchanges.venues.aster import PROFILE
from tests.exchanges.venues.loopback import at, history, loopback, poll

INFO, PREMIUM, FUNDING_INFO = "/fapi/v3/exchangeInfo", "/fapi/v3/premiumIndex", "/fapi/v3/fundingInfo"

LISTED: dict[str, object] = {
    INFO: {
        "symbols": [
            {
                "symbol": "BTCUSDT",
                "pair": "BTCUSDT",
                "contractType": "PERPETUAL",
                "deliveryDate": 4133404800000,
                "status": "TRADING",
                "baseAsset": "BTC",
                "quoteAsset": "USDT",
                "marginAsset": "USDT",
                "filters": [],
            }
        ]
    },
    "/api/v3/exchangeInfo": {"symbols": []},
}
ROW = {
    "symbol": "BTCUSDT",
    "markPrice": "68000.1",
    "indexPrice": "68010.5",
    "estimatedSettlePrice": "68005.0",
    "lastFundingRate": "0.00038246",
    "nextFundingTime": 1772755200000,
    "interestRate": "0.00010000",
    "time": 1772730123000,
}


async def test_the_coming_settlement_stands_where_ccxt_calls_it_next() -> None:
    polled = await poll(PROFILE, LISTED | {PREMIUM: [ROW]})

    row = polled.rows["BTC/USDT:USDT"]
    assert (row.rate, row.funding_at, row.interval) == (0.00038246, at("2026-03-06T00:00"), None)
    assert polled.requests == [PREMIUM]


async def test_adjusted_intervals_are_listed() -> None:
    adjusted = [
        {"symbol": "BTCUSDT", "interestRate": "0.0001", "time": 1756197479000, "fundingIntervalHours": 4}
    ]
    assert PROFILE.intervals is not None

    async with loopback(PROFILE, LISTED | {FUNDING_INFO: adjusted}) as venue:
        await venue.exchange.load_markets()
        assert await PROFILE.intervals(venue.exchange) == {"BTC/USDT:USDT": timedelta(hours=4)}


async def test_settled_rates_are_asked_for_by_window() -> None:
    past = {
        "/fapi/v3/fundingRate": [{"symbol": "BTCUSDT", "fundingTime": 1772726400000, "fundingRate": "0.0002"}]
    }

    page, requests = await history(
        PROFILE, LISTED | past, "BTC/USDT:USDT", (at("2026-03-01T00:00"), at("2026-03-06T00:00"))
    )

    assert page.rows == ((at("2026-03-05T16:00"), 0.0002, None),)
    assert "startTime=1772323200000&limit=1000&endTime=1772755199999" in requests[0]
