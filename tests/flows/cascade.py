"""A bot that hears the simulated venues over real sockets while the test moves the time, second by second.

Everything is real but the clock and the chat. After each step the scene waits until all that the venues have told by
then is judged, so that no outcome depends on how fast the machine is.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.app import Bot
from bot.messages.document import Document
from bot.platforms.console import HERE
from bot.ports import Post
from bot.store import Store, store_of
from bot.watching import closing, engine_of, feeds_of, sources_of
from monitors.alerts.delivery import Alert, Content, Notice
from monitors.alerts.rules import Direction, Level, Rule, Selector, Timing, default_clear
from monitors.engine import Engine
from monitors.jobs.funding import FundingJob
from monitors.jobs.liquidations import BREATH, LiquidationJob
from monitors.liquidation import FeedHealth, FeedState, Gap, Liquidation, PositionSide, Window
from monitors.metrics.liquidations.cascades import QUIET
from monitors.metrics.liquidations.values import Coverage, Key, Totals
from monitors.simulator.flow import Close
from monitors.simulator.model import VENUES, Market
from monitors.simulator.server import Simulator
from monitors.simulator.streams.feed import begun
from monitors.simulator.streams.registry import STREAMS
from monitors.simulator.wire import milliseconds
from storage.database import Database
from tests.exchanges.streams.clock import HandClock
from tests.fakes import FakePlatform
from tests.flows.closes import a_still_market, figures, like
from tests.flows.world import BEAT, letters_in, settings_for
from tests.simulator.ears import FEEDS
from tests.simulator.venues import START

SECOND = timedelta(seconds=1)
SURE = ("binanceusdm", "bybit", "okx")
"""The venues whose prints count at once; Gate's wait until its archive has proven what their sign means."""
BEFORE = {"okx": 60 * SECOND, "gate": (60 * 60 + 5) * SECOND}
"""OKX replays a minute, and Gate's archive is asked for an hour and five seconds before the start."""
RUN_OUT = 7
"""Seconds after which a cascade of `quiet` two is over: what is late may take five."""


@dataclass(slots=True, kw_only=True)
class Scene:
    """A bot that listens, and the world around it."""

    simulator: Simulator
    clock: HandClock
    bot: Bot
    engine: Engine
    jobs: Sequence[FundingJob]
    chat: FakePlatform = field(default_factory=FakePlatform)
    began: datetime = START
    """When the first of the bots that share a file began to listen."""
    _beaten_at: datetime = START
    _told: dict[str, list[Close]] = field(default_factory=lambda: defaultdict(list))
    _told_until: dict[str, datetime] = field(default_factory=dict[str, datetime])

    @property
    def store(self) -> Store:
        """Return what the bot keeps."""
        return self.bot.store

    async def add(self, rule: Rule) -> Rule:
        """Put a rule into force."""
        kept = await self.store.rules.add(rule)
        self.engine.book.add(kept)
        return kept

    async def poll(self) -> None:
        """Ask every venue once, all at the same moment."""
        async with asyncio.TaskGroup() as group:
            for job in self.jobs:
                group.create_task(job.run())

    async def until(self, happened: Callable[[], bool]) -> None:
        """Wait until something holds that depends on what the feeds say."""
        while not happened():
            await self.clock.wake(BREATH.total_seconds())

    async def passes(self, seconds: float, *, step: float = 1, heard: Collection[str] = SURE) -> None:
        """Let time pass, and after each step wait for all that the venues in `heard` have told by then."""
        for _ in range(round(seconds / step)):
            self.simulator.pong()
            self.clock.advance(step)
            await self.until(lambda: self._has_caught_up(heard))
            await self._judge()

    async def passes_until(self, happened: Callable[[], bool], *, step: float = 1, most: int = 200) -> None:
        """Let time pass until something holds, whatever is heard meanwhile."""
        for _ in range(most):
            if happened():
                return
            await self.passes(step, step=step, heard=())
        raise AssertionError(f"expected it within {most} steps of {step} s, now {self.feeds()}")

    def live(self, *venues: str) -> bool:
        """Tell whether feeds are heard."""
        feeds = self.feeds()
        return all(v in feeds and feeds[v].state is FeedState.LIVE for v in venues or FEEDS)

    def feeds(self) -> dict[str, FeedHealth]:
        """Return what the bot knows of its feeds."""
        return {health.venue: health for health in self.engine.liquidations.tape.feeds()}

    def told(self, venue: str) -> list[Close]:
        """Return what a venue's feed has told, and what it tells of the time before the start."""
        until = begun(self.clock.now(), _window(venue))
        since = self._told_until.get(venue, self.began - BEFORE.get(venue, 0 * SECOND))
        if until > since:
            self._told[venue] += self.simulator.told(since, until, venue)
            self._told_until[venue] = until
        return self._told[venue]

    async def settle(self) -> None:
        """Hear long enough for calm to be believed, and let Gate's archive prove what its socket means."""
        await self.until(self.live)
        await self.poll()
        self.simulator.market.cascade(self.clock.now(), "ADA", usd=2e5, length=5 * SECOND)
        await self.passes(6)
        await self.passes(60, step=10)
        await self.until(lambda: self._has_caught_up(FEEDS))

    async def flush(
        self, *bases: str, usd: float, seconds: int, side: PositionSide = PositionSide.LONG
    ) -> None:
        """Let coins cascade while the venues are polled."""
        length = timedelta(seconds=seconds)
        self.simulator.market.cascade(self.clock.now(), *bases, usd=usd, length=length, side=side)
        for _ in range(seconds // 5):
            await self.passes(5, heard=FEEDS)
            await self.poll()

    def totals(self, venue: str = "", base: str = "", window: Window = Window.H24) -> Totals:
        """Return what the bot counted."""
        return self.engine.liquidations.tape.totals(Key(base=base, venue=venue), window)

    def counted(self, *venues: str) -> dict[str, object]:
        """Return the figures of what the bot counted of some venues, or of all."""
        return {venue: figures(self.totals(venue)) for venue in venues or FEEDS}

    def truth(self, *venues: str) -> dict[str, object]:
        """Return what it ought to have counted of them."""
        return {venue: like(self.told(venue)) for venue in venues or FEEDS}

    async def hears(self, venue: str) -> None:
        """Let a minute pass and wait for all of it that a venue tells: then nothing is on its way any more."""
        await self.passes(64, step=8, heard=[each for each in FEEDS if each != venue])
        since = self.clock.now() - 59 * SECOND
        lately = sum(each.at >= since for each in self.told(venue))
        await self.until(lambda: self.totals(venue, window=Window.M1).count >= lately)

    def gaps(self, venue: str, since: datetime) -> Sequence[Gap]:
        """Return the gaps of a venue that ended after a moment, oldest first."""
        return self.engine.liquidations.tape.gaps(venue, since)

    def coverage(self, window: Window, venue: str = "") -> Coverage:
        """Return how much of a window was heard."""
        return self.engine.liquidations.tape.coverage(window, self.clock.now(), venue)

    async def prints(self, venue: str | None = None, base: str | None = None) -> Sequence[Liquidation]:
        """Return the prints that are stored."""
        until = self.clock.now() + timedelta(days=1)
        return await self.store.liquidations.prints(base, venue, self.began - timedelta(days=1), until)

    async def missing(self, venue: str) -> list[datetime]:
        """Return when that happened which a venue told in vain; not of Gate, whose archive knows no milliseconds."""
        heard = Counter((one.at_ms, one.side, round(one.quantity, 6)) for one in await self.prints(venue))
        told = Counter(
            (milliseconds(each.at), each.side, round(each.quantity, 6)) for each in self.told(venue)
        )
        return sorted(datetime.fromtimestamp(at_ms / 1000, UTC) for at_ms, *_ in (told - heard).elements())

    async def letters(self) -> list[Content]:
        """Return everything that was ever to be told, changes of messages too, oldest first."""
        told = await letters_in(self.store.database, "tell", "update")
        return list({(content.key, content.at): content for content in told}.values())

    async def alerts(self, metric: str = "cascade", base: str | None = None) -> list[Alert]:
        """Return the alerts of a metric, changes of messages too, oldest first."""
        alerts = [content for content in await self.letters() if isinstance(content, Alert)]
        return [one for one in alerts if one.rule.metric == metric and base in (None, one.series.base)]

    def posts(self) -> list[Post]:
        """Return what the chat was given, oldest first."""
        return [post for _, post in self.chat.sent]

    async def notices(self) -> list[Notice]:
        """Return the notices of feeds that fell silent, and of their end, oldest first."""
        return [one for one in await self.letters() if isinstance(one, Notice)]

    async def ask(self, line: str) -> Document:
        """Give a command as a person at the console would."""
        return await self.bot.answer(line)

    async def _judge(self) -> None:
        """Do what the program does by itself as time passes."""
        await self.bot.pipeline.heard(())
        if self.clock.now() - self._beaten_at >= BEAT:
            self._beaten_at = self.clock.now()
            await self.bot.pipeline.beat()
        await self.bot.dispatcher.drain(ahead=self.store.group_wait)

    def _has_caught_up(self, venues: Iterable[str]) -> bool:
        return all(self.totals(venue).count >= len(self.told(venue)) for venue in venues)


def a_rule(
    metric: str = "cascade",
    usd: float = 5e5,
    *,
    base: str | None = None,
    window: Window | None = None,
    repeat_every: timedelta = timedelta(hours=4),
) -> Rule:
    """Build a rule that escalates as soon as its step is reached."""
    level = Level(
        direction=Direction.ABOVE,
        fire_at=usd,
        clear_at=default_clear(Direction.ABOVE, usd),
        typed=f"${usd:,.0f}",
    )
    return Rule(
        id=0,
        destination=HERE,
        metric=metric,
        selector=Selector(base=base, window=window),
        level=level,
        timing=Timing(step=2.0, step_gap=timedelta(0), repeat_every=repeat_every),
    )


@asynccontextmanager
async def a_scene(
    directory: Path,
    market: Market | None = None,
    *,
    quiet: timedelta = QUIET,
    at: datetime = START,
    copies: int = 1,
) -> AsyncIterator[Scene]:
    """Open a market and a bot that listens to it with so many sockets of a kind."""
    clock = HandClock(at)
    async with (
        Simulator(market or a_still_market(), clock) as simulator,
        listening(simulator, clock, directory, quiet=quiet, began=at, copies=copies) as scene,
    ):
        yield scene


@asynccontextmanager
async def listening(
    simulator: Simulator,
    clock: HandClock,
    directory: Path,
    *,
    quiet: timedelta = QUIET,
    began: datetime = START,
    copies: int = 1,
) -> AsyncIterator[Scene]:
    """Start the bot's own parts on a file in the directory, or start them again where they left off."""
    settings = settings_for(simulator, directory, tuple(VENUES), {})
    database = await Database.open(settings.database)
    try:
        store = store_of(database, settings.poll_interval)
        engine = engine_of(settings, await store.memory(clock.now()), clock, quiet=quiet)
        async with closing(sources_of(settings, clock)) as clients, asyncio.TaskGroup() as group:
            bot = Bot(settings, clock, store, engine, simulated=False)
            jobs = [
                FundingJob(client, bot.pipeline, run_once=lambda *_: None, random=lambda: 0.5)
                for client in clients
            ]
            scene = Scene(simulator=simulator, clock=clock, bot=bot, engine=engine, jobs=jobs, began=began)
            await bot.wake_up()
            bot.dispatcher.open(scene.chat)
            before = engine.liquidations.heard_at
            feeds = [feed for _ in range(copies) for feed in feeds_of(settings, clients, clock, before)]
            task = group.create_task(LiquidationJob(feeds, bot.pipeline).run())
            try:
                yield scene
            finally:
                task.cancel()
    finally:
        await database.close()


def _window(venue: str) -> timedelta:
    feed = STREAMS[venue].feed
    assert feed is not None
    return feed.window
