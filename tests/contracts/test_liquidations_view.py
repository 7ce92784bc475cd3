"""`bot.ports.LiquidationsView`: what is known of forced closes, in a running bot and beside none."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

import pytest

from bot.live_liquidations import LiveLiquidations, StoredLiquidations
from bot.ports import LiquidationsView
from monitors.engine import Engine, Memory, Universe
from monitors.liquidation import FeedHealth, FeedState, Gap, Liquidation, PositionSide, Window
from monitors.metrics.liquidations.board import LiquidationBoard
from monitors.metrics.liquidations.values import Cascade, Heard, HeardBefore, Key, Totals
from storage.database import Database
from storage.journal import Journal
from storage.liquidations import Liquidations
from storage.observations import Observations
from storage.outbox import Outbox
from tests.bot.liquidated import FEEDS, WITHOUT_FEED, a_cascade, a_feed, a_print
from tests.builders import NOON
from tests.fakes import FakeClock, FakeLiquidationsView
from tests.storage.forced_closes import commit

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
STALE = timedelta(minutes=3)
UNIVERSE = Universe(feeds=FEEDS, without_feed=WITHOUT_FEED)


class Ears(Protocol):
    """A view, and the ways in which it gets to know something."""

    clock: FakeClock

    @property
    def view(self) -> LiquidationsView: ...

    async def hear(self, *prints: Liquidation) -> None: ...

    async def feed(self, feeds: Sequence[FeedHealth], gaps: Sequence[Gap] = ()) -> None: ...

    async def remember(self, *cascades: Cascade) -> None: ...


class Listening:
    """A running bot, whose engine hears and whose journal keeps; who asks has a view of their own."""

    def __init__(self, database: Database, *, beside: bool) -> None:
        self.clock = FakeClock()
        self._database, self._beside = database, beside
        self._engine = Engine(universe=UNIVERSE, stale_after=STALE, memory=Memory(), now=NOON)
        self._journal = Journal(database, Observations(database), Outbox(database, group_wait=HOUR))

    @property
    def view(self) -> LiquidationsView:
        """Ask the bot itself, or the store beside it, each time by a program of its own."""
        kept = Liquidations(self._database)
        if self._beside:
            return StoredLiquidations(kept, UNIVERSE, STALE, self.clock)
        return LiveLiquidations(self._engine.liquidations, kept, self.clock)

    async def hear(self, *prints: Liquidation) -> None:
        await self._journal.commit(self._engine.hear(prints, self.clock.now()))

    async def feed(self, feeds: Sequence[FeedHealth], gaps: Sequence[Gap] = ()) -> None:
        await self._journal.commit(self._engine.feed(feeds, gaps, self.clock.now()))

    async def remember(self, *cascades: Cascade) -> None:
        await commit(self._database, Heard(cascades=cascades))


class Faked:
    def __init__(self) -> None:
        self.clock = FakeClock()
        board = LiquidationBoard(
            HeardBefore(), feeds=FEEDS, without_feed=WITHOUT_FEED, stale_after=STALE, now=NOON
        )
        self.view = FakeLiquidationsView(board, self.clock)

    async def hear(self, *prints: Liquidation) -> None:
        self.view.known.take(prints, self.clock.now())

    async def feed(self, feeds: Sequence[FeedHealth], gaps: Sequence[Gap] = ()) -> None:
        for health in feeds:
            self.view.known.tape.health(health)
        for gap in gaps:
            self.view.known.tape.gap(gap)

    async def remember(self, *cascades: Cascade) -> None:
        self.view.told = (*self.view.told, *cascades)


@pytest.fixture(params=["live", "storage", "fake"])
def ears(request: pytest.FixtureRequest, database: Database) -> Ears:
    return Faked() if request.param == "fake" else Listening(database, beside=request.param == "storage")


async def test_what_was_heard_is_known(ears: Ears) -> None:
    await ears.feed([a_feed()])
    await ears.hear(a_print(1, 2e6), a_print(2, 1e6, PositionSide.SHORT, base="ETH"))

    tape = (await ears.view.board()).tape

    assert tape.totals(Key(), Window.M5) == Totals(2e6, 1e6, 2)
    assert tape.totals(Key("BTC"), Window.M5) == Totals(2e6, 0.0, 1)


async def test_windows_age_though_nothing_is_heard(ears: Ears) -> None:
    await ears.feed([a_feed()])
    await ears.hear(a_print(1))
    await ears.view.board()
    ears.clock.advance(10 * MINUTE)

    tape = (await ears.view.board()).tape

    assert tape.totals(Key(), Window.M5).count == 0
    assert tape.totals(Key(), Window.M15).count == 1


async def test_a_feed_is_known_as_it_was_last_said_to_be(ears: Ears) -> None:
    await ears.feed([a_feed(), a_feed("okx")])
    await ears.feed([a_feed("okx", FeedState.DOWN, since=NOON - MINUTE, reason="closed")])

    feeds = await ears.view.feeds()

    assert [(one.venue, one.state, one.reason) for one in feeds] == [
        ("bybit", FeedState.LIVE, ""),
        ("okx", FeedState.DOWN, "closed"),
    ]


async def test_what_was_never_heard_and_what_cannot_be_is_known_to_lack(ears: Ears) -> None:
    await ears.feed([a_feed()])

    coverage = (await ears.view.board()).tape.coverage(Window.H1, NOON)

    assert (coverage.heard, coverage.missing) == (("bybit",), ("binanceusdm", "okx"))
    assert coverage.silent == WITHOUT_FEED


async def test_a_gap_is_known_with_its_times(ears: Ears) -> None:
    gap = Gap(venue="bybit", since=NOON - 20 * MINUTE, until=NOON - 15 * MINUTE)
    await ears.feed([a_feed()], [gap])

    tape = (await ears.view.board()).tape

    assert gap in tape.gaps("bybit", NOON - HOUR)
    assert tape.coverage(Window.H1, NOON).partial == ("bybit",)


async def test_cascades_that_go_on_or_went_on_since_then_come_the_last_first(ears: Ears) -> None:
    running, over = a_cascade(), a_cascade("ETH", opened=120, closed=100)
    long_over = a_cascade("SOL", opened=3000, closed=2900)
    await ears.remember(long_over, over, running)

    day = await ears.view.cascades(NOON - DAY, 10)
    one = await ears.view.cascades(NOON - DAY, 1)
    all_of_them = await ears.view.cascades(NOON - 7 * DAY, 10)

    assert (list(day), list(one)) == ([running, over], [running])
    assert list(all_of_them) == [running, over, long_over]


@pytest.fixture
def stored(database: Database) -> Listening:
    return Listening(database, beside=True)


async def test_from_when_no_bot_listens_nothing_is_heard(stored: Listening) -> None:
    await stored.feed([a_feed()])
    await stored.hear(a_print(1))
    stored.clock.advance(10 * MINUTE)

    tape = (await stored.view.board()).tape

    assert tape.coverage(Window.M5, stored.clock.now()).is_dark
    assert tape.coverage(Window.M15, stored.clock.now()).partial == ("bybit",)


async def test_the_store_is_read_once_for_a_question(database: Database) -> None:
    view = StoredLiquidations(Liquidations(database), UNIVERSE, STALE, FakeClock())

    assert await view.board() is await view.board()
