import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
import structlog
from typing_extensions import override

from monitors.jobs.history import HistoryJob
from monitors.market import Backfill, FundingRate, Instrument, RateKind
from monitors.ports import VenueUnavailableError
from tests.builders import NOON, a_rate, an_instrument
from tests.fakes import FakeArchive, FakeClock, FakeSource

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
REST = 10 * MINUTE
PAUSE = timedelta(seconds=3)
LAST = NOON - 5 * MINUTE
"""Up to when a job started at noon asks."""
DOWN = VenueUnavailableError("HTTP 503")
BTC, ETH, SOL, XRP = (an_instrument("bybit", base) for base in ("BTC", "ETH", "SOL", "XRP"))


class OverError(Exception):
    """The test has seen enough rounds."""


@dataclass(slots=True)
class Rounds(FakeClock):
    """A clock on which the job rests so many times."""

    left: int = 1
    naps: list[timedelta] = field(default_factory=list)

    @override
    async def sleep(self, duration: timedelta) -> None:
        self.advance(duration)
        self.naps.append(duration)
        if duration == REST:
            self.left -= 1
            if not self.left:
                raise OverError


class History:
    """A history job between a fake venue and a fake archive; both outlive the job, as they do a restart."""

    def __init__(self, *listed: Instrument) -> None:
        self.clock = Rounds()
        self.archive = FakeArchive()
        self.source = FakeSource(listed=listed)

    def job(self, *, bases: frozenset[str] = frozenset(), span: timedelta = 2 * DAY) -> HistoryJob:
        return HistoryJob(self.source, self.archive, self.clock, bases=bases, span=span, pause=PAUSE)

    async def run(self, job: HistoryJob | None = None, *, rounds: int = 1) -> None:
        self.clock.left = rounds
        with pytest.raises(OverError):
            await (job or self.job()).run()

    @property
    def asked(self) -> list[str]:
        """The bases asked for, in order."""
        return [symbol.split("/")[0] for symbol, _, _ in self.source.asked]

    @property
    def windows(self) -> list[tuple[datetime, datetime]]:
        return [(since, until) for _, since, until in self.source.asked]

    def settles(self, instrument: Instrument, *hours_ago: float, hours: float | None = 8) -> None:
        self.source.settled_answers[instrument.symbol] = [
            a_rate(instrument=instrument, hours=hours, kind=RateKind.SETTLED, funding_at=NOON - ago * HOUR)
            for ago in hours_ago
        ]

    def fails(self, *instruments: Instrument) -> None:
        self.source.settled_answers |= {instrument.symbol: DOWN for instrument in instruments}


async def test_the_first_start_asks_for_the_whole_span_of_every_instrument() -> None:
    history = History(BTC, ETH)
    history.settles(BTC, 28, 20, 12, 4)

    await history.run()

    assert history.asked == ["BTC", "ETH"]
    assert history.windows[0] == (LAST - 2 * DAY, LAST)
    assert [rate.instrument for rate in history.archive.rates.values()] == [BTC] * 4
    assert history.archive.spans[BTC] == Backfill(instrument=BTC, since=LAST - 2 * DAY, until=LAST)


async def test_after_each_request_it_pauses() -> None:
    history = History(BTC, ETH)

    await history.run()

    assert history.clock.naps == [PAUSE, PAUSE, REST]


async def test_progress_is_kept_with_each_instrument_so_that_a_stopped_job_resumes() -> None:
    class Interrupted(FakeArchive):
        """An archive whose program is stopped once it has kept one instrument's history."""

        @override
        async def add_settled(self, rates: Sequence[FundingRate], backfill: Backfill) -> None:
            await super().add_settled(rates, backfill)
            raise OverError

    history = History(BTC, ETH, SOL)
    whole, history.archive = history.archive, Interrupted()
    await history.run()
    whole.spans = history.archive.spans
    history.archive = whole

    await history.run()

    assert history.asked == ["BTC", "ETH", "SOL"]


async def test_an_instrument_is_asked_about_again_only_once_a_settlement_has_passed() -> None:
    history = History(BTC)
    history.settles(BTC, 20, 12, 4)
    job = history.job()
    await history.run(job)

    await history.run(job, rounds=24)
    before = len(history.source.asked)
    await history.run(job, rounds=2)

    assert history.clock.now() > NOON + 4 * HOUR + 5 * MINUTE
    assert before == 1
    assert len(history.source.asked) == 2
    since, until = history.windows[1]
    assert since == LAST
    assert until > NOON + 4 * HOUR
    assert history.archive.spans[BTC] == Backfill(instrument=BTC, since=LAST - 2 * DAY, until=until)


@pytest.mark.parametrize("hours", [1, None], ids=["hourly", "unknown"])
async def test_an_interval_of_an_hour_or_not_known_is_asked_about_every_hour(hours: float | None) -> None:
    history = History(BTC)
    history.settles(BTC, 3, 2, 1, hours=hours)

    await history.run(rounds=25)

    assert history.clock.now() < NOON + 5 * HOUR
    assert len(history.source.asked) == 5


async def test_after_a_restart_the_interval_is_learnt_anew() -> None:
    history = History(BTC)
    history.settles(BTC, 20, 12, 4)
    await history.run()
    history.clock.advance(HOUR)

    await history.run(history.job())

    assert len(history.source.asked) == 2


async def test_an_instrument_that_fails_does_not_hold_up_the_rest() -> None:
    history = History(BTC, ETH, SOL)
    history.fails(BTC)

    await history.run()

    assert set(history.archive.spans) == {ETH, SOL}
    assert history.clock.naps[0] == MINUTE


async def test_an_instrument_that_failed_is_asked_about_again_in_the_next_round() -> None:
    history = History(BTC, ETH)
    history.fails(BTC)
    history.settles(ETH, 12, 4)
    job = history.job()
    await history.run(job)
    history.settles(BTC, 4)

    await history.run(job)

    assert history.asked == ["BTC", "ETH", "BTC"]
    assert BTC in history.archive.spans


async def test_three_failures_in_a_row_end_the_round() -> None:
    history = History(BTC, ETH, SOL, XRP)
    history.fails(BTC, ETH, SOL)

    with structlog.testing.capture_logs() as logs:
        await history.run()

    assert history.asked == ["BTC", "ETH", "SOL"]
    assert logs == [{"event": "history.waits", "venue": "bybit", "reason": "HTTP 503", "log_level": "info"}]
    assert history.clock.naps[-1] == REST


async def test_failures_with_an_answer_between_them_do_not_end_the_round() -> None:
    listed = [an_instrument("bybit", f"C{number}") for number in range(8)]
    history = History(*listed)
    history.fails(*(one for place, one in enumerate(listed) if place % 3 != 2))

    await history.run()

    assert len(history.asked) == 8


async def test_markets_that_cannot_be_loaded_are_waited_for() -> None:
    history = History()
    history.source.listed = DOWN
    job = history.job()
    await history.run(job)
    history.source.listed = [BTC]

    await history.run(job)

    assert history.asked == ["BTC"]


async def test_only_the_wanted_bases_are_fetched() -> None:
    history = History(BTC, ETH, SOL)

    await history.run(history.job(bases=frozenset({"ETH"})))

    assert history.asked == ["ETH"]


async def test_an_instrument_listed_later_gets_its_whole_span() -> None:
    history = History(BTC)
    history.settles(BTC, 12, 4)
    job = history.job()
    await history.run(job)
    history.source.listed = [BTC, ETH]

    await history.run(job)

    assert history.asked == ["BTC", "ETH"]
    since, until = history.windows[-1]
    assert until - since == 2 * DAY


@pytest.mark.parametrize("days", [3, 30])
async def test_a_longer_span_fetches_the_older_part_too(days: int) -> None:
    history = History(BTC)
    await history.run(history.job(span=2 * DAY))

    await history.run(history.job(span=days * DAY))

    since, until = history.windows[-1]
    assert until - since == days * DAY
    assert history.archive.spans[BTC].since == since


async def test_a_span_of_the_same_length_moves_on_without_fetching_anything_again() -> None:
    history = History(BTC)
    history.settles(BTC, 20, 12, 4)
    job = history.job()
    await history.run(job)

    await history.run(job, rounds=20)

    assert len(history.source.asked) == 1


async def test_progress_is_told_at_the_end_and_every_fifty_instruments() -> None:
    history = History(*(an_instrument("bybit", f"C{number}") for number in range(120)))

    with structlog.testing.capture_logs() as logs:
        await history.run()

    told = [(line["done"], line["of"]) for line in logs if line["event"] == "history.progress"]
    assert told == [(50, 120), (100, 120), (120, 120)]


async def test_cancelling_ends_it_at_once_and_what_was_kept_stays() -> None:
    class Slow(FakeSource):
        @override
        async def settled(
            self, instrument: Instrument, since: datetime, until: datetime
        ) -> Sequence[FundingRate]:
            reached.set()
            await asyncio.Event().wait()
            return ()

    reached = asyncio.Event()
    archive = FakeArchive(spans={BTC: Backfill(instrument=BTC, since=NOON - 9 * DAY, until=LAST)})
    job = HistoryJob(
        Slow(listed=[BTC, ETH]), archive, FakeClock(), bases=frozenset(), span=2 * DAY, pause=PAUSE
    )

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        running = group.create_task(job.run())
        await reached.wait()
        running.cancel()

    assert running.cancelled()
    assert set(archive.spans) == {BTC}
