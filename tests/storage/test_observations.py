"""What the venues said is found again, and numbers of instruments survive what goes wrong."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlite_utils import Database as Sql

from monitors.alerts.tick import Tick
from monitors.market import Backfill, FundingRate, Observation, OpenInterest, RateKind
from storage.database import Database
from storage.observations import Observations
from tests.builders import NOON, a_health, a_rate, an_instrument, an_observation


async def _commit(database: Database, observations: Observations, tick: Tick) -> None:
    await database.write(lambda sql: observations.record(sql, tick))


def _a_tick(*observations: Observation, at: datetime = NOON) -> Tick:
    return Tick(at=at, observations=observations)


def _a_settlement(hours_ago: int, rate: float = 0.0001, *, hours: float | None = 8) -> FundingRate:
    at = NOON - timedelta(hours=hours_ago)
    return a_rate(rate, hours=hours, kind=RateKind.SETTLED, funding_at=at, observed_at=at, mark_price=None)


async def test_latest_is_the_last_word_of_every_instrument_however_old(database: Database) -> None:
    observations = Observations(database)
    old = an_observation("okx", "ETH", 0.0002, usd=None)
    first, second = an_observation(rate=0.0001), an_observation(rate=-0.00035, hours=None)
    await _commit(database, observations, _a_tick(old, first))
    await _commit(database, observations, _a_tick(second, at=NOON + timedelta(minutes=1)))

    latest = await observations.latest()

    assert set(latest) == {old, second}


async def test_a_raw_minute_comes_back_exactly_but_for_the_dollars_cents(database: Database) -> None:
    observations = Observations(database)
    said = replace(
        an_observation(rate=0.1 + 0.2, observed_at=NOON - timedelta(milliseconds=1234), index_price=60_001.5),
        open_interest=OpenInterest(contracts=12.5, usd=750_000.6),
    )
    await _commit(database, observations, _a_tick(said, an_observation(base="ETH")))

    found = await observations.observed(said.funding.instrument, NOON, NOON + timedelta(minutes=1))

    assert found == [replace(said, open_interest=OpenInterest(contracts=12.5, usd=750_001))]


async def test_raw_minutes_are_found_by_their_polls_time(database: Database) -> None:
    observations = Observations(database)
    for minute in range(5):
        said = an_observation(rate=minute / 1e4)
        await _commit(database, observations, _a_tick(said, at=NOON + timedelta(minutes=minute)))

    found = await observations.observed(
        an_instrument(), NOON + timedelta(minutes=1), NOON + timedelta(minutes=3)
    )

    assert [observation.funding.rate for observation in found] == [0.0001, 0.0002]


async def test_what_polls_said_of_open_interest_of_late_is_found_at_once(database: Database) -> None:
    observations = Observations(database)
    here, there = an_observation("okx", usd=2e6), an_observation("bybit", usd=3e6)
    silent = an_observation("bybit", "ETH", usd=None)
    times = [NOON + timedelta(minutes=minute) for minute in range(3)]
    for at in times:
        await _commit(database, observations, _a_tick(here, there, silent, at=at))

    found = await observations.interests(times[1])

    assert found == [
        (one.funding.instrument, OpenInterest(contracts=None, usd=usd), at)
        for at in times[1:]
        for one, usd in ((here, 2e6), (there, 3e6))
    ]


async def test_a_tick_of_two_venues_keeps_both(database: Database) -> None:
    observations = Observations(database)
    here, there = an_observation("okx"), an_observation("bybit")
    await _commit(database, observations, _a_tick(here, there))

    found = [
        await observations.observed(one.funding.instrument, NOON, NOON + timedelta(minutes=1))
        for one in (here, there)
    ]

    assert found == [[here], [there]]


async def test_changed_contract_terms_are_kept_and_the_instrument_stays_itself(database: Database) -> None:
    observations = Observations(database)
    before, after = (
        replace(an_observation(), funding=a_rate(instrument=an_instrument(contract_size=size)))
        for size in (1.0, 0.1)
    )
    for said in (before, before, after, after):
        await _commit(database, observations, _a_tick(said))

    assert await observations.latest() == [after]


async def test_an_instrument_first_seen_in_a_failed_transaction_is_numbered_anew(database: Database) -> None:
    observations = Observations(database)
    failed, kept = _a_tick(an_observation(base="ETH")), _a_tick(an_observation(base="SOL"))

    def half(sql: Sql) -> None:
        observations.record(sql, failed)
        raise ValueError("half way")

    with pytest.raises(ValueError, match="half way"):
        await database.write(half)

    await _commit(database, observations, kept)
    await _commit(database, observations, failed)

    assert set(await observations.latest()) == {*failed.observations, *kept.observations}


async def test_numbers_of_instruments_survive_a_restart(database: Database) -> None:
    before, after = Observations(database), Observations(database)
    await _commit(database, before, _a_tick(an_observation(), an_observation(base="ETH")))

    await _commit(database, after, _a_tick(an_observation(base="ETH", rate=0.0007)))

    assert {one.funding.rate for one in await after.latest()} == {0.0001, 0.0007}


async def test_confirmed_intervals_survive_a_restart(database: Database) -> None:
    instrument = an_instrument()
    tick = Tick(at=NOON, intervals=((instrument, timedelta(hours=4)),))
    await _commit(database, Observations(database), tick)

    assert await Observations(database).intervals() == {instrument: timedelta(hours=4)}


async def test_an_instrument_without_a_confirmed_interval_has_none(database: Database) -> None:
    await _commit(database, Observations(database), _a_tick(an_observation()))

    assert await Observations(database).intervals() == {}


async def test_the_health_of_a_venue_is_its_last(database: Database) -> None:
    observations = Observations(database)
    well = a_health("okx")
    silent = a_health("okx", failing_since=NOON, reason="HTTP 451", blocked=True)
    for health in (well, silent, a_health("bybit")):
        await _commit(database, observations, Tick(at=NOON, health=health))

    found = await observations.health()

    assert found == {"okx": silent, "bybit": a_health("bybit")}


async def test_settled_rates_come_back_oldest_first_each_with_its_own_interval(database: Database) -> None:
    observations = Observations(database)
    rates = [
        _a_settlement(16, 0.0003),
        _a_settlement(8, -0.0001, hours=4),
        _a_settlement(4, 0.1 + 0.2, hours=None),
    ]
    await observations.add_settled(list(reversed(rates)))

    found = await observations.settled(an_instrument(), NOON - timedelta(hours=16))

    assert found == rates


async def test_what_all_instruments_paid_of_late_is_found_at_once(database: Database) -> None:
    observations = Observations(database)
    await observations.add_settled([_a_settlement(16), _a_settlement(8)])

    found = await observations.paid(NOON - timedelta(hours=12))

    assert found == [_a_settlement(8)]


async def test_settled_rates_before_the_wanted_time_are_left_out(database: Database) -> None:
    observations = Observations(database)
    await observations.add_settled([_a_settlement(16), _a_settlement(8)])

    found = await observations.settled(
        an_instrument(), NOON - timedelta(hours=16) + timedelta(milliseconds=1)
    )

    assert found == [_a_settlement(8)]


async def test_a_settlement_told_twice_is_kept_once_as_first_told(database: Database) -> None:
    observations = Observations(database)
    await observations.add_settled([_a_settlement(8, 0.0001)])
    await observations.add_settled([_a_settlement(8, 0.0009, hours=4)])

    assert await observations.settled(an_instrument(), NOON - timedelta(days=1)) == [_a_settlement(8, 0.0001)]


async def test_an_unknown_interval_of_a_settlement_is_filled_when_it_becomes_known(
    database: Database,
) -> None:
    observations = Observations(database)
    await observations.add_settled([_a_settlement(8, hours=None)])
    await observations.add_settled([_a_settlement(8, hours=8)])

    assert await observations.settled(an_instrument(), NOON - timedelta(days=1)) == [
        _a_settlement(8, hours=8)
    ]


async def test_an_instrument_never_seen_has_no_past(database: Database) -> None:
    observations, stranger = Observations(database), an_instrument(base="NEW")
    since, until = NOON - timedelta(days=1), NOON

    found = [
        await observations.settled(stranger, since),
        await observations.observed(stranger, since, until),
        (await observations.history([stranger], since, until))[stranger],
    ]

    assert found == [[], [], []]


async def test_the_progress_of_a_backfill_is_kept_with_its_rates(database: Database) -> None:
    observations = Observations(database)
    progress = Backfill(instrument=an_instrument(), since=NOON - timedelta(days=10), until=NOON)
    await observations.add_settled([_a_settlement(8)], progress)
    further = replace(progress, since=NOON - timedelta(days=30))
    await observations.add_settled([], further)

    assert await observations.backfills() == {an_instrument(): further}


async def test_a_page_of_a_backfill_that_fails_moves_neither_rates_nor_progress(database: Database) -> None:
    observations = Observations(database)
    progress = Backfill(instrument=an_instrument(), since=NOON - timedelta(days=10), until=NOON)

    with pytest.raises(ValueError, match="expected a settled rate"):
        await observations.add_settled([_a_settlement(8), a_rate()], progress)

    assert await observations.backfills() == {}
    assert await observations.settled(an_instrument(), NOON - timedelta(days=1)) == []
