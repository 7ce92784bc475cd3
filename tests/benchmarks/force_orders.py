"""Binance's forced orders in the shape of a recorded flush, as its stream tells them.

As on 18 July 2025, a few of 222 contracts print nearly every second and most of them now and then, each once a second
at most; here every second is as full as the fullest ones were.
"""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from heapq import nlargest

import ccxt.pro
import orjson

from monitors.exchanges.identity import identify_all
from monitors.exchanges.markets import Markets
from tests.exchanges.streams.scene import a_market

VENUE = "binanceusdm"
COINS = ("BTC", *(f"C{number}" for number in range(1, 222)))
A_SECOND = 25
BURST = 500
"""Frames that come together: those of 20 seconds."""
SPAN = timedelta(seconds=BURST / A_SECOND)
START = datetime(2026, 3, 5, 12, tzinfo=UTC)
_FALL = 0.8
"""How fast the contracts' shares fall with their rank."""
_LAG_MS = 4


def listed() -> Markets:
    """Return the contracts as ccxt has them once they are loaded."""
    holder = ccxt.pro.binanceusdm()
    holder.set_markets([a_market(coin) for coin in COINS])
    return Markets(holder=holder, instruments=dict(identify_all(VENUE, holder.markets)), loaded_at=START)


def bursts(rng: random.Random) -> Iterator[list[str]]:
    """Yield the frames of one burst after the other, in the order of time."""
    at = START
    while True:
        frames: list[str] = []
        for _ in range(BURST // A_SECOND):
            times = sorted(rng.sample(range(1000), A_SECOND))
            frames += [
                frame(coin, at + timedelta(milliseconds=ms), rng)
                for coin, ms in zip(_printing(rng), times, strict=True)
            ]
            at += timedelta(seconds=1)
        yield frames


def _printing(rng: random.Random) -> list[str]:
    """Draw the contracts of one second without repetition (Efraimidis and Spirakis, 2006)."""
    drawn = [(rng.random() ** ((rank + 1) ** _FALL), coin) for rank, coin in enumerate(COINS)]
    coins = [coin for _, coin in nlargest(A_SECOND, drawn)]
    rng.shuffle(coins)
    return coins


def frame(coin: str, at: datetime, rng: random.Random) -> str:
    """Return the text of a print, four longs to one short."""
    price, side = 10 ** rng.uniform(-4, 4), "SELL" if rng.random() < 0.8 else "BUY"
    return an_order(coin, at, price=price, quantity=10 ** rng.uniform(0, 5), side=side)


def an_order(coin: str, at: datetime, *, price: float, quantity: float, side: str = "SELL") -> str:
    """Return the text of a forced order, wrapped by a combined stream.

    https://developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams/All-Market-Liquidation-Order-Streams
    """
    at_ms = int(at.timestamp() * 1000)
    order = {
        "s": f"{coin}USDT",
        "S": side,
        "o": "LIMIT",
        "f": "IOC",
        "q": f"{quantity:.3f}",
        "p": f"{0.98 * price:.7f}",
        "ap": f"{price:.7f}",
        "X": "FILLED",
        "l": f"{quantity / 2:.3f}",
        "z": f"{quantity:.3f}",
        "T": at_ms,
    }
    event = {"e": "forceOrder", "E": at_ms + _LAG_MS, "o": order}
    return orjson.dumps({"stream": "!forceOrder@arr", "data": event}).decode()


def dollars(frames: Sequence[str]) -> float:
    """Return what the frames come to, read once more."""
    orders = [orjson.loads(one)["data"]["o"] for one in frames]
    return sum(round(float(order["z"]) * float(order["ap"]), 2) for order in orders)
