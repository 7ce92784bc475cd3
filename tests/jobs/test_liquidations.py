"""From the feeds to the journal: at once, each second when it is quiet, and whole to the end."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

import pytest
import structlog
from typing_extensions import override

from bot.supervisor import keep_running
from monitors.alerts.delivery import Alert
from monitors.alerts.rules import Timing
from monitors.alerts.states import Reason
from monitors.alerts.tick import Tick
from monitors.engine import Engine, Memory, Universe
from monitors.jobs.liquidations import BREATH, UNJUDGED, LiquidationJob, Mailbox
from monitors.jobs.pipeline import Pipeline
from monitors.liquidation import FeedGrade, FeedState, Gap, Liquidation, Window
from monitors.ports import Inbox, Journal
from storage.errors import StorageError
from tests.builders import NOON, STALE, a_level, a_rule, an_instrument
from tests.fakes import FakeClock
from tests.metrics.liquidations.prints import a_feed, a_gap, a_print, after

PROMPT = Timing(repeat_every=timedelta(0), cooldown=timedelta(0))


@dataclass(slots=True)
class WatchedJournal:
    """A journal in a list, that tells when it grows; it may be slow, or broken."""

    ticks: list[Tick] = field(default_factory=list)
    grown: asyncio.Condition = field(default_factory=asyncio.Condition)
    error: OSError | StorageError | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    reached: asyncio.Event = field(default_factory=asyncio.Event)

    async def commit(self, tick: Tick) -> None:
        self.reached.set()
        await self.gate.wait()
        if self.error is not None:
            raise self.error
        async with self.grown:
            self.ticks.append(tick)
            self.grown.notify_all()

    async def until(self, is_there: Callable[[Sequence[Tick]], bool]) -> None:
        async with self.grown:
            await self.grown.wait_for(lambda: is_there(self.ticks))

    @property
    def prints(self) -> list[Liquidation]:
        return prints(self.ticks)


@dataclass(slots=True)
class FakeFeed:
    """A feed that lends its inbox to the test and listens for ever."""

    venue: str = "bybit"
    grade: FeedGrade = FeedGrade.COMPLETE
    lent: asyncio.Future[Inbox] = field(default_factory=asyncio.Future)

    async def run(self, inbox: Inbox) -> None:
        self.lent.set_result(inbox)
        await asyncio.Event().wait()


def a_pipeline(journal: Journal, clock: FakeClock) -> Pipeline:
    rule = a_rule(1, metric="liquidations", window=Window.M1, level=a_level(1e6), timing=PROMPT)
    engine = Engine(
        universe=Universe(feeds=("bybit",)), stale_after=STALE, memory=Memory(rules=[rule]), now=NOON
    )
    return Pipeline(engine, journal, clock)


@dataclass(slots=True)
class Scene:
    """A running job with one feed."""

    journal: WatchedJournal
    clock: FakeClock
    inbox: Inbox
    job: asyncio.Task[None]

    async def end(self) -> None:
        """Cancel the job while its journal is busy."""
        self.job.cancel()
        self.journal.gate.set()
        with pytest.raises(asyncio.CancelledError):
            await self.job


@asynccontextmanager
async def listening(*, is_slow: bool = False) -> AsyncIterator[Scene]:
    journal, clock, feed = WatchedJournal(), FakeClock(), FakeFeed()
    if not is_slow:
        journal.gate.set()
    job = LiquidationJob([feed], a_pipeline(journal, clock))
    async with asyncio.TaskGroup() as group:
        running = group.create_task(job.run())
        scene = Scene(journal=journal, clock=clock, inbox=await feed.lent, job=running)
        scene.inbox.health(a_feed("bybit", heard=0))
        yield scene
        running.cancel()


def a_big_one(number: int = 0) -> Liquidation:
    return a_print(number / 10, 2e6, instrument=an_instrument("bybit"), name=f"{number}")


def reasons(ticks: Sequence[Tick]) -> list[Reason]:
    return [content.reason for tick in ticks for content in tick.contents if isinstance(content, Alert)]


async def test_what_is_heard_is_judged_and_stored_at_once() -> None:
    async with listening() as scene:
        scene.inbox.heard([a_big_one()])
        await scene.journal.until(lambda ticks: reasons(ticks) == [Reason.FIRST])

        assert scene.journal.prints == [a_big_one()]


async def test_what_comes_meanwhile_is_judged_together_a_breath_later() -> None:
    async with listening() as scene:
        for number in range(500):
            scene.inbox.heard([a_big_one(number)])
        await scene.journal.until(lambda _: len(scene.journal.prints) == 500)

        assert sum(bool(tick.heard.prints) for tick in scene.journal.ticks) == 1
        assert scene.clock.present < NOON + 5 * BREATH


async def test_windows_age_although_nothing_comes() -> None:
    async with listening() as scene:
        scene.inbox.heard([a_big_one()])
        await scene.journal.until(lambda ticks: bool(reasons(ticks)))
        scene.clock.advance(timedelta(seconds=61))

        await scene.journal.until(lambda ticks: reasons(ticks) == [Reason.FIRST, Reason.RESOLVED])


async def test_windows_age_although_feeds_tell_only_that_they_live() -> None:
    async with listening() as scene:
        scene.inbox.heard([a_big_one()])
        await scene.journal.until(lambda ticks: bool(reasons(ticks)))
        scene.clock.advance(timedelta(seconds=61))
        told = len(scene.journal.ticks)
        scene.inbox.health(a_feed("bybit", heard=61))
        await scene.journal.until(lambda ticks: len(ticks) >= told + 2)

        health, aged = scene.journal.ticks[told : told + 2]
        assert [one.heard_at for one in health.heard.feeds] == [after(61)]
        assert reasons([aged]) == [Reason.RESOLVED]


async def test_feeds_and_gaps_are_passed_on_before_the_prints_that_came_with_them() -> None:
    async with listening() as scene:
        scene.inbox.heard([a_big_one()])
        scene.inbox.gap(a_gap(-60))
        scene.inbox.gap(a_gap(-60, -30))
        scene.inbox.health(a_feed("bybit", FeedState.PARTIAL, since=0))
        await scene.journal.until(lambda _: bool(scene.journal.prints))

        first = next(tick.heard for tick in scene.journal.ticks if tick.heard.gaps)
        assert a_gap(-60, -30) in first.gaps
        assert a_gap(-60) not in first.gaps
        assert [one.state for one in first.feeds] == [FeedState.PARTIAL]
        assert first.prints == ()


async def test_what_came_before_the_end_is_judged_and_stored() -> None:
    async with listening(is_slow=True) as scene:
        await scene.journal.reached.wait()  # it stores how the feed is doing
        scene.inbox.heard([a_big_one(1)])
        scene.inbox.gap(a_gap(0))
        await scene.end()

    assert scene.journal.prints == [a_big_one(1)]
    assert Reason.FIRST in reasons(scene.journal.ticks)
    assert a_gap(0) in [gap for tick in scene.journal.ticks for gap in tick.heard.gaps]


async def test_prints_that_wait_behind_word_of_a_feed_survive_the_end() -> None:
    async with listening(is_slow=True) as scene:
        scene.inbox.heard([a_big_one()])
        await scene.journal.reached.wait()
        await scene.end()

    assert scene.journal.prints == [a_big_one()]


async def test_a_journal_that_fails_ends_the_job_and_stores_nothing_more() -> None:
    journal, feed = WatchedJournal(error=OSError("the disk is gone")), FakeFeed()
    job = LiquidationJob([feed], a_pipeline(journal, FakeClock()))

    async def fail() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(job.run())
            inbox = await feed.lent
            inbox.heard([a_big_one()])
            await journal.reached.wait()
            inbox.heard([a_big_one(1)])
            journal.gate.set()

    with pytest.raises(ExceptionGroup) as failed:
        await fail()

    assert failed.group_contains(OSError, match="the disk is gone")
    assert journal.ticks == []


class PoisonedPipeline(Pipeline):
    """A pipeline that fails whenever a print of that name is to be judged."""

    poison = "666"

    @override
    async def heard(self, prints: Sequence[Liquidation]) -> None:
        if self.poison in {one.id for one in prints}:
            raise ZeroDivisionError("a defect")
        await super().heard(prints)


async def test_what_cannot_be_judged_is_a_gap_and_interrupts_no_feed() -> None:
    journal, clock, feeds = WatchedJournal(), FakeClock(), [FakeFeed("bybit"), FakeFeed("okx")]
    journal.gate.set()
    engine = Engine(universe=Universe(feeds=("bybit", "okx")), stale_after=STALE, memory=Memory(), now=NOON)
    supervise = partial(keep_running, clock=clock, fatal=(StorageError,))
    job = LiquidationJob(feeds, PoisonedPipeline(engine, journal, clock), supervise=supervise)

    with structlog.testing.capture_logs() as logs:
        async with asyncio.TaskGroup() as group:
            running = group.create_task(job.run())
            bybit, okx = [await feed.lent for feed in feeds]
            for number in range(20):
                bybit.heard([a_big_one(666)])  # as a venue would that replays it
                await journal.until(has_more(gaps, number))
                okx.heard([a_print(number, instrument=an_instrument("okx"), name=f"{number}")])
                await journal.until(has_more(prints, number))
            running.cancel()

    assert {(gap.venue, gap.why) for gap in gaps(journal.ticks)} == {("bybit", UNJUDGED)}
    assert [(line["event"], line["part"]) for line in logs] == [("part.failed", "judging of liquidations")]
    assert clock.present > NOON + timedelta(minutes=10), "each time it is waited longer, a minute at most"


def gaps(ticks: Sequence[Tick]) -> list[Gap]:
    return [gap for tick in ticks for gap in tick.heard.gaps]


def prints(ticks: Sequence[Tick]) -> list[Liquidation]:
    return [one for tick in ticks for one in tick.heard.prints]


def has_more(
    what: Callable[[Sequence[Tick]], Sequence[object]], than: int
) -> Callable[[Sequence[Tick]], bool]:
    return lambda ticks: len(what(ticks)) > than


async def test_a_failing_store_ends_a_supervised_job() -> None:
    journal, clock, feed = WatchedJournal(error=StorageError("disk full")), FakeClock(), FakeFeed()
    journal.gate.set()
    supervise = partial(keep_running, clock=clock, fatal=(StorageError,))
    job = LiquidationJob([feed], a_pipeline(journal, clock), supervise=supervise)

    async def live() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(job.run())
            (await feed.lent).heard([a_big_one()])

    with pytest.raises(ExceptionGroup) as failed:
        await live()

    assert failed.group_contains(StorageError, match="disk full")


async def test_without_feeds_time_passes_all_the_same() -> None:
    journal, clock = WatchedJournal(), FakeClock()
    journal.gate.set()
    pipeline = a_pipeline(journal, clock)
    await pipeline.fed([a_feed("bybit", heard=0)], [])
    await pipeline.heard([a_big_one()])
    clock.advance(timedelta(seconds=61))

    async with asyncio.TaskGroup() as group:
        running = group.create_task(LiquidationJob([], pipeline).run())
        await journal.until(lambda ticks: reasons(ticks) == [Reason.FIRST, Reason.RESOLVED])
        running.cancel()


async def test_a_mailbox_keeps_the_last_word_of_each_feed_and_gap_and_hands_it_out_once() -> None:
    mailbox = Mailbox()
    gaps: list[Gap] = [a_gap(0), a_gap(0, 9), a_gap(20)]
    for gap in gaps:
        mailbox.gap(gap)
    mailbox.health(a_feed("bybit", FeedState.DOWN))
    mailbox.health(a_feed("bybit"))
    mailbox.health(a_feed("okx"))
    mailbox.heard([a_big_one()])
    mailbox.heard([a_big_one()])

    await mailbox.wait()

    assert mailbox.take_word() == ([a_feed("bybit"), a_feed("okx")], [a_gap(0, 9), a_gap(20)])
    assert mailbox.take_prints() == [a_big_one(), a_big_one()]
    assert mailbox.take_word() == ([], [])
    assert mailbox.take_prints() == []
