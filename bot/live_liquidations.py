"""Forced closes as commands are shown them: a running bot's own, or as the last one that ran left them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from monitors.engine import Universe
from monitors.liquidation import FeedHealth
from monitors.metrics.liquidations.board import LiquidationBoard
from monitors.metrics.liquidations.values import Cascade, HeardBefore
from monitors.ports import Clock
from storage.liquidations import Liquidations


class LiveLiquidations:
    """What a running bot judges by: a question costs no look into the store, but for cascades long over."""

    def __init__(self, board: LiquidationBoard, kept: Liquidations, clock: Clock) -> None:
        self._board = board
        self._kept = kept
        self._clock = clock

    async def board(self) -> LiquidationBoard:
        """Return the engine's own, windows aged to now."""
        self._board.tape.advance(self._clock.now())
        return self._board

    async def feeds(self) -> Sequence[FeedHealth]:
        """Return what the feeds of this run are about, by venue."""
        return self._board.tape.feeds()

    async def cascades(self, since: datetime, limit: int) -> Sequence[Cascade]:
        """Return the cascades that go on, or went on since then, the last to open first."""
        return await self._kept.cascades(since, limit)


class StoredLiquidations:
    """What the store holds, read at the first question: where no bot runs, nothing is heard any more."""

    def __init__(self, kept: Liquidations, universe: Universe, stale_after: timedelta, clock: Clock) -> None:
        self._kept = kept
        self._universe = universe
        self._stale_after = stale_after
        self._clock = clock
        self._read: tuple[HeardBefore, LiquidationBoard] | None = None

    async def board(self) -> LiquidationBoard:
        """Return what a bot that started now would know."""
        _, board = await self._known()
        return board

    async def feeds(self) -> Sequence[FeedHealth]:
        """Return what each feed was about when it was last noted, by venue."""
        before, _ = await self._known()
        return before.feeds

    async def cascades(self, since: datetime, limit: int) -> Sequence[Cascade]:
        """Return the cascades that go on, or went on since then, the last to open first."""
        return await self._kept.cascades(since, limit)

    async def _known(self) -> tuple[HeardBefore, LiquidationBoard]:
        if self._read is None:
            now = self._clock.now()
            before = await self._kept.heard_before(now)
            board = LiquidationBoard(
                before,
                feeds=self._universe.feeds,
                without_feed=self._universe.without_feed,
                stale_after=self._stale_after,
                now=now,
            )
            self._read = (before, board)
        return self._read
