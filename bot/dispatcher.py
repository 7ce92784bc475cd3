"""claim → compose → send → settle: the only sender of alerts; it decides nothing about them."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog

from bot.messages.document import Document
from bot.ports import ChatPlatform, Outbox
from monitors.alerts.delivery import Deferred, Delivered, Delivery, Letter, Refused
from monitors.ports import Clock

AT_ONCE = 5
"""Letters claimed together; they are sent one after the other, so a lease must outlast them all."""

_LONGEST_NAP = timedelta(seconds=5)
_SEND_TIMEOUT = 10.0
_AFTER_TIMEOUT = timedelta(seconds=10)

_log = structlog.get_logger(__name__)

Compose = Callable[[Letter, datetime], Document]


class Dispatcher:
    """Tells what waits in the outbox, each letter at least once."""

    def __init__(
        self, outbox: Outbox, platforms: Mapping[str, ChatPlatform], clock: Clock, compose: Compose
    ) -> None:
        """Send through `platforms`, by the name that destinations carry."""
        self._outbox = outbox
        self._platforms = platforms
        self._clock = clock
        self._compose = compose
        self._news = asyncio.Event()

    def wake(self) -> None:
        """Look into the outbox again: something was put there."""
        self._news.set()

    async def run(self) -> None:
        """Send until cancelled; a letter under way when that happens comes back after its lease."""
        while True:
            self._news.clear()
            if not await self.send_due():
                await self._nap()

    async def send_due(self, ahead: timedelta = timedelta(0)) -> int:
        """Send what is due now, or within the time `ahead`; return how many letters that were."""
        letters = await self._outbox.claim(self._clock.now() + ahead, AT_ONCE)
        for letter in letters:
            delivery = await self._send(letter)
            if not isinstance(delivery, Delivered):
                _log.warning(
                    "letter.undelivered",
                    ids=letter.ids,
                    platform=letter.destination.platform,
                    outcome=delivery,
                )
            await self._outbox.settle(letter, delivery, self._clock.now())
        return len(letters)

    async def _send(self, letter: Letter) -> Delivery:
        platform = self._platforms.get(letter.destination.platform)
        if platform is None:
            return Refused(why=f"{letter.destination.platform} is not set up")
        document = self._compose(letter, self._clock.now())
        try:
            async with asyncio.timeout(_SEND_TIMEOUT):
                return await platform.send(letter.destination, document, idempotency_key=str(letter.ids[0]))
        except TimeoutError:
            return Deferred(after=_AFTER_TIMEOUT)

    async def _nap(self) -> None:
        """Wait for news or for the next letter to fall due."""
        due = await self._outbox.next_due()
        wait = _LONGEST_NAP if due is None else min(_LONGEST_NAP, due - self._clock.now())
        try:
            async with asyncio.timeout(max(0.0, wait.total_seconds())):
                await self._news.wait()
        except TimeoutError:
            return
