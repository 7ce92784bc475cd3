from datetime import timedelta

import pytest

from monitors.exchanges.identity import identify
from monitors.exchanges.venues.hyperliquid import PROFILE
from monitors.market import Dropped, Instrument
from tests.exchanges.venues.loopback import at, loopback, poll

CONTEXT = {
    "funding": "0.0000125",
    "openInterest": "25000.5",
    "markPx": "68000.1",
    "oraclePx": "68010.5",
    "premium": "0.0001",
}


def an_answer(*assets: dict[str, object]) -> list[object]:
    universe = [{"szDecimals": 2, "maxLeverage": 40} | asset for asset in assets]
    return [{"universe": universe}, [CONTEXT for _ in assets]]


async def test_one_request_gives_rate_prices_and_open_interest() -> None:
    polled = await poll(PROFILE, {"/info": an_answer({"name": "BTC"})})

    row = polled.rows["BTC/USDC:USDC"]
    assert (row.rate, row.interval, row.open_interest_contracts) == (0.0000125, timedelta(hours=1), 25000.5)
    assert (row.mark_price, row.index_price) == (68000.1, 68010.5)
    assert polled.requests == ["/info"]


async def test_the_settlement_is_not_read_from_this_machines_clock() -> None:
    assert (await poll(PROFILE, {"/info": an_answer({"name": "BTC"})})).rows[
        "BTC/USDC:USDC"
    ].funding_at is None


async def test_a_thousand_of_a_coin_is_known_by_its_small_k() -> None:
    polled = await poll(PROFILE, {"/info": an_answer({"name": "kPEPE"}, {"name": "KAS"})})

    described = [identify("hyperliquid", polled.exchange.markets[symbol]) for symbol in polled.rows]
    assert [(known.base, known.multiplier) for known in described if isinstance(known, Instrument)] == [
        ("PEPE", 1000.0),
        ("KAS", 1.0),
    ]


async def test_a_delisted_coin_is_unlisted() -> None:
    polled = await poll(PROFILE, {"/info": an_answer({"name": "MATIC", "isDelisted": True})})

    assert identify("hyperliquid", polled.exchange.markets["MATIC/USDC:USDC"]) is Dropped.UNLISTED


@pytest.mark.parametrize(
    "answer", ["<html></html>", [], [{"universe": [{"name": "BTC"}]}, []], [{}], {"error": "x"}]
)
async def test_lists_that_do_not_match_are_no_answer(answer: object) -> None:
    async with loopback(PROFILE, {}) as venue:
        assert list(PROFILE.rows(venue.exchange, answer)) == []


async def test_settled_rates_are_those_of_the_coin_by_its_own_name() -> None:
    assert PROFILE.settled is not None
    async with loopback(PROFILE, {"/info": an_answer({"name": "kPEPE"})}) as venue:
        await venue.exchange.load_markets()
    rates = [{"coin": "kPEPE", "fundingRate": "0.0000125", "premium": "0", "time": 1772726400031}]

    async with loopback(PROFILE, {"/info": rates}) as past:
        past.exchange.set_markets(venue.exchange.markets)
        page = await PROFILE.settled(
            past.exchange, "KPEPE/USDC:USDC", at("2026-03-01T00:00"), at("2026-03-06T00:00")
        )

    assert page.rows == ((at("2026-03-05T16:00:00.031"), 0.0000125, None),)
