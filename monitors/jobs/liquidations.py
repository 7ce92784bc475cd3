"""What the feeds hear: judged at once when something comes, and each second so that windows age."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial

from monitors.jobs.pipeline import Pipeline
from monitors.liquidation import FeedHealth, Gap, Liquidation
from monitors.ports import LiquidationFeed

QUIET = timedelta(seconds=1)
"""How long nothing needs to come before windows are aged anyway."""
BREATH = timedelta(milliseconds=25)
"""The least time between two judgements: what comes meanwhile is judged together."""
UNJUDGED = "what it told could not be judged"
"""Why a gap is one, in the words of `/status`."""

Part = Callable[[], Coroutine[None, None, None]]
Supervise = Callable[[str, Part], Coroutine[None, None, None]]
"""Runs a part of that name, again after a defect of it; only what has to end the program gets out."""


async def _once(_name: str, part: Part) -> None:
    await part()


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
    """Runs the feeds and has what they hear judged and stored.

    Each part is supervised by itself, so that no defect of one interrupts another: a feed that were subscribed anew
    might only tell again what could not be judged.
    """

    def __init__(
        self, feeds: Sequence[LiquidationFeed], pipeline: Pipeline, *, supervise: Supervise = _once
    ) -> None:
        """Have the parts run by `supervise`; without one a defect ends them all."""
        self._feeds = feeds
        self._pipeline = pipeline
        self._supervise = supervise
        self._mailbox = Mailbox()

    async def run(self) -> None:
        """Listen until cancelled; what was heard by then is judged and stored first.

        Raises:
            ExceptionGroup: a step could not be stored; what else was heard is then left to the next life.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for feed in self._feeds:
                    hear = partial(feed.run, self._mailbox)
                    group.create_task(self._supervise(f"feed of {feed.venue}", hear))
                group.create_task(self._supervise("judging of liquidations", self._judge))
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
        prints = self._mailbox.take_prints()
        try:
            await self._pipeline.heard(prints)
        except Exception:
            self._lose(prints)
            raise

    def _lose(self, prints: Sequence[Liquidation]) -> None:
        """Note what was taken and is not stored as gaps: it is not judged again, or it might fail for ever."""
        now = self._pipeline.clock.now()
        for venue in {one.instrument.venue for one in prints}:
            began_ms = min(one.received_ms for one in prints if one.instrument.venue == venue)
            since = min(datetime.fromtimestamp(began_ms / 1000, UTC), now)
            self._mailbox.gap(Gap(venue=venue, since=since, until=now, why=UNJUDGED))
