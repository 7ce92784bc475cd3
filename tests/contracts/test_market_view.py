"""`bot.ports.MarketView`: what the store knows of the market."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

import pytest

from bot.live_market import LiveMarket
from bot.ports import MarketView
from monitors.alerts.tick import Tick
from monitors.market import FundingRate, Margin, Observation, RateKind, VenueHealth
from storage.database import Database
from storage.journal import Journal
from storage.observations import Observations
from storage.outbox import Outbox
from tests.builders import NOON, a_health, a_rate, an_instrument, an_observation
from tests.fakes import FakeMarketView

HOUR = timedelta(hours=1)
BTC, ETH = an_instrument("bybit", "BTC"), an_instrument("bybit", "ETH")


class Market(Protocol):
    """A view, and the three ways in which it gets to know something."""

    @property
    def view(self) -> MarketView: ...

    async def observe(self, *observations: Observation, health: VenueHealth | None = None) -> None: ...

    async def settle(self, rates: Sequence[FundingRate]) -> None: ...


class Stored:
    def __init__(self, database: Database) -> None:
        self.view = Observations(database)
        self._journal = Journal(database, self.view, Outbox(database, group_wait=HOUR))

    async def observe(self, *observations: Observation, health: VenueHealth | None = None) -> None:
        await self._journal.commit(Tick(at=NOON, observations=observations, health=health))

    async def settle(self, rates: Sequence[FundingRate]) -> None:
        await self.view.add_settled(rates)


class Live:
    """The view of a running bot, which hears of every tick."""

    def __init__(self, database: Database) -> None:
        self._stored = Stored(database)
        self.view = LiveMarket(self._stored.view)

    async def observe(self, *observations: Observation, health: VenueHealth | None = None) -> None:
        await self._stored.observe(*observations, health=health)
        self.view.put(observations)

    async def settle(self, rates: Sequence[FundingRate]) -> None:
        await self._stored.settle(rates)


class Faked:
    def __init__(self) -> None:
        self.view = FakeMarketView()

    async def observe(self, *observations: Observation, health: VenueHealth | None = None) -> None:
        self.view.observations = (*self.view.observations, *observations)
        self.view.venues = (*self.view.venues, *([health] if health else []))

    async def settle(self, rates: Sequence[FundingRate]) -> None:
        self.view.settled_rates = (*self.view.settled_rates, *rates)


@pytest.fixture(params=["storage", "live", "fake"])
def market(request: pytest.FixtureRequest, database: Database) -> Market:
    match request.param:
        case "storage":
            return Stored(database)
        case "live":
            return Live(database)
        case _:
            return Faked()


def a_settlement(hours_ago: float, rate: float = 0.0001) -> FundingRate:
    at = NOON - hours_ago * HOUR
    return a_rate(rate, instrument=BTC, kind=RateKind.SETTLED, funding_at=at, observed_at=at, mark_price=None)


async def test_a_market_never_seen_is_empty(market: Market) -> None:
    assert list(await market.view.latest()) == []
    assert list(await market.view.settled(BTC, NOON - 9 * HOUR)) == []
    assert dict(await market.view.health()) == {}


async def test_the_last_observation_of_each_instrument_is_known(market: Market) -> None:
    old = an_observation("bybit", "BTC", 0.0001)
    new = an_observation("bybit", "BTC", 0.0002, usd=None)
    other = an_observation("bybit", "BTC", margin=Margin.INVERSE)
    await market.observe(old, other)
    await market.observe(new)

    latest = await market.view.latest()

    assert sorted(latest, key=str) == sorted([new, other], key=str)


async def test_an_observation_is_known_however_old_and_unknown_values_stay_unknown(market: Market) -> None:
    ancient = an_observation(
        "bybit", hours=None, usd=None, funding_at=None, mark_price=None, observed_at=NOON - 9000 * HOUR
    )
    await market.observe(ancient)

    assert list(await market.view.latest()) == [ancient]


async def test_settled_rates_come_oldest_first_from_the_asked_time_on(market: Market) -> None:
    newest, oldest, middle = a_settlement(1), a_settlement(17), a_settlement(9)
    await market.settle([newest, oldest, middle])

    assert list(await market.view.settled(BTC, NOON - 17 * HOUR)) == [oldest, middle, newest]
    assert list(await market.view.settled(BTC, NOON - 9 * HOUR)) == [middle, newest]
    assert list(await market.view.settled(BTC, NOON)) == []


async def test_settled_rates_are_the_instruments_own(market: Market) -> None:
    await market.settle([a_settlement(1)])

    assert list(await market.view.settled(ETH, NOON - 9 * HOUR)) == []


async def test_health_is_known_by_venue(market: Market) -> None:
    okx = a_health("okx", failing_since=NOON, reason="HTTP 503")
    await market.observe(health=a_health("okx"))
    await market.observe(health=a_health("bybit"))
    await market.observe(health=okx)

    assert dict(await market.view.health()) == {"bybit": a_health("bybit"), "okx": okx}


async def test_a_running_bots_view_begins_with_what_was_kept(database: Database) -> None:
    stored, observation = Stored(database), an_observation("bybit", "BTC", 0.0001)
    await stored.observe(observation)
    view = LiveMarket(stored.view)

    await view.load()

    assert list(await view.latest()) == [observation]
