"""claim → compose → send → settle: the only sender of alerts; it decides nothing about them."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from bot.messages.document import Document
from bot.ports import ChatPlatform, Outbox, Post
from monitors.alerts.chats import ChatSettings
from monitors.alerts.delivery import TIME_TO_LIVE, Deferred, Delivered, Delivery, Letter, Moved, Refused
from monitors.alerts.rules import Destination, Severity
from monitors.ports import Clock

_LONGEST_NAP = timedelta(seconds=5)
_UNTIL_CONNECTED = timedelta(milliseconds=100)
"""Between two looks at whether a platform can be told again."""
_CLAIMED_TOGETHER = 8
"""Letters claimed in one transaction at least, where so many are due; they are sent as `at_once` has it."""
_SEND_TIMEOUT = 10.0
"""Seconds; a claimed letter waits for one such sending before its own at most, so its lease outlasts both."""
_AFTER_TIMEOUT = timedelta(seconds=10)
_AFTER_DEFECT = timedelta(minutes=1)

_log = structlog.get_logger(__name__)

Compose = Callable[[Letter, datetime], Document]


class Switchboard(Protocol):
    """Who hears of it when a chat is not where it was."""

    async def settings(self, destination: Destination) -> ChatSettings:
        """Return what holds for the chat."""
        ...

    async def lost(self, destination: Destination, why: str) -> None:
        """Switch a chat off."""
        ...

    async def moved(self, old: Destination, new: Destination) -> None:
        """Follow a chat to its new id."""
        ...


class Lane:
    """One platform's letters: a few under way at once, never two to the same chat."""

    def __init__(
        self, platform: ChatPlatform, outbox: Outbox, chats: Switchboard, clock: Clock, compose: Compose
    ) -> None:
        """Tell what waits in `outbox` for this platform."""
        self._platform = platform
        self._outbox = outbox
        self._chats = chats
        self._clock = clock
        self._compose = compose
        self._busy: set[Destination] = set()
        self._free = asyncio.Semaphore(platform.at_once)
        self._news = asyncio.Event()

    def wake(self) -> None:
        """Look into the outbox again: something was put there."""
        self._news.set()

    async def run(self) -> None:
        """Send until cancelled; a letter under way when that happens comes back after its lease."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._news.clear()
                letters = await self._claim(self._clock.now(), self._busy)
                for letter in letters:
                    self._busy.add(letter.destination)
                for letter in letters:
                    await self._free.acquire()
                    group.create_task(self._take_turn(letter))
                if not letters:
                    await self._nap()

    async def drain(self, until: datetime) -> None:
        """Send what falls due until then, each letter once, and return."""
        undelivered: set[Destination] = set()
        while letters := await self._claim(until, undelivered):
            async with asyncio.TaskGroup() as group:
                sent = {letter.destination: group.create_task(self._tell(letter)) for letter in letters}
            undelivered |= {chat for chat, task in sent.items() if not isinstance(task.result(), Delivered)}

    async def _claim(self, until: datetime, busy: set[Destination]) -> list[Letter]:
        platform = self._platform
        if not platform.is_connected:
            return []
        limit = max(platform.at_once, _CLAIMED_TOGETHER)
        return list(await self._outbox.claim(platform.name, until, limit, busy=busy))

    async def _take_turn(self, letter: Letter) -> None:
        try:
            await self._tell(letter)
        finally:
            self._busy.discard(letter.destination)
            self._free.release()
            self._news.set()

    async def _tell(self, letter: Letter) -> Delivery:
        delivery = await self._send(letter)
        self._note(letter, delivery)
        await self._outbox.settle(letter, delivery, self._clock.now())
        match delivery:
            case Refused(why=why, chat_lost=True):
                await self._chats.lost(letter.destination, why)
            case Moved(to=to):
                await self._chats.moved(letter.destination, to)
            case _:
                pass
        return delivery

    def _note(self, letter: Letter, delivery: Delivery) -> None:
        """Log what is no delivery; a deferral is the platforms' everyday pace."""
        log = _log.debug if isinstance(delivery, Deferred) else _log.warning
        if not isinstance(delivery, Delivered):
            log("letter.undelivered", ids=letter.ids, platform=self._platform.name, outcome=str(delivery))

    async def _send(self, letter: Letter) -> Delivery:
        critical = letter.severity is Severity.CRITICAL
        settings = await self._chats.settings(letter.destination) if critical else ChatSettings()
        try:
            async with asyncio.timeout(_SEND_TIMEOUT):
                return await self._platform.send(letter.destination, self._post(letter, settings))
        except TimeoutError:
            return Deferred(after=_AFTER_TIMEOUT)
        except Exception:  # noqa: BLE001 - one letter that cannot be told must not keep the others from it
            _log.exception("letter.failed", ids=letter.ids, platform=self._platform.name)
            age = self._clock.now() - min(content.at for content in letter.contents)
            if age > TIME_TO_LIVE:
                return Refused(why="it cannot be told: see letter.failed in the log", chat_lost=False)
            return Deferred(after=_AFTER_DEFECT)

    def _post(self, letter: Letter, settings: ChatSettings) -> Post:
        return Post(
            document=self._compose(letter, self._clock.now()),
            key=str(letter.ids[0]),
            severity=letter.severity,
            mention=settings.mention,
            edits="" if letter.edits is None else letter.edits.message,
            answers="" if letter.answers is None else letter.answers.message,
        )

    async def _nap(self) -> None:
        """Wait for news or for the next letter to fall due; what is due for a busy chat waits for its turn."""
        wait = await self._longest_nap() if self._platform.is_connected else _UNTIL_CONNECTED
        try:
            async with asyncio.timeout(max(0.0, wait.total_seconds())):
                await self._news.wait()
        except TimeoutError:
            return

    async def _longest_nap(self) -> timedelta:
        now = self._clock.now()
        due = await self._outbox.next_due(self._platform.name, now)
        return _LONGEST_NAP if due is None else min(_LONGEST_NAP, due - now)


class Dispatcher:
    """Tells what waits in the outbox, each letter at least once, every platform in a lane of its own."""

    def __init__(self, outbox: Outbox, chats: Switchboard, clock: Clock, compose: Compose) -> None:
        """Start without a platform: letters wait for theirs."""
        self._outbox = outbox
        self._chats = chats
        self._clock = clock
        self._compose = compose
        self._lanes: list[Lane] = []

    def open(self, platform: ChatPlatform) -> Lane:
        """Return a platform's lane; whoever opens it runs it."""
        lane = Lane(platform, self._outbox, self._chats, self._clock, self._compose)
        self._lanes.append(lane)
        return lane

    def wake(self) -> None:
        """Look into the outbox again: something was put there."""
        for lane in self._lanes:
            lane.wake()

    async def drain(self, ahead: timedelta) -> None:
        """Send what falls due within the time `ahead`, once, on every platform."""
        until = self._clock.now() + ahead
        async with asyncio.TaskGroup() as group:
            for lane in self._lanes:
                group.create_task(lane.drain(until))
