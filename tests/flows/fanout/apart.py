"""The servers and the people in a process of their own, so that they do not share an interpreter with the bot."""

import asyncio
import multiprocessing
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection

from monitors.alerts.rules import Destination
from monitors.clock import SystemClock
from tests.flows.fanout.bot import Doors
from tests.flows.fanout.hall import DISCORD, PLATFORMS, TELEGRAM, Hall, open_hall
from tests.flows.fanout.people import People, Wait

OUTSIDERS = 20
"""Chats on each platform where nothing is told but answers."""
_CURIOUS = 20
"""Of the chats on each platform where alerts are told, so many hold people who ask."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast one platform was told."""

    alerts: int
    counted: int
    """Messages after the first alert up to the last, with answers where those count against the limits."""
    span: timedelta
    """From the first alert to the last."""

    @property
    def per_second(self) -> float:
        """Messages a second."""
        return self.counted / self.span.total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the servers saw, by platform."""

    paces: Mapping[str, Pace]
    violations: Mapping[str, int]
    waits: Sequence[Wait]


@dataclass(frozen=True, slots=True)
class Apart:
    """The other end of the pipe."""

    pipe: Connection
    doors: Doors
    chats: Mapping[str, Sequence[Destination]]
    """Where alerts are to be told."""

    def let_people_ask(self) -> None:
        """Begin."""
        self.pipe.send(None)

    async def seen(self) -> Seen:
        """End the asking, wait for the last answers and return all there was to see."""
        self.pipe.send(None)
        seen = await asyncio.to_thread(self.pipe.recv)
        assert isinstance(seen, Seen)
        return seen


@contextmanager
def apart(*, chats: int, limited: bool) -> Iterator[Apart]:
    """Start the process, and end it."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_main, args=(theirs,), kwargs={"chats": chats, "limited": limited})
    process.start()
    theirs.close()
    try:
        yield Apart(ours, *ours.recv())
    finally:
        process.kill()
        process.join()


def _main(pipe: Connection, *, chats: int, limited: bool) -> None:
    asyncio.run(_serve(pipe, chats=chats, limited=limited))


async def _serve(pipe: Connection, *, chats: int, limited: bool) -> None:
    clock = SystemClock()
    async with open_hall(clock, chats=chats + OUTSIDERS, limited=limited) as hall:
        told = {platform: hall.chats[platform][:chats] for platform in PLATFORMS}
        pipe.send((hall.doors, told))
        curious = zip(*(hall.chats[platform][chats - _CURIOUS :] for platform in PLATFORMS), strict=True)
        people = People(hall, clock, [chat for pair in curious for chat in pair])
        await asyncio.to_thread(pipe.recv)
        for platform in PLATFORMS:  # nobody asks a bot that is still connecting
            await hall.until_requested(platform, 1)
        async with asyncio.TaskGroup() as group:
            asking = group.create_task(people.ask())
            await asyncio.to_thread(pipe.recv)
            asking.cancel()
        pipe.send(_seen(hall, told, await people.waits()))
        await asyncio.to_thread(pipe.recv)  # the bot leaves first; then this process is killed


def _seen(hall: Hall, told: Mapping[str, Sequence[Destination]], waits: Sequence[Wait]) -> Seen:
    paces = {}
    for platform, chats in told.items():
        alerts = sorted(one.at for chat in chats for one in hall.shown(chat) if one.marks and not one.answers)
        span = alerts[-1] - alerts[0]
        sent = [one.at for chat in hall.chats[platform] for one in hall.shown(chat)]
        counted = sum(alerts[0] < at <= alerts[-1] for at in sent)
        paces[platform] = Pace(alerts=len(alerts), counted=counted, span=span)
    violations = {TELEGRAM: len(hall.telegram.violations), DISCORD: sum(hall.discord.violations.values())}
    return Seen(paces=paces, violations=violations, waits=waits)
