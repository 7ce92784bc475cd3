"""Listeners to the simulated streams: a plain WebSocket, and readers of each venue's frames."""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType

from monitors.liquidation import PositionSide
from monitors.market import Margin
from monitors.simulator import binanceusdm, bybit, gate, okx
from monitors.simulator.flow import Close
from monitors.simulator.model import Listing
from monitors.simulator.server import Simulator
from monitors.simulator.wire import milliseconds

Json = dict[str, Any]

FEEDS = ("binanceusdm", "bybit", "okx", "gate")
NAMES: Mapping[str, Callable[[Listing], str]] = {
    "binanceusdm": binanceusdm.symbol,
    "bybit": bybit.symbol,
    "okx": okx.instrument_id,
    "gate": gate.name,
}
PATHS = {
    "binanceusdm": "/market/ws/0",
    "bybit": "/v5/public/linear",
    "okx": "/ws/v5/public",
    "gate": "/v4/ws/usdt",
}


class Heard(NamedTuple):
    """One close as a client understands it."""

    name: str
    side: PositionSide
    quantity: float
    price: float
    at_ms: int


@dataclass(slots=True)
class Ear:
    """One client's connection."""

    socket: ClientWebSocketResponse

    async def say(self, document: object) -> None:
        """Send an object as JSON, or text as it is."""
        await self.socket.send_str(document if isinstance(document, str) else orjson.dumps(document).decode())

    async def ask(self, document: object) -> Json:
        """Say something and return the next frame."""
        await self.say(document)
        answer: Json = orjson.loads((await self.socket.receive()).data)
        return answer

    async def texts(self) -> list[str]:
        """Return all that is told up to now: a pong comes after whatever was due before the ping."""
        await self.socket.ping()
        told = []
        while (message := await self.socket.receive()).type is not WSMsgType.PONG:
            assert message.type is WSMsgType.TEXT, message
            told.append(message.data)
        return told

    async def frames(self) -> list[Json]:
        """Return all frames that are told up to now."""
        return [orjson.loads(text) for text in await self.texts()]


@asynccontextmanager
async def an_ear(simulator: Simulator, venue: str, path: str = "") -> AsyncIterator[Ear]:
    """Connect to a venue."""
    url = f"{simulator.url}/{venue}{path or PATHS[venue]}"
    async with ClientSession() as session, session.ws_connect(url, autoping=False) as socket:
        yield Ear(socket)


@asynccontextmanager
async def a_listener(simulator: Simulator, venue: str) -> AsyncIterator[Ear]:
    """Connect to a venue and subscribe to all its linear perpetuals."""
    async with an_ear(simulator, venue) as ear:
        await ear.ask(subscription(simulator, venue))
        await ear.texts()  # what OKX replays
        yield ear


def subscription(simulator: Simulator, venue: str) -> dict[str, object]:
    """Return what subscribes to all linear perpetuals of a venue."""
    topics = [f"allLiquidation.{bybit.symbol(each)}" for each in simulator.market.listings("bybit")]
    orders: dict[str, dict[str, object]] = {
        "binanceusdm": {"method": "SUBSCRIBE", "params": ["!forceOrder@arr"], "id": 1},
        "bybit": {"op": "subscribe", "args": topics, "req_id": "1"},
        "okx": {"op": "subscribe", "args": [{"channel": "liquidation-orders", "instType": "SWAP"}]},
        "gate": {
            "time": 1, "channel": "futures.public_liquidates", "event": "subscribe", "payload": ["!all"],
        },
    }  # fmt: skip
    return orders[venue]


def understood(simulator: Simulator, venue: str, frames: Iterable[Json]) -> list[Heard]:
    """Return the closes in frames, each field read as the venue documents it."""
    lots = {
        NAMES[venue](each): each.lot for margin in Margin for each in simulator.market.listings(venue, margin)
    }
    read = {"binanceusdm": _binance, "bybit": _bybit, "okx": _okx, "gate": _gate}[venue]
    return [heard for frame in frames for heard in read(frame, lots)]


def expected(closes: Iterable[Close], venue: str, margin: Margin | None = None) -> list[Heard]:
    """Return what a client should understand of the ledger's closes on one venue."""
    return [
        Heard(NAMES[venue](each.listing), each.side, each.quantity, each.price, milliseconds(each.at))
        for each in closes
        if each.listing.venue == venue and margin in (None, each.listing.margin)
    ]


def due(simulator: Simulator, venue: str, since: datetime, until: datetime) -> list[Heard]:
    """Return, sorted, what a listener to a venue's linear perpetuals should understand of a span."""
    margin = Margin.LINEAR if venue in ("bybit", "gate") else None  # the others tell all on one connection
    return sorted(expected(simulator.told(since, until), venue, margin))


def _binance(frame: Json, _: Mapping[str, float]) -> list[Heard]:
    order = frame["o"]
    side = PositionSide.LONG if order["S"] == "SELL" else PositionSide.SHORT
    return [Heard(order["s"], side, float(order["z"]), float(order["ap"]), order["T"])]


def _bybit(frame: Json, _: Mapping[str, float]) -> list[Heard]:
    return [
        Heard(
            row["s"],
            PositionSide.LONG if row["S"] == "Buy" else PositionSide.SHORT,
            float(row["v"]),
            float(row["p"]),
            row["T"],
        )
        for row in frame["data"]
    ]


def _okx(frame: Json, lots: Mapping[str, float]) -> list[Heard]:
    return [
        Heard(
            row["instId"],
            PositionSide.LONG if each["side"] == "sell" else PositionSide.SHORT,
            round(float(each["sz"]) * lots[row["instId"]], 12),
            float(each["bkPx"]),
            int(each["ts"]),
        )
        for row in frame["data"]
        for each in row["details"]
    ]


def _gate(frame: Json, lots: Mapping[str, float]) -> list[Heard]:
    return [
        Heard(
            row["contract"],
            PositionSide.LONG if row["size"] < 0 else PositionSide.SHORT,
            round(abs(row["size"]) * lots[row["contract"]], 12),
            float(row["price"]),
            row["time"],
        )
        for row in frame["result"]
    ]
