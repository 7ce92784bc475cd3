"""Keeps one socket connected: dials again after each end, ever more slowly while it fails."""

from collections.abc import Callable
from datetime import datetime
from typing import NoReturn, Protocol

import structlog

from monitors.exchanges.streams.hook import Ear
from monitors.exchanges.streams.profile import Socket
from monitors.exchanges.streams.redial import LASTING, pause
from monitors.exchanges.streams.sockets import Connection
from monitors.ports import Clock, VenueUnavailableError

_log = structlog.get_logger(__name__)


class Desk(Protocol):
    """Who is told what becomes of a line."""

    def up(self, line: "Line") -> None:
        """Take note that all its subscriptions are acknowledged."""
        ...

    def down(self, line: "Line", heard_at: datetime | None) -> None:
        """Take note that its connection is gone, and when it was last heard; see its `failure`."""
        ...


class Line:
    """One socket of a venue."""

    def __init__(
        self,
        socket: Socket,
        dial: Callable[[Socket], Connection],
        desk: Desk,
        clock: Clock,
        random: Callable[[], float],
    ) -> None:
        self.socket = socket
        self._dial = dial
        self._desk = desk
        self._clock = clock
        self._random = random
        self._connection: Connection | None = None
        self._failures = 0
        self._up_since: float | None = None
        self.failure: VenueUnavailableError | None = None
        """What ended the last connection; None while it is live."""

    @property
    def is_live(self) -> bool:
        """Whether it is subscribed and alive."""
        return self._connection is not None and self._connection.is_live

    @property
    def heard_at(self) -> datetime | None:
        """When anything was last heard on the connection that there is."""
        return self._connection.heard_at if self._connection is not None else None

    def check(self, now: datetime) -> None:
        """End a connection that is half open."""
        if self._connection is not None:
            self._connection.check(now)

    async def keep(self, ears: dict[str, Ear]) -> NoReturn:
        """Listen until cancelled."""
        while True:
            self._up_since = None
            connection = self._connection = self._dial(self.socket)
            try:
                await connection.live(ears, self._subscribed)
            except VenueUnavailableError as error:
                self._lost(error, connection.heard_at)
                wait = pause(error, self._failures, self._random)
            await self._clock.sleep(wait)

    def _subscribed(self) -> None:
        self._up_since = self._clock.monotonic()
        if self.failure is not None:
            _log.info("feed.recovered", socket=self.socket.name, url=self.socket.url)
        self.failure = None
        self._desk.up(self)

    def _lost(self, error: VenueUnavailableError, heard_at: datetime | None) -> None:
        if self._up_since is not None and self._clock.monotonic() - self._up_since >= LASTING.total_seconds():
            self._failures = 0
        self._failures += 1
        if self.failure is None:
            _log.warning("feed.lost", socket=self.socket.name, url=self.socket.url, reason=error.reason)
        self._connection = None
        self.failure = error
        self._desk.down(self, heard_at)
