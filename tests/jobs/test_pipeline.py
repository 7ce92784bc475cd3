"""What the jobs tell is judged and stored in one step, and nothing is stored of nothing."""

from datetime import timedelta

import pytest

from monitors.alerts.tick import Tick
from monitors.engine import Engine, Memory, Universe
from monitors.jobs.pipeline import Pipeline
from monitors.market import OpenInterest, Poll
from monitors.metrics.liquidations.values import BookSample
from monitors.ports import VenueUnavailableError
from tests.builders import NOON, STALE, a_level, a_rule, an_instrument, an_observation
from tests.fakes import FakeClock, FakeJournal
from tests.metrics.liquidations.prints import a_feed, a_gap, a_print

BYBIT = an_instrument("bybit")
BOOK = BookSample(
    instrument=BYBIT, at=NOON, bid_depth_usd=1e6, ask_depth_usd=1e6, spread_bps=1.0, truncated=False
)
BIG = a_rule(1, metric="single_liquidation", level=a_level(1e6))


class Scene:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.journal = FakeJournal()
        engine = Engine(
            universe=Universe(feeds=("bybit",)), stale_after=STALE, memory=Memory(rules=[BIG]), now=NOON
        )
        self.pipeline = Pipeline(engine, self.journal, self.clock)

    @property
    def tick(self) -> Tick:
        (tick,) = self.journal.ticks
        return tick


async def test_an_answer_is_stored_at_the_clocks_time() -> None:
    scene = Scene()
    scene.clock.advance(timedelta(seconds=5))

    await scene.pipeline.answered(
        Poll(venue="bybit", received_at=NOON, observations=(an_observation("bybit"),), dropped={})
    )

    assert (scene.tick.at, len(scene.tick.observations)) == (NOON + timedelta(seconds=5), 1)


async def test_a_failure_is_stored_with_its_reason() -> None:
    scene = Scene()

    await scene.pipeline.failed("bybit", VenueUnavailableError("refuses this place", blocked=True))

    assert scene.tick.health is not None
    assert (scene.tick.health.reason, scene.tick.health.blocked) == ("refuses this place", True)


async def test_prints_are_stored_with_what_they_told() -> None:
    scene = Scene()

    await scene.pipeline.heard([a_print(instrument=BYBIT)])

    assert scene.tick.heard.prints == (a_print(instrument=BYBIT),)
    assert len(scene.tick.contents) == 1


async def test_how_feeds_are_heard_is_stored() -> None:
    scene = Scene()

    await scene.pipeline.fed([a_feed()], [a_gap(-60, -30)])

    assert scene.tick.heard.feeds == (a_feed(),)
    assert a_gap(-60, -30) in scene.tick.heard.gaps


async def test_books_are_stored_and_open_interest_alone_is_not() -> None:
    scene, idle = Scene(), Scene()
    interest = (BYBIT, OpenInterest(contracts=1.0, usd=1.0))

    await scene.pipeline.sampled([BOOK], [interest])
    await idle.pipeline.sampled([], [interest])

    assert scene.tick.heard.books == (BOOK,)
    assert idle.journal.ticks == []


async def test_a_step_that_came_to_nothing_is_not_stored() -> None:
    scene = Scene()

    await scene.pipeline.heard([])
    await scene.pipeline.fed([], [])
    await scene.pipeline.beat()

    assert scene.journal.ticks == []


async def test_each_step_of_a_beat_is_stored_by_itself() -> None:
    scene = Scene()
    await scene.pipeline.failed("bybit", VenueUnavailableError("timed out"))
    await scene.pipeline.failed("okx", VenueUnavailableError("timed out"))
    scene.journal.ticks.clear()
    scene.clock.advance(timedelta(minutes=6))

    await scene.pipeline.beat()

    assert [tick.health.venue for tick in scene.journal.ticks if tick.health is not None] == ["bybit", "okx"]


async def test_what_cannot_be_stored_is_the_callers_to_know() -> None:
    class BrokenJournal:
        async def commit(self, tick: Tick) -> None:
            raise OSError("the disk is gone")

    engine = Engine(universe=Universe(), stale_after=STALE, memory=Memory(), now=NOON)

    with pytest.raises(OSError, match="the disk is gone"):
        await Pipeline(engine, BrokenJournal(), FakeClock()).heard([a_print()])
