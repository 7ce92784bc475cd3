"""The pace of what is sent to Telegram: within every published limit, replies before alerts, waits obeyed.

The limits: https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from functools import partial
from typing import Any, TypeAlias

from telegram.ext import BaseRateLimiter
from typing_extensions import override

from bot.platforms.pacing import Gate, Ledger, Window, at_least_a_tick
from bot.platforms.telegram.transport import LaterError
from monitors.ports import Clock

OVERALL = 30
PER_GROUP = 20
ALERTS_PER_GROUP = 16
"""Of the group's 20, so that a command is answered even while alerts use up the minute."""

_SECOND = timedelta(seconds=1.005)
_MINUTE = timedelta(seconds=60.1)
"""A trifle over the published spans: two clocks never agree to the last digit."""
_APART = timedelta(milliseconds=30)
"""Between two sends to whomever: a second's allowance does not leave in one burst."""
_ALERTS_PATIENCE = 0.2
"""Seconds that an alert waits for its chat; longer, and it would hold up other chats' alerts."""
_REPLYS_PATIENCE = 61.0
_WHILE_BUSY = _SECOND

Answer: TypeAlias = bool | dict[str, Any] | list[dict[str, Any]]
Request: TypeAlias = Callable[[], Awaitable[Answer]]


class Urgency(Enum):
    """What is said about a request; saying nothing makes it a reply, which comes first."""

    ALERT = auto()


@dataclass(slots=True)
class _Chat:
    """One chat's pace: a request at a time, counted from its answer, which keeps them in order too."""

    is_group: bool
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)
    held_until: float = 0.0
    answered_at: float = 0.0
    second: Window = field(default_factory=lambda: Window(1, _SECOND))
    minute: Window = field(default_factory=lambda: Window(PER_GROUP, _MINUTE))
    alerts: Window = field(default_factory=lambda: Window(ALERTS_PER_GROUP, _MINUTE))

    def wait(self, at: float, *, alert: bool) -> float:
        """Return how many seconds after `at` the next request may leave; 0 or less for now."""
        waits = [self.held_until - at, self.second.wait(at)]
        if self.is_group:
            waits.append(self.minute.wait(at))
            waits += [self.alerts.wait(at)] if alert else []
        return max(waits)

    def answered(self, at: float, *, alert: bool) -> None:
        """Count a request."""
        self.answered_at = at
        self.second.take(at)
        self.minute.take(at)
        if alert:
            self.alerts.take(at)

    def is_forgettable(self, at: float) -> bool:
        """Tell whether nothing that happened here matters any more."""
        is_quiet = at - self.answered_at > _MINUTE.total_seconds() and at > self.held_until
        return is_quiet and not self.busy.locked()


class Limiter(BaseRateLimiter[Urgency]):
    """What the library asks before each request; it outlives every client."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._gate = Gate(clock, Window(OVERALL, _SECOND), Window(1, _APART))
        self._ledger = Ledger(clock, OVERALL, _SECOND)
        self._held_until = 0.0
        self._chats: dict[int | str, _Chat] = {}
        """The chats lately written to, the one that was so longest ago first."""

    @override
    async def initialize(self) -> None:
        """Do nothing: there is nothing to open."""

    @override
    async def shutdown(self) -> None:
        """Do nothing: what was sent lately still counts for the next client."""

    @override
    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, Answer]],
        args: Any,
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: Urgency | None,
    ) -> Answer:
        """Make the request in its turn.

        Raises:
            LaterError: it would have to wait for long, or Telegram asked for a wait.
        """
        chat_id = data.get("chat_id")
        request = partial(callback, *args, **kwargs)
        if not is_paced(endpoint):
            return await self._ask(request, chat_id)
        alert = rate_limit_args is Urgency.ALERT
        chat = self._chat(chat_id or "")
        if alert and chat.busy.locked():
            raise LaterError(max(_WHILE_BUSY, timedelta(seconds=self._wait(chat, alert=alert))))
        async with chat.busy:
            await self._turn(chat, alert=alert)
            try:
                return await self._ask(request, chat_id)
            finally:
                now = self._clock.monotonic()
                chat.answered(now, alert=alert)
                self._ledger.answered(now)

    async def _turn(self, chat: _Chat, *, alert: bool) -> None:
        """Wait until the chat and all together have a place for a request, and take it."""
        patience = _ALERTS_PATIENCE if alert else _REPLYS_PATIENCE
        while True:
            while (wait := self._wait(chat, alert=alert)) > 0:
                if wait > patience:
                    raise LaterError(timedelta(seconds=wait))
                await self._clock.sleep(at_least_a_tick(wait))
            await self._gate.turn(urgent=not alert)
            await self._ledger.free()
            if self._wait(chat, alert=alert) <= 0:
                self._ledger.leave()
                return

    def _wait(self, chat: _Chat, *, alert: bool) -> float:
        now = self._clock.monotonic()
        return max(chat.wait(now, alert=alert), self._held_until - now)

    async def _ask(self, request: Request, chat_id: int | str | None) -> Answer:
        """Make a request; a 429 holds its chat, or everything if it has none."""
        try:
            return await request()
        except LaterError as error:
            until = self._clock.monotonic() + error.after.total_seconds()
            if chat_id is None:
                self._held_until = max(self._held_until, until)
            else:
                chat = self._chat(chat_id)
                chat.held_until = max(chat.held_until, until)
            raise

    def _chat(self, chat_id: int | str) -> _Chat:
        """Return a chat's pace, and forget those that were quiet for long."""
        now = self._clock.monotonic()
        chat = self._chats.pop(chat_id, None) or _Chat(is_group=isinstance(chat_id, int) and chat_id < 0)
        while self._chats and next(iter(self._chats.values())).is_forgettable(now):
            del self._chats[next(iter(self._chats))]
        self._chats[chat_id] = chat
        return chat


def is_paced(endpoint: str) -> bool:
    """Tell whether a method counts against the limits on messages: edits do, reads and answers do not."""
    return endpoint.startswith(("send", "edit", "copy", "forward")) and endpoint != "sendChatAction"
