"""What the feeds hear: judged at once when something comes, and each second so that windows age."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from monitors.jobs.pipeline import Pipeline
from monitors.liquidation import FeedHealth, Gap, Liquidation
from monitors.ports import LiquidationFeed

QUIET = timedelta(seconds=1)
"""How long nothing needs to come before windows are aged anyway."""
BREATH = timedelta(milliseconds=25)
"""The least time between two judgements: what comes meanwhile is judged together."""


class Mailbox:
    """The `Inbox` of all feeds: keeps what came until it is taken."""

    def __init__(self) -> None:
        self._prints: list[Liquidation] = []
        self._feeds: dict[str, FeedHealth] = {}
        self._gaps: dict[tuple[str, datetime], Gap] = {}
        self._arrived = asyncio.Event()

    def heard(self, liquidations: Sequence[Liquidation]) -> None:
        """Take prints; see `Inbox`."""
        self._prints.extend(liquidations)
        self._arrived.set()

    def health(self, health: FeedHealth) -> None:
        """Take what a feed is about; see `Inbox`."""
        self._feeds[health.venue] = health
        self._arrived.set()

    def gap(self, gap: Gap) -> None:
        """Take a gap; see `Inbox`."""
        self._gaps[gap.venue, gap.since] = gap
        self._arrived.set()

    async def wait(self) -> None:
        """Wait until something is there."""
        await self._arrived.wait()

    def take_word(self) -> tuple[list[FeedHealth], list[Gap]]:
        """Hand out what is there of feeds and gaps, and wait for news from here on."""
        taken = list(self._feeds.values()), list(self._gaps.values())
        self._feeds, self._gaps = {}, {}
        self._arrived.clear()
        return taken

    def take_prints(self) -> list[Liquidation]:
        """Hand out the prints that are there."""
        taken, self._prints = self._prints, []
        return taken


class LiquidationJob:
    """Runs the feeds and has what they hear judged and stored."""

    def __init__(self, feeds: Sequence[LiquidationFeed], pipeline: Pipeline) -> None:
        self._feeds = feeds
        self._pipeline = pipeline
        self._mailbox = Mailbox()

    async def run(self) -> None:
        """Listen until cancelled; what was heard by then is judged and stored first.

        Raises:
            ExceptionGroup: a step could not be stored; what else was heard is then left to the next life.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for feed in self._feeds:
                    group.create_task(feed.run(self._mailbox))
                group.create_task(self._judge())
        except asyncio.CancelledError:
            await self._pass_on()
            raise

    async def _judge(self) -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(QUIET.total_seconds()):
                    await self._mailbox.wait()
            await self._pass_on()
            await self._pipeline.clock.sleep(BREATH)

    async def _pass_on(self) -> None:
        """Have it judged; what is taken from the mailbox is on its way to the store before anything is awaited."""
        feeds, gaps = self._mailbox.take_word()
        if feeds or gaps:
            await self._pipeline.fed(feeds, gaps)
        await self._pipeline.heard(self._mailbox.take_prints())
