"""The Discord platform running against the loopback server, on a clock that can be put forward."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

from bot.messages.document import Document, Heading
from bot.platforms.discord.platform import Discord
from bot.ports import Post
from monitors.alerts.delivery import Deferred, Delivered
from monitors.alerts.rules import Destination, Severity
from monitors.clock import SystemClock
from tests.bot.platforms.discord.desks import FakeDesk
from tests.fakes import FakeNotebook
from tests.loopback.discord.server import PATIENCE_SECONDS, DiscordServer
from tests.loopback.openapi import DESCRIPTION, violations_of_openapi


class RunningClock:
    """Real time, which a test can put forward: whoever sleeps until then wakes up."""

    def __init__(self) -> None:
        self._system = SystemClock()
        self.ahead = timedelta(0)
        self._asleep: list[timedelta] = []
        self._moved = asyncio.Event()

    def now(self) -> datetime:
        return self._system.now() + self.ahead

    def monotonic(self) -> float:
        return self._system.monotonic() + self.ahead.total_seconds()

    async def sleep(self, duration: timedelta) -> None:
        until = self.monotonic() + duration.total_seconds()
        self._asleep.append(duration)
        self._wake()
        try:
            while (left := until - self.monotonic()) > 0:
                with suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await self._moved.wait()
        finally:
            self._asleep.remove(duration)

    @property
    def sleepers(self) -> int:
        """How many sleep."""
        return len(self._asleep)

    def skip(self, duration: timedelta) -> None:
        """Put the clock forward."""
        self.ahead += duration
        self._wake()

    async def until_asleep(self, at_least: timedelta, *, other_than: timedelta | None = None) -> timedelta:
        """Wait until somebody sleeps for so long, and return for how long."""

        def found() -> list[timedelta]:
            return [each for each in self._asleep if at_least <= each != other_than]

        await self.until(found)
        return found()[0]

    async def until(self, claim: Callable[[], object]) -> None:
        """Wait until a claim holds; it is asked again whenever somebody falls asleep or time is put forward."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not claim():
                await self._moved.wait()

    def _wake(self) -> None:
        self._moved.set()
        self._moved = asyncio.Event()


def a_platform(
    server: DiscordServer, clock: RunningClock | None = None, notebook: FakeNotebook | None = None
) -> Discord:
    """Build a bot of the server that waits no longer than it must between its lives."""
    return Discord(
        server.token,
        server.rest_url,
        desk=FakeDesk(),
        notebook=notebook or FakeNotebook(),
        clock=clock or RunningClock(),
        random=lambda: 0.0,
    )


@asynccontextmanager
async def alive(platform: Discord) -> AsyncIterator[None]:
    """Run a platform, whatever the server does to it."""
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(platform.run())
        try:
            yield
        finally:
            running.cancel()


@asynccontextmanager
async def connected(server: DiscordServer, clock: RunningClock | None = None) -> AsyncIterator[Discord]:
    """Run a platform from connected to cancelled, and hold what was said against Discord's description.

    The registration of commands is left out: it is always the same, and takes longer than most tests.
    """
    platform = a_platform(server, clock)
    async with alive(platform):
        await server.until(lambda: server.gateway.connected)
        yield platform
    if DESCRIPTION.exists():
        said = [each for each in server.exchanges if not each.route.endswith("/commands")]
        assert violations_of_openapi(said) == []


def a_place(server: DiscordServer, *, channel: int | None = None) -> Destination:
    """Return a channel or thread of the server as a destination, made if none is given."""
    place = channel or server.world.add_channel(server.world.add_guild())
    guild = server.world.channel(place).guild_id
    return Destination(platform="discord", chat=str(guild if guild is not None else place), thread=str(place))


def a_post(
    text: str = "BTC funding on bybit: longs pay shorts",
    *,
    key: str = "7",
    severity: Severity = Severity.WARNING,
    mention: str = "",
    edits: str = "",
    answers: str = "",
    document: Document | None = None,
) -> Post:
    return Post(
        document=document or Document(blocks=(Heading(text=text),)),
        key=key,
        severity=severity,
        mention=mention,
        edits=edits,
        answers=answers,
    )


async def told(platform: Discord, destination: Destination, post: Post) -> str:
    """Send until it is delivered, as the outbox does, and return the message's id."""
    while True:
        match await platform.send(destination, post):
            case Delivered(message=message):
                return message
            case Deferred(after=after):
                await SystemClock().sleep(min(after, timedelta(milliseconds=20)))
            case outcome:
                raise AssertionError(f"expected a delivery, found {outcome}")
