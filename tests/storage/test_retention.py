"""Minutes become hours, old ones go, and no hour is missing or counted twice on the way."""

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitors.alerts.chats import Change
from monitors.alerts.tick import Tick
from monitors.market import RateKind
from storage import retention
from storage.database import Database
from storage.history import BLOCK_HOURS, Hour
from storage.journal import Journal
from storage.observations import Observations
from storage.outbox import Outbox
from storage.records import Records
from storage.retention import Retention, roll
from tests.builders import HOME, a_rate, an_instrument, an_observation
from tests.storage.outboxes import alerts, an_outbox, put, tell_all

MIDNIGHT = datetime(2026, 3, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)
BASES = ("BTC", "ETH", "SOL")
SHORT = Retention(raw=timedelta(hours=8), hourly=timedelta(days=2), settled=timedelta(days=2))


async def _poll(database: Database, at: datetime, rate: float = 0.0008, *, hours: float | None = 8) -> None:
    journal = Journal(database, Observations(database), Outbox(database, group_wait=timedelta(0)))
    told = tuple(an_observation(base=base, rate=rate, hours=hours, usd=2e6, observed_at=at) for base in BASES)
    await journal.commit(Tick(at=at, observations=told))


async def _poll_every_quarter(database: Database, since: datetime, hours: int) -> None:
    for quarter in range(4 * hours):
        await _poll(database, since + quarter * HOUR / 4, rate=0.0008 + 1e-6 * quarter)


async def _history(database: Database, since: datetime, until: datetime) -> Sequence[Hour]:
    found = await Observations(database).history([an_instrument()], since, until)
    return found[an_instrument()]


async def _counts(database: Database) -> dict[str, int]:
    return await database.read(
        lambda sql: {name: sql.table(name).count for name in ("polls", "observations", "hourly")}
    )


async def test_an_hour_is_the_mean_the_extremes_and_the_number_of_its_polls(database: Database) -> None:
    for minute, rate in ((0, 0.0008), (20, 0.0016), (40, -0.0016)):
        await _poll(database, MIDNIGHT + timedelta(minutes=minute), rate)

    (hour,) = await _history(database, MIDNIGHT, MIDNIGHT + HOUR)

    assert hour.at == MIDNIGHT
    assert (hour.mean, hour.low, hour.high) == pytest.approx((0.0008 / 24, -0.0002, 0.0002))
    assert (hour.open_interest_usd, hour.samples) == (2e6, 3)


async def test_rolling_up_changes_nothing_that_history_tells_but_its_last_digits(database: Database) -> None:
    await _poll_every_quarter(database, MIDNIGHT, 20)
    before = await _history(database, MIDNIGHT, MIDNIGHT + 20 * HOUR)

    await roll(database, MIDNIGHT + 20 * HOUR, SHORT)

    after = await _history(database, MIDNIGHT, MIDNIGHT + 20 * HOUR)
    assert [(hour.at, hour.samples) for hour in after] == [(hour.at, hour.samples) for hour in before]
    assert [hour.mean for hour in after] == pytest.approx([hour.mean for hour in before], abs=0.6e-9)
    assert (await _counts(database))["hourly"] == 2 * BLOCK_HOURS * len(BASES)


async def test_a_gap_stays_visible(database: Database) -> None:
    await _poll(database, MIDNIGHT)
    await _poll(database, MIDNIGHT + 3 * HOUR)
    await roll(database, MIDNIGHT + 9 * HOUR, SHORT)

    hours = await _history(database, MIDNIGHT, MIDNIGHT + 8 * HOUR)

    assert [(hour.at, hour.samples) for hour in hours] == [(MIDNIGHT, 1), (MIDNIGHT + 3 * HOUR, 1)]


async def test_an_unknown_interval_leaves_the_rate_of_an_hour_unknown(database: Database) -> None:
    await _poll(database, MIDNIGHT, hours=None)
    before = await _history(database, MIDNIGHT, MIDNIGHT + HOUR)
    await roll(database, MIDNIGHT + 9 * HOUR, SHORT)

    after = await _history(database, MIDNIGHT, MIDNIGHT + HOUR)

    assert before == after
    assert (after[0].mean, after[0].low, after[0].high, after[0].samples) == (None, None, None, 1)


async def test_history_begins_and_ends_at_whole_hours_within_the_asked_span(database: Database) -> None:
    await _poll_every_quarter(database, MIDNIGHT, 12)
    await roll(database, MIDNIGHT + 12 * HOUR, SHORT)

    hours = await _history(database, MIDNIGHT + HOUR / 2, MIDNIGHT + 9 * HOUR + HOUR / 2)

    assert [hour.at for hour in hours] == [MIDNIGHT + n * HOUR for n in range(1, 10)]


async def test_a_block_that_has_not_ended_is_left_in_minutes(database: Database) -> None:
    await _poll_every_quarter(database, MIDNIGHT, 8)

    await roll(database, MIDNIGHT + 8 * HOUR, SHORT)

    assert (await _counts(database))["hourly"] == 0


async def test_minutes_go_when_they_are_old_but_never_before_their_hours_are_written(
    database: Database,
) -> None:
    await _poll_every_quarter(database, MIDNIGHT, 20)

    await roll(database, MIDNIGHT + 20 * HOUR, replace(SHORT, raw=HOUR))

    counts = await _counts(database)
    assert counts["polls"] == 4 * 4
    assert counts["observations"] == 4 * 4 * len(BASES)


async def test_the_last_word_of_an_instrument_outlives_its_minutes(database: Database) -> None:
    gone, delisted = an_observation(base="OLD", rate=0.0001), an_observation(base="OLD", rate=0.0002)
    journal = Journal(database, Observations(database), Outbox(database, group_wait=timedelta(0)))
    await journal.commit(Tick(at=MIDNIGHT, observations=(gone,)))
    await journal.commit(Tick(at=MIDNIGHT + HOUR, observations=(delisted,)))
    await _poll_every_quarter(database, MIDNIGHT + 2 * HOUR, 30)

    await roll(database, MIDNIGHT + 32 * HOUR, SHORT)

    latest = await Observations(database).latest()
    assert [told for told in latest if told.funding.instrument.base == "OLD"] == [delisted]
    assert (await _counts(database))["observations"] == 4 * 8 * len(BASES) + 1


async def test_young_minutes_stay_although_their_hours_are_written(database: Database) -> None:
    await _poll_every_quarter(database, MIDNIGHT, 20)

    await roll(database, MIDNIGHT + 20 * HOUR, replace(SHORT, raw=timedelta(hours=10)))

    assert (await _counts(database))["polls"] == 4 * 10


async def test_over_days_of_rolling_every_hour_is_told_exactly_once(database: Database) -> None:
    for day_third in range(9):
        begin = MIDNIGHT + day_third * 8 * HOUR
        for hour in range(8):
            await _poll(database, begin + hour * HOUR)
        await roll(database, begin + 8 * HOUR - HOUR / 3, Retention(raw=timedelta(hours=8)))
        until = begin + 8 * HOUR

        hours = await _history(database, MIDNIGHT, until)

        assert [one.at for one in hours] == [MIDNIGHT + n * HOUR for n in range(8 * (day_third + 1))]


async def test_a_roll_up_that_crashed_between_slices_goes_on_where_it_was(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _poll_every_quarter(database, MIDNIGHT, 17)
    expected = await _history(database, MIDNIGHT, MIDNIGHT + 17 * HOUR)
    monkeypatch.setattr(retention, "SLICE_ROWS", 32)  # one instrument's block a slice
    now = MIDNIGHT + 17 * HOUR
    crash = """CREATE TRIGGER crash BEFORE INSERT ON hourly WHEN (NEW.slot >> 3 & 65535) = 3
        BEGIN SELECT RAISE(ABORT, 'crash'); END"""
    await database.write(lambda sql: sql.execute(crash))

    with pytest.raises(sqlite3.IntegrityError, match="crash"):
        await roll(database, now, SHORT)
    halfway = await _history(database, MIDNIGHT, now)
    packed = (await _counts(database))["hourly"]
    await database.write(lambda sql: sql.execute("DROP TRIGGER crash"))
    await roll(database, now, SHORT)

    after = await _history(database, MIDNIGHT, now)
    assert packed == 2 * BLOCK_HOURS
    assert halfway == expected
    assert [(hour.at, hour.samples) for hour in after] == [(hour.at, hour.samples) for hour in expected]


async def test_rolling_again_without_need_does_nothing(database: Database) -> None:
    await _poll_every_quarter(database, MIDNIGHT, 20)
    await roll(database, MIDNIGHT + 20 * HOUR, SHORT)
    before = await _counts(database)

    await roll(database, MIDNIGHT + 20 * HOUR, SHORT)

    assert await _counts(database) == before


async def test_a_bot_that_was_off_for_days_goes_on_with_the_next_block_it_has(database: Database) -> None:
    await _poll_every_quarter(database, MIDNIGHT, 3)
    later = MIDNIGHT + timedelta(days=1, hours=4)
    await roll(database, later, SHORT)
    await _poll_every_quarter(database, later, 12)

    await roll(database, later + 12 * HOUR, SHORT)

    hours = await _history(database, MIDNIGHT, later + 12 * HOUR)
    assert [hour.at for hour in hours] == [
        *(MIDNIGHT + n * HOUR for n in range(3)),
        *(later + n * HOUR for n in range(12)),
    ]


async def test_hours_and_settlements_past_their_time_go(database: Database) -> None:
    observations = Observations(database)
    settlements = [MIDNIGHT + n * 8 * HOUR for n in range(9)]
    await observations.add_settled(
        [a_rate(kind=RateKind.SETTLED, funding_at=at, observed_at=at) for at in settlements]
    )
    for at in settlements:
        await _poll(database, at)

    await roll(database, MIDNIGHT + timedelta(days=3, hours=5), SHORT)

    hours = await _history(database, MIDNIGHT - HOUR, MIDNIGHT + timedelta(days=4))
    settled = await observations.settled(an_instrument(), MIDNIGHT)
    assert hours[0].at == MIDNIGHT + timedelta(days=1)
    assert [rate.funding_at for rate in settled] == settlements[3:]


async def test_records_go_after_their_time_and_waiting_letters_stay(database: Database) -> None:
    outbox = await an_outbox(database, *alerts(1), at=MIDNIGHT)
    await tell_all(outbox, MIDNIGHT + HOUR)
    await put(database, outbox, alerts(2)[1:], MIDNIGHT)
    await Records(database).note(_a_change(MIDNIGHT))

    kept = []
    for days in (400, 401):
        await roll(database, MIDNIGHT + timedelta(days=days), Retention())
        counts = await outbox.counts()
        kept.append((counts.delivered, counts.waiting, len(await Records(database).changes(HOME, 9))))

    assert kept == [(1, 1, 1), (0, 1, 0)]


async def test_a_chat_keeps_its_newest_records_and_no_other_chats(database: Database) -> None:
    records, other = Records(database), replace(HOME, chat="other")
    outbox = await an_outbox(database, *alerts(3), *alerts(2, chat=other), at=MIDNIGHT)
    told = await tell_all(outbox, MIDNIGHT + HOUR / 60)
    await put(database, outbox, alerts(4)[3:], MIDNIGHT)
    for hour in range(3):
        await records.note(_a_change(MIDNIGHT + hour * HOUR))

    await roll(database, MIDNIGHT + 9 * HOUR, Retention(records_per_chat=2))

    here, there = await records.told(HOME, 9), await records.told(other, 9)
    newest = sorted((letter.number for letter in told if letter.destination == HOME), reverse=True)[:2]
    assert [past.number for past in here if past.state == "delivered"] == newest
    assert [past.state for past in here] == ["waiting", "delivered", "delivered"]
    assert len(there) == 2
    assert [change.at for change in await records.changes(HOME, 9)] == [MIDNIGHT + 2 * HOUR, MIDNIGHT + HOUR]


async def test_more_records_than_a_slice_go_in_several(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "SLICE_RECORDS", 2)
    for hour in range(7):
        await Records(database).note(_a_change(MIDNIGHT + hour * HOUR))

    await roll(database, MIDNIGHT + timedelta(days=400, hours=1), Retention(records_per_chat=1))

    assert [change.at for change in await Records(database).changes(HOME, 9)] == [MIDNIGHT + 6 * HOUR]


def _a_change(at: datetime) -> Change:
    return Change(destination=HOME, at=at, user="1", name="Ann", what="added rule 7")


async def test_an_empty_database_has_nothing_to_roll(database: Database) -> None:
    await roll(database, MIDNIGHT, Retention())

    assert await _counts(database) == {"polls": 0, "observations": 0, "hourly": 0}
