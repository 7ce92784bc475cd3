"""Keeps a Discord client alive: notices that one died or fell silent, and starts another, never hot.

discord.py reconnects by itself, yet a client ends for good on a malformed event, when the API is down at login, and on
some close codes; and one can live on without hearing anything, when its RESUME is never answered.
"""

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, time, timedelta

import discord
import structlog

from bot.platforms.ports import Notebook
from bot.platforms.proxies import CURE, ProxyError
from monitors.ports import Clock

LONGEST_WAIT = timedelta(minutes=5)
"""Between two lives, at most; always after one that ended for a reason that repeating does not cure."""

LONGEST_SILENCE = timedelta(minutes=1)
"""For Discord to answer a login, an IDENTIFY or a RESUME, which takes it seconds."""

MOST_IDENTIFIES = 500
"""In a calendar day of UTC, so that no 24 hours hold the 1000 after which Discord resets the token:
https://docs.discord.com/developers/events/gateway#rate-limiting"""

LOOK = timedelta(seconds=10)
"""How often a life is looked after."""

_FIRST_WAIT = timedelta(seconds=1)
_MOST_DOUBLINGS = 10
_NOTE = "discord identifies"

_AUTHENTICATION_FAILED, _DISALLOWED_INTENTS = 4004, 4014
_UPDATE = "this version of the bot connects in a way that Discord no longer takes: update it"
_CURES = {
    _AUTHENTICATION_FAILED: "DISCORD_BOT_TOKEN is not valid (any longer): copy the bot's token anew from "
    "https://discord.com/developers/applications, Bot, Reset Token",
    4010: _UPDATE,
    4012: _UPDATE,
    4013: _UPDATE,
    _DISALLOWED_INTENTS: "DISCORD_BOT_TOKEN belongs to an application without the intents asked for: switch them on at "
    "https://discord.com/developers/applications, Bot, Privileged Gateway Intents",
}
# https://docs.discord.com/developers/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes
# 4011 (sharding required) is not among them: the next client asks Discord anew how many shards it needs

_log = structlog.get_logger(__name__)


class SilentError(Exception):
    """A client lives and hears nothing; the supervisor catches it."""


class EndedError(Exception):
    """A client ended without a reason; the supervisor catches it."""


class Pulse:
    """Whether a client's connections stand.

    A quiet bot in one server hears nothing for days, so the age of the last event alone says nothing; that the
    connection itself is alive discord.py tells by heartbeats, and reconnects. What nobody else notices is a
    connection that never comes to stand: a login, IDENTIFY or RESUME that is not answered, by a gateway that
    acknowledges heartbeats all the same. So silence is the time since the oldest of those that wait for an answer,
    each shard by itself: the events of one must not hide another's silence.
    """

    def __init__(self, clock: Clock, came_up: Callable[[], None]) -> None:
        """Begin a life; `came_up` is called when all shards stand for the first time."""
        self._clock = clock
        self._came_up = came_up
        self._launching: float | None = clock.monotonic()
        self._standing: set[int] = set()
        self._waiting: dict[int, float] = {}
        self._last_event: float | None = None
        self.up_since: float | None = None
        """When all shards stood for the first time, by the monotonic clock; None before."""

    def hear(self) -> None:
        """Note an event of any shard."""
        self._last_event = self._clock.monotonic()

    def launch(self) -> None:
        """Note that the login is done, and the first connection is next."""
        self._launching = self._clock.monotonic()

    def stand(self, shard: int, *, of: int) -> None:
        """Note that a shard, one of so many, was answered: READY or RESUMED."""
        now = self._clock.monotonic()
        self._waiting.pop(shard, None)
        self._standing.add(shard)
        if self._launching is None:
            return
        self._launching = now
        if len(self._standing) == of:
            self._launching, self.up_since = None, now
            self._came_up()

    def fall(self, shard: int) -> None:
        """Note that a shard lost its connection, and asks for another from now on."""
        self._waiting.setdefault(shard, self._clock.monotonic())

    def silence(self) -> timedelta:
        """Return for how long an answer is awaited, nothing while none is."""
        now = self._clock.monotonic()
        since = min([*self._waiting.values(), now if self._launching is None else self._launching])
        return timedelta(seconds=now - since)

    async def watch(self) -> None:
        """Wait until the silence is too long.

        Raises:
            SilentError: it is.
        """
        while self.silence() <= LONGEST_SILENCE:
            await self._clock.sleep(LOOK)
        last = self._last_event
        age = "none" if last is None else f"{self._clock.monotonic() - last:.0f} s ago"
        raise SilentError(f"expected an answer within {LONGEST_SILENCE}, found none; last event: {age}")


class Identifies:
    """How many sessions were begun today; it outlives a restart."""

    def __init__(self, notebook: Notebook, clock: Clock) -> None:
        """Count in the notebook."""
        self._notebook = notebook
        self._clock = clock

    async def available(self) -> None:
        """Wait until another session may be begun."""
        while await self._spent() >= MOST_IDENTIFIES:
            now = self._clock.now()
            tomorrow = datetime.combine(now.date() + timedelta(days=1), time(), tzinfo=UTC)
            _log.error("discord.identifies_spent", today=MOST_IDENTIFIES, next=tomorrow.isoformat())
            await self._clock.sleep(tomorrow - now)

    async def spend(self) -> None:
        """Count one, when it is available."""
        await self.available()
        await self._notebook.remember(_NOTE, f"{self._clock.now().date()} {await self._spent() + 1}")

    async def _spent(self) -> int:
        day, _, count = (await self._notebook.recall(_NOTE) or "").partition(" ")
        return int(count) if day == str(self._clock.now().date()) else 0


class Supervisor:
    """One life after another: `live` is a client's whole life, from login to its end."""

    def __init__(
        self,
        live: Callable[[Pulse], Awaitable[None]],
        *,
        identifies: Identifies,
        clock: Clock,
        random: Callable[[], float],
    ) -> None:
        """Take what a life is; `random` returns numbers in [0, 1)."""
        self._live = live
        self._identifies = identifies
        self._clock = clock
        self._random = random
        self._failures = 0
        self._told: str | None = None

    async def run(self) -> None:
        """Live until cancelled."""
        while True:
            await self._identifies.available()
            pulse = Pulse(self._clock, self._came_up)
            error = await self._end_of(pulse)
            if pulse.up_since is not None and self._lasted(pulse.up_since):
                self._failures = 0
            self._failures += 1
            await self._clock.sleep(self._tell(error))

    async def _end_of(self, pulse: Pulse) -> Exception:
        """Live one life and return what ended it."""
        async with asyncio.TaskGroup() as tasks:
            lives = [
                tasks.create_task(end_of(pulse.watch())),
                tasks.create_task(end_of(self._live(pulse))),
            ]
            try:
                ended, _ = await asyncio.wait(lives, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for life in lives:
                    life.cancel()
        return ended.pop().result()

    def _lasted(self, up_since: float) -> bool:
        """Tell whether a life was long enough to be called a recovery from what was before it."""
        return self._clock.monotonic() - up_since >= LONGEST_WAIT.total_seconds()

    def _tell(self, error: Exception) -> timedelta:
        """Return how long to wait after a failure, and log it if it is news."""
        cure, words = cure_of(error), in_words(error)
        ceiling = min(LONGEST_WAIT, _FIRST_WAIT * 2 ** min(self._failures - 1, _MOST_DOUBLINGS))
        wait = LONGEST_WAIT if cure else ceiling * (0.5 + self._random() / 2)
        if cure is not None and cure != self._told:
            _log.error("discord.misconfigured", error=words, cure=cure, again_in=str(wait))
        elif self._told is None:
            _log.warning("discord.down", error=words, again_in=str(wait))
        self._told = cure or self._told or words
        return wait

    def _came_up(self) -> None:
        if self._told is None:
            _log.info("discord.connected")
        else:
            _log.info("discord.back", failures=self._failures)
        self._told = None


async def end_of(life: Awaitable[None]) -> Exception:
    """Return what ended a life: a task group whose tasks fail would lose a cancellation that comes meanwhile."""
    try:
        await life
    except Exception as error:  # noqa: BLE001 - the supervisor: whatever ends a life, another one follows
        return error
    return EndedError()


async def close_within(client: discord.Client, seconds: float) -> None:
    """Close a client; what is left of the gateway's farewell when the time is up is cut."""
    try:
        async with asyncio.timeout(seconds):
            await client.close()
    except TimeoutError:
        await client.http.close()
        _log.warning("discord.cut", after=seconds)


def cure_of(error: Exception) -> str | None:
    """Return what a person must do, None for what may pass by itself."""
    match error:
        case discord.LoginFailure():
            return _CURES[_AUTHENTICATION_FAILED]
        case discord.PrivilegedIntentsRequired():
            return _CURES[_DISALLOWED_INTENTS]
        case discord.ConnectionClosed(code=code):
            return _CURES.get(code)
        case ProxyError():
            return CURE
        case _:
            return None


def in_words(error: Exception) -> str:
    """Name an error without its text, which may hold an address with a password, or what stands in a chat."""
    match error:
        case SilentError() | ProxyError():
            return str(error)
        case discord.HTTPException():
            return f"HTTP {error.status}, code {error.code}"
        case discord.ConnectionClosed():
            return f"closed with {error.code}"
        case OSError() | discord.DiscordException():
            return type(error).__name__
        case _:
            return f"{type(error).__name__}{_place_of(error)}"


def _place_of(error: Exception) -> str:
    """Return where a defect came up, such as ` in parse_ready, line 12`."""
    frames = traceback.extract_tb(error.__traceback__)
    return f" in {frames[-1].name}, line {frames[-1].lineno}" if frames else ""
