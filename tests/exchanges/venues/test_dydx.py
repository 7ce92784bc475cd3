from monitors.exchanges.venues.dydx import PROFILE
from monitors.market import HOUR
from tests.exchanges.venues.loopback import UNREADABLE, at, history, poll

MARKETS = "/v4/perpetualMarkets"
HISTORY = "/v4/historicalFunding/BTC-USD"

BTC = {
    "clobPairId": "0",
    "ticker": "BTC-USD",
    "status": "ACTIVE",
    "oraclePrice": "118976.5",
    "nextFundingRate": "0.0000125",
    "openInterest": "52.5",
    "atomicResolution": -10,
    "quantumConversionExponent": -9,
    "tickSize": "1",
    "stepSize": "0.0001",
    "stepBaseQuantums": 1000000,
    "subticksPerTick": 100000,
}


def answers(**markets: object) -> dict[str, object]:
    return {MARKETS: {"markets": {"BTC-USD": BTC, **markets}}}


async def test_the_rate_is_predicted_for_the_running_hour() -> None:
    polled = await poll(PROFILE, answers())

    row = polled.rows["BTC/USDC:USDC"]
    assert (row.rate, row.funding_at, PROFILE.default_interval) == (0.0000125, None, HOUR)
    assert polled.requests == [MARKETS]


async def test_the_oracle_price_is_the_index_that_values_the_base_units() -> None:
    row = (await poll(PROFILE, answers())).rows["BTC/USDC:USDC"]

    assert (row.index_price, row.mark_price) == (118976.5, None)
    assert (row.open_interest_contracts, row.open_interest_usd) == (52.5, None)


async def test_a_market_listed_since_the_markets_were_loaded_keeps_its_raw_id() -> None:
    exchange = (await poll(PROFILE, answers())).exchange
    new = {**BTC, "ticker": "NEW-USD"}
    rows = list(PROFILE.rows(exchange, {"markets": {"NEW-USD": new, "BTC-USD": BTC}}))

    assert [row.symbol for row in rows] == ["NEW-USD", "BTC/USDC:USDC"]


async def test_a_row_that_cannot_be_read_costs_only_itself() -> None:
    exchange = (await poll(PROFILE, answers())).exchange
    said = {
        "A": None,
        "B": "soon",
        "C": {},
        "D": {**BTC, "nextFundingRate": "n/a", "oraclePrice": None},
        "E": BTC,
    }
    rows = list(PROFILE.rows(exchange, {"markets": said}))

    assert [(row.symbol, row.rate) for row in rows] == [
        ("", None),
        ("BTC/USDC:USDC", UNREADABLE),
        ("BTC/USDC:USDC", 0.0000125),
    ]
    assert rows[1].index_price is None


async def test_settled_rates_are_hourly() -> None:
    said = {
        "historicalFunding": [
            {"ticker": "BTC-USD", "rate": "0.00002", "effectiveAt": "2025-07-25T12:00:00.013Z"},
            {"ticker": "BTC-USD", "rate": "-0.00001", "effectiveAt": "2025-07-25T11:00:00.013Z"},
        ]
    }
    window = at("2025-07-25T11:00"), at("2025-07-25T12:00")
    page, requests = await history(PROFILE, {**answers(), HISTORY: said}, "BTC/USDC:USDC", window)

    assert sorted(page.rows) == [
        (at("2025-07-25T11:00:00.013"), -0.00001, HOUR),
        (at("2025-07-25T12:00:00.013"), 0.00002, HOUR),
    ]
    assert requests == [f"{HISTORY}?effectiveBeforeOrAt=2025-07-25T12%3A00%3A00.000Z"]
