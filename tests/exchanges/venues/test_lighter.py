import pytest

from monitors.exchanges.venues.lighter import PROFILE
from monitors.market import HOUR
from tests.exchanges.venues.loopback import UNREADABLE, at, history, loopback, poll

RATES = "/api/v1/funding-rates"
BOOKS = "/api/v1/orderBookDetails"
HISTORY = "/api/v1/fundings"


def a_book(market_id: int, symbol: str, **fields: object) -> dict[str, object]:
    return {
        "symbol": symbol,
        "market_id": market_id,
        "market_type": "perp",
        "status": "active",
        "size_decimals": 4,
        "price_decimals": 2,
        "quote_multiplier": 10000,
        **fields,
    }


def a_rate(market_id: int, rate: object, exchange: str = "lighter") -> dict[str, object]:
    return {"market_id": market_id, "exchange": exchange, "symbol": "ETH", "rate": rate}


LISTED = {
    "code": 200,
    "order_book_details": [
        a_book(0, "ETH", open_interest=93.0, last_trade_price=3024.5),
        a_book(1, "BTC", open_interest="n/a", last_trade_price=90000.0),
    ],
    "spot_order_book_details": [a_book(2048, "ETH/USDC", market_type="spot")],
}


def answers(*rates: object) -> dict[str, object]:
    return {BOOKS: LISTED, RATES: {"code": 200, "funding_rates": list(rates)}}


async def test_the_rate_published_per_eight_hours_is_given_per_hour() -> None:
    polled = await poll(PROFILE, answers(a_rate(0, 0.00009599999999999999)))

    assert polled.rows["ETH/USDC:USDC"].rate == pytest.approx(0.000012)
    assert PROFILE.default_interval == HOUR
    assert polled.requests == [RATES, BOOKS]


async def test_open_interest_is_base_units_at_the_last_trade() -> None:
    polled = await poll(PROFILE, answers(a_rate(0, 0.0), a_rate(1, 0.0)))

    assert polled.rows["ETH/USDC:USDC"].open_interest_usd == 93.0 * 3024.5
    assert polled.rows["BTC/USDC:USDC"].open_interest_usd is None


async def test_open_interest_is_never_counted_in_contracts_of_the_wrong_size() -> None:
    polled = await poll(PROFILE, answers(a_rate(0, 0.0)))

    assert polled.exchange.market("ETH/USDC:USDC")["contractSize"] == 10000
    assert polled.rows["ETH/USDC:USDC"].open_interest_contracts is None


async def test_rates_of_other_exchanges_are_left_out() -> None:
    polled = await poll(
        PROFILE, answers(a_rate(0, 0.0001, "binance"), a_rate(0, 0.0002, "bybit"), a_rate(1, 0.0008))
    )

    assert {symbol: row.rate for symbol, row in polled.rows.items()} == {"BTC/USDC:USDC": 0.0001}


async def test_unlisted_and_unreadable_rows_cost_only_themselves() -> None:
    polled = await poll(PROFILE, answers(a_rate(777, 0.0008), a_rate(1, "n/a"), a_rate(0, 0.0008)))

    assert {symbol: row.rate for symbol, row in polled.rows.items()} == {
        "777": 0.0001,
        "BTC/USDC:USDC": UNREADABLE,
        "ETH/USDC:USDC": 0.0001,
    }


async def test_settled_rates_are_percent_with_the_paying_side_as_their_sign() -> None:
    said = {
        "code": 200,
        "resolution": "1h",
        "fundings": [
            {"timestamp": 1763532000, "value": "0.03", "rate": "0.0012", "direction": "long"},
            {"timestamp": 1763535600, "value": "0.01", "rate": "0.0478", "direction": "short"},
            {"timestamp": 1763539200, "value": "0.01", "rate": "0.0478", "direction": "neither"},
            {"timestamp": None, "value": "0.01", "rate": "0.0478", "direction": "long"},
        ],
    }
    window = at("2025-11-19T06:00"), at("2025-11-19T09:00")
    page, requests = await history(PROFILE, {**answers(), HISTORY: said}, "ETH/USDC:USDC", window)

    assert [row[0] for row in page.rows] == [at("2025-11-19T06:00"), at("2025-11-19T07:00")]
    assert [row[1] for row in page.rows] == pytest.approx([0.000012, -0.000478])
    assert {row[2] for row in page.rows} == {HOUR}
    assert requests == [
        f"{HISTORY}?market_id=0&resolution=1h&start_timestamp=1763532000000&end_timestamp=1763542800000&count_back=3"
    ]


async def test_without_the_second_answer_the_rates_still_count() -> None:
    async with loopback(PROFILE, {RATES: answers(a_rate(0, 0.0008))[RATES], BOOKS: {"code": 500}}) as venue:
        rows = list(PROFILE.rows(venue.exchange, await PROFILE.fetch(venue.exchange)))

    assert [(row.rate, row.open_interest_usd) for row in rows] == [(0.0001, None)]


async def test_the_streamed_percent_per_hour_of_the_same_moment_agrees() -> None:
    """ccxt's samples hold 0.000096 from this endpoint and 0.0012 % per hour from the socket."""
    polled = await poll(PROFILE, answers(a_rate(0, 0.000096)))

    assert polled.rows["ETH/USDC:USDC"].rate == pytest.approx(0.0012 / 100)
