"""`monitors.jobs.history.Archive`: settled rates, and how far each instrument's history reaches."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

import pytest

from monitors.jobs.history import Archive
from monitors.market import Backfill, FundingRate, Instrument, RateKind
from storage.database import Database
from storage.observations import Observations
from tests.builders import NOON, a_rate, an_instrument
from tests.fakes import FakeArchive

HOUR = timedelta(hours=1)
BTC, ETH = an_instrument("bybit", "BTC"), an_instrument("bybit", "ETH")
LONG_AGO = NOON - timedelta(days=400)


class Shelf(Protocol):
    """An archive, and a look at the rates it keeps of an instrument, oldest first."""

    archive: Archive

    async def kept(self, instrument: Instrument) -> Sequence[FundingRate]: ...


class Stored:
    def __init__(self, database: Database) -> None:
        self._observations = Observations(database)
        self.archive: Archive = self._observations

    async def kept(self, instrument: Instrument) -> Sequence[FundingRate]:
        return await self._observations.settled(instrument, LONG_AGO)


class Faked:
    def __init__(self) -> None:
        self._fake = FakeArchive()
        self.archive: Archive = self._fake

    async def kept(self, instrument: Instrument) -> Sequence[FundingRate]:
        own = [rate for rate in self._fake.rates.values() if rate.instrument == instrument]
        return sorted(own, key=lambda rate: rate.funding_at or NOON)


@pytest.fixture(params=["storage", "fake"])
def shelf(request: pytest.FixtureRequest, database: Database) -> Shelf:
    return Stored(database) if request.param == "storage" else Faked()


def a_settlement(at: datetime, *, hours: float | None = 8, instrument: Instrument = BTC) -> FundingRate:
    return a_rate(
        0.0001,
        instrument=instrument,
        hours=hours,
        kind=RateKind.SETTLED,
        funding_at=at,
        observed_at=at,
        mark_price=None,
    )


def a_span(until: datetime = NOON, *, instrument: Instrument = BTC) -> Backfill:
    return Backfill(instrument=instrument, since=NOON - timedelta(days=30), until=until)


async def test_an_instrument_not_begun_is_not_there(shelf: Shelf) -> None:
    await shelf.archive.add_settled([], a_span(instrument=ETH))

    assert BTC not in await shelf.archive.backfills()


async def test_rates_and_the_span_they_fill_are_kept(shelf: Shelf) -> None:
    rates = [a_settlement(NOON - 16 * HOUR), a_settlement(NOON - 8 * HOUR)]

    await shelf.archive.add_settled(rates, a_span())

    assert await shelf.archive.backfills() == {BTC: a_span()}
    assert list(await shelf.kept(BTC)) == rates


async def test_a_span_without_a_settlement_is_fetched_all_the_same(shelf: Shelf) -> None:
    await shelf.archive.add_settled([], a_span())

    assert await shelf.archive.backfills() == {BTC: a_span()}


async def test_a_later_span_takes_the_place_of_the_one_before(shelf: Shelf) -> None:
    await shelf.archive.add_settled([], a_span(NOON - HOUR))

    await shelf.archive.add_settled([], a_span(NOON))

    assert await shelf.archive.backfills() == {BTC: a_span(NOON)}


async def test_instruments_have_their_own_rates_and_spans(shelf: Shelf) -> None:
    await shelf.archive.add_settled([a_settlement(NOON)], a_span())
    await shelf.archive.add_settled([a_settlement(NOON, instrument=ETH)], a_span(instrument=ETH))

    assert set(await shelf.archive.backfills()) == {BTC, ETH}
    assert [rate.instrument for rate in await shelf.kept(ETH)] == [ETH]


async def test_a_settlement_fetched_twice_is_kept_once_and_as_it_was(shelf: Shelf) -> None:
    first = a_settlement(NOON - 8 * HOUR)
    await shelf.archive.add_settled([first], a_span())

    await shelf.archive.add_settled([replace(first, rate=0.9, interval=HOUR)], a_span())

    assert list(await shelf.kept(BTC)) == [first]


async def test_an_interval_learnt_later_completes_a_settlement(shelf: Shelf) -> None:
    await shelf.archive.add_settled([a_settlement(NOON, hours=None)], a_span())

    await shelf.archive.add_settled([a_settlement(NOON, hours=8)], a_span())

    assert [rate.interval for rate in await shelf.kept(BTC)] == [8 * HOUR]
