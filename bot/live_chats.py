"""The chats of a running bot: what becomes of one goes to the store and to the engine's book."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

import structlog

from bot.ports import Chats
from monitors.alerts.chats import ChatSettings
from monitors.alerts.rulebook import RuleBook
from monitors.alerts.rules import Destination, Rule
from monitors.ports import Clock

_log = structlog.get_logger(__name__)


class KeptChats(Chats, Protocol):
    """The store's side."""

    async def off(self) -> Mapping[Destination, str]:
        """Return the chats, or single threads, that are switched off, each with the reason."""
        ...

    async def switch_off(self, destination: Destination, why: str, now: datetime) -> None:
        """Switch a chat off, or with a thread that thread alone; its rules' states and waiting letters go."""
        ...

    async def switch_on(self, destination: Destination) -> None:
        """Switch a chat on, threads included, or with a thread the chat and that thread alone."""
        ...

    async def move(self, old: Destination, new: Destination) -> None:
        """Move all that is kept of a chat to its new id."""
        ...

    async def purge(self, now: datetime) -> Sequence[Destination]:
        """Forget the chats that have been off for 30 days; return them."""
        ...


class KeptRules(Protocol):
    """Rules by chat."""

    async def in_chat(self, destination: Destination) -> Sequence[Rule]:
        """Return the rules of a whole chat, threads included."""
        ...


class LiveChats:
    """Chats whose comings and goings the engine notices at the next reading."""

    def __init__(
        self, kept: KeptChats, rules: KeptRules, book: RuleBook, clock: Clock, *, lock: asyncio.Lock
    ) -> None:
        """Keep chats in `kept` and take their rules out of the book while they are off.

        Whoever else changes rules and the book holds the same `lock` meanwhile.
        """
        self._kept = kept
        self._rules = rules
        self._book = book
        self._clock = clock
        self._lock = lock
        self._off: dict[Destination, str] = {}

    async def load(self) -> None:
        """Learn which chats are off, so that being spoken to costs no look into the store."""
        self._off = dict(await self._kept.off())

    async def settings(self, destination: Destination) -> ChatSettings:
        """Return what holds for the chat."""
        return await self._kept.settings(destination)

    async def configure(self, destination: Destination, settings: ChatSettings) -> None:
        """Replace what holds for the chat."""
        await self._kept.configure(destination, settings)

    async def forget(self, destination: Destination) -> None:
        """Delete all that is kept of a chat, threads included."""
        async with self._lock:
            for rule in await self._rules.in_chat(destination):
                self._book.remove(rule.id)
            await self._kept.forget(destination)
            await self.load()

    async def forget_user(self, platform: str, user: str) -> None:
        """Delete a person's id and name everywhere."""
        await self._kept.forget_user(platform, user)

    async def lost(self, destination: Destination, why: str) -> None:
        """Switch a chat off, or with a thread that thread alone; nobody is told, and nothing is judged there."""
        async with self._lock:
            if destination in self._off:
                return
            for rule in await self._rules.in_chat(destination):
                if _covers(destination, rule):
                    self._book.remove(rule.id)
            await self._kept.switch_off(destination, why, self._clock.now())
            self._off[destination] = why
        _log.info("chat.off", platform=destination.platform, chat=destination.chat, why=why)

    async def found(self, destination: Destination) -> None:
        """Switch a chat on again, threads included, or with a thread the chat and that thread alone.

        The rules there start anew.
        """
        async with self._lock:
            here = [off for off in self._off if _same_chat(off, destination)]
            back = [off for off in here if not destination.thread or off.thread in ("", destination.thread)]
            if not back:
                return
            await self._kept.switch_on(destination)
            for off in back:
                del self._off[off]
            away = [off for off in here if off not in back]
            for rule in await self._rules.in_chat(destination):
                if any(_covers(off, rule) for off in back) and not any(_covers(off, rule) for off in away):
                    self._book.add(rule)
        _log.info("chat.on", platform=destination.platform, chat=destination.chat)

    async def moved(self, old: Destination, new: Destination) -> None:
        """Follow a chat to its new id: what goes on there is not told again."""
        async with self._lock:
            await self._kept.move(old, new)
            for rule in await self._rules.in_chat(new):
                self._book.move(rule)
            await self.load()
        _log.info("chat.moved", platform=new.platform, old=old.chat, new=new.chat)

    async def purge(self) -> None:
        """Forget the chats that have been off for 30 days."""
        async with self._lock:
            for destination in await self._kept.purge(self._clock.now()):
                _log.info("chat.purged", platform=destination.platform, chat=destination.chat)
            await self.load()


def _same_chat(one: Destination, other: Destination) -> bool:
    return replace(one, thread="") == replace(other, thread="")


def _covers(off: Destination, rule: Rule) -> bool:
    """Tell whether a rule of the chat is off with it, or with that thread."""
    return off.thread in ("", rule.destination.thread)
