"""One venue's feed from its first socket to the end: its lines, its state, its gaps and what fills them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import NoReturn, Protocol, TypeVar
from urllib.parse import quote

from monitors.exchanges import fields
from monitors.exchanges.markets import Markets
from monitors.exchanges.profile import Exchange
from monitors.exchanges.streams.backfill import Backfilling
from monitors.exchanges.streams.contracts import ListedContracts
from monitors.exchanges.streams.gaps import Gaps
from monitors.exchanges.streams.hook import Ear
from monitors.exchanges.streams.lines import Line
from monitors.exchanges.streams.profile import FeedProfile, Read, Socket
from monitors.exchanges.streams.reading import Reader
from monitors.exchanges.streams.redial import SubscriptionRefusedError, pause
from monitors.exchanges.streams.sockets import Connection
from monitors.liquidation import FeedHealth, FeedState
from monitors.ports import Clock, Inbox, VenueUnavailableError

T = TypeVar("T")

_BEAT = timedelta(seconds=5)
_RELIST = timedelta(hours=1)
_AFTER_A_REFUSAL = timedelta(minutes=10)
"""Between two loads of the markets on account of refused subscriptions."""
_SETTLE_EVERY = timedelta(seconds=30)
_SETTLE_SPAN = timedelta(minutes=10)
_WARM_UP = timedelta(hours=1)
"""Before the first start: what the archive is asked for besides the first gap."""
_LONGEST_ABSENCE = timedelta(hours=24)
"""What a restart makes up for at most: as much as the windows hold."""
_ALL = ""
"""The part that stands for the whole venue while its sockets are not known."""


class Venue(Protocol):
    """The venue's one REST client, shared with whoever else polls it, so that its rate limit is kept once."""

    async def markets(self) -> Markets:
        """Return the loaded markets, refreshed when they are old; VenueUnavailableError without any."""
        ...

    async def relist(self) -> Markets:
        """Return the markets as they are now, or the last ones; VenueUnavailableError without any."""
        ...

    async def ask(self, call: Callable[[Exchange], Awaitable[T]]) -> T:
        """Run a call on the client; every failure is a VenueUnavailableError."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a session is given of the world."""

    venue: Venue
    clock: Clock
    random: Callable[[], float]
    """Numbers in [0, 1), for the jitter of the backoff."""
    heard_before: datetime | None = None
    """When the venue was last heard before the start; None where it never was."""


class Session:
    """Listens to one venue; a `Desk` for its lines."""

    def __init__(
        self, profile: FeedProfile, exchange: Exchange, ears: dict[str, Ear], world: World, inbox: Inbox
    ) -> None:
        self._profile = profile
        self._exchange = exchange
        self._ears = ears
        self._venue, self._clock, self._random = world.venue, world.clock, world.random
        self._inbox = inbox
        self._reader = Reader(profile, inbox, world.clock)
        self._gaps = Gaps(profile.venue, inbox.gap)
        self._archive = Backfilling(self._archived, self._reader.fill, inbox.gap, world.clock, world.random)
        self._markets: Markets | None = None
        self._lines: dict[str, Line] = {}
        self._coming: dict[str, Line] = {}
        self._tasks: dict[Line, asyncio.Task[NoReturn]] = {}
        self._numbers = count(1)
        self._began = self._state_since = world.clock.now()
        self._is_first = world.heard_before is None
        self._refused = asyncio.Event()
        self._state = FeedState.CONNECTING
        self._failure: VenueUnavailableError | None = None
        before = world.heard_before
        self._heard_at = None if before is None else min(before, self._began)

    @property
    def heard_at(self) -> datetime | None:
        """When the venue was last heard."""
        return self._heard_at

    async def run(self) -> NoReturn:
        """Listen until cancelled; may be called again after a defect, and what was missed is then a gap.

        Raises:
            ExceptionGroup: a defect of ours.
        """
        self._lines, self._coming, self._tasks = {}, {}, {}
        since = max(self._heard_at or self._began, self._clock.now() - _LONGEST_ABSENCE)
        self._gaps.restart(_ALL, since, "was not listened to yet")
        self._tell()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._beat())
            if self._profile.backfill is not None:
                group.create_task(self._archive.run())
            if self._profile.backfill is not None and self._profile.settle is not None:
                group.create_task(self._calibrate())
            group.create_task(self._relist(group))
            await self._list(group)

    def up(self, line: Line) -> None:
        """Take a line for live; the one that it replaces is let go."""
        name = line.socket.name
        if self._coming.get(name) is line:
            self._dismiss(self._lines.get(name))
            self._lines[name] = self._coming.pop(name)
        self._found(name)
        self._tell()

    def down(self, line: Line, heard_at: datetime | None) -> None:
        """Take a line for lost, unless it never was one of ours: another still listens in its place."""
        name = line.socket.name
        if isinstance(line.failure, SubscriptionRefusedError):
            self._refused.set()
        if self._lines.get(name) is line and line.failure is not None:
            self._failure = line.failure
            self._note_heard(heard_at)
            self._gaps.lost(name, heard_at or self._clock.now(), line.failure.reason)
            self._tell()

    async def _list(self, group: asyncio.TaskGroup) -> NoReturn:
        """Load the markets, connect what they ask for, and look again each hour."""
        failures = 0
        while True:
            try:
                markets = await self._venue.markets()
            except VenueUnavailableError as error:
                failures += 1
                wait = pause(error, failures, self._random)
                if not self._lines:
                    self._failure = error
                    self._tell()
            else:
                failures, wait = 0, _RELIST
                if markets is not self._markets or not self._lines:
                    self._take_up(markets, group)
            await self._clock.sleep(wait)

    async def _relist(self, group: asyncio.TaskGroup) -> NoReturn:
        """Plan anew over fresh markets when a subscription is refused: a contract may be gone."""
        while True:
            await self._refused.wait()
            self._refused.clear()
            with suppress(VenueUnavailableError):
                markets = await self._venue.relist()
                if markets is not self._markets:
                    self._take_up(markets, group)
            await self._clock.sleep(_AFTER_A_REFUSAL)

    def _take_up(self, markets: Markets, group: asyncio.TaskGroup) -> None:
        """Plan the sockets anew; one whose subscriptions changed is replaced once its successor is live."""
        self._markets = markets
        self._exchange.set_markets_from_exchange(markets.holder)
        self._reader.contracts = contracts = ListedContracts(markets, quanto=self._profile.quanto)
        planned = {socket.name: socket for socket in self._profile.sockets(self._exchange, contracts)}
        for name in self._lines.keys() - planned.keys():
            self._dismiss(self._lines.pop(name))
            self._dismiss(self._coming.pop(name, None))
            self._found(name)
        for name, socket in planned.items():
            self._connect(name, socket, group)
        self._found(_ALL)

    def _connect(self, name: str, socket: Socket, group: asyncio.TaskGroup) -> None:
        known = self._coming.get(name) or self._lines.get(name)
        if known is not None and known.socket == socket:
            return
        self._dismiss(self._coming.pop(name, None))
        line = Line(socket, self._dial, self, self._clock, self._random)
        if name in self._lines:
            self._coming[name] = line
        else:
            self._lines[name] = line
            self._gaps.lost(name, self._clock.now(), "was not listened to yet")
        self._tasks[line] = group.create_task(line.keep(self._ears))

    def _dial(self, socket: Socket) -> Connection:
        address = f"{socket.url}#{next(self._numbers)}-{quote(socket.name)}"
        return Connection(self._exchange, address, socket, self._reader, self._clock)

    def _dismiss(self, line: Line | None) -> None:
        if line is not None:
            self._tasks.pop(line).cancel()

    def _found(self, name: str) -> None:
        ended = self._gaps.found(name, self._clock.now())
        for gap in ended:
            if self._profile.backfill is not None and gap.until is not None:
                self._archive.put(gap, gap.until, further=_WARM_UP if self._is_first else timedelta(0))
        self._is_first = self._is_first and not ended

    async def _beat(self) -> NoReturn:
        while True:
            await self._clock.sleep(_BEAT)
            now = self._clock.now()
            for line in (*self._lines.values(), *self._coming.values()):
                line.check(now)
            self._tell()

    async def _calibrate(self) -> NoReturn:
        """Compare with the archive what is not understood yet; evidence may unsettle it again."""
        while True:
            await self._clock.sleep(_SETTLE_EVERY)
            if self._reader.is_settled:
                continue
            now = self._clock.now()
            try:
                archived = await self._archived(max(now - _SETTLE_SPAN, self._began), now)
            except VenueUnavailableError:
                continue
            self._reader.compare(archived, fields.milliseconds(self._clock.now()))

    async def _archived(self, since: datetime, until: datetime) -> Sequence[Read]:
        backfill, received_ms = self._profile.backfill, fields.milliseconds(self._clock.now())
        if backfill is None or self._markets is None:
            return ()
        contracts = self._reader.contracts
        return await self._venue.ask(
            lambda exchange: backfill(exchange, contracts, since, until, received_ms)
        )

    def _tell(self) -> None:
        now = self._clock.now()
        for line in self._lines.values():
            self._note_heard(line.heard_at)
        state = self._judged()
        if state is not self._state:
            self._state, self._state_since = state, now
        event_ms = self._reader.event_ms
        health = FeedHealth(
            venue=self._profile.venue,
            grade=self._profile.grade,
            state=state,
            since=self._state_since,
            heard_at=self._heard_at,
            event_at=None if event_ms is None else fields.moment(event_ms),
            reason="" if self._is_heard or self._failure is None else self._failure.reason,
            note=self._reader.note,
            skipped=tuple(self._reader.skipped.items()),
        )
        self._inbox.health(health)

    def _note_heard(self, at: datetime | None) -> None:
        if at is not None:
            self._heard_at = at if self._heard_at is None else max(at, self._heard_at)

    @property
    def _is_heard(self) -> bool:
        return bool(self._lines) and all(line.is_live for line in self._lines.values())

    def _judged(self) -> FeedState:
        lines = self._lines.values()
        if self._is_heard:
            return FeedState.PARTIAL if self._reader.is_withholding else FeedState.LIVE
        if any(line.is_live for line in lines):
            return FeedState.PARTIAL
        failures = [line.failure for line in lines] or [self._failure]
        known = [failure for failure in failures if failure is not None]
        if any(failure.blocked for failure in known):
            return FeedState.BLOCKED
        return FeedState.DOWN if known else FeedState.CONNECTING
