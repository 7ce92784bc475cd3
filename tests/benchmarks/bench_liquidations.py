"""From the text of Binance's frames to all windows, beside ccxt.pro's own handler and cryptofeed's parse, in turns."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from importlib import import_module
from importlib.util import find_spec
from itertools import islice
from statistics import median
from typing import Protocol

import ccxt.pro
from aiohttp import WSMessage, WSMsgType

from monitors.clock import SystemClock
from monitors.exchanges.markets import Markets
from monitors.exchanges.streams.contracts import ListedContracts
from monitors.exchanges.streams.hook import Ear, hooked
from monitors.exchanges.streams.profile import Socket
from monitors.exchanges.streams.reading import Reader
from monitors.exchanges.streams.sockets import Connection
from monitors.exchanges.streams.venues.binanceusdm import PROFILE
from monitors.liquidation import FeedHealth, Gap, Liquidation, Window
from monitors.metrics.liquidations.tape import Tape
from monitors.metrics.liquidations.values import Key, Totals
from tests.benchmarks.force_orders import BURST, COINS, SPAN, START, VENUE, bursts, dollars, listed
from tests.benchmarks.measure import awaited_ms, figure
from tests.fakes import FakeClock

ROUNDS = 21
BURSTS = 20
"""In a round, of 500 frames each."""
_TURN = timedelta(0)

OURS, CCXT, CRYPTOFEED = "ours, to all windows", "ccxt.pro's handler, to its cache", "cryptofeed, parse alone"
FIGURES = {CCXT: "liquidations_vs_ccxt", CRYPTOFEED: "liquidations_vs_cryptofeed"}

Bursts = Sequence[Sequence[WSMessage]]


class Contestant(Protocol):
    """Somebody who takes frames."""

    async def run(self, bursts: Bursts) -> None:
        """Take bursts, a turn of the loop each."""
        ...


class Ours:
    """The bot's own path: its hook on ccxt's client, its reader, its tape."""

    def __init__(self, markets: Markets) -> None:
        self.tape = Tape(venues=(VENUE,))
        self._clock = FakeClock(present=START)
        self._loop = SystemClock()
        self._prints: list[Liquidation] = []
        self._url = "ws://127.0.0.1/all"
        self.exchange = hooked(VENUE, {}, self._ears(markets))
        self.exchange.open()
        self._client = self.exchange.client(self._url)

    async def run(self, bursts: Bursts) -> None:
        """Hear the bursts, and count each in every window before the next."""
        for burst in bursts:
            self._clock.advance(SPAN)
            for message in burst:
                self._client.handle_message(message)
            await self._loop.sleep(_TURN)
            heard, self._prints = self._prints, []
            self.tape.take(heard, self._clock.now())

    def totals(self) -> Totals:
        """Return what all of it came to."""
        return self.tape.totals(Key(), Window.H24)

    def heard(self, liquidations: Sequence[Liquidation]) -> None:
        """Keep prints, as an `Inbox`."""
        self._prints.extend(liquidations)

    def health(self, health: FeedHealth) -> None:
        """Ignore it."""

    def gap(self, gap: Gap) -> None:
        """Ignore it."""

    def _ears(self, markets: Markets) -> Mapping[str, Ear]:
        reader = Reader(PROFILE, self, self._clock)
        reader.contracts = ListedContracts(markets)
        socket = Socket(name="all", url=self._url, frames=())
        connection = Connection(None, self._url, socket, reader, self._clock)
        connection.is_live = True
        return {self._url: connection}


class Theirs:
    """ccxt.pro's client with its own handler and cache."""

    def __init__(self, markets: Markets) -> None:
        self.exchange = ccxt.pro.binanceusdm()
        self.exchange.set_markets_from_exchange(markets.holder)
        self.exchange.open()
        self._client = self.exchange.client("ws://127.0.0.1/all")
        self._loop = SystemClock()

    async def run(self, bursts: Bursts) -> None:
        """Hear the bursts."""
        for burst in bursts:
            for message in burst:
                self._client.handle_message(message)
            await self._loop.sleep(_TURN)


class Parsing:
    """cryptofeed's parser for Binance's futures, from text to its callback; nothing is summed."""

    def __init__(self) -> None:
        """Know the contracts without asking the venue."""
        channel = import_module("cryptofeed.defines").LIQUIDATIONS
        venue = import_module("cryptofeed.exchanges").BinanceFutures
        names = {f"{coin}-USDT-PERP": f"{coin}USDT" for coin in COINS}
        import_module("cryptofeed.symbols").Symbols.set(venue.id, names, {})
        self.count = 0
        self._feed = venue(symbols=list(names), channels=[channel], callbacks={channel: self._take})
        self._loop = SystemClock()

    async def run(self, bursts: Bursts) -> None:
        """Parse the bursts."""
        for burst in bursts:
            for message in burst:
                await self._feed.message_handler(message.data, None, 0.0)
            await self._loop.sleep(_TURN)

    async def _take(self, _liquidation: object, _received: float) -> None:
        self.count += 1


async def measure(contestants: Mapping[str, Contestant]) -> tuple[Mapping[str, list[float]], float]:
    """Return what each took a frame in microseconds, round by round and in turns, and the dollars there were."""
    stream, spent = bursts(random.Random(7)), 0.0
    taken: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(ROUNDS):
        texts = list(islice(stream, BURSTS))
        spent += sum(map(dollars, texts))
        messages = [[WSMessage(WSMsgType.TEXT, text, None) for text in burst] for burst in texts]
        names = list(contestants)
        for name in names[number % len(names) :] + names[: number % len(names)]:
            took = await awaited_ms(contestants[name].run(messages))
            taken[name].append(1000 * took / (BURSTS * BURST))
    return taken, spent


def require_all(ours: Ours, spent: float) -> None:
    """Check that the windows hold every frame to the cent."""
    told, frames = ours.totals(), ROUNDS * BURSTS * BURST
    if told.count != frames or abs(told.usd - spent) > 0.01:
        raise ValueError(f"expected {frames} prints of {spent:.2f} dollars, found {told}")


def report(taken: Mapping[str, Sequence[float]]) -> None:
    """Print the table, and how many times our rate is another's: the median over the rounds."""
    print(f"{ROUNDS} rounds of {BURSTS} bursts of {BURST} of Binance's frames, of {len(COINS)} contracts")
    print(f"{'':34} {'us a frame':>10} {'frames/s':>10}")
    for name, rounds in taken.items():
        print(f"{name:34} {median(rounds):>10.2f} {1e6 / median(rounds):>10,.0f}")
    for name, line in FIGURES.items():
        if name in taken:
            ratios = [theirs / ours for ours, theirs in zip(taken[OURS], taken[name], strict=True)]
            figure(line, median(ratios), "x")


async def run() -> None:
    """Measure whoever is there."""
    markets = listed()
    ours, ccxts = Ours(markets), Theirs(markets)
    contestants: dict[str, Contestant] = {OURS: ours, CCXT: ccxts}
    if find_spec("cryptofeed") is None:
        print("cryptofeed is not installed: requirements/bench.txt has it; nothing is compared with it")
    else:
        contestants[CRYPTOFEED] = Parsing()
    try:
        taken, spent = await measure(contestants)
    finally:
        await ours.exchange.close()
        await ccxts.exchange.close()
    require_all(ours, spent)
    report(taken)


def main() -> None:
    """Run."""
    asyncio.run(run())


if __name__ == "__main__":
    main()
