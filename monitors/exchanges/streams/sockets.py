"""One connection's life over ccxt's socket: dialled, subscribed, heard and closed."""

import asyncio
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import NoReturn

from aiohttp import ClientError
from ccxt.base.errors import BaseError

from monitors.exchanges.profile import Exchange
from monitors.exchanges.streams.hook import Client, Ear
from monitors.exchanges.streams.profile import FeedProfile, Socket
from monitors.exchanges.streams.reading import Reader
from monitors.exchanges.streams.redial import loss, refusal
from monitors.ports import Clock, VenueUnavailableError

MUTE_AFTER = timedelta(seconds=45)
"""Pings go out every 20 s: a line from which not even a pong came this long is half open."""
CONFIRMED_WITHIN = timedelta(seconds=15)
"""Of the last subscription sent, or of the last one acknowledged."""
_GOODBYE = timedelta(seconds=1)
"""How long a venue may take to close its side; aiohttp alone would wait for ten seconds."""
_END = "end"
"""The hash of the future that ccxt fails when a connection dies; nothing ever resolves it."""


class Connection:
    """One connection. It is an `Ear`: `hear` and `alive` are called while it lives."""

    def __init__(
        self, exchange: Exchange, address: str, wanted: Socket, reader: Reader, clock: Clock
    ) -> None:
        """Connect to `address`, which is the socket's url made unique by a fragment, since ccxt keeps one an url."""
        self.address = address
        self._exchange = exchange
        self._wanted = wanted
        self._reader = reader
        self._profile: FeedProfile = reader.profile
        self.decode = reader.profile.decode
        self._clock = clock
        self._client: Client = None
        self._is_sent = False
        self._confirmations = 0
        self._asked_at = clock.now()
        self._on_subscribed: Callable[[], None] = lambda: None
        self.is_live = False
        self.heard_at: datetime | None = None

    async def live(self, ears: dict[str, Ear], on_subscribed: Callable[[], None]) -> NoReturn:
        """Dial, subscribe, call `on_subscribed` once all is acknowledged, and listen until it ends.

        Raises:
            VenueUnavailableError: however it ended.
        """
        self._on_subscribed = on_subscribed
        try:
            died = await self._dial(ears)
            await self._subscribe(died)
            await asyncio.wait({died})
        except (BaseError, ClientError, OSError) as error:
            raise self._loss(error) from error
        else:
            raise self._loss(_cause(died))
        finally:
            self.is_live = False
            ears.pop(self.address, None)
            await self._hang_up()

    def hear(self, messages: Iterator[object]) -> Sequence[object]:
        """Read frames, or take them for what they say of the subscriptions; returns those that are left to ccxt."""
        contained = self._reader.contained
        heard = [] if self.is_live else contained.collect(messages)
        left = self._reader.frames(messages if self.is_live else iter(heard))
        asked = left if self.is_live else heard  # some venues acknowledge and tell in one frame
        known = contained.collect(filter(self._is_about_subscriptions, asked))
        return [message for message in left if not any(message is one for one in known)]

    def alive(self) -> None:
        """Note that the line is alive."""
        self.heard_at = self._clock.now()

    def unreadable(self) -> bool:
        """Count a message that could not be read."""
        return self._reader.unreadable()

    def check(self, now: datetime) -> None:
        """End the connection if it is half open, or if its subscriptions were not acknowledged in time."""
        if self.heard_at is not None and now - self.heard_at > MUTE_AFTER:
            self._fail(VenueUnavailableError(f"was mute for {MUTE_AFTER.total_seconds():.0f} s"))
            self._cut()
        elif self._is_sent and not self.is_live and now - self._asked_at > CONFIRMED_WITHIN:
            share = f"{self._confirmations} of {len(self._wanted.frames)}"
            within = f"{CONFIRMED_WITHIN.total_seconds():.0f} s"
            self._fail(VenueUnavailableError(f"acknowledged {share} subscriptions within {within}"))

    async def _dial(self, ears: dict[str, Ear]) -> asyncio.Future[None]:
        """Open ccxt's socket in this task, so that cancelling it leaves nothing behind; returns its end."""
        exchange = self._exchange
        exchange.open()
        ears[self.address] = self
        self._client = exchange.client(self.address)
        died: asyncio.Future[None] = self._client.future(_END)
        died.add_done_callback(_retrieve)
        *_, socks = exchange.check_ws_proxy_settings()
        await self._client.open(exchange.get_socks_proxy_session(socks) if socks else exchange.session)
        if not died.done():
            self.alive()
        return died

    async def _subscribe(self, died: asyncio.Future[None]) -> None:
        for frame in self._wanted.frames:
            if self._exchange.enableRateLimit:
                await self._client.throttle(1)
            if died.done():
                return
            await self._client.send(frame)
        if died.done():
            return
        self._is_sent = True
        self._asked_at = self._clock.now()
        self._settle_in()

    def _is_about_subscriptions(self, message: object) -> bool:
        reason = self._profile.refused(message)
        if reason is not None:
            self._fail(refusal(reason))
            return True
        if self._profile.confirmed is None or not self._profile.confirmed(message):
            return False
        self._confirmations += 1
        self._asked_at = self._clock.now()
        self._settle_in()
        return True

    def _settle_in(self) -> None:
        expected = 0 if self._profile.confirmed is None else len(self._wanted.frames)
        if self._is_sent and not self.is_live and self._confirmations >= expected:
            self.is_live = True
            self._on_subscribed()

    def _fail(self, error: VenueUnavailableError) -> None:
        self._client.reject(error, _END)

    def _cut(self) -> None:
        """Shut the TCP connection: the other side would not answer a goodbye."""
        connection = self._client.connection
        line = None if connection is None else connection.get_extra_info("socket")
        if line is not None:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)

    async def _hang_up(self) -> None:
        if self._client is None:
            return
        try:
            async with asyncio.timeout(_GOODBYE.total_seconds()):
                await self._client.close()
        except (TimeoutError, OSError, BaseError):
            self._cut()
        finally:
            self._exchange.clients.pop(self.address, None)

    def _loss(self, error: BaseException) -> VenueUnavailableError:
        return loss(error, None if self._client is None else self._client.last_retry_after)


def _retrieve(died: asyncio.Future[None]) -> None:
    """Look at the end, so that asyncio does not report one that nobody was waiting for any more."""
    if not died.cancelled():
        died.exception()


def _cause(died: asyncio.Future[None]) -> BaseException:
    error = None if died.cancelled() else died.exception()
    return error if error is not None else ConnectionError("closed")
