"""One venue's liquidations: the `LiquidationFeed` of every profile."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NoReturn

import structlog

from monitors.exchanges.client import connectable, merged
from monitors.exchanges.streams.hook import Ear, hooked
from monitors.exchanges.streams.profile import FeedProfile
from monitors.exchanges.streams.session import Session, World
from monitors.liquidation import FeedGrade
from monitors.ports import Inbox

_STREAMING: Mapping[str, Any] = {
    "enableRateLimit": True,
    "streaming": {"keepAlive": 20_000},  # ms between pings; ccxt's own are up to 30 minutes apart (bingx)
}
_AFTER_A_DEFECT = timedelta(minutes=1)

_log = structlog.get_logger(__name__)


class VenueFeed:
    """Listens to one venue as its profile says.

    `configuration` are the user's ccxt constructor options, the same that the venue's `VenueClient` gets; they
    reach the sockets' client untouched (addresses, proxies, hostname).
    """

    def __init__(
        self, profile: FeedProfile, world: World, *, configuration: Mapping[str, Any] | None = None
    ) -> None:
        self._profile = profile
        self._world = world
        self._heard_at = world.heard_before
        self._options = merged(merged(_STREAMING, profile.options), configuration or {})

    @property
    def venue(self) -> str:
        """The ccxt id."""
        return self._profile.venue

    @property
    def grade(self) -> FeedGrade:
        """How much of what happens it tells."""
        return self._profile.grade

    @property
    def heard_at(self) -> datetime | None:
        """When the venue was last heard in a run that is over, of this bot or of one before it."""
        return self._heard_at

    async def run(self, inbox: Inbox) -> NoReturn:
        """Listen until cancelled; see `LiquidationFeed`."""
        ears: dict[str, Ear] = {}
        exchange = await asyncio.to_thread(connectable, partial(hooked, self.venue, self._options, ears))
        world = replace(self._world, heard_before=self._heard_at)
        session = Session(self._profile, exchange, ears, world, inbox)
        try:
            while True:
                try:
                    await session.run()
                except ExceptionGroup:
                    _log.exception("feed.failed", venue=self.venue)
                await self._world.clock.sleep(_AFTER_A_DEFECT)
        finally:
            self._heard_at = session.heard_at
            await exchange.close()
