"""How long from a frame on the socket to the alert in a chat, and how late the loop is, under 2,000 prints a second.

What is measured are alerts that may be told at once: each is the first of its chat, so that no group wait holds it
back. Other rules ring meanwhile, and the venue's server has a process of its own, as it has in the world.
"""

import asyncio
import gc
import logging
import math
import multiprocessing
import random
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path

import structlog

from bot.app import Bot
from bot.config import Settings
from bot.ports import Post
from bot.store import store_of
from bot.watching import engine_of
from monitors.alerts.delivery import Delivered, Delivery
from monitors.alerts.rules import Destination, Direction, Level, Rule, default_clear
from monitors.clock import SystemClock
from monitors.exchanges.streams.feed import VenueFeed
from monitors.exchanges.streams.session import World
from monitors.exchanges.streams.venues.binanceusdm import PROFILE
from monitors.jobs.liquidations import LiquidationJob
from monitors.liquidation import Window
from monitors.metrics.liquidations.values import MARKET
from storage.database import Database
from tests.benchmarks.force_orders import COINS, an_order, listed
from tests.benchmarks.measure import figure
from tests.builders import a_rule
from tests.exchanges.heartbeat import Heartbeat
from tests.exchanges.streams.scene import FakeVenue
from tests.exchanges.streams.server import StreamServer

SPAN = timedelta(seconds=10)
WRITES = 100
"""A second."""
TOGETHER = 20
"""Frames in a write: 2,000 prints a second."""
MEASURED = COINS[1:201]
"""Each coin has one large print, and a chat that is told of it: 20 alerts a second."""
LARGE, SMALL = 500_000.0, 1_000.0
"""US dollars."""
CLOCK = SystemClock()


def serve(pipe: Connection) -> None:
    """Serve the venue until its prints are told; sends back when each large one was."""
    asyncio.run(_serve(pipe))


async def _serve(pipe: Connection) -> None:
    async with StreamServer(lambda _: ({"result": None, "id": 1},)) as server:
        pipe.send(server.url("/ws"))
        await server.until(lambda: bool(server.received))
        await asyncio.to_thread(pipe.recv)
        pipe.send(await _tell(server))
        await asyncio.to_thread(pipe.poll, None)


async def _tell(server: StreamServer) -> Mapping[str, datetime]:
    rng, told, begun = random.Random(13), dict[str, datetime](), CLOCK.now()
    writes = round(WRITES * SPAN.total_seconds())
    for number in range(writes):
        await CLOCK.sleep(max(timedelta(0), begun + number * timedelta(seconds=1) / WRITES - CLOCK.now()))
        due = MEASURED[len(told) : len(MEASURED) * (number + 1) // writes]
        now = CLOCK.now()
        small = [(coin, SMALL * rng.uniform(0.5, 1.5)) for coin in rng.sample(COINS, TOGETHER - len(due))]
        prints = [*small, *((coin, LARGE) for coin in due)]
        server.burst([an_order(coin, now, price=rng.uniform(1, 2), quantity=usd) for coin, usd in prints])
        told |= dict.fromkeys(due, now)
    return told


@dataclass(slots=True)
class Chats:
    """A platform whose chats are told at once, and when each first was."""

    name: str = "console"
    at_once: int = 8
    is_connected: bool = True
    first: dict[str, datetime] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, destination: Destination, post: Post) -> Delivery:
        """Take a message."""
        self.first.setdefault(destination.chat, CLOCK.now())
        self._changed.set()
        return Delivered(message=post.key)

    async def until_told(self, chats: Sequence[str]) -> None:
        """Wait until each was told something."""
        while not self.first.keys() >= set(chats):
            self._changed.clear()
            await self._changed.wait()


def rules() -> Sequence[Rule]:
    """Return a rule for each measured coin in a chat of its own, and six more that ring again and again."""
    each = [_rule(coin, "single_liquidation", coin, LARGE / 2) for coin in MEASURED]
    more = [
        _rule("all", "cascade", None, 1e5),
        _rule("all", "liquidations", None, 5e4, Window.M1),
        _rule("all", "liquidations", None, 1e5, Window.H1),
        _rule("all", "liquidations", MARKET, 1e6, Window.M5),
        _rule("all", "liquidation_spike", None, 3.5, Window.M5),
        _rule("all", "single_liquidation", None, LARGE / 2),
    ]
    return (*each, *more)


def _rule(chat: str, metric: str, base: str | None, usd: float, window: Window | None = None) -> Rule:
    clear_at = default_clear(Direction.ABOVE, usd)
    level = Level(direction=Direction.ABOVE, fire_at=usd, clear_at=clear_at, typed=f"${usd:,.0f}")
    return a_rule(
        0,
        destination=Destination(platform="console", chat=chat),
        metric=metric,
        base=base,
        window=window,
        level=level,
    )


async def measure(path: Path, pipe: Connection) -> tuple[list[float], list[float]]:
    """Return the milliseconds from frame to chat of each measured alert, and those that the loop was late."""
    world = World(venue=FakeVenue(listed()), clock=CLOCK, random=random.random)
    feed = VenueFeed(PROFILE, world, configuration={"urls": {"api": {"ws": {"linear": pipe.recv()}}}})
    database = await Database.open(path)
    try:
        settings = Settings.model_construct(venues=(PROFILE.venue,), database=path)
        store, chats = store_of(database, settings.poll_interval), Chats()
        for rule in rules():
            await store.rules.add(rule)
        engine = engine_of(settings, await store.memory(CLOCK.now()), CLOCK)
        bot = Bot(settings, CLOCK, store, engine, simulated=False)
        await bot.wake_up()
        gc.collect()
        gc.freeze()  # as the bot does before it starts
        async with asyncio.TaskGroup() as group, Heartbeat() as heart:
            tasks = [
                group.create_task(LiquidationJob([feed], bot.pipeline).run()),
                group.create_task(bot.dispatcher.open(chats).run()),
            ]
            pipe.send(None)
            sent = await asyncio.to_thread(pipe.recv)
            await chats.until_told(MEASURED)
            for task in tasks:
                task.cancel()
    finally:
        await database.close()
    waits = [(chats.first[coin] - sent[coin]) / timedelta(milliseconds=1) for coin in MEASURED]
    return waits, [1000 * lag for lag in heart.lags]


def percentile(values: Sequence[float], rank: int) -> float:
    """Return the smallest value that so many percent of all do not exceed."""
    return sorted(values)[math.ceil(len(values) * rank / 100) - 1]


def main() -> None:
    """Run on a throw-away file, without the bot's log."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    spawning = multiprocessing.get_context("spawn")
    here, there = spawning.Pipe()
    server = spawning.Process(target=serve, args=(there,))
    server.start()
    there.close()
    with tempfile.TemporaryDirectory() as folder, here:
        waits, lags = asyncio.run(measure(Path(folder) / "bench.db", here))
    server.join()
    print(
        f"{len(waits)} alerts, each the first of its chat, under {WRITES * TOGETHER:,} prints a second for {SPAN.total_seconds():g} s"
    )
    print(f"{'ms':24} {'p50':>7} {'p99':>7} {'worst':>7}")
    for name, values in (("frame to chat", waits), ("the loop's lag", lags)):
        print(f"{name:24} {percentile(values, 50):>7.1f} {percentile(values, 99):>7.1f} {max(values):>7.1f}")
    figure("alert_p50_ms", percentile(waits, 50), "ms")
    figure("alert_p99_ms", percentile(waits, 99), "ms")
    figure("alert_loop_lag_p99_ms", percentile(lags, 99), "ms")


if __name__ == "__main__":
    main()
