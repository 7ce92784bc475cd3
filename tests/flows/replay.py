"""Recorded forced orders of Binance's, told again at their times: over a socket, through the bot, into its store.

`python -m tests.flows.replay` prints the alerts that the tests compare: `tests/data/recorded_alerts.txt`.
"""

import asyncio
import csv
import gzip
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import ccxt.pro
from sqlite_utils import Database as Sql

from bot.store import Store, store_of
from monitors.alerts.delivery import Alert
from monitors.alerts.rules import Direction, Level, Rule, default_clear
from monitors.alerts.tick import Tick
from monitors.engine import Engine, Universe
from monitors.exchanges.identity import identify_all
from monitors.exchanges.markets import Markets
from monitors.exchanges.streams.feed import VenueFeed
from monitors.exchanges.streams.session import World
from monitors.exchanges.streams.venues.binanceusdm import PROFILE
from monitors.jobs.liquidations import BREATH, LiquidationJob
from monitors.jobs.pipeline import Pipeline
from monitors.liquidation import Window
from monitors.metrics.liquidations.values import MARKET
from monitors.ports import Journal
from storage import rows
from storage.database import Database
from tests.builders import a_rule
from tests.exchanges.streams.clock import HandClock
from tests.exchanges.streams.scene import FakeVenue
from tests.exchanges.streams.server import StreamServer

RECORDED = Path(__file__).parents[2] / ".." / "shared" / "data" / "recorded" / "forceorder-20250718"
"""What third parties recorded; it lies beside the project and is never part of it."""
LOGS = ("binance_forceOrder_20240412.csv", "binance_forceOrder_20250718.csv.gz")
SECOND = timedelta(seconds=1)
_STIR = timedelta(seconds=20)
"""Between two signs of life from the venue."""

Row = Mapping[str, str]
"""One event of a log."""


def log(name: str) -> list[Row]:
    """Return the events of a recorded log.

    Raises:
        FileNotFoundError: it is not there.
    """
    content = (RECORDED / name).read_bytes()
    text = (gzip.decompress(content) if name.endswith(".gz") else content).decode()
    return list(csv.DictReader(text.splitlines()))


def at(row: Row) -> datetime:
    """Return when it happened."""
    return datetime.fromtimestamp(int(row["trade_time"]) / 1000, UTC)


def as_sent(row: Row) -> dict[str, object]:
    """Return the frame that an event was recorded from.

    https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams/All-Market-Liquidation-Order-Streams
    """
    order = {
        "s": row["wire_symbol"],
        "S": row["side"],
        "o": row["order_type"],
        "f": row["time_in_force"],
        "q": row["original_quantity"],
        "p": row["price"],
        "ap": row["average_price"],
        "X": row["order_status"],
        "l": row["last_fill_quantity"],
        "z": row["accumulated_fill_quantity"],
        "T": int(row["trade_time"]),
    }
    return {"e": "forceOrder", "E": order["T"], "o": order}


def markets_of(events: Iterable[Row]) -> Markets:
    """Return the contracts that events name, parsed by ccxt from as much of Binance's list as it needs."""
    holder = ccxt.pro.binanceusdm()
    holder.set_markets(
        [holder.parse_market(_listed(name)) for name in {row["wire_symbol"] for row in events}]
    )
    instruments = dict(identify_all(PROFILE.venue, holder.markets))
    return Markets(holder=holder, instruments=instruments, loaded_at=datetime(2026, 1, 1, tzinfo=UTC))


def _listed(name: str) -> dict[str, object]:
    base, quote = name[:-4], name[-4:]
    assets = {"baseAsset": base, "quoteAsset": quote, "marginAsset": quote}
    state = {"contractType": "PERPETUAL", "status": "TRADING"}
    return {"symbol": name, "pair": name, **assets, **state, "filters": []}


def rules() -> Sequence[Rule]:
    """Return what is watched, fitted to what the logs hold: some $100k in 2024, $1M in 2025.

    That is far below what makes a spike or a cascade by absolute levels, of which there must be no word.
    """
    return (
        _rule(1, "cascade", None, 100_000),
        _rule(2, "single_liquidation", None, 20_000),
        _rule(3, "liquidations", MARKET, 50_000, Window.H1),
        _rule(4, "liquidations", None, 30_000, Window.M5),
        _rule(5, "liquidation_spike", None, 3.5, Window.M5),
        _rule(6, "liquidations", MARKET, 60_000, Window.M1),
    )


def _rule(number: int, metric: str, base: str | None, fire_at: float, window: Window | None = None) -> Rule:
    clear_at = default_clear(Direction.ABOVE, fire_at)
    level = Level(direction=Direction.ABOVE, fire_at=fire_at, clear_at=clear_at, typed=f"${fire_at:,.0f}")
    return a_rule(number, metric=metric, base=base, window=window, level=level)


@dataclass(slots=True)
class CountingJournal:
    """The store's journal, and how many prints it was given."""

    journal: Journal
    prints: int = 0

    async def commit(self, tick: Tick) -> None:
        """Store a tick."""
        await self.journal.commit(tick)
        self.prints += len(tick.heard.prints)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A bot that listens, and the venue that it hears."""

    server: StreamServer
    clock: HandClock
    pipeline: Pipeline
    engine: Engine
    store: Store
    journal: CountingJournal

    async def play(self, events: Sequence[Row]) -> None:
        """Tell the events at their times, each judged and stored before the next; windows age each second between."""
        stirred = self.clock.now()
        for number, row in enumerate(events, start=1):
            while self.clock.now() + SECOND < at(row):
                await self._pass(SECOND)
                if self.clock.now() - stirred >= _STIR:
                    await self.server.ping()
                    stirred = self.clock.now()
            await self._pass(max(timedelta(0), at(row) - self.clock.now()))
            await self.server.say(as_sent(row))
            while self.journal.prints < number:
                await self.clock.wake(BREATH.total_seconds())

    async def alerts(self) -> list[Alert]:
        """Return what was to be told, from the store."""

        def read(sql: Sql) -> list[Alert]:
            found = sql.execute("SELECT kind, payload FROM letters WHERE manner = 'tell' ORDER BY id")
            told = [rows.content(kind, payload) for kind, payload in found.fetchall()]
            return [one for one in told if isinstance(one, Alert)]

        return await self.store.database.read(read)

    async def _pass(self, time: timedelta) -> None:
        self.clock.advance(time.total_seconds())
        await self.pipeline.heard(())


@asynccontextmanager
async def listening(events: Sequence[Row], path: Path) -> AsyncIterator[Replay]:
    """Start a bot on a new file that hears a server on 127.0.0.1, a second before the first event."""
    clock = HandClock(at(events[0]) - SECOND)
    database = await Database.open(path)
    try:
        store = store_of(database, timedelta(minutes=1))
        for rule in rules():
            await store.rules.add(rule)
        universe = Universe(feeds=(PROFILE.venue,))
        memory = await store.memory(clock.now())
        engine = Engine(universe=universe, stale_after=timedelta(minutes=3), memory=memory, now=clock.now())
        journal = CountingJournal(store.journal)
        pipeline = Pipeline(engine, journal, clock)
        world = World(venue=FakeVenue(markets_of(events)), clock=clock, random=lambda: 0.0)
        async with StreamServer(lambda _: ({"result": None, "id": 1},)) as server:
            replay = Replay(
                server=server, clock=clock, pipeline=pipeline, engine=engine, store=store, journal=journal
            )
            feed = VenueFeed(PROFILE, world, configuration=_pointed_at(server))
            async with asyncio.TaskGroup() as group:
                job = group.create_task(LiquidationJob([feed], pipeline).run())
                await server.until(lambda: bool(server.received))
                try:
                    yield replay
                finally:
                    job.cancel()
    finally:
        await database.close()


def _pointed_at(server: StreamServer) -> dict[str, object]:
    streams = {"ws": {"linear": server.url("/ws")}}
    return {"urls": {"api": streams}, "enableRateLimit": False, "timeout_on_exit": 0}


def lines(alerts: Iterable[Alert]) -> list[str]:
    """Return a line for each alert: when, why, of what, and the value in the metric's unit."""
    return [
        f"{one.at:%F %T}.{one.at.microsecond // 1000:03} {one.reason:9} {one.series.metric:18} "
        f"{one.series.window or '-':3} {one.series.base:8} {one.value:.2f}"
        for one in alerts
    ]


async def told_of(name: str, folder: Path) -> list[str]:
    """Return the lines of one log, under its name."""
    events = log(name)
    async with listening(events, folder / f"{name}.db") as replay:
        await replay.play(events)
        return [f"# {name}", *lines(await replay.alerts())]


def main() -> None:
    """Print the snapshot."""
    with tempfile.TemporaryDirectory() as folder:
        for name in LOGS:
            told = asyncio.run(told_of(name, Path(folder)))
            sys.stdout.writelines(f"{line}\n" for line in told)


if __name__ == "__main__":
    main()
