"""Each venue whose payload we read ourselves, from its wire format to the market's own units."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import pytest

from monitors.exchanges.client import VenueClient
from monitors.exchanges.registry import profile
from tests.exchanges.venues import (
    test_bitfinex,
    test_deribit,
    test_dydx,
    test_krakenfutures,
    test_lighter,
    test_paradex,
    test_phemex,
    test_woo,
)
from tests.exchanges.venues.loopback import at, loopback
from tests.fakes import FakeClock

NOW = at("2025-07-04T10:20")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    venue: str
    answers: Mapping[str, object]
    symbol: str
    hourly: float
    open_interest: float | None
    funding_at: datetime | None = None


CASES = (
    Case(
        venue="krakenfutures",
        answers=test_krakenfutures.answers(test_krakenfutures.ENJ),
        symbol="ENJ/USD:USD",
        hourly=-1.7428910531497697e-05,
        open_interest=72513 * 0.0434,
        funding_at=at("2025-07-04T11:00"),
    ),
    Case(
        venue="krakenfutures",
        answers=test_krakenfutures.answers(test_krakenfutures.ETH),
        symbol="ETH/USD:ETH",
        hourly=6.077995999999145e-05,
        open_interest=1_500_000,
        funding_at=at("2025-07-04T11:00"),
    ),
    Case(
        venue="deribit",
        answers=test_deribit.answers(test_deribit.BTC),
        symbol="BTC/USD:BTC",
        hourly=1.62075e-05,
        open_interest=9_978_911_260,
    ),
    Case(
        venue="dydx",
        answers=test_dydx.answers(),
        symbol="BTC/USDC:USDC",
        hourly=0.0000125,
        open_interest=52.5 * 118976.5,
        funding_at=at("2025-07-04T11:00"),
    ),
    Case(
        venue="lighter",
        answers=test_lighter.answers(test_lighter.a_rate(0, 0.000096)),
        symbol="ETH/USDC:USDC",
        hourly=0.000012,
        open_interest=93 * 3024.5,
        funding_at=at("2025-07-04T11:00"),
    ),
    Case(
        venue="paradex",
        answers=test_paradex.answers(test_paradex.a_summary("BTC-USD-PERP")),
        symbol="BTC/USD:USDC",
        hourly=0.00002,
        open_interest=162.272 * 68465.25,
    ),
    Case(
        venue="bitfinex",
        answers=test_bitfinex.answers(test_bitfinex.BTC),
        symbol="BTC/USDT:USDT",
        hourly=1.8185e-05,
        open_interest=9636.07644994 * 29278.8925,
        funding_at=at("2025-07-04T16:00"),
    ),
    Case(
        venue="phemex",
        answers=test_phemex.answers([test_phemex.PLAIN_BTC], []),
        symbol="BTC/USDT:USDT",
        hourly=0.0000125,
        open_interest=1323.596 * 16830.97534951,
        funding_at=at("2025-07-04T16:00"),
    ),
    Case(
        venue="phemex",
        answers=test_phemex.answers([], [test_phemex.SCALED_ETH]),
        symbol="ETH/USD:ETH",
        hourly=-0.00039075 / 8,
        open_interest=1_298_050,
        funding_at=at("2025-07-04T16:00"),
    ),
    Case(
        venue="woo",
        answers=test_woo.answers(test_woo.BTC),
        symbol="BTC/USDT:USDT",
        hourly=-0.0000011025,
        open_interest=None,
        funding_at=at("2025-07-04T16:00"),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.venue} {case.symbol}")
async def test_a_poll_ends_in_hourly_rates_dollars_and_the_real_next_settlement(case: Case) -> None:
    polled = profile(case.venue)
    async with loopback(polled, case.answers) as venue:
        client = VenueClient(polled, FakeClock(present=NOW), configuration=venue.configuration)
        try:
            poll = await client.poll()
        finally:
            await client.close()

    (observation,) = poll.observations
    assert observation.funding.instrument.symbol == case.symbol
    assert observation.funding.hourly == pytest.approx(case.hourly, rel=1e-9)
    assert observation.funding.funding_at == case.funding_at
    dollars = observation.open_interest.usd if observation.open_interest else None
    assert dollars == (None if case.open_interest is None else pytest.approx(case.open_interest))
