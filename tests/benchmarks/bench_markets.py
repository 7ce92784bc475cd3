"""How long the event loop stands still while real clients load, restore and poll five venues of 700 instruments."""

import asyncio
import gc
import multiprocessing
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

from bot.store import store_of
from monitors.clock import SystemClock
from monitors.engine import Engine, Memory, Universe
from monitors.exchanges.client import VenueClient
from monitors.exchanges.registry import profile
from monitors.jobs.pipeline import Pipeline
from monitors.simulator.model import Market
from monitors.simulator.server import Simulator
from storage.database import Database
from tests.benchmarks.measure import figure
from tests.exchanges.heartbeat import Heartbeat

INSTRUMENTS = 700
STARTS = 5
POLLS = 5
CLOCK = SystemClock()

Configuration = Mapping[str, Mapping[str, object]]
"""Constructor options for ccxt, by venue."""


@contextmanager
def simulated_venues() -> Iterator[Configuration]:
    """Serve the market from a process of its own, whose work stalls nobody here."""
    spawning = multiprocessing.get_context("spawn")
    here, there = spawning.Pipe()
    server = spawning.Process(target=serve, args=(there,))
    server.start()
    there.close()
    with here:
        yield here.recv()
    server.join()


def serve(asking: Connection) -> None:
    """Serve until the other side hangs up."""
    asyncio.run(_serve(asking))


async def _serve(asking: Connection) -> None:
    market = Market(started_at=CLOCK.now(), instruments=INSTRUMENTS)
    async with Simulator(market, CLOCK) as simulator:
        asking.send(simulator.ccxt_config())
        await asyncio.to_thread(asking.poll, None)


@asynccontextmanager
async def clients(configuration: Configuration, cache: Path) -> AsyncIterator[list[VenueClient]]:
    """Open a client for each venue, as the bot does."""
    opened = [
        VenueClient(profile(venue), CLOCK, configuration=options, cache=cache)
        for venue, options in configuration.items()
    ]
    try:
        yield opened
    finally:
        await together(client.close for client in opened)


async def together(works: Iterator[Callable[[], Awaitable[object]]]) -> None:
    """Do everything at once."""

    async def run(work: Callable[[], Awaitable[object]]) -> None:
        await work()

    async with asyncio.TaskGroup() as group:
        for work in works:
            group.create_task(run(work))


async def stall_ms(works: Iterator[Callable[[], Awaitable[object]]]) -> float:
    """Return the longest that the loop stood still while everything was done at once."""
    async with Heartbeat() as heart:
        await together(works)
    return 1000 * heart.longest_stall


async def measure_start(configuration: Configuration, cache: Path) -> float:
    """Return the longest stall of five clients getting their markets, from disk where it holds them."""
    async with clients(configuration, cache) as opened:
        return await stall_ms(client.instruments for client in opened)


async def measure_polls(configuration: Configuration, folder: Path) -> list[float]:
    """Return the longest stall of each poll: asking, parsing, judging, committing; one after the other, as the bot
    spaces them.
    """
    database = await Database.open(folder / "bench.db")
    engine = Engine(universe=Universe(), stale_after=timedelta(minutes=3), memory=Memory(), now=CLOCK.now())
    pipeline = Pipeline(engine, store_of(database, timedelta(minutes=1)).journal, CLOCK)

    async def poll(client: VenueClient) -> None:
        await pipeline.answered(await client.poll())

    async with clients(configuration, folder) as opened:
        await together(client.instruments for client in opened)
        stalls = [await stall_ms(iter([partial(poll, client)])) for client in POLLS * opened]
    await database.close()
    return stalls


async def measure_rest() -> float:
    """Return how late the machine wakes a loop that has nothing to do."""
    return await stall_ms(iter([partial(CLOCK.sleep, timedelta(seconds=1))]))


async def run(configuration: Configuration, folder: Path) -> None:
    """Measure, print."""
    gc.freeze()  # as the bot does before it starts
    rests = [await measure_rest() for _ in range(STARTS)]
    loads = [await measure_start(configuration, folder / str(number)) for number in range(STARTS)]
    restores = [await measure_start(configuration, folder / str(number)) for number in range(STARTS)]
    polls = await measure_polls(configuration, folder / "0")
    print(f"five venues of {INSTRUMENTS} instruments; the loop's longest stall in ms while they; target < 50")
    print(f"{'':22} {'median':>7} {'worst':>7}")
    for name, stalls in (
        ("nothing", rests),
        ("load", loads),
        ("restore", restores),
        ("poll, judge, commit", polls),
    ):
        print(f"{name:22} {median(stalls):>7.1f} {max(stalls):>7.1f}")
    figure("loop_stall_ms", max(median(loads), median(restores)), "ms")


def main() -> None:
    """Run against a market on loopback."""
    with tempfile.TemporaryDirectory() as folder, simulated_venues() as configuration:
        asyncio.run(run(configuration, Path(folder)))


if __name__ == "__main__":
    main()
