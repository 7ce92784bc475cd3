"""One venue's funding poll: observe, step, commit."""

import asyncio
import zlib
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from monitors.exchanges.breaker import Breaker, Closed, allows, failed, succeeded
from monitors.jobs.pipeline import Pipeline
from monitors.jobs.schedule import Work
from monitors.market import HOUR, Poll
from monitors.ports import FundingSource, VenueUnavailableError

_log = structlog.get_logger(__name__)

RunOnce = Callable[[datetime, str, Work], None]
"""Asks for one run at a time, under a name that is the same for the same run."""


class FundingJob:
    """Polls one venue; a failure is the venue's own and is logged once."""

    def __init__(
        self, source: FundingSource, pipeline: Pipeline, *, run_once: RunOnce, random: Callable[[], float]
    ) -> None:
        """Poll `source`, and through `run_once` again shortly after each settlement.

        `random` gives numbers in [0, 1), for the jitter of the backoff.
        """
        self._source = source
        self._pipeline = pipeline
        self._run_once = run_once
        self._random = random
        self._breaker: Breaker = Closed()
        self._one_at_a_time = asyncio.Lock()

    async def run(self) -> None:
        """Poll once, unless the venue is to be left alone."""
        async with self._one_at_a_time:
            if not allows(self._breaker, self._pipeline.clock.now()):
                return
            try:
                poll = await self._source.poll()
            except VenueUnavailableError as error:
                await self._failed(error)
            else:
                await self._answered(poll)

    async def _answered(self, poll: Poll) -> None:
        transition = succeeded(self._breaker)
        self._breaker = transition.breaker
        if transition.is_news:
            _log.info("venue.recovered", venue=self._source.venue)
        await self._pipeline.answered(poll)
        self._expect_settlements(poll)

    async def _failed(self, error: VenueUnavailableError) -> None:
        transition = failed(self._breaker, error, self._pipeline.clock.now(), self._random)
        self._breaker = transition.breaker
        if transition.is_news:
            _log.warning("venue.failed", venue=self._source.venue, reason=error.reason, blocked=error.blocked)
        await self._pipeline.failed(self._source.venue, error)

    def _expect_settlements(self, poll: Poll) -> None:
        """Poll again after each settlement of the coming hour: that is when rates and intervals turn."""
        now = self._pipeline.clock.now()
        coming = {o.funding.funding_at for o in poll.observations if o.funding.funding_at is not None}
        for at in sorted(at for at in coming if now < at <= now + HOUR):
            venue = self._source.venue
            self._run_once(at + settlement_delay(venue), f"{venue} after {at:%H:%M:%S}", self.run)


def settlement_delay(venue: str) -> timedelta:
    """Return how long after a settlement a venue is polled again: 20 to 60 s, its own and never changing."""
    return timedelta(seconds=20 + zlib.crc32(venue.encode()) % 41)
