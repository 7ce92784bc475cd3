"""The market's side of a running bot: its clients, feeds and engine, and the jobs that drive them."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from random import random
from types import MappingProxyType
from typing import TypeVar

import structlog

from bot.config import Settings
from bot.store import Store
from bot.supervisor import keep_running
from monitors.engine import Engine, Memory, Universe
from monitors.exchanges.client import VenueClient
from monitors.exchanges.depth import BOOKS, BookClient
from monitors.exchanges.registry import profile
from monitors.exchanges.streams.feed import VenueFeed
from monitors.exchanges.streams.registry import FEEDS
from monitors.exchanges.streams.session import World
from monitors.jobs.funding import FundingJob
from monitors.jobs.history import HistoryJob
from monitors.jobs.liquidations import LiquidationJob
from monitors.jobs.pipeline import Pipeline
from monitors.jobs.schedule import Schedule, Work
from monitors.jobs.stress import Attention, StressJob
from monitors.market import Instrument
from monitors.metrics.liquidations.cascades import QUIET
from monitors.metrics.liquidations.values import HeardBefore
from monitors.ports import Clock, FundingSource
from storage.errors import StorageError

Source = TypeVar("Source", bound=FundingSource)

_BEAT = timedelta(seconds=15)
_STRESS = timedelta(minutes=1)
_RETENTION = timedelta(hours=1)
_STAGGER = timedelta(milliseconds=250)
"""Between the first polls of the venues, each of which loads markets."""
_HISTORY_REQUESTS = 20
"""Settled history is asked for so many times a poll interval at most, by venue."""

_log = structlog.get_logger(__name__)


def engine_of(settings: Settings, memory: Memory, clock: Clock, *, quiet: timedelta = QUIET) -> Engine:
    """Start an engine where the store left off, without venues and chat platforms that are no longer set up."""
    kept = tuple(memory.rules)
    rules = [rule for rule in kept if rule.destination.platform in settings.platforms]
    if len(rules) < len(kept):
        _log.warning("rules.waiting", count=len(kept) - len(rules), reason="their platform is not set up")
    watched = [o for o in memory.observations if o.funding.instrument.venue in settings.venues]
    universe = replace(universe_of(settings), quiet=quiet)
    return Engine(
        universe=universe,
        stale_after=settings.stale_after,
        memory=replace(memory, observations=watched, rules=rules, heard=heard_by(universe, memory.heard)),
        now=clock.now(),
    )


def heard_by(universe: Universe, before: HeardBefore) -> HeardBefore:
    """Return what was heard before of the venues and bases that are watched now."""
    return replace(
        before,
        prints=[
            one
            for one in before.prints
            if one.instrument.venue in universe.feeds
            and (not universe.bases or one.instrument.base in universe.bases)
        ],
        feeds=[health for health in before.feeds if health.venue in universe.feeds],
        gaps=[gap for gap in before.gaps if gap.venue in universe.feeds],
    )


def universe_of(settings: Settings) -> Universe:
    """Return what is watched: bases, and which of the venues can be heard."""
    heard = {feed.venue for feed in FEEDS}
    return Universe(
        bases=frozenset(settings.bases),
        min_open_interest=settings.min_open_interest,
        feeds=tuple(venue for venue in settings.venues if venue in heard),
        without_feed=tuple(venue for venue in settings.venues if venue not in heard),
    )


def sources_of(settings: Settings, clock: Clock) -> tuple[VenueClient, ...]:
    """Return a client for each configured venue."""
    options = settings.ccxt_options()
    return tuple(
        VenueClient(profile(venue), clock, configuration=options.get(venue), cache=settings.markets_cache)
        for venue in settings.venues
    )


def feeds_of(
    settings: Settings,
    clients: Sequence[VenueClient],
    clock: Clock,
    before: Mapping[str, datetime] = MappingProxyType({}),
) -> tuple[VenueFeed, ...]:
    """Return a feed for each configured venue that publishes its liquidations.

    `before` tells by venue when it was last heard before the start.
    """
    options, profiles = settings.ccxt_options(), {feed.venue: feed for feed in FEEDS}
    return tuple(
        VenueFeed(
            profiles[client.venue],
            World(venue=client, clock=clock, random=random, heard_before=before.get(client.venue)),
            configuration=options.get(client.venue),
        )
        for client in clients
        if client.venue in profiles
    )


@asynccontextmanager
async def closing(sources: Sequence[Source]) -> AsyncIterator[Sequence[Source]]:
    """Close the clients at the end, all at once: ccxt takes a quarter of a second for each."""
    try:
        yield sources
    finally:
        async with asyncio.TaskGroup() as group:
            for source in sources:
                group.create_task(source.close())


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """What watches the market."""

    settings: Settings
    clock: Clock
    store: Store
    engine: Engine
    pipeline: Pipeline
    clients: Sequence[VenueClient]

    async def run(self, hourly: Work) -> None:
        """Poll every venue on its cadence, hear every feed and keep history, until cancelled.

        `hourly` is done once an hour besides. What is under way at the end is finished.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._poll(hourly))
            feeds = feeds_of(self.settings, self.clients, self.clock, self.engine.liquidations.heard_at)
            group.create_task(self._keep_hearing(feeds))
            for client in self.clients:
                group.create_task(self._keep_history(client))

    async def _keep_hearing(self, feeds: Sequence[VenueFeed]) -> None:
        """Hear and judge through every defect of ours: what is missed meanwhile is a gap, as after a restart."""
        supervise = partial(keep_running, clock=self.clock, fatal=(StorageError,))
        await LiquidationJob(feeds, self.pipeline, supervise=supervise).run()

    async def _poll(self, hourly: Work) -> None:
        schedule = Schedule(fatal=(StorageError,))
        interval, now = self.settings.poll_interval, self.clock.now()
        for place, client in enumerate(self.clients):
            job = FundingJob(client, self.pipeline, run_once=schedule.once, random=random)
            schedule.every(interval, client.venue, job.run, first=now + place * _STAGGER)
        schedule.every(min(_BEAT, interval), "beat", self.pipeline.beat)
        schedule.every(min(_STRESS, interval), "stress", self._stress().run)
        schedule.every(_RETENTION, "retention", hourly)
        await schedule.run()

    def _stress(self) -> StressJob:
        sources = [BookClient(client, self.clock) for client in self.clients if client.venue in BOOKS]
        board, liquidations = self.engine.board, self.engine.liquidations
        askable = frozenset(source.venue for source in sources)
        attention = Attention(
            stressed=liquidations.stressed,
            largest=board.bases,
            instrument=partial(_largest_of, self.engine, askable),
        )
        return StressJob(sources, attention, self.pipeline, self.clock)

    async def _keep_history(self, client: VenueClient) -> None:
        if not self.settings.backfill_days:
            return
        await HistoryJob(
            client,
            self.store.observations,
            self.clock,
            bases=frozenset(self.settings.bases),
            span=timedelta(days=self.settings.backfill_days),
            pause=self.settings.poll_interval / _HISTORY_REQUESTS,
        ).run()


def _largest_of(engine: Engine, venues: frozenset[str], base: str) -> Instrument | None:
    """Return the instrument of a base with the most open interest on some venues."""
    known = [o for o in engine.board.group(base) if o.funding.instrument.venue in venues]
    sized = [o for o in known if o.open_interest is not None]
    largest = max(sized, key=lambda o: o.open_interest.usd if o.open_interest else 0.0, default=None)
    return None if largest is None else largest.funding.instrument
