from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
import structlog

from monitors.alerts.tick import Tick
from monitors.engine import Engine, Memory, Universe
from monitors.jobs.funding import FundingJob, settlement_delay
from monitors.jobs.pipeline import Pipeline
from monitors.jobs.schedule import Work
from monitors.market import Poll
from monitors.ports import VenueUnavailableError
from tests.builders import NOON, a_rule, an_observation
from tests.fakes import FakeClock, FakeJournal, FakeSource

MINUTE = timedelta(minutes=1)
DOWN = VenueUnavailableError("timed out")


def an_answer(rate: float = 0.0001, *, funding_at: datetime | None = NOON + timedelta(hours=4)) -> Poll:
    observation = an_observation("bybit", rate=rate, funding_at=funding_at)
    return Poll(venue="bybit", received_at=NOON, observations=(observation,), dropped={})


class Watch:
    """A funding job with everything around it faked but the engine."""

    def __init__(
        self, *answers: Poll | VenueUnavailableError, random: Callable[[], float] = lambda: 0.99
    ) -> None:
        self.clock = FakeClock()
        self.journal = FakeJournal()
        self.source = FakeSource(answers=list(answers))
        self.extra: list[tuple[datetime, str]] = []
        engine = Engine(
            universe=Universe(),
            stale_after=3 * MINUTE,
            memory=Memory(rules=[a_rule(1)]),
            now=self.clock.now(),
        )
        self.pipeline = Pipeline(engine, self.journal, self.clock)
        self.job = FundingJob(self.source, self.pipeline, run_once=self._note, random=random)

    def _note(self, at: datetime, name: str, work: Work) -> None:
        assert work == self.job.run
        self.extra.append((at, name))

    async def run(self, *, times: int = 1) -> None:
        for _ in range(times):
            await self.job.run()
            self.clock.advance(MINUTE)


async def test_an_answer_is_judged_and_stored_in_one_tick() -> None:
    watch = Watch(an_answer(0.001))

    await watch.run()

    (tick,) = watch.journal.ticks
    assert len(tick.observations) == 1
    assert len(tick.contents) == 1


async def test_a_failure_and_its_recovery_are_logged_once_each() -> None:
    watch = Watch(an_answer(), DOWN, DOWN, DOWN, an_answer(), random=lambda: 0.0)

    with structlog.testing.capture_logs() as logs:
        await watch.run(times=6)

    assert [entry["event"] for entry in logs] == ["venue.failed", "venue.recovered"]
    assert logs[0]["reason"] == "timed out"


async def test_a_venue_that_failed_is_left_alone_for_a_while() -> None:
    watch = Watch(DOWN)
    await watch.job.run()

    await watch.job.run()

    assert watch.source.polled == 1
    assert len(watch.journal.ticks) == 1


async def test_a_wait_that_the_venue_asked_for_is_kept() -> None:
    watch = Watch(VenueUnavailableError("rate limited", retry_after=5 * MINUTE), an_answer())

    await watch.run(times=6)

    assert watch.source.polled == 2


async def test_a_venue_that_refuses_us_is_parked_and_told_about_once() -> None:
    watch = Watch(an_answer(), VenueUnavailableError("refuses requests from here", blocked=True))

    await watch.run(times=20)
    for _ in range(10):
        await watch.pipeline.beat()

    assert watch.source.polled == 2
    assert sum(len(tick.contents) for tick in watch.journal.ticks) == 1
    blocked = watch.journal.ticks[-1].health
    assert blocked is not None
    assert blocked.blocked


async def test_each_settlement_of_the_coming_hour_gets_a_poll_20_to_60_s_later() -> None:
    soon, later = NOON + 30 * MINUTE, NOON + 90 * MINUTE
    watch = Watch(an_answer(funding_at=soon), an_answer(funding_at=later))

    await watch.run(times=2)

    ((at, name),) = watch.extra
    assert timedelta(seconds=20) <= at - soon <= timedelta(seconds=60)
    assert name == "bybit after 12:30:00"


def test_venues_are_polled_at_different_times_after_a_settlement() -> None:
    delays = {settlement_delay(venue) for venue in ("bybit", "okx", "gate", "mexc")}

    assert len(delays) > 1


async def test_a_defect_is_not_taken_for_a_failure_of_the_venue() -> None:
    class BrokenJournal:
        async def commit(self, tick: Tick) -> None:
            raise OSError("the disk is gone")

    watch = Watch(an_answer())
    watch.pipeline = Pipeline(
        Engine(universe=Universe(), stale_after=3 * MINUTE, memory=Memory(), now=NOON),
        BrokenJournal(),
        watch.clock,
    )
    job = FundingJob(watch.source, watch.pipeline, run_once=lambda *_: None, random=lambda: 0.0)

    with pytest.raises(OSError, match="the disk is gone"):
        await job.run()
