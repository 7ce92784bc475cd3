"""Binance USDⓈ-M liquidations (developers.binance.com, All Market Liquidation Order Streams, Live Subscribing)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from monitors.liquidation import PositionSide
from monitors.simulator.binanceusdm import symbol
from monitors.simulator.draw import draw
from monitors.simulator.flow import Close
from monitors.simulator.streams.feed import SECOND, Feed, Frame, Session, parsed, texts
from monitors.simulator.wire import View, milliseconds, plain, significant

EVERY = "!forceOrder@arr"

_METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
_LAST_FILL = (0.05, 1.0)
"""What part of an order its last fill is: `l` is not the whole, `z` is."""
_BEYOND = 0.005
"""How far the order's limit (`p`) lies beyond what it was filled at (`ap`)."""


def addresses(base: str) -> Mapping[str, object]:
    """Return ccxt's tree of WebSocket addresses."""
    api = {name: f"{base}/ws-api/{name}" for name in ("spot", "linear", "inverse")}
    return {
        "ws": {
            "linear": f"{base}/ws",
            **{name: f"{base}/{name}/ws" for name in ("spot", "margin", "inverse")},
            "stock": f"{base}/equity/ws",
            "option": f"{base}/option/public/ws",
            "optionMarket": f"{base}/option/market/ws",
            "optionPrivate": f"{base}/option/private/ws",
            "ws-api": api,
            "papi": f"{base}/pm/ws",
        }
    }


def hear(_view: View, session: Session, text: str) -> Sequence[Frame]:
    """Subscribe to whatever stream is named: the venue acknowledges even those that do not exist."""
    order = parsed(text)
    if order is None:
        return [_refused(3, "Invalid JSON: expected value at line 1 column 1", None)]
    method, number, params = order.get("method"), order.get("id"), order.get("params")
    if method not in _METHODS:
        return [_refused(2, f"Invalid request: unknown variant `{method}`", number)]
    if method == "LIST_SUBSCRIPTIONS":
        return [{"result": sorted(session.topics), "id": number}]
    names = texts(params)
    if names is None:
        return [_refused(2, "Invalid request: params must be an array of strings", number)]
    if method == "SUBSCRIBE":
        session.topics.update(names)
    elif method == "UNSUBSCRIBE":
        session.topics.difference_update(names)
    return [{"result": None, "id": number}]


def frames(session: Session, closes: Sequence[Close], at: datetime) -> Sequence[Frame]:
    """Return a frame per order."""
    everything = EVERY in session.topics
    return [
        _frame(each, at)
        for each in closes
        if everything or f"{symbol(each.listing).lower()}@forceOrder" in session.topics
    ]


def _frame(close: Close, at: datetime) -> Frame:
    sells = close.side is PositionSide.LONG
    least, most = _LAST_FILL
    stamp, lot = milliseconds(close.at), close.listing.lot
    part = draw(stamp, "last fill", symbol(close.listing), low=least, high=most)
    last = max(1, round(close.quantity * part / lot)) * lot
    quantity = plain(close.quantity)
    return {
        "e": "forceOrder",
        "E": milliseconds(at),
        "o": {
            "s": symbol(close.listing),
            "S": "SELL" if sells else "BUY",
            "o": "LIMIT",
            "f": "IOC",
            "q": quantity,
            "p": significant(close.price * (1 - _BEYOND if sells else 1 + _BEYOND)),
            "ap": significant(close.price),
            "X": "FILLED",
            "l": plain(last),
            "z": quantity,
            "T": stamp,
        },
    }


def _refused(code: int, message: str, number: object) -> Frame:
    return {"error": {"code": code, "msg": message}, "id": number}


FEED = Feed(
    paths=("/market/ws/{stream}",),
    window=SECOND,
    hear=hear,
    frames=frames,
    throttled=True,
)
