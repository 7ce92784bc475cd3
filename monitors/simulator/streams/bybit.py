"""Bybit's liquidations, linear and inverse (bybit-exchange.github.io/docs/v5/websocket/public/all-liquidation)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from monitors.liquidation import PositionSide
from monitors.market import Margin
from monitors.simulator.bybit import symbol
from monitors.simulator.flow import Close
from monitors.simulator.streams.feed import Feed, Frame, Session, parsed, texts
from monitors.simulator.wire import View, milliseconds, plain, significant

ARGUMENTS_LENGTH = 21_000
"""Characters that all topics of a connection may have together (docs, v5/ws/connect)."""
TOPIC = "allLiquidation."

_LINEAR, _INVERSE = "/v5/public/linear", "/v5/public/inverse"
_CONNECTION = "3cd84cb1-4d06-4a05-930a-2efe5fc70f0f"


def addresses(base: str) -> Mapping[str, object]:
    """Return ccxt's tree of WebSocket addresses."""
    public = {name: f"{base}/v5/public/{name}" for name in ("spot", "inverse", "option", "linear")}
    private = {
        "spot": {"unified": f"{base}/v5/private", "nonUnified": f"{base}/spot/private/v3"},
        "contract": f"{base}/v5/private",
        "usdc": f"{base}/trade/option/usdc/private/v1",
        "trade": f"{base}/v5/trade",
    }
    return {"ws": {"public": public, "private": private}}


def hear(view: View, session: Session, text: str) -> Sequence[Frame]:
    """Answer pings; subscribe to all topics of an order, or, if one of them does not exist, to none."""
    order = parsed(text) or {}
    operation, topics = order.get("op"), texts(order.get("args"))
    if operation == "ping":
        return [_answer(order, "pong")]
    if operation == "unsubscribe" and topics is not None:
        session.topics.difference_update(topics)
        return [_answer(order, "")]
    if operation != "subscribe" or not topics:
        return [_answer(order, "error:invalid op", success=False)]
    unknown = sorted(set(topics) - _topics(view, session))
    if unknown:
        return [_answer(order, f"error:handler not found,topic:{unknown[0]}", success=False)]
    if sum(map(len, session.topics.union(topics))) > ARGUMENTS_LENGTH:
        return [_answer(order, "error:args length exceeds 21000", success=False)]
    session.topics.update(topics)
    return [_answer(order, "")]


def frames(session: Session, closes: Sequence[Close], at: datetime) -> Sequence[Frame]:
    """Return a frame per topic."""
    rows: dict[str, list[Frame]] = {}
    for each in closes:
        topic = TOPIC + symbol(each.listing)
        if topic in session.topics:
            rows.setdefault(topic, []).append(_row(each))
    stamp = milliseconds(at)
    return [{"topic": topic, "type": "snapshot", "ts": stamp, "data": found} for topic, found in rows.items()]


def _row(close: Close) -> Frame:
    return {
        "T": milliseconds(close.at),
        "s": symbol(close.listing),
        "S": "Buy" if close.side is PositionSide.LONG else "Sell",
        "v": plain(close.quantity),
        "p": significant(close.price),
    }


def _topics(view: View, session: Session) -> set[str]:
    margin = Margin.LINEAR if session.path == _LINEAR else Margin.INVERSE
    return {TOPIC + symbol(listing) for listing in view.listings(margin)}


def _answer(order: Mapping[str, object], message: str, *, success: bool = True) -> Frame:
    return {
        "success": success,
        "ret_msg": message,
        "conn_id": _CONNECTION,
        "req_id": order.get("req_id", ""),
        "op": order.get("op", ""),
    }


FEED = Feed(paths=(_LINEAR, _INVERSE), window=timedelta(milliseconds=500), hear=hear, frames=frames)
