"""The whole bot against the simulated venues: all of it real but time, and the chat where a test wants to look."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlite_utils import Database as Sql

from bot.app import Bot
from bot.config import Settings
from bot.messages.document import Document
from bot.messages.plain import as_text
from bot.ports import ChatPlatform
from bot.store import store_of
from bot.watching import closing, engine_of, sources_of
from monitors.alerts.delivery import Alert, Content, Notice
from monitors.jobs.funding import FundingJob
from monitors.market import HOUR, Margin
from monitors.ports import FundingSource
from monitors.simulator.model import VENUES, Listing, Market, Quote
from monitors.simulator.server import Simulator
from storage import rows
from storage.database import Database
from tests.fakes import FakeClock, FakePlatform
from tests.simulator.venues import START

MINUTE = timedelta(minutes=1)
BEAT = timedelta(seconds=15)
EPISODE = 20 * MINUTE
WIDE = 400
"""Columns enough for no line to break."""


@dataclass(slots=True)
class World:
    """A running bot whose time the test moves."""

    simulator: Simulator
    clock: FakeClock
    bot: Bot
    sources: Sequence[FundingSource]
    jobs: Sequence[FundingJob]
    chat: FakePlatform = field(default_factory=FakePlatform)

    async def ask(self, line: str) -> Document:
        """Give a command as a person at the console would."""
        return await self.bot.answer(line)

    async def say(self, line: str) -> str:
        """Give a command that must succeed and return its answer as text."""
        document = await self.ask(line)
        text = as_text(document, WIDE)
        assert not document.failed, text
        return text

    async def poll(self) -> None:
        """Ask every venue once, all at the same moment."""
        async with asyncio.TaskGroup() as group:
            for job in self.jobs:
                group.create_task(job.run())

    async def deliver(self) -> None:
        """Send whatever waits."""
        await self.bot.dispatcher.drain(ahead=self.bot.store.group_wait)

    async def watch(self, length: timedelta) -> None:
        """Let time pass: a poll a minute, a beat every quarter of it, and every letter sent at once."""
        until = self.clock.now() + length
        while self.clock.now() < until:
            await self.poll()
            await self.deliver()
            for _ in range(4):
                self.clock.advance(BEAT)
                await self.bot.pipeline.beat()
                await self.deliver()

    async def watch_until(self, at: datetime) -> None:
        """Let time pass until a moment, or not at all when it is over."""
        await self.watch(at - self.clock.now())

    async def letters(self) -> list[Content]:
        """Return everything that was ever to be told, oldest first."""
        return await letters_in(self.bot.store.database)

    async def story_of(self, rule_id: int) -> list[str]:
        """Return why a rule was told about, oldest first."""
        return [
            content.reason.value
            for content in await self.letters()
            if isinstance(content, Alert) and content.rule.id == rule_id
        ]

    async def alerts(self, reason: str) -> list[Alert]:
        """Return the alerts of one reason, oldest first."""
        return [c for c in await self.letters() if isinstance(c, Alert) and c.reason.value == reason]

    async def notices(self, venue: str) -> list[bool]:
        """Return the notices about a venue: False for silence, True for its end."""
        return [
            content.back
            for content in await self.letters()
            if isinstance(content, Notice) and content.venue == venue
        ]

    def texts(self) -> list[str]:
        """Return what the chat was told, oldest first."""
        return [as_text(post.document, WIDE) for _, post in self.chat.sent if not post.edits]

    def quote(self, venue: str, base: str, *, margin: Margin = Margin.LINEAR) -> Quote:
        """Return what the model says of an instrument now."""
        return quote(
            self.simulator.market, listing(self.simulator.market, venue, base, margin), self.clock.now()
        )


async def letters_in(database: Database, *manners: str) -> list[Content]:
    """Return everything that was ever to be told, in messages of its own unless manners say otherwise."""
    wanted = manners or ("tell",)

    def read(sql: Sql) -> list[Content]:
        found = sql.execute("SELECT kind, payload, manner FROM letters ORDER BY id").fetchall()
        return [rows.content(kind, payload) for kind, payload, manner in found if manner in wanted]

    return await database.read(read)


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """A time in which one venue's perpetual pays more than 100 % a year, one way or the other."""

    venue: str
    base: str
    begins: datetime
    ends: datetime
    """Calm again: under 80 %."""
    sign: int

    def rule(self, venue: str | None = None) -> str:
        """Return a command for a rule that rings once at the beginning and once at the end."""
        side = "above 100% apr" if self.sign > 0 else "below -100% apr"
        return f"/alert add funding {self.base} {side} on {venue or self.venue} every never step 1000"


def listing(market: Market, venue: str, base: str, margin: Margin = Margin.LINEAR) -> Listing:
    """Return a venue's perpetual on a coin."""
    return next(each for each in market.listings(venue, margin) if each.coin.ticker == base)


def quote(market: Market, listed: Listing, at: datetime) -> Quote:
    """Return what the model says of a listing at a moment."""
    [found] = market.quotes([listed], at)
    return found


def hourly(shown: Quote) -> float:
    """Return the model's rate per hour."""
    return shown.rate / (shown.interval / HOUR)


def episode(market: Market, venue: str, after: datetime, *, length: timedelta = EPISODE) -> Episode:
    """Find the first time after a moment at which a coin is crowded on a venue, by reading the model ahead.

    It lasts at least half of a whole episode, so that a fault has room inside.
    """
    found: dict[str, tuple[datetime, int]] = {}
    at = after
    while at < after + 8 * length:
        for shown in market.quotes(market.listings(venue), at):
            base, apr = shown.listing.coin.ticker, 8760 * hourly(shown)
            if abs(apr) > 1 and base not in found:
                found[base] = (at, 1 if apr > 0 else -1)
            if abs(apr) < 0.8 and base in found:
                begins, sign = found.pop(base)
                if begins > after and at - begins > length / 2:
                    return Episode(venue=venue, base=base, begins=begins, ends=at, sign=sign)
        at += BEAT
    raise LookupError(f"expected an episode on {venue} within {8 * length}, found none")


def a_market(
    *, story: bool = True, instruments: int = 12, seed: int = 1, length: timedelta = EPISODE
) -> Market:
    """Build a market whose first episode begins a sixth of an episode after the tests' start."""
    return Market(started_at=START, seed=seed, instruments=instruments, story=story, episode=length)


@asynccontextmanager
async def opened(
    directory: Path,
    market: Market | None = None,
    *,
    timeouts: Mapping[str, int] | None = None,
    platform: Callable[[World], ChatPlatform] | None = None,
) -> AsyncIterator[World]:
    """Open a market and a bot on it; `timeouts` are ccxt's, in milliseconds, of the venues that need another."""
    clock = FakeClock(present=START)
    async with (
        Simulator(market or a_market(), clock) as simulator,
        running(simulator, clock, directory, timeouts=timeouts, platform=platform) as world,
    ):
        yield world


@asynccontextmanager
async def running(
    simulator: Simulator,
    clock: FakeClock,
    directory: Path,
    *,
    venues: tuple[str, ...] = tuple(VENUES),
    timeouts: Mapping[str, int] | None = None,
    platform: Callable[[World], ChatPlatform] | None = None,
) -> AsyncIterator[World]:
    """Start the bot's own parts on a file in the directory, or start them again where they left off.

    `platform` makes what stands in for the console; without it that is the world's own `chat`.
    """
    settings = settings_for(simulator, directory, venues, timeouts or {})
    database = await Database.open(settings.database)
    try:
        store = store_of(database, settings.poll_interval)
        engine = engine_of(settings, await store.memory(clock.now()), clock)
        async with closing(sources_of(settings, clock)) as sources:
            bot = Bot(settings, clock, store, engine, simulated=False)
            jobs = [
                FundingJob(source, bot.pipeline, run_once=lambda *_: None, random=lambda: 0.5)
                for source in sources
            ]
            world = World(simulator=simulator, clock=clock, bot=bot, sources=sources, jobs=jobs)
            await bot.wake_up()
            bot.dispatcher.open(platform(world) if platform else world.chat)
            yield world
    finally:
        await database.close()


def settings_for(
    simulator: Simulator, directory: Path, venues: tuple[str, ...], timeouts: Mapping[str, int]
) -> Settings:
    """Return settings as a user would write them, with a ccxt that neither paces nor lingers."""
    config = directory / "ccxt.json"
    options = {
        venue: {**own, "timeout": timeouts.get(venue, 10_000), "enableRateLimit": False, "timeout_on_exit": 0}
        for venue, own in simulator.ccxt_config().items()
    }
    config.write_text(json.dumps(options), encoding="utf-8")
    return Settings.model_construct(
        venues=venues,
        ccxt_config=config,
        database=directory / "skewbell.db",
        poll_interval=MINUTE,
        bases=(),
        min_open_interest=1e6,
        backfill_days=30,
    )
