from datetime import timedelta

from monitors.exchanges.venues.paradex import PROFILE
from tests.exchanges.venues.loopback import at, poll

MARKETS = "/v1/markets"
SUMMARY = "/v1/markets/summary"


def a_market(symbol: str, **fields: object) -> dict[str, object]:
    return {
        "symbol": symbol,
        "base_currency": symbol.split("-", maxsplit=1)[0],
        "quote_currency": "USD",
        "settlement_currency": "USDC",
        "asset_kind": "PERP",
        "expiry_at": 0,
        "funding_period_hours": 8,
        **fields,
    }


def a_summary(symbol: str, rate: object = "0.00016") -> dict[str, object]:
    return {
        "symbol": symbol,
        "oracle_price": "68460.1",
        "mark_price": "68465.25",
        "underlying_price": "68450.5",
        "open_interest": "162.272",
        "funding_rate": rate,
        "created_at": 1718170156580,
    }


LISTED = {
    "results": [
        a_market("BTC-USD-PERP"),
        a_market("GOLD-USD-PERP", funding_period_hours=24),
        a_market("ETH-USD-PERP", funding_period_hours=0),
        a_market("BTC-USD-96000-C", asset_kind="OPTION", option_type="CALL", strike_price="96000"),
    ]
}


def answers(*summaries: object) -> dict[str, object]:
    return {MARKETS: LISTED, SUMMARY: {"results": list(summaries)}}


async def test_all_markets_come_in_one_answer() -> None:
    polled = await poll(PROFILE, answers(a_summary("BTC-USD-PERP")))

    row = polled.rows["BTC/USD:USDC"]
    assert (row.rate, row.open_interest_contracts) == (0.00016, 162.272)
    assert (row.mark_price, row.index_price) == (68465.25, 68450.5)
    assert row.observed_at == at("2024-06-12T05:29:16.580")
    assert polled.requests == [f"{SUMMARY}?market=ALL"]


async def test_the_rate_is_for_the_whole_funding_period_of_its_market() -> None:
    symbols = ("BTC-USD-PERP", "GOLD-USD-PERP", "ETH-USD-PERP")
    polled = await poll(PROFILE, answers(*map(a_summary, symbols)))

    assert [row.interval for row in polled.rows.values()] == [timedelta(hours=8), timedelta(hours=24), None]
    assert PROFILE.default_interval == timedelta(hours=8)


async def test_funding_is_continuous_so_there_are_neither_settlements_nor_settled_rates() -> None:
    row = (await poll(PROFILE, answers(a_summary("BTC-USD-PERP")))).rows["BTC/USD:USDC"]

    assert (row.funding_at, PROFILE.continuous, PROFILE.settled) == (None, True, None)


async def test_options_unlisted_and_unreadable_rows_cost_only_themselves() -> None:
    option, unlisted = a_summary("BTC-USD-96000-C", ""), a_summary("NEW-USD-PERP")
    polled = await poll(PROFILE, answers(option, unlisted, "soon", {}, a_summary("BTC-USD-PERP")))

    assert {symbol: row.rate for symbol, row in polled.rows.items()} == {
        "BTC/USD:USDC-96000-C": None,
        "NEW-USD-PERP": 0.00016,
        "": None,
        "BTC/USD:USDC": 0.00016,
    }
