"""How many of 100,000 prints that come in bursts of 500 are lost: by the bot's feed, and by ccxt.pro's own watching."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import islice

import ccxt.pro

from monitors.clock import SystemClock
from monitors.exchanges.markets import Markets
from monitors.exchanges.streams.feed import VenueFeed
from monitors.exchanges.streams.session import World
from monitors.exchanges.streams.venues.binanceusdm import PROFILE
from monitors.liquidation import FeedHealth, Gap, Liquidation, Window
from monitors.metrics.liquidations.tape import Tape
from monitors.metrics.liquidations.values import Key
from tests.benchmarks.force_orders import BURST, SPAN, START, bursts, listed
from tests.benchmarks.measure import figure
from tests.exchanges.streams.scene import FakeVenue
from tests.exchanges.streams.server import StreamServer
from tests.fakes import FakeClock

BURSTS = 200
EVENTS = BURSTS * BURST


class Counting:
    """An inbox in front of a tape."""

    def __init__(self) -> None:
        """Hear one venue."""
        self.tape = Tape(venues=(PROFILE.venue,))
        self._clock = FakeClock(present=START + BURSTS * SPAN)

    def heard(self, liquidations: Sequence[Liquidation]) -> None:
        """Count prints."""
        self.tape.take(liquidations, self._clock.now())

    def health(self, health: FeedHealth) -> None:
        """Ignore it."""

    def gap(self, gap: Gap) -> None:
        """Ignore it."""


@asynccontextmanager
async def venue() -> AsyncIterator[StreamServer]:
    """Serve the stream, acknowledging subscriptions."""
    async with StreamServer(lambda _: ({"result": None, "id": 1},)) as server:
        yield server


def pointed_at(server: StreamServer) -> dict[str, object]:
    """Return what leads ccxt's client to a server."""
    return {"urls": {"api": {"ws": {"linear": server.url("/ws")}}}, "timeout_on_exit": 0}


async def tell(server: StreamServer) -> None:
    """Tell all events; each burst is one write, and the next comes once a pong says that it was read."""
    await server.until(lambda: bool(server.received))
    for burst in islice(bursts(random.Random(11)), BURSTS):
        server.burst(burst)
        await server.ping()


async def ours(markets: Markets) -> int:
    """Return how many of the events the bot's tape holds."""
    inbox = Counting()
    world = World(venue=FakeVenue(markets), clock=SystemClock(), random=random.random)
    async with venue() as server, asyncio.TaskGroup() as group:
        feed = VenueFeed(PROFILE, world, configuration=pointed_at(server))
        listening = group.create_task(feed.run(inbox))
        await tell(server)
        listening.cancel()
    return inbox.tape.totals(Key(), Window.H24).count


async def theirs(markets: Markets) -> int:
    """Return how many of the events `watch_liquidations_for_symbols` returned, called again as soon as it returns."""
    returned = 0

    async def watch() -> None:
        nonlocal returned
        while True:
            returned += len(await exchange.watch_liquidations_for_symbols([]))

    async with venue() as server, asyncio.TaskGroup() as group:
        exchange = ccxt.pro.binanceusdm(pointed_at(server))
        exchange.set_markets_from_exchange(markets.holder)
        watching = group.create_task(watch())
        await tell(server)
        watching.cancel()
        await exchange.close()
    return returned


async def run() -> None:
    """Measure both."""
    markets = listed()
    kept, returned = await ours(markets), await theirs(markets)
    print(f"{EVENTS:,} prints over a socket in bursts of {BURST}, each one write")
    print(f"{'':40} {'heard':>8} {'lost':>8}")
    print(f"{'our feed and tape':40} {kept:>8,} {EVENTS - kept:>8,}")
    print(f"{'ccxt.pro, watch_liquidations_for_symbols':40} {returned:>8,} {EVENTS - returned:>8,}")
    figure("liquidations_lost", EVENTS - kept, "prints")
    figure("ccxt_lost_share", 1 - returned / EVENTS, "ratio")


def main() -> None:
    """Run."""
    asyncio.run(run())


if __name__ == "__main__":
    main()
