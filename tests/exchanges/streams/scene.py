"""A made-up venue's feed against a server on 127.0.0.1, and what its inbox was told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

import ccxt.async_support as ccxt

from monitors.exchanges.identity import identify_all
from monitors.exchanges.markets import Markets
from monitors.exchanges.profile import Exchange
from monitors.exchanges.streams.feed import VenueFeed
from monitors.exchanges.streams.profile import Contracts, FeedProfile, Read, Socket, liquidation
from monitors.exchanges.streams.session import World
from monitors.liquidation import FeedGrade, FeedHealth, FeedState, Gap, Liquidation, PositionSide
from monitors.ports import VenueUnavailableError
from tests.exchanges.streams.clock import NOON, HandClock
from tests.exchanges.streams.server import StreamServer

T = TypeVar("T")
Field = Any
"""One field of a profile; which it is, its name says."""
VENUE = "aster"
SUBSCRIBE = {"subscribe": "all"}
CONFIRMED = {"subscribed": "all"}


def markets_of(*coins: str) -> Markets:
    holder = ccxt.aster()
    holder.set_markets([a_market(coin) for coin in coins])
    return Markets(holder=holder, instruments=dict(identify_all(VENUE, holder.markets)), loaded_at=NOON)


def a_market(coin: str) -> dict[str, object]:
    return {
        "id": f"{coin}USDT",
        "symbol": f"{coin}/USDT:USDT",
        "base": coin,
        "quote": "USDT",
        "settle": "USDT",
        "baseId": coin,
        "type": "swap",
        "spot": False,
        "swap": True,
        "active": True,
        "contract": True,
        "linear": True,
        "contractSize": 1.0,
        "info": {"coin": coin},
    }


def a_print(number: int = 1, **fields: object) -> dict[str, list[dict[str, object]]]:
    """Return a frame with one print of the made-up venue."""
    return {"prints": [{"id": number, "symbol": "BTCUSDT", "price": 100.0, "quantity": 2.0, **fields}]}


def read(message: object, contracts: Contracts, received_ms: int) -> Iterable[Read] | None:
    """Read the made-up venue's frames; a row without a symbol is a defect of this reader."""
    if not isinstance(message, dict) or "prints" not in message:
        return None
    return (read_row(row, contracts, received_ms) for row in message["prints"])


def read_row(row: Mapping[str, Any], contracts: Contracts, received_ms: int) -> Read:
    return liquidation(
        contracts.find(row["symbol"]),
        PositionSide.LONG,
        (row["quantity"], row["price"]),
        (row.get("at", received_ms), received_ms),
        str(row["id"]),
    )


def refused(message: object) -> str | None:
    return str(message["error"]) if isinstance(message, dict) and "error" in message else None


def confirmed(message: object) -> bool:
    return isinstance(message, dict) and "subscribed" in message


def a_profile(server: StreamServer, **fields: Field) -> FeedProfile:
    socket = Socket(name="all", url=server.url("/all"), frames=(SUBSCRIBE,))
    profile = FeedProfile(
        venue=VENUE,
        grade=FeedGrade.COMPLETE,
        sockets=lambda _exchange, _contracts: (socket,),
        read=read,
        refused=refused,
        confirmed=confirmed,
    )
    return replace(profile, **fields)


def confirming(frame: object) -> Iterable[object]:
    """Acknowledge each subscription, as the made-up venue does."""
    return (CONFIRMED,) if isinstance(frame, dict) and "subscribe" in frame else ()


@dataclass(slots=True)
class Notes:
    """An inbox that remembers."""

    prints: list[Liquidation] = field(default_factory=list)
    batches: list[int] = field(default_factory=list)
    healths: list[FeedHealth] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def heard(self, liquidations: Sequence[Liquidation]) -> None:
        self.prints.extend(liquidations)
        self.batches.append(len(liquidations))
        self._changed.set()

    def health(self, health: FeedHealth) -> None:
        self.healths.append(health)
        self._changed.set()

    def gap(self, gap: Gap) -> None:
        self.gaps.append(gap)
        self._changed.set()

    @property
    def ids(self) -> list[int]:
        return [int(known.id) for known in self.prints]

    @property
    def states(self) -> list[FeedState]:
        """The states in their order, each once in a row."""
        told = [health.state for health in self.healths]
        return [state for number, state in enumerate(told) if number == 0 or state is not told[number - 1]]

    async def until(self, happened: Callable[[], object]) -> None:
        """Wait until something holds that depends on what was told."""
        while not happened():
            self._changed.clear()
            await self._changed.wait()

    async def until_state(self, state: FeedState) -> None:
        """Wait until the last word is that state."""
        await self.until(lambda: self.healths and self.healths[-1].state is state)


@dataclass(slots=True)
class FakeVenue:
    """Markets and an archive without a venue; an error that is queued is raised first."""

    listed: Markets = field(default_factory=lambda: markets_of("BTC", "ETH"))
    failures: list[VenueUnavailableError] = field(default_factory=list)
    relisted: int = 0
    """How often the listing was asked for anew."""

    async def markets(self) -> Markets:
        if self.failures:
            raise self.failures.pop(0)
        return self.listed

    async def relist(self) -> Markets:
        self.relisted += 1
        return await self.markets()

    async def ask(self, call: Callable[[Exchange], Awaitable[T]]) -> T:
        return await call(self.listed.holder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """A feed that listens, and everything around it."""

    server: StreamServer
    clock: HandClock
    inbox: Notes
    venue: FakeVenue
    feed: asyncio.Task[None]

    async def goes_on(self, after: float) -> None:
        """Wait until the feed pauses that many seconds, and let them pass."""
        await self.clock.asleep(after)
        self.clock.advance(after)


@asynccontextmanager
async def listening(
    server: StreamServer,
    profile: FeedProfile | None = None,
    venue: FakeVenue | None = None,
    configuration: Mapping[str, Any] | None = None,
    heard_before: datetime | None = None,
) -> AsyncIterator[Scene]:
    """Run a feed until the block ends; its backoff takes the shortest pauses: 1, 2, 4, 8, 16, 30, 30 s."""
    clock, inbox, venue = HandClock(), Notes(), venue or FakeVenue()
    world = World(venue=venue, clock=clock, random=lambda: 0.0, heard_before=heard_before)
    options = {"enableRateLimit": False, "timeout_on_exit": 0, **(configuration or {})}
    feed = VenueFeed(profile or a_profile(server), world, configuration=options)

    async def run() -> None:
        await feed.run(inbox)

    async with asyncio.TaskGroup() as group:
        task = group.create_task(run())
        try:
            yield Scene(server=server, clock=clock, inbox=inbox, venue=venue, feed=task)
        finally:
            task.cancel()
