from datetime import timedelta

from monitors.exchanges.identity import identify
from monitors.exchanges.venues.gate import PROFILE
from monitors.market import Dropped, Instrument
from tests.exchanges.venues.loopback import at, history, poll

USDT, BTC = "/api/v4/futures/usdt/contracts", "/api/v4/futures/btc/contracts"


def a_contract(name: str = "BTC_USDT", **fields: object) -> dict[str, object]:
    contract: dict[str, object] = {
        "name": name,
        "type": "direct",
        "quanto_multiplier": "0.0001",
        "mark_price": "68000.1",
        "index_price": "68010.5",
        "funding_rate": "0.000219",
        "funding_rate_indicative": "0.000333",
        "funding_interval": 28800,
        "funding_next_apply": 1772755200,
        "order_price_deviate": "0.5",
        "order_price_round": "0.1",
        "order_size_min": 1,
        "order_size_max": 1000000,
        "leverage_max": "100",
        "position_size": 5223816,
        "status": "trading",
    }
    return contract | fields


async def test_the_contracts_of_both_settlement_coins_are_asked_for() -> None:
    inverse = a_contract("BTC_USD", type="inverse", quanto_multiplier="0")

    polled = await poll(PROFILE, {USDT: [a_contract()], BTC: [inverse]})

    assert set(polled.rows) == {"BTC/USDT:USDT", "BTC/USD:BTC"}
    assert polled.requests == [USDT, BTC]


async def test_the_rate_is_the_one_applied_next_and_not_the_deprecated_indication() -> None:
    row = (await poll(PROFILE, {USDT: [a_contract()], BTC: []})).rows["BTC/USDT:USDT"]

    assert (row.rate, row.funding_at) == (0.000219, at("2026-03-06T00:00"))
    assert (row.mark_price, row.index_price, row.interval) == (68000.1, 68010.5, timedelta(hours=8))


async def test_two_hours_which_ccxt_lets_through_as_milliseconds_are_two_hours() -> None:
    row = (await poll(PROFILE, {USDT: [a_contract(funding_interval=7200)], BTC: []})).rows["BTC/USDT:USDT"]

    assert row.interval == timedelta(hours=2)


async def test_open_interest_is_the_position_of_one_side_in_contracts() -> None:
    row = (await poll(PROFILE, {USDT: [a_contract()], BTC: []})).rows["BTC/USDT:USDT"]

    assert row.open_interest_contracts == 5223816


async def test_an_inverse_contract_is_one_dollar_and_a_third_coins_is_none_of_ours() -> None:
    inverse = a_contract("BTC_USD", type="inverse", quanto_multiplier="0")
    quanto = a_contract("ETH_USD", quanto_multiplier="0.000001")

    markets = (await poll(PROFILE, {USDT: [], BTC: [inverse, quanto]})).exchange.markets

    described = identify("gate", markets["BTC/USD:BTC"])
    assert isinstance(described, Instrument)
    assert described.contract_size == 1.0
    assert identify("gate", markets["ETH/USD:BTC"]) is Dropped.QUANTO


async def test_settled_rates_are_asked_for_in_seconds() -> None:
    listed = {
        USDT: [a_contract()],
        BTC: [],
        "/api/v4/futures/usdt/funding_rate": [{"r": "0.0002", "t": 1772726400}],
    }

    page, requests = await history(
        PROFILE, listed, "BTC/USDT:USDT", (at("2026-03-01T00:00"), at("2026-03-06T00:00"))
    )

    assert page.rows == ((at("2026-03-05T16:00"), 0.0002, None),)
    assert requests == [
        "/api/v4/futures/usdt/funding_rate?contract=BTC_USDT&limit=1000&from=1772323200&to=1772755199"
    ]
